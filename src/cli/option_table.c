#include "cli/option_table.h"

#include <string.h>

#include "cli/options.h"

#define AT(member) offsetof(struct options, member)
#define HELP_COLUMN 28
#define HELP_WIDTH 79

const struct option_row option_rows[] = {
	{ .group = "Output",
	    .name = "dir",
	    .letter = 'd',
	    .arg = "DIR",
	    .kind = OPTION_NAME,
	    .at = AT(tree.dir),
	    .help = "put files below DIR ('.'), made if missing" },
	{ .name = "output",
	    .letter = 'o',
	    .arg = "TEMPLATE",
	    .kind = OPTION_NAME,
	    .at = AT(output),
	    .help = "name files so: %{n} %{host} %{path} %{name} %{ext} "
		    "%{query} %{hash}; '-' is standard output "
		    "(HOST[:PORT]/PATH[?QUERY])" },
	{ .name = "skip-existing",
	    .kind = OPTION_FLAG,
	    .at = AT(tree.skip_existing),
	    .help = "do not fetch what has a complete file" },
	{ .name = "atomic",
	    .kind = OPTION_FLAG,
	    .at = AT(tree.is_atomic),
	    .help = "rename every file from a temporary name, small ones too" },
	{ .name = "fail-with-body",
	    .kind = OPTION_FLAG,
	    .at = AT(fetch.fail_with_body),
	    .help = "store the bodies of responses that are not 2xx, too" },
	{ .name = "max-filesize",
	    .arg = "SIZE",
	    .kind = OPTION_SIZE,
	    .at = AT(fetch.max_filesize),
	    .help = "fail what is larger: octets, or with K M G T (none)" },

	{ .group = "Request",
	    .name = "header",
	    .letter = 'H',
	    .arg = "FIELD",
	    .kind = OPTION_FIELD,
	    .help = "send 'Name: value'; 'Name:' leaves a field out, 'Name;' "
		    "sends an empty one; repeatable" },
	{ .name = "user-agent",
	    .letter = 'A',
	    .arg = "TEXT",
	    .kind = OPTION_TEXT,
	    .at = AT(fetch.user_agent),
	    .help =
		"User-Agent (bulkfetch/" BULKFETCH_VERSION "); '' sends none" },
	{ .name = "referer",
	    .letter = 'e',
	    .arg = "URL",
	    .kind = OPTION_TEXT,
	    .at = AT(fetch.referer),
	    .help = "Referer" },
	{ .name = "user",
	    .letter = 'u',
	    .arg = "NAME:PASSWORD",
	    .kind = OPTION_NAME,
	    .at = AT(fetch.credentials),
	    .help = "Basic credentials for every host" },
	{ .name = "request",
	    .letter = 'X',
	    .arg = "METHOD",
	    .kind = OPTION_METHOD,
	    .at = AT(fetch.method),
	    .help = "method (GET, or POST with data)" },
	{ .name = "head",
	    .letter = 'I',
	    .kind = OPTION_FLAG,
	    .at = AT(is_head),
	    .help = "HEAD requests: check URLs, write no files" },
	{ .name = "data",
	    .arg = "TEXT",
	    .kind = OPTION_DATA,
	    .help = "body of every request; repeated, joined by '&'" },
	{ .name = "data-file",
	    .arg = "FILE",
	    .kind = OPTION_DATA_FILE,
	    .help = "the same from a file of at most 64 MiB" },

	{ .group = "Pace and limits",
	    .name = "concurrency",
	    .letter = 'c',
	    .arg = "N",
	    .kind = OPTION_NUMBER,
	    .at = AT(concurrency),
	    .max = BULKFETCH_CONCURRENCY_MAX,
	    .help = "connections kept busy (50); also --jobs, --parallel-max",
	    .letter_note = "wget's -c, \"continue\", is not there under this "
			   "letter" },
	{ .name = "connect-timeout",
	    .arg = "SECONDS",
	    .kind = OPTION_SECONDS,
	    .at = AT(fetch.connect_timeout_ms),
	    .help = "until a connection stands (10; 0 for none)" },
	{ .name = "head-timeout",
	    .arg = "SECONDS",
	    .kind = OPTION_SECONDS,
	    .at = AT(fetch.head_timeout_ms),
	    .help = "from the request to the end of the response's head (60)" },
	{ .name = "idle-timeout",
	    .arg = "SECONDS",
	    .kind = OPTION_SECONDS,
	    .at = AT(fetch.idle_timeout_ms),
	    .help = "without an octet (30)" },
	{ .name = "max-time",
	    .arg = "SECONDS",
	    .kind = OPTION_SECONDS,
	    .at = AT(fetch.max_time_ms),
	    .help = "for the whole of one request (none)" },
	{ .name = "max-errors",
	    .arg = "N",
	    .kind = OPTION_NUMBER,
	    .at = AT(fetch.max_errors),
	    .max = UINT64_MAX,
	    .help = "stop the run at the N-th failure" },
	{ .name = "fail-early",
	    .kind = OPTION_FLAG,
	    .at = AT(is_fail_early),
	    .help = "stop the run at the first failure" },

	{ .group = "Messages and records",
	    .name = "log",
	    .arg = "FILE",
	    .kind = OPTION_NAME,
	    .at = AT(log),
	    .help = "a line of JSON for each URL; '-' is standard output" },
	{ .name = "failed",
	    .arg = "FILE",
	    .kind = OPTION_NAME,
	    .at = AT(failed),
	    .help = "the URLs that failed, as a list to be fed in again" },
	{ .name = "progress",
	    .arg = "MODE",
	    .kind = OPTION_PROGRESS,
	    .at = AT(progress),
	    .help = "auto, bar, plain (a line now and then) or none (auto: a "
		    "bar on a terminal)" },
	{ .name = "quiet",
	    .letter = 'q',
	    .kind = OPTION_FLAG,
	    .at = AT(is_quiet),
	    .help =
		"say only how it ended, and that only if something failed" },
	{ .name = "silent",
	    .letter = 's',
	    .kind = OPTION_FLAG,
	    .at = AT(is_silent),
	    .help = "say nothing but why the run could not begin or go on" },
	{ .name = "verbose",
	    .letter = 'v',
	    .kind = OPTION_COUNT,
	    .at = AT(verbosity),
	    .help = "say more, and name every failure; -vv for debugging" },
	{ .name = "help",
	    .letter = 'h',
	    .kind = OPTION_FLAG,
	    .at = AT(is_help),
	    .help = "print this" },
	{ .name = "version",
	    .letter = 'V',
	    .kind = OPTION_FLAG,
	    .at = AT(is_version),
	    .help = "print the version" },
	{ .name = NULL },
};

