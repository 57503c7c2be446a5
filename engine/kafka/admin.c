#include "config.h"

#include "kafka/admin.h"

#include "kafka/topics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wr_kafka_admin {
	rd_kafka_t *rk;
};

enum wr_code wr_kafka_admin_create(const struct wr_conf_kafka *kafka,
				   const struct wr_kafka_name *name,
				   struct wr_kafka_admin **admin_r, struct wr_err *err)
{
	struct wr_kafka_admin *a = calloc(1, sizeof(*a));
	rd_kafka_conf_t *conf;
	enum wr_code rc;

	*admin_r = NULL;
	if (a == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for the admin client");
	rc = wr_kafka_conf_create(kafka, NULL, NULL, name, &conf, err);
	if (rc == WR_OK) {
		/* Not a producer: its metadata requests would create the topics that it asks for. */
		a->rk = wr_kafka_client_create(RD_KAFKA_CONSUMER, &conf, err);
		rc = a->rk != NULL ? WR_OK : WR_EINVAL;
	}
	if (rc != WR_OK) {
		free(a);
		return rc;
	}
	*admin_r = a;
	return WR_OK;
}

void wr_kafka_admin_destroy(struct wr_kafka_admin *a)
{
	if (a == NULL)
		return;
	rd_kafka_destroy(a->rk);
	free(a);
}

static enum wr_code code_of(rd_kafka_resp_err_t error)
{
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return WR_OK;
	if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
		return WR_ENOTFOUND;
	if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	    error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
	    error == RD_KAFKA_RESP_ERR_POLICY_VIOLATION ||
	    error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)
		return WR_EREFUSED;
	return WR_EUNAVAILABLE;
}

static enum wr_code fail(rd_kafka_resp_err_t error, struct wr_err *err)
{
	return wr_err_set(err, code_of(error), "%s", rd_kafka_err2str(error));
}

enum wr_code wr_kafka_admin_ping(struct wr_kafka_admin *a, int timeout_ms, struct wr_err *err)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t error;

	rd_kafka_poll(a->rk, 0);
	error = rd_kafka_metadata(a->rk, 0, NULL, &metadata, timeout_ms);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return wr_err_set(err, WR_EUNAVAILABLE, "%s", rd_kafka_err2str(error));
	rd_kafka_metadata_destroy(metadata);
	return WR_OK;
}

enum wr_code wr_kafka_admin_partitions(struct wr_kafka_admin *a, const char *topic, int timeout_ms,
				       int *count_r, struct wr_err *err)
{
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(a->rk, topic, NULL);
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t error;

	*count_r = 0;
	if (rkt == NULL)
		return fail(rd_kafka_last_error(), err);
	error = rd_kafka_metadata(a->rk, 0, rkt, &metadata, timeout_ms);
	rd_kafka_topic_destroy(rkt);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(error, err);
	error =
	    metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		*count_r = metadata->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(metadata);
	return error == RD_KAFKA_RESP_ERR_NO_ERROR ? WR_OK : fail(error, err);
}

/* Waits for the reply to a request, and takes its queue: with it goes a reply that comes too late, which must not be
 * taken for that to another request. NULL when none came. */
static rd_kafka_event_t *await(rd_kafka_queue_t *replies, int timeout_ms, struct wr_err *err)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(replies, timeout_ms);

	rd_kafka_queue_destroy(replies);
	if (event == NULL) {
		wr_err_set(err, WR_EUNAVAILABLE, "no answer in time");
		return NULL;
	}
	if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR)
		return event;
	fail(rd_kafka_event_error(event), err);
	rd_kafka_event_destroy(event);
	return NULL;
}

static rd_kafka_AdminOptions_t *options(struct wr_kafka_admin *a, rd_kafka_admin_op_t op,
					int timeout_ms)
{
	rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(a->rk, op);
	char text[128];

	rd_kafka_AdminOptions_set_request_timeout(o, timeout_ms, text, sizeof(text));
	return o;
}

static enum wr_code creation_result(rd_kafka_event_t *event, struct wr_err *err)
{
	size_t count;
	const rd_kafka_topic_result_t **results =
	    rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	rd_kafka_resp_err_t error;

	if (count != 1)
		return wr_err_set(err, WR_EUNAVAILABLE, "the broker's answer names no topic");
	error = rd_kafka_topic_result_error(results[0]);
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return WR_OK;
	return fail(error, err);
}

static enum wr_code set_all(rd_kafka_NewTopic_t *topic, const struct wr_kafka_setting *settings,
			    struct wr_err *err)
{
	rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;

	for (; settings->name != NULL && error == RD_KAFKA_RESP_ERR_NO_ERROR; settings++)
		error = rd_kafka_NewTopic_set_config(topic, settings->name, settings->value);
	return error == RD_KAFKA_RESP_ERR_NO_ERROR ? WR_OK : fail(error, err);
}

