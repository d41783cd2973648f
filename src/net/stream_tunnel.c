#include "net/stream_tunnel.h"

#include <stdlib.h>

#include "base/buf.h"
#include "bulkfetch.h"
#include "http/request.h"
#include "http/response.h"
#include "net/prelude.h"

/* Octets received at a time: nearly all answers are shorter. */
#define TUNNEL_CHUNK ((size_t)1024)

struct tunnel {
	struct prelude prelude;
	struct buf request; /* owned */
	struct buf in;      /* owned: the heads so far */
	/* Where in there this head begins, where its first line that has not
	 * ended begins, and up to where no end of that line was found. */
	size_t head_at;
	size_t line_at;
	size_t seen;
	size_t fields_at; /* behind the status line; 0: not there yet */
	struct response_scan scan;
};

static void
tunnel_free(struct tunnel *t)
{
	buf_fini(&t->request);
	buf_fini(&t->in);
	free(t);
}

/* ---- The request --------------------------------------------------------- */

/* "host:port" (RFC 9112, section 3.2.3); what a zone says, it says here
 * alone (RFC 6874, section 1). */
static struct err
append_authority(struct buf *out, struct slice host, uint16_t port)
{
	bool is_ipv6 = slice_find(host, ':') < host.len;
	struct err err = buf_append_str(out, is_ipv6 ? "[" : "");

	if (is_ipv6)
		host = slice_first(host, slice_find(host, '%'));
	if (!err_is(err))
		err = buf_append(out, host);
	if (!err_is(err))
		err = buf_append_str(out, is_ipv6 ? "]:" : ":");
	if (!err_is(err))
		err = buf_append_u64(out, port);
	return err;
}

static struct err
compose(struct buf *out, const struct proxy *proxy, struct slice host,
    uint16_t port)
{
	const char *agent = proxy->agent != NULL
	    ? proxy->agent
	    : "bulkfetch/" BULKFETCH_VERSION;
	struct err err = buf_append_str(out, "CONNECT ");

	if (!err_is(err))
		err = append_authority(out, host, port);
	if (!err_is(err))
		err = buf_append_str(out, " HTTP/1.1\r\nHost: ");
	if (!err_is(err))
		err = append_authority(out, host, port);
	if (!err_is(err))
		err = buf_append_str(
		    out, agent[0] != '\0' ? "\r\nUser-Agent: " : "");
	if (!err_is(err))
		err = buf_append_str(out, agent);
	if (!err_is(err))
		err = buf_append_str(out, "\r\n");
	if (!err_is(err))
		err = buf_append(out, buf_slice(&proxy->field));
	if (!err_is(err))
		err = buf_append_str(out, "\r\n");
	return err;
}

/* ---- The answer ---------------------------------------------------------- */

static const struct {
	unsigned status; /* below 10: a class of them */
	bool may_pass;
	const char *why;
} refusals[] = {
	{ 400, false, "the proxy takes ours for a bad request (400)" },
	{ 401, false, "the proxy wants credentials (401)" },
	{ 403, false, "the proxy refuses the tunnel (403)" },
	{ 404, false, "the proxy does not know the host (404)" },
	{ 405, false, "the proxy makes no tunnels (405)" },
	{ 407, false, "the proxy wants credentials (407)" },
	{ 408, true, "the proxy waited too long for the request (408)" },
	{ 425, true, "the proxy has no tunnel yet (425)" },
	{ 429, true, "the proxy is asked too often (429)" },
	{ 500, true, "the proxy failed (500)" },
	{ 501, true, "the proxy makes no tunnels (501)" },
	{ 502, true, "the proxy could not reach the host (502)" },
	{ 503, true, "the proxy has no tunnel at the moment (503)" },
	{ 504, true, "the proxy waited too long for the host (504)" },
	{ 3, false, "the proxy redirects instead of a tunnel (3xx)" },
	{ 4, false, "the proxy refuses the tunnel (4xx)" },
	{ 5, true, "the proxy failed (5xx)" },
};

static struct err
refusal(unsigned status)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct err err = err_why(ERR_PROXY, refusals[i].why);

		if (refusals[i].status != status &&
		    refusals[i].status != status / 100)
			continue;
		if (!refusals[i].may_pass)
			err.sys = EACCES;
		return err;
	}
	return (struct err){ .kind = ERR_PROXY,
		.sys = EACCES,
		.why = "the proxy answers with a status that is none" };
}

