/* link: -Wl,--wrap=openssl_get,--wrap=dynlib_is_possible,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"

#include "refuse.h"
#include "tls_bench.h"

/* As if there were no library, and as if this program were a static one. */
static bool is_hidden;
static bool is_static;

const struct openssl *__real_openssl_get(void);
const struct openssl *__wrap_openssl_get(void);
bool __real_dynlib_is_possible(void);
bool __wrap_dynlib_is_possible(void);

const struct openssl *
__wrap_openssl_get(void)
{
	return is_hidden ? NULL : __real_openssl_get();
}

bool
__wrap_dynlib_is_possible(void)
{
	return !is_static && __real_dynlib_is_possible();
}

static struct tls *
make(const struct tls_options *options)
{
	struct tls *t = NULL;

	assert_false(err_is(tls_new(options, &t)));
	return t;
}

/* The same verdict, however often it is asked for. */
static void
expect_open(
    const struct tls_options *options, enum err_kind kind, const char *words)
{
	struct tls *t = make(options);

	for (int i = 0; i < 3; i++) {
		struct err err = tls_open(t);

		if (err.kind != kind)
			fail_msg("%s instead of %s: %s", err_name(err.kind),
			    err_name(kind), tls_words(t));
		if (words == NULL || words[0] != '\0')
			assert_string_equal(
			    tls_words(t), words != NULL ? words : "");
		else
			assert_true(strlen(tls_words(t)) > 3);
	}
	tls_free(t);
}

/* ---- Pins ---------------------------------------------------------------- */

#define HASH "cW2jEu2xmoy0cvbWcHsv7O1ubSefQoxd72cNR3NVJCs="
#define PIN "sha256//" HASH

static void
takes_pins_as_curl_writes_them(void **state)
{
	static const char malformed[] =
	    "not sha256// and 44 characters of base64";
	static const struct {
		const char *pins;
		const char *why; /* NULL: taken */
	} rows[] = {
		{ NULL, NULL },
		{ PIN, NULL },
		{ PIN ";", NULL },
		{ PIN ";" PIN, NULL },
		{ "sha256//++++++++++//////////0123456789azAZbyBYcxCXd=",
		    NULL },
		{ "", "no key at all" },
		{ ";", malformed },
		{ ";" PIN, malformed },
		{ PIN ";;" PIN, malformed },
		{ PIN " ", malformed },
		{ " " PIN, malformed },
		{ PIN ",", malformed },
		{ PIN "," PIN, malformed },
		{ HASH, malformed },
		{ "sha256/" HASH, malformed },
		{ "SHA256//" HASH, malformed },
		{ "sha512//" HASH, malformed },
		{ "sha1//" HASH, malformed },
		{ "key.pem", malformed },
		{ "sha256//", malformed },
		/* One less, one more, no padding, too much, and another
		 * alphabet. */
		{ "sha256//W2jEu2xmoy0cvbWcHsv7O1ubSefQoxd72cNR3NVJCs=",
		    malformed },
		{ "sha256//AcW2jEu2xmoy0cvbWcHsv7O1ubSefQoxd72cNR3NVJCs=",
		    malformed },
		{ "sha256//cW2jEu2xmoy0cvbWcHsv7O1ubSefQoxd72cNR3NVJCsA",
		    malformed },
		{ "sha256//cW2jEu2xmoy0cvbWcHsv7O1ubSefQoxd72cNR3NVJC==",
		    malformed },
		{ "sha256//cW2jEu2xmoy0cvbWcHsv7O1ubSefQoxd72cNR3NVJ-_=",
		    malformed },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_options options = { .pins = rows[i].pins };
		struct tls *t = NULL;
		struct err err = tls_new(&options, &t);
		const char *row = rows[i].pins != NULL ? rows[i].pins : "none";

		expect_kind(
		    row, err, rows[i].why != NULL ? ERR_REQUEST : ERR_NONE);
		if (rows[i].why != NULL)
			expect_text(row, slice_str(err.why), rows[i].why);
		assert_int_equal(t == NULL, rows[i].why != NULL);
		tls_free(t);
	}
}

