#include "config.h"

#include "core/event.h"

#include "tests/unit.h"

static void every_class_has_the_name_that_dead_letters_bear(void **state)
{
	static const char *const names[] = {"permanent", "exhausted",      "timeout",
					    "crash",     "decode",         "poison",
					    "no-stage",  "output-rejected"};

	(void)state;
	assert_int_equal(UNIT_COUNT_OF(names), WR_CLASS_OUTPUT_REJECTED + 1);
	for (size_t i = 0; i < UNIT_COUNT_OF(names); i++)
		assert_string_equal(wr_class_name((enum wr_class)i), names[i]);
}

static void every_outcome_has_the_name_that_metrics_bear(void **state)
{
	static const char *const names[] = {"pending",   "processed",       "dropped",
					    "duplicate", "retried",         "dead_lettered",
					    "skipped",   "payload_mismatch"};

	(void)state;
	assert_int_equal(UNIT_COUNT_OF(names), WR_OUTCOME_COUNT);
	for (size_t i = 0; i < UNIT_COUNT_OF(names); i++)
		assert_string_equal(wr_outcome_name((enum wr_outcome)i), names[i]);
}

static void name_class(void *arg)
{
	(void)wr_class_name((enum wr_class) * (int *)arg);
}

static void name_outcome(void *arg)
{
	(void)wr_outcome_name((enum wr_outcome) * (int *)arg);
}

static void a_number_outside_is_a_bug(void **state)
{
	int over = WR_CLASS_OUTPUT_REJECTED + 1, under = -1;

	(void)state;
	assert_true(aborts(name_class, &over));
	assert_true(aborts(name_class, &under));
	over = WR_OUTCOME_COUNT;
	assert_true(aborts(name_outcome, &over));
	assert_true(aborts(name_outcome, &under));
}

static void a_new_event_is_pending(void **state)
{
	const struct wr_event ev = {.stage = 0};

	(void)state;
	assert_int_equal(ev.outcome, WR_OUTCOME_PENDING);
	assert_int_equal(ev.output, WEIR_OUTPUT_DEFAULT);
}

static void bytes_go_over_the_abi_and_back(void **state)
{
	struct wr_bytes absent = wr_bytes_from((struct weir_bytes){NULL, 0});
	struct weir_bytes empty = wr_bytes_to_public(wr_bytes("", 0));

	(void)state;
	assert_null(absent.data);
	assert_non_null(empty.data);
	assert_int_equal(empty.size, 0);
	assert_int_equal(wr_bytes_to_public(wr_bytes("abc", 3)).size, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_class_has_the_name_that_dead_letters_bear),
	    cmocka_unit_test(every_outcome_has_the_name_that_metrics_bear),
	    cmocka_unit_test(a_number_outside_is_a_bug),
	    cmocka_unit_test(a_new_event_is_pending),
	    cmocka_unit_test(bytes_go_over_the_abi_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
