/* A lane and its retry topics: events leave for one and come back when they are due. */
#include "config.h"

#include "tests/run/lane_fixture.h"

#include "core/envelope.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;
static uint32_t failures; /* of the first attempts in the second stage */
static bool fails;        /* for good */
static int calls[2];
static char seen[160]; /* the value that the second stage saw last */
static struct weir_event last;

static enum weir_verdict handler(struct weir_call *call, const struct weir_event *ev,
				 struct weir_result *res, int stage)
{
	calls[stage]++;
	if (stage == 0) {
		struct weir_record record = {
		    .size = sizeof(record), .key = ev->key, .value = {"emitted", 7}};

		if (strncmp(ev->id.data, "emit", 4) == 0)
			assert_true(call->host->emit(call, res, 1, &record));
		if (strncmp(ev->id.data, "set", 3) == 0)
			assert_true(call->host->set_value(call, res, "changed", 7));
		return WEIR_OK;
	}
	last = *ev;
	snprintf(seen, sizeof(seen), "%.*s", (int)ev->value.size, (const char *)ev->value.data);
	if (ev->attempt > failures)
		return WEIR_OK;
	call->host->set_error(call, res, "busy", "the ledger is busy");
	return fails ? WEIR_FAIL : WEIR_RETRY;
}

static bool checks_payload, from_latest;

static struct fixture_write replay_of(const char *owner, const char *stage)
{
	struct fixture_write write = {.key = "k", .value = "{\"id\":\"a\"}"};

	snprintf(write.headers, sizeof(write.headers),
		 "weir-pipeline=p\nweir-event-id=a\nweir-owner=%s\nweir-replay=job-1\n%s%s%s"
		 "weir-replays=1\nweir-attempts=0\nweir-first-failed-at=1\nweir-origin-topic=in\n"
		 "weir-origin-partition=0\nweir-origin-offset=0\nweir-replayed-from=dlq/0/0\n",
		 owner, stage != NULL ? "weir-stage=" : "", stage != NULL ? stage : "",
		 stage != NULL ? "\n" : "");
	return write;
}

static int set_up(void **state)
{
	struct wr_conf_retry *retry = &f.stages[1].retry;

	(void)state;
	fixture_init(&f);
	f.conf.idempotency.check_payload = checks_payload;
	f.handler = handler;
	retry->mode = WR_RETRY_TOPIC;
	retry->tiers_ms[0] = 5000;
	retry->tiers_ms[1] = 60000;
	retry->tier_count = 2;
	f.partitions[1].pub.topic = "p.retry.5s";
	f.partitions[2].pub.topic = "p.retry.0";
	for (int i = 0; i < 3; i++)
		f.assigned[i] = &f.partitions[i].pub;
	f.assigned_count = 3;
	failures = 1;
	fails = false;
	calls[0] = calls[1] = 0;
	f.from_latest = from_latest;
	if (from_latest) {
		const struct fixture_write early = replay_of("0/in/0/0", NULL);

		failures = 0;
		fixture_redeliver(&f, 2, &early);
	}
	fixture_start(&f);
	fixture_settle(&f);
	return 0;
}

static int set_up_with_hashes(void **state)
{
	checks_payload = true;
	return set_up(state);
}

static int set_up_from_latest(void **state)
{
	from_latest = true;
	return set_up(state);
}

static int tear_down(void **state)
{
	(void)state;
	from_latest = fails = false;
	checks_payload = false;
	fixture_fini(&f);
	return 0;
}

static void a_retry_leaves_for_its_tier_with_its_envelope(void **state)
{
	const struct fixture_write *write;

	(void)state;
	fixture_send(&f, 0, "a", "k");
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 1);
	assert_int_equal(f.write_count, 1);
	write = fixture_write_to(&f, "p.retry.5s", 0);
	assert_string_equal(write->key, "k");
	assert_string_equal(write->value, "{\"id\":\"a\"}");
	assert_true(fixture_has_header(write, "weir-origin-topic", "in"));
	assert_true(fixture_has_header(write, "weir-origin-offset", "0"));
	assert_true(fixture_has_header(write, "weir-owner", "0/in/0/0"));
	assert_true(fixture_has_header(write, "weir-event-id", "a"));
	assert_true(fixture_has_header(write, "weir-stage", "second"));
	assert_true(fixture_has_header(write, "weir-attempts", "1"));
	assert_true(fixture_has_header(write, "weir-code", "busy"));
	assert_true(fixture_outcome(&f, "retried") == 1);
	assert_int_equal(f.partitions[0].committed, 1);
}

