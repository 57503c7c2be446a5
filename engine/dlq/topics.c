#include "config.h"

#include "dlq/topics.h"

#include "core/tier.h"
#include "kafka/admin.h"

#include <inttypes.h>
#include <stdio.h>

#define TIMEOUT_MS 10000

static enum wr_code refuse(enum wr_code rc, const char *topic, int partitions, const char *more,
			   struct wr_err *err)
{
	const struct wr_err why = *err;

	return wr_err_set(err, rc,
			  "%s is missing and can't be created (%s); create it: kafka-topics.sh "
			  "--create --topic %s --partitions %d%s",
			  topic, why.text, topic, partitions, more);
}

static enum wr_code make_state(const struct wr_dlq *dlq, struct wr_kafka_admin *admin,
			       struct wr_err *err)
{
	static const struct wr_kafka_setting settings[] = {{"cleanup.policy", "compact"},
							   {NULL, NULL}};
	int count;
	enum wr_code rc =
	    wr_kafka_admin_partitions(admin, dlq->state_name, TIMEOUT_MS, &count, err);

	if (rc != WR_ENOTFOUND)
		return rc;
	rc = wr_kafka_admin_create_topic_with(admin, dlq->state_name, 1, settings, TIMEOUT_MS, err);
	if (rc == WR_EREFUSED)
		return refuse(rc, dlq->state_name, 1, " --config cleanup.policy=compact", err);
	return rc;
}

/* It takes what the dead-letter topic took. */
static enum wr_code make_retry(const struct wr_dlq *dlq, struct wr_kafka_admin *admin,
			       const struct wr_dlq_pipeline *pipeline, struct wr_err *err)
{
	int count, partitions = wr_dlq_topic_partitions(dlq->topic);
	char name[WR_TOPIC_BYTES], bytes[24];
	const struct wr_kafka_setting settings[] = {{"max.message.bytes", bytes}, {NULL, NULL}};
	struct wr_kafka_topic_limits limits;
	enum wr_code rc;

	if (!wr_retry_topic(pipeline->name, 0, name))
		return wr_err_set(err, WR_EINVAL, "%s: too long a name for retry topics",
				  pipeline->name);
	rc = wr_kafka_admin_partitions(admin, name, TIMEOUT_MS, &count, err);
	if (rc != WR_ENOTFOUND)
		return rc;
	if (pipeline->source != NULL &&
	    wr_kafka_admin_partitions(admin, pipeline->source, TIMEOUT_MS, &count, err) == WR_OK)
		partitions = count;
	rc = wr_kafka_admin_limits(admin, dlq->topic_name, TIMEOUT_MS, &limits, err);
	if (rc != WR_OK || limits.max_message_bytes <= 0)
		limits.max_message_bytes = 1048588 + 65536;
	snprintf(bytes, sizeof(bytes), "%" PRId64, limits.max_message_bytes);
	rc = wr_kafka_admin_create_topic_with(admin, name, partitions, settings, TIMEOUT_MS, err);
	return rc == WR_EREFUSED ? refuse(rc, name, partitions, "", err) : rc;
}

enum wr_code wr_dlq_topics_make(const struct wr_dlq *dlq, const struct wr_conf_kafka *kafka,
				const struct wr_dlq_pipeline *pipelines, size_t pipeline_count,
				struct wr_err *err)
{
	const struct wr_kafka_name name = {
	    .instance = dlq->instance, .pipeline = "dlq", .lane = -1};
	struct wr_kafka_admin *admin;
	enum wr_code rc = wr_kafka_admin_create(kafka, &name, &admin, err);

	if (rc != WR_OK)
		return rc;
	rc = make_state(dlq, admin, err);
	for (size_t i = 0; i < pipeline_count && rc == WR_OK; i++)
		rc = make_retry(dlq, admin, &pipelines[i], err);
	wr_kafka_admin_destroy(admin);
	return rc;
}
