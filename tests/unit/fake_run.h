/*
 * fake_run - a whole run in a world of the test's own: a source, a collector
 * and an observer that write down what happens, a resolver that may take its
 * time, and servers at the other end of each connection.  A test that includes
 * this has the line
 *
 *     link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new
 *
 * in a comment of its own.  Nothing in here allocates.
 *
 * What a server answers is up to the path, see world_answer(); how a name is
 * resolved is up to the name, see world_start().
 */
#ifndef BULKFETCH_TESTS_UNIT_FAKE_RUN_H
#define BULKFETCH_TESTS_UNIT_FAKE_RUN_H

#include "exact.h"
#include "fake_peer.h"
#include "fake_time.h"

#include <stdio.h>

#include "base/list.h"
#include "bulkfetch.h"
#include "net/resolver_system.h"

#define WORLD_URLS_MAX 8192
#define WORLD_BODIES_MAX 256
#define WORLD_LOOKUPS_MAX 64
/* More waits than any run of a test needs. */
#define WORLD_WAITS_MAX 100000
/* What a lookup of "later..." takes. */
#define WORLD_LATER_MS 2000

/* What was told of one request. */
struct told {
	unsigned results;
	bool ok;
	bool is_skipped;
	bool is_url_cut;
	size_t url_len;
	char error[16];
	char stage[8];
	char message[96];
	unsigned status;
	int sys;
	unsigned tries;
	uint64_t bytes;
	bool has_file;
	char ip[24];
	int64_t dns_ms;
	int64_t connect_ms;
	int64_t ttfb_ms;
	int64_t total_ms;
	bool is_unchanged;
	unsigned redirects;
	char final_url[64];
	uint64_t received;
	uint64_t continued_at;
	int64_t ended_at_ms; /* from the start */
};

/* A failure of the collector: with `sys`, `times` times. */
struct fault {
	int sys;
	unsigned times;
};

enum body_phase { BODY_NONE, BODY_BEGUN, BODY_WHOLE };

struct fake_body {
	enum body_phase phase;
	uint64_t n;
	size_t len;
};

static struct world {
	struct bulkfetch_options options;
	struct bulkfetch_source source;
	struct bulkfetch_collector collector;
	struct bulkfetch_observer observer;
	struct bulkfetch *run;

	/* The source. */
	const char *const *urls; /* in turn, again and again */
	size_t url_count;        /* to give in all */
	size_t urls_len;         /* of `urls` */
	const char *problem;     /* of every item, or NULL */
	size_t given;
	size_t pending_at; /* PENDING once before this one; SIZE_MAX: never */
	size_t error_at;
	int pending_fd;
	int64_t next_takes_ms;
	bool has_ended;

	/* The collector. */
	struct fault has;
	struct fault begin;
	struct fault write;
	struct fault commit;
	bool has_all; /* skip everything */
	struct fake_body bodies[WORLD_BODIES_MAX];
	unsigned begun;
	unsigned committed;
	unsigned aborted;
	unsigned shrunk;

	/* The observer. */
	struct told told[WORLD_URLS_MAX];
	size_t results;
	struct fault result;
	struct fault flush;
	unsigned ticks;
	unsigned warnings;
	unsigned errors;
	char message[256]; /* the last warning or error */

	/* The resolver. */
	struct resolver resolver;
	struct lookup *lookups[WORLD_LOOKUPS_MAX];
	int64_t answer_at_ms[WORLD_LOOKUPS_MAX];
	unsigned lookups_begun;
	unsigned short_lookups; /* answers of ERR_SHORTAGE to give */
	unsigned faint_lookups; /* of ERR_DNS, for "faint" */
	unsigned cancelled;

	/* The servers. */
	unsigned requests;
	bool is_split[FAKE_PEERS_MAX];
	/* Instead of world_answer(), for a request with head and body. */
	void (*answer)(unsigned peer, const char *request);
	unsigned peers_open;
	unsigned peers_peak;
	void (*on_wait)(void); /* before each wait */
	unsigned waits;
} world;

