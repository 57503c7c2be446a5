#include "config.h"

#include "kafka/source.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "kafka/assignment.h"
#include "kafka/commits.h"
#include "kafka/consumer_end.h"
#include "kafka/membership.h"
#include "kafka/source_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_MAGIC 0x57525352u
#define TAKE_CHUNK ((size_t)256)
#define ASK_AGAIN_NS WR_NS_PER_S

struct kafka_source {
	struct wr_source base;
	uint32_t magic;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue; /* the consumer's: rebalances, commits, errors */
	int wake_fd;
	enum wr_kafka_reset reset;
	struct wr_assignment assignment;
	struct wr_membership membership; /* as of the assignment */
	struct wr_enquiry *enquiry;
	bool asking;          /* an answer of the enquiry will report WR_SOURCE_ASSIGNED */
	int64_t ask_again_ns; /* 0: not */
	const char *trouble;  /* NULL: none */
	bool astray;          /* WR_SOURCE_ASTRAY is to be reported */
	rd_kafka_topic_partition_list_t *revoking; /* not NULL: a revocation waits for release() */
	struct wr_commits commits;
	bool closing;
};

static struct kafka_source *of(struct wr_source *source)
{
	struct kafka_source *s = WR_CONTAINER_OF(source, struct kafka_source, base);

	WR_CHECK(s, SOURCE_MAGIC);
	return s;
}

static void ask(struct kafka_source *s)
{
	rd_kafka_topic_partition_list_t *list = wr_assignment_list(&s->assignment);

	s->asking = true;
	s->ask_again_ns = 0;
	s->astray = false;
	wr_enquiry_ask(s->enquiry, list);
	rd_kafka_topic_partition_list_destroy(list);
}

static void stop_asking(struct kafka_source *s)
{
	wr_enquiry_cancel(s->enquiry);
	s->asking = s->astray = false;
	s->ask_again_ns = 0;
	s->trouble = NULL;
}

/* The member takes its partitions at once, so that it goes on to take part in the group, and reads none of them
 * before it is placed. */
static enum wr_source_event assigned(struct kafka_source *s,
				     const rd_kafka_topic_partition_list_t *list)
{
	if (wr_assignment_set(&s->assignment, list) != WR_OK) {
		/* Taking none is safe: the group gives them out again when this member leaves. */
		WR_LOG0(WR_LOG_ERROR, "no memory to take an assignment");
		rd_kafka_assign(s->rk, NULL);
		return WR_SOURCE_NONE;
	}
	wr_membership_note(&s->membership, s->rk);
	wr_assignment_stop(&s->assignment, s->rk);
	if (s->assignment.count == 0)
		return WR_SOURCE_ASSIGNED;
	ask(s);
	return WR_SOURCE_NONE;
}

static enum wr_source_event rebalance(struct kafka_source *s, rd_kafka_event_t *event)
{
	const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
	bool lost;

	if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !s->closing)
		return assigned(s, list);
	if (s->closing || s->assignment.count == 0) {
		wr_assignment_give_up(&s->assignment, s->rk);
		return WR_SOURCE_NONE;
	}
	stop_asking(s);
	lost = rd_kafka_assignment_lost(s->rk) != 0;
	s->revoking = rd_kafka_topic_partition_list_copy(list);
	return lost ? WR_SOURCE_LOST : WR_SOURCE_REVOKING;
}

/* With auto.offset.reset: error, a person must say where to begin. */
static bool needs_a_person(const struct kafka_source *s)
{
	for (size_t i = 0; i < s->assignment.count && s->reset == WR_KAFKA_RESET_NONE; i++) {
		const struct wr_partition *p = s->assignment.pubs[i];

		if (p->committed >= p->low && p->committed <= p->high)
			continue;
		if (s->trouble == NULL)
			WR_LOG(WR_LOG_ERROR,
			       "the group has no usable offset and auto.offset.reset is error",
			       WR_STR("client", rd_kafka_name(s->rk)), WR_STR("topic", p->topic),
			       WR_INT("partition", p->id), WR_INT("committed", p->committed),
			       WR_INT("low", p->low), WR_INT("high", p->high));
		return true;
	}
	return false;
}

