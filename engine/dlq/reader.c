#include "config.h"

#include "dlq/reader.h"

#include "base/clock.h"
#include "kafka/client.h"

#include <stdlib.h>

#define ANSWER_MS 10000
#define POLL_MS 100

struct wr_dlq_topic {
	struct wr_dlq_topic *next;
	struct wr_dlq_reader *reader;
	rd_kafka_topic_t *rkt;
	rd_kafka_queue_t *queue;
	int32_t partitions;
	int32_t open_partition; /* what was fetched of it is kept; -1: none */
	int64_t open_next;      /* the next that comes of it */
};

struct wr_dlq_reader {
	rd_kafka_t *rk;
	struct wr_dlq_topic *topics;
	struct weir_header *headers; /* of the record that is visited */
	size_t header_capacity;
};

enum wr_code wr_dlq_reader_create(const struct wr_conf_kafka *kafka, const char *instance,
				  struct wr_dlq_reader **reader_r, struct wr_err *err)
{
	static const struct wr_kafka_setting defaults[] = {{"fetch.wait.max.ms", "20"},
							   {"queued.max.messages.kbytes", "8192"},
							   {"fetch.error.backoff.ms", "5"},
							   {NULL, NULL}};
	static const struct wr_kafka_setting settings[] = {{"isolation.level", "read_committed"},
							   {"enable.partition.eof", "true"},
							   {"enable.auto.commit", "false"},
							   {"auto.offset.reset", "earliest"},
							   {NULL, NULL}};
	const struct wr_kafka_name name = {.instance = instance, .pipeline = "dlq", .lane = -1};
	struct wr_dlq_reader *r = calloc(1, sizeof(*r));
	rd_kafka_conf_t *conf = NULL;
	enum wr_code rc;

	*reader_r = NULL;
	if (r == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a reader");
	rc = wr_kafka_conf_create(kafka, &kafka->consumer_properties, defaults, &name, &conf, err);
	if (rc == WR_OK)
		rc = wr_kafka_conf_set(conf, settings, err);
	if (rc == WR_OK) {
		r->rk = wr_kafka_client_create(RD_KAFKA_CONSUMER, &conf, err);
		rc = r->rk != NULL ? WR_OK : WR_EINVAL;
	} else if (conf != NULL) {
		rd_kafka_conf_destroy(conf);
	}
	if (rc != WR_OK) {
		free(r);
		return rc;
	}
	*reader_r = r;
	return WR_OK;
}

static void destroy_topic(struct wr_dlq_topic *t)
{
	if (t->rkt != NULL)
		wr_dlq_topic_rest(t);
	if (t->queue != NULL)
		rd_kafka_queue_destroy(t->queue);
	if (t->rkt != NULL)
		rd_kafka_topic_destroy(t->rkt);
	free(t);
}

void wr_dlq_reader_destroy(struct wr_dlq_reader *r)
{
	struct wr_dlq_topic *next;

	if (r == NULL)
		return;
	for (struct wr_dlq_topic *t = r->topics; t != NULL; t = next) {
		next = t->next;
		destroy_topic(t);
	}
	rd_kafka_destroy(r->rk);
	free(r->headers);
	free(r);
}

static enum wr_code fail(rd_kafka_resp_err_t error, struct wr_err *err)
{
	enum wr_code code = WR_EUNAVAILABLE;

	if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
		code = WR_ENOTFOUND;
	else if (wr_kafka_is_permanent(error) || error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)
		code = WR_EREFUSED;
	if (error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT ||
	    error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		return wr_err_set(err, code, "no broker answers (%s)", rd_kafka_err2str(error));
	return wr_err_set(err, code, "%s", rd_kafka_err2str(error));
}

static enum wr_code ask_partitions(struct wr_dlq_topic *t, struct wr_err *err)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t error;

