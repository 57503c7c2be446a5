#include "config.h"

#include "cli/wiring.h"

#include "base/check.h"
#include "kafka/sink.h"
#include "kafka/source.h"
#include "memory/store.h"
#include "redis/store.h"

#include <stdio.h>
#include <stdlib.h>

#define TRANSACTIONAL_ID_BYTES 512 /* a pipeline's name and an instance have less than 250 each */

/* Shares of a lane's memory. What is fetched takes more than its bytes: some 350 for each record, so that with small
 * records a quarter becomes more than a half. The rest is the window's. */
#define FETCH_SHARE(bytes) ((bytes) / 4)
#define QUEUE_SHARE(bytes) ((bytes) / 4)

static size_t index_of(const struct wr_wiring *w, const struct wr_conf_pipeline *pipeline)
{
	return (size_t)(pipeline - w->conf->pipelines);
}

static struct wr_kafka_name name_of(const struct wr_wiring *w, const struct wr_lane *lane)
{
	return (struct wr_kafka_name){w->conf->instance, wr_lane_pipeline(lane)->conf->name,
				      (int)wr_lane_number(lane)};
}

static enum wr_code make_source(void *arg, const struct wr_lane *lane, int wake_fd,
				struct wr_source **source_r, struct wr_err *err)
{
	struct wr_wiring *w = arg;
	const struct wr_conf_pipeline *conf = wr_lane_pipeline(lane)->conf;
	struct wr_kafka_source_options options = {
	    .kafka = &w->kafka,
	    .name = name_of(w, lane),
	    .group = conf->group,
	    .topics = &conf->topics,
	    .fetch_bytes = FETCH_SHARE(w->lane_bytes),
	    .partitions = (w->partitions[index_of(w, conf)] + conf->lanes - 1) / conf->lanes,
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
	    .batch_bytes = w->record_batch_bytes[index_of(w, conf)],
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
		return wr_memory_store_create(w->claims[index_of(w, pipeline)], store_r, err);
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

static enum wr_code make_claims(struct wr_wiring *w, struct wr_metrics *metrics, struct wr_err *err)
{
	size_t count = w->conf->pipeline_count;

	w->claims = calloc(count + 1, sizeof(struct wr_memory_claims *));
	w->record_batch_bytes = calloc(count + 1, sizeof(size_t));
	w->partitions = calloc(count + 1, sizeof(int));
	if (w->claims == NULL || w->record_batch_bytes == NULL || w->partitions == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for the pipelines");
	for (size_t i = 0; i < count; i++) {
		const struct wr_conf_idempotency *idempotency = &w->conf->pipelines[i].idempotency;

		if (idempotency->store != WR_STORE_MEMORY)
			continue;
		if (wr_memory_claims_create(idempotency->ttl_ms, idempotency->max_ids,
					    &w->claims[i]) != WR_OK ||
		    wr_memory_claims_expose(w->claims[i], metrics, w->conf->pipelines[i].name) !=
			WR_OK)
			return wr_err_set(err, WR_ENOMEM, "no memory for the claims");
	}
	return WR_OK;
}

static enum wr_code create_embedded_topics(struct wr_wiring *w, struct wr_err *err)
{
	const struct wr_conf *conf = w->conf;
	enum wr_code rc = WR_OK;

	if (conf->ingest.listener.configured)
		rc = wr_embedded_create_topic(w->embedded, conf->ingest.topic, err);
	for (size_t i = 0; i < conf->pipeline_count && rc == WR_OK; i++) {
		const struct wr_conf_pipeline *p = &conf->pipelines[i];

		for (size_t j = 0; j < p->topics.count && rc == WR_OK; j++)
			rc = wr_embedded_create_topic(w->embedded, p->topics.items[j], err);
		for (size_t j = 0; j < p->output_count && rc == WR_OK; j++)
			rc = wr_embedded_create_topic(w->embedded, p->outputs[j].topic, err);
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
	return create_embedded_topics(w, err);
}

enum wr_code wr_wiring_init(struct wr_wiring *w, const struct wr_conf *conf,
			    const struct wr_clock *clock, struct wr_metrics *metrics,
			    struct wr_err *err)
{
	size_t lanes = 0;
	enum wr_code rc;

	*w = (struct wr_wiring){.conf = conf, .clock = clock, .kafka = conf->kafka};
	for (size_t i = 0; i < conf->pipeline_count; i++)
		lanes += (size_t)conf->pipelines[i].lanes;
	w->lane_bytes = conf->memory_bytes / (lanes > 0 ? lanes : 1);
	w->adapters = (struct wr_lane_adapters){w, make_source, make_sink, make_store};
	rc = make_claims(w, metrics, err);
	if (rc == WR_OK && conf->kafka.embedded)
		rc = start_embedded(w, err);
	if (rc != WR_OK)
		wr_wiring_fini(w);
	return rc;
}

void wr_wiring_fini(struct wr_wiring *w)
{
	for (size_t i = 0; w->claims != NULL && i < w->conf->pipeline_count; i++)
		wr_memory_claims_unref(w->claims[i]);
	free(w->claims);
	free(w->record_batch_bytes);
	free(w->partitions);
	wr_embedded_stop(w->embedded);
	*w = (struct wr_wiring){.conf = NULL};
}
