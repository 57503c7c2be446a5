/* All lanes of a generation, in their threads, on adapters that do little: a source with a few records, a sink that
 * acknowledges at once or never. */
#include "config.h"

#include "run/engine.h"

#include "base/check.h"
#include "tests/faults.h"
#include "tests/run/one_partition.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LANES_MAX = 8, RECORDS = 10, WRITES_MAX = 64 };

struct lane_fakes {
	struct one_partition one;
	struct wr_sink sink;
	bool committed;
	wr_sink_done_fn done;
	void *done_arg;
	void *tokens[WRITES_MAX];
	size_t token_count;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct lane_fakes lanes[LANES_MAX]; /* each its lane's */
	char made[LANES_MAX][32]; /* "<pipeline>/<number>" in the order of making [lock] */
	size_t made_count;        /* [lock] */
	int alive, taken, out;    /* [lock] */
	int committed;            /* lanes that have committed all [lock] */
	size_t fails_at;          /* so many sources are made before one fails */
	bool never_acks, never_assigns;
} world;

static void add(int *counter, int n)
{
	pthread_mutex_lock(&world.lock);
	*counter += n;
	pthread_cond_broadcast(&world.changed);
	pthread_mutex_unlock(&world.lock);
}

/* ---- the source ---- */

static struct lane_fakes *of_source(struct wr_source *source)
{
	return WR_CONTAINER_OF(source, struct lane_fakes, one.pub);
}

static enum wr_source_event poll_source(struct wr_source *source)
{
	return world.never_assigns ? WR_SOURCE_NONE : one_poll(source);
}

static size_t take(struct wr_source *source, struct wr_source_record *records, size_t max_records,
		   size_t max_bytes)
{
	size_t n = one_take(one_of(source), records, max_records, RECORDS);

	(void)max_bytes;
	add(&world.out, (int)n);
	add(&world.taken, (int)n);
	return n;
}

static void give_back(struct wr_source *source, struct wr_source_record *record)
{
	(void)source;
	record->ref = NULL;
	add(&world.out, -1);
}

static enum wr_code commit(struct wr_source *source, const struct wr_source_commit *commits,
			   size_t count, struct wr_err *err)
{
	struct lane_fakes *l = of_source(source);

	(void)err;
	for (size_t i = 0; i < count; i++) {
		if (commits[i].offset == RECORDS && !l->committed) {
			l->committed = true;
			add(&world.committed, 1);
		}
	}
	return WR_OK;
}

static bool is_at_end(struct wr_source *source, const struct wr_partition *partition)
{
	(void)source;
	(void)partition;
	return false;
}

static int64_t lag(struct wr_source *source, struct wr_partition *partition, int64_t next_offset)
{
	(void)source;
	(void)partition;
	return RECORDS - next_offset;
}

static void destroy_source(struct wr_source *source, int timeout_ms)
{
	(void)source;
	(void)timeout_ms;
	add(&world.alive, -1);
}

static const struct wr_source_ops source_ops = {
    ONE_PARTITION_OPS, .poll = poll_source, .take = take,           .give_back = give_back,
    .commit = commit,  .lag = lag,          .is_at_end = is_at_end, .destroy = destroy_source};

static enum wr_code make_source(void *arg, const struct wr_lane *lane, int wake_fd,
				struct wr_source **source_r, struct wr_err *err)
{
	struct lane_fakes *l = &world.lanes[world.made_count];

	(void)arg;
	(void)wake_fd;
	if (world.made_count == world.fails_at)
		return wr_err_set(err, WR_EREFUSED, "not authorised");
	snprintf(world.made[world.made_count++], sizeof(world.made[0]), "%s/%u",
		 wr_lane_pipeline(lane)->conf->name, wr_lane_number(lane));
	one_init(
	    &l->one, &source_ops,
	    (struct wr_partition){.topic = "in", .committed = -1, .high = RECORDS, .position = -1});
	add(&world.alive, 1);
	*source_r = &l->one.pub;
	return WR_OK;
}

/* ---- the sink ---- */

static struct lane_fakes *of_sink(struct wr_sink *sink)
{
	return WR_CONTAINER_OF(sink, struct lane_fakes, sink);
}

static enum wr_code resolve(struct wr_sink *sink, const char *name, struct wr_sink_topic **topic_r,
			    struct wr_err *err)
{
	(void)name;
	(void)err;
	*topic_r = (struct wr_sink_topic *)(void *)sink;
	return WR_OK;
}

