#include "config.h"

#include "kafka/assignment.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

static void free_partition(struct wr_kafka_partition *p)
{
	if (p == NULL)
		return;
	if (p->queue != NULL) {
		rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(p->queue);
	}
	free((char *)(uintptr_t)p->pub.topic);
	free(p->headers);
	free(p);
}

static struct wr_kafka_partition *
make_partition(rd_kafka_t *rk, const rd_kafka_topic_partition_t *from, uint32_t epoch, int wake_fd)
{
	static const uint64_t one = 1;
	struct wr_kafka_partition *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->pub.topic = strdup(from->topic);
	p->pub.id = from->partition;
	p->pub.epoch = epoch;
	p->pub.position = -1;
	p->record_bytes = 1024;
	p->queue = rd_kafka_queue_get_partition(rk, from->topic, from->partition);
	if (p->pub.topic == NULL || p->queue == NULL) {
		free_partition(p);
		return NULL;
	}
	rd_kafka_queue_forward(p->queue, NULL);
	rd_kafka_queue_io_event_enable(p->queue, wake_fd, &one, sizeof(one));
	return p;
}

enum wr_code wr_assignment_set(struct wr_assignment *a, rd_kafka_t *rk,
			       const rd_kafka_topic_partition_list_t *list, int wake_fd)
{
	size_t count = (size_t)list->cnt;

	WR_ASSERT(a->count == 0);
	wr_assignment_fini(a);
	a->items = calloc(count + 1, sizeof(struct wr_kafka_partition *));
	a->pubs = calloc(count + 1, sizeof(struct wr_partition *));
	if (a->items == NULL || a->pubs == NULL)
		return WR_ENOMEM;
	a->epoch++;
	for (size_t i = 0; i < count; i++) {
		a->items[i] = make_partition(rk, &list->elems[i], a->epoch, wake_fd);
		if (a->items[i] == NULL) {
			wr_assignment_clear(a);
			return WR_ENOMEM;
		}
		a->pubs[i] = &a->items[i]->pub;
		a->count = i + 1;
	}
	return WR_OK;
}

void wr_assignment_clear(struct wr_assignment *a)
{
	for (size_t i = 0; i < a->count; i++)
		free_partition(a->items[i]);
	a->count = 0;
	a->turn = 0;
}

void wr_assignment_fini(struct wr_assignment *a)
{
	wr_assignment_clear(a);
	free(a->items);
	free(a->pubs);
	a->items = NULL;
	a->pubs = NULL;
}

struct wr_kafka_partition *wr_assignment_next(struct wr_assignment *a)
{
	WR_ASSERT(a->count > 0);
	if (a->turn >= a->count)
		a->turn = 0;
	return a->items[a->turn++];
}

size_t wr_assignment_chunk(const struct wr_kafka_partition *p, size_t max_bytes)
{
	return max_bytes / p->record_bytes + 1;
}

void wr_assignment_learn(struct wr_kafka_partition *p, size_t records, size_t bytes)
{
	size_t average;

	if (records == 0)
		return;
	average = bytes / records + 1;
	/* Up at once, down slowly: overshooting costs memory. */
	p->record_bytes =
	    average > p->record_bytes ? average : (p->record_bytes * 7 + average) / 8 + 1;
}

static bool grow_headers(struct wr_kafka_partition *p)
{
	size_t capacity = p->header_capacity > 0 ? p->header_capacity * 2 : 16;
	struct weir_header *headers = realloc(p->headers, capacity * sizeof(*headers));

	if (headers == NULL)
		return false;
	p->headers = headers;
	p->header_capacity = capacity;
	return true;
}

size_t wr_assignment_headers(rd_kafka_message_t *message, struct wr_partition *partition,
			     const struct weir_header **headers_r)
{
	struct wr_kafka_partition *p = WR_CONTAINER_OF(partition, struct wr_kafka_partition, pub);
	rd_kafka_headers_t *headers;
	size_t count = 0;

	*headers_r = NULL;
	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	for (;;) {
		struct weir_header *h;

		if (count == p->header_capacity && !grow_headers(p))
			break;
		h = &p->headers[count];
		if (rd_kafka_header_get_all(headers, count, &h->name, &h->value.data,
					    &h->value.size) != RD_KAFKA_RESP_ERR_NO_ERROR)
			break;
		count++;
	}
	*headers_r = p->headers;
	return count;
}
