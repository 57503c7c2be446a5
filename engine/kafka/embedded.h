/*
 * An in-process Kafka for trying weir out (`kafka.brokers: embedded`): librdkafka's mock cluster with one broker. It
 * keeps its records in memory, 5 MiB a partition, and forgets them at the end; it has no transactions.
 */
#ifndef WR_KAFKA_EMBEDDED_H
#define WR_KAFKA_EMBEDDED_H

#include "base/err.h"

struct wr_embedded;

/* WR_OK or WR_EIO. [main] */
enum wr_code wr_embedded_start(struct wr_embedded **embedded_r, struct wr_err *err);

/* All its clients must be gone. NULL does nothing. [main] */
void wr_embedded_stop(struct wr_embedded *embedded);

/* "host:port", borrowed. */
const char *wr_embedded_brokers(const struct wr_embedded *embedded);

/* Creates a topic; one that exists is fine. WR_OK or WR_EIO. */
enum wr_code wr_embedded_create_topic(struct wr_embedded *embedded, const char *topic,
				      struct wr_err *err);

#endif
