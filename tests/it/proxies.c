#include "proxies.h"

#include "harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* None of them takes a socket over, so somebody else may have taken the port
 * by the time that it listens. */
#define STARTS_MAX 5
#define START_MS 20000
#define WORDS_MAX 12

struct command {
	const char *words[WORDS_MAX]; /* of which the first is the program */
	int signal;                   /* what ends it */
};

/* The command for that port, its files written. */
typedef void (*prepare_fn)(
    struct world *w, unsigned port, const void *how, struct command *command);

/* The names of proxies_know_names(). */
static const char own_names[] = "127.0.0.1 one.test localhost\n"
				"127.0.0.2 two.test\n";

unsigned
dead_port(struct world *w)
{
	unsigned port;

	(void)close(world_listen(w, false, &port));
	return port;
}

char *
silent_name_server(struct world *w, int *fd)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	*fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(*fd, -1);
	assert_int_equal(bind(*fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&addr, &len), 0);
	return world_text(w, "127.0.0.1:%u", ntohs(addr.sin_port));
}

bool
was_asked(int fd)
{
	char query[512];

	return recv(fd, query, sizeof(query), MSG_DONTWAIT) > 0;
}

char *
proxy_url(struct world *w, const char *scheme, const struct proxy_server *p)
{
	return world_text(w, "%s%s127.0.0.1:%u", scheme,
	    strstr(scheme, "://") == NULL ? "://" : "", p->port);
}

/* ---- Names --------------------------------------------------------------- */

/* In a child: have it see `hosts` as the system's own. */
static bool
hide_hosts(const char *hosts)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount(hosts, "/etc/hosts", NULL, MS_BIND, NULL) == 0;
}

bool
proxies_know_names(struct world *w)
{
	const char *hosts = world_path(w, "hosts");
	int status = 0;
	pid_t pid;

	world_write(w, "hosts", own_names);
	assert_int_equal(chmod(w->dir, 0711), 0);
	assert_int_equal(chmod(hosts, 0644), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(hide_hosts(hosts) ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status == 0)
		return true;
	print_message("skipped: no mount namespace for names of our own\n");
	assert_int_equal(unlink(hosts), 0);
	return false;
}

/* ---- Starting ------------------------------------------------------------ */

static void
run_command(const struct command *command, const char *log, const char *hosts)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)prctl(PR_SET_PDEATHSIG, command->signal);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(out, STDERR_FILENO);
	if (hosts != NULL && !hide_hosts(hosts))
		_exit(126);
	(void)execv(
	    command->words[0], (char *const *)(uintptr_t)command->words);
	_exit(127);
}

static bool
is_listening(unsigned port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;

	(void)close(fd);
	return is;
}

/* False when it ends instead. */
static bool
wait_until_it_listens(const struct proxy_server *p)
{
	int64_t end_ms = world_now_ms() + START_MS * run_slowness();

	while (waitpid(p->pid, NULL, WNOHANG) == 0) {
		if (is_listening(p->port))
			return true;
		if (world_now_ms() > end_ms) {
			(void)kill(p->pid, SIGKILL);
			(void)waitpid(p->pid, NULL, 0);
			return false;
		}
		world_pause();
	}
	return false;
}

static bool
start(struct world *w, struct proxy_server *p, const char *name,
    prepare_fn prepare, const void *how)
{
	const char *program = world_find_program(w, name);

	if (program == NULL)
		return false;
	p->log = world_text(w, "%s.log", name);
	for (int i = 0; i < STARTS_MAX; i++) {
		struct command command = { .words = { program },
			.signal = SIGTERM };

		p->port = dead_port(w);
		prepare(w, p->port, how, &command);
		p->pid = fork();
		assert_int_not_equal(p->pid, -1);
		if (p->pid == 0)
			run_command(&command, world_path(w, p->log),
			    world_has(w, "hosts") ? world_path(w, "hosts")
						  : NULL);
		if (wait_until_it_listens(p)) {
			world_add_child(w, p->pid, command.signal);
			return true;
		}
	}
	fail_msg("%s does not start: %s", name, world_read_text(w, p->log));
	return false;
}

static void
add_words(struct command *command, const char *first, const char *second)
{
	size_t count = 0;

	while (command->words[count] != NULL)
		count++;
	assert_true(count + 2 < WORDS_MAX);
	command->words[count] = first;
	command->words[count + 1] = second;
}

/* ---- Squid --------------------------------------------------------------- */

