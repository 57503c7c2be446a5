#include "config.h"

#include "cli/preflight.h"

#include "base/log.h"

#include <inttypes.h>

#define TIMEOUT_MS 5000
#define ENVELOPE_BYTES (INT64_C(64) * 1024)
#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define DEFAULT_RECORD_BATCH_BYTES INT64_C(1000000) /* librdkafka's batch.size */
#define BATCH_OVERHEAD_BYTES 512
#define NEW_TOPIC_PARTITIONS 4 /* a guess at the brokers' default, for dividing memory */

static enum wr_code need_topic(struct wr_wiring *w, struct wr_kafka_admin *admin, const char *topic,
			       int *partitions_r, struct wr_err *err)
{
	enum wr_code rc = wr_kafka_admin_partitions(admin, topic, TIMEOUT_MS, partitions_r, err);

	if (rc == WR_OK || rc == WR_EUNAVAILABLE)
		return rc;
	if (rc == WR_EREFUSED)
		return wr_err_set(
		    err, rc,
		    "topic %s: not authorised to describe it; grant Describe (and Read or Write) "
		    "on it to weir's principal",
		    topic);
	if (!w->conf->kafka.create_topics)
		return wr_err_set(
		    err, WR_EREFUSED,
		    "topic %s does not exist, and kafka.create_topics is false; create it: "
		    "kafka-topics.sh --bootstrap-server %s --create --topic %s",
		    topic, w->kafka.brokers, topic);
	rc = wr_kafka_admin_create_topic(admin, topic, TIMEOUT_MS, err);
	if (rc == WR_OK) {
		WR_LOG(WR_LOG_INFO, "topic created", WR_STR("topic", topic));
		*partitions_r = NEW_TOPIC_PARTITIONS;
	}
	if (rc == WR_EREFUSED) {
		struct wr_err why = *err;

		return wr_err_set(
		    err, WR_EREFUSED,
		    "topic %s does not exist and can't be created (%.200s); create it: "
		    "kafka-topics.sh --bootstrap-server %s --create --topic %s",
		    topic, why.text, w->kafka.brokers, topic);
	}
	return rc;
}

static enum wr_code need_pipeline_topics(struct wr_wiring *w, struct wr_kafka_admin *admin,
					 size_t index, struct wr_err *err)
{
	const struct wr_conf_pipeline *p = &w->conf->pipelines[index];
	enum wr_code rc = WR_OK;
	int partitions;

	w->partitions[index] = 0;
	for (size_t i = 0; i < p->topics.count && rc == WR_OK; i++) {
		rc = need_topic(w, admin, p->topics.items[i], &partitions, err);
		w->partitions[index] += partitions;
	}
	for (size_t i = 0; i < p->output_count && rc == WR_OK; i++)
		rc = need_topic(w, admin, p->outputs[i].topic, &partitions, err);
	return rc == WR_OK ? need_topic(w, admin, p->dlq_topic, &partitions, err) : rc;
}

/* The limits of a topic; those that we may not ask for stay unknown. */
static enum wr_code ask_limits(struct wr_kafka_admin *admin, const char *topic,
			       struct wr_kafka_topic_limits *limits_r, struct wr_err *err)
{
	enum wr_code rc = wr_kafka_admin_limits(admin, topic, TIMEOUT_MS, limits_r, err);

	if (rc == WR_EUNAVAILABLE)
		return rc;
	if (rc != WR_OK)
		WR_LOG(WR_LOG_WARN,
		       "the settings of a topic can't be read: its limits are not checked",
		       WR_STR("topic", topic), WR_STR("reason", err->text));
	return WR_OK;
}

static void judge_dlq(const struct wr_conf_pipeline *p, const struct wr_kafka_topic_limits *dlq,
		      int64_t largest_bytes)
{
	if (dlq->compacted)
		WR_LOG(
		    WR_LOG_WARN,
		    "the dead-letter topic is compacted: a later dead letter of the same key deletes an "
		    "earlier one; set cleanup.policy=delete",
		    WR_STR("pipeline", p->name), WR_STR("topic", p->dlq_topic));
	if (dlq->retention_ms >= 0 && dlq->retention_ms < DAY_MS)
		WR_LOG(WR_LOG_WARN, "the dead-letter topic keeps its records for less than a day",
		       WR_STR("pipeline", p->name), WR_STR("topic", p->dlq_topic),
		       WR_INT("retention_ms", dlq->retention_ms));
	if (dlq->max_message_bytes >= 0 && dlq->max_message_bytes < largest_bytes + ENVELOPE_BYTES)
		WR_LOG(
		    WR_LOG_WARN,
		    "the dead-letter topic refuses the source's largest record with its envelope; raise its "
		    "max.message.bytes",
		    WR_STR("pipeline", p->name), WR_STR("topic", p->dlq_topic),
		    WR_INT("max_message_bytes", dlq->max_message_bytes),
		    WR_INT("needed_bytes", largest_bytes + ENVELOPE_BYTES));
}

