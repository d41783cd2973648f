/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include <netinet/in.h>
#include <stdio.h>

#include "route/addresses.h"

#define COUNT_MAX 80

static struct addresses *a;

static struct endpoint
addr(const char *text)
{
	struct endpoint ep = { .len = 0 };

	if (!endpoint_parse_port(slice_str(text), 80, &ep))
		fail_msg("%s: no address", text);
	return ep;
}

/* The addresses between blanks, ordered for `host`, or in the order given for
 * NULL, in the same form. */
static const char *
order(const char *host, const char *texts, int64_t now_ms)
{
	static char out[1024];
	char copy[1024];
	struct endpoint addrs[COUNT_MAX];
	size_t count = 0;
	size_t len = 0;
	char *rest;

	(void)strcpy(copy, texts);
	for (char *t = strtok_r(copy, " ", &rest); t != NULL;
	     t = strtok_r(NULL, " ", &rest))
		addrs[count++] = addr(t);
	if (host == NULL)
		addresses_pass_over(a, addrs, count, now_ms);
	else
		addresses_order(a, slice_str(host), addrs, count, now_ms);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char text[ENDPOINT_TEXT_MAX];

		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s",
		    i > 0 ? " " : "", endpoint_format(&addrs[i], text));
	}
	return out;
}

static void
note_failure(const char *text, int sys, int64_t now_ms)
{
	struct endpoint ep = addr(text);

	addresses_note_failure(a, &ep, sys, now_ms);
}

static void
note_success(const char *host, const char *text, bool is_raced, int64_t now_ms)
{
	struct endpoint ep = addr(text);

	addresses_note_success(a, slice_str(host), &ep, is_raced, now_ms);
}

static int
setup(void **state)
{
	(void)state;
	return err_is(addresses_new(&a)) ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	addresses_free(a);
	return 0;
}

static void
gives_the_families_in_turn_ipv6_first(void **state)
{
	static const struct {
		const char *given;
		const char *ordered;
	} rows[] = {
		{ "", "" },
		{ "1.1.1.1", "1.1.1.1" },
		{ "1.1.1.1 ::1", "::1 1.1.1.1" },
		{ "::1 1.1.1.1", "::1 1.1.1.1" },
		{ "1.1.1.3 1.1.1.1 1.1.1.2", "1.1.1.3 1.1.1.1 1.1.1.2" },
		{ "::3 ::1 ::2", "::3 ::1 ::2" },
		{ "1.1.1.2 1.1.1.1 ::2 ::1", "::2 1.1.1.2 ::1 1.1.1.1" },
		{ "1.1.1.1 1.1.1.2 1.1.1.3 ::1",
		    "::1 1.1.1.1 1.1.1.2 1.1.1.3" },
		{ "::3 ::2 ::1 1.1.1.1", "::3 1.1.1.1 ::2 ::1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(
		    order("h", rows[i].given, 0), rows[i].ordered);
}

static void
passes_an_address_that_failed_over_for_a_while(void **state)
{
	const char *all = "::1 1.1.1.1 1.1.1.2";

	(void)state;
	note_failure("1.1.1.1", ECONNREFUSED, 1000);
	assert_string_equal(order("h", all, 1000), "::1 1.1.1.2 1.1.1.1");
	/* Whatever the name; but not at another port. */
	assert_string_equal(
	    order("other", "1.1.1.1 1.1.1.3", 1000), "1.1.1.3 1.1.1.1");
	assert_string_equal(
	    order("h", "1.1.1.1:81 1.1.1.3:81", 1000), "1.1.1.1 1.1.1.3");
	assert_string_equal(order("h", all, 1000 + ADDRESSES_PASS_MS - 1),
	    "::1 1.1.1.2 1.1.1.1");
	assert_string_equal(
	    order("h", all, 1000 + ADDRESSES_PASS_MS), "::1 1.1.1.1 1.1.1.2");
}

static void
a_second_failure_begins_the_while_anew(void **state)
{
	const char *all = "1.1.1.1 1.1.1.2";

	(void)state;
	note_failure("1.1.1.1", ETIMEDOUT, 0);
	note_failure("1.1.1.1", ETIMEDOUT, 20000);
	assert_string_equal(
	    order("h", all, ADDRESSES_PASS_MS), "1.1.1.2 1.1.1.1");
	assert_string_equal(order("h", all, 20000 + ADDRESSES_PASS_MS), all);
}

static void
a_success_ends_it(void **state)
{
	(void)state;
	note_failure("1.1.1.1", ECONNREFUSED, 0);
	note_failure("1.1.1.2", ECONNREFUSED, 0);
	note_success("h", "1.1.1.1", false, 1);
	assert_string_equal(
	    order("h", "1.1.1.2 1.1.1.1", 1), "1.1.1.1 1.1.1.2");
}

static void
tries_all_the_same_when_all_failed_the_longest_ago_first(void **state)
{
	(void)state;
	note_failure("::1", ECONNREFUSED, 3000);
	note_failure("1.1.1.1", ECONNREFUSED, 1000);
	note_failure("1.1.1.2", ECONNREFUSED, 2000);
	note_failure("1.1.1.3", ECONNREFUSED, 3000);
	assert_string_equal(order("h", "1.1.1.3 ::1 1.1.1.2 1.1.1.1", 3000),
	    "1.1.1.1 1.1.1.2 ::1 1.1.1.3");
	/* Those that did not fail come first all the same. */
	assert_string_equal(order("h", "1.1.1.3 ::1 1.1.1.2 1.1.1.1 ::2", 3000),
	    "::2 1.1.1.1 1.1.1.2 ::1 1.1.1.3");
}

static void
a_family_that_leads_nowhere_is_passed_over_as_a_whole(void **state)
{
	static const int cases[] = { ENETUNREACH, EAFNOSUPPORT, EADDRNOTAVAIL };
	const char *all = "::1 ::2 1.1.1.1 1.1.1.2";
	const char *usual = "::1 1.1.1.1 ::2 1.1.1.2";
	const char *behind = "1.1.1.1 1.1.1.2 ::1 ::2";

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t now_ms = (int64_t)i * 100000;

		note_failure("::9", cases[i], now_ms);
		assert_string_equal(order("h", all, now_ms), behind);
		assert_string_equal(
		    order("h", all, now_ms + ADDRESSES_PASS_MS - 1), behind);
		assert_string_equal(
		    order("h", all, now_ms + ADDRESSES_PASS_MS), usual);

		note_failure("::9", cases[i], now_ms + 40000);
		note_success("x", "1.1.1.9", false, now_ms + 40000);
		assert_string_equal(order("h", all, now_ms + 40000), behind);
		note_success("x", "::8", false, now_ms + 40000);
		assert_string_equal(order("h", all, now_ms + 40000), usual);
	}
	/* IPv4 alike; and a single family keeps its order. */
	note_failure("1.1.1.1", ENETUNREACH, 900000);
	assert_string_equal(order("h", all, 900000), "::1 ::2 1.1.1.1 1.1.1.2");
	assert_string_equal(
	    order("h", "1.1.1.2 1.1.1.1", 900000), "1.1.1.2 1.1.1.1");
}

