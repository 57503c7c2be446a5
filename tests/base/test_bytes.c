#include "config.h"

#include "base/bytes.h"
#include "tests/unit.h"

static void absent_equals_absent_only(void **state)
{
	(void)state;
	assert_true(wr_bytes_equal(wr_bytes(NULL, 0), wr_bytes_of(NULL)));
	assert_false(wr_bytes_equal(wr_bytes(NULL, 0), wr_bytes("", 0)));
	assert_false(wr_bytes_equal(wr_bytes("", 0), wr_bytes(NULL, 0)));
}

static void equal_means_same_size_and_bytes(void **state)
{
	(void)state;
	assert_true(wr_bytes_equal(wr_bytes("", 0), wr_bytes("x", 0)));
	assert_true(wr_bytes_equal(wr_bytes("a\0b", 3), wr_bytes("a\0bc", 3)));
	assert_false(wr_bytes_equal(wr_bytes("a\0b", 3), wr_bytes("a\0c", 3)));
	assert_false(wr_bytes_equal(wr_bytes_of("ab"), wr_bytes_of("abc")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(absent_equals_absent_only),
	    cmocka_unit_test(equal_means_same_size_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
