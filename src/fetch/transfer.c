#include "fetch/transfer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "fetch/iri.h"
#include "fetch/transfer_internal.h"
#include "net/tls.h"

/* Spaces that a long URL has blown up beyond this are not kept. */
#define SPACE_KEEP 2048

static const struct transfer_try new_try = {
	.connect_at_ms = -1,
	.connect_ms = -1,
	.sent_at_ms = -1,
	.ttfb_ms = -1,
};

void
transfer_init(struct transfer *t, struct transfer_env *env)
{
	*t = (struct transfer){ .env = env };
	list_init(&t->link);
	turn_init(&t->turn);
	buf_init(&t->space, URL_MAX_LEN + URL_SPACE_MAX);
}

void
transfer_fini(struct transfer *t)
{
	transfer_drop_decoding(t);
	redirects_free(t->redirects);
	t->redirects = NULL;
	buf_fini(&t->space);
}

const struct url *
transfer_url(const struct transfer *t)
{
	return t->redirects != NULL && t->redirects->count > 0
	    ? &t->redirects->url
	    : &t->url;
}

const struct request_form *
transfer_form(const struct transfer *t)
{
	const struct redirects *r = t->redirects;

	if (r == NULL)
		return &t->env->forms[0][0];
	return &t->env->forms[r->is_foreign][r->is_rewritten];
}

struct slice
transfer_origin(const struct transfer *t)
{
	const struct url *url = transfer_url(t);
	const uint8_t *end = url->authority.ptr + url->authority.len;

	return slice_first(url->text, (size_t)(end - url->text.ptr));
}

struct bulkfetch_request
transfer_request(const struct transfer *t)
{
	struct bulkfetch_request request = {
		.n = t->item.n,
		.url = text_from(t->url.text),
		.scheme = text_from(t->url.scheme),
		.host = text_from(t->url.host),
		.authority = text_from(t->url.authority),
		.path = text_from(t->url.path),
		.userinfo = text_from(t->url.userinfo),
		.port = t->url.port,
		.user = t->item.user,
	};

	if (t->url.has_query)
		request.query = text_from(t->url.query);
	return request;
}

struct err
transfer_collector_err(int sys)
{
	if (sys == EINTR)
		return err_of(ERR_STOPPED); /* while waiting to write */
	return err_code(err_is_shortage(sys) ? ERR_SHORTAGE : ERR_FILE, sys);
}

void
transfer_give_back(struct transfer *t)
{
	struct conn *c = t->conn;

	t->conn = NULL;
	if (c != NULL)
		pool_give(t->env->pool, c);
}

/* ---- One try ------------------------------------------------------------ */

/* A redirect leads on within the time of its try; anything else begins one. */
static bool
is_redirected(const struct transfer *t)
{
	return t->redirects != NULL && t->redirects->count > 0;
}

/* Connecting failed: a proxy's address is not the host's. */
static struct err
as_proxy(const struct transfer *t, struct err err)
{
	if (t->route.is_absolute && err.kind == ERR_CONNECT)
		err.kind = ERR_PROXY;
	return err;
}

static bool
is_https(const struct transfer *t)
{
	return slice_eq_str(transfer_url(t)->scheme, "https");
}

/* Where to, out of the lookup and the route. */
static void
make_plan(struct transfer *t)
{
	const struct route *route = &t->route;
	struct lookup *l = &t->lookup;

	t->plan = (struct conn_plan){
		.addrs = l->addrs,
		.count = l->count,
		.name = route->proxy != NULL ? route->proxy->host : route->host,
		.host = route->host,
		.port = route->port,
	};
	if (!route->is_absolute)
		t->plan.proxy = route->proxy;
	if (t->target[0] != '\0')
		t->plan.host = slice_str(t->target);
	if (is_https(t)) {
		t->plan.tls = t->env->tls;
		t->plan.tls_host = transfer_url(t)->host;
		t->plan.origin = transfer_origin(t);
	}
	if (l->count < 2)
		return;
	if (route->keeps_order)
		addresses_pass_over(t->env->addresses, l->addrs, l->count,
		    reactor_now_ms(t->env->reactor));
	else
		addresses_order(t->env->addresses, t->plan.name, l->addrs,
		    l->count, reactor_now_ms(t->env->reactor));
}