static const struct {
	const char *synonym;
	const char *name;
} synonyms[] = {
	{ "jobs", "concurrency" },
	{ "parallel-max", "concurrency" },
};

#define SYNONYMS (sizeof(synonyms) / sizeof(synonyms[0]))

/* Letters that mean different things elsewhere are not given a meaning. */
static const struct {
	char letter;
	const char *name; /* or NULL */
	const char *text;
} hints[] = {
	{ 'O', "remote-name",
	    "files are named after their URLs; see --output" },
	{ 0, "remote-name-all",
	    "files are named after their URLs; see --output" },
	{ 0, "output-document", "see --output" },
	{ 'P', NULL, "see --dir (wget) or --concurrency (xargs)" },
	{ 0, "directory-prefix", "see --dir" },
	{ 0, "output-dir", "see --dir" },
	{ 't', "timeout",
	    "see --connect-timeout, --idle-timeout and --max-time" },
	{ 'm', NULL, "see --max-time (curl)" },
	{ 'w', NULL, "see --log for results" },
	{ 'i', "input-file", "name the list as an argument" },
	{ 'n', "no-clobber", "see --skip-existing" },
	{ 'N', "timestamping", "see --skip-existing" },
	{ 'j', "max-concurrent-downloads", "see --concurrency" },
	{ 'Z', "parallel", "see --concurrency" },
	{ 'f', "fail", "a status that is not 2xx is a failure anyway" },
	{ 'S', "show-error", "failures are told anyway; see --quiet" },
	{ 0, "data-binary", "see --data and --data-file" },
	{ 0, "data-raw", "see --data and --data-file" },
	{ 0, "post-data", "see --data" },
	{ 0, "post-file", "see --data-file" },
	{ 0, "spider", "see --head" },
	{ 0, "method", "see --request" },
	{ 0, "read-timeout", "see --idle-timeout" },
	{ 0, "max-concurrency", "see --concurrency" },
	{ 'L', "location", "redirects are not followed, a 3xx is a failure" },
	{ 0, "retry", "failures are not tried again; see --failed" },
	{ 0, "tries", "failures are not tried again; see --failed" },
	{ 0, "continue", "see --skip-existing" },
	{ 'k', "insecure", "https is not supported" },
	{ 'x', "proxy", "proxies are not supported" },
	{ 0, "compressed", "bodies are stored as they come" },
};

#define HINTS (sizeof(hints) / sizeof(hints[0]))

static const struct option_row *
find_exactly(struct slice name)
{
	for (size_t i = 0; i < SYNONYMS; i++) {
		if (slice_eq_str(name, synonyms[i].synonym))
			name = slice_str(synonyms[i].name);
	}
	for (const struct option_row *row = option_rows; row->name; row++) {
		if (slice_eq_str(name, row->name))
			return row;
	}
	return NULL;
}

const struct option_row *
option_find_letter(char letter)
{
	for (const struct option_row *row = option_rows; row->name; row++) {
		if (row->letter != 0 && row->letter == letter)
			return row;
	}
	return NULL;
}

