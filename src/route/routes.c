#include "route/routes.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/problem.h"
#include "http/request.h"
#include "route/address_list.h"
#include "route/connect_to.h"
#include "route/fixed_names.h"
#include "route/no_proxy.h"

struct routes {
	sa_family_t family; /* AF_UNSPEC for both */

	/* In the order in which they count. */
	bool has_local;
	struct endpoint local;     /* the Unix socket */
	struct address_list *list; /* owned, or NULL */
	struct connect_to *rules;  /* owned array, slices of `rule_texts` */
	char **rule_texts;         /* owned, in lower case */
	size_t rule_count;
	struct fixed_names *names; /* owned, or NULL */

	bool has_http_proxy;
	bool has_https_proxy;
	struct proxy http_proxy;
	struct proxy https_proxy;
	struct err https_err;  /* why the https proxy is of no use */
	struct slice no_proxy; /* borrowed from the options */
	bool uses_tunnel;

	/* Nothing of this changes the host or asks for a proxy. */
	bool is_direct;
};

/* ---- Reading the options ------------------------------------------------ */

/* `err` for the caller to return; "WHAT 'NAME': reason". */
static struct err
refuse(struct bulkfetch_problem *problem, struct err err, const char *what,
    const char *name)
{
	if (err.kind == ERR_NOMEM)
		return err;
	if (err.kind != ERR_FILE)
		err.kind = ERR_REQUEST;
	(void)problem_set(problem, err, what, name);
	problem->is_usage = err.kind == ERR_REQUEST;
	return err;
}

static struct err
read_family(struct routes *r, enum bulkfetch_family family,
    struct bulkfetch_problem *problem)
{
	switch (family) {
	case BULKFETCH_FAMILY_ANY:
		r->family = AF_UNSPEC;
		return err_none();
	case BULKFETCH_FAMILY_IPV4:
		r->family = AF_INET;
		return err_none();
	case BULKFETCH_FAMILY_IPV6:
		r->family = AF_INET6;
		return err_none();
	}
	return refuse(problem, err_why(ERR_REQUEST, "neither IPv4 nor IPv6"),
	    "family of addresses", NULL);
}

static struct err
read_local(struct routes *r, const struct bulkfetch_options *o,
    struct bulkfetch_problem *problem)
{
	if (o->unix_socket == NULL)
		return err_none();
	if (o->address_list != NULL)
		return refuse(problem,
		    err_why(ERR_REQUEST, "does not go with --address-list"),
		    "--unix-socket", o->unix_socket);
	r->has_local = endpoint_local(o->unix_socket, &r->local);
	if (!r->has_local)
		return refuse(problem,
		    err_why(ERR_REQUEST,
			"a path that is empty, or longer than a socket's"),
		    "--unix-socket", o->unix_socket);
	return err_none();
}

static struct err
read_list(struct routes *r, const struct bulkfetch_options *o,
    struct bulkfetch_problem *problem)
{
	char what[64] = "--address-list";
	size_t line = 0;
	struct err err;

	if (o->address_list == NULL)
		return err_none();
	err = address_list_new(o->address_list, r->family, &r->list, &line);
	if (line > 0)
		(void)snprintf(
		    what, sizeof(what), "line %zu of --address-list", line);
	return err_is(err) ? refuse(problem, err, what, o->address_list) : err;
}

/* A zone's letters stay as they are. */
static char *
copy_lower(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);
	bool is_zone = false;

	for (size_t i = 0; copy != NULL && i < size; i++) {
		if (text[i] == '%' || text[i] == ']')
			is_zone = text[i] == '%';
		copy[i] = text[i];
		if (!is_zone)
			copy[i] = (char)ascii_lower((uint8_t)text[i]);
	}
	return copy;
}

static struct err
read_rule(struct routes *r, const char *text)
{
	size_t at = r->rule_count;

	r->rule_texts[at] = copy_lower(text);
	if (r->rule_texts[at] == NULL)
		return err_of(ERR_NOMEM);
	r->rule_count++;
	return connect_to_parse(slice_str(r->rule_texts[at]), &r->rules[at]);
}

static struct err
read_rules(struct routes *r, const struct bulkfetch_options *o,
    struct bulkfetch_problem *problem)
{
	if (o->connect_to_count == 0)
		return err_none();
	r->rules = calloc(o->connect_to_count, sizeof(*r->rules));
	r->rule_texts = calloc(o->connect_to_count, sizeof(*r->rule_texts));
	if (r->rules == NULL || r->rule_texts == NULL)
		return err_of(ERR_NOMEM);
	for (size_t i = 0; i < o->connect_to_count; i++) {
		struct err err = read_rule(r, o->connect_tos[i]);

		if (err_is(err))
			return refuse(
			    problem, err, "--connect-to", o->connect_tos[i]);
	}
	return err_none();
}

static struct err
read_names(struct routes *r, const struct bulkfetch_options *o,
    struct bulkfetch_problem *problem)
{
	const char *bad = NULL;
	struct err err;

	if (o->resolve_count == 0)
		return err_none();
	err = fixed_names_new(o->resolves, o->resolve_count, &r->names, &bad);
	return err_is(err) ? refuse(problem, err, "--resolve", bad) : err;
}

static bool
is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static struct err
read_proxy(const char *text, const struct bulkfetch_options *o,
    struct proxy *proxy, bool *has_proxy)
{
	struct slice value;
	struct err err;

	if (!is_set(text))
		return err_none();
	err = proxy_init(proxy, text, o->proxy_credentials);
	if (err_is(err))
		return err;
	proxy->agent = o->user_agent;
	*has_proxy = true;
	if (!request_find_proxy_field(o->fields, o->field_count, &value))
		return err_none();
	return proxy_set_value(proxy, value);
}

