#include "collect/dirs.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/list.h"
#include "collect/naming.h"

/* Enough chains for the largest cache that is of use. */
#define CHAINS 1024

#define OPEN_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A cached directory.  `asked` and dir.path point into `text`. */
struct entry {
	struct hash_node node; /* by `asked` */
	struct list link;      /* in dirs.recent */
	struct dir dir;        /* owns dir.fd */
	struct slice asked;
	char text[];
};

/* Invariant: cache.count <= bound, but while an entry is being added. */
struct dirs {
	struct dir root; /* its fd is borrowed */
	struct hash_table cache;
	struct list recent; /* most recently used first */
	size_t bound;
	uint64_t seed;
	bool has_openat2;
};

struct err
dirs_new(int root, size_t bound, struct dirs **out)
{
	struct dirs *d = calloc(1, sizeof(*d));
	struct err err;

	if (d == NULL)
		return err_of(ERR_NOMEM);
	err = hash_table_init(&d->cache, CHAINS);
	if (err_is(err)) {
		free(d);
		return err;
	}
	list_init(&d->recent);
	d->root.fd = root;
	d->bound = bound > 0 ? bound : 1;
	d->has_openat2 = true;
	/* Names come from strangers; without a seed chains may get long. */
	(void)!getrandom(&d->seed, sizeof(d->seed), GRND_NONBLOCK);
	*out = d;
	return err_none();
}

static struct entry *
oldest(struct dirs *d)
{
	return LIST_OBJECT(d->recent.prev, struct entry, link);
}

static void
drop(struct dirs *d, struct entry *e)
{
	hash_table_remove(&d->cache, &e->node);
	list_remove(&e->link);
	(void)close(e->dir.fd);
	free(e);
}

static void
drop_to(struct dirs *d, size_t count)
{
	while (d->cache.count > count)
		drop(d, oldest(d));
}

void
dirs_free(struct dirs *d)
{
	if (d == NULL)
		return;
	drop_to(d, 0);
	hash_table_fini(&d->cache);
	free(d);
}

void
dirs_forget(struct dirs *d)
{
	drop_to(d, 0);
}

void
dirs_shrink(struct dirs *d)
{
	drop_to(d, 1);
	d->bound = d->bound > 1 ? d->bound / 2 : 1;
}

size_t
dirs_count(const struct dirs *d)
{
	return d->cache.count;
}

static struct entry *
find(struct dirs *d, struct slice path)
{
	struct hash_node *node;
	struct entry *e;

	/* Files of one directory come in a row, more often than not. */
	if (!list_is_empty(&d->recent)) {
		e = LIST_OBJECT(d->recent.next, struct entry, link);
		if (slice_eq(e->asked, path))
			return e;
	}
	node = hash_table_first(&d->cache, hash_octets(path, d->seed));
	for (; node != NULL; node = hash_table_next(node)) {
		e = LIST_OBJECT(node, struct entry, node);
		if (!slice_eq(e->asked, path))
			continue;
		list_remove(&e->link);
		list_push_front(&d->recent, &e->link);
		return e;
	}
	return NULL;
}

/* Cache `fd`, which is ours from here on, as what `asked` leads to. */
static struct err
add(struct dirs *d, struct slice asked, struct slice path, int fd,
    const struct dir **dir)
{
	struct entry *e = malloc(sizeof(*e) + asked.len + path.len);

	if (e == NULL) {
		(void)close(fd);
		return err_of(ERR_NOMEM);
	}
	memcpy(e->text, asked.ptr, asked.len);
	memcpy(e->text + asked.len, path.ptr, path.len);
	e->asked = slice_of(e->text, asked.len);
	e->dir = (struct dir){
		.fd = fd,
		.path = slice_of(e->text + asked.len, path.len),
		.is_marked = !slice_eq(asked, path),
	};
	hash_table_add(&d->cache, &e->node, hash_octets(asked, d->seed));
	list_push_front(&d->recent, &e->link);
	drop_to(d, d->bound);
	*dir = &e->dir;
	return err_none();
}

/* Answers to openat2() that a walk may still find a way around. */
static bool
is_walkable(int sys)
{
	return sys == ENOENT || sys == ENOTDIR || sys == ELOOP ||
	    sys == EAGAIN || sys == ENOSYS || sys == EPERM;
}

