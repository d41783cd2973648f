/*
 * bulkfetch - fetch many URLs over a fixed number of connections.
 *
 * A run takes requests from a *source*, keeps `concurrency` connections busy
 * with them, hands each response to a *collector* and tells an *observer* how
 * each request ended, exactly once.  Give your own of each, or take those
 * at the end of this file: lists of URLs, a file tree, a stream, a log.
 *
 *	struct bulkfetch_options options;
 *	struct bulkfetch *run;
 *
 *	bulkfetch_options_init(&options);
 *	run = bulkfetch_new(&options, &source, &collector, &observer, &problem);
 *	if (run != NULL)
 *		end = bulkfetch_run(run);
 *	bulkfetch_free(run);
 *
 * Everything happens on the thread that calls bulkfetch_run(); only
 * bulkfetch_stop() and bulkfetch_wake() may be called from elsewhere, from
 * signal handlers too.  The library sets no signal's disposition; descriptors
 * that it opens are close-on-exec; bulkfetch_new() raises the soft limit of
 * descriptors (RLIMIT_NOFILE) to the hard one.  Sizes are octets, times
 * milliseconds.
 * Texts are octets with a length, not terminated and not checked for UTF-8,
 * where they may come from a list or a peer; `const char *` without a length is
 * a C string.
 */
#ifndef BULKFETCH_H
#define BULKFETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BULKFETCH_VERSION "0.1.0"

struct bulkfetch;

struct bulkfetch_text {
	const char *ptr;
	size_t len;
};

/* Why something could not be begun, in words for the user. */
struct bulkfetch_problem {
	int sys;       /* errno behind it, or 0 */
	bool is_usage; /* what was asked for is wrong, rather than the system */
	char text[512]; /* without a newline; octets from outside escaped */
};

/* ---- Where requests come from ------------------------------------------- */

enum bulkfetch_next {
	BULKFETCH_ITEM,    /* `*item` is set */
	BULKFETCH_PENDING, /* nothing yet: see fd() */
	BULKFETCH_END,     /* nothing more, ever */
	BULKFETCH_ERROR,   /* the source broke: item->problem, item->sys */
};

/* One request.  Texts are lent until the next call of next(). */
struct bulkfetch_item {
	struct bulkfetch_text url;
	uint64_t n;          /* its number in the run, the key of the log */
	const char *list;    /* name of the list it stands in, or NULL; must
			      * live as long as the run */
	uint64_t line;       /* line in that list, from 1; 0 without a list */
	const char *problem; /* not NULL: it fails at once, for this reason */
	bool is_cut;         /* with a problem: `url` is only its beginning */
	int sys;             /* BULKFETCH_ERROR: errno, or 0 */
	void *user;          /* given back with the result */
};

/*
 * An iterator.  next() must not block; it is called only when a connection
 * can take work, and never again after END or ERROR.
 */
struct bulkfetch_source {
	void *ctx;
	enum bulkfetch_next (*next)(void *ctx, struct bulkfetch_item *item);
	/* After PENDING: a descriptor that will be readable when it is worth
	 * asking again, or -1 when bulkfetch_wake() will be called.  May be
	 * NULL for a source that is never PENDING. */
	int (*fd)(void *ctx);
	/* How much of the list has been read, of how much, in octets; false
	 * when that cannot be known.  May be NULL. */
	bool (*position)(void *ctx, uint64_t *done, uint64_t *total);
	/* May be NULL. */
	void (*free)(void *ctx);
};

/* ---- Where responses go ------------------------------------------------- */

/* A request that could be parsed.  Texts are lent for the call. */
struct bulkfetch_request {
	uint64_t n;
	struct bulkfetch_text url; /* normalised, without userinfo, fragment */
	struct bulkfetch_text scheme;
	struct bulkfetch_text host;      /* without brackets */
	struct bulkfetch_text authority; /* host[:port], as in the URL */
	struct bulkfetch_text path;
	struct bulkfetch_text query; /* ptr is NULL when there is no '?' */
	struct bulkfetch_text userinfo;
	uint16_t port;
	void *user;
};