static bool
fault_strikes(struct fault *f)
{
	if (f->times == 0)
		return false;
	f->times--;
	return true;
}

/* ---- Source ------------------------------------------------------------- */

static enum bulkfetch_next
world_next(void *ctx, struct bulkfetch_item *item)
{
	const char *url;

	(void)ctx;
	assert_false(world.has_ended);
	fake_now_ms += world.next_takes_ms;
	if (world.given == world.pending_at) {
		world.pending_at = SIZE_MAX;
		return BULKFETCH_PENDING;
	}
	world.has_ended =
	    world.given == world.error_at || world.given == world.url_count;
	if (world.given == world.error_at) {
		item->sys = EIO;
		return BULKFETCH_ERROR;
	}
	if (world.has_ended)
		return BULKFETCH_END;
	url = world.urls[world.given % world.urls_len];
	item->url = (struct bulkfetch_text){ url, strlen(url) };
	item->n = ++world.given;
	item->problem = world.problem;
	return BULKFETCH_ITEM;
}

static int
world_fd(void *ctx)
{
	(void)ctx;
	return world.pending_fd;
}

/* ---- Collector ---------------------------------------------------------- */

static int
world_has(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored)
{
	(void)ctx;
	assert_true(request->host.len > 0);
	if (fault_strikes(&world.has))
		return -world.has.sys;
	if (world.has_all)
		stored->file = "old";
	return world.has_all;
}

static int
world_begin(void *ctx, const struct bulkfetch_response *response, void **body)
{
	unsigned i = 0;

	(void)ctx;
	if (fault_strikes(&world.begin))
		return world.begin.sys;
	while (world.bodies[i].phase != BODY_NONE)
		assert_true(++i < WORLD_BODIES_MAX);
	world.bodies[i] = (struct fake_body){ .phase = BODY_BEGUN,
		.n = response->request->n };
	world.begun++;
	*body = &world.bodies[i];
	return 0;
}

static int
world_write(void *ctx, void *body, struct bulkfetch_text data, bool is_last)
{
	struct fake_body *b = body;

	(void)ctx;
	assert_int_equal(b->phase, BODY_BEGUN);
	if (fault_strikes(&world.write))
		return world.write.sys;
	b->len += data.len;
	if (is_last)
		b->phase = BODY_WHOLE;
	return 0;
}

static int
world_commit(void *ctx, void *body, struct bulkfetch_stored *stored)
{
	struct fake_body *b = body;

	(void)ctx;
	assert_int_not_equal(b->phase, BODY_NONE);
	b->phase = BODY_NONE;
	if (fault_strikes(&world.commit)) {
		world.aborted++; /* neither commit nor abort follows */
		return world.commit.sys;
	}
	world.committed++;
	stored->file = "new";
	return 0;
}

static void
world_abort(void *ctx, void *body)
{
	struct fake_body *b = body;

	(void)ctx;
	assert_int_not_equal(b->phase, BODY_NONE);
	b->phase = BODY_NONE;
	world.aborted++;
}

static void
world_shrink(void *ctx)
{
	(void)ctx;
	world.shrunk++;
}

/* ---- Observer ----------------------------------------------------------- */

static void
world_keep(char *to, size_t cap, const char *text)
{
	(void)snprintf(to, cap, "%s", text != NULL ? text : "");
}

