/*
 * check - make the files of the benchmark, and verify what was fetched.
 *
 *	check make   DIR PREFIX COUNT SIZE
 *	check verify DIR PREFIX COUNT SIZE
 *
 * The files are PREFIX00000, PREFIX00001, ...; content.h says what is in
 * them.  `verify` looks for them by name anywhere below DIR, since each
 * contender has its own idea of directories, and counts as wrong what is
 * missing, not readable by its owner, of other content, or there twice.
 * Anything else it finds (temporary names left over) is surplus, and wrong
 * too.  It prints one line, and exits with 0 only if all is right.
 */
#include "content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK_LEN = 64 * 1024, /* a multiple of 8, for content_next */
	DEPTH_MAX = 32,
	COUNT_MAX = 100000, /* names have five digits */
};

struct set {
	const char *prefix;
	size_t count;
	uint64_t size;
	bool *right; /* owned; `count` of them */
	size_t wrong;
	size_t surplus;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "check: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
make_file(int dir, const char *name, uint64_t size)
{
	char chunk[CHUNK_LEN];
	struct content content;
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd == -1)
		die(name);
	content_init(&content, name, strlen(name));
	while (size > 0) {
		size_t len = size < CHUNK_LEN ? (size_t)size : CHUNK_LEN;

		content_next(&content, chunk, len);
		if (write(fd, chunk, len) != (ssize_t)len)
			die(name);
		size -= len;
	}
	if (close(fd) == -1)
		die(name);
}

static int
make(const char *path, const struct set *set)
{
	char name[256];
	int dir = open(path, O_PATH | O_DIRECTORY);

	if (dir == -1)
		die(path);
	for (size_t i = 0; i < set->count; i++) {
		(void)snprintf(name, sizeof name, "%s%05zu", set->prefix, i);
		make_file(dir, name, set->size);
	}
	return 0;
}

/* Which file of the set has this name; `count` when none has. */
static size_t
set_find(const struct set *set, const char *name)
{
	size_t len = strlen(set->prefix);
	size_t index = 0;

	if (strncmp(name, set->prefix, len) != 0 || strlen(name) != len + 5)
		return set->count;
	for (const char *p = name + len; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return set->count;
		index = index * 10 + (size_t)(*p - '0');
	}
	return index < set->count ? index : set->count;
}

static bool
file_right(int fd, const char *name, uint64_t size)
{
	char chunk[CHUNK_LEN];
	char expected[CHUNK_LEN];
	struct content content;
	struct stat st;

	if (fstat(fd, &st) == -1 || (uint64_t)st.st_size != size ||
	    (st.st_mode & S_IRUSR) == 0)
		return false;
	content_init(&content, name, strlen(name));
	while (size > 0) {
		size_t len = size < CHUNK_LEN ? (size_t)size : CHUNK_LEN;

		content_next(&content, expected, len);
		if (read(fd, chunk, len) != (ssize_t)len ||
		    memcmp(chunk, expected, len) != 0)
			return false;
		size -= len;
	}
	return true;
}

static void
verify_file(int dir, const char *name, struct set *set)
{
	size_t index = set_find(set, name);
	int fd;

	if (index == set->count || set->right[index]) {
		set->surplus++;
		return;
	}
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW);
	if (fd == -1)
		return; /* stays wrong */
	set->right[index] = file_right(fd, name, set->size);
	(void)close(fd);
}

/* Takes `fd`. */
static void
verify_dir(int fd, int depth, struct set *set)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL || depth > DEPTH_MAX)
		die("directory");
	while ((entry = readdir(dir)) != NULL) {
		int sub;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		sub = openat(dirfd(dir), entry->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		if (sub != -1)
			verify_dir(sub, depth + 1, set);
		else
			verify_file(dirfd(dir), entry->d_name, set);
	}
	(void)closedir(dir);
}

static int
verify(const char *path, struct set *set)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY);

	set->right = calloc(set->count, sizeof *set->right);
	if (dir == -1 || set->right == NULL)
		die(path);
	verify_dir(dir, 0, set);
	for (size_t i = 0; i < set->count; i++)
		set->wrong += set->right[i] ? 0 : 1;
	free(set->right);
	if (set->wrong == 0 && set->surplus == 0) {
		printf("right: %zu\n", set->count);
		return 0;
	}
	printf("wrong: %zu of %zu", set->wrong, set->count);
	if (set->surplus > 0)
		printf(", %zu surplus", set->surplus);
	printf("\n");
	return 1;
}

int
main(int argc, char **argv)
{
	struct set set = { 0 };

	if (argc == 6) {
		set.prefix = argv[3];
		set.count = (size_t)strtoul(argv[4], NULL, 10);
		set.size = strtoull(argv[5], NULL, 10);
		if (strlen(set.prefix) < 200 && set.count <= COUNT_MAX) {
			if (strcmp(argv[1], "make") == 0)
				return make(argv[2], &set);
			if (strcmp(argv[1], "verify") == 0)
				return verify(argv[2], &set);
		}
	}
	fputs("usage: check make|verify DIR PREFIX COUNT SIZE\n", stderr);
	return 2;
}
