#include "config.h"

#include "cli/preflight.h"

#include "base/log.h"
#include "core/tier.h"

#include <inttypes.h>
#include <time.h>
#include <stdio.h>

#define TIMEOUT_MS 5000
#define ENVELOPE_BYTES (INT64_C(64) * 1024)
#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define DEFAULT_RECORD_BATCH_BYTES INT64_C(1000000) /* librdkafka's batch.size */
#define BATCH_OVERHEAD_BYTES 512
#define NEW_TOPIC_TRIES 40
#define NEW_TOPIC_WAIT_NS (50 * WR_NS_PER_MS)
#define NEW_TOPIC_PARTITIONS 4 /* a guess at the brokers' default, for dividing memory */

/* Numbers of partitions and bytes are for a topic that has to be made. */
static enum wr_code need_topic(struct wr_wiring *w, struct wr_kafka_admin *admin,
			       const struct wr_kafka_new_topic *wanted, int *partitions_r,
			       struct wr_err *err)
{
	const char *topic = wanted->name;
	char partitions[32] = "";
	enum wr_code rc = wr_kafka_admin_partitions(admin, topic, TIMEOUT_MS, partitions_r, err);

	if (rc == WR_OK || rc == WR_EUNAVAILABLE)
		return rc;
	if (rc == WR_EREFUSED)
		return wr_err_set(
		    err, rc,
		    "topic %s: not authorised to describe it; grant Describe (and Read or Write) "
		    "on it to weir's principal",
		    topic);
	if (wanted->partitions > 0)
		snprintf(partitions, sizeof(partitions), " --partitions %d", wanted->partitions);
	if (!w->conf->kafka.create_topics)
		return wr_err_set(
		    err, WR_EREFUSED,
		    "topic %s does not exist, and kafka.create_topics is false; create it: "
		    "kafka-topics.sh --bootstrap-server %s --create --topic %s%s",
		    topic, w->kafka.brokers, topic, partitions);
	rc = wr_kafka_admin_create_topic(admin, wanted, TIMEOUT_MS, err);
	if (rc == WR_OK) {
		WR_LOG(WR_LOG_INFO, "topic created", WR_STR("topic", topic));
		*partitions_r = wanted->partitions > 0 ? wanted->partitions : NEW_TOPIC_PARTITIONS;
	}
	if (rc == WR_EREFUSED) {
		struct wr_err why = *err;

		return wr_err_set(
		    err, WR_EREFUSED,
		    "topic %s does not exist and can't be created (%.200s); create it: "
		    "kafka-topics.sh --bootstrap-server %s --create --topic %s%s",
		    topic, why.text, w->kafka.brokers, topic, partitions);
	}
	return rc;
}

/* The limits of a topic; those that we may not ask for stay unknown. A topic that was just made is not known to every
 * broker at once. */
static enum wr_code ask_limits(struct wr_kafka_admin *admin, const char *topic,
			       struct wr_kafka_topic_limits *limits_r, struct wr_err *err)
{
	const struct timespec moment = {0, NEW_TOPIC_WAIT_NS};
	enum wr_code rc = wr_kafka_admin_limits(admin, topic, TIMEOUT_MS, limits_r, err);

	for (int i = 0; i < NEW_TOPIC_TRIES && rc == WR_ENOTFOUND; i++) {
		nanosleep(&moment, NULL);
		rc = wr_kafka_admin_limits(admin, topic, TIMEOUT_MS, limits_r, err);
	}
	if (rc == WR_ENOTFOUND)
		return wr_err_set(err, WR_EUNAVAILABLE, "topic %s was made and is not there yet",
				  topic);
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

/* What is learned of a pipeline's topics. */
struct survey {
	const struct wr_conf_pipeline *pipeline;
	int partitions;    /* of the sources */
	int64_t largest;   /* record that a source may hold */
	int64_t strictest; /* limit of a topic that is written */
	int written;       /* partitions of the one that was surveyed last */
};

static enum wr_code survey_sources(struct survey *s, struct wr_wiring *w,
				   struct wr_kafka_admin *admin, struct wr_err *err)
{
	const struct wr_conf_strings *topics = &s->pipeline->topics;
	struct wr_kafka_topic_limits limits;
	enum wr_code rc = WR_OK;
	int partitions;