#define BULKFETCH_LENGTH_UNKNOWN UINT64_MAX

/* The head of a final response.  Lent for the call. */
struct bulkfetch_response {
	const struct bulkfetch_request *request;
	unsigned status;
	uint64_t length; /* of the body, or BULKFETCH_LENGTH_UNKNOWN */
	struct bulkfetch_text head; /* status line to empty line */
	struct bulkfetch_text url;  /* that it came from, after redirects */
	uint64_t offset; /* the body's octets begin here; `length`, if known,
			  * counts those before as well */
	bool is_decoded; /* the octets to come are not those that Content-Length
			  * and Content-Encoding in `head` are about: the codings
			  * are undone */
};

/* What is there of a response from before, and which version of it. */
struct bulkfetch_copy {
	bool is_whole;  /* else `len` octets from its beginning on */
	uint64_t len;   /* octets */
	uint64_t total; /* of the whole, or BULKFETCH_LENGTH_UNKNOWN */
	struct bulkfetch_text etag; /* as in the response; empty: none */
	struct bulkfetch_text last_modified; /* the same */
	struct bulkfetch_text url; /* that it came from, after redirects;
				    * empty: the request's own */
};

/* What became of a body. */
struct bulkfetch_stored {
	const char *file; /* its name, or NULL; lent until the next call */
	bool is_moved;    /* another name than its URL's own, which was taken */
};

/*
 * Called as  begin -> write* -> commit | abort  for each response to store,
 * with  suspend -> resume -> write*  in between when it ended early and is
 * being continued.
 * Responses interleave; `body` tells them apart.  Functions that can fail
 * return 0 or an errno value, which fails that request; EMFILE, ENFILE and
 * ENOBUFS make the run close something and ask again later instead.
 * None may block for longer than a local file does.
 */
struct bulkfetch_collector {
	void *ctx;
	/* Before the request is sent: return 1 if the response is there from
	 * an earlier run, with `*stored`, so that it is not fetched; 0; or
	 * -errno.  May be NULL. */
	int (*has)(void *ctx, const struct bulkfetch_request *request,
	    struct bulkfetch_stored *stored);
	/* Before the request is sent: return 1 with `*copy` (lent until the
	 * next call) to ask only for a newer version of a whole copy, or for
	 * the rest of a partial one; 0; or -errno.  May be NULL. */
	int (*current)(void *ctx, const struct bulkfetch_request *request,
	    struct bulkfetch_copy *copy);
	/* The whole copy that current() has told of is still current.  May be
	 * NULL without current(). */
	int (*keep)(void *ctx, const struct bulkfetch_request *request,
	    struct bulkfetch_stored *stored);
	/* `*body` is the collector's own handle.  After a failure neither
	 * commit() nor abort() follows.  With an `offset` the partial copy of
	 * current() is continued; ESTALE if it is not there any more. */
	int (*begin)(
	    void *ctx, const struct bulkfetch_response *response, void **body);
	/* All of `data` is to be taken.  `is_last`: it completes the body
	 * (known in good time only when the length is; an empty body of known
	 * length is one empty last write). */
	int (*write)(
	    void *ctx, void *body, struct bulkfetch_text data, bool is_last);
	/* A descriptor that takes the rest of the body by splice(2), or -1.
	 * May be NULL. */
	int (*fd)(void *ctx, void *body);
	/* The response has ended early and may be continued: close what is
	 * open, keep what was written.  False if that cannot be: abort()
	 * follows.  May be NULL. */
	bool (*suspend)(void *ctx, void *body);
	/* Go on behind the first `len` octets, which is all that was written.
	 * ESTALE if they are not there any more; abort() follows a failure. */
	int (*resume)(void *ctx, void *body, uint64_t len);
	/* The body is whole.  Ends the use of `body`, failing or not. */
	int (*commit)(void *ctx, void *body, struct bulkfetch_stored *stored);
	/* The body will never be whole: leave nothing behind.  Ends the use of
	 * `body`. */
	void (*abort)(void *ctx, void *body);
	/* The body will not be whole in this run: as abort(), but what
	 * current() could tell of in the next one may stay.  NULL: abort()
	 * instead. */
	void (*leave)(void *ctx, void *body);
	/* Descriptors are short: close what can be opened again.  May be
	 * NULL. */
	void (*shrink)(void *ctx);
	/* The run is over: write what is to outlast it.  An errno value is told
	 * as an error, and the run's end is BULKFETCH_END_OUTPUT unless it was
	 * stopped.  May be NULL. */
	int (*finish)(void *ctx);
	/* May be NULL. */
	void (*free)(void *ctx);
};

