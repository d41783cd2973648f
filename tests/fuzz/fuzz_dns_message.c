/*
 * dns_message: what is read of an answer lies in its bounds and comes from the
 * message, whatever that is; a query reads back as the question that it is.
 *
 * The input's first octet chooses the type and whether EDNS was used, and
 * what is made of the rest: a whole message; what follows the header and the
 * question, which are put in front of it; or places and octets to change in an
 * answer that is sound.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID 0x1234
#define MESSAGE_MAX 65535

/* www.example: an alias of a.net, with an address; a SOA; an OPT record. */
static const uint8_t sound[] = "\x12\x34\x81\x80\0\1\0\2\0\1\0\1"
			       "\3www\7example\0\0\1\0\1"
			       "\xc0\x0c\0\5\0\1\0\0\0\74\0\7\1a\3net\0"
			       "\xc0\x29\0\1\0\1\0\0\0\74\0\4\300\0\2\1"
			       "\xc0\x2b\0\6\0\1\0\0\0\74\0\30\xc0\x29\xc0\x2b"
			       "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\74"
			       "\0\0\51\4\320\0\0\0\0\0\0";

static struct dns_name
question_name(void)
{
	struct dns_name name;
	bool ok = dns_name_parse(slice_str("www.example"), &name);

	assert(ok);
	return name;
}

static bool
holds(struct slice message, const uint8_t *octets, size_t len)
{
	return memmem(message.ptr, message.len, octets, len) != NULL;
}

/* Labels end with the root, in the length that the name says. */
static void
check_name(const struct dns_name *name)
{
	char text[DNS_NAME_TEXT_MAX];
	size_t at = 0;

	assert(name->len > 0);
	while (name->octets[at] > 0) {
		assert(name->octets[at] <= DNS_LABEL_MAX);
		at += (size_t)name->octets[at] + 1;
		assert(at < name->len);
	}
	assert(at + 1 == name->len);
	assert(strlen(dns_name_format(name, text)) < sizeof(text));
}

static void
check_answer(
    struct slice message, enum dns_type type, const struct dns_answer *answer)
{
	size_t len = type == DNS_A ? 4 : 16;

	assert(answer->rcode <= 0xfff);
	assert(answer->ttl_s <= INT32_MAX);
	assert(answer->count <= DNS_ADDRS_MAX);
	assert((answer->count > 0) == (answer->verdict == DNS_FOUND));
	assert(answer->verdict != DNS_TIMEOUT);
	for (size_t i = 0; i < answer->count; i++)
		assert(holds(message, answer->addrs[i], len));
	if (answer->verdict == DNS_ALIAS)
		check_name(&answer->alias);
}

/* It is ours by the id and by what is in front of its records. */
static bool
is_ours(struct slice message, const struct dns_name *name, enum dns_type type)
{
	struct dns_name asked;
	size_t at = 12;

	if (message.len < 12 || dns_get16(message, 0) != ID ||
	    (dns_get16(message, 2) & 0xf800) != 0x8000)
		return false;
	if (dns_get16(message, 4) == 0)
		return (message.ptr[3] & 15) != 0 && (message.ptr[3] & 15) != 3;
	return dns_get16(message, 4) == 1 &&
	    dns_name_read(message, &at, &asked) && dns_name_eq(&asked, name) &&
	    message.len - at >= 4 && dns_get16(message, at) == (unsigned)type &&
	    dns_get16(message, at + 2) == DNS_CLASS_IN;
}

/* In an allocation of its own size, so that a read one octet too far is seen.
 */