static void
takes_so_many_pins_and_no_more(void **state)
{
	struct tls_options options;
	char pins[(TLS_PINS_MAX + 1) * sizeof(PIN)] = "";
	struct tls *t = NULL;
	struct err err;

	(void)state;
	for (int i = 0; i < TLS_PINS_MAX; i++)
		(void)strcat(pins, i > 0 ? ";" PIN : PIN);
	options = (struct tls_options){ .pins = pins };
	tls_free(make(&options));
	(void)strcat(pins, ";" PIN);
	err = tls_new(&options, &t);
	expect_kind("pins", err, ERR_REQUEST);
	assert_string_equal(err.why, "more than 32 keys");
}

/* ---- Without a library --------------------------------------------------- */

static void
names_the_library_that_is_missing(void **state)
{
	const struct tls_options options = { .is_insecure = true };
	struct tls *t;

	(void)state;
	is_hidden = true;
	expect_open(
	    &options, ERR_NO_TLS, "libssl.so.3 is not there: https needs it");
	/* It is not looked for again, for each URL. */
	t = make(&options);
	expect_kind("hidden", tls_open(t), ERR_NO_TLS);
	is_hidden = false;
	expect_kind("ever after", tls_open(t), ERR_NO_TLS);
	tls_free(t);
	is_hidden = is_static = true;
	expect_open(&options, ERR_NO_TLS,
	    "this is a static build, which cannot open libssl.so.3: no https");
	is_hidden = is_static = false;
}

/* ---- Options ------------------------------------------------------------- */

/* Names in options are those of the scratch directory. */
static const char *
path_of(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	if (name == NULL)
		return NULL;
	(void)snprintf(path, sizeof(paths[0]), "%s", scratch_path(name));
	return path;
}

static void
opens_what_the_options_name(void **state)
{
	static const struct tls_options rows[] = {
		{ .ca_file = NULL },
		{ .ca_file = "ca" },
		{ .ca_dir = "" },
		{ .ca_file = "ca", .ca_dir = "" },
		{ .cert_file = "cert", .key_file = "key" },
		{ .cert_file = "both" },
		{ .cert_file = "chain", .key_file = "key" },
		{ .cert_file = "cert",
		    .key_file = "locked-key",
		    .pass_file = "pass" },
		{ .cert_file = "cert",
		    .key_file = "locked-key",
		    .pass_file = "pass-of-dos" },
		{ .cert_file = "cert",
		    .key_file = "locked-key",
		    .pass_file = "bare-pass" },
		{ .cert_file = "cert", .key_file = "key", .pass_file = "pass" },
		{ .needs_tls13 = true },
		{ .is_insecure = true },
		{ .pins = TLS_PEM_PIN },
	};

	(void)state;
	TLS_BENCH_OR_SKIP();
	scratch_write("both", TLS_PEM_CERT TLS_PEM_KEY, 0600);
	scratch_write("chain", TLS_PEM_CERT TLS_PEM_CA, 0600);
	scratch_write("pass", "secret\nand more\n", 0600);
	scratch_write("pass-of-dos", "secret\r\n", 0600);
	scratch_write("bare-pass", "secret", 0600);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_options options = rows[i];

		options.ca_file = path_of(options.ca_file);
		options.ca_dir = path_of(options.ca_dir);
		options.cert_file = path_of(options.cert_file);
		options.key_file = path_of(options.key_file);
		if (options.pass_file != NULL)
			options.pass_file = scratch_path(options.pass_file);
		expect_open(&options, ERR_NONE, NULL);
	}
}

