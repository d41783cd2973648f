#include "exact.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/idn.h"

/* link: -Wl,--wrap=dlopen,--wrap=dlsym,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "refuse.h"

/* What the library is; each test that changes it is a process of its own, since
 * it is looked for once. */
static enum library {
	LIBRARY_REAL,
	LIBRARY_MISSING,
	LIBRARY_OLD,
	LIBRARY_POOR, /* in memory */
} library;
static unsigned opened; /* how often it was looked for */

void *__real_dlopen(const char *name, int flags);
void *__real_dlsym(void *handle, const char *name);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *handle, const char *name);

void *
__wrap_dlopen(const char *name, int flags)
{
	opened++;
	return library == LIBRARY_MISSING ? NULL : __real_dlopen(name, flags);
}

static const char *
old_version(const char *least)
{
	return strcmp(least, "0.16") <= 0 ? "0.16" : NULL;
}

static int
poor_lookup(const uint8_t *name, uint8_t **out, int flags)
{
	(void)name;
	(void)out;
	(void)flags;
	return -100; /* IDN2_MALLOC */
}

void *
__wrap_dlsym(void *handle, const char *name)
{
	void *address = __real_dlsym(handle, name);
	const char *(*version)(const char *least) = old_version;
	int (*lookup)(const uint8_t *, uint8_t **, int) = poor_lookup;

	if (library == LIBRARY_OLD && strcmp(name, "idn2_check_version") == 0)
		memcpy(&address, &version, sizeof(address));
	if (library == LIBRARY_POOR && strcmp(name, "idn2_lookup_u8") == 0)
		memcpy(&address, &lookup, sizeof(address));
	return address;
}

/* Run `test` where the library is looked for anew. */
static void
in_a_process(enum library kind, void (*test)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		library = kind;
		test();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* In such a process. */
static void
demand(bool is_so, const char *what)
{
	if (is_so)
		return;
	(void)fprintf(stderr, "not so: %s\n", what);
	_exit(1);
}

#define DEMAND(condition) demand(condition, #condition)

static void
convert(struct slice name, const char *ascii)
{
	struct slice in = exact_copy(name);
	struct buf out;

	buf_init(&out, 256);
	assert_false(err_is(buf_append_str(&out, "before ")));
	if (err_is(idn_to_ascii(in, &out)))
		fail_msg("%s: refused", ascii);
	expect_text("in front", slice_first(buf_slice(&out), 7), "before ");
	expect_text("name", slice_from(buf_slice(&out), 7), ascii);
	buf_fini(&out);
	exact_free(in);
}

static void
gives_names_their_ascii_form(void **state)
{
	static const struct {
		struct slice name;
		const char *ascii;
	} rows[] = {
		{ TEXT("b\xc3\xbc"
		       "cher.example"),
		    "xn--bcher-kva.example" },
		{ TEXT("B\xc3\x9c"
		       "CHER.Example"),
		    "xn--bcher-kva.example" },
		/* NFC comes first: u and a combining diaeresis. */
		{ TEXT("bu\xcc\x88"
		       "cher.example"),
		    "xn--bcher-kva.example" },
		/* Nontransitional: sharp s is a letter of its own. */
		{ TEXT("fa\xc3\x9f.example"), "xn--fa-hia.example" },
		/* The ideographic full stop separates labels. */
		{ TEXT("\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82\xe3\x83\x86\xe3"
		       "\x82\xb9\xe3\x83\x88"),
		    "xn--r8jz45g.xn--zckzah" },
		{ TEXT("\xc3\xa9.example."), "xn--9ca.example." },
		/* What is ASCII already. */
		{ TEXT("www.Example"), "www.example" },
		{ TEXT("xn--9ca.example"), "xn--9ca.example" },
	};

	(void)state;
	if (idn_version() == NULL)
		skip();
	for (size_t i = 0; i < COUNT(rows); i++)
		convert(rows[i].name, rows[i].ascii);
	/* Once for all of them. */
	assert_int_equal(opened, 1);
	assert_true(strncmp(idn_version(), "2.", 2) == 0);
}

static void
says_why_a_name_is_refused(void **state)
{
	static const struct {
		struct slice name;
		const char *why; /* NULL: in the library's words */
	} rows[] = {
		{ TEXT("\xff.example"),
		    "a non-ASCII host name that is not UTF-8" },
		{ TEXT("\xc3"), "a non-ASCII host name that is not UTF-8" },
		/* A surrogate, and a slash in too many octets. */
		{ TEXT("\xed\xa0\x80"),
		    "a non-ASCII host name that is not UTF-8" },
		{ TEXT("\xc0\xaf"), "a non-ASCII host name that is not UTF-8" },
		{ TEXT("\xc3\xa9\0.example"),
		    "an octet that may not stand in a host name" },
		{ TEXT("\xe2\x98\x83.example"), NULL }, /* a snowman */
		{ TEXT("-\xc3\xa9.example"), NULL },
		{ TEXT("xn--\xc3\xa9.example"), NULL },
	};

	(void)state;
	if (idn_version() == NULL)
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = exact_copy(rows[i].name);
		struct buf out;
		struct err err;

		buf_init(&out, 256);
		err = idn_to_ascii(in, &out);
		expect_kind("name", err, ERR_REQUEST);
		assert_non_null(err.why);
		assert_true(err.why[0] != '\0');
		if (rows[i].why != NULL)
			assert_string_equal(err.why, rows[i].why);
		assert_int_equal(out.len, 0);
		buf_fini(&out);
		exact_free(in);
	}
}

