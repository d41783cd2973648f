/*
 * tls_internal - what the parts of TLS share: tls.c makes the context,
 * tls_verify.c has an opinion of certificates, stream_tls.c is the stream,
 * tls_bio.c what OpenSSL reads and writes by.  For those files alone.
 */
#ifndef BULKFETCH_NET_TLS_INTERNAL_H
#define BULKFETCH_NET_TLS_INTERNAL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/tls_sessions.h"
#include "sys/openssl.h"

/* Octets received at a time, for one connection; all of them share it. */
#define TLS_RX_SIZE ((size_t)256 * 1024)

/* "sha256//" is 44 characters of base64. */
#define TLS_PIN_LEN 44

struct tls {
	struct tls_options options;
	bool is_open; /* `verdict` is one */
	struct err verdict;
	char words[TLS_WORDS_MAX];
	char pins[TLS_PINS_MAX][TLS_PIN_LEN];
	size_t pin_count;
	const struct openssl *lib; /* lent by openssl_get() */
	struct ssl_ctx_st *ctx;    /* owned */
	struct bio_method_st *bio; /* owned */
	struct buf pass;           /* owned: while the key is being read */
	bool was_asked_pass;       /* the key has one */
	struct tls_sessions sessions;
	uint8_t *rx;     /* owned, TLS_RX_SIZE octets */
	struct slice in; /* in `rx`: what was received for the stream at work
			  * and OpenSSL has not yet taken */
	int keylog_fd;   /* owned; -1 without */
};

/* One connection's. */
struct tls_stream {
	struct tls *tls;    /* borrowed */
	struct ssl_st *ssl; /* owned */
	int fd;             /* borrowed from the stream */
	/* What was received, but OpenSSL had no room for. */
	struct buf held;
	size_t held_at;
	size_t ahead;        /* octets to receive at a time; 0: as many as
			      * OpenSSL asks for */
	unsigned looks;      /* receives in this call */
	bool has_left;       /* there may be more in the socket */
	bool is_blocked;     /* receiving waits for something to be sent */
	int io_sys;          /* errno of the socket; 0 while it is fine */
	bool is_at_end;      /* of the socket: the peer has ended it */
	bool is_established; /* the handshake is over */
	bool was_offered;    /* a session, for the handshake */
	bool has_data;       /* octets of the application have come */
	bool is_over;        /* `last` is what any further recv says */
	struct stream_io last;
	char *words; /* owned: about its failure; or NULL */
	size_t origin_len;
	char origin[]; /* the key of its sessions */
};

/* ---- tls_bio.c ---------------------------------------------------------- */

/* The method by which a `struct tls_stream` reads and writes its socket; NULL
 * when memory is refused. */
struct bio_method_st *tls_bio_method(const struct openssl *lib);

/* Give l->ssl a BIO; false when memory is refused. */
bool tls_bio_attach(struct tls_stream *l);

/* Begin a call of OpenSSL that may receive `ahead` octets at a time. */
void tls_bio_begin(struct tls_stream *l, size_t ahead);

/* End it: keep what was received and not taken.  ERR_NOMEM. */
struct err tls_bio_end(struct tls_stream *l);

/* Whether something is kept. */
bool tls_bio_has_more(const struct tls_stream *l);

/* ---- tls_verify.c ------------------------------------------------------- */

/* Say why, unless that was said already. */
void tls_say(struct tls_stream *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* For SSL_CTX_set_verify(): says what is wrong with a certificate. */
int tls_on_verify(int is_good, struct x509_store_ctx_st *ctx);

/* Whom the certificate has to be for: `host`, a name or an address.
 * ERR_REQUEST for one that none can have; ERR_NOMEM. */
struct err tls_expect_host(struct tls_stream *l, struct slice host);

/* Whether the server's key is one of the pins; says so if not. */
bool tls_has_pin(struct tls_stream *l);

/* ---- tls_words.c -------------------------------------------------------- */

/* What OpenSSL's oldest error says, for people: `text` or static storage. */
const char *tls_error_text(const struct openssl *lib, char *text, size_t size);

/* Whether it is that the peer has sent an alert. */
bool tls_error_is_alert(const struct openssl *lib);

/* Whether it is for want of memory, or a fault of the library.  Empties its list
 * of errors. */
bool tls_error_is_local(const struct openssl *lib);

#endif
