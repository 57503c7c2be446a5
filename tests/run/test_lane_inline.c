/* Retries in the lane: when an event is run again, and who waits behind it. */
#include "config.h"

#include "tests/run/one_lane.h"

#include <stdio.h>

static void retry_runs_again_after_its_backoff(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "retry2", NULL);
	fixture_settle(&f);
	assert_int_equal(f.write_count, 0);
	fixture_pass_ms(&f, 99);
	assert_int_equal(f.write_count, 0);
	fixture_pass_ms(&f, 1);
	fixture_pass_ms(&f, 199);
	assert_int_equal(f.write_count, 0);
	fixture_pass_ms(&f, 1);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static double oldest_at(const char *stage)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "weir_oldest_unfinished_seconds{lane=\"0\",pipeline=\"p\"%s%s%s} ",
		 stage[0] != '\0' ? ",stage=\"" : "", stage, stage[0] != '\0' ? "\"" : "");
	return fixture_metric(&f, line);
}

static void the_stage_that_holds_a_batch_up_is_told(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "retry2", NULL);
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 200);
	assert_true(oldest_at("") >= 0.2);
	assert_true(oldest_at("first") == oldest_at(""));
	assert_true(oldest_at("second") == 0);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 2);
	fixture_pass_ms(&f, 200);
	assert_true(oldest_at("first") == 0);
}

static void exhausted_attempts_become_a_dead_letter(void **state)
{
	const struct fixture_write *w;

	(void)state;
	start();
	fixture_send(&f, 0, "retry9", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 100);
	assert_int_equal(f.write_count, 0);
	fixture_pass_ms(&f, 200);
	w = fixture_write_to(&f, "dlq", 0);
	assert_true(fixture_has_header(w, "weir-class", "exhausted"));
	assert_true(fixture_has_header(w, "weir-code", "busy"));
	assert_true(fixture_has_header(w, "weir-attempts", "3"));
	assert_true(fixture_has_header(w, "weir-first-failed-at", "1700000000000"));
	assert_true(fixture_has_header(w, "weir-last-failed-at", "1700000000300"));
}

/* Notes the order of calls of stage one: ids are "<key><n>[r]", r asks for one retry. */
static char called[512];

static enum weir_verdict note_call(struct weir_call *call, const struct weir_event *ev,
				   struct weir_result *res, int stage)
{
	size_t used = strlen(called);

	(void)call;
	if (stage == 1)
		return WEIR_OK;
	snprintf(called + used, sizeof(called) - used, "%.*s ", (int)ev->id.size,
		 (const char *)ev->id.data);
	if (memchr(ev->id.data, 'r', ev->id.size) != NULL && ev->attempt == 1) {
		res->retry_after_ms = 50;
		return WEIR_RETRY;
	}
	return memchr(ev->id.data, 'x', ev->id.size) != NULL ? WEIR_FAIL : WEIR_OK;
}

static void later_events_of_a_key_wait_behind_a_retry_and_other_keys_go_on(void **state)
{
	(void)state;
	called[0] = '\0';
	f.handler = note_call;
	fixture_start(&f);
	fixture_settle(&f);
	fixture_send(&f, 0, "a1r", "a");
	fixture_send(&f, 0, "b1", "b");
	fixture_send(&f, 0, "a2", "a");
	fixture_send(&f, 0, "b2", "b");
	fixture_send(&f, 0, "a3", "a");
	fixture_send(&f, 0, "b3", "b");
	fixture_settle(&f);
	fixture_pass_ms(&f, 10);
	assert_string_equal(called, "a1r b1 b2 b3 ");
	fixture_pass_ms(&f, 50);
	assert_string_equal(called, "a1r b1 b2 b3 a1r a2 a3 ");
	assert_int_equal(fixture_written(&f, "out"), 6);
	for (size_t i = 0; i < 6; i++) {
		static const char *const order[] = {"a1r", "b1", "a2", "b2", "a3", "b3"};

		assert_true(
		    fixture_has_header(fixture_write_to(&f, "out", i), "weir-event-id", order[i]));
	}
}

