/*
 * tls - what the TLS connections of a run share (RFC 8446, RFC 5246): the
 * library, opened when it is first needed, the trusted certificates, the
 * client's own, and the sessions to be resumed.
 *
 * Certificates are verified against the system's trust store, or against what
 * the options name instead: the chain, its dates, and that it is for the host
 * of the URL (RFC 9110, section 4.3.4; RFC 9525), an IP address as such.
 * Versions below 1.2 are never spoken, renegotiation is refused.  What the
 * system's configuration of OpenSSL demands beyond that holds.
 */
#ifndef BULKFETCH_NET_TLS_H
#define BULKFETCH_NET_TLS_H

#include <stdbool.h>

#include "base/err.h"

/* Room for words about a failure, those of the peer's certificate among them:
 * octets from outside, not escaped. */
#define TLS_WORDS_MAX 256

/* Of --pinnedpubkey. */
#define TLS_PINS_MAX 32

/* Borrowed as long as the `struct tls` lives; NULL for the default. */
struct tls_options {
	const char *ca_file;   /* PEM; one of these two: instead of the system's
			      * trust store */
	const char *ca_dir;    /* as openssl-rehash(1) leaves it */
	const char *cert_file; /* PEM: the client's certificate, and the rest
				* of its chain */
	const char *key_file;  /* PEM; NULL: in cert_file */
	const char *pass_file; /* its first line is the key's pass phrase */
	const char *ciphers;   /* OpenSSL's names between colons; those that
				* begin with "TLS_" are suites of TLS 1.3 */
	const char *pins; /* "sha256//BASE64", more behind ';': the server's
			   * public key has to be one of these */
	const char *keylog_file; /* secrets are appended, for Wireshark */
	bool needs_tls13;        /* 1.2 is not enough */
	bool is_insecure;        /* certificates are not verified, pins are */
};

struct tls;

/* Opens nothing.  ERR_NOMEM; ERR_REQUEST and a reason for malformed pins. */
struct err tls_new(const struct tls_options *options, struct tls **out);
void tls_free(struct tls *t);

/*
 * Open the library and what the options name, the first time; the same verdict
 * ever after.  ERR_NO_TLS without a library; ERR_REQUEST when the
 * options are at fault and ERR_TLS when the library is, tls_words() says why.
 */
struct err tls_open(struct tls *t);

/* Why tls_open() has failed, in words, or that it could not do without harm,
 * which is to log keys; empty for nothing.  Lent. */
const char *tls_words(const struct tls *t);

#endif
