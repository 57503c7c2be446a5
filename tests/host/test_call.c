/* What a result means, and which events wait behind another. */
#include "tests/host/scripted.h"

#include <stdio.h>

#define EVENTS 400 /* in a call, at most */

static bool begun[EVENTS];
static enum weir_verdict verdicts[EVENTS];

/* Begins each event in order and gives it the verdict of `verdicts`. */
static int by_list(void *self, struct weir_call *call, const struct weir_event *const *events,
		   struct weir_result *const *results, size_t n)
{
	(void)self;
	(void)events;
	for (size_t i = 0; i < n; i++) {
		begun[i] = call->host->begin(call, i);
		if (begun[i])
			results[i]->verdict = verdicts[i];
	}
	return 0;
}

static int set_list_then_fail(void *self, struct weir_call *call,
			      const struct weir_event *const *events,
			      struct weir_result *const *results, size_t n)
{
	by_list(self, call, events, results, n);
	return -1;
}

static void each_known_verdict_is_kept(void **state)
{
	struct weir_test *test = scripted_open(by_list);
	const enum weir_verdict known[] = {WEIR_OK, WEIR_DROP, WEIR_RETRY, WEIR_FAIL};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		weir_test_add(test, "id", NULL, "v");
		verdicts[i] = known[i];
	}
	weir_test_run(test);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(weir_test_verdict(test, i), known[i]);
		assert_string_equal(weir_test_code(test, i), "");
	}
	weir_test_close(test);
}

static void unset_after_success_fails_as_no_result(void **state)
{
	struct weir_test *test = scripted_open(by_list);

	(void)state;
	verdicts[0] = WEIR_UNSET;
	weir_test_add(test, "id", NULL, "v");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_FAIL);
	assert_string_equal(weir_test_code(test, 0), "no-result");
	weir_test_close(test);
}

static void unset_after_a_non_zero_return_is_retried(void **state)
{
	struct weir_test *test = scripted_open(set_list_then_fail);

	(void)state;
	verdicts[0] = WEIR_OK;
	verdicts[1] = WEIR_UNSET;
	weir_test_add(test, "a", NULL, "v");
	weir_test_add(test, "b", NULL, "v");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_OK);
	assert_int_equal(weir_test_verdict(test, 1), WEIR_RETRY);
	weir_test_close(test);
}

static int unknown_verdicts(void *self, struct weir_call *call,
			    const struct weir_event *const *events,
			    struct weir_result *const *results, size_t n)
{
	const int numbers[] = {5, -1, INT32_MAX, INT32_MIN};

	(void)self;
	(void)call;
	(void)events;
	for (size_t i = 0; i < n; i++)
		memcpy(&results[i]->verdict, &numbers[i], sizeof(numbers[i]));
	return 0;
}

static void unknown_verdict_fails(void **state)
{
	struct weir_test *test = scripted_open(unknown_verdicts);

	(void)state;
	for (size_t i = 0; i < 4; i++)
		weir_test_add(test, "id", NULL, "v");
	weir_test_run(test);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(weir_test_verdict(test, i), WEIR_FAIL);
		assert_string_equal(weir_test_code(test, i), "unknown-verdict");
	}
	weir_test_close(test);
}

static int sets_outputs(void *self, struct weir_call *call, const struct weir_event *const *events,
			struct weir_result *const *results, size_t n)
{
	(void)self;
	(void)call;
	(void)events;
	for (size_t i = 0; i < n; i++) {
		results[i]->verdict = WEIR_OK;
		results[i]->output = (weir_output)i;
	}
	return 0;
}

static void output_handle_is_taken_and_an_unknown_one_fails(void **state)
{
	struct weir_test *test = scripted_open(sets_outputs);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		weir_test_add(test, "id", NULL, "v");
	weir_test_run(test);
	assert_string_equal(weir_test_output(test, 0), "default");
	assert_string_equal(weir_test_output(test, 1), "alerts");
	assert_int_equal(weir_test_verdict(test, 2), WEIR_FAIL);
	assert_string_equal(weir_test_code(test, 2), "unknown-output");
	assert_string_equal(weir_test_output(test, 2), "default");
	weir_test_close(test);
}

static void later_events_of_a_retried_key_wait(void **state)
{
	static const char *const keys[] = {"a", "b", "a", "b", "c", "a", NULL};
	static const bool waits[] = {false, false, true, false, false, true, false};
	struct weir_test *test = scripted_open(by_list);

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		weir_test_add(test, "id", keys[i], "v");
		verdicts[i] = i == 0 ? WEIR_RETRY : WEIR_OK;
	}
	weir_test_run(test);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(begun[i], !waits[i]);
		if (waits[i])
			assert_int_equal(weir_test_verdict(test, i), WEIR_UNSET);
	}
	assert_int_equal(weir_test_verdict(test, 0), WEIR_RETRY);
	assert_int_equal(weir_test_verdict(test, 1), WEIR_OK);
	weir_test_close(test);
}

