/* link: -Wl,--wrap=dlopen,--wrap=dlsym,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "refuse.h"
#include "sys/dynlib.h"
#include "sys/openssl.h"

/* The constants that are written down in openssl.h are proven by what the
 * library does with them: here, and in test_stream_tls*.c. */

static bool is_hidden;
static const char *lacking; /* a function that is not found; or NULL */
static unsigned opened;     /* how often it was looked for */

void *__real_dlopen(const char *name, int flags);
void *__real_dlsym(void *handle, const char *name);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *handle, const char *name);

void *
__wrap_dlopen(const char *name, int flags)
{
	opened++;
	assert_string_equal(name, "libssl.so.3");
	return is_hidden ? NULL : __real_dlopen(name, flags);
}

void *
__wrap_dlsym(void *handle, const char *name)
{
	return lacking != NULL && strcmp(name, lacking) == 0
	    ? NULL
	    : __real_dlsym(handle, name);
}

/* Run `test` where the library is looked for anew; whether it was so. */
static void
in_a_process(bool (*test)(void))
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(test() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- Finding it ---------------------------------------------------------- */

static bool
does_without(void)
{
	is_hidden = true;
	for (int i = 0; i < 3; i++) {
		if (openssl_get() != NULL || openssl_version() != NULL)
			return false;
	}
	return opened == 1;
}

static bool
wants_them_all(void)
{
	lacking = "EVP_EncodeBlock"; /* the last one, of libcrypto */
	return openssl_get() == NULL && openssl_get() == NULL;
}

static bool
asks_again(void)
{
	refuse_begin(1);
	if (openssl_get() != NULL)
		return false;
	return refuse_end() &&
	    (openssl_get() != NULL || opened == 1 /* there is none */);
}

static void
is_looked_for_once(void **state)
{
	(void)state;
	in_a_process(does_without);
	(void)openssl_get();
	(void)openssl_version();
	assert_ptr_equal(openssl_get(), openssl_get());
	assert_int_equal(opened, 1);
}

static void
is_no_use_when_it_lacks_something(void **state)
{
	(void)state;
	in_a_process(wants_them_all);
}

static void
is_asked_for_again_when_memory_was_short(void **state)
{
	(void)state;
	in_a_process(asks_again);
}

static void
says_which_version_it_is(void **state)
{
	(void)state;
	if (openssl_get() == NULL)
		skip();
	assert_true(strncmp(openssl_version(), "OpenSSL 3.", 10) == 0);
}

/* ---- Constants ----------------------------------------------------------- */

static struct ssl_ctx_st *
make_context(const struct openssl *o)
{
	struct ssl_ctx_st *ctx = o->SSL_CTX_new(o->TLS_client_method());

	assert_non_null(ctx);
	return ctx;
}

static void
controls_are_what_they_are_called(void **state)
{
	const struct openssl *o = openssl_get();
	const long cache =
	    OPENSSL_SESS_CACHE_CLIENT | OPENSSL_SESS_CACHE_NO_INTERNAL;
	const long modes = OPENSSL_MODE_ENABLE_PARTIAL_WRITE |
	    OPENSSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	    OPENSSL_MODE_RELEASE_BUFFERS;
	struct ssl_ctx_st *ctx;
	long found;

	(void)state;
	if (o == NULL)
		skip();
	ctx = make_context(o);
	/* Both give what holds then, and what held before. */
	found = o->SSL_CTX_ctrl(ctx, OPENSSL_CTRL_MODE, modes, NULL);
	assert_int_equal(found & modes, modes);
	(void)o->SSL_CTX_ctrl(
	    ctx, OPENSSL_CTRL_SET_SESS_CACHE_MODE, cache, NULL);
	assert_int_equal(
	    o->SSL_CTX_ctrl(ctx, OPENSSL_CTRL_SET_SESS_CACHE_MODE, cache, NULL),
	    cache);
	assert_int_equal(
	    o->SSL_CTX_ctrl(ctx, OPENSSL_CTRL_SET_MIN_PROTO_VERSION,
		OPENSSL_TLS1_3_VERSION, NULL),
	    1);
	assert_int_equal(
	    o->SSL_CTX_ctrl(ctx, OPENSSL_CTRL_GET_MIN_PROTO_VERSION, 0, NULL),
	    OPENSSL_TLS1_3_VERSION);
	assert_int_equal(o->SSL_CTX_ctrl(ctx,
			     OPENSSL_CTRL_SET_MIN_PROTO_VERSION, 0x0999, NULL),
	    0);
	assert_true((o->SSL_CTX_set_options(ctx, OPENSSL_OP_NO_RENEGOTIATION) &
			OPENSSL_OP_NO_RENEGOTIATION) != 0);
	assert_true(
	    (o->SSL_CTX_clear_options(ctx, OPENSSL_OP_IGNORE_UNEXPECTED_EOF) &
		OPENSSL_OP_IGNORE_UNEXPECTED_EOF) == 0);
	o->SSL_CTX_free(ctx);
}

static void
verdicts_are_what_they_are_called(void **state)
{
	static const struct {
		long verdict;
		const char *text;
	} rows[] = {
		{ OPENSSL_V_UNABLE_TO_GET_ISSUER_CERT,
		    "unable to get issuer certificate" },
		{ OPENSSL_V_CERT_NOT_YET_VALID,
		    "certificate is not yet valid" },
		{ OPENSSL_V_CERT_HAS_EXPIRED, "certificate has expired" },
		{ OPENSSL_V_DEPTH_ZERO_SELF_SIGNED_CERT,
		    "self-signed certificate" },
		{ OPENSSL_V_SELF_SIGNED_CERT_IN_CHAIN,
		    "self-signed certificate in certificate chain" },
		{ OPENSSL_V_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
		    "unable to get local issuer certificate" },
		{ OPENSSL_V_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
		    "unable to verify the first certificate" },
		{ OPENSSL_V_HOSTNAME_MISMATCH, "hostname mismatch" },
		{ OPENSSL_V_IP_ADDRESS_MISMATCH, "IP address mismatch" },
	};
	const struct openssl *o = openssl_get();

	(void)state;
	if (o == NULL)
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text =
		    o->X509_verify_cert_error_string(rows[i].verdict);

		if (strcasecmp(text, rows[i].text) != 0)
			fail_msg(
			    "\"%s\" instead of \"%s\"", text, rows[i].text);
	}
}

