#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../origin/pattern.h"

#define NFTW_DESCRIPTORS 16
#define PAUSE_NS 2000000L

int64_t
world_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
world_pause(void)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
}

/* ---- Memory ------------------------------------------------------------- */

void *
world_alloc(struct world *w, size_t len)
{
	void *piece = calloc(1, len > 0 ? len : 1);

	assert_non_null(piece);
	if (w->piece_count == w->piece_cap) {
		size_t cap = w->piece_cap > 0 ? 2 * w->piece_cap : 64;
		void **pieces = realloc(w->pieces, cap * sizeof(*pieces));

		assert_non_null(pieces);
		w->pieces = pieces;
		w->piece_cap = cap;
	}
	w->pieces[w->piece_count++] = piece;
	return piece;
}

char *
world_text(struct world *w, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert_true(len >= 0);
	text = world_alloc(w, (size_t)len + 1);
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

char *
world_path(struct world *w, const char *name)
{
	if (name[0] == '/')
		return world_text(w, "%s", name);
	return world_text(w, "%s/%s", w->dir, name);
}

/* ---- Beginning and end -------------------------------------------------- */

int
world_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	w->origin_life = -1;
	(void)snprintf(w->dir, sizeof(w->dir), "%s/bulkfetch-it-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(w->dir) == NULL) {
		free(w);
		return -1;
	}
	*state = w;
	return 0;
}

static int
remove_entry(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* A directory that a test has closed to us must not stay for that. */
static int
open_directory(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)where;
	if (type == FTW_DNR || (S_ISDIR(st->st_mode) && type == FTW_D))
		(void)chmod(path, 0700);
	return 0;
}

