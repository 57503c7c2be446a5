#include "config.h"

#include "base/secret.h"
#include "tests/unit.h"

#include <stdlib.h>

static void only_the_secret_itself_is_equal(void **state)
{
	struct wr_bytes secret = wr_bytes_of("s3cret");

	(void)state;
	assert_true(wr_secret_equal(secret, wr_bytes_of("s3cret")));
	assert_false(wr_secret_equal(secret, wr_bytes_of("s3creT")));
	assert_false(wr_secret_equal(secret, wr_bytes_of("s3cre")));
	assert_false(wr_secret_equal(secret, wr_bytes_of("s3crets3cret")));
	assert_false(wr_secret_equal(secret, wr_bytes_of("")));
	assert_false(wr_secret_equal(wr_bytes_of(""), secret));
	assert_true(wr_secret_equal(wr_bytes("", 0), wr_bytes("", 0)));
}

static void absent_equals_nothing(void **state)
{
	struct wr_bytes absent = {NULL, 0};

	(void)state;
	assert_false(wr_secret_equal(absent, absent));
	assert_false(wr_secret_equal(absent, wr_bytes_of("")));
	assert_false(wr_secret_equal(wr_bytes_of("a"), absent));
}

static void wiped_memory_is_zero(void **state)
{
	char memory[] = "s3cret", zero[sizeof(memory)] = {0};

	(void)state;
	wr_secret_wipe(memory, sizeof(memory));
	assert_memory_equal(memory, zero, sizeof(memory));
	wr_secret_wipe(NULL, 0);
}

static void freeing_clears_the_pointer(void **state)
{
	char *text = strdup("s3cret");

	(void)state;
	wr_secret_free(&text);
	assert_null(text);
	wr_secret_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_secret_itself_is_equal),
	    cmocka_unit_test(absent_equals_nothing),
	    cmocka_unit_test(wiped_memory_is_zero),
	    cmocka_unit_test(freeing_clears_the_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
