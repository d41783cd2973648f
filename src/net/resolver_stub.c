/*
 * Each name that servers are being asked for is one inquiry: its questions, one
 * a type, and the lookups that wait for them.  When the addresses of one type
 * have been given out, the other question goes on for the cache alone, as long
 * as no other one needs its place; nobody waits for the inquiry then, until
 * another lookup does.
 *
 * Lookups whose answer has come are collected in `answered` first and told
 * last, when nothing else is being done: what they call may start and cancel
 * others.
 */
#include "net/resolver_stub.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "net/dns_known.h"
#include "net/dns_question.h"
#include "net/resolver_tell.h"

#define DNS_PORT 53

/* Inquiries at a time that the table is made for. */
#define INQUIRIES_EXPECTED 4096

struct inquiry {
	struct hash_node node;
	struct resolver_stub *stub; /* borrowed */
	struct dns_name name;
	struct dns_known known;
	struct dns_question questions[KNOWN_TYPES];
	struct list lookups; /* that wait; their `pending` is this */
	struct timer delay;  /* for the other type */
	int64_t begun_ms;
};

struct resolver_stub {
	struct resolver_options options;
	struct reactor *reactor;   /* borrowed */
	struct dns_client *client; /* owned */
	struct dns_cache *cache;   /* owned */
	struct resolv_conf conf;   /* but for its servers */
	struct dns_client_config config;
	struct hash_table inquiries; /* by name; owned */
	uint64_t seed;
	struct list answered; /* lookups; their `pending` is the stub */
	struct resolver_stats stats;
};

static int64_t
now_ms(const struct resolver_stub *r)
{
	return reactor_now_ms(r->reactor);
}

/* ---- Inquiries ---------------------------------------------------------- */

static uint64_t
name_hash(const struct resolver_stub *r, const struct dns_name *name)
{
	return hash_octets(dns_name_slice(name), r->seed);
}

static struct inquiry *
find_inquiry(const struct resolver_stub *r, const struct dns_name *name)
{
	struct hash_node *node =
	    hash_table_first(&r->inquiries, name_hash(r, name));

	for (; node != NULL; node = hash_table_next(node)) {
		struct inquiry *q = LIST_OBJECT(node, struct inquiry, node);

		if (dns_name_eq(&q->name, name))
			return q;
	}
	return NULL;
}

/* With all its questions; nobody may wait for it. */
static void
drop_inquiry(struct inquiry *q)
{
	for (size_t i = 0; i < KNOWN_TYPES; i++)
		dns_question_cancel(&q->questions[i]);
	reactor_disarm(q->stub->reactor, &q->delay);
	hash_table_remove(&q->stub->inquiries, &q->node);
	free(q);
}

/* Wait for the other type a little only.  Where that cannot be, for as long as
 * it takes. */
static void
begin_delay(struct inquiry *q)
{
	struct reactor *reactor = q->stub->reactor;

	if (dns_known_has_addrs(&q->known) && !heap_has(&q->delay.node))
		(void)reactor_arm(reactor, &q->delay,
		    reactor_now_ms(reactor) + RESOLVER_STUB_DELAY_MS);
}

/* Ask for what `known`, which the cache had, leaves open and is not being asked
 * for already. */
static void
begin_inquiry(struct inquiry *q, const struct dns_known *known)
{
	q->begun_ms = now_ms(q->stub);
	for (size_t i = 0; i < KNOWN_TYPES; i++) {
		struct known_type *t = &q->known.types[i];

		dns_question_set_awaited(&q->questions[i], true);
		if (!t->is_wanted || q->questions[i].is_out)
			continue;
		*t = known->types[i];
		if (!t->is_known)
			dns_question_ask(&q->questions[i], &q->name, t->type);
	}
	begin_delay(q);
}

static void on_question(
    void *ctx, struct dns_question *question, const struct dns_answer *answer);
static void on_delay(void *ctx);

static struct inquiry *
new_inquiry(struct resolver_stub *r, const struct dns_name *name)
{
	struct inquiry *q = malloc(sizeof(*q));

	if (q == NULL)
		return NULL;
	q->stub = r;
	q->name = *name;
	dns_known_init(&q->known, r->options.family);
	for (size_t i = 0; i < KNOWN_TYPES; i++)
		dns_question_init(&q->questions[i], r->client, on_question, q);
	list_init(&q->lookups);
	timer_init(&q->delay, on_delay, q);
	hash_table_add(&r->inquiries, &q->node, name_hash(r, name));
	return q;
}

