/* link: -Wl,--wrap=openssl_version,--wrap=idn_version,--wrap=zlib_version,--wrap=brotli_version,--wrap=zstd_version,--wrap=dynlib_is_possible */
#include "exact.h"

#include <stdbool.h>
#include <stdio.h>

#include "bulkfetch.h"
#include "cli/version.h"

/* fetch/libraries, and what cli/version makes of it. */

static const char *tls_version;
static const char *names_version;
static const char *coding_version;
static bool is_static;

const char *__wrap_openssl_version(void);
const char *__wrap_idn_version(void);
const char *__wrap_zlib_version(void);
const char *__wrap_brotli_version(void);
const char *__wrap_zstd_version(void);
bool __wrap_dynlib_is_possible(void);

const char *
__wrap_openssl_version(void)
{
	return tls_version;
}

const char *
__wrap_idn_version(void)
{
	return names_version;
}

const char *
__wrap_zlib_version(void)
{
	return coding_version;
}

const char *
__wrap_brotli_version(void)
{
	return coding_version;
}

const char *
__wrap_zstd_version(void)
{
	return coding_version;
}

bool
__wrap_dynlib_is_possible(void)
{
	return !is_static;
}

static void
finds_each_library_by_its_number(void **state)
{
	static const struct bulkfetch_library expected[] = {
		{ "https", "libssl.so.3", "OpenSSL 3.0" },
		{ "gzip", "libz.so.1", "1.2" },
		{ "br", "libbrotlidec.so.1", "1.2" },
		{ "zstd", "libzstd.so.1", "1.2" },
		{ "IDN", "libidn2.so.0", NULL },
	};
	struct bulkfetch_library library = { .purpose = "untouched" };
	size_t count = 0;

	(void)state;
	tls_version = "OpenSSL 3.0";
	coding_version = "1.2";
	names_version = NULL;
	for (; bulkfetch_find_library(count, &library); count++) {
		assert_true(count < COUNT(expected));
		assert_string_equal(library.purpose, expected[count].purpose);
		assert_string_equal(library.file, expected[count].file);
		if (expected[count].version == NULL)
			assert_null(library.version);
		else
			assert_string_equal(
			    library.version, expected[count].version);
	}
	assert_int_equal(count, COUNT(expected));
	library.purpose = "untouched";
	assert_false(bulkfetch_find_library(SIZE_MAX, &library));
	assert_string_equal(library.purpose, "untouched");
}

static void
expect_printed(const char *expected)
{
	char text[512] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	version_print(out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
}

static void
prints_a_line_for_each(void **state)
{
	(void)state;
	tls_version = "OpenSSL 3.0.15 3 Sep 2024";
	names_version = "2.3.3";
	coding_version = NULL;
	expect_printed("bulkfetch " BULKFETCH_VERSION "\n"
		       "https    libssl.so.3        OpenSSL 3.0.15 3 Sep 2024\n"
		       "gzip     libz.so.1          not found\n"
		       "br       libbrotlidec.so.1  not found\n"
		       "zstd     libzstd.so.1       not found\n"
		       "IDN      libidn2.so.0       2.3.3\n");
}

static void
says_that_a_static_program_opens_none(void **state)
{
	(void)state;
	tls_version = names_version = NULL;
	assert_true(bulkfetch_can_open_libraries());
	is_static = true;
	assert_false(bulkfetch_can_open_libraries());
	expect_printed("bulkfetch " BULKFETCH_VERSION "\n"
		       "This is a static build, which opens no libraries: "
		       "https is not available.\n");
	is_static = false;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_library_by_its_number),
		cmocka_unit_test(prints_a_line_for_each),
		cmocka_unit_test(says_that_a_static_program_opens_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
