#include "fetch/retry.h"

static bool
is_worth_status(unsigned status, bool all_errors)
{
	switch (status) {
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	case 404:
	case 410:
		return false;
	default:
		return all_errors;
	}
}

bool
retry_is_worth(const struct bulkfetch_options *o, const struct retry_case *c)
{
	if (!c->is_idempotent && c->was_sent && !o->retry_unsafe)
		return false;
	switch (c->err.kind) {
	case ERR_DNS:
	case ERR_CONNECT:
	case ERR_IO:
	case ERR_TRUNCATED:
	case ERR_TIMEOUT:
		return true;
	case ERR_STATUS:
		return is_worth_status(c->status, o->retry_all_errors);
	case ERR_PROXY:
		return o->retry_all_errors || c->err.sys != EACCES;
	case ERR_RESOLVE:
	case ERR_PROTOCOL:
	case ERR_CODING:
	case ERR_REDIRECT:
	case ERR_TLS:
		return o->retry_all_errors;
	/* Ours, or the user's: the next try would meet the same. */
	case ERR_NONE:
	case ERR_NOMEM:
	case ERR_REQUEST:
	case ERR_SCHEME:
	case ERR_NO_TLS:
	case ERR_LIMIT:
	case ERR_HOST_DOWN:
	case ERR_FILE:
	case ERR_STOPPED:
	case ERR_SHORTAGE:
	case ERR_KINDS:
		break;
	}
	return false;
}

int64_t
retry_delay_ms(
    const struct bulkfetch_options *o, unsigned retries, uint64_t random)
{
	uint64_t max_ms = RETRY_FIRST_MS;

	if (o->retry_delay_ms > 0)
		return (int64_t)o->retry_delay_ms;
	while (retries-- > 0 && max_ms < RETRY_DELAY_MAX_MS)
		max_ms *= 2;
	if (max_ms > RETRY_DELAY_MAX_MS)
		max_ms = RETRY_DELAY_MAX_MS;
	return (int64_t)(random % (max_ms + 1));
}
