#include "collect/partial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/num.h"
#include "sys/slurp.h"
#include "sys/write.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"

/* Notes of earlier runs that are taken up: more than there are connections,
 * as a rule. */
#define COUNT_MAX 65536

#define NAME_LEN 16

/* A note of an earlier run. */
struct found {
	uint64_t key;
	uint64_t told; /* the sum of the one that partials_tell() was given */
	bool is_told;  /* it was */
};

struct partials {
	int root; /* borrowed */
	int dir;  /* owned: PARTIAL_DIR, O_PATH; -1 when not open */
	char boot[NOTE_BOOT_LEN]; /* of this boot; a NUL first: not known */
	struct found *found;      /* owned: in the order of their keys */
	size_t count;
	size_t cap;
	struct buf text; /* of a note */
};

/* A note's name. */
struct name {
	char text[NAME_LEN + 1];
};

static struct name
name_of(uint64_t key)
{
	struct name name = { 0 };

	num_format_hex64(key, name.text);
	return name;
}

static bool
is_name(const char *text, uint64_t *key)
{
	*key = 0;
	if (strlen(text) != NAME_LEN)
		return false;
	for (size_t i = 0; i < NAME_LEN; i++) {
		if (!ascii_is_hex((uint8_t)text[i]))
			return false;
		*key = *key << 4 | ascii_hex_value((uint8_t)text[i]);
	}
	return strcmp(name_of(*key).text, text) == 0;
}

/* ---- Notes -------------------------------------------------------------- */

