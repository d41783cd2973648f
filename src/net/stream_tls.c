#include "net/stream_tls.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "net/stream_tcp.h"
#include "net/tls_internal.h"

/* What a record may take beyond others (RFC 8446, section 5.2), with its
 * header: so much may be in OpenSSL's hands already. */
#define RECORD_MAX ((size_t)17 * 1024)

static const struct stream_ops tls_ops;

static void
layer_free(struct tls_stream *l)
{
	if (l->ssl != NULL)
		l->tls->lib->SSL_free(l->ssl);
	buf_fini(&l->held);
	free(l->words);
	free(l);
}

/* ---- What OpenSSL says -------------------------------------------------- */

static struct stream_io
fail(struct stream *s, struct err err)
{
	struct tls_stream *l = s->layer;

	s->words = l->words;
	return stream_fail(s, err);
}

/*
 * TLS itself has failed: in words, once.  Behind the handshake that is a matter
 * of the transport, but for a server's refusal, which may come so late.
 */
static struct stream_io
fail_tls(struct stream *s)
{
	struct tls_stream *l = s->layer;
	const struct openssl *lib = l->tls->lib;
	bool is_alert = tls_error_is_alert(lib);
	char text[TLS_WORDS_MAX];
	const char *why = tls_error_text(lib, text, sizeof(text));

	if (tls_error_is_local(lib))
		return fail(s, err_of(ERR_NOMEM));
	if (!l->is_established || is_alert)
		tls_say(l, "%s", why);
	else
		tls_say(l, "what came is not the server's TLS (%s)", why);
	if (!l->is_established || (is_alert && !l->has_data))
		return fail(s, err_of(ERR_TLS));
	return fail(s, err_of(ERR_IO));
}

/* The end of the transport, which nobody has announced. */
static struct stream_io
fail_end(struct stream *s)
{
	const struct tls_stream *l = s->layer;

	if (!l->is_established)
		return fail(s,
		    err_why(ERR_IO,
			"the server closed the connection instead of the TLS "
			"handshake"));
	return fail(s,
	    err_why(ERR_TRUNCATED,
		"the TLS connection ended without close_notify"));
}

/* After `result` of one of its functions, which is no success. */
static struct stream_io
conclude(struct stream *s, int result)
{
	const struct tls_stream *l = s->layer;
	int error = l->tls->lib->SSL_get_error(l->ssl, result);

	if (error == OPENSSL_ERROR_WANT_READ)
		return stream_wait(STREAM_WAIT_READ);
	if (error == OPENSSL_ERROR_WANT_WRITE)
		return stream_wait(STREAM_WAIT_WRITE);
	if (error == OPENSSL_ERROR_ZERO_RETURN && l->is_established)
		return stream_wait(STREAM_END);
	if (l->io_sys != 0)
		return fail(s, err_code(ERR_IO, l->io_sys));
	if (l->is_at_end || error == OPENSSL_ERROR_ZERO_RETURN)
		return fail_end(s);
	return fail_tls(s);
}

/* A call of OpenSSL is over.  Whatever it was, there may be something to
 * receive: what was kept, the rest of a record, or how it all ended. */
static struct stream_io
end_call(struct stream *s, struct stream_io io)
{
	struct tls_stream *l = s->layer;
	struct err err = tls_bio_end(l);

	s->has_more = !l->is_blocked &&
	    (l->is_over || tls_bio_has_more(l) ||
		l->tls->lib->SSL_pending(l->ssl) > 0);
	return err_is(err) ? fail(s, err) : io;
}

static bool
is_final(struct stream_io io)
{
	return io.status == STREAM_END || io.status == STREAM_FAILED;
}

/* ---- The stream's operations -------------------------------------------- */

/* Ours is the only one that we offer; a server may choose none. */
static bool
speaks_http1(struct tls_stream *l)
{
	const unsigned char *name = NULL;
	unsigned len = 0;

	l->tls->lib->SSL_get0_alpn_selected(l->ssl, &name, &len);
	if (len == 0 || slice_eq_str(slice_of(name, len), "http/1.1"))
		return true;
	tls_say(l, "the server wants another protocol than http/1.1");
	return false;
}

/* The next connection need not offer it again: the server has forgotten it. */
static void
drop_session(struct tls_stream *l)
{
	if (l->was_offered)
		tls_sessions_drop(
		    &l->tls->sessions, slice_of(l->origin, l->origin_len));
}

/*
 * There are servers that break over what they once gave out themselves, as
 * those that ask for clients' certificates and were given no name for their
 * sessions: a handshake without may well succeed.
 */
static void
blame_session(struct stream *s)
{
	struct tls_stream *l = s->layer;

	if (!l->was_offered)
		return;
	if (s->err.kind != ERR_TLS) {
		drop_session(l);
		return;
	}
	tls_sessions_ban(&l->tls->sessions, slice_of(l->origin, l->origin_len));
	s->is_worth_anew = true;
}

static struct stream_io
tls_handshake(struct stream *s)
{
	struct tls_stream *l = s->layer;
	const struct openssl *lib = l->tls->lib;
	struct stream_io io = stream_ok(0);
	int result;

	tls_bio_begin(l, TLS_RX_SIZE);
	result = lib->SSL_do_handshake(l->ssl);
	if (result != 1) {
		io = end_call(s, conclude(s, result));
		if (io.status == STREAM_FAILED)
			blame_session(s);
		return io;
	}
	l->is_established = true;
	if (lib->SSL_session_reused(l->ssl) != 1)
		drop_session(l);
	if (!tls_has_pin(l) || !speaks_http1(l))
		io = fail(s, err_of(ERR_TLS));
	return end_call(s, io);
}

