/*
 * log - results as lines of a file.
 *
 * Lines gather in a buffer and leave it whole, so that a kill between two
 * writes tears none.  Room for a line is made before it is written, from the
 * lengths of its texts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "bulkfetch.h"
#include "collect/json.h"
#include "collect/output.h"
#include "collect/problem.h"

/* Octets gathered for one write(2). */
#define LOG_BUFFER 65536

/* Names, punctuation and numbers of a line: about 25 members. */
#define LINE_FIXED 1024

/* The longest URL, name and texts, escaped. */
#define LINE_MAX_LEN (4 << 20)

/* What a message may take in a comment. */
#define MESSAGE_MAX 512

struct bulkfetch_log {
	struct output out;
	bool is_owned; /* out.fd is to be closed */
	enum bulkfetch_log_format format;
	struct buf lines; /* whole ones */
	int broken;       /* errno of the write that failed, or 0 */
};

int
bulkfetch_log_open(const char *path,
    const struct bulkfetch_log_options *options, struct bulkfetch_log **out,
    struct bulkfetch_problem *problem)
{
	enum bulkfetch_log_format format = options->format;
	const volatile bool *is_given_up = options->is_given_up;
	struct bulkfetch_log *log = calloc(1, sizeof(*log));
	const char *what =
	    format == BULKFETCH_LOG_JSON ? "log" : "list of failures";
	struct err err;

