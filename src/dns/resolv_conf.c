#include "dns/resolv_conf.h"

#include "base/ascii.h"

/* Blanks, and the CR of a file that came from elsewhere. */
static bool
is_gap(uint8_t octet)
{
	return ascii_is_blank(octet) || octet == '\r';
}

/* Take the next word off the line; a comment ends it. */
static bool
next_word(struct slice *line, struct slice *word)
{
	size_t len = 0;

	while (line->len > 0 && is_gap(line->ptr[0]))
		*line = slice_from(*line, 1);
	if (line->len > 0 && (line->ptr[0] == '#' || line->ptr[0] == ';'))
		*line = slice_from(*line, line->len);
	while (len < line->len && !is_gap(line->ptr[len]))
		len++;
	*word = slice_first(*line, len);
	*line = slice_from(*line, len);
	return len > 0;
}

static void
read_server(struct slice line, struct resolv_conf *conf)
{
	struct slice word;

	if (conf->server_count < RESOLV_SERVERS_MAX && next_word(&line, &word))
		conf->servers[conf->server_count++] = word;
}

/* At most `max` names, in place of those of an earlier line. */
static void
read_search(struct slice line, size_t max, struct resolv_conf *conf)
{
	struct slice word;

	if (!next_word(&line, &word))
		return;
	conf->search_count = 0;
	do {
		if (dns_name_parse(word, &conf->search[conf->search_count]))
			conf->search_count++;
	} while (conf->search_count < max && next_word(&line, &word));
}

/* The number behind `key`, brought into its bounds; untouched if `word` is
 * something else, or there is none. */
static void
read_number(struct slice word, const char *key, unsigned min, unsigned max,
    unsigned *value)
{
	size_t len = strlen(key);
	unsigned number = 0;

	if (word.len <= len || !slice_eq_str(slice_first(word, len), key))
		return;
	for (size_t i = len; i < word.len; i++) {
		if (!ascii_is_digit(word.ptr[i]))
			return;
		/* Beyond the maximum by one is as good as by any. */
		if (number <= max)
			number = number * 10 + (unsigned)(word.ptr[i] - '0');
	}
	if (number > max)
		number = max;
	*value = number < min ? min : number;
}

static void
read_options(struct slice line, struct resolv_conf *conf)
{
	struct slice word;

	while (next_word(&line, &word)) {
		read_number(word, "ndots:", 0, RESOLV_NDOTS_MAX, &conf->ndots);
		read_number(
		    word, "timeout:", 1, RESOLV_TIMEOUT_MAX, &conf->timeout_s);
		read_number(
		    word, "attempts:", 1, RESOLV_ATTEMPTS_MAX, &conf->attempts);
		if (slice_eq_str(word, "rotate"))
			conf->is_rotated = true;
		if (slice_eq_str(word, "use-vc"))
			conf->uses_tcp = true;
	}
}

static void
read_line(struct slice line, struct resolv_conf *conf)
{
	struct slice keyword;
	struct slice word;

	/* It has to begin the line (resolv.conf(5)). */
	if (line.len == 0 || is_gap(line.ptr[0]) || !next_word(&line, &keyword))
		return;
	if (slice_eq_str(keyword, "nameserver"))
		read_server(line, conf);
	else if (slice_eq_str(keyword, "domain") && next_word(&line, &word))
		read_search(word, 1, conf);
	else if (slice_eq_str(keyword, "search"))
		read_search(line, RESOLV_SEARCH_MAX, conf);
	else if (slice_eq_str(keyword, "options"))
		read_options(line, conf);
}

void
resolv_conf_parse(struct slice text, struct resolv_conf *conf)
{
	*conf = (struct resolv_conf){
		.ndots = RESOLV_NDOTS,
		.timeout_s = RESOLV_TIMEOUT,
		.attempts = RESOLV_ATTEMPTS,
	};
	while (text.len > 0) {
		size_t end = slice_find(text, '\n');

		read_line(slice_first(text, end), conf);
		text = slice_from(text, end < text.len ? end + 1 : end);
	}
}

/* ---- Names to ask for --------------------------------------------------- */

static unsigned
count_dots(struct slice host)
{
	unsigned dots = 0;

	for (size_t i = 0; i < host.len; i++)
		dots += host.ptr[i] == '.';
	return dots;
}

/* How many names of the search list come in front of the host alone. */
static size_t
count_searched(const struct resolv_conf *conf, struct slice host)
{
	if (host.ptr[host.len - 1] == '.' || count_dots(host) >= conf->ndots)
		return 0;
	return conf->search_count;
}

bool
resolv_conf_candidate(const struct resolv_conf *conf, struct slice host,
    size_t *at, struct dns_name *name)
{
	struct dns_name own;
	size_t searched;

	if (!dns_name_parse(host, &own))
		return false;
	searched = count_searched(conf, host);
	for (; *at < searched; ++*at) {
		if (dns_name_join(&own, &conf->search[*at], name))
			return true;
	}
	if (*at > searched)
		return false;
	*name = own;
	return true;
}
