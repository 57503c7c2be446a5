#include "config.h"

#include "tests/unit.h"

#include "base/json_slice.h"

#include <stdlib.h>

static struct wr_bytes text(const char *t)
{
	return wr_bytes_of(t);
}

static void assert_bytes(struct wr_bytes found, const char *expected)
{
	assert_non_null(found.data);
	assert_int_equal(found.size, strlen(expected));
	assert_memory_equal(found.data, expected, found.size);
}

static void elements_are_the_bytes_as_written(void **state)
{
	static const char *const elements[] = {
	    "{ \"a\" : [1, {}] }", "1.50", "\"x,]\\\"\\\\\"", "[ ]", "true", "null", "-0"};
	struct wr_json_walk walk;
	struct wr_bytes name, value;
	size_t i;

	(void)state;
	assert_true(wr_json_walk_begin(
	    &walk, text(" [{ \"a\" : [1, {}] } ,1.50,\t\"x,]\\\"\\\\\"\n, [ ],true, null ,-0 ] ")));
	for (i = 0; i < UNIT_COUNT_OF(elements); i++) {
		assert_true(wr_json_walk_next(&walk, &name, &value));
		assert_null(name.data);
		assert_bytes(value, elements[i]);
	}
	assert_false(wr_json_walk_next(&walk, &name, &value));
	assert_false(walk.broken);
}

static void members_come_with_their_names(void **state)
{
	struct wr_json_walk walk;
	struct wr_bytes name, value;

	(void)state;
	assert_true(wr_json_walk_begin(&walk, text("{\"a\\\"b\" : 1 , \"\":{\"c\":2}}")));
	assert_true(wr_json_walk_next(&walk, &name, &value));
	assert_bytes(name, "a\\\"b");
	assert_bytes(value, "1");
	assert_true(wr_json_walk_next(&walk, &name, &value));
	assert_bytes(name, "");
	assert_bytes(value, "{\"c\":2}");
	assert_false(wr_json_walk_next(&walk, &name, &value));
	assert_false(walk.broken);
}

static void empty_containers_have_nothing(void **state)
{
	static const char *const texts[] = {"[]", "{}", " [ ] ", "{\n}"};
	struct wr_json_walk walk;
	struct wr_bytes name, value;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(texts); i++) {
		assert_true(wr_json_walk_begin(&walk, text(texts[i])));
		assert_false(wr_json_walk_next(&walk, &name, &value));
		assert_false(walk.broken);
	}
}

static void a_scalar_is_no_container(void **state)
{
	static const char *const texts[] = {"", " ", "1", "\"[\"", "null", "x"};
	struct wr_json_walk walk;
	struct wr_bytes name, value;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(texts); i++) {
		assert_false(wr_json_walk_begin(&walk, text(texts[i])));
		assert_false(wr_json_walk_next(&walk, &name, &value));
	}
}

/* The bytes end where they are said to: a copy without a NUL lets the sanitizer watch. */
static void broken_text_ends_the_walk_and_says_so(void **state)
{
	static const char *const texts[] = {
	    "[",           "[1",       "[1,",      "[1 2]", "{\"a\"",   "{\"a\":",   "{a:1}",
	    "{\"a\":}",    "[\"",      "[\"\\\"]", "[[1]",  "[,]",      "{\"a\" 1}", "{\"a",
	    "[{\"a\":\"]", "[1,\"a\\", "{\"\":",   "[:]",   "{\"a\":1,"};
	struct wr_json_walk walk;
	struct wr_bytes name, value;
	size_t i, size;
	char *copy;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(texts); i++) {
		size = strlen(texts[i]);
		copy = malloc(size);
		assert_non_null(copy);
		memcpy(copy, texts[i], size);
		assert_true(wr_json_walk_begin(&walk, wr_bytes(copy, size)));
		while (wr_json_walk_next(&walk, &name, &value))
			;
		if (!walk.broken)
			fail_msg("not seen as broken: %s", texts[i]);
		assert_false(wr_json_walk_next(&walk, &name, &value));
		free(copy);
	}
}

static void a_type_shows_in_the_first_byte(void **state)
{
	(void)state;
	assert_int_equal(wr_json_slice_type(text(" {}")), WR_JSON_OBJECT);
	assert_int_equal(wr_json_slice_type(text("[]")), WR_JSON_ARRAY);
	assert_int_equal(wr_json_slice_type(text("\"\"")), WR_JSON_STRING);
	assert_int_equal(wr_json_slice_type(text("true")), WR_JSON_BOOL);
	assert_int_equal(wr_json_slice_type(text("false")), WR_JSON_BOOL);
	assert_int_equal(wr_json_slice_type(text("null")), WR_JSON_NULL);
	assert_int_equal(wr_json_slice_type(text("-1")), WR_JSON_NUMBER);
	assert_int_equal(wr_json_slice_type(text("9")), WR_JSON_NUMBER);
	assert_int_equal(wr_json_slice_type(text("x")), WR_JSON_MISSING);
	assert_int_equal(wr_json_slice_type(text("  ")), WR_JSON_MISSING);
	assert_int_equal(wr_json_slice_type(wr_bytes(NULL, 0)), WR_JSON_MISSING);
}

