#include "config.h"

#include "dlq/cursor.h"

#include "tests/faults.h"
#include "tests/unit.h"

static void a_cursor_reads_as_it_was_printed(void **state)
{
	struct wr_dlq_position positions[] = {{0, 1234}, {2, 0}, {7, INT64_MAX}};
	const struct wr_dlq_cursor cursor = {
	    .oldest_first = true, .positions = positions, .count = 3};
	struct wr_buf text = WR_BUF_INIT;
	struct wr_dlq_cursor back;

	(void)state;
	assert_int_equal(wr_dlq_cursor_print(&cursor, &text), WR_OK);
	assert_string_equal(wr_buf_text(&text), "o-0.1234-2.0-7.9223372036854775807");
	assert_int_equal(wr_dlq_cursor_parse(wr_bytes_of(text.data), &back, NULL), WR_OK);
	assert_true(back.oldest_first);
	assert_int_equal(back.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(back.positions[i].partition, positions[i].partition);
		assert_int_equal(back.positions[i].offset, positions[i].offset);
	}
	wr_dlq_cursor_fini(&back);
	wr_buf_fini(&text);
}

static void what_is_no_cursor_is_refused(void **state)
{
	static const char *const bad[] = {
	    "",       "x",         "n-",        "n-0",    "n-0.",   "n-.1",   "n0.1",
	    "n-0.1-", "n-1.1-1.2", "n-2.1-1.2", "n-0.1 ", "n--0.1", "n-0.-1", "n-99999999999.1"};
	struct wr_dlq_cursor cursor;
	struct wr_err err;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(bad); i++) {
		assert_int_equal(wr_dlq_cursor_parse(wr_bytes_of(bad[i]), &cursor, &err),
				 WR_EINVAL);
		assert_null(cursor.positions);
	}
}

static void without_memory_there_is_no_cursor(void **state)
{
	struct wr_dlq_cursor cursor;
	enum wr_code rc;

	(void)state;
	faults_begin(0);
	rc = wr_dlq_cursor_parse(wr_bytes_of("n-0.1"), &cursor, NULL);
	assert_true(faults_end());
	assert_int_equal(rc, WR_ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cursor_reads_as_it_was_printed),
	    cmocka_unit_test(what_is_no_cursor_is_refused),
	    cmocka_unit_test(without_memory_there_is_no_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
