#include "config.h"

#include "dlq/filter.h"

#include "tests/unit.h"

#define NOW INT64_C(1795415000000)

static struct wr_dlq_filter filter;

static int tear_down(void **state)
{
	(void)state;
	wr_dlq_filter_fini(&filter);
	return 0;
}

static enum wr_code set(const char *name, const char *value)
{
	return wr_dlq_filter_set(&filter, name, wr_bytes_of(value), NOW, NULL);
}

#define TEXT(s)                    \
	{                          \
		(s), sizeof(s) - 1 \
	}
#define BIT(field) (UINT32_C(1) << (field))

static const struct wr_envelope letter = {
    .fields = BIT(WR_FIELD_CLASS),
    .pipeline = TEXT("payments"),
    .stage = TEXT("fraud"),
    .plugin = TEXT("fraud-check"),
    .code = TEXT("busy"),
    .generation = TEXT("7"),
    .event_id = TEXT("e-1"),
    .message = TEXT("The Ledger is busy"),
    .failure_class = WR_CLASS_EXHAUSTED,
};

static bool matches(void)
{
	return wr_dlq_filter_matches(&filter, &letter, 5000, WR_DLQ_OPEN);
}

static void nothing_set_means_all_that_are_open(void **state)
{
	(void)state;
	assert_true(matches());
	assert_true(wr_dlq_filter_is_wide(&filter));
	assert_false(wr_dlq_filter_matches(&filter, &letter, 5000, WR_DLQ_REPLAYED));
	assert_false(wr_dlq_filter_matches(&filter, &letter, 5000, WR_DLQ_PURGED));
}

static void each_part_narrows_by_itself(void **state)
{
	static const struct {
		const char *name, *same, *other;
	} parts[] = {{"pipeline", "payments", "payment"},
		     {"stage", "fraud", "fraud2"},
		     {"plugin", "fraud-check", "fraud"},
		     {"class", "exhausted", "poison"},
		     {"class", "poison,exhausted", "poison,decode"},
		     {"code", "busy", "Busy"},
		     {"id", "e-1", "e-10"},
		     {"generation", "7", "8"},
		     {"text", "LEDGER", "ledgers"},
		     {"from", "5000", "5001"},
		     {"until", "5001", "5000"}};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(parts); i++) {
		assert_int_equal(set(parts[i].name, parts[i].same), WR_OK);
		assert_true(matches());
		assert_int_equal(set(parts[i].name, parts[i].other), WR_OK);
		assert_false(matches());
		wr_dlq_filter_fini(&filter);
	}
}

static void what_a_letter_does_not_say_matches_no_value(void **state)
{
	const struct wr_envelope nothing = {.fields = 0};
	static const char *const names[] = {"pipeline", "stage", "plugin", "code", "id", "text"};

	(void)state;
	assert_true(wr_dlq_filter_matches(&filter, &nothing, 5000, WR_DLQ_OPEN));
	for (size_t i = 0; i < UNIT_COUNT_OF(names); i++) {
		assert_int_equal(set(names[i], "x"), WR_OK);
		assert_false(wr_dlq_filter_matches(&filter, &nothing, 5000, WR_DLQ_OPEN));
		wr_dlq_filter_fini(&filter);
	}
	assert_int_equal(set("class", "permanent"), WR_OK);
	assert_false(wr_dlq_filter_matches(&filter, &nothing, 5000, WR_DLQ_OPEN));
}

static void a_state_is_one_or_all(void **state)
{
	(void)state;
	assert_int_equal(set("state", "replayed"), WR_OK);
	assert_false(matches());
	assert_true(wr_dlq_filter_matches(&filter, &letter, 5000, WR_DLQ_REPLAYED));
	assert_int_equal(set("state", "all"), WR_OK);
	assert_true(matches());
	assert_true(wr_dlq_filter_matches(&filter, &letter, 5000, WR_DLQ_PURGED));
}

static void times_are_read_in_their_forms(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} times[] = {{"1795415000001", 1795415000001},
		     {"2026-11-23T06:00:00Z", 1795413600000},
		     {"2026-11-23t06:00:00z", 1795413600000},
		     {"2026-11-23 06:00:00.25Z", 1795413600250},
		     {"2026-11-23T08:30:00.123456+02:30", 1795413600123},
		     {"2026-11-22T22:00:00-08:00", 1795413600000},
		     {"90s", NOW - 90000},
		     {"90m", NOW - 5400000},
		     {"24h", NOW - 86400000},
		     {"7d", NOW - 604800000},
		     {"2w", NOW - 1209600000},
		     {"99999w", 1}};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(times); i++) {
		assert_int_equal(set("from", times[i].text), WR_OK);
		assert_int_equal(filter.from_ms, times[i].ms);
	}
}

static void what_can_not_be_meant_is_refused(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {{"from", ""},
		   {"from", "0"},
		   {"from", "yesterday"},
		   {"from", "5x"},
		   {"from", "-5m"},
		   {"from", "99999999999999999999"},
		   {"until", "2026-13-01T00:00:00Z"},
		   {"until", "2026-11-23T24:00:00Z"},
		   {"until", "2026-11-23T06:00:00"},
		   {"until", "2026-11-23"},
		   {"class", "Poison"},
		   {"class", ""},
		   {"class", "poison,"},
		   {"class", ",poison"},
		   {"class", "poison, decode"},
		   {"state", "closed"},
		   {"code", ""}};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(bad); i++)
		assert_int_equal(set(bad[i].name, bad[i].value), WR_EINVAL);
	assert_int_equal(set("colour", "red"), WR_ENOTFOUND);
	assert_int_equal(wr_dlq_filter_set(&filter, "code", wr_bytes("a\0b", 3), NOW, NULL),
			 WR_EINVAL);
	assert_true(wr_dlq_filter_is_wide(&filter));
}

static void a_filter_is_written_as_the_parts_that_are_set(void **state)
{
	struct wr_buf text = WR_BUF_INIT;

	(void)state;
	assert_int_equal(wr_dlq_filter_json(&filter, &text), WR_OK);
	assert_int_equal(text.size, 0);
	set("pipeline", "payments");
	set("class", "poison,exhausted");
	set("text", "a \"b\"");
	set("from", "5000");
	set("state", "all");
	assert_int_equal(wr_dlq_filter_json(&filter, &text), WR_OK);
	assert_string_equal(
	    wr_buf_text(&text),
	    "\"pipeline\":\"payments\",\"class\":\"exhausted,poison\",\"text\":\"a \\\"b\\\"\","
	    "\"from\":\"5000\",\"state\":\"all\"");
	wr_buf_fini(&text);
}

static void all_names_can_be_set(void **state)
{
	(void)state;
	for (size_t i = 0; wr_dlq_filter_names[i] != NULL; i++)
		assert_int_not_equal(set(wr_dlq_filter_names[i], "1"), WR_ENOTFOUND);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(nothing_set_means_all_that_are_open),
	    RULE(each_part_narrows_by_itself),
	    RULE(what_a_letter_does_not_say_matches_no_value),
	    RULE(a_state_is_one_or_all),
	    RULE(times_are_read_in_their_forms),
	    RULE(what_can_not_be_meant_is_refused),
	    RULE(a_filter_is_written_as_the_parts_that_are_set),
	    RULE(all_names_can_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
