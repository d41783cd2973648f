/*
 * transfer_body - a response's body on its way from the connection to the
 * collector, decoded if need be, and what is done with it between tries.
 */
#include "fetch/transfer_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* NOLINTNEXTLINE(misc-redundant-expression) */
_Static_assert(DECODING_PUSH_MAX >= CONN_RX_SIZE,
    "what was received can be pushed as a whole");

/* ---- Its beginning ------------------------------------------------------ */

struct err
transfer_begin_body(
    struct transfer *t, const struct response *res, uint64_t offset)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	const struct bulkfetch_request request = transfer_request(t);
	const struct bulkfetch_response response = {
		.request = &request,
		.status = t->try.status,
		.length = t->total,
		.head = text_from(res->head),
		.url = text_from(transfer_url(t)->text),
		.offset = offset,
		.is_decoded = t->decoding != NULL,
	};
	int sys;

	t->try.is_wanted = true;
	sys = collector->begin(collector->ctx, &response, &t->body);
	if (sys != 0)
		return transfer_collector_err(sys);
	t->is_stored = true;
	return err_none();
}

/* ---- Into the collector ------------------------------------------------- */

static void
count_received(struct transfer *t, size_t len)
{
	t->received += len;
	t->env->received += len;
}

static struct err
count_stored(struct transfer *t, size_t len)
{
	t->stored_len += len;
	return transfer_check_size(t, t->stored_len);
}

static struct err
discard(struct transfer *t, size_t len)
{
	t->try.discarded += len;
	return t->try.discarded > TRANSFER_DISCARD_MAX ? err_of(ERR_STATUS)
						       : err_none();
}

static struct err
store(void *ctx, struct slice data, bool is_last)
{
	struct transfer *t = ctx;
	const struct bulkfetch_collector *collector = &t->env->collector;
	struct err err = count_stored(t, data.len);
	int sys;

	if (err_is(err))
		return err;
	sys =
	    collector->write(collector->ctx, t->body, text_from(data), is_last);
	return sys != 0 ? transfer_collector_err(sys) : err_none();
}

/* ---- Its codings -------------------------------------------------------- */

/*
 * How much may come of a body, and stand between two of its codings: a coding
 * makes what cannot be compressed longer, but not twice as long; and what
 * decodes to nothing must have an end, too.
 */
static uint64_t
max_coded(const struct transfer *t)
{
	uint64_t max = t->env->options.max_filesize;

	if (max == 0 || max > (UINT64_MAX - DECODING_PIECE) / 2)
		return UINT64_MAX;
	return 2 * max + DECODING_PIECE;
}

/* A failure of the codings, in words that go before those for a status. */
static struct err
tell(struct transfer *t, struct err err, const char *coding)
{
	if (err.kind == ERR_CODING)
		(void)snprintf(t->message, sizeof(t->message), "%s%s%s",
		    coding != NULL ? coding : "", coding != NULL ? ": " : "",
		    err.why);
	return err;
}

static struct err
read_codings(
    struct transfer *t, const struct response *res, struct codings *codings)
{
	struct slice unknown;
	struct err err = codings_read(res->fields, codings, &unknown);

	if (err.kind == ERR_CODING)
		(void)snprintf(t->message, sizeof(t->message),
		    "the content coding '%.*s' is not known",
		    unknown.len < 80 ? (int)unknown.len : 80,
		    (const char *)unknown.ptr);
	else if (!err_is(err) && t->try.status == 206)
		err = tell(t,
		    err_why(
			ERR_CODING, "a part of a coded body cannot be decoded"),
		    NULL);
	return err;
}

struct err
transfer_begin_decoding(struct transfer *t, const struct response *res)
{
	struct codings codings;
	struct decoding *d;
	struct err err;

	if (!t->env->options.compressed || res->framing == RESPONSE_NO_BODY ||
	    (res->framing == RESPONSE_LENGTH && res->length == 0))
		return err_none();
	err = read_codings(t, res, &codings);
	if (err_is(err))
		return err;
	d = malloc(sizeof(*d));
	if (d == NULL)
		return err_of(ERR_NOMEM);
	*d = (struct decoding){
		.room = &t->env->decoding_room,
		.write = store,
		.ctx = t,
		.max_coded = max_coded(t),
		.turn = DECODING_TURN,
		.may_be_empty = res->framing != RESPONSE_CLOSE,
	};
	t->decoding = d;
	if (res->length > d->max_coded)
		return err_why(ERR_LIMIT, "larger than --max-filesize");
	return tell(t, decoding_init(d, &codings), NULL);
}

