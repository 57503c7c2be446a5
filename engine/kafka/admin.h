/*
 * Questions to the cluster that are asked at the start and now and then: is it there, which topics are missing, what
 * do they allow. Every call waits up to its time-out. One thread at a time.
 */
#ifndef WR_KAFKA_ADMIN_H
#define WR_KAFKA_ADMIN_H

#include "kafka/client.h"

#include <stdint.h>

struct wr_kafka_admin;

/* Does not wait for the brokers. WR_OK, WR_EINVAL, WR_ENOMEM. */
enum wr_code wr_kafka_admin_create(const struct wr_conf_kafka *kafka,
				   const struct wr_kafka_name *name,
				   struct wr_kafka_admin **admin_r, struct wr_err *err);
void wr_kafka_admin_destroy(struct wr_kafka_admin *admin);

/* WR_OK when a broker answers, else WR_EUNAVAILABLE. */
enum wr_code wr_kafka_admin_ping(struct wr_kafka_admin *admin, int timeout_ms, struct wr_err *err);

/* How many partitions a topic has. WR_OK, WR_ENOTFOUND (no such topic), WR_EREFUSED (not authorised),
 * WR_EUNAVAILABLE. */
enum wr_code wr_kafka_admin_partitions(struct wr_kafka_admin *admin, const char *topic,
				       int timeout_ms, int *count_r, struct wr_err *err);

/* A topic to be made; 0 leaves a number to the broker. */
struct wr_kafka_new_topic {
	const char *name;
	int partitions;
	int64_t max_message_bytes;
};

/* Creates it with the broker's default replication; one that is there is fine. WR_OK, WR_EREFUSED (not authorised, or
 * a policy says no), WR_EUNAVAILABLE. */
enum wr_code wr_kafka_admin_create_topic(struct wr_kafka_admin *admin,
					 const struct wr_kafka_new_topic *topic, int timeout_ms,
					 struct wr_err *err);

/* The same with so many partitions (-1: the broker's default) and these settings of the topic, ending at a NULL name. */
enum wr_code wr_kafka_admin_create_topic_with(struct wr_kafka_admin *admin, const char *topic,
					      int partitions,
					      const struct wr_kafka_setting *settings,
					      int timeout_ms, struct wr_err *err);

/* Adds partitions to a topic until it has so many. WR_OK also when it has them already; WR_EREFUSED, WR_EUNAVAILABLE. */
enum wr_code wr_kafka_admin_add_partitions(struct wr_kafka_admin *admin, const char *topic,
					   int partitions, int timeout_ms, struct wr_err *err);

/* What a topic allows; -1 where the broker did not say. */
struct wr_kafka_topic_limits {
	int64_t max_message_bytes;
	int64_t retention_ms; /* -1 also when it is for ever */
	bool compacted;
};

/* WR_OK, WR_EREFUSED (not authorised), WR_EUNAVAILABLE. */
enum wr_code wr_kafka_admin_limits(struct wr_kafka_admin *admin, const char *topic, int timeout_ms,
				   struct wr_kafka_topic_limits *limits_r, struct wr_err *err);

#endif
