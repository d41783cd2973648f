#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/num.h"
#include "cli/conflicts.h"
#include "cli/option_find.h"
#include "cli/usage.h"

/* The words, and how far they have been read. */
struct words {
	const char *const *words;
	size_t count;
	size_t at;
	struct options *options;
	struct bulkfetch_problem *problem;
};

/* One option as it stands there. */
struct given {
	const struct option_row *row;
	const char *value; /* "" for an option that takes none */
	bool is_letter;
};

static bool
refuse_memory(struct bulkfetch_problem *problem)
{
	*problem = (struct bulkfetch_problem){ .sys = ENOMEM,
		.text = "out of memory" };
	return false;
}

/* The value is wrong: say which it was and what it should have been. */
static bool
refuse_value(struct words *w, const struct given *given, const char *expected)
{
	const char *note = given->is_letter ? given->row->letter_note : NULL;
	char space[USAGE_SHOWN_MAX];

	if (ascii_is_digit((uint8_t)given->value[0]))
		note = NULL;
	return usage_refuse(w->problem, "--%s: '%s' is not %s%s%s%s",
	    given->row->name,
	    usage_shown(given->value, strlen(given->value), space), expected,
	    note != NULL ? " (" : "", note != NULL ? note : "",
	    note != NULL ? ")" : "");
}

static bool
take_number(struct words *w, const struct given *given, unsigned *member)
{
	const struct option_row *row = given->row;
	char expected[64];
	uint64_t number;

	if (num_parse_u64(slice_str(given->value), row->max, &number) &&
	    number >= row->min) {
		*member = (unsigned)number;
		return true;
	}
	(void)snprintf(expected, sizeof(expected), "a number from %u to %u",
	    row->min, row->max);
	return refuse_value(w, given, expected);
}

static bool
take_seconds(struct words *w, const struct given *given, uint64_t *ms)
{
	char expected[64];

	if (num_parse_seconds(
		slice_str(given->value), BULKFETCH_DURATION_MAX_MS, ms))
		return true;
	(void)snprintf(expected, sizeof(expected),
	    "a number of seconds from 0 to %llu",
	    (unsigned long long)(BULKFETCH_DURATION_MAX_MS / 1000));
	return refuse_value(w, given, expected);
}

static bool
take_pace(
    struct words *w, const struct given *given, struct bulkfetch_pace *pace)
{
	return num_parse_pace(slice_str(given->value), BULKFETCH_PACE_COUNT_MAX,
		   &pace->count, &pace->per_ms) ||
	    refuse_value(w, given, "a rate such as 20/s, 300/m or 5000/h");
}

/* "20", or "5%" with at most three places behind the point. */
static bool
take_errors(struct words *w, const struct given *given)
{
	struct bulkfetch_options *fetch = &w->options->fetch;
	struct slice text = slice_str(given->value);
	bool is_share = text.len > 0 && text.ptr[text.len - 1] == '%';
	uint64_t number = 0;
	bool is_good = is_share
	    ? num_parse_thousandths(
		  slice_first(text, text.len - 1), 100000, &number)
	    : num_parse_u64(text, UINT64_MAX, &number);

	if (!is_good || number == 0)
		return refuse_value(
		    w, given, "a number from 1 on, or a share such as 5%");
	fetch->max_errors = is_share ? 0 : number;
	fetch->max_error_percent = is_share ? (double)number / 1000 : 0;
	return true;
}

static bool
is_method(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!ascii_is_tchar(text.ptr[i]))
			return false;
	}
	return text.len > 0 && !slice_eq_str(text, "CONNECT");
}

static bool
parse_progress(const char *text, enum progress_mode *mode)
{
	static const char *const names[] = {
		[PROGRESS_AUTO] = "auto",
		[PROGRESS_BAR] = "bar",
		[PROGRESS_PLAIN] = "plain",
		[PROGRESS_NONE] = "none",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*mode = (enum progress_mode)i;
			return true;
		}
	}
	return false;
}

