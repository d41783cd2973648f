#include "tls_server.h"

#include "harness.h"
#include "pki.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 32
#define WAIT_MS 20000

/* ---- openssl s_server ---------------------------------------------------- */

static void
exec_server(
    const struct world *w, const char *log, int in, const char *const *words)
{
	int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(in, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(out, STDERR_FILENO);
	if (chdir(w->dir) == -1)
		_exit(126);
	(void)execv(words[0], (char *const *)(uintptr_t)words);
	_exit(127);
}

/* The log has the text, or the process is gone and waited for. */
static bool
wait_for(struct world *w, const struct tls_server *s, const char *text)
{
	int64_t end_ms = world_now_ms() + WAIT_MS * run_slowness();
	bool is_gone = false;

	while (!world_has(w, s->log) ||
	    strstr(world_read_text(w, s->log), text) == NULL) {
		if (is_gone)
			return false;
		/* It may have said so and then ended. */
		is_gone = waitpid(s->pid, NULL, WNOHANG) == s->pid;
		if (world_now_ms() > end_ms)
			fail_msg("s_server does not say \"%s\":\n%s", text,
			    world_has(w, s->log) ? world_read_text(w, s->log)
						 : "");
		world_pause();
	}
	return true;
}

/* "ACCEPT 127.0.0.1:PORT" or "ACCEPT [::1]:PORT". */
static unsigned
read_port(struct world *w, const struct tls_server *s)
{
	const char *line = strstr(world_read_text(w, s->log), "ACCEPT ");
	const char *at;

	/* The line may have been half written. */
	while (strchr(line, '\n') == NULL) {
		world_pause();
		line = strstr(world_read_text(w, s->log), "ACCEPT ");
	}
	at = world_text(w, "%.*s", (int)strcspn(line, "\n"), line);
	return (unsigned)strtoul(strrchr(at, ':') + 1, NULL, 10);
}

bool
tls_server_start(struct world *w, struct tls_server *s, const char *name,
    bool is_v6, const char *const *options)
{
	const char *chain = pki_file(w, world_text(w, "%s.chain", name));
	const char *words[WORDS_MAX + 1] = { world_find_program(w, "openssl"),
		"s_server", "-accept", is_v6 ? "[::1]:0" : "127.0.0.1:0",
		"-cert", pki_file(w, world_text(w, "%s.pem", name)) };
	size_t count = 6;
	int fds[2];

	if (words[0] == NULL)
		return false;
	if (world_has(w, chain)) {
		words[count++] = "-cert_chain";
		words[count++] = chain;
	}
	for (size_t i = 0; options[i] != NULL; i++) {
		assert_true(count < WORDS_MAX);
		words[count++] = options[i];
	}
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	s->in = fds[1];
	s->log = world_text(w, "s_server-%d.log", fds[1]);
	(void)unlink(world_path(w, s->log));
	s->pid = fork();
	assert_int_not_equal(s->pid, -1);
	if (s->pid == 0)
		exec_server(w, world_path(w, s->log), fds[0], words);
	(void)close(fds[0]);
	if (!wait_for(w, s, "ACCEPT ")) {
		print_message("skipped: this openssl does not start so: %s\n",
		    world_read_text(w, s->log));
		(void)close(s->in);
		return false;
	}
	world_add_child(w, s->pid, SIGKILL);
	s->port = read_port(w, s);
	return true;
}

bool
tls_server_start_files(struct world *w, struct tls_server *s, const char *name)
{
	static const char *const options[] = { "-HTTP", NULL };

	return tls_server_start(w, s, name, false, options);
}

void
tls_server_stop(struct world *w, struct tls_server *s)
{
	(void)close(s->in);
	(void)kill(s->pid, SIGKILL);
	(void)waitpid(s->pid, NULL, 0);
	world_drop_child(w, s->pid);
}

void
tls_server_say(struct tls_server *s, const char *line)
{
	size_t len = strlen(line);

	assert_int_equal(write(s->in, line, len), len);
}

void
tls_server_wait(struct world *w, const struct tls_server *s, const char *text)
{
	if (!wait_for(w, s, text))
		fail_msg("s_server ended without \"%s\":\n%s", text,
		    world_read_text(w, s->log));
}

/* ---- nginx --------------------------------------------------------------- */

bool
tls_nginx_start(
    struct world *w, struct nginx *nginx, const char *name, const char *conf)
{
	const char *pem = pki_file(w, world_text(w, "%s.pem", name));
	/* Those of old do not have 1.3 on their own. */
	const char *protocols = strstr(conf, "ssl_protocols") == NULL
	    ? "ssl_protocols TLSv1.2 TLSv1.3;"
	    : "";
	const char *http = "";

	if (!world_has(w, "www"))
		world_mkdir(w, "www");
	if (strstr(conf, "http://origin;") != NULL)
		http = world_text(w,
		    "upstream origin { server 127.0.0.1:%u; keepalive 256; }",
		    w->port);
	return nginx_start_tls(w, nginx, "www", http,
	    world_text(w,
		"ssl_certificate \"%s\"; ssl_certificate_key \"%s\"; %s %s",
		pem, pem, protocols, conf));
}

char *
tls_url(struct world *w, unsigned port, const char *host, const char *target)
{
	return world_text(w, "https://%s:%u%s", host, port, target);
}

static struct tls_request
parse_request(char *line)
{
	struct tls_request request = { 0 };
	char *rest = NULL;

	request.connection = strtoul(strtok_r(line, " ", &rest), NULL, 10);
	request.status =
	    (unsigned)strtoul(strtok_r(NULL, " ", &rest), NULL, 10);
	request.protocol = strtok_r(NULL, " ", &rest);
	request.cipher = strtok_r(NULL, " ", &rest);
	request.is_resumed = strtok_r(NULL, " ", &rest)[0] == 'r';
	request.server_name = strtok_r(NULL, " ", &rest);
	request.target = strtok_r(NULL, " ", &rest);
	request.verified = rest;
	assert_non_null(request.target);
	return request;
}

static size_t
count_lines(const char *text)
{
	size_t count = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		count++;
	}
	return count;
}

