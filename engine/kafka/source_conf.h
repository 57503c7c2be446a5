/*
 * What a consumer is told: its configuration from the engine's. Used by kafka/source.c.
 */
#ifndef WR_KAFKA_SOURCE_CONF_H
#define WR_KAFKA_SOURCE_CONF_H

#include "kafka/source.h"

/* Where reading begins without a committed offset. librdkafka itself is told to fail then: the lane decides. */
enum wr_kafka_reset {
	WR_KAFKA_RESET_EARLIEST,
	WR_KAFKA_RESET_LATEST,
	WR_KAFKA_RESET_NONE /* a person decides */
};

/* The caller owns *conf_r until wr_kafka_client_create() takes it. WR_OK, WR_EINVAL (a property that librdkafka
 * refuses), WR_ENOMEM. */
enum wr_code wr_kafka_source_conf(const struct wr_kafka_source_options *options,
				  rd_kafka_conf_t **conf_r, enum wr_kafka_reset *reset_r,
				  struct wr_err *err);

#endif