/* ---- What is told ------------------------------------------------------- */

/* How one request ended.  Texts are lent for the call. */
struct bulkfetch_result {
	uint64_t n;
	const char *list; /* as in the item */
	uint64_t line;
	struct bulkfetch_text url;  /* as in the list, not normalised */
	struct bulkfetch_text host; /* authority, empty for a bad URL */
	bool is_url_cut;
	bool ok;
	bool is_skipped;     /* ok, because the collector had it */
	bool is_unchanged;   /* ok, because the copy there is current */
	unsigned status;     /* of the response; 0 when there was none */
	const char *error;   /* NULL when ok, else one word: "timeout" */
	const char *message; /* NULL when ok, else for people */
	const char *stage;   /* where it ended: "url" "dns" "connect"
			      * "handshake" (a proxy's) "tls" "send" "head"
			      * "body" "file"; NULL when ok */
	int sys;             /* errno behind the failure, or 0 */
	const char *file;    /* NULL when nothing was stored */
	bool is_moved;
	uint64_t bytes;     /* of the body, decoded: all of it when it was
			     * stored */
	uint64_t received;  /* octets of bodies that came for it in this run, in
			     * all the tries */
	unsigned tries;     /* requests begun for it, 0 when none, those after
			    * redirects not counted */
	unsigned redirects; /* that led to the last response */
	struct bulkfetch_text final_url; /* after them; empty without */
	uint64_t continued_at; /* octets at the beginning of `bytes` that an
				* earlier try, or run, had fetched; 0: none */
	const char *ip;        /* numeric address connected to, or NULL */
	struct bulkfetch_text proxy; /* that the last request went by, as
				      * "http://host:port"; empty for none */
	int64_t queued_ms;           /* from the list to the first try */
	int64_t dns_ms; /* the lookup of its host, or of the proxy's; -1
				* when there was none, like those below, or
				* the answer was at hand */
	int64_t connect_ms;
	int64_t tls_ms;
	int64_t ttfb_ms;  /* request begun to first octet of the response */
	int64_t total_ms; /* from the list to the end */
	void *user;
};

#define BULKFETCH_ERRORS_MAX 32

struct bulkfetch_count {
	char error
	    [24]; /* as in the result; a status is told apart: "http-404" */
	uint64_t count;
};

struct bulkfetch_stats {
	uint64_t fetched; /* ok, skipped ones not counted */
	uint64_t skipped;
	uint64_t unchanged;
	uint64_t failed;
	uint64_t unbegun;   /* of those that were stopped: read from the list,
			   * but not begun; not in `failed` */
	uint64_t retries;   /* tries that followed a failed one */
	uint64_t redirects; /* followed */
	uint64_t bytes;     /* of bodies, received */
	uint64_t connections_opened;
	unsigned connections_open;
	unsigned connections_peak;
	unsigned concurrency; /* in force: may shrink, see the options */
	unsigned in_flight;
	unsigned waiting;      /* read from the list, but not begun: for a host,
				* a rate or the time of a retry */
	unsigned parked_hosts; /* that have asked to be left alone a while */
	uint64_t elapsed_ms;
	uint64_t names_resolved;  /* by name servers */
	uint64_t names_cached;    /* lookups answered out of the cache */
	uint64_t names_missing;   /* that there are not (NXDOMAIN) */
	uint64_t names_empty;     /* without an address (NODATA) */
	uint64_t names_refused;   /* that no server would answer for (SERVFAIL,
				  * REFUSED) */
	uint64_t names_timed_out; /* that no server has answered for */
	uint64_t dns_queries;     /* sent, those sent again included */
	bool has_position;
	uint64_t position_done; /* as source.position */
	uint64_t position_total;
	struct bulkfetch_count failures[BULKFETCH_ERRORS_MAX]; /* count > 0 */
	size_t failure_count;
};

