/*
 * openssl - what is used here of OpenSSL's libssl and libcrypto, opened when it
 * is first needed (dynlib.h).
 *
 * The functions are declared as they have stood since OpenSSL 3.0, so that
 * nothing of it need be there when this is compiled.  They are called through
 * the table, by their own names; OpenSSL's manual is theirs.
 *
 * Whether there is such a library is found out once in the life of the
 * process.  Threads may do so at the same time.
 */
#ifndef BULKFETCH_SYS_OPENSSL_H
#define BULKFETCH_SYS_OPENSSL_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define OPENSSL_SONAME "libssl.so.3"

struct asn1_string_st;
struct bio_method_st;
struct bio_st;
struct evp_md_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;
struct stack_st;
struct x509_name_st;
struct x509_pubkey_st;
struct x509_st;
struct x509_store_ctx_st;
struct x509_verify_param_st;

/* Of x509v3.h: an element of a subjectAltName (RFC 5280, section 4.2.1.6). */
struct openssl_general_name {
	int type;
	union {
		void *ptr;
		struct asn1_string_st *text; /* GEN_DNS, GEN_IPADD */
	} value;
};
#define OPENSSL_GEN_DNS 2
#define OPENSSL_GEN_IPADD 7

/* SSL_get_error() */
#define OPENSSL_ERROR_WANT_READ 2
#define OPENSSL_ERROR_WANT_WRITE 3
#define OPENSSL_ERROR_ZERO_RETURN 6

/* SSL_CTX_ctrl() and SSL_ctrl() */
#define OPENSSL_CTRL_MODE 33
#define OPENSSL_CTRL_SET_SESS_CACHE_MODE 44
#define OPENSSL_CTRL_SET_TLSEXT_HOSTNAME 55
#define OPENSSL_CTRL_SET_MIN_PROTO_VERSION 123
#define OPENSSL_CTRL_GET_MIN_PROTO_VERSION 130

#define OPENSSL_MODE_ENABLE_PARTIAL_WRITE 0x1L
#define OPENSSL_MODE_ACCEPT_MOVING_WRITE_BUFFER 0x2L
#define OPENSSL_MODE_RELEASE_BUFFERS 0x10L
#define OPENSSL_SESS_CACHE_CLIENT 0x1L
#define OPENSSL_SESS_CACHE_NO_INTERNAL 0x300L
#define OPENSSL_OP_IGNORE_UNEXPECTED_EOF (UINT64_C(1) << 7)
#define OPENSSL_OP_NO_RENEGOTIATION (UINT64_C(1) << 30)
#define OPENSSL_NAMETYPE_HOST_NAME 0
#define OPENSSL_FILETYPE_PEM 1
#define OPENSSL_TLS1_2_VERSION 0x0303
#define OPENSSL_TLS1_3_VERSION 0x0304

#define OPENSSL_VERIFY_NONE 0
#define OPENSSL_VERIFY_PEER 1
#define OPENSSL_V_FLAG_PARTIAL_CHAIN 0x80000UL
#define OPENSSL_CHECK_NO_PARTIAL_WILDCARDS 0x4U
#define OPENSSL_CHECK_NEVER_SUBJECT 0x20U

/* The custom BIO. */
#define OPENSSL_BIO_SOURCE_SINK 0x400
#define OPENSSL_BIO_CTRL_FLUSH 11
#define OPENSSL_BIO_FLAGS_READ 0x1
#define OPENSSL_BIO_FLAGS_WRITE 0x2
#define OPENSSL_BIO_FLAGS_SHOULD_RETRY 0x8
#define OPENSSL_BIO_FLAGS_ALL 0xf

/* X509_STORE_CTX_get_error() */
#define OPENSSL_V_UNABLE_TO_GET_ISSUER_CERT 2
#define OPENSSL_V_CERT_NOT_YET_VALID 9
#define OPENSSL_V_CERT_HAS_EXPIRED 10
#define OPENSSL_V_DEPTH_ZERO_SELF_SIGNED_CERT 18
#define OPENSSL_V_SELF_SIGNED_CERT_IN_CHAIN 19
#define OPENSSL_V_UNABLE_TO_GET_ISSUER_CERT_LOCALLY 20
#define OPENSSL_V_UNABLE_TO_VERIFY_LEAF_SIGNATURE 21
#define OPENSSL_V_HOSTNAME_MISMATCH 62
#define OPENSSL_V_IP_ADDRESS_MISMATCH 64