enum wr_code wr_kafka_admin_create_topic(struct wr_kafka_admin *a,
					 const struct wr_kafka_new_topic *topic, int timeout_ms,
					 struct wr_err *err)
{
	char text[24];
	const struct wr_kafka_setting settings[] = {
	    {topic->max_message_bytes > 0 ? "max.message.bytes" : NULL, text}, {NULL, NULL}};

	snprintf(text, sizeof(text), "%" PRId64, topic->max_message_bytes);
	return wr_kafka_admin_create_topic_with(a, topic->name,
						topic->partitions > 0 ? topic->partitions : -1,
						settings, timeout_ms, err);
}

enum wr_code wr_kafka_admin_create_topic_with(struct wr_kafka_admin *a, const char *topic,
					      int partitions,
					      const struct wr_kafka_setting *settings,
					      int timeout_ms, struct wr_err *err)
{
	char text[256];
	rd_kafka_NewTopic_t *new_topic =
	    rd_kafka_NewTopic_new(topic, partitions, -1, text, sizeof(text));
	rd_kafka_queue_t *replies = NULL;
	rd_kafka_AdminOptions_t *o;
	rd_kafka_event_t *event;
	enum wr_code rc;

	if (new_topic == NULL)
		return wr_err_set(err, WR_EREFUSED, "%s", text);
	rc = set_all(new_topic, settings, err);
	if (rc == WR_OK) {
		replies = rd_kafka_queue_new(a->rk);
		o = options(a, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
		rd_kafka_CreateTopics(a->rk, &new_topic, 1, o, replies);
		rd_kafka_AdminOptions_destroy(o);
	}
	rd_kafka_NewTopic_destroy(new_topic);
	if (rc != WR_OK)
		return rc;
	event = await(replies, timeout_ms + 1000, err);
	if (event == NULL)
		return err != NULL ? err->code : WR_EUNAVAILABLE;
	rc = creation_result(event, err);
	rd_kafka_event_destroy(event);
	return rc;
}

enum wr_code wr_kafka_admin_add_partitions(struct wr_kafka_admin *a, const char *topic,
					   int partitions, int timeout_ms, struct wr_err *err)
{
	return wr_kafka_add_partitions(a->rk, topic, partitions, timeout_ms, err);
}

static void read_limit(const rd_kafka_ConfigEntry_t *entry, struct wr_kafka_topic_limits *limits)
{
	const char *name = rd_kafka_ConfigEntry_name(entry),
		   *value = rd_kafka_ConfigEntry_value(entry);

	if (value == NULL)
		return;
	if (strcmp(name, "max.message.bytes") == 0)
		limits->max_message_bytes = strtoll(value, NULL, 10);
	else if (strcmp(name, "retention.ms") == 0)
		limits->retention_ms = strtoll(value, NULL, 10);
	else if (strcmp(name, "cleanup.policy") == 0)
		limits->compacted = strstr(value, "compact") != NULL;
}

static enum wr_code limits_result(rd_kafka_event_t *event, struct wr_kafka_topic_limits *limits,
				  struct wr_err *err)
{
	const rd_kafka_ConfigResource_t **resources;
	const rd_kafka_ConfigEntry_t **entries;
	size_t count;

	resources = rd_kafka_DescribeConfigs_result_resources(
	    rd_kafka_event_DescribeConfigs_result(event), &count);
	if (count != 1)
		return wr_err_set(err, WR_EUNAVAILABLE, "the broker's answer names no topic");
	if (rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(rd_kafka_ConfigResource_error(resources[0]), err);
	entries = rd_kafka_ConfigResource_configs(resources[0], &count);
	for (size_t i = 0; i < count; i++)
		read_limit(entries[i], limits);
	return WR_OK;
}

enum wr_code wr_kafka_admin_limits(struct wr_kafka_admin *a, const char *topic, int timeout_ms,
				   struct wr_kafka_topic_limits *limits_r, struct wr_err *err)
{
	rd_kafka_ConfigResource_t *resource =
	    rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	rd_kafka_AdminOptions_t *o = options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
	rd_kafka_queue_t *replies = rd_kafka_queue_new(a->rk);
	rd_kafka_event_t *event;
	enum wr_code rc;

	*limits_r = (struct wr_kafka_topic_limits){-1, -1, false};
	rd_kafka_DescribeConfigs(a->rk, &resource, 1, o, replies);
	rd_kafka_AdminOptions_destroy(o);
	rd_kafka_ConfigResource_destroy(resource);
	event = await(replies, timeout_ms + 1000, err);
	if (event == NULL)
		return err != NULL ? err->code : WR_EUNAVAILABLE;
	rc = limits_result(event, limits_r, err);
	rd_kafka_event_destroy(event);
	return rc;
}
