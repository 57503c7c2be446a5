/*
 * How large a record each topic takes, as far as it is known: to say so when one refuses a record. Shared by main,
 * which asks the cluster, and the sinks.
 */
#ifndef WR_KAFKA_TOPIC_LIMITS_H
#define WR_KAFKA_TOPIC_LIMITS_H

#include "base/code.h"

#include <stdint.h>

struct wr_topic_limits;

/* WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_topic_limits_create(struct wr_topic_limits **limits_r);

/* NULL does nothing. Nobody may use it any more. [any] */
void wr_topic_limits_destroy(struct wr_topic_limits *limits);

/* max.message.bytes of a topic; without memory it stays unknown. [any] */
void wr_topic_limits_set(struct wr_topic_limits *limits, const char *topic,
			 int64_t max_message_bytes);

/* -1: unknown; NULL knows none. [any] */
int64_t wr_topic_limits_get(struct wr_topic_limits *limits, const char *topic);

#endif
