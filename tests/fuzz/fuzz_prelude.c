/*
 * prelude: what a proxy answers leads to the same end whether it comes whole or
 * octet by octet; a stream is given back with all that is not the answer's
 * still in it, and a failure has words.  The first octet of an input says what
 * is spoken: 't' for a tunnel, else SOCKS, in the order of `kinds`.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "../unit/fake_stream.h"
#include "net/stream_socks.h"
#include "net/stream_tunnel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_stream fake;
static struct proxy proxies[4];

static void
init_proxies(void)
{
	static const char *const kinds[] = { "socks5h://p", "socks5h://u:p@p",
		"socks4a://u@p", "http://u:p@p" };

	if (proxies[0].text.len > 0)
		return;
	for (size_t i = 0; i < 4; i++) {
		struct err err = proxy_init(&proxies[i], kinds[i], NULL);

		assert(!err_is(err));
	}
}

/* Shake hands over `answer`, in pieces of `max` octets; 0: as it comes. */
static struct stream_io
shake(struct stream *s, uint8_t kind, struct slice answer, size_t max)
{
	struct slice host = slice_str("host.example");
	struct stream_io io;
	struct err err;

	fake.answers[0].octets = answer;
	fake.recv_max = max;
	fake.has_ended = true;
	fake_stream_init(&fake, s);
	err = kind == 't' ? stream_tunnel_begin(s, &proxies[3], host, 80)
			  : stream_socks_begin(s, &proxies[kind % 3], host, 80);
	assert(!err_is(err));
	io = fake_stream_shake(&fake, s);
	assert(fake.given <= answer.len && fake.closes == 0);
	if (io.status == STREAM_OK) {
		assert(fake_stream_is_bare(&fake, s));
		return io;
	}
	assert(io.status == STREAM_FAILED);
	assert(s->err.kind == ERR_PROXY && s->err.why != NULL);
	assert(!fake_stream_is_bare(&fake, s));
	s->ops->close(s);
	assert(fake_stream_is_bare(&fake, s) && fake.closes == 1);
	return io;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t kind = size > 0 ? data[0] : 't';
	struct slice answer = slice_of(data + (size > 0), size - (size > 0));
	struct stream_io slow_io;
	struct stream_io io;
	struct stream slow;
	struct stream s;
	size_t given;

	if (answer.len > 16384)
		return 0;
	init_proxies();
	slow_io = shake(&slow, kind, answer, 1);
	given = fake.given;
	io = shake(&s, kind, answer, 0);
	if (slow_io.status == STREAM_OK) {
		/* Octets that came together with an answer to CONNECT, but are
		 * not of it, are refused. */
		if (kind == 't' && given < answer.len)
			assert(io.status == STREAM_FAILED);
		else
			assert(io.status == STREAM_OK && fake.given == given);
		return 0;
	}
	assert(io.status == STREAM_FAILED);
	assert(s.err.why == slow.err.why && s.err.sys == slow.err.sys);
	return 0;
}