/* All of `path` at one go; -1 with errno. */
static int
open_whole(struct dirs *d, struct slice path)
{
	struct open_how how = {
		.flags = OPEN_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS,
	};
	char name[PATH_MAX];
	int fd;

	if (!d->has_openat2) {
		errno = ENOSYS;
		return -1;
	}
	if (path.len >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, path.ptr, path.len);
	name[path.len] = '\0';
	fd = (int)syscall(SYS_openat2, d->root.fd, name, &how, sizeof(how));
	if (fd == -1 && (errno == ENOSYS || errno == EPERM))
		d->has_openat2 = false;
	return fd;
}

/* The child `name` of `parent`, made if it may be; -1 with errno. */
static int
open_child(int parent, const char *name, enum dirs_how how)
{
	int fd = openat(parent, name, OPEN_FLAGS);

	if (fd != -1 || errno != ENOENT || how == DIRS_FIND)
		return fd;
	/* EEXIST: another process was quicker. */
	if (mkdirat(parent, name, 0777) == -1 && errno != EEXIST)
		return -1;
	return openat(parent, name, OPEN_FLAGS);
}

/*
 * From `*dir` into its child, the last component of `asked`, or into the
 * child's marked sibling.
 */
static struct err
enter(struct dirs *d, struct slice asked, enum dirs_how how,
    const struct dir **dir)
{
	const uint8_t *slash = memrchr(asked.ptr, '/', asked.len);
	struct slice name = slash != NULL
	    ? slice_from(asked, (size_t)(slash - asked.ptr) + 1)
	    : asked;
	struct slice parent = (*dir)->path;
	char path[PATH_MAX];
	size_t at = parent.len > 0 ? parent.len + 1 : 0;
	size_t len = at + name.len;
	int fd;

	if (len + strlen(NAMING_MARK_DIR) >= sizeof(path))
		return err_code(ERR_FILE, ENAMETOOLONG);
	if (parent.len > 0) {
		memcpy(path, parent.ptr, parent.len);
		path[parent.len] = '/';
	}
	memcpy(path + at, name.ptr, name.len);
	path[len] = '\0';
	fd = open_child((*dir)->fd, path + at, how);
	if (fd == -1 && (errno == ENOTDIR || errno == ELOOP)) {
		memcpy(path + len, NAMING_MARK_DIR, sizeof(NAMING_MARK_DIR));
		len += strlen(NAMING_MARK_DIR);
		fd = open_child((*dir)->fd, path + at, how);
	}
	if (fd == -1)
		return err_sys(ERR_FILE);
	return add(d, asked, slice_of(path, len), fd, dir);
}

/* From the root down, by way of what is cached. */
static struct err
walk(struct dirs *d, struct slice path, enum dirs_how how,
    const struct dir **dir)
{
	struct err err = err_none();
	size_t len = 0;

	*dir = &d->root;
	while (len < path.len && !err_is(err)) {
		size_t from = len > 0 ? len + 1 : 0;
		struct entry *e;

		len = from + slice_find(slice_from(path, from), '/');
		e = find(d, slice_first(path, len));
		if (e != NULL)
			*dir = &e->dir;
		else
			err = enter(d, slice_first(path, len), how, dir);
	}
	return err;
}

static struct err
open_dir(struct dirs *d, struct slice path, enum dirs_how how,
    const struct dir **dir)
{
	int fd = open_whole(d, path);

	if (fd != -1)
		return add(d, path, path, fd, dir);
	if (!is_walkable(errno))
		return err_sys(ERR_FILE);
	return walk(d, path, how, dir);
}

struct err
dirs_get(struct dirs *d, struct slice path, enum dirs_how how,
    const struct dir **dir)
{
	struct entry *e;
	struct err err;

	if (path.len == 0) {
		*dir = &d->root;
		return err_none();
	}
	e = find(d, path);
	if (e != NULL) {
		*dir = &e->dir;
		return err_none();
	}
	err = open_dir(d, path, how, dir);
	if (d->cache.count == 0)
		return err;
	if (err.sys == EMFILE || err.sys == ENFILE)
		dirs_shrink(d);
	else if (err.sys != ENOENT || how == DIRS_FIND)
		return err;
	/* ENOENT: what it was to be made in has been removed. */
	drop_to(d, 0);
	return open_dir(d, path, how, dir);
}
