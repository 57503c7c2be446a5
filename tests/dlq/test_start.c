/*
 * Jobs that are stopped, resumed, cancelled and listed, and values that are edited, on librdkafka's mock cluster.
 */
#include "config.h"

#include "tests/dlq/running.h"

static void jobs_that_are_forgotten_are_listed_no_more(void **state)
{
	char id[WR_DLQ_JOB_BYTES];
	const char *ids[] = {id};
	struct wr_dlq_job *jobs;
	size_t count;

	(void)state;
	put((struct letter){.class_name = "exhausted"});
	open_topic();
	redrive_at_most(3);
	assert_int_equal(wr_dlq_run_if_any(&run, &err), WR_OK);
	memcpy(id, job.id, sizeof(id));
	assert_int_equal(wr_dlq_jobs_load(dlq, &jobs, &count, NULL), WR_OK);
	assert_int_equal(count, 1);
	wr_dlq_jobs_free(jobs, count);
	assert_int_equal(wr_dlq_run_forget(&run, ids, 1, &err), WR_OK);
	assert_int_equal(wr_dlq_jobs_load(dlq, &jobs, &count, NULL), WR_OK);
	assert_int_equal(count, 0);
	wr_dlq_jobs_free(jobs, count);
	assert_int_equal(state_of(0, 0), WR_DLQ_REPLAYED);
}

static void write_down(struct wr_dlq_job written, const char *id)
{
	struct wr_buf text = WR_BUF_INIT;
	char state[64], key[64];

	snprintf(written.id, sizeof(written.id), "%s", id);
	snprintf(state, sizeof(state), "%s.weir-state", topic);
	snprintf(key, sizeof(key), "job/%s", id);
	assert_int_equal(wr_dlq_job_json(&written, &text), WR_OK);
	assert_int_equal(rd_kafka_producev(cluster_producer, RD_KAFKA_V_TOPIC(state),
					   RD_KAFKA_V_KEY(key, strlen(key)),
					   RD_KAFKA_V_VALUE(text.data, text.size),
					   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					   RD_KAFKA_V_END),
			 RD_KAFKA_RESP_ERR_NO_ERROR);
	wr_buf_fini(&text);
}

static void write_job_down(const char *id, int64_t created_ms)
{
	write_down((struct wr_dlq_job){.created_ms = created_ms, .state = WR_DLQ_DONE}, id);
}

static void write_running_job_down(const char *id, struct wr_dlq_range *range)
{
	write_down((struct wr_dlq_job){.ranges = range, .range_count = 1}, id);
}

/* The random part of an id says nothing of the time. */
static void jobs_of_one_second_are_listed_the_newest_first(void **state)
{
	static const char *const wanted[] = {"20260101-000001-000000", "20260101-000000-aaaaaa",
					     "20260101-000000-cccccc", "20260101-000000-bbbbbb"};
	struct wr_dlq_job *jobs;
	size_t count;

	(void)state;
	write_job_down("20260101-000000-cccccc", 2);
	write_job_down("20260101-000001-000000", 1000);
	write_job_down("20260101-000000-aaaaaa", 3);
	write_job_down("20260101-000000-bbbbbb", 2);
	open_topic();
	assert_int_equal(wr_dlq_jobs_load(dlq, &jobs, &count, &err), WR_OK);
	assert_int_equal(count, UNIT_COUNT_OF(wanted));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(jobs[i].id, wanted[i]);
	wr_dlq_jobs_free(jobs, count);
}

static void an_edited_value_goes_with_its_original(void **state)
{
	struct replays found;

	(void)state;
	put((struct letter){.value = "{\"n\":1}"});
	open_topic();
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("0/0"), NULL), WR_OK);
	run.edited = wr_bytes_of("{\"n\":2}");
	run_job();
	found = replays();
	assert_string_equal(found.value, "{\"n\":2}");
	assert_string_equal(found.original, "{\"n\":1}");
}

