#include "config.h"

#include "redis/request.h"

void wr_redis_queue_push(struct wr_redis_queue *queue, struct wr_claim_store_request *request)
{
	request->next = NULL;
	if (queue->last != NULL)
		queue->last->next = request;
	else
		queue->first = request;
	queue->last = request;
}

void wr_redis_queue_push_first(struct wr_redis_queue *queue, struct wr_claim_store_request *request)
{
	request->next = queue->first;
	queue->first = request;
	if (queue->last == NULL)
		queue->last = request;
}

struct wr_claim_store_request *wr_redis_queue_pop(struct wr_redis_queue *queue)
{
	struct wr_claim_store_request *request = queue->first;

	WR_ASSERT(request != NULL);
	queue->first = request->next;
	if (queue->first == NULL)
		queue->last = NULL;
	request->next = NULL;
	return request;
}

bool wr_redis_queue_remove(struct wr_redis_queue *queue, struct wr_claim_store_request *request,
			   struct wr_claim_store_request **before_r)
{
	struct wr_claim_store_request *at;

	*before_r = NULL;
	for (at = queue->first; at != NULL && at != request; at = at->next)
		*before_r = at;
	if (at == NULL)
		return false;
	if (*before_r != NULL)
		(*before_r)->next = request->next;
	else
		queue->first = request->next;
	if (queue->last == request)
		queue->last = *before_r;
	request->next = NULL;
	return true;
}

void wr_redis_request_begin_anew(struct wr_claim_store_request *request)
{
	request->answered = request->skip_after = 0;
	switch (request->kind) {
	case WR_REQUEST_CLAIMS:
		wr_arena_reset(&wr_redis_set_of(request)->found_arena);
		break;
	case WR_REQUEST_QUERY:
		wr_arena_reset(&wr_redis_query_of(request)->arena);
		break;
	case WR_REQUEST_MARK:
		break;
	}
}

void wr_redis_request_end(struct wr_claim_store_request *request, bool done)
{
	WR_ASSERT(request->kind != WR_REQUEST_MARK);
	switch (request->kind) {
	case WR_REQUEST_CLAIMS:
		wr_redis_set_of(request)->submitted = false;
		wr_redis_set_of(request)->done = done;
		break;
	case WR_REQUEST_QUERY:
		wr_redis_query_of(request)->submitted = false;
		wr_redis_query_of(request)->done = done;
		break;
	case WR_REQUEST_MARK:
		break;
	}
}
