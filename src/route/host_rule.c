#include "route/host_rule.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/ascii.h"
#include "base/num.h"
#include "http/host.h"

bool
host_rule_cut(struct slice *rest, struct slice *part)
{
	size_t end = 0;

	if (rest->len > 0 && rest->ptr[0] == '[')
		end = slice_find(*rest, ']');
	end += slice_find(slice_from(*rest, end), ':');
	*part = slice_first(*rest, end);
	if (end == rest->len) {
		*rest = slice_from(*rest, end);
		return false;
	}
	*rest = slice_from(*rest, end + 1);
	return true;
}

struct err
host_rule_check(struct slice *host)
{
	uint8_t space[HOST_RULE_MAX + 2 + HOST_ADDED_MAX];
	uint8_t *to = space;
	struct host written = { 0 };
	size_t percent = slice_find(*host, '%');
	struct err err;

	if (host->len > HOST_RULE_MAX)
		return err_why(ERR_REQUEST, "a host name that is too long");
	err = host_put(*host, &to, &written);
	if (err_is(err))
		return err;
	if (written.kind == URL_HOST_IPV6) {
		/* What is left has to be the address as lookups want it. */
		if (slice_from(*host, percent).len > written.zone.len + 2)
			return err_why(
			    ERR_REQUEST, "a zone behind '%25' rather than '%'");
		*host = slice_first(slice_from(*host, 1), host->len - 2);
	} else if (percent < host->len) {
		return err_why(
		    ERR_REQUEST, "an octet that may not stand in a host name");
	} else if (written.kind == URL_HOST_IPV4) {
		*host = slice_first(*host, written.name.len);
	}
	return err_none();
}

struct err
host_rule_port(struct slice text, uint16_t *port)
{
	uint64_t value;

	if (!num_parse_u64(text, UINT16_MAX, &value) || value == 0)
		return err_why(ERR_REQUEST, "a bad port");
	*port = (uint16_t)value;
	return err_none();
}

/* The address, which ends at `percent`, in the form that equal ones share. */
static bool
put_ipv6(struct slice host, size_t percent, struct host_key *key)
{
	char text[INET6_ADDRSTRLEN];
	struct slice zone = slice_from(host, percent);
	struct in6_addr addr;

	if (percent >= sizeof(text))
		return false;
	memcpy(text, host.ptr, percent);
	text[percent] = '\0';
	if (inet_pton(AF_INET6, text, &addr) != 1)
		return false;
	(void)inet_ntop(AF_INET6, &addr, text, sizeof(text));
	percent = strlen(text);
	if (zone.len > sizeof(key->octets) - percent)
		return false;
	memcpy(key->octets, text, percent);
	if (zone.len > 0)
		memcpy(key->octets + percent, zone.ptr, zone.len);
	key->len = (uint8_t)(percent + zone.len);
	return true;
}

bool
host_rule_key(struct slice host, struct host_key *key)
{
	if (slice_find(host, ':') < host.len)
		return put_ipv6(host, slice_find(host, '%'), key);
	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	if (host.len > sizeof(key->octets))
		return false;
	for (size_t i = 0; i < host.len; i++)
		key->octets[i] = ascii_lower(host.ptr[i]);
	key->len = (uint8_t)host.len;
	return true;
}

bool
host_rule_eq(struct slice a, struct slice b)
{
	struct host_key a_key;
	struct host_key b_key;

	if (slice_eq_nocase(a, b))
		return true;
	return host_rule_key(a, &a_key) && host_rule_key(b, &b_key) &&
	    slice_eq(slice_of(a_key.octets, a_key.len),
		slice_of(b_key.octets, b_key.len));
}