static void
prepare_squid(
    struct world *w, unsigned port, const void *how, struct command *command)
{
	static const char format[] = "http_port 127.0.0.1:%u\n"
				     "pid_filename none\n"
				     "access_log none\n"
				     "cache_log /dev/null\n"
				     "cache_store_log none\n"
				     "cache deny all\n"
				     "cache_mem 1 MB\n"
				     "pinger_enable off\n"
				     "coredump_dir /\n"
				     "hosts_file %s\n"
				     "dns_nameservers 127.0.0.1\n"
				     "shutdown_lifetime 0 seconds\n"
				     "connect_retries 0\n"
				     "%s"
				     "http_access allow all\n";

	world_write(w, "squid.hosts", own_names);
	/* It gives its rights away before it reads all of this. */
	assert_int_equal(chmod(w->dir, 0711), 0);
	assert_int_equal(chmod(world_path(w, "squid.hosts"), 0644), 0);
	world_write(w, "squid.conf",
	    world_text(w, format, port, world_path(w, "squid.hosts"),
		(const char *)how));
	add_words(command, "-N", "-f");
	add_words(command, world_path(w, "squid.conf"), NULL);
	/* SIGTERM would wait for clients. */
	command->signal = SIGKILL;
}

bool
squid_start(struct world *w, struct proxy_server *p, const char *conf)
{
	return start(w, p, "squid", prepare_squid, conf);
}

char *
squid_auth(struct world *w)
{
	const char *helper = world_path(w, "squid-auth");

	/* A line for each question. */
	world_write(w, "squid-auth",
	    "while read -r line; do\n"
	    "	case $line in\n"
	    "	'user pass') echo OK ;;\n"
	    "	*) echo ERR ;;\n"
	    "	esac\n"
	    "done\n");
	assert_int_equal(chmod(helper, 0644), 0);
	return world_text(w,
	    "auth_param basic program /bin/sh %s\n"
	    "auth_param basic children 1\n"
	    "acl known proxy_auth REQUIRED\n"
	    "http_access deny !known\n",
	    helper);
}

/* ---- Tinyproxy ----------------------------------------------------------- */

static void
prepare_tinyproxy(
    struct world *w, unsigned port, const void *how, struct command *command)
{
	world_write(w, "tinyproxy.conf",
	    world_text(w,
		"Port %u\n"
		"Listen 127.0.0.1\n"
		"Timeout 60\n"
		"MaxClients 200\n"
		"%s",
		port, (const char *)how));
	add_words(command, "-d", "-c");
	add_words(command, world_path(w, "tinyproxy.conf"), NULL);
}

bool
tinyproxy_start(struct world *w, struct proxy_server *p, const char *conf)
{
	return start(w, p, "tinyproxy", prepare_tinyproxy, conf);
}

/* ---- Microsocks ---------------------------------------------------------- */

struct account {
	const char *user;
	const char *password;
};

static void
prepare_microsocks(
    struct world *w, unsigned port, const void *how, struct command *command)
{
	const struct account *account = how;

	add_words(command, "-i", "127.0.0.1");
	add_words(command, "-p", world_text(w, "%u", port));
	if (account->user != NULL) {
		add_words(command, "-u", account->user);
		add_words(command, "-P", account->password);
	}
}

bool
microsocks_start(struct world *w, struct proxy_server *p, const char *user,
    const char *password)
{
	struct account account = { user, password };

	return start(w, p, "microsocks", prepare_microsocks, &account);
}

/* ---- Dante --------------------------------------------------------------- */

static void
prepare_danted(
    struct world *w, unsigned port, const void *how, struct command *command)
{
	static const char format[] = "logoutput: stderr\n"
				     "internal: 127.0.0.1 port = %u\n"
				     "external: 127.0.0.1\n"
				     "clientmethod: none\n"
				     "socksmethod: none\n"
				     "client pass {\n"
				     "  from: 127.0.0.0/8 to: 0.0.0.0/0\n"
				     "}\n"
				     "%s"
				     "socks pass {\n"
				     "  from: 127.0.0.0/8 to: 0.0.0.0/0\n"
				     "  log: connect\n"
				     "}\n";

	world_write(
	    w, "danted.conf", world_text(w, format, port, (const char *)how));
	add_words(command, "-f", world_path(w, "danted.conf"));
	add_words(command, "-p", world_path(w, "danted.pid"));
}

bool
danted_start(struct world *w, struct proxy_server *p, const char *rules)
{
	return start(w, p, "danted", prepare_danted, rules);
}
