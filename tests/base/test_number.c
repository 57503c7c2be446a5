#include "config.h"

#include "base/number.h"
#include "base/rng.h"
#include "tests/unit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static void expect(double value, const char *expected)
{
	struct wr_buf b = WR_BUF_INIT;

	assert_int_equal(wr_buf_append_double(&b, value, "NaN", "+Inf", "-Inf"), WR_OK);
	assert_string_equal(wr_buf_text(&b), expected);
	wr_buf_fini(&b);
}

static void short_numbers_stay_short(void **state)
{
	(void)state;
	expect(0, "0");
	expect(1, "1");
	expect(-2.5, "-2.5");
	expect(0.1, "0.1");
	expect(0.001, "0.001");
	expect(123456789012345.0, "123456789012345");
	expect(1e21, "1e+21");
}

static void what_is_not_finite_is_the_word_given(void **state)
{
	(void)state;
	expect(strtod("nan", NULL), "NaN");
	expect(strtod("inf", NULL), "+Inf");
	expect(strtod("-inf", NULL), "-Inf");
}

static void every_number_reads_back(void **state)
{
	struct wr_buf b = WR_BUF_INIT;
	struct wr_rng rng;
	double value;
	int i;

	(void)state;
	wr_rng_init(&rng, 3);
	for (i = 0; i < 20000; i++) {
		uint64_t bits = wr_rng_next(&rng);

		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		wr_buf_clear(&b);
		assert_int_equal(wr_buf_append_double(&b, value, "", "", ""), WR_OK);
		assert_true(strtod(wr_buf_text(&b), NULL) == value);
	}
	wr_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(short_numbers_stay_short),
	    cmocka_unit_test(what_is_not_finite_is_the_word_given),
	    cmocka_unit_test(every_number_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
