#include "dns/message.h"

#include "dns/record.h"

_Static_assert(DNS_A == DNS_TYPE_A && DNS_AAAA == DNS_TYPE_AAAA,
    "types we ask for are types of records");

#define HEADER_LEN 12

/* The second word of the header (RFC 1035, section 4.1.1). */
#define FLAG_QR 0x8000U
#define OPCODE_MASK 0x7800U
#define FLAG_AA 0x0400U
#define FLAG_TC 0x0200U
#define FLAG_RD 0x0100U
#define FLAG_RA 0x0080U
#define RCODE_MASK 0x000fU

enum rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_BADVERS = 16, /* RFC 6891, section 9 */
};

/* ---- Queries ------------------------------------------------------------ */

static uint8_t *
put16(uint8_t *out, unsigned value)
{
	*out++ = (uint8_t)(value >> 8);
	*out++ = (uint8_t)value;
	return out;
}

/* RFC 6891, section 6.1.2: the root's, its class the size of our datagrams,
 * its TTL version 0 without flags, no options. */
static uint8_t *
put_opt(uint8_t *out)
{
	*out++ = 0;
	out = put16(out, DNS_TYPE_OPT);
	out = put16(out, DNS_UDP_SIZE);
	out = put16(out, 0);
	out = put16(out, 0);
	return put16(out, 0);
}

size_t
dns_query_write(uint8_t out[DNS_QUERY_MAX], uint16_t id,
    const struct dns_name *name, enum dns_type type, bool has_edns)
{
	uint8_t *at = put16(out, id);

	at = put16(at, FLAG_RD);
	at = put16(at, 1); /* questions */
	at = put16(at, 0);
	at = put16(at, 0);
	at = put16(at, has_edns ? 1 : 0); /* additional records */
	memcpy(at, name->octets, name->len);
	at = put16(at + name->len, type);
	at = put16(at, DNS_CLASS_IN);
	if (has_edns)
		at = put_opt(at);
	return (size_t)(at - out);
}

/* ---- Responses: is it ours, is it whole --------------------------------- */

struct section {
	size_t at; /* of its first record */
	unsigned count;
};

struct response {
	struct slice message;
	unsigned flags;
	unsigned rcode; /* with OPT's share of it */
	unsigned question_count;
	struct section answer;
	struct section authority;
	struct section additional;
};

static bool
read_header(struct slice message, uint16_t id, struct response *r)
{
	if (message.len < HEADER_LEN || dns_get16(message, 0) != id)
		return false;
	*r = (struct response){ .message = message };
	r->flags = dns_get16(message, 2);
	r->rcode = r->flags & RCODE_MASK;
	r->question_count = dns_get16(message, 4);
	r->answer.at = HEADER_LEN;
	r->answer.count = dns_get16(message, 6);
	r->authority.count = dns_get16(message, 8);
	r->additional.count = dns_get16(message, 10);
	return (r->flags & (FLAG_QR | OPCODE_MASK)) == FLAG_QR;
}

static bool
is_about_the_name(const struct response *r)
{
	return r->rcode == RCODE_NOERROR || r->rcode == RCODE_NXDOMAIN;
}

/* The answer section begins behind the question, if that is ours. */
static bool
read_question(
    struct response *r, const struct dns_name *name, enum dns_type type)
{
	struct slice message = r->message;
	size_t at = HEADER_LEN;
	struct dns_name asked;

	if (r->question_count == 0)
		return !is_about_the_name(r);
	if (r->question_count > 1 || !dns_name_read(message, &at, &asked) ||
	    message.len - at < 4)
		return false;
	r->answer.at = at + 4;
	return dns_name_eq(&asked, name) && dns_get16(message, at) == type &&
	    dns_get16(message, at + 2) == DNS_CLASS_IN;
}

/* Go over a section's records, which ends at `*end`; false if one is broken. */
static bool
check_section(
    const struct response *r, const struct section *section, size_t *end)
{
	size_t at = section->at;
	struct dns_record record;

	for (unsigned i = 0; i < section->count; i++) {
		if (!dns_record_read(r->message, &at, &record))
			return false;
	}
	*end = at;
	return true;
}

/* The same for the last one; its OPT record has the front of the rcode. */
static bool
check_additional(struct response *r)
{
	size_t at = r->additional.at;
	struct dns_record record;
	bool has_opt = false;

	for (unsigned i = 0; i < r->additional.count; i++) {
		if (!dns_record_read(r->message, &at, &record))
			return false;
		if (record.type != DNS_TYPE_OPT)
			continue;
		if (has_opt)
			return false;
		has_opt = true;
		r->rcode |= record.ttl >> 24 << 4;
	}
	return true;
}

static bool
check_records(struct response *r)
{
	return check_section(r, &r->answer, &r->authority.at) &&
	    check_section(r, &r->authority, &r->additional.at) &&
	    check_additional(r);
}

/* ---- Responses: what they say ------------------------------------------- */

