#include "net/stream_socks.h"

#include <assert.h>
#include <stdlib.h>

#include "net/prelude.h"

#define SOCKS5 5
#define SOCKS4 4

/* Methods (RFC 1928, section 3). */
#define METHOD_NONE 0
#define METHOD_PASSWORD 2
#define METHOD_REFUSED 0xff

#define PASSWORD_VERSION 1 /* RFC 1929 */

#define COMMAND_CONNECT 1

/* Types of address (RFC 1928, section 5). */
#define ADDR_IPV4 1
#define ADDR_NAME 3
#define ADDR_IPV6 4

#define IPV4_LEN 4
#define IPV6_LEN 16
#define PORT_LEN 2
#define NAME_MAX_LEN 255

/* Replies of version 4. */
#define REPLY4_GRANTED 90
#define REPLY4_FAILED 91

/* A greeting with two methods, credentials, a request with a name. */
#define WORDS_MAX \
	(4 + 3 + 2 * PROXY_SOCKS_WORD_MAX + 5 + NAME_MAX_LEN + PORT_LEN)
/* A reply of version 5 with a name. */
#define ANSWER_MAX (5 + NAME_MAX_LEN + PORT_LEN)
#define ANSWER4_LEN 8

/* What is waited for. */
enum socks_step {
	SOCKS_METHOD,
	SOCKS_CREDENTIALS,
	SOCKS_REPLY5,
	SOCKS_REPLY4,
	SOCKS_DONE,
};

struct socks {
	struct prelude prelude;
	enum socks_step step;
	/* All that we may have to say: the greeting, the credentials from
	 * `credentials_at`, the request from `request_at` on. */
	uint8_t words[WORDS_MAX];
	size_t len;
	size_t credentials_at;
	size_t request_at; /* the same as credentials_at: there are none */
	/* `got <= need <= ANSWER_MAX`: never an octet more than the answer
	 * has, since what follows is for others. */
	uint8_t answer[ANSWER_MAX];
	size_t got;
	size_t need;
};

/* ---- What we say --------------------------------------------------------- */

static void
put_octet(struct socks *k, unsigned octet)
{
	assert(k->len < WORDS_MAX);
	k->words[k->len++] = (uint8_t)octet;
}

static void
put(struct socks *k, const void *octets, size_t len)
{
	assert(len <= WORDS_MAX - k->len);
	if (len > 0)
		memcpy(k->words + k->len, octets, len);
	k->len += len;
}

/* With its length in front; proxy_init() has seen to that. */
static void
put_word(struct socks *k, struct slice word)
{
	put_octet(k, (unsigned)word.len);
	put(k, word.ptr, word.len);
}

static void
put_port(struct socks *k, uint16_t port)
{
	put_octet(k, port >> 8);
	put_octet(k, port & 0xff);
}

static struct err
cannot_say(const char *why)
{
	return (struct err){ .kind = ERR_PROXY, .sys = EACCES, .why = why };
}

/* `ep` is the host's address if it is a numeric one; false for a name. */
static bool
is_numeric(struct slice host, struct endpoint *ep)
{
	/* What a zone says, it says here alone (RFC 6874, section 1). */
	if (slice_find(host, ':') < host.len)
		host = slice_first(host, slice_find(host, '%'));
	return endpoint_parse(host, 0, ep);
}

static void
put_request5(struct socks *k, struct slice host, uint16_t port)
{
	struct endpoint ep;

	put_octet(k, SOCKS5);
	put_octet(k, COMMAND_CONNECT);
	put_octet(k, 0);
	if (!is_numeric(host, &ep)) {
		put_octet(k, ADDR_NAME);
		put_word(k, host);
	} else if (ep.addr.sa.sa_family == AF_INET6) {
		put_octet(k, ADDR_IPV6);
		put(k, &ep.addr.in6.sin6_addr, IPV6_LEN);
	} else {
		put_octet(k, ADDR_IPV4);
		put(k, &ep.addr.in.sin_addr, IPV4_LEN);
	}
	put_port(k, port);
}

/* The greeting, and what may have to follow it. */
static void
put_words5(struct socks *k, const struct proxy *proxy, struct slice host,
    uint16_t port)
{
	put_octet(k, SOCKS5);
	put_octet(k, proxy->has_credentials ? 2 : 1);
	put_octet(k, METHOD_NONE);
	if (proxy->has_credentials)
		put_octet(k, METHOD_PASSWORD);
	k->credentials_at = k->len;
	if (proxy->has_credentials) {
		put_octet(k, PASSWORD_VERSION);
		put_word(k, buf_slice(&proxy->user));
		put_word(k, buf_slice(&proxy->password));
	}
	k->request_at = k->len;
	put_request5(k, host, port);
	k->step = SOCKS_METHOD;
	k->need = 2;
}

