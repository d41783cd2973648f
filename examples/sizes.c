/*
 * sizes - fetch numbered URLs and print how long each body is: bulkfetch with a
 * source and a collector of one's own.
 *
 *	sizes http://localhost:8080/item/ 1 1000
 *
 * asks for /item/1 to /item/1000 over eight connections, stores nothing, and
 * prints a line for each.  Ends with status 1 if one could not be had.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bulkfetch.h>

/* ---- A source: an iterator over a range of numbers ---------------------- */

struct range {
	const char *base;
	uint64_t next;
	uint64_t last;
	uint64_t n;
	char url[4096];
};

static enum bulkfetch_next
range_next(void *ctx, struct bulkfetch_item *item)
{
	struct range *range = ctx;
	int len;

	if (range->next > range->last)
		return BULKFETCH_END;
	len = snprintf(range->url, sizeof(range->url), "%s%" PRIu64,
	    range->base, range->next++);
	item->url.ptr = range->url; /* lent until we are called again */
	item->url.len = (size_t)len;
	item->n = ++range->n;
	if ((size_t)len >= sizeof(range->url)) {
		item->url.len = sizeof(range->url) - 1;
		item->problem = "the URL is too long";
		item->is_cut = true;
	}
	return BULKFETCH_ITEM;
}

/* ---- A collector: counts octets and forgets them ------------------------ */

struct body {
	uint64_t len;
};

static int
sizes_begin(void *ctx, const struct bulkfetch_response *response, void **handle)
{
	struct body *body = calloc(1, sizeof(*body));

	(void)ctx;
	(void)response;
	if (body == NULL)
		return 12; /* ENOMEM: fails this request alone */
	*handle = body;
	return 0;
}

static int
sizes_write(void *ctx, void *handle, struct bulkfetch_text data, bool is_last)
{
	struct body *body = handle;

	(void)ctx;
	(void)is_last;
	body->len += data.len;
	return 0;
}

/* The body is whole: only now is its size worth telling. */
static int
sizes_commit(void *ctx, void *handle, struct bulkfetch_stored *stored)
{
	struct body *body = handle;
	uint64_t *total = ctx;

	(void)stored;
	*total += body->len;
	free(body);
	return 0;
}

static void
sizes_abort(void *ctx, void *handle)
{
	(void)ctx;
	free(handle);
}

/* ---- An observer: one line for each ------------------------------------- */

static int
print_result(void *ctx, const struct bulkfetch_result *result)
{
	uint64_t *failed = ctx;
	char url[256];

	(void)bulkfetch_escape(result->url, url, sizeof(url));
	if (result->ok) {
		printf("%" PRIu64 "\t%s\n", result->bytes, url);
		return 0;
	}
	++*failed;
	fprintf(stderr, "%s: %s: %s\n", url, result->stage, result->message);
	return 0;
}

int
main(int argc, char **argv)
{
	struct range range = { 0 };
	uint64_t total = 0;
	uint64_t failed = 0;
	const struct bulkfetch_source source = { .ctx = &range,
		.next = range_next };
	const struct bulkfetch_collector collector = {
		.ctx = &total,
		.begin = sizes_begin,
		.write = sizes_write,
		.commit = sizes_commit,
		.abort = sizes_abort,
	};
	const struct bulkfetch_observer observer = { .ctx = &failed,
		.result = print_result };
	struct bulkfetch_options options;
	struct bulkfetch_problem problem;
	struct bulkfetch *run;

	if (argc != 4) {
		fprintf(stderr, "usage: sizes BASE FROM TO\n");
		return 2;
	}
	range.base = argv[1];
	range.next = strtoull(argv[2], NULL, 10);
	range.last = strtoull(argv[3], NULL, 10);

	bulkfetch_options_init(&options);
	options.concurrency = 8;
	run = bulkfetch_new(&options, &source, &collector, &observer, &problem);
	if (run == NULL) {
		fprintf(stderr, "sizes: %s\n", problem.text);
		return 2;
	}
	(void)bulkfetch_run(run);
	bulkfetch_free(run);
	printf("%" PRIu64 "\ttotal\n", total);
	return failed > 0 ? 1 : 0;
}
