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

struct err
place_keep(struct places *places, const struct place *p)
{
	place_remember(places, p);
	return made_keep(places->made, name_hash(places, p));
}

static bool
is_shared(const struct places *places, const struct place *p)
{
	return places->are_shared || naming_is_shared(p->kinds, places->seen);
}

/* What is there under a body's name. */
enum verdict {
	VERDICT_FREE,
	VERDICT_LITTER, /* nothing that is complete */
	VERDICT_OLD,    /* a file of an earlier run */
	VERDICT_OURS,   /* made by the same URL */
	VERDICT_OTHER,  /* made in this run, by another URL, or may be */
	VERDICT_DIR,
	VERDICT_FAILED, /* errno */
};

static bool
is_earlier(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec ||
	    (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static bool
is_complete(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & 0777) != 0;
}

static bool
look(const struct place *p, int dir, struct stat *st)
{
	return fstatat(dir, target_base(&p->target), st, AT_SYMLINK_NOFOLLOW) ==
	    0;
}

static struct place_file
file_of(const struct stat *st)
{
	return (struct place_file){
		.mtime = st->st_mtim,
		.len = st->st_size > 0 ? (uint64_t)st->st_size : 0,
	};
}

static enum verdict
judge(const struct places *places, const struct place *p, int dir,
    struct stat *st)
{
	uint64_t name = name_hash(places, p);
	enum made_by by;

	if (!look(p, dir, st))
		return errno == ENOENT ? VERDICT_FREE : VERDICT_FAILED;
	if (S_ISDIR(st->st_mode))
		return VERDICT_DIR;
	if (!is_complete(st))
		return VERDICT_LITTER;
	by = made_find(places->made, name, p->url_hash);
	if (by == MADE_BY_URL)
		return VERDICT_OURS;
	if (!is_shared(places, p))
		return VERDICT_OLD;
	if (by == MADE_BY_OTHER || made_may_be_kept(places->made, name))
		return VERDICT_OTHER;
	return is_earlier(st->st_ctim, places->rules->begun) ? VERDICT_OLD
							     : VERDICT_OTHER;
}

struct err
place_take(
    struct places *places, struct place *p, int dir, const struct outfile *temp)
{
	enum verdict verdict;
	struct stat st;
	struct err err;

	for (int tries = 0; tries < PLACE_TRIES; tries++) {
		verdict = VERDICT_FREE;
		err = err_none();
		if (p->is_taken)
			verdict = judge(places, p, dir, &st);
		if (verdict == VERDICT_FAILED)
			return err_sys(ERR_FILE);
		if (verdict == VERDICT_DIR) {
			p->is_taken = false;
			err = target_mark_file(&p->target);
		} else if (verdict == VERDICT_OTHER &&
		    (p->target.marks & TARGET_MARK_HASH) == 0) {
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
place_mark(struct place *p, unsigned marks)
{
	struct err err = err_none();

	if ((marks & TARGET_MARK_FILE) != 0)
		err = target_mark_file(&p->target);
	if ((marks & TARGET_MARK_HASH) != 0 && !err_is(err))
		err = target_mark_hash(&p->target, p->url_hash);
	return err;
}

bool
place_look(const struct places *places, const struct place *p, int dir,
    struct place_file *file)
{
	struct stat st;

	if (!look(p, dir, &st) || !is_complete(&st) ||
	    made_find(places->made, name_hash(places, p), p->url_hash) ==
		MADE_BY_OTHER)
		return false;
	*file = file_of(&st);
	return true;
}

struct err
place_find(struct places *places, struct place *p, int dir, bool *is_there,
    struct place_file *file)
{
	struct stat st;
	enum verdict verdict = judge(places, p, dir, &st);
	struct err err = err_none();
	struct target_state plain;

	if (verdict == VERDICT_DIR) {
		err = target_mark_file(&p->target);
		if (!err_is(err))
			verdict = judge(places, p, dir, &st);
	}
	*is_there = verdict == VERDICT_OLD || verdict == VERDICT_OURS ||
	    verdict == VERDICT_OTHER;
	if (err_is(err) || !*is_there)
		return err;
	*file = file_of(&st);
	if (verdict == VERDICT_OURS)
		return err;
	plain = target_save(&p->target);
	err = target_mark_hash(&p->target, p->url_hash);
	if (err_is(err) || place_look(places, p, dir, file))
		return err;
	/* Not there: then it is the plain one, if that is not another's. */
	target_restore(&p->target, plain);
	*is_there = verdict != VERDICT_OTHER;
	return err_none();
}
