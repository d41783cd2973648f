/*
 * tls_verify - whether a certificate is the one that is wanted, and what is
 * wrong with it if not.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/tls_internal.h"
#include "sys/sock.h"

/* Of a name in a certificate. */
#define NAME_MAX_LEN 64

/* So many of a certificate's names are told. */
#define NAMES_TOLD 3

void
tls_say(struct tls_stream *l, const char *format, ...)
{
	char text[TLS_WORDS_MAX];
	va_list args;

	if (l->words != NULL)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	l->words = strdup(text); /* without memory, the kind has to do */
}

/* ---- What is said ------------------------------------------------------- */

static const char *
format_time(const struct openssl *lib, const struct asn1_string_st *time,
    char *text, size_t size)
{
	struct tm tm;

	if (lib->ASN1_TIME_to_tm(time, &tm) != 1 ||
	    strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		(void)snprintf(text, size, "a date that is none");
	return text;
}

/* The common name, or whatever there is. */
static const char *
format_name(const struct openssl *lib, const struct x509_name_st *name,
    char *text, size_t size)
{
	if (lib->X509_NAME_get_text_by_NID(
		name, OPENSSL_NID_COMMON_NAME, text, (int)size) <= 0)
		(void)lib->X509_NAME_oneline(name, text, (int)size);
	return text;
}

/* As it stands there, but for NUL, which would hide what is behind. */
static void
format_octets(struct slice octets, char *text, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < octets.len && size - len > 5; i++) {
		if (octets.ptr[i] != '\0')
			text[len++] = (char)octets.ptr[i];
		else
			len +=
			    (size_t)snprintf(text + len, size - len, "\\x00");
	}
	text[len] = '\0';
}

/* An element of a subjectAltName; false for one that is no host. */
static bool
format_host(const struct openssl *lib, const struct openssl_general_name *name,
    char *text, size_t size)
{
	const uint8_t *ptr;
	int len;

	if (name->type != OPENSSL_GEN_DNS && name->type != OPENSSL_GEN_IPADD)
		return false;
	ptr = lib->ASN1_STRING_get0_data(name->value.text);
	len = lib->ASN1_STRING_length(name->value.text);
	if (name->type == OPENSSL_GEN_DNS)
		format_octets(slice_of(ptr, (size_t)len), text, size);
	else
		return (len == 4 || len == 16) &&
		    inet_ntop(len == 4 ? AF_INET : AF_INET6, ptr, text,
			(socklen_t)size) != NULL;
	return true;
}

/* "a.example, b.example and 3 more" */
static void
list_hosts(const struct openssl *lib, const struct x509_st *cert, char *text,
    size_t size)
{
	struct stack_st *names = lib->X509_get_ext_d2i(
	    cert, OPENSSL_NID_SUBJECT_ALT_NAME, NULL, NULL);
	int count = names != NULL ? lib->OPENSSL_sk_num(names) : 0;
	char host[NAME_MAX_LEN];
	size_t len = 0;
	int told = 0;

	text[0] = '\0';
	for (int i = 0; i < count; i++) {
		if (!format_host(lib, lib->OPENSSL_sk_value(names, i), host,
			sizeof(host)))
			continue;
		if (told++ >= NAMES_TOLD)
			continue;
		len += (size_t)snprintf(
		    text + len, size - len, "%s%s", len > 0 ? ", " : "", host);
	}
	if (told > NAMES_TOLD)
		(void)snprintf(
		    text + len, size - len, " and %d more", told - NAMES_TOLD);
	lib->GENERAL_NAMES_free(names);
	if (told > 0)
		return;
	(void)format_name(
	    lib, lib->X509_get_subject_name(cert), host, sizeof(host));
	(void)snprintf(text, size,
	    "no host at all (the common name '%s' does not count)", host);
}

/* Whose certificate it is: the server's own needs no name. */
static const char *
whose(const struct openssl *lib, const struct x509_st *cert, int depth,
    char *text, size_t size)
{
	char name[NAME_MAX_LEN];

	if (depth == 0)
		return "the certificate";
	(void)snprintf(text, size, "the issuer's certificate ('%s')",
	    format_name(
		lib, lib->X509_get_subject_name(cert), name, sizeof(name)));
	return text;
}

static void
say_fault(
    struct tls_stream *l, int fault, const struct x509_st *cert, int depth)
{
	const struct openssl *lib = l->tls->lib;
	char of[NAME_MAX_LEN + 40];
	char text[(NAME_MAX_LEN + 2) * NAMES_TOLD + 32];
	const char *which = whose(lib, cert, depth, of, sizeof(of));

