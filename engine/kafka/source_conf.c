#include "config.h"

#include "kafka/source_conf.h"

#include <stdio.h>
#include <string.h>

/* The fetch queue's bound holds for each partition once their queues are apart. Below this a partition would not
 * move. */
#define FETCH_MIN_KBYTES ((size_t)256)

/* What the user's properties say, in any of librdkafka's words for it. */
static enum wr_kafka_reset reset_of(const rd_kafka_conf_t *conf)
{
	char value[32] = "";
	size_t size = sizeof(value);

	if (rd_kafka_conf_get(conf, "auto.offset.reset", value, &size) != RD_KAFKA_CONF_OK)
		return WR_KAFKA_RESET_EARLIEST;
	if (strcmp(value, "error") == 0)
		return WR_KAFKA_RESET_NONE;
	if (strcmp(value, "latest") == 0 || strcmp(value, "largest") == 0 ||
	    strcmp(value, "end") == 0)
		return WR_KAFKA_RESET_LATEST;
	return WR_KAFKA_RESET_EARLIEST;
}

enum wr_code wr_kafka_source_conf(const struct wr_kafka_source_options *o, rd_kafka_conf_t **conf_r,
				  enum wr_kafka_reset *reset_r, struct wr_err *err)
{
	char fetch_kbytes[32];
	const struct wr_kafka_setting defaults[] = {
	    {"auto.offset.reset", "earliest"},
	    {"partition.assignment.strategy", "range,roundrobin"},
	    {"fetch.wait.max.ms", "20"},
	    {"fetch.error.backoff.ms", "100"},
	    {"session.timeout.ms", "10000"},
	    {"topic.metadata.refresh.interval.ms", "30000"},
	    {NULL, NULL},
	};
	const struct wr_kafka_setting owned[] = {
	    {"group.id", o->group},
	    {"enable.auto.commit", "false"},
	    {"enable.auto.offset.store", "false"},
	    {"isolation.level", "read_committed"},
	    {"enable.partition.eof", "true"},
	    {"auto.offset.reset", "error"},
	    {"queued.min.messages", "1000000"},
	    {"queued.max.messages.kbytes", fetch_kbytes},
	    {NULL, NULL},
	};
	size_t kbytes = o->fetch_bytes / 1024 / (size_t)(o->partitions > 1 ? o->partitions : 1);
	enum wr_code rc;

	snprintf(fetch_kbytes, sizeof(fetch_kbytes), "%zu",
		 kbytes > FETCH_MIN_KBYTES ? kbytes : FETCH_MIN_KBYTES);
	rc = wr_kafka_conf_create(o->kafka, &o->kafka->consumer_properties, defaults, &o->name,
				  conf_r, err);
	if (rc != WR_OK)
		return rc;
	*reset_r = reset_of(*conf_r);
	rc = wr_kafka_conf_set(*conf_r, owned, err);
	if (rc != WR_OK) {
		rd_kafka_conf_destroy(*conf_r);
		*conf_r = NULL;
		return rc;
	}
	rd_kafka_conf_set_events(*conf_r, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT |
					      RD_KAFKA_EVENT_ERROR);
	return WR_OK;
}