enum bulkfetch_level {
	BULKFETCH_LEVEL_ERROR,
	BULKFETCH_LEVEL_WARNING,
	BULKFETCH_LEVEL_INFO,
	BULKFETCH_LEVEL_DEBUG,
};

/* Any function may be NULL. */
struct bulkfetch_observer {
	void *ctx;
	/* One request has ended.  An errno value, not 0, ends the run. */
	int (*result)(void *ctx, const struct bulkfetch_result *result);
	/* A round of events was dealt with and the loop is about to wait: the
	 * moment to flush.  An errno value ends the run. */
	int (*flush)(void *ctx);
	/* Every `tick_ms` and after bulkfetch_wake(). */
	void (*tick)(void *ctx, const struct bulkfetch_stats *stats);
	unsigned tick_ms; /* 0: only after bulkfetch_wake() */
	/* Octets from outside are escaped in `text`.  Levels above
	 * `level_max` are not composed. */
	void (*message)(
	    void *ctx, enum bulkfetch_level level, const char *text);
	enum bulkfetch_level level_max;
};

/* ---- A run -------------------------------------------------------------- */

#define BULKFETCH_CONCURRENCY_MAX 100000
#define BULKFETCH_LOOK_AHEAD_MAX 1000000
#define BULKFETCH_REDIRECTS_MAX 100
#define BULKFETCH_RETRIES_MAX 1000
#define BULKFETCH_SPEED_MAX 100000000
/* The longest duration that an option takes: a little over a year. */
#define BULKFETCH_DURATION_MAX_MS UINT64_C(34560000000)

/* So many in a time; no limit when `count` is 0. */
struct bulkfetch_pace {
	uint64_t count;
	uint64_t per_ms; /* 1000: a second */
};

/* Which addresses are used. */
enum bulkfetch_family {
	BULKFETCH_FAMILY_ANY,
	BULKFETCH_FAMILY_IPV4,
	BULKFETCH_FAMILY_IPV6,
};

enum bulkfetch_scheme {
	BULKFETCH_SCHEME_HTTP = 1,
	BULKFETCH_SCHEME_HTTPS = 2,
};

#define BULKFETCH_DNS_SERVERS_MAX 8
#define BULKFETCH_DNS_INFLIGHT_MAX 65535

/* A pace has 1 to as many, and at most a day. */
#define BULKFETCH_PACE_COUNT_MAX 1000000000
#define BULKFETCH_PACE_MS_MAX 86400000

/* Everything is borrowed and must live as long as the run. */
struct bulkfetch_options {
	unsigned concurrency; /* sockets open at any time, idle ones included;
			       * lowered, with a warning, when descriptors do
			       * not suffice */
	const char *method;   /* NULL: GET, or POST with a body */
	const char *const
	    *fields; /* "Name: value", "Name:", "Name;" as curl's -H */
	size_t field_count;
	const char *user_agent;  /* NULL: bulkfetch/VERSION; "": none */
	const char *referer;     /* or NULL */
	const char *credentials; /* "user:password" for Basic, or NULL */
	bool compressed; /* ask for content codings, as far as the system's
			  * libraries know them, and undo them */
	bool has_body;
	struct bulkfetch_text body;
	uint64_t connect_timeout_ms; /* timeouts: 0 for none */
	uint64_t head_timeout_ms;    /* request sent to end of response head */
	uint64_t idle_timeout_ms;    /* no octet either way */
	uint64_t max_time_ms;        /* the whole of one try */
	uint64_t speed_limit;        /* octets a second, to BULKFETCH_SPEED_MAX,
				      * that a body has to come or go with, on
				      * average over ... */
	uint64_t speed_time_ms;      /* 0 of either: as slow as it likes.  Not
				 * together with limit_rate */
	uint64_t max_filesize;       /* of what is stored; 0: no maximum */
	bool fail_with_body;         /* store bodies of failures, too */