	for (size_t i = 0; i < topics->count && rc == WR_OK; i++) {
		const struct wr_kafka_new_topic wanted = {.name = topics->items[i]};

		rc = need_topic(w, admin, &wanted, &partitions, err);
		if (rc == WR_OK)
			rc = ask_limits(admin, topics->items[i], &limits, err);
		if (rc != WR_OK)
			return rc;
		s->partitions += partitions;
		if (limits.max_message_bytes > s->largest)
			s->largest = limits.max_message_bytes;
	}
	return rc;
}

static enum wr_code survey_written(struct survey *s, struct wr_wiring *w,
				   struct wr_kafka_admin *admin,
				   const struct wr_kafka_new_topic *wanted,
				   struct wr_kafka_topic_limits *limits_r, struct wr_err *err)
{
	enum wr_code rc = need_topic(w, admin, wanted, &s->written, err);

	if (rc == WR_OK)
		rc = ask_limits(admin, wanted->name, limits_r, err);
	if (rc != WR_OK || limits_r->max_message_bytes < 0)
		return rc;
	wr_topic_limits_set(w->limits, wanted->name, limits_r->max_message_bytes);
	if (limits_r->max_message_bytes < s->strictest)
		s->strictest = limits_r->max_message_bytes;
	return WR_OK;
}

/* A dead-letter topic that we make ourselves takes whatever the sources can hold. */
static enum wr_code survey_dlq(struct survey *s, struct wr_wiring *w, struct wr_kafka_admin *admin,
			       struct wr_err *err)
{
	const struct wr_kafka_new_topic wanted = {
	    .name = s->pipeline->dlq_topic,
	    .max_message_bytes = s->largest > 0 ? s->largest + ENVELOPE_BYTES : 0};
	struct wr_kafka_topic_limits limits;
	enum wr_code rc = survey_written(s, w, admin, &wanted, &limits, err);

	if (rc == WR_OK)
		judge_dlq(s->pipeline, &limits, s->largest);
	return rc;
}

/* Where the order of keys is kept, who reads a partition of the source reads that of its retry topics. */
static enum wr_code align_tier(const struct survey *s, const struct wr_wiring *w,
			       struct wr_kafka_admin *admin, const char *topic, struct wr_err *err)
{
	struct wr_err why;
	enum wr_code rc;

	if (s->written == s->partitions)
		return WR_OK;
	if (s->written > s->partitions)
		return wr_err_set(err, WR_EREFUSED,
				  "topic %s has %d partitions and the source topic %d, and with "
				  "`retry.mode: key` they must be equal; let it drain, stop the "
				  "pipeline and delete the topic, or use other tiers",
				  topic, s->written, s->partitions);
	rc = wr_kafka_admin_add_partitions(admin, topic, s->partitions, TIMEOUT_MS, &why);
	if (rc == WR_OK) {
		WR_LOG(WR_LOG_INFO, "partitions added to a retry topic", WR_STR("topic", topic),
		       WR_INT("partitions", s->partitions));
		return WR_OK;
	}
	return wr_err_set(
	    err, rc,
	    "topic %s has %d partitions and the source topic %d, and with "
	    "`retry.mode: key` they must be equal, but none can be added (%.200s); add "
	    "them: kafka-topics.sh --bootstrap-server %s --alter --topic %s "
	    "--partitions %d",
	    topic, s->written, s->partitions, why.text, w->kafka.brokers, topic, s->partitions);
}

/* A retry topic has the source's partitions, so that retries spread as their events do. Beside the event as it entered
 * the stage its record may hold the event as it came. */
static enum wr_code survey_tier(struct survey *s, struct wr_wiring *w, struct wr_kafka_admin *admin,
				int64_t delay_ms, bool keeps_order, struct wr_err *err)
{
	struct wr_kafka_topic_limits limits;
	char topic[WR_TOPIC_BYTES];
	const struct wr_kafka_new_topic wanted = {
	    .name = topic,
	    .partitions = s->partitions,
	    .max_message_bytes = s->largest > 0 ? 2 * s->largest + ENVELOPE_BYTES : 0};
	enum wr_code rc;

	if (!wr_retry_topic(s->pipeline->name, delay_ms, topic))
		return wr_err_set(err, WR_EINVAL, "the name of a retry topic is too long");
	rc = survey_written(s, w, admin, &wanted, &limits, err);
	if (rc == WR_OK && keeps_order)
		rc = align_tier(s, w, admin, topic, err);
	if (rc == WR_OK && limits.compacted)
		WR_LOG(WR_LOG_WARN,
		       "a retry topic is compacted: a later retry of the same key deletes an "
		       "earlier one; set cleanup.policy=delete",
		       WR_STR("pipeline", s->pipeline->name), WR_STR("topic", topic));
	if (rc == WR_OK && limits.retention_ms >= 0 && limits.retention_ms < delay_ms + DAY_MS)
		WR_LOG(WR_LOG_WARN,
		       "a retry topic keeps its records for less than a day longer than they wait",
		       WR_STR("pipeline", s->pipeline->name), WR_STR("topic", topic),
		       WR_INT("retention_ms", limits.retention_ms));
	return rc;
}

/* Whoever has to make topics is told of all of them at once: the last one is the error, those before it are logged. */
static enum wr_code survey_tiers(struct survey *s, struct wr_wiring *w,
				 struct wr_kafka_admin *admin, const struct wr_conf_retry *retry,
				 struct wr_err *err)
{
	enum wr_code rc = WR_OK, one;
	struct wr_err why;