static void an_edited_value_keeps_the_event_id_or_nothing_is_written(void **state)
{
	(void)state;
	put((struct letter){.id = "e1", .value = "{\"id\":\"e1\"}"});
	open_topic();
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("0/0"), NULL), WR_OK);
	run.edited = wr_bytes_of("{\"id\":\"e2\"}");
	assert_int_equal(wr_dlq_run_new(&run, &err), WR_EINVAL);
	assert_non_null(strstr(err.text, "\"e2\""));
	assert_int_equal(wr_dlq_run_create(&run, &err), WR_EINVAL);
	run.edited = wr_bytes_of("{\"id\":");
	run.dry_run = true;
	assert_int_equal(wr_dlq_run_new(&run, &err), WR_EINVAL);
	assert_non_null(strstr(err.text, "line 1, column 7"));
	assert_int_equal(replays().count, 0);
	assert_int_equal(state_of(0, 0), WR_DLQ_OPEN);
	assert_int_equal(dlq->state_next, 0);
}

/* What is not sent in any case is counted as ever. */
static void an_edited_value_of_a_letter_that_does_not_go_is_not_judged(void **state)
{
	(void)state;
	put((struct letter){.pipeline = "another", .id = "e1"});
	put((struct letter){.class_name = "nonsense", .id = "e2"});
	open_topic();
	for (int i = 0; i < 3; i++) {
		char id[8];

		snprintf(id, sizeof(id), "0/%d", i);
		assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of(id), NULL), WR_OK);
		run.edited = wr_bytes_of("no JSON");
		run_job();
		assert_int_equal(job.counts[WR_DLQ_FINISHED], 0);
		assert_int_equal(job.counts[WR_DLQ_REFUSED_PIPELINE], i == 0);
		assert_int_equal(job.counts[WR_DLQ_REFUSED_BROKEN], i == 1);
		assert_int_equal(job.counts[WR_DLQ_SKIPPED], i == 2);
		wr_dlq_job_fini(&job);
		job.who = strdup("me");
	}
}

static void an_edited_value_is_for_one_letter(void **state)
{
	(void)state;
	open_topic();
	run.edited = wr_bytes_of("{}");
	assert_int_equal(wr_dlq_run_new(&run, &err), WR_EINVAL);
}

static void a_stopped_job_goes_on_where_it_was(void **state)
{
	_Atomic bool stop = true;
	char id[WR_DLQ_JOB_BYTES];

	(void)state;
	for (int i = 0; i < 10; i++)
		put((struct letter){.partition = i % 2});
	open_topic();
	run.stop = &stop;
	assert_int_equal(wr_dlq_run_new(&run, &err), WR_OK);
	assert_int_equal(job.state, WR_DLQ_RUNNING);
	assert_int_equal(replays().count, 0);
	memcpy(id, job.id, sizeof(id));
	wr_dlq_job_fini(&job);
	stop = false;
	assert_int_equal(wr_dlq_run_resume(&run, id, &err), WR_OK);
	assert_int_equal(job.state, WR_DLQ_DONE);
	assert_int_equal(job.counts[WR_DLQ_FINISHED], 10);
	assert_int_equal(replays().count, 10);
	wr_dlq_job_fini(&job);
	assert_int_equal(wr_dlq_run_resume(&run, id, &err), WR_EEXIST);
	assert_int_equal(replays().count, 10);
}

struct audits {
	int count, by_bob;
};

static bool take_audit(void *arg, const struct wr_dlq_record *record)
{
	struct audits *found = arg;
	char key[96], value[2048];

	keep(key, sizeof(key), record->key);
	keep(value, sizeof(value), record->value);
	if (strncmp(key, "audit/resumed/", 14) != 0)
		return true;
	found->count++;
	assert_non_null(strstr(key, job.id));
	assert_non_null(strstr(value, "\"act\":\"replay resumed\""));
	assert_non_null(strstr(value, "\"who\":\"me\"")); /* whose job it is */
	found->by_bob += strstr(value, "\"by\":\"bob@there\"") != NULL;
	return true;
}

