/* A lane goes from one program to the next between two batches. */
#include "config.h"

#include "tests/run/lane_fixture.h"

#include "host/plugin.h"
#include "run/swap_private.h"
#include "tests/faults.h"

#include <stdio.h>

static struct fixture f;
static bool retry_once;
static int calls;

static enum weir_verdict retry_first(struct weir_call *call, const struct weir_event *ev,
				     struct weir_result *res, int stage)
{
	(void)call;
	(void)res;
	calls++;
	return retry_once && stage == 0 && ev->attempt == 1 ? WEIR_RETRY : WEIR_OK;
}

static void start(void)
{
	fixture_init(&f);
	retry_once = false;
	calls = 0;
	f.handler = retry_first;
	f.holds_acks = true;
	fixture_start(&f);
	fixture_settle(&f);
}

static void send(const char *id, const char *key)
{
	fixture_send(&f, 0, id, key);
}

static void assert_generation(size_t write, const char *generation)
{
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "out", write), "weir-generation", generation));
}

static void batches_in_flight_finish_under_their_own_program(void **state)
{
	struct wr_program *old, *next;

	(void)state;
	start();
	old = wr_lane_program(f.lane);
	send("a", "k");
	fixture_settle(&f);
	next = fixture_program(&f, 43, NULL);
	assert_null(wr_lane_adopt(f.lane, next));
	send("b", "other");
	fixture_settle(&f);
	assert_int_equal(wr_program_state(next), WR_PROGRAM_CURRENT);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_RETIRING); /* not acknowledged */
	fixture_pass_ms(&f, 200);
	fixture_ack(&f);
	assert_generation(0, "42");
	assert_generation(1, "43");
	assert_int_equal(wr_program_state(old), WR_PROGRAM_LEFT);
	assert_true(f.changes >= 2);
	wr_program_destroy(old);
	fixture_fini(&f);
}

static void events_of_a_key_keep_their_order_over_the_change(void **state)
{
	struct wr_program *old;

	(void)state;
	start();
	retry_once = true;
	old = wr_lane_program(f.lane);
	send("first", "k");
	fixture_settle(&f);
	retry_once = false;
	wr_lane_adopt(f.lane, fixture_program(&f, 43, NULL));
	send("second", "k");
	fixture_settle(&f);
	assert_int_equal(calls, 1); /* the second waits behind the first */
	fixture_pass_ms(&f, 200);
	fixture_ack(&f);
	assert_string_equal(fixture_write_to(&f, "out", 0)->value, "{\"id\":\"first\"}");
	assert_string_equal(fixture_write_to(&f, "out", 1)->value, "{\"id\":\"second\"}");
	assert_generation(1, "43");
	wr_program_destroy(old);
	fixture_fini(&f);
}

static void an_idle_lane_changes_at_once(void **state)
{
	struct wr_program *old;

	(void)state;
	start();
	old = wr_lane_program(f.lane);
	wr_lane_adopt(f.lane, fixture_program(&f, 43, NULL));
	fixture_settle(&f);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_LEFT);
	send("a", "k");
	fixture_settle(&f);
	assert_generation(0, "43");
	wr_program_destroy(old);
	fixture_fini(&f);
}

static void a_batch_that_was_filling_goes_under_its_own_program(void **state)
{
	struct wr_program *old;

	(void)state;
	start();
	old = wr_lane_program(f.lane);
	send("a", "k"); /* goes at once, and is not acknowledged */
	fixture_settle(&f);
	send("b", "k"); /* waits for company */
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 1);
	wr_lane_adopt(f.lane, fixture_program(&f, 43, NULL));
	send("c", "k");
	fixture_settle(&f);
	fixture_pass_ms(&f, 10);
	fixture_ack(&f);
	assert_generation(1, "42");
	assert_generation(2, "43");
	wr_program_destroy(old);
	fixture_fini(&f);
}

static void a_program_can_be_taken_back_before_the_lane_looks(void **state)
{
	struct wr_program *next;

	(void)state;
	start();
	next = fixture_program(&f, 43, NULL);
	assert_null(wr_lane_adopt(f.lane, next));
	assert_ptr_equal(wr_lane_adopt(f.lane, NULL), next);
	fixture_settle(&f);
	assert_int_equal(wr_program_state(next), WR_PROGRAM_NEW);
	assert_int_equal(f.changes, 0);
	wr_program_destroy(next);
	fixture_fini(&f);
}

