#include "config.h"

#include "kafka/sink.h"

#include "base/check.h"
#include "base/log.h"
#include "base/map.h"
#include "kafka/commits.h"
#include "kafka/delivery.h"
#include "kafka/sink_conf.h"
#include "kafka/source.h"
#include "kafka/transactor.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SINK_MAGIC 0x57525349u
#define LEAVE_MS 1000 /* how long a destruction waits for a call that is under way */
#define ASK_MS 5      /* what a lane may wait at once for what comes later anyway */

struct wr_sink_topic {
	char *name;
	rd_kafka_topic_t *rkt;
};

struct kafka_sink {
	struct wr_sink base;
	uint32_t magic;
	rd_kafka_t *rk;
	rd_kafka_conf_t *conf;            /* with transactions: of the next producer */
	struct wr_transactor *transactor; /* NULL: no transactions */
	bool gap;     /* a record of the transaction failed, and left a gap in the sequence */
	bool closing; /* release() is the end */
	int wake_fd;
	struct wr_topic_limits *limits; /* NULL: none known */
	rd_kafka_queue_t *queue; /* with transactions: reports and errors come as its events */
	struct wr_map *topics;   /* name -> struct wr_sink_topic */
	wr_sink_done_fn done;
	void *done_arg;
	bool one_thread; /* writes and polls */
	_Atomic size_t queued_records;
	_Atomic size_t queued_bytes;
	_Atomic int state; /* enum wr_sink_state */
};

static struct kafka_sink *of(struct wr_sink *sink)
{
	struct kafka_sink *s = WR_CONTAINER_OF(sink, struct kafka_sink, base);

	WR_CHECK(s, SINK_MAGIC);
	return s;
}

/* Once, whoever finds out: the thread that polls, or the transactor's. `why` unless librdkafka knows better. */
static void break_for(struct kafka_sink *s, const char *why)
{
	char reason[512];
	rd_kafka_resp_err_t error;

	if (atomic_exchange(&s->state, WR_SINK_BROKEN) == WR_SINK_BROKEN)
		return;
	snprintf(reason, sizeof(reason), "%s", why);
	error = rd_kafka_fatal_error(s->rk, reason, sizeof(reason));
	if (wr_delivery_is_fenced(error))
		WR_LOG(WR_LOG_ERROR,
		       "kafka producer fenced: two engines have the same `instance`, or its "
		       "transaction took too long",
		       WR_STR("client", rd_kafka_name(s->rk)), WR_STR("reason", reason));
	else
		WR_LOG(WR_LOG_ERROR, "kafka producer is beyond repair and is made anew",
		       WR_STR("client", rd_kafka_name(s->rk)), WR_STR("reason", reason));
}

static void broken(void *arg)
{
	break_for(arg, "its transaction can't be ended");
}

static void add(const struct kafka_sink *s, _Atomic size_t *number_p, size_t more)
{
	if (!s->one_thread)
		atomic_fetch_add_explicit(number_p, more, memory_order_relaxed);
	else /* nobody else changes it: cheaper, for each record */
		atomic_store_explicit(number_p,
				      atomic_load_explicit(number_p, memory_order_relaxed) + more,
				      memory_order_relaxed);
}

static void count(struct kafka_sink *s, size_t bytes)
{
	add(s, &s->queued_records, 1);
	add(s, &s->queued_bytes, bytes);
}

static void uncount(struct kafka_sink *s, size_t bytes)
{
	add(s, &s->queued_records, (size_t)-1);
	add(s, &s->queued_bytes, -bytes);
}

