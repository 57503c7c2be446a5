#include "config.h"

#include "kafka/group.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#define GROUP_MAGIC UINT32_C(0x57524B47)

/* ListOffsets takes these for timestamps: Kafka's LATEST and EARLIEST. */
#define AT_END (-1)
#define AT_BEGINNING (-2)

struct wr_kafka_group {
	uint32_t magic;
	rd_kafka_t *rk;
	char *name;
	int timeout_ms; /* of a call */
};

void wr_kafka_places_fini(struct wr_kafka_places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->items[i].topic);
		free(places->items[i].metadata);
		free(places->items[i].at_metadata);
	}
	free(places->items);
	*places = (struct wr_kafka_places){NULL, 0};
}

enum wr_code wr_kafka_group_open(const struct wr_conf_kafka *kafka, const char *instance,
				 const char *group, int timeout_ms, struct wr_kafka_group **group_r,
				 struct wr_err *err)
{
	const struct wr_kafka_name name = {instance, "offsets", -1};
	struct wr_kafka_group *g = calloc(1, sizeof(*g));
	rd_kafka_conf_t *conf;
	enum wr_code rc;

	*group_r = NULL;
	if (g == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a client of Kafka");
	g->magic = GROUP_MAGIC;
	g->timeout_ms = timeout_ms;
	g->name = strdup(group);
	rc =
	    g->name != NULL ? WR_OK : wr_err_set(err, WR_ENOMEM, "no memory for a client of Kafka");
	if (rc == WR_OK)
		rc = wr_kafka_conf_create(kafka, NULL, NULL, &name, &conf, err);
	if (rc == WR_OK) {
		/* Not a producer: its metadata requests would create the topics that it asks for. */
		g->rk = wr_kafka_client_create(RD_KAFKA_CONSUMER, &conf, err);
		rc = g->rk != NULL ? WR_OK : WR_EINVAL;
	}
	if (rc != WR_OK)
		wr_kafka_group_close(g);
	else
		*group_r = g;
	return rc;
}

void wr_kafka_group_close(struct wr_kafka_group *g)
{
	if (g == NULL)
		return;
	WR_CHECK(g, GROUP_MAGIC);
	if (g->rk != NULL)
		rd_kafka_destroy(g->rk);
	free(g->name);
	g->magic = 0;
	free(g);
}

static enum wr_code code_of(rd_kafka_resp_err_t error)
{
	if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	    error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
		return WR_ENOTFOUND;
	if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	    error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
	    error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
	    error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
	    error == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP)
		return WR_EREFUSED;
	return WR_EUNAVAILABLE;
}

/* What failed, and of what: a topic, or the group. */
static enum wr_code fail(rd_kafka_resp_err_t error, const char *what, struct wr_err *err)
{
	if (error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
		return wr_err_set(err, WR_EREFUSED, "%s: it has members", what);
	return wr_err_set(err, code_of(error), "%s: %s", what, rd_kafka_err2str(error));
}

/* The first partition that failed. */
static enum wr_code check_list(const rd_kafka_topic_partition_list_t *list, struct wr_err *err)
{
	for (int i = 0; i < list->cnt; i++) {
		if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			return fail(list->elems[i].err, list->elems[i].topic, err);
	}
	return WR_OK;
}

/* Partitions. */

static enum wr_code add_topic(const struct rd_kafka_metadata_topic *topic,
			      struct wr_kafka_places *places, struct wr_err *err)
{
	struct wr_kafka_place *items;

