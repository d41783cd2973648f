/*
 * transfer_end - how tries end: in a result, in another try, at another URL.
 */
#include "fetch/transfer_internal.h"

#include <string.h>

#include "fetch/retry.h"
#include "net/dns_cache.h"

/* The present request's method, which a redirect may have made GET. */
static bool
is_idempotent(const struct transfer *t)
{
	return transfer_form(t)->is_idempotent;
}

/* ---- Ends --------------------------------------------------------------- */

/* Where it ended: some verdicts tell by themselves. */
static const char *
stage_of(const struct transfer *t, struct err err)
{
	if (err.kind == ERR_FILE)
		return TRANSFER_STAGE_FILE;
	/* Of a redirect's new URL, if there was a request at all. */
	if (err.kind == ERR_STATUS || err.kind == ERR_REDIRECT)
		return conn_state_name(CONN_HEAD);
	if (err.kind == ERR_NO_TLS)
		return conn_state_name(CONN_TLS);
	if (err.kind == ERR_HOST_DOWN)
		return conn_state_name(CONN_CONNECT);
	/* The head says which, and the body is what cannot be had then. */
	if (err.kind == ERR_CODING)
		return conn_state_name(CONN_BODY);
	return t->stage;
}

void
transfer_finish(
    struct transfer *t, struct err err, struct bulkfetch_result result)
{
	const struct redirects *r = t->redirects;
	int64_t now_ms = reactor_now_ms(t->env->reactor);
	char text[TRANSFER_MESSAGE_MAX];

	result.n = t->item.n;
	result.list = t->item.list;
	result.line = t->item.line;
	result.url = t->listed_len > 0
	    ? text_from(slice_of(t->space.ptr, t->listed_len))
	    : t->item.url;
	result.host = text_from(t->url.authority);
	result.is_url_cut = t->item.is_cut;
	result.ok = !err_is(err);
	result.status = t->try.status;
	result.sys = err.sys;
	result.bytes =
	    err_is(err) && !t->try.is_wanted ? t->try.discarded : t->stored_len;
	result.received = t->received;
	result.continued_at = t->continued_at;
	result.tries = t->tries;
	result.ip = t->ip[0] != '\0' ? t->ip : NULL;
	if (t->route.proxy != NULL && t->tries > 0)
		result.proxy = text_from(buf_slice(&t->route.proxy->text));
	result.queued_ms =
	    (t->begun_at_ms == -1 ? now_ms : t->begun_at_ms) - t->queued_at_ms;
	result.dns_ms = t->lookup_ms;
	result.connect_ms = t->try.connect_ms;
	result.tls_ms = t->tries > 0 ? t->exchange.tls_ms : -1;
	result.ttfb_ms = t->try.ttfb_ms;
	result.total_ms = now_ms - t->queued_at_ms;
	result.user = t->item.user;
	if (r != NULL && r->count > 0) {
		result.redirects = r->count;
		result.final_url = text_from(r->url.text);
	}
	if (err_is(err)) {
		result.error = err_name(err.kind);
		result.stage = stage_of(t, err);
		result.message = t->message[0] != '\0'
		    ? t->message
		    : err_text(err, text, sizeof(text));
	}
	t->state = TRANSFER_FREE;
	t->env->done(t->env->ctx, t, TRANSFER_ENDED, &result);
}

void
transfer_fail(struct transfer *t, struct err err)
{
	if (err.kind != ERR_STATUS && err.kind != ERR_CODING &&
	    !t->exchange.has_words)
		t->message[0] = '\0';
	/* The next run may get the rest. */
	if (err.kind == ERR_STOPPED || err.kind == ERR_IO ||
	    err.kind == ERR_TRUNCATED || err.kind == ERR_TIMEOUT)
		transfer_leave_body(t);
	else
		transfer_abort_body(t);
	transfer_finish(t, err, (struct bulkfetch_result){ 0 });
}

/* Wait for another turn, `end` says why. */
static void
yield(struct transfer *t, enum transfer_end end, int64_t at_ms)
{
	t->state = TRANSFER_READY;
	t->again_at_ms = at_ms;
	t->exchange.has_words = false;
	t->left_ms = t->exchange.deadline_ms;
	if (t->left_ms != INT64_MAX)
		t->left_ms -= reactor_now_ms(t->env->reactor);
	t->env->done(t->env->ctx, t, end, NULL);
}

void
transfer_postpone(struct transfer *t)
{
	if (!t->is_suspended)
		transfer_abort_body(t);
	yield(t, TRANSFER_SHORT, reactor_now_ms(t->env->reactor));
}

/* ---- Another try -------------------------------------------------------- */

