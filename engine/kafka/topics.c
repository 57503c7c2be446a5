#include "config.h"

#include "kafka/topics.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum wr_code wr_topic_filter_init(struct wr_topic_filter *filter,
				  const struct wr_conf_strings *names, const char *pattern,
				  bool aligns, struct wr_err *err)
{
	*filter = (struct wr_topic_filter){.aligns = aligns && names->count == 1};
	filter->names = calloc(names->count + 1, sizeof(char *));
	for (size_t i = 0; filter->names != NULL && i < names->count; i++) {
		filter->names[i] = strdup(names->items[i]);
		if (filter->names[i] == NULL)
			break;
		filter->name_count++;
	}
	if (filter->names == NULL || filter->name_count < names->count) {
		wr_topic_filter_fini(filter);
		return wr_err_set(err, WR_ENOMEM, "no memory for a consumer");
	}
	if (pattern == NULL)
		return WR_OK;
	filter->has_pattern = regcomp(&filter->pattern, pattern, REG_EXTENDED | REG_NOSUB) == 0;
	if (filter->has_pattern)
		return WR_OK;
	wr_topic_filter_fini(filter);
	return wr_err_set(err, WR_EINVAL, "the pattern of topics can't be used");
}

void wr_topic_filter_fini(struct wr_topic_filter *filter)
{
	for (size_t i = 0; i < filter->name_count; i++)
		free(filter->names[i]);
	free(filter->names);
	if (filter->has_pattern)
		regfree(&filter->pattern);
	*filter = (struct wr_topic_filter){.names = NULL};
}

void wr_topic_list_fini(struct wr_topic_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((char *)(uintptr_t)list->items[i].name);
	free(list->items);
	*list = (struct wr_topic_list){NULL, 0};
}

static bool is_named(const struct wr_topic_filter *filter, const char *name)
{
	for (size_t i = 0; i < filter->name_count; i++) {
		if (strcmp(filter->names[i], name) == 0)
			return true;
	}
	return false;
}

static bool fits(const struct wr_topic_filter *filter, const char *name)
{
	return is_named(filter, name) ||
	       (filter->has_pattern && regexec(&filter->pattern, name, 0, NULL, 0) == 0);
}

static bool add(struct wr_topic_list *list, const struct rd_kafka_metadata_topic *topic)
{
	list->items[list->count] =
	    (struct wr_source_topic){strdup(topic->topic), topic->partition_cnt};
	if (list->items[list->count].name == NULL)
		return false;
	list->count++;
	return true;
}

static rd_kafka_resp_err_t collect(const struct wr_topic_filter *filter,
				   const struct rd_kafka_metadata *metadata,
				   struct wr_topic_list *list)
{
	list->items = calloc((size_t)metadata->topic_cnt + 1, sizeof(*list->items));
	if (list->items == NULL)
		return RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
	for (int i = 0; i < metadata->topic_cnt; i++) {
		const struct rd_kafka_metadata_topic *topic = &metadata->topics[i];

		if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && fits(filter, topic->topic) &&
		    !add(list, topic))
			return RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* As many partitions as the topic that is named. 0: it is not there. */
static int32_t partitions_of_named(const struct wr_topic_filter *filter,
				   const struct wr_topic_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (is_named(filter, list->items[i].name))
			return list->items[i].partitions;
	}
	return 0;
}

static int left_ms(int64_t end_mono_ns)
{
	int64_t left_ns = end_mono_ns - wr_clock_mono_ns(&wr_clock_real);

	return left_ns > 0 ? (int)(left_ns / WR_NS_PER_MS) : 0;
}

/* A try that would have no time is none. */
static enum wr_code add_until(rd_kafka_t *rk, const char *topic, int partitions,
			      int64_t end_mono_ns, struct wr_err *err)
{
	int timeout_ms = left_ms(end_mono_ns);

	if (timeout_ms == 0)
		return wr_err_set(err, WR_EUNAVAILABLE, "there was no time left for it");
	return wr_kafka_add_partitions(rk, topic, partitions, timeout_ms, err);
}

