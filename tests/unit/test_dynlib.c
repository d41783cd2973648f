#include "exact.h"

#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/dynlib.h"

/* link: -Wl,--wrap=dlopen,--wrap=dlclose,--wrap=dlsym,--wrap=dl_iterate_phdr */

#define LIBC "libc.so.6"

DYNLIB_NOTE("libnone.so.1", "nothing", "A library of this test's", "suggested");

typedef size_t (*strlen_fn)(const char *text);
typedef int (*abs_fn)(int value);

static int opened; /* less those closed */

void *__real_dlopen(const char *name, int flags);
int __real_dlclose(void *library);
void *__real_dlsym(void *library, const char *name);
void *__wrap_dlopen(const char *name, int flags);
int __wrap_dlclose(void *library);
void *__wrap_dlsym(void *library, const char *name);

/* "old" and "new" are the C library, the old one without abs(). */
static void *old_library;

void *
__wrap_dlopen(const char *name, int flags)
{
	bool is_old = strcmp(name, "old") == 0;
	void *library = __real_dlopen(
	    is_old || strcmp(name, "new") == 0 ? LIBC : name, flags);

	if (library != NULL)
		opened++;
	if (is_old)
		old_library = library;
	return library;
}

int
__wrap_dlclose(void *library)
{
	opened--;
	old_library = NULL;
	return __real_dlclose(library);
}

void *
__wrap_dlsym(void *library, const char *name)
{
	if (library == old_library && strcmp(name, "abs") == 0)
		return NULL;
	return __real_dlsym(library, name);
}

typedef int (*walk_fn)(struct dl_phdr_info *info, size_t size, void *ctx);

int __real_dl_iterate_phdr(walk_fn walk, void *ctx);
int __wrap_dl_iterate_phdr(walk_fn walk, void *ctx);

/* As if this program were a static one: its headers name no linker, though
 * those of something that it has opened may. */
static bool is_static;

int
__wrap_dl_iterate_phdr(walk_fn walk, void *ctx)
{
	const ElfW(Phdr) load = { .p_type = PT_LOAD };
	const ElfW(Phdr) interp[] = { load, { .p_type = PT_INTERP } };
	struct dl_phdr_info self = { .dlpi_phdr = &load, .dlpi_phnum = 1 };
	struct dl_phdr_info other = { .dlpi_phdr = interp, .dlpi_phnum = 2 };
	int end;

	if (!is_static)
		return __real_dl_iterate_phdr(walk, ctx);
	end = walk(&self, sizeof(self), ctx);
	return end != 0 ? end : walk(&other, sizeof(other), ctx);
}

static strlen_fn found_strlen;
static abs_fn found_abs;

static const struct dynlib_symbol symbols[] = {
	{ "strlen", &found_strlen },
	{ "abs", &found_abs },
	{ .name = NULL },
};

static int
forget(void **state)
{
	(void)state;
	opened = 0;
	is_static = false;
	old_library = NULL;
	found_strlen = NULL;
	found_abs = NULL;
	return 0;
}

static void
finds_functions_that_can_be_called(void **state)
{
	static const char *const names[] = { LIBC, NULL };

	(void)state;
	if (!dynlib_open(names, symbols))
		skip(); /* another C library than GNU's */
	assert_int_equal(found_strlen("four"), 4);
	assert_int_equal(found_abs(-3), 3);
	assert_int_equal(opened, 1);
}

static void
says_so_when_there_is_none(void **state)
{
	static const char *const names[] = { "libno-such.so.0", NULL };
	static const char *const no_names[] = { NULL };

	(void)state;
	assert_false(dynlib_open(names, symbols));
	assert_false(dynlib_open(no_names, symbols));
	assert_int_equal(opened, 0);
	assert_null(found_strlen);
}