/* ERR_peek_error(): the reason, and those reasons that are looked at. */
#define OPENSSL_LIB_SHIFT 23
#define OPENSSL_LIB_SSL 20UL
#define OPENSSL_REASON_MASK 0x7fffffUL
#define OPENSSL_R_MALLOC_FAILURE 0xc0100UL
#define OPENSSL_R_INTERNAL_ERROR 0xc0103UL
#define OPENSSL_R_INIT_FAIL 0xc0105UL
#define OPENSSL_ERROR_MASK 0x7fffffffUL        /* the library and the reason */
#define OPENSSL_ERROR_NO_PEM 0x480006cUL       /* PEM: NO_START_LINE */
#define OPENSSL_ERROR_KEY_MISMATCH 0x5800074UL /* X509: KEY_VALUES_MISMATCH */
#define OPENSSL_R_SYSTEM 0x80000000UL          /* the rest is an errno */
#define OPENSSL_R_UNSUPPORTED_PROTOCOL 258UL
#define OPENSSL_R_WRONG_VERSION_NUMBER 267UL
#define OPENSSL_R_ALERT_FIRST 1000UL /* and the alert's own number */
#define OPENSSL_R_ALERT_LAST 1255UL

#define OPENSSL_NID_COMMON_NAME 13
#define OPENSSL_NID_SUBJECT_ALT_NAME 85
#define OPENSSL_SHA256_LEN 32

typedef int (*openssl_passwd_fn)(char *to, int size, int is_writing, void *ctx);
typedef int (*openssl_verify_fn)(int is_good, struct x509_store_ctx_st *ctx);
typedef int (*openssl_session_fn)(
    struct ssl_st *ssl, struct ssl_session_st *session);
typedef void (*openssl_keylog_fn)(const struct ssl_st *ssl, const char *line);
typedef int (*openssl_write_fn)(struct bio_st *bio, const char *from, int len);
typedef int (*openssl_read_fn)(struct bio_st *bio, char *to, int len);
typedef long (*openssl_ctrl_fn)(
    struct bio_st *bio, int cmd, long number, void *ptr);

