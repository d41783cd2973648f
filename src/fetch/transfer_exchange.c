/*
 * transfer_exchange - a transfer while a connection carries it: what the
 * request asks for, what the response's head means, where its body goes.
 */
#include "fetch/transfer_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "http/coding.h"
#include "http/date.h"
#include "http/range.h"
#include "http/validator.h"

static uint64_t
url_hash(const struct url *url)
{
	return hash_octets(url->text, 0);
}

/* Times in fields are compared with the wall clock's. */
static int64_t
wall_now_s(void)
{
	return (int64_t)time(NULL);
}

/* ---- What the request asks for ------------------------------------------ */

static void
keep_validator(struct transfer *t, struct slice validator)
{
	t->part_validator_len = 0;
	if (validator.len == 0 || validator.len > sizeof(t->part_validator) ||
	    transfer_form(t)->has_codings)
		return;
	memcpy(t->part_validator, validator.ptr, validator.len);
	t->part_validator_len = validator.len;
	t->part_url = url_hash(transfer_url(t));
}

static struct slice
part_validator(const struct transfer *t)
{
	return slice_of(t->part_validator, t->part_validator_len);
}

static void
ask_for_rest(struct transfer *t, struct request_extra *extra)
{
	t->try.asked = ASKED_REST;
	*extra = (struct request_extra){
		.range_from = t->stored_len,
		.if_range = part_validator(t),
	};
}

/* Whether `copy` came from the URL that is about to be asked. */
static bool
is_of_this_url(const struct transfer *t, const struct bulkfetch_copy *copy)
{
	const struct url *url = transfer_url(t);

	if (copy->url.len == 0)
		return slice_eq(url->text, t->url.text);
	return slice_eq(url->text, slice_of(copy->url.ptr, copy->url.len));
}

/* What an earlier run has left may spare us the whole, or a part. */
static struct err
ask_by_copy(struct transfer *t, struct request_extra *extra)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	const struct bulkfetch_request request = transfer_request(t);
	struct bulkfetch_copy copy;
	int got = collector->current(collector->ctx, &request, &copy);
	struct slice etag;

	if (got < 0)
		return transfer_collector_err(-got);
	if (got == 0 || !is_of_this_url(t, &copy))
		return err_none();
	etag = text_slice(copy.etag);
	if (copy.is_whole) {
		t->try.asked = ASKED_NEWER;
		*extra = (struct request_extra){
			.if_none_match = etag,
			.if_modified_since = text_slice(copy.last_modified),
		};
		return err_none();
	}
	keep_validator(t, etag.len > 0 ? etag : text_slice(copy.last_modified));
	if (t->part_validator_len == 0 || copy.len == 0)
		return err_none();
	t->stored_len = copy.len;
	t->total = copy.total;
	ask_for_rest(t, extra);
	return err_none();
}

/* The user's own Range and conditions are not mixed with ours. */
static struct err
decide_what_to_ask(struct transfer *t, struct request_extra *extra)
{
	const struct request_form *form = transfer_form(t);

	t->try.asked = ASKED_ALL;
	if (t->is_suspended) {
		if (t->part_url == url_hash(transfer_url(t)))
			ask_for_rest(t, extra);
		return err_none();
	}
	t->stored_len = 0;
	t->total = BULKFETCH_LENGTH_UNKNOWN;
	if (t->env->collector.current == NULL || t->is_copy_void ||
	    !form->is_get || form->has_range || form->has_conditions)
		return err_none();
	return ask_by_copy(t, extra);
}

static struct err
on_compose(void *owner, struct buf *out, struct slice *body)
{
	struct transfer *t = owner;
	struct request_extra extra = { 0 };
	bool is_rewritten = t->redirects != NULL && t->redirects->is_rewritten;
	struct err err = decide_what_to_ask(t, &extra);

	if (err_is(err))
		return err;
	t->try.sent_at_ms = reactor_now_ms(t->env->reactor);
	if (t->try.connect_at_ms != -1)
		t->try.connect_ms = t->exchange.tls_at_ms != -1
		    ? t->exchange.tls_at_ms - t->try.connect_at_ms
		    : t->try.sent_at_ms - t->try.connect_at_ms;
	*body = is_rewritten ? slice_of(NULL, 0) : t->env->request_body;
	if (t->route.is_absolute) {
		extra.is_absolute = true;
		extra.proxy_field = buf_slice(&t->route.proxy->field);
	}
	return request_write(transfer_form(t), transfer_url(t),
	    t->try.asked != ASKED_ALL || t->route.is_absolute ? &extra : NULL,
	    out);
}

/* ---- What the head says ------------------------------------------------- */