static int
world_result(void *ctx, const struct bulkfetch_result *r)
{
	struct told *t;

	(void)ctx;
	assert_in_range(r->n, 1, WORLD_URLS_MAX);
	t = &world.told[r->n - 1];
	t->results++;
	world.results++;
	/* A failure has its words, a success none. */
	assert_int_equal(r->ok, r->error == NULL);
	assert_int_equal(r->ok, r->stage == NULL);
	assert_int_equal(r->ok, r->message == NULL);
	t->ok = r->ok;
	t->is_skipped = r->is_skipped;
	t->is_url_cut = r->is_url_cut;
	t->url_len = r->url.len;
	world_keep(t->error, sizeof(t->error), r->error);
	world_keep(t->stage, sizeof(t->stage), r->stage);
	world_keep(t->message, sizeof(t->message), r->message);
	world_keep(t->ip, sizeof(t->ip), r->ip);
	t->status = r->status;
	t->sys = r->sys;
	t->tries = r->tries;
	t->bytes = r->bytes;
	t->has_file = r->file != NULL;
	t->dns_ms = r->dns_ms;
	t->connect_ms = r->connect_ms;
	t->ttfb_ms = r->ttfb_ms;
	t->total_ms = r->total_ms;
	t->is_unchanged = r->is_unchanged;
	t->redirects = r->redirects;
	(void)snprintf(t->final_url, sizeof(t->final_url), "%.*s",
	    (int)r->final_url.len, r->final_url.ptr);
	t->received = r->received;
	t->continued_at = r->continued_at;
	t->ended_at_ms = fake_now_ms - FAKE_START_MS;
	return fault_strikes(&world.result) ? world.result.sys : 0;
}

static int
world_flush(void *ctx)
{
	(void)ctx;
	return fault_strikes(&world.flush) ? world.flush.sys : 0;
}

static void
world_tick(void *ctx, const struct bulkfetch_stats *stats)
{
	(void)ctx;
	assert_true(stats->in_flight <= world.options.concurrency);
	world.ticks++;
}

static void
world_message(void *ctx, enum bulkfetch_level level, const char *text)
{
	(void)ctx;
	world.warnings += level == BULKFETCH_LEVEL_WARNING;
	world.errors += level == BULKFETCH_LEVEL_ERROR;
	if (level <= BULKFETCH_LEVEL_WARNING)
		world_keep(world.message, sizeof(world.message), text);
}

/* ---- Resolver ----------------------------------------------------------- */

static void
world_add_addr(struct lookup *l, const char *addr, uint16_t port)
{
	assert_true(
	    endpoint_parse(slice_str(addr), port, &l->addrs[l->count++]));
}

static bool
world_host_is(struct slice host, const char *start)
{
	return host.len >= strlen(start) &&
	    slice_eq_str(slice_first(host, strlen(start)), start);
}

/* "nowhere" has no address, "twoN" has 192.0.2.9 and 192.0.2.1, any other
 * name 192.0.2.1; "later..." is answered later, "never" never. */
static bool
world_start(
    struct resolver *r, struct lookup *l, struct slice host, uint16_t port)
{
	unsigned i = 0;

	(void)r;
	world.lookups_begun++;
	l->count = 0;
	l->err = err_none();
	if (world.short_lookups > 0) {
		world.short_lookups--;
		l->err = err_code(ERR_SHORTAGE, EMFILE);
		return true;
	}
	if (world_host_is(host, "faint") && world.faint_lookups > 0) {
		world.faint_lookups--;
		l->err = err_of(ERR_DNS);
		return true;
	}
	if (world_host_is(host, "nowhere"))
		l->err = err_of(ERR_RESOLVE);
	else if (world_host_is(host, "two"))
		world_add_addr(l, "192.0.2.9", port);
	if (!err_is(l->err))
		world_add_addr(l, "192.0.2.1", port);
	if (!world_host_is(host, "later") && !world_host_is(host, "never"))
		return true;
	while (world.lookups[i] != NULL)
		assert_true(++i < WORLD_LOOKUPS_MAX);
	world.lookups[i] = l;
	world.answer_at_ms[i] = world_host_is(host, "never")
	    ? INT64_MAX
	    : fake_now_ms + WORLD_LATER_MS;
	return false;
}

