/*
 * The blocking calls of a transactional producer, one at a time in a thread of its own: init_transactions, a commit with
 * its offsets, an abort. What can be tried again is tried again in there, for as long as it takes. Used by kafka/sink.c
 * alone; its functions are the owner's, from one thread.
 *
 * Delivery reports must come as events from the producer's queue: the calls wait until the owner has taken them, and
 * never serve them.
 */
#ifndef WR_KAFKA_TRANSACTOR_H
#define WR_KAFKA_TRANSACTOR_H

#include "base/err.h"

#include <librdkafka/rdkafka.h>

struct wr_transactor;

struct wr_transactor_owner {
	void *arg;
	void (*broken)(
	    void
		*arg); /* the producer is beyond repair; on any thread, before the status says so */
	void (*release)(void *arg); /* nobody uses the producer any more: wr_transactor_destroy() */
};

/* Begins with init_transactions. `rk` and `wake_fd` (an eventfd, written to when the status changes; -1: none) are
 * borrowed. WR_OK or WR_ENOMEM. */
enum wr_code wr_transactor_create(rd_kafka_t *rk, int wake_fd,
				  const struct wr_transactor_owner *owner,
				  struct wr_transactor **transactor_r, struct wr_err *err);

/* As wr_sink_ops.transaction_status. */
enum wr_code wr_transactor_status(struct wr_transactor *transactor);

/* Each when the status is WR_OK or WR_EREFUSED. Both are taken; `group` NULL: the partitions are not ours any more, it
 * ends as WR_EREFUSED. */
void wr_transactor_commit(struct wr_transactor *transactor,
			  rd_kafka_topic_partition_list_t *offsets,
			  rd_kafka_consumer_group_metadata_t *group);
void wr_transactor_abort(struct wr_transactor *transactor);

/* Calls release() as soon as no call is under way any more: at once, or within timeout_ms, or else later, on the
 * transactor's thread. No delivery report may be outstanding. */
void wr_transactor_destroy(struct wr_transactor *transactor, int timeout_ms);

#endif
