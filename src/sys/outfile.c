#include "sys/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/num.h"
#include "sys/write.h"

/* Temporary files can be opened again by their owner, but not read. */
#define TEMP_MODE S_IWUSR

/* The same for those that are suspended. */
#define LEFT_MODE (S_IWUSR | S_IXUSR)

/* Names with a number, before one with a random number is taken. */
#define TEMP_TRIES 10

/* What tells the names of one key apart, with a NUL. */
#define TAG_SIZE 24

/* Clock ticks are 1 to 10 ms, where file systems do not count finer. */
#define TICK_TRIES 12
#define TICK_STEP_NS 1000000

/* Runs that begin at the same moment in the same directory. */
#define PROBE_TRIES 100

#define PERMISSIONS (S_IRWXU | S_IRWXG | S_IRWXO)

static uint64_t
random_u64(void)
{
	uint64_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) == sizeof(value))
		return value;
	/* Early at boot: need only differ from its neighbours. */
	return (uint64_t)getpid() << 32 ^ (uint64_t)time(NULL);
}

static void
temp_name(char temp[OUTFILE_TEMP_SIZE], uint64_t key, const char *tag)
{
	char digits[16];

	num_format_hex64(key, digits);
	(void)snprintf(
	    temp, OUTFILE_TEMP_SIZE, ".%.16s%%%s.bulkfetch", digits, tag);
}

static bool
is_later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec ||
	    (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

/*
 * Change the file until its ctime moves on, so that `begun` is later than
 * anything that was there before.  Where the clock is too coarse for that,
 * `begun` is early, and old files count as new ones: the safe side.
 */
static int
measure(int fd, struct outfile_rules *rules)
{
	struct timespec step = { .tv_nsec = TICK_STEP_NS };
	struct stat first;
	struct stat now;

	if (fstat(fd, &first) == -1)
		return -1;
	rules->mode = first.st_mode & PERMISSIONS;
	for (int i = 0;; i++) {
		/* Refused by file systems that have no modes. */
		(void)fchmod(fd, 0);
		if (fstat(fd, &now) == -1)
			return -1;
		if (is_later(now.st_ctim, first.st_ctim) || i == TICK_TRIES)
			break;
		(void)nanosleep(&step, NULL);
	}
	rules->keeps_mode = (now.st_mode & PERMISSIONS) == 0;
	rules->begun = now.st_ctim;
	return 0;
}

/* Whether `name` leads to the file `fd`. */
static bool
answers_to(int dir, const char *name, int fd)
{
	struct stat named;
	struct stat st;

	return fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstat(fd, &st) == 0 && named.st_ino == st.st_ino &&
	    named.st_dev == st.st_dev;
}

/*
 * Make a file, see whether its name is told apart from that in other letters,
 * and take the name away again.  It is always the same name, so that what a
 * kill leaves at this moment is gone at the next start; a run that begins at
 * the same moment may take it from us, which shows.
 */
static int
open_probe(int dir, bool *folds_case)
{
	char name[OUTFILE_TEMP_SIZE];
	char other[OUTFILE_TEMP_SIZE];

	temp_name(name, 0, "p");
	for (size_t i = 0; i < sizeof(name); i++)
		other[i] = (char)ascii_upper((uint8_t)name[i]);
	for (int i = 0; i < PROBE_TRIES; i++) {
		int fd = openat(dir, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		bool is_ours;

		if (fd == -1 && errno != EEXIST)
			return -1;
		if (fd != -1)
			*folds_case = answers_to(dir, other, fd);
		is_ours = fd != -1 && answers_to(dir, name, fd);
		(void)unlinkat(dir, name, 0);
		if (is_ours)
			return fd;
		if (fd != -1)
			(void)close(fd);
	}
	errno = EEXIST;
	return -1;
}

struct err
outfile_probe(int dir, struct outfile_rules *rules)
{
	struct err err = err_none();
	int fd = open_probe(dir, &rules->folds_case);

	if (fd == -1)
		return err_sys(ERR_FILE);
	if (measure(fd, rules) == -1)
		err = err_sys(ERR_FILE);
	(void)close(fd);
	return err;
}

/* The content of `fd` is whole: make it a file that can be read, and close it
 * in any case. */
static struct err
finish(int fd, const struct outfile_rules *rules, struct outfile_stamp *stamp)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	struct err err = err_none();
	struct stat st;

	if (stamp != NULL && stamp->sets_mtime) {
		times[1] = stamp->mtime;
		(void)futimens(fd, times);
	}
	if (rules->keeps_mode && fchmod(fd, rules->mode) == -1)
		err = err_sys(ERR_FILE);
	if (stamp != NULL) {
		stamp->is_known = fstat(fd, &st) == 0 && st.st_size >= 0;
		if (stamp->is_known) {
			stamp->mtime = st.st_mtim;
			stamp->len = (uint64_t)st.st_size;
		}
	}
	if (close(fd) == -1 && !err_is(err))
		err = err_sys(ERR_FILE);
	return err;
}

struct err
outfile_put(int dir, const char *name, const struct outfile_rules *rules,
    struct slice data, struct outfile_stamp *stamp)
{
	struct err err;
	int fd = openat(
	    dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd == -1)
		return err_sys(ERR_FILE);
	err = write_all(fd, data);
	if (!err_is(err))
		err = finish(fd, rules, stamp);
	else
		(void)close(fd);
	if (err_is(err))
		(void)unlinkat(dir, name, 0);
	return err;
}

/*
 * Will nobody rename it any more?  So it is without the permission to read it,
 * as nobody has finished it; and when it was finished before this run began,
 * since the rename follows at once unless there was a kill between the two.
 */
static bool
is_abandoned(const struct stat *st, const struct outfile_rules *rules)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 1 &&
	    (!rules->keeps_mode || (st->st_mode & PERMISSIONS) == TEMP_MODE ||
		is_later(rules->begun, st->st_ctim));
}

