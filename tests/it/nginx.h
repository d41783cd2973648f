/*
 * nginx - a real server, where one is installed: its own configuration in the
 * world's directory, on a port of the kernel's choice at 127.0.0.1.
 */
#ifndef BULKFETCH_TESTS_IT_NGINX_H
#define BULKFETCH_TESTS_IT_NGINX_H

#include "world.h"

struct nginx {
	pid_t pid;
	unsigned port;
};

/*
 * Serve `root`; `server_conf` is put into the server block, `http_conf` before
 * it.  False, after the reason was printed, when there is no nginx.
 */
bool nginx_start(struct world *w, struct nginx *nginx, const char *root,
    const char *http_conf, const char *server_conf);

/*
 * The same over TLS, by the certificate that `server_conf` names.  Its log is
 * NGINX_TLS_LOG instead, which tls_requests() of tls_server.h reads.
 */
bool nginx_start_tls(struct world *w, struct nginx *nginx, const char *root,
    const char *http_conf, const char *server_conf);

#define NGINX_TLS_LOG "nginx.tls"

/* End it and forget its log, so that another one can be started. */
void nginx_stop(struct world *w, const struct nginx *nginx);

/* What its access log, one "CONNECTION STATUS URI" a line, says now. */
const char *nginx_log(struct world *w);

#endif