static bool
begins_with(const char *name, struct slice with)
{
	return strlen(name) >= with.len &&
	    (with.len == 0 || memcmp(name, with.ptr, with.len) == 0);
}

/* The options that `name` may be short for. */
struct matches {
	const struct option_row *row; /* the last of them */
	size_t count;
	char *text; /* their names */
	size_t cap;
};

static void
add_match(struct matches *m, const char *name)
{
	const struct option_row *row = find_exactly(slice_str(name));
	size_t len = strlen(m->text);

	if (m->row == row)
		return;
	m->row = row;
	m->count++;
	(void)snprintf(
	    m->text + len, m->cap - len, "%s--%s", len > 0 ? ", " : "", name);
}

const struct option_row *
option_find_name(struct slice name, char *candidates, size_t cap)
{
	struct matches m = { .text = candidates, .cap = cap };
	const struct option_row *row = find_exactly(name);

	candidates[0] = '\0';
	if (row != NULL || name.len == 0 || option_hint_name(name) != NULL)
		return row;
	for (row = option_rows; row->name != NULL; row++) {
		if (begins_with(row->name, name))
			add_match(&m, row->name);
	}
	for (size_t i = 0; i < SYNONYMS; i++) {
		if (begins_with(synonyms[i].synonym, name))
			add_match(&m, synonyms[i].synonym);
	}
	if (m.count == 1)
		candidates[0] = '\0';
	return m.count == 1 ? m.row : NULL;
}

const char *
option_hint_letter(char letter)
{
	for (size_t i = 0; i < HINTS; i++) {
		if (hints[i].letter != 0 && hints[i].letter == letter)
			return hints[i].text;
	}
	return NULL;
}

const char *
option_hint_name(struct slice name)
{
	for (size_t i = 0; i < HINTS; i++) {
		if (hints[i].name != NULL && slice_eq_str(name, hints[i].name))
			return hints[i].text;
	}
	return NULL;
}

#define NAME_MAX_LEN 32

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Octets to insert, delete or change between two names (Levenshtein). */
static size_t
distance(struct slice a, struct slice b)
{
	size_t row[NAME_MAX_LEN + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b.len; j++) {
			size_t change = a.ptr[i] == b.ptr[j] ? 0 : 1;
			size_t step = least(row[j], row[j + 1]) + 1;
			size_t here = least(diagonal + change, step);

			diagonal = row[j + 1];
			row[j + 1] = here;
		}
	}
	return row[b.len];
}

const char *
option_nearest(struct slice name)
{
	const char *nearest = NULL;
	size_t best = name.len < 6 ? 1 : name.len / 3; /* no farther */

	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return NULL;
	for (const struct option_row *row = option_rows; row->name; row++) {
		size_t far = distance(name, slice_str(row->name));

		if (far <= best && (nearest == NULL || far < best)) {
			best = far;
			nearest = row->name;
		}
	}
	return nearest;
}

/* Print `text` from `column` on, wrapped between words. */
static void
print_wrapped(FILE *out, const char *text, size_t column)
{
	while (column < HELP_COLUMN)
		column += (size_t)fprintf(out, " ");
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			(void)fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			column += (size_t)fprintf(out, " ");
		}
		column += (size_t)fprintf(out, "%.*s", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	(void)fprintf(out, "\n");
}

static void
print_row(FILE *out, const struct option_row *row)
{
	char letter[] = { '-', row->letter, ',', '\0' };
	size_t column;

	if (row->group != NULL)
		(void)fprintf(out, "\n%s:\n", row->group);
	column = (size_t)fprintf(out, "  %-3s --%s%s%s",
	    row->letter != 0 ? letter : "", row->name,
	    row->arg != NULL ? " " : "", row->arg != NULL ? row->arg : "");
	if (column + 2 > HELP_COLUMN) {
		(void)fprintf(out, "\n");
		column = 0;
	}
	print_wrapped(out, row->help, column);
}

void
option_print_help(FILE *out)
{
	(void)fputs(
	    "Usage: bulkfetch [OPTION]... [LIST]...\n"
	    "Fetch every URL of the LISTs over a fixed number of "
	    "connections.\n\n"
	    "A LIST is a file with a URL on each line, '-' for standard "
	    "input, or a URL.\n"
	    "Without a LIST, standard input is read unless it is a "
	    "terminal.\n",
	    out);
	for (const struct option_row *row = option_rows; row->name; row++)
		print_row(out, row);
	(void)fputs(
	    "\nExit status: 0 all fetched, 1 some failed, 2 wrong usage, "
	    "3 local file error,\n4 none succeeded, 5 stopped by --fail-early "
	    "or --max-errors, 7 interrupted.\n"
	    "The manual: man bulkfetch\n",
	    out);
}