static enum wr_source_event heed_answer(struct kafka_source *s)
{
	struct wr_enquiry_answer answer;
	enum wr_code rc;

	if (!s->asking)
		return WR_SOURCE_NONE;
	if (s->ask_again_ns > 0 && wr_clock_mono_ns(&wr_clock_real) >= s->ask_again_ns)
		ask(s);
	if (!wr_enquiry_answered(s->enquiry, &answer))
		return WR_SOURCE_NONE;
	rc = wr_assignment_inform(&s->assignment, &answer);
	wr_enquiry_answer_fini(&answer);
	if (rc == WR_OK && !needs_a_person(s)) {
		s->asking = false;
		s->trouble = NULL;
		return WR_SOURCE_ASSIGNED;
	}
	s->trouble = rc == WR_OK ? "the group has no usable offset for a partition, and "
				   "auto.offset.reset is error"
				 : "no memory for what the group committed";
	s->ask_again_ns = wr_clock_mono_ns(&wr_clock_real) + ASK_AGAIN_NS;
	return WR_SOURCE_NONE;
}

/* A pattern that no topic fits yet is no trouble. librdkafka tells it apart from a missing topic in its words only. */
static bool is_pattern_without_topics(rd_kafka_event_t *event)
{
	return rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
	       strstr(rd_kafka_event_error_string(event), "available: ^") != NULL;
}

static enum wr_source_event serve(struct kafka_source *s, rd_kafka_event_t *event)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_REBALANCE:
		return rebalance(s, event);
	case RD_KAFKA_EVENT_OFFSET_COMMIT:
		wr_commits_answered(&s->commits, rd_kafka_event_error(event));
		return WR_SOURCE_NONE;
	case RD_KAFKA_EVENT_ERROR:
		WR_LOG(is_pattern_without_topics(event) ? WR_LOG_DEBUG : WR_LOG_WARN,
		       "kafka consumer", WR_STR("client", rd_kafka_name(s->rk)),
		       WR_STR("reason", rd_kafka_event_error_string(event)));
		return WR_SOURCE_NONE;
	default:
		return WR_SOURCE_NONE;
	}
}

static void apply_places(struct kafka_source *s)
{
	struct wr_err err;

	if (s->revoking == NULL &&
	    wr_assignment_apply(&s->assignment, s->rk, s->wake_fd, &err) != WR_OK)
		WR_LOG(WR_LOG_DEBUG, "placing partitions is tried again",
		       WR_STR("client", rd_kafka_name(s->rk)), WR_STR("reason", err.text));
}

static enum wr_source_event poll_source(struct wr_source *source)
{
	struct kafka_source *s = of(source);
	enum wr_source_event result = WR_SOURCE_NONE;
	rd_kafka_event_t *event;

	apply_places(s);
	while (result == WR_SOURCE_NONE && (event = rd_kafka_queue_poll(s->queue, 0)) != NULL) {
		result = serve(s, event);
		rd_kafka_event_destroy(event);
	}
	if (result == WR_SOURCE_NONE)
		result = heed_answer(s);
	if (result != WR_SOURCE_NONE || !s->astray)
		return result;
	s->astray = false;
	return WR_SOURCE_ASTRAY;
}

/* An error in place of a record. */
static void heed_error(struct kafka_source *s, struct wr_kafka_partition *p,
		       const rd_kafka_message_t *message)
{
	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		p->at_end = true;
		p->end = message->offset;
		return;
	}
	if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
		s->astray = true;
		WR_LOG(WR_LOG_WARN, "the offset to read from is not there any more",
		       WR_STR("client", rd_kafka_name(s->rk)), WR_STR("topic", p->pub.topic),
		       WR_INT("partition", p->pub.id), WR_INT("position", p->pub.position));
		return;
	}
	WR_LOG(WR_LOG_WARN, "kafka partition", WR_STR("client", rd_kafka_name(s->rk)),
	       WR_STR("topic", p->pub.topic), WR_INT("partition", p->pub.id),
	       WR_STR("reason", rd_kafka_message_errstr(message)));
}

