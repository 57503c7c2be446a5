/*
 * What jobs do with dead letters, on librdkafka's mock cluster, which has producers with transactions but shows what is
 * aborted: what a killed job leaves is tested on a real Kafka, by tests/system/test_dlq.py.
 */
#include "config.h"

#include "tests/dlq/running.h"

static void all_that_match_go_round_once_and_are_open_no_more(void **state)
{
	struct replays found;

	(void)state;
	for (int i = 0; i < 50; i++)
		put((struct letter){.partition = i % 2, .code = i < 20 ? "busy" : "other"});
	open_topic();
	select_by("code", "busy");
	run_job();
	assert_int_equal(job.counts[WR_DLQ_SELECTED], 20);
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 20);
	found = replays();
	assert_int_equal(found.count, 20);
	assert_string_equal(found.stage, "fraud");
	assert_int_equal(state_of(0, 9), WR_DLQ_REPLAYED);
	assert_int_equal(state_of(0, 10), WR_DLQ_OPEN);
	/* Once more finds none. */
	wr_dlq_job_fini(&job);
	select_by("code", "busy");
	run_job();
	assert_int_equal(job.counts[WR_DLQ_SELECTED], 0);
	assert_int_equal(replays().count, 20);
}

static void ids_that_are_gone_or_done_are_skipped(void **state)
{
	static const char *const ids[] = {"0/0", "0/2", "0/99", "1/0"};

	(void)state;
	for (int i = 0; i < 6; i++)
		put((struct letter){.partition = i % 2});
	open_topic();
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("0/2"), NULL), WR_OK);
	run_job();
	wr_dlq_job_fini(&job);
	for (size_t i = 0; i < UNIT_COUNT_OF(ids); i++)
		assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of(ids[i]), NULL), WR_OK);
	run_job();
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 2);
	assert_int_equal(job.counts[WR_DLQ_SKIPPED], 2);
	assert_int_equal(replays().count, 3);
}

static void an_id_of_a_partition_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	put((struct letter){.partition = 0});
	open_topic();
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("0/0"), NULL), WR_OK);
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("7/1"), NULL), WR_OK);
	assert_int_equal(wr_dlq_run_new(&run, &err), WR_EINVAL);
	assert_non_null(strstr(err.text, "7/1: "));
	assert_non_null(strstr(err.text, " has no partition 7"));
	assert_int_equal(replays().count, 0);
}

static void what_must_not_go_round_is_refused_with_the_reason(void **state)
{
	(void)state;
	put((struct letter){.replays = "3"});
	put((struct letter){.class_name = "nonsense"});
	put((struct letter){.pipeline = "unknown"});
	put((struct letter){.resume = "start"});
	put((struct letter){.replays = "2"});
	open_topic();
	job.to = WR_DLQ_TO_STAGE;
	run_job();
	assert_int_equal(job.counts[WR_DLQ_SELECTED], 5);
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 1);
	assert_int_equal(job.counts[WR_DLQ_REFUSED_LOOP], 1);
	assert_int_equal(job.counts[WR_DLQ_REFUSED_BROKEN], 1);
	assert_int_equal(job.counts[WR_DLQ_REFUSED_PIPELINE], 1);
	assert_int_equal(job.counts[WR_DLQ_REFUSED_STAGE], 1);
	assert_int_equal(replays().count, 1);
	assert_int_equal(state_of(0, 0), WR_DLQ_OPEN);
	assert_int_equal(state_of(0, 1), WR_DLQ_OPEN);
}

static void redrives_do_not_count_for_the_loop_guard(void **state)
{
	(void)state;
	put((struct letter){.replays = "5", .redrives = "3"});
	put((struct letter){.replays = "5", .redrives = "2"});
	put((struct letter){.replays = "3", .redrives = "9"}); /* nobody of us wrote that */
	open_topic();
	run_job();
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 1);
	assert_int_equal(job.counts[WR_DLQ_REFUSED_LOOP], 2);
}

static void a_redrive_takes_what_is_of_its_classes_and_may_go_round_once_more(void **state)
{
	(void)state;
	put((struct letter){.class_name = "exhausted"});
	put((struct letter){.class_name = "permanent"});
	put((struct letter){.class_name = "timeout", .replays = "9", .redrives = "1"});
	put((struct letter){.class_name = "timeout", .replays = "2", .redrives = "2"});
	put((struct letter){.class_name = "exhausted", .redrives = "x"});
	put((struct letter){.class_name = "exhausted", .pipeline = "other"});
	open_topic();
	redrive_at_most(2);
	assert_int_equal(wr_dlq_run_if_any(&run, &err), WR_OK);
	assert_int_equal(job.state, WR_DLQ_DONE);
	assert_int_equal(job.counts[WR_DLQ_SELECTED], 2);
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 2);
	assert_int_equal(replays().count, 2);
	assert_string_equal(replays().redrives, "2");
	assert_int_equal(state_of(0, 0), WR_DLQ_REPLAYED);
	assert_int_equal(state_of(0, 1), WR_DLQ_OPEN);
	assert_int_equal(state_of(0, 2), WR_DLQ_REPLAYED);
	assert_int_equal(state_of(0, 3), WR_DLQ_OPEN);
}

