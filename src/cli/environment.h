/*
 * environment - what the environment says.  SSLKEYLOGFILE names a file for the
 * secrets of TLS.  SSL_CERT_FILE and SSL_CERT_DIR are OpenSSL's to read.
 *
 * Proxies by curl's rules:
 * http_proxy and https_proxy for their schemes, all_proxy for what these leave
 * open, no_proxy for hosts to reach without.  HTTPS_PROXY, ALL_PROXY and
 * NO_PROXY count where the one in lower case does not; HTTP_PROXY never, since
 * for a CGI program it is a field of the request that somebody else sent.  An
 * empty variable is none.
 */
#ifndef BULKFETCH_CLI_ENVIRONMENT_H
#define BULKFETCH_CLI_ENVIRONMENT_H

#include "cli/options.h"

/* A variable's value, or NULL, as getenv(3). */
typedef char *(*environment_fn)(const char *name);

/*
 * Set the proxies and the key log of `o->fetch`.  --proxy and --noproxy go
 * before the environment; with --address-list or --unix-socket there is no
 * proxy.  Texts are borrowed from what `get` returns.
 */
void environment_apply(struct options *o, environment_fn get);

#endif