static bool keep(struct kafka_source *s, struct wr_kafka_partition *p, rd_kafka_message_t *message,
		 struct wr_source_record *record)
{
	rd_kafka_timestamp_type_t kind;

	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		heed_error(s, p, message);
		rd_kafka_message_destroy(message);
		return false;
	}
	*record = (struct wr_source_record){
	    .partition = &p->pub,
	    .offset = message->offset,
	    .timestamp_ms = rd_kafka_message_timestamp(message, &kind),
	    .key = {message->key, message->key_len},
	    .value = {message->payload, message->len},
	    .ref = message,
	};
	if (kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
		record->timestamp_ms = -1;
	p->pub.position = message->offset + 1;
	p->at_end = false;
	return true;
}

static bool is_held(const struct wr_kafka_partition *p)
{
	return p->held_until_ns > 0 && wr_clock_mono_ns(&wr_clock_real) < p->held_until_ns;
}

static size_t take(struct wr_source *source, struct wr_source_record *records, size_t max_records,
		   size_t max_bytes)
{
	struct kafka_source *s = of(source);
	rd_kafka_message_t *messages[TAKE_CHUNK];
	struct wr_kafka_partition *p;
	size_t taken = 0;

	if (s->revoking != NULL)
		return 0;
	apply_places(s);
	for (size_t turn = 0; turn < s->assignment.count && taken == 0; turn++) {
		size_t wanted, got, bytes = 0;

		p = wr_assignment_next(&s->assignment);
		if (!wr_assignment_is_read(p) || is_held(p))
			continue;
		wanted = wr_assignment_chunk(p, max_bytes);
		wanted = wanted < max_records ? wanted : max_records;
		wanted = wanted < TAKE_CHUNK ? wanted : TAKE_CHUNK;
		got = wr_assignment_consume(p, messages, wanted);
		for (size_t i = 0; i < got; i++) {
			if (!keep(s, p, messages[i], &records[taken]))
				continue;
			bytes += records[taken].value.size + records[taken].key.size;
			taken++;
		}
		wr_assignment_learn(p, taken, bytes);
	}
	return taken;
}

static size_t headers_of(struct wr_source *source, const struct wr_source_record *record,
			 const struct weir_header **headers_r)
{
	(void)source;
	return wr_assignment_headers(record->ref, record->partition, headers_r);
}

static void give_back(struct wr_source *source, struct wr_source_record *record)
{
	(void)source;
	rd_kafka_message_destroy(record->ref);
	record->ref = NULL;
}

static enum wr_code put_back(struct wr_source *source, struct wr_source_record *records,
			     size_t count, int64_t until_mono_ns)
{
	rd_kafka_message_t *messages[TAKE_CHUNK];
	struct wr_kafka_partition *p =
	    WR_CONTAINER_OF(records[0].partition, struct wr_kafka_partition, pub);
	enum wr_code rc;

	(void)source;
	WR_ASSERT(count > 0 && count <= TAKE_CHUNK);
	for (size_t i = 0; i < count; i++)
		messages[i] = records[i].ref;
	rc = wr_assignment_put_back(p, messages, count, until_mono_ns);
	for (size_t i = 0; i < count && rc == WR_OK; i++)
		records[i].ref = NULL;
	return rc;
}

static enum wr_code commit(struct wr_source *source, const struct wr_source_commit *commits,
			   size_t count, struct wr_err *err)
{
	return wr_commits_send(&of(source)->commits, commits, count, err);
}

static enum wr_code commit_status(struct wr_source *source)
{
	return wr_commits_status(&of(source)->commits);
}

static enum wr_code commit_sync(struct wr_source *source, const struct wr_source_commit *commits,
				size_t count, int timeout_ms, struct wr_err *err)
{
	return wr_commits_send_and_wait(&of(source)->commits, commits, count, timeout_ms, err);
}