static bool
add_data(struct words *w, const struct given *given)
{
	struct options *o = w->options;
	bool is_file = given->row->kind == OPTION_DATA_FILE;
	char space[USAGE_SHOWN_MAX];

	if (!is_file && given->value[0] == '@')
		return usage_refuse(w->problem,
		    "--data: '%s' is not read from a file; see --data-file",
		    usage_shown(given->value, strlen(given->value), space));
	if (is_file && given->value[0] == '\0')
		return refuse_value(w, given, "the name of a file");
	if (is_file && strcmp(given->value, "-") == 0)
		return refuse_value(
		    w, given, "a file: standard input is for lists");
	o->data[o->data_count++] = (struct options_data){
		.text = given->value,
		.is_file = is_file,
	};
	return true;
}

static bool
add_text(struct words *w, const struct given *given, struct options_texts *to)
{
	to->items[to->count++] = given->value;
	return given->value[0] != '\0' ||
	    refuse_value(w, given, given->row->arg);
}

/* "ADDR,ADDR": what an address is, is for the library to say. */
static bool
take_servers(struct words *w, const struct given *given)
{
	struct bulkfetch_options *fetch = &w->options->fetch;
	const char **servers = w->options->dns_servers;
	size_t count = 0;
	char *text = strdup(given->value);

	if (text == NULL)
		return refuse_memory(w->problem);
	free(w->options->dns_text);
	w->options->dns_text = text;
	for (char *at = text; at != NULL;) {
		char *comma = strchr(at, ',');

		if (comma != NULL)
			*comma = '\0';
		if (*at == '\0')
			return refuse_value(
			    w, given, "a list of addresses between commas");
		if (count == BULKFETCH_DNS_SERVERS_MAX)
			return usage_refuse(w->problem,
			    "--dns-servers: more than %d name servers",
			    BULKFETCH_DNS_SERVERS_MAX);
		servers[count++] = at;
		at = comma != NULL ? comma + 1 : NULL;
	}
	fetch->dns_servers = servers;
	fetch->dns_server_count = count;
	return true;
}

/* curl's: names between commas, '=' in front for these alone, '-' for all but
 * these, '+' or nothing for these as well. */
static bool
take_schemes(struct words *w, const struct given *given, unsigned *member)
{
	const unsigned all = BULKFETCH_SCHEME_HTTP | BULKFETCH_SCHEME_HTTPS;
	struct slice left = slice_str(given->value);
	unsigned allowed = all;

	do {
		size_t end = slice_find(left, ',');
		struct slice name = slice_first(left, end);
		uint8_t sign = name.len > 0 ? name.ptr[0] : 0;
		unsigned scheme = 0;

		left = slice_from(left, end < left.len ? end + 1 : end);
		if (sign == '=' || sign == '-' || sign == '+')
			name = slice_from(name, 1);
		if (slice_eq_nocase_str(name, "http"))
			scheme = BULKFETCH_SCHEME_HTTP;
		else if (slice_eq_nocase_str(name, "https"))
			scheme = BULKFETCH_SCHEME_HTTPS;
		else if (slice_eq_nocase_str(name, "all"))
			scheme = all;
		else
			return refuse_value(w, given,
			    "a list of http, https and all, such as =https");
		if (sign == '=')
			allowed = scheme;
		else if (sign == '-')
			allowed &= ~scheme;
		else
			allowed |= scheme;
	} while (left.len > 0);
	*member = allowed;
	return allowed != 0 ||
	    refuse_value(w, given, "a list that leaves a scheme");
}

