/* A lane between a stage and its retries: policy, budget and circuit. */
#include "config.h"

#include "tests/run/lane_fixture.h"

#include "run/lane_private.h"

#include <stdio.h>

static struct fixture f;
static bool down; /* the stage's dependency */
static int calls, bad_calls;

/* Ids "bad..." fail always; all fail while the dependency is down; "closed..." with a permanent code. */
static enum weir_verdict depend(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res, int stage)
{
	const char *id = ev->id.data;

	if (stage != 0)
		return WEIR_OK;
	calls++;
	bad_calls += strncmp(id, "bad", 3) == 0;
	if (strncmp(id, "closed", 6) == 0) {
		call->host->set_error(call, res, "account-closed", "it is closed");
		return WEIR_RETRY;
	}
	if (!down && strncmp(id, "bad", 3) != 0)
		return WEIR_OK;
	call->host->set_error(call, res, "busy", "the ledger is busy");
	return WEIR_RETRY;
}

static int set_up(void **state)
{
	struct wr_conf_retry *retry;

	(void)state;
	fixture_init(&f);
	f.handler = depend;
	retry = &f.stages[0].retry;
	retry->circuit_failures = 3;
	retry->probe_initial_ms = retry->probe_max_ms = 1000;
	down = false;
	calls = bad_calls = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_fini(&f);
	return 0;
}

static void start(void)
{
	fixture_start(&f);
	fixture_settle(&f);
}

static void send_some(const char *prefix, int count)
{
	char id[32];

	for (int i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "%s%d", prefix, i);
		fixture_send(&f, 0, id, id);
	}
}

/* Long enough for many waits in it. */
static void pass_in_steps_ms(int64_t ms)
{
	for (int64_t passed = 0; passed < ms; passed += 50)
		fixture_pass_ms(&f, 50);
}

static void a_permanent_code_is_dead_lettered_at_once(void **state)
{
	static char code[] = "account-closed";
	static char *codes[] = {code};

	(void)state;
	f.stages[0].retry.permanent = (struct wr_conf_strings){codes, 1};
	start();
	fixture_send(&f, 0, "closed", NULL);
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-class", "permanent"));
	assert_int_equal(calls, 1);
	f.stages[0].retry.permanent = (struct wr_conf_strings){NULL, 0};
}

static void no_retry_is_made_behind_the_deadline(void **state)
{
	(void)state;
	f.stages[0].retry.attempts = 100;
	f.stages[0].retry.deadline_ms = 5000;
	f.stages[0].retry.initial_ms = f.stages[0].retry.max_ms = 2000;
	f.stages[0].retry.jitter = WR_JITTER_NONE;
	start();
	fixture_send(&f, 0, "bad", NULL);
	for (int i = 0; i < 20; i++)
		fixture_pass_ms(&f, 500);
	assert_int_equal(calls, 3);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-class", "exhausted"));
}

static void an_outage_of_an_hour_puts_nothing_into_the_dlq(void **state)
{
	(void)state;
	start();
	down = true;
	send_some("a", 40);
	for (int second = 0; second < 3600; second++)
		fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	assert_int_equal(fixture_written(&f, "out"), 0);
	assert_true(fixture_metric(
			&f, "weir_circuit_open{lane=\"0\",pipeline=\"p\",stage=\"first\"} ") == 1);
	down = false;
	for (int i = 0; i < 100; i++)
		fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "out"), 40);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	assert_true(fixture_metric(
			&f, "weir_circuit_open{lane=\"0\",pipeline=\"p\",stage=\"first\"} ") == 0);
	assert_true(fixture_metric(
			&f, "weir_circuit_openings_total{pipeline=\"p\",stage=\"first\"} ") == 1);
}

/* A window that was dropped comes anew, and waits for probes too. */
static void what_is_read_again_while_it_is_open_is_not_called(void **state)
{
	int before;

	(void)state;
	f.holds_acks = true;
	start();
	send_some("good", 1);
	fixture_settle(&f);
	down = true;
	send_some("a", 40);
	pass_in_steps_ms(3000);
	before = calls;
	assert_true(fixture_metric(
			&f, "weir_circuit_open{lane=\"0\",pipeline=\"p\",stage=\"first\"} ") == 1);
	fixture_answer(&f, 0, WR_EUNKNOWN, NULL);
	pass_in_steps_ms(5000);
	assert_in_range(calls, before + 2, before + 11);
	down = false;
	f.holds_acks = false;
	for (int i = 0; i < 100; i++)
		fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "out"), 42); /* the first one once more */
	assert_int_equal(fixture_written(&f, "dlq"), 0);
}

static void an_open_circuit_takes_nothing_and_probes_with_single_events(void **state)
{
	int64_t position;
	int before;

	(void)state;
	start();
	down = true;
	send_some("a", 40);
	fixture_pass_ms(&f, 100);
	position = f.partitions[0].position;
	before = calls;
	for (int second = 0; second < 100; second++)
		fixture_pass_ms(&f, 1000);
	assert_int_equal(f.partitions[0].position, position);
	assert_in_range(calls - before, 50, 200); /* half a second to a second between them */
}

