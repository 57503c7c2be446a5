/*
 * What a delivery report means to the writer of the record. Pure. Used by kafka/sink.c.
 */
#ifndef WR_KAFKA_DELIVERY_H
#define WR_KAFKA_DELIVERY_H

#include "kafka/client.h"
#include "kafka/topic_limits.h"

#define WR_DELIVERY_REASON_BYTES 1024

/* librdkafka takes a record whose request failed for written when a later request of its partition is acked: the broker
 * would have refused that one otherwise. But from a producer that it does not know yet a broker takes any request
 * first, and refuses the earlier one when it comes again. Only an ack that names the record's offset proves anything. */
bool wr_delivery_is_guessed(const rd_kafka_message_t *message);

/* It was taken out of the queue, not tried. */
bool wr_delivery_is_purged(rd_kafka_resp_err_t error);

/* Another producer of the same transactional id has begun, or the coordinator gave the transaction up. */
bool wr_delivery_is_fenced(rd_kafka_resp_err_t error);

/* WR_OK, WR_EREFUSED (for good), WR_EUNKNOWN, WR_EUNAVAILABLE (worth writing again). */
enum wr_code wr_delivery_outcome(const rd_kafka_message_t *message, bool transactional,
				 bool broken);

/* A sentence for whoever reads the dead letter: which topic refused how large a record, and why. */
void wr_delivery_explain(struct wr_topic_limits *limits, rd_kafka_resp_err_t error,
			 const char *topic, size_t bytes, char text_r[WR_DELIVERY_REASON_BYTES]);

#endif
