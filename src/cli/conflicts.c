#include "cli/conflicts.h"

#include <string.h>

#include "base/slice.h"
#include "cli/usage.h"

/* Two things that may have been asked for, and what is said if both were. */
struct pair {
	bool is_first;
	bool is_second;
	const char *text;
};

/* The table ends with a row without a text. */
static bool
check_pairs(const struct pair *pairs, struct bulkfetch_problem *problem)
{
	for (; pairs->text != NULL; pairs++) {
		if (pairs->is_first && pairs->is_second)
			return usage_refuse(problem, "%s", pairs->text);
	}
	return true;
}

/* -I and -X HEAD are the same, and bring neither body nor file. */
static bool
check_head(const struct options *o, struct bulkfetch_problem *problem)
{
	const char *method = o->fetch.method;
	const struct pair pairs[] = {
		{ o->is_head, method != NULL && strcmp(method, "HEAD") != 0,
		    "--head asks for HEAD and --request for another method" },
		{ o->is_head, o->data_count > 0,
		    "--head: a HEAD request has no data" },
		{ o->is_head, o->output != NULL,
		    "--head writes no files, so --output means nothing; "
		    "results are in --log" },
		{ o->is_head, o->tree.skip_existing,
		    "--head writes no files, so --skip-existing means "
		    "nothing" },
		{ o->is_head, o->tree.is_update,
		    "--head writes no files, so --update means nothing" },
		{ o->is_head, o->tree.is_timestamping,
		    "--head writes no files, so --timestamping means "
		    "nothing" },
		{ o->is_head, o->tree.sets_mtime,
		    "--head writes no files, so --remote-time means nothing" },
		{ o->is_head, o->is_durable,
		    "--head writes no files, so --durable means nothing" },
		{ .text = NULL },
	};

	return check_pairs(pairs, problem);
}

static bool
is_stdout(const char *file)
{
	return file != NULL && strcmp(file, "-") == 0;
}

/* At most one thing may be written to standard output. */
static bool
check_stdout(const struct options *o, struct bulkfetch_problem *problem)
{
	const struct pair pairs[] = {
		{ o->is_to_stdout, is_stdout(o->log),
		    "--output and --log cannot both be standard output" },
		{ o->is_to_stdout, is_stdout(o->failed),
		    "--output and --failed cannot both be standard output" },
		{ is_stdout(o->log), is_stdout(o->failed),
		    "--log and --failed cannot both be standard output" },
		{ o->is_to_stdout, o->tree.skip_existing,
		    "--skip-existing: there are no files with --output -" },
		{ o->is_to_stdout, o->tree.is_update,
		    "--update: there are no files with --output -" },
		{ o->is_to_stdout, o->tree.is_timestamping,
		    "--timestamping: there are no files with --output -" },
		{ o->is_to_stdout, o->tree.sets_mtime,
		    "--remote-time: there are no files with --output -" },
		{ o->is_to_stdout, o->is_durable,
		    "--durable: there are no files with --output -" },
		{ .text = NULL },
	};

	return check_pairs(pairs, problem);
}

/* The file that is there must be what the URL would bring, or has brought. */
static bool
check_files(const struct options *o, struct bulkfetch_problem *problem)
{
	const struct bulkfetch_tree_options *tree = &o->tree;
	const struct pair pairs[] = {
		{ tree->skip_existing, o->fetch.fail_with_body,
		    "--skip-existing would take the bodies of failures that "
		    "--fail-with-body stores for the real ones" },
		{ tree->is_update, o->fetch.fail_with_body,
		    "--update would take the bodies of failures that "
		    "--fail-with-body stores for the real ones" },
		{ tree->is_timestamping, o->fetch.fail_with_body,
		    "--timestamping would take the bodies of failures that "
		    "--fail-with-body stores for the real ones" },
		{ tree->is_update, tree->skip_existing,
		    "--update asks whether a file has changed, and "
		    "--skip-existing does not want to know" },
		{ tree->is_timestamping, tree->skip_existing,
		    "--timestamping asks whether a file has changed, and "
		    "--skip-existing does not want to know" },
		{ tree->is_update, tree->is_timestamping,
		    "--update and --timestamping are two ways to tell what "
		    "has changed; one is enough" },
		{ .text = NULL },
	};

	return check_pairs(pairs, problem);
}