static int64_t smaller_limit(int64_t bytes, const struct wr_kafka_topic_limits *limits)
{
	return limits->max_message_bytes >= 0 && limits->max_message_bytes < bytes
		   ? limits->max_message_bytes
		   : bytes;
}

/* A record batch that is too large is refused whole, with the innocent records in it: so it is made no larger than
 * the strictest topic takes. */
static enum wr_code learn_limits(struct wr_wiring *w, struct wr_kafka_admin *admin, size_t index,
				 struct wr_err *err)
{
	const struct wr_conf_pipeline *p = &w->conf->pipelines[index];
	struct wr_kafka_topic_limits limits;
	int64_t largest = 0, smallest = DEFAULT_RECORD_BATCH_BYTES + BATCH_OVERHEAD_BYTES;
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < p->topics.count && rc == WR_OK; i++) {
		rc = ask_limits(admin, p->topics.items[i], &limits, err);
		if (rc == WR_OK && limits.max_message_bytes > largest)
			largest = limits.max_message_bytes;
	}
	for (size_t i = 0; i < p->output_count && rc == WR_OK; i++) {
		rc = ask_limits(admin, p->outputs[i].topic, &limits, err);
		if (rc == WR_OK)
			smallest = smaller_limit(smallest, &limits);
	}
	if (rc == WR_OK)
		rc = ask_limits(admin, p->dlq_topic, &limits, err);
	if (rc != WR_OK)
		return rc;
	judge_dlq(p, &limits, largest);
	smallest = smaller_limit(smallest, &limits);
	w->record_batch_bytes[index] = smallest > 2 * BATCH_OVERHEAD_BYTES
					   ? (size_t)(smallest - BATCH_OVERHEAD_BYTES)
					   : BATCH_OVERHEAD_BYTES;
	return WR_OK;
}

enum wr_code wr_preflight_topics(struct wr_wiring *w, struct wr_kafka_admin *admin,
				 struct wr_err *err)
{
	enum wr_code rc = WR_OK;
	int partitions;

	if (w->embedded != NULL)
		return WR_OK; /* they were made with the broker */
	if (w->conf->ingest.listener.configured)
		rc = need_topic(w, admin, w->conf->ingest.topic, &partitions, err);
	for (size_t i = 0; i < w->conf->pipeline_count && rc == WR_OK; i++) {
		rc = need_pipeline_topics(w, admin, i, err);
		if (rc == WR_OK)
			rc = learn_limits(w, admin, i, err);
		if (rc != WR_OK)
			wr_err_prefix(err, "pipeline %s", w->conf->pipelines[i].name);
	}
	return rc;
}

static void tell(void *arg, enum wr_log_level level, const char *sentence)
{
	const struct wr_conf_pipeline *p = arg;

	WR_LOG(level, "claim store", WR_STR("pipeline", p->name), WR_STR("text", sentence));
}

static enum wr_code inspect(struct wr_wiring *w, struct wr_conf_pipeline *p, struct wr_err *err)
{
	struct wr_claim_store *store;
	enum wr_code rc = wr_wiring_store(w, p, &store, err);

	if (rc != WR_OK || store == NULL)
		return rc;
	rc = store->ops->inspect(store, tell, p, err);
	store->ops->destroy(store);
	if (rc != WR_EUNAVAILABLE)
		return rc;
	WR_LOG(WR_LOG_WARN, "the claim store does not answer yet", WR_STR("pipeline", p->name),
	       WR_STR("reason", err->text));
	return WR_OK;
}

enum wr_code wr_preflight_stores(struct wr_wiring *w, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < w->conf->pipeline_count && rc == WR_OK; i++) {
		rc = inspect(w, &w->conf->pipelines[i], err);
		if (rc != WR_OK)
			wr_err_prefix(err, "pipeline %s", w->conf->pipelines[i].name);
	}
	return rc;
}
