#include "cli/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/num.h"
#include "cli/option_table.h"

#define SHOWN_MAX 160 /* of a word, in a message */

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

static bool refuse(struct bulkfetch_problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
refuse(struct bulkfetch_problem *problem, const char *format, ...)
{
	va_list args;

	*problem = (struct bulkfetch_problem){ .is_usage = true };
	va_start(args, format);
	(void)vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	return false;
}

static const char *
shown(const char *word, size_t len, char space[SHOWN_MAX])
{
	struct bulkfetch_text text = { .ptr = word, .len = len };

	return bulkfetch_escape(text, space, SHOWN_MAX);
}

/* The value is wrong: say which it was and what it should have been. */
static bool
refuse_value(struct words *w, const struct given *given, const char *expected)
{
	const char *note = given->is_letter ? given->row->letter_note : NULL;
	char space[SHOWN_MAX];

	if (ascii_is_digit((uint8_t)given->value[0]))
		note = NULL;
	return refuse(w->problem, "--%s: '%s' is not %s%s%s%s",
	    given->row->name, shown(given->value, strlen(given->value), space),
	    expected, note != NULL ? " (" : "", note != NULL ? note : "",
	    note != NULL ? ")" : "");
}

static bool
refuse_number(struct words *w, const struct given *given)
{
	char expected[64];

	if (given->row->max == UINT64_MAX)
		return refuse_value(w, given, "a number from 1 on");
	(void)snprintf(expected, sizeof(expected), "a number from 1 to %llu",
	    (unsigned long long)given->row->max);
	return refuse_value(w, given, expected);
}

static bool
refuse_seconds(struct words *w, const struct given *given)
{
	char expected[64];

	(void)snprintf(expected, sizeof(expected),
	    "a number of seconds from 0 (none) to %llu",
	    (unsigned long long)(BULKFETCH_DURATION_MAX_MS / 1000));
	return refuse_value(w, given, expected);
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
	char space[SHOWN_MAX];

	if (!is_file && given->value[0] == '@')
		return refuse(w->problem,
		    "--data: '%s' is not read from a file; see --data-file",
		    shown(given->value, strlen(given->value), space));
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
	case OPTION_COUNT:
		++*(unsigned *)member;
		return true;
	case OPTION_NUMBER: {
		uint64_t number;

		if (!num_parse_u64(text, given->row->max, &number) ||
		    number == 0)
			return refuse_number(w, given);
		*(uint64_t *)member = number;
		return true;
	}
	case OPTION_SECONDS:
		return num_parse_seconds(text, BULKFETCH_DURATION_MAX_MS,
			   (uint64_t *)member) ||
		    refuse_seconds(w, given);
	case OPTION_SIZE:
		return num_parse_size(text, UINT64_MAX, (uint64_t *)member) ||
		    refuse_value(w, given,
			"a size in octets, such as 1000000, 500K or 2G");
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
		return refuse(w->problem, "--%s: %s is missing",
		    given->row->name, given->row->arg);
	given->value = w->words[w->at++];
	return true;
}

static bool
refuse_letter(struct words *w, char letter, const char *word)
{
	const char *hint = option_hint_letter(letter);
	bool is_long = option_find_name(
			   slice_str(word + 1), (char[512]){ 0 }, 512) != NULL;
	char space[SHOWN_MAX];

	(void)shown(&letter, 1, space);
	if (hint != NULL)
		return refuse(
		    w->problem, "unknown option '-%s': %s", space, hint);
	if (is_long && strlen(word) > 2)
		return refuse(w->problem,
		    "unknown option '-%s'; did you mean '-%s'?", space, word);
	return refuse(w->problem, "unknown option '-%s'", space);
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
	char space[SHOWN_MAX];

	(void)shown((const char *)name.ptr, name.len, space);
	if (candidates[0] != '\0')
		return refuse(
		    w->problem, "option '--%s' may mean %s", space, candidates);
	if (hint != NULL)
		return refuse(
		    w->problem, "unknown option '--%s': %s", space, hint);
	if (nearest != NULL)
		return refuse(w->problem,
		    "unknown option '--%s'; did you mean '--%s'?", space,
		    nearest);
	return refuse(w->problem, "unknown option '--%s'", space);
}

/* A word such as "--dir" or "--dir=DIR". */
static bool
parse_name(struct words *w, const char *word)
{
	struct slice text = slice_str(word + 2);
	size_t equals = slice_find(text, '=');
	struct slice name = slice_first(text, equals);
	char candidates[256];
	struct given given = {
		.row = option_find_name(name, candidates, sizeof(candidates)),
		.value = "",
	};

	if (given.row == NULL)
		return refuse_name(w, name, candidates);
	if (given.row->arg == NULL && equals < text.len)
		return refuse(
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
				return refuse(
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

/* -I and -X HEAD are the same, and bring neither body nor file. */
static bool
check_head(struct options *o, struct bulkfetch_problem *problem)
{
	const char *method = o->fetch.method;

	if (method != NULL && strcmp(method, "HEAD") == 0)
		o->is_head = true;
	if (!o->is_head)
		return true;
	if (method != NULL && strcmp(method, "HEAD") != 0)
		return refuse(problem,
		    "--head asks for HEAD and --request for another method");
	o->fetch.method = "HEAD";
	if (o->data_count > 0)
		return refuse(problem, "--head: a HEAD request has no data");
	if (o->output != NULL)
		return refuse(problem,
		    "--head writes no files, so --output means nothing; "
		    "results are in --log");
	if (o->tree.skip_existing)
		return refuse(problem,
		    "--head writes no files, so --skip-existing means nothing");
	return true;
}

/* At most one thing may be written to standard output. */
static bool
check_stdout(struct options *o, struct bulkfetch_problem *problem)
{
	bool has_log = o->log != NULL && strcmp(o->log, "-") == 0;
	bool has_failed = o->failed != NULL && strcmp(o->failed, "-") == 0;

	o->is_to_stdout = o->output != NULL && strcmp(o->output, "-") == 0;
	o->has_stdout = o->is_to_stdout || has_log || has_failed;
	if (!o->is_to_stdout)
		o->tree.name_template = o->output;
	if (o->is_to_stdout && has_log)
		return refuse(problem,
		    "--output and --log cannot both be standard output");
	if (o->is_to_stdout && has_failed)
		return refuse(problem,
		    "--output and --failed cannot both be standard output");
	if (has_log && has_failed)
		return refuse(problem,
		    "--log and --failed cannot both be standard output");
	if (o->is_to_stdout && o->tree.skip_existing)
		return refuse(problem,
		    "--skip-existing: there are no files with --output -");
	return true;
}

/*
 * Whether a name that the template makes tells whose it is: by the hash of the
 * URL, or by its number, as long as the list is the same.
 */
static bool
names_tell_urls(const char *template)
{
	return strstr(template, "%{hash}") != NULL ||
	    strstr(template, "%{n}") != NULL ||
	    strstr(template, "%{n:") != NULL;
}

/* What is there must be what the URL would bring. */
static bool
check_skip(const struct options *o, struct bulkfetch_problem *problem)
{
	if (!o->tree.skip_existing)
		return true;
	if (o->tree.name_template != NULL &&
	    !names_tell_urls(o->tree.name_template))
		return refuse(problem,
		    "--skip-existing: another URL's file may have that name; "
		    "use %%{hash} or %%{n} in --output");
	if (o->fetch.fail_with_body)
		return refuse(problem,
		    "--skip-existing would take the bodies of failures that "
		    "--fail-with-body stores for the real ones");
	return true;
}

static void
finish(struct options *o)
{
	o->fetch.concurrency = (unsigned)o->concurrency;
	o->fetch.fields = o->fields;
	o->fetch.field_count = o->field_count;
	if (o->is_fail_early)
		o->fetch.max_errors = 1;
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
	o->concurrency = o->fetch.concurrency;
	/* No word is more than one LIST, field or piece of data. */
	o->lists = calloc(count + 1, sizeof(*o->lists));
	o->fields = calloc(count + 1, sizeof(*o->fields));
	o->data = calloc(count + 1, sizeof(*o->data));
	if (o->lists == NULL || o->fields == NULL || o->data == NULL) {
		*problem = (struct bulkfetch_problem){ .sys = ENOMEM,
			.text = "out of memory" };
		return false;
	}
	if (!parse_words(&w))
		return false;
	if (o->is_help || o->is_version)
		return true;
	if (!check_head(o, problem) || !check_stdout(o, problem) ||
	    !check_skip(o, problem))
		return false;
	finish(o);
	return true;
}

void
options_fini(struct options *o)
{
	free(o->lists);
	free(o->fields);
	free(o->data);
	free(o->body);
	*o = (struct options){ 0 };
}
