#include "config.h"

#include "cli/pretty.h"

#include "tests/unit.h"

static void expect(const void *bytes, size_t size, const char *text)
{
	struct wr_buf out = WR_BUF_INIT;

	assert_int_equal(wr_pretty(wr_bytes(bytes, size), &out), WR_OK);
	assert_string_equal(wr_buf_text(&out), text);
	wr_buf_fini(&out);
}

#define EXPECT(bytes, text) expect((bytes), sizeof(bytes) - 1, (text))

static void json_is_laid_out(void **state)
{
	(void)state;
	EXPECT("{\"a\":1,\"b\":[true,null,{}],\"c\":{\"d\":\"x\"},\"e\":[]}",
	       "  {\n    \"a\": 1,\n    \"b\": [\n      true,\n      null,\n      {}\n    ],\n"
	       "    \"c\": {\n      \"d\": \"x\"\n    },\n    \"e\": []\n  }\n");
	EXPECT(" 12345678901234567890.50 ", "  12345678901234567890.50\n");
}

static void numbers_and_spelling_stay_as_they_were_written(void **state)
{
	(void)state;
	EXPECT(
	    "{\"n\":1.10,\"n\":9007199254740993,\"s\":\"\\u00e9\"}",
	    "  {\n    \"n\": 1.10,\n    \"n\": 9007199254740993,\n    \"s\": \"\\u00e9\"\n  }\n");
}

static void other_text_is_shown_in_lines(void **state)
{
	(void)state;
	EXPECT("two\nlines", "  two\n  lines\n");
	EXPECT("{broken", "  {broken\n");
}

static void bytes_are_dumped(void **state)
{
	(void)state;
	EXPECT("\x00\x01"
	       "ABCDEFGHIJKLMNOP",
	       "  00000000  00 01 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e  |..ABCDEFGHIJKLMN|\n"
	       "  00000010  4f 50                                            |OP|\n");
}

static void nothing_is_named(void **state)
{
	(void)state;
	expect(NULL, 0, "  (null)\n");
	expect("", 0, "  (empty)\n");
}

static void nothing_steers_the_terminal(void **state)
{
	(void)state;
	EXPECT("{\"a\":\"\xC2\x9B\"}", "  {\n    \"a\": \"\\xc2\\x9b\"\n  }\n");
	EXPECT("\x1b[31m",
	       "  00000000  1b 5b 33 31 6d                                   |.[31m|\n");
}

static void deep_nesting_ends_in_one_line(void **state)
{
	struct wr_buf out = WR_BUF_INIT;
	char text[2001];

	(void)state;
	memset(text, '[', 900);
	memset(text + 900, ']', 900);
	assert_int_equal(wr_pretty(wr_bytes(text, 1800), &out), WR_OK);
	assert_true(out.size < 40000);
	wr_buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_is_laid_out),
	    cmocka_unit_test(numbers_and_spelling_stay_as_they_were_written),
	    cmocka_unit_test(other_text_is_shown_in_lines),
	    cmocka_unit_test(bytes_are_dumped),
	    cmocka_unit_test(nothing_is_named),
	    cmocka_unit_test(nothing_steers_the_terminal),
	    cmocka_unit_test(deep_nesting_ends_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