/* Read the value and put it where the row says, whose type its kind tells. */
static bool
apply(struct words *w, const struct given *given)
{
	struct options *o = w->options;
	void *member = (char *)o + given->row->at;
	struct slice text = slice_str(given->value);

	switch (given->row->kind) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return true;
	case OPTION_FLAG_OFF:
		*(bool *)member = false;
		return true;
	case OPTION_COUNT:
		++*(unsigned *)member;
		return true;
	case OPTION_NUMBER:
		return take_number(w, given, member);
	case OPTION_SECONDS:
		return take_seconds(w, given, member);
	case OPTION_SIZE:
		return num_parse_size(text, UINT64_MAX, (uint64_t *)member) ||
		    refuse_value(w, given,
			"a size in octets, such as 1000000, 500K or 2G");
	case OPTION_PACE:
		return take_pace(w, given, member);
	case OPTION_ERRORS:
		return take_errors(w, given);
	case OPTION_NAME:
		*(const char **)member = given->value;
		return text.len > 0 || refuse_value(w, given, "a name");
	case OPTION_TEXT:
		*(const char **)member = given->value;
		return true;
	case OPTION_METHOD:
		*(const char **)member = given->value;
		return is_method(text) ||
		    refuse_value(w, given, "a method to fetch with, as PUT is");
	case OPTION_PROGRESS:
		return parse_progress(
			   given->value, (enum progress_mode *)member) ||
		    refuse_value(w, given, "auto, bar, plain or none");
	case OPTION_SERVERS:
		return take_servers(w, given);
	case OPTION_SCHEMES:
		return take_schemes(w, given, member);
	case OPTION_TEXTS:
		return add_text(w, given, member);
	case OPTION_FIELD:
		o->fields[o->field_count++] = given->value;
		return true;
	case OPTION_DATA:
	case OPTION_DATA_FILE:
		return add_data(w, given);
	}
	return false;
}

/* The next word as the value of an option that was given without one. */
static bool
take_value(struct words *w, struct given *given)
{
	if (w->at == w->count)
		return usage_refuse(w->problem, "--%s: %s is missing",
		    given->row->name, given->row->arg);
	given->value = w->words[w->at++];
	return true;
}

static bool
refuse_letter(struct words *w, char letter, const char *word)
{
	const char *hint = option_hint_letter(letter);
	char candidates[OPTION_CANDIDATES_MAX];
	bool is_long =
	    option_find_name(slice_str(word + 1), candidates) != NULL;
	char space[USAGE_SHOWN_MAX];

	(void)usage_shown(&letter, 1, space);
	if (hint != NULL)
		return usage_refuse(
		    w->problem, "unknown option '-%s': %s", space, hint);
	if (is_long && strlen(word) > 2)
		return usage_refuse(w->problem,
		    "unknown option '-%s'; did you mean '-%s'?", space, word);
	return usage_refuse(w->problem, "unknown option '-%s'", space);
}

/* A word such as "-qv", "-c200" or "-c". */
static bool
parse_letters(struct words *w, const char *word)
{
	for (const char *at = word + 1; *at != '\0'; at++) {
		struct given given = {
			.row = option_find_letter(*at),
			.value = "",
			.is_letter = true,
		};

		if (given.row == NULL)
			return refuse_letter(w, *at, word);
		if (given.row->arg == NULL) {
			if (!apply(w, &given))
				return false;
			continue;
		}
		given.value = at + 1;
		if (at[1] == '\0' && !take_value(w, &given))
			return false;
		return apply(w, &given);
	}
	return true;
}

static bool
refuse_name(struct words *w, struct slice name, const char *candidates)
{
	const char *hint = option_hint_name(name);
	const char *nearest = option_nearest(name);
	char space[USAGE_SHOWN_MAX];

	(void)usage_shown((const char *)name.ptr, name.len, space);
	if (candidates[0] != '\0')
		return usage_refuse(
		    w->problem, "option '--%s' may mean %s", space, candidates);
	if (hint != NULL)
		return usage_refuse(
		    w->problem, "unknown option '--%s': %s", space, hint);
	if (nearest != NULL)
		return usage_refuse(w->problem,
		    "unknown option '--%s'; did you mean '--%s'?", space,
		    nearest);
	return usage_refuse(w->problem, "unknown option '--%s'", space);
}

/* A word such as "--dir" or "--dir=DIR". */
static bool
parse_name(struct words *w, const char *word)
{
	struct slice text = slice_str(word + 2);
	size_t equals = slice_find(text, '=');
	struct slice name = slice_first(text, equals);
	char candidates[OPTION_CANDIDATES_MAX];
	struct given given = {
		.row = option_find_name(name, candidates),
		.value = "",
	};

	if (given.row == NULL)
		return refuse_name(w, name, candidates);
	if (given.row->arg == NULL && equals < text.len)
		return usage_refuse(
		    w->problem, "--%s takes no value", given.row->name);
	if (given.row->arg != NULL && equals < text.len)
		given.value = word + 2 + equals + 1;
	else if (given.row->arg != NULL && !take_value(w, &given))
		return false;
	return apply(w, &given);
}