static void settle(struct kafka_sink *s, const rd_kafka_message_t *message)
{
	enum wr_code code =
	    wr_delivery_outcome(message, s->conf != NULL, atomic_load(&s->state) == WR_SINK_BROKEN);
	char text[WR_DELIVERY_REASON_BYTES];
	const char *reason = NULL;

	if (wr_delivery_is_guessed(message)) {
		reason = "a record that failed was taken for written";
		break_for(s, reason);
	} else if (code == WR_EREFUSED) {
		wr_delivery_explain(s->limits, message->err, rd_kafka_topic_name(message->rkt),
				    message->len + message->key_len, text);
		reason = text;
	} else if (code != WR_OK) {
		reason = rd_kafka_err2name(message->err);
	}
	if (code != WR_OK && !wr_delivery_is_purged(message->err))
		s->gap = true;
	uncount(s, message->len + message->key_len);
	if (code == WR_OK && atomic_load_explicit(&s->state, memory_order_relaxed) == WR_SINK_DOWN)
		atomic_store(&s->state, WR_SINK_UP);
	s->done(s->done_arg, message->_private, code, reason);
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *arg)
{
	(void)rk;
	settle(arg, message);
}

static void heed_error(struct kafka_sink *s, rd_kafka_resp_err_t error, bool fatal)
{
	int up = WR_SINK_UP;

	if (fatal)
		broken(s);
	else if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		atomic_compare_exchange_strong(&s->state, &up, WR_SINK_DOWN);
}

static void on_error(rd_kafka_t *rk, int error, const char *reason, void *arg)
{
	(void)rk;
	(void)reason;
	heed_error(arg, (rd_kafka_resp_err_t)error, error == RD_KAFKA_RESP_ERR__FATAL);
}

static void free_topic(struct wr_sink_topic *topic)
{
	if (topic == NULL)
		return;
	if (topic->rkt != NULL)
		rd_kafka_topic_destroy(topic->rkt);
	free(topic->name);
	free(topic);
}

static struct wr_sink_topic *make_topic(struct kafka_sink *s, const char *name, struct wr_err *err)
{
	struct wr_sink_topic *topic = calloc(1, sizeof(*topic));

	if (topic == NULL || (topic->name = strdup(name)) == NULL) {
		wr_err_set(err, WR_ENOMEM, "no memory for topic %s", name);
		free_topic(topic);
		return NULL;
	}
	topic->rkt = rd_kafka_topic_new(s->rk, name, NULL);
	if (topic->rkt == NULL) {
		wr_err_set(err, WR_EINVAL, "topic %s: %s", name,
			   rd_kafka_err2str(rd_kafka_last_error()));
		free_topic(topic);
		return NULL;
	}
	return topic;
}

static enum wr_code resolve(struct wr_sink *sink, const char *name, struct wr_sink_topic **topic_r,
			    struct wr_err *err)
{
	struct kafka_sink *s = of(sink);
	struct wr_sink_topic *topic = wr_map_get(s->topics, wr_bytes_of(name));
	struct wr_err why;

	*topic_r = topic;
	if (topic != NULL)
		return WR_OK;
	topic = make_topic(s, name, &why);
	if (topic == NULL)
		return wr_err_set(err, why.code, "%s", why.text);
	if (wr_map_put(s->topics, wr_bytes_of(name), topic, NULL) != WR_OK) {
		free_topic(topic);
		return wr_err_set(err, WR_ENOMEM, "no memory for topic %s", name);
	}
	*topic_r = topic;
	return WR_OK;
}

static bool add_headers(rd_kafka_headers_t *to, const struct weir_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct weir_header *h = &headers[i];

		if (rd_kafka_header_add(to, h->name, -1, h->value.data, (ssize_t)h->value.size) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR)
			return false;
	}
	return true;
}

/* WR_OK with *headers_r NULL when there are none. */
static enum wr_code make_headers(const struct wr_sink_record *record,
				 rd_kafka_headers_t **headers_r)
{
	size_t count = record->header_count + record->more_header_count;

	*headers_r = NULL;
	if (count == 0)
		return WR_OK;
	*headers_r = rd_kafka_headers_new(count);
	if (*headers_r == NULL)
		return WR_ENOMEM;
	if (add_headers(*headers_r, record->headers, record->header_count) &&
	    add_headers(*headers_r, record->more_headers, record->more_header_count))
		return WR_OK;
	rd_kafka_headers_destroy(*headers_r);
	*headers_r = NULL;
	return WR_ENOMEM;
}

/* The topic has got partitions since librdkafka heard of it, and it would ask again in minutes only. The answer is
 * heeded whenever it comes. */