/* True when some were added. A topic that may not be altered stays as it is: the lane says what that means. */
static bool align(const struct wr_topic_filter *filter, rd_kafka_t *rk, int64_t end_mono_ns,
		  const struct wr_topic_list *list)
{
	int32_t wanted = partitions_of_named(filter, list);
	bool added = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct wr_source_topic *topic = &list->items[i];
		struct wr_err err;

		if (topic->partitions >= wanted || is_named(filter, topic->name))
			continue;
		if (add_until(rk, topic->name, wanted, end_mono_ns, &err) == WR_OK) {
			added = true;
			WR_LOG(WR_LOG_INFO, "a retry topic gets the partitions of its source",
			       WR_STR("topic", topic->name), WR_INT("partitions", wanted));
			continue;
		}
		WR_LOG(WR_LOG_WARN, "a retry topic has fewer partitions than its source",
		       WR_STR("topic", topic->name), WR_INT("partitions", topic->partitions),
		       WR_INT("source_partitions", wanted), WR_STR("reason", err.text));
	}
	return added;
}

rd_kafka_resp_err_t wr_topic_list_ask(const struct wr_topic_filter *filter, rd_kafka_t *rk,
				      int timeout_ms, struct wr_topic_list *list_r)
{
	int64_t end_mono_ns = wr_clock_mono_ns(&wr_clock_real) + timeout_ms * WR_NS_PER_MS;
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t error = rd_kafka_metadata(rk, 1, NULL, &metadata, timeout_ms);

	*list_r = (struct wr_topic_list){NULL, 0};
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return error;
	error = collect(filter, metadata, list_r);
	rd_kafka_metadata_destroy(metadata);
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR && filter->aligns &&
	    align(filter, rk, end_mono_ns, list_r))
		error = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		wr_topic_list_fini(list_r);
	return error;
}

static enum wr_code code_of(rd_kafka_resp_err_t error)
{
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR ||
	    error == RD_KAFKA_RESP_ERR_INVALID_PARTITIONS) /* somebody else was quicker */
		return WR_OK;
	if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	    error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
	    error == RD_KAFKA_RESP_ERR_POLICY_VIOLATION)
		return WR_EREFUSED;
	return WR_EUNAVAILABLE;
}

static rd_kafka_resp_err_t result_of(rd_kafka_event_t *event)
{
	const rd_kafka_CreatePartitions_result_t *result;
	const rd_kafka_topic_result_t **topics;
	size_t count;

	if (event == NULL)
		return RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return rd_kafka_event_error(event);
	result = rd_kafka_event_CreatePartitions_result(event);
	topics = rd_kafka_CreatePartitions_result_topics(result, &count);
	return count == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
}

enum wr_code wr_kafka_add_partitions(rd_kafka_t *rk, const char *topic, int partitions,
				     int timeout_ms, struct wr_err *err)
{
	char text[256];
	rd_kafka_NewPartitions_t *wanted =
	    rd_kafka_NewPartitions_new(topic, (size_t)partitions, text, sizeof(text));
	rd_kafka_AdminOptions_t *options;
	rd_kafka_queue_t *replies;
	rd_kafka_resp_err_t error;
	rd_kafka_event_t *event;

	if (wanted == NULL)
		return wr_err_set(err, WR_EREFUSED, "%s", text);
	options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS);
	rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text, sizeof(text));
	replies = rd_kafka_queue_new(rk);
	rd_kafka_CreatePartitions(rk, &wanted, 1, options, replies);
	rd_kafka_NewPartitions_destroy(wanted);
	rd_kafka_AdminOptions_destroy(options);
	event = rd_kafka_queue_poll(replies, timeout_ms + 1000);
	error = result_of(event);
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(replies);
	if (code_of(error) == WR_OK)
		return WR_OK;
	return wr_err_set(err, code_of(error), "%s", rd_kafka_err2str(error));
}
