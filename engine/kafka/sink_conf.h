/*
 * What a producer is told: its configuration from the engine's. Used by kafka/sink.c.
 */
#ifndef WR_KAFKA_SINK_CONF_H
#define WR_KAFKA_SINK_CONF_H

#include "kafka/sink.h"

/* Without callbacks. The caller owns *conf_r until wr_kafka_client_create() takes it. WR_OK, WR_EINVAL (a property that
 * librdkafka refuses), WR_ENOMEM. */
enum wr_code wr_kafka_sink_conf(const struct wr_kafka_sink_options *options,
				rd_kafka_conf_t **conf_r, struct wr_err *err);

#endif