static void it_waits_for_its_delay_and_goes_on_at_its_stage(void **state)
{
	(void)state;
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	fixture_pass_ms(&f, 4999);
	assert_int_equal(calls[1], 1);
	fixture_pass_ms(&f, 1);
	assert_int_equal(calls[0], 1);
	assert_int_equal(calls[1], 2);
	assert_int_equal(last.attempt, 2);
	assert_int_equal(last.offset, 0);
	assert_int_equal(last.partition, 0);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_true(fixture_has_header(fixture_write_to(&f, "out", 0), "weir-event-id", "a"));
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[1].committed, 1);
}

static void a_head_that_is_not_due_holds_up_no_other_partition(void **state)
{
	(void)state;
	failures = 1;
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	fixture_settle(&f);
	failures = 0;
	for (int i = 0; i < 20; i++) {
		char id[16];

		snprintf(id, sizeof(id), "b%d", i);
		fixture_send(&f, 0, id, id);
	}
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 20);
	assert_int_equal(f.partitions[1].position, 0);
}

/* Ones that fail one after another: each would be a turn of its own. */
static void where_some_come_the_next_ones_come_together(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		char id[16];

		snprintf(id, sizeof(id), "a%d", i);
		fixture_send(&f, 0, id, id);
		fixture_settle(&f);
		fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", (size_t)i));
		fixture_pass_ms(&f, i == 0 ? 10 : 1);
	}
	fixture_pass_ms(&f, 5000 - 13);
	assert_int_equal(fixture_written(&f, "out"), 1);
	fixture_pass_ms(&f, 19);
	assert_int_equal(fixture_written(&f, "out"), 1);
	fixture_pass_ms(&f, 1);
	assert_int_equal(fixture_written(&f, "out"), 4);
}

static void each_attempt_takes_the_next_tier_and_the_last_one_is_exhausted(void **state)
{
	const struct fixture_write *letter;

	(void)state;
	failures = 99;
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	fixture_pass_ms(&f, 5000);
	assert_int_equal(fixture_written(&f, "p.retry.1m"), 1);
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.1m", 0));
	fixture_pass_ms(&f, 5000);
	assert_int_equal(calls[1], 3);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	letter = fixture_write_to(&f, "dlq", 0);
	assert_true(fixture_has_header(letter, "weir-class", "exhausted"));
	assert_true(fixture_has_header(letter, "weir-attempts", "3"));
	assert_true(fixture_has_header(letter, "weir-origin-topic", "in"));
	assert_true(fixture_has_header(letter, "weir-origin-offset", "0"));
	assert_true(fixture_has_header(letter, "weir-owner", "0/in/0/0"));
}

static void it_goes_on_with_the_value_as_it_entered_the_stage(void **state)
{
	(void)state;
	fixture_send(&f, 0, "set", "k");
	fixture_settle(&f);
	assert_string_equal(fixture_write_to(&f, "p.retry.5s", 0)->value, "changed");
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	failures = 0;
	fixture_pass_ms(&f, 5000);
	assert_string_equal(seen, "changed");
	assert_string_equal(fixture_write_to(&f, "out", 0)->value, "changed");
}

static void its_dead_letter_is_the_event_as_it_came(void **state)
{
	(void)state;
	failures = 99;
	fixture_send(&f, 0, "set", "k");
	fixture_settle(&f);
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	fixture_pass_ms(&f, 5000);
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.1m", 0));
	fixture_pass_ms(&f, 5000);
	assert_string_equal(fixture_write_to(&f, "dlq", 0)->value, "{\"id\":\"set\"}");
}

