/*
 * fuzz_options - words, each ended by a newline, are taken or refused with a
 * text that a terminal can show; what is taken is within its limits.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "cli/options.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What bulkfetch_new() takes. */
static void
check_fetch(const struct bulkfetch_options *fetch)
{
	const struct bulkfetch_pace *paces[] = { &fetch->rate,
		&fetch->rate_per_host };

	assert(fetch->max_redirects <= BULKFETCH_REDIRECTS_MAX);
	assert(fetch->retries <= BULKFETCH_RETRIES_MAX);
	assert(fetch->look_ahead <= BULKFETCH_LOOK_AHEAD_MAX);
	assert(fetch->max_drain_ms <= BULKFETCH_DURATION_MAX_MS);
	assert(fetch->max_error_percent >= 0);
	assert(fetch->max_error_percent <= 100);
	assert(fetch->max_errors == 0 || fetch->max_error_percent == 0 ||
	    fetch->max_errors == 1 /* --fail-early */);
	for (size_t i = 0; i < 2; i++) {
		assert(paces[i]->count <= BULKFETCH_PACE_COUNT_MAX);
		assert(paces[i]->count == 0 ||
		    (paces[i]->per_ms >= 1 &&
			paces[i]->per_ms <= BULKFETCH_PACE_MS_MAX));
	}
}

/* There is one place to connect to. */
static void
check_ways(const struct options *o)
{
	const struct bulkfetch_options *fetch = &o->fetch;
	bool is_fixed =
	    fetch->address_list != NULL || fetch->unix_socket != NULL;

	assert(!o->is_ipv4 || !o->is_ipv6);
	assert(fetch->dns_server_count <= BULKFETCH_DNS_SERVERS_MAX);
	assert(fetch->dns_max_inflight <= BULKFETCH_DNS_INFLIGHT_MAX);
	for (size_t i = 0; i < fetch->dns_server_count; i++)
		assert(fetch->dns_servers[i][0] != '\0' &&
		    strchr(fetch->dns_servers[i], ',') == NULL);
	assert(!is_fixed ||
	    (fetch->resolve_count == 0 && fetch->connect_to_count == 0 &&
		(o->proxy == NULL || o->proxy[0] == '\0')));
}

/* What is resumed has a log to be read. */
static void
check_resume(const struct options *o)
{
	assert(o->is_resume + o->is_resume_failed + o->is_retry_failed ==
	    o->is_resumed);
	assert(!(o->is_resumed || o->is_durable) ||
	    (o->log != NULL && strcmp(o->log, "-") != 0));
	assert(!o->is_retry_failed || o->list_count == 0);
}

static void
check(const char *const *words, size_t count)
{
	struct bulkfetch_problem problem = { 0 };
	struct options o;

	if (!options_parse(&o, words, count, &problem)) {
		size_t len = strnlen(problem.text, sizeof(problem.text));

		assert(problem.is_usage);
		assert(len > 0 && len < sizeof(problem.text));
		for (size_t i = 0; i < len; i++)
			assert(!ascii_is_control((uint8_t)problem.text[i]));
	} else if (!o.is_help && !o.is_version) {
		assert(o.fetch.concurrency >= 1);
		assert(o.fetch.concurrency <= BULKFETCH_CONCURRENCY_MAX);
		assert(o.fetch.idle_timeout_ms <= BULKFETCH_DURATION_MAX_MS);
		assert(o.list_count + o.field_count + o.data_count +
			o.resolves.count + o.connect_tos.count +
			o.interfaces.count <=
		    count);
		assert(!o.is_to_stdout || o.tree.name_template == NULL);
		check_fetch(&o.fetch);
		check_resume(&o);
		check_ways(&o);
	}
	options_fini(&o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *words[WORDS_MAX];
	size_t count = 0;
	char *text = malloc(size + 1);
	char *rest = text;

	assert(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	while (count < WORDS_MAX && rest != NULL && *rest != '\0')
		words[count++] = strsep(&rest, "\n");
	check(words, count);
	free(text);
	return 0;
}