	switch (fault) {
	case OPENSSL_V_CERT_HAS_EXPIRED:
		tls_say(l, "%s expired on %s", which,
		    format_time(lib, lib->X509_get0_notAfter(cert), text,
			sizeof(text)));
		return;
	case OPENSSL_V_CERT_NOT_YET_VALID:
		tls_say(l, "%s is not yet valid, but from %s on", which,
		    format_time(lib, lib->X509_get0_notBefore(cert), text,
			sizeof(text)));
		return;
	case OPENSSL_V_DEPTH_ZERO_SELF_SIGNED_CERT:
		tls_say(l, "the certificate is self-signed, and not trusted");
		return;
	case OPENSSL_V_SELF_SIGNED_CERT_IN_CHAIN:
		tls_say(l, "unknown issuer: '%s' is not trusted",
		    format_name(lib, lib->X509_get_subject_name(cert), text,
			NAME_MAX_LEN));
		return;
	case OPENSSL_V_UNABLE_TO_GET_ISSUER_CERT:
	case OPENSSL_V_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case OPENSSL_V_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		tls_say(l, "unknown issuer: '%s'%s",
		    format_name(lib, lib->X509_get_issuer_name(cert), text,
			NAME_MAX_LEN),
		    depth == 0 ? " is neither trusted nor in the server's chain"
			       : " is not trusted");
		return;
	case OPENSSL_V_HOSTNAME_MISMATCH:
	case OPENSSL_V_IP_ADDRESS_MISMATCH:
		list_hosts(lib, cert, text, sizeof(text));
		tls_say(l, "the certificate is not for this host, but for %s",
		    text);
		return;
	default:
		tls_say(l, "%s: %s", which,
		    lib->X509_verify_cert_error_string(fault));
	}
}

int
tls_on_verify(int is_good, struct x509_store_ctx_st *ctx)
{
	const struct openssl *lib = openssl_get();
	struct ssl_st *ssl = lib->X509_STORE_CTX_get_ex_data(
	    ctx, lib->SSL_get_ex_data_X509_STORE_CTX_idx());
	struct x509_st *cert = lib->X509_STORE_CTX_get_current_cert(ctx);
	struct tls_stream *l = lib->SSL_get_ex_data(ssl, 0);

	if (is_good != 1 && cert != NULL)
		say_fault(l, lib->X509_STORE_CTX_get_error(ctx), cert,
		    lib->X509_STORE_CTX_get_error_depth(ctx));
	return is_good;
}

/* ---- Whom it has to be for ---------------------------------------------- */

struct err
tls_expect_host(struct tls_stream *l, struct slice host)
{
	const struct openssl *lib = l->tls->lib;
	struct x509_verify_param_st *param = lib->SSL_get0_param(l->ssl);
	char name[256];
	struct endpoint addr;
	bool is_set;

	if (slice_find(host, ':') < host.len)
		host = slice_first(host, slice_find(host, '%')); /* no zone */
	/* OpenSSL takes no name for any name, and one that begins with a dot
	 * for all that end so. */
	if (host.len == 0 || host.len >= sizeof(name) || host.ptr[0] == '.')
		return err_why(
		    ERR_REQUEST, "a host name that no certificate can have");
	memcpy(name, host.ptr, host.len);
	name[host.len] = '\0';
	if (endpoint_parse(host, 0, &addr)) {
		is_set = lib->X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
		return is_set ? err_none() : err_of(ERR_NOMEM);
	}
	/* A common name is no host (RFC 9525, section 2). */
	lib->X509_VERIFY_PARAM_set_hostflags(param,
	    OPENSSL_CHECK_NO_PARTIAL_WILDCARDS | OPENSSL_CHECK_NEVER_SUBJECT);
	/* Server Name Indication (RFC 6066, section 3) is for names alone. */
	is_set = lib->X509_VERIFY_PARAM_set1_host(param, name, host.len) == 1 &&
	    lib->SSL_ctrl(l->ssl, OPENSSL_CTRL_SET_TLSEXT_HOSTNAME,
		OPENSSL_NAMETYPE_HOST_NAME, name) == 1;
	return is_set ? err_none() : err_of(ERR_NOMEM);
}

/* ---- The server's key --------------------------------------------------- */

/* The hash of the SubjectPublicKeyInfo in base64 (RFC 7469, section 2.4). */
static bool
hash_key(const struct openssl *lib, struct x509_st *cert,
    unsigned char out[TLS_PIN_LEN + 1])
{
	unsigned char hash[OPENSSL_SHA256_LEN];
	unsigned char *der = NULL;
	unsigned hash_len = 0;
	struct x509_pubkey_st *key = lib->X509_get_X509_PUBKEY(cert);
	int len = lib->i2d_X509_PUBKEY(key, NULL);
	unsigned char *to;
	bool is_done;

	if (len <= 0 || (der = malloc((size_t)len)) == NULL)
		return false;
	to = der;
	is_done = lib->i2d_X509_PUBKEY(key, &to) == len &&
	    lib->EVP_Digest(der, (size_t)len, hash, &hash_len,
		lib->EVP_sha256(), NULL) == 1 &&
	    hash_len == sizeof(hash) &&
	    lib->EVP_EncodeBlock(out, hash, (int)hash_len) == TLS_PIN_LEN;
	free(der);
	return is_done;
}

bool
tls_has_pin(struct tls_stream *l)
{
	const struct tls *t = l->tls;
	unsigned char pin[TLS_PIN_LEN + 1];
	struct x509_st *cert;
	bool is_known;

	if (t->pin_count == 0)
		return true;
	cert = t->lib->SSL_get1_peer_certificate(l->ssl);
	is_known = cert != NULL && hash_key(t->lib, cert, pin);
	t->lib->X509_free(cert);
	for (size_t i = 0; is_known && i < t->pin_count; i++) {
		if (memcmp(t->pins[i], pin, TLS_PIN_LEN) == 0)
			return true;
	}
	tls_say(l, "the server's key is not one of --pinnedpubkey%s%s",
	    is_known ? ", but sha256//" : "",
	    is_known ? (const char *)pin : "");
	return false;
}
