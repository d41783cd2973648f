#include "cli/environment.h"

#include <stddef.h>

/* The first of the two that is set and not empty; NULL for neither. */
static const char *
first_of(environment_fn get, const char *name, const char *other)
{
	const char *value = get(name);

	if (value != NULL && value[0] != '\0')
		return value;
	value = other != NULL ? get(other) : NULL;
	return value != NULL && value[0] != '\0' ? value : NULL;
}

void
environment_apply(struct options *o, environment_fn get)
{
	struct bulkfetch_options *fetch = &o->fetch;
	const char *all = o->proxy;

	fetch->tls_keylog = first_of(get, "SSLKEYLOGFILE", NULL);
	if (fetch->address_list != NULL || fetch->unix_socket != NULL)
		return;
	fetch->http_proxy = o->proxy;
	fetch->https_proxy = o->proxy;
	if (o->proxy == NULL) {
		all = first_of(get, "all_proxy", "ALL_PROXY");
		fetch->http_proxy = first_of(get, "http_proxy", NULL);
		fetch->https_proxy =
		    first_of(get, "https_proxy", "HTTPS_PROXY");
	}
	if (fetch->http_proxy == NULL)
		fetch->http_proxy = all;
	if (fetch->https_proxy == NULL)
		fetch->https_proxy = all;
	if (fetch->no_proxy == NULL)
		fetch->no_proxy = first_of(get, "no_proxy", "NO_PROXY");
}
