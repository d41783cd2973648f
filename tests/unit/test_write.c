/* link: -Wl,--wrap=write */
#include "exact.h"

#include <errno.h>
#include <unistd.h>

#include "cli/put.h"
#include "sys/write.h"

#define FD 77

/* What write(2) says, call by call: octets taken, 0, or an errno below 0. */
static const int *answers;
static char written[64];
static size_t written_len;

ssize_t __real_write(int fd, const void *ptr, size_t len);
ssize_t __wrap_write(int fd, const void *ptr, size_t len);

ssize_t
__wrap_write(int fd, const void *ptr, size_t len)
{
	int answer;

	if (fd != FD)
		return __real_write(fd, ptr, len);
	answer = *answers++;
	if (answer < 0) {
		errno = -answer;
		return -1;
	}
	if ((size_t)answer > len)
		answer = (int)len;
	memcpy(written + written_len, ptr, (size_t)answer);
	written_len += (size_t)answer;
	return answer;
}

static const struct {
	int answers[4];
	int sys;
	const char *written;
} cases[] = {
	{ { 5 }, 0, "hello" },
	{ { 2, 1, 2 }, 0, "hello" },
	{ { -EINTR, 2, -EINTR, 3 }, 0, "hello" },
	{ { 2, 0 }, EIO, "he" },
	{ { 2, -ENOSPC }, ENOSPC, "he" },
	{ { -EAGAIN }, EAGAIN, "" },
};

static void
writes_all_or_says_why_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err;

		answers = cases[i].answers;
		written_len = 0;
		err = write_all(FD, slice_str("hello"));
		expect_kind("kind", err, cases[i].sys ? ERR_FILE : ERR_NONE);
		assert_int_equal(err.sys, cases[i].sys);
		expect_text("written", slice_of(written, written_len),
		    cases[i].written);
	}
	/* Not a call for nothing. */
	answers = NULL;
	expect_kind("none", write_all(FD, slice_of(NULL, 0)), ERR_NONE);
}

static void
puts_all_or_gives_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		answers = cases[i].answers;
		written_len = 0;
		put_text(FD, "hello");
		expect_text("written", slice_of(written, written_len),
		    cases[i].written);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_all_or_says_why_not),
		cmocka_unit_test(puts_all_or_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
