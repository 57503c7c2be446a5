#include "config.h"

#include "kafka/commits.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

rd_kafka_topic_partition_list_t *wr_commits_list(const struct wr_source_commit *commits,
						 size_t count)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);

	for (size_t i = 0; i < count; i++) {
		const struct wr_source_commit *c = &commits[i];
		rd_kafka_topic_partition_t *to =
		    rd_kafka_topic_partition_list_add(list, c->partition->topic, c->partition->id);

		to->offset = c->offset;
		if (c->metadata.size == 0)
			continue;
		/* The list frees it. Without memory the offset goes alone, which costs a mark at most. */
		to->metadata = malloc(c->metadata.size);
		if (to->metadata == NULL)
			continue;
		memcpy(to->metadata, c->metadata.data, c->metadata.size);
		to->metadata_size = c->metadata.size;
	}
	return list;
}

static enum wr_code code_of(rd_kafka_resp_err_t error)
{
	switch ((int)error) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
	case RD_KAFKA_RESP_ERR__NO_OFFSET:
		return WR_OK;
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
		return WR_ETIMEDOUT;
	case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
	case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
		return WR_EREFUSED;
	default:
		return WR_EUNAVAILABLE;
	}
}

enum wr_code wr_commits_send(struct wr_commits *c, const struct wr_source_commit *commits,
			     size_t count, struct wr_err *err)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t error;

	if (c->under_way)
		return wr_err_set(err, WR_EFULL, "a commit is under way");
	list = wr_commits_list(commits, count);
	error = rd_kafka_commit_queue(c->rk, list, c->queue, NULL, NULL);
	rd_kafka_topic_partition_list_destroy(list);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return wr_err_set(err, code_of(error), "%s", rd_kafka_err2str(error));
	c->under_way = true;
	return WR_OK;
}

void wr_commits_answered(struct wr_commits *c, rd_kafka_resp_err_t error)
{
	c->under_way = false;
	c->result = code_of(error);
	if (c->result != WR_OK)
		WR_LOG(WR_LOG_WARN, "offset commit failed", WR_STR("client", rd_kafka_name(c->rk)),
		       WR_STR("reason", rd_kafka_err2name(error)));
}

enum wr_code wr_commits_status(const struct wr_commits *c)
{
	return c->under_way ? WR_EFULL : c->result;
}

/* Of all its partitions: the answer as a whole is good as soon as one of them is. */
static rd_kafka_resp_err_t error_of_answer(rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
	rd_kafka_resp_err_t error = rd_kafka_event_error(event);

	for (int i = 0; list != NULL && i < list->cnt && error == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
		error = list->elems[i].err;
	return error;
}

/* rd_kafka_commit() has no time-out of its own; a queue of our own gives it one. */
enum wr_code wr_commits_send_and_wait(struct wr_commits *c, const struct wr_source_commit *commits,
				      size_t count, int timeout_ms, struct wr_err *err)
{
	rd_kafka_topic_partition_list_t *list = wr_commits_list(commits, count);
	rd_kafka_queue_t *reply = rd_kafka_queue_new(c->rk);
	rd_kafka_resp_err_t error = rd_kafka_commit_queue(c->rk, list, reply, NULL, NULL);
	rd_kafka_event_t *event = NULL;

	if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
		event = rd_kafka_queue_poll(reply, timeout_ms);
		error = event != NULL ? error_of_answer(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
	}
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(reply);
	rd_kafka_topic_partition_list_destroy(list);
	if (code_of(error) == WR_OK)
		return WR_OK;
	return wr_err_set(err, code_of(error), "%s", rd_kafka_err2str(error));
}
