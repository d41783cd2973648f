/*
 * proxies - real proxies, where they are installed, on ports of the kernel's
 * choice at 127.0.0.1, their files in the world's directory.
 *
 * Each of these is true when the proxy takes connections, and false, after the
 * reason was printed, when there is none.
 */
#ifndef BULKFETCH_TESTS_IT_PROXIES_H
#define BULKFETCH_TESTS_IT_PROXIES_H

#include "world.h"

struct proxy_server {
	pid_t pid;
	unsigned port;
	const char *log; /* a file's name, for those that write one */
};

/* "SCHEME://127.0.0.1:PORT"; credentials may stand at the scheme's end:
 * "http://user:pass@". */
char *proxy_url(
    struct world *w, const char *scheme, const struct proxy_server *p);

/*
 * Names that only the proxies know: "one.test" and "two.test" are 127.0.0.1 and
 * 127.0.0.2.  Squid always does; the other ones after this, which is false,
 * with the reason printed, where the system does not let them.
 */
bool proxies_know_names(struct world *w);

/* Squid, which caches nothing; `conf` is put in front of rules that allow
 * everything. */
bool squid_start(struct world *w, struct proxy_server *p, const char *conf);

/* For `conf`: only user:pass may pass. */
char *squid_auth(struct world *w);

/* Tinyproxy; `conf` is put behind what it needs. */
bool tinyproxy_start(struct world *w, struct proxy_server *p, const char *conf);

/* Microsocks, for SOCKS5; `user` and `password` may be NULL.  Its log says where
 * it was asked to go. */
bool microsocks_start(struct world *w, struct proxy_server *p, const char *user,
    const char *password);

/* Dante's server, for SOCKS4 and 5; `rules` are put in front of one that allows
 * everything. */
bool danted_start(struct world *w, struct proxy_server *p, const char *rules);

/* A port of 127.0.0.1 where nobody listens. */
unsigned dead_port(struct world *w);

/* "127.0.0.1:PORT" of a name server that answers nothing, and whether it was
 * asked for anything; `*fd` is for the caller to close. */
char *silent_name_server(struct world *w, int *fd);
bool was_asked(int fd);

#endif
