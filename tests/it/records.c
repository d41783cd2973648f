#include "records.h"

#include "harness.h"

struct records
records_read(struct world *w, const char *name)
{
	struct slice text = world_read(w, name);
	struct records r = { .world = w };

	for (size_t i = 0; i < text.len; i++)
		r.count += text.ptr[i] == '\n';
	r.lines = world_alloc(w, (r.count + 1) * sizeof(*r.lines));
	r.space = world_alloc(w, text.len + 1);
	for (size_t i = 0; i < r.count; i++) {
		size_t end = slice_find(text, '\n');
		const char *problem;

		r.lines[i] = slice_first(text, end);
		text = slice_from(text, end + 1);
		problem = json_problem(r.lines[i]);
		if (problem != NULL)
			fail_msg("%s, record %zu: %s: %.*s", name, i + 1,
			    problem, (int)r.lines[i].len,
			    (const char *)r.lines[i].ptr);
	}
	if (text.len > 0)
		fail_msg("%s: the last record has no end", name);
	return r;
}

static bool
member_is(const struct records *r, struct slice record, const char *member,
    const char *value)
{
	bool has = json_find(record, member, r->space);

	if (value == NULL)
		return !has || strcmp(r->space, "null") == 0;
	return has && strcmp(r->space, value) == 0;
}

size_t
records_count(const struct records *r, const char *member, const char *value)
{
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++)
		count += member_is(r, r->lines[i], member, value);
	return count;
}

struct slice
records_find(const struct records *r, const char *member, const char *value)
{
	size_t count = records_count(r, member, value);
	size_t i = 0;

	if (count != 1)
		fail_msg("%zu records whose %s is %s", count, member, value);
	while (!member_is(r, r->lines[i], member, value))
		i++;
	return r->lines[i];
}

void
expect_member(const struct records *r, struct slice record, const char *member,
    const char *value)
{
	if (!member_is(r, record, member, value))
		fail_msg("%s is not %s in %.*s", member,
		    value != NULL ? value : "null", (int)record.len,
		    (const char *)record.ptr);
}

long long
record_number(const struct records *r, struct slice record, const char *member)
{
	char *value = json_get(r->world, record, member);

	if (value == NULL)
		fail_msg("no %s in %.*s", member, (int)record.len,
		    (const char *)record.ptr);
	return strtoll(value, NULL, 10);
}

void
expect_all_done(struct world *w, const char *name, size_t count)
{
	struct records r = records_read(w, name);
	bool *seen = world_alloc(w, count);

	assert_int_equal(r.count, count);
	assert_int_equal(records_count(&r, "ok", "true"), count);
	for (size_t i = 0; i < count; i++) {
		long long n = record_number(&r, r.lines[i], "n");

		assert_in_range(n, 1, count);
		assert_false(seen[n - 1]);
		seen[n - 1] = true;
	}
}