/* Empty, and not to be read before it is finished again. */
static bool
start_again(int fd, const struct stat *st, const struct outfile_rules *rules)
{
	bool has_mode =
	    !rules->keeps_mode || (st->st_mode & PERMISSIONS) == TEMP_MODE;

	return (has_mode || fchmod(fd, TEMP_MODE) == 0) &&
	    ftruncate(fd, 0) == 0;
}

/*
 * Open the temporary file of this name, for nobody else to write: locked, where
 * there are locks or when it `needs_lock`, and the name still leading to it.
 * -1 with EEXIST when that cannot be, but with its own errno when descriptors
 * are short.
 */
static int
open_leftover(int dir, const char *temp, bool needs_lock, struct stat *st)
{
	struct stat named;
	bool is_held;
	/* O_NONBLOCK: it may be a FIFO. */
	int fd =
	    openat(dir, temp, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1) {
		if (errno != EMFILE && errno != ENFILE)
			errno = EEXIST;
		return -1;
	}
	is_held = flock(fd, LOCK_EX | LOCK_NB) == 0 ||
	    (!needs_lock && errno != EWOULDBLOCK);
	if (is_held && fstat(fd, st) == 0 &&
	    fstatat(dir, temp, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_ino == st->st_ino && named.st_dev == st->st_dev)
		return fd;
	(void)close(fd);
	errno = EEXIST;
	return -1;
}

/*
 * A temporary file of this name is there; if it is a killed run's, it can be
 * taken over.
 */
static int
take_leftover(int dir, const char *temp, const struct outfile_rules *rules)
{
	struct stat st;
	int fd = open_leftover(dir, temp, true, &st);

	if (fd == -1)
		return -1;
	if (is_abandoned(&st, rules) && start_again(fd, &st, rules))
		return fd;
	(void)close(fd);
	errno = EEXIST;
	return -1;
}

/* `f->temp`, a new one or a leftover; -1 with EEXIST when it is in use. */
static int
open_temp(struct outfile *f, int dir, const struct outfile_rules *rules)
{
	int fd = openat(dir, f->temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    rules->keeps_mode ? TEMP_MODE : rules->mode);

	f->was_left = fd == -1 && errno == EEXIST;
	if (fd == -1)
		return f->was_left ? take_leftover(dir, f->temp, rules) : -1;
	/* Another process may have been quick enough to take it for a
	 * leftover.  Where there are no locks, we do without. */
	if (flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK) {
		(void)close(fd);
		errno = EEXIST;
		return -1;
	}
	return fd;
}

struct err
outfile_open(
    struct outfile *f, int dir, uint64_t key, const struct outfile_rules *rules)
{
	char tag[TAG_SIZE] = "";

	for (int i = 0; i <= TEMP_TRIES; i++) {
		if (i > 0 && i < TEMP_TRIES)
			(void)snprintf(tag, sizeof(tag), "%d", i);
		else if (i == TEMP_TRIES)
			(void)snprintf(tag, sizeof(tag), "r%016llx",
			    (unsigned long long)random_u64());
		temp_name(f->temp, key, tag);
		f->fd = open_temp(f, dir, rules);
		if (f->fd != -1)
			return err_none();
		if (errno != EEXIST)
			break;
	}
	return err_sys(ERR_FILE);
}

bool
outfile_is_temp(const char *name, uint64_t key)
{
	char plain[OUTFILE_TEMP_SIZE];
	size_t len;

	if (strlen(name) >= OUTFILE_TEMP_SIZE)
		return false;
	/* The same up to the tag, and behind it. */
	temp_name(plain, key, "");
	len = strcspn(plain, "%") + 1;
	if (strncmp(name, plain, len) != 0)
		return false;
	name += len;
	name += strspn(name, "r0123456789abcdef");
	return strcmp(name, plain + len) == 0;
}

struct err
outfile_write(struct outfile *f, struct slice data)
{
	return write_all(f->fd, data);
}

struct err
outfile_finish(struct outfile *f, const struct outfile_rules *rules,
    struct outfile_stamp *stamp)
{
	struct err err = finish(f->fd, rules, stamp);

	f->fd = -1;
	return err;
}

/* ---- Left, and gone on with --------------------------------------------- */

static struct timespec
time_of(struct statx_timestamp time)
{
	return (
	    struct timespec){ .tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec };
}

struct err
outfile_look(const struct outfile *f, struct outfile_left *left)
{
	struct statx st = { 0 };

	if (statx(f->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
		&st) == -1)
		return err_sys(ERR_FILE);
	*left = (struct outfile_left){
		.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.ino = st.stx_ino,
		.changed = time_of(st.stx_ctime),
		.len = st.stx_size,
	};
	if ((st.stx_mask & STATX_BTIME) != 0)
		left->born = time_of(st.stx_btime);
	return err_none();
}

static bool
is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
is_same_file(const struct outfile_left *a, const struct outfile_left *b)
{
	return a->dev == b->dev && a->ino == b->ino &&
	    is_same_time(a->born, b->born);
}

struct err
outfile_suspend(struct outfile *f, const struct outfile_rules *rules,
    struct outfile_left *left)
{
	struct err err = err_none();

	if (!rules->keeps_mode)
		err = err_code(ERR_FILE, EPERM);
	else if (fchmod(f->fd, LEFT_MODE) == -1)
		err = err_sys(ERR_FILE);
	if (!err_is(err))
		err = outfile_look(f, left);
	if (close(f->fd) == -1 && !err_is(err))
		err = err_sys(ERR_FILE);
	f->fd = -1;
	return err;
}

/* Open `f->temp`, whatever it is. */
static struct err
reopen(struct outfile *f, int dir, bool needs_lock, struct stat *st)
{
	f->was_left = true;
	f->fd = open_leftover(dir, f->temp, needs_lock, st);
	if (f->fd != -1)
		return err_none();
	return errno == EEXIST ? err_code(ERR_FILE, ESTALE) : err_sys(ERR_FILE);
}

/* The end of an attempt to open it: it stays open only without an error. */
static struct err
close_on(struct outfile *f, struct err err)
{
	if (err_is(err))
		outfile_close(f);
	return err;
}

struct err
outfile_resume(
    struct outfile *f, int dir, const struct outfile_left *left, uint64_t len)
{
	struct outfile_left now;
	struct stat st;
	struct err err = reopen(f, dir, false, &st);

	if (!err_is(err))
		err = outfile_look(f, &now);
	if (!err_is(err) &&
	    (!is_same_file(&now, left) ||
		!is_same_time(now.changed, left->changed)))
		err = err_code(ERR_FILE, ESTALE);
	if (!err_is(err))
		err = outfile_start_at(f, len);
	return close_on(f, err);
}

struct err
outfile_continue(struct outfile *f, int dir, const struct outfile_rules *rules,
    const struct outfile_left *left)
{
	struct outfile_left now;
	struct stat st;
	struct err err = reopen(f, dir, true, &st);

	if (!err_is(err))
		err = outfile_look(f, &now);
	if (!err_is(err) &&
	    (!is_same_file(&now, left) || !is_abandoned(&st, rules)))
		err = err_code(ERR_FILE, ESTALE);
	return close_on(f, err);
}

struct err
outfile_start_at(struct outfile *f, uint64_t len)
{
	struct stat st;

	if (fstat(f->fd, &st) == -1)
		return err_sys(ERR_FILE);
	if (st.st_size < 0 || (uint64_t)st.st_size < len)
		return err_code(ERR_FILE, ESTALE);
	if ((st.st_mode & PERMISSIONS) != TEMP_MODE &&
	    fchmod(f->fd, TEMP_MODE) == -1)
		return err_sys(ERR_FILE);
	if (((uint64_t)st.st_size > len &&
		ftruncate(f->fd, (off_t)len) == -1) ||
	    lseek(f->fd, (off_t)len, SEEK_SET) == -1)
		return err_sys(ERR_FILE);
	return err_none();
}

/* ---- Its name ----------------------------------------------------------- */

/* Where the kernel or the file system has no RENAME_NOREPLACE. */
static int
rename_looking_first(int dir, const char *from, const char *to)
{
	struct stat st;

	if (fstatat(dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return errno == ENOENT ? renameat(dir, from, dir, to) : -1;
}

struct err
outfile_rename(
    const struct outfile *f, int dir, const char *name, bool may_replace)
{
	int rc;

	if (may_replace)
		rc = renameat(dir, f->temp, dir, name);
	else
		rc = renameat2(dir, f->temp, dir, name, RENAME_NOREPLACE);
	if (rc == -1 && !may_replace && (errno == EINVAL || errno == ENOSYS))
		rc = rename_looking_first(dir, f->temp, name);
	return rc == -1 ? err_sys(ERR_FILE) : err_none();
}

void
outfile_close(struct outfile *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
	f->fd = -1;
}

void
outfile_unlink(const struct outfile *f, int dir)
{
	(void)unlinkat(dir, f->temp, 0);
}
