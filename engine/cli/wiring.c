#include "config.h"

#include "cli/wiring.h"

#include "core/tier.h"

#include "base/check.h"
#include "kafka/sink.h"
#include "kafka/source.h"
#include "memory/store.h"
#include "redis/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRANSACTIONAL_ID_BYTES 512 /* a pipeline's name and an instance have less than 250 each */

/* Shares of a lane's memory. What is fetched takes more than its bytes: some 350 for each record, so that with small
 * records a fifth becomes more than a half. The rest is the window's, which counts what its events take in the producer's
 * queue as well. */
#define FETCH_SHARE(bytes) ((bytes) / 5)
#define QUEUE_SHARE(bytes) ((bytes) / 4)
#define WINDOW_SHARE(bytes) ((bytes) / 3)
#define PARKED_SHARE(bytes) ((bytes) / 16)

static struct wr_lane_budget budget_of(void *arg)
{
	const struct wr_wiring *w = arg;
	size_t bytes = w->lane_bytes;

	return (struct wr_lane_budget){
	    .fetch = FETCH_SHARE(bytes),
	    .producer = QUEUE_SHARE(bytes),
	    .window = WINDOW_SHARE(bytes),
	    .parked = PARKED_SHARE(bytes),
	};
}

/* NULL: there is none of this name. */
static struct wr_wired *find(struct wr_wiring *w, const char *pipeline)
{
	struct wr_wired *wired;

	wr_lock_take(&w->lock);
	wired = w->first;
	while (wired != NULL && strcmp(wired->name, pipeline) != 0)
		wired = wired->next;
	wr_lock_release(&w->lock);
	return wired;
}

struct wr_wired *wr_wiring_find(struct wr_wiring *w, const char *pipeline)
{
	struct wr_wired *wired = find(w, pipeline);

	WR_ASSERT(wired != NULL);
	return wired;
}

static struct wr_kafka_name name_of(const struct wr_wiring *w, const struct wr_lane *lane)
{
	return (struct wr_kafka_name){w->conf->instance, wr_lane_pipeline(lane)->conf->name,
				      (int)wr_lane_number(lane)};
}

#define PATTERN_BYTES 256

/* All retry topics of a pipeline, those too that its configuration names no more, and the one of replays. */
static const char *retry_pattern(const char *pipeline, char pattern[PATTERN_BYTES])
{
	size_t size = 0;

	pattern[size++] = '^';
	for (; *pipeline != '\0'; pipeline++) {
		if (*pipeline == '.')
			pattern[size++] = '\\';
		pattern[size++] = *pipeline;
	}
	snprintf(pattern + size, PATTERN_BYTES - size, "\\.retry\\.[0-9]+[a-z]*$");
	return pattern;
}

static int most_tiers(const struct wr_conf_pipeline *conf)
{
	size_t most = 0;

	for (size_t i = 0; i < conf->stage_count; i++) {
		const struct wr_conf_retry *retry = &conf->stages[i].retry;

		if (wr_conf_retry_leaves(retry) && retry->tier_count > most)
			most = retry->tier_count;
	}
	return (int)most;
}

static enum wr_code make_source(void *arg, const struct wr_lane *lane, int wake_fd,
				struct wr_source **source_r, struct wr_err *err)
{
	struct wr_wiring *w = arg;
	const struct wr_conf_pipeline *conf = wr_lane_pipeline(lane)->conf;
	char pattern[PATTERN_BYTES];
	struct wr_kafka_source_options options = {
	    .kafka = &w->kafka,
	    .name = name_of(w, lane),
	    .group = conf->group,
	    .topics = &conf->topics,
	    .pattern = retry_pattern(conf->name, pattern),
	    .fetch_bytes = FETCH_SHARE(w->lane_bytes),
	    .partitions = (wr_wiring_find(w, conf->name)->partitions + conf->lanes - 1) /
			  conf->lanes * (1 + most_tiers(conf)),
	    .wake_fd = wake_fd,
	};

	return wr_kafka_source_create(&options, source_r, err);
}

/* A lane hands over a batch at once, so its records need little time to gather into one request. Small batches gather
 * while the requests before them are under way, and librdkafka spins through a linger of less than a millisecond. */
static int64_t linger_us(const struct wr_conf_pipeline *conf)
{
	if (conf->batch.max_events < 50)
		return 0;
	return conf->batch.max_events >= 100 ? 500 : 100;
}

