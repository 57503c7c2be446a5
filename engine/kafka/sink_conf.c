#include "config.h"

#include "kafka/sink_conf.h"

#include <stdio.h>
#include <stdlib.h>

/* A request on its way must fail before the coordinator gives the transaction up; librdkafka insists. */
#define REQUEST_MS 10000

static enum wr_code make_transactional(rd_kafka_conf_t *conf, const char *id, struct wr_err *err)
{
	char timeout_ms[16] = "", request_ms[16], transaction_ms[16];
	size_t size = sizeof(timeout_ms);
	const struct wr_kafka_setting settings[] = {
	    {"transactional.id", id},
	    {"transaction.timeout.ms", transaction_ms},
	    {"socket.timeout.ms", request_ms},
	    {NULL, NULL},
	};
	long asked = 0;

	snprintf(transaction_ms, sizeof(transaction_ms), "%d", WR_KAFKA_TRANSACTION_MS);
	if (rd_kafka_conf_get(conf, "socket.timeout.ms", timeout_ms, &size) == RD_KAFKA_CONF_OK)
		asked = strtol(timeout_ms, NULL, 10);
	snprintf(request_ms, sizeof(request_ms), "%ld",
		 asked > 0 && asked < REQUEST_MS ? asked : (long)REQUEST_MS);
	return wr_kafka_conf_set(conf, settings, err);
}

enum wr_code wr_kafka_sink_conf(const struct wr_kafka_sink_options *o, rd_kafka_conf_t **conf_r,
				struct wr_err *err)
{
	char linger_ms[32], queue_kbytes[32], batch_bytes[32];
	const struct wr_kafka_setting defaults[] = {
	    {"linger.ms", linger_ms},
	    {"partitioner", "murmur2_random"},
	    /* What is too large is the topic's to say, not the client's. */
	    {"message.max.bytes", "1000000000"},
	    {NULL, NULL},
	};
	const struct wr_kafka_setting owned[] = {
	    {"acks", "all"},
	    {"enable.idempotence", "true"},
	    {"message.timeout.ms", "0"},
	    {"queue.buffering.max.messages", "10000000"},
	    {"queue.buffering.max.kbytes", queue_kbytes},
	    {o->batch_bytes > 0 ? "batch.size" : NULL, batch_bytes},
	    {NULL, NULL},
	};
	enum wr_code rc;

	snprintf(linger_ms, sizeof(linger_ms), "%.3f", (double)o->linger_us / 1000.0);
	snprintf(queue_kbytes, sizeof(queue_kbytes), "%zu", o->queue_bytes / 1024 + 1);
	snprintf(batch_bytes, sizeof(batch_bytes), "%zu", o->batch_bytes);
	rc = wr_kafka_conf_create(o->kafka, &o->kafka->producer_properties, defaults, &o->name,
				  conf_r, err);
	if (rc != WR_OK)
		return rc;
	rc = wr_kafka_conf_set(*conf_r, owned, err);
	if (rc == WR_OK && o->transactional_id != NULL)
		rc = make_transactional(*conf_r, o->transactional_id, err);
	if (rc != WR_OK) {
		rd_kafka_conf_destroy(*conf_r);
		*conf_r = NULL;
	}
	return rc;
}
