/*
 * tls: whatever a server says instead of a handshake, it ends within as many
 * steps as there are pieces, and there is no connection; the failure is the
 * same whether it comes whole or in pieces, and has words that end.  The first
 * octet of an input says how large the pieces are, the second one whether
 * certificates are verified; the rest is what the server says.  All of it is
 * taken for the pins of --pinnedpubkey, too.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream_tcp.h"
#include "net/stream_tls.h"

#define SAID_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* [1]: insecure; NULL without a library. */
static struct tls *contexts[2];

struct verdict {
	struct err err;
	char words[TLS_WORDS_MAX];
};

static void
open_contexts(void)
{
	static bool has_tried;

	for (int i = 0; i < 2 && !has_tried; i++) {
		const struct tls_options options = { .is_insecure = i == 1 };
		struct err err = tls_new(&options, &contexts[i]);

		assert(!err_is(err));
		if (err_is(tls_open(contexts[i]))) {
			tls_free(contexts[i]);
			contexts[i] = NULL;
		}
	}
	has_tried = true;
}

static struct stream_io
shake_once(struct stream *s, struct verdict *v)
{
	struct stream_io io = s->ops->handshake(s);

	assert(io.status != STREAM_OK && io.status != STREAM_END);
	/* Only what was kept may be at hand, and waiting takes it all. */
	assert(io.status == STREAM_FAILED || !s->has_more);
	if (io.status != STREAM_FAILED)
		return io;
	v->err = s->err;
	v->words[0] = '\0';
	assert(s->err.kind == ERR_TLS || s->err.kind == ERR_IO);
	assert(s->words != NULL || s->err.why != NULL || s->err.sys != 0);
	if (s->words == NULL)
		return io;
	assert(s->words[0] != '\0');
	assert(strnlen(s->words, TLS_WORDS_MAX) < TLS_WORDS_MAX);
	(void)strcpy(v->words, s->words);
	return io;
}

/* Take what the client says, so that it never has to wait for us. */
static void
drain(int fd)
{
	uint8_t octets[4096];

	while (recv(fd, octets, sizeof(octets), MSG_DONTWAIT) > 0)
		;
}

/* Shake hands with a server that says this, in pieces. */
static void
shake(struct tls *t, struct slice said, size_t piece, struct verdict *v)
{
	struct stream s = { .ops = &stream_tcp_ops };
	struct stream_io io;
	struct err err;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
		abort();
	s.fd = fds[0];
	err = stream_tls_begin(
	    &s, t, slice_str("host.test"), slice_str("https://host.test"));
	assert(!err_is(err));
	io = shake_once(&s, v);
	while (io.status != STREAM_FAILED && said.len > 0) {
		size_t len = piece < said.len ? piece : said.len;
		ssize_t n = send(fds[1], said.ptr, len, MSG_NOSIGNAL);

		assert(n > 0);
		said = slice_from(said, (size_t)n);
		io = shake_once(&s, v);
		drain(fds[1]);
	}
	(void)shutdown(fds[1], SHUT_WR);
	if (io.status != STREAM_FAILED)
		io = shake_once(&s, v);
	assert(io.status == STREAM_FAILED);
	s.ops->close(&s);
	assert(s.words == NULL && s.fd == -1);
	(void)close(fds[1]);
}

static void
read_pins(struct slice text)
{
	char *pins = malloc(text.len + 1);
	struct tls_options options = { .pins = pins };
	struct tls *t = NULL;
	struct err err;

	assert(pins != NULL);
	memcpy(pins, text.ptr, text.len);
	pins[text.len] = '\0';
	err = tls_new(&options, &t);
	assert(err_is(err) == (t == NULL));
	assert(!err_is(err) || (err.kind == ERR_REQUEST && err.why != NULL));
	tls_free(t);
	free(pins);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict whole;
	struct verdict pieces;
	struct slice said;
	struct tls *t;

	if (size < 2 || size > SAID_MAX)
		return 0;
	read_pins(slice_of(data, size));
	open_contexts();
	t = contexts[data[1] % 2];
	if (t == NULL)
		return 0;
	said = slice_of(data + 2, size - 2);
	shake(t, said, SAID_MAX, &whole);
	shake(t, said, 1 + (size_t)data[0], &pieces);
	assert(whole.err.kind == pieces.err.kind);
	assert(whole.err.sys == pieces.err.sys);
	assert(strcmp(whole.words, pieces.words) == 0);
	return 0;
}