/* By the library's own text of an error that is made of them: 20 is libssl. */
static void
reasons_are_what_they_are_called(void **state)
{
	static const struct {
		unsigned long reason;
		const char *text;
	} rows[] = {
		{ OPENSSL_R_MALLOC_FAILURE, "malloc failure" },
		{ 20UL << 23 | OPENSSL_R_UNSUPPORTED_PROTOCOL,
		    "unsupported protocol" },
		{ 20UL << 23 | OPENSSL_R_WRONG_VERSION_NUMBER,
		    "wrong version number" },
		{ OPENSSL_ERROR_KEY_MISMATCH, "key values mismatch" },
		/* Alerts have their numbers in them: 40 and 48. */
		{ 20UL << 23 | (OPENSSL_R_ALERT_FIRST + 40),
		    "sslv3 alert handshake failure" },
		{ 20UL << 23 | (OPENSSL_R_ALERT_FIRST + 48),
		    "tlsv1 alert unknown ca" },
	};
	const struct openssl *o = openssl_get();

	(void)state;
	if (o == NULL)
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = o->ERR_reason_error_string(rows[i].reason);

		/* Words of alerts have changed in the meantime. */
		if (text == NULL ||
		    (strcmp(text, rows[i].text) != 0 &&
			strstr(rows[i].text, "alert") == NULL))
			fail_msg("%s: %s", rows[i].text,
			    text != NULL ? text : "nothing");
	}
}

/* An error of the system's carries its errno. */
static void
errors_of_the_system_carry_their_errno(void **state)
{
	const struct openssl *o = openssl_get();
	struct ssl_ctx_st *ctx;

	(void)state;
	if (o == NULL)
		skip();
	ctx = make_context(o);
	o->ERR_clear_error();
	assert_int_not_equal(o->SSL_CTX_use_PrivateKey_file(
				 ctx, "/none/of/it", OPENSSL_FILETYPE_PEM),
	    1);
	assert_int_equal(o->ERR_peek_error(), OPENSSL_R_SYSTEM | ENOENT);
	o->ERR_clear_error();
	assert_int_equal(o->ERR_peek_error(), 0);
	o->SSL_CTX_free(ctx);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		/* Before it is looked for here. */
		cmocka_unit_test(is_no_use_when_it_lacks_something),
		cmocka_unit_test(is_asked_for_again_when_memory_was_short),
		cmocka_unit_test(is_looked_for_once),
		cmocka_unit_test(says_which_version_it_is),
		cmocka_unit_test(controls_are_what_they_are_called),
		cmocka_unit_test(verdicts_are_what_they_are_called),
		cmocka_unit_test(reasons_are_what_they_are_called),
		cmocka_unit_test(errors_of_the_system_carry_their_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