static void a_redrive_with_nothing_to_do_writes_nothing_and_knows_how_far_it_looked(void **state)
{
	(void)state;
	put((struct letter){.class_name = "permanent"});
	put((struct letter){.class_name = "permanent"});
	open_topic();
	redrive_at_most(3);
	assert_int_equal(wr_dlq_run_if_any(&run, &err), WR_ENOTFOUND);
	assert_int_equal(dlq->state_next, 0);
	assert_int_equal(replays().count, 0);
	assert_int_equal(job.range_count, 2);
	assert_int_equal(job.ranges[0].end, 2);
}

static void a_redrive_passes_over_what_was_seen(void **state)
{
	const int64_t seen[] = {2, 99}; /* of the second more than there is: it was made anew */

	(void)state;
	for (int i = 0; i < 6; i++)
		put((struct letter){.partition = i % 2, .class_name = "exhausted"});
	open_topic();
	redrive_at_most(3);
	run.seen = seen;
	run.seen_count = 2;
	assert_int_equal(wr_dlq_run_if_any(&run, &err), WR_OK);
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 4);
	assert_int_equal(state_of(0, 1), WR_DLQ_OPEN);
	assert_int_equal(state_of(0, 2), WR_DLQ_REPLAYED);
	assert_int_equal(state_of(1, 0), WR_DLQ_REPLAYED);
}

static void force_lifts_the_loop_guard(void **state)
{
	(void)state;
	put((struct letter){.replays = "3"});
	open_topic();
	job.force = true;
	run_job();
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 1);
}

static void without_a_word_it_goes_to_the_stage_where_that_can_be(void **state)
{
	struct replays found;

	(void)state;
	put((struct letter){.resume = "start"});
	open_topic();
	run_job();
	found = replays();
	assert_int_equal(found.count, 1);
	assert_string_equal(found.stage, "");
}

static void a_dry_run_writes_nothing(void **state)
{
	(void)state;
	put((struct letter){.code = "busy"});
	put((struct letter){.replays = "9"});
	open_topic();
	run.dry_run = true;
	run_job();
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 1);
	assert_int_equal(job.counts[WR_DLQ_REFUSED_LOOP], 1);
	assert_int_equal(replays().count, 0);
	assert_int_equal(state_of(0, 0), WR_DLQ_OPEN);
	assert_int_equal(dlq->state_next, 0);
}

static void what_is_purged_is_open_no_more_and_not_sent(void **state)
{
	(void)state;
	put((struct letter){.code = "busy"});
	put((struct letter){.class_name = "nonsense"});
	open_topic();
	job.kind = WR_DLQ_PURGE;
	run.pipeline_count = 0;
	run_job();
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 2);
	assert_int_equal(state_of(0, 0), WR_DLQ_PURGED);
	assert_int_equal(state_of(0, 1), WR_DLQ_PURGED);
	assert_int_equal(replays().count, 0);
}

static void a_replay_needs_a_pipeline(void **state)
{
	(void)state;
	open_topic();
	run.pipeline_count = 0;
	assert_int_equal(wr_dlq_run_new(&run, &err), WR_EINVAL);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(all_that_match_go_round_once_and_are_open_no_more),
	    RULE(ids_that_are_gone_or_done_are_skipped),
	    RULE(an_id_of_a_partition_that_is_not_there_is_an_error),
	    RULE(what_must_not_go_round_is_refused_with_the_reason),
	    RULE(redrives_do_not_count_for_the_loop_guard),
	    RULE(a_redrive_takes_what_is_of_its_classes_and_may_go_round_once_more),
	    RULE(a_redrive_with_nothing_to_do_writes_nothing_and_knows_how_far_it_looked),
	    RULE(a_redrive_passes_over_what_was_seen),
	    RULE(force_lifts_the_loop_guard),
	    RULE(without_a_word_it_goes_to_the_stage_where_that_can_be),
	    RULE(a_dry_run_writes_nothing),
	    RULE(what_is_purged_is_open_no_more_and_not_sent),
	    RULE(a_replay_needs_a_pipeline),
	};

	wr_log_set_level(WR_LOG_ERROR);
	if (HAS_TSAN)
		return SKIP;
	return cmocka_run_group_tests(tests, start, cluster_stop);
}
