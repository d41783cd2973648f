#include "fetch/transfer.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

/* Spaces that a long URL has blown up beyond this are not kept. */
#define SPACE_KEEP 2048

static const char *const STAGE_FILE = "file";

void
transfer_init(struct transfer *t, struct transfer_env *env)
{
	*t = (struct transfer){ .env = env };
	list_init(&t->link);
	buf_init(&t->space, URL_MAX_LEN + URL_SPACE_MAX);
}

void
transfer_fini(struct transfer *t)
{
	buf_fini(&t->space);
}

static struct bulkfetch_text
text_of(struct slice s)
{
	return (
	    struct bulkfetch_text){ .ptr = (const char *)s.ptr, .len = s.len };
}

static struct bulkfetch_request
request_of(const struct transfer *t)
{
	struct bulkfetch_request request = {
		.n = t->item.n,
		.url = text_of(t->url.text),
		.scheme = text_of(t->url.scheme),
		.host = text_of(t->url.host),
		.authority = text_of(t->url.authority),
		.path = text_of(t->url.path),
		.userinfo = text_of(t->url.userinfo),
		.port = t->url.port,
		.user = t->item.user,
	};

	if (t->url.has_query)
		request.query = text_of(t->url.query);
	return request;
}

/* "http://host:port": what tells origins apart. */
static struct slice
origin_key(const struct transfer *t)
{
	const uint8_t *end = t->url.authority.ptr + t->url.authority.len;

	return slice_first(t->url.text, (size_t)(end - t->url.text.ptr));
}

/* The failure `sys` of the collector, as ours. */
static struct err
collector_err(int sys)
{
	if (sys == EINTR)
		return err_of(ERR_STOPPED); /* while waiting to write */
	return err_code(err_is_shortage(sys) ? ERR_SHORTAGE : ERR_FILE, sys);
}

static void
abort_body(struct transfer *t)
{
	if (t->is_stored)
		t->env->collector.abort(t->env->collector.ctx, t->body);
	t->is_stored = false;
	t->body = NULL;
}

static void
give_back(struct transfer *t)
{
	struct conn *c = t->conn;

	t->conn = NULL;
	if (c != NULL)
		pool_give(t->env->pool, c);
}

static int64_t
since(int64_t at_ms, int64_t now_ms)
{
	return at_ms == -1 ? -1 : now_ms - at_ms;
}

/* Where it ended: some verdicts tell by themselves. */
static const char *
stage_of(const struct transfer *t, struct err err)
{
	if (err.kind == ERR_FILE)
		return STAGE_FILE;
	if (err.kind == ERR_STATUS)
		return conn_state_name(CONN_HEAD);
	return t->stage;
}