static enum wr_code make_sink(void *arg, const struct wr_lane *lane, int wake_fd,
			      wr_sink_done_fn done, void *done_arg, struct wr_sink **sink_r,
			      struct wr_err *err)
{
	struct wr_wiring *w = arg;
	const struct wr_conf_pipeline *conf = wr_lane_pipeline(lane)->conf;
	char transactional_id[TRANSACTIONAL_ID_BYTES];
	struct wr_kafka_sink_options options = {
	    .kafka = &w->kafka,
	    .name = name_of(w, lane),
	    .transactional_id = conf->delivery == WR_EXACTLY_ONCE ? transactional_id : NULL,
	    .queue_bytes = QUEUE_SHARE(w->lane_bytes),
	    .linger_us = linger_us(conf),
	    .batch_bytes = wr_wiring_find(w, conf->name)->record_batch_bytes,
	    .limits = w->limits,
	    .one_thread = true,
	    .wake_fd = wake_fd,
	    .done = done,
	    .done_arg = done_arg,
	};

	/* The same after a restart, so that the transaction which the last run left open is aborted at once. */
	snprintf(transactional_id, sizeof(transactional_id), "weir-%s-%s-%u", conf->name,
		 w->conf->instance, wr_lane_number(lane));
	return wr_kafka_sink_create(&options, sink_r, err);
}

enum wr_code wr_wiring_store(struct wr_wiring *w, const struct wr_conf_pipeline *pipeline,
			     struct wr_claim_store **store_r, struct wr_err *err)
{
	*store_r = NULL;
	switch (pipeline->idempotency.store) {
	case WR_STORE_REDIS:
		return wr_redis_store_create(&w->conf->redis, pipeline->name,
					     pipeline->idempotency.ttl_ms, w->clock, store_r, err);
	case WR_STORE_MEMORY:
		return wr_memory_store_create(wr_wiring_find(w, pipeline->name)->claims, store_r,
					      err);
	case WR_STORE_NONE:
		return WR_OK;
	}
	return WR_OK;
}

static enum wr_code make_store(void *arg, const struct wr_lane *lane,
			       struct wr_claim_store **store_r, struct wr_err *err)
{
	return wr_wiring_store(arg, wr_lane_pipeline(lane)->conf, store_r, err);
}

enum wr_code wr_wiring_open_ingest(void *arg, wr_sink_done_fn done, void *done_arg,
				   struct wr_sink **sink_r, struct wr_sink_topic **topic_r,
				   struct wr_err *err)
{
	struct wr_wiring *w = arg;
	struct wr_kafka_sink_options options = {
	    .kafka = &w->kafka,
	    .name = {w->conf->instance, "http", -1},
	    .queue_bytes = QUEUE_SHARE(w->lane_bytes),
	    .linger_us = w->conf->ingest.linger_us,
	    .batch_bytes = atomic_load(&w->ingest_batch_bytes),
	    .limits = w->limits,
	    .wake_fd = -1,
	    .done = done,
	    .done_arg = done_arg,
	};
	enum wr_code rc;

	*sink_r = NULL;
	*topic_r = NULL;
	if (options.batch_bytes == 0 && w->embedded == NULL)
		return wr_err_set(err, WR_EUNAVAILABLE, "nothing is known of topic %s yet",
				  w->conf->ingest.topic);
	rc = wr_kafka_sink_create(&options, sink_r, err);
	if (rc != WR_OK)
		return rc;
	rc = (*sink_r)->ops->topic(*sink_r, w->conf->ingest.topic, topic_r, err);
	if (rc != WR_OK) {
		(*sink_r)->ops->destroy(*sink_r);
		*sink_r = NULL;
	}
	return rc;
}

static enum wr_code add_pipeline(struct wr_wiring *w, const struct wr_conf_pipeline *pipeline,
				 struct wr_err *err)
{
	const struct wr_conf_idempotency *idempotency = &pipeline->idempotency;
	struct wr_wired *wired = calloc(1, sizeof(*wired));

	if (wired == NULL || (wired->name = strdup(pipeline->name)) == NULL) {
		free(wired);
		return wr_err_set(err, WR_ENOMEM, "no memory for the pipelines");
	}
	if (idempotency->store == WR_STORE_MEMORY &&
	    (wr_memory_claims_create(idempotency->ttl_ms, idempotency->max_ids, &wired->claims) !=
		 WR_OK ||
	     wr_memory_claims_expose(wired->claims, w->metrics, wired->name) != WR_OK)) {
		wr_memory_claims_unref(wired->claims);
		free(wired->name);
		free(wired);
		return wr_err_set(err, WR_ENOMEM, "no memory for the claims");
	}
	wr_lock_take(&w->lock);
	wired->next = w->first;
	w->first = wired;
	wr_lock_release(&w->lock);
	return WR_OK;
}

