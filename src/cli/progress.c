#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/put.h"
#include "cli/units.h"

#define DRAW_MS 220
#define PLAIN_MS 5000
#define PLAIN_TICK_MS 1000
#define PLAIN_WIDTH 160
#define LINE_MAX_LEN 256
#define RATE_STEP_MS 160 /* rates of about 5 s */
#define ETA_STEP_MS 2000 /* the end as foreseen over about a minute */
#define ETA_MAX_S (UINT64_C(86400) * 1000)
#define BAR_LEN_MIN 12
#define BAR_LEN_MAX 30
#define PIECE_LEN 40

void
progress_init(
    struct progress *p, enum progress_mode mode, int fd, const char *term)
{
	bool can_draw = term != NULL && strcmp(term, "dumb") != 0;

	*p = (struct progress){ .mode = mode, .fd = fd, .next_ms = PLAIN_MS };
	if (mode == PROGRESS_AUTO)
		p->mode = can_draw && isatty(fd) ? PROGRESS_BAR : PROGRESS_NONE;
	rate_init(&p->requests, RATE_STEP_MS);
	rate_init(&p->octets, RATE_STEP_MS);
	rate_init(&p->position, ETA_STEP_MS);
}

unsigned
progress_tick_ms(const struct progress *p)
{
	switch (p->mode) {
	case PROGRESS_BAR:
		return DRAW_MS;
	case PROGRESS_PLAIN:
		return PLAIN_TICK_MS;
	case PROGRESS_AUTO:
	case PROGRESS_NONE:
		break;
	}
	return 0;
}

static uint64_t
requests_ended(const struct bulkfetch_stats *stats)
{
	return stats->fetched + stats->unchanged + stats->failed;
}

void
progress_sample(struct progress *p, const struct bulkfetch_stats *stats)
{
	uint64_t now_ms = stats->elapsed_ms;

	rate_add(&p->requests, now_ms, requests_ended(stats));
	rate_add(&p->octets, now_ms, stats->bytes);
	if (stats->has_position)
		rate_add(&p->position, now_ms, stats->position_done);
}

/* The pieces of the line, from left to right. */
enum piece {
	PIECE_DONE,
	PIECE_FAILED,
	PIECE_IN_FLIGHT,
	PIECE_WAITING,
	PIECE_PARKED,
	PIECE_REQUESTS,
	PIECE_OCTETS,
	PIECE_PERCENT,
	PIECE_ETA,
	PIECES
};

/* The order in which they give way, the first one first. */
static const enum piece least_first[] = {
	PIECE_PERCENT,
	PIECE_IN_FLIGHT,
	PIECE_WAITING,
	PIECE_OCTETS,
	PIECE_REQUESTS,
	PIECE_PARKED,
	PIECE_ETA,
	PIECE_FAILED,
	PIECE_DONE,
};

/* An empty piece is left out. */
struct pieces {
	char text[PIECES][PIECE_LEN];
};

static unsigned
percent(const struct bulkfetch_stats *stats)
{
	double done = (double)stats->position_done;
	double total = (double)stats->position_total;

	return stats->position_done >= stats->position_total
	    ? 100
	    : (unsigned)(done * 100 / total);
}

static void
compose_eta(const struct progress *p, const struct bulkfetch_stats *stats,
    char out[PIECE_LEN])
{
	double speed = rate_per_second(
	    &p->position, stats->elapsed_ms, stats->position_done);
	double left =
	    (double)stats->position_total - (double)stats->position_done;
	char text[PIECE_LEN - 8];

	/* What was read ahead tells nothing before something is done. */
	if (requests_ended(stats) + stats->skipped == 0)
		return;
	if (left <= 0 || speed <= 0 || left / speed >= (double)ETA_MAX_S)
		return;
	(void)snprintf(out, PIECE_LEN, "ETA %s",
	    units_duration((uint64_t)(left / speed + 0.5), text, sizeof(text)));
}

static void
compose_pieces(const struct progress *p, const struct bulkfetch_stats *stats,
    struct pieces *pieces)
{
	uint64_t now_ms = stats->elapsed_ms;
	uint64_t done = requests_ended(stats) + stats->skipped;
	double requests =
	    rate_per_second(&p->requests, now_ms, requests_ended(stats));
	double octets = rate_per_second(&p->octets, now_ms, stats->bytes);
	char text[PIECE_LEN - 8];

