/*
 * transfer_lookup - which way a request goes, and to which addresses.
 *
 * A name is looked up before its request has a turn, so that slow names keep
 * no connection from others, or within the turn where it turns out only then
 * that a name is needed.  A failure is kept and counts when the turn has come.
 */
#include "fetch/transfer_internal.h"

/* Addresses that have waited longer for their turn are looked up again: most
 * often the cache has them. */
#define LOOKUP_KEEP_MS 10000

static int64_t
now_ms(const struct transfer *t)
{
	return reactor_now_ms(t->env->reactor);
}

struct slice
transfer_pool_key(const struct transfer *t)
{
	/* A proxy that takes requests takes those for any origin. */
	return t->route.is_absolute ? buf_slice(&t->route.proxy->text)
				    : transfer_origin(t);
}

void
transfer_find_route(struct transfer *t)
{
	if (!t->has_route)
		routes_find(t->env->routes, transfer_url(t), &t->route);
	t->has_route = true;
}

void
transfer_forget_addrs(struct transfer *t)
{
	t->is_resolved = false;
	t->lookup.count = 0;
	t->lookup.err = err_none();
	t->lookup_ms = -1;
}

void
transfer_forget_route(struct transfer *t)
{
	t->has_route = false;
	transfer_forget_addrs(t);
}

/* ---- Steps of a lookup -------------------------------------------------- */

/* What could not be found out of a proxy's name is the proxy's failure. */
static void
blame_proxy(struct transfer *t)
{
	struct err *err = &t->lookup.err;

	if (t->route.proxy != NULL &&
	    (err->kind == ERR_RESOLVE || err->kind == ERR_DNS))
		err->kind = ERR_PROXY;
}

/* The addresses of where `route` leads to first: its host, or its proxy; false
 * when they will come later. */
static bool
find_addrs(struct transfer *t, const struct route *route)
{
	struct resolver *resolver = t->env->resolver;
	const struct proxy *proxy = route->proxy;
	bool is_known;

	t->lookup.err = err_none();
	t->lookup.count = routes_addrs(t->env->routes, route, t->lookup.addrs,
	    LOOKUP_ADDRS_MAX, &is_known);
	if (is_known && t->lookup.count == 0)
		t->lookup.err =
		    err_why(ERR_RESOLVE, "no address of the family asked for");
	if (is_known)
		return true;
	t->lookup.deadline_ms = t->exchange.deadline_ms;
	return resolver->start(resolver, &t->lookup,
	    proxy != NULL ? proxy->host : route->host,
	    proxy != NULL ? proxy->port : route->port);
}

/*
 * The proxy wants to be told an address rather than a name: one that it can
 * take, and another one in each try, since which of them lead anywhere from
 * there is not ours to know.
 */
static void
keep_target(struct transfer *t)
{
	const struct lookup *l = &t->lookup;
	const struct endpoint *fit[LOOKUP_ADDRS_MAX];
	size_t count = 0;

	t->target[0] = '\0';
	if (err_is(l->err))
		return;
	for (size_t i = 0; i < l->count; i++) {
		if (t->route.proxy->kind != PROXY_SOCKS4 ||
		    l->addrs[i].addr.sa.sa_family == AF_INET)
			fit[count++] = &l->addrs[i];
	}
	if (count > 0)
		(void)endpoint_format(fit[t->retries % count], t->target);
	else
		t->lookup.err =
		    err_why(ERR_RESOLVE, "no IPv4 address for SOCKS4");
}

/* One step has its answer: go on with the next; true when all have. */
static bool
go_on_after_step(struct transfer *t)
{
	if (!t->is_for_target) {
		blame_proxy(t);
		return true;
	}
	keep_target(t);
	if (err_is(t->lookup.err))
		return true;
	t->is_for_target = false;
	if (!find_addrs(t, &t->route))
		return false;
	blame_proxy(t);
	return true;
}

/* Everything that has to be found out; false when it will be later. */
static bool
begin_lookup(struct transfer *t)
{
	const struct route target = { .host = t->route.host,
		.port = t->route.port };

	t->lookup_at_ms = now_ms(t);
	t->target[0] = '\0';
	t->lookup.was_asked = false;
	t->lookup.err = t->route.err;
	if (err_is(t->route.err))
		return true;
	t->is_for_target =
	    t->route.proxy != NULL && proxy_wants_addr(t->route.proxy);
	return find_addrs(t, t->is_for_target ? &target : &t->route) &&
	    go_on_after_step(t);
}

/* An answer that was at hand took no time, and is none in the log. */
static void
end_lookup(struct transfer *t)
{
	int64_t took_ms = now_ms(t) - t->lookup_at_ms;

	t->lookup_ms = took_ms > 0 || t->lookup.was_asked ? took_ms : -1;
	t->is_resolved = true;
	t->resolved_at_ms = now_ms(t);
}

static void
on_lookup(void *ctx)
{
	struct transfer *t = ctx;

	if (!go_on_after_step(t))
		return;
	end_lookup(t);
	if (!t->is_early) {
		transfer_connect(t);
		return;
	}
	t->env->looking_up--;
	t->state = TRANSFER_READY;
	t->env->done(t->env->ctx, t, TRANSFER_RESOLVED, NULL);
}

/* ---- Its two occasions -------------------------------------------------- */

void
transfer_init_lookup(struct transfer *t)
{
	lookup_init(&t->lookup, on_lookup, t);
	transfer_forget_route(t);
}

bool
transfer_resolve(struct transfer *t)
{
	/* Stale or not: who has waited for a turn must not lose it again. */
	if (t->is_resolved)
		return true;
	transfer_forget_addrs(t);
	transfer_find_route(t);
	if (!t->must_be_fresh &&
	    pool_has_idle(t->env->pool, transfer_pool_key(t)))
		return true;
	t->exchange.deadline_ms = transfer_deadline(t);
	if (begin_lookup(t)) {
		end_lookup(t);
		return true;
	}
	t->state = TRANSFER_LOOKUP;
	t->stage = "dns";
	t->is_early = true;
	t->env->looking_up++;
	return false;
}

void
transfer_look_up(struct transfer *t)
{
	if (t->is_resolved && now_ms(t) - t->resolved_at_ms > LOOKUP_KEEP_MS)
		transfer_forget_addrs(t);
	if (!t->is_resolved) {
		t->state = TRANSFER_LOOKUP;
		t->stage = "dns";
		t->is_early = false;
		if (!begin_lookup(t))
			return;
		end_lookup(t);
	}
	transfer_connect(t);
}

void
transfer_cancel_lookup(struct transfer *t)
{
	if (t->state != TRANSFER_LOOKUP)
		return;
	t->env->resolver->cancel(t->env->resolver, &t->lookup);
	if (t->is_early)
		t->env->looking_up--;
}
