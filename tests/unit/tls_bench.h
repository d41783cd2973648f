/*
 * tls_bench - a TLS server in the test's own process, by the library that the
 * client uses.  It speaks from memory to memory, so that the test moves its
 * octets to the client's socket in the pieces that it wants.
 *
 * Files are in the scratch directory (scratch.h).  Where there is no library
 * tls_bench_setup() says so, and each test begins with TLS_BENCH_OR_SKIP().
 */
#ifndef BULKFETCH_TESTS_UNIT_TLS_BENCH_H
#define BULKFETCH_TESTS_UNIT_TLS_BENCH_H

#include "exact.h"
#include "scratch.h"
#include "tls_pem.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/stream_tcp.h"
#include "net/stream_tls.h"
#include "sys/dynlib.h"
#include "sys/openssl.h"

#define TLS_BENCH_MAX ((size_t)16 * 1024 * 1024)

/* SSL_CTX_ctrl(), X509v3 and kin, as far as only a server needs them. */
#define TLS_BENCH_CTRL_MAX_VERSION 124
#define TLS_BENCH_VERIFY_FAIL_WITHOUT 2
#define TLS_BENCH_KEY_UPDATE_REQUESTED 1

typedef int (*tls_bench_alpn_fn)(struct ssl_st *ssl, const unsigned char **out,
    unsigned char *out_len, const unsigned char *in, unsigned in_len,
    void *ctx);

/* clang-format off */
#define TLS_BENCH_FUNCTIONS(F) \
	F(const void *, TLS_server_method, (void)) \
	F(const struct bio_method_st *, BIO_s_mem, (void)) \
	F(int, BIO_read, (struct bio_st *bio, void *to, int len)) \
	F(int, BIO_write, (struct bio_st *bio, const void *from, int len)) \
	F(void, SSL_set_accept_state, (struct ssl_st *ssl)) \
	F(int, SSL_key_update, (struct ssl_st *ssl, int type)) \
	F(int, SSL_renegotiate, (struct ssl_st *ssl)) \
	F(int, SSL_new_session_ticket, (struct ssl_st *ssl)) \
	F(int, SSL_is_init_finished, (const struct ssl_st *ssl)) \
	F(int, SSL_version, (const struct ssl_st *ssl)) \
	F(const char *, SSL_get_servername, \
	    (const struct ssl_st *ssl, int type)) \
	F(void, SSL_CTX_set_alpn_select_cb, (struct ssl_ctx_st *ctx, \
	    tls_bench_alpn_fn fn, void *user))

