/* What a lane reads from the retry topics before the source, and when the order of keys begins and ends. */
#include "config.h"

#include "tests/run/parked_keys.h"

/* ---- the log ---- */

static void revoke_and_assign(void)
{
	size_t count = f.assigned_count;

	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	f.assigned_count = count;
	f.next_event = WR_SOURCE_ASSIGNED;
}

static void whoever_gets_the_partition_knows_what_is_parked(void **state)
{
	(void)state;
	park_two();
	fixture_pass_ms(&f, 200);
	revoke_and_assign();
	fixture_send(&f, IN, "c", "k");
	fixture_send(&f, IN, "d", "other");
	fixture_settle(&f);
	assert_string_equal(called, "a d ");
	assert_behind(parked("p.retry.5s", 2), "c", "0");
	append(SHORT, 2);
	failing = "";
	fixture_pass_ms(&f, 5000);
	assert_string_equal(called, "a d a b c ");
}

static void nothing_is_read_before_a_transaction_of_the_one_before_is_decided(void **state)
{
	struct fixture_write write = forged_first("");

	(void)state;
	f.partitions[LONG].undecided = true;
	start();
	send("z", "other");
	send("a", "k");
	assert_string_equal(called, "");
	f.partitions[LONG].undecided = false;
	fixture_redeliver(&f, LONG, &write);
	fixture_settle(&f);
	assert_string_equal(called, "z ");
	assert_behind(parked("p.retry.1m", 0), "a", "0");
}

static void a_record_without_a_time_is_parked_since_it_was_seen(void **state)
{
	struct fixture_write write = forged_first("");
	int64_t offset = fixture_redeliver(&f, LONG, &write);

	(void)state;
	f.partitions[LONG].records[offset].timestamp_ms = -1;
	f.partitions[LONG].undecided = true;
	start();
	fixture_pass_ms(&f, 2000);
	assert_true(fixture_metric(&f, "weir_parked_keys{lane=\"0\",pipeline=\"p\"} ") == 1);
	assert_true(fixture_metric(&f, "weir_oldest_parked_seconds{lane=\"0\",pipeline=\"p\"} ") <=
		    2);
}

static void a_partition_without_those_of_its_retry_topics_waits_for_them(void **state)
{
	(void)state;
	f.assigned_count = 2; /* the long tier's is another's */
	start();
	send("a", "k");
	assert_string_equal(called, "");
	assert_false(wr_health_ready(f.health));
	f.assigned_count = 4;
	revoke_and_assign();
	fixture_settle(&f);
	assert_string_equal(called, "a ");
	assert_true(wr_health_ready(f.health));
}

static void and_so_it_does_for_a_topic_that_no_policy_names(void **state)
{
	(void)state;
	f.topics[f.topic_count++] = (struct wr_source_topic){"p.retry.7m", 1};
	start();
	send("a", "k");
	assert_string_equal(called, "");
}

static void but_not_for_one_with_partitions_of_its_own(void **state)
{
	(void)state;
	f.topics[f.topic_count++] = (struct wr_source_topic){"p.retry.7m", 12};
	start();
	send("a", "k");
	assert_string_equal(called, "a ");
}

static void a_tier_with_too_few_partitions_is_waited_for(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		f.partitions[i].pub.id = 1;
	f.topics[IN].partitions = f.topics[SHORT].partitions = 2;
	start();
	send("a", "k");
	assert_string_equal(called, "");
}

/* A retry partition whose source is read by another lane is that lane's to judge. */
static void a_retry_partition_alone_is_not_read(void **state)
{
	struct fixture_write write = forged_first("");

	(void)state;
	for (int i = 0; i < 3; i++)
		f.assigned[i] = f.assigned[i + 1];
	f.assigned_count = 3;
	fixture_redeliver(&f, SHORT, &write);
	start();
	fixture_pass_ms(&f, 10000);
	assert_string_equal(called, "");
}

static void a_broken_producer_makes_it_read_the_log_again(void **state)
{
	(void)state;
	failing = "a";
	f.holds_acks = true;
	send("a", "k");
	send("b", "k");
	/* The records are lost, and with them what was known of the key. */
	f.broken = true;
	failing = "";
	fixture_pass_ms(&f, 1000);
	fixture_pass_ms(&f, 1000);
	fixture_ack(&f);
	assert_string_equal(called, "a a b ");
	assert_out(0, "a");
	assert_out(1, "b");
}

static void so_does_an_aborted_transaction(void **state)
{
	(void)state;
	failing = "a";
	send("a", "k");
	send("b", "k");
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 2);
	f.txn_answer = WR_EREFUSED;
	fixture_pass_ms(&f, 100);
	failing = "";
	fixture_pass_ms(&f, 100);
	fixture_pass_ms(&f, 100);
	assert_string_equal(called, "a a b ");
	assert_out(0, "a");
	assert_out(1, "b");
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 2);
}

