#include "dns/record.h"

/* Type, class, TTL and the data's length. */
#define FIXED_LEN 10

/* Five numbers behind the two names of a SOA. */
#define SOA_FIXED_LEN 20

uint16_t
dns_get16(struct slice message, size_t at)
{
	return (uint16_t)(message.ptr[at] << 8 | message.ptr[at + 1]);
}

uint32_t
dns_get32(struct slice message, size_t at)
{
	return (uint32_t)dns_get16(message, at) << 16 |
	    dns_get16(message, at + 2);
}

/* Whether there are `count` names at the data's front and `rest` octets behind.
 */
static bool
has_names(struct slice message, const struct dns_record *record, unsigned count,
    size_t rest)
{
	size_t at = record->at;
	struct dns_name name;

	while (count-- > 0) {
		if (!dns_name_read(message, &at, &name))
			return false;
	}
	return at + rest == record->at + record->len;
}

static bool
is_sound(struct slice message, const struct dns_record *record)
{
	/* Its class is a size (RFC 6891, section 6.1.2). */
	if (record->type == DNS_TYPE_OPT)
		return record->name.len == 1;
	if (record->class != DNS_CLASS_IN)
		return true;
	switch (record->type) {
	case DNS_TYPE_A:
		return record->len == 4;
	case DNS_TYPE_AAAA:
		return record->len == 16;
	case DNS_TYPE_CNAME:
		return has_names(message, record, 1, 0);
	case DNS_TYPE_SOA:
		return has_names(message, record, 2, SOA_FIXED_LEN);
	default:
		return true;
	}
}

bool
dns_record_read(struct slice message, size_t *at, struct dns_record *record)
{
	size_t i = *at;

	if (!dns_name_read(message, &i, &record->name) ||
	    message.len - i < FIXED_LEN)
		return false;
	record->type = dns_get16(message, i);
	record->class = dns_get16(message, i + 2);
	record->ttl = dns_get32(message, i + 4);
	record->len = dns_get16(message, i + 8);
	record->at = i + FIXED_LEN;
	if (record->len > message.len - record->at ||
	    !is_sound(message, record))
		return false;
	*at = record->at + record->len;
	return true;
}

static uint32_t
sane_ttl(uint32_t ttl)
{
	return ttl <= INT32_MAX ? ttl : 0;
}

uint32_t
dns_record_ttl(const struct dns_record *record)
{
	return sane_ttl(record->ttl);
}

uint32_t
dns_record_negative_ttl(struct slice message, const struct dns_record *soa)
{
	uint32_t ttl = dns_record_ttl(soa);
	uint32_t minimum = sane_ttl(dns_get32(message, soa->at + soa->len - 4));

	return ttl < minimum ? ttl : minimum;
}