static struct err
put_words4(struct socks *k, const struct proxy *proxy, struct slice host,
    uint16_t port)
{
	/* 4A: an address that is none, and a name behind the user. */
	static const uint8_t none[IPV4_LEN] = { 0, 0, 0, 1 };
	struct endpoint ep;
	bool is_name = !is_numeric(host, &ep);

	if (is_name && proxy->kind != PROXY_SOCKS4A)
		return cannot_say("SOCKS4 takes an address, and no name");
	if (!is_name && ep.addr.sa.sa_family != AF_INET)
		return cannot_say("SOCKS4 takes no IPv6 address");
	put_octet(k, SOCKS4);
	put_octet(k, COMMAND_CONNECT);
	put_port(k, port);
	put(k, is_name ? (const void *)none : &ep.addr.in.sin_addr, IPV4_LEN);
	put(k, proxy->user.ptr, proxy->user.len);
	put_octet(k, 0);
	if (is_name) {
		put(k, host.ptr, host.len);
		put_octet(k, 0);
	}
	k->step = SOCKS_REPLY4;
	k->need = 2;
	return err_none();
}

static struct err
put_words(struct socks *k, const struct proxy *proxy, struct slice host,
    uint16_t port)
{
	if (host.len == 0 || host.len > NAME_MAX_LEN)
		return cannot_say("a name longer than SOCKS has (255)");
	switch (proxy->kind) {
	case PROXY_SOCKS4:
	case PROXY_SOCKS4A:
		return put_words4(k, proxy, host, port);
	case PROXY_SOCKS5:
	case PROXY_SOCKS5H:
	case PROXY_HTTP:
		break;
	}
	put_words5(k, proxy, host, port);
	return err_none();
}

/* ---- What it answers ----------------------------------------------------- */

struct refusal {
	unsigned reply;
	bool may_pass;
	const char *why;
};

/* RFC 1928, section 6. */
static const struct refusal refusals5[] = {
	{ 1, true, "the proxy failed (SOCKS5 reply 1)" },
	{ 2, false, "the proxy's rules do not allow it (SOCKS5 reply 2)" },
	{ 3, true, "the proxy cannot reach the network (SOCKS5 reply 3)" },
	{ 4, true, "the proxy cannot reach the host (SOCKS5 reply 4)" },
	{ 5, true, "the host refuses the proxy's connection (SOCKS5 reply 5)" },
	{ 6, true, "the way behind the proxy is too long (SOCKS5 reply 6)" },
	{ 7, false, "the proxy does not connect (SOCKS5 reply 7)" },
	{ 8, false,
	    "the proxy does not know this type of address (SOCKS5 reply 8)" },
};

static const struct refusal refusals4[] = {
	{ REPLY4_FAILED, true,
	    "the proxy refused or failed (SOCKS4 reply 91)" },
	{ 92, false, "the proxy asks for identd (SOCKS4 reply 92)" },
	{ 93, false, "identd does not know the user (SOCKS4 reply 93)" },
};

static struct err
refusal(const struct refusal *refusals, size_t count, unsigned reply)
{
	for (size_t i = 0; i < count; i++) {
		if (refusals[i].reply != reply)
			continue;
		return refusals[i].may_pass
		    ? err_why(ERR_PROXY, refusals[i].why)
		    : cannot_say(refusals[i].why);
	}
	return err_why(ERR_PROXY, "the proxy failed without a known reason");
}

static struct err
not_socks(void)
{
	return err_why(ERR_PROXY, "the proxy's answer is not SOCKS");
}

/* The words from `from` up to `to`, and then an answer. */
static void
say(struct socks *k, size_t from, size_t to, enum socks_step step)
{
	k->prelude.out = slice_of(k->words + from, to - from);
	k->step = step;
	k->got = 0;
	k->need = 2;
}