/*
 * Whether a name that the template makes tells whose it is, in any run: the
 * hash of the URL does; its number, as long as the list is the same.
 */
static bool
has_hash(const char *template)
{
	return strstr(template, "%{hash}") != NULL;
}

static bool
has_number(const char *template)
{
	return strstr(template, "%{n}") != NULL ||
	    strstr(template, "%{n:") != NULL;
}

/*
 * Within a run no file is replaced by another URL's; between runs only a name
 * that tells whose it is can see to that.
 */
static bool
check_template(const struct options *o, struct bulkfetch_problem *problem)
{
	const char *template = o->tree.name_template;
	bool tells = template == NULL || has_hash(template);
	bool tells_in_list = tells || has_number(template);
	const struct pair pairs[] = {
		{ o->tree.skip_existing, !tells_in_list,
		    "--skip-existing: another URL's file may have that name; "
		    "use %{hash} or %{n} in --output" },
		{ o->is_resumed, !tells_in_list,
		    "a resumed run might replace files of the run before by "
		    "those of other URLs; use %{hash} or %{n} in --output" },
		{ o->tree.is_update, !tells,
		    "--update: another URL's file may have that name; use "
		    "%{hash} in --output" },
		{ o->tree.is_timestamping, !tells,
		    "--timestamping: another URL's file may have that name; "
		    "use %{hash} in --output" },
		{ .text = NULL },
	};

	return check_pairs(pairs, problem);
}

/* Whether a field of the user's is ours to send where it is conditional. */
static bool
is_conditional(const char *text)
{
	static const char *const names[] = { "range", "if-range", "if-match",
		"if-none-match", "if-modified-since", "if-unmodified-since" };
	struct slice field = slice_str(text);
	size_t end = slice_find(field, ':');
	struct slice name;

	if (end == field.len)
		end = slice_find(field, ';');
	name = slice_trim(slice_first(field, end));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_eq_nocase_str(name, names[i]))
			return true;
	}
	return false;
}

/* Only what GET brings whole can be asked for again if it has changed. */
static bool
check_conditions(const struct options *o, struct bulkfetch_problem *problem)
{
	const char *method = o->fetch.method;
	const char *option = o->tree.is_update ? "--update" : "--timestamping";
	char space[USAGE_SHOWN_MAX];

	if (!o->tree.is_update && !o->tree.is_timestamping)
		return true;
	if (o->data_count > 0 || (method != NULL && strcmp(method, "GET") != 0))
		return usage_refuse(
		    problem, "%s works with GET requests alone", option);
	for (size_t i = 0; i < o->field_count; i++) {
		const char *field = o->fields[i];

		if (is_conditional(field))
			return usage_refuse(problem,
			    "%s makes requests conditional itself; it cannot "
			    "be with --header '%s'",
			    option, usage_shown(field, strlen(field), space));
	}
	return true;
}

/* The name of the way in which a run is resumed. */
static const char *
resume_name(const struct options *o)
{
	if (o->is_retry_failed)
		return "--retry-failed";
	return o->is_resume_failed ? "--resume-failed" : "--resume";
}

