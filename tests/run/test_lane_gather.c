/* Retry records and dead letters wait a moment for others, while others are on their way. */
#include "config.h"

#include "tests/run/lane_fixture.h"

#include <string.h>

enum { LINGER_MS = 5, GATHER_MS = 100 };

static struct fixture f;

/* Ids "r..." ask for a retry at the second stage, "e..." emit before that too. */
static enum weir_verdict handler(struct weir_call *call, const struct weir_event *ev,
				 struct weir_result *res, int stage)
{
	struct weir_record record = {.size = sizeof(record), .value = {"emitted", 7}};
	char first = ((const char *)ev->id.data)[0];

	if (stage == 0)
		return first != 'e' || call->host->emit(call, res, 1, &record) ? WEIR_OK
									       : WEIR_FAIL;
	if (first == 'd')
		return WEIR_FAIL;
	return first == 'r' || first == 'e' ? WEIR_RETRY : WEIR_OK;
}

static int set_up(void **state)
{
	struct wr_conf_retry *retry = &f.stages[1].retry;

	(void)state;
	fixture_init(&f);
	f.conf.batch.linger_ms = LINGER_MS;
	retry->mode = WR_RETRY_TOPIC;
	retry->tiers_ms[0] = 5000;
	retry->tier_count = 1;
	f.holds_acks = true;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_fini(&f);
	return 0;
}

static void send_batch(const char *first)
{
	fixture_send(&f, 0, first, NULL);
	for (int i = 0; i < 3; i++)
		fixture_send(&f, 0, i == 0 ? "a" : i == 1 ? "b" : "c", NULL);
}

/* A batch whose first event is this one, and one event that waits for others to become the next. */
static void send_with_company(const char *first)
{
	send_batch(first);
	fixture_send(&f, 0, "x", NULL);
	fixture_settle(&f);
}

static size_t retries(void)
{
	return fixture_written(&f, "p.retry.5s");
}

static void a_lane_with_nothing_else_to_do_writes_at_once(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_batch("r");
	fixture_settle(&f);
	assert_int_equal(retries(), 1);
}

static void a_retry_record_waits_for_those_of_the_next_batch(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_with_company("r1");
	assert_int_equal(fixture_written(&f, "out"), 3);
	assert_int_equal(retries(), 0);
	fixture_send(&f, 0, "r2", NULL);
	fixture_pass_ms(&f, LINGER_MS);
	assert_int_equal(retries(), 2);
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "p.retry.5s", 0), "weir-event-id", "r1"));
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "p.retry.5s", 1), "weir-event-id", "r2"));
}

static void a_dead_letter_waits_with_it(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_with_company("d");
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	fixture_pass_ms(&f, LINGER_MS);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
}

static void it_waits_so_long_and_its_delay_counts_from_before(void **state)
{
	int64_t failed_ms;

	(void)state;
	fixture_begin(&f, handler);
	send_with_company("r");
	failed_ms = wr_clock_wall_ms(&f.clock.clock);
	f.store_down = true; /* the next batch does not come as far as being written */
	fixture_pass_ms(&f, GATHER_MS - 1);
	assert_int_equal(retries(), 0);
	fixture_pass_ms(&f, 1);
	assert_int_equal(retries(), 1);
	assert_int_equal(fixture_write_to(&f, "p.retry.5s", 0)->timestamp_ms, failed_ms);
}

static void its_batch_does_not_retire_meanwhile(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_with_company("r");
	f.store_down = true;
	fixture_ack(&f);
	fixture_pass_ms(&f, GATHER_MS - 1);
	assert_int_equal(wr_lane_in_flight(f.lane), 2);
	fixture_pass_ms(&f, 1);
	fixture_ack(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), 1);
}

/* What waits is finished work: others go on beside it. */
static void the_window_takes_more_meanwhile(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_batch("r");
	for (int i = 0; i < 4; i++)
		send_batch("a");
	fixture_send(&f, 0, "x", NULL);
	fixture_settle(&f);
	assert_true(wr_lane_in_flight(f.lane) > (uint32_t)f.conf.batch.in_flight);
	assert_int_equal(retries(), 0);
	fixture_pass_ms(&f, GATHER_MS);
	assert_int_equal(retries(), 1);
	fixture_ack(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), 0);
}

