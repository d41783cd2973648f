/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "fake_stream.h"
#include "refuse.h"

#include <stdio.h>

#include "net/stream_socks.h"

/* What proxies say. */
#define METHOD_NONE "\x05\x00"
#define METHOD_PASSWORD "\x05\x02"
#define LET_IN "\x01\x00"
#define DONE_IPV4 "\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"
#define DONE4 "\x00\x5a\x12\x34\x7f\x00\x00\x01"

static struct fake_stream fake;
static struct stream stream;

/* One talk: the words in `says` leave one after the other, each before its
 * answer. */
struct talk {
	const char *proxy;
	const char *host;
	uint16_t port;
	struct slice says[3];
	struct slice answers[3];
};

#define ASK_NAME "\x05\x01\x00\x03\x01h\x00\x50"

static const struct talk talks[] = {
	{ "socks5h://p", "h", 80, { TEXT("\x05\x01\x00"), TEXT(ASK_NAME) },
	    { TEXT(METHOD_NONE), TEXT(DONE_IPV4) } },
	/* Where it comes from may be an address of any type. */
	{ "socks5h://p", "h", 80, { TEXT("\x05\x01\x00"), TEXT(ASK_NAME) },
	    { TEXT(METHOD_NONE),
		TEXT("\x05\x00\xff\x04"
		     "0123456789abcdef"
		     "\x00\x00") } },
	{ "socks5h://p", "h", 80, { TEXT("\x05\x01\x00"), TEXT(ASK_NAME) },
	    { TEXT(METHOD_NONE),
		TEXT("\x05\x00\x00\x03\x07"
		     "example\x00\x50") } },
	{ "socks5h://p", "h", 80, { TEXT("\x05\x01\x00"), TEXT(ASK_NAME) },
	    { TEXT(METHOD_NONE), TEXT("\x05\x00\x00\x03\x00\x00\x50") } },
	/* Addresses go as such. */
	{ "socks5://p", "192.0.2.1", 8080,
	    { TEXT("\x05\x01\x00"),
		TEXT("\x05\x01\x00\x01\xc0\x00\x02\x01\x1f\x90") },
	    { TEXT(METHOD_NONE), TEXT(DONE_IPV4) } },
	{ "socks5h://p", "2001:db8::1", 65535,
	    { TEXT("\x05\x01\x00"),
		TEXT("\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00"
		     "\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff") },
	    { TEXT(METHOD_NONE), TEXT(DONE_IPV4) } },
	{ "socks5h://p", "fe80::1%no-such", 1,
	    { TEXT("\x05\x01\x00"),
		TEXT("\x05\x01\x00\x04\xfe\x80\x00\x00\x00\x00\x00\x00"
		     "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01") },
	    { TEXT(METHOD_NONE), TEXT(DONE_IPV4) } },
	/* Credentials that are not asked for stay here. */
	{ "socks5h://user:pass@p", "h", 80,
	    { TEXT("\x05\x02\x00\x02"), TEXT(ASK_NAME) },
	    { TEXT(METHOD_NONE), TEXT(DONE_IPV4) } },
	{ "socks5h://user:pass@p", "h", 80,
	    { TEXT("\x05\x02\x00\x02"), TEXT("\x01\x04user\x04pass"),
		TEXT(ASK_NAME) },
	    { TEXT(METHOD_PASSWORD), TEXT(LET_IN), TEXT(DONE_IPV4) } },
	{ "socks5h://user@p", "h", 80,
	    { TEXT("\x05\x02\x00\x02"), TEXT("\x01\x04user\x00"),
		TEXT(ASK_NAME) },
	    { TEXT(METHOD_PASSWORD), TEXT("\x05\x00"), TEXT(DONE_IPV4) } },
	{ "socks4://p", "192.0.2.1", 8080,
	    { TEXT("\x04\x01\x1f\x90\xc0\x00\x02\x01\x00") }, { TEXT(DONE4) } },
	{ "socks4a://me@p", "192.0.2.1", 80,
	    { TEXT("\x04\x01\x00\x50\xc0\x00\x02\x01me\x00") },
	    { TEXT("\x04\x5a\x00\x00\x00\x00\x00\x00") } },
	{ "socks4a://me@p", "h.example.", 80,
	    { TEXT("\x04\x01\x00\x50\x00\x00\x00\x01me\x00h.example.\x00") },
	    { TEXT(DONE4) } },
	{ "socks4a://p", "h", 80,
	    { TEXT("\x04\x01\x00\x50\x00\x00\x00\x01\x00h\x00") },
	    { TEXT(DONE4) } },
};

