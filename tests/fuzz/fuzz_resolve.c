/*
 * fixed_names: the last entry is known by its own host and port, with as many
 * addresses as it has.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "route/fixed_names.h"
#include "route/host_rule.h"

#define TEXTS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As many as commas, and one. */
static size_t
count_addrs(struct slice addrs)
{
	size_t count = 1;

	for (size_t i = 0; i < addrs.len; i++)
		count += addrs.ptr[i] == ',';
	return count;
}

static void
check_last(struct fixed_names *f, const char *last)
{
	bool is_removal = last[0] == '-';
	struct slice rest = slice_str(last + (is_removal || last[0] == '+'));
	struct endpoint all[FIXED_ADDRS_MAX];
	struct endpoint four[FIXED_ADDRS_MAX];
	struct endpoint six[FIXED_ADDRS_MAX];
	struct slice host;
	struct slice digits;
	uint16_t port;
	bool is_known;
	size_t count;

	(void)host_rule_cut(&rest, &host);
	(void)host_rule_cut(&rest, &digits);
	assert(!err_is(host_rule_port(digits, &port)));
	assert(slice_eq_str(host, "*") || !err_is(host_rule_check(&host)));
	count = fixed_names_find(
	    f, host, port, AF_UNSPEC, all, FIXED_ADDRS_MAX, &is_known);
	if (is_removal)
		return;
	assert(is_known && count == count_addrs(rest));
	for (size_t i = 0; i < count; i++)
		assert(endpoint_port(&all[i]) == port);
	assert(count ==
	    fixed_names_find(
		f, host, port, AF_INET, four, FIXED_ADDRS_MAX, &is_known) +
		fixed_names_find(
		    f, host, port, AF_INET6, six, FIXED_ADDRS_MAX, &is_known));
}

/* An entry a line. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *texts[TEXTS_MAX] = { NULL };
	struct slice in = slice_of(data, size);
	size_t count = 0;
	struct fixed_names *f = NULL;
	const char *bad = NULL;
	struct err err;

	while (in.len > 0 && count < TEXTS_MAX) {
		size_t end = slice_find(in, '\n');

		texts[count] = strndup((const char *)in.ptr, end);
		assert(texts[count] != NULL);
		count++;
		in = slice_from(in, end < in.len ? end + 1 : end);
	}
	err = fixed_names_new((const char *const *)texts, count, &f, &bad);
	if (err_is(err))
		assert(
		    err.kind == ERR_REQUEST && err.why != NULL && bad != NULL);
	else if (count > 0)
		check_last(f, texts[count - 1]);
	fixed_names_free(f);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	return 0;
}