static void of_many_keys_only_those_that_are_retried_wait(void **state)
{
	struct weir_test *test = scripted_open(by_list);
	char key[16];

	(void)state;
	for (size_t i = 0; i < EVENTS; i++) {
		snprintf(key, sizeof(key), "k%zu", i % (EVENTS / 2));
		weir_test_add(test, "id", key, "v");
		verdicts[i] = i < EVENTS / 2 && i % 2 == 0 ? WEIR_RETRY : WEIR_OK;
	}
	weir_test_run(test);
	for (size_t i = 0; i < EVENTS; i++)
		assert_int_equal(begun[i], i < EVENTS / 2 || i % 2 == 1);
	weir_test_close(test);
}

static void events_without_a_key_never_wait_and_empty_is_a_key(void **state)
{
	static const char *const keys[] = {NULL, NULL, "", ""};
	struct weir_test *test = scripted_open(by_list);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		weir_test_add(test, "id", keys[i], "v");
		verdicts[i] = WEIR_RETRY;
	}
	weir_test_run(test);
	assert_true(begun[0] && begun[1] && begun[2]);
	assert_false(begun[3]);
	weir_test_close(test);
}

static void the_key_as_it_came_decides_who_waits(void **state)
{
	struct weir_test *test = scripted_open(by_list);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		verdicts[i] = WEIR_RETRY;
	weir_test_add(test, "1", "a", "v");
	weir_test_add(test, "2", "a", "v");
	weir_test_add(test, "3", "b", "v");
	/* as if a stage before had changed them */
	weir_test_event(test, 0)->key = (struct weir_bytes){"b", 1};
	weir_test_event(test, 1)->key = (struct weir_bytes){NULL, 0};
	weir_test_run(test);
	assert_true(begun[0]);
	assert_false(begun[1]);
	assert_true(begun[2]);
	weir_test_close(test);
}

static int ignores_begin(void *self, struct weir_call *call, const struct weir_event *const *events,
			 struct weir_result *const *results, size_t n)
{
	(void)self;
	(void)events;
	for (size_t i = 0; i < n; i++) {
		call->host->begin(call, i);
		call->host->set_value(call, results[i], "x", 1);
		results[i]->verdict = i == 0 ? WEIR_RETRY : WEIR_OK;
	}
	return 0;
}

static void a_result_for_an_event_that_waits_is_forgotten(void **state)
{
	struct weir_test *test = scripted_open(ignores_begin);

	(void)state;
	weir_test_add(test, "1", "k", "v");
	weir_test_add(test, "2", "k", "v");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 1), WEIR_UNSET);
	assert_true(weir_test_value_is(test, 1, "v"));
	weir_test_close(test);
}

static void nothing_of_an_earlier_call_is_left(void **state)
{
	struct weir_test *test = scripted_open(by_list);

	(void)state;
	verdicts[0] = WEIR_RETRY;
	weir_test_add(test, "1", "k", "v");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_RETRY);
	verdicts[0] = WEIR_OK;
	weir_test_run(test);
	assert_true(begun[0]);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_OK);
	weir_test_close(test);
}

static int begins_too_far(void *self, struct weir_call *call,
			  const struct weir_event *const *events,
			  struct weir_result *const *results, size_t n)
{
	(void)self;
	(void)events;
	assert_false(call->host->begin(call, n));
	assert_false(call->host->begin(call, SIZE_MAX));
	assert_true(call->host->begin(call, 0));
	results[0]->verdict = WEIR_OK;
	return 0;
}

static void begin_beyond_the_batch_says_no(void **state)
{
	struct weir_test *test = scripted_open(begins_too_far);

	(void)state;
	weir_test_add(test, "1", "k", "v");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_OK);
	weir_test_close(test);
}

static int never_called(void *self, struct weir_call *call, const struct weir_event *const *events,
			struct weir_result *const *results, size_t n)
{
	(void)self;
	(void)call;
	(void)events;
	(void)results;
	(void)n;
	fail_msg("%s", "process() was called for no events");
	return 0;
}

static void no_events_no_call(void **state)
{
	struct weir_test *test = scripted_open(never_called);

	(void)state;
	weir_test_run(test);
	weir_test_close(test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_known_verdict_is_kept),
	    cmocka_unit_test(unset_after_success_fails_as_no_result),
	    cmocka_unit_test(unset_after_a_non_zero_return_is_retried),
	    cmocka_unit_test(unknown_verdict_fails),
	    cmocka_unit_test(output_handle_is_taken_and_an_unknown_one_fails),
	    cmocka_unit_test(later_events_of_a_retried_key_wait),
	    cmocka_unit_test(of_many_keys_only_those_that_are_retried_wait),
	    cmocka_unit_test(events_without_a_key_never_wait_and_empty_is_a_key),
	    cmocka_unit_test(the_key_as_it_came_decides_who_waits),
	    cmocka_unit_test(a_result_for_an_event_that_waits_is_forgotten),
	    cmocka_unit_test(nothing_of_an_earlier_call_is_left),
	    cmocka_unit_test(begin_beyond_the_batch_says_no),
	    cmocka_unit_test(no_events_no_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
