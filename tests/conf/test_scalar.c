#include "tests/unit.h"

#include "conf/scalar.h"

static void the_core_schema_decides_what_is_not_quoted(void **state)
{
	static const struct {
		const char *text;
		enum wr_scalar_kind kind;
	} cases[] = {
	    {"", WR_SCALAR_NULL},        {"~", WR_SCALAR_NULL},
	    {"null", WR_SCALAR_NULL},    {"NULL", WR_SCALAR_NULL},
	    {"nULL", WR_SCALAR_STRING},  {"true", WR_SCALAR_BOOL},
	    {"False", WR_SCALAR_BOOL},   {"yes", WR_SCALAR_STRING},
	    {"on", WR_SCALAR_STRING},    {"tRue", WR_SCALAR_STRING},
	    {"0", WR_SCALAR_INTEGER},    {"-12", WR_SCALAR_INTEGER},
	    {"+7", WR_SCALAR_INTEGER},   {"007", WR_SCALAR_INTEGER},
	    {"0x1F", WR_SCALAR_INTEGER}, {"0xg", WR_SCALAR_STRING},
	    {"0o17", WR_SCALAR_INTEGER}, {"0o18", WR_SCALAR_STRING},
	    {"0x", WR_SCALAR_STRING},    {"-0x1", WR_SCALAR_STRING},
	    {"1_000", WR_SCALAR_STRING}, {"1:30", WR_SCALAR_STRING},
	    {"1.5", WR_SCALAR_NUMBER},   {".5", WR_SCALAR_NUMBER},
	    {"1.", WR_SCALAR_NUMBER},    {"1e3", WR_SCALAR_NUMBER},
	    {"1E-3", WR_SCALAR_NUMBER},  {"1e", WR_SCALAR_STRING},
	    {"1e+", WR_SCALAR_STRING},   {".", WR_SCALAR_STRING},
	    {"-", WR_SCALAR_STRING},     {"+.e1", WR_SCALAR_STRING},
	    {".inf", WR_SCALAR_NUMBER},  {"-.INF", WR_SCALAR_NUMBER},
	    {".nan", WR_SCALAR_NUMBER},  {"inf", WR_SCALAR_STRING},
	    {"1.2.3", WR_SCALAR_STRING}, {"2024-01-01", WR_SCALAR_STRING},
	    {" 1", WR_SCALAR_STRING},
	};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		if (wr_scalar_kind(wr_bytes_of(cases[i].text)) != cases[i].kind)
			fail_msg("\"%s\" is not %d", cases[i].text, cases[i].kind);
	}
}

static void numbers_keep_every_digit_in_json(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
	    {"0", "0"},
	    {"+7", "7"},
	    {"-007", "-7"},
	    {"000", "0"},
	    {"-0", "-0"},
	    {"9007199254740993", "9007199254740993"},
	    {"123456789012345678901234567890", "123456789012345678901234567890"},
	    {".5", "0.5"},
	    {"-.5", "-0.5"},
	    {"1.", "1.0"},
	    {"01.50", "1.50"},
	    {"1e3", "1e3"},
	    {"1.E+3", "1.0e+3"},
	    {"0x1F", "31"},
	    {"0xfFfFfFfFfFfFfFfF", "18446744073709551615"},
	    {"0o17", "15"},
	    {"0x10000000000000000", NULL},
	    {"0o7777777777777777777777", NULL},
	    {".inf", NULL},
	    {"-.nan", NULL},
	    {"abc", NULL},
	    {"", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		struct wr_buf out = WR_BUF_INIT;
		enum wr_code rc = wr_scalar_append_json_number(&out, wr_bytes_of(cases[i].text));

		assert_int_equal(rc, cases[i].json != NULL ? WR_OK : WR_EINVAL);
		assert_string_equal(wr_buf_text(&out), cases[i].json != NULL ? cases[i].json : "");
		wr_buf_fini(&out);
	}
}

static void an_integer_is_exact_or_refused(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
		bool fits;
	} cases[] = {
	    {"0", 0, true},
	    {"-5", -5, true},
	    {"9223372036854775807", INT64_MAX, true},
	    {"-9223372036854775808", INT64_MIN, true},
	    {"9223372036854775808", 0, false},
	    {"-9223372036854775809", 0, false},
	    {"99999999999999999999999", 0, false},
	    {"1.0", 0, false},
	    {"1e2", 0, false},
	    {"0x10", 0, false},
	    {"", 0, false},
	};
	int64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		value = 99;
		assert_int_equal(wr_scalar_integer(wr_bytes_of(cases[i].text), &value),
				 cases[i].fits ? WR_OK : WR_EINVAL);
		assert_true(value == cases[i].value);
	}
}

