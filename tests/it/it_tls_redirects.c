/* Redirects between http and https, what goes along, and --proto. */
#include "harness.h"
#include "https.h"
#include "pki.h"
#include "tls_server.h"

#include <stdio.h>

/*
 * The origin is what "http://localhost/" is, and behind nginx it is what
 * "https://localhost/" is: the same host, and each scheme's own port.
 */
struct pair {
	struct nginx nginx;
	const char *http;  /* for --connect-to */
	const char *https; /* the same */
};

static void
start(struct world *w, struct pair *p, const char *name, const char *script)
{
	if (!pki_make(w))
		skip();
	origin_start(w, script, NULL);
	if (!tls_nginx_start(w, &p->nginx, name, TLS_TO_ORIGIN))
		skip();
	p->http = world_text(w, ":80:127.0.0.1:%u", w->port);
	p->https = world_text(w, ":443:127.0.0.1:%u", p->nginx.port);
}

/* Fetch with up to four words more. */
static struct run *
fetch(struct world *w, const struct pair *p, const char *const *more,
    const char *what)
{
	const char *words[5] = { NULL };

	for (size_t i = 0; more != NULL && more[i] != NULL; i++)
		words[i] = more[i];
	return https_fetch(w, what, "--connect-to", p->http, "--connect-to",
	    p->https, words[0], words[1], words[2], words[3], NULL);
}

/* By which scheme the request came. */
static bool
is_https(struct world *w, const struct origin_request *request)
{
	return origin_field(w, request, "X-Came-By") != NULL;
}

/* ---- Where it goes ------------------------------------------------------- */

static void
they_lead_from_either_scheme_to_the_other(void **state)
{
	static const struct {
		const char *from;
		const char *to;
	} rows[] = {
		{ "http", "https" },
		{ "https", "http" },
		{ "https", "https" },
		{ "http", "http" },
	};
	struct world *w = *state;
	struct pair p;

	start(w, &p, "localhost", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *target = world_text(w, "/gen/900/%zu", i);
		const char *final =
		    world_text(w, "%s://localhost%s", rows[i].to, target);
		const char *way = world_text(w, "/redirect/302/%s", final);
		struct records r;

		expect_fetched(fetch(w, &p, NULL,
		    world_text(w, "%s://localhost%s", rows[i].from, way)));
		r = records_read(w, "log");
		expect_pattern(w, json_get(w, r.lines[0], "file"), target, 900);
		expect_member(&r, r.lines[0], "final_url", final);
		expect_member(&r, r.lines[0], "redirects", "1");
	}
}

static void
relative_ones_stay_with_the_scheme(void **state)
{
	struct world *w = *state;
	struct origin_request *requests;
	size_t count;
	struct pair p;

	start(w, &p, "localhost",
	    "/whole: head 302 \"Location: //localhost/path\" "
	    "\"Content-Length: 0\"\n"
	    "/path: head 302 \"Location: /gen/5/a\" \"Content-Length: 0\"\n");
	expect_fetched(fetch(w, &p, NULL, "https://localhost/whole"));
	requests = origin_heads(w, &count);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++)
		assert_true(is_https(w, &requests[i]));
}

static void
a_loop_through_both_schemes_is_found(void **state)
{
	struct world *w = *state;
	struct pair p;

	start(w, &p, "localhost",
	    "/a: head 302 \"Location: https://localhost/b\" "
	    "\"Content-Length: 0\"\n"
	    "/b: head 302 \"Location: http://localhost/a\" "
	    "\"Content-Length: 0\"\n");
	expect_failed(
	    fetch(w, &p, NULL, "http://localhost/a"), "redirect", NULL, NULL);
	/* The same path by the other scheme is none. */
	nginx_stop(w, &p.nginx);
	start(w, &p, "localhost",
	    "/a on 1: head 302 \"Location: https://localhost/a\" "
	    "\"Content-Length: 0\"\n"
	    "/a: head 200 \"Content-Length: 2\"; send \"ok\"\n");
	expect_fetched(fetch(w, &p, NULL, "http://localhost/a"));
}

static void
where_they_lead_has_to_be_believed(void **state)
{
	struct world *w = *state;
	struct pair p;

	start(w, &p, "elsewhere", NULL);
	expect_failed(
	    fetch(w, &p, NULL,
		"http://localhost/redirect/302/https://localhost/gen/5/a"),
	    "tls", "tls", "elsewhere.test");
}

/* ---- What goes along ----------------------------------------------------- */

