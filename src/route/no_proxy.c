#include "route/no_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/ascii.h"
#include "base/num.h"

/* A numeric address, in the octets of the network. */
struct address {
	uint8_t octets[16];
	unsigned bits; /* 32 or 128; 0: none */
};

static bool
is_separator(uint8_t octet)
{
	return octet == ',' || ascii_is_blank(octet);
}

/* The next entry of `*list`; false at the end. */
static bool
next_entry(struct slice *list, struct slice *entry)
{
	size_t len = 0;

	while (list->len > 0 && is_separator(list->ptr[0]))
		*list = slice_from(*list, 1);
	while (len < list->len && !is_separator(list->ptr[len]))
		len++;
	*entry = slice_first(*list, len);
	*list = slice_from(*list, len);
	return len > 0;
}

/* Zone and brackets left out of account. */
static struct address
read_address(struct slice in)
{
	struct address addr = { .bits = 0 };
	char text[INET6_ADDRSTRLEN];

	if (in.len >= 2 && in.ptr[0] == '[' && in.ptr[in.len - 1] == ']')
		in = slice_first(slice_from(in, 1), in.len - 2);
	in = slice_first(in, slice_find(in, '%'));
	if (in.len == 0 || in.len >= sizeof(text) || slice_find(in, 0) < in.len)
		return addr;
	memcpy(text, in.ptr, in.len);
	text[in.len] = '\0';
	if (inet_pton(AF_INET, text, addr.octets) == 1)
		addr.bits = 32;
	else if (inet_pton(AF_INET6, text, addr.octets) == 1)
		addr.bits = 128;
	return addr;
}

static bool
has_address(struct slice entry, const struct address *host)
{
	size_t slash = slice_find(entry, '/');
	struct address block = read_address(slice_first(entry, slash));
	uint64_t bits = block.bits;
	unsigned rest;

	if (block.bits != host->bits)
		return false;
	if (slash < entry.len &&
	    !num_parse_u64(slice_from(entry, slash + 1), block.bits, &bits))
		return false;
	if (memcmp(block.octets, host->octets, bits / 8) != 0)
		return false;
	rest = (unsigned)(bits % 8);
	return rest == 0 ||
	    (block.octets[bits / 8] ^ host->octets[bits / 8]) >> (8 - rest) ==
	    0;
}

static struct slice
strip_final_dot(struct slice name)
{
	if (name.len > 0 && name.ptr[name.len - 1] == '.')
		name.len--;
	return name;
}

/* The domain itself, and all below it. */
static bool
has_name(struct slice entry, struct slice host)
{
	entry = strip_final_dot(entry);
	if (entry.len > 0 && entry.ptr[0] == '.')
		entry = slice_from(entry, 1);
	if (entry.len == 0 || entry.len > host.len)
		return false;
	if (entry.len < host.len && host.ptr[host.len - entry.len - 1] != '.')
		return false;
	return slice_eq_nocase(entry, slice_from(host, host.len - entry.len));
}

bool
no_proxy_has(struct slice list, struct slice host)
{
	struct slice entry;
	struct address addr;

	if (list.len == 0)
		return false;
	host = strip_final_dot(host);
	addr = read_address(host);
	while (next_entry(&list, &entry)) {
		if (slice_eq_str(entry, "*"))
			return true;
		if (addr.bits > 0 ? has_address(entry, &addr)
				  : has_name(entry, host))
			return true;
	}
	return false;
}
