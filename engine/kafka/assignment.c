#include "config.h"

#include "kafka/assignment.h"

#include "base/check.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEEK_MS 100
#define RECORD_BYTES 350 /* of librdkafka, for each message beside its own bytes */

static void close_queue(struct wr_kafka_partition *p)
{
	if (p->queue == NULL)
		return;
	rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(p->queue);
	p->queue = NULL;
}

static void forget_kept(struct wr_kafka_partition *p)
{
	for (size_t i = 0; i < p->kept_count; i++)
		rd_kafka_message_destroy(p->kept[p->kept_first + i]);
	free(p->kept);
	p->kept = NULL;
	p->kept_first = p->kept_count = 0;
	p->held_until_ns = 0;
}

/* Records are left out by librdkafka once a partition is read anew; errors are not. */
static void drain_queue(rd_kafka_queue_t *queue)
{
	rd_kafka_message_t *messages[64];
	ssize_t got;

	do {
		got = rd_kafka_consume_batch_queue(queue, 0, messages, WR_COUNT_OF(messages));
		for (ssize_t i = 0; i < got; i++)
			rd_kafka_message_destroy(messages[i]);
	} while (got > 0);
}

/* Anew after each stop: a topic that was deleted and made again has other queues. */
static bool open_queue(struct wr_kafka_partition *p, rd_kafka_t *rk, int wake_fd)
{
	static const uint64_t one = 1;

	if (p->queue != NULL)
		return true;
	p->queue = rd_kafka_queue_get_partition(rk, p->pub.topic, p->pub.id);
	if (p->queue == NULL)
		return false;
	rd_kafka_queue_forward(p->queue, NULL);
	drain_queue(p->queue);
	rd_kafka_queue_io_event_enable(p->queue, wake_fd, &one, sizeof(one));
	return true;
}

static void free_partition(struct wr_kafka_partition *p)
{
	if (p == NULL)
		return;
	close_queue(p);
	forget_kept(p);
	free((char *)(uintptr_t)p->pub.topic);
	free(p->metadata);
	free(p->headers);
	free(p);
}

static struct wr_kafka_partition *make_partition(const rd_kafka_topic_partition_t *from,
						 uint32_t epoch)
{
	struct wr_kafka_partition *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->pub.topic = strdup(from->topic);
	p->pub.id = from->partition;
	p->pub.epoch = epoch;
	p->pub.committed = p->pub.low = p->pub.high = p->pub.position = -1;
	p->record_bytes = 1024;
	if (p->pub.topic == NULL) {
		free_partition(p);
		return NULL;
	}
	return p;
}

enum wr_code wr_assignment_set(struct wr_assignment *a, const rd_kafka_topic_partition_list_t *list)
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
		a->items[i] = make_partition(&list->elems[i], a->epoch);
		if (a->items[i] == NULL) {
			wr_assignment_clear(a);
			return WR_ENOMEM;
		}
		a->pubs[i] = &a->items[i]->pub;
		a->count = i + 1;
	}
	return WR_OK;
}

rd_kafka_topic_partition_list_t *wr_assignment_list(const struct wr_assignment *a)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)a->count);

	for (size_t i = 0; i < a->count; i++)
		rd_kafka_topic_partition_list_add(list, a->pubs[i]->topic, a->pubs[i]->id);
	return list;
}

static int64_t offset_of(const rd_kafka_topic_partition_list_t *list, const struct wr_partition *p)
{
	const rd_kafka_topic_partition_t *found =
	    rd_kafka_topic_partition_list_find(list, p->topic, p->id);

	return found != NULL && found->offset >= 0 ? found->offset : -1;
}

static bool take_metadata(struct wr_kafka_partition *p,
			  const rd_kafka_topic_partition_list_t *committed)
{
	const rd_kafka_topic_partition_t *found =
	    rd_kafka_topic_partition_list_find(committed, p->pub.topic, p->pub.id);

	free(p->metadata);
	p->metadata = NULL;
	p->pub.metadata = wr_bytes(NULL, 0);
	if (found == NULL || found->metadata_size == 0)
		return true;
	p->metadata = malloc(found->metadata_size);
	if (p->metadata == NULL)
		return false;
	memcpy(p->metadata, found->metadata, found->metadata_size);
	p->pub.metadata = wr_bytes(p->metadata, found->metadata_size);
	return true;
}

enum wr_code wr_assignment_inform(struct wr_assignment *a, struct wr_enquiry_answer *answer)
{
	wr_topic_list_fini(&a->topics);
	a->topics = answer->topics;
	answer->topics = (struct wr_topic_list){NULL, 0};
	for (size_t i = 0; i < a->count; i++) {
		struct wr_partition *p = a->pubs[i];

		p->committed = offset_of(answer->committed, p);
		p->low = offset_of(answer->low, p);
		p->high = offset_of(answer->high, p);
		if (!take_metadata(a->items[i], answer->committed))
			return WR_ENOMEM;
	}
	return WR_OK;
}