static void
credentials_do_not_cross_from_scheme_to_scheme(void **state)
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
	static const char *const schemes[] = { "http", "https" };
	struct world *w = *state;

	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		const char *from = schemes[i % 2];
		const char *to = schemes[1 - i % 2];
		const char *option = rows[i / 2].option;
		const char *const more[] = { option, rows[i / 2].value, NULL };
		struct origin_request *requests;
		size_t count;
		struct pair p;

		start(w, &p, "localhost", NULL);
		/* Within the origin, to the other one, and within that. */
		expect_exit(
		    fetch(w, &p, option != NULL ? more : NULL,
			world_text(w,
			    "%s://%slocalhost/redirect/302/redirect/"
			    "302/%s://localhost/redirect/302/gen/5/a",
			    from, option == NULL ? rows[i / 2].value : "", to)),
		    0);
		requests = origin_heads(w, &count);
		assert_int_equal(count, 4);
		for (size_t k = 0; k < count; k++) {
			bool has = origin_field(w, &requests[k],
				       rows[i / 2].field) != NULL;

			assert_int_equal(is_https(w, &requests[k]),
			    (strcmp(from, "https") == 0) == (k < 2));
			if (has != (k < 2))
				fail_msg("row %zu: request %zu has %s%s", i, k,
				    has ? "" : "no ", rows[i / 2].field);
		}
		nginx_stop(w, &p.nginx);
	}
}

/* ---- --proto ------------------------------------------------------------- */

static void
proto_says_which_urls_of_a_list_are_fetched(void **state)
{
	static const struct {
		const char *proto;
		bool http;
		bool https;
	} rows[] = {
		{ "=https", false, true },
		{ "=http", true, false },
		{ "=http,https", true, true },
		{ "-http", false, true },
		{ "-https", true, false },
		{ "-all,https", false, true },
		{ "-all,+http", true, false },
		{ "https", true, true },
		{ "+https", true, true },
		{ "=HTTPS", false, true },
	};
	struct world *w = *state;
	struct pair p;

	start(w, &p, "localhost", NULL);
	world_write(
	    w, "list", "http://localhost/gen/5/a\nhttps://localhost/gen/5/b\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const more[] = { "--proto", rows[i].proto, NULL };
		struct run *run = fetch(w, &p, more, "list");
		struct records r;

		if ((rows[i].http && rows[i].https) != (run->status == 0))
			fail_msg("%s: %s", rows[i].proto, run_err(run));
		r = records_read(w, "log");
		expect_member(&r, records_find(&r, "n", "1"), "error",
		    rows[i].http ? NULL : "scheme");
		expect_member(&r, records_find(&r, "n", "2"), "error",
		    rows[i].https ? NULL : "scheme");
		if (!rows[i].http || !rows[i].https)
			expect_exit(run, 1);
	}
}

static void
proto_and_proto_redir_say_where_redirects_may_lead(void **state)
{
	static const struct {
		const char *option;
		const char *value;
		const char *from;
		const char *to;
		bool is_followed;
	} rows[] = {
		{ "--proto", "=https", "https", "http", false },
		{ "--proto", "=https", "https", "https", true },
		{ "--proto", "=http", "http", "https", false },
		{ "--proto-redir", "=https", "https", "http", false },
		{ "--proto-redir", "=https", "http", "http", false },
		{ "--proto-redir", "=https", "http", "https", true },
		{ "--proto-redir", "-http", "https", "http", false },
		{ "--proto-redir", "=http", "https", "http", true },
	};
	struct world *w = *state;
	struct pair p;

	start(w, &p, "localhost", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const more[] = { rows[i].option, rows[i].value,
			NULL };
		const char *target = world_text(w, "/gen/5/%zu", i);
		struct run *run = fetch(w, &p, more,
		    world_text(w,
			"%s://localhost/redirect/302/%s://localhost%s",
			rows[i].from, rows[i].to, target));

		if (rows[i].is_followed) {
			expect_fetched(run);
		} else {
			expect_failed(run, "redirect", NULL, NULL);
			assert_int_equal(https_tries(run), 1);
		}
		/* What may not be asked was not. */
		assert_int_equal(
		    origin_count(w, target), rows[i].is_followed ? 1 : 0);
	}
}

static void
what_proto_is_told_has_to_make_sense(void **state)
{
	static const char *const lists[] = { "", "=", "https,,http", "*https" };
	static const char *const options[] = { "--proto", "--proto-redir" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(options); i++) {
		for (size_t k = 0; k < COUNT(lists); k++)
			expect_exit(bulkfetch(w, "-d", "out", options[i],
					lists[k], "http://127.0.0.1:1/", NULL),
			    2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(they_lead_from_either_scheme_to_the_other),
		WORLD_TEST(relative_ones_stay_with_the_scheme),
		WORLD_TEST(a_loop_through_both_schemes_is_found),
		WORLD_TEST(where_they_lead_has_to_be_believed),
		WORLD_TEST(credentials_do_not_cross_from_scheme_to_scheme),
		WORLD_TEST(proto_says_which_urls_of_a_list_are_fetched),
		WORLD_TEST(proto_and_proto_redir_say_where_redirects_may_lead),
		WORLD_TEST(what_proto_is_told_has_to_make_sense),
	};

	return cmocka_run_group_tests(tests, NULL, pki_remove);
}
