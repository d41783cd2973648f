/*
 * tls_bio - the socket as OpenSSL sees it (its BIO): reads that are served from
 * what was received in one piece, and writes that raise no signal.
 *
 * OpenSSL reads a record in two steps, five octets and then the rest.  What
 * would be two system calls a record is one for as many as have come.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "net/tls_internal.h"

/* Receives in a call that receives as much as OpenSSL asks for: two a record. */
#define LOOKS_MAX 128

/* `len` octets at the front of `from`, or all that there are. */
static int
take(struct slice *from, char *to, int len)
{
	size_t n = from->len < (size_t)len ? from->len : (size_t)len;

	memcpy(to, from->ptr, n);
	*from = slice_from(*from, n);
	return (int)n;
}

static void
ask_to_retry(struct tls_stream *l, struct bio_st *bio, int direction)
{
	l->tls->lib->BIO_set_flags(
	    bio, direction | OPENSSL_BIO_FLAGS_SHOULD_RETRY);
}

/* One receive. */
static ssize_t
receive(struct tls_stream *l, struct bio_st *bio, void *to, size_t len)
{
	ssize_t n = recv(l->fd, to, len, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		ask_to_retry(l, bio, OPENSSL_BIO_FLAGS_READ);
	else if (n == -1)
		l->io_sys = errno;
	else if (n == 0)
		l->is_at_end = true;
	return n;
}

/* Whether there was enough of it for one call: a peer must not be able to hold
 * up the others by sending what never becomes an octet of the application. */
static bool
has_looked(const struct tls_stream *l)
{
	return l->looks >= (l->ahead > 0 ? 1 : LOOKS_MAX);
}

static int
on_read(struct bio_st *bio, char *to, int len)
{
	const struct openssl *lib = openssl_get();
	struct tls_stream *l = lib->BIO_get_data(bio);
	struct tls *t = l->tls;
	ssize_t n;

	lib->BIO_clear_flags(bio, OPENSSL_BIO_FLAGS_ALL);
	if (len <= 0)
		return 0;
	if (l->held_at < l->held.len) {
		struct slice held = slice_from(buf_slice(&l->held), l->held_at);

		len = take(&held, to, len);
		l->held_at += (size_t)len;
		return len;
	}
	if (t->in.len > 0)
		return take(&t->in, to, len);
	if (has_looked(l)) {
		l->has_left = l->has_left || l->ahead == 0;
		ask_to_retry(l, bio, OPENSSL_BIO_FLAGS_READ);
		return -1;
	}
	l->looks++;
	if (l->ahead <= (size_t)len)
		return (int)receive(l, bio, to, (size_t)len);
	n = receive(l, bio, t->rx, l->ahead);
	if (n <= 0)
		return (int)n;
	l->has_left = (size_t)n == l->ahead;
	t->in = slice_of(t->rx, (size_t)n);
	return take(&t->in, to, len);
}

static int
on_write(struct bio_st *bio, const char *from, int len)
{
	const struct openssl *lib = openssl_get();
	struct tls_stream *l = lib->BIO_get_data(bio);
	ssize_t n;

	lib->BIO_clear_flags(bio, OPENSSL_BIO_FLAGS_ALL);
	if (len <= 0)
		return 0;
	n = send(l->fd, from, (size_t)len, MSG_NOSIGNAL);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		ask_to_retry(l, bio, OPENSSL_BIO_FLAGS_WRITE);
	else if (n == -1)
		l->io_sys = errno;
	return (int)n;
}

/* There is nothing to flush, and no other question that has an answer. */
static long
on_ctrl(struct bio_st *bio, int cmd, long number, void *ptr)
{
	(void)bio;
	(void)number;
	(void)ptr;
	return cmd == OPENSSL_BIO_CTRL_FLUSH ? 1 : 0;
}

struct bio_method_st *
tls_bio_method(const struct openssl *lib)
{
	struct bio_method_st *method =
	    lib->BIO_meth_new(OPENSSL_BIO_SOURCE_SINK, "bulkfetch");

	if (method == NULL)
		return NULL;
	if (lib->BIO_meth_set_read(method, on_read) == 1 &&
	    lib->BIO_meth_set_write(method, on_write) == 1 &&
	    lib->BIO_meth_set_ctrl(method, on_ctrl) == 1)
		return method;
	lib->BIO_meth_free(method);
	return NULL;
}

bool
tls_bio_attach(struct tls_stream *l)
{
	const struct openssl *lib = l->tls->lib;
	struct bio_st *bio = lib->BIO_new(l->tls->bio);

	if (bio == NULL)
		return false;
	lib->BIO_set_data(bio, l);
	lib->BIO_set_init(bio, 1);
	lib->SSL_set_bio(l->ssl, bio, bio); /* which owns it from now on */
	return true;
}

void
tls_bio_begin(struct tls_stream *l, size_t ahead)
{
	l->ahead = ahead;
	l->looks = 0;
	l->has_left = false;
	l->tls->lib->ERR_clear_error();
}

struct err
tls_bio_end(struct tls_stream *l)
{
	struct slice rest = l->tls->in;

	l->tls->in = slice_of(NULL, 0);
	if (l->held_at == l->held.len) {
		buf_fini(&l->held);
		l->held_at = 0;
	}
	return rest.len > 0 ? buf_append(&l->held, rest) : err_none();
}

bool
tls_bio_has_more(const struct tls_stream *l)
{
	return l->held_at < l->held.len;
}
