#include "net/tls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "net/tls_internal.h"
#include "sys/dynlib.h"
#include "sys/slurp.h"

/* One line of it is read. */
#define PASS_FILE_MAX 4096

#define PIN_PREFIX "sha256//"

/* ---- Options ------------------------------------------------------------ */

static bool
is_base64(struct slice text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '+' &&
		    c != '/')
			return false;
	}
	/* 32 octets leave one character of padding. */
	return text.ptr[text.len - 1] == '=';
}

static struct err
read_pins(struct tls *t)
{
	struct slice left = slice_str(t->options.pins);
	size_t prefix = strlen(PIN_PREFIX);

	while (left.len > 0) {
		size_t end = slice_find(left, ';');
		struct slice pin = slice_first(left, end);

		left = slice_from(left, end < left.len ? end + 1 : end);
		if (pin.len != prefix + TLS_PIN_LEN ||
		    memcmp(pin.ptr, PIN_PREFIX, prefix) != 0 ||
		    !is_base64(slice_from(pin, prefix)))
			return err_why(ERR_REQUEST,
			    "not sha256// and 44 characters of base64");
		if (t->pin_count == TLS_PINS_MAX)
			return err_why(ERR_REQUEST, "more than 32 keys");
		memcpy(t->pins[t->pin_count++], pin.ptr + prefix, TLS_PIN_LEN);
	}
	if (t->options.pins != NULL && t->pin_count == 0)
		return err_why(ERR_REQUEST, "no key at all");
	return err_none();
}

struct err
tls_new(const struct tls_options *options, struct tls **out)
{
	struct tls *t = calloc(1, sizeof(*t));
	struct err err;

	if (t == NULL)
		return err_of(ERR_NOMEM);
	t->options = *options;
	t->keylog_fd = -1;
	buf_init(&t->pass, PASS_FILE_MAX);
	err = read_pins(t);
	if (err_is(err))
		tls_free(t);
	else
		*out = t;
	return err;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	if (t->ctx != NULL)
		t->lib->SSL_CTX_free(t->ctx);
	if (t->bio != NULL)
		t->lib->BIO_meth_free(t->bio);
	tls_sessions_fini(&t->sessions);
	buf_fini(&t->pass);
	free(t->rx);
	if (t->keylog_fd != -1)
		(void)close(t->keylog_fd);
	free(t);
}

/* ---- The context -------------------------------------------------------- */

/* "OPTION 'FILE': reason". */
static struct err
refuse(struct tls *t, const char *option, const char *value, const char *why)
{
	(void)snprintf(
	    t->words, sizeof(t->words), "%s '%.100s': %s", option, value, why);
	return err_of(ERR_REQUEST);
}

/* The same in OpenSSL's words. */
static struct err
refuse_error(struct tls *t, const char *option, const char *value)
{
	char text[128];

	return refuse(
	    t, option, value, tls_error_text(t->lib, text, sizeof(text)));
}

/* Not in the options' words, since they are not at fault. */
static struct err
blame_library(struct tls *t)
{
	char text[128];

	(void)snprintf(t->words, sizeof(t->words), "OpenSSL: %s",
	    tls_error_text(t->lib, text, sizeof(text)));
	return err_of(tls_error_is_local(t->lib) ? ERR_NOMEM : ERR_TLS);
}

/* One that can be read; errno says why not. */
static bool
is_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return false;
	(void)close(fd);
	return true;
}