static struct err
read_http_proxy(struct routes *r, const struct bulkfetch_options *o,
    struct bulkfetch_problem *problem)
{
	struct err err =
	    read_proxy(o->http_proxy, o, &r->http_proxy, &r->has_http_proxy);
	const char *at;

	if (!err_is(err))
		return err;
	if (r->has_http_proxy)
		return refuse(problem, err, "field", "Proxy-Authorization");
	/* Not for everyone's eyes: what stands before the host. */
	at = strrchr(o->http_proxy, '@');
	return refuse(
	    problem, err, "proxy", at != NULL ? at + 1 : o->http_proxy);
}

static struct err
read_https_proxy(struct routes *r, const struct bulkfetch_options *o)
{
	struct err err =
	    read_proxy(o->https_proxy, o, &r->https_proxy, &r->has_https_proxy);

	if (err.kind == ERR_NOMEM)
		return err;
	if (err_is(err)) {
		r->https_err = err_code(ERR_PROXY, EACCES);
		r->https_err.why = err.why;
	}
	return err_none();
}

static struct err
read_proxies(struct routes *r, const struct bulkfetch_options *o,
    struct bulkfetch_problem *problem)
{
	struct err err;

	r->no_proxy = slice_str(o->no_proxy);
	r->uses_tunnel = o->uses_tunnel;
	err = read_http_proxy(r, o, problem);
	return err_is(err) ? err : read_https_proxy(r, o);
}

static struct err
read_options(struct routes *r, const struct bulkfetch_options *o,
    struct bulkfetch_problem *problem)
{
	struct err err = read_family(r, o->family, problem);

	if (!err_is(err))
		err = read_local(r, o, problem);
	if (!err_is(err))
		err = read_list(r, o, problem);
	if (!err_is(err))
		err = read_rules(r, o, problem);
	if (!err_is(err))
		err = read_names(r, o, problem);
	if (!err_is(err))
		err = read_proxies(r, o, problem);
	r->is_direct = r->has_local || r->list != NULL ||
	    (r->rule_count == 0 && !r->has_http_proxy && !r->has_https_proxy &&
		!err_is(r->https_err));
	return err;
}

struct err
routes_new(const struct bulkfetch_options *options, struct routes **out,
    struct bulkfetch_problem *problem)
{
	struct routes *r = calloc(1, sizeof(*r));
	struct err err;

	if (r == NULL)
		return err_of(ERR_NOMEM);
	err = read_options(r, options, problem);
	if (err_is(err))
		routes_free(r);
	else
		*out = r;
	return err;
}

void
routes_free(struct routes *r)
{
	if (r == NULL)
		return;
	if (r->has_http_proxy)
		proxy_fini(&r->http_proxy);
	if (r->has_https_proxy)
		proxy_fini(&r->https_proxy);
	fixed_names_free(r->names);
	for (size_t i = 0; i < r->rule_count; i++)
		free(r->rule_texts[i]);
	free(r->rule_texts);
	free(r->rules);
	address_list_free(r->list);
	free(r);
}

/* ---- The way of a request ----------------------------------------------- */

/* url->host, and its final dot, which the authority has kept. */
static struct slice
host_of(const struct url *url)
{
	size_t len = url->host.len;

	if (url->host_kind == URL_HOST_NAME && url->authority.len > len &&
	    url->authority.ptr[len] == '.')
		return slice_first(url->authority, len + 1);
	return url->host;
}

static bool
is_elsewhere(const struct route *route, const struct url *url)
{
	return route->port != url->port || !slice_eq(route->host, host_of(url));
}

/* The first rule that is for it. */
static void
apply_rules(const struct routes *r, struct route *route)
{
	for (size_t i = 0; i < r->rule_count; i++) {
		if (connect_to_apply(&r->rules[i], &route->host, &route->port))
			return;
	}
}

static void
choose_proxy(const struct routes *r, const struct url *url, bool is_https,
    struct route *route)
{
	if (no_proxy_has(r->no_proxy, url->host))
		return;
	if (is_https && err_is(r->https_err))
		route->err = r->https_err;
	else if (is_https && r->has_https_proxy)
		route->proxy = &r->https_proxy;
	else if (!is_https && r->has_http_proxy)
		route->proxy = &r->http_proxy;
}

void
routes_find(const struct routes *r, const struct url *url, struct route *out)
{
	bool is_https;

	*out = (struct route){ .host = host_of(url),
		.port = url->port,
		.keeps_order = r->list != NULL };
	if (r->is_direct)
		return;
	is_https = slice_eq_str(url->scheme, "https");
	apply_rules(r, out);
	choose_proxy(r, url, is_https, out);
	/* A proxy that takes the request itself connects to the URL's host;
	 * elsewhere it only leads to by a tunnel. */
	out->is_absolute = out->proxy != NULL &&
	    out->proxy->kind == PROXY_HTTP && !is_https && !r->uses_tunnel &&
	    !is_elsewhere(out, url);
}

size_t
routes_addrs(struct routes *r, const struct route *route, struct endpoint *out,
    size_t max, bool *is_known)
{
	bool has_proxy = route->proxy != NULL;

	*is_known = r->has_local || r->list != NULL;
	if (r->has_local && max > 0) {
		out[0] = r->local;
		return 1;
	}
	if (r->list != NULL)
		return address_list_next(r->list, route->port, out, max);
	if (r->names == NULL)
		return 0;
	return fixed_names_find(r->names,
	    has_proxy ? route->proxy->host : route->host,
	    has_proxy ? route->proxy->port : route->port, r->family, out, max,
	    is_known);
}