void wr_assignment_place(struct wr_assignment *a, struct wr_kafka_partition *p, int64_t offset)
{
	forget_kept(p);
	p->pub.position = p->next = offset;
	p->at_end = false;
	p->moved = a->moved = true;
}

size_t wr_assignment_queued_bytes(const struct wr_assignment *a)
{
	size_t bytes = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct wr_kafka_partition *p = a->items[i];

		if (p->queue != NULL)
			bytes += rd_kafka_queue_length(p->queue) * (p->record_bytes + RECORD_BYTES);
	}
	return bytes;
}

bool wr_assignment_is_at_end(const struct wr_partition *partition)
{
	const struct wr_kafka_partition *p =
	    WR_CONTAINER_OF((uintptr_t)partition, const struct wr_kafka_partition, pub);

	return wr_assignment_is_read(p) && p->at_end;
}

bool wr_assignment_is_undecided(const struct wr_partition *partition, rd_kafka_t *rk)
{
	const struct wr_kafka_partition *p =
	    WR_CONTAINER_OF((uintptr_t)partition, const struct wr_kafka_partition, pub);
	int64_t low, high;

	return rd_kafka_get_watermark_offsets(rk, partition->topic, partition->id, &low, &high) ==
		   RD_KAFKA_RESP_ERR_NO_ERROR &&
	       high > p->end;
}

/*
 * Each change of an assignment stops all that is read. Up to librdkafka 2.15 a second change that comes before the
 * broker's thread has answered to the first stops a partition twice, and aborts the process (its issue 5573). There is
 * nothing that tells when it has answered, so the next change is left some time.
 */
#define STOPPING_NS (250 * WR_NS_PER_MS)

static bool is_any_live(const struct wr_assignment *a)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->items[i]->live)
			return true;
	}
	return false;
}

static int64_t stopped_in_ns(const struct wr_assignment *a)
{
	int64_t left_ns = a->stopping_ns + STOPPING_NS - wr_clock_mono_ns(&wr_clock_real);

	return a->stopping_ns != 0 && left_ns > 0 && is_any_live(a) ? left_ns : 0;
}

static void note_stopping(struct wr_assignment *a)
{
	if (is_any_live(a))
		a->stopping_ns = wr_clock_mono_ns(&wr_clock_real);
}

void wr_assignment_rest(const struct wr_assignment *a)
{
	int64_t left_ns = stopped_in_ns(a);
	struct timespec nap = {0, left_ns};

	if (left_ns > 0)
		nanosleep(&nap, NULL);
}

/* All that are placed: librdkafka forgets whatever is left out of an assignment. What is kept needs not be read again. */
static enum wr_code assign_placed(struct wr_assignment *a, rd_kafka_t *rk, int wake_fd,
				  struct wr_err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)a->count);
	rd_kafka_resp_err_t error;

	for (size_t i = 0; i < a->count; i++) {
		struct wr_kafka_partition *p = a->items[i];

		if (p->pub.position >= 0 && open_queue(p, rk, wake_fd))
			rd_kafka_topic_partition_list_add(list, p->pub.topic, p->pub.id)->offset =
			    p->next;
	}
	note_stopping(a);
	error = rd_kafka_assign(rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return wr_err_set(err, WR_EUNAVAILABLE, "assign: %s", rd_kafka_err2str(error));
	for (size_t i = 0; i < a->count; i++) {
		struct wr_kafka_partition *p = a->items[i];

		p->live = p->queue != NULL && p->pub.position >= 0;
		p->moved = p->moved && !p->live;
	}
	return WR_OK;
}

/* Each is told apart whether it was done: one whose fetcher has not begun yet refuses. Asks no broker. */
static enum wr_code seek_moved(struct wr_assignment *a, rd_kafka_t *rk, struct wr_err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)a->count);
	rd_kafka_error_t *error;
	rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;
	int next = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct wr_kafka_partition *p = a->items[i];

		if (p->moved)
			rd_kafka_topic_partition_list_add(list, p->pub.topic, p->pub.id)->offset =
			    p->pub.position;
	}
	error = rd_kafka_seek_partitions(rk, list, SEEK_MS);
	if (error != NULL)
		failed = rd_kafka_error_code(error);
	for (size_t i = 0; i < a->count && error == NULL; i++) {
		struct wr_kafka_partition *p = a->items[i];

		if (!p->moved)
			continue;
		p->moved = list->elems[next].err != RD_KAFKA_RESP_ERR_NO_ERROR;
		if (p->moved)
			failed = list->elems[next].err;
		next++;
	}
	if (error != NULL)
		rd_kafka_error_destroy(error);
	rd_kafka_topic_partition_list_destroy(list);
	if (failed == RD_KAFKA_RESP_ERR_NO_ERROR)
		return WR_OK;
	return wr_err_set(err, WR_EUNAVAILABLE, "seek: %s", rd_kafka_err2str(failed));
}