	if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(topic->err, topic->topic, err);
	items =
	    realloc(places->items, (places->count + (size_t)topic->partition_cnt) * sizeof(*items));
	if (items == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for partitions");
	places->items = items;
	for (int i = 0; i < topic->partition_cnt; i++) {
		struct wr_kafka_place *place = &items[places->count];

		*place = (struct wr_kafka_place){
		    .topic = strdup(topic->topic), .partition = i, .committed = -1, .at = -1};
		if (place->topic == NULL)
			return wr_err_set(err, WR_ENOMEM, "no memory for partitions");
		places->count++;
	}
	return WR_OK;
}

static bool is_named(const char *name, const char *const *topics, size_t topic_count)
{
	for (size_t i = 0; i < topic_count; i++) {
		if (strcmp(topics[i], name) == 0)
			return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct wr_kafka_place *one = a, *other = b;
	int order = strcmp(one->topic, other->topic);

	return order != 0
		   ? order
		   : (one->partition > other->partition) - (one->partition < other->partition);
}

/* Asked for one by one, so that a topic that is missing or forbidden says so. */
static enum wr_code add_named(struct wr_kafka_group *g, const char *name,
			      struct wr_kafka_places *places, struct wr_err *err)
{
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(g->rk, name, NULL);
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t error;
	enum wr_code rc;

	if (rkt == NULL)
		return fail(rd_kafka_last_error(), name, err);
	error = rd_kafka_metadata(g->rk, 0, rkt, &metadata, g->timeout_ms);
	rd_kafka_topic_destroy(rkt);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(error, name, err);
	rc = metadata->topic_cnt == 1 ? add_topic(&metadata->topics[0], places, err)
				      : fail(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, name, err);
	rd_kafka_metadata_destroy(metadata);
	return rc;
}

static enum wr_code add_prefixed(struct wr_kafka_group *g, const char *const *topics,
				 size_t topic_count, const char *prefix,
				 struct wr_kafka_places *places, struct wr_err *err)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t error = rd_kafka_metadata(g->rk, 1, NULL, &metadata, g->timeout_ms);
	enum wr_code rc = WR_OK;

	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(error, "the list of topics", err);
	for (int i = 0; i < metadata->topic_cnt && rc == WR_OK; i++) {
		const char *name = metadata->topics[i].topic;

		if (strncmp(name, prefix, strlen(prefix)) == 0 &&
		    !is_named(name, topics, topic_count))
			rc = add_topic(&metadata->topics[i], places, err);
	}
	rd_kafka_metadata_destroy(metadata);
	return rc;
}

/* Offsets. */

static rd_kafka_topic_partition_list_t *list_of(const struct wr_kafka_places *places,
						int64_t offset)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)places->count);

	for (size_t i = 0; i < places->count; i++)
		rd_kafka_topic_partition_list_add(list, places->items[i].topic,
						  places->items[i].partition)
		    ->offset = offset;
	return list;
}

/* The element of a place: brokers may answer in another order. */
static const rd_kafka_topic_partition_t *element_of(rd_kafka_topic_partition_list_t *list,
						    const struct wr_kafka_place *place)
{
	return rd_kafka_topic_partition_list_find(list, place->topic, place->partition);
}

/* Asks for offsets by time and puts them into the member at `member` of each place. */
static enum wr_code ask_times(struct wr_kafka_group *g, struct wr_kafka_places *places,
			      int64_t timestamp_ms, size_t member, struct wr_err *err)
{
	rd_kafka_topic_partition_list_t *list = list_of(places, timestamp_ms);
	rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(g->rk, list, g->timeout_ms);
	enum wr_code rc = error == RD_KAFKA_RESP_ERR_NO_ERROR ? check_list(list, err)
							      : fail(error, "offsets", err);

	for (size_t i = 0; i < places->count && rc == WR_OK; i++) {
		struct wr_kafka_place *place = &places->items[i];
		const rd_kafka_topic_partition_t *element = element_of(list, place);

		if (element == NULL)
			rc = fail(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, place->topic, err);
		else
			*(int64_t *)(void *)((char *)place + member) = element->offset;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

enum wr_code wr_kafka_group_find(struct wr_kafka_group *g, struct wr_kafka_places *places,
				 int64_t timestamp_ms, struct wr_err *err)
{
	enum wr_code rc;

	WR_CHECK(g, GROUP_MAGIC);
	rc = ask_times(g, places, timestamp_ms, offsetof(struct wr_kafka_place, at), err);
	/* Kafka answers -1 (OFFSET_END) when no record is of this time or later. */
	for (size_t i = 0; i < places->count && rc == WR_OK; i++) {
		if (places->items[i].at < 0)
			places->items[i].at = places->items[i].high;
	}
	return rc;
}

/* Calls of the admin API. */

static rd_kafka_AdminOptions_t *options(struct wr_kafka_group *g, rd_kafka_admin_op_t op)
{
	rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(g->rk, op);
	char text[128];

	rd_kafka_AdminOptions_set_request_timeout(o, g->timeout_ms, text, sizeof(text));
	return o;
}

/* Waits for the reply to a request, and takes its queue and its options. NULL when none came, or when it failed as a
 * whole. */
static rd_kafka_event_t *await(struct wr_kafka_group *g, rd_kafka_queue_t *replies,
			       rd_kafka_AdminOptions_t *o, struct wr_err *err)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(replies, g->timeout_ms + 1000);

	rd_kafka_queue_destroy(replies);
	rd_kafka_AdminOptions_destroy(o);
	if (event == NULL) {
		wr_err_set(err, WR_EUNAVAILABLE, "group %s: no answer in time", g->name);
		return NULL;
	}
	if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR)
		return event;
	fail(rd_kafka_event_error(event), g->name, err);
	rd_kafka_event_destroy(event);
	return NULL;
}