/* Up to the bound, and one beyond; what is long is no name either way. */
static void
looks_at_names_up_to_its_bound(void **state)
{
	uint8_t octets[IDN_NAME_MAX + 2];
	struct buf out;

	(void)state;
	if (idn_version() == NULL)
		skip();
	for (size_t i = 0; i < sizeof(octets); i += 2)
		memcpy(octets + i, "\xc3\xa9", 2);
	buf_init(&out, 4096);
	for (size_t len = IDN_NAME_MAX; len <= IDN_NAME_MAX + 2; len += 2) {
		struct slice in = exact_copy(slice_of(octets, len));
		struct err err = idn_to_ascii(in, &out);

		expect_kind("long", err, ERR_REQUEST);
		assert_int_equal(
		    strcmp(err.why, "a host name that is too long") == 0,
		    len > IDN_NAME_MAX);
		exact_free(in);
	}
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void
passes_on_that_there_is_no_room_or_memory(void **state)
{
	struct slice name = TEXT("\xc3\xa9.example");
	struct buf out;

	(void)state;
	if (idn_version() == NULL)
		skip();
	buf_init(&out, 14);
	expect_kind("room", idn_to_ascii(name, &out), ERR_LIMIT);
	buf_fini(&out);
	buf_init(&out, 15);
	refuse_begin(1);
	expect_kind("memory", idn_to_ascii(name, &out), ERR_NOMEM);
	assert_true(refuse_end());
	expect_kind("both", idn_to_ascii(name, &out), ERR_NONE);
	expect_text("name", buf_slice(&out), "xn--9ca.example");
	buf_fini(&out);
}

/* ---- Other libraries than the real one ---------------------------------- */

static void
demand_refusal(enum err_kind kind, const char *why)
{
	struct slice name = TEXT("\xc3\xa9.example");
	struct buf out;
	struct err err;

	buf_init(&out, 256);
	for (int i = 0; i < 3; i++) {
		err = idn_to_ascii(name, &out);
		DEMAND(err.kind == kind);
		DEMAND(why == NULL || strcmp(err.why, why) == 0);
	}
	DEMAND(out.len == 0);
	DEMAND(opened == 1);
	buf_fini(&out);
}

static void
without(void)
{
	DEMAND(idn_version() == NULL);
	demand_refusal(ERR_REQUEST,
	    "libidn2.so.0 is not there: non-ASCII host names need it");
}

/* Where the real one, which these dress up, is not there, there is nothing to
 * see. */
static bool
is_there(void)
{
	return __real_dlopen("libidn2.so.0", RTLD_LAZY) != NULL;
}

static void
with_an_old_one(void)
{
	if (!is_there())
		return;
	DEMAND(idn_version() == NULL);
	demand_refusal(ERR_REQUEST,
	    "libidn2.so.0 is older than 2.0.0: non-ASCII host names need a "
	    "newer one");
}

static void
with_a_poor_one(void)
{
	if (is_there())
		demand_refusal(ERR_NOMEM, NULL);
}

static void
names_the_library_that_is_missing(void **state)
{
	(void)state;
	in_a_process(LIBRARY_MISSING, without);
}

static void
wants_a_library_that_knows_uts_46(void **state)
{
	(void)state;
	in_a_process(LIBRARY_OLD, with_an_old_one);
}

static void
tells_want_of_memory_from_a_bad_name(void **state)
{
	(void)state;
	in_a_process(LIBRARY_POOR, with_a_poor_one);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		/* Before it is looked for here. */
		cmocka_unit_test(names_the_library_that_is_missing),
		cmocka_unit_test(wants_a_library_that_knows_uts_46),
		cmocka_unit_test(tells_want_of_memory_from_a_bad_name),
		cmocka_unit_test(gives_names_their_ascii_form),
		cmocka_unit_test(says_why_a_name_is_refused),
		cmocka_unit_test(looks_at_names_up_to_its_bound),
		cmocka_unit_test(passes_on_that_there_is_no_room_or_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