static uint64_t
next_random(struct transfer_env *env)
{
	/* xorshift64: good enough to keep retries apart. */
	env->random ^= env->random << 13;
	env->random ^= env->random >> 7;
	env->random ^= env->random << 17;
	return env->random;
}

/* Whether a retry that begins at `at_ms` is within --retry-max-time. */
static bool
is_in_time(const struct transfer *t, int64_t at_ms)
{
	uint64_t max_ms = t->env->options.retry_max_time_ms;

	return max_ms == 0 || at_ms - t->begun_at_ms <= (int64_t)max_ms;
}

bool
transfer_may_retry(const struct transfer *t, struct err err)
{
	const struct bulkfetch_options *o = &t->env->options;
	const struct retry_case c = {
		.err = err,
		.status = t->try.status,
		/* A retry begins at the list's URL again, with its method. */
		.is_idempotent = t->env->forms[0][0].is_idempotent,
		.was_sent = t->try.sent_at_ms != -1 ||
		    (t->redirects != NULL && t->redirects->count > 0),
	};

	return t->retries < o->retries && t->try.retry_after_ms != INT64_MAX &&
	    retry_is_worth(o, &c) &&
	    is_in_time(
		t, reactor_now_ms(t->env->reactor) + t->try.retry_after_ms);
}

/* How long to wait.  A random time rather ends with --retry-max-time than
 * behind it. */
static int64_t
retry_delay(const struct transfer *t)
{
	const struct bulkfetch_options *o = &t->env->options;
	int64_t now_ms = reactor_now_ms(t->env->reactor);
	int64_t delay_ms = retry_delay_ms(o, t->retries, next_random(t->env));
	int64_t left_ms =
	    t->begun_at_ms + (int64_t)o->retry_max_time_ms - now_ms;

	if (o->retry_max_time_ms > 0 && o->retry_delay_ms == 0 &&
	    delay_ms > left_ms)
		return left_ms;
	return delay_ms;
}

/* That a name could not be found out is kept for a while: asking again before
 * would only be told the same. */
static int64_t
cached_ms(const struct transfer *t, struct err err)
{
	int64_t ms = INT64_C(1000) * DNS_CACHE_FAILURE;

	if (err.kind != ERR_DNS)
		return 0;
	for (unsigned i = 0;
	     i < t->retries && ms < INT64_C(1000) * DNS_CACHE_FAILURE_MAX; i++)
		ms *= 2;
	return ms;
}

void
transfer_end_try(struct transfer *t, struct err err)
{
	struct transfer_env *env = t->env;
	int64_t at_ms = reactor_now_ms(env->reactor);

	if (!transfer_may_retry(t, err)) {
		transfer_fail(t, err);
		return;
	}
	/* Who was told a time comes back then; the host is parked for it. */
	if (t->try.retry_after_ms == 0)
		at_ms += retry_delay(t) + cached_ms(t, err);
	if (!is_in_time(t, at_ms)) {
		transfer_fail(t, err);
		return;
	}
	if (!transfer_suspend_body(t))
		transfer_abort_body(t);
	/* From the URL of the list again. */
	redirects_free(t->redirects);
	t->redirects = NULL;
	transfer_forget_route(t);
	t->must_be_fresh = false;
	t->was_anew = false;
	t->retries++;
	t->failure = err;
	yield(t, TRANSFER_AGAIN, at_ms);
}

/* Another request as soon as there is a turn, which costs no retry. */
static void
go_on(struct transfer *t)
{
	t->failure = err_none();
	yield(t, TRANSFER_AGAIN, reactor_now_ms(t->env->reactor));
}

bool
transfer_note_host(struct transfer *t, bool is_connected)
{
	struct transfer_env *env = t->env;

	if (env->options.max_host_errors == 0 ||
	    !turns_note_connect(env->turns, transfer_origin(t), is_connected,
		reactor_now_ms(env->reactor)))
		return true;
	env->host(env->ctx, t, TRANSFER_HOST_DOWN, 0);
	return false;
}

void
transfer_end_without_connection(struct transfer *t, struct err err)
{
	/* Short of memory we are, or the proxy is away; not the host down. */
	if (err.kind == ERR_NOMEM || t->route.proxy != NULL ||
	    transfer_note_host(t, false))
		transfer_end_try(t, err);
	else
		transfer_fail(t, err);
}

/* ---- The end of an exchange --------------------------------------------- */

