/*
 * transfer_internal - what the five parts of a transfer share: transfer.c
 * begins tries, transfer_lookup.c finds addresses for them, transfer_exchange.c
 * speaks with the connection while one lasts, transfer_body.c brings the body
 * to the collector, transfer_end.c decides what follows.  For those five files
 * alone.
 */
#ifndef BULKFETCH_FETCH_TRANSFER_INTERNAL_H
#define BULKFETCH_FETCH_TRANSFER_INTERNAL_H

#include "base/text.h"
#include "fetch/transfer.h"

#define TRANSFER_STAGE_FILE "file"

/* ---- transfer.c --------------------------------------------------------- */

/* Go on over a new connection: `lookup` has its answer. */
void transfer_connect(struct transfer *t);

/* Give the connection, if there is one, back to the pool. */
void transfer_give_back(struct transfer *t);

/*
 * Whether the present URL may be fetched, and what that takes is there:
 * ERR_SCHEME, or as tls_open() fails, with the words of that.
 */
struct err transfer_check_scheme(const struct transfer *t);
struct err transfer_prepare_scheme(struct transfer *t);

/* When the request that begins now has to be over; INT64_MAX for never. */
int64_t transfer_deadline(const struct transfer *t);

/* ---- transfer_lookup.c -------------------------------------------------- */

/* The way of the present URL, if it is not known yet. */
void transfer_find_route(struct transfer *t);

/* The present URL is another one: its way and its addresses are. */
void transfer_forget_route(struct transfer *t);

/* What the connections that will do are called in the pool, by the route. */
struct slice transfer_pool_key(const struct transfer *t);

/* Once an item, and when a new lookup is due. */
void transfer_init_lookup(struct transfer *t);
void transfer_forget_addrs(struct transfer *t);

/* Within its turn: transfer_connect() follows, now or later. */
void transfer_look_up(struct transfer *t);

void transfer_cancel_lookup(struct transfer *t);

/* ---- transfer_body.c ---------------------------------------------------- */

/* Begin to store a body, or with an `offset` to continue the copy. */
struct err transfer_begin_body(
    struct transfer *t, const struct response *res, uint64_t offset);

/* Whether a body of `len` octets, or of a length unknown, is one too long. */
static inline struct err
transfer_check_size(const struct transfer *t, uint64_t len)
{
	uint64_t max = t->env->options.max_filesize;

	if (max > 0 && len != BULKFETCH_LENGTH_UNKNOWN && len > max)
		return err_why(ERR_LIMIT, "larger than --max-filesize");
	return err_none();
}

/*
 * Be ready to undo the content codings that the body has, codings_any() of
 * them, if that was asked for: t->decoding.  transfer_drop_decoding() is due if
 * this fails, too; aborting the body, leaving it and committing it include that.
 */
struct err transfer_begin_decoding(
    struct transfer *t, const struct response *res);

/* The body is over, and t->decoding is there: is it whole? */
struct err transfer_end_decoding(struct transfer *t);

void transfer_drop_decoding(struct transfer *t);

/* As in `struct exchange_ops`. */
struct err transfer_on_data(void *owner, struct slice data, bool is_last);
struct err transfer_on_work(void *owner);
int transfer_on_sink(void *owner);
struct err transfer_on_sunk(void *owner, size_t len);

/* Have the collector finish the body, if it has one; the verdict on that. */
struct err transfer_commit_body(
    struct transfer *t, struct bulkfetch_result *result);

/* Drop what the collector has of the body, suspended or not. */
void transfer_abort_body(struct transfer *t);

/* The same, but what the next run can continue may stay. */
void transfer_leave_body(struct transfer *t);

/*
 * Keep what the collector has of the body, so that the next try can ask for the
 * rest: true if that can be done.
 */
bool transfer_suspend_body(struct transfer *t);

/* ---- transfer_end.c ----------------------------------------------------- */

/* Tell the engine of the end.  `result` has what became of the body. */
void transfer_finish(
    struct transfer *t, struct err err, struct bulkfetch_result result);

/* End with a failure and without a body. */
void transfer_fail(struct transfer *t, struct err err);

/* Descriptors or ports were used up: let go of everything and wait. */
void transfer_postpone(struct transfer *t);

/* One try has failed with `err`, and with it the request or not. */
void transfer_end_try(struct transfer *t, struct err err);

/* The same because there was no connection. */
void transfer_end_without_connection(struct transfer *t, struct err err);

/* ---- All ---------------------------------------------------------------- */

/* For conn: compose, head, data, work, sink, sunk, and
 * transfer_exchange_done(). */
extern const struct exchange_ops transfer_exchange_ops;

/* The response is over, well or not; the connection is still lent. */
void transfer_exchange_done(void *owner, struct err err);

/* The URL of the present request, and its form. */
const struct url *transfer_url(const struct transfer *t);
const struct request_form *transfer_form(const struct transfer *t);

struct bulkfetch_request transfer_request(const struct transfer *t);

/* The failure `sys` of the collector, as ours. */
struct err transfer_collector_err(int sys);

/* `end_ms` is -1 for what has not begun. */
static inline int64_t
transfer_since(int64_t at_ms, int64_t now_ms)
{
	return at_ms == -1 ? -1 : now_ms - at_ms;
}

/* The present try has ended with `err`: is it to be followed by another one? */
bool transfer_may_retry(const struct transfer *t, struct err err);

/* The host of the present request could be connected to, or could not; false
 * if that brought it down, so that trying again is to no avail. */
bool transfer_note_host(struct transfer *t, bool is_connected);

#endif
