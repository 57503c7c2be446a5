/*
 * The marks that a store has still to write, and those it has written without an answer. Of each field at most one
 * waits: a later one takes its place. What was sent and not answered has an unknown outcome when the connection ends,
 * and waits again then.
 *
 * Embedded in its owner, used by one thread. A mark is a request of its own in the order of what is sent.
 */
#ifndef WR_REDIS_MARKS_H
#define WR_REDIS_MARKS_H

#include "port/claim_store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_redis_mark {
	struct wr_claim_store_request request;
	uint32_t incarnation;
	int64_t next;
	bool anyway;
	struct wr_bytes field, text; /* behind the struct */
};

struct wr_redis_marks {
	struct wr_claim_store_request *first, *last; /* those that wait */
	size_t count;                                /* with those that are sent */
};

static inline struct wr_redis_mark *wr_redis_mark_of(struct wr_claim_store_request *request)
{
	return (struct wr_redis_mark *)request; /* its first member */
}

/* Keeps a copy. WR_OK, or WR_ENOMEM: nothing has changed. */
enum wr_code wr_redis_marks_put(struct wr_redis_marks *marks, const struct wr_mark_write *write);

/* The next to be sent, which leaves those that wait; NULL when there is none. */
struct wr_redis_mark *wr_redis_marks_take(struct wr_redis_marks *marks);

/* Takes a mark that was sent back among those that wait. To be called from the newest to the oldest. */
void wr_redis_marks_give_back(struct wr_redis_marks *marks, struct wr_redis_mark *mark);

/* Frees a mark that was taken. */
void wr_redis_marks_drop(struct wr_redis_marks *marks, struct wr_redis_mark *mark);

/* Of those that wait. */
void wr_redis_marks_yield(struct wr_redis_marks *marks, struct wr_bytes field);

/* Frees all that wait. */
void wr_redis_marks_fini(struct wr_redis_marks *marks);

#endif