	rd_kafka_poll(t->reader->rk, 0);
	error = rd_kafka_metadata(t->reader->rk, 0, t->rkt, &metadata, ANSWER_MS);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(error, err);
	error =
	    metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		t->partitions = metadata->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(metadata);
	return error == RD_KAFKA_RESP_ERR_NO_ERROR ? WR_OK : fail(error, err);
}

enum wr_code wr_dlq_reader_topic(struct wr_dlq_reader *r, const char *name,
				 struct wr_dlq_topic **topic_r, struct wr_err *err)
{
	struct wr_dlq_topic *t = calloc(1, sizeof(*t));
	enum wr_code rc;

	*topic_r = NULL;
	if (t == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a topic");
	t->reader = r;
	t->open_partition = -1;
	t->rkt = rd_kafka_topic_new(r->rk, name, NULL);
	t->queue = rd_kafka_queue_new(r->rk);
	if (t->rkt == NULL || t->queue == NULL)
		rc = wr_err_set(err, WR_EREFUSED, "not a topic name that Kafka takes");
	else
		rc = ask_partitions(t, err);
	if (rc != WR_OK) {
		wr_err_prefix(err, "%s", name);
		destroy_topic(t);
		return rc;
	}
	t->next = r->topics;
	r->topics = t;
	*topic_r = t;
	return WR_OK;
}

int32_t wr_dlq_topic_partitions(const struct wr_dlq_topic *t)
{
	return t->partitions;
}

enum wr_code wr_dlq_topic_bounds(struct wr_dlq_topic *t, int32_t partition, int64_t *low_r,
				 int64_t *high_r, struct wr_err *err)
{
	rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
	    t->reader->rk, rd_kafka_topic_name(t->rkt), partition, low_r, high_r, ANSWER_MS);

	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return WR_OK;
	*low_r = *high_r = 0;
	return fail(error, err);
}

enum wr_code wr_dlq_topic_offset_at(struct wr_dlq_topic *t, int32_t partition, int64_t timestamp_ms,
				    int64_t otherwise, int64_t *offset_r, struct wr_err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *at =
	    rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(t->rkt), partition);
	rd_kafka_resp_err_t error;

	at->offset = timestamp_ms;
	error = rd_kafka_offsets_for_times(t->reader->rk, list, ANSWER_MS);
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		error = at->err;
	*offset_r = error == RD_KAFKA_RESP_ERR_NO_ERROR && at->offset >= 0 ? at->offset : otherwise;
	rd_kafka_topic_partition_list_destroy(list);
	return error == RD_KAFKA_RESP_ERR_NO_ERROR ? WR_OK : fail(error, err);
}

static bool reserve(struct wr_dlq_reader *r, size_t count)
{
	struct weir_header *headers;

	if (count <= r->header_capacity)
		return true;
	headers = realloc(r->headers, (count + 32) * sizeof(*headers));
	if (headers == NULL)
		return false;
	r->headers = headers;
	r->header_capacity = count + 32;
	return true;
}

static bool read_headers(struct wr_dlq_reader *r, const rd_kafka_message_t *message,
			 size_t *count_r)
{
	rd_kafka_headers_t *list;
	const char *name;
	const void *value;
	size_t size;

	*count_r = 0;
	if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	while (rd_kafka_header_get_all(list, *count_r, &name, &value, &size) ==
	       RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (!reserve(r, *count_r + 1))
			return false;
		r->headers[(*count_r)++] = (struct weir_header){name, {value, size}};
	}
	return true;
}

struct reading {
	struct wr_dlq_topic *topic;
	int64_t until;
	wr_dlq_visit_fn visit;
	void *arg;
	int64_t next;
	bool done;
};

static enum wr_code visit(struct reading *reading, const rd_kafka_message_t *message,
			  struct wr_err *err)
{
	struct wr_dlq_reader *r = reading->topic->reader;
	struct wr_dlq_record record = {
	    .partition = message->partition,
	    .offset = message->offset,
	    .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
	    .key = {message->key, message->key_len},
	    .value = {message->payload, message->len},
	};

