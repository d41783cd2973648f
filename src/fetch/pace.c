#include "fetch/pace.h"

void
pace_init(struct pace *p, struct bulkfetch_pace rate)
{
	*p = (struct pace){ .rate = rate, .next_ms = -1 };
}

bool
pace_is_due(const struct pace *p, int64_t now_ms)
{
	return pace_due_ms(p) <= now_ms;
}

int64_t
pace_due_ms(const struct pace *p)
{
	return p->next_ms + (p->next_frac > 0);
}

void
pace_take(struct pace *p, int64_t now_ms)
{
	uint64_t count = p->rate.count;

	if (count == 0)
		return;
	if (p->next_ms == -1) {
		p->next_ms = now_ms;
	} else if (p->next_ms < now_ms - PACE_CATCH_UP_MS) {
		p->next_ms = now_ms - PACE_CATCH_UP_MS;
		p->next_frac = 0;
	}
	p->next_ms += (int64_t)(p->rate.per_ms / count);
	p->next_frac += p->rate.per_ms % count;
	if (p->next_frac >= count) {
		p->next_frac -= count;
		p->next_ms++;
	}
}