static void
other_failures_are_of_one_address(void **state)
{
	static const int cases[] = { ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH,
		ECONNRESET, EACCES, EPERM };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t now_ms = (int64_t)i * 100000;

		note_failure("::1", cases[i], now_ms);
		assert_string_equal(
		    order("h", "::1 ::2 1.1.1.1", now_ms), "::2 1.1.1.1 ::1");
	}
}

static void
remembers_the_family_that_won_a_hosts_race(void **state)
{
	const char *all = "::1 ::2 1.1.1.1 1.1.1.2";
	const char *ipv6 = "::1 1.1.1.1 ::2 1.1.1.2";
	const char *ipv4 = "1.1.1.1 ::1 1.1.1.2 ::2";

	(void)state;
	note_success("h", "1.1.1.1", false, 0);
	assert_string_equal(order("h", all, 0), ipv6);
	note_success("h", "1.1.1.1", true, 0);
	assert_string_equal(order("h", all, 0), ipv4);
	assert_string_equal(order("g", all, 0), ipv6);
	assert_string_equal(order("h", all, ADDRESSES_WINNER_MS - 1), ipv4);
	assert_string_equal(order("h", all, ADDRESSES_WINNER_MS), ipv6);

	note_success("h", "1.1.1.1", true, 1000000);
	note_success("h", "1.1.1.1", true, 1100000);
	assert_string_equal(
	    order("h", all, 1000000 + ADDRESSES_WINNER_MS), ipv4);
	note_success("h", "::1", true, 1200000);
	assert_string_equal(order("h", all, 1200000), ipv6);
}

