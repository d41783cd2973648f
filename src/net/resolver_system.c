#include "net/resolver_system.h"

#include "net/resolver_hosts.h"

struct err
resolver_system_new(const struct resolver_options *options,
    struct reactor *reactor, struct resolver **out)
{
	(void)reactor;
	return resolver_hosts_new(options->hosts_path, out);
}