/* "404 Not Found" */
static void
describe_status(struct transfer *t, const struct response *res)
{
	const char *more =
	    t->try.status == 206 ? " (no range was asked for)" : "";
	int len = res->reason.len < 80 ? (int)res->reason.len : 80;

	(void)snprintf(t->message, sizeof(t->message), "%u%s%.*s%s",
	    t->try.status, len > 0 ? " " : "", len,
	    (const char *)res->reason.ptr, more);
}

/* A body from its first octet; what there was of another one goes. */
static struct err
take_whole(struct transfer *t, const struct response *res)
{
	bool is_coded = codings_any(res);
	struct err err = err_none();

	transfer_abort_body(t);
	t->stored_len = 0;
	t->continued_at = 0;
	t->part_validator_len = 0;
	t->total = BULKFETCH_LENGTH_UNKNOWN;
	if (is_coded)
		err = transfer_begin_decoding(t, res);
	if (err_is(err))
		return err;
	if (res->framing == RESPONSE_LENGTH && t->decoding == NULL)
		t->total = res->length;
	else if (res->framing == RESPONSE_NO_BODY)
		t->total = 0;
	err = transfer_check_size(t, t->total);
	if (err_is(err))
		return err;
	/* Should it end early: what to ask for the rest with.  The clock is
	 * for reading dates alone, which an ETag makes needless.  Of a coded
	 * body, decoded or not, no rest is asked for: a date, and with many
	 * servers the ETag, is the same for all codings and for none. */
	if (t->try.status == 200 && !is_coded &&
	    t->env->collector.suspend != NULL &&
	    (res->etag.len > 0 || res->last_modified.len > 0))
		keep_validator(t,
		    validator_for_range(
			res, res->etag.len > 0 ? 0 : wall_now_s()));
	return transfer_begin_body(t, res, 0);
}

/*
 * Whether `res`, a 206, is the rest of the very version that we have the
 * beginning of.  A server that heeds If-Range sends nothing else; one that does
 * not must not make us a file of two versions.
 */
static bool
is_our_rest(const struct transfer *t, const struct response *res,
    struct content_range *range)
{
	struct slice validator = part_validator(t);

	if (codings_any(res) ||
	    err_is(range_parse_content(res->content_range, range)) ||
	    !range->is_satisfied || range->first != t->stored_len)
		return false;
	if (range->total != RANGE_TOTAL_UNKNOWN &&
	    (range->last != range->total - 1 ||
		(t->total != BULKFETCH_LENGTH_UNKNOWN &&
		    t->total != range->total)))
		return false;
	if (range->total == RANGE_TOTAL_UNKNOWN &&
	    (t->total == BULKFETCH_LENGTH_UNKNOWN ||
		range->last != t->total - 1))
		return false;
	if (res->framing == RESPONSE_LENGTH &&
	    res->length != range->last - range->first + 1)
		return false;
	/* A 206 has the ETag that the 200 had (RFC 9110, section 15.3.7). */
	if (validator.len > 0 && validator.ptr[0] == '"')
		return slice_eq(res->etag, validator);
	return res->last_modified.len == 0 ||
	    slice_eq(res->last_modified, validator);
}

/* The part cannot be continued: have everything anew, at once. */
static struct err
restart(struct transfer *t)
{
	t->try.outcome = OUTCOME_RESTART;
	t->try.is_wanted = false;
	t->is_copy_void = true;
	t->part_validator_len = 0;
	transfer_abort_body(t);
	return err_none();
}

static struct err
take_rest(struct transfer *t, const struct response *res)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	struct content_range range;
	struct err err;
	int sys;

	if (!is_our_rest(t, res, &range))
		return restart(t);
	t->total = range.last + 1;
	err = transfer_check_size(t, t->total);
	if (err_is(err))
		return err;
	t->continued_at = t->stored_len;
	if (!t->is_suspended) {
		err = transfer_begin_body(t, res, t->stored_len);
		return err.sys == ESTALE ? restart(t) : err;
	}
	sys = collector->resume(collector->ctx, t->body, t->stored_len);
	if (sys == ESTALE)
		return restart(t);
	t->try.is_wanted = true;
	if (sys != 0)
		return transfer_collector_err(sys);
	t->is_suspended = false;
	t->is_stored = true;
	return err_none();
}

/* Whether the status is one of success for what was asked. */
static bool
is_success(const struct transfer *t)
{
	if (t->try.status == 206)
		return t->try.asked == ASKED_REST ||
		    transfer_form(t)->has_range;
	return t->try.status >= 200 && t->try.status <= 299;
}

/*
 * 429 and 503 may say when the host wants to hear from us again (RFC 9110,
 * section 10.2.3).  That holds for all requests to it.
 */