static void strings_are_unescaped(void **state)
{
	static const char expected[] = "a\"\\/\b\f\n\r\t\0\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
	struct wr_bytes escaped;
	char out[128];
	size_t size;

	(void)state;
	assert_true(wr_json_slice_string(text("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\u20AC"
					      "\\ud83d\\uDE00z\""),
					 &escaped));
	assert_int_equal(wr_json_unescape(escaped, out, &size), WR_OK);
	assert_int_equal(size, sizeof(expected) - 1);
	assert_memory_equal(out, expected, size);
}

static void broken_escapes_are_refused(void **state)
{
	static const char *const texts[] = {
	    "\\",      "\\x",        "\\u12",      "\\u12g4",
	    "\\ud800", "\\ud800x",   "\\ud800\\n", "\\ud800\\u0041",
	    "\\udc00", "\\ud800\\u", "a\\u",       "\\ud800\\ud800"};
	size_t i, size = 1;
	char out[32];

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(texts); i++)
		assert_int_equal(wr_json_unescape(text(texts[i]), out, &size), WR_EINVAL);
	assert_int_equal(wr_json_unescape(wr_bytes(NULL, 0), out, &size), WR_OK);
	assert_int_equal(size, 0);
}

static void only_a_quoted_value_is_a_string(void **state)
{
	struct wr_bytes escaped;

	(void)state;
	assert_true(wr_json_slice_string(text("\"\""), &escaped));
	assert_int_equal(escaped.size, 0);
	assert_false(wr_json_slice_string(text("\""), &escaped));
	assert_false(wr_json_slice_string(text("1"), &escaped));
	assert_false(wr_json_slice_string(text("{}"), &escaped));
	assert_null(escaped.data);
}

static void a_name_counts_by_what_it_spells(void **state)
{
	char many[64 * 6 + 7];

	(void)state;
	assert_true(wr_json_name_is(text("eventId"), "eventId"));
	assert_true(wr_json_name_is(text("event\\u0049d"), "eventId"));
	assert_true(
	    wr_json_name_is(text("\\u0065\\u0076\\u0065\\u006e\\u0074\\u0049\\u0064"), "eventId"));
	assert_false(wr_json_name_is(text("eventid"), "eventId"));
	assert_false(wr_json_name_is(text("eventI"), "eventId"));
	assert_false(wr_json_name_is(text("eventId2"), "eventId"));
	assert_false(wr_json_name_is(text("eventI\\q"), "eventId"));
	assert_false(wr_json_name_is(wr_bytes(NULL, 0), "eventId"));
	memset(many, 'a', sizeof(many));
	assert_false(wr_json_name_is(wr_bytes(many, sizeof(many)), "eventId"));
}

static void integers_are_exact_or_refused(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} cases[] = {
	    {"0", true, 0},
	    {"-0", true, 0},
	    {"42", true, 42},
	    {"-42", true, -42},
	    {"9223372036854775807", true, INT64_MAX},
	    {"-9223372036854775808", true, INT64_MIN},
	    {"9223372036854775808", false, 0},
	    {"-9223372036854775809", false, 0},
	    {"1.0", false, 0},
	    {"1e3", false, 0},
	    {"-", false, 0},
	    {"", false, 0},
	    {"\"1\"", false, 0},
	};
	int64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		assert_int_equal(wr_json_slice_integer(text(cases[i].text), &value), cases[i].ok);
		if (cases[i].ok)
			assert_true(value == cases[i].value);
	}
}

static void trimming_takes_white_space_alone(void **state)
{
	(void)state;
	assert_bytes(wr_json_trim(text(" \t\r\n a b \n")), "a b");
	assert_int_equal(wr_json_trim(text(" \n")).size, 0);
	assert_int_equal(wr_json_trim(wr_bytes(NULL, 0)).size, 0);
}

static void positions_count_lines_and_characters(void **state)
{
	struct wr_json_position where = wr_json_position_at(text("\xC3\xA9x"), 2);

	(void)state;
	assert_int_equal(where.offset, 2);
	assert_int_equal(where.column, 2);
	where = WR_JSON_POSITION_START;
	wr_json_position_advance(text("ab\ncd"), 0, &where);
	assert_int_equal(where.line, 1);
	assert_int_equal(where.column, 1);
	wr_json_position_advance(text("ab\ncd"), 2, &where);
	assert_int_equal(where.column, 3);
	wr_json_position_advance(text("ab\ncd"), 4, &where);
	assert_int_equal(where.offset, 4);
	assert_int_equal(where.line, 2);
	assert_int_equal(where.column, 2);
	wr_json_position_advance(text("ab\ncd"), 99, &where);
	assert_int_equal(where.offset, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_are_the_bytes_as_written),
	    cmocka_unit_test(members_come_with_their_names),
	    cmocka_unit_test(empty_containers_have_nothing),
	    cmocka_unit_test(a_scalar_is_no_container),
	    cmocka_unit_test(broken_text_ends_the_walk_and_says_so),
	    cmocka_unit_test(a_type_shows_in_the_first_byte),
	    cmocka_unit_test(strings_are_unescaped),
	    cmocka_unit_test(broken_escapes_are_refused),
	    cmocka_unit_test(only_a_quoted_value_is_a_string),
	    cmocka_unit_test(a_name_counts_by_what_it_spells),
	    cmocka_unit_test(integers_are_exact_or_refused),
	    cmocka_unit_test(trimming_takes_white_space_alone),
	    cmocka_unit_test(positions_count_lines_and_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