static struct audits audits_of_resumes(void)
{
	struct audits found = {.count = 0};

	assert_int_equal(wr_dlq_state_read(dlq, take_audit, &found, &err), WR_OK);
	return found;
}

static void stop_now(void *arg, const struct wr_dlq_job *of)
{
	_Atomic bool *stop = arg;

	(void)of;
	atomic_store(stop, true);
}

/* The engine, which goes on by itself with what it had begun, is not somebody. */
static void who_resumes_a_job_is_on_record_each_time(void **state)
{
	static const char *const who[] = {"bob@there", "bob@there", NULL};
	_Atomic bool stop = false;
	char id[WR_DLQ_JOB_BYTES];

	(void)state;
	for (int i = 0; i < 5; i++)
		put((struct letter){.code = "x"});
	open_topic();
	job.rate = 1; /* a letter a step */
	run.stop = &stop;
	run.progress = stop_now;
	run.arg = &stop;
	assert_int_equal(wr_dlq_run_new(&run, &err), WR_OK);
	memcpy(id, job.id, sizeof(id));
	for (size_t i = 0; i < UNIT_COUNT_OF(who); i++) {
		wr_dlq_job_fini(&job);
		stop = false;
		run.who = who[i];
		assert_int_equal(wr_dlq_run_resume(&run, id, &err), WR_OK);
		assert_int_equal(job.state, WR_DLQ_RUNNING);
		assert_int_equal(job.counts[WR_DLQ_FINISHED], i + 2);
		assert_null(run.who); /* it is on record */
	}
	assert_int_equal(audits_of_resumes().count, 2);
	assert_int_equal(audits_of_resumes().by_bob, 2);
}

static void an_edited_value_survives_a_stop(void **state)
{
	_Atomic bool stop = true;
	char id[WR_DLQ_JOB_BYTES];

	(void)state;
	put((struct letter){.code = "x"});
	open_topic();
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("0/0"), NULL), WR_OK);
	run.edited = wr_bytes_of("{\"kept\":1}");
	run.stop = &stop;
	assert_int_equal(wr_dlq_run_new(&run, &err), WR_OK);
	memcpy(id, job.id, sizeof(id));
	wr_dlq_job_fini(&job);
	run.edited = wr_bytes(NULL, 0);
	stop = false;
	assert_int_equal(wr_dlq_run_resume(&run, id, &err), WR_OK);
	assert_string_equal(replays().value, "{\"kept\":1}");
}