/* ---- Lookups ------------------------------------------------------------ */

/*
 * Answer a lookup by what is known of the name it tries.  False: that has no
 * address, and there may be another name to try; `err` is what the lookup ends
 * with if there is not.
 */
static bool
answer_by(struct resolver_stub *r, struct lookup *l, struct dns_known *known)
{
	enum dns_verdict verdict = dns_known_verdict(known);

	/* That one of the names exists says more than that another one does
	 * not. */
	if (verdict != DNS_NXDOMAIN || !err_is(l->err))
		l->err = dns_known_err(verdict, r->options.family);
	if (verdict == DNS_FOUND)
		l->count =
		    dns_known_take(known, l->port, l->addrs, LOOKUP_ADDRS_MAX);
	return !dns_verdict_is_negative(verdict);
}

enum finding {
	FINDING_CACHED, /* answered by the cache */
	FINDING_WAITS,  /* for an inquiry */
	FINDING_FAILED, /* `err` says why nobody can be asked */
};

static enum finding
fail(struct lookup *l, struct err err)
{
	l->err = err;
	return FINDING_FAILED;
}

static enum finding
wait_for_inquiry(struct resolver_stub *r, struct lookup *l,
    const struct dns_name *name, const struct dns_known *known)
{
	struct inquiry *q = find_inquiry(r, name);

	if (r->config.server_count == 0)
		return fail(l, err_why(ERR_DNS, "no name server is known"));
	if (q == NULL)
		q = new_inquiry(r, name);
	if (q == NULL)
		return fail(l, err_of(ERR_NOMEM));
	if (list_is_empty(&q->lookups))
		begin_inquiry(q, known);
	list_push_back(&q->lookups, &l->link);
	l->pending = q;
	l->was_asked = true;
	return FINDING_WAITS;
}

static void
find_cached(struct resolver_stub *r, const struct dns_name *name,
    struct dns_known *known)
{
	dns_known_init(known, r->options.family);
	for (size_t i = 0; i < KNOWN_TYPES; i++) {
		struct known_type *t = &known->types[i];
		struct dns_cached cached;

		if (t->is_wanted &&
		    dns_cache_find(r->cache, name, t->type, now_ms(r), &cached))
			known_set_cached(t, &cached);
	}
}

/* Whether what the cache has is enough: all, or addresses of one type whose
 * other one has been waited for already, and is still being asked for. */
static bool
is_enough(const struct resolver_stub *r, const struct dns_name *name,
    const struct dns_known *known)
{
	const struct inquiry *q;

	if (dns_known_is_complete(known))
		return true;
	if (!dns_known_has_addrs(known))
		return false;
	q = find_inquiry(r, name);
	return q != NULL && list_is_empty(&q->lookups);
}

/* Go on with the name to try now, and those behind it. */
static enum finding
look_up(struct resolver_stub *r, struct lookup *l)
{
	struct dns_name name;
	struct dns_known known;

	while (resolv_conf_candidate(&r->conf, l->host, &l->candidate, &name)) {
		find_cached(r, &name, &known);
		if (!is_enough(r, &name, &known))
			return wait_for_inquiry(r, l, &name, &known);
		if (answer_by(r, l, &known))
			return FINDING_CACHED;
		l->candidate++;
	}
	if (!err_is(l->err))
		return fail(l, err_why(ERR_RESOLVE, "not a host name"));
	return FINDING_CACHED;
}

/* It is pending no more. */
static void
detach(struct resolver_stub *r, struct lookup *l)
{
	list_remove(&l->link);
	reactor_disarm(r->reactor, &l->timer);
	l->pending = NULL;
}

static void
on_deadline(void *ctx)
{
	struct lookup *l = ctx;
	struct inquiry *q = l->pending;

	resolver_stub_cancel(q->stub, l);
	l->err = err_why(ERR_TIMEOUT, "longer than --max-time");
	l->fn(l->ctx);
}

/* ---- Answers ------------------------------------------------------------ */