struct tls_request *
tls_requests(struct world *w, size_t count)
{
	struct tls_request *requests =
	    world_alloc(w, (count + 1) * sizeof(*requests));
	int64_t end_ms = world_now_ms() + WAIT_MS * run_slowness();
	char *rest = NULL;
	char *text = world_text(w, "%s", world_read_text(w, NGINX_TLS_LOG));

	/* It logs a request when it is done, which the client knows first. */
	while (count_lines(text) < count) {
		if (world_now_ms() > end_ms)
			fail_msg("%zu requests instead of %zu:\n%s",
			    count_lines(text), count, text);
		world_pause();
		text = world_text(w, "%s", world_read_text(w, NGINX_TLS_LOG));
	}
	if (count_lines(text) > count)
		fail_msg("%zu requests instead of %zu:\n%s", count_lines(text),
		    count, text);
	for (size_t i = 0; i < count; i++)
		requests[i] =
		    parse_request(strtok_r(i == 0 ? text : NULL, "\n", &rest));
	return requests;
}

static int
compare(const void *left, const void *right)
{
	unsigned long a = *(const unsigned long *)left;
	unsigned long b = *(const unsigned long *)right;

	return (a > b) - (a < b);
}

size_t
tls_connections(const struct tls_request *requests, size_t count)
{
	unsigned long *all = malloc((count + 1) * sizeof(*all));
	size_t different = 0;

	assert_non_null(all);
	for (size_t i = 0; i < count; i++)
		all[i] = requests[i].connection;
	qsort(all, count, sizeof(*all), compare);
	for (size_t i = 0; i < count; i++)
		different += i == 0 || all[i] != all[i - 1];
	free(all);
	return different;
}