/* The partitions of the one group that was asked about or changed. */
static enum wr_code take_group(struct wr_kafka_group *g, const rd_kafka_group_result_t **groups,
			       size_t count, const rd_kafka_topic_partition_list_t **list_r,
			       struct wr_err *err)
{
	const rd_kafka_error_t *error;

	*list_r = NULL;
	if (count != 1)
		return wr_err_set(err, WR_EUNAVAILABLE, "the broker's answer names no group");
	error = rd_kafka_group_result_error(groups[0]);
	if (error != NULL)
		return fail(rd_kafka_error_code(error), g->name, err);
	*list_r = rd_kafka_group_result_partitions(groups[0]);
	if (*list_r == NULL)
		return wr_err_set(err, WR_EUNAVAILABLE, "the broker's answer has no partitions");
	return check_list(*list_r, err);
}

static enum wr_code take_commit(const rd_kafka_topic_partition_t *element,
				struct wr_kafka_place *place, struct wr_err *err)
{
	place->committed = element->offset >= 0 ? element->offset : -1;
	if (element->metadata_size == 0 || place->committed < 0)
		return WR_OK;
	place->metadata = strndup(element->metadata, element->metadata_size);
	return place->metadata != NULL ? WR_OK
				       : wr_err_set(err, WR_ENOMEM, "no memory for offsets");
}

