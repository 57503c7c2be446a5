#include "config.h"

#include "base/json.h"
#include "base/json_scan.h"
#include "base/rng.h"
#include "tests/unit.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

static int setup(void **state)
{
	struct wr_json_reader *reader;

	assert_int_equal(wr_json_reader_create(&reader), WR_OK);
	*state = reader;
	return 0;
}

static int teardown(void **state)
{
	wr_json_reader_destroy(*state);
	return 0;
}

static void read_ok(void **state, const char *text)
{
	struct wr_err err = {.text = ""};

	if (wr_json_read(*state, wr_bytes_of(text), NULL, &err) != WR_OK)
		fail_msg("%s", err.text);
}

static struct wr_json_value get(void **state, const char *pointer)
{
	struct wr_json_value value;
	enum wr_json_type type = wr_json_get(*state, wr_bytes_of(pointer), &value);

	assert_int_equal(type, value.type);
	return value;
}

static void each_type_is_read(void **state)
{
	struct wr_json_value v;

	read_ok(state,
		"{\"n\":null,\"t\":true,\"f\":false,\"i\":-7,\"d\":1.5,\"s\":\"a\",\"a\":[1,2],"
		"\"o\":{\"x\":1,\"y\":2,\"z\":3}}");
	assert_int_equal(get(state, "/n").type, WR_JSON_NULL);
	v = get(state, "/t");
	assert_true(v.type == WR_JSON_BOOL && v.boolean);
	v = get(state, "/f");
	assert_true(v.type == WR_JSON_BOOL && !v.boolean);
	v = get(state, "/i");
	assert_true(v.type == WR_JSON_INTEGER && v.integer == -7 && v.number == -7.0);
	v = get(state, "/d");
	assert_true(v.type == WR_JSON_NUMBER && v.number == 1.5 && v.integer == 0);
	v = get(state, "/s");
	assert_true(v.type == WR_JSON_STRING && wr_bytes_equal(v.string, wr_bytes_of("a")));
	v = get(state, "/a");
	assert_true(v.type == WR_JSON_ARRAY && v.count == 2);
	v = get(state, "/o");
	assert_true(v.type == WR_JSON_OBJECT && v.count == 3);
	assert_int_equal(get(state, "").type, WR_JSON_OBJECT);
	assert_int_equal(get(state, "/missing").type, WR_JSON_MISSING);
}

static void integers_are_exact_within_64_bits(void **state)
{
	read_ok(state, "[9007199254740993,9223372036854775807,-9223372036854775808,0,-0]");
	assert_true(get(state, "/0").integer == INT64_C(9007199254740993));
	assert_true(get(state, "/1").integer == INT64_MAX);
	assert_true(get(state, "/2").integer == INT64_MIN);
	assert_int_equal(get(state, "/3").type, WR_JSON_INTEGER);
	assert_int_equal(get(state, "/4").type, WR_JSON_INTEGER);
}

static void integers_beyond_64_bits_are_rounded_numbers(void **state)
{
	struct wr_json_value v;

	read_ok(state,
		"{\"a\":9223372036854775808,\"b\":18446744073709551616,\"c\":-9223372036854775809,"
		"\"d\":1.0,\"e\":[123456789012345678901234567890],\"s\":\"a\\u0000\\\"1e999\"}");
	v = get(state, "/a");
	assert_true(v.type == WR_JSON_NUMBER && v.number == 9223372036854775808.0);
	v = get(state, "/b");
	assert_true(v.type == WR_JSON_NUMBER && v.number == 18446744073709551616.0);
	v = get(state, "/c");
	assert_true(v.type == WR_JSON_NUMBER && v.number == -9223372036854775808.0);
	assert_int_equal(get(state, "/d").type, WR_JSON_NUMBER);
	v = get(state, "/e/0");
	assert_true(v.number == 123456789012345678901234567890.0);
	v = get(state, "/s");
	assert_true(wr_bytes_equal(v.string, wr_bytes("a\0\"1e999", 8)));
}