static void what_completed_stages_emitted_is_written_with_it_once(void **state)
{
	(void)state;
	fixture_send(&f, 0, "emit", "k");
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "alerts"), 1);
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	fixture_pass_ms(&f, 5000);
	assert_int_equal(fixture_written(&f, "alerts"), 1);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static void a_duplicate_of_an_event_that_waits_is_a_duplicate(void **state)
{
	(void)state;
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	fixture_send(&f, 0, "a", "k");
	fixture_pass_ms(&f, 200);
	assert_true(fixture_outcome(&f, "duplicate") == 1);
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	fixture_pass_ms(&f, 5000);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static void a_stage_that_is_gone_makes_a_dead_letter(void **state)
{
	struct fixture_write write = {.key = "k", .value = "{\"id\":\"a\"}"};

	(void)state;
	snprintf(write.headers, sizeof(write.headers),
		 "weir-pipeline=p\nweir-event-id=a\nweir-owner=0/in/0/7\nweir-stage=third\n"
		 "weir-attempts=1\nweir-first-failed-at=1\nweir-replays=0\n"
		 "weir-origin-topic=in\nweir-origin-partition=0\n"
		 "weir-origin-offset=7\n");
	fixture_redeliver(&f, 1, &write);
	fixture_pass_ms(&f, 5000);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-class", "no-stage"));
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-stage", "third"));
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-attempts", "1"));
	assert_null(strstr(fixture_write_to(&f, "dlq", 0)->headers, "weir-plugin"));
	assert_int_equal(calls[0] + calls[1], 0);
}

static void what_waits_under_a_former_name_goes_on_in_the_stage_that_was_called_so(void **state)
{
	struct fixture_write write = {.key = "k", .value = "{\"id\":\"a\"}"};

	(void)state;
	f.stages[1].was = (char *)(uintptr_t) "third";
	snprintf(write.headers, sizeof(write.headers),
		 "weir-pipeline=p\nweir-event-id=a\nweir-owner=0/in/0/7\nweir-stage=third\n"
		 "weir-attempts=1\nweir-first-failed-at=1\nweir-origin-topic=in\n"
		 "weir-origin-partition=0\nweir-origin-offset=7\n");
	fixture_redeliver(&f, 1, &write);
	fixture_pass_ms(&f, 5000);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_int_equal(calls[0], 0);
	assert_int_equal(calls[1], 1);
	assert_int_equal(last.attempt, 2);
}

static void a_broken_envelope_is_dead_lettered_and_never_believed(void **state)
{
	static const char *const broken[] = {
	    "",
	    "weir-owner=nonsense\nweir-event-id=a\n",
	    "weir-owner=0/in/0/7\nweir-event-id=a\nweir-attempts=99999999999\n",
	    "weir-owner=0/in/0/7\nweir-owner=0/in/0/8\nweir-event-id=a\nweir-attempts=1\n",
	    "weir-pipeline=p\nweir-event-id=a\nweir-owner=0/in/0/7\nweir-attempts=1\n"
	    "weir-first-failed-at=1\nweir-replays=0\nweir-origin-topic=in\n"
	    "weir-origin-partition=0\nweir-origin-offset=7\nweir-order=last\n",
	    "weir-pipeline=q\nweir-event-id=a\nweir-owner=0/in/0/7\nweir-attempts=1\n"
	    "weir-first-failed-at=1\nweir-replays=0\nweir-origin-topic=in\n"
	    "weir-origin-partition=0\nweir-origin-offset=7\n"};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(broken); i++) {
		struct fixture_write write = {.key = "k", .value = "{\"id\":\"a\"}"};

		snprintf(write.headers, sizeof(write.headers), "%s", broken[i]);
		fixture_redeliver(&f, 1, &write);
		fixture_pass_ms(&f, 5000);
		assert_int_equal(fixture_written(&f, "dlq"), i + 1);
		assert_true(fixture_has_header(fixture_write_to(&f, "dlq", i), "weir-code",
					       "bad-envelope"));
	}
	assert_int_equal(calls[0] + calls[1], 0);
}

/* A clock that was set back, or a stranger's time: the partition waits no longer than its delay. */
static void holds_up_for_its_delay_only(int64_t later_ms)
{
	int64_t offset, *timestamp_ms;

	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	offset = fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	timestamp_ms = &f.partitions[1].records[offset].timestamp_ms;
	*timestamp_ms = *timestamp_ms < INT64_MAX - later_ms ? *timestamp_ms + later_ms : INT64_MAX;
	fixture_pass_ms(&f, 4000);
	fixture_pass_ms(&f, 4999);
	assert_int_equal(calls[1], 1);
	fixture_pass_ms(&f, 1);
	assert_int_equal(calls[1], 2);
}

static void a_time_before_all_time_is_past(void **state)
{
	int64_t offset;

	(void)state;
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	offset = fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	f.partitions[1].records[offset].timestamp_ms = INT64_MIN;
	fixture_settle(&f);
	assert_int_equal(calls[1], 2);
}

static void a_time_from_the_future_holds_a_partition_up_for_its_delay_only(void **state)
{
	(void)state;
	holds_up_for_its_delay_only(INT64_C(365) * 24 * 3600 * 1000);
}