/* The response is whole, and its body was for the collector. */
static void
end_stored(struct transfer *t)
{
	struct bulkfetch_result result = { 0 };
	struct err err = err_none();

	if (t->decoding != NULL)
		err = transfer_end_decoding(t);
	if (err_is(err)) {
		transfer_abort_body(t);
		transfer_end_try(t, err);
		return;
	}
	/* A rest in chunks may have any length. */
	if (t->total != BULKFETCH_LENGTH_UNKNOWN && t->stored_len != t->total) {
		transfer_abort_body(t);
		transfer_end_try(
		    t, err_why(ERR_TRUNCATED, "the rest has another length"));
		return;
	}
	err = transfer_commit_body(t, &result);
	if (err.kind == ERR_SHORTAGE && is_idempotent(t)) {
		transfer_postpone(t);
		return;
	}
	if (err_is(err))
		t->message[0] = '\0';
	else
		err = t->try.verdict;
	transfer_finish(t, err, result);
}

static void
end_unchanged(struct transfer *t)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	const struct bulkfetch_request request = transfer_request(t);
	struct bulkfetch_result result = { .is_unchanged = true };
	struct bulkfetch_stored stored = { 0 };
	int sys = collector->keep(collector->ctx, &request, &stored);

	if (sys == ENOENT || sys == ESTALE) {
		/* Somebody has removed it meanwhile. */
		t->is_copy_void = true;
		go_on(t);
		return;
	}
	if (sys != 0) {
		transfer_fail(t, transfer_collector_err(sys));
		return;
	}
	result.file = stored.file;
	result.is_moved = stored.is_moved;
	transfer_finish(t, err_none(), result);
}

/* Go where the redirect leads to. */
static void
end_redirect(struct transfer *t)
{
	t->env->redirects++;
	transfer_forget_route(t);
	t->must_be_fresh = false;
	t->was_anew = false;
	go_on(t);
}

/* The response has come to its end, or as far as anybody cares. */
static void
conclude(struct transfer *t, bool was_reused)
{
	switch (t->try.outcome) {
	case OUTCOME_SUCCESS:
		end_stored(t);
		return;
	case OUTCOME_REDIRECT:
		end_redirect(t);
		return;
	case OUTCOME_UNCHANGED:
		end_unchanged(t);
		return;
	case OUTCOME_RESTART:
		go_on(t);
		return;
	case OUTCOME_FAILED:
	case OUTCOME_NONE:
		break;
	}
	if (t->try.is_wanted) {
		end_stored(t);
	} else if (t->try.status == 408 && was_reused && is_idempotent(t) &&
	    !t->must_be_fresh) {
		/* Said of the idle connection, not of this request (RFC 9110,
		 * section 15.5.9). */
		t->must_be_fresh = true;
		go_on(t);
	} else {
		transfer_end_try(t, t->try.verdict);
	}
}

/* How an exchange broke, as its connection tells. */
struct broken {
	enum conn_state failed_in;
	bool was_stale;
	bool is_worth_anew;
};

static void
end_broken(struct transfer *t, struct err err, const struct broken *how)
{
	enum conn_state failed_in = how->failed_in;
	bool is_unconnected = failed_in == CONN_CONNECT ||
	    failed_in == CONN_HANDSHAKE || failed_in == CONN_TLS;

	t->stage = conn_state_name(failed_in);
	if (is_unconnected) {
		if (t->route.is_absolute && err.kind == ERR_CONNECT)
			err.kind = ERR_PROXY;
		/* Composed in vain: conn_start() */
		t->try.connect_ms = -1;
		t->try.sent_at_ms = -1;
	}
	if (failed_in == CONN_TLS)
		t->try.connect_ms =
		    t->exchange.tls_at_ms - t->try.connect_at_ms;
	/* RFC 9110, section 9.2.2: what is safe to repeat is repeated. */
	if (how->was_stale && is_idempotent(t)) {
		t->must_be_fresh = true;
		go_on(t);
	} else if (how->is_worth_anew && !t->was_anew) {
		t->was_anew = true;
		go_on(t);
	} else if (err.kind == ERR_SHORTAGE &&
	    (is_unconnected || is_idempotent(t))) {
		transfer_postpone(t);
	} else if (is_unconnected) {
		transfer_end_without_connection(t, err);
	} else {
		(void)transfer_note_host(t, true);
		transfer_end_try(t, err);
	}
}

void
transfer_exchange_done(void *owner, struct err err)
{
	struct transfer *t = owner;
	struct conn *c = t->conn;
	bool was_reused = conn_is_reused(c);
	const struct broken how = {
		.failed_in = c->failed_in,
		.was_stale = conn_was_stale(c, &t->exchange, err),
		.is_worth_anew = c->stream.is_worth_anew,
	};

	memcpy(t->ip, c->ip, sizeof(t->ip));
	transfer_give_back(t);
	/* How an unwanted body came to its end is of no interest. */
	if (t->try.outcome != OUTCOME_NONE &&
	    t->try.outcome != OUTCOME_SUCCESS && !t->try.is_wanted)
		err = err_none();
	if (err_is(err))
		end_broken(t, err, &how);
	else
		conclude(t, was_reused);
}