static struct err
begin_to(const char *text, const char *host, uint16_t port)
{
	struct slice copy = exact_copy(slice_str(host));
	struct proxy proxy;
	struct err err;

	fake_stream_init(&fake, &stream);
	assert_false(err_is(proxy_init(&proxy, text, NULL)));
	err = stream_socks_begin(&stream, &proxy, copy, port);
	proxy_fini(&proxy);
	exact_free(copy);
	return err;
}

/* Everything that is said in a talk, and when its answers come. */
static size_t
play(const struct talk *t, char *words)
{
	size_t len = 0;

	memset(fake.answers, 0, sizeof(fake.answers));
	for (size_t i = 0; i < COUNT(t->says); i++) {
		if (t->says[i].len > 0)
			memcpy(words + len, t->says[i].ptr, t->says[i].len);
		len += t->says[i].len;
		fake.answers[i].after = len;
		fake.answers[i].octets = t->answers[i];
	}
	return len;
}

static size_t
answers_len(void)
{
	size_t len = 0;

	for (size_t i = 0; i < FAKE_ANSWERS_MAX; i++)
		len += fake.answers[i].octets.len;
	return len;
}

static struct stream_io
shake(void)
{
	return fake_stream_shake(&fake, &stream);
}

static int
setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return 0;
}

/* ---- Granted ------------------------------------------------------------- */

static void
expect_done(size_t row, struct slice words)
{
	if (shake().status != STREAM_OK)
		fail_msg("talk %zu: %s", row, stream.err.why);
	assert_true(fake_stream_is_bare(&fake, &stream));
	expect_slice("words", slice_of(fake.said, fake.said_len), words);
	assert_int_equal(fake.closes, 0);
	assert_int_equal(stream.ops->plain_fd(&stream), FAKE_STREAM_FD);
}

/* The peer's first octet comes at once behind the proxy's last, and is left
 * where it is. */
static void
talks_the_same_whatever_the_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++) {
		char text[100];
		size_t len = play(&talks[i], text);
		size_t given = answers_len();
		struct slice words = slice_of(text, len);

		fake.answers[3].octets = slice_str("x");
		for (size_t n = 0; n < 2 * (len > given ? len : given); n++) {
			fake.send_split = fake.recv_split = n / 2;
			fake.send_max = fake.recv_max = n < 2;
			fake.is_slow = n % 2 != 0;
			assert_false(err_is(begin_to(
			    talks[i].proxy, talks[i].host, talks[i].port)));
			assert_int_equal(stream.ops->plain_fd(&stream), -1);
			expect_done(i, words);
			assert_int_equal(fake.given, given);
		}
	}
}

/* Each answer is waited for before more is said; whatever ends there ends the
 * talk, and nothing is lost. */
