#include "collect/target.h"

#include <string.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "collect/naming.h"

/* A buffer that is worth keeping for the next name. */
#define KEEP_MAX 1024

void
target_init(struct target *t)
{
	*t = (struct target){ 0 };
	buf_init(&t->name, NAMING_SPACE_MAX);
}

void
target_fini(struct target *t)
{
	buf_fini(&t->name);
}

/* Put a NUL behind the name, not counted in its length. */
static struct err
terminate(struct target *t)
{
	struct err err = buf_append_octet(&t->name, '\0');

	if (!err_is(err))
		t->name.len--;
	return err;
}

struct err
target_set(struct target *t, struct slice prefix, struct slice name)
{
	const uint8_t *slash = memrchr(name.ptr, '/', name.len);
	struct err err;

	if (t->name.cap > KEEP_MAX)
		buf_fini(&t->name);
	buf_clear(&t->name);
	err = buf_append(&t->name, prefix);
	if (!err_is(err))
		err = buf_append(&t->name, name);
	if (err_is(err))
		return err;
	t->root = prefix.len;
	t->base = t->root;
	if (slash != NULL)
		t->base += (size_t)(slash - name.ptr) + 1;
	t->plain = t->name.len;
	t->marks = 0;
	t->is_moved = false;
	return terminate(t);
}

const char *
target_name(const struct target *t)
{
	return (const char *)t->name.ptr;
}

const char *
target_base(const struct target *t)
{
	return (const char *)t->name.ptr + t->base;
}

struct slice
target_dir(const struct target *t)
{
	/* Without the slash between directory and file, if any. */
	return slice_of(t->name.ptr + t->root,
	    t->base > t->root ? t->base - t->root - 1 : 0);
}

uint64_t
target_hash(const struct target *t)
{
	return hash_octets(slice_from(buf_slice(&t->name), t->root), 0);
}

uint64_t
target_hash_nocase(const struct target *t)
{
	struct slice rest = slice_from(buf_slice(&t->name), t->root);
	uint64_t hash = 0;

	while (rest.len > 0) {
		uint8_t lower[64];
		size_t len =
		    rest.len < sizeof(lower) ? rest.len : sizeof(lower);

		for (size_t i = 0; i < len; i++)
			lower[i] = ascii_lower(rest.ptr[i]);
		hash = hash_octets(slice_of(lower, len), hash);
		rest = slice_from(rest, len);
	}
	return hash;
}

struct err
target_move_dir(struct target *t, struct slice path)
{
	struct slice dir = target_dir(t);
	size_t end = t->root + dir.len;
	size_t more = path.len - dir.len; /* marks only ever add */
	struct err err = buf_reserve(&t->name, more + 1);

	if (err_is(err))
		return err;
	memmove(
	    t->name.ptr + end + more, t->name.ptr + end, t->name.len + 1 - end);
	memcpy(t->name.ptr + t->root, path.ptr, path.len);
	t->name.len += more;
	t->base += more;
	t->plain += more;
	t->is_moved = true;
	return err_none();
}

struct slice
target_plain(const struct target *t)
{
	return slice_of(t->name.ptr + t->base, t->plain - t->base);
}

/* `mark` stands behind the name now, unless `err`. */
static struct err
end_mark(struct target *t, enum target_mark mark, struct err err)
{
	t->marks |= (unsigned)mark;
	t->is_moved = true;
	return err_is(err) ? err : terminate(t);
}

struct err
target_mark_file(struct target *t)
{
	return end_mark(
	    t, TARGET_MARK_FILE, buf_append_str(&t->name, NAMING_MARK_FILE));
}

struct err
target_mark_hash(struct target *t, uint64_t hash)
{
	return end_mark(
	    t, TARGET_MARK_HASH, naming_append_hash(hash, &t->name));
}

struct target_state
target_save(const struct target *t)
{
	return (struct target_state){
		.len = t->name.len,
		.marks = t->marks,
		.is_moved = t->is_moved,
	};
}

void
target_restore(struct target *t, struct target_state state)
{
	t->name.len = state.len;
	t->name.ptr[state.len] = '\0';
	t->marks = state.marks;
	t->is_moved = state.is_moved;
}
