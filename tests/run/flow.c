#include "config.h"

#include "tests/run/flow.h"

#include "base/check.h"
#include "tests/run/one_partition.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TOKENS 4096

/* A partition outlives the lane that reads it. [lock] */
struct bed {
	char name[64];
	int64_t committed;
	int64_t last_count;
	bool taken;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct bed beds[FLOW_LANES];             /* [lock] */
	int64_t poured;                          /* [lock] into each */
	int64_t taken;                           /* [lock] of all */
	int64_t outputs, dead;                   /* [lock] */
	int64_t by_generation[FLOW_GENERATIONS]; /* [lock] */
	int alive;                               /* [lock] */
	bool has_keys;
	_Atomic bool holds; /* no output is acknowledged */
} flow;

struct source {
	struct one_partition one;
	struct bed *bed;
};

struct sink {
	struct wr_sink pub;
	struct bed *bed;
	wr_sink_done_fn done;
	void *done_arg;
	void *tokens[TOKENS];
	size_t count;
};

static void change(int64_t *counter, int64_t n)
{
	pthread_mutex_lock(&flow.lock);
	*counter += n;
	pthread_cond_broadcast(&flow.changed);
	pthread_mutex_unlock(&flow.lock);
}

static int64_t read_counter(const int64_t *counter)
{
	int64_t value;

	pthread_mutex_lock(&flow.lock);
	value = *counter;
	pthread_mutex_unlock(&flow.lock);
	return value;
}

static struct bed *find_bed(const struct wr_lane *lane)
{
	struct bed *found = NULL;
	char name[64];

	snprintf(name, sizeof(name), "%.50s/%u", wr_lane_pipeline(lane)->conf->name,
		 wr_lane_number(lane));
	pthread_mutex_lock(&flow.lock);
	for (int i = 0; i < FLOW_LANES && found == NULL; i++) {
		if (flow.beds[i].name[0] == '\0')
			snprintf(flow.beds[i].name, sizeof(flow.beds[i].name), "%s", name);
		if (strcmp(flow.beds[i].name, name) == 0)
			found = &flow.beds[i];
	}
	pthread_mutex_unlock(&flow.lock);
	WR_ASSERT(found != NULL);
	return found;
}

/* ---- the source ---- */

static struct source *of_source(struct wr_source *source)
{
	return WR_CONTAINER_OF(source, struct source, one.pub);
}

static size_t take(struct wr_source *source, struct wr_source_record *records, size_t max_records,
		   size_t max_bytes)
{
	size_t count = one_take(one_of(source), records, max_records, read_counter(&flow.poured));

	(void)max_bytes;
	if (count > 0)
		change(&flow.taken, (int64_t)count);
	return count;
}

static void give_back(struct wr_source *source, struct wr_source_record *record)
{
	(void)source;
	record->ref = NULL;
}

static enum wr_code commit(struct wr_source *source, const struct wr_source_commit *commits,
			   size_t count, struct wr_err *err)
{
	struct source *s = of_source(source);

	(void)err;
	pthread_mutex_lock(&flow.lock);
	for (size_t i = 0; i < count; i++)
		s->bed->committed = commits[i].offset;
	pthread_mutex_unlock(&flow.lock);
	return WR_OK;
}

static int64_t lag(struct wr_source *source, struct wr_partition *partition, int64_t next_offset)
{
	(void)source;
	(void)partition;
	(void)next_offset;
	return 0;
}

static bool is_at_end(struct wr_source *source, const struct wr_partition *partition)
{
	(void)partition;
	return one_of(source)->position == read_counter(&flow.poured);
}

static void destroy_source(struct wr_source *source, int timeout_ms)
{
	struct source *s = of_source(source);

	(void)timeout_ms;
	pthread_mutex_lock(&flow.lock);
	s->bed->taken = false;
	flow.alive--;
	pthread_mutex_unlock(&flow.lock);
	free(s);
}

static const struct wr_source_ops source_ops = {
    ONE_PARTITION_OPS, .poll = one_poll, .take = take,           .give_back = give_back,
    .commit = commit,  .lag = lag,       .is_at_end = is_at_end, .destroy = destroy_source};

static enum wr_code make_source(void *arg, const struct wr_lane *lane, int wake_fd,
				struct wr_source **source_r, struct wr_err *err)
{
	struct source *s = calloc(1, sizeof(*s));
	int64_t committed;

	(void)arg;
	(void)wake_fd;
	(void)err;
	s->bed = find_bed(lane);
	pthread_mutex_lock(&flow.lock);
	WR_ASSERT(!s->bed->taken); /* two lanes never have one partition */
	s->bed->taken = true;
	committed = s->bed->committed > 0 ? s->bed->committed : -1;
	flow.alive++;
	pthread_mutex_unlock(&flow.lock);
	one_init(&s->one, &source_ops,
		 (struct wr_partition){.topic = "in",
				       .id = (int32_t)(s->bed - flow.beds),
				       .committed = committed,
				       .high = INT64_MAX / 2,
				       .position = -1});
	s->one.has_keys = flow.has_keys;
	*source_r = &s->one.pub;
	return WR_OK;
}

/* ---- the sink ---- */

static struct sink *of_sink(struct wr_sink *sink)
{
	return WR_CONTAINER_OF(sink, struct sink, pub);
}