static void the_order_of_a_key_is_kept_through_an_outage(void **state)
{
	static const char *const keys[] = {"k0", "k1", "k2"};
	char id[32];

	(void)state;
	start();
	down = true;
	for (int i = 0; i < 12; i++) {
		snprintf(id, sizeof(id), "a%02d", i);
		fixture_send(&f, 0, id, keys[i % 3]);
	}
	for (int i = 0; i < 10; i++)
		fixture_pass_ms(&f, 1000);
	down = false;
	for (int i = 0; i < 100; i++)
		fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "out"), 12);
	for (size_t n = 0; n < 12; n++) {
		snprintf(id, sizeof(id), "a%02zu", n);
		assert_true(
		    fixture_has_header(fixture_write_to(&f, "out", n), "weir-event-id", id));
	}
}

/* One every half a second: many have no attempt left before the circuit can open. */
static void an_outage_of_a_quiet_pipeline_puts_nothing_into_the_dlq(void **state)
{
	(void)state;
	f.stages[0].retry.circuit_failures = 50;
	start();
	down = true;
	for (int i = 0; i < 60; i++) {
		char id[32];

		snprintf(id, sizeof(id), "a%d", i);
		fixture_send(&f, 0, id, id);
		fixture_pass_ms(&f, 500);
	}
	for (int second = 0; second < 600; second++)
		fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	down = false;
	for (int i = 0; i < 200; i++)
		fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "out"), 60);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
}

static void what_has_no_attempt_left_waits_for_what_becomes_of_others(void **state)
{
	(void)state;
	f.stages[0].retry.circuit_failures = 50;
	start();
	down = true;
	fixture_send(&f, 0, "a", NULL);
	pass_in_steps_ms(1500);
	assert_int_equal(calls, 3);
	down = false;
	fixture_send(&f, 0, "b", NULL); /* is answered, so "a" may be as well */
	pass_in_steps_ms(1500);
	assert_int_equal(calls, 5);
	assert_int_equal(fixture_written(&f, "out"), 2);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
}

static void a_bad_event_alone_waits_no_longer_than_another_may_tell(void **state)
{
	struct fixture_write *letter;

	(void)state;
	f.stages[0].retry.circuit_failures = 50;
	start();
	fixture_send(&f, 0, "bad", NULL);
	fixture_send(&f, 0, "bad too", NULL);
	pass_in_steps_ms(1500);
	assert_int_equal(bad_calls, 6);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	pass_in_steps_ms(1500);
	assert_int_equal(bad_calls, 6);
	assert_int_equal(fixture_written(&f, "dlq"), 2);
	letter = fixture_write_to(&f, "dlq", 0);
	assert_true(fixture_has_header(letter, "weir-class", "exhausted"));
	assert_true(fixture_has_header(letter, "weir-attempts", "3"));
	assert_true(fixture_has_header(letter, "weir-code", "busy"));
}

static void who_wants_no_retry_is_not_called_again(void **state)
{
	(void)state;
	f.stages[0].retry.circuit_failures = 50;
	f.stages[0].retry.attempts = 1;
	start();
	fixture_send(&f, 0, "bad", NULL);
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_int_equal(bad_calls, 1);
}

/* No retry fits before the deadline, so it is exhausted at its first call, and only then the other is settled. */
static void one_that_fails_beside_one_that_is_answered_is_not_doubted(void **state)
{
	(void)state;
	f.stages[0].retry.circuit_failures = 50;
	f.stages[0].retry.deadline_ms = 1;
	start();
	fixture_send(&f, 0, "bad", NULL);
	fixture_send(&f, 0, "good", NULL);
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_int_equal(calls, 2);
}

/* Each batch waits for retries; a good event lies behind more of them than the window holds. */
static void in_doubt_a_full_window_takes_more(void **state)
{
	char id[32];

	(void)state;
	f.stages[0].retry.circuit_failures = 50;
	start();
	for (int i = 0; i < 6; i++) {
		snprintf(id, sizeof(id), "bad%d", i);
		fixture_send(&f, 0, id, id);
		fixture_pass_ms(&f, 10); /* a batch of its own */
	}
	fixture_send(&f, 0, "good", NULL);
	pass_in_steps_ms(1000);
	assert_int_equal(fixture_written(&f, "dlq"), 6);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_true(fixture_metric(
			&f, "weir_circuit_open{lane=\"0\",pipeline=\"p\",stage=\"first\"} ") == 0);
}

/* Its partitions go to another lane, which has them tried anew. */
static void a_lane_that_stops_gives_no_doubtful_event_up(void **state)
{
	(void)state;
	f.stages[0].retry.circuit_failures = 50;
	start();
	down = true;
	fixture_send(&f, 0, "a", NULL);
	pass_in_steps_ms(400);
	assert_int_equal(calls, 3);
	wr_lane_stop(f.lane, f.clock.mono_ns + 30 * WR_NS_PER_S);
	pass_in_steps_ms(1000);
	assert_true(f.lane->left); /* and waits for no answer */
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	assert_int_equal(calls, 3);
}

