#include "config.h"

#include "run/retry_queue.h"

#include "base/check.h"

#include <stdlib.h>

enum wr_code wr_retry_queue_init(struct wr_retry_queue *q, size_t capacity)
{
	*q = (struct wr_retry_queue){NULL, 0, 0};
	return wr_retry_queue_reserve(q, capacity);
}

enum wr_code wr_retry_queue_reserve(struct wr_retry_queue *q, size_t capacity)
{
	struct wr_item **heap;

	if (capacity <= q->capacity)
		return WR_OK;
	heap = realloc(q->heap, capacity * sizeof(struct wr_item *));
	if (heap == NULL)
		return WR_ENOMEM;
	q->heap = heap;
	q->capacity = capacity;
	return WR_OK;
}

void wr_retry_queue_fini(struct wr_retry_queue *q)
{
	free(q->heap);
	*q = (struct wr_retry_queue){NULL, 0, 0};
}

/* Equal times go by the order of arrival, so that order within a key needs no luck. */
static bool is_before(const struct wr_item *a, const struct wr_item *b)
{
	if (a->due_mono_ns != b->due_mono_ns)
		return a->due_mono_ns < b->due_mono_ns;
	return a->sequence < b->sequence;
}

static void sift_up(struct wr_retry_queue *q, size_t i)
{
	struct wr_item *item = q->heap[i];

	while (i > 0 && is_before(item, q->heap[(i - 1) / 2])) {
		q->heap[i] = q->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	q->heap[i] = item;
}

static void sift_down(struct wr_retry_queue *q, size_t i)
{
	struct wr_item *item = q->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < q->count) {
		if (child + 1 < q->count && is_before(q->heap[child + 1], q->heap[child]))
			child++;
		if (!is_before(q->heap[child], item))
			break;
		q->heap[i] = q->heap[child];
		i = child;
	}
	q->heap[i] = item;
}

void wr_retry_queue_push(struct wr_retry_queue *q, struct wr_item *item)
{
	WR_ASSERT(q->count < q->capacity);
	item->parked = true;
	q->heap[q->count++] = item;
	sift_up(q, q->count - 1);
}

int64_t wr_retry_queue_due_ns(const struct wr_retry_queue *q)
{
	return q->count > 0 ? q->heap[0]->due_mono_ns : INT64_MAX;
}

struct wr_item *wr_retry_queue_pop(struct wr_retry_queue *q, int64_t now_mono_ns)
{
	struct wr_item *item;

	if (q->count == 0 || q->heap[0]->due_mono_ns > now_mono_ns)
		return NULL;
	item = q->heap[0];
	q->heap[0] = q->heap[--q->count];
	if (q->count > 0)
		sift_down(q, 0);
	item->parked = false;
	return item;
}

void wr_retry_queue_reorder(struct wr_retry_queue *q)
{
	for (size_t i = q->count / 2; i-- > 0;)
		sift_down(q, i);
}

void wr_retry_queue_remove_batch(struct wr_retry_queue *q, const struct wr_batch *batch)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->count; i++) {
		if (q->heap[i]->batch == batch)
			q->heap[i]->parked = false;
		else
			q->heap[kept++] = q->heap[i];
	}
	q->count = kept;
	wr_retry_queue_reorder(q);
}