/* Go over the lines that have come; true at the end of this head. */
static bool
find_end(struct tunnel *t)
{
	struct slice in = buf_slice(&t->in);

	for (;;) {
		size_t end =
		    t->seen + slice_find(slice_from(in, t->seen), '\n');
		size_t len = end - t->line_at;
		bool is_empty;

		if (end == in.len) {
			t->seen = end;
			return false;
		}
		is_empty = len == 0 || (len == 1 && in.ptr[t->line_at] == '\r');
		t->line_at = t->seen = end + 1;
		if (is_empty && t->fields_at > 0)
			return true;
		if (!is_empty && t->fields_at == 0)
			t->fields_at = t->line_at;
	}
}

/*
 * The status, once the head is whole.  Its fields are not looked at: those
 * about a body have no meaning behind a 2xx (RFC 9110, section 9.3.6), the
 * others none for us.  So they are cut off, which leaves a head for
 * response_parse().
 */
static struct err
read_head(struct tunnel *t, struct response *res, bool *whole)
{
	bool has_ended = find_end(t);
	struct slice head = slice_from(buf_slice(&t->in), t->head_at);
	struct err err;

	if (t->fields_at > 0)
		head = slice_first(head, t->fields_at - t->head_at);
	if (has_ended) {
		t->in.ptr[t->fields_at] = '\n';
		head.len++;
	}
	err = response_parse(&t->scan, head, true, res, whole);
	if (err_is(err))
		return err_why(ERR_PROXY, "the proxy's answer is not HTTP");
	return err;
}

static void
begin_head(struct tunnel *t)
{
	t->head_at = t->line_at;
	t->fields_at = 0;
	response_scan_init(&t->scan);
}

/* Whether what has come grants the tunnel; interim answers do not count. */
static struct err
read_answer(struct tunnel *t, bool *is_granted)
{
	struct response res = { 0 };
	bool whole = false;
	struct err err;

	*is_granted = false;
	for (;;) {
		err = read_head(t, &res, &whole);
		if (err_is(err) || !whole)
			return err;
		if (res.status >= 200)
			break;
		begin_head(t);
	}
	if (res.status >= 300)
		return refusal(res.status);
	/* Nobody can have been asked for anything yet. */
	if (t->line_at < t->in.len)
		return err_why(ERR_PROXY, "octets behind the proxy's answer");
	*is_granted = true;
	return err_none();
}

static struct stream_io
receive(struct tunnel *t, struct stream *s)
{
	size_t left = t->in.max - t->in.len;
	struct stream_io io;
	struct err err;

	if (left == 0)
		return stream_fail(
		    s, err_why(ERR_PROXY, "the proxy's answer is too long"));
	err = buf_reserve(&t->in, left < TUNNEL_CHUNK ? left : TUNNEL_CHUNK);
	if (err_is(err))
		return stream_fail(s, err);
	io = prelude_recv(
	    &t->prelude, s, t->in.ptr + t->in.len, t->in.cap - t->in.len);
	if (io.status == STREAM_OK)
		t->in.len += io.len;
	return io;
}

/* ---- The stream's operations --------------------------------------------- */

static struct stream_io
tunnel_handshake(struct stream *s)
{
	struct tunnel *t = s->layer;
	struct stream_io io = prelude_send(&t->prelude, s);
	bool is_granted = false;

	while (io.status == STREAM_OK) {
		struct err err;

		io = receive(t, s);
		if (io.status != STREAM_OK)
			break;
		err = read_answer(t, &is_granted);
		if (err_is(err))
			return stream_fail(s, err);
		if (is_granted) {
			prelude_end(&t->prelude, s);
			tunnel_free(t);
			return stream_ok(0);
		}
	}
	return io;
}

static void
tunnel_close(struct stream *s)
{
	struct tunnel *t = s->layer;

	prelude_end(&t->prelude, s);
	tunnel_free(t);
	s->ops->close(s);
}

/* Sending and receiving begin when these are gone. */
static const struct stream_ops tunnel_ops = {
	.handshake = tunnel_handshake,
	.plain_fd = prelude_plain_fd,
	.close = tunnel_close,
};

struct err
stream_tunnel_begin(struct stream *s, const struct proxy *proxy,
    struct slice host, uint16_t port)
{
	struct tunnel *t = malloc(sizeof(*t));
	struct err err;

	if (t == NULL)
		return err_of(ERR_NOMEM);
	*t = (struct tunnel){ 0 };
	buf_init(&t->request, REQUEST_FORM_MAX);
	buf_init(&t->in, RESPONSE_HEAD_MAX);
	err = compose(&t->request, proxy, host, port);
	if (err_is(err)) {
		tunnel_free(t);
		return err;
	}
	prelude_begin(&t->prelude, s, &tunnel_ops, t);
	t->prelude.out = buf_slice(&t->request);
	return err_none();
}
