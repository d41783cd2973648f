#include "source/nudge.h"

#include <sys/eventfd.h>
#include <unistd.h>

void
nudge_init(struct nudge *nudge)
{
	*nudge = (struct nudge){ .fd = -1 };
}

void
nudge_fini(struct nudge *nudge)
{
	if (nudge->fd != -1)
		(void)close(nudge->fd);
	nudge_init(nudge);
}

bool
nudge_set(struct nudge *nudge)
{
	if (nudge->fd == -1)
		nudge->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	nudge->is_set = nudge->fd != -1;
	return nudge->is_set;
}
