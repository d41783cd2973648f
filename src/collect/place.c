#include "collect/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "collect/naming.h"

/* Looks at a name that others keep changing under us. */
#define PLACE_TRIES 8

struct err
places_init(
    struct places *places, const struct outfile_rules *rules, bool are_shared)
{
	*places = (struct places){
		.rules = rules,
		.are_shared = are_shared || rules->folds_case,
	};
	return made_new(&places->made);
}

void
places_fini(struct places *places)
{
	made_free(places->made);
}

void
place_begin(struct places *places, struct place *p,
    const struct bulkfetch_request *request)
{
	p->url_hash = naming_hash(request);
	p->kinds = naming_kinds(request);
	p->is_taken = false;
	places->seen |= p->kinds;
}

static uint64_t
name_hash(const struct places *places, const struct place *p)
{
	return places->rules->folds_case ? target_hash_nocase(&p->target)
					 : target_hash(&p->target);
}

void
place_remember(struct places *places, const struct place *p)
{
	made_add(places->made, name_hash(places, p), p->url_hash);
}

static bool
is_shared(const struct places *places, const struct place *p)
{
	return places->are_shared || naming_is_shared(p->kinds, places->seen);
}

/* What is there under a body's name. */
enum verdict {
	VERDICT_FREE,
	VERDICT_OLD,   /* a file of an earlier run, or unfinished */
	VERDICT_OURS,  /* made by the same URL */
	VERDICT_OTHER, /* made in this run, by another URL, or may be */
	VERDICT_DIR,
	VERDICT_FAILED, /* errno */
};

static bool
is_earlier(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec ||
	    (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* `*is_complete`: it is a file, and not an unfinished one. */
static enum verdict
judge(const struct places *places, const struct place *p, int dir,
    bool *is_complete)
{
	enum made_by by;
	struct stat st;

	*is_complete = false;
	if (fstatat(dir, target_base(&p->target), &st, AT_SYMLINK_NOFOLLOW) ==
	    -1)
		return errno == ENOENT ? VERDICT_FREE : VERDICT_FAILED;
	if (S_ISDIR(st.st_mode))
		return VERDICT_DIR;
	if (!S_ISREG(st.st_mode) || (st.st_mode & 0777) == 0)
		return VERDICT_OLD;
	*is_complete = true;
	by = made_find(places->made, name_hash(places, p), p->url_hash);
	if (by == MADE_BY_URL)
		return VERDICT_OURS;
	if (!is_shared(places, p))
		return VERDICT_OLD;
	if (by == MADE_BY_OTHER)
		return VERDICT_OTHER;
	return is_earlier(st.st_ctim, places->rules->begun) ? VERDICT_OLD
							    : VERDICT_OTHER;
}

struct err
place_take(
    struct places *places, struct place *p, int dir, const struct outfile *temp)
{
	enum verdict verdict;
	bool is_complete;
	struct err err;

	for (int tries = 0; tries < PLACE_TRIES; tries++) {
		verdict = VERDICT_FREE;
		err = err_none();
		if (p->is_taken)
			verdict = judge(places, p, dir, &is_complete);
		if (verdict == VERDICT_FAILED)
			return err_sys(ERR_FILE);
		if (verdict == VERDICT_DIR) {
			p->is_taken = false;
			err = target_mark_file(&p->target);
		} else if (verdict == VERDICT_OTHER) {
			/* This one nobody else's response can have. */
			err = target_mark_hash(&p->target, p->url_hash);
		}
		if (err_is(err))
			return err;
		err = outfile_rename(
		    temp, dir, target_base(&p->target), p->is_taken);
		if (err.sys != EEXIST && err.sys != EISDIR)
			return err;
		p->is_taken = true;
	}
	return err;
}

struct err
place_find(struct places *places, struct place *p, int dir, bool *is_there)
{
	enum verdict verdict = judge(places, p, dir, is_there);
	struct err err = err_none();
	struct stat st;
	size_t plain;
	bool was_moved;

	if (verdict == VERDICT_DIR) {
		err = target_mark_file(&p->target);
		if (!err_is(err))
			verdict = judge(places, p, dir, is_there);
	}
	if (err_is(err) || !*is_there || verdict == VERDICT_OURS)
		return err;
	plain = p->target.name.len;
	was_moved = p->target.is_moved;
	err = target_mark_hash(&p->target, p->url_hash);
	if (err_is(err))
		return err;
	*is_there = fstatat(dir, target_base(&p->target), &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && (st.st_mode & 0777) != 0;
	if (*is_there || verdict == VERDICT_OTHER)
		return err_none();
	*is_there = true;
	target_unmark(&p->target, plain);
	p->target.is_moved = was_moved;
	return err_none();
}
