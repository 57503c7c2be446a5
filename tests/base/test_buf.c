#include "config.h"

#include "base/buf.h"
#include "tests/unit.h"

static void appends_follow_each_other(void **state)
{
	struct wr_buf b = WR_BUF_INIT;
	int i;

	(void)state;
	assert_string_equal(wr_buf_text(&b), "");
	assert_int_equal(wr_buf_append(&b, "a\0b", 3), WR_OK);
	assert_int_equal(wr_buf_append(&b, NULL, 0), WR_OK);
	assert_int_equal(wr_buf_append_text(&b, "cd"), WR_OK);
	assert_int_equal(wr_buf_printf(&b, "%d-%s", 7, "x"), WR_OK);
	assert_int_equal(b.size, 8);
	assert_memory_equal(b.data, "a\0bcd7-x", 8);
	wr_buf_clear(&b);
	for (i = 0; i < 1000; i++)
		assert_int_equal(wr_buf_printf(&b, "%03d", i), WR_OK);
	assert_int_equal(b.size, 3000);
	assert_memory_equal(wr_buf_text(&b) + 2997, "999", 4);
	wr_buf_fini(&b);
	assert_null(b.data);
}

static void a_buffer_in_place_is_initialised_empty(void **state)
{
	struct wr_buf b;

	(void)state;
	wr_buf_init(&b);
	assert_null(b.data);
	assert_int_equal(wr_buf_reserve(&b, 1000), WR_OK);
	assert_true(b.capacity >= 1000);
	assert_int_equal(b.size, 0);
	wr_buf_fini(&b);
}

static void an_impossible_size_is_refused_and_changes_nothing(void **state)
{
	struct wr_buf b = WR_BUF_INIT;

	(void)state;
	assert_int_equal(wr_buf_append_text(&b, "kept"), WR_OK);
	assert_int_equal(wr_buf_reserve(&b, SIZE_MAX), WR_ENOMEM);
	assert_int_equal(wr_buf_reserve(&b, SIZE_MAX / 2 - 2), WR_ENOMEM);
	assert_string_equal(wr_buf_text(&b), "kept");
	wr_buf_fini(&b);
}

static void expect_json(struct wr_bytes text, const char *expected)
{
	struct wr_buf b = WR_BUF_INIT;

	assert_int_equal(wr_buf_append_json_string(&b, text), WR_OK);
	assert_string_equal(wr_buf_text(&b), expected);
	wr_buf_fini(&b);
}

static void a_json_string_is_escaped(void **state)
{
	(void)state;
	expect_json(wr_bytes_of(""), "\"\"");
	expect_json(wr_bytes(NULL, 0), "\"\"");
	expect_json(wr_bytes_of("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	expect_json(wr_bytes_of("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
	expect_json(wr_bytes("\0\x01\x1f\x7f", 4), "\"\\u0000\\u0001\\u001f\x7f\"");
	expect_json(wr_bytes_of("bfnrt"), "\"bfnrt\"");
	expect_json(wr_bytes_of("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
}

static void bytes_that_are_not_utf8_become_the_replacement_character(void **state)
{
	(void)state;
	expect_json(wr_bytes_of("a\xff"
				"b"),
		    "\"a\xef\xbf\xbd"
		    "b\"");
	expect_json(wr_bytes_of("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void bytes_are_a_member_whatever_they_hold(void **state)
{
	struct wr_buf b = WR_BUF_INIT;

	(void)state;
	assert_int_equal(wr_buf_append_json_member(&b, "a", wr_bytes_of("x\"")), WR_OK);
	assert_int_equal(wr_buf_append_json_member(&b, "b", wr_bytes("\xff\0", 2)), WR_OK);
	assert_int_equal(wr_buf_append_json_member(&b, "c", wr_bytes(NULL, 0)), WR_OK);
	assert_int_equal(wr_buf_append_json_member(&b, "d", wr_bytes_of("")), WR_OK);
	assert_string_equal(wr_buf_text(&b),
			    ",\"a\":\"x\\\"\",\"bBase64\":\"/wA=\",\"c\":null,\"d\":\"\"");
	wr_buf_fini(&b);
}

static void a_printable_text_shows_what_it_can_not_print(void **state)
{
	struct wr_buf b = WR_BUF_INIT;

	(void)state;
	assert_int_equal(
	    wr_buf_append_printable(&b, wr_bytes("a\0\n\x1b[2J\x7f\xc2\x9b\xff\xc3\xbc\\", 14)),
	    WR_OK);
	assert_string_equal(wr_buf_text(&b), "a\\x00\\x0a\\x1b[2J\\x7f\\xc2\\x9b\\xff\xc3\xbc\\");
	wr_buf_clear(&b);
	assert_int_equal(wr_buf_append_printable(&b, wr_bytes(NULL, 0)), WR_OK);
	assert_int_equal(b.size, 0);
	wr_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(appends_follow_each_other),
	    cmocka_unit_test(a_buffer_in_place_is_initialised_empty),
	    cmocka_unit_test(an_impossible_size_is_refused_and_changes_nothing),
	    cmocka_unit_test(a_json_string_is_escaped),
	    cmocka_unit_test(bytes_that_are_not_utf8_become_the_replacement_character),
	    cmocka_unit_test(bytes_are_a_member_whatever_they_hold),
	    cmocka_unit_test(a_printable_text_shows_what_it_can_not_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