static bool
check_resume(const struct options *o, struct bulkfetch_problem *problem)
{
	const struct pair pairs[] = {
		{ o->is_resume, o->is_resume_failed,
		    "--resume leaves failures alone and --resume-failed tries "
		    "them again; give one of them" },
		{ o->is_resume, o->is_retry_failed,
		    "--resume leaves failures alone and --retry-failed tries "
		    "them again; give one of them" },
		{ o->is_resume_failed, o->is_retry_failed,
		    "--resume-failed goes on with the lists and "
		    "--retry-failed does not read them; give one of them" },
		{ .text = NULL },
	};
	const char *name = resume_name(o);
	char space[USAGE_SHOWN_MAX];

	if (!check_pairs(pairs, problem))
		return false;
	if (!o->is_resumed)
		return true;
	if (o->log == NULL)
		return usage_refuse(problem,
		    "%s needs the log of the run before: --log FILE", name);
	if (is_stdout(o->log))
		return usage_refuse(problem,
		    "%s reads the log, which cannot be standard output", name);
	if (o->is_retry_failed && o->list_count > 0)
		return usage_refuse(problem,
		    "--retry-failed takes its URLs from the log alone, so "
		    "there can be no LIST '%s'",
		    usage_shown(o->lists[0], strlen(o->lists[0]), space));
	return true;
}

static bool
check_durable(const struct options *o, struct bulkfetch_problem *problem)
{
	if (!o->is_durable || (o->log != NULL && !is_stdout(o->log)))
		return true;
	return usage_refuse(problem,
	    "--durable is about what the log says: it needs --log FILE%s",
	    o->log != NULL ? ", not standard output" : "");
}

/* Where connections go to can be said in one way. */
static bool
check_ways(const struct options *o, struct bulkfetch_problem *problem)
{
	const struct bulkfetch_options *fetch = &o->fetch;
	bool has_list = fetch->address_list != NULL;
	bool has_socket = fetch->unix_socket != NULL;
	bool has_proxy = o->proxy != NULL && o->proxy[0] != '\0';
	const struct pair pairs[] = {
		{ o->is_ipv4, o->is_ipv6,
		    "--ipv4 and --ipv6 together leave no addresses; without "
		    "either, both kinds are used" },
		{ has_list, has_socket,
		    "--address-list and --unix-socket are two places to "
		    "connect to; give one of them" },
		{ has_list, o->connect_tos.count > 0,
		    "--address-list says where to connect to for every host, "
		    "so --connect-to means nothing" },
		{ has_list, o->resolves.count > 0,
		    "--address-list says where to connect to for every host, "
		    "so --resolve means nothing" },
		{ has_list, has_proxy,
		    "--address-list connects to its addresses and --proxy to "
		    "the proxy; give one of them" },
		{ has_socket, o->connect_tos.count > 0,
		    "--unix-socket says where to connect to for every host, "
		    "so --connect-to means nothing" },
		{ has_socket, o->resolves.count > 0,
		    "--unix-socket says where to connect to for every host, "
		    "so --resolve means nothing" },
		{ has_socket, o->interfaces.count > 0,
		    "--unix-socket goes by no interface, so --interface means "
		    "nothing" },
		{ has_socket, has_proxy,
		    "--unix-socket connects to the socket and --proxy to the "
		    "proxy; give one of them" },
		{ .text = NULL },
	};

	return check_pairs(pairs, problem);
}

static bool
check_tls(const struct options *o, struct bulkfetch_problem *problem)
{
	const struct bulkfetch_options *fetch = &o->fetch;
	bool has_cert = fetch->cert_file != NULL;
	const struct pair pairs[] = {
		{ fetch->key_file != NULL, !has_cert,
		    "--key is the key of a certificate: it needs --cert" },
		{ fetch->pass_file != NULL, !has_cert,
		    "--pass-file is for the key of a certificate: it needs "
		    "--cert" },
		{ .text = NULL },
	};

	return check_pairs(pairs, problem);
}

bool
conflicts_check(const struct options *o, struct bulkfetch_problem *problem)
{
	return check_head(o, problem) && check_stdout(o, problem) &&
	    check_files(o, problem) && check_template(o, problem) &&
	    check_conditions(o, problem) && check_resume(o, problem) &&
	    check_durable(o, problem) && check_ways(o, problem) &&
	    check_tls(o, problem);
}
