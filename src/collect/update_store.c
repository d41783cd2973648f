#include "collect/update_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "collect/le.h"

/* The header, and where things stand in it. */
#define MAGIC "bulkfetch-update"
#define VERSION 1
#define AT_VERSION 16
#define AT_BITS 20
#define AT_SEED 24
#define AT_COUNT 40
#define AT_SIZE 48
#define AT_SUM 56
#define HEADER_LEN 64

#define OFFSET_LEN 8

/* Records in a bucket, on average, before it is split in two. */
#define BUCKET_COUNT 8

/* A directory for 2^40 * BUCKET_COUNT URLs is large enough. */
#define BITS_MAX 40

/* Octets that are read at a time: more than most buckets have. */
#define CHUNK_LEN 8192

/* Octets that are written at a time. */
#define SPOOL_LEN 65536

/* ---- Reading ------------------------------------------------------------ */

/* All of `len` octets. */
static bool
read_at(int fd, uint64_t at, uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t n = pread(fd, out, len, (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		out += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return true;
}

static uint64_t
records_at(unsigned bits)
{
	return HEADER_LEN + OFFSET_LEN * ((UINT64_C(1) << bits) + 1);
}

static uint64_t
header_sum(const uint8_t header[HEADER_LEN])
{
	return hash_octets(slice_of(header, AT_SUM), 0);
}

/* `s->fd` is open. */
static bool
read_header(struct update_store *s)
{
	uint8_t header[HEADER_LEN];
	struct stat st;

	if (fstat(s->fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    !read_at(s->fd, 0, header, sizeof(header)) ||
	    memcmp(header, MAGIC, strlen(MAGIC)) != 0 ||
	    le_get32(header + AT_VERSION) != VERSION ||
	    le_get64(header + AT_SUM) != header_sum(header))
		return false;
	s->bits = le_get32(header + AT_BITS);
	s->seed.word[0] = le_get64(header + AT_SEED);
	s->seed.word[1] = le_get64(header + AT_SEED + 8);
	s->count = le_get64(header + AT_COUNT);
	s->size = le_get64(header + AT_SIZE);
	if (s->bits > BITS_MAX || s->size != (uint64_t)st.st_size)
		return false;
	s->records_at = records_at(s->bits);
	return s->size >= s->records_at &&
	    s->count <= (s->size - s->records_at) / UPDATE_RECORD_MIN;
}

void
update_store_open(struct update_store *s, int dir, const char *name)
{
	*s = (struct update_store){ 0 };
	s->fd =
	    openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (s->fd != -1 && read_header(s))
		return;
	update_store_close(s);
	*s = (struct update_store){ .fd = -1 };
	if (getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK) !=
	    sizeof(s->seed))
		s->seed.word[0] = (uint64_t)time(NULL);
}

void
update_store_close(struct update_store *s)
{
	if (s->fd != -1)
		(void)close(s->fd);
	s->fd = -1;
}

static uint64_t
bucket_of(const struct update_key *key, unsigned bits)
{
	return bits > 0 ? key->word[0] >> (64 - bits) : 0;
}

/* Where the records of a bucket begin and end. */
static bool
find_bucket(
    const struct update_store *s, uint64_t bucket, uint64_t *at, uint64_t *end)
{
	uint8_t offsets[2 * OFFSET_LEN];

	if (!read_at(s->fd, HEADER_LEN + OFFSET_LEN * bucket, offsets,
		sizeof(offsets)))
		return false;
	*at = le_get64(offsets);
	*end = le_get64(offsets + OFFSET_LEN);
	return s->records_at <= *at && *at <= *end && *end <= s->size;
}

/* Have more of what ends at `end` in `space`, whose last octet is in front of
 * `*at`. */
static bool
read_more(int fd, uint64_t *at, uint64_t end, struct buf *space)
{
	size_t len = end - *at < CHUNK_LEN ? (size_t)(end - *at) : CHUNK_LEN;

	if (len == 0 || err_is(buf_reserve(space, len)) ||
	    !read_at(fd, *at, space->ptr + space->len, len))
		return false;
	space->len += len;
	*at += len;
	return true;
}

bool
update_store_find(const struct update_store *s, const struct update_key *key,
    struct buf *space, struct update_entry *entry)
{
	struct update_key found;
	size_t used = 0;
	uint64_t at;
	uint64_t end;

	buf_clear(space);
	if (s->fd == -1 || !find_bucket(s, bucket_of(key, s->bits), &at, &end))
		return false;
	for (;;) {
		switch (update_record_read(
		    buf_slice(space), &found, entry, &used)) {
		case UPDATE_SHORT:
			if (!read_more(s->fd, &at, end, space))
				return false;
			break;
		case UPDATE_BAD:
			return false;
		case UPDATE_READ:
			if (found.word[0] > key->word[0])
				return false;
			if (found.word[0] == key->word[0])
				return found.word[1] == key->word[1] &&
				    !entry->forgets;
			buf_drop(space, used);
			break;
		}
	}
}

/* ---- Writing ------------------------------------------------------------ */

static struct err
write_at(int fd, uint64_t at, struct slice data)
{
	while (data.len > 0) {
		ssize_t n = pwrite(fd, data.ptr, data.len, (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(ERR_FILE);
		if (n == 0) /* what no file does, but do not spin */
			return err_code(ERR_FILE, EIO);
		data = slice_from(data, (size_t)n);
		at += (uint64_t)n;
	}
	return err_none();
}

static struct err
flush(struct update_writer *w, struct buf *spool, uint64_t *at)
{
	struct err err = write_at(w->fd, *at, buf_slice(spool));

	*at += spool->len;
	buf_clear(spool);
	return err;
}

static struct err
add(struct update_writer *w, struct buf *spool, uint64_t *at, struct slice data)
{
	struct err err = err_none();

	if (data.len > spool->max - spool->len)
		err = flush(w, spool, at);
	return err_is(err) ? err : buf_append(spool, data);
}

struct err
update_writer_open(struct update_writer *w, int dir, const char *name,
    struct update_seed seed, uint64_t expected)
{
	*w = (struct update_writer){ .seed = seed };
	while (w->bits < BITS_MAX && expected >> w->bits > BUCKET_COUNT)
		w->bits++;
	w->directory_at = HEADER_LEN;
	w->records_at = records_at(w->bits);
	buf_init(&w->directory, SPOOL_LEN);
	buf_init(&w->records, SPOOL_LEN);
	/* Not what is there: that may have other names, too. */
	(void)unlinkat(dir, name, 0);
	w->fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	return w->fd == -1 ? err_sys(ERR_FILE) : err_none();
}

/* Let buckets up to `last` begin here. */
static struct err
begin_buckets(struct update_writer *w, uint64_t last)
{
	struct err err = err_none();
	uint8_t offset[OFFSET_LEN];

	le_put64(offset, w->records_at + w->records.len);
	for (; w->bucket <= last && !err_is(err); w->bucket++)
		err = add(w, &w->directory, &w->directory_at,
		    slice_of(offset, sizeof(offset)));
	return err;
}

struct err
update_writer_add(
    struct update_writer *w, const struct update_key *key, struct slice record)
{
	struct err err = begin_buckets(w, bucket_of(key, w->bits));

	if (err_is(err))
		return err;
	w->count++;
	return add(w, &w->records, &w->records_at, record);
}

static struct err
write_header(struct update_writer *w)
{
	uint8_t header[HEADER_LEN] = { 0 };

	memcpy(header, MAGIC, strlen(MAGIC));
	le_put32(header + AT_VERSION, VERSION);
	le_put32(header + AT_BITS, w->bits);
	le_put64(header + AT_SEED, w->seed.word[0]);
	le_put64(header + AT_SEED + 8, w->seed.word[1]);
	le_put64(header + AT_COUNT, w->count);
	le_put64(header + AT_SIZE, w->records_at);
	le_put64(header + AT_SUM, header_sum(header));
	return write_at(w->fd, 0, slice_of(header, sizeof(header)));
}

struct err
update_writer_end(struct update_writer *w)
{
	struct err err = begin_buckets(w, UINT64_C(1) << w->bits);

	if (!err_is(err))
		err = flush(w, &w->directory, &w->directory_at);
	if (!err_is(err))
		err = flush(w, &w->records, &w->records_at);
	if (!err_is(err))
		err = write_header(w);
	if (!err_is(err) && fdatasync(w->fd) == -1)
		err = err_sys(ERR_FILE);
	update_writer_close(w);
	return err;
}

void
update_writer_close(struct update_writer *w)
{
	if (w->fd != -1)
		(void)close(w->fd);
	w->fd = -1;
	buf_fini(&w->directory);
	buf_fini(&w->records);
}