	for (size_t i = 0; wr_conf_retry_leaves(retry) && i < retry->tier_count; i++) {
		one =
		    survey_tier(s, w, admin, retry->tiers_ms[i], retry->mode == WR_RETRY_KEY, &why);
		if (one == WR_OK)
			continue;
		if (rc != WR_OK)
			WR_LOG(WR_LOG_ERROR, "a retry topic is not as it must be",
			       WR_STR("pipeline", s->pipeline->name), WR_STR("reason", err->text));
		rc = wr_err_set(err, one, "%s", why.text);
		if (rc != WR_EREFUSED)
			break;
	}
	return rc;
}

/* The topic of replays is there from the start, so that the lanes know it when the first replay comes. Whoever replays
 * can make it as well, so it is no reason not to start. */
static enum wr_code survey_replays(struct survey *s, struct wr_wiring *w,
				   struct wr_kafka_admin *admin, struct wr_err *err)
{
	char topic[WR_TOPIC_BYTES];
	const struct wr_kafka_new_topic wanted = {
	    .name = topic,
	    .partitions = s->partitions,
	    .max_message_bytes = s->largest > 0 ? 2 * s->largest + ENVELOPE_BYTES : 0};
	enum wr_code rc;
	int partitions;

	if (!wr_retry_topic(s->pipeline->name, 0, topic))
		return wr_err_set(err, WR_EINVAL, "the name of a retry topic is too long");
	rc = need_topic(w, admin, &wanted, &partitions, err);
	if (rc != WR_EREFUSED)
		return rc;
	WR_LOG(
	    WR_LOG_INFO,
	    "the topic for replays of dead letters is not there: the first replay makes it and is "
	    "found within half a minute",
	    WR_STR("pipeline", s->pipeline->name), WR_STR("topic", topic),
	    WR_STR("reason", err->text));
	return WR_OK;
}

/* A record batch that is too large is refused whole, with the innocent records in it: so it is made no larger than
 * the strictest topic takes. */
static size_t batch_bytes_for(const struct survey *s)
{
	return s->strictest > 2 * BATCH_OVERHEAD_BYTES
		   ? (size_t)(s->strictest - BATCH_OVERHEAD_BYTES)
		   : BATCH_OVERHEAD_BYTES;
}

static enum wr_code survey_pipeline(struct wr_wiring *w, struct wr_kafka_admin *admin,
				    const struct wr_conf_pipeline *pipeline, struct wr_err *err)
{
	struct wr_wired *wired = wr_wiring_find(w, pipeline->name);
	struct survey s = {.pipeline = pipeline,
			   .strictest = DEFAULT_RECORD_BATCH_BYTES + BATCH_OVERHEAD_BYTES};
	struct wr_kafka_topic_limits limits;
	enum wr_code rc = survey_sources(&s, w, admin, err);

	for (size_t i = 0; i < s.pipeline->output_count && rc == WR_OK; i++) {
		const struct wr_kafka_new_topic wanted = {.name = s.pipeline->outputs[i].topic};

		rc = survey_written(&s, w, admin, &wanted, &limits, err);
	}
	for (size_t i = 0; i < s.pipeline->stage_count && rc == WR_OK; i++)
		rc = survey_tiers(&s, w, admin, &s.pipeline->stages[i].retry, err);
	if (rc == WR_OK)
		rc = survey_dlq(&s, w, admin, err);
	if (rc == WR_OK)
		rc = survey_replays(&s, w, admin, err);
	if (rc != WR_OK)
		return rc;
	wired->partitions = s.partitions;
	wired->record_batch_bytes = batch_bytes_for(&s);
	return WR_OK;
}

/* Until it is known how large a record the topic takes, HTTP has no producer. */
static enum wr_code survey_ingest(struct wr_wiring *w, struct wr_kafka_admin *admin,
				  const struct wr_conf_ingest *ingest, struct wr_err *err)
{
	struct survey s = {.strictest = DEFAULT_RECORD_BATCH_BYTES + BATCH_OVERHEAD_BYTES};
	struct wr_kafka_topic_limits limits;
	const struct wr_kafka_new_topic wanted = {.name = ingest->topic};
	enum wr_code rc = survey_written(&s, w, admin, &wanted, &limits, err);

	if (rc != WR_OK)
		return rc;
	if (limits.max_message_bytes >= 0 &&
	    (uint64_t)limits.max_message_bytes < ingest->max_event_bytes)
		WR_LOG(WR_LOG_WARN,
		       "http.ingest.max_event is more than its topic takes: events between the two "
		       "are refused by Kafka",
		       WR_STR("topic", ingest->topic),
		       WR_INT("max_message_bytes", limits.max_message_bytes),
		       WR_INT("max_event_bytes", ingest->max_event_bytes));
	atomic_store(&w->ingest_batch_bytes, batch_bytes_for(&s));
	return WR_OK;
}

enum wr_code wr_preflight_topics(struct wr_wiring *w, struct wr_kafka_admin *admin,
				 const struct wr_conf *conf, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	if (w->embedded != NULL)
		return WR_OK; /* they were made with the broker */
	if (w->conf->ingest.listener.configured)
		rc = survey_ingest(w, admin, &conf->ingest, err);
	for (size_t i = 0; i < conf->pipeline_count && rc == WR_OK; i++) {
		rc = survey_pipeline(w, admin, &conf->pipelines[i], err);
		if (rc != WR_OK)
			wr_err_prefix(err, "pipeline %s", conf->pipelines[i].name);
	}
	return rc;
}

static void tell(void *arg, enum wr_log_level level, const char *sentence)
{
	const struct wr_conf_pipeline *p = arg;

	WR_LOG(level, "claim store", WR_STR("pipeline", p->name), WR_STR("text", sentence));
}

static enum wr_code inspect(struct wr_wiring *w, const struct wr_conf_pipeline *p,
			    struct wr_err *err)
{
	struct wr_wired *wired = wr_wiring_find(w, p->name);
	struct wr_claim_store *store;
	enum wr_code rc;

	if (wired->inspected)
		return WR_OK;
	rc = wr_wiring_store(w, p, &store, err);
	if (rc != WR_OK || store == NULL)
		return rc;
	wired->inspected = true;
	rc = store->ops->inspect(store, tell, (void *)(uintptr_t)p, err);
	store->ops->destroy(store);
	if (rc != WR_EUNAVAILABLE)
		return rc;
	WR_LOG(WR_LOG_WARN, "the claim store does not answer yet", WR_STR("pipeline", p->name),
	       WR_STR("reason", err->text));
	return WR_OK;
}

enum wr_code wr_preflight_stores(struct wr_wiring *w, const struct wr_conf *conf,
				 struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < conf->pipeline_count && rc == WR_OK; i++) {
		rc = inspect(w, &conf->pipelines[i], err);
		if (rc != WR_OK)
			wr_err_prefix(err, "pipeline %s", conf->pipelines[i].name);
	}
	return rc;
}