static void ask_for_partitions(struct kafka_sink *s, rd_kafka_topic_t *rkt)
{
	const struct rd_kafka_metadata *metadata;

	if (rd_kafka_metadata(s->rk, 0, rkt, &metadata, ASK_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(metadata);
}

static enum wr_code refuse(struct kafka_sink *s, const struct wr_sink_record *record,
			   rd_kafka_resp_err_t error, struct wr_err *err)
{
	char text[WR_DELIVERY_REASON_BYTES];

	if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return wr_err_set(err, WR_EFULL, "the producer's queue is full");
	if (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
		ask_for_partitions(s, record->topic->rkt);
	if (wr_kafka_is_permanent(error)) {
		wr_delivery_explain(s->limits, error, rd_kafka_topic_name(record->topic->rkt),
				    record->value.size + record->key.size, text);
		return wr_err_set(err, WR_EREFUSED, "%s", text);
	}
	/* Outside of a transaction, or in one that can only be aborted, nothing is taken: __STATE. */
	if (error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR__STATE ||
	    atomic_load(&s->state) == WR_SINK_BROKEN)
		return wr_err_set(err, WR_EUNKNOWN, "%s", rd_kafka_err2str(error));
	return wr_err_set(err, WR_EFULL, "%s", rd_kafka_err2str(error));
}

static enum wr_code write_record(struct wr_sink *sink, const struct wr_sink_record *record,
				 void *token, struct wr_err *err)
{
	struct kafka_sink *s = of(sink);
	size_t bytes = record->value.size + record->key.size;
	rd_kafka_headers_t *headers;
	rd_kafka_resp_err_t error;

	if (record->topic->rkt == NULL)
		return wr_err_set(err, WR_EUNKNOWN, "the producer is broken");
	if (make_headers(record, &headers) != WR_OK)
		return wr_err_set(err, WR_EFULL, "no memory for the headers of a record");
	/* Counted first: the report may come before producev() returns. */
	count(s, bytes);
	error = rd_kafka_producev(
	    s->rk, RD_KAFKA_V_RKT(record->topic->rkt),
	    RD_KAFKA_V_PARTITION(record->has_partition ? record->partition : RD_KAFKA_PARTITION_UA),
	    RD_KAFKA_V_MSGFLAGS(0),
	    RD_KAFKA_V_KEY((void *)(uintptr_t)record->key.data, record->key.size),
	    RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.data, record->value.size),
	    RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_HEADERS(headers),
	    RD_KAFKA_V_OPAQUE(token), RD_KAFKA_V_END);
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return WR_OK;
	uncount(s, bytes);
	if (headers != NULL)
		rd_kafka_headers_destroy(headers);
	return refuse(s, record, error, err);
}

static int serve(struct kafka_sink *s, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;
	int reports = 0;

	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		while ((message = rd_kafka_event_message_next(event)) != NULL) {
			settle(s, message);
			reports++;
		}
		return reports;
	case RD_KAFKA_EVENT_ERROR:
		heed_error(s, rd_kafka_event_error(event),
			   rd_kafka_event_error_is_fatal(event) != 0);
		return 1;
	default:
		return 1;
	}
}

static int poll_events(struct kafka_sink *s, int timeout_ms)
{
	rd_kafka_event_t *event;
	int served = 0;

	while ((event = rd_kafka_queue_poll(s->queue, served > 0 ? 0 : timeout_ms)) != NULL) {
		served += serve(s, event);
		rd_kafka_event_destroy(event);
	}
	return served;
}

static int poll_reports(struct wr_sink *sink, int timeout_ms)
{
	struct kafka_sink *s = of(sink);

	if (s->rk == NULL)
		return 0;
	return s->queue != NULL ? poll_events(s, timeout_ms) : rd_kafka_poll(s->rk, timeout_ms);
}

static enum wr_sink_state state_of(struct wr_sink *sink)
{
	return (enum wr_sink_state)atomic_load(&of(sink)->state);
}

static void depth_of(struct wr_sink *sink, size_t *records_r, size_t *bytes_r)
{
	struct kafka_sink *s = of(sink);

	*records_r = atomic_load_explicit(&s->queued_records, memory_order_relaxed);
	*bytes_r = atomic_load_explicit(&s->queued_bytes, memory_order_relaxed);
}

static void free_topics(struct kafka_sink *s)
{
	struct wr_bytes name;
	size_t cursor = 0;
	void *topic;

	if (s->topics == NULL)
		return;
	while (wr_map_next(s->topics, &cursor, &name, &topic))
		free_topic(topic);
	wr_map_destroy(s->topics);
}

static void wake_through(rd_kafka_t *rk, int fd)
{
	static const uint64_t one = 1;
	rd_kafka_queue_t *queue = rd_kafka_queue_get_main(rk);

	rd_kafka_queue_io_event_enable(queue, fd, &one, sizeof(one));
	rd_kafka_queue_destroy(queue);
}

static void release(void *arg);

static enum wr_code start_transactor(struct kafka_sink *s, struct wr_err *err)
{
	const struct wr_transactor_owner owner = {s, broken, release};

	s->queue = rd_kafka_queue_get_main(s->rk);
	return wr_transactor_create(s->rk, s->wake_fd, &owner, &s->transactor, err);
}

/* Takes *conf_p. */
static enum wr_code start_producer(struct kafka_sink *s, rd_kafka_conf_t **conf_p,
				   struct wr_err *err)
{
	s->rk = wr_kafka_client_create(RD_KAFKA_PRODUCER, conf_p, err);
	if (s->rk == NULL)
		return WR_EINVAL;
	if (s->wake_fd >= 0)
		wake_through(s->rk, s->wake_fd);
	return s->conf != NULL ? start_transactor(s, err) : WR_OK;
}

static enum wr_code reopen_topics(struct kafka_sink *s, struct wr_err *err)
{
	struct wr_bytes name;
	size_t cursor = 0;
	void *topic;

	while (wr_map_next(s->topics, &cursor, &name, &topic)) {
		struct wr_sink_topic *t = topic;

		t->rkt = rd_kafka_topic_new(s->rk, t->name, NULL);
		if (t->rkt == NULL)
			return wr_err_set(err, WR_ENOMEM, "no memory for a topic");
	}
	return WR_OK;
}

static void close_topics(struct kafka_sink *s)
{
	struct wr_bytes name;
	size_t cursor = 0;
	void *topic;

	while (wr_map_next(s->topics, &cursor, &name, &topic)) {
		struct wr_sink_topic *t = topic;

		rd_kafka_topic_destroy(t->rkt);
		t->rkt = NULL;
	}
}

/* Between two transactions, when no call is under way. */
static enum wr_code renew(struct kafka_sink *s, struct wr_err *err)
{
	struct wr_transactor *old = s->transactor;
	rd_kafka_conf_t *conf = rd_kafka_conf_dup(s->conf);
	enum wr_code rc;

	s->gap = false;
	s->transactor = NULL;
	close_topics(s);
	wr_transactor_destroy(old, INT_MAX); /* it is idle: at once */
	rc = start_producer(s, &conf, err);
	return rc == WR_OK ? reopen_topics(s, err) : rc;
}

/* After a record that failed, librdkafka's next transaction fails too: its sequence numbers have a gap, which only that
 * second abort would close. Another producer is quicker, and nobody notices. */
static enum wr_code transaction_status(struct wr_sink *sink)
{
	struct kafka_sink *s = of(sink);
	enum wr_code code = WR_EUNKNOWN;
	struct wr_err err;

	if (s->transactor != NULL)
		code = wr_transactor_status(s->transactor);
	if (code != WR_OK || !s->gap)
		return code;
	if (renew(s, &err) == WR_OK)
		return WR_EFULL;
	WR_LOG(WR_LOG_ERROR, "kafka producer can't be made anew", WR_STR("reason", err.text));
	atomic_store(&s->state, WR_SINK_BROKEN);
	return WR_EUNKNOWN;
}

static enum wr_code begin(struct wr_sink *sink, struct wr_err *err)
{
	struct kafka_sink *s = of(sink);
	rd_kafka_error_t *error;

	if (state_of(sink) == WR_SINK_BROKEN)
		return wr_err_set(err, WR_EUNKNOWN, "the producer is broken");
	error = rd_kafka_begin_transaction(s->rk);
	if (error == NULL)
		return WR_OK;
	wr_err_set(err, WR_EUNKNOWN, "begin_transaction: %s", rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	broken(s);
	return WR_EUNKNOWN;
}

static void commit(struct wr_sink *sink, struct wr_source *source,
		   const struct wr_source_commit *commits, size_t count)
{
	wr_transactor_commit(of(sink)->transactor, wr_commits_list(commits, count),
			     wr_kafka_source_group(source));
}

static void abort_transaction(struct wr_sink *sink)
{
	wr_transactor_abort(of(sink)->transactor);
}

/* Nobody uses the producer any more. */
static void release(void *arg)
{
	struct kafka_sink *s = arg;

	if (s->queue != NULL)
		rd_kafka_queue_destroy(s->queue);
	if (s->rk != NULL)
		rd_kafka_destroy(s->rk);
	s->queue = NULL;
	s->rk = NULL;
	if (!s->closing)
		return;
	if (s->conf != NULL)
		rd_kafka_conf_destroy(s->conf);
	s->magic = 0;
	free(s);
}

static void destroy(struct wr_sink *sink)
{
	struct kafka_sink *s;

	if (sink == NULL)
		return;
	s = of(sink);
	/* Again and again, for what is retried or changes its broker meanwhile slips through one. */
	while (atomic_load(&s->queued_records) > 0) {
		rd_kafka_purge(s->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
					  RD_KAFKA_PURGE_F_NON_BLOCKING);
		poll_reports(sink, 100);
	}
	free_topics(s);
	s->closing = true;
	/* A call that hangs is left to its thread, and the descriptor may be somebody else's by then. */
	if (s->queue != NULL)
		rd_kafka_queue_io_event_enable(s->queue, -1, NULL, 0);
	if (s->transactor != NULL)
		wr_transactor_destroy(s->transactor, LEAVE_MS);
	else
		release(s);
}

#define COMMON_OPS                                                                        \
	.topic = resolve, .write = write_record, .poll = poll_reports, .state = state_of, \
	.depth = depth_of, .destroy = destroy

static const struct wr_sink_ops ops = {COMMON_OPS};
static const struct wr_sink_ops transactional_ops = {
    COMMON_OPS,
    .transaction_status = transaction_status,
    .begin = begin,
    .commit = commit,
    .abort = abort_transaction,
};

static void set_callbacks(struct kafka_sink *s, rd_kafka_conf_t *conf, bool transactional)
{
	rd_kafka_conf_set_opaque(conf, s);
	if (transactional) {
		rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
		return;
	}
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rd_kafka_conf_set_error_cb(conf, on_error);
}

enum wr_code wr_kafka_sink_create(const struct wr_kafka_sink_options *options,
				  struct wr_sink **sink_r, struct wr_err *err)
{
	struct kafka_sink *s = calloc(1, sizeof(*s));
	bool transactional = options->transactional_id != NULL;
	rd_kafka_conf_t *conf = NULL;
	enum wr_code rc;

	*sink_r = NULL;
	if (s == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a producer");
	s->base.ops = transactional ? &transactional_ops : &ops;
	s->magic = SINK_MAGIC;
	s->done = options->done;
	s->done_arg = options->done_arg;
	s->wake_fd = options->wake_fd;
	s->one_thread = options->one_thread;
	s->limits = options->limits;
	rc = wr_map_create(&s->topics);
	if (rc == WR_OK)
		rc = wr_kafka_sink_conf(options, &conf, err);
	if (rc == WR_OK) {
		set_callbacks(s, conf, transactional);
		s->conf = transactional ? rd_kafka_conf_dup(conf) : NULL;
		rc = start_producer(s, &conf, err);
	}
	if (rc != WR_OK) {
		destroy(&s->base);
		return rc;
	}
	*sink_r = &s->base;
	return WR_OK;
}