static struct err
trust(struct tls *t)
{
	const struct tls_options *o = &t->options;
	const struct openssl *lib = t->lib;

	if (o->ca_file != NULL &&
	    lib->SSL_CTX_load_verify_file(t->ctx, o->ca_file) != 1)
		return refuse_error(t, "--cacert", o->ca_file);
	/* Its files are read when they are looked for. */
	if (o->ca_dir != NULL && !is_directory(o->ca_dir))
		return refuse(t, "--capath", o->ca_dir, strerrordesc_np(errno));
	if (o->ca_dir != NULL &&
	    lib->SSL_CTX_load_verify_dir(t->ctx, o->ca_dir) != 1)
		return refuse_error(t, "--capath", o->ca_dir);
	if (o->ca_file == NULL && o->ca_dir == NULL &&
	    lib->SSL_CTX_set_default_verify_paths(t->ctx) != 1)
		return blame_library(t);
	/* Whatever stands there is trusted, be it a root or not: the server's
	 * own certificate will do. */
	(void)lib->X509_VERIFY_PARAM_set_flags(
	    lib->SSL_CTX_get0_param(t->ctx), OPENSSL_V_FLAG_PARTIAL_CHAIN);
	if (o->is_insecure)
		lib->SSL_CTX_set_verify(t->ctx, OPENSSL_VERIFY_NONE, NULL);
	else
		lib->SSL_CTX_set_verify(
		    t->ctx, OPENSSL_VERIFY_PEER, tls_on_verify);
	return err_none();
}

/* Without a file there is no pass phrase, rather than a question on the
 * terminal. */
static int
on_pass(char *to, int size, int is_writing, void *ctx)
{
	struct tls *t = ctx;
	struct slice pass = buf_slice(&t->pass);

	(void)is_writing;
	t->was_asked_pass = true;
	if (pass.len > (size_t)size)
		return -1;
	if (pass.len > 0)
		memcpy(to, pass.ptr, pass.len);
	return (int)pass.len;
}

static struct err
read_pass(struct tls *t)
{
	const char *file = t->options.pass_file;
	struct slice pass;
	struct err err;
	char text[128];

	if (file == NULL)
		return err_none();
	err = slurp_file(file, &t->pass);
	if (err.kind == ERR_NOMEM)
		return err;
	if (err_is(err))
		return refuse(
		    t, "--pass-file", file, err_text(err, text, sizeof(text)));
	pass = buf_slice(&t->pass);
	pass = slice_first(pass, slice_find(pass, '\n'));
	if (pass.len > 0 && pass.ptr[pass.len - 1] == '\r')
		pass.len--;
	t->pass.len = pass.len;
	return err_none();
}

static const char foreign_key[] = "the key does not belong to the certificate";

/* OpenSSL's own words are about formats and decoders. */
static struct err
refuse_key(struct tls *t, const char *option, const char *file)
{
	unsigned long error = t->lib->ERR_peek_error();
	const char *why = "no private key can be read from it";

	if ((error & OPENSSL_R_SYSTEM) != 0)
		return refuse_error(t, option, file);
	if ((error & OPENSSL_ERROR_MASK) == OPENSSL_ERROR_KEY_MISMATCH)
		why = foreign_key;
	else if (t->was_asked_pass && t->options.pass_file == NULL)
		why = "the key needs a pass phrase: see --pass-file";
	else if (t->was_asked_pass)
		why = "the pass phrase of --pass-file is not the key's";
	return refuse(t, option, file, why);
}

static struct err
read_key(struct tls *t)
{
	const struct tls_options *o = &t->options;
	const char *option = o->key_file != NULL ? "--key" : "--cert";
	const char *file = o->key_file != NULL ? o->key_file : o->cert_file;
	struct err err = read_pass(t);

	if (err_is(err))
		return err;
	t->lib->SSL_CTX_set_default_passwd_cb(t->ctx, on_pass);
	t->lib->SSL_CTX_set_default_passwd_cb_userdata(t->ctx, t);
	if (t->lib->SSL_CTX_use_PrivateKey_file(
		t->ctx, file, OPENSSL_FILETYPE_PEM) != 1)
		return refuse_key(t, option, file);
	/* The one above compares keys of one kind alone. */
	if (t->lib->SSL_CTX_check_private_key(t->ctx) != 1)
		return refuse(t, option, file, foreign_key);
	return err_none();
}