static void a_former_program_can_come_back(void **state)
{
	struct wr_program *old, *next;

	(void)state;
	start();
	old = wr_lane_program(f.lane);
	send("a", "k");
	fixture_settle(&f);
	next = fixture_program(&f, 43, NULL);
	wr_lane_adopt(f.lane, next);
	fixture_settle(&f);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_RETIRING);
	wr_lane_adopt(f.lane, old);
	fixture_settle(&f);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_CURRENT);
	assert_int_equal(wr_program_state(next), WR_PROGRAM_LEFT);
	wr_lane_adopt(f.lane, next); /* once more, and away again when it has left for good */
	fixture_ack(&f);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_LEFT);
	wr_lane_adopt(f.lane, old);
	send("b", "k");
	fixture_settle(&f);
	assert_generation(1, "42");
	assert_int_equal(wr_program_state(next), WR_PROGRAM_LEFT);
	wr_program_destroy(next);
	fixture_ack(&f);
	fixture_fini(&f);
}

static void larger_and_smaller_batches_are_taken(void **state)
{
	struct wr_conf_pipeline large, small;
	struct wr_program *programs[3];
	char id[16];

	(void)state;
	start();
	large = small = f.conf;
	large.batch.max_events = 50;
	large.batch.in_flight = 9;
	small.batch.max_events = 2;
	small.batch.in_flight = 1;
	programs[0] = wr_lane_program(f.lane);
	programs[1] = fixture_program(&f, 43, &large);
	programs[2] = fixture_program(&f, 44, &small);
	retry_once = true;
	for (int generation = 0; generation < 3; generation++) {
		if (generation > 0)
			wr_lane_adopt(f.lane, programs[generation]);
		for (int i = 0; i < 200; i++) {
			snprintf(id, sizeof(id), "%d-%d", generation, i);
			send(id, id);
		}
		fixture_settle(&f);
	}
	f.holds_acks = false;
	fixture_ack(&f);
	for (int i = 0; i < 200; i++)
		fixture_pass_ms(&f, 150);
	assert_int_equal(fixture_written(&f, "out"), 600);
	assert_int_equal(wr_program_state(programs[0]), WR_PROGRAM_LEFT);
	assert_int_equal(wr_program_state(programs[1]), WR_PROGRAM_LEFT);
	assert_int_equal(wr_lane_in_flight(f.lane), 0);
	wr_program_destroy(programs[0]);
	wr_program_destroy(programs[1]);
	fixture_fini(&f);
}

static void without_memory_the_old_program_goes_on(void **state)
{
	struct wr_conf_pipeline large;
	struct wr_program *old, *next;
	bool failed = true;

	(void)state;
	start();
	old = wr_lane_program(f.lane);
	large = f.conf;
	large.batch.max_events = 64;
	large.batch.in_flight = 32;
	for (size_t n = 0; failed; n++) {
		next = fixture_program(&f, 43, &large);
		faults_begin(n);
		wr_lane_adopt(f.lane, next);
		wr_lane_step(f.lane);
		failed = faults_end();
		if (wr_program_state(next) == WR_PROGRAM_CURRENT)
			break;
		assert_int_equal(wr_program_state(next), WR_PROGRAM_REFUSED);
		assert_non_null(strstr(next->refusal.text, "no memory"));
		wr_program_destroy(next);
		large.batch.max_events *= 2;
		large.batch.in_flight *= 2;
	}
	send("a", "k");
	fixture_settle(&f);
	assert_generation(0, "43");
	fixture_ack(&f);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_LEFT);
	wr_program_destroy(old);
	fixture_fini(&f);
}

static void topics_that_the_sink_does_not_have_refuse_the_program(void **state)
{
	struct wr_program *next;

	(void)state;
	start();
	f.unresolved_left = 1;
	next = fixture_program(&f, 43, NULL);
	wr_lane_adopt(f.lane, next);
	fixture_settle(&f);
	assert_int_equal(wr_program_state(next), WR_PROGRAM_REFUSED);
	assert_true(next->refusal.text[0] != '\0');
	send("a", "k");
	fixture_settle(&f);
	assert_generation(0, "42");
	wr_program_destroy(next);
	fixture_ack(&f);
	fixture_fini(&f);
}

static void a_new_sink_serves_all_programs(void **state)
{
	struct wr_program *old;

	(void)state;
	start();
	retry_once = true;
	old = wr_lane_program(f.lane);
	send("a", "k");
	fixture_settle(&f);
	retry_once = false;
	wr_lane_adopt(f.lane, fixture_program(&f, 43, NULL));
	send("b", "other");
	fixture_settle(&f);
	f.broken = true;
	f.holds_acks = false;
	fixture_pass_ms(&f, 300);
	fixture_pass_ms(&f, 2000);
	fixture_settle(&f);
	/* what was in flight is read again, now under the new program */
	assert_int_equal(f.sinks_made, 2);
	assert_int_equal(f.partitions[0].committed, 2);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_LEFT);
	wr_program_destroy(old);
	fixture_fini(&f);
}

/* ---- holding ---- */