static void numbers_beyond_a_double_are_the_largest_or_zero(void **state)
{
	read_ok(
	    state,
	    "[1e400,-1E+400,1e-400,0.1,9007199254740993,2,1e99999999999999999999,0e9999999999]");
	assert_true(get(state, "/0").number == DBL_MAX);
	assert_true(get(state, "/1").number == -DBL_MAX);
	assert_true(get(state, "/2").number == 0);
	assert_true(get(state, "/3").number == 0.1);
	assert_true(get(state, "/4").integer == INT64_C(9007199254740993));
	assert_int_equal(get(state, "/5").type, WR_JSON_INTEGER);
	assert_true(get(state, "/6").number == DBL_MAX);
	assert_true(get(state, "/7").number == 0);
}

static void strings_may_hold_nul_and_all_of_unicode(void **state)
{
	read_ok(state, "[\"a\\u0000b\",\"\\ud83d\\ude00\",\"gr\xc3\xbc\\u00df\",\"\"]");
	assert_true(wr_bytes_equal(get(state, "/0").string, wr_bytes("a\0b", 3)));
	assert_true(wr_bytes_equal(get(state, "/1").string, wr_bytes_of("\xf0\x9f\x98\x80")));
	assert_true(wr_bytes_equal(get(state, "/2").string, wr_bytes_of("gr\xc3\xbc\xc3\x9f")));
	assert_true(wr_bytes_equal(get(state, "/3").string, wr_bytes("", 0)));
}

static void pointers_follow_rfc_6901(void **state)
{
	static const struct {
		const char *pointer;
		int64_t expected;
	} cases[] = {{"/", 1},     {"/a~1b", 2}, {"/m~0n", 3},   {"/~01", 4}, {"/ ", 5},
		     {"/k\"l", 6}, {"/x/0", 10}, {"/x/2/y", 12}, {"/c%d", 7}, {"/e/", 8}};
	size_t i;

	read_ok(
	    state,
	    "{\"\":1,\"a/b\":2,\"m~n\":3,\"~1\":4,\" \":5,\"k\\\"l\":6,\"c%d\":7,\"e\":{\"\":8},"
	    "\"x\":[10,11,{\"y\":12}]}");
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		struct wr_json_value v = get(state, cases[i].pointer);

		assert_int_equal(v.type, WR_JSON_INTEGER);
		assert_int_equal(v.integer, cases[i].expected);
	}
}

static void pointers_that_lead_nowhere_are_missing(void **state)
{
	static const char *const cases[] = {"x",
					    "/x/3",
					    "/x/-",
					    "/x/01",
					    "/x/ 1",
					    "/x/+1",
					    "/x/",
					    "/x/0/0",
					    "/a~",
					    "/a~2",
					    "/~0~",
					    "//",
					    "/x/99999999999999999999"};
	size_t i;

	read_ok(state, "{\"x\":[10,11,12],\"a~\":1,\"a~2\":1}");
	for (i = 0; i < UNIT_COUNT_OF(cases); i++)
		assert_int_equal(get(state, cases[i]).type, WR_JSON_MISSING);
}

static void the_first_of_equal_names_counts(void **state)
{
	read_ok(state, "{\"id\":\"first\",\"id\":\"second\"}");
	assert_true(wr_bytes_equal(get(state, "/id").string, wr_bytes_of("first")));
	assert_int_equal(get(state, "").count, 2);
}

static void a_scalar_is_a_document(void **state)
{
	read_ok(state, " 42\n");
	assert_int_equal(get(state, "").integer, 42);
	assert_int_equal(get(state, "/0").type, WR_JSON_MISSING);
	read_ok(state, "\"a\"");
	assert_int_equal(get(state, "").type, WR_JSON_STRING);
	read_ok(state, "1e999");
	assert_true(get(state, "").number == DBL_MAX);
}

struct bad_case {
	const char *text;
	size_t offset;
	unsigned line, column;
	const char *what;
};

