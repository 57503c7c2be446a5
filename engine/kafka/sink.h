/*
 * The Kafka sink: an idempotent producer with acks=all that tries for ever, or a transactional one. Implements
 * port/sink.h. Its commit() wants the source of kafka/source.h.
 */
#ifndef WR_KAFKA_SINK_H
#define WR_KAFKA_SINK_H

#include "kafka/client.h"
#include "kafka/topic_limits.h"
#include "port/sink.h"

struct wr_kafka_sink_options {
	const struct wr_conf_kafka *kafka; /* borrowed for the call */
	struct wr_kafka_name name;
	const char *transactional_id; /* NULL: no transactions */
	size_t queue_bytes;           /* bound of what waits for its ack */
	int64_t linger_us;            /* how long a record waits for company */
	size_t
	    batch_bytes; /* bound of a record batch; 0: librdkafka's default. Small enough for every
				 * topic, a record that is too large fails alone */
	struct wr_topic_limits
	    *limits;          /* for the reasons of refusals; borrowed; NULL: none known */
	bool one_thread;      /* writes and polls; else several do */
	int wake_fd;          /* an eventfd to write to when there is something to poll; -1: none */
	wr_sink_done_fn done; /* called from wr_sink's poll() */
	void *done_arg;
};

/* Of a transactional sink. A dead instance holds read_committed readers back for so long. */
#define WR_KAFKA_TRANSACTION_MS 15000

/* Does not wait for the brokers. WR_OK, WR_EINVAL (a property), WR_ENOMEM. [any] */
enum wr_code wr_kafka_sink_create(const struct wr_kafka_sink_options *options,
				  struct wr_sink **sink_r, struct wr_err *err);

#endif
