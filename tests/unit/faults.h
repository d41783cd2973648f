/*
 * faults - system calls that are counted, and fail when a test says so.  A
 * test that includes this has the line
 *
 *     link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat
 *
 * in a comment of its own.
 */
#ifndef BULKFETCH_TESTS_UNIT_FAULTS_H
#define BULKFETCH_TESTS_UNIT_FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/ascii.h"

enum fault_call {
	FAULT_OPENAT,
	FAULT_WRITE,
	FAULT_FCHMOD,
	FAULT_CLOSE,
	FAULT_RENAMEAT2,
	FAULT_SYSCALL, /* openat2 */
	FAULT_FLOCK,
	FAULT_FSTATAT,
	FAULT_MKDIRAT,
	FAULT_CALLS
};

static struct {
	unsigned calls;
	unsigned first; /* the first call to fail, counted from 1; 0: none */
	unsigned last;
	int sys;
} faults[FAULT_CALLS];

/* Octets that each write(2) takes at most; 0: all. */
static size_t fault_write_max;

/* Names in calls are those of a file system that knows one case of letters. */
static bool fault_folds_case;

static inline void
faults_reset(void)
{
	memset(faults, 0, sizeof(faults));
	fault_write_max = 0;
	fault_folds_case = false;
}

/* Let calls `first` to `last` from now on fail with `sys`. */
static inline void
faults_set(enum fault_call call, unsigned first, unsigned last, int sys)
{
	faults[call].calls = 0;
	faults[call].first = first;
	faults[call].last = last;
	faults[call].sys = sys;
}

/* All calls counted since the reset. */
static inline unsigned
faults_total(void)
{
	unsigned total = 0;

	for (unsigned i = 0; i < FAULT_CALLS; i++)
		total += faults[i].calls;
	return total;
}

static bool
fault_hits(enum fault_call call)
{
	unsigned n = ++faults[call].calls;

	if (faults[call].first == 0 || n < faults[call].first ||
	    n > faults[call].last)
		return false;
	errno = faults[call].sys;
	return true;
}

/* `name` as the file system knows it; lent until two calls later. */
static const char *
fault_name(const char *name)
{
	static char names[2][4096];
	static unsigned next;
	char *lower = names[next++ % 2];
	size_t i;

	if (!fault_folds_case)
		return name;
	for (i = 0; name[i] != '\0' && i < sizeof(names[0]) - 1; i++)
		lower[i] = (char)ascii_lower((uint8_t)name[i]);
	lower[i] = '\0';
	return lower;
}

int __real_openat(int dir, const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *ptr, size_t len);
int __real_fchmod(int fd, mode_t mode);
int __real_close(int fd);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __real_renameat2(
    int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
long __real_syscall(long number, ...);
int __real_flock(int fd, int operation);
int __real_fstatat(int dir, const char *name, struct stat *st, int flags);
int __real_mkdirat(int dir, const char *name, mode_t mode);
int __wrap_openat(int dir, const char *name, int flags, ...);
ssize_t __wrap_write(int fd, const void *ptr, size_t len);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_close(int fd);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat2(
    int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
long __wrap_syscall(long number, ...);
int __wrap_flock(int fd, int operation);
int __wrap_fstatat(int dir, const char *name, struct stat *st, int flags);
int __wrap_mkdirat(int dir, const char *name, mode_t mode);

int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if ((flags & O_CREAT) != 0) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (fault_hits(FAULT_OPENAT))
		return -1;
	return __real_openat(dir, fault_name(name), flags, mode);
}

ssize_t
__wrap_write(int fd, const void *ptr, size_t len)
{
	if (fault_hits(FAULT_WRITE))
		return -1;
	if (fault_write_max > 0 && len > fault_write_max)
		len = fault_write_max;
	return __real_write(fd, ptr, len);
}

int
__wrap_fchmod(int fd, mode_t mode)
{
	return fault_hits(FAULT_FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

/* Closes all the same, as close(2) does. */
int
__wrap_close(int fd)
{
	int sys;

	if (!fault_hits(FAULT_CLOSE))
		return __real_close(fd);
	sys = errno;
	(void)__real_close(fd);
	errno = sys;
	return -1;
}

/* Neither counted nor failing. */
int
__wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return __real_renameat(
	    from_dir, fault_name(from), to_dir, fault_name(to));
}

int
__wrap_renameat2(
    int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	if (fault_hits(FAULT_RENAMEAT2))
		return -1;
	return __real_renameat2(
	    from_dir, fault_name(from), to_dir, fault_name(to), flags);
}

long
__wrap_syscall(long number, ...)
{
	long args[4];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 4; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (fault_hits(FAULT_SYSCALL))
		return -1;
	return __real_syscall(number, args[0], args[1], args[2], args[3]);
}

int
__wrap_flock(int fd, int operation)
{
	return fault_hits(FAULT_FLOCK) ? -1 : __real_flock(fd, operation);
}

int
__wrap_fstatat(int dir, const char *name, struct stat *st, int flags)
{
	if (fault_hits(FAULT_FSTATAT))
		return -1;
	return __real_fstatat(dir, fault_name(name), st, flags);
}

int
__wrap_mkdirat(int dir, const char *name, mode_t mode)
{
	if (fault_hits(FAULT_MKDIRAT))
		return -1;
	return __real_mkdirat(dir, fault_name(name), mode);
}

#endif