static void what_is_no_json_is_refused_with_its_position(void **state)
{
	static const struct bad_case cases[] = {
	    {" ", 1, 1, 2, "the text ends"},
	    {"{\"a\":1,}", 7, 1, 8, "member's name"},
	    {"[1,2,]", 5, 1, 6, "expected a value"},
	    {"[1 2]", 3, 1, 4, "',' or ']'"},
	    {"{\"a\" 1}", 5, 1, 6, "':'"},
	    {"{\"a\":1", 6, 1, 7, "',' or '}'"},
	    {"{\n \"a\": tru\n}", 8, 2, 7, "expected a value"},
	    {"{\n\n\"\xc3\xa4\": ?}", 9, 3, 6, "expected a value"},
	    {"[1] x", 4, 1, 5, "after the end"},
	    {"{}{}", 2, 1, 3, "after the end"},
	    {"01", 0, 1, 1, "begin with 0"},
	    {"[1.]", 3, 1, 4, "digit"},
	    {"[-]", 2, 1, 3, "digit"},
	    {"[1e]", 3, 1, 4, "digit"},
	    {"[.5]", 1, 1, 2, "expected a value"},
	    {"[+1]", 1, 1, 2, "expected a value"},
	    {"[NaN]", 1, 1, 2, "expected a value"},
	    {"[1e999,01]", 7, 1, 8, "begin with 0"},
	    {"[1e999,\"\\x\"]", 8, 1, 9, "unknown escape"},
	    {"[1e999,\x0b 1]", 7, 1, 8, "expected a value"},
	    {"\"a\nb\"", 2, 1, 3, "control character"},
	    {"\"a\\q\"", 2, 1, 3, "unknown escape"},
	    {"\"a\\u12g4\"", 2, 1, 3, "hexadecimal"},
	    {"\"\\ud800\"", 1, 1, 2, "surrogate"},
	    {"\"\\ud800\\u0041\"", 1, 1, 2, "surrogate"},
	    {"\"\\udc00\"", 1, 1, 2, "surrogate"},
	    {"\"abc", 4, 1, 5, "inside a string"},
	    {"\"abc\\", 5, 1, 6, "inside a string"},
	    {"\"\xff\"", 1, 1, 2, "UTF-8"},
	    {"[\"\xc3\xbc\", \"\xed\xa0\x80\"]", 8, 1, 8, "UTF-8"},
	    {"[1]\xff", 3, 1, 4, "after the end"},
	    {"\xef\xbb\xbf{}", 0, 1, 1, "byte order mark"},
	    {"{'a':1}", 1, 1, 2, "member's name"},
	    {"[1,/* */2]", 3, 1, 4, "expected a value"},
	    {"]", 0, 1, 1, "expected a value"},
	    {"[}", 1, 1, 2, "expected a value"},
	    {"{]", 1, 1, 2, "member's name"},
	    {"nul", 0, 1, 1, "expected a value"},
	    {"nullx", 4, 1, 5, "after the end"},
	};
	struct wr_json_position where;
	struct wr_err err;
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		print_message("%s\n", cases[i].text);
		assert_int_equal(wr_json_read(*state, wr_bytes_of(cases[i].text), &where, &err),
				 WR_EINVAL);
		assert_int_equal(where.offset, cases[i].offset);
		assert_int_equal(where.line, cases[i].line);
		assert_int_equal(where.column, cases[i].column);
		if (strstr(err.text, cases[i].what) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].what);
		assert_int_equal(get(state, "").type, WR_JSON_MISSING);
	}
}

static void nothing_is_no_json(void **state)
{
	struct wr_json_position where;
	struct wr_err err;

	assert_int_equal(wr_json_read(*state, wr_bytes("", 0), &where, &err), WR_EINVAL);
	assert_int_equal(where.line, 1);
	assert_int_equal(where.column, 1);
	assert_int_equal(wr_json_read(*state, wr_bytes(NULL, 0), NULL, NULL), WR_EINVAL);
	assert_int_equal(get(state, "").type, WR_JSON_MISSING);
}

