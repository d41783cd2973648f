#include "cli/rate.h"

void
rate_init(struct rate *rate, uint64_t step_ms)
{
	*rate = (struct rate){ .count = 1, .step_ms = step_ms };
}

void
rate_add(struct rate *rate, uint64_t at_ms, uint64_t value)
{
	const struct rate_sample *last =
	    &rate->samples[(rate->count - 1) % RATE_SAMPLES];

	if (at_ms < last->at_ms + rate->step_ms)
		return;
	rate->samples[rate->count % RATE_SAMPLES] = (struct rate_sample){
		.at_ms = at_ms,
		.value = value,
	};
	rate->count++;
}

double
rate_per_second(const struct rate *rate, uint64_t at_ms, uint64_t value)
{
	size_t oldest =
	    rate->count < RATE_SAMPLES ? 0 : rate->count % RATE_SAMPLES;
	const struct rate_sample *from = &rate->samples[oldest];

	if (at_ms <= from->at_ms || value <= from->value)
		return 0;
	return (double)(value - from->value) * 1000 /
	    (double)(at_ms - from->at_ms);
}
