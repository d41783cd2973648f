/*
 * The source of BULKFETCH_RETRY_FAILED.
 */
#include "logged.h"

static struct bulkfetch_resumed resumed;

static struct bulkfetch_source
open_failures(void)
{
	struct bulkfetch_problem problem;
	struct bulkfetch_source source;

	if (bulkfetch_resume_new("log", BULKFETCH_RETRY_FAILED, NULL, 0,
		&source, &resumed, &problem) != 0)
		fail_msg("%s", problem.text);
	return source;
}

static void
gives_each_failure_once_in_the_order_of_the_log(void **state)
{
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;
	uint64_t done;
	uint64_t total;

	(void)state;
	logged_add(log, 9, "u9", LOGGED_FAILED);
	logged_add(log, 2, "u2", LOGGED_FAILED);
	logged_add(log, 3, "u3", LOGGED_OK);
	logged_add(log, 4, "u4", LOGGED_FAILED);
	logged_add(log, 5, "u5", LOGGED_STOPPED);
	logged_add(log, 9, "u9", LOGGED_FAILED);
	logged_add(log, 4, "u4", LOGGED_OK);
	assert_int_equal(bulkfetch_log_close(log), 0);
	source = open_failures();
	assert_int_equal(resumed.ok, 2);
	assert_int_equal(resumed.failed, 2);
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(done, 0);
	assert_true(total > 0);
	assert_string_equal(logged_items(&source), "9:u9 2:u2 ");
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(done, total);
	source.free(source.ctx);
}

/* A disk that was full may have room now. */
static void
what_failed_on_this_side_is_tried_in_any_case(void **state)
{
	static const struct {
		enum bulkfetch_resume_how how;
		const char *items;
	} cases[] = {
		{ BULKFETCH_RESUME, "2:u2 " },
		{ BULKFETCH_RESUME_FAILED, "2:u2 3:u3 " },
		{ BULKFETCH_RETRY_FAILED, "2:u2 3:u3 " },
	};
	static const char *const names[] = { "list" };
	struct bulkfetch_log *log = logged_open("log");

	(void)state;
	logged_put("list", "u1\nu2\nu3\n");
	logged_add(log, 1, "u1", LOGGED_OK);
	logged_add(log, 2, "u2", LOGGED_FULL);
	logged_add(log, 3, "u3", LOGGED_FAILED);
	assert_int_equal(bulkfetch_log_close(log), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool has_list = cases[i].how != BULKFETCH_RETRY_FAILED;
		struct bulkfetch_problem problem;
		struct bulkfetch_source source;

		assert_int_equal(
		    bulkfetch_resume_new("log", cases[i].how, names, has_list,
			&source, &resumed, &problem),
		    0);
		assert_string_equal(logged_items(&source), cases[i].items);
		source.free(source.ctx);
	}
}

static void
restores_urls_octet_for_octet(void **state)
{
	static const struct bulkfetch_text urls[] = {
		LOG_TEXT("http://h/\"\\\""),
		LOG_TEXT("http://h/\0\x01\x7f"),
		LOG_TEXT("http://h/\xff\xc3\xa4"),
		LOG_TEXT("http://h/\xc3\xa4"),
		LOG_TEXT("\",\"ok\":true,"),
		LOG_TEXT("\\"),
	};
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;
	struct bulkfetch_item item;

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct bulkfetch_result r =
		    logged_result(i + 1, urls[i], LOGGED_FAILED);

		assert_int_equal(bulkfetch_log_add(log, &r), 0);
	}
	assert_int_equal(bulkfetch_log_close(log), 0);
	source = open_failures();
	for (size_t i = 0; i < COUNT(urls); i++) {
		assert_int_equal(
		    source.next(source.ctx, &item), BULKFETCH_ITEM);
		assert_int_equal(item.n, i + 1);
		assert_null(item.problem);
		assert_int_equal(item.url.len, urls[i].len);
		assert_memory_equal(item.url.ptr, urls[i].ptr, urls[i].len);
	}
	assert_int_equal(source.next(source.ctx, &item), BULKFETCH_END);
	source.free(source.ctx);
}

/* It cannot be fetched, but shall not go missing without a word. */
static void
gives_what_the_log_does_not_know_in_full_as_a_problem(void **state)
{
	static const char foreign[] =
	    "{\"n\":2,\"url\":\"\\u20ac\",\"ok\":false,}\n";
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_result r = logged_result(
	    1, (struct bulkfetch_text)LOG_TEXT("http://h/xx"), LOGGED_FAILED);
	struct bulkfetch_source source;
	struct bulkfetch_item item;
	int fd;

	(void)state;
	r.is_url_cut = true;
	assert_int_equal(bulkfetch_log_add(log, &r), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	fd = open("log", O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, foreign, strlen(foreign)), strlen(foreign));
	assert_int_equal(close(fd), 0);
	source = open_failures();
	for (uint64_t n = 1; n <= 2; n++) {
		assert_int_equal(
		    source.next(source.ctx, &item), BULKFETCH_ITEM);
		assert_int_equal(item.n, n);
		assert_non_null(item.problem);
		assert_true(item.is_cut);
		expect_text("url", slice_of(item.url.ptr, item.url.len),
		    n == 1 ? "http://h/xx" : "\\u20ac");
	}
	source.free(source.ctx);
}