/* The option, the file, and why; '@' stands for the scratch directory. */
static void
says_which_option_is_wrong_and_why(void **state)
{
	static const struct {
		struct tls_options options;
		const char *begin;
		const char *why; /* NULL: in OpenSSL's words */
	} rows[] = {
		{ { .ca_file = "none" },
		    "--cacert '@/none': ", "No such file or directory" },
		{ { .ca_file = "empty" }, "--cacert '@/empty': ", NULL },
		{ { .ca_file = "key" }, "--cacert '@/key': ", NULL },
		{ { .ca_dir = "none" },
		    "--capath '@/none': ", "No such file or directory" },
		{ { .ca_dir = "key" },
		    "--capath '@/key': ", "Not a directory" },
		{ { .cert_file = "none" },
		    "--cert '@/none': ", "No such file or directory" },
		{ { .cert_file = "empty" }, "--cert '@/empty': ", NULL },
		{ { .cert_file = "key" }, "--cert '@/key': ", NULL },
		{ { .cert_file = "cert", .key_file = "none" },
		    "--key '@/none': ", "No such file or directory" },
		{ { .cert_file = "cert" },
		    "--cert '@/cert': ", "no private key can be read from it" },
		{ { .cert_file = "cert", .key_file = "empty" },
		    "--key '@/empty': ", "no private key can be read from it" },
		{ { .cert_file = "cert", .key_file = "other-key" },
		    "--key '@/other-key': ",
		    "the key does not belong to the certificate" },
		{ { .cert_file = "cert", .key_file = "strange-key" },
		    "--key '@/strange-key': ",
		    "the key does not belong to the certificate" },
		{ { .cert_file = "cert", .key_file = "locked-key" },
		    "--key '@/locked-key': ",
		    "the key needs a pass phrase: see --pass-file" },
		{ { .cert_file = "cert",
		      .key_file = "locked-key",
		      .pass_file = "wrong" },
		    "--key '@/locked-key': ",
		    "the pass phrase of --pass-file is not the key's" },
		{ { .cert_file = "cert",
		      .key_file = "locked-key",
		      .pass_file = "large" },
		    "--key '@/locked-key': ",
		    "the pass phrase of --pass-file is not the key's" },
		{ { .cert_file = "cert",
		      .key_file = "locked-key",
		      .pass_file = "empty" },
		    "--key '@/locked-key': ",
		    "the pass phrase of --pass-file is not the key's" },
		{ { .cert_file = "cert",
		      .key_file = "locked-key",
		      .pass_file = "none" },
		    "--pass-file '@/none': ", "No such file or directory" },
		{ { .cert_file = "cert",
		      .key_file = "key",
		      .pass_file = "long" },
		    "--pass-file '@/long': ", NULL },
	};
	char line[5001];

	(void)state;
	TLS_BENCH_OR_SKIP();
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	scratch_write("long", line, 0600);
	/* More than OpenSSL has room for. */
	line[3000] = '\0';
	scratch_write("large", line, 0600);
	scratch_write("empty", "", 0600);
	scratch_write("wrong", "Secret\n", 0600);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_options options = rows[i].options;
		char begin[256];
		struct tls *t;
		const char *words;

		options.ca_file = path_of(options.ca_file);
		options.ca_dir = path_of(options.ca_dir);
		options.cert_file = path_of(options.cert_file);
		options.key_file = path_of(options.key_file);
		if (options.pass_file != NULL)
			options.pass_file = scratch_path(options.pass_file);
		t = make(&options);
		expect_kind(rows[i].begin, tls_open(t), ERR_REQUEST);
		(void)snprintf(begin, sizeof(begin), "%.*s%s%s",
		    (int)strcspn(rows[i].begin, "@"), rows[i].begin,
		    scratch_dir, strchr(rows[i].begin, '@') + 1);
		words = tls_words(t);
		if (strncmp(words, begin, strlen(begin)) != 0)
			fail_msg(
			    "\"%s\" does not begin with \"%s\"", words, begin);
		words += strlen(begin);
		if (rows[i].why != NULL)
			assert_string_equal(words, rows[i].why);
		else if (strlen(words) < 4 || strstr(words, "null") != NULL)
			fail_msg("\"%s\"", tls_words(t));
		tls_free(t);
	}
}

