/*
 * name - domain names in the form of RFC 1035, section 3.1: labels with their
 * lengths in front, the root's empty one at the end, ASCII letters in lower
 * case, so that equal names have equal octets (RFC 4343).
 *
 * Pure: no I/O, no allocation.
 */
#ifndef BULKFETCH_DNS_NAME_H
#define BULKFETCH_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* RFC 1035, section 2.3.4, with the lengths and the root. */
#define DNS_NAME_MAX 255
#define DNS_LABEL_MAX 63

struct dns_name {
	uint8_t len; /* 1 (the root) to DNS_NAME_MAX; 0: none */
	uint8_t octets[DNS_NAME_MAX];
};

/* "Example.com" or "example.com."; any octet may stand in a label but '.', NUL
 * and blanks.  False: an empty label (that of "." too), too long, or empty. */
bool dns_name_parse(struct slice text, struct dns_name *name);

/* `a` with `b` behind it, `b` a name of its own; false when that is too long.
 */
bool dns_name_join(
    const struct dns_name *a, const struct dns_name *b, struct dns_name *out);

/* Room for dns_name_format(): an octet may become a backslash and three digits.
 */
#define DNS_NAME_TEXT_MAX (4 * DNS_NAME_MAX + 1)

/*
 * For people, without a final dot but for the root's: octets other than
 * letters, digits, '-' and '_' as \DDD (RFC 1035, section 5.1).  Returns
 * `text`.
 */
const char *dns_name_format(
    const struct dns_name *name, char text[DNS_NAME_TEXT_MAX]);

static inline struct slice
dns_name_slice(const struct dns_name *name)
{
	return slice_of(name->octets, name->len);
}

static inline bool
dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
	return slice_eq(dns_name_slice(a), dns_name_slice(b));
}

/* Whether `name` is `zone` or a name below it. */
bool dns_name_is_in(const struct dns_name *name, const struct dns_name *zone);

/*
 * Read the name at `*at` of `message`, following pointers (RFC 1035, section
 * 4.1.4), and move `*at` behind it.  Each pointer has to lead in front of the
 * labels that it ends, so that there are no loops, and no more of them are
 * followed than a name can have labels.  False: it leaves the message, is too
 * long, or has labels of another kind; then `*at` is where it was and `*name`
 * unset.
 */
bool dns_name_read(struct slice message, size_t *at, struct dns_name *name);

#endif
