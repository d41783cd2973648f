#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

#define ANSWER_MAX (64U << 20)
#define WAIT_MS 30000

/* ---- The process -------------------------------------------------------- */

static void
exec_origin(const char *script, const char *option, int life, int answer)
{
	const char *words[8] = { program_path("ORIGIN", "tests/origin/origin"),
		"--any", "--v6" };
	size_t count = 3;

	if (script != NULL) {
		words[count++] = "--script";
		words[count++] = script;
	}
	words[count++] = option;
	run_set_sanitizers();
	(void)dup2(life, STDIN_FILENO);
	(void)dup2(answer, STDOUT_FILENO);
	(void)execv(words[0], (char *const *)(uintptr_t)words);
	perror(words[0]);
	_exit(127);
}

/* The origin prints its port when it listens. */
static unsigned
read_port(int fd)
{
	char line[16];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(line) - 1 &&
	    (n = read(fd, line + len, sizeof(line) - 1 - len)) > 0) {
		len += (size_t)n;
		if (line[len - 1] == '\n')
			break;
	}
	line[len] = '\0';
	return (unsigned)strtoul(line, NULL, 10);
}

void
origin_start(struct world *w, const char *script, const char *option)
{
	int life[2];
	int answer[2];

	assert_true(origin_stop(w));
	if (script != NULL) {
		world_write(w, ".script", script);
		script = world_path(w, ".script");
	}
	assert_int_equal(pipe2(life, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answer, O_CLOEXEC), 0);
	w->origin = fork();
	assert_int_not_equal(w->origin, -1);
	if (w->origin == 0)
		exec_origin(script, option, life[0], answer[1]);
	(void)close(life[0]);
	(void)close(answer[1]);
	w->origin_life = life[1];
	w->origin_version = 0;
	w->port = read_port(answer[0]);
	(void)close(answer[0]);
	if (w->port == 0)
		fail_msg("the origin does not listen");
}

bool
origin_stop(struct world *w)
{
	int status = -1;

	if (w->origin_life == -1)
		return true;
	(void)close(w->origin_life);
	(void)waitpid(w->origin, &status, 0);
	w->origin_life = -1;
	w->origin = 0;
	if (status != 0)
		print_error("the origin ended with %#x\n", (unsigned)status);
	return status == 0;
}

char *
origin_url(struct world *w, const char *target)
{
	return origin_url_at(w, "127.0.0.1", target);
}

char *
origin_url_at(struct world *w, const char *host, const char *target)
{
	return world_text(w, "http://%s:%u%s", host, w->port, target);
}

char *
origin_host(struct world *w)
{
	return world_text(w, "127.0.0.1:%u", w->port);
}

void
origin_add_urls(struct world *w, const char *name, const char *host,
    const char *prefix, size_t count)
{
	FILE *f = fopen(world_path(w, name), "ae");

	if (f == NULL)
		fail_msg("%s: %s", name, strerror(errno));
	for (size_t i = 0; i < count; i++)
		(void)fprintf(
		    f, "http://%s:%u%s%zu\n", host, w->port, prefix, i);
	assert_int_equal(fclose(f), 0);
}

void
expect_urls(struct world *w, const char *dir, const char *host,
    const char *prefix, size_t count)
{
	char *authority = world_text(w, "%s:%u", host, w->port);

	for (size_t i = 0; i < count; i++)
		expect_generated_from(
		    w, dir, authority, world_text(w, "%s%zu", prefix, i));
}

/* ---- What it has seen --------------------------------------------------- */

static int
connect_loopback(unsigned port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == -1)
		fail_msg("the origin is gone: %s", strerror(errno));
	return fd;
}

/* The body of the answer to a GET. */
static char *
get(struct world *w, const char *target)
{
	char *ask = world_text(
	    w, "GET %s HTTP/1.1\r\nConnection: close\r\n\r\n", target);
	int fd = connect_loopback(w->port);
	struct buf answer;
	const char *body;
	char *text;
	ssize_t n;

	assert_int_equal(write(fd, ask, strlen(ask)), strlen(ask));
	buf_init(&answer, ANSWER_MAX);
	do {
		assert_false(err_is(buf_reserve(&answer, 65536)));
		n = read(fd, answer.ptr + answer.len, 65536);
		if (n > 0)
			answer.len += (size_t)n;
	} while (n > 0);
	(void)close(fd);
	assert_false(err_is(buf_append_octet(&answer, 0)));
	body = strstr((const char *)answer.ptr, "\r\n\r\n");
	assert_non_null(body);
	text = world_text(w, "%s", body + 4);
	buf_fini(&answer);
	return text;
}