static void
count_verdict(struct resolver_stats *stats, enum dns_verdict verdict)
{
	switch (verdict) {
	case DNS_FOUND:
		stats->resolved++;
		break;
	case DNS_NODATA:
		stats->nodata++;
		break;
	case DNS_NXDOMAIN:
		stats->nxdomain++;
		break;
	case DNS_ALIAS:
	case DNS_SERVFAIL:
	case DNS_REFUSED:
		stats->servfail++;
		break;
	case DNS_TIMEOUT:
		stats->timeouts++;
		break;
	}
}

/* Answer a lookup, or have it go on to its next name; whether the verdict on
 * this one was what it ended with. */
static bool
answer_one(struct inquiry *q, struct lookup *l)
{
	struct resolver_stub *r = q->stub;
	bool is_last = answer_by(r, l, &q->known);

	list_remove(&l->link);
	if (!is_last) {
		l->candidate++;
		if (look_up(r, l) == FINDING_WAITS)
			return false;
		is_last = l->err.kind == ERR_RESOLVE;
	}
	list_push_back(&r->answered, &l->link);
	l->pending = r;
	return is_last;
}

/* A name on the search list that there is not is no failure of the host's:
 * only what a lookup ends with counts. */
static void
answer_all(struct inquiry *q)
{
	struct resolver_stub *r = q->stub;
	enum dns_verdict verdict = dns_known_verdict(&q->known);
	bool counts = false;

	if (list_is_empty(&q->lookups))
		return;
	tell_answer(&r->options, &q->name, &q->known, now_ms(r) - q->begun_ms);
	while (!list_is_empty(&q->lookups)) {
		struct lookup *l =
		    LIST_OBJECT(q->lookups.next, struct lookup, link);

		if (answer_one(q, l))
			counts = true;
	}
	if (counts)
		count_verdict(&r->stats, verdict);
}

static void
tell_answered(struct resolver_stub *r)
{
	while (!list_is_empty(&r->answered)) {
		struct lookup *l =
		    LIST_OBJECT(r->answered.next, struct lookup, link);

		detach(r, l);
		l->fn(l->ctx);
	}
}

static void
on_question(
    void *ctx, struct dns_question *question, const struct dns_answer *answer)
{
	struct inquiry *q = ctx;
	struct resolver_stub *r = q->stub;
	struct known_type *t = &q->known.types[question - q->questions];

	dns_cache_put(r->cache, &q->name, t->type, answer, now_ms(r));
	known_set_answer(t, answer);
	if (dns_known_is_complete(&q->known)) {
		answer_all(q);
		drop_inquiry(q);
	} else if (!list_is_empty(&q->lookups)) {
		begin_delay(q);
	}
	tell_answered(r);
}

static void
on_delay(void *ctx)
{
	struct inquiry *q = ctx;
	struct resolver_stub *r = q->stub;

	answer_all(q);
	for (size_t i = 0; i < KNOWN_TYPES; i++)
		dns_question_set_awaited(&q->questions[i], false);
	tell_answered(r);
}

/* ---- Configuration ------------------------------------------------------ */

/* The servers of the options, else those of the file, else the one of this
 * machine (resolv.conf(5)). */
static void
set_servers(const struct resolver_options *o, const struct resolv_conf *conf,
    struct dns_client_config *config)
{
	static const char local[] = "127.0.0.1";
	size_t n = 0;

	for (size_t i = 0; i < o->server_count && n < DNS_SERVERS_MAX; i++)
		config->servers[n++] = o->servers[i];
	for (size_t i = 0; o->server_count == 0 && i < conf->server_count;
	     i++) {
		if (n == DNS_SERVERS_MAX)
			break;
		if (endpoint_parse(
			conf->servers[i], DNS_PORT, &config->servers[n]))
			n++;
		else
			tell_no_server(o, conf->servers[i]);
	}
	if (o->server_count == 0 && conf->server_count == 0)
		n += endpoint_parse(
		    slice_str(local), DNS_PORT, &config->servers[0]);
	config->server_count = n;
}

static bool
has_same_servers(
    const struct dns_client_config *a, const struct dns_client_config *b)
{
	if (a->server_count != b->server_count)
		return false;
	for (size_t i = 0; i < a->server_count; i++) {
		if (!endpoint_eq(&a->servers[i], &b->servers[i]))
			return false;
	}
	return true;
}

