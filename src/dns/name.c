#include "dns/name.h"

#include "base/ascii.h"

/* Bits of a length octet: both set, it begins a pointer; else neither is. */
#define POINTER 0xc0U

/* Each pointer that is of use has a label in front. */
#define POINTERS_MAX (DNS_NAME_MAX / 2)

/* In place of where a pointer leads. */
#define NOWHERE SIZE_MAX

/* Put `len` octets with their length behind what `name` has. */
static bool
add_label(struct dns_name *name, const uint8_t *octets, size_t len)
{
	uint8_t *out = name->octets + name->len;

	if (len > DNS_LABEL_MAX || len + 1 > DNS_NAME_MAX - (size_t)name->len)
		return false;
	*out++ = (uint8_t)len;
	for (size_t i = 0; i < len; i++)
		out[i] = ascii_lower(octets[i]);
	name->len = (uint8_t)(name->len + len + 1);
	return true;
}

static bool
is_label(struct slice label)
{
	for (size_t i = 0; i < label.len; i++) {
		if (label.ptr[i] == '\0' || ascii_is_blank(label.ptr[i]))
			return false;
	}
	return label.len > 0;
}

bool
dns_name_parse(struct slice text, struct dns_name *name)
{
	struct dns_name out = { .len = 0 };

	/* Behind a final dot there is nothing, not an empty label. */
	while (text.len > 0) {
		size_t end = slice_find(text, '.');
		struct slice label = slice_first(text, end);

		if (!is_label(label) || !add_label(&out, label.ptr, label.len))
			return false;
		text = slice_from(text, end < text.len ? end + 1 : end);
	}
	if (out.len == 0 || !add_label(&out, NULL, 0))
		return false;
	*name = out;
	return true;
}

bool
dns_name_join(
    const struct dns_name *a, const struct dns_name *b, struct dns_name *out)
{
	size_t front = (size_t)a->len - 1; /* without its root */
	struct dns_name joined;

	if (b->len > DNS_NAME_MAX - front)
		return false;
	memcpy(joined.octets, a->octets, front);
	memcpy(joined.octets + front, b->octets, b->len);
	joined.len = (uint8_t)(front + b->len);
	*out = joined;
	return true;
}

static char *
format_octet(char *out, uint8_t octet)
{
	if (ascii_is_alpha(octet) || ascii_is_digit(octet) || octet == '-' ||
	    octet == '_') {
		*out++ = (char)octet;
		return out;
	}
	*out++ = '\\';
	*out++ = (char)('0' + octet / 100);
	*out++ = (char)('0' + octet / 10 % 10);
	*out++ = (char)('0' + octet % 10);
	return out;
}

const char *
dns_name_format(const struct dns_name *name, char text[DNS_NAME_TEXT_MAX])
{
	char *out = text;

	if (name->len == 1)
		*out++ = '.';
	for (size_t i = 0; i < name->len && name->octets[i] > 0;) {
		size_t end = i + 1 + name->octets[i];

		if (i > 0)
			*out++ = '.';
		while (++i < end)
			out = format_octet(out, name->octets[i]);
	}
	*out = '\0';
	return text;
}

bool
dns_name_is_in(const struct dns_name *name, const struct dns_name *zone)
{
	struct slice rest = dns_name_slice(name);

	while (rest.len > zone->len)
		rest = slice_from(rest, (size_t)rest.ptr[0] + 1);
	return slice_eq(rest, dns_name_slice(zone));
}

/* ---- Names in messages -------------------------------------------------- */

/*
 * Read labels from `*at` up to the root, or to a pointer: `*to` is where that
 * leads, or NOWHERE if there is none.  `*at` is moved behind.
 */
static bool
read_labels(struct slice message, size_t *at, struct dns_name *name, size_t *to)
{
	size_t i = *at;
	unsigned len;

	do {
		if (i >= message.len)
			return false;
		len = message.ptr[i++];
		if ((len & POINTER) == POINTER) {
			if (i == message.len)
				return false;
			*to = (size_t)(len & ~POINTER) << 8 | message.ptr[i];
			*at = i + 1;
			return true;
		}
		if (len > message.len - i ||
		    !add_label(name, message.ptr + i, len))
			return false;
		i += len;
	} while (len > 0);
	*to = NOWHERE;
	*at = i;
	return true;
}

bool
dns_name_read(struct slice message, size_t *at, struct dns_name *name)
{
	size_t end = *at;
	size_t from = *at;
	size_t to;

	name->len = 0;
	if (!read_labels(message, &end, name, &to))
		return false;
	for (unsigned i = 0; to != NOWHERE; i++) {
		size_t next = to;

		if (to >= from || i == POINTERS_MAX)
			return false;
		from = to;
		if (!read_labels(message, &next, name, &to))
			return false;
	}
	*at = end;
	return true;
}
