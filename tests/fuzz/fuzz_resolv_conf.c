/*
 * resolv_conf: numbers are in their bounds, servers are words of the text, what
 * is searched are names, and the names to ask for come to an end, each once at
 * its place.  nsswitch: what is told are clean words that fit.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "dns/nsswitch.h"
#include "dns/resolv_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_name(const struct dns_name *name)
{
	size_t at = 0;

	assert(name->len > 1);
	while (name->octets[at] > 0) {
		assert(name->octets[at] <= DNS_LABEL_MAX);
		at += (size_t)name->octets[at] + 1;
		assert(at < name->len);
	}
	assert(at + 1 == name->len);
}

static void
check_conf(struct slice text, const struct resolv_conf *conf)
{
	const uint8_t *at = text.ptr;

	assert(conf->ndots <= RESOLV_NDOTS_MAX);
	assert(conf->timeout_s >= 1 && conf->timeout_s <= RESOLV_TIMEOUT_MAX);
	assert(conf->attempts >= 1 && conf->attempts <= RESOLV_ATTEMPTS_MAX);
	assert(conf->server_count <= RESOLV_SERVERS_MAX);
	assert(conf->search_count <= RESOLV_SEARCH_MAX);
	for (size_t i = 0; i < conf->server_count; i++) {
		struct slice server = conf->servers[i];

		assert(server.len > 0 && server.ptr >= at);
		assert(
		    server.len <= (size_t)(text.ptr + text.len - server.ptr));
		for (size_t k = 0; k < server.len; k++)
			assert(server.ptr[k] != ' ' && server.ptr[k] != '\t' &&
			    server.ptr[k] != '\r' && server.ptr[k] != '\n');
		at = server.ptr + server.len;
	}
	for (size_t i = 0; i < conf->search_count; i++)
		check_name(&conf->search[i]);
}

static void
check_candidates(const struct resolv_conf *conf, struct slice host)
{
	struct dns_name own;
	struct dns_name name;
	bool is_name = dns_name_parse(host, &own);
	size_t at = 0;
	size_t count = 0;
	size_t least = 0; /* where the next one may be */

	while (resolv_conf_candidate(conf, host, &at, &name)) {
		assert(at >= least && at <= conf->search_count);
		check_name(&name);
		assert(slice_eq(slice_of(name.octets, own.len - 1U),
		    slice_of(own.octets, own.len - 1U)));
		least = ++at;
		count++;
	}
	assert((count > 0) == is_name);
	if (is_name)
		assert(dns_name_eq(&name, &own));
}

static void
check_others(struct slice text, size_t cap)
{
	char *out = malloc(cap);
	size_t len;

	assert(out != NULL);
	assert(nsswitch_others(text, out, cap) == out);
	len = strlen(out);
	assert(len < cap);
	for (size_t i = 0; i < len; i++) {
		uint8_t octet = (uint8_t)out[i];

		assert(octet == ' ' || octet == '_' || octet == '-' ||
		    ascii_is_alpha(octet) || ascii_is_digit(octet));
		if (octet == ' ')
			assert(i > 0 && out[i - 1] != ' ' && i + 1 < len);
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct resolv_conf conf;

	resolv_conf_parse(text, &conf);
	check_conf(text, &conf);
	/* The first line is a host as well. */
	check_candidates(&conf, slice_first(text, slice_find(text, '\n')));
	check_candidates(&conf, slice_str("www.a.b"));
	check_others(text, size > 0 ? 1U + data[0] : 1);
	return 0;
}
