/*
 * transfer_body - a response's body on its way from the connection to the
 * collector, and what is done with it between tries.
 */
#include "fetch/transfer_internal.h"

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
	};
	int sys;

	t->try.is_wanted = true;
	sys = collector->begin(collector->ctx, &response, &t->body);
	if (sys != 0)
		return transfer_collector_err(sys);
	t->is_stored = true;
	return err_none();
}

struct err
transfer_check_size(const struct transfer *t, uint64_t len)
{
	uint64_t max = t->env->options.max_filesize;

	if (max > 0 && len != BULKFETCH_LENGTH_UNKNOWN && len > max)
		return err_why(ERR_LIMIT, "larger than --max-filesize");
	return err_none();
}

/* ---- Its octets --------------------------------------------------------- */

static struct err
count_octets(struct transfer *t, size_t len)
{
	t->received += len;
	t->env->received += len;
	if (t->is_stored) {
		t->stored_len += len;
		return transfer_check_size(t, t->stored_len);
	}
	t->try.discarded += len;
	return t->try.discarded > TRANSFER_DISCARD_MAX ? err_of(ERR_STATUS)
						       : err_none();
}

struct err
transfer_on_data(void *owner, struct slice data, bool is_last)
{
	struct transfer *t = owner;
	const struct bulkfetch_collector *collector = &t->env->collector;
	struct err err = count_octets(t, data.len);
	int sys;

	if (err_is(err) || !t->is_stored)
		return err;
	sys =
	    collector->write(collector->ctx, t->body, text_from(data), is_last);
	return sys != 0 ? transfer_collector_err(sys) : err_none();
}

int
transfer_on_sink(void *owner)
{
	struct transfer *t = owner;
	const struct bulkfetch_collector *collector = &t->env->collector;

	if (!t->is_stored || collector->fd == NULL)
		return -1;
	return collector->fd(collector->ctx, t->body);
}

struct err
transfer_on_sunk(void *owner, size_t len)
{
	return count_octets(owner, len);
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

	if ((t->is_stored && t->try.outcome == OUTCOME_FAILED) ||
	    collector->leave == NULL || !(t->is_stored || t->is_suspended)) {
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
