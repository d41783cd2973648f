/*
 * tls_server - servers that speak TLS with a certificate of the PKI: OpenSSL's
 * own, which does as its options say, and nginx, which tells what came.
 */
#ifndef BULKFETCH_TESTS_IT_TLS_SERVER_H
#define BULKFETCH_TESTS_IT_TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "nginx.h"
#include "world.h"

/* ---- openssl s_server ---------------------------------------------------- */

struct tls_server {
	pid_t pid;
	unsigned port;
	int in;          /* its standard input */
	const char *log; /* a file's name: what it says */
};

/*
 * Start `openssl s_server` with the certificate `name` and these options, up to
 * a NULL, in the world's directory, at 127.0.0.1 or, if `is_v6`, at ::1.
 *
 * With -HTTP it answers a GET by the octets of the file, which are the whole
 * answer, and then closes; it serves one connection after the other.  Without,
 * it puts what comes into its log and sends what tls_server_say() writes, where
 * a line "r" means to negotiate anew and "Q" to end.
 *
 * False, after the reason was printed, where there is no openssl or it does not
 * know the options.
 */
bool tls_server_start(struct world *w, struct tls_server *s, const char *name,
    bool is_v6, const char *const *options);

/* The same with -HTTP and nothing else, at 127.0.0.1. */
bool tls_server_start_files(
    struct world *w, struct tls_server *s, const char *name);

void tls_server_stop(struct world *w, struct tls_server *s);

void tls_server_say(struct tls_server *s, const char *line);

/* Until its log has the text. */
void tls_server_wait(
    struct world *w, const struct tls_server *s, const char *text);

/* ---- nginx --------------------------------------------------------------- */

/*
 * nginx with the certificate `name`, serving "www", which is made if it is not
 * there; `conf` is put into the server block.
 *
 * TLS_TO_ORIGIN in `conf` has it ask the world's origin, over connections that
 * are kept, with "X-Came-By: https" and the client's own Host.
 */
bool tls_nginx_start(
    struct world *w, struct nginx *nginx, const char *name, const char *conf);

#define TLS_TO_ORIGIN \
	"location / { proxy_pass http://origin; proxy_http_version 1.1; " \
	"proxy_set_header Connection ''; proxy_set_header Host $http_host; " \
	"proxy_set_header X-Came-By https; proxy_buffering off; }"

/* "https://HOST:PORT" and then `target`. */
char *tls_url(
    struct world *w, unsigned port, const char *host, const char *target);

/* A request that nginx has logged. */
struct tls_request {
	unsigned long connection;
	unsigned status;
	const char *protocol; /* "TLSv1.3" */
	const char *cipher;
	bool is_resumed;         /* the session of its connection */
	const char *server_name; /* of SNI; "-": none came */
	const char *target;
	const char *verified; /* the client: "SUCCESS", "NONE", ... */
};

/* Wait until it has logged so many, and then all of them, in order. */
struct tls_request *tls_requests(struct world *w, size_t count);

/* How many connections these are of. */
size_t tls_connections(const struct tls_request *requests, size_t count);

#endif
