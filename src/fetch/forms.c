#include "fetch/forms.h"

#include "base/problem.h"

static bool
is_pace(const struct bulkfetch_pace *pace)
{
	return pace->count == 0 ||
	    (pace->count <= BULKFETCH_PACE_COUNT_MAX && pace->per_ms >= 1 &&
		pace->per_ms <= BULKFETCH_PACE_MS_MAX);
}

bool
forms_check_options(
    const struct bulkfetch_options *o, struct bulkfetch_problem *problem)
{
	const uint64_t durations[] = { o->connect_timeout_ms,
		o->head_timeout_ms, o->idle_timeout_ms, o->max_time_ms,
		o->retry_delay_ms, o->retry_max_time_ms, o->max_retry_after_ms,
		o->max_duration_ms, o->max_drain_ms, o->speed_time_ms };

	if (o->concurrency < 1 || o->concurrency > BULKFETCH_CONCURRENCY_MAX)
		return problem_refuse(problem, true, 0,
		    "the concurrency must be from 1 to %d",
		    BULKFETCH_CONCURRENCY_MAX);
	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		if (durations[i] > BULKFETCH_DURATION_MAX_MS)
			return problem_refuse(problem, true, 0,
			    "a duration is longer than 400 days");
	}
	if (o->max_redirects > BULKFETCH_REDIRECTS_MAX ||
	    o->retries > BULKFETCH_RETRIES_MAX ||
	    o->look_ahead > BULKFETCH_LOOK_AHEAD_MAX)
		return problem_refuse(problem, true, 0,
		    "more than %d redirects, %d retries or a look-ahead of %d",
		    BULKFETCH_REDIRECTS_MAX, BULKFETCH_RETRIES_MAX,
		    BULKFETCH_LOOK_AHEAD_MAX);
	if (o->speed_limit > BULKFETCH_SPEED_MAX)
		return problem_refuse(problem, true, 0,
		    "a speed limit is at most %llu octets a second",
		    (unsigned long long)BULKFETCH_SPEED_MAX);
	if ((unsigned)o->family > BULKFETCH_FAMILY_IPV6 ||
	    o->dns_server_count > BULKFETCH_DNS_SERVERS_MAX ||
	    o->dns_max_inflight > BULKFETCH_DNS_INFLIGHT_MAX)
		return problem_refuse(problem, true, 0,
		    "no such family, more than %d name servers or %d queries "
		    "under way",
		    BULKFETCH_DNS_SERVERS_MAX, BULKFETCH_DNS_INFLIGHT_MAX);
	if (!is_pace(&o->rate) || !is_pace(&o->rate_per_host))
		return problem_refuse(problem, true, 0,
		    "a pace is at most %d in 1 ms to a day",
		    BULKFETCH_PACE_COUNT_MAX);
	return true;
}

/* Say which of the wishes is at fault, if one alone is: `what` 'value'. */
static bool
blame(struct bulkfetch_problem *problem, const char *what, const char *value,
    const struct request_wishes *alone)
{
	struct request_form form;
	struct err err = request_form_init(&form, alone);
	char shown[128];
	char text[128];

	if (!err_is(err)) {
		request_form_fini(&form);
		return false;
	}
	(void)bulkfetch_escape(
	    (struct bulkfetch_text){ .ptr = value, .len = strlen(value) },
	    shown, sizeof(shown));
	(void)problem_refuse(problem, true, 0, "%s '%s': %s", what, shown,
	    err_text(err, text, sizeof(text)));
	return true;
}

static void
refuse_wishes(struct bulkfetch_problem *problem,
    const struct request_wishes *wishes, struct err err)
{
	const struct {
		const char *what;
		const char *value;
		struct request_wishes alone;
	} rows[] = {
		{ "method", wishes->method, { .method = wishes->method } },
		{ "user agent", wishes->user_agent,
		    { .user_agent = wishes->user_agent } },
		{ "referer", wishes->referer, { .referer = wishes->referer } },
		{ "credentials", wishes->credentials,
		    { .credentials = wishes->credentials } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].value != NULL &&
		    blame(problem, rows[i].what, rows[i].value, &rows[i].alone))
			return;
	}
	for (size_t i = 0; i < wishes->field_count; i++) {
		const struct request_wishes alone = {
			.fields = &wishes->fields[i], .field_count = 1
		};

		if (blame(problem, "field", wishes->fields[i], &alone))
			return;
	}
	/* Each is fine, but not together. */
	(void)problem_refuse_err(problem, err);
	problem->is_usage = true;
}

static enum redirect_method
method_of(const struct request_form *form)
{
	if (form->is_get || form->is_head)
		return REDIRECT_SAFE;
	return slice_eq_str(buf_slice(&form->method), "POST") ? REDIRECT_POST
							      : REDIRECT_OTHER;
}

/* The forms of all the requests, those after redirects too. */
bool
forms_init(struct transfer_env *env, struct bulkfetch_problem *problem)
{
	const struct bulkfetch_options *o = &env->options;
	struct request_wishes wishes = {
		.method = o->method,
		.user_agent = o->user_agent,
		.referer = o->referer,
		.credentials = o->credentials,
		.fields = o->fields,
		.field_count = o->field_count,
		.has_body = o->has_body,
		.body_len = o->body.len,
	};
	struct err err = err_none();

	if (o->compressed)
		decoding_list(env->accept_encoding);
	if (env->accept_encoding[0] != '\0')
		wishes.accept_encoding = env->accept_encoding;
	env->request_body = slice_of(o->body.ptr, o->body.len);
	for (unsigned i = 0; i < 4 && !err_is(err); i++) {
		wishes.is_foreign = (i & 1) != 0;
		wishes.is_rewritten = (i & 2) != 0;
		err = request_form_init(
		    &env->forms[wishes.is_foreign][wishes.is_rewritten],
		    &wishes);
	}
	env->method = method_of(&env->forms[0][0]);
	if (err.kind == ERR_NOMEM)
		return problem_refuse_err(problem, err);
	if (err_is(err))
		refuse_wishes(problem, &wishes, err);
	return !err_is(err);
}

void
forms_fini(struct transfer_env *env)
{
	for (unsigned i = 0; i < 4; i++)
		request_form_fini(&env->forms[i & 1][i >> 1]);
}