static enum wr_code ask_committed(struct wr_kafka_group *g, struct wr_kafka_places *places,
				  struct wr_err *err)
{
	rd_kafka_topic_partition_list_t *list = list_of(places, RD_KAFKA_OFFSET_INVALID);
	rd_kafka_ListConsumerGroupOffsets_t *request =
	    rd_kafka_ListConsumerGroupOffsets_new(g->name, list);
	rd_kafka_AdminOptions_t *o = options(g, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
	rd_kafka_queue_t *replies = rd_kafka_queue_new(g->rk);
	const rd_kafka_topic_partition_list_t *found;
	const rd_kafka_group_result_t **groups;
	rd_kafka_event_t *event;
	size_t count;
	enum wr_code rc;

	rd_kafka_ListConsumerGroupOffsets(g->rk, &request, 1, o, replies);
	rd_kafka_ListConsumerGroupOffsets_destroy(request);
	rd_kafka_topic_partition_list_destroy(list);
	event = await(g, replies, o, err);
	if (event == NULL)
		return err->code;
	groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
	    rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
	rc = take_group(g, groups, count, &found, err);
	for (size_t i = 0; i < places->count && rc == WR_OK; i++) {
		const rd_kafka_topic_partition_t *element = element_of(
		    (rd_kafka_topic_partition_list_t *)(uintptr_t)found, &places->items[i]);

		if (element != NULL)
			rc = take_commit(element, &places->items[i], err);
	}
	rd_kafka_event_destroy(event);
	return rc;
}

enum wr_code wr_kafka_group_places(struct wr_kafka_group *g, const char *const *topics,
				   size_t topic_count, const char *prefix,
				   struct wr_kafka_places *places_r, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	WR_CHECK(g, GROUP_MAGIC);
	*places_r = (struct wr_kafka_places){NULL, 0};
	for (size_t i = 0; i < topic_count && rc == WR_OK; i++)
		rc = add_named(g, topics[i], places_r, err);
	if (rc == WR_OK && prefix != NULL)
		rc = add_prefixed(g, topics, topic_count, prefix, places_r, err);
	if (rc == WR_OK && places_r->count > 0) {
		qsort(places_r->items, places_r->count, sizeof(places_r->items[0]), compare);
		rc = ask_committed(g, places_r, err);
	}
	if (rc == WR_OK && places_r->count > 0)
		rc =
		    ask_times(g, places_r, AT_BEGINNING, offsetof(struct wr_kafka_place, low), err);
	if (rc == WR_OK && places_r->count > 0)
		rc = ask_times(g, places_r, AT_END, offsetof(struct wr_kafka_place, high), err);
	if (rc != WR_OK)
		wr_kafka_places_fini(places_r);
	return rc;
}

static enum wr_code count_members(struct wr_kafka_group *g, rd_kafka_event_t *event,
				  size_t *count_r, struct wr_err *err)
{
	const rd_kafka_ConsumerGroupDescription_t **groups;
	const rd_kafka_error_t *error;
	size_t count;

	groups = rd_kafka_DescribeConsumerGroups_result_groups(
	    rd_kafka_event_DescribeConsumerGroups_result(event), &count);
	if (count != 1)
		return wr_err_set(err, WR_EUNAVAILABLE, "the broker's answer names no group");
	error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
	if (error != NULL && rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
		return WR_OK;
	if (error != NULL)
		return fail(rd_kafka_error_code(error), g->name, err);
	*count_r = rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
	return WR_OK;
}

enum wr_code wr_kafka_group_members(struct wr_kafka_group *g, size_t *count_r, struct wr_err *err)
{
	rd_kafka_AdminOptions_t *o = options(g, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
	rd_kafka_queue_t *replies = rd_kafka_queue_new(g->rk);
	const char *name = g->name;
	rd_kafka_event_t *event;
	enum wr_code rc;

	WR_CHECK(g, GROUP_MAGIC);
	*count_r = 0;
	rd_kafka_DescribeConsumerGroups(g->rk, &name, 1, o, replies);
	event = await(g, replies, o, err);
	if (event == NULL)
		return err->code;
	rc = count_members(g, event, count_r, err);
	rd_kafka_event_destroy(event);
	return rc;
}

/* The list takes no memory of ours: the metadata is copied, as librdkafka frees it. */
static enum wr_code add_commit(rd_kafka_topic_partition_list_t *list,
			       const struct wr_kafka_place *place, struct wr_err *err)
{
	rd_kafka_topic_partition_t *element;

	if (place->at < 0)
		return WR_OK;
	element = rd_kafka_topic_partition_list_add(list, place->topic, place->partition);
	element->offset = place->at;
	if (place->at_metadata == NULL)
		return WR_OK;
	element->metadata = strdup(place->at_metadata);
	if (element->metadata == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for offsets");
	element->metadata_size = strlen(place->at_metadata);
	return WR_OK;
}

static enum wr_code alter(struct wr_kafka_group *g, const rd_kafka_topic_partition_list_t *list,
			  struct wr_err *err)
{
	rd_kafka_AlterConsumerGroupOffsets_t *request =
	    rd_kafka_AlterConsumerGroupOffsets_new(g->name, list);
	rd_kafka_AdminOptions_t *o = options(g, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS);
	rd_kafka_queue_t *replies = rd_kafka_queue_new(g->rk);
	const rd_kafka_topic_partition_list_t *done;
	const rd_kafka_group_result_t **groups;
	rd_kafka_event_t *event;
	size_t count;
	enum wr_code rc;

	rd_kafka_AlterConsumerGroupOffsets(g->rk, &request, 1, o, replies);
	rd_kafka_AlterConsumerGroupOffsets_destroy(request);
	event = await(g, replies, o, err);
	if (event == NULL)
		return err->code;
	groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
	    rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
	rc = take_group(g, groups, count, &done, err);
	rd_kafka_event_destroy(event);
	return rc;
}

enum wr_code wr_kafka_group_set(struct wr_kafka_group *g, const struct wr_kafka_places *places,
				struct wr_err *err)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)places->count);
	enum wr_code rc = WR_OK;

	WR_CHECK(g, GROUP_MAGIC);
	for (size_t i = 0; i < places->count && rc == WR_OK; i++)
		rc = add_commit(list, &places->items[i], err);
	if (rc == WR_OK && list->cnt > 0)
		rc = alter(g, list, err);
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}
