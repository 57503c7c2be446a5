/* A topic about which librdkafka's mock cluster answers with an error. */
#ifndef WR_TESTS_KAFKA_REFUSED_TOPIC_H
#define WR_TESTS_KAFKA_REFUSED_TOPIC_H

#include "tests/unit.h"

#include <librdkafka/rdkafka_mock.h>

/*
 * The mock lists the topic's partitions beside the error, which no broker does. Clients from 2.1 on look for what they
 * know of these partitions, and die where they know nothing (seen in 2.8.0): with them the calling test is skipped.
 */
static inline void refuse_topic(rd_kafka_mock_cluster_t *mock, const char *topic,
				rd_kafka_resp_err_t error)
{
	if (rd_kafka_version() >= 0x02010000)
		skip();
	rd_kafka_mock_topic_set_error(mock, topic, error);
}

#endif