static bool
open_dir(struct partials *p)
{
	if (p->dir == -1)
		p->dir = openat(p->root, PARTIAL_DIR,
		    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return p->dir != -1;
}

static void
close_dir(struct partials *p)
{
	if (p->dir != -1)
		(void)close(p->dir);
	p->dir = -1;
}

/* The note is in `p->text` then. */
static bool
read_note(struct partials *p, uint64_t key, struct note *note)
{
	ssize_t n;
	int fd;

	buf_clear(&p->text);
	if (!open_dir(p) || err_is(buf_reserve(&p->text, NOTE_MAX)))
		return false;
	fd = openat(p->dir, name_of(key).text,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return false;
	/* A file gives all it has, up to its end, in one read(2). */
	n = read(fd, p->text.ptr, NOTE_MAX);
	(void)close(fd);
	if (n <= 0)
		return false;
	p->text.len = (size_t)n;
	return note_read(buf_slice(&p->text), note) && p->boot[0] != '\0' &&
	    slice_eq(note->boot, slice_of(p->boot, NOTE_BOOT_LEN));
}

static int
create_note(struct partials *p, uint64_t key)
{
	if (!open_dir(p)) {
		errno = ENOENT;
		return -1;
	}
	(void)unlinkat(p->dir, name_of(key).text, 0);
	return openat(p->dir, name_of(key).text,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
}

bool
partials_write(struct partials *p, uint64_t key, struct note *note)
{
	struct err err;
	int fd;

	if (p->boot[0] == '\0')
		return false;
	note->boot = slice_of(p->boot, NOTE_BOOT_LEN);
	buf_clear(&p->text);
	if (err_is(note_write(note, &p->text)))
		return false;
	fd = create_note(p, key);
	if (fd == -1 && errno == ENOENT) {
		/* Another run may have removed it, being empty. */
		close_dir(p);
		(void)mkdirat(p->root, PARTIAL_DIR, S_IRWXU);
		fd = create_note(p, key);
	}
	if (fd == -1)
		return false;
	/* A torn one is told by its sum. */
	err = write_all(fd, buf_slice(&p->text));
	if (close(fd) == -1 && !err_is(err))
		err = err_sys(ERR_FILE);
	if (err_is(err))
		(void)unlinkat(p->dir, name_of(key).text, 0);
	return !err_is(err);
}

/* Whether there is no note for `key` any more; else errno tells why. */
static bool
unlink_note(struct partials *p, uint64_t key)
{
	if (open_dir(p) && unlinkat(p->dir, name_of(key).text, 0) == 0)
		return true;
	/* Not there, be it that the directory is none. */
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
}

struct err
partials_forget(struct partials *p, uint64_t key)
{
	bool is_gone = unlink_note(p, key);
	struct stat st;

	/* Another run may have removed the directory, being empty, and a third
	 * one made it again. */
	if (is_gone && p->dir != -1 && fstat(p->dir, &st) == 0 &&
	    st.st_nlink == 0) {
		close_dir(p);
		is_gone = unlink_note(p, key);
	}
	return is_gone ? err_none() : err_sys(ERR_FILE);
}

/* ---- Of earlier runs ---------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const struct found *left = a;
	const struct found *right = b;

	return left->key < right->key ? -1 : left->key > right->key;
}

static struct found *
find(const struct partials *p, uint64_t key)
{
	struct found wanted = { .key = key };

	if (p->count == 0)
		return NULL;
	return bsearch(&wanted, p->found, p->count, sizeof(wanted), compare);
}

bool
partials_have_any(const struct partials *p)
{
	return p->count > 0;
}

bool
partials_have(const struct partials *p, uint64_t key)
{
	return find(p, key) != NULL;
}

bool
partials_find(struct partials *p, uint64_t key, struct note *note)
{
	return find(p, key) != NULL && read_note(p, key, note);
}

void
partials_tell(struct partials *p, uint64_t key, const struct note *note)
{
	struct found *found = find(p, key);

	if (found == NULL)
		return;
	found->is_told = true;
	found->told = note->sum;
}

bool
partials_is_told(
    const struct partials *p, uint64_t key, const struct note *note)
{
	const struct found *found = find(p, key);

	return found != NULL && found->is_told && found->told == note->sum;
}

/* Whether the file of the note is there. */
static bool
is_there(const struct note *note, struct dirs *dirs)
{
	const uint8_t *slash = memrchr(note->file.ptr, '/', note->file.len);
	size_t at = slash != NULL ? (size_t)(slash - note->file.ptr) + 1 : 0;
	struct slice base = slice_from(note->file, at);
	char name[OUTFILE_TEMP_SIZE];
	const struct dir *dir;
	struct stat st;

	if (base.len >= sizeof(name) ||
	    err_is(dirs_get(dirs, slice_first(note->file, at > 0 ? at - 1 : 0),
		DIRS_FIND, &dir)))
		return false;
	memcpy(name, base.ptr, base.len);
	name[base.len] = '\0';
	return fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == note->left.dev && st.st_ino == note->left.ino;
}

static struct err
remember(struct partials *p, uint64_t key)
{
	size_t cap = p->cap > 0 ? 2 * p->cap : 64;
	struct found *found;

	if (p->count == COUNT_MAX)
		return err_none();
	if (p->count == p->cap) {
		found = realloc(p->found, cap * sizeof(*found));
		if (found == NULL)
			return err_of(ERR_NOMEM);
		p->found = found;
		p->cap = cap;
	}
	p->found[p->count++] = (struct found){ .key = key };
	return err_none();
}

/* Sort the notes in `dir` into good ones and void ones. */
static struct err
sort_out(struct partials *p, DIR *dir, struct dirs *dirs)
{
	struct err err = err_none();
	struct dirent *entry;
	struct note note;
	uint64_t key;

	while (!err_is(err) && (entry = readdir(dir)) != NULL) {
		if (!is_name(entry->d_name, &key))
			continue;
		if (read_note(p, key, &note) && is_there(&note, dirs))
			err = remember(p, key);
		else
			(void)partials_forget(p, key);
	}
	if (p->count > 0)
		qsort(p->found, p->count, sizeof(*p->found), compare);
	return err;
}

static struct err
look(struct partials *p, struct dirs *dirs)
{
	struct err err;
	DIR *dir;
	int fd;

	/* Whose boot cannot be told judges no notes. */
	if (p->boot[0] == '\0' || !open_dir(p))
		return err_none();
	fd = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd != -1 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		if (fd != -1)
			(void)close(fd);
		return err_none();
	}
	err = sort_out(p, dir, dirs);
	(void)closedir(dir);
	return err;
}

static void
read_boot(struct partials *p)
{
	struct buf text;

	buf_init(&text, 64);
	if (!err_is(slurp_file(BOOT_FILE, &text)) && text.len >= NOTE_BOOT_LEN)
		memcpy(p->boot, text.ptr, NOTE_BOOT_LEN);
	buf_fini(&text);
}

struct err
partials_new(int root, struct dirs *dirs, struct partials **out)
{
	struct partials *p = calloc(1, sizeof(*p));
	struct err err;

	if (p == NULL)
		return err_of(ERR_NOMEM);
	p->root = root;
	p->dir = -1;
	buf_init(&p->text, NOTE_MAX);
	read_boot(p);
	err = look(p, dirs);
	if (err_is(err)) {
		partials_free(p);
		return err;
	}
	*out = p;
	return err_none();
}

void
partials_free(struct partials *p)
{
	if (p == NULL)
		return;
	if (p->dir != -1)
		(void)unlinkat(p->root, PARTIAL_DIR, AT_REMOVEDIR);
	close_dir(p);
	buf_fini(&p->text);
	free(p->found);
	free(p);
}