static enum wr_code create_embedded_tiers(struct wr_wiring *w, const struct wr_conf_pipeline *p,
					  const struct wr_conf_retry *retry, struct wr_err *err)
{
	char topic[WR_TOPIC_BYTES];
	enum wr_code rc = WR_OK;

	for (size_t i = 0; wr_conf_retry_leaves(retry) && i < retry->tier_count && rc == WR_OK;
	     i++) {
		if (!wr_retry_topic(p->name, retry->tiers_ms[i], topic))
			return wr_err_set(err, WR_EINVAL, "the name of a retry topic is too long");
		rc = wr_embedded_create_topic(w->embedded, topic, err);
	}
	return rc;
}

static enum wr_code create_embedded_topics(struct wr_wiring *w, const struct wr_conf *conf,
					   struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	if (conf->ingest.listener.configured)
		rc = wr_embedded_create_topic(w->embedded, conf->ingest.topic, err);
	for (size_t i = 0; i < conf->pipeline_count && rc == WR_OK; i++) {
		const struct wr_conf_pipeline *p = &conf->pipelines[i];

		for (size_t j = 0; j < p->topics.count && rc == WR_OK; j++)
			rc = wr_embedded_create_topic(w->embedded, p->topics.items[j], err);
		for (size_t j = 0; j < p->output_count && rc == WR_OK; j++)
			rc = wr_embedded_create_topic(w->embedded, p->outputs[j].topic, err);
		for (size_t j = 0; j < p->stage_count && rc == WR_OK; j++)
			rc = create_embedded_tiers(w, p, &p->stages[j].retry, err);
		if (rc == WR_OK)
			rc = wr_embedded_create_topic(w->embedded, p->dlq_topic, err);
	}
	return rc;
}

static enum wr_code start_embedded(struct wr_wiring *w, struct wr_err *err)
{
	enum wr_code rc = wr_embedded_start(&w->embedded, err);

	if (rc != WR_OK)
		return rc;
	w->kafka.brokers = (char *)(uintptr_t)wr_embedded_brokers(w->embedded);
	return rc;
}

enum wr_code wr_wiring_extend(struct wr_wiring *w, const struct wr_conf *conf, bool rehearsal,
			      struct wr_err *err)
{
	enum wr_code rc = WR_OK;
	size_t lanes = 0;

	for (size_t i = 0; i < conf->pipeline_count && rc == WR_OK; i++) {
		lanes += (size_t)conf->pipelines[i].lanes;
		if (find(w, conf->pipelines[i].name) == NULL)
			rc = add_pipeline(w, &conf->pipelines[i], err);
	}
	if (rc != WR_OK || rehearsal)
		return rc;
	w->lane_bytes = conf->memory_bytes / (lanes > 0 ? lanes : 1);
	return w->embedded != NULL ? create_embedded_topics(w, conf, err) : WR_OK;
}

enum wr_code wr_wiring_init(struct wr_wiring *w, const struct wr_conf *conf,
			    const struct wr_clock *clock, struct wr_metrics *metrics,
			    struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	*w = (struct wr_wiring){
	    .conf = conf, .clock = clock, .metrics = metrics, .kafka = conf->kafka};
	wr_lock_init(&w->lock);
	w->adapters = (struct wr_lane_adapters){w, make_source, make_sink, make_store, budget_of};
	if (wr_topic_limits_create(&w->limits) != WR_OK)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for the limits of topics");
	if (rc == WR_OK && conf->kafka.embedded)
		rc = start_embedded(w, err);
	if (rc == WR_OK)
		rc = wr_wiring_extend(w, conf, false, err);
	if (rc != WR_OK)
		wr_wiring_fini(w);
	return rc;
}

void wr_wiring_fini(struct wr_wiring *w)
{
	struct wr_wired *wired;

	if (w->conf == NULL)
		return;
	while ((wired = w->first) != NULL) {
		w->first = wired->next;
		wr_memory_claims_unref(wired->claims);
		free(wired->name);
		free(wired);
	}
	wr_lock_fini(&w->lock);
	wr_topic_limits_destroy(w->limits);
	wr_embedded_stop(w->embedded);
	memset(w, 0, sizeof(*w));
}