/* Tell the engine.  `stored` is what became of the body, empty if nothing. */
static void
finish(struct transfer *t, struct err err,
    const struct bulkfetch_stored *stored, bool is_skipped)
{
	int64_t now_ms = reactor_now_ms(t->env->reactor);
	char text[TRANSFER_MESSAGE_MAX];
	struct bulkfetch_result result = {
		.n = t->item.n,
		.list = t->item.list,
		.line = t->item.line,
		.url = { .ptr = (const char *)t->space.ptr,
		    .len = t->listed_len },
		.host = text_of(t->url.authority),
		.is_url_cut = t->item.is_cut,
		.ok = !err_is(err),
		.is_skipped = is_skipped,
		.status = t->status,
		.sys = err.sys,
		.file = stored->file,
		.is_moved = stored->is_moved,
		.bytes = t->bytes,
		.tries = t->tries,
		.ip = t->ip[0] != '\0' ? t->ip : NULL,
		.queued_ms = t->begun_at_ms == -1
		    ? now_ms - t->queued_at_ms
		    : t->begun_at_ms - t->queued_at_ms,
		.dns_ms = t->lookup_ms,
		.connect_ms = t->connect_ms,
		.tls_ms = -1,
		.ttfb_ms = t->ttfb_ms,
		.total_ms = now_ms - t->queued_at_ms,
		.user = t->item.user,
	};

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

static void
fail(struct transfer *t, struct err err)
{
	const struct bulkfetch_stored nothing = { 0 };

	if (err.kind != ERR_STATUS)
		t->message[0] = '\0';
	abort_body(t);
	finish(t, err, &nothing, false);
}

/* Descriptors or ports were used up: let go of everything and wait. */
static void
postpone(struct transfer *t)
{
	abort_body(t);
	t->state = TRANSFER_SHORT;
	t->env->done(t->env->ctx, t, TRANSFER_POSTPONED, NULL);
}

static void start_try(struct transfer *t);
static void connect_try(struct transfer *t);

/* ---- What the connection asks and tells --------------------------------- */

static struct err
on_compose(void *owner, struct buf *out, struct slice *body)
{
	struct transfer *t = owner;

	t->sent_at_ms = reactor_now_ms(t->env->reactor);
	if (t->connect_at_ms != -1)
		t->connect_ms = t->sent_at_ms - t->connect_at_ms;
	*body = t->env->request_body;
	return request_write(&t->env->form, &t->url, NULL, out);
}

static bool
is_success(const struct transfer *t)
{
	if (t->status == 206)
		return t->env->may_be_partial;
	return t->status >= 200 && t->status <= 299;
}

/* "404 Not Found" */
static void
describe_status(struct transfer *t, const struct response *res)
{
	const char *more = t->status == 206 ? " (no range was asked for)" : "";
	int len = res->reason.len < 80 ? (int)res->reason.len : 80;

	(void)snprintf(t->message, sizeof(t->message), "%u%s%.*s%s", t->status,
	    len > 0 ? " " : "", len, (const char *)res->reason.ptr, more);
}

static struct err
begin_body(struct transfer *t, const struct response *res)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	const struct bulkfetch_request request = request_of(t);
	const struct bulkfetch_response response = {
		.request = &request,
		.status = t->status,
		.length = BULKFETCH_LENGTH_UNKNOWN,
		.head = text_of(res->head),
	};
	struct bulkfetch_response known = response;
	int sys;

	if (res->framing == RESPONSE_LENGTH)
		known.length = res->length;
	else if (res->framing == RESPONSE_NO_BODY)
		known.length = 0;
	sys = collector->begin(collector->ctx, &known, &t->body);
	if (sys != 0)
		return collector_err(sys);
	t->is_stored = true;
	return err_none();
}

static struct err
on_head(void *owner, const struct response *res)
{
	struct transfer *t = owner;
	uint64_t max = t->env->options.max_filesize;
	bool is_ok;

	t->stage = conn_state_name(CONN_BODY);
	t->status = res->status;
	t->ttfb_ms = since(t->sent_at_ms, t->exchange.first_octet_ms);
	is_ok = is_success(t);
	if (!is_ok)
		describe_status(t, res);
	if (!is_ok && !t->env->options.fail_with_body) {
		/* Not worth waiting for, nor is the connection then. */
		if (res->length > TRANSFER_DISCARD_MAX)
			return err_of(ERR_STATUS);
		return err_none();
	}
	if (max > 0 && res->length > max)
		return err_why(ERR_LIMIT, "larger than --max-filesize");
	return begin_body(t, res);
}

static struct err
count_octets(struct transfer *t, size_t len)
{
	uint64_t max = t->env->options.max_filesize;

	t->bytes += len;
	if (!t->is_stored && t->bytes > TRANSFER_DISCARD_MAX)
		return err_of(ERR_STATUS);
	if (t->is_stored && max > 0 && t->bytes > max)
		return err_why(ERR_LIMIT, "larger than --max-filesize");
	return err_none();
}

static struct err
on_data(void *owner, struct slice data, bool is_last)
{
	struct transfer *t = owner;
	const struct bulkfetch_collector *collector = &t->env->collector;
	struct err err = count_octets(t, data.len);
	int sys;

	if (err_is(err) || !t->is_stored)
		return err;
	sys = collector->write(collector->ctx, t->body, text_of(data), is_last);
	return sys != 0 ? collector_err(sys) : err_none();
}

static int
on_sink(void *owner)
{
	struct transfer *t = owner;
	const struct bulkfetch_collector *collector = &t->env->collector;

	if (!t->is_stored || collector->fd == NULL)
		return -1;
	return collector->fd(collector->ctx, t->body);
}

static struct err
on_sunk(void *owner, size_t len)
{
	return count_octets(owner, len);
}

