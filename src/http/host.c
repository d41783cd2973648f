#include "http/host.h"

#include <stdbool.h>
#include <string.h>

#include "base/ascii.h"
#include "base/num.h"
#include "http/percent.h"

/* A host name without its final dot, and a label of it (RFC 1035, 2.3.4). */
#define HOST_MAX 253
#define LABEL_MAX 63

/* Four numbers up to 255 without leading zeros. */
static bool
is_ipv4(struct slice host)
{
	for (int i = 0; i < 4; i++) {
		size_t dot = slice_find(host, '.');
		uint64_t value;

		if ((dot == host.len) != (i == 3))
			return false;
		if (dot > 1 && host.ptr[0] == '0')
			return false;
		if (!num_parse_u64(slice_first(host, dot), 255, &value))
			return false;
		if (i < 3)
			host = slice_from(host, dot + 1);
	}
	return true;
}

/*
 * "127.1", "0x7f.1", "1.2.3.256": what inet_aton() would make an address of
 * that nobody sees (WHATWG URL, "ends in a number").  `host` is in lower case.
 */
static bool
ends_in_number(struct slice host)
{
	const uint8_t *dot = memrchr(host.ptr, '.', host.len);
	struct slice label = host;
	bool is_hex;
	size_t i;

	if (dot != NULL)
		label = slice_from(host, (size_t)(dot - host.ptr) + 1);
	is_hex = label.len >= 2 && label.ptr[0] == '0' && label.ptr[1] == 'x';
	for (i = is_hex ? 2 : 0; i < label.len; i++) {
		if (is_hex ? !ascii_is_hex(label.ptr[i])
			   : !ascii_is_digit(label.ptr[i]))
			return false;
	}
	return true;
}

static struct err
check_name(struct slice host, enum url_host_kind *kind)
{
	size_t label = 0;

	if (host.len == 0)
		return err_why(ERR_REQUEST, "no host");
	if (host.len > HOST_MAX)
		return err_why(ERR_REQUEST, "a host name that is too long");
	for (size_t i = 0; i < host.len; i++) {
		label = host.ptr[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return err_why(
			    ERR_REQUEST, "a host name that is too long");
		if (label == 0 && (i == 0 || host.ptr[i - 1] == '.'))
			return err_why(
			    ERR_REQUEST, "a host name with an empty label");
	}
	if (label == 0)
		return err_why(ERR_REQUEST, "a host name with an empty label");
	*kind = URL_HOST_NAME;
	if (ends_in_number(host)) {
		if (!is_ipv4(host))
			return err_why(ERR_REQUEST, "a bad IPv4 address");
		*kind = URL_HOST_IPV4;
	}
	return err_none();
}

/* Write a name or an IPv4 address. */
static struct err
put_name(struct slice in, uint8_t **to, struct host *host)
{
	uint8_t *at = *to;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t octet = in.ptr[i];

		if (percent_is_escape(in, i)) {
			octet = percent_value(in.ptr + i);
			i += PERCENT_LEN - 1;
		}
		if (octet >= 0x80)
			return err_why(ERR_REQUEST, "a non-ASCII host name");
		if (!ascii_is_alpha(octet) && !ascii_is_digit(octet) &&
		    octet != '-' && octet != '.' && octet != '_')
			return err_why(ERR_REQUEST,
			    "an octet that may not stand in a host name");
		*at++ = ascii_lower(octet);
	}
	host->name = slice_of(*to, (size_t)(at - *to));
	if (host->name.len > 0 && at[-1] == '.')
		host->name.len--;
	*to = at;
	return check_name(host->name, &host->kind);
}

/* Up to four hexadecimal digits: the group's length, 0 for none. */
static size_t
group_len(struct slice in)
{
	size_t len = 0;

	while (len < in.len && len < 5 && ascii_is_hex(in.ptr[len]))
		len++;
	return len < 5 ? len : 0;
}

/* RFC 4291, section 2.2. */
static bool
is_ipv6(struct slice in)
{
	size_t groups = 0;
	bool has_gap = false;

	while (in.len > 0) {
		size_t len = group_len(in);

		if (in.len >= 2 && in.ptr[0] == ':' && in.ptr[1] == ':') {
			if (has_gap)
				return false;
			has_gap = true;
			in = slice_from(in, 2);
			if (in.len == 0)
				break;
			len = group_len(in);
		} else if (groups > 0) {
			if (in.ptr[0] != ':')
				return false;
			in = slice_from(in, 1);
			len = group_len(in);
		}
		if (len < in.len && in.ptr[len] == '.') {
			if (!is_ipv4(in))
				return false;
			groups += 2;
			break;
		}
		if (len == 0)
			return false;
		in = slice_from(in, len);
		groups++;
	}
	return has_gap ? groups < 8 : groups == 8;
}

/* Leave the name of a zone without its '%', or "%25" as RFC 6874 has it. */
static struct err
strip_zone(struct slice *zone)
{
	bool is_escaped = zone->len >= 3 && memcmp(zone->ptr, "%25", 3) == 0;

	*zone = slice_from(*zone, is_escaped ? 3 : 1);
	if (zone->len == 0)
		return err_why(ERR_REQUEST, "a bad IPv6 zone");
	for (size_t i = 0; i < zone->len; i++) {
		if (!ascii_is(zone->ptr[i], ASCII_UNRESERVED))
			return err_why(ERR_REQUEST, "a bad IPv6 zone");
	}
	return err_none();
}

/* Write an IPv6 address, which begins with '[', and its zone. */
static struct err
put_ipv6(struct slice in, uint8_t **to, struct host *host)
{
	struct slice address = slice_first(slice_from(in, 1), in.len - 2);
	size_t percent = slice_find(address, '%');
	struct slice zone = slice_from(address, percent);
	uint8_t *at = *to;

	address = slice_first(address, percent);
	if (zone.len > 0) {
		struct err err = strip_zone(&zone);

		if (err_is(err))
			return err;
	}
	if (!is_ipv6(address))
		return err_why(ERR_REQUEST, "a bad IPv6 address");
	*at++ = '[';
	*host = (struct host){ .kind = URL_HOST_IPV6,
		.name = slice_of(at, address.len),
		.zone = zone };
	for (size_t i = 0; i < address.len; i++)
		*at++ = ascii_lower(address.ptr[i]);
	if (zone.len > 0) {
		memcpy(at, "%25", 3);
		memcpy(at + 3, zone.ptr, zone.len);
		at += 3 + zone.len;
	}
	*at++ = ']';
	*to = at;
	return err_none();
}

struct err
host_split_port(struct slice in, struct slice *host, struct slice *port)
{
	size_t end = slice_find(in, ':');

	if (in.len > 0 && in.ptr[0] == '[') {
		end = slice_find(in, ']');
		if (end == in.len)
			return err_why(ERR_REQUEST, "a '[' without its ']'");
		end++;
		if (end < in.len && in.ptr[end] != ':')
			return err_why(ERR_REQUEST, "a bad IPv6 address");
	}
	*host = slice_first(in, end);
	*port = slice_from(in, end < in.len ? end + 1 : end);
	return err_none();
}

struct err
host_put(struct slice in, uint8_t **to, struct host *host)
{
	struct host written = { 0 };
	bool is_literal =
	    in.len >= 2 && in.ptr[0] == '[' && in.ptr[in.len - 1] == ']';
	struct err err = is_literal ? put_ipv6(in, to, &written)
				    : put_name(in, to, &written);

	if (!err_is(err))
		*host = written;
	return err;
}
