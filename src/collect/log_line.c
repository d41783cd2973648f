#include "collect/log_line.h"

#include <string.h>

#include "base/text.h"
#include "collect/json.h"

/* Names, punctuation and numbers of a line: about 30 members. */
#define LINE_FIXED 1024

/* What a message may take in a comment. */
#define MESSAGE_MAX 512

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
	if (r->is_unchanged)
		at = json_raw(at, slice_str(",\"unchanged\":true"));
	if (r->is_moved)
		at = json_raw(at, slice_str(",\"moved\":true"));
	if (r->redirects > 0) {
		at = put_number(at, ",\"redirects\":", r->redirects);
		at = json_raw(at, slice_str(",\"final_url\":"));
		at = json_string(at, text_slice(r->final_url));
	}
	if (r->continued_at > 0)
		at = put_number(at, ",\"continued_at\":", r->continued_at);
	if (r->is_url_cut)
		at = json_raw(at, slice_str(",\"url_cut\":true"));
	/* In the first list, n is the line. */
	if (r->list != NULL && r->line != r->n) {
		at = put_string(at, ",\"list\":", r->list);
		at = put_number(at, ",\"line\":", r->line);
	}
	if (r->proxy.len > 0) {
		at = json_raw(at, slice_str(",\"proxy\":"));
		at = json_string(at, text_slice(r->proxy));
	}
	return at;
}

/* The first three members are what --resume goes by (source/records.h): they
 * stay as they are, and first. */
static uint8_t *
put_json(uint8_t *at, const struct bulkfetch_result *r)
{
	at = put_number(at, "{\"n\":", r->n);
	at = json_raw(at, slice_str(",\"url\":"));
	at = json_string(at, text_slice(r->url));
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

static size_t
json_max(const struct bulkfetch_result *r)
{
	size_t texts = r->url.len + len_of(r->error) + len_of(r->stage) +
	    len_of(r->file) + len_of(r->ip) + len_of(r->message) +
	    len_of(r->list) + r->final_url.len + r->proxy.len;

	return JSON_STRING_MAX(texts) + LINE_FIXED;
}

/* ---- A list of failures ------------------------------------------------- */

/* Would the URL, as a line of a list, be read as it is? */
static bool
is_a_line(const struct bulkfetch_result *r)
{
	struct slice url = text_slice(r->url);

	if (r->is_url_cut || url.len == 0 || url.ptr[0] == '#' ||
	    slice_trim(url).len != url.len || url.ptr[url.len - 1] == '\r' ||
	    (url.len >= 3 && memcmp(url.ptr, "\xef\xbb\xbf", 3) == 0))
		return false;
	return slice_find(url, '\n') == url.len &&
	    slice_find(url, '\0') == url.len;
}

/* It cannot be fed in again, but shall not go missing without a word. */
static uint8_t *
put_comment(uint8_t *at, const struct bulkfetch_result *r)
{
	char message[MESSAGE_MAX];
	struct bulkfetch_text text = {
		.ptr = r->message != NULL ? r->message : "failed",
	};

	text.len = strlen(text.ptr);
	at = put_number(at, "# line ", r->list != NULL ? r->line : r->n);
	at = json_raw(at, slice_str(": "));
	at = json_raw(
	    at, slice_str(bulkfetch_escape(text, message, sizeof(message))));
	return json_raw(at, slice_str("\n"));
}

static uint8_t *
put_failed(uint8_t *at, const struct bulkfetch_result *r)
{
	if (!is_a_line(r))
		return put_comment(at, r);
	return json_raw(json_raw(at, text_slice(r->url)), slice_str("\n"));
}

/* ---- Either ------------------------------------------------------------- */

size_t
log_line_max(
    enum bulkfetch_log_format format, const struct bulkfetch_result *result)
{
	if (format == BULKFETCH_LOG_JSON)
		return json_max(result);
	return result->ok ? 0 : result->url.len + MESSAGE_MAX + LINE_FIXED;
}

uint8_t *
log_line_put(uint8_t *at, enum bulkfetch_log_format format,
    const struct bulkfetch_result *result)
{
	if (format == BULKFETCH_LOG_JSON)
		return put_json(at, result);
	return put_failed(at, result);
}