rd_kafka_consumer_group_metadata_t *wr_kafka_source_group(struct wr_source *source)
{
	return wr_membership_copy(&of(source)->membership);
}

static enum wr_code place(struct wr_source *source, struct wr_partition *partition, int64_t offset,
			  struct wr_err *err)
{
	struct kafka_source *s = of(source);

	if (offset < 0)
		return wr_err_set(err, WR_EINVAL, "%s/%d can't be read from %lld", partition->topic,
				  partition->id, (long long)offset);
	wr_assignment_place(&s->assignment,
			    WR_CONTAINER_OF(partition, struct wr_kafka_partition, pub), offset);
	return WR_OK;
}

static void refresh(struct wr_source *source)
{
	struct kafka_source *s = of(source);

	if (s->revoking != NULL || s->assignment.count == 0)
		return;
	wr_assignment_stop(&s->assignment, s->rk);
	ask(s);
}

static bool from_latest(struct wr_source *source)
{
	return of(source)->reset == WR_KAFKA_RESET_LATEST;
}

static const char *trouble(struct wr_source *source)
{
	struct kafka_source *s = of(source);

	if (s->trouble != NULL || !s->asking)
		return s->trouble;
	switch ((int)wr_enquiry_trouble(s->enquiry)) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return NULL;
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
		return "the group's offsets can't be read yet: no broker answers, or a transaction "
		       "is not decided";
	default:
		return "the group's offsets can't be read";
	}
}

static void release(struct wr_source *source)
{
	struct kafka_source *s = of(source);

	if (s->revoking == NULL)
		return;
	stop_asking(s);
	wr_membership_forget(&s->membership);
	rd_kafka_topic_partition_list_destroy(s->revoking);
	s->revoking = NULL;
	wr_assignment_give_up(&s->assignment, s->rk);
}

static size_t partitions(struct wr_source *source, struct wr_partition *const **partitions_r)
{
	struct kafka_source *s = of(source);

	*partitions_r = s->assignment.pubs;
	return s->assignment.count;
}

static size_t topics(struct wr_source *source, const struct wr_source_topic **topics_r)
{
	*topics_r = of(source)->assignment.topics.items;
	return of(source)->assignment.topics.count;
}

static bool is_undecided(struct wr_source *source, const struct wr_partition *partition)
{
	return wr_assignment_is_undecided(partition, of(source)->rk);
}

static size_t queued_bytes(struct wr_source *source)
{
	return wr_assignment_queued_bytes(&of(source)->assignment);
}

static bool is_at_end(struct wr_source *source, const struct wr_partition *partition)
{
	(void)source;
	return wr_assignment_is_at_end(partition);
}

static int64_t lag(struct wr_source *source, struct wr_partition *partition, int64_t next_offset)
{
	struct kafka_source *s = of(source);
	const struct wr_kafka_partition *p =
	    WR_CONTAINER_OF((uintptr_t)partition, const struct wr_kafka_partition, pub);
	int64_t low, high;

	if (rd_kafka_get_watermark_offsets(s->rk, partition->topic, partition->id, &low, &high) !=
		RD_KAFKA_RESP_ERR_NO_ERROR ||
	    high < 0)
		return -1;
	if (next_offset < low)
		next_offset = low;
	/* What lies behind the last record is no record: the marks that end transactions. */
	if (wr_assignment_is_at_end(partition) && p->kept_count == 0 &&
	    next_offset == partition->position)
		next_offset = p->end;
	return high > next_offset ? high - next_offset : 0;
}