/* Other servers may know other names: those of another network. */
static void
forget_cached(struct resolver_stub *r)
{
	struct dns_cache *fresh;

	if (err_is(dns_cache_new(DNS_CACHE_OCTETS, &fresh)))
		return;
	dns_cache_free(r->cache);
	r->cache = fresh;
}

void
resolver_stub_configure(struct resolver_stub *r, const struct resolv_conf *conf)
{
	struct dns_client_config config = {
		.timeout_ms = conf->timeout_s * 1000,
		.attempts = conf->attempts,
		.is_rotated = conf->is_rotated,
		.uses_tcp = conf->uses_tcp,
	};
	bool is_first = r->config.server_count == 0;

	set_servers(&r->options, conf, &config);
	if (is_first || !has_same_servers(&r->config, &config)) {
		tell_servers(&r->options, config.servers, config.server_count);
		if (!is_first)
			forget_cached(r);
	}
	r->config = config;
	r->conf = *conf;
	r->conf.server_count = 0;
	dns_client_configure(r->client, &config);
}

/* ---- Its face ----------------------------------------------------------- */

struct err
resolver_stub_new(const struct resolver_options *options,
    struct reactor *reactor, struct resolver_stub **out)
{
	struct resolver_stub *r = calloc(1, sizeof(*r));
	unsigned max_inflight = options->max_inflight > 0
	    ? options->max_inflight
	    : RESOLVER_INFLIGHT;
	struct err err;

	if (r == NULL)
		return err_of(ERR_NOMEM);
	r->options = *options;
	r->reactor = reactor;
	list_init(&r->answered);
	resolv_conf_parse(slice_of(NULL, 0), &r->conf);
	if (getrandom(&r->seed, sizeof(r->seed), 0) != sizeof(r->seed))
		err = err_sys(ERR_IO);
	else
		err = hash_table_init(&r->inquiries, INQUIRIES_EXPECTED);
	if (!err_is(err))
		err = dns_cache_new(DNS_CACHE_OCTETS, &r->cache);
	if (!err_is(err))
		err = dns_client_new(reactor, max_inflight, &r->client);
	if (err_is(err)) {
		resolver_stub_free(r);
		return err;
	}
	*out = r;
	return err_none();
}

void
resolver_stub_free(struct resolver_stub *r)
{
	if (r == NULL)
		return;
	/* Those that go on for the cache alone. */
	for (size_t i = 0; r->inquiries.count > 0; i++) {
		/* The analyser cannot tell that each leaves its chain. */
		while (r->inquiries.heads[i] != NULL)
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
			drop_inquiry(LIST_OBJECT(
			    r->inquiries.heads[i], struct inquiry, node));
	}
	hash_table_fini(&r->inquiries);
	dns_client_free(r->client);
	dns_cache_free(r->cache);
	free(r);
}

bool
resolver_stub_start(
    struct resolver_stub *r, struct lookup *l, struct slice host, uint16_t port)
{
	l->err = err_none();
	l->count = 0;
	l->was_asked = false;
	l->host = host;
	l->port = port;
	l->candidate = 0;
	l->pending = NULL;
	list_init(&l->link);
	timer_init(&l->timer, on_deadline, l);
	switch (look_up(r, l)) {
	case FINDING_CACHED:
		r->stats.cached++;
		return true;
	case FINDING_FAILED:
		return true;
	case FINDING_WAITS:
		break;
	}
	if (l->deadline_ms == INT64_MAX)
		return false;
	l->err = reactor_arm(r->reactor, &l->timer, l->deadline_ms);
	if (err_is(l->err))
		resolver_stub_cancel(r, l);
	return err_is(l->err);
}

void
resolver_stub_cancel(struct resolver_stub *r, struct lookup *l)
{
	struct inquiry *q = l->pending != r ? l->pending : NULL;

	if (l->pending == NULL)
		return;
	detach(r, l);
	if (q != NULL && list_is_empty(&q->lookups))
		drop_inquiry(q);
}

void
resolver_stub_get_stats(
    const struct resolver_stub *r, struct resolver_stats *stats)
{
	struct dns_client_stats client;

	dns_client_get_stats(r->client, &client);
	*stats = r->stats;
	stats->queries = client.queries;
}
