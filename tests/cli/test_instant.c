#include "config.h"

#include "cli/instant.h"

#include "tests/unit.h"

static void times_are_unix_milliseconds(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
	    {"1970-01-01", 0},
	    {"1970-01-02", 86400000},
	    {"2000-02-29", 951782400000},
	    {"2000-03-01", 951868800000},
	    {"2026-11-23T06:00", 1795413600000},
	    {"2026-11-23T06:00:00Z", 1795413600000},
	    {"2026-11-23 06:00:00", 1795413600000},
	    {"2026-11-23T07:00:00+01:00", 1795413600000},
	    {"2026-11-23T00:30:00-0530", 1795413600000},
	    {"2026-11-23T06:00:00.25Z", 1795413600250},
	    {"2026-11-23T06:00:00.0019999", 1795413600001},
	    {"9999-12-31T23:59:59.999Z", 253402300799999},
	    {"@0", 0},
	    {"@1795413600000", 1795413600000},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(rows); i++) {
		int64_t ms = -1;

		if (!wr_instant_parse(rows[i].text, &ms))
			fail_msg("%s is no time", rows[i].text);
		assert_true(ms == rows[i].ms);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = {
	    "",
	    "now",
	    "2026",
	    "2026-11",
	    "2026-13-01",
	    "2026-00-01",
	    "2026-02-29",
	    "1900-02-29",
	    "1969-12-31",
	    "2026-11-31",
	    "2026-11-23T",
	    "2026-11-23T06",
	    "2026-11-23T24:00",
	    "2026-11-23T06:60",
	    "2026-11-23T06:00:60",
	    "2026-11-23T06:00:00.",
	    "2026-11-23T06:00:00z",
	    "2026-11-23T06:00:00+1",
	    "2026-11-23T06:00:00+01:60",
	    "2026-11-23T06:00:00Z ",
	    "1970-01-01T00:00+01:00",
	    "@",
	    "@-1",
	    "@1x",
	    "@99999999999999999999",
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(texts); i++) {
		if (wr_instant_parse(texts[i], &ms))
			fail_msg("\"%s\" is taken for a time", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_unix_milliseconds),
	    cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