static void
keeps_the_order_of_a_list_but_for_those_that_failed(void **state)
{
	const char *all = "1.1.1.1 1.1.1.2 ::1 1.1.1.3 ::2";

	(void)state;
	assert_string_equal(order(NULL, "", 0), "");
	assert_string_equal(order(NULL, all, 0), all);
	/* Races are won by hosts, which a list does without. */
	note_success("h", "::1", true, 0);
	assert_string_equal(order(NULL, all, 0), all);

	note_failure("::1", ECONNREFUSED, 1000);
	note_failure("1.1.1.1", ECONNREFUSED, 2000);
	assert_string_equal(
	    order(NULL, all, 2000), "1.1.1.2 1.1.1.3 ::2 ::1 1.1.1.1");
	assert_string_equal(order(NULL, all, 1000 + ADDRESSES_PASS_MS),
	    "1.1.1.2 ::1 1.1.1.3 ::2 1.1.1.1");
	assert_string_equal(order(NULL, all, 2000 + ADDRESSES_PASS_MS), all);

	/* A family alone, without a single address that failed. */
	note_failure("1.1.1.3", ENETUNREACH, 50000);
	assert_string_equal(
	    order(NULL, all, 50000), "::1 ::2 1.1.1.1 1.1.1.2 1.1.1.3");
	assert_string_equal(order(NULL, all, 50000 + ADDRESSES_PASS_MS), all);
}

static void
what_is_no_internet_address_is_left_alone(void **state)
{
	struct endpoint ep[2];

	(void)state;
	assert_true(endpoint_local("/x", &ep[0]));
	assert_true(endpoint_local("/y", &ep[1]));
	addresses_note_failure(a, &ep[0], ECONNREFUSED, 0);
	addresses_note_failure(a, &ep[0], EADDRNOTAVAIL, 0);
	addresses_note_success(a, slice_str("h"), &ep[0], true, 0);
	note_failure("1.1.1.1", ECONNREFUSED, 0);
	addresses_order(a, slice_str("h"), ep, 2, 0);
	assert_string_equal(ep[0].addr.local.path, "/x");
	assert_string_equal(ep[1].addr.local.path, "/y");
	assert_string_equal(order("h", "1.1.1.2 ::1", 0), "::1 1.1.1.2");
}

static void
scopes_tell_addresses_apart(void **state)
{
	struct endpoint ep[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		ep[i] = addr("fe80::1");
		ep[i].addr.in6.sin6_scope_id = i;
	}
	addresses_note_failure(a, &ep[1], ECONNREFUSED, 0);
	addresses_order(a, slice_str("h"), ep, 3, 0);
	assert_int_equal(ep[0].addr.in6.sin6_scope_id, 0);
	assert_int_equal(ep[1].addr.in6.sin6_scope_id, 2);
	assert_int_equal(ep[2].addr.in6.sin6_scope_id, 1);
}

/* Address 10.x.y.z of a number. */
static struct endpoint
numbered(uint32_t n)
{
	struct endpoint ep = addr("10.0.0.0");

	ep.addr.in.sin_addr.s_addr = htonl(0x0a000000 + n);
	return ep;
}

/* Whether address `n` is passed over. */
static bool
is_passed(uint32_t n, int64_t now_ms)
{
	struct endpoint pair[2] = { numbered(n), addr("192.0.2.1") };
	struct endpoint other = pair[1];

	addresses_order(a, slice_str("h"), pair, 2, now_ms);
	return endpoint_eq(&pair[0], &other);
}

static void
forgets_first_what_it_was_told_first(void **state)
{
	const uint32_t most = ADDRESSES_MAX;

	(void)state;
	for (uint32_t i = 0; i < most; i++) {
		struct endpoint ep = numbered(i);

		addresses_note_failure(a, &ep, ECONNREFUSED, i);
	}
	for (uint32_t i = 0; i < most; i++)
		assert_true(is_passed(i, most));
	for (uint32_t i = most; i < 3 * most; i++) {
		struct endpoint ep = numbered(i);

		addresses_note_failure(a, &ep, ECONNREFUSED, i);
		assert_true(is_passed(i, i));
		assert_true(is_passed(i - most + 1, i));
		assert_false(is_passed(i - most, i));
	}
	/* Told again is told last. */
	{
		struct endpoint again = numbered(2 * most);
		struct endpoint ep = numbered(3 * most);

		addresses_note_failure(a, &again, ECONNREFUSED, 3 * most);
		addresses_note_failure(a, &ep, ECONNREFUSED, 3 * most);
		assert_true(is_passed(2 * most, 3 * most));
		assert_false(is_passed(2 * most + 1, 3 * most));
	}
}