static void
passes_over_a_library_that_lacks_a_symbol(void **state)
{
	static const char *const old[] = { "old", NULL };
	static const char *const both[] = { "libno-such.so.0", "old", "new",
		NULL };

	(void)state;
	/* All or nothing, and what is of no use is closed. */
	assert_false(dynlib_open(old, symbols));
	assert_int_equal(opened, 0);
	assert_null(found_strlen);
	assert_null(found_abs);
	if (!dynlib_open(both, symbols))
		skip();
	assert_int_equal(opened, 1);
	assert_int_equal(found_abs(-5), 5);
}

/* Where glibc would say no more than that there is no such file, or worse. */
static void
opens_nothing_in_a_static_program(void **state)
{
	static const char *const names[] = { LIBC, NULL };

	(void)state;
	assert_true(dynlib_is_possible());
	is_static = true;
	assert_false(dynlib_is_possible());
	assert_false(dynlib_open(names, symbols));
	assert_int_equal(opened, 0);
	assert_null(found_strlen);
}

/* ---- The note ----------------------------------------------------------- */

/* This program's file; `*len` octets. */
static const uint8_t *
map_program(size_t *len)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	assert_true(fd != -1);
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	map = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(close(fd), 0);
	return map;
}

/* The notes of the section of that name; empty without. */
static struct slice
find_section(const uint8_t *file, const char *name)
{
	Elf64_Ehdr head;
	Elf64_Shdr names;
	Elf64_Shdr section;

	memcpy(&head, file, sizeof(head));
	memcpy(&names, file + head.e_shoff + head.e_shstrndx * sizeof(names),
	    sizeof(names));
	for (size_t i = 0; i < head.e_shnum; i++) {
		memcpy(&section, file + head.e_shoff + i * sizeof(section),
		    sizeof(section));
		if (strcmp(
			(const char *)file + names.sh_offset + section.sh_name,
			name) == 0) {
			assert_int_equal(section.sh_type, SHT_NOTE);
			assert_true((section.sh_flags & SHF_ALLOC) != 0);
			return slice_of(
			    file + section.sh_offset, section.sh_size);
		}
	}
	return slice_of(NULL, 0);
}

/* Read the notes as a packager's tool does; whether one says `json`. */
static bool
has_note(struct slice notes, const char *json)
{
	bool has = false;

	while (notes.len > 0) {
		Elf64_Nhdr head;
		size_t len;

		assert_true(notes.len >= sizeof(head));
		memcpy(&head, notes.ptr, sizeof(head));
		assert_int_equal(head.n_type, 0x407c0c0a);
		assert_int_equal(head.n_namesz, 4);
		assert_memory_equal(notes.ptr + sizeof(head), "FDO", 4);
		len = sizeof(head) + 4 + (head.n_descsz + 3) / 4 * 4;
		assert_true(len <= notes.len);
		has |= slice_eq(
		    slice_of(notes.ptr + sizeof(head) + 4, head.n_descsz),
		    slice_of(json, strlen(json) + 1));
		notes = slice_from(notes, len);
	}
	return has;
}

static void
leaves_a_note_that_packagers_can_read(void **state)
{
	static const uint8_t magic[] = { 0x7f, 'E', 'L', 'F', ELFCLASS64 };
	size_t len;
	const uint8_t *file = map_program(&len);
	struct slice notes;

	(void)state;
	if (memcmp(file, magic, sizeof(magic)) != 0)
		skip(); /* the reader above knows 64 bits only */
	notes = find_section(file, ".note.dlopen");
	assert_true(has_note(notes,
	    "[{\"soname\":[\"libnone.so.1\"],\"feature\":\"nothing\","
	    "\"description\":\"A library of this test's\",\"priority\":"
	    "\"suggested\"}]"));
	assert_int_equal(munmap((void *)(uintptr_t)file, len), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    finds_functions_that_can_be_called, forget),
		cmocka_unit_test_setup(says_so_when_there_is_none, forget),
		cmocka_unit_test_setup(
		    passes_over_a_library_that_lacks_a_symbol, forget),
		cmocka_unit_test_setup(
		    opens_nothing_in_a_static_program, forget),
		cmocka_unit_test(leaves_a_note_that_packagers_can_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