int
world_remove(const char *dir)
{
	(void)nftw(dir, open_directory, NFTW_DESCRIPTORS, FTW_PHYS);
	return nftw(dir, remove_entry, NFTW_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

int
world_teardown(void **state)
{
	struct world *w = *state;
	bool is_well;

	for (size_t i = 0; i < w->child_count; i++) {
		(void)kill(w->children[i].pid, w->children[i].signal);
		(void)waitpid(w->children[i].pid, NULL, 0);
	}
	w->child_count = 0;
	is_well = origin_stop(w);
	if (getenv("IT_KEEP") == NULL)
		(void)world_remove(w->dir);
	for (size_t i = 0; i < w->piece_count; i++)
		free(w->pieces[i]);
	free(w->pieces);
	free(w);
	return is_well ? 0 : -1;
}

void
world_add_child(struct world *w, pid_t pid, int signal)
{
	assert_true(w->child_count < WORLD_CHILDREN_MAX);
	w->children[w->child_count++] =
	    (struct world_child){ .pid = pid, .signal = signal };
}

void
world_drop_child(struct world *w, pid_t pid)
{
	for (size_t i = 0; i < w->child_count; i++) {
		if (w->children[i].pid == pid)
			w->children[i] = w->children[--w->child_count];
	}
}

/* ---- Programs ----------------------------------------------------------- */

const char *
world_find_program(struct world *w, const char *name)
{
	const char *env = getenv("PATH");
	char *path = world_text(w,
	    "%s:/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/%s/sbin",
	    env != NULL ? env : "", name);
	char *rest = NULL;

	for (char *dir = strtok_r(path, ":", &rest); dir != NULL;
	     dir = strtok_r(NULL, ":", &rest)) {
		char *program = world_text(w, "%s/%s", dir, name);

		if (access(program, X_OK) == 0)
			return program;
	}
	print_message("skipped: %s is not installed\n", name);
	return NULL;
}

/* ---- Files -------------------------------------------------------------- */

void
world_write_octets(struct world *w, const char *name, struct slice octets)
{
	FILE *f = fopen(world_path(w, name), "we");

	if (f == NULL)
		fail_msg("%s: %s", name, strerror(errno));
	assert_int_equal(fwrite(octets.ptr, 1, octets.len, f), octets.len);
	assert_int_equal(fclose(f), 0);
}

void
world_write(struct world *w, const char *name, const char *text)
{
	world_write_octets(w, name, slice_str(text));
}

void
world_mkdir(struct world *w, const char *name)
{
	if (mkdir(world_path(w, name), 0777) == -1)
		fail_msg("%s: %s", name, strerror(errno));
}

struct slice
world_read(struct world *w, const char *name)
{
	int fd = open(world_path(w, name), O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *octets;
	size_t len = 0;
	ssize_t n;

	if (fd == -1 || fstat(fd, &st) == -1)
		fail_msg("%s: %s", name, strerror(errno));
	octets = world_alloc(w, (size_t)st.st_size + 1);
	while (len < (size_t)st.st_size &&
	    (n = read(fd, octets + len, (size_t)st.st_size - len)) > 0)
		len += (size_t)n;
	(void)close(fd);
	return slice_of(octets, len);
}

const char *
world_read_text(struct world *w, const char *name)
{
	return (const char *)world_read(w, name).ptr;
}

bool
world_has(struct world *w, const char *name)
{
	struct stat st;

	return lstat(world_path(w, name), &st) == 0;
}

/* What is below a directory. */
struct inventory {
	size_t files;
	uint64_t octets;
};

static void
take_inventory(const char *path, struct inventory *inventory)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		char below[4096 + 256];
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(
		    below, sizeof(below), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR) {
			take_inventory(below, inventory);
			continue;
		}
		inventory->files++;
		if (lstat(below, &st) == 0)
			inventory->octets += (uint64_t)st.st_size;
	}
	(void)closedir(dir);
}

size_t
world_count_files(struct world *w, const char *name)
{
	struct inventory inventory = { 0 };

	take_inventory(world_path(w, name), &inventory);
	return inventory.files;
}

uint64_t
world_octets(struct world *w, const char *name)
{
	struct inventory inventory = { 0 };

	take_inventory(world_path(w, name), &inventory);
	return inventory.octets;
}

static void
expect_regular(struct world *w, const char *name)
{
	struct stat st;

	if (lstat(world_path(w, name), &st) == -1)
		fail_msg("%s: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		fail_msg("%s is no regular file", name);
	if ((st.st_mode & S_IRUSR) == 0)
		fail_msg("%s may not be read", name);
}

void
expect_file(struct world *w, const char *name, struct slice octets)
{
	struct slice is;

	expect_regular(w, name);
	is = world_read(w, name);
	if (is.len != octets.len)
		fail_msg("%s has %zu octets instead of %zu", name, is.len,
		    octets.len);
	if (!slice_eq(is, octets))
		fail_msg("%s holds something else", name);
}

void
expect_text_file(struct world *w, const char *name, const char *text)
{
	expect_file(w, name, slice_str(text));
}

void
expect_pattern(
    struct world *w, const char *name, const char *target, uint64_t len)
{
	uint64_t seed = pattern_seed(slice_str(target), w->origin_version);
	static uint8_t octets[1 << 18];
	uint64_t offset = 0;
	FILE *f;
	size_t n;

	expect_regular(w, name);
	f = fopen(world_path(w, name), "re");
	assert_non_null(f);
	while ((n = fread(octets, 1, sizeof(octets), f)) > 0) {
		if (!pattern_matches(seed, offset, slice_of(octets, n)))
			fail_msg("%s is wrong within %zu octets from %llu on",
			    name, n, (unsigned long long)offset);
		offset += n;
	}
	(void)fclose(f);
	if (offset != len)
		fail_msg("%s has %llu octets instead of %llu", name,
		    (unsigned long long)offset, (unsigned long long)len);
}

void
expect_generated(struct world *w, const char *dir, const char *target)
{
	expect_generated_from(w, dir, origin_host(w), target);
}

void
expect_generated_from(
    struct world *w, const char *dir, const char *authority, const char *target)
{
	struct generated g;

	assert_true(generated_parse(slice_str(target), &g));
	expect_pattern(w, world_text(w, "%s/%s%s", dir, authority, target),
	    target, g.size);
}