/* ---- Cipher suites ------------------------------------------------------- */

static void
takes_suites_of_both_kinds_in_one_list(void **state)
{
	static const struct {
		const char *ciphers;
		bool is_good;
	} rows[] = {
		{ "ECDHE-ECDSA-AES128-GCM-SHA256", true },
		{ "TLS_AES_128_GCM_SHA256", true },
		{ "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:"
		  "TLS_AES_256_GCM_SHA384",
		    true },
		{ "HIGH:!aNULL", true },
		{ "no-such-cipher", false },
		{ "TLS_NO_SUCH_SUITE", false },
		{ "TLS_NO_SUCH_SUITE:ECDHE-ECDSA-AES128-GCM-SHA256", false },
		{ "TLS_AES_128_GCM_SHA256:no-such-cipher", false },
		{ "TLS_", false },
	};

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct tls_options options = { .ciphers =
							 rows[i].ciphers };
		struct tls *t = make(&options);
		struct err err = tls_open(t);
		char begin[200];

		expect_kind(rows[i].ciphers, err,
		    rows[i].is_good ? ERR_NONE : ERR_REQUEST);
		(void)snprintf(
		    begin, sizeof(begin), "--ciphers '%s': ", rows[i].ciphers);
		if (!rows[i].is_good &&
		    strncmp(tls_words(t), begin, strlen(begin)) != 0)
			fail_msg("%s", tls_words(t));
		tls_free(t);
	}
}

/* A server that has none of them in common refuses. */
static void
speaks_the_suites_it_is_told(void **state)
{
	static const struct {
		const char *ciphers;
		long version;
		bool is_shared;
	} rows[] = {
		{ "ECDHE-ECDSA-AES128-GCM-SHA256", OPENSSL_TLS1_2_VERSION,
		    true },
		/* The server's key is not of that kind. */
		{ "ECDHE-RSA-AES128-GCM-SHA256", OPENSSL_TLS1_2_VERSION,
		    false },
		/* Either list leaves the other one as it was. */
		{ "ECDHE-RSA-AES128-GCM-SHA256", OPENSSL_TLS1_3_VERSION, true },
		{ "TLS_AES_256_GCM_SHA384", OPENSSL_TLS1_2_VERSION, true },
		{ "TLS_AES_256_GCM_SHA384", OPENSSL_TLS1_3_VERSION, true },
		{ "ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256",
		    OPENSSL_TLS1_2_VERSION, false },
	};

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(rows); i++) {
		tls_bench.options.ciphers = rows[i].ciphers;
		tls_bench_trust();
		tls_bench_serve("cert", rows[i].version);
		assert_false(err_is(tls_bench_begin("localhost")));
		assert_int_equal(tls_bench_shake().status,
		    rows[i].is_shared ? STREAM_OK : STREAM_FAILED);
	}
}

/* ---- The key log --------------------------------------------------------- */

/* How many lines of `name` there are, and whether all begin so. */
static unsigned
count_lines(const char *name, const char *const *begins)
{
	FILE *file = fopen(scratch_path(name), "r");
	char line[1024];
	unsigned count = 0;

	assert_non_null(file);
	while (fgets(line, (int)sizeof(line), file) != NULL) {
		bool is_known = false;

		for (size_t i = 0; begins[i] != NULL; i++)
			is_known = is_known ||
			    strncmp(line, begins[i], strlen(begins[i])) == 0;
		if (!is_known || line[strlen(line) - 1] != '\n')
			fail_msg("line \"%s\"", line);
		count++;
	}
	assert_int_equal(fclose(file), 0);
	return count;
}

