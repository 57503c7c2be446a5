/*
 * The partitions that a consumer holds now, each with its own queue, taking turns. Used by kafka/source.c alone.
 *
 * Holding one is not reading it: librdkafka is told of a partition once the lane has placed it. Places are gathered and
 * told all at once by wr_assignment_apply().
 */
#ifndef WR_KAFKA_ASSIGNMENT_H
#define WR_KAFKA_ASSIGNMENT_H

#include "kafka/enquiry.h"
#include "port/source.h"

#include <librdkafka/rdkafka.h>

struct wr_kafka_partition {
	struct wr_partition pub;
	char *metadata;          /* behind pub.metadata; NULL: none */
	rd_kafka_queue_t *queue; /* NULL: not read since it was assigned, or since it was stopped */
	bool live;               /* librdkafka reads it */
	bool moved;              /* it was placed, and librdkafka does not know yet */
	bool at_end;             /* all that was there since it was placed has been taken */
	int64_t end;             /* where that was */
	int64_t
	    next; /* what librdkafka reads next, behind all that was taken and also what was put back */
	rd_kafka_message_t **kept; /* put back: they come before those of the queue */
	size_t kept_first, kept_count;
	int64_t held_until_ns;       /* nothing is taken before */
	size_t record_bytes;         /* a moving average, for bounding a take by bytes */
	struct weir_header *headers; /* scratch of wr_assignment_headers() */
	size_t header_capacity;
};

struct wr_assignment {
	struct wr_kafka_partition **items;
	struct wr_partition **pubs; /* the same, as the port shows them */
	size_t count;
	struct wr_topic_list topics; /* of which they are some */
	size_t turn;
	uint32_t epoch;
	bool moved; /* some partition is */
	int64_t
	    stopping_ns; /* when librdkafka was told last to stop reading partitions; 0: never */
};

/* Replaces the content (which must be empty) with `list`. Nothing of it is read yet. WR_OK or WR_ENOMEM. */
enum wr_code wr_assignment_set(struct wr_assignment *a,
			       const rd_kafka_topic_partition_list_t *list);

/* All of it, without offsets; the caller owns the list. */
rd_kafka_topic_partition_list_t *wr_assignment_list(const struct wr_assignment *a);

/* Takes what the group and the broker say of each partition, and of the topics. WR_OK or WR_ENOMEM. */
enum wr_code wr_assignment_inform(struct wr_assignment *a, struct wr_enquiry_answer *answer);

/* Notes from where to read a partition. */
void wr_assignment_place(struct wr_assignment *a, struct wr_kafka_partition *p, int64_t offset);

/* Makes librdkafka read from the places that were noted: by one assignment when a partition is not read yet (its queue
 * is taken out of the consumer's before, to wake through `wake_fd`, an eventfd), else by a seek. Asks no broker. What
 * can't be done now stays noted, as are partitions for a moment after others were stopped. WR_OK, or WR_EUNAVAILABLE:
 * try again. */
enum wr_code wr_assignment_apply(struct wr_assignment *a, rd_kafka_t *rk, int wake_fd,
				 struct wr_err *err);

/* Stops reading: nothing is placed any more. Messages that were taken stay valid. */
void wr_assignment_stop(struct wr_assignment *a, rd_kafka_t *rk);

/* Whether records of it can be taken. */
static inline bool wr_assignment_is_read(const struct wr_kafka_partition *p)
{
	return p->live && !p->moved;
}

/* About how much is fetched and not taken, with what librdkafka needs for each record. */
size_t wr_assignment_queued_bytes(const struct wr_assignment *a);

bool wr_assignment_is_at_end(const struct wr_partition *partition);

/* Whether the broker has more of a partition that is at its end: records of transactions that are not decided. */
bool wr_assignment_is_undecided(const struct wr_partition *partition, rd_kafka_t *rk);

/* Waits, for a quarter of a second at most, until librdkafka can bear another change of what is read. */
void wr_assignment_rest(const struct wr_assignment *a);

/* Forgets all partitions. Where librdkafka may still be stopping some, wr_assignment_rest() comes before. */
void wr_assignment_clear(struct wr_assignment *a);

/* Gives all partitions back to the group. May wait for a quarter of a second. */
void wr_assignment_give_up(struct wr_assignment *a, rd_kafka_t *rk);
void wr_assignment_fini(struct wr_assignment *a);

/* Keeps messages of the partition, which come again first, and not before that time. WR_OK, or WR_ENOMEM. */
enum wr_code wr_assignment_put_back(struct wr_kafka_partition *p, rd_kafka_message_t **messages,
				    size_t count, int64_t until_mono_ns);

/* Takes up to max messages of the partition without waiting; the caller owns them. */
size_t wr_assignment_consume(struct wr_kafka_partition *p, rd_kafka_message_t **messages,
			     size_t max);

/* The partition whose turn it is; count > 0. */
struct wr_kafka_partition *wr_assignment_next(struct wr_assignment *a);

/* How many records are likely to fit in max_bytes; at least 1. */
size_t wr_assignment_chunk(const struct wr_kafka_partition *p, size_t max_bytes);
void wr_assignment_learn(struct wr_kafka_partition *p, size_t records, size_t bytes);

/* The headers of a message, borrowed until the next call for this partition; their bytes until the message is
 * destroyed. */
size_t wr_assignment_headers(rd_kafka_message_t *message, struct wr_partition *partition,
			     const struct weir_header **headers_r);

#endif
