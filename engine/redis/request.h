/*
 * The requests of a store in their order: a queue, and what is the same for all of a kind. Embedded in its owner, used
 * by one thread.
 */
#ifndef WR_REDIS_REQUEST_H
#define WR_REDIS_REQUEST_H

#include "base/check.h"
#include "port/claim_store.h"

#include <stdbool.h>

struct wr_redis_queue {
	struct wr_claim_store_request *first, *last;
};

void wr_redis_queue_push(struct wr_redis_queue *queue, struct wr_claim_store_request *request);
void wr_redis_queue_push_first(struct wr_redis_queue *queue,
			       struct wr_claim_store_request *request);

/* The queue must not be empty. */
struct wr_claim_store_request *wr_redis_queue_pop(struct wr_redis_queue *queue);

/* Takes a request out; false when it isn't there. *before_r is the one before it, NULL: none. */
bool wr_redis_queue_remove(struct wr_redis_queue *queue, struct wr_claim_store_request *request,
			   struct wr_claim_store_request **before_r);

static inline struct wr_claim_set *wr_redis_set_of(struct wr_claim_store_request *request)
{
	return WR_CONTAINER_OF(request, struct wr_claim_set, request);
}

static inline struct wr_mark_query *wr_redis_query_of(struct wr_claim_store_request *request)
{
	return WR_CONTAINER_OF(request, struct wr_mark_query, request);
}

/* As if it had not been sent. */
void wr_redis_request_begin_anew(struct wr_claim_store_request *request);

/* The lane's again: a set or a query, complete or not. */
void wr_redis_request_end(struct wr_claim_store_request *request, bool done);

#endif
