/*
 * Rounds of a redrive on librdkafka's mock cluster, without its thread: whose turn it is, and when, is tested on engines,
 * by tests/system/test_redrive.py.
 */
#include "config.h"

#include "dlq/redrive.h"

#include "tests/dlq/cluster.h"
#include "tests/kafka/refused_topic.h"

#include <stdlib.h>

static char topic[32];
static int topics;
static char exhausted[] = "exhausted", timeout[] = "timeout", source[] = "events";
static char *class_names[] = {exhausted, timeout};
static char *sources[] = {source};
static char pipeline_name[] = "payments", instance[] = "me";
static struct wr_conf_pipeline pipeline;
static struct wr_conf conf;
static struct wr_metrics *metrics;
static struct wr_dlq_service *service;
static struct wr_redrive *redrive;
static struct wr_err err;
static int owned; /* so many times it is asked and this engine is the owner; then it is not */

static bool owns(void *arg, const char *name, const char *from)
{
	(void)arg;
	assert_string_equal(name, "payments");
	assert_string_equal(from, source);
	return owned-- > 0;
}

/* What its thread does when it wakes. */
static void look_at_settings(void)
{
	redrive->now = redrive->policy;
	redrive->site_now = redrive->site;
	redrive->seen_version = redrive->version;
}

/* A topic of its own for each test, and a service that knows it. */
static int set_up(void **state)
{
	char name[64];

	(void)state;
	snprintf(topic, sizeof(topic), "d%d", ++topics);
	cluster_topic(topic, 2);
	snprintf(name, sizeof(name), "%s.weir-state", topic);
	cluster_topic(name, 1);
	pipeline = (struct wr_conf_pipeline){
	    .name = pipeline_name,
	    .topics = {sources, 1},
	    .dlq_topic = topic,
	    .redrive = {.configured = true,
			.every_ms = 60000,
			.max = 2,
			.classes = {class_names, UNIT_COUNT_OF(class_names)},
			.rate = 10000},
	};
	conf = (struct wr_conf){.instance = instance, .pipelines = &pipeline, .pipeline_count = 1};
	owned = 1000;
	assert_int_equal(wr_metrics_create(&metrics), WR_OK);
	assert_int_equal(wr_dlq_service_create(cluster_conf(), &conf, metrics, &service), WR_OK);
	wr_dlq_service_set_owner(service, owns, NULL);
	redrive = service->redrives;
	assert_non_null(redrive);
	look_at_settings();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wr_dlq_service_destroy(service);
	wr_metrics_destroy(metrics);
	return 0;
}

static void put(int count, const char *class_name)
{
	for (int i = 0; i < count; i++)
		cluster_put(topic, &(struct letter){.partition = i % 2,
						    .class_name = class_name,
						    .stage = "fraud",
						    .resume = "stage"});
	cluster_flush();
}

static void set_rate(int rate)
{
	pipeline.redrive.rate = rate;
	assert_int_equal(wr_dlq_service_add(service, &conf), WR_OK);
}

static struct wr_dlq_job *jobs_now(size_t *count_r)
{
	struct wr_dlq *dlq;
	struct wr_dlq_job *jobs;

	assert_int_equal(wr_dlq_open(cluster_conf(), "test", topic, &dlq, NULL), WR_OK);
	assert_int_equal(wr_dlq_jobs_load(dlq, &jobs, count_r, NULL), WR_OK);
	wr_dlq_close(dlq);
	return jobs;
}

static size_t count_jobs(void)
{
	size_t count;
	struct wr_dlq_job *jobs = jobs_now(&count);

	wr_dlq_jobs_free(jobs, count);
	return count;
}

/* The only one there is. */
static void assert_job(enum wr_dlq_job_state state, uint64_t done)
{
	size_t count;
	struct wr_dlq_job *jobs = jobs_now(&count);

	assert_int_equal(count, 1);
	assert_int_equal(jobs[0].kind, WR_DLQ_REDRIVE);
	assert_int_equal(jobs[0].state, state);
	assert_int_equal(jobs[0].counts[WR_DLQ_FINISHED], done);
	assert_string_equal(jobs[0].who, "redrive, by me");
	wr_dlq_jobs_free(jobs, count);
}

static void round_is(enum wr_code expected)
{
	enum wr_code rc = wr_redrive_round(redrive, &err);

	if (rc != expected)
		fail_msg("%d: %s", rc, err.text);
	assert_string_equal(redrive->job, "");
}

static void a_round_is_a_job_of_the_letters_of_its_classes(void **state)
{
	(void)state;
	put(3, "exhausted");
	put(2, "permanent");
	put(1, "timeout");
	round_is(WR_OK);
	assert_job(WR_DLQ_DONE, 4);
	assert_true(wr_metric_get(redrive->redriven) == 4);
}

static void one_that_finds_nothing_leaves_no_trace(void **state)
{
	(void)state;
	put(4, "permanent");
	round_is(WR_ENOTFOUND);
	assert_int_equal(count_jobs(), 0);
}