/* The last bad events of a topic have nothing between their retries, and are no outage. */
static void a_few_bad_events_among_good_ones_are_dead_lettered(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 5; i++) {
		char id[32];

		snprintf(id, sizeof(id), "bad%d", i);
		fixture_send(&f, 0, id, id);
		snprintf(id, sizeof(id), "good%d", i);
		fixture_send(&f, 0, id, id);
	}
	for (int i = 0; i < 60; i++)
		fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "out"), 5);
	assert_int_equal(fixture_written(&f, "dlq"), 5);
	assert_int_equal(bad_calls, 15);
}

static void on_circuit_dead_letter_does_not_wait(void **state)
{
	(void)state;
	f.conf.on_circuit = WR_ON_CIRCUIT_DEAD_LETTER;
	start();
	down = true;
	send_some("a", 12);
	for (int i = 0; i < 400; i++)
		fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "dlq"), 12);
}

static void retries_beyond_the_budget_wait(void **state)
{
	(void)state;
	f.stages[0].retry.circuit_failures = 0;
	f.stages[0].retry.budget_ratio = 0.2;
	f.stages[0].retry.budget_floor = 1;
	f.stages[0].retry.attempts = 2;
	f.stages[0].retry.initial_ms = f.stages[0].retry.max_ms = 1;
	start();
	send_some("bad", 8);
	fixture_settle(&f);
	assert_int_equal(calls, 8);
	fixture_pass_ms(&f, 100);
	assert_int_equal(calls, 9);
	for (int i = 0; i < 4; i++)
		fixture_pass_ms(&f, 500);
	assert_in_range(calls, 10, 11);
	for (int i = 0; i < 60; i++)
		fixture_pass_ms(&f, 500);
	assert_int_equal(calls, 16);
	assert_int_equal(fixture_written(&f, "dlq"), 8);
}

static double metric(const char *name, const char *labels)
{
	char line[160];

	snprintf(line, sizeof(line), "%s{%s} ", name, labels);
	return fixture_metric(&f, line);
}

static void the_metrics_count_attempts_and_waits_and_show_the_budget(void **state)
{
	(void)state;
	f.stages[0].retry.circuit_failures = 0;
	f.stages[0].retry.attempts = 3;
	f.stages[0].retry.initial_ms = f.stages[0].retry.max_ms = 1;
	f.stages[0].retry.budget_ratio = 0.5;
	f.stages[0].retry.budget_floor = 1;
	start();
	send_some("good", 4);
	fixture_send(&f, 0, "bad", NULL);
	for (int i = 0; i < 3; i++)
		fixture_pass_ms(&f, 300);
	assert_int_equal(bad_calls, 3);
	assert_true(metric("weir_stage_seconds_count", "pipeline=\"p\",stage=\"first\"") == 7);
	assert_true(metric("weir_retries_total", "lane=\"0\",pipeline=\"p\"") == 2);
	assert_true(metric("weir_retry_waits_total",
			   "delay=\"backoff\",mode=\"inline\",pipeline=\"p\","
			   "stage=\"first\"") == 2);
	/* 2 of the half of 4, and of 1 in each of 10 s. */
	assert_true(metric("weir_retry_budget_used_ratio",
			   "lane=\"0\",pipeline=\"p\",stage=\"first\"") == 2.0 / 12);
}

static void a_dropped_window_does_not_leave_the_lane_held(void **state)
{
	(void)state;
	start();
	down = true;
	send_some("a", 12);
	fixture_pass_ms(&f, 100);
	f.broken = true;
	fixture_pass_ms(&f, 2000);
	down = false;
	for (int i = 0; i < 100; i++)
		fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "out"), 12);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_permanent_code_is_dead_lettered_at_once),
	    RULE(no_retry_is_made_behind_the_deadline),
	    RULE(an_outage_of_an_hour_puts_nothing_into_the_dlq),
	    RULE(what_is_read_again_while_it_is_open_is_not_called),
	    RULE(an_open_circuit_takes_nothing_and_probes_with_single_events),
	    RULE(the_order_of_a_key_is_kept_through_an_outage),
	    RULE(an_outage_of_a_quiet_pipeline_puts_nothing_into_the_dlq),
	    RULE(what_has_no_attempt_left_waits_for_what_becomes_of_others),
	    RULE(a_bad_event_alone_waits_no_longer_than_another_may_tell),
	    RULE(who_wants_no_retry_is_not_called_again),
	    RULE(one_that_fails_beside_one_that_is_answered_is_not_doubted),
	    RULE(in_doubt_a_full_window_takes_more),
	    RULE(a_lane_that_stops_gives_no_doubtful_event_up),
	    RULE(a_few_bad_events_among_good_ones_are_dead_lettered),
	    RULE(on_circuit_dead_letter_does_not_wait),
	    RULE(retries_beyond_the_budget_wait),
	    RULE(the_metrics_count_attempts_and_waits_and_show_the_budget),
	    RULE(a_dropped_window_does_not_leave_the_lane_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