static void
forgets_the_hosts_it_was_told_of_first(void **state)
{
	const char *all = "::1 1.1.1.1";
	struct endpoint ipv4 = addr("1.1.1.1");

	(void)state;
	for (uint32_t i = 0; i < 3 * ADDRESSES_MAX; i++)
		addresses_note_success(
		    a, slice_of(&i, sizeof(i)), &ipv4, true, 0);
	note_success("h", "1.1.1.1", true, 0);
	assert_string_equal(order("h", all, 0), "1.1.1.1 ::1");
	for (uint32_t i = 0; i < ADDRESSES_MAX - 1; i++)
		addresses_note_success(
		    a, slice_of(&i, sizeof(i)), &ipv4, true, 0);
	assert_string_equal(order("h", all, 0), "1.1.1.1 ::1");
	note_success("g", "1.1.1.1", true, 0);
	assert_string_equal(order("h", all, 0), "::1 1.1.1.1");
}

static void
orders_64_and_leaves_the_rest_behind(void **state)
{
	struct endpoint addrs[COUNT_MAX];

	(void)state;
	for (uint32_t i = 0; i < COUNT_MAX; i++)
		addrs[i] = numbered(i);
	addrs[COUNT_MAX - 1] = addr("::1");
	addresses_note_failure(a, &addrs[0], ECONNREFUSED, 0);
	addresses_note_failure(a, &addrs[70], ECONNREFUSED, 0);
	addresses_order(a, slice_str("h"), addrs, COUNT_MAX, 0);
	for (uint32_t i = 0; i < COUNT_MAX - 1; i++) {
		struct endpoint expected = i < 63 ? numbered(i + 1)
		    : i == 63                     ? numbered(0)
						  : numbered(i);

		assert_true(endpoint_eq(&addrs[i], &expected));
	}
	/* In a list as well; number 70 is far behind in any case. */
	for (uint32_t i = 0; i < COUNT_MAX; i++)
		addrs[i] = numbered(i);
	addresses_pass_over(a, addrs, COUNT_MAX, 0);
	for (uint32_t i = 0; i < COUNT_MAX; i++) {
		struct endpoint expected = i < 63 ? numbered(i + 1)
		    : i == 63                     ? numbered(0)
						  : numbered(i);

		assert_true(endpoint_eq(&addrs[i], &expected));
	}
}

/* ---- Beside a model ----------------------------------------------------- */

enum { ADDRS = 14, HOSTS = 5, STEPS = 60000 };

/* What the slow one knows. */
static struct {
	struct endpoint addrs[ADDRS];
	int64_t failed_ms[ADDRS]; /* -1: never */
	int64_t family_ms[2];     /* -1: leads somewhere */
	int64_t won_ms[HOSTS];    /* -1: no race */
	bool won_by_6[HOSTS];
} model;

static uint64_t random_state;

static unsigned
draw(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % below;
}

static bool
is_6(unsigned n)
{
	return model.addrs[n].addr.sa.sa_family == AF_INET6;
}

/* When it failed, if that still counts; else -1. */
static int64_t
model_failed(unsigned n, int64_t now_ms)
{
	int64_t addr_ms = model.failed_ms[n];
	int64_t family_ms = model.family_ms[is_6(n)];

	if (now_ms - addr_ms >= ADDRESSES_PASS_MS)
		addr_ms = -1;
	if (now_ms - family_ms >= ADDRESSES_PASS_MS)
		family_ms = -1;
	return addr_ms > family_ms ? addr_ms : family_ms;
}

/* Take those that failed at `at_ms` out of `given`, the families in turn. */
static size_t
model_take(const unsigned *given, size_t count, int64_t at_ms, bool first_6,
    int64_t now_ms, unsigned *out)
{
	unsigned of[2][ADDRS];
	size_t counts[2] = { 0, 0 };
	size_t taken = 0;

	for (size_t i = 0; i < count; i++) {
		bool which = is_6(given[i]) != first_6;

		if (model_failed(given[i], now_ms) == at_ms)
			of[which][counts[which]++] = given[i];
	}
	for (size_t i = 0; i < ADDRS; i++) {
		for (int which = 0; which < 2; which++) {
			if (i < counts[which])
				out[taken++] = of[which][i];
		}
	}
	return taken;
}

static void
model_order(unsigned host, unsigned *given, size_t count, int64_t now_ms)
{
	bool first_6 = model.won_ms[host] == -1 ||
	    now_ms - model.won_ms[host] >= ADDRESSES_WINNER_MS ||
	    model.won_by_6[host];
	unsigned out[ADDRS];
	size_t done = 0;
	int64_t at_ms = -1;

	while (done < count) {
		int64_t next_ms = INT64_MAX;

		done += model_take(
		    given, count, at_ms, first_6, now_ms, out + done);
		for (size_t i = 0; i < count; i++) {
			int64_t ms = model_failed(given[i], now_ms);

			if (ms > at_ms && ms < next_ms)
				next_ms = ms;
		}
		at_ms = next_ms;
	}
	memcpy(given, out, count * sizeof(*given));
}