static enum wr_code write_record(struct wr_sink *sink, const struct wr_sink_record *record,
				 void *token, struct wr_err *err)
{
	struct lane_fakes *l = of_sink(sink);

	(void)record;
	if (l->token_count == WRITES_MAX)
		return wr_err_set(err, WR_EFULL, "full");
	l->tokens[l->token_count++] = token;
	return WR_OK;
}

static int answer(struct lane_fakes *l, enum wr_code code)
{
	size_t count = l->token_count;

	l->token_count = 0;
	for (size_t i = 0; i < count; i++)
		l->done(l->done_arg, l->tokens[i], code, NULL);
	return (int)count;
}

static int poll_sink(struct wr_sink *sink, int timeout_ms)
{
	(void)timeout_ms;
	return world.never_acks ? 0 : answer(of_sink(sink), WR_OK);
}

static void depth(struct wr_sink *sink, size_t *records_r, size_t *bytes_r)
{
	*records_r = *bytes_r = of_sink(sink)->token_count;
}

static void destroy_sink(struct wr_sink *sink)
{
	answer(of_sink(sink), WR_EUNKNOWN);
	add(&world.alive, -1);
}

static const struct wr_sink_ops sink_ops = {.topic = resolve,
					    .write = write_record,
					    .poll = poll_sink,
					    .state = one_sink_state,
					    .depth = depth,
					    .destroy = destroy_sink};

/* A lane makes its sink before its source. */
static enum wr_code make_sink(void *arg, const struct wr_lane *lane, int wake_fd,
			      wr_sink_done_fn done, void *done_arg, struct wr_sink **sink_r,
			      struct wr_err *err)
{
	struct lane_fakes *l = &world.lanes[world.made_count];

	(void)arg;
	(void)lane;
	(void)wake_fd;
	(void)err;
	l->sink.ops = &sink_ops;
	l->done = done;
	l->done_arg = done_arg;
	add(&world.alive, 1);
	*sink_r = &l->sink;
	return WR_OK;
}

/* ---- two pipelines, of two lanes and of one ---- */

static struct wr_conf_output output = {.name = (char *)(uintptr_t) "default",
				       .topic = (char *)(uintptr_t) "out"};
static struct wr_conf_pipeline confs[2];
static struct wr_pipeline pipelines[2];
static struct wr_generation generation;
static const struct wr_lane_adapters adapters = {NULL, make_source, make_sink, one_make_store,
						 NULL};
static struct wr_engine_options options;
static struct wr_engine *engine;
static struct wr_err err;

static int set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	pthread_mutex_init(&world.lock, NULL);
	pthread_cond_init(&world.changed, NULL);
	world.fails_at = LANES_MAX;
	for (int i = 0; i < 2; i++) {
		confs[i] = (struct wr_conf_pipeline){
		    .name = (char *)(uintptr_t)(i == 0 ? "first" : "second"),
		    .format = WR_FORMAT_RAW,
		    .event_id = {.source = WR_ID_KEY},
		    .idempotency = {.store = WR_STORE_NONE},
		    .lanes = 2 - i,
		    .batch = {.max_events = 4, .max_bytes = 1 << 20, .in_flight = 4},
		    .dlq_topic = (char *)(uintptr_t) "dlq",
		    .outputs = &output,
		    .output_count = 1,
		};
		pipelines[i] = (struct wr_pipeline){.conf = &confs[i], .generation = 1};
	}
	generation = (struct wr_generation){.pipelines = pipelines, .pipeline_count = 2};
	options = (struct wr_engine_options){
	    .generation = &generation, .adapters = &adapters, .clock = &wr_clock_real, .seed = 1};
	wr_log_set_level(WR_LOG_ERROR);
	assert_int_equal(wr_metrics_create(&options.metrics), WR_OK);
	assert_int_equal(wr_health_create(&wr_clock_real, &options.health), WR_OK);
	engine = NULL;
	return 0;
}

static int64_t in_ms(int64_t ms)
{
	return wr_clock_mono_ns(&wr_clock_real) + ms * WR_NS_PER_MS;
}

static int tear_down(void **state)
{
	(void)state;
	if (engine != NULL)
		wr_engine_stop(engine, in_ms(1000)); /* a test that failed may not have */
	wr_engine_destroy(engine);
	wr_health_destroy(options.health);
	wr_metrics_destroy(options.metrics);
	assert_int_equal(world.alive, 0);
	assert_int_equal(world.out, 0);
	pthread_cond_destroy(&world.changed);
	pthread_mutex_destroy(&world.lock);
	return 0;
}