static void a_number_is_decimal_and_finite(void **state)
{
	char longest[70];
	double value;

	(void)state;
	assert_int_equal(wr_scalar_number(wr_bytes_of("-1.5e1"), &value), WR_OK);
	assert_true(value == -15);
	assert_int_equal(wr_scalar_number(wr_bytes_of("1e999"), &value), WR_EINVAL);
	assert_int_equal(wr_scalar_number(wr_bytes_of("x"), &value), WR_EINVAL);
	memset(longest, '1', sizeof(longest));
	assert_int_equal(wr_scalar_number(wr_bytes(longest, sizeof(longest)), &value), WR_EINVAL);
}

struct quantity_case {
	const char *text;
	enum wr_quantity_fault fault;
	int64_t value;
};

static void durations_carry_a_unit(void **state)
{
	static const struct quantity_case cases[] = {
	    {"0", WR_QUANTITY_OK, 0},
	    {"1us", WR_QUANTITY_OK, 1},
	    {"5ms", WR_QUANTITY_OK, 5000},
	    {"1.5s", WR_QUANTITY_OK, 1500000},
	    {"0.000001s", WR_QUANTITY_OK, 1},
	    {"1.50000000s", WR_QUANTITY_OK, 1500000},
	    {"10m", WR_QUANTITY_OK, 600000000},
	    {"48h", WR_QUANTITY_OK, INT64_C(172800000000)},
	    {"7d", WR_QUANTITY_OK, INT64_C(604800000000)},
	    {"0.5d", WR_QUANTITY_OK, INT64_C(43200000000)},
	    {"10", WR_QUANTITY_NO_UNIT, 0},
	    {"00", WR_QUANTITY_NO_UNIT, 0},
	    {"0.0", WR_QUANTITY_NO_UNIT, 0},
	    {"10 ms", WR_QUANTITY_UNIT, 0},
	    {"10sec", WR_QUANTITY_UNIT, 0},
	    {"1M", WR_QUANTITY_UNIT, 0},
	    {"0.5us", WR_QUANTITY_PART, 0},
	    {"0.0000001s", WR_QUANTITY_PART, 0},
	    {"1.2345678901234567890d", WR_QUANTITY_PART, 0},
	    {"-5ms", WR_QUANTITY_NOT, 0},
	    {"ms", WR_QUANTITY_NOT, 0},
	    {"1.s", WR_QUANTITY_NOT, 0},
	    {".5s", WR_QUANTITY_NOT, 0},
	    {"", WR_QUANTITY_NOT, 0},
	    {"106751992d", WR_QUANTITY_RANGE, 0},
	    {"99999999999999999999s", WR_QUANTITY_RANGE, 0},
	};
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		if (wr_scalar_duration(wr_bytes_of(cases[i].text), &us) != cases[i].fault ||
		    (cases[i].fault == WR_QUANTITY_OK && us != cases[i].value))
			fail_msg("%s", cases[i].text);
	}
}

static void sizes_carry_a_unit(void **state)
{
	static const struct quantity_case cases[] = {
	    {"0", WR_QUANTITY_OK, 0},
	    {"1B", WR_QUANTITY_OK, 1},
	    {"2kB", WR_QUANTITY_OK, 2000},
	    {"2KB", WR_QUANTITY_OK, 2000},
	    {"10MB", WR_QUANTITY_OK, 10000000},
	    {"4MiB", WR_QUANTITY_OK, 4 << 20},
	    {"1.5KiB", WR_QUANTITY_OK, 1536},
	    {"1GiB", WR_QUANTITY_OK, 1 << 30},
	    {"1.5TiB", WR_QUANTITY_OK, INT64_C(3) << 39},
	    {"1TB", WR_QUANTITY_OK, INT64_C(1000000000000)},
	    {"256", WR_QUANTITY_NO_UNIT, 0},
	    {"256M", WR_QUANTITY_UNIT, 0},
	    {"256mib", WR_QUANTITY_UNIT, 0},
	    {"0.3KiB", WR_QUANTITY_PART, 0},
	    {"x", WR_QUANTITY_NOT, 0},
	    {"9000000TiB", WR_QUANTITY_RANGE, 0},
	    {"8388607.999999TiB", WR_QUANTITY_PART, 0},
	};
	int64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		if (wr_scalar_size(wr_bytes_of(cases[i].text), &bytes) != cases[i].fault ||
		    (cases[i].fault == WR_QUANTITY_OK && bytes != cases[i].value))
			fail_msg("%s", cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_core_schema_decides_what_is_not_quoted),
	    cmocka_unit_test(numbers_keep_every_digit_in_json),
	    cmocka_unit_test(an_integer_is_exact_or_refused),
	    cmocka_unit_test(a_number_is_decimal_and_finite),
	    cmocka_unit_test(durations_carry_a_unit),
	    cmocka_unit_test(sizes_carry_a_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
