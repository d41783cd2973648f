/* What is sent where a redirect leads to: method, body, credentials. */
#include "harness.h"

static const unsigned statuses[] = { 301, 302, 303, 307, 308 };

/* The first word of the only request for `target`. */
static char *
method_of(struct world *w, const char *target)
{
	size_t count;
	struct origin_request *requests = origin_requests(w, &count);
	char *method = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!origin_is_for(&requests[i], target))
			continue;
		assert_null(method);
		method = world_text(w, "%.*s",
		    (int)strcspn(requests[i].line, " "), requests[i].line);
	}
	assert_non_null(method);
	return method;
}

static void
the_method_is_rewritten_as_browsers_do(void **state)
{
	static const struct {
		const char *method;
		const char *after[COUNT(statuses)]; /* 301 302 303 307 308 */
	} rows[] = {
		{ "GET", { "GET", "GET", "GET", "GET", "GET" } },
		{ "HEAD", { "HEAD", "HEAD", "HEAD", "HEAD", "HEAD" } },
		{ "POST", { "GET", "GET", "GET", "POST", "POST" } },
		{ "PUT", { "PUT", "PUT", "GET", "PUT", "PUT" } },
		{ "DELETE", { "DELETE", "DELETE", "GET", "DELETE", "DELETE" } },
	};
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t k = 0; k < COUNT(statuses); k++) {
			char *led_to = world_text(w, "/gen/5/%zu-%zu", i, k);
			char *target = world_text(
			    w, "/redirect/%u%s", statuses[k], led_to);

			expect_exit(
			    bulkfetch(w,
				strcmp(rows[i].method, "HEAD") == 0
				    ? "--head"
				    : world_text(w, "-X%s", rows[i].method),
				"-d", "out", origin_url(w, target), NULL),
			    0);
			assert_string_equal(
			    method_of(w, led_to), rows[i].after[k]);
		}
	}
}

static void
the_body_goes_along_only_with_its_method(void **state)
{
	struct world *w = *state;
	struct origin_request *requests;
	size_t count;

	origin_start(w, NULL, NULL);
	for (size_t k = 0; k < COUNT(statuses); k++) {
		bool is_kept = statuses[k] == 307 || statuses[k] == 308;
		char *led_to = world_text(w, "/echo/%zu", k);
		char *file = world_text(w, "out/%s/redirect/%u%s",
		    origin_host(w), statuses[k], led_to);
		const char *echo;

		expect_exit(bulkfetch(w, "--data", "a=1&b=2", "-d", "out",
				origin_url(w,
				    world_text(w, "/redirect/%u%s", statuses[k],
					led_to)),
				NULL),
		    0);
		echo = world_read_text(w, file);
		assert_int_equal(
		    strstr(echo, "\r\n\r\na=1&b=2") != NULL, is_kept);
	}
	requests = origin_heads(w, &count);
	assert_int_equal(count, 2 * COUNT(statuses));
	for (size_t i = 0; i < count; i++) {
		bool has = strncmp(requests[i].line, "POST", 4) == 0;

		assert_int_equal(
		    origin_field(w, &requests[i], "Content-Length") != NULL,
		    has);
		assert_int_equal(
		    origin_field(w, &requests[i], "Content-Type") != NULL, has);
	}
}

/* Three hops: within the origin, to another one, and within that. */
static void
credentials_never_go_to_another_origin(void **state)
{
	static const struct {
		const char *option;
		const char *value;
		const char *field;
	} rows[] = {
		{ "-u", "user:secret", "Authorization" },
		{ "-H", "Authorization: Bearer secret", "Authorization" },
		{ "-H", "Cookie: secret=1", "Cookie" },
		{ NULL, "user:secret@", "Authorization" },
	};
	/* Another address, another port, another scheme's port. */
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct origin_request *requests;
		char *url;
		size_t count;

		origin_start(w, NULL, NULL);
		url = world_text(w,
		    "http://%s127.0.0.1:%u/redirect/302/redirect/302/"
		    "http://127.0.0.2:%u/redirect/302/gen/5/a",
		    rows[i].option == NULL ? rows[i].value : "", w->port,
		    w->port);
		expect_exit(rows[i].option != NULL
			? bulkfetch(w, "-d", "out", rows[i].option,
			      rows[i].value, url, NULL)
			: bulkfetch(w, "-d", "out", url, NULL),
		    0);
		requests = origin_heads(w, &count);
		assert_int_equal(count, 4);
		for (size_t k = 0; k < count; k++) {
			bool has = origin_field(
				       w, &requests[k], rows[i].field) != NULL;

			if (has != (k < 2))
				fail_msg("row %zu: request %zu has %s%s", i, k,
				    has ? "" : "no ", rows[i].field);
			assert_string_equal(
			    origin_field(w, &requests[k], "Host"),
			    world_text(
				w, "127.0.0.%d:%u", k < 2 ? 1 : 2, w->port));
			assert_null(strstr(requests[k].line, "secret"));
		}
	}
}

/* What names one host is of no use to another. */
static void
a_host_field_of_the_users_stays_with_its_origin(void **state)
{
	static const char *const hosts[] = { "example.org", "example.org",
		NULL };
	struct world *w = *state;
	struct origin_request *requests;
	size_t count;

	origin_start(w, NULL, NULL);
	expect_exit(bulkfetch(w, "-H", "Host: example.org", "-d", "out",
			origin_url(w,
			    world_text(w,
				"/redirect/302/redirect/302/"
				"http://127.0.0.2:%u/gen/5/a",
				w->port)),
			NULL),
	    0);
	requests = origin_heads(w, &count);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(origin_field(w, &requests[i], "Host"),
		    hosts[i] != NULL ? hosts[i]
				     : world_text(w, "127.0.0.2:%u", w->port));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(the_method_is_rewritten_as_browsers_do),
		WORLD_TEST(the_body_goes_along_only_with_its_method),
		WORLD_TEST(credentials_never_go_to_another_origin),
		WORLD_TEST(a_host_field_of_the_users_stays_with_its_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
