/*
 * connect_to: what a rule says lies in its text, is for the very host and port
 * that it names, and reads the same when written in full.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "route/connect_to.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_host(struct slice host, struct slice text)
{
	if (host.len == 0)
		return;
	assert(host.ptr >= text.ptr);
	assert(host.ptr + host.len <= text.ptr + text.len);
	for (size_t i = 0; i < host.len; i++)
		assert(ascii_is(host.ptr[i], ASCII_UNRESERVED) ||
		    host.ptr[i] == ':' || host.ptr[i] == '%');
}

static void
put_pair(struct slice host, uint16_t port, struct buf *out)
{
	bool has_brackets = slice_find(host, ':') < host.len;

	(void)buf_append_str(out, has_brackets ? "[" : "");
	(void)buf_append(out, host);
	(void)buf_append_str(out, has_brackets ? "]:" : ":");
	if (port > 0)
		(void)buf_append_u64(out, port);
}

static void
check_again(const struct connect_to *rule)
{
	struct connect_to again;
	struct buf text;

	buf_init(&text, 2048);
	put_pair(rule->host, rule->port, &text);
	(void)buf_append_octet(&text, ':');
	put_pair(rule->to_host, rule->to_port, &text);
	assert(!err_is(connect_to_parse(buf_slice(&text), &again)));
	assert(slice_eq(again.host, rule->host));
	assert(slice_eq(again.to_host, rule->to_host));
	assert(again.port == rule->port && again.to_port == rule->to_port);
	buf_fini(&text);
}

static void
check_apply(const struct connect_to *rule)
{
	struct slice asked = rule->host.len > 0 ? rule->host : slice_str("any");
	uint16_t asked_port = rule->port > 0 ? rule->port : 80;
	struct slice host = asked;
	uint16_t port = asked_port;

	assert(connect_to_apply(rule, &host, &port));
	assert(slice_eq(host, rule->to_host.len > 0 ? rule->to_host : asked));
	assert(port == (rule->to_port > 0 ? rule->to_port : asked_port));
	if (rule->port > 0) {
		port = rule->port ^ 1;
		assert(!connect_to_apply(rule, &host, &port));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct connect_to rule;
	struct err err = connect_to_parse(text, &rule);

	if (err_is(err)) {
		assert(err.kind == ERR_REQUEST && err.why != NULL);
		return 0;
	}
	check_host(rule.host, text);
	check_host(rule.to_host, text);
	check_again(&rule);
	check_apply(&rule);
	return 0;
}
