/*
 * records - what --log wrote, by the record.
 */
#ifndef BULKFETCH_TESTS_IT_RECORDS_H
#define BULKFETCH_TESTS_IT_RECORDS_H

#include "world.h"

struct records {
	struct world *world;
	struct slice *lines;
	size_t count;
	char *space; /* for the value of one member */
};

/* Read a log; every line of it must be one valid object. */
struct records records_read(struct world *w, const char *name);

/* The one record whose member has that value; fails unless there is one. */
struct slice records_find(
    const struct records *r, const char *member, const char *value);

/* Records whose member has that value. */
size_t records_count(
    const struct records *r, const char *member, const char *value);

/* The member of a record is that; NULL: it is null or missing. */
void expect_member(const struct records *r, struct slice record,
    const char *member, const char *value);

/* Each of the lines 1 to `count` of the lists has one record, of success, and
 * there is no other. */
void expect_all_done(struct world *w, const char *name, size_t count);

/* The member as a number. */
long long record_number(
    const struct records *r, struct slice record, const char *member);

#endif