	if (message->offset >= reading->until) {
		reading->next = reading->until;
		reading->done = true;
		return WR_OK;
	}
	if (!read_headers(r, message, &record.header_count))
		return wr_err_set(err, WR_ENOMEM, "no memory for the headers of a record");
	record.headers = r->headers;
	reading->next = message->offset + 1;
	reading->done = !reading->visit(reading->arg, &record) || reading->next >= reading->until;
	return WR_OK;
}

static enum wr_code take(struct reading *reading, rd_kafka_message_t *message, struct wr_err *err)
{
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return visit(reading, message, err);
	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		reading->next = reading->until;
		reading->done = true;
		return WR_OK;
	}
	return fail(message->err, err);
}

static enum wr_code read_on(struct reading *reading, int64_t deadline_mono_ns, struct wr_err *err)
{
	int64_t quiet_ns = wr_clock_mono_ns(&wr_clock_real), now;
	rd_kafka_message_t *message;
	enum wr_code rc = WR_OK;

	while (!reading->done && rc == WR_OK) {
		message = rd_kafka_consume_queue(reading->topic->queue, 0);
		if (message == NULL) {
			rd_kafka_poll(reading->topic->reader->rk, 0);
			message = rd_kafka_consume_queue(reading->topic->queue, POLL_MS);
		}
		if (message != NULL) {
			rc = take(reading, message, err);
			rd_kafka_message_destroy(message);
			if ((reading->next & 255) != 0)
				continue;
		}
		now = wr_clock_mono_ns(&wr_clock_real);
		if (now >= deadline_mono_ns)
			break;
		if (message != NULL)
			quiet_ns = now;
		else if (now - quiet_ns >= ANSWER_MS * WR_NS_PER_MS)
			return wr_err_set(err, WR_EUNAVAILABLE, "no answer from Kafka in time");
	}
	return rc;
}

void wr_dlq_topic_rest(struct wr_dlq_topic *t)
{
	if (t->open_partition >= 0)
		rd_kafka_consume_stop(t->rkt, t->open_partition);
	t->open_partition = -1;
}

static enum wr_code open_at(struct wr_dlq_topic *t, int32_t partition, int64_t from,
			    struct wr_err *err)
{
	if (t->open_partition == partition && t->open_next == from)
		return WR_OK;
	wr_dlq_topic_rest(t);
	if (rd_kafka_consume_start_queue(t->rkt, partition, from, t->queue) != 0)
		return fail(rd_kafka_last_error(), err);
	t->open_partition = partition;
	return WR_OK;
}

enum wr_code wr_dlq_topic_read_on(struct wr_dlq_topic *t, int32_t partition, int64_t from,
				  int64_t until, int64_t deadline_mono_ns, wr_dlq_visit_fn visit_fn,
				  void *arg, int64_t *next_r, struct wr_err *err)
{
	struct reading reading = {
	    .topic = t, .until = until, .visit = visit_fn, .arg = arg, .next = from};
	enum wr_code rc;

	*next_r = from;
	if (from >= until)
		return WR_OK;
	rc = open_at(t, partition, from, err);
	if (rc != WR_OK)
		return rc;
	rc = read_on(&reading, deadline_mono_ns, err);
	t->open_next = reading.next;
	if (rc != WR_OK || reading.next >= until) /* one behind the end may have been taken */
		wr_dlq_topic_rest(t);
	*next_r = reading.next;
	return rc;
}

enum wr_code wr_dlq_topic_read(struct wr_dlq_topic *t, int32_t partition, int64_t from,
			       int64_t until, int64_t deadline_mono_ns, wr_dlq_visit_fn visit_fn,
			       void *arg, int64_t *next_r, struct wr_err *err)
{
	enum wr_code rc = wr_dlq_topic_read_on(t, partition, from, until, deadline_mono_ns,
					       visit_fn, arg, next_r, err);

	wr_dlq_topic_rest(t);
	return rc;
}
