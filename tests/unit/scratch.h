/*
 * scratch - a temporary directory for a test, and files in it.
 *
 * Names are relative to the directory; scratch_setup() and scratch_teardown()
 * are for cmocka_unit_test_setup_teardown().
 */
#ifndef BULKFETCH_TESTS_UNIT_SCRATCH_H
#define BULKFETCH_TESTS_UNIT_SCRATCH_H

#include "exact.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Large enough for every content that is compared. */
#define SCRATCH_CONTENT_MAX (1 << 21)

static char scratch_dir[64];

static int
scratch_setup(void **state)
{
	(void)state;
	(void)strcpy(scratch_dir, "/tmp/bulkfetch-unit.XXXXXX");
	return mkdtemp(scratch_dir) != NULL ? 0 : -1;
}

static int
scratch_remove(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static int
scratch_teardown(void **state)
{
	(void)state;
	return nftw(scratch_dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* The name as seen from here; lent until four calls later. */
static const char *
scratch_path(const char *name)
{
	static char paths[4][8192];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", scratch_dir, name);
	return path;
}

static inline void
scratch_write(const char *name, const char *content, mode_t mode)
{
	int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_EXCL, mode);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static inline bool
scratch_exists(const char *name)
{
	struct stat st;

	return lstat(scratch_path(name), &st) == 0;
}

/* Type and permissions, as in st_mode. */
static inline mode_t
scratch_mode(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(scratch_path(name), &st), 0);
	return st.st_mode;
}

/* The file is there, can be read, and holds exactly this. */
static inline void
scratch_expect(const char *name, struct slice content)
{
	static uint8_t found[SCRATCH_CONTENT_MAX];
	size_t len = 0;
	ssize_t n;
	int fd = open(scratch_path(name), O_RDONLY | O_NOFOLLOW);

	if (fd == -1)
		fail_msg("%s: %s", name, strerror(errno));
	while ((n = read(fd, found + len, sizeof(found) - len)) > 0)
		len += (size_t)n;
	assert_int_equal(close(fd), 0);
	if ((scratch_mode(name) & 0444) == 0)
		fail_msg("%s: cannot be read", name);
	if (!slice_eq(slice_of(found, len), content))
		fail_msg("%s: %zu octets \"%.40s\" instead of %zu \"%.40s\"",
		    name, len, (const char *)found, content.len,
		    (const char *)content.ptr);
}

static inline void
scratch_expect_text(const char *name, const char *content)
{
	scratch_expect(name, slice_str(content));
}

/* How many entries the directory has, "." and ".." not counted. */
static inline unsigned
scratch_count(const char *name)
{
	DIR *dir = opendir(scratch_path(name));
	unsigned count = 0;
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	assert_int_equal(closedir(dir), 0);
	return count;
}

/* Descriptors that the process has open. */
static inline unsigned
scratch_open_fds(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

#endif