static struct err
read_identity(struct tls *t)
{
	const char *file = t->options.cert_file;
	struct err err;

	if (file == NULL)
		return err_none();
	if (t->lib->SSL_CTX_use_certificate_chain_file(t->ctx, file) != 1)
		return (t->lib->ERR_peek_error() & OPENSSL_ERROR_MASK) ==
			OPENSSL_ERROR_NO_PEM
		    ? refuse(t, "--cert", file, "no certificate (PEM) in it")
		    : refuse_error(t, "--cert", file);
	err = read_key(t);
	if (t->pass.ptr != NULL)
		explicit_bzero(t->pass.ptr, t->pass.cap);
	buf_fini(&t->pass);
	return err;
}

/* Names of OpenSSL's between colons: suites of TLS 1.3, which have a list of
 * their own, and the others. */
static struct err
set_ciphers(struct tls *t)
{
	struct slice left = slice_str(t->options.ciphers);
	struct buf lists[2]; /* [1]: of TLS 1.3 */
	struct err err = err_none();
	bool is_good = true;

	for (int i = 0; i < 2; i++)
		buf_init(&lists[i], left.len + 2);
	while (left.len > 0 && !err_is(err)) {
		size_t end = slice_find(left, ':');
		struct slice name = slice_first(left, end);
		struct buf *list =
		    &lists[name.len > 4 && memcmp(name.ptr, "TLS_", 4) == 0];

		left = slice_from(left, end < left.len ? end + 1 : end);
		if (list->len > 0)
			err = buf_append_octet(list, ':');
		if (!err_is(err))
			err = buf_append(list, name);
	}
	for (int i = 0; i < 2 && !err_is(err); i++) {
		if (lists[i].len == 0)
			continue;
		err = buf_append_octet(&lists[i], '\0');
		if (err_is(err))
			break;
		is_good = is_good &&
		    (i == 0 ? t->lib->SSL_CTX_set_cipher_list
			    : t->lib->SSL_CTX_set_ciphersuites)(
			t->ctx, (const char *)lists[i].ptr) == 1;
	}
	for (int i = 0; i < 2; i++)
		buf_fini(&lists[i]);
	if (!err_is(err) && !is_good)
		err = refuse_error(t, "--ciphers", t->options.ciphers);
	return err;
}

static void
on_keylog(const struct ssl_st *ssl, const char *line)
{
	const struct tls_stream *l = openssl_get()->SSL_get_ex_data(ssl, 0);
	char text[512];
	int len = snprintf(text, sizeof(text), "%s\n", line);

	/* A line at a time, since others may append to it as well; when it
	 * cannot be written, fetching goes on. */
	if (len > 0 && (size_t)len < sizeof(text))
		(void)!write(l->tls->keylog_fd, text, (size_t)len);
}

static void
open_keylog(struct tls *t)
{
	const char *file = t->options.keylog_file;

	if (file == NULL)
		return;
	t->keylog_fd = open(file,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	    0600);
	/* It is a wish of whoever looks on, and no reason to fetch nothing. */
	if (t->keylog_fd == -1)
		(void)refuse(t, "SSLKEYLOGFILE", file, strerrordesc_np(errno));
	else
		t->lib->SSL_CTX_set_keylog_callback(t->ctx, on_keylog);
}

/* A session may be resumed by the next connection to the same origin. */
static int
on_session(struct ssl_st *ssl, struct ssl_session_st *session)
{
	const struct openssl *lib = openssl_get();
	const struct tls_stream *l = lib->SSL_get_ex_data(ssl, 0);
	struct slice origin = slice_of(l->origin, l->origin_len);
	unsigned char der[TLS_SESSION_MAX];
	unsigned char *to = der;
	int len;

	if (!tls_sessions_want(&l->tls->sessions, origin) ||
	    lib->SSL_SESSION_is_resumable(session) != 1)
		return 0;
	len = lib->i2d_SSL_SESSION(session, NULL);
	if (len > 0 && (size_t)len <= sizeof(der) &&
	    lib->i2d_SSL_SESSION(session, &to) == len)
		tls_sessions_put(
		    &l->tls->sessions, origin, slice_of(der, (size_t)len));
	return 0; /* it remains the connection's */
}