static void a_nul_byte_outside_a_string_is_no_json(void **state)
{
	struct wr_json_position where;

	assert_int_equal(wr_json_read(*state, wr_bytes("[1]\0", 4), &where, NULL), WR_EINVAL);
	assert_int_equal(where.offset, 3);
	assert_int_equal(wr_json_read(*state, wr_bytes("\"\0\"", 3), &where, NULL), WR_EINVAL);
	assert_int_equal(where.offset, 1);
}

static void the_error_does_not_quote_the_text(void **state)
{
	struct wr_err err;

	assert_int_equal(wr_json_read(*state, wr_bytes_of("{\"a\": hunter2}"), NULL, &err),
			 WR_EINVAL);
	assert_string_equal(err.text, "line 1, column 7: expected a value");
}

/* `depth` arrays around `inner`; the caller frees. */
static char *nested(size_t depth, const char *inner)
{
	char *text = malloc(2 * depth + strlen(inner) + 1);

	assert_non_null(text);
	memset(text, '[', depth);
	strcpy(text + depth, inner);
	memset(text + depth + strlen(inner), ']', depth);
	text[2 * depth + strlen(inner)] = '\0';
	return text;
}

static void nesting_is_bounded(void **state)
{
	static const char *const inners[] = {"1", "1e999"};
	struct wr_json_position where;
	struct wr_err err;
	size_t i;
	char *text;

	for (i = 0; i < UNIT_COUNT_OF(inners); i++) {
		text = nested(WR_JSON_DEPTH_MAX, inners[i]);
		read_ok(state, text);
		free(text);
		text = nested(WR_JSON_DEPTH_MAX + 1, inners[i]);
		assert_int_equal(wr_json_read(*state, wr_bytes_of(text), &where, &err), WR_EINVAL);
		assert_int_equal(where.offset, WR_JSON_DEPTH_MAX);
		assert_non_null(strstr(err.text, "nested too deeply"));
		free(text);
	}
	text = nested(200000, "");
	assert_int_equal(wr_json_read(*state, wr_bytes_of(text), &where, NULL), WR_EINVAL);
	free(text);
}

static void a_read_after_a_refusal_starts_fresh(void **state)
{
	assert_int_equal(wr_json_read(*state, wr_bytes_of("{\"a\":"), NULL, NULL), WR_EINVAL);
	read_ok(state, "{\"a\":2}");
	assert_int_equal(get(state, "/a").integer, 2);
	assert_int_equal(wr_json_read(*state, wr_bytes_of("{\"a\":"), NULL, NULL), WR_EINVAL);
	assert_int_equal(get(state, "/a").type, WR_JSON_MISSING);
}

static void the_text_need_not_outlive_the_read(void **state)
{
	char *text = strdup("{\"a\":\"kept\"}");

	assert_non_null(text);
	read_ok(state, text);
	memset(text, 'x', strlen(text));
	free(text);
	assert_true(wr_bytes_equal(get(state, "/a").string, wr_bytes_of("kept")));
}

static void large_and_small_documents_alternate(void **state)
{
	size_t size = (size_t)3 << 20, i, round;
	char *text = malloc(size + 1);

	assert_non_null(text);
	text[0] = '[';
	for (i = 1; i + 1 < size; i += 2)
		memcpy(text + i, "7,", 2);
	text[size - 2] = '9';
	text[size - 1] = ']';
	text[size] = '\0';
	for (round = 0; round < 3; round++) {
		struct wr_json_value v;

		read_ok(state, text);
		v = get(state, "");
		assert_int_equal(v.type, WR_JSON_ARRAY);
		assert_int_equal(v.count, (size - 1) / 2);
		read_ok(state, "{\"a\":1}");
		assert_int_equal(get(state, "/a").integer, 1);
	}
	free(text);
}

static void documents_of_every_small_size_parse(void **state)
{
	char text[512];
	size_t length;

	for (length = 2; length < sizeof(text) - 1; length++) {
		memset(text, 'x', length);
		text[0] = '"';
		text[length - 1] = '"';
		assert_int_equal(wr_json_read(*state, wr_bytes(text, length), NULL, NULL), WR_OK);
		assert_int_equal(get(state, "").string.size, length - 2);
	}
}

