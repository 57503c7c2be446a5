#include "config.h"

#include "base/err.h"
#include "tests/unit.h"

static void setting_returns_the_code_and_keeps_the_text(void **state)
{
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_err_set(&err, WR_EINVAL, "bad %s %d", "thing", 7), WR_EINVAL);
	assert_int_equal(err.code, WR_EINVAL);
	assert_string_equal(err.text, "bad thing 7");
}

static void without_a_place_only_the_code_is_returned(void **state)
{
	(void)state;
	assert_int_equal(wr_err_set(NULL, WR_EIO, "lost"), WR_EIO);
	wr_err_prefix(NULL, "nothing");
}

static void a_prefix_stands_before_the_text(void **state)
{
	struct wr_err err;

	(void)state;
	wr_err_set(&err, WR_EINVAL, "no such topic");
	wr_err_prefix(&err, "stage %d", 2);
	assert_string_equal(err.text, "stage 2: no such topic");
	assert_int_equal(err.code, WR_EINVAL);
}

static void a_long_text_is_cut_to_fit(void **state)
{
	struct wr_err err;
	char text[3 * WR_ERR_TEXT_BYTES];
	int i;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	wr_err_set(&err, WR_EINVAL, "%s", text);
	assert_int_equal(strlen(err.text), WR_ERR_TEXT_BYTES - 1);
	for (i = 0; i < 5; i++)
		wr_err_prefix(&err, "%s", text);
	assert_true(strlen(err.text) < WR_ERR_TEXT_BYTES);
}

static void every_code_has_a_text_of_its_own(void **state)
{
	int code, other;

	(void)state;
	for (code = WR_OK; code <= WR_EIO; code++) {
		assert_true(strlen(wr_code_text((enum wr_code)code)) > 0);
		for (other = WR_OK; other < code; other++)
			assert_string_not_equal(wr_code_text((enum wr_code)code),
						wr_code_text((enum wr_code)other));
	}
	assert_string_equal(wr_code_text((enum wr_code)1000), "unknown code");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(setting_returns_the_code_and_keeps_the_text),
	    cmocka_unit_test(without_a_place_only_the_code_is_returned),
	    cmocka_unit_test(a_prefix_stands_before_the_text),
	    cmocka_unit_test(a_long_text_is_cut_to_fit),
	    cmocka_unit_test(every_code_has_a_text_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