void
transfer_connect(struct transfer *t)
{
	struct transfer_env *env = t->env;
	struct err err = t->lookup.err;

	t->stage = "dns";
	if (!err_is(err)) {
		make_plan(t);
		t->stage = conn_state_name(CONN_CONNECT);
		t->state = TRANSFER_EXCHANGE;
		t->try.connect_at_ms = reactor_now_ms(env->reactor);
		err = pool_connect(env->pool, transfer_pool_key(t), &t->plan,
		    &t->exchange, &t->conn);
		err = as_proxy(t, err);
	}
	/* The next connection is to begin with the next address. */
	t->is_resolved = false;
	if (err.kind == ERR_SHORTAGE) {
		/* There was no request. */
		if (!is_redirected(t))
			t->tries--;
		transfer_postpone(t);
	} else if (err_is(err)) {
		transfer_end_without_connection(t, err);
	} else {
		assert(t->conn != NULL);
		conn_start(t->conn); /* t may have ended in there */
	}
}

/* Over an idle connection if there is one, else over a new one. */
static void
start_try(struct transfer *t)
{
	struct transfer_env *env = t->env;

	t->try = new_try;
	t->ip[0] = '\0';
	t->message[0] = '\0';
	t->exchange.has_words = false;
	t->exchange.tls_at_ms = -1;
	t->exchange.tls_ms = -1;
	t->exchange.is_closing = transfer_form(t)->is_closing;
	transfer_find_route(t);
	if (!t->must_be_fresh) {
		t->conn = pool_take_idle(env->pool, transfer_pool_key(t));
		if (t->conn != NULL) {
			transfer_forget_addrs(t);
			t->state = TRANSFER_EXCHANGE;
			conn_begin(t->conn, &t->exchange);
			return;
		}
	}
	transfer_look_up(t);
}

/*
 * Whether the collector has it already, or the failure to find out.  Short of
 * descriptors nothing is known: to be asked again.
 */
static bool
ended_by_collector(struct transfer *t)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	struct bulkfetch_result result = { .is_skipped = true };
	struct bulkfetch_stored stored = { 0 };
	struct bulkfetch_request request;
	int has;

	t->is_checked = true;
	if (collector->has == NULL)
		return false;
	request = transfer_request(t);
	has = collector->has(collector->ctx, &request, &stored);
	if (has == 0)
		return false;
	t->stage = TRANSFER_STAGE_FILE;
	if (has > 0) {
		result.file = stored.file;
		result.is_moved = stored.is_moved;
		transfer_finish(t, err_none(), result);
	} else if (err_is_shortage(-has)) {
		t->is_checked = false;
		return false;
	} else {
		transfer_fail(t, transfer_collector_err(-has));
	}
	return true;
}

int64_t
transfer_deadline(const struct transfer *t)
{
	int64_t now_ms = reactor_now_ms(t->env->reactor);
	int64_t left_ms = t->left_ms;

	if (!is_redirected(t))
		left_ms = t->env->options.max_time_ms > 0
		    ? (int64_t)t->env->options.max_time_ms
		    : INT64_MAX;
	return left_ms != INT64_MAX ? now_ms + left_ms : INT64_MAX;
}

void
transfer_start(struct transfer *t)
{
	int64_t now_ms = reactor_now_ms(t->env->reactor);

	if (!t->is_checked && ended_by_collector(t))
		return;
	if (!t->is_checked) {
		transfer_postpone(t);
		return;
	}
	if (t->begun_at_ms == -1)
		t->begun_at_ms = now_ms;
	if (err_is(t->failure))
		t->env->retries++;
	t->failure = err_none();
	if (!is_redirected(t))
		t->tries++;
	t->exchange.deadline_ms = transfer_deadline(t);
	/* A name that was looked up for it has taken of its time. */
	if (t->is_resolved && t->lookup_ms > 0 &&
	    t->exchange.deadline_ms != INT64_MAX)
		t->exchange.deadline_ms -= t->lookup_ms;
	if (now_ms >= t->exchange.deadline_ms)
		transfer_end_try(
		    t, err_why(ERR_TIMEOUT, "longer than --max-time"));
	else
		start_try(t);
}

/* ---- The scheme --------------------------------------------------------- */

