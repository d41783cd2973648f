/*
 * faults_preload - a shared object for LD_PRELOAD that lets one call fail.
 *
 *	BULKFETCH_FAULT=send:3:ECONNRESET
 *
 * The third send(2) fails with ECONNRESET, and standard error gets a line that
 * says so; all other calls are what they are.  "short" instead of an error lets
 * a write or send take half of what it is given.  What counts as one kind is
 * told by `kinds` below; calls that libc makes by itself are not seen.
 *
 * Not part of the tests' library: it stands in front of malloc.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind {
	KIND_NONE,
	KIND_SEND, /* and sendmsg */
	KIND_RECV,
	KIND_OPENAT,  /* and open */
	KIND_OPENAT2, /* which has no wrapper but syscall() */
	KIND_WRITE,
	KIND_RENAME, /* and renameat */
	KIND_RENAMEAT2,
	KIND_UNLINKAT,
	KIND_FCHMOD,
	KIND_MALLOC,
	KIND_CALLOC,
	KIND_REALLOC, /* and reallocarray */
	KIND_CONNECT,
	KIND_SOCKET,
	KIND_EPOLL_CTL,
	KIND_CLOSE,
	KIND_SPLICE,
	KINDS
};

static const char *const kinds[KINDS] = {
	[KIND_NONE] = "",
	[KIND_SEND] = "send",
	[KIND_RECV] = "recv",
	[KIND_OPENAT] = "openat",
	[KIND_OPENAT2] = "openat2",
	[KIND_WRITE] = "write",
	[KIND_RENAME] = "rename",
	[KIND_RENAMEAT2] = "renameat2",
	[KIND_UNLINKAT] = "unlinkat",
	[KIND_FCHMOD] = "fchmod",
	[KIND_MALLOC] = "malloc",
	[KIND_CALLOC] = "calloc",
	[KIND_REALLOC] = "realloc",
	[KIND_CONNECT] = "connect",
	[KIND_SOCKET] = "socket",
	[KIND_EPOLL_CTL] = "epoll_ctl",
	[KIND_CLOSE] = "close",
	[KIND_SPLICE] = "splice",
};

static const struct {
	const char *name;
	int sys; /* 0: short */
} effects[] = {
	{ "short", 0 },
	{ "EACCES", EACCES },
	{ "EBADF", EBADF },
	{ "ECONNREFUSED", ECONNREFUSED },
	{ "ECONNRESET", ECONNRESET },
	{ "EDQUOT", EDQUOT },
	{ "EINTR", EINTR },
	{ "EINVAL", EINVAL },
	{ "EIO", EIO },
	{ "EMFILE", EMFILE },
	{ "ENETUNREACH", ENETUNREACH },
	{ "ENOMEM", ENOMEM },
	{ "ENOSPC", ENOSPC },
	{ "EPERM", EPERM },
	{ "EPIPE", EPIPE },
	{ "ETIMEDOUT", ETIMEDOUT },
};

/* What glibc's allocator is called where somebody stands in front of it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static struct {
	bool is_ready;
	enum kind kind;
	unsigned long left; /* calls up to the one that fails */
	int sys;
} fault;

/* The next function of that name, for a pointer to it. */
static void
find(const char *name, void *function)
{
	void *address = dlsym(RTLD_NEXT, name);

	if (address == NULL)
		abort();
	/* C does not convert one kind of pointer to the other. */
	memcpy(function, &address, sizeof(address));
}

/* No calls here that could end up in this file. */
static void
say(const char *text)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (real == NULL)
		find("write", &real);
	(void)!real(STDERR_FILENO, text, strlen(text));
}

static void
give_up(void)
{
	say("fault: BULKFETCH_FAULT=KIND:N:EFFECT is not understood\n");
	_exit(127);
}

/* Whether `*text` begins with `word` and `end`, which are passed over. */
static bool
pass(const char **text, const char *word, char end)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len) != 0 || (*text)[len] != end)
		return false;
	*text += len + (end != '\0');
	return true;
}

static void
read_fault(void)
{
	const char *text = getenv("BULKFETCH_FAULT");
	char *end;

	fault.is_ready = true;
	if (text == NULL)
		return;
	for (int i = 1; i < KINDS && fault.kind == KIND_NONE; i++) {
		if (pass(&text, kinds[i], ':'))
			fault.kind = (enum kind)i;
	}
	fault.left = strtoul(text, &end, 10);
	if (fault.kind == KIND_NONE || fault.left == 0 || *end != ':')
		give_up();
	text = end + 1;
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
		fault.sys = effects[i].sys;
		if (pass(&text, effects[i].name, '\0'))
			return;
	}
	give_up();
}

/* Count a call; whether it is the one, `errno` is set then. */
static bool
hits(enum kind kind)
{
	if (!fault.is_ready)
		read_fault();
	if (fault.kind != kind || fault.left == 0 || --fault.left > 0)
		return false;
	say("fault: hit\n");
	errno = fault.sys;
	return true;
}

/* ---- Memory ------------------------------------------------------------- */

