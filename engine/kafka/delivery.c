#include "config.h"

#include "kafka/delivery.h"

#include <inttypes.h>
#include <stdio.h>

bool wr_delivery_is_purged(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
	       error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

bool wr_delivery_is_guessed(const rd_kafka_message_t *message)
{
	return message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset < 0;
}

bool wr_delivery_is_fenced(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR__FENCED || error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
	       error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

/* Everything librdkafka does not retry by itself, and that is no fault of the record, is worth writing again. But not in
 * a transaction, which any failure has spoilt. */
enum wr_code wr_delivery_outcome(const rd_kafka_message_t *message, bool transactional, bool broken)
{
	rd_kafka_resp_err_t error = message->err;

	if (wr_delivery_is_guessed(message))
		return WR_EUNKNOWN;
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return WR_OK;
	if (wr_kafka_is_permanent(error))
		return WR_EREFUSED;
	if (wr_delivery_is_purged(error) || error == RD_KAFKA_RESP_ERR__FATAL || transactional ||
	    broken)
		return WR_EUNKNOWN;
	return WR_EUNAVAILABLE;
}

void wr_delivery_explain(struct wr_topic_limits *limits, rd_kafka_resp_err_t error,
			 const char *topic, size_t bytes, char text_r[WR_DELIVERY_REASON_BYTES])
{
	int64_t limit = wr_topic_limits_get(limits, topic);
	int size =
	    snprintf(text_r, WR_DELIVERY_REASON_BYTES, "topic %s refused a record of %zu bytes: %s",
		     topic, bytes, rd_kafka_err2str(error));

	if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && limit >= 0 && size > 0 &&
	    size < WR_DELIVERY_REASON_BYTES)
		snprintf(text_r + size, WR_DELIVERY_REASON_BYTES - (size_t)size,
			 "; its max.message.bytes is %" PRId64, limit);
}
