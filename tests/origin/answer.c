#include "answer.h"

#include <stdio.h>

#include "base/num.h"
#include "pattern.h"
#include "versioned.h"

/* The log of requests and the largest echo fit. */
#define TEXT_MAX (JOURNAL_LOG_MAX + (32U << 20))

void
answer_init(struct answer *a)
{
	*a = (struct answer){ 0 };
	buf_init(&a->text, TEXT_MAX);
}

void
answer_fini(struct answer *a)
{
	buf_fini(&a->text);
}

bool
answer_is_control(const struct ask *ask)
{
	return ask->target.len >= 3 && memcmp(ask->target.ptr, "/-/", 3) == 0;
}

static void
begin(struct answer *a, const struct ask *ask, uint64_t version)
{
	buf_clear(&a->text);
	a->move_count = 0;
	a->is_echo = false;
	a->seed = pattern_seed(ask->target, version);
}

static void
add_move(struct answer *a, enum move_kind kind, uint64_t count)
{
	a->moves[a->move_count++] =
	    (struct move){ .kind = kind, .count = count };
}

/* The status line, for which reason phrases do not matter. */
static struct err
add_status(struct answer *a, unsigned status)
{
	struct err err;

	if (status == 200)
		return buf_append_str(&a->text, "HTTP/1.1 200 OK\r\n");
	err = buf_append_str(&a->text, "HTTP/1.1 ");
	if (!err_is(err) && status < 100)
		err = buf_append_octet(&a->text, '0');
	if (!err_is(err) && status < 10)
		err = buf_append_octet(&a->text, '0');
	if (!err_is(err))
		err = buf_append_u64(&a->text, status);
	if (!err_is(err))
		err = buf_append_str(&a->text, " As Asked\r\n");
	return err;
}

/* The rest of a head whose body's length is known. */
static struct err
add_length(struct answer *a, const struct ask *ask, uint64_t len)
{
	struct err err = buf_append_str(&a->text, "Content-Length: ");

	if (!err_is(err))
		err = buf_append_u64(&a->text, len);
	if (!err_is(err))
		err = buf_append_str(&a->text,
		    ask->is_last ? "\r\nConnection: close\r\n\r\n"
				 : "\r\n\r\n");
	return err;
}

/* Let the player send all of the text, whatever is appended until then. */
static void
add_text(struct answer *a)
{
	add_move(a, MOVE_SEND, 0);
}

static bool
has_body(unsigned status)
{
	return status >= 200 && status != 204 && status != 304;
}

/* The rest of an answer with a short text, which nobody reads. */
static struct err
add_rest(
    struct answer *a, const struct ask *ask, unsigned status, struct slice body)
{
	struct err err = has_body(status) ? add_length(a, ask, body.len)
					  : buf_append_str(&a->text, "\r\n");

	if (!err_is(err) && has_body(status) && !ask->is_head)
		err = buf_append(&a->text, body);
	add_text(a);
	return err;
}

static struct err
add_short(
    struct answer *a, const struct ask *ask, unsigned status, struct slice body)
{
	struct err err = add_status(a, status);

	return err_is(err) ? err : add_rest(a, ask, status, body);
}

/* "/-/version/N" */
static bool
parse_version(struct slice target, uint64_t *version)
{
	static const char prefix[] = "/-/version/";

	return target.len > strlen(prefix) &&
	    memcmp(target.ptr, prefix, strlen(prefix)) == 0 &&
	    num_parse_u64(
		slice_from(target, strlen(prefix)), INT64_MAX, version);
}

