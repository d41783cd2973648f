#include "cli/option_find.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *synonym;
	const char *name;
} synonyms[] = {
	{ "jobs", "concurrency" },
	{ "parallel-max", "concurrency" },
	{ "max-redirect", "max-redirs" },
};

#define SYNONYMS (sizeof(synonyms) / sizeof(synonyms[0]))

/*
 * Letters that mean different things elsewhere are not given a meaning, nor are
 * names that count or measure something else there.
 */
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
	{ 't', NULL,
	    "see --retry (wget), or --connect-timeout, --idle-timeout and "
	    "--max-time" },
	{ 0, "timeout",
	    "see --connect-timeout, --idle-timeout and --max-time" },
	{ 'm', NULL, "see --max-time (curl) or --retry (aria2)" },
	{ 'w', NULL, "see --log for results (curl) or --rate (wget)" },
	{ 0, "write-out", "see --log for results" },
	{ 0, "joblog", "see --log" },
	{ 'i', "input-file", "name the list as an argument" },
	{ 'n', "no-clobber", "see --skip-existing" },
	{ 'j', "max-concurrent-downloads", "see --concurrency" },
	{ 'Z', "parallel", "see --concurrency" },
	{ 0, "max-concurrency", "see --concurrency" },
	{ 0, "max-connection-per-server", "see --max-per-host" },
	{ 'f', "fail", "a status that is not 2xx is a failure anyway" },
	{ 'S', "show-error", "failures are told anyway; see --quiet" },
	{ 0, "content-on-error", "see --fail-with-body" },
	{ 0, "halt", "see --max-errors and --fail-early" },
	{ 0, "data-binary", "see --data and --data-file" },
	{ 0, "data-raw", "see --data and --data-file" },
	{ 0, "post-data", "see --data" },
	{ 0, "post-file", "see --data-file" },
	{ 0, "spider", "see --head" },
	{ 0, "method", "see --request" },
	{ 0, "read-timeout", "see --idle-timeout" },
	{ 0, "location-trusted",
	    "credentials never go to another host than theirs" },
	{ 0, "tries", "see --retry, which counts the tries after the first" },
	{ 0, "max-tries",
	    "see --retry, which counts the tries after the first" },
	{ 0, "retries", "see --retry, which counts the tries after the first" },
	{ 0, "retry-connrefused",
	    "a refused connection is tried again anyway; see --retry" },
	{ 0, "retry-on-host-error",
	    "see --retry for what is tried again anyway" },
	{ 0, "retry-on-http-error",
	    "see --retry for what is tried again anyway, and "
	    "--retry-all-errors" },
	{ 0, "waitretry", "see --retry-delay" },
	{ 0, "retry-wait", "see --retry-delay" },
	{ 0, "wait", "see --rate and --rate-per-host" },
	{ 0, "delay", "see --rate and --rate-per-host" },
	{ 0, "random-wait",
	    "requests are spread evenly; see --rate and --rate-per-host" },
	{ 0, "max-overall-download-limit", "see --limit-rate" },
	{ 0, "max-download-limit", "see --limit-rate, which is for all" },
	{ 'Q', "quota", "see --max-transfer" },
	{ 0, "stop", "see --max-duration" },
	{ 'C', "continue-at",
	    "parts are continued by themselves; see --resume for runs" },
	{ 0, "continue",
	    "parts are continued by themselves; see --resume for runs" },
	{ 0, "save-session", "see --log and --resume" },
	{ 0, "conditional-get", "see --update" },
	{ 0, "etag-compare", "see --update" },
	{ 0, "etag-save", "see --update" },
	{ 'z', "time-cond", "see --update and --timestamping" },
	{ 0, "no-use-server-timestamps",
	    "times are the server's only with --remote-time or "
	    "--timestamping" },
	{ 0, "ca-certificate", "see --cacert" },
	{ 0, "ca-directory", "see --capath" },
	{ 0, "certificate", "see --cert" },
	{ 0, "private-key", "see --key" },
	{ 0, "pass", "see --pass-file: a command line can be read by others" },
	{ 0, "check-certificate", "see --insecure, which is for all hosts" },
	{ 0, "no-check-certificate", "see --insecure" },
	{ 0, "secure-protocol", "see --tlsv1.2 and --tlsv1.3" },
	{ 0, "min-tls-version", "see --tlsv1.2 and --tlsv1.3" },
	{ '1', "tlsv1", "TLS 1.2 is the least; see --tlsv1.3" },
	{ 0, "tlsv1.0", "TLS 1.2 is the least; see --tlsv1.3" },
	{ 0, "tlsv1.1", "TLS 1.2 is the least; see --tlsv1.3" },
	{ 0, "tls13-ciphers", "see --ciphers, which takes those as well" },
	{ 0, "https-only", "see --proto =https" },
	{ 0, "https-enforce", "see --proto =https" },
	{ 0, "hsts", "it is not kept; see --proto =https" },
	{ 0, "cert-type", "files are PEM" },
	{ 0, "key-type", "files are PEM" },
	{ 0, "socks5", "see --proxy socks5://HOST:PORT" },
	{ 0, "socks5-hostname", "see --proxy socks5h://HOST:PORT" },
	{ 0, "socks4", "see --proxy socks4://HOST:PORT" },
	{ 0, "socks4a", "see --proxy socks4a://HOST:PORT" },
	{ 0, "preproxy", "there is one proxy at a time; see --proxy" },
	{ 0, "proxy1.0", "see --proxy, which speaks HTTP/1.1" },
	{ 0, "all-proxy", "see --proxy" },
	{ 0, "http-proxy", "see --proxy, or the variable http_proxy" },
	{ 0, "https-proxy", "see --proxy, or the variable https_proxy" },
	{ 0, "no-proxy",
	    "see --noproxy for some hosts, and --proxy '' for none at all" },
	{ 0, "proxy-password", "see --proxy-user NAME:PASSWORD" },
	{ 0, "proxy-passwd", "see --proxy-user NAME:PASSWORD" },
	{ 0, "all-proxy-user", "see --proxy-user NAME:PASSWORD" },
	{ 0, "all-proxy-passwd", "see --proxy-user NAME:PASSWORD" },
	{ 0, "http-proxy-user", "see --proxy-user NAME:PASSWORD" },
	{ 0, "http-proxy-passwd", "see --proxy-user NAME:PASSWORD" },
	{ 0, "proxy-basic", "--proxy-user is sent as Basic anyway" },
	{ 0, "proxy-anyauth", "--proxy-user is sent as Basic, no other way" },
	{ 0, "proxy-digest", "--proxy-user is sent as Basic, no other way" },
	{ 0, "proxy-ntlm", "--proxy-user is sent as Basic, no other way" },
	{ 0, "proxy-negotiate", "--proxy-user is sent as Basic, no other way" },
	{ 0, "proxy-header", "only --proxy-user is told to the proxy" },
	{ 0, "doh-url",
	    "names are asked for by UDP and TCP alone; see --dns-servers" },
	{ 0, "dns-interface",
	    "queries go where the system sends them; see --dns-servers" },
	{ 0, "dns-ipv4-addr",
	    "queries go where the system sends them; see --dns-servers" },
	{ 0, "dns-ipv6-addr",
	    "queries go where the system sends them; see --dns-servers" },
	{ 0, "async-dns-server", "see --dns-servers" },
	{ 0, "async-dns", "names are looked up without waiting anyway" },
	{ 0, "no-dns-cache",
	    "names are kept as long as their servers say, and 5 seconds at "
	    "least" },
	{ 0, "dns-timeout",
	    "see 'options timeout:' in /etc/resolv.conf, or "
	    "--connect-timeout" },
	{ 0, "inet4-only", "see --ipv4" },
	{ 0, "inet6-only", "see --ipv6" },
	{ 0, "disable-ipv6", "see --ipv4" },
	{ 0, "prefer-family",
	    "both families are tried, side by side; see --ipv4 and --ipv6" },
	{ 0, "happy-eyeballs-timeout-ms",
	    "another address is tried after 250 ms" },
	{ 0, "bind-address", "see --interface" },
	{ 0, "multiple-interface", "see --interface" },
	{ 0, "local-port",
	    "the system chooses ports; see --interface for more of them" },
	{ 0, "abstract-unix-socket", "see --unix-socket for those by path" },
	{ 0, "compression", "see --compressed" },
	{ 0, "http-accept-gzip", "see --compressed" },
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
	(void)snprintf(m->text + len, OPTION_CANDIDATES_MAX - len, "%s--%s",
	    len > 0 ? ", " : "", name);
}

const struct option_row *
option_find_name(struct slice name, char candidates[OPTION_CANDIDATES_MAX])
{
	struct matches m = { .text = candidates };
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