static void it_holds_once_every_event_has_been_run(void **state)
{
	(void)state;
	start();
	send("a", "k");
	fixture_settle(&f);
	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	assert_true(wr_lane_holds(f.lane)); /* although its output is not acknowledged */
	assert_int_equal(f.partitions[0].committed, -1);
	assert_true(f.changes > 0);
	calls = 0;
	send("b", "k");
	fixture_pass_ms(&f, 1000);
	assert_int_equal(calls, 0);
	wr_lane_hold(f.lane, false);
	fixture_settle(&f);
	fixture_pass_ms(&f, 10); /* the batch waits for company */
	assert_false(wr_lane_holds(f.lane));
	assert_int_equal(calls, 2);
	fixture_ack(&f);
	fixture_fini(&f);
}

static void what_was_taken_already_is_run_before_it_holds(void **state)
{
	(void)state;
	start();
	send("a", "k");
	fixture_settle(&f);
	send("b", "k"); /* in the batch that waits for company */
	fixture_settle(&f);
	assert_int_equal(calls, 2);
	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	assert_true(wr_lane_holds(f.lane));
	assert_int_equal(calls, 4);
	fixture_ack(&f);
	fixture_fini(&f);
}

static void a_lane_that_holds_changes_its_program_and_answers_its_group(void **state)
{
	struct wr_program *old;

	(void)state;
	start();
	old = wr_lane_program(f.lane);
	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	assert_true(wr_lane_holds(f.lane));
	wr_lane_adopt(f.lane, fixture_program(&f, 43, NULL));
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	assert_int_equal(f.released, 1);
	assert_true(wr_lane_holds(f.lane));
	assert_int_equal(wr_program_state(old), WR_PROGRAM_LEFT);
	wr_program_destroy(old);
	fixture_fini(&f);
}

static void a_lane_that_holds_can_be_stopped(void **state)
{
	(void)state;
	start();
	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	wr_lane_stop(f.lane, wr_clock_mono_ns(&f.clock.clock) + WR_NS_PER_S);
	fixture_settle(&f);
	assert_true(wr_lane_has_left(f.lane));
	fixture_fini(&f);
}

static void the_earlier_of_two_deadlines_of_a_stop_counts(void **state)
{
	int64_t now;

	(void)state;
	start();
	now = wr_clock_mono_ns(&f.clock.clock);
	send("a", "k"); /* not acknowledged */
	fixture_settle(&f);
	wr_lane_stop(f.lane, now + 30 * WR_NS_PER_S);
	fixture_settle(&f);
	wr_lane_stop(f.lane, now + WR_NS_PER_S);
	wr_lane_stop(f.lane, now + 60 * WR_NS_PER_S);
	fixture_pass_ms(&f, 900);
	assert_false(wr_lane_has_left(f.lane));
	fixture_pass_ms(&f, 200);
	assert_true(wr_lane_has_left(f.lane));
	fixture_fini(&f);
}

static void assert_released(enum wr_swap_kind kind, bool settled, bool released)
{
	struct wr_swap_item item = {.kind = kind, .lane = {.lane = f.lane}, .held = true};
	struct wr_swap swap = {.items = &item, .count = 1, .settled = settled};

	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	assert_true(wr_lane_holds(f.lane));
	wr_swap_release(&swap);
	assert_int_equal(wr_lane_holds(f.lane), !released);
}

static void a_lane_that_goes_never_takes_anything_again(void **state)
{
	(void)state;
	start();
	assert_released(WR_SWAP_STAYS, true, true);
	assert_released(WR_SWAP_GOES, false, true); /* it goes on after all */
	assert_released(WR_SWAP_GOES, true, false);
	send("a", "k");
	fixture_settle(&f);
	assert_int_equal(calls, 0);
	wr_lane_hold(f.lane, false);
	fixture_settle(&f);
	assert_int_equal(calls, 2); /* both stages */
	f.holds_acks = false;
	fixture_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(batches_in_flight_finish_under_their_own_program),
	    cmocka_unit_test(events_of_a_key_keep_their_order_over_the_change),
	    cmocka_unit_test(an_idle_lane_changes_at_once),
	    cmocka_unit_test(a_batch_that_was_filling_goes_under_its_own_program),
	    cmocka_unit_test(a_program_can_be_taken_back_before_the_lane_looks),
	    cmocka_unit_test(a_former_program_can_come_back),
	    cmocka_unit_test(larger_and_smaller_batches_are_taken),
	    cmocka_unit_test(without_memory_the_old_program_goes_on),
	    cmocka_unit_test(topics_that_the_sink_does_not_have_refuse_the_program),
	    cmocka_unit_test(a_new_sink_serves_all_programs),
	    cmocka_unit_test(it_holds_once_every_event_has_been_run),
	    cmocka_unit_test(what_was_taken_already_is_run_before_it_holds),
	    cmocka_unit_test(a_lane_that_holds_changes_its_program_and_answers_its_group),
	    cmocka_unit_test(a_lane_that_holds_can_be_stopped),
	    cmocka_unit_test(the_earlier_of_two_deadlines_of_a_stop_counts),
	    cmocka_unit_test(a_lane_that_goes_never_takes_anything_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
