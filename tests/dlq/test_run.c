/*
 * Jobs on librdkafka's mock cluster, which has producers with transactions but shows what is aborted: what a killed job
 * leaves is tested on a real Kafka, by tests/system/test_dlq.py.
 */
#include "config.h"

#include "dlq/run.h"

#include "tests/dlq/cluster.h"

#include <stdlib.h>

static const struct wr_dlq_pipeline pipelines[] = {
    {.name = "payments",
     .source = "events",
     .rule = {
	 .is_known = true, .format = WR_FORMAT_JSON, .id_source = WR_ID_JSON, .id_name = "/id"}}};
static struct wr_dlq *dlq;
static struct wr_dlq_job job;
static struct wr_dlq_run run;
static struct wr_err err;
static char topic[32];
static int topics;

/* A topic of its own for each test. */
static int set_up(void **state)
{
	char name[64];

	(void)state;
	snprintf(topic, sizeof(topic), "d%d", ++topics);
	cluster_topic(topic, 2);
	snprintf(name, sizeof(name), "%s.weir-state", topic);
	cluster_topic(name, 1);
	return 0;
}

static void open_topic(void)
{
	cluster_flush();
	assert_int_equal(wr_dlq_open(cluster_conf(), "test", topic, &dlq, NULL), WR_OK);
	job.who = strdup("me");
	run = (struct wr_dlq_run){.dlq = dlq,
				  .kafka = cluster_conf(),
				  .pipelines = pipelines,
				  .pipeline_count = 1,
				  .job = &job};
}

static int tear_down(void **state)
{
	(void)state;
	wr_dlq_job_fini(&job);
	wr_dlq_close(dlq);
	dlq = NULL;
	return 0;
}

static void put(struct letter letter)
{
	letter.stage = letter.stage != NULL ? letter.stage : "fraud";
	letter.resume = letter.resume != NULL ? letter.resume : "stage";
	cluster_put(topic, &letter);
}

struct replays {
	int count;
	char from[64], value[64], stage[32], original[64];
	char redrives[16]; /* the most */
};

static void keep(char *to, size_t size, struct weir_bytes value)
{
	snprintf(to, size, "%.*s", (int)value.size,
		 value.data != NULL ? (const char *)value.data : "");
}

/* Of this topic's letters only: all tests share the retry topic. */
static bool take_replay(void *arg, const struct wr_dlq_record *record)
{
	struct replays *r = arg;
	struct wr_envelope e;
	char from[64];

	assert_int_equal(
	    wr_envelope_read(record->headers, record->header_count, WR_ENVELOPE_RETRY, &e, NULL),
	    WR_OK);
	keep(from, sizeof(from), e.replayed_from);
	if (strncmp(from, topic, strlen(topic)) != 0 || from[strlen(topic)] != '/')
		return true;
	assert_string_equal(record->headers[0].name, "content-type");
	assert_true(wr_bytes_equal(wr_bytes_from(e.owner), wr_bytes_of("0/events/0/7")));
	assert_true(wr_envelope_has(&e, WR_FIELD_REPLAY));
	r->count++;
	memcpy(r->from, from, sizeof(from));
	keep(r->value, sizeof(r->value), record->value);
	keep(r->stage, sizeof(r->stage), e.stage);
	if (e.redrives > strtoul(r->redrives, NULL, 10))
		snprintf(r->redrives, sizeof(r->redrives), "%u", e.redrives);
	keep(r->original, sizeof(r->original), e.original_value);
	return true;
}

static struct replays replays(void)
{
	struct replays found = {.count = 0};
	struct wr_dlq_reader *reader;
	struct wr_dlq_topic *retry;
	int64_t low, high, next;

	assert_int_equal(wr_dlq_reader_create(cluster_conf(), "test", &reader, NULL), WR_OK);
	assert_int_equal(wr_dlq_reader_topic(reader, "payments.retry.0", &retry, NULL), WR_OK);
	for (int32_t i = 0; i < wr_dlq_topic_partitions(retry); i++) {
		assert_int_equal(wr_dlq_topic_bounds(retry, i, &low, &high, NULL), WR_OK);
		assert_int_equal(wr_dlq_topic_read(retry, i, low, high, INT64_MAX, take_replay,
						   &found, &next, NULL),
				 WR_OK);
	}
	wr_dlq_reader_destroy(reader);
	return found;
}

static enum wr_dlq_state state_of(int32_t partition, int64_t offset)
{
	assert_int_equal(wr_dlq_refresh(dlq, NULL), WR_OK);
	return wr_dlq_marks_get(dlq->marks, &(struct wr_dlq_place){partition, offset}, 1).state;
}

static void run_job(void)
{
	if (wr_dlq_run_new(&run, &err) != WR_OK)
		fail_msg("%s", err.text);
	assert_int_equal(job.state, WR_DLQ_DONE);
}

static void select_by(const char *name, const char *value)
{
	assert_int_equal(wr_dlq_filter_set(&job.filter, name, wr_bytes_of(value), 1, NULL), WR_OK);
}

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

static void redrive_at_most(int64_t max)
{
	job.kind = WR_DLQ_REDRIVE;
	job.max = max;
	select_by("pipeline", "payments");
	select_by("class", "exhausted,timeout");
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

static void write_job_down(const char *id, int64_t created_ms)
{
	struct wr_dlq_job written = {.created_ms = created_ms, .state = WR_DLQ_DONE};
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

static int start(void **state)
{
	cluster_start(state);
	cluster_topic("payments.retry.0", 3);
	return 0;
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
	    RULE(jobs_that_are_forgotten_are_listed_no_more),
	    RULE(jobs_of_one_second_are_listed_the_newest_first),
	    RULE(force_lifts_the_loop_guard),
	    RULE(without_a_word_it_goes_to_the_stage_where_that_can_be),
	    RULE(an_edited_value_goes_with_its_original),
	    RULE(an_edited_value_keeps_the_event_id_or_nothing_is_written),
	    RULE(an_edited_value_of_a_letter_that_does_not_go_is_not_judged),
	    RULE(an_edited_value_is_for_one_letter),
	    RULE(a_dry_run_writes_nothing),
	    RULE(what_is_purged_is_open_no_more_and_not_sent),
	    RULE(a_replay_needs_a_pipeline),
	    RULE(a_stopped_job_goes_on_where_it_was),
	    RULE(an_edited_value_survives_a_stop),
	    RULE(a_cancelled_job_is_over),
	    RULE(who_ran_a_job_that_was_cancelled_learns_by_whom),
	    RULE(who_ran_a_job_that_goes_on_elsewhere_learns_that),
	    RULE(a_job_is_asked_to_cancel_between_two_steps),
	    RULE(a_job_that_is_not_there_is_not_found),
	};

	wr_log_set_level(WR_LOG_ERROR);
	if (HAS_TSAN)
		return SKIP;
	return cmocka_run_group_tests(tests, start, cluster_stop);
}