	bool follows_redirects;  /* false: they are failures */
	unsigned max_redirects;  /* in a row, to BULKFETCH_REDIRECTS_MAX */
	unsigned retries;        /* to BULKFETCH_RETRIES_MAX */
	uint64_t retry_delay_ms; /* 0: a random time up to 1 s, then 2 s, ... */
	uint64_t retry_max_time_ms;  /* no retry begins later than that after
				     * the first try; 0: no end */
	bool retry_all_errors;       /* but 404 and 410 */
	bool retry_unsafe;           /* methods that are not idempotent, too */
	uint64_t max_retry_after_ms; /* a host that asks to be left alone for
				      * longer is given up; 0: none is */

	unsigned max_per_host; /* requests under way to one scheme, host and
				* port; 0: no limit */
	struct bulkfetch_pace rate; /* requests begun */
	struct bulkfetch_pace rate_per_host;
	uint64_t limit_rate;      /* octets received a second; 0: no limit */
	unsigned max_host_errors; /* a host that could not be connected to so
				   * often in a row is given up; 0: none is */
	unsigned look_ahead; /* requests that may wait for a host, a rate or a
			      * retry while others go on; 0: 1000, or four
			      * times the concurrency if that is more */

	/* Names. */
	enum bulkfetch_family family;
	const char *const *dns_servers; /* "ADDR", "IPV4:PORT", "[IPV6]:PORT",
					 * to BULKFETCH_DNS_SERVERS_MAX; none:
					 * those of /etc/resolv.conf */
	size_t dns_server_count;
	unsigned dns_max_inflight;   /* queries, to BULKFETCH_DNS_INFLIGHT_MAX;
				      * 0: 128 */
	const char *const *resolves; /* "HOST:PORT:ADDR[,ADDR]" as curl's
				      * --resolve */
	size_t resolve_count;

	/* Connecting.  With an address list or a Unix socket no proxy is
	 * used. */
	const char *const *connect_tos; /* "HOST1:PORT1:HOST2:PORT2" as curl's
					 * --connect-to */
	size_t connect_to_count;
	const char *address_list; /* a file of addresses to connect to in turn,
				   * whatever the host; or NULL */
	const char *const *interfaces; /* names or addresses to connect from */
	size_t interface_count;
	const char *unix_socket; /* a path to connect to; or NULL */

	/* Proxies, as "[scheme://][user:password@]host[:port]" with http,
	 * socks4, socks4a, socks5 or socks5h; NULL or "": none. */
	const char *http_proxy;        /* for http:// */
	const char *https_proxy;       /* for https:// */
	const char *no_proxy;          /* hosts to reach without; or NULL */
	const char *proxy_credentials; /* "user:password", or NULL */
	bool uses_tunnel;              /* CONNECT for http:// as well */

	/* Schemes, of enum bulkfetch_scheme; 0: all. */
	unsigned schemes;          /* that may be fetched */
	unsigned redirect_schemes; /* and redirects lead to */

	/* https.  Files are PEM.  What stands here is checked at once if there
	 * is a library for it, which else is opened when it is needed. */
	const char *ca_file;   /* instead of the system's certificates, or */
	const char *ca_dir;    /* a directory of them; or both; or NULL */
	const char *cert_file; /* the client's, and its chain; or NULL */
	const char *key_file;  /* NULL: in cert_file */
	const char *pass_file; /* its first line is the key's pass phrase */
	const char *ciphers;   /* OpenSSL's names between colons; or NULL */
	const char *pinned_pubkey; /* "sha256//BASE64[;...]", or NULL */
	const char *tls_keylog;    /* secrets are appended to it; or NULL */
	bool needs_tls13;          /* 1.2 is not enough */
	bool is_insecure;          /* certificates are not verified */