static void destroy(struct wr_source *source, int timeout_ms)
{
	struct kafka_source *s;
	int64_t deadline;
	rd_kafka_error_t *error;
	rd_kafka_event_t *event;

	if (source == NULL)
		return;
	s = of(source);
	s->closing = true;
	if (s->revoking != NULL)
		release(source);
	deadline = wr_clock_mono_ns(&wr_clock_real) + timeout_ms * WR_NS_PER_MS;
	wr_assignment_rest(
	    &s->assignment); /* closing gives them back, here or in wr_consumer_end() */
	wr_assignment_clear(&s->assignment);
	error = s->queue != NULL ? rd_kafka_consumer_close_queue(s->rk, s->queue) : NULL;
	if (error != NULL)
		rd_kafka_error_destroy(error);
	while (s->queue != NULL && !rd_kafka_consumer_closed(s->rk) &&
	       wr_clock_mono_ns(&wr_clock_real) < deadline) {
		event = rd_kafka_queue_poll(s->queue, 50);
		if (event == NULL)
			continue;
		serve(s, event);
		rd_kafka_event_destroy(event);
	}
	wr_consumer_end(s->rk, s->queue, s->enquiry);
	wr_assignment_fini(&s->assignment);
	wr_membership_forget(&s->membership);
	s->magic = 0;
	free(s);
}

static const struct wr_source_ops ops = {
    .poll = poll_source,
    .take = take,
    .headers = headers_of,
    .give_back = give_back,
    .put_back = put_back,
    .commit = commit,
    .commit_status = commit_status,
    .commit_sync = commit_sync,
    .place = place,
    .refresh = refresh,
    .from_latest = from_latest,
    .trouble = trouble,
    .release = release,
    .partitions = partitions,
    .topics = topics,
    .is_at_end = is_at_end,
    .is_undecided = is_undecided,
    .lag = lag,
    .queued_bytes = queued_bytes,
    .destroy = destroy,
};

static enum wr_code subscribe(struct kafka_source *s, const struct wr_conf_strings *topics,
			      const char *pattern, struct wr_err *err)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)topics->count);
	rd_kafka_resp_err_t error;

	for (size_t i = 0; i < topics->count; i++)
		rd_kafka_topic_partition_list_add(list, topics->items[i], RD_KAFKA_PARTITION_UA);
	if (pattern != NULL)
		rd_kafka_topic_partition_list_add(list, pattern, RD_KAFKA_PARTITION_UA);
	error = rd_kafka_subscribe(s->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return wr_err_set(err, WR_EINVAL, "subscribe: %s", rd_kafka_err2str(error));
	return WR_OK;
}

enum wr_code wr_kafka_source_create(const struct wr_kafka_source_options *options,
				    struct wr_source **source_r, struct wr_err *err)
{
	static const uint64_t one = 1;
	struct kafka_source *s = calloc(1, sizeof(*s));
	struct wr_topic_filter filter = {.names = NULL};
	rd_kafka_conf_t *conf;
	enum wr_code rc;

	*source_r = NULL;
	if (s == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a consumer");
	s->base.ops = &ops;
	s->magic = SOURCE_MAGIC;
	s->wake_fd = options->wake_fd;
	rc = wr_kafka_source_conf(options, &conf, &s->reset, err);
	if (rc != WR_OK)
		goto fail;
	rc = WR_EINVAL;
	s->rk = wr_kafka_client_create(RD_KAFKA_CONSUMER, &conf, err);
	if (s->rk == NULL)
		goto fail;
	rd_kafka_poll_set_consumer(s->rk);
	s->queue = rd_kafka_queue_get_consumer(s->rk);
	s->commits = (struct wr_commits){.rk = s->rk, .queue = s->queue};
	rd_kafka_queue_io_event_enable(s->queue, s->wake_fd, &one, sizeof(one));
	rc = wr_topic_filter_init(&filter, options->topics, options->pattern,
				  options->kafka->create_topics, err);
	if (rc == WR_OK)
		rc = wr_enquiry_create(s->rk, &filter, s->wake_fd, &s->enquiry, err);
	if (rc == WR_OK)
		rc = subscribe(s, options->topics, options->pattern, err);
	if (rc != WR_OK)
		goto fail;
	*source_r = &s->base;
	return WR_OK;
fail:
	wr_topic_filter_fini(&filter);
	destroy(&s->base, 0);
	return rc;
}