/* As before, until the answers are there: the lane does not stand still for a round trip each time. */
static void the_window_takes_more_until_it_is_acknowledged(void **state)
{
	uint32_t before;

	(void)state;
	fixture_begin(&f, handler);
	send_batch("r");
	for (int i = 0; i < f.conf.batch.in_flight; i++)
		send_batch("a");
	fixture_send(&f, 0, "x", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, GATHER_MS);
	assert_int_equal(retries(), 1);
	before = wr_lane_in_flight(f.lane);
	assert_true(before > (uint32_t)f.conf.batch.in_flight);
	send_batch("a");
	fixture_settle(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), before + 1);
	fixture_ack(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), 0);
	for (int i = 0; i < f.conf.batch.in_flight + 1; i++)
		send_batch((const char *[]){"g1", "g2", "g3", "g4"}[i]);
	fixture_settle(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), f.conf.batch.in_flight);
}

/* They make room when their claims are there, and need nobody to retire before. */
static void a_window_full_of_what_comes_hurries_nobody(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_with_company("r");
	f.store_down = true;
	for (int i = 0; i < f.conf.batch.in_flight + 1; i++)
		send_batch("a");
	fixture_settle(&f);
	fixture_ack(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), f.conf.batch.in_flight + 1);
	assert_int_equal(retries(), 0);
	fixture_pass_ms(&f, GATHER_MS);
	assert_int_equal(retries(), 1);
}

static void who_gives_partitions_up_does_not_wait(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_with_company("r");
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	assert_int_equal(retries(), 1);
	fixture_ack(&f);
	assert_int_equal(f.partitions[0].committed, 4);
}

static void a_full_sink_is_tried_again(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_with_company("r");
	f.room = 0;
	fixture_pass_ms(&f, GATHER_MS);
	assert_int_equal(retries(), 0);
	f.room = SIZE_MAX;
	fixture_pass_ms(&f, 200);
	assert_int_equal(retries(), 1);
}

static void a_window_that_is_dropped_forgets_it_and_reads_it_again(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_with_company("r");
	fixture_answer(&f, 0, WR_EUNKNOWN, NULL);
	fixture_settle(&f);
	assert_int_equal(retries(), 0);
	for (int i = 0; i < 3; i++)
		fixture_pass_ms(&f, 1000);
	assert_int_equal(retries(), 1);
	fixture_ack(&f);
	fixture_pass_ms(&f, 1000);
	assert_int_equal(wr_lane_in_flight(f.lane), 0);
	assert_int_equal(f.partitions[0].committed, 5);
}

/* Its event is a dead letter by then, and nothing must take it up again. */
static void one_whose_emitted_record_is_refused_is_not_written(void **state)
{
	(void)state;
	fixture_begin(&f, handler);
	send_with_company("e");
	assert_string_equal(f.writes[0].topic, "alerts");
	fixture_answer(&f, 0, WR_EREFUSED, "MSG_SIZE_TOO_LARGE");
	fixture_pass_ms(&f, GATHER_MS);
	fixture_ack(&f);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_int_equal(retries(), 0);
	assert_int_equal(fixture_written(&f, "out"), 4);
	fixture_ack(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), 0);
}

static void what_is_written_at_one_time_goes_to_one_partition(void **state)
{
	int32_t first;

	(void)state;
	f.topics[0] = (struct wr_source_topic){"in", 3};
	f.topics[1] = (struct wr_source_topic){"p.retry.5s", 3};
	f.topic_count = 2;
	fixture_begin(&f, handler);
	send_with_company("r1");
	fixture_send(&f, 0, "r2", NULL);
	fixture_pass_ms(&f, LINGER_MS);
	fixture_ack(&f);
	fixture_send(&f, 0, "r3", NULL);
	fixture_settle(&f);
	first = fixture_write_to(&f, "p.retry.5s", 0)->partition;
	assert_in_range(first, 0, 2);
	assert_int_equal(fixture_write_to(&f, "p.retry.5s", 1)->partition, first);
	assert_int_equal(fixture_write_to(&f, "p.retry.5s", 2)->partition, (first + 1) % 3);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_lane_with_nothing_else_to_do_writes_at_once),
	    RULE(a_retry_record_waits_for_those_of_the_next_batch),
	    RULE(a_dead_letter_waits_with_it),
	    RULE(it_waits_so_long_and_its_delay_counts_from_before),
	    RULE(its_batch_does_not_retire_meanwhile),
	    RULE(the_window_takes_more_meanwhile),
	    RULE(the_window_takes_more_until_it_is_acknowledged),
	    RULE(a_window_full_of_what_comes_hurries_nobody),
	    RULE(who_gives_partitions_up_does_not_wait),
	    RULE(a_full_sink_is_tried_again),
	    RULE(a_window_that_is_dropped_forgets_it_and_reads_it_again),
	    RULE(one_whose_emitted_record_is_refused_is_not_written),
	    RULE(what_is_written_at_one_time_goes_to_one_partition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
