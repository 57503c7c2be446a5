/*
 * What only librdkafka can say of a configuration: whether its properties exist and take their values.
 */
#ifndef WR_CLI_CHECK_KAFKA_H
#define WR_CLI_CHECK_KAFKA_H

#include "conf/load.h"

/* Adds a problem, without the value, for each property that librdkafka refuses. [main] */
void wr_check_kafka(const struct wr_conf *conf, struct wr_problems *problems);

#endif