/* The response is whole. */
static void
succeed(struct transfer *t)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	struct bulkfetch_stored stored = { 0 };
	struct err err = err_none();
	int sys;

	if (t->is_stored) {
		t->is_stored = false;
		sys = collector->commit(collector->ctx, t->body, &stored);
		t->body = NULL;
		if (sys != 0) {
			err = collector_err(sys);
			stored = (struct bulkfetch_stored){ 0 };
		}
	}
	if (err.kind == ERR_SHORTAGE && t->env->form.is_idempotent) {
		postpone(t);
		return;
	}
	if (err_is(err))
		t->message[0] = '\0';
	else if (!is_success(t))
		err = err_of(ERR_STATUS);
	finish(t, err, &stored, false);
}

/* The address is at fault, and there is another one and the time to try it. */
static bool
may_try_next_addr(
    const struct transfer *t, enum conn_state failed_in, struct err err)
{
	if (t->addr_at + 1 >= t->lookup.count)
		return false;
	if (err.kind == ERR_TIMEOUT)
		return failed_in == CONN_CONNECT &&
		    reactor_now_ms(t->env->reactor) < t->exchange.deadline_ms;
	return err.kind == ERR_CONNECT;
}

static void
on_done(void *owner, struct err err)
{
	struct transfer *t = owner;
	struct conn *c = t->conn;
	bool was_stale = conn_was_stale(c, &t->exchange, err);
	enum conn_state failed_in = c->failed_in;

	give_back(t);
	if (!err_is(err)) {
		succeed(t);
		return;
	}
	if (failed_in == CONN_CONNECT || failed_in == CONN_HANDSHAKE)
		t->connect_ms = -1; /* composed in vain: conn_start() */
	t->stage = conn_state_name(failed_in);
	/* How an unwanted body came to its end is of no interest. */
	if (t->status != 0 && !is_success(t) && !t->env->options.fail_with_body)
		err = err_of(ERR_STATUS);
	/* RFC 9110, section 9.2.2: what is safe to repeat is repeated. */
	if (was_stale && t->env->form.is_idempotent) {
		t->must_be_fresh = true;
		start_try(t);
		return;
	}
	if (may_try_next_addr(t, failed_in, err)) {
		t->addr_at++;
		connect_try(t);
		return;
	}
	if (err.kind == ERR_SHORTAGE && t->env->form.is_idempotent) {
		postpone(t);
		return;
	}
	fail(t, err);
}

static const struct exchange_ops exchange_ops = {
	.compose = on_compose,
	.head = on_head,
	.data = on_data,
	.sink = on_sink,
	.sunk = on_sunk,
	.done = on_done,
};

/* ---- One try ------------------------------------------------------------ */

static void
connect_try(struct transfer *t)
{
	struct transfer_env *env = t->env;
	struct err err;

	for (;; t->addr_at++) {
		t->stage = conn_state_name(CONN_CONNECT);
		t->state = TRANSFER_EXCHANGE;
		t->connect_at_ms = reactor_now_ms(env->reactor);
		err = pool_connect(env->pool, origin_key(t),
		    &t->lookup.addrs[t->addr_at], &t->exchange, &t->conn);
		if (err.kind != ERR_CONNECT ||
		    t->addr_at + 1 >= t->lookup.count)
			break;
	}
	if (err.kind == ERR_SHORTAGE) {
		postpone(t);
	} else if (err_is(err)) {
		fail(t, err);
	} else {
		assert(t->conn != NULL);
		memcpy(t->ip, t->conn->ip, sizeof(t->ip));
		conn_start(t->conn); /* t may have ended in there */
	}
}

static void
on_lookup(void *ctx)
{
	struct transfer *t = ctx;

	t->lookup_ms = since(t->lookup_at_ms, reactor_now_ms(t->env->reactor));
	t->addr_at = 0;
	if (t->lookup.err.kind == ERR_SHORTAGE)
		postpone(t);
	else if (err_is(t->lookup.err))
		fail(t, t->lookup.err);
	else
		connect_try(t);
}

/* Over an idle connection if there is one, else over a new one. */
static void
start_try(struct transfer *t)
{
	struct transfer_env *env = t->env;

	t->tries++;
	t->connect_at_ms = -1;
	t->sent_at_ms = -1;
	if (!t->must_be_fresh) {
		t->conn = pool_take_idle(env->pool, origin_key(t));
		if (t->conn != NULL) {
			t->state = TRANSFER_EXCHANGE;
			memcpy(t->ip, t->conn->ip, sizeof(t->ip));
			conn_begin(t->conn, &t->exchange);
			return;
		}
	}
	if (t->lookup.count > 0) {
		connect_try(t);
		return;
	}
	t->state = TRANSFER_LOOKUP;
	t->stage = "dns";
	t->lookup_at_ms = reactor_now_ms(env->reactor);
	if (env->resolver->start(
		env->resolver, &t->lookup, t->url.host, t->url.port))
		on_lookup(t);
}