	if (log == NULL)
		return problem_set(problem, err_of(ERR_NOMEM), what, path);
	log->format = format;
	log->is_owned = strcmp(path, "-") != 0;
	buf_init(&log->lines, LOG_BUFFER + LINE_MAX_LEN);
	err = buf_reserve(&log->lines, LOG_BUFFER);
	if (err_is(err))
		goto fail;
	log->out =
	    (struct output){ .fd = STDOUT_FILENO, .is_given_up = is_given_up };
	if (log->is_owned)
		log->out.fd = open(path,
		    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	if (log->out.fd == -1 || fcntl(log->out.fd, F_GETFL) == -1) {
		err = err_sys(ERR_FILE);
		goto fail;
	}
	*out = log;
	return 0;
fail:
	(void)problem_set(problem, err, what, path);
	buf_fini(&log->lines);
	free(log);
	return problem->sys;
}

int
bulkfetch_log_flush(struct bulkfetch_log *log)
{
	struct err err;

	if (log->broken != 0 || log->lines.len == 0)
		return log->broken;
	err = output_write(&log->out, buf_slice(&log->lines));
	buf_clear(&log->lines);
	log->broken = problem_errno(err);
	return log->broken;
}

/* Room for a line of `len` octets. */
static int
make_room(struct bulkfetch_log *log, size_t len)
{
	if (log->lines.len > 0 && log->lines.len + len > LOG_BUFFER &&
	    bulkfetch_log_flush(log) != 0)
		return log->broken;
	/* One giant among the lines shall not cost memory for ever. */
	if (log->lines.cap > LOG_BUFFER && len <= LOG_BUFFER &&
	    log->lines.len == 0)
		buf_fini(&log->lines);
	if (log->lines.cap == 0 && err_is(buf_reserve(&log->lines, LOG_BUFFER)))
		return ENOMEM;
	return problem_errno(buf_reserve(&log->lines, len));
}

/* ---- JSON --------------------------------------------------------------- */

static struct slice
slice_text(struct bulkfetch_text text)
{
	return slice_of(text.ptr, text.len);
}

/* `name` is all that stands between two values: ,"bytes": */
static uint8_t *
put_number(uint8_t *at, const char *name, uint64_t value)
{
	return json_number(json_raw(at, slice_str(name)), value);
}

/* Null when there is none. */
static uint8_t *
put_string(uint8_t *at, const char *name, const char *value)
{
	at = json_raw(at, slice_str(name));
	if (value == NULL)
		return json_raw(at, slice_str("null"));
	return json_string(at, slice_str(value));
}

static uint8_t *
put_ms(uint8_t *at, const char *name, int64_t ms)
{
	at = json_raw(at, slice_str(name));
	if (ms < 0)
		return json_raw(at, slice_str("null"));
	return json_number(at, (uint64_t)ms);
}

/* Members that most lines do without. */
static uint8_t *
put_extras(uint8_t *at, const struct bulkfetch_result *r)
{
	if (r->message != NULL)
		at = put_string(at, ",\"message\":", r->message);
	if (r->is_skipped)
		at = json_raw(at, slice_str(",\"skipped\":true"));
	if (r->is_moved)
		at = json_raw(at, slice_str(",\"moved\":true"));
	if (r->is_url_cut)
		at = json_raw(at, slice_str(",\"url_cut\":true"));
	/* In the first list, n is the line. */
	if (r->list != NULL && r->line != r->n) {
		at = put_string(at, ",\"list\":", r->list);
		at = put_number(at, ",\"line\":", r->line);
	}
	return at;
}

static uint8_t *
put_json(uint8_t *at, const struct bulkfetch_result *r)
{
	at = put_number(at, "{\"n\":", r->n);
	at = json_raw(at, slice_str(",\"url\":"));
	at = json_string(at, slice_text(r->url));
	at = json_raw(at, slice_str(r->ok ? ",\"ok\":true" : ",\"ok\":false"));
	at =
	    put_ms(at, ",\"status\":", r->status > 0 ? (int64_t)r->status : -1);
	at = put_string(at, ",\"error\":", r->error);
	at = put_string(at, ",\"stage\":", r->stage);
	at = put_string(at, ",\"file\":", r->file);
	at = put_number(at, ",\"bytes\":", r->bytes);
	at = put_number(at, ",\"tries\":", r->tries);
	at = put_string(at, ",\"ip\":", r->ip);
	at = put_ms(at, ",\"queued\":", r->queued_ms);
	at = put_ms(at, ",\"dns\":", r->dns_ms);
	at = put_ms(at, ",\"connect\":", r->connect_ms);
	at = put_ms(at, ",\"tls\":", r->tls_ms);
	at = put_ms(at, ",\"ttfb\":", r->ttfb_ms);
	at = put_ms(at, ",\"total\":", r->total_ms);
	at = put_extras(at, r);
	return json_raw(at, slice_str("}\n"));
}

static size_t
len_of(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

static int
add_json(struct bulkfetch_log *log, const struct bulkfetch_result *r)
{
	size_t texts = r->url.len + len_of(r->error) + len_of(r->stage) +
	    len_of(r->file) + len_of(r->ip) + len_of(r->message) +
	    len_of(r->list);
	int sys = make_room(log, JSON_STRING_MAX(texts) + LINE_FIXED);
	uint8_t *at;

	if (sys != 0)
		return sys;
	at = put_json(log->lines.ptr + log->lines.len, r);
	log->lines.len = (size_t)(at - log->lines.ptr);
	return 0;
}

/* ---- A list of failures ------------------------------------------------- */

/* Would the URL, as a line of a list, be read as it is? */
static bool
is_a_line(const struct bulkfetch_result *r)
{
	struct slice url = slice_text(r->url);

	if (r->is_url_cut || url.len == 0 || url.ptr[0] == '#' ||
	    slice_trim(url).len != url.len || url.ptr[url.len - 1] == '\r' ||
	    (url.len >= 3 && memcmp(url.ptr, "\xef\xbb\xbf", 3) == 0))
		return false;
	return slice_find(url, '\n') == url.len &&
	    slice_find(url, '\0') == url.len;
}

/* It cannot be fed in again, but shall not go missing without a word. */
static struct err
put_comment(struct buf *lines, const struct bulkfetch_result *r)
{
	char message[MESSAGE_MAX];
	struct bulkfetch_text text = {
		.ptr = r->message != NULL ? r->message : "failed",
	};
	uint64_t line = r->list != NULL ? r->line : r->n;
	struct err err = buf_append_str(lines, "# line ");

	text.len = strlen(text.ptr);
	if (!err_is(err))
		err = buf_append_u64(lines, line);
	if (!err_is(err))
		err = buf_append_str(lines, ": ");
	if (!err_is(err))
		err = buf_append_str(
		    lines, bulkfetch_escape(text, message, sizeof(message)));
	return err_is(err) ? err : buf_append_octet(lines, '\n');
}

static int
add_failed(struct bulkfetch_log *log, const struct bulkfetch_result *r)
{
	int sys;
	struct err err;

	if (r->ok)
		return 0;
	sys = make_room(log, r->url.len + MESSAGE_MAX + LINE_FIXED);
	if (sys != 0)
		return sys;
	if (!is_a_line(r))
		return problem_errno(put_comment(&log->lines, r));
	err = buf_append(&log->lines, slice_text(r->url));
	return problem_errno(
	    err_is(err) ? err : buf_append_octet(&log->lines, '\n'));
}

int
bulkfetch_log_add(
    struct bulkfetch_log *log, const struct bulkfetch_result *result)
{
	if (log->broken != 0)
		return log->broken;
	return log->format == BULKFETCH_LOG_JSON ? add_json(log, result)
						 : add_failed(log, result);
}

int
bulkfetch_log_close(struct bulkfetch_log *log)
{
	int sys;

	if (log == NULL)
		return 0;
	sys = bulkfetch_log_flush(log);
	if (log->is_owned && close(log->out.fd) == -1 && sys == 0)
		sys = errno;
	buf_fini(&log->lines);
	free(log);
	return sys;
}