static void
knows_the_list_and_line_of_each(void **state)
{
	static const struct {
		uint64_t n;
		const char *list;
		uint64_t line;
		const char *given_list;
		uint64_t given_line;
	} cases[] = {
		/* In the first list, n is the line, and the log has neither. */
		{ 3, "a", 3, NULL, 3 },
		{ 4, NULL, 0, NULL, 4 },
		{ 5, "b \"\xff\\", 1, "b \"\xff\\", 1 },
		{ 6, "b \"\xff\\", 2, "b \"\xff\\", 2 },
		{ 7, "c", 1, "c", 1 },
		{ 8, "b \"\xff\\", 4, "b \"\xff\\", 4 },
	};
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;
	struct bulkfetch_item item;
	const char *lists[COUNT(cases)];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bulkfetch_result r = logged_result(cases[i].n,
		    (struct bulkfetch_text)LOG_TEXT("u"), LOGGED_FAILED);

		r.list = cases[i].list;
		r.line = cases[i].line;
		assert_int_equal(bulkfetch_log_add(log, &r), 0);
	}
	assert_int_equal(bulkfetch_log_close(log), 0);
	source = open_failures();
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    source.next(source.ctx, &item), BULKFETCH_ITEM);
		assert_int_equal(item.n, cases[i].n);
		assert_int_equal(item.line, cases[i].given_line);
		lists[i] = item.list;
	}
	/* They live as long as the source. */
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (cases[i].given_list == NULL)
			assert_null(lists[i]);
		else
			assert_string_equal(lists[i], cases[i].given_list);
	}
	assert_ptr_equal(lists[2], lists[5]);
	source.free(source.ctx);
}

static void
keeps_so_many_names_of_lists_and_no_more(void **state)
{
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;
	struct bulkfetch_item item;
	unsigned kept = 0;
	char name[32];

	(void)state;
	for (unsigned n = 1; n <= 5000; n++) {
		struct bulkfetch_result r = logged_result(
		    n, (struct bulkfetch_text)LOG_TEXT("u"), LOGGED_FAILED);

		(void)snprintf(name, sizeof(name), "list%u", n);
		r.list = name;
		r.line = n + 1;
		assert_int_equal(bulkfetch_log_add(log, &r), 0);
	}
	assert_int_equal(bulkfetch_log_close(log), 0);
	source = open_failures();
	while (source.next(source.ctx, &item) == BULKFETCH_ITEM) {
		assert_int_equal(
		    item.line, item.list != NULL ? item.n + 1 : item.n);
		kept += item.list != NULL;
	}
	assert_int_equal(kept, 4096);
	source.free(source.ctx);
}

/* The run writes to the log that it reads. */
static void
does_not_read_what_comes_behind_meanwhile(void **state)
{
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;
	struct bulkfetch_item item;

	(void)state;
	logged_add(log, 1, "u1", LOGGED_FAILED);
	logged_add(log, 2, "u2", LOGGED_FAILED);
	assert_int_equal(bulkfetch_log_flush(log), 0);
	source = open_failures();
	assert_int_equal(source.next(source.ctx, &item), BULKFETCH_ITEM);
	for (unsigned i = 0; i < 2000; i++)
		logged_add(log, 3 + i, "u", LOGGED_FAILED);
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_int_equal(source.next(source.ctx, &item), BULKFETCH_ITEM);
	assert_int_equal(item.n, 2);
	assert_int_equal(source.next(source.ctx, &item), BULKFETCH_END);
	source.free(source.ctx);
}

static void
lets_others_run_while_it_finds_nothing(void **state)
{
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;
	struct bulkfetch_item item;
	unsigned pendings = 0;
	enum bulkfetch_next got;

	(void)state;
	for (unsigned n = 1; n <= 30000; n++)
		logged_add(log, n, "http://h/", LOGGED_OK);
	logged_add(log, 30001, "u", LOGGED_FAILED);
	assert_int_equal(bulkfetch_log_close(log), 0);
	source = open_failures();
	while ((got = source.next(source.ctx, &item)) == BULKFETCH_PENDING) {
		struct pollfd pollfd = { .fd = source.fd(source.ctx),
			.events = POLLIN };

		assert_int_equal(poll(&pollfd, 1, 0), 1);
		pendings++;
	}
	assert_int_equal(got, BULKFETCH_ITEM);
	assert_int_equal(item.n, 30001);
	assert_in_range(pendings, 3, 10);
	source.free(source.ctx);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, logged_setup, logged_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(gives_each_failure_once_in_the_order_of_the_log),
		TEST(what_failed_on_this_side_is_tried_in_any_case),
		TEST(restores_urls_octet_for_octet),
		TEST(gives_what_the_log_does_not_know_in_full_as_a_problem),
		TEST(knows_the_list_and_line_of_each),
		TEST(keeps_so_many_names_of_lists_and_no_more),
		TEST(does_not_read_what_comes_behind_meanwhile),
		TEST(lets_others_run_while_it_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
