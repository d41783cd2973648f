#include "coded.h"

#include <dlfcn.h>
#include <stdio.h>

/* ---- Coded files -------------------------------------------------------- */

/* Run a command line in the world's directory. */
void
coded_shell(struct world *w, const char *command)
{
	assert_int_equal(
	    system(world_text(w, "cd '%s' && { %s; }", w->dir, command)), 0);
}

const char *const coded_libraries[CODED_LIBRARIES] = { "libz.so.1",
	"libbrotlidec.so.1", "libzstd.so.1" };

/* The tools that code, and the libraries that decode; said so if not. */
bool
coded_has_tools(struct world *w)
{
	bool has = world_find_program(w, "gzip") != NULL &&
	    world_find_program(w, "brotli") != NULL &&
	    world_find_program(w, "zstd") != NULL;

	for (size_t i = 0; i < CODED_LIBRARIES && has; i++) {
		has = dlopen(coded_libraries[i], RTLD_LAZY) != NULL;
		if (!has)
			print_message("skipped: no %s\n", coded_libraries[i]);
	}
	return has;
}

/* What `in` is when it went through the command. */
struct slice
coded_through(struct world *w, const char *command, struct slice in)
{
	world_write_octets(w, "in", in);
	coded_shell(w, world_text(w, "%s <in >coded", command));
	return world_read(w, "coded");
}

struct slice
coded_join(struct world *w, struct slice a, struct slice b)
{
	uint8_t *ptr = world_alloc(w, a.len + b.len + 1);

	if (a.len > 0)
		memcpy(ptr, a.ptr, a.len);
	if (b.len > 0)
		memcpy(ptr + a.len, b.ptr, b.len);
	return slice_of(ptr, a.len + b.len);
}

/* Lines that can be compressed to a fifth or so. */
struct slice
coded_lines(struct world *w, size_t count)
{
	coded_shell(w, world_text(w, "seq 1 %zu >plain", count));
	return world_read(w, "plain");
}

/* What gzip -n makes has a header of 10 octets and a trailer of 8. */
struct slice
coded_bare(struct slice gzip)
{
	return slice_of(gzip.ptr + 10, gzip.len - 18);
}

/* In zlib's format, of which Adler-32 is the checksum (RFC 1950). */
struct slice
coded_zlib(struct world *w, struct slice gzip, struct slice plain)
{
	uint32_t a = 1;
	uint32_t b = 0;
	uint8_t sum[4];

	for (size_t i = 0; i < plain.len; i++) {
		a = (a + plain.ptr[i]) % 65521;
		b = (b + a) % 65521;
	}
	sum[0] = (uint8_t)(b >> 8);
	sum[1] = (uint8_t)b;
	sum[2] = (uint8_t)(a >> 8);
	sum[3] = (uint8_t)a;
	return coded_join(w,
	    coded_join(w, slice_of("\x78\xda", 2), coded_bare(gzip)),
	    slice_of(sum, sizeof(sum)));
}

/* ---- An origin that sends them ------------------------------------------ */

/* The octets as a word of a script. */
char *
coded_word(struct world *w, struct slice octets)
{
	char *text = world_alloc(w, octets.len * 4 + 3);
	char *at = text;

	*at++ = '"';
	for (size_t i = 0; i < octets.len; i++)
		at += snprintf(at, 5, "\\x%02x", octets.ptr[i]);
	(void)snprintf(at, 2, "\"");
	return text;
}

/* The moves of a whole answer; `fields` are words of a script, too. */
char *
coded_answer(struct world *w, enum framing framing, const char *fields,
    struct slice body)
{
	size_t half = body.len / 2;

	switch (framing) {
	case BY_LENGTH:
		return world_text(w,
		    "head 200 \"Content-Length: %zu\" %s; send %s", body.len,
		    fields, coded_word(w, body));
	case IN_CHUNKS:
		return world_text(w,
		    "head 200 \"Transfer-Encoding: chunked\" %s; "
		    "send \"%zx\\r\\n\"; send %s; send \"\\r\\n%zx\\r\\n\"; "
		    "send %s; send \"\\r\\n0\\r\\n\\r\\n\"",
		    fields, half, coded_word(w, slice_first(body, half)),
		    body.len - half, coded_word(w, slice_from(body, half)));
	case TO_THE_CLOSE:
	case FRAMINGS:
		break;
	}
	return world_text(w,
	    "head 200 \"Connection: close\" %s; send %s; close", fields,
	    coded_word(w, body));
}

char *
coded_file(struct world *w, const char *target)
{
	return world_text(w, "out/%s%s", origin_host(w), target);
}

void
coded_clean(struct world *w)
{
	coded_shell(w, "rm -rf out log");
}

struct slice
coded_fetch(struct world *w, int status, const char *option, const char *value)
{
	struct records r;
	struct run *run;

	coded_clean(w);
	run = bulkfetch(w, "--compressed", "-d", "out", "--log", "log",
	    "--retry-delay", "0.01", origin_url(w, "/a"), option, value, NULL);
	expect_exit(run, status);
	r = records_read(w, "log");
	assert_int_equal(r.count, 1);
	return r.lines[0];
}

void
expect_not_coded(struct world *w, const char *error, const char *says)
{
	struct records r = records_read(w, "log");

	expect_member(&r, r.lines[0], "error", error);
	expect_member(&r, r.lines[0], "stage", "body");
	expect_member(&r, r.lines[0], "file", NULL);
	if (says != NULL)
		expect_member(&r, r.lines[0], "message", says);
	assert_int_equal(world_count_files(w, "out"), 0);
}