#define TLS_BENCH_MEMBER(returns, name, parameters) returns(*name) parameters;
#define TLS_BENCH_SYMBOL(returns, name, parameters) \
	{ #name, &tls_bench.calls.name },
/* clang-format on */

/* How the server's octets are cut before they are moved. */
enum tls_cut {
	TLS_CUT_NOT,
	TLS_CUT_PIECES,  /* of `cut_at` octets */
	TLS_CUT_RECORDS, /* `cut_at` octets behind the border of a record */
};

struct tls_server {
	struct ssl_st *ssl;
	struct bio_st *in;  /* what has come for it; the ssl's */
	struct bio_st *out; /* what it says; the ssl's */
	int fd;
	enum tls_cut cut;
	int cut_at;
	bool is_mute;      /* nothing is moved to the client */
	struct buf late;   /* not yet moved */
	struct buf heard;  /* from the application */
	bool has_finished; /* its handshake */
	bool has_failed;
	bool has_end; /* close_notify has come */
};

static struct {
	const struct openssl *lib; /* NULL: none */
	struct {
		TLS_BENCH_FUNCTIONS(TLS_BENCH_MEMBER)
	} calls;
	struct ssl_ctx_st *ctx; /* the server's */
	struct tls_options options;
	struct tls *tls;
	struct tls_server server;
	struct stream stream;
	const char *alpn; /* what the server chooses, with its length in front;
			   * NULL: nothing */
} tls_bench;

#define TLS_BENCH_OR_SKIP() \
	do { \
		if (tls_bench.lib == NULL) \
			skip(); \
	} while (0)

/* ---- The server's context ------------------------------------------------ */

static int
tls_bench_choose(struct ssl_st *ssl, const unsigned char **out,
    unsigned char *out_len, const unsigned char *in, unsigned in_len, void *ctx)
{
	(void)ssl;
	(void)in;
	(void)in_len;
	(void)ctx;
	if (tls_bench.alpn == NULL)
		return 3; /* SSL_TLSEXT_ERR_NOACK */
	*out = (const unsigned char *)tls_bench.alpn + 1;
	*out_len = (unsigned char)tls_bench.alpn[0];
	return 0;
}

/* A server that has this certificate and speaks this version at most. */
static inline void
tls_bench_serve(const char *cert, long version)
{
	const struct openssl *lib = tls_bench.lib;

	lib->SSL_CTX_free(tls_bench.ctx);
	tls_bench.ctx = lib->SSL_CTX_new(tls_bench.calls.TLS_server_method());
	assert_non_null(tls_bench.ctx);
	(void)lib->SSL_CTX_ctrl(
	    tls_bench.ctx, TLS_BENCH_CTRL_MAX_VERSION, version, NULL);
	assert_int_equal(lib->SSL_CTX_use_certificate_chain_file(
			     tls_bench.ctx, scratch_path(cert)),
	    1);
	assert_int_equal(lib->SSL_CTX_use_PrivateKey_file(tls_bench.ctx,
			     scratch_path("key"), OPENSSL_FILETYPE_PEM),
	    1);
	tls_bench.calls.SSL_CTX_set_alpn_select_cb(
	    tls_bench.ctx, tls_bench_choose, NULL);
}

static inline void
tls_bench_close_stream(void)
{
	if (tls_bench.stream.fd != -1)
		tls_bench.stream.ops->close(&tls_bench.stream);
}

/* The client anew, as `options` say. */
static inline void
tls_bench_trust(void)
{
	tls_bench_close_stream();
	tls_free(tls_bench.tls);
	tls_bench.tls = NULL;
	assert_false(err_is(tls_new(&tls_bench.options, &tls_bench.tls)));
	if (err_is(tls_open(tls_bench.tls)))
		fail_msg("%s", tls_words(tls_bench.tls));
}

static inline int
tls_bench_setup(void **state)
{
	static const char *const names[] = { OPENSSL_SONAME, NULL };
	static char ca_path[128];
	static const struct {
		const char *name;
		const char *pem;
	} files[] = {
		{ "ca", TLS_PEM_CA },
		{ "cert", TLS_PEM_CERT },
		{ "expired", TLS_PEM_EXPIRED },
		{ "early", TLS_PEM_EARLY },
		{ "many", TLS_PEM_MANY },
		{ "nameless", TLS_PEM_NAMELESS },
		{ "self", TLS_PEM_SELF },
		{ "key", TLS_PEM_KEY },
		{ "locked-key", TLS_PEM_LOCKED_KEY },
		{ "other-key", TLS_PEM_OTHER_KEY },
		{ "strange-key", TLS_PEM_STRANGE_KEY },
	};
	const struct dynlib_symbol symbols[] = {
		TLS_BENCH_FUNCTIONS(TLS_BENCH_SYMBOL){ .name = NULL },
	};

	memset(&tls_bench, 0, sizeof(tls_bench));
	if (openssl_get() == NULL || !dynlib_open(names, symbols)) {
		(void)fprintf(
		    stderr, "%s is not there: skipped\n", OPENSSL_SONAME);
		return 0;
	}
	tls_bench.lib = openssl_get();
	if (scratch_setup(state) != 0)
		return -1;
	for (size_t i = 0; i < COUNT(files); i++)
		scratch_write(files[i].name, files[i].pem, 0600);
	(void)snprintf(ca_path, sizeof(ca_path), "%s", scratch_path("ca"));
	tls_bench.options.ca_file = ca_path;
	tls_bench.stream.fd = -1;
	tls_bench.server.fd = -1;
	tls_bench_serve("cert", OPENSSL_TLS1_3_VERSION);
	tls_bench_trust();
	return 0;
}

/* ---- The server's connections -------------------------------------------- */

/* At the other end of what `fd`, which is taken, is connected to. */
static inline void
tls_server_init(struct tls_server *s, int fd)
{
	const struct openssl *lib = tls_bench.lib;

	*s = (struct tls_server){ .fd = fd };
	buf_init(&s->late, TLS_BENCH_MAX);
	buf_init(&s->heard, TLS_BENCH_MAX);
	s->ssl = lib->SSL_new(tls_bench.ctx);
	s->in = lib->BIO_new(tls_bench.calls.BIO_s_mem());
	s->out = lib->BIO_new(tls_bench.calls.BIO_s_mem());
	assert_true(s->ssl != NULL && s->in != NULL && s->out != NULL);
	lib->SSL_set_bio(s->ssl, s->in, s->out);
	tls_bench.calls.SSL_set_accept_state(s->ssl);
}

/* Without a word to the client. */
static inline void
tls_server_fini(struct tls_server *s)
{
	if (s->ssl == NULL)
		return;
	tls_bench.lib->SSL_free(s->ssl);
	buf_fini(&s->late);
	buf_fini(&s->heard);
	if (s->fd != -1)
		(void)close(s->fd);
	*s = (struct tls_server){ .fd = -1 };
}

/* How many octets of `late` are moved next. */
static inline size_t
tls_server_next_cut(const struct tls_server *s)
{
	struct slice late = buf_slice(&s->late);
	size_t at = 0;

	switch (s->cut) {
	case TLS_CUT_NOT:
		break;
	case TLS_CUT_PIECES:
		return late.len < (size_t)s->cut_at ? late.len
						    : (size_t)s->cut_at;
	case TLS_CUT_RECORDS:
		/* `late` may begin within a record: then what is left of it
		 * goes as one. */
		while (at + 5 <= late.len && late.ptr[at] >= 20 &&
		    late.ptr[at] <= 24 && late.ptr[at + 1] == 3) {
			at += 5 + (size_t)late.ptr[at + 3] * 256 +
			    late.ptr[at + 4];
			if ((int)at + s->cut_at > 0 &&
			    at + (size_t)s->cut_at < late.len)
				return at + (size_t)s->cut_at;
		}
		break;
	}
	return late.len;
}

/* Move what the server says towards the client; whether something moved. */
static inline bool
tls_server_move(struct tls_server *s)
{
	uint8_t octets[4096];
	size_t cut;
	ssize_t n;

	while ((n = tls_bench.calls.BIO_read(
		    s->out, octets, (int)sizeof(octets))) > 0)
		assert_false(
		    err_is(buf_append(&s->late, slice_of(octets, (size_t)n))));
	cut = tls_server_next_cut(s);
	if (s->is_mute || s->fd == -1 || cut == 0)
		return false;
	n = send(s->fd, s->late.ptr, cut, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n <= 0)
		return false;
	buf_drop(&s->late, (size_t)n);
	return true;
}

/* Decrypt what has come. */
static inline void
tls_server_read(struct tls_server *s)
{
	const struct openssl *lib = tls_bench.lib;
	uint8_t octets[16384];
	int error;
	int len;

	lib->ERR_clear_error();
	while ((len = lib->SSL_read(s->ssl, octets, (int)sizeof(octets))) > 0)
		assert_false(err_is(
		    buf_append(&s->heard, slice_of(octets, (size_t)len))));
	error = lib->SSL_get_error(s->ssl, len);
	s->has_finished = tls_bench.calls.SSL_is_init_finished(s->ssl) == 1;
	s->has_end = error == OPENSSL_ERROR_ZERO_RETURN;
	s->has_failed = !s->has_end && error != OPENSSL_ERROR_WANT_READ;
}

/* Hear what has come, and answer; whether something moved. */
static inline bool
tls_server_work(struct tls_server *s)
{
	uint8_t octets[16384];
	bool has_moved = false;
	ssize_t n;

	while (s->fd != -1 &&
	    (n = recv(s->fd, octets, sizeof(octets), MSG_DONTWAIT)) > 0) {
		assert_int_equal(
		    tls_bench.calls.BIO_write(s->in, octets, (int)n), n);
		has_moved = true;
	}
	if (!s->has_failed)
		tls_server_read(s);
	return tls_server_move(s) || has_moved;
}

/* Have the server say this; tls_server_work() moves it. */
static inline void
tls_server_say(struct tls_server *s, struct slice octets)
{
	assert_int_equal(
	    tls_bench.lib->SSL_write(s->ssl, octets.ptr, (int)octets.len),
	    octets.len);
}

static inline void
tls_server_say_str(struct tls_server *s, const char *text)
{
	tls_server_say(s, slice_str(text));
}

/* Move all of it at once. */
static inline void
tls_server_flush(struct tls_server *s)
{
	while (tls_server_move(s))
		;
}

/* close_notify, behind all that was said. */
static inline void
tls_server_say_end(struct tls_server *s)
{
	(void)tls_bench.lib->SSL_shutdown(s->ssl);
}

/* The socket's end. */
static inline void
tls_server_hang_up(struct tls_server *s)
{
	assert_int_equal(close(s->fd), 0);
	s->fd = -1;
}

/* ---- The client's stream ------------------------------------------------- */

static inline void
tls_bench_close(void)
{
	tls_bench_close_stream();
	tls_server_fini(&tls_bench.server);
}

static inline int
tls_bench_teardown(void **state)
{
	if (tls_bench.lib == NULL)
		return 0;
	tls_bench_close();
	tls_free(tls_bench.tls);
	tls_bench.lib->SSL_CTX_free(tls_bench.ctx);
	return scratch_teardown(state);
}

/* Two ends, one of them the server's; what stream_tls_begin() says. */
static inline struct err
tls_bench_begin(const char *host)
{
	struct slice name = exact_copy(slice_str(host));
	struct slice key = exact_copy(slice_str("https://origin"));
	struct err err;
	int fds[2];

	tls_bench_close();
	assert_int_equal(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	tls_bench.stream =
	    (struct stream){ .ops = &stream_tcp_ops, .fd = fds[0] };
	tls_server_init(&tls_bench.server, fds[1]);
	err = stream_tls_begin(&tls_bench.stream, tls_bench.tls, name, key);
	exact_free(name);
	exact_free(key);
	return err;
}

/* Shake hands until that is over or both sides are at a loss. */
static inline struct stream_io
tls_bench_shake(void)
{
	struct stream *s = &tls_bench.stream;
	struct stream_io io;
	bool has_moved;

	do {
		io = s->ops->handshake(s);
		has_moved = tls_server_work(&tls_bench.server);
	} while (
	    (io.status == STREAM_WAIT_READ || io.status == STREAM_WAIT_WRITE) &&
	    has_moved);
	return io;
}

/* A connection that stands; as it ends behind the handshake. */
static inline void
tls_bench_connect(void)
{
	assert_false(err_is(tls_bench_begin("localhost")));
	if (tls_bench_shake().status != STREAM_OK)
		fail_msg("%s", tls_bench.stream.words);
}

static inline bool
tls_bench_is_readable(void)
{
	struct pollfd p = { .fd = tls_bench.stream.fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/*
 * Receive as a connection does: only while there is something, or the stream
 * says so.  Appends to `out`; how that ended, STREAM_WAIT_READ when nothing
 * more comes.
 */
static inline struct stream_io
tls_bench_drain(size_t cap, struct buf *out)
{
	struct stream *s = &tls_bench.stream;
	uint8_t *to = malloc(cap);
	struct stream_io io = stream_wait(STREAM_WAIT_READ);
	unsigned idle = 0;

	assert_non_null(to);
	while (s->has_more || tls_bench_is_readable() ||
	    tls_server_work(&tls_bench.server)) {
		if (!s->has_more && !tls_bench_is_readable())
			continue;
		io = s->ops->recv(s, to, cap);
		if (io.status == STREAM_END || io.status == STREAM_FAILED)
			break;
		if (io.status == STREAM_OK) {
			assert_in_range(io.len, 1, cap);
			assert_false(
			    err_is(buf_append(out, slice_of(to, io.len))));
		}
		idle = io.status == STREAM_OK ? 0 : idle + 1;
		assert_true(idle < 100000);
		io = stream_wait(STREAM_WAIT_READ);
	}
	free(to);
	return io;
}

#endif