static void and_so_does_the_farthest(void **state)
{
	(void)state;
	holds_up_for_its_delay_only(INT64_MAX);
}

static void a_replay_takes_over_from_its_dead_letter_and_runs_from_the_start(void **state)
{
	struct fixture_write replay = replay_of("0/in/0/0", NULL);

	(void)state;
	failures = 99;
	f.stages[1].retry.attempts = 1;
	fixture_send(&f, 0, "a", "k");
	for (int i = 0; i < 3; i++) {
		fixture_pass_ms(&f, 5000);
		if (fixture_written(&f, "p.retry.5s") > (size_t)i)
			fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	}
	failures = 0;
	fixture_redeliver(&f, 2, &replay);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_int_equal(last.attempt, 1);
}

/* The retry record has no hash of the payload, and its event's claim has one. */
static void a_resubmission_after_the_dead_letter_of_a_retry_is_processed(void **state)
{
	(void)state;
	failures = 2;
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	f.stages[1].retry.attempts = 2;
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.5s", 0));
	fixture_pass_ms(&f, 5000);
	fixture_redeliver(&f, 1, fixture_write_to(&f, "p.retry.1m", 0));
	failures = 99;
	fixture_pass_ms(&f, 5000);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	fixture_pass_ms(&f, 500);
	failures = 0;
	fixture_send(&f, 0, "a", "k");
	fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static void the_second_of_two_replays_is_a_duplicate(void **state)
{
	struct fixture_write replay = replay_of("0/in/0/0", NULL);

	(void)state;
	failures = 0;
	fixture_redeliver(&f, 2, &replay);
	fixture_redeliver(&f, 2, &replay);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_true(fixture_outcome(&f, "duplicate") == 1);
	assert_true(fixture_metric(&f, "weir_replays_too_late_total{lane=\"0\",pipeline=\"p\"} ") ==
		    1);
}

/* What is no duplicate by its claim is none because its stage is gone, and the other way round. */
static void the_second_of_two_replays_is_a_duplicate_without_its_stage_too(void **state)
{
	struct fixture_write first = replay_of("0/in/0/0", NULL);
	struct fixture_write second = replay_of("0/in/0/0", "third");

	(void)state;
	failures = 0;
	fixture_redeliver(&f, 2, &first);
	fixture_redeliver(&f, 2, &second);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	assert_true(fixture_outcome(&f, "duplicate") == 1);
}

static void a_replay_whose_stage_is_gone_can_be_replayed_from_the_start(void **state)
{
	struct fixture_write replay = replay_of("0/in/0/0", "third");
	const struct fixture_write *letter;

	(void)state;
	fails = true;
	fixture_send(&f, 0, "a", "k");
	fixture_pass_ms(&f, 500);
	assert_string_equal(fixture_claim_of(&f, "a"), "F|0/in/0/0");
	fixture_redeliver(&f, 2, &replay);
	fixture_pass_ms(&f, 500);
	letter = fixture_write_to(&f, "dlq", 1);
	assert_true(fixture_has_header(letter, "weir-class", "no-stage"));
	assert_true(fixture_has_header(letter, "weir-owner", "0/p.retry.0/2/0"));
	assert_string_equal(fixture_claim_of(&f, "a"), "F|0/p.retry.0/2/0");
	failures = 0;
	replay = replay_of("0/p.retry.0/2/0", NULL);
	fixture_redeliver(&f, 2, &replay);
	fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

/* With nobody to claim from, a replay owns nothing, so the next one follows the owner that this one would have. */
static void the_dead_letter_of_an_unclaimed_replay_can_be_replayed(void **state)
{
	struct fixture_write replay = replay_of("0/in/0/0", NULL);

	(void)state;
	fails = true;
	fixture_send(&f, 0, "a", "k");
	fixture_pass_ms(&f, 500);
	f.conf.idempotency.on_unavailable = WR_ON_UNAVAILABLE_PROCESS;
	f.store_down = true;
	fixture_redeliver(&f, 2, &replay);
	fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "dlq"), 2);
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 1), "weir-owner", "0/in/0/0"));
	f.store_down = false;
	failures = 0;
	fixture_redeliver(&f, 2, &replay);
	fixture_pass_ms(&f, 500);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