enum wr_code wr_assignment_apply(struct wr_assignment *a, rd_kafka_t *rk, int wake_fd,
				 struct wr_err *err)
{
	bool all_live = true;
	enum wr_code rc;

	if (!a->moved)
		return WR_OK;
	for (size_t i = 0; i < a->count; i++)
		all_live = all_live && (!a->items[i]->moved || a->items[i]->live);
	if (!all_live && stopped_in_ns(a) > 0)
		return WR_OK; /* noted as they are, till then */
	rc = all_live ? seek_moved(a, rk, err) : assign_placed(a, rk, wake_fd, err);
	a->moved = false;
	for (size_t i = 0; i < a->count; i++)
		a->moved = a->moved || a->items[i]->moved;
	return rc;
}

void wr_assignment_stop(struct wr_assignment *a, rd_kafka_t *rk)
{
	rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);

	wr_assignment_rest(a);
	note_stopping(a);
	/* An empty list, not NULL: that would give the partitions back to the group. */
	rd_kafka_assign(rk, none);
	rd_kafka_topic_partition_list_destroy(none);
	for (size_t i = 0; i < a->count; i++) {
		struct wr_kafka_partition *p = a->items[i];

		close_queue(p);
		forget_kept(p);
		p->live = p->moved = false;
		p->pub.position = -1;
	}
	a->moved = false;
}

void wr_assignment_clear(struct wr_assignment *a)
{
	for (size_t i = 0; i < a->count; i++)
		free_partition(a->items[i]);
	a->count = 0;
	a->turn = 0;
	a->moved = false;
}

void wr_assignment_give_up(struct wr_assignment *a, rd_kafka_t *rk)
{
	wr_assignment_rest(a);
	note_stopping(a);
	wr_assignment_clear(a);
	rd_kafka_assign(rk, NULL);
}

void wr_assignment_fini(struct wr_assignment *a)
{
	wr_assignment_clear(a);
	wr_topic_list_fini(&a->topics);
	free(a->items);
	free(a->pubs);
	a->items = NULL;
	a->pubs = NULL;
}

/* Whether these are the last that were taken of what was kept: they lie there still. */
static bool lie_before_kept(const struct wr_kafka_partition *p, rd_kafka_message_t **messages,
			    size_t count)
{
	return p->kept != NULL && p->kept_first >= count &&
	       memcmp(p->kept + p->kept_first - count, messages, count * sizeof(*messages)) == 0;
}

static enum wr_code keep_before_kept(struct wr_kafka_partition *p, rd_kafka_message_t **messages,
				     size_t count)
{
	size_t total = count + p->kept_count;
	rd_kafka_message_t **kept = malloc((total + 1) * sizeof(rd_kafka_message_t *));

	if (kept == NULL)
		return WR_ENOMEM;
	memcpy(kept, messages, count * sizeof(rd_kafka_message_t *));
	if (p->kept_count > 0)
		memcpy(kept + count, p->kept + p->kept_first,
		       p->kept_count * sizeof(rd_kafka_message_t *));
	free(p->kept);
	p->kept = kept;
	p->kept_first = 0;
	p->kept_count = total;
	return WR_OK;
}

enum wr_code wr_assignment_put_back(struct wr_kafka_partition *p, rd_kafka_message_t **messages,
				    size_t count, int64_t until_mono_ns)
{
	enum wr_code rc = WR_OK;

	if (lie_before_kept(p, messages, count)) {
		p->kept_first -= count;
		p->kept_count += count;
	} else {
		rc = keep_before_kept(p, messages, count);
	}
	if (rc != WR_OK)
		return rc;
	p->held_until_ns = until_mono_ns;
	if (count > 0)
		p->pub.position = messages[0]->offset;
	return WR_OK;
}

size_t wr_assignment_consume(struct wr_kafka_partition *p, rd_kafka_message_t **messages,
			     size_t max)
{
	size_t count = p->kept_count < max ? p->kept_count : max;
	ssize_t got;

	if (count == 0) {
		got = rd_kafka_consume_batch_queue(p->queue, 0, messages, max);
		for (ssize_t i = 0; i < got; i++) {
			if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR)
				p->next = messages[i]->offset + 1;
		}
		return got > 0 ? (size_t)got : 0;
	}
	memcpy(messages, p->kept + p->kept_first, count * sizeof(rd_kafka_message_t *));
	p->kept_first += count;
	p->kept_count -= count;
	return count;
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