static uint32_t
lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void
add_addr(const struct response *r, const struct dns_record *record,
    struct dns_answer *answer)
{
	if (answer->count == DNS_ADDRS_MAX)
		return;
	memcpy(answer->addrs[answer->count++], r->message.ptr + record->at,
	    record->len);
	answer->ttl_s = lesser(answer->ttl_s, dns_record_ttl(record));
}

/*
 * Go over the answer section for what it has of `answer->alias`: addresses, or
 * else another name, which takes its place.  True: it did.
 */
static bool
follow(const struct response *r, enum dns_type type, struct dns_answer *answer)
{
	size_t at = r->answer.at;
	struct dns_record record;
	size_t alias_at = 0; /* no record is there */
	uint32_t alias_ttl_s = 0;

	for (unsigned i = 0; i < r->answer.count; i++) {
		if (!dns_record_read(r->message, &at, &record))
			break; /* it was read before */
		if (record.class != DNS_CLASS_IN ||
		    !dns_name_eq(&record.name, &answer->alias))
			continue;
		if (record.type == type && r->rcode == RCODE_NOERROR) {
			add_addr(r, &record, answer);
		} else if (record.type == DNS_TYPE_CNAME && alias_at == 0) {
			alias_at = record.at;
			alias_ttl_s = dns_record_ttl(&record);
		}
	}
	if (answer->count > 0 || alias_at == 0)
		return false;
	answer->ttl_s = lesser(answer->ttl_s, alias_ttl_s);
	return dns_name_read(r->message, &alias_at, &answer->alias);
}

/* What the authority section says of a name without addresses. */
struct authority {
	bool has_soa;
	bool has_ns;
	uint32_t ttl_s; /* of the SOA */
};

static struct authority
read_authority(const struct response *r, const struct dns_name *name)
{
	struct authority authority = { .has_soa = false };
	size_t at = r->authority.at;
	struct dns_record record;

	for (unsigned i = 0; i < r->authority.count; i++) {
		if (!dns_record_read(r->message, &at, &record))
			break; /* it was read before */
		if (record.class != DNS_CLASS_IN)
			continue;
		if (record.type == DNS_TYPE_NS)
			authority.has_ns = true;
		if (record.type != DNS_TYPE_SOA || authority.has_soa ||
		    !dns_name_is_in(name, &record.name))
			continue;
		authority.has_soa = true;
		authority.ttl_s = dns_record_negative_ttl(r->message, &record);
	}
	return authority;
}

/* RFC 2308, section 2: which kind of no it is. */
static void
judge_negative(
    const struct response *r, unsigned aliases, struct dns_answer *answer)
{
	struct authority authority = read_authority(r, &answer->alias);
	bool knows = (r->flags & (FLAG_AA | FLAG_RA)) != 0;

	if (authority.has_soa)
		answer->ttl_s = lesser(answer->ttl_s, authority.ttl_s);
	if (r->rcode == RCODE_NXDOMAIN)
		answer->verdict = DNS_NXDOMAIN;
	else if (authority.has_soa)
		answer->verdict = DNS_NODATA;
	else if (aliases > 0)
		answer->verdict = DNS_ALIAS;
	else
		answer->verdict =
		    authority.has_ns && !knows ? DNS_REFUSED : DNS_NODATA;
	if (!authority.has_soa && answer->verdict != DNS_ALIAS)
		answer->ttl_s = 0;
}

static void
judge(const struct response *r, const struct dns_name *name, enum dns_type type,
    struct dns_answer *answer)
{
	unsigned aliases = 0;

	answer->alias = *name;
	answer->ttl_s = UINT32_MAX;
	while (aliases <= DNS_ALIASES_MAX && follow(r, type, answer))
		aliases++;
	if (aliases > DNS_ALIASES_MAX) {
		answer->verdict = DNS_SERVFAIL;
		answer->ttl_s = 0;
	} else if (answer->count > 0) {
		answer->verdict = DNS_FOUND;
	} else {
		judge_negative(r, aliases, answer);
	}
}

enum dns_reading
dns_answer_read(struct slice message, uint16_t id, const struct dns_name *name,
    enum dns_type type, bool has_edns, struct dns_answer *answer)
{
	struct response r;
	bool is_whole;

	if (!read_header(message, id, &r) || !read_question(&r, name, type))
		return DNS_FOREIGN;
	if ((r.flags & FLAG_TC) != 0)
		return DNS_TRUNCATED;
	/* Of these, servers without EDNS send back what they did not read. */
	if (has_edns && (r.rcode == RCODE_FORMERR || r.rcode == RCODE_NOTIMP))
		return DNS_NO_EDNS;
	is_whole = check_records(&r);
	if (has_edns && r.rcode == RCODE_BADVERS)
		return DNS_NO_EDNS;
	answer->rcode = r.rcode;
	answer->count = 0;
	answer->ttl_s = 0;
	if (r.rcode == RCODE_NOTIMP || r.rcode == RCODE_REFUSED) {
		answer->verdict = DNS_REFUSED;
	} else if (!is_about_the_name(&r)) {
		answer->verdict = DNS_SERVFAIL;
	} else {
		if (!is_whole)
			return DNS_MALFORMED;
		judge(&r, name, type, answer);
	}
	return DNS_READ;
}
