/* link: -Wl,--wrap=dlopen,--wrap=dlsym,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "decoding_bench.h"
#include "refuse.h"

#include <dlfcn.h>

/* ---- Libraries that are not as they should be --------------------------- */

/* In a process of its own, since they are looked for once. */
static const char *missing; /* names that begin so are not there */
static bool is_poor;        /* they are refused memory */

void *__real_dlopen(const char *name, int flags);
void *__real_dlsym(void *handle, const char *name);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *handle, const char *name);

void *
__wrap_dlopen(const char *name, int flags)
{
	if (missing != NULL && strncmp(name, missing, strlen(missing)) == 0)
		return NULL;
	return __real_dlopen(name, flags);
}

static int
poor_inflate(void *z, int flush)
{
	(void)z;
	(void)flush;
	return -4; /* Z_MEM_ERROR */
}

static int
poor_code(const void *state)
{
	(void)state;
	return -26; /* BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1 */
}

static size_t
poor_decompress(void *context, void *out, void *in)
{
	(void)context;
	(void)out;
	(void)in;
	return (size_t)-64; /* ZSTD_error_memory_allocation */
}

void *
__wrap_dlsym(void *handle, const char *name)
{
	void *address = __real_dlsym(handle, name);
	int (*inflate)(void *, int) = poor_inflate;
	int (*code)(const void *) = poor_code;
	size_t (*decompress)(void *, void *, void *) = poor_decompress;

	if (is_poor && strcmp(name, "inflate") == 0)
		memcpy(&address, &inflate, sizeof(address));
	if (is_poor && strcmp(name, "BrotliDecoderGetErrorCode") == 0)
		memcpy(&address, &code, sizeof(address));
	if (is_poor && strcmp(name, "ZSTD_decompressStream") == 0)
		memcpy(&address, &decompress, sizeof(address));
	return address;
}

static void
in_a_process(void (*test)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
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

/* ---- What is refused ---------------------------------------------------- */

static void
refused_memory_is_told(void **state)
{
	static const struct codings four =
	    CODINGS(CODING_ZSTD, CODING_BR, CODING_DEFLATE, CODING_GZIP);
	struct err err = err_none();
	size_t n = 0;

	(void)state;
	if (!has_libraries())
		skip();
	do {
		struct decoding d;

		decoding_room_fini(&room);
		refuse_begin(++n);
		err = begin(&d, &four, NULL);
		if (refuse_end())
			expect_kind("init", err, ERR_NOMEM);
		decoding_fini(&d);
	} while (err_is(err));
	/* Four pieces, four decoders. */
	assert_int_equal(n, 9);
}

/* What was pushed has to be kept. */
static void
memory_that_is_refused_while_it_is_busy_is_told(void **state)
{
	static const struct codings gzip_br = CODINGS(CODING_GZIP, CODING_BR);
	struct slice in =
	    slice_of(coded_gzip_of_br_big, sizeof(coded_gzip_of_br_big));
	size_t refused = 0;
	size_t n = 0;
	bool was_refused;

	(void)state;
	if (!has_libraries())
		skip();
	do {
		struct output out;
		struct decoding d;
		struct err err;

		output_init(&out);
		assert_false(err_is(buf_reserve(&out.data, CODED_BIG_LEN)));
		assert_false(err_is(begin(&d, &gzip_br, &out)));
		d.turn = 1;
		refuse_begin(++n);
		err = decoding_push(&d, in, false);
		while (!err_is(err) && decoding_is_busy(&d))
			err = decoding_go_on(&d);
		was_refused = refuse_end();
		expect_kind("busy", err, was_refused ? ERR_NOMEM : ERR_NONE);
		refused += was_refused;
		decoding_fini(&d);
		buf_fini(&out.data);
	} while (was_refused);
	assert_true(refused > 0);
}

static void
decode_in_poverty(void)
{
	is_poor = true;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct way way = { .first = SIZE_MAX };
		/* Malformed for br, whose library is only then asked why. */
		struct slice in = texts[i].coding == CODING_BR
		    ? slice_str("hello, world")
		    : texts[i].in;
		struct output out;

		output_init(&out);
		DEMAND(run(&one[texts[i].coding], in, way, &out).kind ==
		    ERR_NOMEM);
		buf_fini(&out.data);
	}
	decoding_room_fini(&room);
}

static void
a_library_that_is_refused_memory_says_so(void **state)
{
	(void)state;
	if (!has_libraries())
		skip();
	in_a_process(decode_in_poverty);
}

static void
try_without_any(void)
{
	static const char *const why[CODING_KINDS] = {
		[CODING_GZIP] = "libz.so.1 is not there: gzip needs it",
		[CODING_DEFLATE] = "libz.so.1 is not there: deflate needs it",
		[CODING_BR] = "libbrotlidec.so.1 is not there: br needs it",
		[CODING_ZSTD] = "libzstd.so.1 is not there: zstd needs it",
	};
	char list[DECODING_LIST_MAX] = "x";

	missing = "lib";
	decoding_list(list);
	DEMAND(strcmp(list, "") == 0);
	for (size_t i = 0; i < CODING_KINDS; i++) {
		struct decoding d;
		struct err err = begin(&d, &one[i], NULL);

		DEMAND(err.kind == ERR_CODING);
		DEMAND(strcmp(err.why, why[i]) == 0);
		decoding_fini(&d);
		err = decoding_check((enum coding)i);
		DEMAND(err.kind == ERR_CODING);
		DEMAND(strcmp(err.why, why[i]) == 0);
	}
	decoding_room_fini(&room);
}

static void
try_without_zlib(void)
{
	static const struct codings br_gzip = CODINGS(CODING_BR, CODING_GZIP);
	char list[DECODING_LIST_MAX];
	struct decoding d;

	missing = "libz.";
	decoding_list(list);
	DEMAND(strcmp(list, "br, zstd") == 0);
	DEMAND(!err_is(begin(&d, &one[CODING_BR], NULL)));
	decoding_fini(&d);
	/* The one that could be made is given up. */
	DEMAND(begin(&d, &br_gzip, NULL).kind == ERR_CODING);
	decoding_fini(&d);
	decoding_room_fini(&room);
}

static void
without_a_library_the_failure_names_it(void **state)
{
	(void)state;
	in_a_process(try_without_any);
	if (!has_libraries())
		skip();
	in_a_process(try_without_zlib);
}

static void
lists_what_can_be_decoded(void **state)
{
	char list[DECODING_LIST_MAX];

	(void)state;
	if (!has_libraries())
		skip();
	decoding_list(list);
	assert_string_equal(list, "gzip, deflate, br, zstd");
}

int
main(void)
{
	/* Those that look for libraries in processes of their own come before
	 * one here has found them. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_library_the_failure_names_it),
		cmocka_unit_test(a_library_that_is_refused_memory_says_so),
		cmocka_unit_test(refused_memory_is_told),
		cmocka_unit_test(
		    memory_that_is_refused_while_it_is_busy_is_told),
		cmocka_unit_test(lists_what_can_be_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, free_room);
}