static void the_source_waits_when_too_much_is_parked(void **state)
{
	(void)state;
	f.budget.parked = 256; /* two records */
	start();
	failing = "a";
	send("a1", "k1");
	send("a2", "k2");
	append(SHORT, 0);
	append(SHORT, 1);
	send("b", "other");
	fixture_pass_ms(&f, 1000);
	assert_string_equal(called, "a1 a2 ");
	failing = "";
	fixture_pass_ms(&f, 4000);
	fixture_pass_ms(&f, 100);
	assert_string_equal(called, "a1 a2 a1 a2 b ");
}

/* ---- changes of the policy ---- */

static void change_mode(enum wr_conf_retry_mode mode)
{
	struct wr_program *old = wr_lane_program(f.lane);

	for (int i = 0; i < FIXTURE_STAGES; i++)
		f.stages[i].retry.mode = mode;
	assert_null(wr_lane_adopt(f.lane, fixture_program(&f, 43, NULL)));
	fixture_settle(&f);
	assert_int_equal(wr_program_state(old), WR_PROGRAM_LEFT);
	wr_program_destroy(old);
}

static void what_is_parked_keeps_its_order_when_another_policy_follows(void **state)
{
	static const enum wr_conf_retry_mode modes[] = {WR_RETRY_TOPIC, WR_RETRY_INLINE};

	for (int i = 0; i < 2; i++) {
		if (i > 0)
			set_up(state);
		failing = "a";
		send("a", "k");
		change_mode(modes[i]);
		send("b", "k");
		assert_behind(parked("p.retry.5s", 1), "b", "0");
		append(SHORT, 0);
		append(SHORT, 1);
		failing = "";
		fixture_pass_ms(&f, 5000);
		assert_string_equal(called, "a a b ");
		failing = "c";
		send("c", "k");
		send("d", "k");
		if (modes[i] == WR_RETRY_TOPIC)
			assert_out(2, "d"); /* the new policy's order: none */
		if (i == 0)
			fixture_fini(&f);
	}
}

static void a_commit_tells_whoever_starts_with_another_policy(void **state)
{
	(void)state;
	failing = "a";
	send("a", "k");
	append(SHORT, 0);
	fixture_pass_ms(&f, 200);
	assert_true(wr_mark_metadata_is_parked(
	    wr_bytes(f.partitions[IN].metadata, f.partitions[IN].metadata_size)));
	failing = "";
	fixture_pass_ms(&f, 5000);
	send("b", "k");
	fixture_pass_ms(&f, 200);
	assert_false(wr_mark_metadata_is_parked(
	    wr_bytes(f.partitions[IN].metadata, f.partitions[IN].metadata_size)));
}

static void and_it_looks_at_what_is_parked(void **state)
{
	struct fixture_write write = forged_first("");
	const struct wr_mark mark = {.start = 0, .next = 0};

	(void)state;
	prepare(WR_RETRY_TOPIC);
	f.partitions[IN].committed = 0;
	f.partitions[IN].metadata_size = wr_mark_metadata_add_parked(
	    f.partitions[IN].metadata, wr_mark_metadata_encode(&mark, f.partitions[IN].metadata));
	fixture_redeliver(&f, SHORT, &write);
	start();
	send("z", "other");
	send("b", "k");
	assert_string_equal(called, "z ");
	assert_behind(parked("p.retry.5s", 0), "b", "0");
}

/* What was to be read next is gone; the group hears so before anything is read. */
static void a_jump_says_that_keys_are_parked_still(void **state)
{
	const struct wr_mark mark = {.start = 0, .next = 0};

	(void)state;
	prepare(WR_RETRY_TOPIC);
	f.partitions[IN].committed = 0;
	f.partitions[IN].metadata_size = wr_mark_metadata_add_parked(
	    f.partitions[IN].metadata, wr_mark_metadata_encode(&mark, f.partitions[IN].metadata));
	fixture_send(&f, IN, "gone", "k");
	fixture_send(&f, IN, "left", "other");
	f.partitions[IN].low = 1;
	f.holds_acks = true;
	start();
	fixture_settle(&f);
	assert_int_equal(f.partitions[IN].committed, 1);
	assert_true(wr_mark_metadata_is_parked(
	    wr_bytes(f.partitions[IN].metadata, f.partitions[IN].metadata_size)));
	f.holds_acks = false;
	fixture_settle(&f);
}