/* Waits until a counter has come to `wanted`; gives up after a time that only a bug takes. */
static void await(const int *counter, int wanted)
{
	struct timespec until;
	bool in_time = true;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 30;
	pthread_mutex_lock(&world.lock);
	while (*counter < wanted && in_time)
		in_time = pthread_cond_timedwait(&world.changed, &world.lock, &until) == 0;
	pthread_mutex_unlock(&world.lock);
	assert_true(in_time);
}

static void start(void)
{
	assert_int_equal(wr_engine_create(&options, &engine, &err), WR_OK);
	assert_int_equal(wr_engine_start(engine, &err), WR_OK);
}

static void every_lane_of_every_pipeline_is_made(void **state)
{
	static const char *const expected[] = {"first/0", "first/1", "second/0"};

	(void)state;
	assert_int_equal(wr_engine_create(&options, &engine, &err), WR_OK);
	assert_int_equal(world.made_count, UNIT_COUNT_OF(expected));
	for (size_t i = 0; i < UNIT_COUNT_OF(expected); i++)
		assert_string_equal(world.made[i], expected[i]);
}

static void when_one_can_not_be_made_none_is_left_and_the_pipeline_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		world.made_count = 0;
		world.fails_at = i;
		assert_int_equal(wr_engine_create(&options, &engine, &err), WR_EREFUSED);
		assert_null(engine);
		assert_string_equal(err.text, i < 2 ? "pipeline first: not authorised"
						    : "pipeline second: not authorised");
		assert_int_equal(world.alive, 0);
	}
}

static void it_can_lack_memory_at_every_step(void **state)
{
	enum wr_code rc = WR_ENOMEM;

	(void)state;
	confs[0].batch.max_events = confs[1].batch.max_events = 1;
	for (size_t left = 0; rc != WR_OK; left++) {
		assert_true(left < 2000);
		world.made_count = 0;
		faults_begin(left);
		rc = wr_engine_create(&options, &engine, &err);
		faults_end();
		if (rc != WR_OK) {
			assert_int_equal(rc, WR_ENOMEM);
			assert_null(engine);
			assert_int_equal(world.alive, 0);
		}
	}
}

static void all_lanes_work_and_stop_clean(void **state)
{
	(void)state;
	start();
	await(&world.committed, 3);
	assert_true(wr_health_ready(options.health));
	assert_true(wr_engine_stop(engine, in_ms(30000)));
	assert_int_equal(world.alive, 0);
	assert_int_equal(world.committed, 3);
}

static void stopping_commits_what_the_last_interval_left(void **state)
{
	(void)state;
	start();
	await(&world.taken, 3 * RECORDS);
	assert_true(wr_engine_stop(engine, in_ms(30000)));
	assert_int_equal(world.committed, 3);
}

static void what_is_left_undone_at_the_deadline_is_told(void **state)
{
	(void)state;
	world.never_acks = true;
	start();
	await(&world.taken, 3 * RECORDS);
	assert_false(wr_engine_stop(engine, in_ms(50)));
	assert_int_equal(world.committed, 0);
	assert_int_equal(world.out, 0);
}

static void one_that_was_never_started_stops_at_once(void **state)
{
	(void)state;
	assert_int_equal(wr_engine_create(&options, &engine, &err), WR_OK);
	assert_true(wr_engine_stop(engine, in_ms(30000)));
}

static void a_lane_is_not_ready_before_it_has_partitions(void **state)
{
	(void)state;
	world.never_assigns = true;
	start();
	assert_false(wr_health_ready(options.health));
	assert_true(wr_engine_stop(engine, in_ms(30000)));
}

static void destroying_nothing_is_fine(void **state)
{
	(void)state;
	wr_engine_destroy(NULL);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(every_lane_of_every_pipeline_is_made),
	    RULE(when_one_can_not_be_made_none_is_left_and_the_pipeline_is_named),
	    RULE(it_can_lack_memory_at_every_step),
	    RULE(all_lanes_work_and_stop_clean),
	    RULE(stopping_commits_what_the_last_interval_left),
	    RULE(what_is_left_undone_at_the_deadline_is_told),
	    RULE(one_that_was_never_started_stops_at_once),
	    RULE(a_lane_is_not_ready_before_it_has_partitions),
	    RULE(destroying_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
