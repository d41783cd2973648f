#include "net/dns_ids.h"

#include <sys/random.h>

bool
dns_ids_take(struct dns_ids *s, uint16_t *id)
{
	if (s->left == 0) {
		if (getrandom(s->ids, sizeof(s->ids), GRND_NONBLOCK) !=
		    (ssize_t)sizeof(s->ids))
			return false;
		s->left = DNS_IDS_COUNT;
	}
	*id = s->ids[--s->left];
	return true;
}