/* Of what one piece of the caller's holds, as far as it goes. */
static struct stream_io
send_piece(struct stream *s, struct slice piece)
{
	struct tls_stream *l = s->layer;
	size_t sent = 0;

	while (sent < piece.len) {
		size_t left = piece.len - sent;
		int n = l->tls->lib->SSL_write(l->ssl, piece.ptr + sent,
		    left < INT_MAX ? (int)left : INT_MAX);

		if (n <= 0 && sent == 0)
			return conclude(s, n);
		if (n <= 0)
			break; /* it will say so again */
		sent += (size_t)n;
	}
	return stream_ok(sent);
}

static struct stream_io
tls_send(struct stream *s, const struct iovec *iov, int iov_count)
{
	struct tls_stream *l = s->layer;
	struct stream_io io = stream_ok(0);
	size_t sent = 0;

	tls_bio_begin(l, 0);
	for (int i = 0; i < iov_count; i++) {
		io = send_piece(s, slice_of(iov[i].iov_base, iov[i].iov_len));
		if (io.status == STREAM_OK)
			sent += io.len;
		if (io.status != STREAM_OK || io.len < iov[i].iov_len)
			break;
	}
	l->is_blocked = l->is_blocked && sent == 0;
	return end_call(s, sent > 0 ? stream_ok(sent) : io);
}

/* How much may be received at a time, so that all of it finds room. */
static size_t
ahead_for(size_t cap)
{
	if (cap <= 2 * RECORD_MAX)
		return 0;
	return cap - RECORD_MAX < TLS_RX_SIZE ? cap - RECORD_MAX : TLS_RX_SIZE;
}

static struct stream_io
tls_recv(struct stream *s, void *to, size_t cap)
{
	struct tls_stream *l = s->layer;
	const struct openssl *lib = l->tls->lib;
	struct stream_io io;
	size_t len = 0;
	int n = 1;

	if (l->is_over)
		return l->last;
	tls_bio_begin(l, ahead_for(cap));
	while (len < cap && n > 0) {
		size_t left = cap - len;

		n = lib->SSL_read(l->ssl, (uint8_t *)to + len,
		    left < INT_MAX ? (int)left : INT_MAX);
		if (n > 0)
			len += (size_t)n;
	}
	l->has_data = l->has_data || len > 0;
	io = n > 0 ? stream_ok(len) : conclude(s, n);
	l->is_blocked = io.status == STREAM_WAIT_WRITE;
	io = end_call(s, io);
	s->has_left = l->has_left;
	if (is_final(io)) {
		l->is_over = true;
		l->last = io;
		s->has_more = true;
	}
	return len > 0 ? stream_ok(len) : io;
}

static int
tls_plain_fd(const struct stream *s)
{
	(void)s;
	return -1;
}

static void
tls_close(struct stream *s)
{
	struct tls_stream *l = s->layer;

	/* Say that we will not send more, once, and wait for nothing. */
	if (l->is_established && l->io_sys == 0 &&
	    !(l->is_over && l->last.status == STREAM_FAILED)) {
		tls_bio_begin(l, 0);
		(void)l->tls->lib->SSL_shutdown(l->ssl);
	}
	l->tls->lib->ERR_clear_error();
	layer_free(l);
	s->ops = &stream_tcp_ops;
	s->layer = NULL;
	s->words = NULL;
	s->has_more = false;
	s->ops->close(s);
}

static const struct stream_ops tls_ops = {
	.handshake = tls_handshake,
	.send = tls_send,
	.recv = tls_recv,
	.plain_fd = tls_plain_fd,
	.close = tls_close,
};

bool
stream_tls_was_resumed(const struct stream *s)
{
	const struct tls_stream *l = s->layer;

	return l->tls->lib->SSL_session_reused(l->ssl) == 1;
}

/* ---- The beginning ------------------------------------------------------ */

/* Offer to go on with a session from before; a full handshake without. */
static void
offer_session(struct tls_stream *l)
{
	const struct openssl *lib = l->tls->lib;
	struct slice der = tls_sessions_take(
	    &l->tls->sessions, slice_of(l->origin, l->origin_len));
	const unsigned char *from = der.ptr;
	struct ssl_session_st *session;

	if (der.ptr == NULL)
		return;
	session = lib->d2i_SSL_SESSION(NULL, &from, (long)der.len);
	if (session == NULL)
		return;
	l->was_offered = lib->SSL_set_session(l->ssl, session) == 1;
	lib->SSL_SESSION_free(session); /* it has its own reference */
}

struct err
stream_tls_begin(
    struct stream *s, struct tls *t, struct slice host, struct slice origin)
{
	struct tls_stream *l = malloc(sizeof(*l) + origin.len);
	struct err err;

	assert(s->ops == &stream_tcp_ops);
	if (l == NULL)
		return err_of(ERR_NOMEM);
	*l = (struct tls_stream){
		.tls = t, .fd = s->fd, .origin_len = origin.len
	};
	memcpy(l->origin, origin.ptr, origin.len);
	buf_init(&l->held, TLS_RX_SIZE);
	t->lib->ERR_clear_error();
	l->ssl = t->lib->SSL_new(t->ctx);
	if (l->ssl == NULL || t->lib->SSL_set_ex_data(l->ssl, 0, l) != 1 ||
	    !tls_bio_attach(l)) {
		layer_free(l);
		return err_of(ERR_NOMEM);
	}
	err = tls_expect_host(l, host);
	if (err_is(err)) {
		layer_free(l);
		return err;
	}
	t->lib->SSL_set_connect_state(l->ssl);
	offer_session(l);
	/* The last flight of a handshake may be ours: the request must not wait
	 * until that is acknowledged. */
	sock_set_nodelay(s->fd);
	s->ops = &tls_ops;
	s->layer = l;
	return err_none();
}
