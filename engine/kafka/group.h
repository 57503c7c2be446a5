/*
 * Where a consumer group stands, for people: what it committed, what can be read, whether it has members; and setting
 * it elsewhere while it has none. Blocking, each call up to its time-outs. One thread at a time; `err` is never NULL.
 */
#ifndef WR_KAFKA_GROUP_H
#define WR_KAFKA_GROUP_H

#include "kafka/client.h"

#include <stdint.h>

struct wr_kafka_group;

/* One partition. Owned by its list. */
struct wr_kafka_place {
	char *topic;
	int32_t partition;
	int64_t committed; /* -1: nothing */
	char *metadata;    /* of the commit; NULL: none */
	int64_t low, high; /* the offsets that can be read: [low, high) */
	int64_t at; /* wr_kafka_group_find()'s answer; then what is to be committed, -1: nothing */
	char *at_metadata; /* to be committed with it; NULL: none */
};

struct wr_kafka_places {
	struct wr_kafka_place *items; /* by topic and partition */
	size_t count;
};

void wr_kafka_places_fini(struct wr_kafka_places *places);

/* Does not wait for the brokers; `kafka` is borrowed for the call. The calls below wait for a broker's answer up to
 * timeout_ms, each of the two or three that they need. WR_OK, WR_EINVAL, WR_ENOMEM. */
enum wr_code wr_kafka_group_open(const struct wr_conf_kafka *kafka, const char *instance,
				 const char *group, int timeout_ms, struct wr_kafka_group **group_r,
				 struct wr_err *err);
void wr_kafka_group_close(struct wr_kafka_group *group);

/* Every partition of the topics, and of those that exist and whose names begin with `prefix` (NULL: none), at its
 * place. The caller finishes *places_r. WR_OK, WR_ENOTFOUND (a topic), WR_EREFUSED, WR_EUNAVAILABLE. */
enum wr_code wr_kafka_group_places(struct wr_kafka_group *group, const char *const *topics,
				   size_t topic_count, const char *prefix,
				   struct wr_kafka_places *places_r, struct wr_err *err);

/* Fills `at` of each with the first offset whose record is of this time or later; the end when there is none. WR_OK,
 * WR_EREFUSED, WR_EUNAVAILABLE. */
enum wr_code wr_kafka_group_find(struct wr_kafka_group *group, struct wr_kafka_places *places,
				 int64_t timestamp_ms, struct wr_err *err);

/* How many members the group has; 0 also when there is no such group. WR_OK, WR_EREFUSED, WR_EUNAVAILABLE. */
enum wr_code wr_kafka_group_members(struct wr_kafka_group *group, size_t *count_r,
				    struct wr_err *err);

/* Commits `at` with `at_metadata`, but -1 not. WR_OK, WR_EREFUSED (not authorised, or the group has got members),
 * WR_EUNAVAILABLE. */
enum wr_code wr_kafka_group_set(struct wr_kafka_group *group, const struct wr_kafka_places *places,
				struct wr_err *err);

#endif