struct err
answer_control(struct answer *a, const struct ask *ask,
    const struct journal *journal, uint64_t *version)
{
	struct buf stats;
	struct err err;

	begin(a, ask, 0);
	if (slice_eq_str(ask->target, "/-/requests"))
		return add_short(a, ask, 200, buf_slice(&journal->log));
	if (slice_eq_str(ask->target, "/-/heads"))
		return add_short(a, ask, 200, buf_slice(&journal->heads));
	if (parse_version(ask->target, version))
		return add_short(a, ask, 204, slice_str(""));
	if (!slice_eq_str(ask->target, "/-/stats"))
		return add_short(a, ask, 404, slice_str("no such counter\n"));
	buf_init(&stats, 4096);
	err = journal_format_stats(journal, &stats);
	if (!err_is(err))
		err = add_short(a, ask, 200, buf_slice(&stats));
	buf_fini(&stats);
	return err;
}

/* The request's head; its body is appended as it comes. */
static struct err
echo(struct answer *a, const struct ask *ask)
{
	uint64_t len = ask->head.len + ask->body_len;
	struct err err = add_status(a, 200);

	if (!err_is(err))
		err = add_length(a, ask, len);
	if (!err_is(err) && !ask->is_head)
		err = buf_append(&a->text, ask->head);
	a->is_echo = !ask->is_head;
	add_text(a);
	return err;
}

static struct err
chunked(struct answer *a, const struct ask *ask, uint64_t size)
{
	struct err err = add_status(a, 200);

	if (!err_is(err))
		err = buf_append_str(&a->text,
		    "Transfer-Encoding: chunked\r\n"
		    "Trailer: X-Chunks\r\n\r\n");
	add_text(a);
	if (!ask->is_head)
		add_move(a, MOVE_CHUNKED, size);
	return err;
}

static struct err
until_close(struct answer *a, const struct ask *ask, uint64_t size)
{
	struct err err = add_status(a, 200);

	if (!err_is(err))
		err = buf_append_str(
		    &a->text, "Content-Type: application/octet-stream\r\n\r\n");
	add_text(a);
	if (!ask->is_head)
		add_move(a, MOVE_BODY, size);
	add_move(a, MOVE_CLOSE, 0);
	return err;
}

static struct err
plain(struct answer *a, const struct ask *ask, uint64_t size)
{
	struct err err = add_status(a, 200);

	if (!err_is(err))
		err = add_length(a, ask, size);
	add_text(a);
	if (!ask->is_head)
		add_move(a, MOVE_BODY, size);
	if (ask->is_last)
		add_move(a, MOVE_CLOSE, 0);
	return err;
}

static struct err
add_pieces(struct answer *a, const struct slice *pieces, size_t count)
{
	struct err err = err_none();

	for (size_t i = 0; i < count && !err_is(err); i++)
		err = buf_append(&a->text, pieces[i]);
	return err;
}

/* A field, unless its value is empty. */
static struct err
add_field(struct answer *a, const char *name, const char *value)
{
	const struct slice pieces[] = { slice_str(name), slice_str(": "),
		slice_str(value), slice_str("\r\n") };

	return value[0] != '\0' ? add_pieces(a, pieces, 4) : err_none();
}

/* FIRST-LAST/SIZE, or an asterisk where nothing was selected. */
static struct err
add_content_range(
    struct answer *a, const struct selection *selection, uint64_t size)
{
	unsigned long long first = selection->first;
	unsigned long long all = size;
	char text[80];

	if (selection->status == 206)
		(void)snprintf(text, sizeof(text), "bytes %llu-%llu/%llu",
		    first, first + selection->len - 1, all);
	else
		(void)snprintf(text, sizeof(text), "bytes */%llu", all);
	return add_field(a, "Content-Range", text);
}

static struct err
add_validators(struct answer *a, const struct validators *v)
{
	char date[VERSIONED_DATE_ROOM];
	struct err err;

	versioned_date(date);
	err = add_field(a, "Date", date);
	if (!err_is(err))
		err = add_field(a, "Accept-Ranges", "bytes");
	if (!err_is(err))
		err = add_field(a, "ETag", v->etag);
	if (!err_is(err))
		err = add_field(a, "Last-Modified", v->last_modified);
	return err;
}