static void what_was_looked_through_is_not_looked_through_again(void **state)
{
	(void)state;
	put(4, "permanent");
	round_is(WR_ENOTFOUND);
	assert_int_equal(redrive->seen_count, 2);
	assert_int_equal(redrive->seen[0], 2);
	assert_int_equal(redrive->seen[1], 2);
	/* Under other classes it would be: see wr_redrive_policy. */
	redrive->now.classes |= 1u << WR_CLASS_PERMANENT;
	round_is(WR_ENOTFOUND);
	put(2, "permanent");
	round_is(WR_OK);
	assert_job(WR_DLQ_DONE, 2);
}

static void an_engine_that_is_the_owner_no_more_stops_and_the_next_one_goes_on(void **state)
{
	(void)state;
	put(6, "exhausted");
	set_rate(20); /* two at a time */
	look_at_settings();
	owned = 0;
	round_is(WR_OK);
	assert_job(WR_DLQ_RUNNING, 2);
	assert_null(redrive->seen); /* it did not look through all */
	owned = 1000;
	assert_int_equal(wr_redrive_take_over(redrive, &err), WR_OK);
	assert_job(WR_DLQ_DONE, 6);
	assert_true(wr_metric_get(redrive->redriven) == 6);
}

static void a_stop_of_the_service_leaves_it_to_the_next_start(void **state)
{
	(void)state;
	put(2, "exhausted");
	atomic_store(&service->is_stopping, true);
	wr_redrive_round(redrive, &err);
	atomic_store(&service->is_stopping, false);
	assert_int_equal(wr_redrive_take_over(redrive, &err), WR_OK);
	if (count_jobs() == 0)
		round_is(WR_OK); /* it had not begun */
	assert_job(WR_DLQ_DONE, 2);
}

static void other_settings_end_a_round_for_good(void **state)
{
	(void)state;
	put(6, "exhausted");
	set_rate(20);
	look_at_settings();
	set_rate(30);
	round_is(WR_OK);
	assert_job(WR_DLQ_CANCELLED, 2);
	look_at_settings();
	round_is(WR_OK);
	assert_int_equal(count_jobs(), 2);
	assert_true(wr_metric_get(redrive->redriven) == 6);
}

static void who_takes_over_keeps_to_the_schedule(void **state)
{
	int64_t before = wr_clock_mono_ns(&wr_clock_real);

	(void)state;
	/* Nobody knows of a round before: a whole interval from now. */
	assert_int_equal(wr_redrive_take_over(redrive, &err), WR_OK);
	assert_true(redrive->next_mono_ns >= before + 60000 * WR_NS_PER_MS);
	put(1, "exhausted");
	round_is(WR_OK);
	redrive->next_mono_ns = 0;
	assert_int_equal(wr_redrive_take_over(redrive, &err), WR_OK);
	assert_true(redrive->next_mono_ns > before);
	assert_true(redrive->next_mono_ns <=
		    wr_clock_mono_ns(&wr_clock_real) + 60000 * WR_NS_PER_MS);
}

static void the_jobs_of_old_rounds_are_forgotten(void **state)
{
	(void)state;
	for (int i = 0; i < WR_REDRIVE_KEEP_JOBS + 2; i++) {
		put(1, "exhausted");
		round_is(WR_OK);
	}
	assert_int_equal(count_jobs(), WR_REDRIVE_KEEP_JOBS + 2);
	assert_int_equal(wr_redrive_take_over(redrive, &err), WR_OK);
	assert_int_equal(count_jobs(), WR_REDRIVE_KEEP_JOBS);
}

static void a_topic_that_is_away_is_an_error_for_this_round_only(void **state)
{
	(void)state;
	put(1, "exhausted");
	refuse_topic(cluster, topic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	assert_true(wr_redrive_round(redrive, &err) != WR_OK);
	assert_true(err.text[0] != '\0');
	refuse_topic(cluster, topic, RD_KAFKA_RESP_ERR_NO_ERROR);
	round_is(WR_OK);
	assert_job(WR_DLQ_DONE, 1);
}

static int start(void **state)
{
	cluster_start(state);
	cluster_topic("payments.retry.0", 2);
	return 0;
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_round_is_a_job_of_the_letters_of_its_classes),
	    RULE(one_that_finds_nothing_leaves_no_trace),
	    RULE(what_was_looked_through_is_not_looked_through_again),
	    RULE(an_engine_that_is_the_owner_no_more_stops_and_the_next_one_goes_on),
	    RULE(a_stop_of_the_service_leaves_it_to_the_next_start),
	    RULE(other_settings_end_a_round_for_good),
	    RULE(who_takes_over_keeps_to_the_schedule),
	    RULE(the_jobs_of_old_rounds_are_forgotten),
	    RULE(a_topic_that_is_away_is_an_error_for_this_round_only),
	};

	if (HAS_TSAN)
		return SKIP;
	wr_log_set_level(WR_LOG_ERROR);
	return cmocka_run_group_tests(tests, start, cluster_stop);
}
