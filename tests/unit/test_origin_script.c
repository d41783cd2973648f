#include "exact.h"

#include "../origin/pattern.h"
#include "../origin/player.h"
#include "../origin/script.h"

#define PATH "/x"

/* Play the rule for PATH, in pieces of `room` octets; waits are added up. */
static enum play
play(const struct script *s, size_t room, struct buf *out, uint64_t *waited_ms)
{
	const struct rule *rule = script_find(s, false, slice_str(PATH), 1);
	struct player p;
	enum play end;

	assert_non_null(rule);
	player_init(&p, script_moves(s, rule), rule->move_count, s->octets.ptr,
	    pattern_seed(slice_str(PATH), 0));
	*waited_ms = 0;
	do {
		uint8_t octets[4096];
		uint64_t wait_ms = 0;
		size_t len;

		end = player_fill(&p, octets, room, &len, &wait_ms);
		assert_true(len <= room);
		*waited_ms += wait_ms;
		assert_false(err_is(buf_append(out, slice_of(octets, len))));
	} while (
	    (end == PLAY_MORE || end == PLAY_WAIT) && out->len < out->max / 2);
	return end;
}

static void
parse_good(struct script *s, struct slice text)
{
	struct script_problem problem = { .text = "" };

	script_init(s);
	if (!script_parse(s, text, &problem))
		fail_msg("line %zu: %s", problem.line, problem.text);
}

