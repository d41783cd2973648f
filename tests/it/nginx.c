#include "nginx.h"

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const places[] = {
	"/usr/sbin/nginx",
	"/usr/local/sbin/nginx",
	"/usr/local/nginx/sbin/nginx",
	"/usr/bin/nginx",
};

/* In PATH, or where it usually is; NULL without. */
static const char *
find_nginx(struct world *w)
{
	const char *env = getenv("PATH");
	char *path = world_text(w, "%s", env != NULL ? env : "");
	char *rest = NULL;

	for (char *dir = strtok_r(path, ":", &rest); dir != NULL;
	     dir = strtok_r(NULL, ":", &rest)) {
		char *name = world_text(w, "%s/nginx", dir);

		if (access(name, X_OK) == 0)
			return name;
	}
	for (size_t i = 0; i < COUNT(places); i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

static void
write_conf(struct world *w, unsigned port, const char *root,
    const char *http_conf, const char *server_conf)
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
	    "  client_body_temp_path nginx.tmp/body;\n"
	    "  proxy_temp_path nginx.tmp/proxy;\n"
	    "  fastcgi_temp_path nginx.tmp/fastcgi;\n"
	    "  uwsgi_temp_path nginx.tmp/uwsgi;\n"
	    "  scgi_temp_path nginx.tmp/scgi;\n"
	    "  sendfile on;\n"
	    "  tcp_nopush on;\n"
	    "  %s\n"
	    "  server {\n"
	    "    listen 127.0.0.1:%u;\n"
	    "    root \"%s\";\n"
	    "    %s\n"
	    "  }\n"
	    "}\n";

	world_write(w, "nginx.conf",
	    world_text(w, format, geteuid() == 0 ? "user root;\n" : "",
		http_conf, port, world_path(w, root), server_conf));
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

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)fcntl(fd, F_SETFD, 0);
	(void)setenv("NGINX", world_text(w, "%d;", fd), 1);
	(void)execv(program, (char *const *)(uintptr_t)words);
	_exit(127);
}

bool
nginx_start(struct world *w, struct nginx *nginx, const char *root,
    const char *http_conf, const char *server_conf)
{
	const char *program = find_nginx(w);
	int fd;

	if (program == NULL) {
		print_message("skipped: nginx is not installed\n");
		return false;
	}
	fd = world_listen(w, false, &nginx->port);
	world_mkdir(w, "nginx.tmp");
	write_conf(w, nginx->port, root, http_conf, server_conf);
	nginx->pid = fork();
	assert_int_not_equal(nginx->pid, -1);
	if (nginx->pid == 0)
		exec_nginx(w, program, fd);
	(void)close(fd);
	world_add_child(w, nginx->pid, SIGTERM);
	return true;
}

const char *
nginx_log(struct world *w)
{
	return world_read_text(w, "nginx.log");
}