struct err
transfer_end_decoding(struct transfer *t)
{
	struct err err = decoding_end(t->decoding);

	/* Only the end of a connection can come before that of the codings and
	 * nobody has noticed yet; as likely as not, it broke. */
	if (err_is(err))
		err.kind = ERR_TRUNCATED;
	return err;
}

void
transfer_drop_decoding(struct transfer *t)
{
	if (t->decoding == NULL)
		return;
	decoding_fini(t->decoding);
	free(t->decoding);
	t->decoding = NULL;
}

/* ---- From the connection ------------------------------------------------ */

/* What became of some octets; there may be more to do. */
static struct err
end_turn(struct transfer *t, struct err err)
{
	t->exchange.is_busy = decoding_is_busy(t->decoding);
	return tell(t, err, decoding_failed(t->decoding));
}

struct err
transfer_on_data(void *owner, struct slice data, bool is_last)
{
	struct transfer *t = owner;

	count_received(t, data.len);
	if (!t->is_stored)
		return discard(t, data.len);
	if (t->decoding != NULL)
		return end_turn(t, decoding_push(t->decoding, data, is_last));
	return store(t, data, is_last);
}

struct err
transfer_on_work(void *owner)
{
	struct transfer *t = owner;

	return end_turn(t, decoding_go_on(t->decoding));
}

int
transfer_on_sink(void *owner)
{
	struct transfer *t = owner;
	const struct bulkfetch_collector *collector = &t->env->collector;

	if (!t->is_stored || t->decoding != NULL || collector->fd == NULL)
		return -1;
	return collector->fd(collector->ctx, t->body);
}

struct err
transfer_on_sunk(void *owner, size_t len)
{
	struct transfer *t = owner;

	count_received(t, len);
	return t->is_stored ? count_stored(t, len) : discard(t, len);
}

/* ---- Its end, and between tries ----------------------------------------- */

struct err
transfer_commit_body(struct transfer *t, struct bulkfetch_result *result)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	struct bulkfetch_stored stored = { 0 };
	int sys;

	if (!t->is_stored)
		return err_none();
	transfer_drop_decoding(t);
	t->is_stored = false;
	sys = collector->commit(collector->ctx, t->body, &stored);
	t->body = NULL;
	if (sys != 0)
		return transfer_collector_err(sys);
	result->file = stored.file;
	result->is_moved = stored.is_moved;
	return err_none();
}

void
transfer_abort_body(struct transfer *t)
{
	transfer_drop_decoding(t);
	if (t->is_stored || t->is_suspended)
		t->env->collector.abort(t->env->collector.ctx, t->body);
	t->is_stored = false;
	t->is_suspended = false;
	t->body = NULL;
}

void
transfer_leave_body(struct transfer *t)
{
	const struct bulkfetch_collector *collector = &t->env->collector;

	/* Of a coded body no part can be asked for by what was decoded. */
	if ((t->is_stored && t->try.outcome == OUTCOME_FAILED) ||
	    t->decoding != NULL || collector->leave == NULL ||
	    !(t->is_stored || t->is_suspended)) {
		transfer_abort_body(t);
		return;
	}
	t->is_stored = false;
	t->is_suspended = false;
	collector->leave(collector->ctx, t->body);
	t->body = NULL;
}

bool
transfer_suspend_body(struct transfer *t)
{
	const struct bulkfetch_collector *collector = &t->env->collector;
	const struct request_form *form = transfer_form(t);

	if (t->is_suspended)
		return true;
	if (!t->is_stored || t->try.outcome != OUTCOME_SUCCESS ||
	    t->part_validator_len == 0 || t->stored_len == 0 ||
	    collector->suspend == NULL || !form->is_get || form->has_range ||
	    form->has_conditions)
		return false;
	if (!collector->suspend(collector->ctx, t->body))
		return false;
	t->is_stored = false;
	t->is_suspended = true;
	return true;
}