static void
plays_what_the_moves_say(void **state)
{
	static const struct {
		const char *text;
		struct slice out;
		enum play end;
		uint64_t waited_ms;
	} rows[] = {
		{ "/x:", TEXT(""), PLAY_DONE, 0 },
		{ "/x: send \"a\\r\\n\\t\\0\\x41\\\\\\\"\"",
		    TEXT("a\r\n\t\0A\\\""), PLAY_DONE, 0 },
		{ "/x: send \"\"; send \"b\"", TEXT("b"), PLAY_DONE, 0 },
		{ "/x: head 200", TEXT("HTTP/1.1 200 As Scripted\r\n\r\n"),
		    PLAY_DONE, 0 },
		{ "/x: head 099 \"A: b\" \"C:\"; stall",
		    TEXT("HTTP/1.1 099 As Scripted\r\nA: b\r\nC:\r\n\r\n"),
		    PLAY_STALL, 0 },
		{ "/x: send \"a\"; close; send \"b\"", TEXT("a"), PLAY_CLOSE,
		    0 },
		{ "/x: reset", TEXT(""), PLAY_RESET, 0 },
		{ "/x: delay 7; send \"a\" delay 5", TEXT("a"), PLAY_DONE, 12 },
		{ "/x: drip 3; send \"abcd\"; flow; send \"ef\"",
		    TEXT("abcdef"), PLAY_DONE, 12 },
		{ "/x: repeat 3 { send \"a\"; repeat 2 { send \"b\" } }",
		    TEXT("abbabbabb"), PLAY_DONE, 0 },
		{ "/x: repeat 0 { send \"a\" }; send \"b\"", TEXT("b"),
		    PLAY_DONE, 0 },
		{ "/x: repeat 1k { send \"\" }; close", TEXT(""), PLAY_CLOSE,
		    0 },
		{ "# first\n\n/y: reset\n/x: send \"a\" # more\n"
		  "    send \"b\"\n\tsend \"c\"\n",
		    TEXT("abc"), PLAY_DONE, 0 },
		{ "/*: send \"a\"\n/x: send \"b\"", TEXT("a"), PLAY_DONE, 0 },
		{ "/x on 2: send \"b\"\r\n/x on 1+: send \"a\"\r\n", TEXT("a"),
		    PLAY_DONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(slice_str(rows[i].text));

		for (size_t room = PLAYER_ROOM_MIN; room <= 4096; room *= 4) {
			struct script s;
			struct buf out;
			uint64_t waited_ms;

			parse_good(&s, text);
			buf_init(&out, 65536);
			assert_int_equal(
			    play(&s, room, &out, &waited_ms), rows[i].end);
			assert_int_equal(waited_ms, rows[i].waited_ms);
			assert_true(slice_eq(buf_slice(&out), rows[i].out));
			buf_fini(&out);
			script_fini(&s);
		}
		exact_free(text);
	}
}

static void
names_the_line_of_a_mistake(void **state)
{
	static const struct {
		const char *text;
		size_t line;
	} rows[] = {
		{ "x: send \"a\"", 1 },
		{ "/x send \"a\"", 1 },
		{ "\n\n/x: jump", 3 },
		{ "/x:\n    send", 2 },
		{ "/x: send \"a", 1 },
		{ "/x: send \"a\n\"", 1 },
		{ "/x: send \"\\q\"", 1 },
		{ "/x: send \"\\xg0\"", 1 },
		{ "/x: send \"\\x1", 1 },
		{ "/x: send \"\\", 1 },
		{ "/x: head", 1 },
		{ "/x: head 2000", 1 },
		{ "/x: body", 1 },
		{ "/x: body -1", 1 },
		{ "/x: drip 0", 1 },
		{ "/x: repeat 2", 1 },
		{ "/x: repeat 2 { send \"a\"", 1 },
		{ "/x: forever { }", 1 },
		{ "/x: send \"a\" }", 1 },
		{ "/x: forever { forever { forever { forever { forever {", 1 },
		{ "/x on: reset", 1 },
		{ "/x on 0: reset", 1 },
		{ "/x on +: reset", 1 },
		{ "/x on 1", 1 },
		{ "/x: re\0set", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(slice_str(rows[i].text));
		struct script_problem problem = { 0 };
		struct script s;

		script_init(&s);
		if (script_parse(&s, text, &problem))
			fail_msg("accepted: %s", rows[i].text);
		assert_int_equal(problem.line, rows[i].line);
		assert_non_null(problem.text);
		script_fini(&s);
		exact_free(text);
	}
}

static void
chooses_by_path_address_and_visit(void **state)
{
	static const struct {
		bool is_address;
		const char *target;
		uint64_t visit;
		int rule; /* -1: none */
	} rows[] = {
		{ false, "/a", 1, 0 },
		{ false, "/a", 2, 1 },
		{ false, "/a", 3, -1 },
		{ false, "/b", 1, -1 },
		{ false, "/b", 4, 2 },
		{ false, "/b", 9, 2 },
		{ false, "/c/", 1, 3 },
		{ false, "/c/d", 7, 3 },
		{ false, "/c", 1, -1 },
		{ false, "/d:e", 1, 4 },
		{ true, "127.0.0.2", 1, 5 },
		{ true, "/a", 1, -1 },
		{ false, "127.0.0.2", 1, -1 },
	};
	struct script s;

	(void)state;
	parse_good(&s,
	    slice_str("/a on 1: reset\n/a on 2: reset\n/b on 4+: reset\n"
		      "/c/*: reset\n/d:e early: reset\n@127.0.0.2: reset\n"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct rule *rule = script_find(&s, rows[i].is_address,
		    slice_str(rows[i].target), rows[i].visit);

		if (rows[i].rule == -1)
			assert_null(rule);
		else
			assert_ptr_equal(rule, &s.rules[rows[i].rule]);
	}
	assert_true(s.rules[4].is_early);
	assert_true(script_knows(&s, slice_str("/a")));
	assert_false(script_knows(&s, slice_str("/d")));
	script_fini(&s);
}

static void
a_body_goes_on_where_the_last_one_ended(void **state)
{
	uint64_t seed = pattern_seed(slice_str(PATH), 0);
	uint64_t waited_ms;
	struct script s;
	struct buf out;

	(void)state;
	parse_good(&s, slice_str("/x: body 7; drip 1; body 4k; flow; body 1"));
	buf_init(&out, 65536);
	assert_int_equal(play(&s, 1000, &out, &waited_ms), PLAY_DONE);
	assert_int_equal(out.len, 7 + 4096 + 1);
	assert_int_equal(waited_ms, 4096);
	assert_true(pattern_matches(seed, 0, buf_slice(&out)));
	buf_fini(&out);
	script_fini(&s);
}

static void
a_body_begins_where_the_script_says(void **state)
{
	uint64_t seed = pattern_seed(slice_str(PATH), 0);
	uint64_t waited_ms;
	struct script s;
	struct buf out;

	(void)state;
	parse_good(&s, slice_str("/x: from 1M; body 7; body 3"));
	buf_init(&out, 65536);
	assert_int_equal(play(&s, 1000, &out, &waited_ms), PLAY_DONE);
	assert_int_equal(out.len, 10);
	assert_true(pattern_matches(seed, 1 << 20, buf_slice(&out)));
	buf_fini(&out);
	script_fini(&s);
}

static void
a_loop_that_sends_nothing_comes_back(void **state)
{
	struct script s;
	struct player p;
	uint8_t octets[PLAYER_ROOM_MIN];
	uint64_t wait_ms = 0;
	size_t len;

	(void)state;
	parse_good(&s, slice_str("/x: forever { send \"\" }"));
	player_init(&p, s.moves, s.move_count, s.octets.ptr, 0);
	assert_int_equal(
	    player_fill(&p, octets, sizeof(octets), &len, &wait_ms), PLAY_WAIT);
	assert_int_equal(len, 0);
	assert_true(wait_ms > 0);
	script_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plays_what_the_moves_say),
		cmocka_unit_test(names_the_line_of_a_mistake),
		cmocka_unit_test(chooses_by_path_address_and_visit),
		cmocka_unit_test(a_body_goes_on_where_the_last_one_ended),
		cmocka_unit_test(a_loop_that_sends_nothing_comes_back),
		cmocka_unit_test(a_body_begins_where_the_script_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