/* The least version, unless the system's configuration demands more. */
static bool
set_version(struct tls *t)
{
	long least = t->options.needs_tls13 ? OPENSSL_TLS1_3_VERSION
					    : OPENSSL_TLS1_2_VERSION;

	return t->lib->SSL_CTX_ctrl(t->ctx, OPENSSL_CTRL_GET_MIN_PROTO_VERSION,
		   0, NULL) >= least ||
	    t->lib->SSL_CTX_ctrl(
		t->ctx, OPENSSL_CTRL_SET_MIN_PROTO_VERSION, least, NULL) == 1;
}

static struct err
set_up(struct tls *t)
{
	static const unsigned char protocols[] = "\x08http/1.1";
	const struct openssl *lib = t->lib;
	struct err err;

	t->bio = tls_bio_method(lib);
	t->ctx = lib->SSL_CTX_new(lib->TLS_client_method());
	if (t->bio == NULL || t->ctx == NULL || !set_version(t) ||
	    lib->SSL_CTX_set_alpn_protos(
		t->ctx, protocols, sizeof(protocols) - 1) != 0)
		return blame_library(t);
	(void)lib->SSL_CTX_ctrl(t->ctx, OPENSSL_CTRL_MODE,
	    OPENSSL_MODE_ENABLE_PARTIAL_WRITE |
		OPENSSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
		OPENSSL_MODE_RELEASE_BUFFERS,
	    NULL);
	(void)lib->SSL_CTX_set_options(t->ctx, OPENSSL_OP_NO_RENEGOTIATION);
	/* Whatever the system's configuration says: a body that ends by that
	 * alone may have been cut. */
	(void)lib->SSL_CTX_clear_options(
	    t->ctx, OPENSSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)lib->SSL_CTX_ctrl(t->ctx, OPENSSL_CTRL_SET_SESS_CACHE_MODE,
	    OPENSSL_SESS_CACHE_CLIENT | OPENSSL_SESS_CACHE_NO_INTERNAL, NULL);
	lib->SSL_CTX_sess_set_new_cb(t->ctx, on_session);
	err = trust(t);
	if (!err_is(err))
		err = read_identity(t);
	if (!err_is(err) && t->options.ciphers != NULL)
		err = set_ciphers(t);
	if (!err_is(err))
		open_keylog(t);
	return err;
}

static struct err
open_all(struct tls *t)
{
	struct err err;

	t->lib = openssl_get();
	if (t->lib == NULL) {
		(void)snprintf(t->words, sizeof(t->words),
		    dynlib_is_possible()
			? OPENSSL_SONAME " is not there: https needs it"
			: "this is a static build, which cannot "
			  "open " OPENSSL_SONAME ": no https");
		return err_of(ERR_NO_TLS);
	}
	t->rx = malloc(TLS_RX_SIZE);
	if (t->rx == NULL)
		return err_of(ERR_NOMEM);
	err = tls_sessions_init(&t->sessions, TLS_SESSIONS_OCTETS);
	if (err_is(err))
		return err;
	t->lib->ERR_clear_error();
	return set_up(t);
}

struct err
tls_open(struct tls *t)
{
	char text[128];

	if (!t->is_open) {
		t->verdict = open_all(t);
		t->is_open = true;
		if (err_is(t->verdict) && t->words[0] == '\0')
			(void)snprintf(t->words, sizeof(t->words), "%s",
			    err_text(t->verdict, text, sizeof(text)));
	}
	return t->verdict;
}

const char *
tls_words(const struct tls *t)
{
	return t->words;
}