static void
waits_for_every_octet_of_an_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++) {
		char text[100];
		size_t all;

		(void)play(&talks[i], text);
		all = answers_len();
		for (size_t len = 0; len < 3 * all; len++) {
			size_t left = len / 3;
			struct stream_io io;

			(void)play(&talks[i], text);
			for (size_t k = 0; k < FAKE_ANSWERS_MAX; k++) {
				struct slice *a = &fake.answers[k].octets;

				if (a->len > left)
					a->len = left;
				left -= a->len;
			}
			fake.has_ended = len % 3 == 1;
			fake.sys = len % 3 == 2 ? EPIPE : 0;
			assert_false(err_is(begin_to(
			    talks[i].proxy, talks[i].host, talks[i].port)));
			io = shake();
			if (len % 3 == 0) {
				assert_int_equal(io.status, STREAM_WAIT_READ);
			} else {
				assert_int_equal(io.status, STREAM_FAILED);
				expect_kind("end", stream.err, ERR_PROXY);
				assert_int_equal(stream.err.sys, fake.sys);
			}
			assert_int_equal(fake.closes, 0);
			stream.ops->close(&stream);
			assert_int_equal(fake.closes, 1);
			assert_true(fake_stream_is_bare(&fake, &stream));
		}
	}
}

/* ---- Refused ------------------------------------------------------------- */

static void
tells_refusals_apart(void **state)
{
	static const char *const anonymous = "socks5h://p";
	static const char *const known = "socks5h://u:p@p";
	static const char strange[] = "the proxy's answer is not SOCKS";
	static const struct {
		const char *proxy;
		struct slice answer;
		int sys;
		const char *why;
	} rows[] = {
		{ anonymous, TEXT("\x05\xff"), EACCES,
		    "the proxy wants credentials" },
		{ known, TEXT("\x05\xff"), EACCES,
		    "the proxy wants other credentials than a password" },
		{ known, TEXT(METHOD_PASSWORD "\x01\x01"), EACCES,
		    "the proxy refuses the credentials" },
		{ known, TEXT(METHOD_PASSWORD "\x01\xff"), EACCES,
		    "the proxy refuses the credentials" },
		/* Never to one that was not offered. */
		{ anonymous, TEXT(METHOD_PASSWORD), 0, strange },
		{ known, TEXT("\x05\x01"), 0, strange },
		{ known, TEXT("\x04\x00"), 0, strange },
		{ known, TEXT("HTTP/1.1 400 Bad\r\n"), 0, strange },
		{ anonymous, TEXT(METHOD_NONE "\x05\x01"), 0,
		    "the proxy failed (SOCKS5 reply 1)" },
		{ anonymous, TEXT(METHOD_NONE "\x05\x02"), EACCES,
		    "the proxy's rules do not allow it (SOCKS5 reply 2)" },
		{ anonymous, TEXT(METHOD_NONE "\x05\x03"), 0,
		    "the proxy cannot reach the network (SOCKS5 reply 3)" },
		{ anonymous, TEXT(METHOD_NONE "\x05\x04"), 0,
		    "the proxy cannot reach the host (SOCKS5 reply 4)" },
		{ anonymous, TEXT(METHOD_NONE "\x05\x05"), 0,
		    "the host refuses the proxy's connection (SOCKS5 reply "
		    "5)" },
		{ anonymous, TEXT(METHOD_NONE "\x05\x06"), 0, NULL },
		{ anonymous, TEXT(METHOD_NONE "\x05\x07"), EACCES, NULL },
		{ anonymous, TEXT(METHOD_NONE "\x05\x08"), EACCES, NULL },
		{ anonymous, TEXT(METHOD_NONE "\x05\x09"), 0,
		    "the proxy failed without a known reason" },
		{ anonymous, TEXT(METHOD_NONE "\x04\x00"), 0, strange },
		{ anonymous, TEXT(METHOD_NONE "\x05\x00\x00\x02\x00"), 0,
		    strange },
		{ anonymous, TEXT(METHOD_NONE "\x05\x00\x00\x00\x00"), 0,
		    strange },
		{ "socks4a://p", TEXT("\x00\x5b"), 0,
		    "the proxy refused or failed (SOCKS4 reply 91)" },
		{ "socks4a://p", TEXT("\x00\x5c"), EACCES, NULL },
		{ "socks4a://p", TEXT("\x00\x5d"), EACCES, NULL },
		{ "socks4a://p", TEXT("\x00\x00"), 0, NULL },
		{ "socks4a://p", TEXT("\x05\x5a"), 0, strange },
		{ "socks4a://p", TEXT("SSH"), 0, strange },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice answer = exact_copy(rows[i].answer);

		memset(&fake, 0, sizeof(fake));
		fake.answers[0].octets = answer;
		assert_false(err_is(begin_to(rows[i].proxy, "h", 80)));
		if (shake().status != STREAM_FAILED)
			fail_msg("row %zu", i);
		expect_kind(rows[i].proxy, stream.err, ERR_PROXY);
		assert_non_null(stream.err.why);
		if (rows[i].why != NULL)
			assert_string_equal(stream.err.why, rows[i].why);
		if (stream.err.sys != rows[i].sys)
			fail_msg(
			    "%s: errno %d", stream.err.why, stream.err.sys);
		stream.ops->close(&stream);
		assert_int_equal(fake.closes, 1);
		exact_free(answer);
	}
}