static void events_deferred_behind_one_that_fails_for_good_still_run(void **state)
{
	(void)state;
	called[0] = '\0';
	f.handler = note_call;
	f.stages[0].retry.attempts = 1;
	fixture_start(&f);
	fixture_settle(&f);
	fixture_send(&f, 0, "a1r", "a");
	fixture_send(&f, 0, "a2", "a");
	fixture_settle(&f);
	fixture_pass_ms(&f, 10);
	assert_string_equal(called, "a1r a2 ");
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static void a_plugin_that_ignores_begin_keeps_its_results_and_the_output_order(void **state)
{
	(void)state;
	called[0] = '\0';
	f.batch_plugin = true;
	f.handler = note_call;
	fixture_start(&f);
	fixture_settle(&f);
	fixture_send(&f, 0, "a1r", "a");
	fixture_send(&f, 0, "a2", "a");
	fixture_settle(&f);
	assert_string_equal(called, "a1r a2 ");
	assert_int_equal(fixture_written(&f, "out"), 0);
	fixture_pass_ms(&f, 50);
	assert_true(fixture_has_header(fixture_write_to(&f, "out", 0), "weir-event-id", "a1r"));
	assert_true(fixture_has_header(fixture_write_to(&f, "out", 1), "weir-event-id", "a2"));
}

static void a_plugin_that_ignores_begin_may_retry_several_of_a_key(void **state)
{
	(void)state;
	called[0] = '\0';
	f.batch_plugin = true;
	f.handler = note_call;
	f.stages[0].retry.attempts = 5;
	fixture_start(&f);
	fixture_settle(&f);
	fixture_send(&f, 0, "a1r", "a");
	fixture_send(&f, 0, "a2r", "a");
	fixture_settle(&f);
	for (int i = 0; i < 4; i++)
		fixture_pass_ms(&f, 50);
	assert_string_equal(called, "a1r a2r a1r a2r ");
	assert_int_equal(fixture_written(&f, "out"), 2);
	assert_int_equal(f.partitions[0].committed, 2);
}

static void keyless_events_do_not_wait_for_each_other(void **state)
{
	(void)state;
	called[0] = '\0';
	f.handler = note_call;
	fixture_start(&f);
	fixture_settle(&f);
	fixture_send(&f, 0, "a1r", NULL);
	fixture_send(&f, 0, "a2", NULL);
	fixture_settle(&f);
	assert_string_equal(called, "a1r a2 ");
}

static void an_earlier_event_overtaken_by_a_retry_takes_the_lead_of_its_key(void **state)
{
	(void)state;
	start();
	/* The first passes stage one at once and is retried in stage two while the second is parked in stage one. */
	f.handler = note_call;
	called[0] = '\0';
	fixture_send(&f, 0, "a1", "a");
	fixture_send(&f, 0, "a2r", "a");
	fixture_send(&f, 0, "a3r", "a");
	fixture_settle(&f);
	assert_string_equal(called, "a1 a2r ");
	fixture_pass_ms(&f, 50);
	assert_string_equal(called, "a1 a2r a2r a3r ");
	fixture_pass_ms(&f, 50);
	assert_string_equal(called, "a1 a2r a2r a3r a3r ");
	assert_int_equal(fixture_written(&f, "out"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(retry_runs_again_after_its_backoff),
	    RULE(the_stage_that_holds_a_batch_up_is_told),
	    RULE(exhausted_attempts_become_a_dead_letter),
	    RULE(later_events_of_a_key_wait_behind_a_retry_and_other_keys_go_on),
	    RULE(events_deferred_behind_one_that_fails_for_good_still_run),
	    RULE(a_plugin_that_ignores_begin_keeps_its_results_and_the_output_order),
	    RULE(a_plugin_that_ignores_begin_may_retry_several_of_a_key),
	    RULE(keyless_events_do_not_wait_for_each_other),
	    RULE(an_earlier_event_overtaken_by_a_retry_takes_the_lead_of_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