static void
world_cancel(struct resolver *r, struct lookup *l)
{
	unsigned i = 0;

	(void)r;
	while (world.lookups[i] != l)
		assert_true(++i < WORLD_LOOKUPS_MAX);
	world.lookups[i] = NULL;
	world.cancelled++;
}

static void
world_get_stats(const struct resolver *r, struct resolver_stats *stats)
{
	(void)r;
	*stats = (struct resolver_stats){ 0 };
}

static void
world_free(struct resolver *r)
{
	(void)r;
	for (unsigned i = 0; i < WORLD_LOOKUPS_MAX; i++)
		assert_null(world.lookups[i]);
}

/* Whether there was one to answer. */
static bool
world_answer_lookups(void)
{
	bool has_answered = false;

	for (unsigned i = 0; i < WORLD_LOOKUPS_MAX; i++) {
		struct lookup *l = world.lookups[i];

		if (l == NULL || world.answer_at_ms[i] > fake_now_ms)
			continue;
		world.lookups[i] = NULL;
		l->fn(l->ctx);
		has_answered = true;
	}
	fake_wake_ms = INT64_MAX;
	for (unsigned i = 0; i < WORLD_LOOKUPS_MAX; i++) {
		if (world.lookups[i] != NULL &&
		    world.answer_at_ms[i] < fake_wake_ms)
			fake_wake_ms = world.answer_at_ms[i];
	}
	return has_answered;
}

struct err __wrap_resolver_system_new(const struct resolver_options *options,
    struct reactor *reactor, struct resolver **out);

struct err
__wrap_resolver_system_new(const struct resolver_options *options,
    struct reactor *reactor, struct resolver **out)
{
	(void)options;
	(void)reactor;
	world.resolver.start = world_start;
	world.resolver.cancel = world_cancel;
	world.resolver.get_stats = world_get_stats;
	world.resolver.free = world_free;
	*out = &world.resolver;
	return err_none();
}

/* ---- Servers ------------------------------------------------------------ */

/* What the server behind peer `i` does with a request for `path`. */
static void
world_answer(unsigned i, const char *path)
{
	static const struct {
		const char *path;
		const char *reply;
		bool closes;
	} answers[] = {
		{ "/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		    false },
		{ "/last", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		    true },
		{ "/end", "HTTP/1.1 200 OK\r\n\r\nup to the end", true },
		{ "/chunked",
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "5\r\nhello\r\n0\r\n\r\n",
		    false },
		{ "/empty", "HTTP/1.1 204 No Content\r\n\r\n", false },
		{ "/404",
		    "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
		    false },
		{ "/404-large",
		    "HTTP/1.1 404 x\r\nContent-Length: 65537\r\n\r\nno",
		    false },
		{ "/404-half",
		    "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nno",
		    true },
		{ "/206", "HTTP/1.1 206 Partial\r\nContent-Length: 2\r\n\r\nno",
		    false },
		{ "/half", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		    true },
		{ "/stuck", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		    false },
		{ "/nonsense", "nonsense", false },
		{ "/die", "", true },
		/* The rest comes a turn later. */
		{ "/split", "HTTP/1.1 200 OK\r\nContent-", false },
		{ "/silent", "", false },
	};

	for (size_t a = 0; a < COUNT(answers); a++) {
		if (strcmp(path, answers[a].path) != 0)
			continue;
		fake_say_str(i, answers[a].reply);
		if (answers[a].closes)
			fake_close(i);
		world.is_split[i] = strcmp(path, "/split") == 0;
		return;
	}
	fail_msg("%s: nobody answers that", path);
}

static void
world_serve(unsigned i)
{
	char request[4096];
	char path[64];
	ssize_t n =
	    recv(fake_peers[i], request, sizeof(request) - 1, MSG_DONTWAIT);

	if (n == -1 && errno == EAGAIN) {
		world.peers_open++;
		if (world.is_split[i])
			fake_say_str(i, "Length: 5\r\n\r\nhello");
		world.is_split[i] = false;
		return;
	}
	if (n <= 0) {
		fake_close(i);
		return;
	}
	world.peers_open++;
	request[n] = '\0';
	assert_int_equal(sscanf(request, "%*s %63s HTTP/1.1", path), 1);
	world.requests++;
	if (world.answer != NULL)
		world.answer(i, request);
	else
		world_answer(i, path);
}

static bool
world_turn(void)
{
	bool has_answered;

	if (++world.waits > WORLD_WAITS_MAX)
		fail_msg("spins");
	if (world.on_wait != NULL)
		world.on_wait();
	has_answered = world_answer_lookups();
	world.peers_open = 0;
	for (unsigned i = 0; i < fake_peer_count; i++) {
		if (fake_peers[i] != -1 && !fake_hangs[i])
			world_serve(i);
	}
	if (world.peers_open > world.peers_peak)
		world.peers_peak = world.peers_open;
	return has_answered;
}

/* ---- The run ------------------------------------------------------------ */

static inline int
world_setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	fake_peers_reset();
	fake_now_ms = FAKE_START_MS;
	fake_before_wait = world_turn;
	bulkfetch_options_init(&world.options);
	world.options.concurrency = 4;
	world.options.retries = 0; /* what fails has failed */
	world.pending_at = world.error_at = SIZE_MAX;
	world.pending_fd = -1;
	world.source.next = world_next;
	world.source.fd = world_fd;
	world.collector.has = world_has;
	world.collector.begin = world_begin;
	world.collector.write = world_write;
	world.collector.commit = world_commit;
	world.collector.abort = world_abort;
	world.collector.shrink = world_shrink;
	world.observer.result = world_result;
	world.observer.flush = world_flush;
	world.observer.tick = world_tick;
	world.observer.message = world_message;
	world.observer.level_max = BULKFETCH_LEVEL_DEBUG;
	return 0;
}