static void
refuses_what_it_cannot_say(void **state)
{
	static char name[257];
	static const struct {
		const char *proxy;
		const char *host;
	} rows[] = {
		{ "socks4://p", "h" },
		{ "socks4://p", "::1" },
		{ "socks4a://p", "::1" },
		{ "socks4a://p", "fe80::1%lo" },
		{ "socks4a://p", name },
		{ "socks5h://p", name },
		{ "socks5h://p", "" },
	};

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = begin_to(rows[i].proxy, rows[i].host, 80);

		expect_kind(rows[i].host, err, ERR_PROXY);
		assert_int_equal(err.sys, EACCES);
		assert_true(fake_stream_is_bare(&fake, &stream));
	}
}

/* Each word as long as its length can say. */
static void
holds_the_longest_words(void **state)
{
	static const char *const schemes[] = { "socks5h", "socks4a" };
	static char word[256];
	static char text[600];

	(void)state;
	memset(word, 'w', sizeof(word) - 1);
	for (size_t i = 0; i < COUNT(schemes); i++) {
		memset(&fake, 0, sizeof(fake));
		(void)snprintf(text, sizeof(text), "%s://%s%s%s@p", schemes[i],
		    word, i == 0 ? ":" : "", i == 0 ? word : "");
		fake.answers[0].octets = i == 0
		    ? slice_of(METHOD_PASSWORD LET_IN DONE_IPV4, 14)
		    : slice_of(DONE4, 8);
		assert_false(err_is(begin_to(text, word, 80)));
		assert_int_equal(shake().status, STREAM_OK);
		assert_int_equal(fake.said_len,
		    i == 0 ? 4 + 3 + 2 * 255 + 5 + 255 + 2
			   : 8 + 255 + 1 + 255 + 1);
	}
}

static void
survives_a_refused_allocation(void **state)
{
	struct proxy proxy;

	(void)state;
	assert_false(err_is(proxy_init(&proxy, "socks5h://p", NULL)));
	fake_stream_init(&fake, &stream);
	refuse_begin(1);
	expect_kind("refused",
	    stream_socks_begin(&stream, &proxy, slice_str("h"), 80), ERR_NOMEM);
	assert_true(refuse_end());
	assert_true(fake_stream_is_bare(&fake, &stream));
	proxy_fini(&proxy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    talks_the_same_whatever_the_pieces, setup),
		cmocka_unit_test_setup(
		    waits_for_every_octet_of_an_answer, setup),
		cmocka_unit_test_setup(tells_refusals_apart, setup),
		cmocka_unit_test_setup(refuses_what_it_cannot_say, setup),
		cmocka_unit_test_setup(holds_the_longest_words, setup),
		cmocka_unit_test_setup(survives_a_refused_allocation, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
