#include "net/dns_known.h"

#include <string.h>

void
dns_known_init(struct dns_known *k, enum resolver_family family)
{
	const enum dns_type types[KNOWN_TYPES] = { DNS_AAAA, DNS_A };

	for (size_t i = 0; i < KNOWN_TYPES; i++) {
		struct known_type *t = &k->types[i];

		t->type = types[i];
		t->is_wanted = family == RESOLVER_ANY ||
		    (family == RESOLVER_IPV6) == (types[i] == DNS_AAAA);
		t->is_known = false;
		t->count = 0;
		t->turn = 0;
	}
}

static size_t
addr_size(enum dns_type type)
{
	return type == DNS_A ? 4 : 16;
}

static void
set_verdict(struct known_type *t, enum dns_verdict verdict, size_t count)
{
	t->is_known = true;
	t->verdict = verdict;
	t->count = 0;
	t->turn = 0;
	if (verdict == DNS_FOUND)
		t->count = count < DNS_ADDRS_MAX ? count : DNS_ADDRS_MAX;
}

void
known_set_answer(struct known_type *t, const struct dns_answer *answer)
{
	set_verdict(t, answer->verdict, answer->count);
	memcpy(t->addrs, answer->addrs, t->count * sizeof(t->addrs[0]));
}

void
known_set_cached(struct known_type *t, const struct dns_cached *cached)
{
	size_t size = addr_size(t->type);

	set_verdict(t, cached->verdict, cached->count);
	t->turn = cached->turn;
	for (size_t i = 0; i < t->count; i++)
		memcpy(t->addrs[i], cached->addrs + i * size, size);
}

bool
dns_known_is_complete(const struct dns_known *k)
{
	for (size_t i = 0; i < KNOWN_TYPES; i++) {
		if (k->types[i].is_wanted && !k->types[i].is_known)
			return false;
	}
	return true;
}

bool
dns_known_has_addrs(const struct dns_known *k)
{
	return k->types[0].count > 0 || k->types[1].count > 0;
}

/* How much a verdict says for the whole name: what ranks higher wins. */
static unsigned
rank(enum dns_verdict verdict)
{
	switch (verdict) {
	case DNS_NXDOMAIN:
		return 1;
	case DNS_NODATA:
		return 2;
	case DNS_TIMEOUT:
		return 3;
	case DNS_REFUSED:
		return 4;
	case DNS_SERVFAIL:
	case DNS_ALIAS:
		return 5;
	case DNS_FOUND:
		return 6;
	}
	return 0;
}

enum dns_verdict
dns_known_verdict(const struct dns_known *k)
{
	enum dns_verdict best = DNS_NXDOMAIN;

	for (size_t i = 0; i < KNOWN_TYPES; i++) {
		const struct known_type *t = &k->types[i];

		if (t->is_known && rank(t->verdict) > rank(best))
			best = t->verdict;
	}
	return best;
}

static const char *
no_address(enum resolver_family family)
{
	switch (family) {
	case RESOLVER_IPV4:
		return "the host has no IPv4 address (NODATA)";
	case RESOLVER_IPV6:
		return "the host has no IPv6 address (NODATA)";
	case RESOLVER_ANY:
		break;
	}
	return "the host has no address (NODATA)";
}

struct err
dns_known_err(enum dns_verdict verdict, enum resolver_family family)
{
	switch (verdict) {
	case DNS_FOUND:
		break;
	case DNS_NODATA:
		return err_why(ERR_RESOLVE, no_address(family));
	case DNS_NXDOMAIN:
		return err_why(ERR_RESOLVE, "no such host (NXDOMAIN)");
	case DNS_ALIAS:
	case DNS_SERVFAIL:
		return err_why(ERR_DNS, "the name servers failed (SERVFAIL)");
	case DNS_REFUSED:
		return err_why(ERR_DNS, "the name servers refuse (REFUSED)");
	case DNS_TIMEOUT:
		return err_why(ERR_DNS, "no answer from the name servers");
	}
	return err_none();
}

static void
set_endpoint(
    struct endpoint *ep, enum dns_type type, const uint8_t *addr, uint16_t port)
{
	*ep = (struct endpoint){ 0 };
	if (type == DNS_A) {
		ep->addr.in.sin_family = AF_INET;
		memcpy(&ep->addr.in.sin_addr, addr, addr_size(type));
		ep->len = sizeof(ep->addr.in);
	} else {
		ep->addr.in6.sin6_family = AF_INET6;
		memcpy(&ep->addr.in6.sin6_addr, addr, addr_size(type));
		ep->len = sizeof(ep->addr.in6);
	}
	endpoint_set_port(ep, port);
}

size_t
dns_known_take(
    struct dns_known *k, uint16_t port, struct endpoint *out, size_t max)
{
	size_t count = 0;

	for (size_t at = 0; at < DNS_ADDRS_MAX; at++) {
		for (size_t i = 0; i < KNOWN_TYPES; i++) {
			const struct known_type *t = &k->types[i];

			if (at < t->count && count < max)
				set_endpoint(&out[count++], t->type,
				    t->addrs[(t->turn + at) % t->count], port);
		}
	}
	for (size_t i = 0; i < KNOWN_TYPES; i++)
		k->types[i].turn++;
	return count;
}