static bool
parse_words(struct words *w)
{
	struct options *o = w->options;
	bool is_ended = false; /* after "--" */

	while (w->at < w->count && !o->is_help && !o->is_version) {
		const char *word = w->words[w->at++];

		if (is_ended || word[0] != '-' || word[1] == '\0') {
			if (word[0] == '\0')
				return usage_refuse(
				    w->problem, "a LIST has an empty name");
			o->lists[o->list_count++] = word;
		} else if (strcmp(word, "--") == 0) {
			is_ended = true;
		} else if (word[1] == '-') {
			if (!parse_name(w, word))
				return false;
		} else if (!parse_letters(w, word)) {
			return false;
		}
	}
	return true;
}

static bool
is_stdout(const char *file)
{
	return file != NULL && strcmp(file, "-") == 0;
}

static void
conclude_ways(struct options *o)
{
	struct bulkfetch_options *fetch = &o->fetch;

	fetch->resolves = o->resolves.items;
	fetch->resolve_count = o->resolves.count;
	fetch->connect_tos = o->connect_tos.items;
	fetch->connect_to_count = o->connect_tos.count;
	fetch->interfaces = o->interfaces.items;
	fetch->interface_count = o->interfaces.count;
	if (o->is_ipv4)
		fetch->family = BULKFETCH_FAMILY_IPV4;
	if (o->is_ipv6)
		fetch->family = BULKFETCH_FAMILY_IPV6;
}

/* What follows from the options as they were given. */
static void
conclude(struct options *o)
{
	const char *method = o->fetch.method;

	o->fetch.fields = o->fields;
	o->fetch.field_count = o->field_count;
	conclude_ways(o);
	if (o->is_fail_early)
		o->fetch.max_errors = 1;
	if (method != NULL && strcmp(method, "HEAD") == 0)
		o->is_head = true;
	o->is_to_stdout = is_stdout(o->output);
	o->has_stdout =
	    o->is_to_stdout || is_stdout(o->log) || is_stdout(o->failed);
	if (!o->is_to_stdout)
		o->tree.name_template = o->output;
	o->is_resumed =
	    o->is_resume || o->is_resume_failed || o->is_retry_failed;
	if (o->is_resume_failed)
		o->resume_how = BULKFETCH_RESUME_FAILED;
	if (o->is_retry_failed)
		o->resume_how = BULKFETCH_RETRY_FAILED;
}

/* Room for what gathers: no word is more than one of it. */
static bool
reserve(struct options *o, size_t words)
{
	const char ***const arrays[] = { &o->lists, &o->fields,
		&o->resolves.items, &o->connect_tos.items,
		&o->interfaces.items };

	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		*arrays[i] = calloc(words + 1, sizeof(**arrays[i]));
		if (*arrays[i] == NULL)
			return false;
	}
	o->data = calloc(words + 1, sizeof(*o->data));
	return o->data != NULL;
}

bool
options_parse(struct options *o, const char *const *words, size_t count,
    struct bulkfetch_problem *problem)
{
	struct words w = {
		.words = words,
		.count = count,
		.options = o,
		.problem = problem,
	};

	*o = (struct options){ .progress = PROGRESS_AUTO };
	bulkfetch_options_init(&o->fetch);
	if (!reserve(o, count))
		return refuse_memory(problem);
	if (!parse_words(&w))
		return false;
	if (o->is_help || o->is_version)
		return true;
	conclude(o);
	if (!conflicts_check(o, problem))
		return false;
	if (o->is_head)
		o->fetch.method = "HEAD";
	return true;
}

void
options_fini(struct options *o)
{
	free(o->lists);
	free(o->fields);
	free(o->resolves.items);
	free(o->connect_tos.items);
	free(o->interfaces.items);
	free(o->dns_text);
	free(o->data);
	free(o->body);
	*o = (struct options){ 0 };
}
