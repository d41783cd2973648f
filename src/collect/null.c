/*
 * null - the collector that keeps nothing.
 */
#include "bulkfetch.h"

static int
null_begin(void *ctx, const struct bulkfetch_response *response, void **body)
{
	(void)ctx;
	(void)response;
	*body = NULL;
	return 0;
}

static int
null_write(void *ctx, void *body, struct bulkfetch_text data, bool is_last)
{
	(void)ctx;
	(void)body;
	(void)data;
	(void)is_last;
	return 0;
}

static int
null_commit(void *ctx, void *body, struct bulkfetch_stored *stored)
{
	(void)ctx;
	(void)body;
	*stored = (struct bulkfetch_stored){ 0 };
	return 0;
}

static void
null_abort(void *ctx, void *body)
{
	(void)ctx;
	(void)body;
}

void
bulkfetch_null_new(struct bulkfetch_collector *collector)
{
	*collector = (struct bulkfetch_collector){
		.begin = null_begin,
		.write = null_write,
		.commit = null_commit,
		.abort = null_abort,
	};
}
