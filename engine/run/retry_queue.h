/*
 * Items that wait for their next attempt, the next due first. A binary heap; one thread.
 */
#ifndef WR_RUN_RETRY_QUEUE_H
#define WR_RUN_RETRY_QUEUE_H

#include "run/batch.h"

struct wr_retry_queue {
	struct wr_item **heap;
	size_t count;
	size_t capacity;
};

/* Room for `capacity` items, which must never be passed. WR_OK or WR_ENOMEM. */
enum wr_code wr_retry_queue_init(struct wr_retry_queue *q, size_t capacity);
void wr_retry_queue_fini(struct wr_retry_queue *q);

/* Makes room for `capacity` items. WR_OK or WR_ENOMEM: nothing has changed. */
enum wr_code wr_retry_queue_reserve(struct wr_retry_queue *q, size_t capacity);

/* Parks it until item->due_mono_ns. */
void wr_retry_queue_push(struct wr_retry_queue *q, struct wr_item *item);

/* When the next is due; INT64_MAX when none waits. */
int64_t wr_retry_queue_due_ns(const struct wr_retry_queue *q);

/* The next that is due, or NULL. */
struct wr_item *wr_retry_queue_pop(struct wr_retry_queue *q, int64_t now_mono_ns);

/* The times of some have changed. */
void wr_retry_queue_reorder(struct wr_retry_queue *q);

/* Takes out all items of a batch. */
void wr_retry_queue_remove_batch(struct wr_retry_queue *q, const struct wr_batch *batch);

#endif