static struct wr_sink_topic *const out = (void *)&flow, *const dead = (void *)&flow.beds[1];

static enum wr_code resolve(struct wr_sink *sink, const char *name, struct wr_sink_topic **topic_r,
			    struct wr_err *err)
{
	(void)sink;
	(void)err;
	*topic_r = strcmp(name, "dead") == 0 ? dead : out;
	return WR_OK;
}

static int64_t header_number(const struct weir_header *list, size_t count, const char *name)
{
	char text[32];

	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) != 0)
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)list[i].value.size,
			 (const char *)list[i].value.data);
		return strtoll(text, NULL, 10);
	}
	return -1;
}

static enum wr_code write_record(struct wr_sink *sink, const struct wr_sink_record *record,
				 void *token, struct wr_err *err)
{
	struct sink *s = of_sink(sink);
	int64_t generation =
	    header_number(record->more_headers, record->more_header_count, "weir-generation");
	int64_t count = header_number(record->headers, record->header_count, "count");

	if (s->count == TOKENS)
		return wr_err_set(err, WR_EFULL, "full");
	s->tokens[s->count++] = token;
	pthread_mutex_lock(&flow.lock);
	if (record->topic == dead) {
		flow.dead++;
	} else {
		flow.outputs++;
		WR_ASSERT(generation > 0 && generation < FLOW_GENERATIONS);
		flow.by_generation[generation]++;
		s->bed->last_count = count;
	}
	pthread_cond_broadcast(&flow.changed);
	pthread_mutex_unlock(&flow.lock);
	return WR_OK;
}

static int poll_sink(struct wr_sink *sink, int timeout_ms)
{
	struct sink *s = of_sink(sink);
	size_t count = s->count;

	(void)timeout_ms;
	if (atomic_load(&flow.holds))
		return 0;
	s->count = 0;
	for (size_t i = 0; i < count; i++)
		s->done(s->done_arg, s->tokens[i], WR_OK, NULL);
	return (int)count;
}

static void depth(struct wr_sink *sink, size_t *records_r, size_t *bytes_r)
{
	*records_r = *bytes_r = of_sink(sink)->count;
}

static void destroy_sink(struct wr_sink *sink)
{
	struct sink *s = of_sink(sink);

	for (size_t i = 0; i < s->count; i++)
		s->done(s->done_arg, s->tokens[i], WR_EUNKNOWN, NULL);
	free(s);
}

static const struct wr_sink_ops sink_ops = {.topic = resolve,
					    .write = write_record,
					    .poll = poll_sink,
					    .state = one_sink_state,
					    .depth = depth,
					    .destroy = destroy_sink};

static enum wr_code make_sink(void *arg, const struct wr_lane *lane, int wake_fd,
			      wr_sink_done_fn done, void *done_arg, struct wr_sink **sink_r,
			      struct wr_err *err)
{
	struct sink *s = calloc(1, sizeof(*s));

	(void)arg;
	(void)wake_fd;
	(void)err;
	s->pub.ops = &sink_ops;
	s->bed = find_bed(lane);
	s->done = done;
	s->done_arg = done_arg;
	*sink_r = &s->pub;
	return WR_OK;
}

const struct wr_lane_adapters flow_adapters = {
    .source = make_source, .sink = make_sink, .store = one_make_store};

/* ---- what the test asks ---- */

void flow_init(void)
{
	memset(&flow, 0, sizeof(flow));
	pthread_mutex_init(&flow.lock, NULL);
	pthread_cond_init(&flow.changed, NULL);
	for (int i = 0; i < FLOW_LANES; i++)
		flow.beds[i].last_count = -1;
}

void flow_acknowledge(bool acks)
{
	atomic_store(&flow.holds, !acks);
}

void flow_spread_keys(void)
{
	flow.has_keys = true;
}

void flow_fini(void)
{
	assert_int_equal(flow.alive, 0);
	pthread_cond_destroy(&flow.changed);
	pthread_mutex_destroy(&flow.lock);
}

void flow_pour(int64_t count)
{
	change(&flow.poured, count);
}

int64_t flow_poured(int lanes)
{
	return read_counter(&flow.poured) * lanes;
}

static void await(const int64_t *counter, int64_t least)
{
	struct timespec until;
	bool in_time = true;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	pthread_mutex_lock(&flow.lock);
	while (*counter < least && in_time)
		in_time = pthread_cond_timedwait(&flow.changed, &flow.lock, &until) == 0;
	pthread_mutex_unlock(&flow.lock);
	assert_true(in_time);
}

void flow_await(int64_t outputs)
{
	await(&flow.outputs, outputs);
}

void flow_await_taken(int64_t records)
{
	await(&flow.taken, records);
}

int64_t flow_outputs(void)
{
	return read_counter(&flow.outputs);
}

int64_t flow_outputs_of(unsigned generation)
{
	return read_counter(&flow.by_generation[generation]);
}

int64_t flow_dead(void)
{
	return read_counter(&flow.dead);
}

int64_t flow_last_count(int lane)
{
	return read_counter(&flow.beds[lane].last_count);
}

int flow_alive(void)
{
	int alive;

	pthread_mutex_lock(&flow.lock);
	alive = flow.alive;
	pthread_mutex_unlock(&flow.lock);
	return alive;
}
