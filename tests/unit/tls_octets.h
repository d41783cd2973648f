/*
 * tls_octets - octets through the TLS stream of tls_bench.h, for the tests of
 * stream_tls.
 */
#ifndef BULKFETCH_TESTS_UNIT_TLS_OCTETS_H
#define BULKFETCH_TESTS_UNIT_TLS_OCTETS_H

#include "exact.h"
#include "tls_bench.h"

static const long versions[] = { OPENSSL_TLS1_2_VERSION,
	OPENSSL_TLS1_3_VERSION };

/* Octets that differ from their neighbours far and near; exact_free() them. */
static inline struct slice
make_octets(size_t len)
{
	uint8_t *octets = malloc(len);

	assert_non_null(octets);
	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)(i * i / 7 + i / 251);
	return slice_of(octets, len);
}

static inline void
expect_octets(const char *row, struct slice actual, struct slice expected)
{
	size_t at = 0;

	if (slice_eq(actual, expected))
		return;
	while (at < actual.len && at < expected.len &&
	    actual.ptr[at] == expected.ptr[at])
		at++;
	fail_msg("%s: %zu octets instead of %zu, other ones from %zu on", row,
	    actual.len, expected.len, at);
}

static inline struct stream_io
recv_some(void *to, size_t cap)
{
	return tls_bench.stream.ops->recv(&tls_bench.stream, to, cap);
}

static inline struct stream_io
send_text(const char *text)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)text,
		.iov_len = strlen(text) };

	return tls_bench.stream.ops->send(&tls_bench.stream, &iov, 1);
}

/* All that comes, and how it ends. */
static inline void
expect_drained(
    const char *row, size_t cap, struct slice octets, enum stream_status status)
{
	struct stream_io io;
	struct buf got;

	buf_init(&got, TLS_BENCH_MAX);
	io = tls_bench_drain(cap, &got);
	expect_octets(row, buf_slice(&got), octets);
	if (io.status != status)
		fail_msg("%s: status %d instead of %d (%s)", row,
		    (int)io.status, (int)status,
		    tls_bench.stream.err.why != NULL ? tls_bench.stream.err.why
						     : "");
	buf_fini(&got);
}

/* NULL: there are no words; "": some of OpenSSL's. */
static inline void
expect_failed(
    struct stream_io io, enum err_kind kind, int sys, const char *words)
{
	const struct stream *s = &tls_bench.stream;

	assert_int_equal(io.status, STREAM_FAILED);
	expect_kind("failure", s->err, kind);
	assert_int_equal(s->err.sys, sys);
	if (words == NULL)
		assert_null(s->words);
	else if (words[0] == '\0')
		assert_true(s->words != NULL && s->words[0] != '\0');
	else
		assert_string_equal(s->words, words);
}

#endif
