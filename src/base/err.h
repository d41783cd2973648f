/*
 * err - why something failed: a kind that a user or the retry policy can act
 * on, the errno behind it, and a sentence where the kind alone says too little.
 *
 * A plain value of two words, returned in registers.  `why` points to text
 * with static storage and is never freed.
 */
#ifndef BULKFETCH_BASE_ERR_H
#define BULKFETCH_BASE_ERR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum err_kind {
	ERR_NONE = 0,
	ERR_NOMEM,     /* an allocation was refused */
	ERR_REQUEST,   /* the request itself cannot be carried out */
	ERR_SCHEME,    /* a scheme that this build does not speak */
	ERR_RESOLVE,   /* the host name has no address */
	ERR_DNS,       /* whether it has one could not be found out */
	ERR_CONNECT,   /* no connection could be made */
	ERR_PROXY,     /* the proxy could not be reached, or refuses; `sys`
			* is EACCES when it would do so again */
	ERR_TLS,       /* no TLS with that peer: a certificate, a version */
	ERR_NO_TLS,    /* there is no library for it */
	ERR_IO,        /* an established connection broke */
	ERR_TRUNCATED, /* the response ended before it was complete */
	ERR_TIMEOUT,   /* a deadline passed */
	ERR_PROTOCOL,  /* the peer broke RFC 9110 or RFC 9112 */
	ERR_CODING,    /* the content coding cannot be undone */
	ERR_LIMIT,     /* one of our own limits was reached */
	ERR_STATUS,    /* a whole response, but not one of success */
	ERR_REDIRECT,  /* a redirect that cannot be followed */
	ERR_HOST_DOWN, /* its host was given up */
	ERR_FILE,      /* the local file system or output refused */
	ERR_STOPPED,   /* the run was stopped before this one ended */
	ERR_SHORTAGE,  /* descriptors or ports used up: try again with fewer */
	ERR_KINDS      /* how many there are */
};

struct err {
	enum err_kind kind;
	int sys; /* errno at the failing call; 0 when none was involved */
	const char *why; /* static text, or NULL */
};

static inline struct err
err_none(void)
{
	return (struct err){ .kind = ERR_NONE };
}

/* Our own verdict, without an errno. */
static inline struct err
err_of(enum err_kind kind)
{
	return (struct err){ .kind = kind };
}

/* Our own verdict and the reason for it; `why` has static storage. */
static inline struct err
err_why(enum err_kind kind, const char *why)
{
	return (struct err){ .kind = kind, .why = why };
}

/* The verdict on a system call that has just failed; captures errno. */
static inline struct err
err_sys(enum err_kind kind)
{
	return (struct err){ .kind = kind, .sys = errno };
}

/* The same where the errno was returned rather than left in `errno`. */
static inline struct err
err_code(enum err_kind kind, int sys)
{
	return (struct err){ .kind = kind, .sys = sys };
}

static inline bool
err_is(struct err err)
{
	return err.kind != ERR_NONE;
}

/*
 * The kind as one lower-case word for logs and counts: "timeout",
 * "truncated".  Static text.
 */
const char *err_name(enum err_kind kind);

/*
 * Whether `sys` says that descriptors or socket buffers are used up:
 * something to wait for and to shrink for, not a failure of one request.
 */
bool err_is_shortage(int sys);

/*
 * The whole story in words: `why`, else the errno's text, else the kind's
 * own sentence.  Writes at most `cap` octets with the NUL into `text` when it
 * has to compose; returns `text` or static storage.
 */
const char *err_text(struct err err, char *text, size_t cap);

#endif