	/* When to stop; 0: never. */
	uint64_t max_errors;
	double max_error_percent; /* or more, of 100 or more that have ended */
	uint64_t max_duration_ms;
	uint64_t max_transfer; /* octets of bodies received */
	uint64_t max_drain_ms; /* for what is in flight when stopping; 0: as
				* long as it takes */
};

/* Everything as the command line's defaults: 50 connections, 10 s to connect,
 * 60 s for a head, 30 s idle, 10 octets a second over 60 s, 10 redirects, 2
 * retries, an hour of Retry-After, 30 s to drain. */
void bulkfetch_options_init(struct bulkfetch_options *options);

/*
 * Prepare a run; the structs are copied, what they point at is borrowed.  NULL
 * with `*problem` when options are wrong or the system refuses.
 */
struct bulkfetch *bulkfetch_new(const struct bulkfetch_options *options,
    const struct bulkfetch_source *source,
    const struct bulkfetch_collector *collector,
    const struct bulkfetch_observer *observer,
    struct bulkfetch_problem *problem);

enum bulkfetch_end {
	BULKFETCH_END_LIST,    /* the source's end was reached */
	BULKFETCH_END_ERRORS,  /* options.max_errors, .max_error_percent */
	BULKFETCH_END_BUDGET,  /* options.max_duration_ms, .max_transfer */
	BULKFETCH_END_STOPPED, /* bulkfetch_stop() */
	BULKFETCH_END_OUTPUT,  /* nothing can be stored or told any more */
	BULKFETCH_END_SOURCE,  /* the source gave BULKFETCH_ERROR */
};

/* Run to an end, once.  What stopped it early, other than bulkfetch_stop(), is
 * told to the observer's message() as well. */
enum bulkfetch_end bulkfetch_run(struct bulkfetch *run);

enum bulkfetch_stop {
	BULKFETCH_STOP_DRAIN, /* begin no request; finish those in flight */
	BULKFETCH_STOP_NOW,   /* break those off as well */
};

/* Async-signal-safe. */
void bulkfetch_stop(struct bulkfetch *run, enum bulkfetch_stop how);
void bulkfetch_wake(struct bulkfetch *run);

void bulkfetch_get_stats(
    const struct bulkfetch *run, struct bulkfetch_stats *stats);

/* Frees neither source nor collector.  NULL is fine. */
void bulkfetch_free(struct bulkfetch *run);

/* ---- Sources and collectors that come with it --------------------------- */

/*
 * Read lists in turn, one URL a line: `names` are files, "-" for standard
 * input, or URLs ("://" in them).  CRLF or LF ends a line, the last one may
 * lack it; blank lines and those that begin with '#' are passed over, blanks
 * around a URL and a UTF-8 byte order mark in front dropped.  Lines are
 * numbered through all the lists.  Every file is looked at before this
 * returns; 0, or an errno value with `*problem`.
 */
int bulkfetch_lists_new(const char *const *names, size_t count,
    struct bulkfetch_source *source, struct bulkfetch_problem *problem);

struct bulkfetch_tree_options {
	const char *dir; /* NULL: the working directory; made if missing */
	const char *name_template; /* NULL: HOST[:PORT]/PATH[?QUERY] */
	bool is_atomic;            /* always by way of a temporary name */
	bool skip_existing;        /* has() looks for complete files */
	bool is_update; /* current() tells of what an earlier run has stored,
			 * from a file of validators in `dir`; not with
			 * skip_existing */
	bool is_timestamping; /* the same from the files' modification times;
			       * sets these */
	bool sets_mtime;      /* modification times as in Last-Modified */
};

/*
 * A file for each response below `dir`; names and promises in src/README.md.
 * 0, or an errno value with `*problem` (EINVAL: the template).
 */
int bulkfetch_tree_new(const struct bulkfetch_tree_options *options,
    struct bulkfetch_collector *collector, struct bulkfetch_problem *problem);

/*
 * One whole body after the other to `fd`, never interleaved: a body that is
 * not whole when it begins is gathered in an unlinked temporary file (in
 * TMPDIR, or /tmp).  Once `*is_given_up`, unless NULL, is set by the handler of
 * a signal, writing waits for no reader any more, but fails with EINTR.
 */
