/*
 * origin - an HTTP server for tests, on loopback only: serves generated files,
 * plays a script.  README.md beside this file describes both.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "session.h"
#include "sys/nofile.h"

#define SCRIPT_MAX (16U << 20)
#define BACKLOG 65535
#define ACCEPTS_AT_ONCE 64
/* With no descriptor left, how long until the next try. */
#define SHORTAGE_MS 10
/* Ports tried until one is free on both address families. */
#define PORT_TRIES 20

struct options {
	const char *script;    /* file, or NULL */
	const char *port_file; /* or NULL */
	uint16_t port;         /* 0: of the kernel's choice */
	uint64_t requests_max;
	bool has_any; /* all addresses rather than 127.0.0.1 */
	bool has_v6;  /* [::1], too */
};

struct listener {
	struct session_env *env; /* borrowed */
	int fd;                  /* owned; -1 while closed */
	struct watch watch;
	struct timer timer;
};

struct origin {
	struct session_env env;
	struct listener v4;
	struct listener v6;
	struct watch stdin_watch;
	bool is_over;
};

/* ---- Listening ---------------------------------------------------------- */

/* The address at this end, as text; scripts may be for it. */
static const char *
local_address(int fd, char text[INET6_ADDRSTRLEN])
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;
	socklen_t len = sizeof(addr);
	const char *got = NULL;

	if (getsockname(fd, &addr.sa, &len) == -1)
		return "";
	if (addr.sa.sa_family == AF_INET)
		got = inet_ntop(
		    AF_INET, &addr.in.sin_addr, text, INET6_ADDRSTRLEN);
	else if (addr.sa.sa_family == AF_INET6)
		got = inet_ntop(
		    AF_INET6, &addr.in6.sin6_addr, text, INET6_ADDRSTRLEN);
	return got != NULL ? got : "";
}

static void
on_connection(void *ctx, unsigned events)
{
	struct listener *l = ctx;
	struct reactor *reactor = l->env->reactor;
	char text[INET6_ADDRSTRLEN];

	(void)events;
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd =
		    accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd == -1 && err_is_shortage(errno)) {
			(void)reactor_set_events(reactor, &l->watch, 0);
			(void)reactor_arm(reactor, &l->timer,
			    reactor_now_ms(reactor) + SHORTAGE_MS);
		}
		if (fd == -1)
			return;
		session_start(l->env, fd,
		    l->env->script.rule_count > 0 ? local_address(fd, text)
						  : "");
	}
}

static void
on_shortage_over(void *ctx)
{
	struct listener *l = ctx;

	(void)reactor_set_events(l->env->reactor, &l->watch, REACTOR_READ);
}

static void
listener_init(struct listener *l, struct session_env *env)
{
	l->env = env;
	l->fd = -1;
	watch_init(&l->watch, on_connection, l);
	timer_init(&l->timer, on_shortage_over, l);
}

static void
listener_fini(struct listener *l)
{
	if (l->fd == -1)
		return;
	reactor_remove_fd(l->env->reactor, &l->watch, true);
	reactor_disarm(l->env->reactor, &l->timer);
	(void)close(l->fd);
	l->fd = -1;
}

static bool
listener_open(
    struct listener *l, const struct sockaddr *addr, socklen_t addr_len)
{
	int on = 1;

