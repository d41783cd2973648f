/*
 * progress - how far the run is, as one line that is drawn over and over on a
 * terminal, or as a plain line now and then.
 *
 * Composing is pure (the clock is that of the stats); showing writes to a
 * descriptor, which is borrowed.  Whoever writes other lines to the terminal
 * calls progress_clear() before.
 */
#ifndef BULKFETCH_CLI_PROGRESS_H
#define BULKFETCH_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bulkfetch.h"
#include "cli/rate.h"

enum progress_mode {
	PROGRESS_AUTO, /* a bar on a terminal that can draw it, else none */
	PROGRESS_BAR,
	PROGRESS_PLAIN,
	PROGRESS_NONE,
};

struct progress {
	enum progress_mode mode; /* not AUTO */
	int fd;
	bool is_drawn;    /* the line stands on the terminal */
	uint64_t next_ms; /* when the next plain line is due */
	struct rate requests;
	struct rate octets;
	struct rate position;
};

/* `term` is the environment's TERM, which decides AUTO together with `fd`. */
void progress_init(
    struct progress *p, enum progress_mode mode, int fd, const char *term);

/* How often progress_show() should be called; 0 for never. */
unsigned progress_tick_ms(const struct progress *p);

/* Take a sample and, if it is time, show the line. */
void progress_show(struct progress *p, const struct bulkfetch_stats *stats);

/* Take the line off the terminal, if it is there. */
void progress_clear(struct progress *p);

/* A sample for the rates that progress_compose() tells. */
void progress_sample(struct progress *p, const struct bulkfetch_stats *stats);

/*
 * The line, at most `width` columns of ASCII, without a newline: what matters
 * least is left out until it fits.  Returns `out`.
 */
const char *progress_compose(const struct progress *p,
    const struct bulkfetch_stats *stats, size_t width, char *out, size_t cap);

#endif