struct err
transfer_check_scheme(const struct transfer *t)
{
	const struct bulkfetch_options *o = &t->env->options;
	bool is_followed = is_redirected(t);
	unsigned scheme =
	    is_https(t) ? BULKFETCH_SCHEME_HTTPS : BULKFETCH_SCHEME_HTTP;

	if (o->schemes != 0 && (o->schemes & scheme) == 0)
		return err_why(is_followed ? ERR_REDIRECT : ERR_SCHEME,
		    is_https(t) ? "https is not among --proto"
				: "http is not among --proto");
	if (is_followed && o->redirect_schemes != 0 &&
	    (o->redirect_schemes & scheme) == 0)
		return err_why(ERR_REDIRECT,
		    is_https(t) ? "https is not among --proto-redir"
				: "http is not among --proto-redir");
	return err_none();
}

struct err
transfer_prepare_scheme(struct transfer *t)
{
	struct err err;

	if (!is_https(t))
		return err_none();
	err = tls_open(t->env->tls);
	if (err_is(err)) {
		(void)snprintf(t->message, sizeof(t->message), "%s",
		    tls_words(t->env->tls));
		t->exchange.has_words = true;
	}
	return err;
}

/* ---- The beginning and the hard end ------------------------------------- */

/* Keep the item's octets and parse them. */
static struct err
take_item(struct transfer *t, const struct bulkfetch_item *item)
{
	struct slice listed = slice_of(item->url.ptr, item->url.len);
	const char *problem = item->problem;
	struct err err;

	buf_clear(&t->space);
	t->item = *item;
	t->url = (struct url){ 0 };
	t->listed_len = 0;
	if (listed.len > URL_MAX_LEN) {
		listed = slice_first(listed, URL_MAX_LEN);
		t->item.is_cut = true;
		if (problem == NULL)
			problem = "the URL is too long";
	}
	t->item.url = text_from(listed); /* if it has to fail with that */
	err = buf_append(&t->space, listed);
	if (err_is(err))
		return err;
	t->item.url = (struct bulkfetch_text){ 0 };
	t->listed_len = listed.len;
	if (problem != NULL)
		return err_why(ERR_REQUEST, problem);
	/* Parsed where it came from: appending moves what is in `space`. */
	return iri_parse(listed, &t->space, &t->url);
}

void
transfer_release(struct transfer *t)
{
	redirects_free(t->redirects);
	t->redirects = NULL;
	if (t->space.cap > SPACE_KEEP)
		buf_fini(&t->space);
}

static void
reset(struct transfer *t)
{
	t->stage = "url";
	t->conn = NULL;
	t->must_be_fresh = false;
	t->was_anew = false;
	t->is_checked = false;
	t->try = new_try;
	t->body = NULL;
	t->is_stored = false;
	t->is_suspended = false;
	t->is_copy_void = false;
	t->stored_len = 0;
	t->received = 0;
	t->continued_at = 0;
	t->part_validator_len = 0;
	t->tries = 0;
	t->retries = 0;
	t->failure = err_none();
	t->ip[0] = '\0';
	t->message[0] = '\0';
	t->route = (struct route){ 0 };
	transfer_init_lookup(t);
	t->queued_at_ms = reactor_now_ms(t->env->reactor);
	t->begun_at_ms = -1;
	t->exchange.ops = &transfer_exchange_ops;
	t->exchange.owner = t;
	t->exchange.words = t->message;
	t->exchange.words_size = sizeof(t->message);
	t->exchange.has_words = false;
	t->exchange.to_head = t->env->forms[0][0].is_head;
}

bool
transfer_begin(struct transfer *t, const struct bulkfetch_item *item)
{
	struct err err;

	reset(t);
	err = take_item(t, item);
	if (!err_is(err))
		err = transfer_check_scheme(t);
	if (err_is(err)) {
		transfer_fail(t, err);
		return false;
	}
	if (ended_by_collector(t))
		return false;
	err = transfer_prepare_scheme(t);
	if (err_is(err)) {
		transfer_fail(t, err);
		return false;
	}
	t->state = TRANSFER_READY;
	return true;
}

void
transfer_abort(struct transfer *t, struct err err)
{
	transfer_cancel_lookup(t);
	if (t->conn != NULL) {
		t->stage = conn_state_name(t->conn->state);
		conn_close(t->conn);
		transfer_give_back(t);
	}
	transfer_fail(t, err);
}
