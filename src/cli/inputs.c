#include "cli/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/usage.h"

#define READ_LEN 65536
#define SHOWN_MAX 320

/*
 * A regular file, or one that does not exist yet: then its directory and its
 * name in there.  Other kinds of files may be used twice.
 */
struct file {
	const char *option; /* "--log", or NULL for an input */
	const char *path;   /* as given */
	bool is_known;
	dev_t dev;
	ino_t ino;
	const char *name; /* in the directory; NULL for a regular file */
};

static const char *
shown(const char *path, char out[SHOWN_MAX])
{
	struct bulkfetch_text text = { .ptr = path, .len = strlen(path) };

	return bulkfetch_escape(text, out, SHOWN_MAX);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Look at the directory that `path` would be in. */
static int
stat_directory(const char *path, struct stat *st)
{
	char dir[4096];
	size_t len = (size_t)(base_name(path) - path);

	if (len >= sizeof(dir))
		return -1;
	memcpy(dir, path, len);
	dir[len] = '\0';
	return stat(len > 0 ? dir : ".", st);
}

static struct file
identify(const char *option, const char *path, int std_fd)
{
	struct file file = { .option = option, .path = path };
	bool is_std = strcmp(path, "-") == 0;
	struct stat st;
	int got = is_std ? fstat(std_fd, &st) : stat(path, &st);

	if (got == 0 && !S_ISREG(st.st_mode))
		return file;
	if (got == -1) {
		if (is_std || errno != ENOENT ||
		    stat_directory(path, &st) == -1)
			return file;
		file.name = base_name(path);
	}
	file.is_known = true;
	file.dev = st.st_dev;
	file.ino = st.st_ino;
	return file;
}

static bool
is_same(const struct file *a, const struct file *b)
{
	if (!a->is_known || !b->is_known || a->dev != b->dev ||
	    a->ino != b->ino)
		return false;
	if (a->name == NULL || b->name == NULL)
		return a->name == b->name;
	return strcmp(a->name, b->name) == 0;
}

static bool
refuse_same(const struct file *out, const struct file *other, const char *what,
    struct bulkfetch_problem *problem)
{
	char space[SHOWN_MAX];

	return usage_refuse(problem, "%s: '%s' is %s%s, too", out->option,
	    shown(out->path, space),
	    other->option != NULL ? "the file of " : "",
	    other->option != NULL ? other->option : what);
}

/* Compare an output with everything that is read. */
static bool
check_inputs(const struct options *o, const struct file *out,
    struct bulkfetch_problem *problem)
{
	if (o->list_count == 0 && !o->is_retry_failed) {
		struct file in = identify(NULL, "-", STDIN_FILENO);

		if (is_same(out, &in))
			return refuse_same(out, &in, "the list", problem);
	}
	for (size_t i = 0; i < o->list_count; i++) {
		struct file in;

		if (strstr(o->lists[i], "://") != NULL)
			continue;
		in = identify(NULL, o->lists[i], STDIN_FILENO);
		if (is_same(out, &in))
			return refuse_same(out, &in, "a LIST", problem);
	}
	if (o->fetch.address_list != NULL) {
		struct file in =
		    identify(NULL, o->fetch.address_list, STDIN_FILENO);

		if (is_same(out, &in))
			return refuse_same(
			    out, &in, "the --address-list", problem);
	}
	for (size_t i = 0; i < o->data_count; i++) {
		struct file in;

		if (!o->data[i].is_file)
			continue;
		in = identify(NULL, o->data[i].text, STDIN_FILENO);
		if (is_same(out, &in))
			return refuse_same(out, &in, "a --data-file", problem);
	}
	return true;
}

/*
 * A log that is read back, or that says what is on the disk, is a regular file;
 * and one whose failures are to be tried again is there.
 */
static bool
check_log(const struct options *o, struct bulkfetch_problem *problem)
{
	char space[SHOWN_MAX];
	struct stat st;

	if (!o->is_resumed && !o->is_durable)
		return true;
	if (stat(o->log, &st) == 0)
		return S_ISREG(st.st_mode) ||
		    usage_refuse(problem,
			"--log: '%s' is no regular file, which %s needs",
			shown(o->log, space),
			o->is_resumed ? "resuming" : "--durable");
	/* Whatever else is wrong with it, opening it will tell. */
	if (errno != ENOENT || !o->is_retry_failed)
		return true;
	*problem = (struct bulkfetch_problem){ .sys = ENOENT };
	(void)snprintf(problem->text, sizeof(problem->text),
	    "--retry-failed: there is no log '%s'", shown(o->log, space));
	return false;
}

static bool
is_locked(const char *path)
{
	struct stat st;
	bool is_held;
	int fd;

	if (stat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return false;
	is_held = flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK;
	(void)close(fd);
	return is_held;
}

/*
 * Both records are locked when they are opened, but the log is truncated before
 * --failed is: it is not to be lost because the other one cannot be had.
 */
static bool
check_failed(const struct options *o, struct bulkfetch_problem *problem)
{
	char space[SHOWN_MAX];

	if (o->log == NULL || o->failed == NULL ||
	    strcmp(o->failed, "-") == 0 || !is_locked(o->failed))
		return true;
	*problem = (struct bulkfetch_problem){ .sys = EWOULDBLOCK };
	(void)snprintf(problem->text, sizeof(problem->text),
	    "--failed: '%s': another run is writing it",
	    shown(o->failed, space));
	return false;
}

bool
inputs_check(const struct options *o, struct bulkfetch_problem *problem)
{
	struct file outs[3];
	size_t count = 0;

	if (!check_log(o, problem))
		return false;
	if (o->log != NULL)
		outs[count++] = identify("--log", o->log, STDOUT_FILENO);
	if (o->failed != NULL)
		outs[count++] = identify("--failed", o->failed, STDOUT_FILENO);
	if (o->is_to_stdout)
		outs[count++] = identify("--output", "-", STDOUT_FILENO);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (is_same(&outs[i], &outs[j]))
				return refuse_same(
				    &outs[i], &outs[j], NULL, problem);
		}
		if (!check_inputs(o, &outs[i], problem))
			return false;
	}
	return check_failed(o, problem);
}