/* clang-format off */
/* F(what it returns, name, parameters) */
#define OPENSSL_FUNCTIONS(F) \
	F(const char *, OpenSSL_version, (int what)) \
	F(const void *, TLS_client_method, (void)) \
	/* Contexts. */ \
	F(struct ssl_ctx_st *, SSL_CTX_new, (const void *method)) \
	F(void, SSL_CTX_free, (struct ssl_ctx_st *ctx)) \
	F(long, SSL_CTX_ctrl, \
	    (struct ssl_ctx_st *ctx, int cmd, long number, void *ptr)) \
	F(uint64_t, SSL_CTX_set_options, \
	    (struct ssl_ctx_st *ctx, uint64_t options)) \
	F(uint64_t, SSL_CTX_clear_options, \
	    (struct ssl_ctx_st *ctx, uint64_t options)) \
	F(void, SSL_CTX_set_verify, \
	    (struct ssl_ctx_st *ctx, int mode, openssl_verify_fn fn)) \
	F(int, SSL_CTX_set_default_verify_paths, (struct ssl_ctx_st *ctx)) \
	F(int, SSL_CTX_load_verify_file, \
	    (struct ssl_ctx_st *ctx, const char *file)) \
	F(int, SSL_CTX_load_verify_dir, \
	    (struct ssl_ctx_st *ctx, const char *dir)) \
	F(struct x509_verify_param_st *, SSL_CTX_get0_param, \
	    (struct ssl_ctx_st *ctx)) \
	F(int, SSL_CTX_use_certificate_chain_file, \
	    (struct ssl_ctx_st *ctx, const char *file)) \
	F(int, SSL_CTX_use_PrivateKey_file, \
	    (struct ssl_ctx_st *ctx, const char *file, int type)) \
	F(int, SSL_CTX_check_private_key, (const struct ssl_ctx_st *ctx)) \
	F(void, SSL_CTX_set_default_passwd_cb, \
	    (struct ssl_ctx_st *ctx, openssl_passwd_fn fn)) \
	F(void, SSL_CTX_set_default_passwd_cb_userdata, \
	    (struct ssl_ctx_st *ctx, void *user)) \
	F(int, SSL_CTX_set_cipher_list, \
	    (struct ssl_ctx_st *ctx, const char *list)) \
	F(int, SSL_CTX_set_ciphersuites, \
	    (struct ssl_ctx_st *ctx, const char *list)) \
	F(int, SSL_CTX_set_alpn_protos, (struct ssl_ctx_st *ctx, \
	    const unsigned char *protocols, unsigned len)) \
	F(void, SSL_CTX_sess_set_new_cb, \
	    (struct ssl_ctx_st *ctx, openssl_session_fn fn)) \
	F(void, SSL_CTX_set_keylog_callback, \
	    (struct ssl_ctx_st *ctx, openssl_keylog_fn fn)) \
	/* Connections. */ \
	F(struct ssl_st *, SSL_new, (struct ssl_ctx_st *ctx)) \
	F(void, SSL_free, (struct ssl_st *ssl)) \
	F(void, SSL_set_bio, (struct ssl_st *ssl, \
	    struct bio_st *from, struct bio_st *to)) \
	F(void, SSL_set_connect_state, (struct ssl_st *ssl)) \
	F(long, SSL_ctrl, \
	    (struct ssl_st *ssl, int cmd, long number, void *ptr)) \
	F(int, SSL_set_ex_data, (struct ssl_st *ssl, int at, void *ptr)) \
	F(void *, SSL_get_ex_data, (const struct ssl_st *ssl, int at)) \
	F(int, SSL_get_ex_data_X509_STORE_CTX_idx, (void)) \
	F(struct x509_verify_param_st *, SSL_get0_param, \
	    (struct ssl_st *ssl)) \
	F(int, SSL_do_handshake, (struct ssl_st *ssl)) \
	F(int, SSL_read, (struct ssl_st *ssl, void *to, int len)) \
	F(int, SSL_write, (struct ssl_st *ssl, const void *from, int len)) \
	F(int, SSL_pending, (const struct ssl_st *ssl)) \
	F(int, SSL_shutdown, (struct ssl_st *ssl)) \
	F(int, SSL_get_error, (const struct ssl_st *ssl, int result)) \
	F(void, SSL_get0_alpn_selected, (const struct ssl_st *ssl, \
	    const unsigned char **name, unsigned *len)) \
	F(struct x509_st *, SSL_get1_peer_certificate, \
	    (const struct ssl_st *ssl)) \
	/* Sessions. */ \
	F(int, SSL_set_session, \
	    (struct ssl_st *ssl, struct ssl_session_st *session)) \
	F(int, SSL_session_reused, (const struct ssl_st *ssl)) \
	F(int, SSL_SESSION_is_resumable, \
	    (const struct ssl_session_st *session)) \
	F(void, SSL_SESSION_free, (struct ssl_session_st *session)) \
	F(int, i2d_SSL_SESSION, (const struct ssl_session_st *session, \
	    unsigned char **to)) \
	F(struct ssl_session_st *, d2i_SSL_SESSION, \
	    (struct ssl_session_st **session, const unsigned char **from, \
	    long len)) \
	/* BIOs. */ \
	F(struct bio_method_st *, BIO_meth_new, (int type, const char *name)) \
	F(void, BIO_meth_free, (struct bio_method_st *method)) \
	F(int, BIO_meth_set_write, \
	    (struct bio_method_st *method, openssl_write_fn fn)) \
	F(int, BIO_meth_set_read, \
	    (struct bio_method_st *method, openssl_read_fn fn)) \
	F(int, BIO_meth_set_ctrl, \
	    (struct bio_method_st *method, openssl_ctrl_fn fn)) \
	F(struct bio_st *, BIO_new, (const struct bio_method_st *method)) \
	F(void, BIO_set_init, (struct bio_st *bio, int is_ready)) \
	F(void, BIO_set_data, (struct bio_st *bio, void *data)) \
	F(void *, BIO_get_data, (struct bio_st *bio)) \
	F(void, BIO_set_flags, (struct bio_st *bio, int flags)) \
	F(void, BIO_clear_flags, (struct bio_st *bio, int flags)) \
	/* Errors. */ \
	F(void, ERR_clear_error, (void)) \
	F(unsigned long, ERR_peek_error, (void)) \
	F(unsigned long, ERR_get_error, (void)) \
	F(const char *, ERR_reason_error_string, (unsigned long code)) \
	/* Certificates. */ \
	F(int, X509_VERIFY_PARAM_set1_host, \
	    (struct x509_verify_param_st *param, const char *name, \
	    size_t len)) \
	F(int, X509_VERIFY_PARAM_set1_ip_asc, \
	    (struct x509_verify_param_st *param, const char *addr)) \
	F(int, X509_VERIFY_PARAM_set_flags, \
	    (struct x509_verify_param_st *param, unsigned long flags)) \
	F(void, X509_VERIFY_PARAM_set_hostflags, \
	    (struct x509_verify_param_st *param, unsigned flags)) \
	F(int, X509_STORE_CTX_get_error, \
	    (const struct x509_store_ctx_st *ctx)) \
	F(int, X509_STORE_CTX_get_error_depth, \
	    (const struct x509_store_ctx_st *ctx)) \
	F(struct x509_st *, X509_STORE_CTX_get_current_cert, \
	    (const struct x509_store_ctx_st *ctx)) \
	F(void *, X509_STORE_CTX_get_ex_data, \
	    (const struct x509_store_ctx_st *ctx, int at)) \
	F(const char *, X509_verify_cert_error_string, (long code)) \
	F(struct x509_name_st *, X509_get_subject_name, \
	    (const struct x509_st *cert)) \
	F(struct x509_name_st *, X509_get_issuer_name, \
	    (const struct x509_st *cert)) \
	F(int, X509_NAME_get_text_by_NID, (const struct x509_name_st *name, \
	    int nid, char *to, int size)) \
	F(char *, X509_NAME_oneline, \
	    (const struct x509_name_st *name, char *to, int size)) \
	F(void *, X509_get_ext_d2i, (const struct x509_st *cert, int nid, \
	    int *is_critical, int *at)) \
	F(void, GENERAL_NAMES_free, (struct stack_st *names)) \
	F(int, OPENSSL_sk_num, (const struct stack_st *stack)) \
	F(void *, OPENSSL_sk_value, (const struct stack_st *stack, int at)) \
	F(const unsigned char *, ASN1_STRING_get0_data, \
	    (const struct asn1_string_st *text)) \
	F(int, ASN1_STRING_length, (const struct asn1_string_st *text)) \
	F(const struct asn1_string_st *, X509_get0_notBefore, \
	    (const struct x509_st *cert)) \
	F(const struct asn1_string_st *, X509_get0_notAfter, \
	    (const struct x509_st *cert)) \
	F(int, ASN1_TIME_to_tm, \
	    (const struct asn1_string_st *time, struct tm *tm)) \
	F(struct x509_pubkey_st *, X509_get_X509_PUBKEY, \
	    (const struct x509_st *cert)) \
	F(int, i2d_X509_PUBKEY, \
	    (const struct x509_pubkey_st *key, unsigned char **to)) \
	F(void, X509_free, (struct x509_st *cert)) \
	F(const struct evp_md_st *, EVP_sha256, (void)) \
	F(int, EVP_Digest, (const void *data, size_t len, unsigned char *to, \
	    unsigned *to_len, const struct evp_md_st *type, void *engine)) \
	F(int, EVP_EncodeBlock, \
	    (unsigned char *to, const unsigned char *from, int len))

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration has none */
#define OPENSSL_MEMBER(returns, name, parameters) returns(*name) parameters;
struct openssl {
	OPENSSL_FUNCTIONS(OPENSSL_MEMBER)
};
#undef OPENSSL_MEMBER
/* clang-format on */

/* NULL: there is none, or it lacks something.  Lent for good. */
const struct openssl *openssl_get(void);

/* "OpenSSL 3.0.15 3 Sep 2024", or NULL where there is none: opens it. */
const char *openssl_version(void);

#endif