void *
malloc(size_t size)
{
	return hits(KIND_MALLOC) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return hits(KIND_CALLOC) ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *ptr, size_t size)
{
	return hits(KIND_REALLOC) ? NULL : __libc_realloc(ptr, size);
}

void *
reallocarray(void *ptr, size_t count, size_t size)
{
	static void *(*real)(void *, size_t, size_t);

	if (real == NULL)
		find("reallocarray", &real);
	return hits(KIND_REALLOC) ? NULL : real(ptr, count, size);
}

/* ---- Files -------------------------------------------------------------- */

static mode_t
mode_of(int flags, va_list args)
{
	bool has_mode =
	    (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;

	return has_mode ? va_arg(args, mode_t) : 0;
}

int
open(const char *name, int flags, ...)
{
	static int (*real)(const char *, int, ...);
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	if (real == NULL)
		find("open", &real);
	return hits(KIND_OPENAT) ? -1 : real(name, flags, mode);
}

int
openat(int dir, const char *name, int flags, ...)
{
	static int (*real)(int, const char *, int, ...);
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	if (real == NULL)
		find("openat", &real);
	return hits(KIND_OPENAT) ? -1 : real(dir, name, flags, mode);
}

long
syscall(long number, ...)
{
	static long (*real)(long, ...);
	long args[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (real == NULL)
		find("syscall", &real);
	if (number == SYS_openat2 && hits(KIND_OPENAT2))
		return -1;
	return real(
	    number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

ssize_t
write(int fd, const void *ptr, size_t len)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (real == NULL)
		find("write", &real);
	if (!hits(KIND_WRITE))
		return real(fd, ptr, len);
	return fault.sys == 0 ? real(fd, ptr, (len + 1) / 2) : -1;
}

int
rename(const char *from, const char *to)
{
	static int (*real)(const char *, const char *);

	if (real == NULL)
		find("rename", &real);
	return hits(KIND_RENAME) ? -1 : real(from, to);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	static int (*real)(int, const char *, int, const char *);

	if (real == NULL)
		find("renameat", &real);
	return hits(KIND_RENAME) ? -1 : real(from_dir, from, to_dir, to);
}

int
renameat2(
    int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	static int (*real)(int, const char *, int, const char *, unsigned);

	if (real == NULL)
		find("renameat2", &real);
	return hits(KIND_RENAMEAT2) ? -1
				    : real(from_dir, from, to_dir, to, flags);
}

int
unlinkat(int dir, const char *name, int flags)
{
	static int (*real)(int, const char *, int);

	if (real == NULL)
		find("unlinkat", &real);
	return hits(KIND_UNLINKAT) ? -1 : real(dir, name, flags);
}

int
fchmod(int fd, mode_t mode)
{
	static int (*real)(int, mode_t);

	if (real == NULL)
		find("fchmod", &real);
	return hits(KIND_FCHMOD) ? -1 : real(fd, mode);
}

/* Closes all the same, as close(2) does when it fails. */
int
close(int fd)
{
	static int (*real)(int);

	if (real == NULL)
		find("close", &real);
	if (!hits(KIND_CLOSE))
		return real(fd);
	(void)real(fd);
	errno = fault.sys;
	return -1;
}

ssize_t
splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
    unsigned flags)
{
	static ssize_t (*real)(
	    int, off64_t *, int, off64_t *, size_t, unsigned);

	if (real == NULL)
		find("splice", &real);
	return hits(KIND_SPLICE) ? -1
				 : real(from, from_at, to, to_at, len, flags);
}

/* ---- Sockets ------------------------------------------------------------ */

ssize_t
send(int fd, const void *ptr, size_t len, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);

	if (real == NULL)
		find("send", &real);
	if (!hits(KIND_SEND))
		return real(fd, ptr, len, flags);
	return fault.sys == 0 ? real(fd, ptr, (len + 1) / 2, flags) : -1;
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	static ssize_t (*real)(int, const struct msghdr *, int);
	struct msghdr half = *msg;

	if (real == NULL)
		find("sendmsg", &real);
	if (!hits(KIND_SEND))
		return real(fd, msg, flags);
	half.msg_iovlen = (half.msg_iovlen + 1) / 2;
	return fault.sys == 0 ? real(fd, &half, flags) : -1;
}

ssize_t
recv(int fd, void *ptr, size_t len, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);

	if (real == NULL)
		find("recv", &real);
	return hits(KIND_RECV) ? -1 : real(fd, ptr, len, flags);
}

int
connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	static int (*real)(int, __CONST_SOCKADDR_ARG, socklen_t);

	if (real == NULL)
		find("connect", &real);
	return hits(KIND_CONNECT) ? -1 : real(fd, addr, len);
}

int
socket(int domain, int type, int protocol)
{
	static int (*real)(int, int, int);

	if (real == NULL)
		find("socket", &real);
	return hits(KIND_SOCKET) ? -1 : real(domain, type, protocol);
}

int
epoll_ctl(int ep, int op, int fd, struct epoll_event *event)
{
	static int (*real)(int, int, int, struct epoll_event *);

	if (real == NULL)
		find("epoll_ctl", &real);
	return hits(KIND_EPOLL_CTL) ? -1 : real(ep, op, fd, event);
}