static size_t mutate(struct wr_rng *rng, char *text, size_t size, size_t capacity)
{
	static const char *const pieces[] = {
	    "{",   "}",          "[",        "]",     "\"",   "\\",    ",",
	    ":",   "0",          "1",        "-",     ".",    "e",     "E+",
	    " ",   "\n",         "\t",       "\x01",  "\xff", "\xc3",  "\xbc",
	    "\\u", "d83d",       "\\ude00",  "true",  "null", "1e999", "12345678901234567890123",
	    "\r",  "\x0b",       "\xed\xa0", "false", "n",    "u",     "/",
	    "",    "99999999999"};
	const char *piece = pieces[wr_rng_upto(rng, UNIT_COUNT_OF(pieces) - 1)];
	size_t at = (size_t)wr_rng_upto(rng, size), cut = (size_t)wr_rng_upto(rng, 2);
	size_t added = strlen(piece);

	if (cut > size - at)
		cut = size - at;
	if (size - cut + added > capacity)
		return size;
	memmove(text + at + added, text + at + cut, size - at - cut);
	memcpy(text + at, piece, added);
	return size - cut + added;
}

/* So that every refusal has its position and reason, and nothing is let through that is no JSON. */
static void the_parser_and_the_scan_agree_on_what_is_json(void **state)
{
	static const char *const seeds[] = {
	    "{\"a\":[1,-2.5e3,true,null,\"\\u00fc\\n\"],\"b\":{\"c\":\"\xc3\xbc\"}}",
	    "[[],{},\"\",0]", "\"\\ud83d\\ude00\"", "-0.0", " [1 , 2 ] "};
	struct wr_json_position where;
	unsigned valid = 0;
	struct wr_rng rng;
	const char *what;
	char text[128];
	size_t size;
	int i, j;

	wr_rng_init(&rng, 20261123);
	for (i = 0; i < 100000; i++) {
		const char *seed = seeds[i % (int)UNIT_COUNT_OF(seeds)];

		size = strlen(seed);
		memcpy(text, seed, size);
		for (j = (int)wr_rng_upto(&rng, 4); j >= 0; j--)
			size = mutate(&rng, text, size, sizeof(text));
		if (size == 0)
			continue;
		if (wr_json_scan(wr_bytes(text, size), &where, &what) !=
		    (wr_json_read(*state, wr_bytes(text, size), NULL, NULL) == WR_OK))
			fail_msg("the scan says %s of: %.*s", what != NULL ? what : "yes",
				 (int)size, text);
		valid += what == NULL;
	}
	assert_in_range(valid, 1000, 99000);
}

static void before_the_first_read_all_is_missing(void **state)
{
	assert_int_equal(get(state, "").type, WR_JSON_MISSING);
	wr_json_reader_destroy(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(each_type_is_read),
	    TEST(integers_are_exact_within_64_bits),
	    TEST(integers_beyond_64_bits_are_rounded_numbers),
	    TEST(numbers_beyond_a_double_are_the_largest_or_zero),
	    TEST(strings_may_hold_nul_and_all_of_unicode),
	    TEST(pointers_follow_rfc_6901),
	    TEST(pointers_that_lead_nowhere_are_missing),
	    TEST(the_first_of_equal_names_counts),
	    TEST(a_scalar_is_a_document),
	    TEST(what_is_no_json_is_refused_with_its_position),
	    TEST(nothing_is_no_json),
	    TEST(a_nul_byte_outside_a_string_is_no_json),
	    TEST(the_error_does_not_quote_the_text),
	    TEST(nesting_is_bounded),
	    TEST(a_read_after_a_refusal_starts_fresh),
	    TEST(the_text_need_not_outlive_the_read),
	    TEST(large_and_small_documents_alternate),
	    TEST(documents_of_every_small_size_parse),
	    TEST(the_parser_and_the_scan_agree_on_what_is_json),
	    TEST(before_the_first_read_all_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
