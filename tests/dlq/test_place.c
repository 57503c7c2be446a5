#include "config.h"

#include "dlq/place.h"

#include "tests/unit.h"

static void a_place_reads_as_it_was_printed(void **state)
{
	const struct wr_dlq_place places[] = {{0, 0}, {7, 1234567890123}, {INT32_MAX, INT64_MAX}};
	char text[WR_DLQ_PLACE_TEXT];
	struct wr_dlq_place back;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(places); i++) {
		wr_dlq_place_print(&places[i], text);
		assert_true(wr_dlq_place_parse(wr_bytes_of(text), &back));
		assert_int_equal(wr_dlq_place_compare(&places[i], &back), 0);
	}
}

static void what_is_no_place_is_refused(void **state)
{
	static const char *const bad[] = {
	    "",     "1",   "/",    "1/",   "/1",           "1/2/",
	    "1/2 ", "a/1", "1/-2", "-1/2", "2147483648/0", "0/9223372036854775808"};
	struct wr_dlq_place place;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(bad); i++) {
		assert_false(wr_dlq_place_parse(wr_bytes_of(bad[i]), &place));
		assert_int_equal(place.offset, 0);
	}
	assert_false(wr_dlq_place_parse(wr_bytes(NULL, 0), &place));
}

static void places_sort_by_partition_then_offset(void **state)
{
	const struct wr_dlq_place a = {0, 9}, b = {1, 2}, c = {1, 3};

	(void)state;
	assert_true(wr_dlq_place_compare(&a, &b) < 0);
	assert_true(wr_dlq_place_compare(&c, &b) > 0);
	assert_true(wr_dlq_place_compare(&b, &c) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_place_reads_as_it_was_printed),
	    cmocka_unit_test(what_is_no_place_is_refused),
	    cmocka_unit_test(places_sort_by_partition_then_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