static void
heed_retry_after(struct transfer *t, const struct response *res)
{
	uint64_t max_ms = t->env->options.max_retry_after_ms;
	int64_t now_ms = reactor_now_ms(t->env->reactor);
	struct slice key = transfer_origin(t);
	int64_t wait_ms;

	if (res->retry_after.len == 0 ||
	    (t->try.status != 429 && t->try.status != 503) ||
	    !date_parse_retry_after(
		res->retry_after, res->date, wall_now_s(), &wait_ms) ||
	    wait_ms <= 0)
		return;
	if (max_ms == 0 || (uint64_t)wait_ms <= max_ms) {
		t->try.retry_after_ms = wait_ms;
		turns_park(t->env->turns, key, now_ms + wait_ms, now_ms);
		t->env->host(t->env->ctx, t, TRANSFER_HOST_PARKED, wait_ms);
		return;
	}
	t->try.retry_after_ms = INT64_MAX;
	if (turns_give_up(t->env->turns, key, now_ms))
		t->env->host(t->env->ctx, t, TRANSFER_HOST_GIVEN_UP, wait_ms);
}

static struct err
follow(struct transfer *t, const struct response *res)
{
	const struct bulkfetch_options *o = &t->env->options;
	struct err err = err_none();

	if (t->redirects == NULL)
		err = redirects_new(&t->redirects);
	if (!err_is(err))
		err = redirect_follow(t->redirects, res, &t->url,
		    t->env->method, o->max_redirects);
	if (!err_is(err))
		err = transfer_check_scheme(t);
	if (!err_is(err))
		err = transfer_prepare_scheme(t);
	if (err_is(err)) {
		t->try.outcome = OUTCOME_FAILED;
		t->try.verdict = err;
	} else {
		t->try.outcome = OUTCOME_REDIRECT;
	}
	return err_none();
}

/* What the status means. */
static enum transfer_outcome
outcome_of(const struct transfer *t)
{
	if (t->try.status == 304 && t->try.asked == ASKED_NEWER)
		return OUTCOME_UNCHANGED;
	if (t->try.status == 416 && t->try.asked == ASKED_REST)
		return OUTCOME_RESTART;
	if (redirect_is(t->try.status) && t->env->options.follows_redirects)
		return OUTCOME_REDIRECT;
	return is_success(t) ? OUTCOME_SUCCESS : OUTCOME_FAILED;
}

static struct err
take_failure(struct transfer *t, const struct response *res)
{
	struct err err;

	t->try.verdict = err_of(ERR_STATUS);
	describe_status(t, res);
	heed_retry_after(t, res);
	if (!t->env->options.fail_with_body ||
	    transfer_may_retry(t, t->try.verdict))
		return err_none();
	err = take_whole(t, res);
	/* Of a body that cannot be decoded nothing is stored: what is left is a
	 * failure by the status, in its own words. */
	if (err.kind == ERR_CODING)
		describe_status(t, res);
	return err;
}

static struct err
on_head(void *owner, const struct response *res)
{
	struct transfer *t = owner;
	struct err err = err_none();

	/* Before a redirect changes the URL. */
	(void)transfer_note_host(t, true);
	if (t->try.connect_at_ms != -1)
		t->env->host(t->env->ctx, t, TRANSFER_HOST_CONNECTED, 0);
	t->stage = conn_state_name(CONN_BODY);
	t->try.status = res->status;
	t->try.ttfb_ms =
	    transfer_since(t->try.sent_at_ms, t->exchange.first_octet_ms);
	t->try.outcome = outcome_of(t);
	switch (t->try.outcome) {
	case OUTCOME_SUCCESS:
		err = t->try.status == 206 && t->try.asked == ASKED_REST
		    ? take_rest(t, res)
		    : take_whole(t, res);
		break;
	case OUTCOME_FAILED:
		err = take_failure(t, res);
		break;
	case OUTCOME_REDIRECT:
		err = follow(t, res);
		break;
	case OUTCOME_RESTART:
		err = restart(t);
		break;
	case OUTCOME_UNCHANGED:
	case OUTCOME_NONE:
		break;
	}
	/* Not worth waiting for, nor is the connection then. */
	if (!err_is(err) && !t->is_stored &&
	    (res->length > TRANSFER_DISCARD_MAX ||
		res->framing == RESPONSE_CLOSE))
		err = err_of(ERR_STATUS);
	return err;
}

const struct exchange_ops transfer_exchange_ops = {
	.compose = on_compose,
	.head = on_head,
	.data = transfer_on_data,
	.work = transfer_on_work,
	.sink = transfer_on_sink,
	.sunk = transfer_on_sunk,
	.done = transfer_exchange_done,
};
