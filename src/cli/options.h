/*
 * options - the words of the command line as values, checked.
 *
 * GNU style: options and LISTs in any order, `--opt=value` and `--opt value`,
 * `-dDIR`, `-qv`, unambiguous beginnings of long names, `--` before words that
 * begin with '-'.  Options given twice: the last one counts, but for those that
 * gather (--header, --data, --resolve, --connect-to, --interface, --verbose).
 * What cannot be had together is refused
 * (cli/conflicts.h).
 *
 * Pure: looks at the words alone, no file and no environment.  Texts are
 * borrowed from the words.
 */
#ifndef BULKFETCH_CLI_OPTIONS_H
#define BULKFETCH_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bulkfetch.h"
#include "cli/progress.h"

/* A piece of the request's body, in the order given. */
struct options_data {
	const char *text; /* the octets, or the name of the file with them */
	bool is_file;
};

/* The values of an option that gathers, in the order given. */
struct options_texts {
	const char **items; /* owned array */
	size_t count;
};

struct options {
	struct bulkfetch_options fetch; /* the body by inputs_load() */
	struct bulkfetch_tree_options tree;
	const char **lists; /* owned array */
	size_t list_count;
	const char **fields; /* owned array; also in `fetch` */
	size_t field_count;
	struct options_data *data; /* owned array */
	size_t data_count;
	struct options_texts resolves; /* also in `fetch`, as the next two */
	struct options_texts connect_tos;
	struct options_texts interfaces;
	char *dns_text; /* owned: --dns-servers, cut into these, which are in
			 * `fetch` as well */
	const char *dns_servers[BULKFETCH_DNS_SERVERS_MAX];
	bool is_ipv4; /* as given; at most one of the two */
	bool is_ipv6;
	const char *proxy;  /* as given: "" for none, or NULL; the proxies of
			     * `fetch` are by environment_apply() */
	void *body;         /* owned, made by inputs_load() */
	const char *output; /* as given: a template, "-", or NULL */
	bool is_to_stdout;  /* --output - */
	bool has_stdout;    /* bodies or records go to standard output */
	bool is_head;       /* nothing is stored */
	bool is_fail_early;
	const char *log;
	const char *failed;
	bool is_resume; /* as given; at most one of these three */
	bool is_resume_failed;
	bool is_retry_failed;
	bool is_resumed; /* one of them, and this one: */
	enum bulkfetch_resume_how resume_how;
	bool is_durable;
	enum progress_mode progress;
	unsigned verbosity; /* how often -v was given */
	bool is_quiet;
	bool is_silent;
	bool is_help;    /* nothing behind it was looked at, */
	bool is_version; /* here neither */
};

/*
 * Read `words`, which do not include the program's name.  False with `*problem`
 * when they are wrong or memory is short (not is_usage).  options_fini() is due
 * in either case.
 */
bool options_parse(struct options *o, const char *const *words, size_t count,
    struct bulkfetch_problem *problem);

void options_fini(struct options *o);

#endif