/* Some addresses, each once, in any order. */
static size_t
deal(unsigned *out)
{
	size_t count = 1 + draw(8);
	unsigned all[ADDRS];

	for (unsigned i = 0; i < ADDRS; i++)
		all[i] = i;
	for (unsigned i = 0; i < count; i++) {
		unsigned other = i + draw(ADDRS - i);
		unsigned held = all[i];

		all[i] = all[other];
		all[other] = held;
		out[i] = all[i];
	}
	return count;
}

static void
step_order(unsigned host, int64_t now_ms)
{
	struct endpoint addrs[ADDRS];
	unsigned given[ADDRS];
	size_t count = deal(given);

	for (size_t i = 0; i < count; i++)
		addrs[i] = model.addrs[given[i]];
	addresses_order(a, slice_of(&host, sizeof(host)), addrs, count, now_ms);
	model_order(host, given, count, now_ms);
	for (size_t i = 0; i < count; i++)
		assert_true(endpoint_eq(&addrs[i], &model.addrs[given[i]]));
}

static void
step_failure(unsigned n, int64_t now_ms)
{
	static const int codes[] = { ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH,
		ENETUNREACH };
	int sys = codes[draw(draw(4) == 0 ? 4 : 3)];

	addresses_note_failure(a, &model.addrs[n], sys, now_ms);
	if (sys == ENETUNREACH)
		model.family_ms[is_6(n)] = now_ms;
	else
		model.failed_ms[n] = now_ms;
}

static void
step_success(unsigned host, unsigned n, int64_t now_ms)
{
	bool is_raced = draw(2) == 0;

	addresses_note_success(a, slice_of(&host, sizeof(host)),
	    &model.addrs[n], is_raced, now_ms);
	model.failed_ms[n] = -1;
	model.family_ms[is_6(n)] = -1;
	if (is_raced) {
		model.won_ms[host] = now_ms;
		model.won_by_6[host] = is_6(n);
	}
}

static void
does_as_a_slow_model_does(void **state)
{
	int64_t now_ms = 0;

	(void)state;
	random_state = 0x2545f4914f6cdd1d;
	for (unsigned i = 0; i < ADDRS; i++) {
		model.addrs[i] = i % 2 == 0 ? numbered(i / 4) : addr("::1");
		if (i % 2 == 1)
			model.addrs[i].addr.in6.sin6_addr.s6_addr[0] =
			    (uint8_t)(i / 4);
		endpoint_set_port(&model.addrs[i], (uint16_t)(80 + i / 2 % 2));
		model.failed_ms[i] = -1;
	}
	for (unsigned i = 0; i < HOSTS; i++)
		model.won_ms[i] = -1;
	model.family_ms[0] = model.family_ms[1] = -1;
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned kind = draw(10);

		now_ms += draw(3) == 0 ? draw(8000) : 0;
		if (draw(500) == 0)
			now_ms += draw(2 * ADDRESSES_WINNER_MS);
		if (kind < 6)
			step_order(draw(HOSTS), now_ms);
		else if (kind < 9)
			step_failure(draw(ADDRS), now_ms);
		else
			step_success(draw(HOSTS), draw(ADDRS), now_ms);
	}
}

static void
is_not_made_without_memory(void **state)
{
	size_t n;

	(void)state;
	for (n = 1;; n++) {
		struct addresses *made = NULL;
		struct err err;

		refuse_begin(n);
		err = addresses_new(&made);
		if (!refuse_end()) {
			expect_kind("new", err, ERR_NONE);
			addresses_free(made);
			break;
		}
		expect_kind("new", err, ERR_NOMEM);
		assert_null(made);
	}
	assert_true(n > 1);
	addresses_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_the_families_in_turn_ipv6_first),
		TEST(passes_an_address_that_failed_over_for_a_while),
		TEST(a_second_failure_begins_the_while_anew),
		TEST(a_success_ends_it),
		TEST(tries_all_the_same_when_all_failed_the_longest_ago_first),
		TEST(a_family_that_leads_nowhere_is_passed_over_as_a_whole),
		TEST(other_failures_are_of_one_address),
		TEST(remembers_the_family_that_won_a_hosts_race),
		TEST(keeps_the_order_of_a_list_but_for_those_that_failed),
		TEST(what_is_no_internet_address_is_left_alone),
		TEST(scopes_tell_addresses_apart),
		TEST(forgets_first_what_it_was_told_first),
		TEST(forgets_the_hosts_it_was_told_of_first),
		TEST(orders_64_and_leaves_the_rest_behind),
		TEST(does_as_a_slow_model_does),
		cmocka_unit_test(is_not_made_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
