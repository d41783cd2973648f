#include "fetch/budget.h"

#include <stdio.h>

bool
budget_has_failed(const struct bulkfetch_options *o, const struct stats *stats,
    char *text, size_t cap)
{
	uint64_t ended =
	    stats->failed + stats->fetched + stats->skipped + stats->unchanged;
	double percent;

	if (o->max_errors > 0 && stats->failed >= o->max_errors) {
		(void)snprintf(text, cap, "%llu failure%s",
		    (unsigned long long)stats->failed,
		    stats->failed == 1 ? "" : "s");
		return true;
	}
	if (o->max_error_percent <= 0 || ended < BUDGET_PERCENT_MIN)
		return false;
	percent = 100.0 * (double)stats->failed / (double)ended;
	if (percent < o->max_error_percent)
		return false;
	(void)snprintf(text, cap, "%llu failures of %llu (%.1f %%)",
	    (unsigned long long)stats->failed, (unsigned long long)ended,
	    percent);
	return true;
}

bool
budget_is_spent(const struct bulkfetch_options *o, uint64_t received,
    int64_t elapsed_ms, char *text, size_t cap)
{
	if (o->max_transfer > 0 && received >= o->max_transfer) {
		(void)snprintf(text, cap, "%llu octets (--max-transfer)",
		    (unsigned long long)received);
		return true;
	}
	if (o->max_duration_ms > 0 &&
	    elapsed_ms >= (int64_t)o->max_duration_ms) {
		(void)snprintf(text, cap, "%.3g s (--max-duration)",
		    (double)elapsed_ms / 1000);
		return true;
	}
	return false;
}