static struct err
read_method(struct socks *k)
{
	bool has_credentials = k->credentials_at < k->request_at;

	if (k->answer[0] != SOCKS5)
		return not_socks();
	if (k->answer[1] == METHOD_REFUSED)
		return cannot_say(has_credentials
			? "the proxy wants other credentials than a password"
			: "the proxy wants credentials");
	if (k->answer[1] == METHOD_NONE)
		say(k, k->request_at, k->len, SOCKS_REPLY5);
	else if (k->answer[1] == METHOD_PASSWORD && has_credentials)
		say(k, k->credentials_at, k->request_at, SOCKS_CREDENTIALS);
	else
		return not_socks();
	return err_none();
}

/* Its version is 1, or 5 from those who have misread RFC 1929. */
static struct err
read_credentials(struct socks *k)
{
	if (k->answer[1] != 0)
		return cannot_say("the proxy refuses the credentials");
	say(k, k->request_at, k->len, SOCKS_REPLY5);
	return err_none();
}

/* An answer that refuses may end after two octets; one that does not has the
 * address that the proxy connects from, which is of no use. */
static struct err
read_reply5(struct socks *k)
{
	if (k->got == 2) {
		if (k->answer[0] != SOCKS5)
			return not_socks();
		if (k->answer[1] != 0)
			return refusal(refusals5,
			    sizeof(refusals5) / sizeof(*refusals5),
			    k->answer[1]);
		k->need = 5;
	} else if (k->got == 5) {
		if (k->answer[3] == ADDR_IPV4)
			k->need = 4 + IPV4_LEN + PORT_LEN;
		else if (k->answer[3] == ADDR_IPV6)
			k->need = 4 + IPV6_LEN + PORT_LEN;
		else if (k->answer[3] == ADDR_NAME)
			k->need = 5 + (size_t)k->answer[4] + PORT_LEN;
		else
			return not_socks();
	} else {
		k->step = SOCKS_DONE;
	}
	return err_none();
}

/* Its version is 0, or 4 from those who have misread that. */
static struct err
read_reply4(struct socks *k)
{
	if (k->got == ANSWER4_LEN) {
		k->step = SOCKS_DONE;
		return err_none();
	}
	if (k->answer[0] != 0 && k->answer[0] != SOCKS4)
		return not_socks();
	if (k->answer[1] != REPLY4_GRANTED)
		return refusal(refusals4,
		    sizeof(refusals4) / sizeof(*refusals4), k->answer[1]);
	k->need = ANSWER4_LEN;
	return err_none();
}

/* As much of an answer has come as was needed to go on. */
static struct err
socks_step(struct socks *k)
{
	switch (k->step) {
	case SOCKS_METHOD:
		return read_method(k);
	case SOCKS_CREDENTIALS:
		return read_credentials(k);
	case SOCKS_REPLY5:
		return read_reply5(k);
	case SOCKS_REPLY4:
		return read_reply4(k);
	case SOCKS_DONE:
		break;
	}
	return err_none();
}

/* ---- The stream's operations --------------------------------------------- */

static struct stream_io
socks_handshake(struct stream *s)
{
	struct socks *k = s->layer;

	while (k->step != SOCKS_DONE) {
		struct stream_io io = prelude_send(&k->prelude, s);
		struct err err = err_none();

		if (io.status == STREAM_OK)
			io = prelude_recv(&k->prelude, s, k->answer + k->got,
			    k->need - k->got);
		if (io.status != STREAM_OK)
			return io;
		k->got += io.len;
		if (k->got == k->need)
			err = socks_step(k);
		if (err_is(err))
			return stream_fail(s, err);
	}
	prelude_end(&k->prelude, s);
	free(k);
	return stream_ok(0);
}

static void
socks_close(struct stream *s)
{
	struct socks *k = s->layer;

	prelude_end(&k->prelude, s);
	free(k);
	s->ops->close(s);
}

/* Sending and receiving begin when these are gone. */
static const struct stream_ops socks_ops = {
	.handshake = socks_handshake,
	.plain_fd = prelude_plain_fd,
	.close = socks_close,
};

struct err
stream_socks_begin(struct stream *s, const struct proxy *proxy,
    struct slice host, uint16_t port)
{
	struct socks *k = malloc(sizeof(*k));
	struct err err;

	if (k == NULL)
		return err_of(ERR_NOMEM);
	*k = (struct socks){ 0 };
	err = put_words(k, proxy, host, port);
	if (err_is(err)) {
		free(k);
		return err;
	}
	prelude_begin(&k->prelude, s, &socks_ops, k);
	/* Version 4 has but one thing to say. */
	k->prelude.out = slice_of(
	    k->words, k->step == SOCKS_REPLY4 ? k->len : k->credentials_at);
	return err_none();
}
