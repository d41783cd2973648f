#include "fetch/ways.h"

#include "base/problem.h"
#include "net/resolver_system.h"
#include "net/tls.h"

#define HOSTS_PATH "/etc/hosts"
#define RESOLV_PATH "/etc/resolv.conf"
#define NSSWITCH_PATH "/etc/nsswitch.conf"

#define DNS_PORT 53

/* What the options say of TLS is looked at early; without, the library is
 * opened for the first that needs it. */
static bool
init_tls(struct engine *e, struct bulkfetch_problem *problem)
{
	const struct bulkfetch_options *o = &e->env.options;
	const struct tls_options options = {
		.ca_file = o->ca_file,
		.ca_dir = o->ca_dir,
		.cert_file = o->cert_file,
		.key_file = o->key_file,
		.pass_file = o->pass_file,
		.ciphers = o->ciphers,
		.pins = o->pinned_pubkey,
		.keylog_file = o->tls_keylog,
		.needs_tls13 = o->needs_tls13,
		.is_insecure = o->is_insecure,
	};
	struct err err = tls_new(&options, &e->env.tls);
	const char *words;

	if (err_is(err) && err.kind != ERR_NOMEM) {
		(void)problem_set(
		    problem, err, "--pinnedpubkey", o->pinned_pubkey);
		problem->is_usage = true;
		return false;
	}
	if (err_is(err))
		return problem_refuse_err(problem, err);
	if (o->is_insecure)
		engine_tell(e, BULKFETCH_LEVEL_WARNING,
		    "certificates of https servers are not verified "
		    "(--insecure)");
	if (o->ca_file == NULL && o->ca_dir == NULL && o->cert_file == NULL &&
	    o->ciphers == NULL && o->tls_keylog == NULL)
		return true;
	err = tls_open(e->env.tls);
	words = tls_words(e->env.tls);
	if (err_is(err) && err.kind != ERR_NO_TLS)
		return problem_refuse(
		    problem, err.kind == ERR_REQUEST, err.sys, "%s", words);
	/* http goes on without a library. */
	if (words[0] != '\0')
		engine_tell(e, BULKFETCH_LEVEL_WARNING, "%s", words);
	return true;
}

bool
ways_init(struct engine *e, struct bulkfetch_problem *problem)
{
	const struct bulkfetch_options *o = &e->env.options;
	const char *bad = NULL;
	struct err err = err_none();

	for (size_t i = 0; i < o->dns_server_count; i++) {
		bad = o->dns_servers[i];
		if (!endpoint_parse_port(
			slice_str(bad), DNS_PORT, &e->dns_servers[i])) {
			err = err_why(
			    ERR_REQUEST, "no numeric address, or a bad port");
			(void)problem_set(problem, err, "name server", bad);
			problem->is_usage = true;
			return false;
		}
	}
	if (o->interface_count > 0)
		err = sources_new(
		    o->interfaces, o->interface_count, &e->sources, &bad);
	if (err_is(err)) {
		(void)problem_set(problem, err, "interface", bad);
		problem->is_usage = err.kind == ERR_REQUEST;
		return false;
	}
	err = addresses_new(&e->addresses);
	if (err_is(err))
		return problem_refuse_err(problem, err);
	err = routes_new(o, &e->routes, problem);
	if (err_is(err))
		return err.kind == ERR_NOMEM &&
		    problem_refuse_err(problem, err);
	return init_tls(e, problem);
}

void
ways_fini(struct engine *e)
{
	tls_free(e->env.tls);
	routes_free(e->routes);
	addresses_free(e->addresses);
	sources_free(e->sources);
}

static void
tell_name(void *ctx, const char *text)
{
	engine_tell(ctx, BULKFETCH_LEVEL_INFO, "%s", text);
}

struct err
ways_init_names(struct engine *e)
{
	static const enum resolver_family families[] = {
		[BULKFETCH_FAMILY_ANY] = RESOLVER_ANY,
		[BULKFETCH_FAMILY_IPV4] = RESOLVER_IPV4,
		[BULKFETCH_FAMILY_IPV6] = RESOLVER_IPV6,
	};
	const struct bulkfetch_options *o = &e->env.options;
	struct resolver_options *options = &e->names;

	*options = (struct resolver_options){
		.family = families[o->family],
		.servers = e->dns_servers,
		.server_count = o->dns_server_count,
		.max_inflight = o->dns_max_inflight,
		.hosts_path = HOSTS_PATH,
		.resolv_path = RESOLV_PATH,
		.nsswitch_path = NSSWITCH_PATH,
	};

	if (e->observer.level_max >= BULKFETCH_LEVEL_INFO) {
		options->tell = tell_name;
		options->tell_ctx = e;
	}
	return resolver_system_new(options, e->reactor, &e->resolver);
}

void
ways_fini_names(struct engine *e)
{
	if (e->resolver != NULL)
		e->resolver->free(e->resolver);
}
