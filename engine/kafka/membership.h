/*
 * The membership of a consumer group under which partitions were assigned. A transaction sends its offsets with it, so
 * that the group refuses them once it has gone on without this member. Used by kafka/source.c.
 */
#ifndef WR_KAFKA_MEMBERSHIP_H
#define WR_KAFKA_MEMBERSHIP_H

#include <librdkafka/rdkafka.h>

struct wr_membership {
	rd_kafka_consumer_group_metadata_t *group; /* NULL: not a member */
};

/* Takes the consumer's present one. Asks no broker. */
void wr_membership_note(struct wr_membership *membership, rd_kafka_t *rk);
void wr_membership_forget(struct wr_membership *membership);

/* The caller owns the copy. NULL: not a member. */
rd_kafka_consumer_group_metadata_t *wr_membership_copy(const struct wr_membership *membership);

#endif
