/*
 * Jobs on librdkafka's mock cluster, a topic of its own for each test; for the programs that test them.
 */
#ifndef WR_TESTS_DLQ_RUNNING_H
#define WR_TESTS_DLQ_RUNNING_H

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
static inline int set_up(void **state)
{
	char name[64];

	(void)state;
	snprintf(topic, sizeof(topic), "d%d", ++topics);
	cluster_topic(topic, 2);
	snprintf(name, sizeof(name), "%s.weir-state", topic);
	cluster_topic(name, 1);
	return 0;
}

static inline void open_topic(void)
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

static inline int tear_down(void **state)
{
	(void)state;
	wr_dlq_job_fini(&job);
	wr_dlq_close(dlq);
	dlq = NULL;
	return 0;
}

static inline void put(struct letter letter)
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

static inline void keep(char *to, size_t size, struct weir_bytes value)
{
	snprintf(to, size, "%.*s", (int)value.size,
		 value.data != NULL ? (const char *)value.data : "");
}

/* Of this topic's letters only: all tests share the retry topic. */
static inline bool take_replay(void *arg, const struct wr_dlq_record *record)
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

static inline struct replays replays(void)
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

static inline enum wr_dlq_state state_of(int32_t partition, int64_t offset)
{
	assert_int_equal(wr_dlq_refresh(dlq, NULL), WR_OK);
	return wr_dlq_marks_get(dlq->marks, &(struct wr_dlq_place){partition, offset}, 1).state;
}

static inline void run_job(void)
{
	if (wr_dlq_run_new(&run, &err) != WR_OK)
		fail_msg("%s", err.text);
	assert_int_equal(job.state, WR_DLQ_DONE);
}

static inline void select_by(const char *name, const char *value)
{
	assert_int_equal(wr_dlq_filter_set(&job.filter, name, wr_bytes_of(value), 1, NULL), WR_OK);
}

static inline void redrive_at_most(int64_t max)
{
	job.kind = WR_DLQ_REDRIVE;
	job.max = max;
	select_by("pipeline", "payments");
	select_by("class", "exhausted,timeout");
}

static inline int start(void **state)
{
	cluster_start(state);
	cluster_topic("payments.retry.0", 3);
	return 0;
}

#endif