	l->fd = socket(addr->sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (l->fd == -1)
		return false;
	/* Accepted sockets inherit TCP_NODELAY, which dripping needs. */
	(void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (addr->sa_family == AF_INET6)
		(void)setsockopt(
		    l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(l->fd, addr, addr_len) == 0 && listen(l->fd, BACKLOG) == 0 &&
	    !err_is(reactor_add_fd(
		l->env->reactor, &l->watch, l->fd, REACTOR_READ)))
		return true;
	(void)close(l->fd);
	l->fd = -1;
	return false;
}

static bool
listen_v4(struct listener *l, const struct options *options, uint16_t *port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(options->port),
		.sin_addr.s_addr =
		    htonl(options->has_any ? INADDR_ANY : INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);

	if (!listener_open(l, (const struct sockaddr *)&addr, sizeof(addr)))
		return false;
	if (getsockname(l->fd, (struct sockaddr *)&addr, &len) == -1)
		return false;
	*port = ntohs(addr.sin_port);
	return true;
}

static bool
listen_v6(struct listener *l, uint16_t port)
{
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = in6addr_loopback,
	};

	return listener_open(l, (const struct sockaddr *)&addr, sizeof(addr));
}

/* Both families on one port. */
static bool
origin_listen(struct origin *o, const struct options *options, uint16_t *port)
{
	for (int i = 0; i < PORT_TRIES; i++) {
		if (!listen_v4(&o->v4, options, port))
			return false;
		if (!options->has_v6 || listen_v6(&o->v6, *port))
			return true;
		listener_fini(&o->v4);
		if (options->port != 0)
			return false;
	}
	return false;
}

/* ---- Setting up --------------------------------------------------------- */

static bool
fail(const char *what)
{
	perror(what);
	return false;
}

static bool
read_script(const char *path, struct script *script)
{
	struct script_problem problem;
	struct buf text;
	FILE *f = fopen(path, "re");
	bool ok = false;
	int octet;

	if (f == NULL)
		return fail(path);
	buf_init(&text, SCRIPT_MAX);
	while ((octet = getc(f)) != EOF &&
	    !err_is(buf_append_octet(&text, (uint8_t)octet)))
		continue;
	if (ferror(f) || !feof(f))
		(void)fail(path);
	else if (!script_parse(script, buf_slice(&text), &problem))
		(void)fprintf(
		    stderr, "%s:%zu: %s\n", path, problem.line, problem.text);
	else
		ok = true;
	buf_fini(&text);
	(void)fclose(f);
	return ok;
}

/* For those who wait for it: the file is there only when it is whole. */
static bool
write_port_file(const char *path, uint16_t port)
{
	char temporary[4096];
	FILE *f;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >=
	    (int)sizeof(temporary))
		return fail(path);
	f = fopen(temporary, "we");
	if (f == NULL)
		return fail(temporary);
	if (fprintf(f, "%u\n", port) < 0 || fclose(f) == EOF ||
	    rename(temporary, path) == -1)
		return fail(path);
	return true;
}

static bool
tell_port(const struct options *options, uint16_t port)
{
	if (printf("%u\n", port) < 0 || fflush(stdout) == EOF)
		return fail("stdout");
	return options->port_file == NULL ||
	    write_port_file(options->port_file, port);
}

static void
on_stdin(void *ctx, unsigned events)
{
	struct origin *o = ctx;
	char octets[512];
	ssize_t n = read(STDIN_FILENO, octets, sizeof(octets));

	(void)events;
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		o->is_over = true;
}

/*
 * Where standard input is a file or /dev/null, which epoll refuses, a signal is
 * what ends the origin.
 */
static void
watch_stdin(struct origin *o)
{
	watch_init(&o->stdin_watch, on_stdin, o);
	(void)reactor_add_fd(
	    o->env.reactor, &o->stdin_watch, STDIN_FILENO, REACTOR_READ);
}

static bool
origin_init(struct origin *o, const struct options *options)
{
	struct err err = session_env_init(&o->env);
	uint16_t port = 0;

	listener_init(&o->v4, &o->env);
	listener_init(&o->v6, &o->env);
	if (err_is(err))
		return fail("origin");
	o->env.requests_max = options->requests_max;
	if (options->script != NULL &&
	    !read_script(options->script, &o->env.script))
		return false;
	if (!origin_listen(o, options, &port))
		return fail("listen");
	watch_stdin(o);
	return tell_port(options, port);
}

static void
origin_fini(struct origin *o)
{
	listener_fini(&o->v4);
	listener_fini(&o->v6);
	session_env_fini(&o->env);
}

static int
usage(void)
{
	(void)fputs("usage: origin [--script FILE] [--port-file FILE] "
		    "[--port N] [--any] [--v6] [--requests-max N]\n",
	    stderr);
	return 2;
}

static bool
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option table[] = {
		{ "script", required_argument, NULL, 's' },
		{ "port-file", required_argument, NULL, 'f' },
		{ "port", required_argument, NULL, 'p' },
		{ "any", no_argument, NULL, 'a' },
		{ "v6", no_argument, NULL, '6' },
		{ "requests-max", required_argument, NULL, 'r' },
		{ 0 },
	};
	uint64_t number = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 's')
			options->script = optarg;
		else if (c == 'f')
			options->port_file = optarg;
		else if (c == 'a')
			options->has_any = true;
		else if (c == '6')
			options->has_v6 = true;
		else if (c == 'r' &&
		    num_parse_u64(slice_str(optarg), UINT64_MAX, &number))
			options->requests_max = number;
		else if (c == 'p' &&
		    num_parse_u64(slice_str(optarg), UINT16_MAX, &number))
			options->port = (uint16_t)number;
		else
			return false;
	}
	return optind == argc;
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct origin origin = { 0 };
	int status = EXIT_FAILURE;

	if (!parse_options(argc, argv, &options))
		return usage();
	(void)nofile_raise();
	if (origin_init(&origin, &options)) {
		status = EXIT_SUCCESS;
		while (!origin.is_over && status == EXIT_SUCCESS) {
			if (err_is(reactor_run_once(origin.env.reactor, true)))
				status = EXIT_FAILURE;
		}
	}
	origin_fini(&origin);
	return status;
}
