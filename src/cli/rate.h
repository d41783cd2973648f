/*
 * rate - how fast a growing number grows, over the last moments: a ring of
 * samples, the oldest of which is compared with now.  Pure.
 */
#ifndef BULKFETCH_CLI_RATE_H
#define BULKFETCH_CLI_RATE_H

#include <stddef.h>
#include <stdint.h>

#define RATE_SAMPLES 32

struct rate_sample {
	uint64_t at_ms;
	uint64_t value;
};

/* Spans RATE_SAMPLES * step_ms, or more when samples come more rarely. */
struct rate {
	struct rate_sample samples[RATE_SAMPLES];
	size_t count; /* all that were ever taken; the last ones are here */
	uint64_t step_ms;
};

/* Begins with 0 at 0. */
void rate_init(struct rate *rate, uint64_t step_ms);

/* Take a sample, unless the last one is younger than the step. */
void rate_add(struct rate *rate, uint64_t at_ms, uint64_t value);

/* Growth a second from the oldest sample to the one given; 0 in no time. */
double rate_per_second(const struct rate *rate, uint64_t at_ms, uint64_t value);

#endif