/* Before the group ever heard of the topic. */
static void a_replay_that_was_there_first_is_not_passed_over(void **state)
{
	(void)state;
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

/* The dead letter of a redriven event that fails once more; two redrives of this class are allowed. */
static const struct fixture_write *fail_after_redrives(unsigned redrives, const char *class)
{
	static char name[32], *classes[] = {name};
	struct fixture_write replay = replay_of("0/in/0/0", NULL);
	size_t size = strlen(replay.headers);

	failures = 99;
	fails = true;
	snprintf(name, sizeof(name), "%s", class);
	f.conf.redrive = (struct wr_conf_redrive){
	    .configured = true, .every_ms = 1000, .max = 2, .classes = {classes, 1}};
	snprintf(replay.headers + size, sizeof(replay.headers) - size,
		 "weir-redrives=%u\nweir-stage=second\n", redrives);
	fixture_redeliver(&f, 2, &replay);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	return fixture_write_to(&f, "dlq", 0);
}

static double given_up(void)
{
	return fixture_metric(&f, "weir_dlq_redrives_exhausted_total{lane=\"0\",pipeline=\"p\"} ");
}

static void an_event_that_fails_after_its_last_redrive_is_given_up_as_exhausted(void **state)
{
	const struct fixture_write *letter = fail_after_redrives(2, "permanent");

	(void)state;
	assert_true(fixture_has_header(letter, "weir-class", "exhausted"));
	assert_true(fixture_has_header(letter, "weir-code", "busy"));
	assert_true(fixture_has_header(letter, "weir-redrives", "2"));
	fixture_pass_ms(&f, 200);
	assert_true(given_up() == 1);
}

static void an_event_that_may_be_redriven_once_more_is_not_given_up(void **state)
{
	const struct fixture_write *letter = fail_after_redrives(1, "permanent");

	(void)state;
	assert_true(fixture_has_header(letter, "weir-class", "permanent"));
	assert_true(fixture_has_header(letter, "weir-redrives", "1"));
	assert_true(given_up() == 0);
}

static void what_is_not_redriven_by_its_class_keeps_it(void **state)
{
	const struct fixture_write *letter = fail_after_redrives(2, "timeout");

	(void)state;
	assert_true(fixture_has_header(letter, "weir-class", "permanent"));
	assert_true(given_up() == 0);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_retry_leaves_for_its_tier_with_its_envelope),
	    RULE(it_waits_for_its_delay_and_goes_on_at_its_stage),
	    RULE(a_head_that_is_not_due_holds_up_no_other_partition),
	    RULE(where_some_come_the_next_ones_come_together),
	    RULE(each_attempt_takes_the_next_tier_and_the_last_one_is_exhausted),
	    RULE(it_goes_on_with_the_value_as_it_entered_the_stage),
	    RULE(its_dead_letter_is_the_event_as_it_came),
	    RULE(what_completed_stages_emitted_is_written_with_it_once),
	    RULE(a_duplicate_of_an_event_that_waits_is_a_duplicate),
	    RULE(a_stage_that_is_gone_makes_a_dead_letter),
	    RULE(what_waits_under_a_former_name_goes_on_in_the_stage_that_was_called_so),
	    RULE(a_broken_envelope_is_dead_lettered_and_never_believed),
	    RULE(a_time_before_all_time_is_past),
	    RULE(a_time_from_the_future_holds_a_partition_up_for_its_delay_only),
	    RULE(and_so_does_the_farthest),
	    RULE(a_replay_takes_over_from_its_dead_letter_and_runs_from_the_start),
	    RULE(the_second_of_two_replays_is_a_duplicate),
	    RULE(the_second_of_two_replays_is_a_duplicate_without_its_stage_too),
	    RULE(a_replay_whose_stage_is_gone_can_be_replayed_from_the_start),
	    RULE(the_dead_letter_of_an_unclaimed_replay_can_be_replayed),
	    cmocka_unit_test_setup_teardown(a_replay_that_was_there_first_is_not_passed_over,
					    set_up_from_latest, tear_down),
	    RULE(an_event_that_fails_after_its_last_redrive_is_given_up_as_exhausted),
	    RULE(an_event_that_may_be_redriven_once_more_is_not_given_up),
	    RULE(what_is_not_redriven_by_its_class_keeps_it),
	    RULE(a_resubmission_after_the_dead_letter_of_a_retry_is_processed),
	    cmocka_unit_test_setup_teardown(
		a_resubmission_after_the_dead_letter_of_a_retry_is_processed, set_up_with_hashes,
		tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
