/*
 * tls_words - what went wrong with TLS, for people.
 */
#include <stdio.h>

#include "net/tls_internal.h"

/* RFC 8446, section 6, and what TLS 1.2 had besides. */
static const struct {
	unsigned char code;
	const char *name;
} alerts[] = {
	{ 0, "close_notify" },
	{ 10, "unexpected_message" },
	{ 20, "bad_record_mac" },
	{ 21, "decryption_failed" },
	{ 22, "record_overflow" },
	{ 30, "decompression_failure" },
	{ 40, "handshake_failure" },
	{ 41, "no_certificate" },
	{ 42, "bad_certificate" },
	{ 43, "unsupported_certificate" },
	{ 44, "certificate_revoked" },
	{ 45, "certificate_expired" },
	{ 46, "certificate_unknown" },
	{ 47, "illegal_parameter" },
	{ 48, "unknown_ca" },
	{ 49, "access_denied" },
	{ 50, "decode_error" },
	{ 51, "decrypt_error" },
	{ 70, "protocol_version" },
	{ 71, "insufficient_security" },
	{ 80, "internal_error" },
	{ 86, "inappropriate_fallback" },
	{ 90, "user_canceled" },
	{ 100, "no_renegotiation" },
	{ 109, "missing_extension" },
	{ 110, "unsupported_extension" },
	{ 112, "unrecognized_name" },
	{ 113, "bad_certificate_status_response" },
	{ 115, "unknown_psk_identity" },
	{ 116, "certificate_required" },
	{ 120, "no_application_protocol" },
};

/* What the alert makes one think of. */
static const char *
alert_hint(unsigned long code)
{
	switch (code) {
	case 116:
		return ": it wants a client's certificate (--cert)";
	case 40:
		return ": no cipher suite in common, or a client's "
		       "certificate is wanted (--cert)";
	case 70:
		return ": no version of TLS that both sides allow";
	default:
		return "";
	}
}

static const char *
alert_text(unsigned long code, char *text, size_t size)
{
	for (size_t i = 0; i < sizeof(alerts) / sizeof(*alerts); i++) {
		if (alerts[i].code == code) {
			(void)snprintf(text, size,
			    "the server sent the alert %s%s", alerts[i].name,
			    alert_hint(code));
			return text;
		}
	}
	(void)snprintf(text, size, "the server sent the alert %lu", code);
	return text;
}

/* The reason, if it is one of libssl's: each library has numbers of its own. */
static unsigned long
ssl_reason(unsigned long error)
{
	return (error & OPENSSL_ERROR_MASK) >> OPENSSL_LIB_SHIFT ==
		OPENSSL_LIB_SSL
	    ? error & OPENSSL_REASON_MASK
	    : 0;
}

bool
tls_error_is_alert(const struct openssl *lib)
{
	unsigned long reason = ssl_reason(lib->ERR_peek_error());

	return reason >= OPENSSL_R_ALERT_FIRST &&
	    reason <= OPENSSL_R_ALERT_LAST;
}

/*
 * A peer has no hand in these.  What OpenSSL does without the memory that it
 * asked for has many names, and sometimes none.
 */
bool
tls_error_is_local(const struct openssl *lib)
{
	unsigned long error = lib->ERR_get_error();

	if (error == 0)
		return true;
	for (; error != 0; error = lib->ERR_get_error()) {
		unsigned long reason = error & OPENSSL_REASON_MASK;

		if ((error & OPENSSL_R_SYSTEM) == 0 &&
		    (reason == OPENSSL_R_MALLOC_FAILURE ||
			reason == OPENSSL_R_INTERNAL_ERROR ||
			reason == OPENSSL_R_INIT_FAIL))
			return true;
	}
	return false;
}

const char *
tls_error_text(const struct openssl *lib, char *text, size_t size)
{
	unsigned long error = lib->ERR_peek_error();
	unsigned long reason = ssl_reason(error);
	const char *why = lib->ERR_reason_error_string(error);

	if ((error & OPENSSL_R_SYSTEM) != 0)
		return strerrordesc_np((int)(error & ~OPENSSL_R_SYSTEM));
	if (tls_error_is_alert(lib))
		return alert_text(reason - OPENSSL_R_ALERT_FIRST, text, size);
	if (reason == OPENSSL_R_WRONG_VERSION_NUMBER)
		return "the server does not speak TLS";
	if (reason == OPENSSL_R_UNSUPPORTED_PROTOCOL)
		return "the server wants a version of TLS that is not allowed";
	if (why == NULL)
		why = "no reason given by OpenSSL";
	(void)snprintf(text, size, "%s", why);
	return text;
}