uint64_t
origin_stat(struct world *w, const char *name)
{
	size_t len = strlen(name);
	char *line = get(w, "/-/stats");

	while (line != NULL && *line != '\0') {
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return strtoull(line + len, NULL, 10);
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	fail_msg("no counter %s", name);
	return 0;
}

void
origin_wait(struct world *w, const char *name, uint64_t least)
{
	int64_t deadline_ms = world_now_ms() + WAIT_MS * run_slowness();

	while (origin_stat(w, name) < least) {
		if (world_now_ms() > deadline_ms)
			fail_msg("%s did not come to %llu", name,
			    (unsigned long long)least);
		world_pause();
	}
}

void
origin_set_version(struct world *w, uint64_t version)
{
	(void)get(
	    w, world_text(w, "/-/version/%llu", (unsigned long long)version));
	w->origin_version = version;
}

static size_t
count_text(const char *in, const char *text)
{
	size_t count = 0;

	while ((in = strstr(in, text)) != NULL) {
		in += strlen(text);
		count++;
	}
	return count;
}

/* "MS CONNECTION ", which is cut off the front of `*at`. */
static struct origin_request
take_request(char **at)
{
	struct origin_request request = { 0 };

	request.at_ms = (int64_t)strtoll(*at, at, 10);
	request.connection = strtoull(*at, at, 10);
	request.line = ++*at;
	return request;
}

struct origin_request *
origin_requests(struct world *w, size_t *count)
{
	char *at = get(w, "/-/requests");
	struct origin_request *requests;

	*count = count_text(at, "\n");
	requests = world_alloc(w, (*count + 1) * sizeof(*requests));
	for (size_t i = 0; i < *count; i++) {
		requests[i] = take_request(&at);
		at = strchr(at, '\n');
		*at++ = '\0';
	}
	return requests;
}

struct origin_request *
origin_heads(struct world *w, size_t *count)
{
	char *at = get(w, "/-/heads");
	struct origin_request *requests;

	*count = count_text(at, "\r\n\r\n");
	requests = world_alloc(w, (*count + 1) * sizeof(*requests));
	for (size_t i = 0; i < *count; i++) {
		char *end = strstr(at, "\r\n\r\n");

		requests[i] = take_request(&at);
		at = strstr(at, "\r\n");
		*end = '\0';
		requests[i].head = world_text(w, "%s", at < end ? at : "");
		*at = '\0';
		at = end + strlen("\r\n\r\n");
	}
	assert_int_equal(origin_stat(w, "headless"), 0);
	return requests;
}

char *
origin_field(
    struct world *w, const struct origin_request *request, const char *name)
{
	const char *at =
	    strcasestr(request->head, world_text(w, "\r\n%s:", name));

	if (at == NULL)
		return NULL;
	at += strlen("\r\n:") + strlen(name);
	at += strspn(at, " ");
	return world_text(w, "%.*s", (int)strcspn(at, "\r"), at);
}

void
expect_field(struct world *w, const struct origin_request *request,
    const char *name, const char *value)
{
	const char *got = origin_field(w, request, name);

	if (value == NULL ? got != NULL
			  : got == NULL || strcmp(got, value) != 0)
		fail_msg("%s is %s instead of %s in %s", name,
		    got != NULL ? got : "not sent",
		    value != NULL ? value : "not sent", request->line);
}

bool
origin_is_for(const struct origin_request *request, const char *target)
{
	const char *at = strchr(request->line, ' ');
	size_t len = strlen(target);

	return at != NULL && strncmp(at + 1, target, len) == 0 &&
	    at[1 + len] == ' ';
}

size_t
origin_count(struct world *w, const char *target)
{
	size_t all;
	struct origin_request *requests = origin_requests(w, &all);
	size_t count = 0;

	for (size_t i = 0; i < all; i++)
		count += origin_is_for(&requests[i], target);
	return count;
}

/* ---- Ports that do not answer ------------------------------------------- */

int
world_listen(struct world *w, bool is_full, unsigned *port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)w;
	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(fd, is_full ? 0 : 4096), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	*port = ntohs(addr.sin_port);
	/* A queue of none takes one; those beyond wait for ever. */
	for (int i = 0; is_full && i < 4; i++) {
		int filler = socket(
		    AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		assert_int_not_equal(filler, -1);
		(void)connect(filler, (const struct sockaddr *)&addr, len);
	}
	return fd;
}