static void
appends_secrets_to_the_key_log(void **state)
{
	static const char *const begins[] = { "# before\n", "CLIENT_RANDOM ",
		"CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
		"SERVER_HANDSHAKE_TRAFFIC_SECRET ", "CLIENT_TRAFFIC_SECRET_0 ",
		"SERVER_TRAFFIC_SECRET_0 ", "EXPORTER_SECRET ", NULL };
	char path[128];

	(void)state;
	TLS_BENCH_OR_SKIP();
	(void)snprintf(path, sizeof(path), "%s", scratch_path("log"));
	scratch_write("log", "# before\n", 0644);
	tls_bench.options.keylog_file = path;
	tls_bench_trust();
	tls_bench_serve("cert", OPENSSL_TLS1_2_VERSION);
	tls_bench_connect();
	assert_int_equal(count_lines("log", begins), 2);
	tls_bench_trust();
	tls_bench_serve("cert", OPENSSL_TLS1_3_VERSION);
	tls_bench_connect();
	assert_int_equal(count_lines("log", begins), 7);
	/* One that it makes is for nobody else. */
	(void)snprintf(path, sizeof(path), "%s", scratch_path("new"));
	tls_bench_trust();
	tls_bench_connect();
	assert_int_equal(scratch_mode("new") & 0777, 0600);
	assert_int_equal(count_lines("new", begins), 5);
}

static void
fetches_on_when_the_key_log_cannot_be_written(void **state)
{
	struct tls *t;
	char path[128];
	char words[200];

	(void)state;
	TLS_BENCH_OR_SKIP();
	(void)snprintf(path, sizeof(path), "%s", scratch_path("none/log"));
	tls_bench.options.keylog_file = path;
	t = make(&tls_bench.options);
	expect_kind("key log", tls_open(t), ERR_NONE);
	(void)snprintf(words, sizeof(words),
	    "SSLKEYLOGFILE '%s': No such file or directory", path);
	assert_string_equal(tls_words(t), words);
	tls_free(t);
	tls_bench_trust();
	tls_bench_connect();
}

/* ---- Memory -------------------------------------------------------------- */

static void
survives_refused_allocations(void **state)
{
	struct tls_options options = { .ciphers =
					   "TLS_AES_128_GCM_SHA256:HIGH" };
	bool was_refused = true;
	char paths[3][128];

	(void)state;
	TLS_BENCH_OR_SKIP();
	scratch_write("pass", "secret\n", 0600);
	for (size_t i = 0; i < COUNT(paths); i++)
		(void)snprintf(paths[i], sizeof(paths[i]), "%s",
		    scratch_path(i == 0 ? "cert"
			    : i == 1    ? "locked-key"
					: "pass"));
	options.ca_file = options.cert_file = paths[0];
	options.key_file = paths[1];
	options.pass_file = paths[2];
	for (size_t n = 1; was_refused; n++) {
		struct tls *t = NULL;
		struct err err;

		refuse_begin(n);
		err = tls_new(&options, &t);
		if (!err_is(err))
			err = tls_open(t);
		was_refused = refuse_end();
		if (!was_refused)
			expect_kind("open", err, ERR_NONE);
		else if (t == NULL || err.kind != ERR_REQUEST)
			expect_kind("refused", err, ERR_NOMEM);
		else if (strstr(tls_words(t), "memory") == NULL)
			/* what reads a file blames it */
			fail_msg("%s", tls_words(t));
		tls_free(t);
		assert_true(n < 50);
	}
}

static void
may_be_freed_unopened_and_not_at_all(void **state)
{
	const struct tls_options options = { .is_insecure = true };

	(void)state;
	tls_free(NULL);
	tls_free(make(&options));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown( \
	    name, tls_bench_setup, tls_bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_pins_as_curl_writes_them),
		cmocka_unit_test(takes_so_many_pins_and_no_more),
		cmocka_unit_test(names_the_library_that_is_missing),
		TEST(opens_what_the_options_name),
		TEST(says_which_option_is_wrong_and_why),
		TEST(takes_suites_of_both_kinds_in_one_list),
		TEST(speaks_the_suites_it_is_told),
		TEST(appends_secrets_to_the_key_log),
		TEST(fetches_on_when_the_key_log_cannot_be_written),
		TEST(survives_refused_allocations),
		cmocka_unit_test(may_be_freed_unopened_and_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
