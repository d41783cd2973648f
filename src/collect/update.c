#include "collect/update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/text.h"
#include "collect/le.h"
#include "collect/naming.h"
#include "collect/update_merge.h"
#include "collect/update_store.h"
#include "sys/write.h"

/* What is noted in memory before it is sorted and written: octets, records. */
#define NOTED_MAX (4 << 20)
#define NOTED_COUNT 65536

/* Octets that are written at a time. */
#define SPOOL_LEN 65536

/* Looks at a lock file that others come and go with. */
#define LOCK_TRIES 8

struct update {
	int root; /* borrowed */
	int run;  /* owned: UPDATE_RUN_NAME, locked */
	struct update_store old;
	struct buf space; /* for update_find() */
	/* Noted and not yet written: records, and where each begins. */
	struct buf noted;
	uint32_t *begins; /* owned: room for NOTED_COUNT */
	size_t count;
	/* Written, in order each; the first one is for the old store. */
	struct update_range *ranges; /* owned: room for UPDATE_RANGES_MAX */
	size_t range_count;
	uint64_t run_len;
	uint64_t total;    /* of records noted */
	struct err broken; /* why nothing can be noted any more */
};

/* ---- One run at a time -------------------------------------------------- */

/* Whether UPDATE_RUN_NAME is `fd` still. */
static bool
is_named(int root, int fd)
{
	struct stat named;
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    fstatat(root, UPDATE_RUN_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_ino == st.st_ino && named.st_dev == st.st_dev;
}

/* Where there are no locks, we do without. */
static struct err
lock(int root, int *run)
{
	struct err err;
	int fd;

	for (int i = 0; i < LOCK_TRIES; i++) {
		fd = openat(root, UPDATE_RUN_NAME,
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
		if (fd == -1)
			return err_sys(ERR_FILE);
		if (flock(fd, LOCK_EX | LOCK_NB) == -1 &&
		    errno == EWOULDBLOCK) {
			(void)close(fd);
			break;
		}
		/* It may have been given up in between. */
		if (is_named(root, fd)) {
			*run = fd;
			return err_none();
		}
		(void)close(fd);
	}
	err =
	    err_why(ERR_FILE, "another run is keeping its store of validators");
	err.sys = EWOULDBLOCK;
	return err;
}

static void
unlock(struct update *u)
{
	/* While it is locked, so that it is nobody else's. */
	(void)unlinkat(u->root, UPDATE_RUN_NAME, 0);
	(void)close(u->run);
}

/* ---- Finding ------------------------------------------------------------ */

static void
update_free(struct update *u)
{
	update_store_close(&u->old);
	buf_fini(&u->space);
	buf_fini(&u->noted);
	free(u->begins);
	free(u->ranges);
	free(u);
}

struct err
update_open(int root, struct update **out)
{
	struct update *u = calloc(1, sizeof(*u));
	struct err err;

	if (u == NULL)
		return err_of(ERR_NOMEM);
	u->root = root;
	u->old.fd = -1;
	buf_init(&u->space, UPDATE_SPACE_MAX);
	buf_init(&u->noted, NOTED_MAX);
	u->begins = calloc(NOTED_COUNT, sizeof(*u->begins));
	u->ranges = calloc(UPDATE_RANGES_MAX, sizeof(*u->ranges));
	err = u->begins == NULL || u->ranges == NULL ? err_of(ERR_NOMEM)
						     : lock(root, &u->run);
	if (err_is(err)) {
		update_free(u);
		return err;
	}
	/* What a killed run has left. */
	if (ftruncate(u->run, 0) == -1)
		u->broken = err_sys(ERR_FILE);
	update_store_open(&u->old, root, UPDATE_NAME);
	u->ranges[0] = (struct update_range){
		.fd = u->old.fd,
		.at = u->old.records_at,
		.end = u->old.size,
	};
	u->range_count = 1;
	*out = u;
	return err_none();
}

struct update_key
update_key(const struct update *u, const struct bulkfetch_request *request)
{
	struct update_key key;

	for (size_t i = 0; i < 2; i++) {
		uint64_t seed = u->old.seed.word[i];

		if (request->userinfo.len > 0)
			seed = hash_octets(text_slice(request->userinfo), seed);
		key.word[i] = hash_octets(text_slice(request->url), seed);
	}
	return key;
}

bool
update_find(
    struct update *u, const struct update_key *key, struct update_entry *entry)
{
	return update_store_find(&u->old, key, &u->space, entry);
}

/* ---- Noting ------------------------------------------------------------- */

/* The first word of the key of the record that begins there. */
static uint64_t
word_at(const struct update *u, uint32_t begin)
{
	return le_get64(u->noted.ptr + begin);
}

/* By key, and the same key's in the order in which they were noted. */
static int
compare(const void *a, const void *b, void *ctx)
{
	const uint32_t *left = a;
	const uint32_t *right = b;
	uint64_t left_word = word_at(ctx, *left);
	uint64_t right_word = word_at(ctx, *right);

	if (left_word != right_word)
		return left_word < right_word ? -1 : 1;
	return *left < *right ? -1 : *left > *right;
}

/* The record that begins there. */
static struct slice
record_at(const struct update *u, uint32_t begin)
{
	struct slice rest = slice_from(buf_slice(&u->noted), begin);
	struct update_entry entry;
	struct update_key key;
	size_t len = 0;

	/* It is our own. */
	(void)update_record_read(rest, &key, &entry, &len);
	return slice_first(rest, len);
}

static struct err
append(struct update *u, struct buf *spool, struct slice record)
{
	struct err err = err_none();

	if (record.len > spool->max - spool->len) {
		err = write_all(u->run, buf_slice(spool));
		buf_clear(spool);
	}
	u->run_len += record.len;
	return err_is(err) ? err : buf_append(spool, record);
}

/* Write what is noted as one more range. */
static struct err
write_range(struct update *u)
{
	struct update_range *range = &u->ranges[u->range_count];
	struct err err = err_none();
	struct buf spool;

	if (u->count == 0)
		return err_none();
	if (u->range_count == UPDATE_RANGES_MAX)
		return err_of(ERR_LIMIT);
	range->fd = u->run;
	range->at = u->run_len;
	qsort_r(u->begins, u->count, sizeof(*u->begins), compare, u);
	buf_init(&spool, SPOOL_LEN);
	for (size_t i = 0; i < u->count && !err_is(err); i++) {
		bool is_last = i + 1 == u->count ||
		    word_at(u, u->begins[i]) != word_at(u, u->begins[i + 1]);

		if (is_last)
			err = append(u, &spool, record_at(u, u->begins[i]));
	}
	if (!err_is(err))
		err = write_all(u->run, buf_slice(&spool));
	buf_fini(&spool);
	if (err_is(err))
		return err;
	range->end = u->run_len;
	u->range_count++;
	u->count = 0;
	buf_clear(&u->noted);
	return err;
}

void
update_note(struct update *u, const struct update_key *key,
    const struct update_entry *entry)
{
	static const struct update_entry forgets = { .forgets = true };
	uint8_t record[UPDATE_RECORD_MAX];
	struct err err = err_none();
	size_t len;

	if (err_is(u->broken))
		return;
	if (!update_record_fits(entry) ||
	    entry->etag.len + entry->last_modified.len == 0)
		entry = &forgets;
	len = update_record_write(key, entry, record);
	if (u->count == NOTED_COUNT || len > NOTED_MAX - u->noted.len)
		err = write_range(u);
	if (!err_is(err)) {
		u->begins[u->count] = (uint32_t)u->noted.len;
		err = buf_append(&u->noted, slice_of(record, len));
	}
	u->broken = err;
	if (err_is(err))
		return;
	u->count++;
	u->total++;
}

/* ---- The end ------------------------------------------------------------ */

static struct err
replace(struct update *u)
{
	bool has_old = u->old.fd != -1;
	struct update_writer w;
	struct err err = update_writer_open(
	    &w, u->root, UPDATE_NEW_NAME, u->old.seed, u->old.count + u->total);

	if (!err_is(err))
		err = update_merge(
		    u->ranges + !has_old, u->range_count - !has_old, &w);
	if (!err_is(err))
		err = update_writer_end(&w);
	if (!err_is(err) &&
	    renameat(u->root, UPDATE_NEW_NAME, u->root, UPDATE_NAME) == -1)
		err = err_sys(ERR_FILE);
	update_writer_close(&w);
	if (err_is(err))
		(void)unlinkat(u->root, UPDATE_NEW_NAME, 0);
	return err;
}

struct err
update_close(struct update *u)
{
	struct err err;

	if (u == NULL)
		return err_none();
	/* What cannot be written now is lost, and what is written good. */
	err = u->broken;
	if (!err_is(err))
		err = write_range(u);
	/* Not needed for what follows, which needs memory of its own. */
	buf_fini(&u->noted);
	if (u->range_count > 1) {
		struct err replaced = replace(u);

		err = err_is(replaced) ? replaced : err;
	}
	unlock(u);
	update_free(u);
	return err;
}