	memset(pieces, 0, sizeof(*pieces));
	(void)snprintf(pieces->text[PIECE_DONE], PIECE_LEN, "%llu done",
	    (unsigned long long)done);
	(void)snprintf(pieces->text[PIECE_FAILED], PIECE_LEN, "%llu failed",
	    (unsigned long long)stats->failed);
	(void)snprintf(pieces->text[PIECE_IN_FLIGHT], PIECE_LEN, "%u in flight",
	    stats->in_flight);
	if (stats->waiting > 0)
		(void)snprintf(pieces->text[PIECE_WAITING], PIECE_LEN,
		    "%u waiting", stats->waiting);
	if (stats->parked_hosts > 0)
		(void)snprintf(pieces->text[PIECE_PARKED], PIECE_LEN,
		    "%u host%s parked", stats->parked_hosts,
		    stats->parked_hosts == 1 ? "" : "s");
	(void)snprintf(pieces->text[PIECE_REQUESTS], PIECE_LEN, "%s/s",
	    units_rate(requests, text, sizeof(text)));
	(void)snprintf(pieces->text[PIECE_OCTETS], PIECE_LEN, "%s/s",
	    units_octets(octets, text, sizeof(text)));
	if (!stats->has_position || stats->position_total == 0)
		return;
	(void)snprintf(
	    pieces->text[PIECE_PERCENT], PIECE_LEN, "%u%%", percent(stats));
	compose_eta(p, stats, pieces->text[PIECE_ETA]);
}

static size_t
pieces_len(const struct pieces *pieces)
{
	size_t len = 0;

	for (size_t i = 0; i < PIECES; i++) {
		if (pieces->text[i][0] != '\0')
			len += strlen(pieces->text[i]) + (len > 0 ? 2 : 0);
	}
	return len;
}

/* "[=====>    ] ", `len` columns in all, or nothing. */
static void
compose_bar(const struct bulkfetch_stats *stats, size_t len, char *out)
{
	size_t cells;
	size_t full;

	out[0] = '\0';
	if (len < BAR_LEN_MIN)
		return;
	cells = len - 3;
	full = cells * percent(stats) / 100;
	memset(out, ' ', len);
	memset(out + 1, '=', full);
	if (full > 0 && full < cells)
		out[full] = '>';
	out[0] = '[';
	out[len - 2] = ']';
	out[len] = '\0';
}

const char *
progress_compose(const struct progress *p, const struct bulkfetch_stats *stats,
    size_t width, char *out, size_t cap)
{
	bool has_bar = p->mode == PROGRESS_BAR && stats->has_position &&
	    stats->position_total > 0;
	struct pieces pieces;
	size_t len = 0;
	size_t room;

	if (width >= cap)
		width = cap - 1;
	compose_pieces(p, stats, &pieces);
	for (size_t i = 0; i < PIECES && pieces_len(&pieces) > width; i++)
		pieces.text[least_first[i]][0] = '\0';
	out[0] = '\0';
	room = width - pieces_len(&pieces);
	if (has_bar) {
		compose_bar(
		    stats, room < BAR_LEN_MAX ? room : BAR_LEN_MAX, out);
		len = strlen(out);
	}
	for (size_t i = 0, shown = 0; i < PIECES; i++) {
		if (pieces.text[i][0] == '\0')
			continue;
		len += (size_t)snprintf(out + len, cap - len, "%s%s",
		    shown++ > 0 ? ", " : "", pieces.text[i]);
	}
	return out;
}

/* One column is left free, so that no terminal goes to the next line. */
static size_t
terminal_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return 79;
	return size.ws_col - 1U;
}

static void
draw(struct progress *p, const struct bulkfetch_stats *stats)
{
	char line[LINE_MAX_LEN];
	char text[LINE_MAX_LEN + 8];

	(void)progress_compose(
	    p, stats, terminal_width(p->fd), line, sizeof(line));
	(void)snprintf(text, sizeof(text), "\r%s\033[K", line);
	put_text(p->fd, text);
	p->is_drawn = true;
}

static void
print_plain(struct progress *p, const struct bulkfetch_stats *stats)
{
	char line[LINE_MAX_LEN];
	char text[LINE_MAX_LEN + 48];
	char elapsed[24];

	if (stats->elapsed_ms < p->next_ms)
		return;
	p->next_ms =
	    stats->elapsed_ms - stats->elapsed_ms % PLAIN_MS + PLAIN_MS;
	(void)progress_compose(p, stats, PLAIN_WIDTH, line, sizeof(line));
	(void)snprintf(text, sizeof(text), "bulkfetch: %s: %s\n",
	    units_duration(stats->elapsed_ms / 1000, elapsed, sizeof(elapsed)),
	    line);
	put_text(p->fd, text);
}

void
progress_show(struct progress *p, const struct bulkfetch_stats *stats)
{
	switch (p->mode) {
	case PROGRESS_BAR:
		progress_sample(p, stats);
		draw(p, stats);
		break;
	case PROGRESS_PLAIN:
		progress_sample(p, stats);
		print_plain(p, stats);
		break;
	case PROGRESS_AUTO:
	case PROGRESS_NONE:
		break;
	}
}

void
progress_clear(struct progress *p)
{
	if (!p->is_drawn)
		return;
	put_text(p->fd, "\r\033[K");
	p->is_drawn = false;
}
