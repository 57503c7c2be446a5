/* What waits for a retry goes on under the program that comes, at the stage of the same name. */
#include "config.h"

#include "tests/run/lane_fixture.h"

#include <stdio.h>

#define CIRCUIT "weir_circuit_open{lane=\"0\",pipeline=\"p\",stage=\"%s\"} "

static struct fixture f;
static const char *down; /* the stage that asks for retries; NULL: none */
static int calls;        /* of it */
static struct wr_program *old;

/* Ids "emit..." emit to the alerts from whichever stage is not down. */
static enum weir_verdict depend(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res, int stage)
{
	struct weir_record record = {
	    .size = sizeof(record), .key = ev->key, .value = {"emitted", 7}};

	(void)stage;
	if (down != NULL && strcmp(call->host->stage, down) == 0) {
		calls++;
		call->host->set_error(call, res, "busy", "the ledger is busy");
		return WEIR_RETRY;
	}
	if (strncmp(ev->id.data, "emit", 4) == 0) {
		assert_true(call->host->emit(call, res, 1, &record));
		res->output = 1;
	}
	return WEIR_OK;
}

static int set_up(void **state)
{
	(void)state;
	fixture_init(&f);
	f.handler = depend;
	down = "second";
	calls = 0;
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
	old = wr_lane_program(f.lane);
}

static void send(const char *id)
{
	fixture_send(&f, 0, id, "k");
	fixture_settle(&f);
}

static void adopt(struct wr_program *program)
{
	wr_lane_adopt(f.lane, program);
	fixture_settle(&f);
	assert_int_equal(wr_program_state(program), WR_PROGRAM_CURRENT);
}

static void assert_header(const char *topic, size_t write, const char *name, const char *value)
{
	assert_true(fixture_has_header(fixture_write_to(&f, topic, write), name, value));
}

/* With stages of these names; NULL: not there. The second may say what it was. */
static struct wr_program *program_of(uint64_t generation, const char *first, const char *second,
				     const char *was)
{
	static struct wr_conf_stage confs[4][2];
	static struct wr_stage stages[4][2];
	static struct wr_pipeline pipelines[4];
	const char *const names[] = {first, second};
	const struct wr_program_options options = {&pipelines[generation % 4], 0, 1, f.metrics};
	struct wr_pipeline *p = &pipelines[generation % 4];
	struct wr_program *program;
	struct wr_err err;

	*p = *old->pipeline;
	p->generation = generation;
	p->stages = stages[generation % 4];
	p->stage_count = 0;
	for (int i = 0; i < 2; i++) {
		struct wr_stage *stage = &stages[generation % 4][p->stage_count];
		struct wr_conf_stage *conf = &confs[generation % 4][p->stage_count];

		if (names[i] == NULL)
			continue;
		*conf = f.stages[i];
		conf->was = i == 1 ? (char *)(uintptr_t)was : NULL;
		*stage = old->pipeline->stages[i];
		stage->conf = conf;
		stage->name = names[i];
		stage->index = p->stage_count++;
	}
	if (wr_program_create(&options, &program, &err) != WR_OK)
		fail_msg("%s", err.text);
	return program;
}

static void a_retry_goes_on_where_it_was_under_the_program_that_came(void **state)
{
	(void)state;
	start();
	send("a");
	assert_int_equal(calls, 1);
	adopt(program_of(43, "first", "second", NULL));
	fixture_pass_ms(&f, 100);
	assert_int_equal(calls, 2); /* its second attempt */
	down = NULL;
	fixture_pass_ms(&f, 200);
	assert_header("out", 0, "weir-generation", "43");
	fixture_ack(&f);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_LEFT);
	wr_program_destroy(old);
}

static void its_attempts_count_on(void **state)
{
	(void)state;
	start();
	send("a");
	adopt(program_of(43, "first", "second", NULL));
	for (int i = 0; i < 10; i++)
		fixture_pass_ms(&f, 1000);
	assert_int_equal(calls, 3);
	assert_header("dlq", 0, "weir-class", "exhausted");
	assert_header("dlq", 0, "weir-attempts", "3");
	fixture_ack(&f);
	wr_program_destroy(old);
}

static void stages_may_change_their_places(void **state)
{
	(void)state;
	start();
	send("a");
	down = "first"; /* which it has behind it, and which is now the last */
	adopt(program_of(43, NULL, "second", NULL));
	fixture_pass_ms(&f, 200);
	assert_header("out", 0, "weir-generation", "43");
	fixture_ack(&f);
	wr_program_destroy(old);
}

static void a_renamed_stage_takes_what_waited_for_its_predecessor(void **state)
{
	(void)state;
	start();
	send("a");
	adopt(program_of(43, "first", "other", "second"));
	fixture_pass_ms(&f, 200);
	assert_header("out", 0, "weir-generation", "43");
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	fixture_ack(&f);
	wr_program_destroy(old);
}

