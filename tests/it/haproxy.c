#include "haproxy.h"

#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static void
write_conf(struct world *w, int fd, const char *conf)
{
	static const char format[] = "global\n"
				     "  maxconn 4000\n"
				     "defaults\n"
				     "  mode http\n"
				     "  timeout connect 10s\n"
				     "  timeout server 10s\n"
				     "  retries 0\n"
				     "frontend it\n"
				     "  timeout client 10s\n"
				     "  bind fd@%d\n"
				     "%s"
				     "  default_backend origin\n"
				     "backend origin\n"
				     "  server origin 127.0.0.1:%u\n";

	world_write(
	    w, "haproxy.conf", world_text(w, format, fd, conf, w->port));
}

/* It takes the listening socket over, so nobody has to wait until it
 * listens. */
static void
exec_haproxy(struct world *w, const char *program, int fd)
{
	const char *words[] = { program, "-db", "-q", "-f",
		world_path(w, "haproxy.conf"), NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(null, STDIN_FILENO);
	(void)fcntl(fd, F_SETFD, 0);
	(void)execv(program, (char *const *)(uintptr_t)words);
	_exit(127);
}

bool
haproxy_start(struct world *w, struct haproxy *haproxy, const char *conf)
{
	const char *program = world_find_program(w, "haproxy");
	int fd;

	if (program == NULL)
		return false;
	fd = world_listen(w, false, &haproxy->port);
	write_conf(w, fd, conf);
	haproxy->pid = fork();
	assert_int_not_equal(haproxy->pid, -1);
	if (haproxy->pid == 0)
		exec_haproxy(w, program, fd);
	(void)close(fd);
	/* SIGTERM would wait for clients. */
	world_add_child(w, haproxy->pid, SIGKILL);
	return true;
}
