#include "nginx.h"

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* How it speaks TLS, if so, and what it notes of that. */
struct transport {
	const char *option; /* of "listen" */
	const char *log_conf;
};

static const struct transport plain = { "", "" };
static const struct transport tls = { " ssl",
	"log_format tls '$connection $status $ssl_protocol $ssl_cipher "
	"$ssl_session_reused $ssl_server_name $request_uri "
	"$ssl_client_verify'; access_log " NGINX_TLS_LOG " tls;" };

static void
write_conf(struct world *w, const struct nginx *nginx,
    const struct transport *transport, const char *root, const char *http_conf,
    const char *server_conf)
{
	static const char format[] =
	    "%s"
	    "daemon off;\n"
	    "worker_processes 1;\n"
	    "pid nginx.pid;\n"
	    "error_log nginx.err;\n"
	    "events { worker_connections 8192; }\n"
	    "http {\n"
	    "  log_format it '$connection $status $request_uri';\n"
	    "  access_log nginx.log it;\n"
	    "  %s\n"
	    "  client_body_temp_path nginx.tmp/body;\n"
	    "  proxy_temp_path nginx.tmp/proxy;\n"
	    "  fastcgi_temp_path nginx.tmp/fastcgi;\n"
	    "  uwsgi_temp_path nginx.tmp/uwsgi;\n"
	    "  scgi_temp_path nginx.tmp/scgi;\n"
	    "  sendfile on;\n"
	    "  tcp_nopush on;\n"
	    "  %s\n"
	    "  server {\n"
	    "    listen 127.0.0.1:%u%s;\n"
	    "    root \"%s\";\n"
	    "    %s\n"
	    "  }\n"
	    "}\n";

	world_write(w, "nginx.conf",
	    world_text(w, format, geteuid() == 0 ? "user root;\n" : "",
		transport->log_conf, http_conf, nginx->port, transport->option,
		world_path(w, root), server_conf));
}

/*
 * nginx takes over listening sockets that its environment names, which is
 * meant for upgrades: so the port is the kernel's choice and nobody has to
 * wait until nginx listens.
 */
static void
exec_nginx(struct world *w, const char *program, int fd)
{
	const char *words[] = { program, "-p", w->dir, "-c", "nginx.conf", "-e",
		"nginx.err", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct rlimit limit;

	/* Descriptors for as many connections as it is allowed to have. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)fcntl(fd, F_SETFD, 0);
	(void)setenv("NGINX", world_text(w, "%d;", fd), 1);
	(void)execv(program, (char *const *)(uintptr_t)words);
	_exit(127);
}

static bool
start(struct world *w, struct nginx *nginx, const struct transport *transport,
    const char *root, const char *http_conf, const char *server_conf)
{
	const char *program = world_find_program(w, "nginx");
	int fd;

	if (program == NULL)
		return false;
	fd = world_listen(w, false, &nginx->port);
	if (!world_has(w, "nginx.tmp"))
		world_mkdir(w, "nginx.tmp");
	write_conf(w, nginx, transport, root, http_conf, server_conf);
	nginx->pid = fork();
	assert_int_not_equal(nginx->pid, -1);
	if (nginx->pid == 0)
		exec_nginx(w, program, fd);
	(void)close(fd);
	world_add_child(w, nginx->pid, SIGTERM);
	return true;
}

bool
nginx_start(struct world *w, struct nginx *nginx, const char *root,
    const char *http_conf, const char *server_conf)
{
	return start(w, nginx, &plain, root, http_conf, server_conf);
}

bool
nginx_start_tls(struct world *w, struct nginx *nginx, const char *root,
    const char *http_conf, const char *server_conf)
{
	return start(w, nginx, &tls, root, http_conf, server_conf);
}

void
nginx_stop(struct world *w, const struct nginx *nginx)
{
	(void)kill(nginx->pid, SIGTERM);
	(void)waitpid(nginx->pid, NULL, 0);
	world_drop_child(w, nginx->pid);
	(void)unlink(world_path(w, "nginx.log"));
	(void)unlink(world_path(w, NGINX_TLS_LOG));
}

const char *
nginx_log(struct world *w)
{
	return world_read_text(w, "nginx.log");
}