static void what_waited_for_a_stage_that_went_is_dead_lettered(void **state)
{
	(void)state;
	start();
	send("emit"); /* by the first stage */
	send("behind");
	fixture_pass_ms(&f, 10); /* it waits before the first stage */
	adopt(program_of(43, "first", NULL, NULL));
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_header("dlq", 0, "weir-class", "no-stage");
	assert_header("dlq", 0, "weir-stage", "second");
	assert_header("dlq", 0, "weir-attempts", "1");
	assert_int_equal(fixture_written(&f, "alerts"), 1);
	assert_string_equal(fixture_write_to(&f, "out", 0)->value, "{\"id\":\"behind\"}");
	assert_header("out", 0, "weir-generation", "43");
	fixture_ack(&f);
	wr_program_destroy(old);
}

static void a_stage_that_comes_back_in_time_has_lost_nothing(void **state)
{
	struct wr_program *next;

	(void)state;
	start();
	send("a");
	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	next = program_of(43, "first", NULL, NULL);
	adopt(next);
	fixture_pass_ms(&f, 5000); /* while it holds nothing is run, and nothing killed */
	adopt(old);
	wr_lane_hold(f.lane, false);
	down = NULL;
	fixture_settle(&f);
	assert_header("out", 0, "weir-generation", "42");
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	fixture_ack(&f);
	assert_int_equal(wr_program_state(next), WR_PROGRAM_LEFT);
	wr_program_destroy(next);
}

static void outputs_are_found_by_their_names(void **state)
{
	struct wr_conf_output outputs[] = {f.conf.outputs[0], f.conf.outputs[0], f.conf.outputs[1]};
	struct wr_conf_pipeline conf = f.conf;

	(void)state;
	outputs[1].name = (char *)(uintptr_t) "more";
	conf.outputs = outputs;
	conf.output_count = 3;
	start();
	send("emit");
	adopt(fixture_program(&f, 43, &conf));
	down = NULL;
	f.handler = fixture_by_id; /* emits nothing more */
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 0);
	assert_int_equal(fixture_written(&f, "alerts"), 2); /* the emitted one, and the event */
	fixture_ack(&f);
	wr_program_destroy(old);
	fixture_settle(&f);
	tear_down(NULL); /* while its conf is there */
	set_up(NULL);
	fixture_start(&f);
}

static void an_output_that_went_is_like_a_stage_that_went(void **state)
{
	struct wr_conf_pipeline conf = f.conf;

	(void)state;
	conf.output_count = 1;
	start();
	send("emit");
	adopt(fixture_program(&f, 43, &conf));
	fixture_pass_ms(&f, 200);
	assert_header("dlq", 0, "weir-class", "no-stage");
	fixture_ack(&f);
	wr_program_destroy(old);
	tear_down(NULL);
	set_up(NULL);
	fixture_start(&f);
}

/* What stages of two programs left behind is borrowed from both. */
static void it_can_move_more_than_once(void **state)
{
	struct wr_program *middle;

	(void)state;
	start();
	down = "first";
	send("emit");
	middle = program_of(43, "first", "second", NULL);
	adopt(middle);
	down = "second";
	fixture_pass_ms(&f, 100); /* the first stage, under 43 */
	adopt(program_of(44, "first", "second", NULL));
	assert_int_equal(wr_program_state(old), WR_PROGRAM_RETIRING);
	assert_int_equal(wr_program_state(middle), WR_PROGRAM_RETIRING);
	down = NULL;
	fixture_pass_ms(&f, 1000);
	assert_header("alerts", 0, "weir-generation", "44");
	fixture_ack(&f);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_LEFT);
	assert_int_equal(wr_program_state(middle), WR_PROGRAM_LEFT);
	wr_program_destroy(old);
	wr_program_destroy(middle);
}

/* ---- holding ---- */

static void a_lane_holds_although_retries_are_to_come(void **state)
{
	(void)state;
	start();
	send("a");
	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	assert_true(wr_lane_holds(f.lane));
	fixture_pass_ms(&f, 5000);
	assert_int_equal(calls, 1);
	wr_lane_hold(f.lane, false);
	fixture_settle(&f);
	assert_int_equal(calls, 2);
	down = NULL;
	fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "out"), 1);
	fixture_ack(&f);
}

static double circuit(const char *stage)
{
	char line[96];

	snprintf(line, sizeof(line), CIRCUIT, stage);
	return fixture_metric(&f, line);
}