static void
add_selected(
    struct answer *a, const struct ask *ask, struct selection s, uint64_t cut)
{
	bool is_cut = s.len > cut;

	if (!ask->is_head) {
		add_move(a, MOVE_FROM, s.first);
		add_move(a, MOVE_BODY, is_cut ? cut : s.len);
	}
	if (ask->is_last || (is_cut && !ask->is_head))
		add_move(a, MOVE_CLOSE, 0);
}

static struct err
versioned(struct answer *a, const struct ask *ask, const struct generated *g,
    uint64_t version)
{
	struct validators validators;
	struct selection selection;
	struct err err;

	validators_init(&validators, g->validator, a->seed, version);
	selection = versioned_select(ask, &validators, g->size);
	err = add_status(a, selection.status);
	if (!err_is(err))
		err = add_validators(a, &validators);
	if (!err_is(err) &&
	    (selection.status == 206 || selection.status == 416))
		err = add_content_range(a, &selection, g->size);
	if (!err_is(err))
		err = has_body(selection.status)
		    ? add_length(a, ask, selection.len)
		    : buf_append_str(&a->text, "\r\n");
	add_text(a);
	add_selected(a, ask, selection, g->cut);
	return err;
}

/* A whole URL stands for itself, anything else for a path. */
static bool
is_url(struct slice rest)
{
	return rest.len > 7 &&
	    slice_eq_nocase_str(slice_first(rest, 4), "http") &&
	    memmem(rest.ptr, rest.len, "://", 3) != NULL;
}

static struct err
add_location(struct answer *a, const struct generated *g)
{
	char before[64] = "/";
	struct slice pieces[] = { slice_str("Location: "), { 0 }, g->rest,
		slice_str("\r\n") };

	if (g->hops > 1)
		(void)snprintf(before, sizeof(before), "/hops/%llu/",
		    (unsigned long long)g->hops - 1);
	else if (is_url(g->rest))
		before[0] = '\0';
	pieces[1] = slice_str(before);
	return add_pieces(a, pieces, 4);
}

static struct err
redirect(struct answer *a, const struct ask *ask, const struct generated *g)
{
	struct err err = add_status(a, g->status);

	if (!err_is(err))
		err = add_location(a, g);
	return err_is(err)
	    ? err
	    : add_rest(a, ask, g->status, slice_str("elsewhere\n"));
}

struct err
answer_generated(struct answer *a, const struct ask *ask, uint64_t version)
{
	struct ask last = *ask;
	struct generated g;

	begin(a, ask, version);
	last.is_last = true;
	if (!generated_parse(ask->target, &g))
		return add_short(a, ask, 404, slice_str("no such file\n"));
	if (g.delay_ms > 0)
		add_move(a, MOVE_DELAY, g.delay_ms);
	switch (g.kind) {
	case GENERATED_PLAIN:
		return plain(a, ask, g.size);
	case GENERATED_CHUNKED:
		return chunked(a, ask, g.size);
	case GENERATED_CLOSE:
		return until_close(a, ask, g.size);
	case GENERATED_FRESH:
		return plain(a, &last, g.size);
	case GENERATED_VERSIONED:
		return versioned(a, ask, &g, version);
	case GENERATED_REDIRECT:
		return redirect(a, ask, &g);
	case GENERATED_STATUS:
		return add_short(a, ask, g.status, slice_str("as asked\n"));
	case GENERATED_ECHO:
		return echo(a, ask);
	}
	return err_none();
}

struct err
answer_add_body(struct answer *a, struct slice octets)
{
	return a->is_echo ? buf_append(&a->text, octets) : err_none();
}

void
answer_play(struct answer *a, struct player *player)
{
	for (size_t i = 0; i < a->move_count; i++) {
		if (a->moves[i].kind == MOVE_SEND)
			a->moves[i].len = a->text.len;
	}
	player_init(player, a->moves, a->move_count, a->text.ptr, a->seed);
}