static void a_policy_that_keeps_order_begins_with_a_look_around(void **state)
{
	(void)state;
	prepare(WR_RETRY_INLINE);
	f.assigned_count = 1;
	f.topic_count = 1;
	start();
	send("a", "k");
	assert_string_equal(called, "a ");
	f.topic_count = 4;
	change_mode(WR_RETRY_KEY);
	assert_int_equal(f.refreshes, 1);
	send("b", "k");
	assert_string_equal(called, "a ");
	f.assigned_count = 4;
	revoke_and_assign();
	fixture_settle(&f);
	assert_string_equal(called, "a b ");
}

static void what_waits_for_its_retry_topics_goes_on_when_no_policy_needs_them(void **state)
{
	(void)state;
	f.assigned_count = 2; /* the long tier's is another's */
	start();
	send("a", "k");
	assert_string_equal(called, "");
	change_mode(WR_RETRY_INLINE);
	assert_string_equal(called, "a ");
	assert_true(wr_health_ready(f.health));
}

/* The last commit that says that keys are parked never came to be. */
static void what_is_parked_is_not_forgotten_where_offsets_are_asked_for_again(void **state)
{
	(void)state;
	failing = "a";
	f.commit_failures_left = 100;
	send("a", "k");
	append(SHORT, 0);
	change_mode(WR_RETRY_INLINE);
	f.next_event = WR_SOURCE_ASTRAY;
	fixture_settle(&f);
	assert_int_equal(f.refreshes, 1);
	send("b", "k");
	assert_string_equal(called, "a ");
	assert_behind(parked("p.retry.5s", 1), "b", "0");
}

static void so_does_a_retry_partition_alone(void **state)
{
	struct fixture_write write = forged_first("");

	(void)state;
	f.assigned[0] = f.assigned[SHORT];
	f.assigned_count = 1;
	fixture_redeliver(&f, SHORT, &write);
	start();
	fixture_pass_ms(&f, 10000);
	assert_string_equal(called, "");
	change_mode(WR_RETRY_TOPIC);
	assert_string_equal(called, "x ");
}

/* An outage holds what it meets in the lane; what left before it keeps its followers. */
static void while_a_circuit_is_open_keys_wait_in_the_lane(void **state)
{
	(void)state;
	f.stages[1].retry.circuit_failures = 2;
	f.stages[1].retry.probe_initial_ms = f.stages[1].retry.probe_max_ms = 1000;
	start();
	failing = "a";
	send("a1", "k1");
	fixture_send(&f, IN, "a2", "k2");
	fixture_send(&f, IN, "b", "k2");
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 1);
	failing = "";
	for (int i = 0; i < 30; i++)
		fixture_pass_ms(&f, 1000);
	assert_out(0, "a2");
	assert_out(1, "b");
}

static void and_wait_for_a_probe_not_for_their_tier(void **state)
{
	(void)state;
	f.stages[1].retry.circuit_failures = 2;
	f.stages[1].retry.probe_initial_ms = f.stages[1].retry.probe_max_ms = 100;
	start();
	failing = "a";
	send("a1", "k1");
	send("a2", "k2");
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 1);
	failing = "";
	for (int i = 0; i < 4; i++)
		fixture_pass_ms(&f, 100);
	assert_out(0, "a2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(whoever_gets_the_partition_knows_what_is_parked),
	    ALONE(nothing_is_read_before_a_transaction_of_the_one_before_is_decided),
	    ALONE(a_record_without_a_time_is_parked_since_it_was_seen),
	    ALONE(a_partition_without_those_of_its_retry_topics_waits_for_them),
	    ALONE(and_so_it_does_for_a_topic_that_no_policy_names),
	    ALONE(but_not_for_one_with_partitions_of_its_own),
	    ALONE(a_tier_with_too_few_partitions_is_waited_for),
	    ALONE(a_retry_partition_alone_is_not_read),
	    RULE(a_broken_producer_makes_it_read_the_log_again),
	    cmocka_unit_test_setup_teardown(so_does_an_aborted_transaction, set_up_exactly_once,
					    tear_down),
	    ALONE(the_source_waits_when_too_much_is_parked),
	    RULE(what_is_parked_keeps_its_order_when_another_policy_follows),
	    RULE(a_commit_tells_whoever_starts_with_another_policy),
	    ALONE(and_it_looks_at_what_is_parked),
	    ALONE(a_jump_says_that_keys_are_parked_still),
	    ALONE(a_policy_that_keeps_order_begins_with_a_look_around),
	    RULE(what_is_parked_is_not_forgotten_where_offsets_are_asked_for_again),
	    ALONE(what_waits_for_its_retry_topics_goes_on_when_no_policy_needs_them),
	    ALONE(so_does_a_retry_partition_alone),
	    ALONE(while_a_circuit_is_open_keys_wait_in_the_lane),
	    ALONE(and_wait_for_a_probe_not_for_their_tier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