static void an_open_circuit_is_mended_by_the_program_that_comes(void **state)
{
	char id[8];

	(void)state;
	f.stages[1].retry.circuit_failures = 3;
	f.stages[1].retry.probe_initial_ms = f.stages[1].retry.probe_max_ms = 60 * 60 * 1000;
	start();
	for (int i = 0; i < 40; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		fixture_send(&f, 0, id, id);
	}
	fixture_settle(&f);
	assert_true(circuit("second") == 1);
	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	assert_true(wr_lane_holds(f.lane));
	adopt(program_of(43, "first", "second", NULL));
	down = NULL;
	wr_lane_hold(f.lane, false);
	for (int i = 0; i < 50; i++) {
		fixture_pass_ms(&f, 10);
		fixture_ack(&f);
	}
	assert_int_equal(fixture_written(&f, "out"), 40);
	assert_true(circuit("second") == 0);
	wr_program_destroy(old);
}

/* Else state could not be handed over before the outage ends. */
static void an_open_circuit_does_not_keep_a_filling_batch_from_being_run(void **state)
{
	struct wr_program *second;

	(void)state;
	f.conf.batch.max_events = 2;
	f.conf.batch.linger_ms = 60 * 60 * 1000;
	f.stages[1].retry.attempts = 2;
	f.stages[1].retry.circuit_failures = 3;
	f.stages[1].retry.probe_initial_ms = f.stages[1].retry.probe_max_ms = 60 * 60 * 1000;
	start();
	send("a");
	fixture_send(&f, 0, "b", "b");
	fixture_send(&f, 0, "c", "c");
	fixture_send(&f, 0, "d", "d");
	fixture_settle(&f);
	assert_true(circuit("second") == 1);
	assert_int_equal(calls, 3); /* d's batch was filling */
	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	assert_true(wr_lane_holds(f.lane));
	assert_int_equal(calls, 3); /* it waits for a probe, as the others do */
	second = program_of(43, "first", "second", NULL);
	adopt(second);
	wr_lane_hold(f.lane, false);
	fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	down = NULL;
	adopt(program_of(44, "first", "second", NULL));
	for (int i = 0; i < 50; i++) {
		fixture_pass_ms(&f, 10);
		fixture_ack(&f);
	}
	assert_int_equal(fixture_written(&f, "out"), 4);
	wr_program_destroy(second);
	wr_program_destroy(old);
}

static void an_outage_that_goes_on_puts_nothing_into_the_dlq(void **state)
{
	struct wr_program *programs[3];
	char id[8];
	int before;

	(void)state;
	f.stages[1].retry.attempts = 2;
	f.stages[1].retry.circuit_failures = 3;
	f.stages[1].retry.probe_initial_ms = f.stages[1].retry.probe_max_ms = 10000;
	start();
	for (int i = 0; i < 40; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		fixture_send(&f, 0, id, id);
	}
	fixture_settle(&f);
	for (int i = 0; i < 3; i++) {
		before = calls;
		programs[i] = wr_lane_program(f.lane);
		adopt(program_of(43 + (uint64_t)i, "first", "second", NULL));
		fixture_pass_ms(&f, 1000);
		assert_int_equal(calls, before + 1); /* at once, and no more than one */
		assert_true(circuit("second") == 1);
	}
	for (int i = 0; i < 60; i++)
		fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	down = NULL;
	for (int i = 0; i < 20; i++)
		fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "out"), 40);
	assert_true(circuit("second") == 0);
	for (int i = 0; i < 3; i++)
		wr_program_destroy(programs[i]);
}

static void a_lane_that_goes_leaves_its_retries_to_others(void **state)
{
	(void)state;
	start();
	send("a");
	wr_lane_hold(f.lane, true);
	fixture_settle(&f);
	wr_lane_stop(f.lane, wr_clock_mono_ns(&f.clock.clock) + 3600 * WR_NS_PER_S);
	fixture_settle(&f);
	assert_true(wr_lane_has_left(f.lane));
	assert_int_equal(calls, 1);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_retry_goes_on_where_it_was_under_the_program_that_came),
	    RULE(its_attempts_count_on),
	    RULE(stages_may_change_their_places),
	    RULE(a_renamed_stage_takes_what_waited_for_its_predecessor),
	    RULE(what_waited_for_a_stage_that_went_is_dead_lettered),
	    RULE(a_stage_that_comes_back_in_time_has_lost_nothing),
	    RULE(outputs_are_found_by_their_names),
	    RULE(an_output_that_went_is_like_a_stage_that_went),
	    RULE(it_can_move_more_than_once),
	    RULE(a_lane_holds_although_retries_are_to_come),
	    RULE(an_open_circuit_is_mended_by_the_program_that_comes),
	    RULE(an_open_circuit_does_not_keep_a_filling_batch_from_being_run),
	    RULE(an_outage_that_goes_on_puts_nothing_into_the_dlq),
	    RULE(a_lane_that_goes_leaves_its_retries_to_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