static void
read_message(struct slice octets, enum dns_type type, bool has_edns)
{
	struct dns_name name = question_name();
	struct dns_answer answer;
	uint8_t *copy = malloc(octets.len);
	struct slice message = slice_of(copy, octets.len);
	enum dns_reading reading;

	assert(copy != NULL || octets.len == 0);
	if (octets.len > 0)
		memcpy(copy, octets.ptr, octets.len);
	reading = dns_answer_read(message, ID, &name, type, has_edns, &answer);
	assert((reading == DNS_FOREIGN) == !is_ours(message, &name, type));
	assert(reading != DNS_NO_EDNS || has_edns);
	if (reading == DNS_READ)
		check_answer(message, type, &answer);
	free(copy);
}

/* A query with the first octets of it changed into a response. */
static void
read_query_back(enum dns_type type, bool has_edns)
{
	struct dns_name name = question_name();
	struct dns_answer answer;
	uint8_t query[DNS_QUERY_MAX];
	size_t len = dns_query_write(query, ID, &name, type, has_edns);
	struct slice message = slice_of(query, len);

	assert(dns_answer_read(message, ID, &name, type, has_edns, &answer) ==
	    DNS_FOREIGN);
	query[2] |= 0x80;
	assert(dns_answer_read(message, ID, &name, type, has_edns, &answer) ==
	    DNS_READ);
	assert(answer.verdict == DNS_NODATA && answer.ttl_s == 0);
	assert(dns_answer_read(message, ID + 1, &name, type, has_edns,
		   &answer) == DNS_FOREIGN);
}

static void
read_behind_question(struct slice rest, enum dns_type type, bool has_edns)
{
	static uint8_t message[MESSAGE_MAX];
	struct dns_name name = question_name();
	size_t len = dns_query_write(message, ID, &name, type, false);

	if (rest.len < 8)
		return;
	/* Flags and counts are the input's, but those of the question. */
	message[2] = (uint8_t)(0x80 | (rest.ptr[0] & 7));
	message[3] = rest.ptr[1];
	memcpy(message + 6, rest.ptr + 2, 6);
	rest = slice_from(rest, 8);
	if (rest.len > MESSAGE_MAX - len)
		rest = slice_first(rest, MESSAGE_MAX - len);
	if (rest.len > 0)
		memcpy(message + len, rest.ptr, rest.len);
	read_message(slice_of(message, len + rest.len), type, has_edns);
}

/* Pairs of a place and an octet; an odd one behind cuts it off there. */
static void
read_changed(struct slice changes, enum dns_type type, bool has_edns)
{
	uint8_t message[sizeof(sound) - 1];
	size_t len = sizeof(message);

	memcpy(message, sound, sizeof(message));
	while (changes.len >= 2) {
		message[changes.ptr[0] % sizeof(message)] ^= changes.ptr[1];
		changes = slice_from(changes, 2);
	}
	if (changes.len > 0)
		len = changes.ptr[0] % (sizeof(message) + 1);
	read_message(slice_of(message, len), type, has_edns);
}

/* Any octets as a name: what is read is one, and reads back the same. */
static void
read_name(struct slice message)
{
	struct dns_name name;
	struct dns_name again;
	size_t at = message.len > 0 ? message.ptr[0] : 0;
	size_t end = at;

	if (!dns_name_read(message, &end, &name)) {
		assert(end == at);
		return;
	}
	assert(end > at && end <= message.len);
	check_name(&name);
	at = 0;
	assert(dns_name_read(dns_name_slice(&name), &at, &again));
	assert(at == name.len && dns_name_eq(&name, &again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	enum dns_type type;
	bool has_edns;

	if (size == 0)
		return 0;
	type = (data[0] & 1) != 0 ? DNS_AAAA : DNS_A;
	has_edns = (data[0] & 2) != 0;
	rest = slice_from(rest, 1);
	switch (data[0] >> 2 & 3) {
	case 0:
		read_message(rest, type, has_edns);
		break;
	case 1:
		read_behind_question(rest, type, has_edns);
		break;
	case 2:
		read_changed(rest, DNS_A, has_edns);
		break;
	default:
		read_name(rest);
		read_query_back(type, has_edns);
		break;
	}
	return 0;
}
