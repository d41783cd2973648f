#include "dns.h"

#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dns/message.h"

/* Somebody else may have taken the port meanwhile. */
#define TRIES_MAX 10

/* For a server to be up, on a machine that has other things to do. */
#define START_MS 20000

static int
udp_socket(unsigned port, unsigned *bound)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	if (bind(fd, (const struct sockaddr *)&addr, len) == -1) {
		(void)close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	*bound = ntohs(addr.sin_port);
	return fd;
}

/* A port that is free for both transports, at this moment. */
static unsigned
free_port(struct world *w)
{
	for (int i = 0; i < 100; i++) {
		unsigned port;
		unsigned same;
		int tcp = world_listen(w, false, &port);
		int udp = udp_socket(port, &same);

		(void)close(tcp);
		if (udp == -1)
			continue;
		(void)close(udp);
		return port;
	}
	fail_msg("no port is free");
	return 0;
}

static void
set_addr(struct world *w, struct dns *dns, unsigned port)
{
	dns->port = port;
	dns->addr = world_text(w, "127.0.0.1:%u", port);
}

void
dns_dead(struct world *w, struct dns *dns)
{
	*dns = (struct dns){ .pid = 0 };
	set_addr(w, dns, free_port(w));
}

void
dns_deaf(struct world *w, struct dns *dns)
{
	unsigned port;

	*dns = (struct dns){ .pid = 0 };
	/* Open as long as the test's process lives. */
	assert_int_not_equal(udp_socket(0, &port), -1);
	set_addr(w, dns, port);
}

/* Whether it has answered a question, however. */
static bool
answers(int fd)
{
	uint8_t query[DNS_QUERY_MAX];
	uint8_t answer[512];
	struct dns_name name;
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	size_t len;

	assert_true(dns_name_parse(slice_str("up.test"), &name));
	len = dns_query_write(query, 1, &name, DNS_A, false);
	if (send(fd, query, len, 0) != (ssize_t)len)
		return false;
	if (poll(&poller, 1, 100) != 1)
		return false;
	return recv(fd, answer, sizeof(answer), 0) > 0;
}

/* False: it ended, most likely because its port was taken. */
static bool
wait_until_up(const struct dns *dns)
{
	int64_t deadline_ms = world_now_ms() + START_MS;
	unsigned own;
	int fd = udp_socket(0, &own);
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)dns->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	while (!answers(fd)) {
		if (waitpid(dns->pid, NULL, WNOHANG) == dns->pid) {
			(void)close(fd);
			return false;
		}
		if (world_now_ms() > deadline_ms)
			fail_msg("a name server does not come up");
		world_pause();
	}
	(void)close(fd);
	return true;
}

static void
exec_server(const char *const *words)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	(void)execv(words[0], (char *const *)(uintptr_t)words);
	_exit(127);
}

typedef char *(*conf_fn)(
    struct world *w, const struct dns *dns, const char *lines);

/* Write its configuration for a port, and start it. */
static void
start_server(struct world *w, struct dns *dns, const char *const *words,
    const char *name, conf_fn conf, const char *lines)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		set_addr(w, dns, free_port(w));
		dns->log = world_text(w, "%s.log", name);
		(void)unlink(world_path(w, dns->log));
		world_write(w, name, conf(w, dns, lines));
		dns->pid = fork();
		assert_int_not_equal(dns->pid, -1);
		if (dns->pid == 0)
			exec_server(words);
		if (wait_until_up(dns)) {
			world_add_child(w, dns->pid, SIGKILL);
			return;
		}
	}
	fail_msg("%s does not start", name);
}

/* ---- Real ones ---------------------------------------------------------- */

static char *
dnsmasq_conf(struct world *w, const struct dns *dns, const char *lines)
{
	return world_text(w,
	    "port=%u\nlisten-address=127.0.0.1\nbind-interfaces\n"
	    "no-resolv\nno-hosts\nlocal=/test/\nuser=\n"
	    "pid-file=%s/dnsmasq.pid\naddn-hosts=%s/dnsmasq.hosts\n"
	    "log-queries\nlog-facility=%s/%s\n%s",
	    dns->port, w->dir, w->dir, w->dir, dns->log, lines);
}

bool
dnsmasq_start(
    struct world *w, struct dns *dns, const char *conf, const char *hosts)
{
	const char *program = world_find_program(w, "dnsmasq");
	const char *words[] = { program, "--keep-in-foreground", NULL, NULL };

	if (program == NULL)
		return false;
	world_write(w, "dnsmasq.hosts", hosts);
	words[2] =
	    world_text(w, "--conf-file=%s", world_path(w, "dnsmasq.conf"));
	start_server(w, dns, words, "dnsmasq.conf", dnsmasq_conf, conf);
	return true;
}

static char *
unbound_conf(struct world *w, const struct dns *dns, const char *lines)
{
	return world_text(w,
	    "server:\n"
	    "  do-daemonize: no\n  use-syslog: no\n  chroot: \"\"\n"
	    "  username: \"\"\n  directory: \"%s\"\n  pidfile: \"\"\n"
	    "  logfile: \"%s\"\n  log-queries: yes\n  num-threads: 1\n"
	    "  interface: 127.0.0.1\n  port: %u\n"
	    "  module-config: \"iterator\"\n  do-not-query-localhost: no\n"
	    "  local-zone: \"test.\" static\n%s",
	    w->dir, dns->log, dns->port, lines);
}

bool
unbound_start(struct world *w, struct dns *dns, const char *conf)
{
	const char *program = world_find_program(w, "unbound");
	const char *words[] = { program, "-d", "-p", "-c",
		world_path(w, "unbound.conf"), NULL };

	if (program == NULL)
		return false;
	start_server(w, dns, words, "unbound.conf", unbound_conf, conf);
	return true;
}

size_t
dns_count(struct world *w, const struct dns *dns, const char *text)
{
	const char *at = world_read_text(w, dns->log);
	size_t count = 0;

	while ((at = strstr(at, text)) != NULL) {
		count++;
		at += strlen(text);
	}
	return count;
}
