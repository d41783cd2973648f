#include "net/resolver_system.h"

#include <stdlib.h>

#include "base/buf.h"
#include "dns/resolv_conf.h"
#include "net/host_names.h"
#include "net/resolver_stub.h"
#include "net/resolver_tell.h"
#include "sys/slurp.h"
#include "sys/stamp.h"

struct resolver_system {
	struct resolver base; /* first: see system_get_stats() */
	struct resolver_options options;
	struct reactor *reactor;    /* borrowed */
	struct host_names *hosts;   /* owned */
	struct resolver_stub *stub; /* owned */
	bool has_hosts; /* the hosts file was read, if there is one */
	bool has_conf;  /* resolv.conf likewise, and nsswitch.conf told of */
	int64_t hosts_due_ms; /* when to look for changes */
	int64_t conf_due_ms;
	struct stamp conf_stamp;
};

static struct resolver_system *
of_base(struct resolver *r)
{
	return LIST_OBJECT(r, struct resolver_system, base);
}

/* ---- Files -------------------------------------------------------------- */

/* A file that cannot be read is as good as empty; only a shortage, which
 * passes, is a failure. */
static struct err
read_file(const char *path, struct buf *text)
{
	struct err err = slurp_file(path, text);

	if (err.kind == ERR_NOMEM)
		return err;
	if (err_is_shortage(err.sys))
		return err_code(ERR_SHORTAGE, err.sys);
	if (err_is(err))
		buf_clear(text);
	return err_none();
}

static void
tell_nsswitch(const struct resolver_system *s)
{
	struct buf text;

	if (s->options.tell == NULL)
		return;
	buf_init(&text, RESOLVER_CONF_MAX);
	if (!err_is(read_file(s->options.nsswitch_path, &text)))
		tell_others(&s->options, buf_slice(&text));
	buf_fini(&text);
}

static struct err
load_conf(struct resolver_system *s)
{
	struct resolv_conf conf;
	struct buf text;
	struct err err;

	buf_init(&text, RESOLVER_CONF_MAX);
	err = read_file(s->options.resolv_path, &text);
	if (!err_is(err)) {
		resolv_conf_parse(buf_slice(&text), &conf);
		resolver_stub_configure(s->stub, &conf);
	}
	buf_fini(&text);
	return err;
}

/* What was known before goes on where a changed file cannot be read. */
static struct err
refresh_conf(struct resolver_system *s)
{
	int64_t now_ms = reactor_now_ms(s->reactor);
	struct stamp stamp;
	struct err err;

	if (s->has_conf && now_ms < s->conf_due_ms)
		return err_none();
	s->conf_due_ms = now_ms + RESOLVER_RELOAD_MS;
	stamp = stamp_of(s->options.resolv_path);
	if (s->has_conf && stamp_eq(&stamp, &s->conf_stamp))
		return err_none();
	err = load_conf(s);
	if (err_is(err))
		return s->has_conf ? err_none() : err;
	s->conf_stamp = stamp;
	if (!s->has_conf)
		tell_nsswitch(s);
	s->has_conf = true;
	return err_none();
}

static struct err
refresh_hosts(struct resolver_system *s)
{
	int64_t now_ms = reactor_now_ms(s->reactor);
	struct err err;

	if (s->has_hosts && now_ms < s->hosts_due_ms)
		return err_none();
	s->hosts_due_ms = now_ms + RESOLVER_RELOAD_MS;
	err = host_names_refresh(s->hosts);
	if (err_is(err))
		return s->has_hosts ? err_none() : err;
	s->has_hosts = true;
	return err_none();
}

/* ---- Answers at hand ---------------------------------------------------- */

static sa_family_t
wanted_family(const struct resolver_system *s)
{
	switch (s->options.family) {
	case RESOLVER_IPV4:
		return AF_INET;
	case RESOLVER_IPV6:
		return AF_INET6;
	case RESOLVER_ANY:
		break;
	}
	return AF_UNSPEC;
}