static void a_cancelled_job_is_over(void **state)
{
	struct wr_dlq_job *jobs;
	char id[WR_DLQ_JOB_BYTES];
	size_t count;

	(void)state;
	put((struct letter){.code = "x"});
	open_topic();
	assert_int_equal(wr_dlq_run_create(&run, &err), WR_OK);
	memcpy(id, job.id, sizeof(id));
	wr_dlq_job_fini(&job);
	assert_int_equal(wr_dlq_run_cancel(&run, id, &err), WR_OK);
	assert_int_equal(job.state, WR_DLQ_CANCELLED);
	assert_int_equal(wr_dlq_jobs_load(dlq, &jobs, &count, &err), WR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(jobs[0].state, WR_DLQ_CANCELLED);
	assert_string_equal(jobs[0].who, "me");
	wr_dlq_jobs_free(jobs, count);
	wr_dlq_job_fini(&job);
	assert_int_equal(wr_dlq_run_resume(&run, id, &err), WR_EEXIST);
	assert_int_equal(replays().count, 0);
}

static void who_ran_a_job_that_was_cancelled_learns_by_whom(void **state)
{
	char id[WR_DLQ_JOB_BYTES];

	(void)state;
	put((struct letter){.code = "x"});
	open_topic();
	assert_int_equal(wr_dlq_run_create(&run, &err), WR_OK);
	memcpy(id, job.id, sizeof(id));
	wr_dlq_job_fini(&job);
	run.who = "bob@there";
	assert_int_equal(wr_dlq_run_cancel(&run, id, &err), WR_OK);
	wr_dlq_job_fini(&job);
	memcpy(job.id, id, sizeof(id));
	assert_int_equal(wr_dlq_run_learn(&run, &err), WR_EEXIST);
	assert_non_null(strstr(err.text, "was cancelled by bob@there"));
	assert_int_equal(job.state, WR_DLQ_CANCELLED);
	assert_string_equal(job.who, "me");
}

static void who_ran_a_job_that_goes_on_elsewhere_learns_that(void **state)
{
	_Atomic bool stop = true;

	(void)state;
	put((struct letter){.code = "x"});
	open_topic();
	assert_int_equal(wr_dlq_run_create(&run, &err), WR_OK);
	run.stop = &stop;
	assert_int_equal(wr_dlq_run_learn(&run, &err), WR_ECLOSED);
	assert_non_null(strstr(err.text, "has taken job"));
	memcpy(job.id, "20260101-000000-abcdef", sizeof("20260101-000000-abcdef"));
	assert_int_equal(wr_dlq_run_learn(&run, &err), WR_ENOTFOUND);
}

static void a_job_that_means_partitions_that_are_not_there_can_only_be_cancelled(void **state)
{
	const char *id = "20260101-000000-aaaaaa";
	struct wr_dlq_range range = {7, 0, INT64_MAX};

	(void)state;
	write_running_job_down(id, &range);
	open_topic();
	wr_dlq_job_fini(&job);
	assert_int_equal(wr_dlq_run_resume(&run, id, &err), WR_EINVAL);
	assert_non_null(strstr(err.text, "goes through partition 7"));
	wr_dlq_job_fini(&job);
	assert_int_equal(wr_dlq_run_cancel(&run, id, &err), WR_OK);
	assert_int_equal(job.state, WR_DLQ_CANCELLED);
}

static void a_job_is_asked_to_cancel_between_two_steps(void **state)
{
	_Atomic bool cancel = true;

	(void)state;
	put((struct letter){.code = "x"});
	open_topic();
	run.cancel = &cancel;
	assert_int_equal(wr_dlq_run_new(&run, &err), WR_OK);
	assert_int_equal(job.state, WR_DLQ_CANCELLED);
	assert_int_equal(replays().count, 0);
}

static void a_job_that_is_not_there_is_not_found(void **state)
{
	(void)state;
	open_topic();
	wr_dlq_job_fini(&job);
	assert_int_equal(wr_dlq_run_resume(&run, "20200101-000000-000000", &err), WR_ENOTFOUND);
	assert_non_null(strstr(err.text, "20200101-000000-000000"));
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(jobs_that_are_forgotten_are_listed_no_more),
	    RULE(jobs_of_one_second_are_listed_the_newest_first),
	    RULE(an_edited_value_goes_with_its_original),
	    RULE(an_edited_value_keeps_the_event_id_or_nothing_is_written),
	    RULE(an_edited_value_of_a_letter_that_does_not_go_is_not_judged),
	    RULE(an_edited_value_is_for_one_letter),
	    RULE(a_stopped_job_goes_on_where_it_was),
	    RULE(who_resumes_a_job_is_on_record_each_time),
	    RULE(an_edited_value_survives_a_stop),
	    RULE(a_cancelled_job_is_over),
	    RULE(who_ran_a_job_that_was_cancelled_learns_by_whom),
	    RULE(who_ran_a_job_that_goes_on_elsewhere_learns_that),
	    RULE(a_job_that_means_partitions_that_are_not_there_can_only_be_cancelled),
	    RULE(a_job_is_asked_to_cancel_between_two_steps),
	    RULE(a_job_that_is_not_there_is_not_found),
	};

	wr_log_set_level(WR_LOG_ERROR);
	if (HAS_TSAN)
		return SKIP;
	return cmocka_run_group_tests(tests, start, cluster_stop);
}