static struct err
read_all(int fd, struct buf *body)
{
	for (;;) {
		struct err err = buf_reserve(body, READ_LEN);
		ssize_t got;

		/* At the maximum, one octet more tells if it is the end. */
		if (err.kind == ERR_LIMIT && body->len < body->max)
			err = buf_reserve(body, body->max - body->len);
		if (err_is(err))
			return err;
		do {
			got = read(
			    fd, body->ptr + body->len, body->cap - body->len);
		} while (got == -1 && errno == EINTR);
		if (got == -1)
			return err_sys(ERR_FILE);
		if (got == 0)
			return err_none();
		body->len += (size_t)got;
	}
}

static struct err
load_file(const char *path, struct buf *body)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err err;

	if (fd == -1)
		return err_sys(ERR_FILE);
	err = read_all(fd, body);
	(void)close(fd);
	return err;
}

static bool
refuse_data(const struct options_data *data, struct err err,
    struct bulkfetch_problem *problem)
{
	char space[SHOWN_MAX];
	char text[128];

	*problem = (struct bulkfetch_problem){
		.sys = err.sys,
		.is_usage = err.kind == ERR_LIMIT,
	};
	if (err.kind == ERR_LIMIT)
		(void)snprintf(problem->text, sizeof(problem->text),
		    "--data and --data-file: more than %u MiB",
		    INPUTS_DATA_MAX >> 20);
	else
		(void)snprintf(problem->text, sizeof(problem->text),
		    "--data-file: %s: %s", shown(data->text, space),
		    err_text(err, text, sizeof(text)));
	return false;
}

static bool
load_all(const struct options *o, struct buf *body,
    struct bulkfetch_problem *problem)
{
	for (size_t i = 0; i < o->data_count; i++) {
		const struct options_data *data = &o->data[i];
		struct err err = err_none();

		if (i > 0)
			err = buf_append_octet(body, '&');
		if (!err_is(err))
			err = data->is_file ? load_file(data->text, body)
					    : buf_append_str(body, data->text);
		if (!err_is(err) && body->len > INPUTS_DATA_MAX)
			err = err_of(ERR_LIMIT);
		if (err_is(err))
			return refuse_data(data, err, problem);
	}
	return true;
}

bool
inputs_load(struct options *o, struct bulkfetch_problem *problem)
{
	struct buf body;

	if (o->data_count == 0)
		return true;
	/* One octet of room more, so that an end at the maximum is seen. */
	buf_init(&body, INPUTS_DATA_MAX + 1);
	if (!load_all(o, &body, problem)) {
		buf_fini(&body);
		return false;
	}
	o->body = body.ptr;
	o->fetch.has_body = true;
	o->fetch.body = (struct bulkfetch_text){
		.ptr = (const char *)body.ptr,
		.len = body.len,
	};
	return true;
}