static struct err
no_address(const struct resolver_system *s)
{
	return err_why(ERR_RESOLVE,
	    s->options.family == RESOLVER_IPV4
		? "the host has no IPv4 address"
		: "the host has no IPv6 address");
}

/* One more address, if it is of a family that is wanted; false when `addr` is
 * none at all. */
static bool
add_addr(const struct resolver_system *s, struct lookup *l, struct slice addr,
    uint16_t port)
{
	sa_family_t family = wanted_family(s);
	struct endpoint *ep = &l->addrs[l->count];

	if (!endpoint_parse(addr, port, ep))
		return false;
	if (family == AF_UNSPEC || ep->addr.sa.sa_family == family)
		l->count++;
	return true;
}

/* Whether `host` is `domain` or below it. */
static bool
is_within(struct slice host, const char *domain)
{
	struct slice end = slice_str(domain);

	if (host.len < end.len ||
	    !slice_eq_nocase(slice_from(host, host.len - end.len), end))
		return false;
	return host.len == end.len || host.ptr[host.len - end.len - 1] == '.';
}

/* `host` is without a final dot.  False: servers are to be asked. */
static bool
find_at_hand(struct resolver_system *s, struct lookup *l, struct slice host,
    uint16_t port)
{
	bool is_known;

	l->count = host_names_find(s->hosts, host, port, wanted_family(s),
	    l->addrs, LOOKUP_ADDRS_MAX, &is_known);
	if (l->count > 0)
		return true;
	if (is_within(host, "localhost")) {
		(void)add_addr(s, l, slice_str("127.0.0.1"), port);
		(void)add_addr(s, l, slice_str("::1"), port);
		return true;
	}
	if (is_known) {
		l->err = no_address(s);
		return true;
	}
	/* RFC 6761, section 6.4; RFC 7686. */
	if (is_within(host, "invalid") || is_within(host, "onion")) {
		l->err = err_why(ERR_RESOLVE,
		    "no such host (.invalid and .onion are never asked for)");
		return true;
	}
	return false;
}

/* ---- Its face ----------------------------------------------------------- */

static bool
system_start(
    struct resolver *base, struct lookup *l, struct slice host, uint16_t port)
{
	struct resolver_system *s = of_base(base);
	struct slice bare = host;

	l->err = err_none();
	l->count = 0;
	l->was_asked = false;
	l->pending = NULL;
	if (add_addr(s, l, host, port)) {
		if (l->count == 0)
			l->err = no_address(s);
		return true;
	}
	l->err = refresh_hosts(s);
	if (err_is(l->err))
		return true;
	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		bare = slice_first(host, host.len - 1);
	if (find_at_hand(s, l, bare, port))
		return true;
	l->err = refresh_conf(s);
	if (err_is(l->err))
		return true;
	return resolver_stub_start(s->stub, l, host, port);
}

static void
system_cancel(struct resolver *base, struct lookup *l)
{
	resolver_stub_cancel(of_base(base)->stub, l);
}

static void
system_get_stats(const struct resolver *base, struct resolver_stats *stats)
{
	const struct resolver_system *s = (const struct resolver_system *)base;

	resolver_stub_get_stats(s->stub, stats);
}

static void
system_free(struct resolver *base)
{
	struct resolver_system *s = of_base(base);

	host_names_free(s->hosts);
	resolver_stub_free(s->stub);
	free(s);
}

struct err
resolver_system_new(const struct resolver_options *options,
    struct reactor *reactor, struct resolver **out)
{
	struct resolver_system *s = calloc(1, sizeof(*s));
	struct err err;

	if (s == NULL)
		return err_of(ERR_NOMEM);
	s->base = (struct resolver){ .start = system_start,
		.cancel = system_cancel,
		.get_stats = system_get_stats,
		.free = system_free };
	s->options = *options;
	s->reactor = reactor;
	err = host_names_new(s->options.hosts_path, &s->hosts);
	if (!err_is(err))
		err = resolver_stub_new(options, reactor, &s->stub);
	if (err_is(err)) {
		system_free(&s->base);
		return err;
	}
	*out = &s->base;
	return err_none();
}