/* Whether the collector has it already, or the failure to find out. */
static bool
ended_by_collector(struct transfer *t)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	struct bulkfetch_stored stored = { 0 };
	struct bulkfetch_request request;
	int has;

	if (collector->has == NULL)
		return false;
	request = request_of(t);
	has = collector->has(collector->ctx, &request, &stored);
	if (has == 0)
		return false;
	t->stage = STAGE_FILE;
	if (has > 0)
		finish(t, err_none(), &stored, true);
	else if (err_is_shortage(-has))
		postpone(t);
	else
		fail(t, collector_err(-has));
	return true;
}

/* From the top: what is there already, then the network. */
static void
start(struct transfer *t)
{
	uint64_t max_ms = t->env->options.max_time_ms;
	int64_t now_ms = reactor_now_ms(t->env->reactor);

	if (t->begun_at_ms == -1) {
		if (ended_by_collector(t))
			return;
		t->begun_at_ms = now_ms;
		t->exchange.deadline_ms =
		    max_ms > 0 ? now_ms + (int64_t)max_ms : INT64_MAX;
	}
	if (now_ms >= t->exchange.deadline_ms)
		fail(t, err_why(ERR_TIMEOUT, "longer than --max-time"));
	else
		start_try(t);
}

/* Keep the item's octets and parse them. */
static struct err
take_item(struct transfer *t, const struct bulkfetch_item *item)
{
	struct slice listed = slice_of(item->url.ptr, item->url.len);
	const char *problem = item->problem;
	struct err err;

	if (t->space.cap > SPACE_KEEP)
		buf_fini(&t->space);
	buf_clear(&t->space);
	t->item = *item;
	t->item.url = (struct bulkfetch_text){ 0 };
	t->url = (struct url){ 0 };
	t->listed_len = 0;
	if (listed.len > URL_MAX_LEN) {
		listed = slice_first(listed, URL_MAX_LEN);
		t->item.is_cut = true;
		if (problem == NULL)
			problem = "the URL is too long";
	}
	err = buf_append(&t->space, listed);
	if (err_is(err))
		return err;
	t->listed_len = listed.len;
	if (problem != NULL)
		return err_why(ERR_REQUEST, problem);
	/* Parsed where it came from: appending moves what is in `space`. */
	return url_parse(listed, &t->space, &t->url);
}

void
transfer_begin(struct transfer *t, const struct bulkfetch_item *item)
{
	struct err err;

	t->stage = "url";
	t->conn = NULL;
	t->must_be_fresh = false;
	t->body = NULL;
	t->is_stored = false;
	t->status = 0;
	t->bytes = 0;
	t->tries = 0;
	t->ip[0] = '\0';
	t->message[0] = '\0';
	t->lookup.count = 0;
	t->queued_at_ms = reactor_now_ms(t->env->reactor);
	t->begun_at_ms = t->lookup_at_ms = t->lookup_ms = -1;
	t->connect_at_ms = t->connect_ms = -1;
	t->sent_at_ms = t->ttfb_ms = -1;
	t->exchange.ops = &exchange_ops;
	t->exchange.owner = t;
	t->exchange.to_head = t->env->form.is_head;
	t->exchange.is_closing = t->env->form.is_closing;
	t->lookup.fn = on_lookup;
	t->lookup.ctx = t;
	err = take_item(t, item);
	if (!err_is(err) && slice_eq_str(t->url.scheme, "https"))
		err = err_why(ERR_SCHEME, "https is not supported yet");
	if (err_is(err)) {
		fail(t, err);
		return;
	}
	start(t);
}

void
transfer_resume(struct transfer *t)
{
	t->status = 0;
	t->bytes = 0;
	start(t);
}

void
transfer_abort(struct transfer *t, struct err err)
{
	if (t->state == TRANSFER_LOOKUP)
		t->env->resolver->cancel(t->env->resolver, &t->lookup);
	if (t->conn != NULL) {
		t->stage = conn_state_name(t->conn->state);
		conn_close(t->conn);
		give_back(t);
	}
	fail(t, err);
}