static inline int
world_teardown(void **state)
{
	(void)state;
	fake_peers_reset();
	fake_before_wait = NULL;
	return 0;
}

static inline bool
world_new(void)
{
	struct bulkfetch_problem problem = { .text = "" };

	world.run = bulkfetch_new(&world.options, &world.source,
	    &world.collector, &world.observer, &problem);
	return world.run != NULL;
}

/* Run, and check what holds of every run; what the counts are. */
static inline enum bulkfetch_end
world_go(struct bulkfetch_stats *stats)
{
	enum bulkfetch_end end = bulkfetch_run(world.run);

	bulkfetch_get_stats(world.run, stats);
	bulkfetch_free(world.run);
	for (size_t i = 0; i < world.given; i++) {
		if (world.told[i].results != 1)
			fail_msg(
			    "%zu: %u results", i + 1, world.told[i].results);
	}
	assert_int_equal(world.results, world.given);
	assert_int_equal(stats->fetched + stats->skipped + stats->unchanged +
		stats->unbegun + stats->failed,
	    world.given);
	assert_int_equal(stats->in_flight, 0);
	assert_int_equal(world.begun, world.committed + world.aborted);
	assert_true(stats->connections_peak <= world.options.concurrency);
	return end;
}

/* `count` requests for `urls` in turn. */
static inline enum bulkfetch_end
world_fetch(const char *const *urls, size_t urls_len, size_t count,
    struct bulkfetch_stats *stats)
{
	assert_true(count <= WORLD_URLS_MAX);
	world.urls = urls;
	world.urls_len = urls_len;
	world.url_count = count;
	assert_true(world_new());
	return world_go(stats);
}

/* One request; what was told of it. */
static inline const struct told *
world_fetch_one(const char *url)
{
	struct bulkfetch_stats stats;

	assert_int_equal(world_fetch(&url, 1, 1, &stats), BULKFETCH_END_LIST);
	return &world.told[0];
}

#endif