int bulkfetch_stream_new(int fd, const volatile bool *is_given_up,
    struct bulkfetch_collector *collector, struct bulkfetch_problem *problem);

/* Stores nothing: for link checks. */
void bulkfetch_null_new(struct bulkfetch_collector *collector);

/*
 * Results as lines of a file.  The file is locked (flock) as long as it is
 * open, unless it is none that can be.
 */
struct bulkfetch_log;

enum bulkfetch_log_format {
	BULKFETCH_LOG_JSON,   /* every result as an object of RFC 8259 */
	BULKFETCH_LOG_FAILED, /* the URLs of failures, to be fed in again */
};

struct bulkfetch_log_options {
	enum bulkfetch_log_format format;
	bool is_append; /* keep what is there, but for a torn last line; else
			 * it is truncated */
	const char *durable_dir; /* not NULL: a result is written only when the
				  * file system of this directory has synced
				  * what was stored before */
	const volatile bool *is_given_up; /* as for bulkfetch_stream_new() */
};

/*
 * `path` "-" is standard output; anything else is created if missing.  0 or an
 * errno value: EWOULDBLOCK when another run has locked it.
 */
int bulkfetch_log_open(const char *path,
    const struct bulkfetch_log_options *options, struct bulkfetch_log **log,
    struct bulkfetch_problem *problem);

/* Buffered until bulkfetch_log_flush(), which is to be called often; whole
 * lines are written.  0 or an errno value, after which nothing more is
 * written. */
int bulkfetch_log_add(
    struct bulkfetch_log *log, const struct bulkfetch_result *result);
int bulkfetch_log_flush(struct bulkfetch_log *log);

/* Flush, with what waits for the disk, and free; 0 or an errno value.  NULL is
 * fine. */
int bulkfetch_log_close(struct bulkfetch_log *log);

/* ---- Going on with an earlier run --------------------------------------- */

enum bulkfetch_resume_how {
	BULKFETCH_RESUME,        /* what has no result yet, or failed for a
				  * reason of this side's (file, memory,
				  * shortage) */
	BULKFETCH_RESUME_FAILED, /* the same, and what failed */
	BULKFETCH_RETRY_FAILED,  /* what failed, as the log has it: no list */
};

/* What a log says of a run so far: the last record of each request counts. */
struct bulkfetch_resumed {
	uint64_t ok;
	uint64_t failed;  /* results that a retry might change included */
	uint64_t foreign; /* lines that are no records, passed over */
};

/*
 * The lists of bulkfetch_lists_new(), without the requests that need not be
 * made any more by the log at `path` (format JSON, which the caller has opened
 * with is_append).  Requests that were stopped have no result.  Lists that are
 * files are compared with the log at once, others while they are read: a
 * changed line that the log has a result for is a problem (is_usage), or
 * BULKFETCH_ERROR; lines that have come behind are fine.  0, or an errno value
 * with `*problem`.
 */
int bulkfetch_resume_new(const char *path, enum bulkfetch_resume_how how,
    const char *const *names, size_t count, struct bulkfetch_source *source,
    struct bulkfetch_resumed *resumed, struct bulkfetch_problem *problem);

/* ---- Libraries of the system --------------------------------------------- */

/* One that is opened when something needs it, and can be done without else. */
struct bulkfetch_library {
	const char *purpose; /* "https" */
	const char *file;    /* "libssl.so.3" */
	const char *version; /* in its own words; NULL: it is not there, or too
			      * old */
};

/* Look for library number `at`, from 0 on, and open it; false behind the last
 * one. */
bool bulkfetch_find_library(size_t at, struct bulkfetch_library *library);

/* False in a program that was linked statically, which opens none. */
bool bulkfetch_can_open_libraries(void);

/*
 * Write `in` into `out` for a terminal: the octets of controls, of code points
 * that hide or reorder text, and those that are not UTF-8, as \xHH; cut with
 * "..." to fit `cap` octets with the NUL.  Returns `out`.
 */
const char *bulkfetch_escape(struct bulkfetch_text in, char *out, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
