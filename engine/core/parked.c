#include "config.h"

#include "core/parked.h"

#include "base/check.h"
#include "base/map.h"
#include "core/clause.h"

#include <stdlib.h>
#include <string.h>

#define PARKED_MAGIC 0x5752504bu
#define SLOTS_MIN ((size_t)16)
#define FEW 2 /* places that a queue has without asking for memory */

struct place {
	int64_t offset;
	uint64_t sequence;
};

/* What lies in one retry topic, in the order in which it was appended. Offsets only rise there, unless records were
 * written twice or by somebody else. */
struct queue {
	struct queue *next;
	int64_t delay_ms;
	bool rises;
	size_t first, count, capacity;
	struct place *places; /* `few`, or of their own */
	struct place few[FEW];
};

/* A key. Mostly one event of it lies in one topic. */
struct line {
	int64_t since_ms;
	struct queue *queues; /* none is empty */
	struct queue own;     /* one of them, unless its count is 0 */
};

/* Linear probing; a removal moves the entries behind it up. */
struct slot {
	uint64_t key;
	struct line *line; /* NULL: empty */
};

struct wr_parked {
	uint32_t magic;
	struct slot *slots;
	size_t slot_count; /* a power of two */
	size_t keys;
	size_t records;
};

uint64_t wr_parked_key(struct wr_bytes key)
{
	return wr_hash(key);
}

enum wr_code wr_parked_create(struct wr_parked **parked_r)
{
	struct wr_parked *parked = calloc(1, sizeof(*parked));

	*parked_r = NULL;
	if (parked == NULL)
		return WR_ENOMEM;
	parked->magic = PARKED_MAGIC;
	parked->slot_count = SLOTS_MIN;
	parked->slots = calloc(SLOTS_MIN, sizeof(*parked->slots));
	if (parked->slots == NULL) {
		free(parked);
		return WR_ENOMEM;
	}
	*parked_r = parked;
	return WR_OK;
}

/* Memory of its own, that is: what it has in its line goes with the line. */
static void free_queue(struct line *line, struct queue *q)
{
	if (q->places != q->few)
		free(q->places);
	q->count = 0;
	if (q != &line->own)
		free(q);
}

static void free_line(struct line *line)
{
	struct queue *q;

	while ((q = line->queues) != NULL) {
		line->queues = q->next;
		free_queue(line, q);
	}
	free(line);
}

void wr_parked_destroy(struct wr_parked *parked)
{
	if (parked == NULL)
		return;
	WR_CHECK(parked, PARKED_MAGIC);
	for (size_t i = 0; i < parked->slot_count; i++) {
		if (parked->slots[i].line != NULL)
			free_line(parked->slots[i].line);
	}
	free(parked->slots);
	parked->magic = 0;
	free(parked);
}

/* ---- a queue ---- */

static int64_t at(const struct queue *q, size_t i)
{
	return q->places[q->first + i].offset;
}

static bool has_room(struct queue *q)
{
	size_t capacity = q->capacity * 2;
	struct place *places;

	if (q->first + q->count < q->capacity)
		return true;
	if (q->first > q->count) {
		memcpy(q->places, q->places + q->first, q->count * sizeof(*q->places));
		q->first = 0;
		return true;
	}
	places = realloc(q->places != q->few ? q->places : NULL, capacity * sizeof(*places));
	if (places == NULL)
		return false;
	if (q->places == q->few)
		memcpy(places, q->few, sizeof(q->few));
	q->places = places;
	q->capacity = capacity;
	return true;
}

static bool rises_at(const struct queue *q, size_t i)
{
	return (i == 0 || at(q, i - 1) < at(q, i)) &&
	       (i + 1 == q->count || at(q, i) < at(q, i + 1));
}

/* Mostly it is the last. */
static bool insert(struct queue *q, const struct wr_parked_event *event)
{
	struct place *place;
	size_t i = q->count;

	if (!has_room(q))
		return false;
	place = q->places + q->first + q->count;
	for (; i > 0 && place[-1].sequence > event->sequence; i--, place--)
		*place = place[-1];
	*place = (struct place){event->offset, event->sequence};
	q->count++;
	q->rises = (q->count == 1 || q->rises) && rises_at(q, i);
	return true;
}

/* The place of the first of this offset, or count. Mostly it is the first of all. */
static size_t find(const struct queue *q, int64_t offset)
{
	size_t i = 0;

	while (i < q->count && at(q, i) != offset)
		i++;
	return i;
}

/* How many of a rising queue are older than this one. */
static size_t count_older(const struct queue *q, int64_t offset)
{
	size_t low = 0, high = q->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (at(q, middle) < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The nearest older one; -1: none. */
static int64_t nearest(const struct queue *q, int64_t offset)
{
	int64_t found = -1;
	size_t older;

	if (q->rises) {
		older = count_older(q, offset);
		return older > 0 ? at(q, older - 1) : -1;
	}
	for (size_t i = 0; i < q->count; i++) {
		if (at(q, i) < offset && at(q, i) > found)
			found = at(q, i);
	}
	return found;
}

/* ---- keys ---- */

/* The slot of the key, or the empty one where it belongs. There is always an empty one. */
static struct slot *slot_of(struct slot *slots, size_t slot_count, uint64_t key)
{
	size_t mask = slot_count - 1, i = (size_t)key & mask;

	while (slots[i].line != NULL && slots[i].key != key)
		i = (i + 1) & mask;
	return &slots[i];
}

static struct line *line_of(const struct wr_parked *parked, uint64_t key)
{
	return slot_of(parked->slots, parked->slot_count, key)->line;
}

static bool grow(struct wr_parked *parked)
{
	size_t slot_count = parked->slot_count * 2;
	struct slot *slots = calloc(slot_count, sizeof(*slots));

	if (slots == NULL)
		return false;
	for (size_t i = 0; i < parked->slot_count; i++) {
		const struct slot *old = &parked->slots[i];

		if (old->line != NULL)
			*slot_of(slots, slot_count, old->key) = *old;
	}
	free(parked->slots);
	parked->slots = slots;
	parked->slot_count = slot_count;
	return true;
}

static struct line *make_line(struct wr_parked *parked, uint64_t key, int64_t since_ms)
{
	struct line *line;

	if (parked->keys + 1 > parked->slot_count / 4 * 3 && !grow(parked))
		return NULL;
	line = calloc(1, sizeof(*line));
	if (line == NULL)
		return NULL;
	line->since_ms = since_ms;
	*slot_of(parked->slots, parked->slot_count, key) = (struct slot){key, line};
	parked->keys++;
	return line;
}

/* Fills the hole with the entries behind it that would no longer be found across it. */
static void close_hole(struct wr_parked *parked, size_t hole)
{
	size_t mask = parked->slot_count - 1, i = hole, home;

	for (;;) {
		i = (i + 1) & mask;
		if (parked->slots[i].line == NULL)
			break;
		home = (size_t)parked->slots[i].key & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		parked->slots[hole] = parked->slots[i];
		hole = i;
	}
	parked->slots[hole].line = NULL;
}

static void drop_line_if_empty(struct wr_parked *parked, uint64_t key, struct line *line)
{
	if (line->queues != NULL)
		return;
	close_hole(parked,
		   (size_t)(slot_of(parked->slots, parked->slot_count, key) - parked->slots));
	parked->keys--;
	free_line(line);
}

/* ---- a key ---- */

/* Where the queue of this topic hangs, or the end of the list. */
static struct queue **link_to(struct line *line, int64_t delay_ms)
{
	struct queue **link_p = &line->queues;

	while (*link_p != NULL && (*link_p)->delay_ms != delay_ms)
		link_p = &(*link_p)->next;
	return link_p;
}

static void unlink_if_empty(struct line *line, struct queue **link_p)
{
	struct queue *q = *link_p;

	if (q->count > 0)
		return;
	*link_p = q->next;
	free_queue(line, q);
}

static struct queue *make_queue(struct line *line, int64_t delay_ms)
{
	struct queue *q = &line->own;

	if (q->count > 0)
		q = malloc(sizeof(*q));
	if (q == NULL)
		return NULL;
	*q = (struct queue){.delay_ms = delay_ms, .capacity = FEW};
	q->places = q->few;
	return q;
}

static bool add_to_line(struct line *line, const struct wr_parked_event *event)
{
	struct queue **link_p = link_to(line, event->delay_ms), *q = *link_p;

	if (q != NULL)
		return insert(q, event);
	q = make_queue(line, event->delay_ms);
	if (q == NULL)
		return false;
	insert(q, event); /* it has room for a few */
	*link_p = q;
	return true;
}

/* ---- the table ---- */

enum wr_code wr_parked_add(struct wr_parked *parked, const struct wr_parked_event *event)
{
	struct line *line;
	enum wr_code rc = WR_OK;

	WR_CHECK(parked, PARKED_MAGIC);
	line = line_of(parked, event->key);
	if (line == NULL)
		line = make_line(parked, event->key, event->since_ms);
	if (line == NULL)
		return WR_ENOMEM;
	if (event->since_ms < line->since_ms)
		line->since_ms = event->since_ms;
	if (add_to_line(line, event))
		parked->records++;
	else
		rc = WR_ENOMEM;
	drop_line_if_empty(parked, event->key, line);
	return rc;
}

size_t wr_parked_take(struct wr_parked *parked, uint64_t key, int64_t offset, int64_t delay_ms)
{
	struct queue **link_p, *q;
	struct line *line;
	size_t before;

	WR_CHECK(parked, PARKED_MAGIC);
	line = line_of(parked, key);
	if (line == NULL || !WR_CLAUSE(WHAT_CAME_LIES_THERE_NO_MORE))
		return 0;
	link_p = link_to(line, delay_ms);
	q = *link_p;
	if (q == NULL)
		return 0;
	before = find(q, offset);
	if (before == q->count)
		return 0;
	q->first += before + 1;
	q->count -= before + 1;
	parked->records -= before + 1;
	unlink_if_empty(line, link_p);
	drop_line_if_empty(parked, key, line);
	return before;
}

void wr_parked_undo(struct wr_parked *parked, uint64_t key, int64_t offset, int64_t delay_ms)
{
	struct queue **link_p, *q;
	struct line *line;
	size_t i;

	WR_CHECK(parked, PARKED_MAGIC);
	line = line_of(parked, key);
	if (line == NULL)
		return;
	link_p = link_to(line, delay_ms);
	q = *link_p;
	if (q == NULL)
		return;
	for (i = q->count; i > 0 && at(q, i - 1) != offset; i--)
		;
	if (i == 0)
		return;
	memmove(q->places + q->first + i - 1, q->places + q->first + i,
		(q->count - i) * sizeof(*q->places));
	q->count--;
	parked->records--;
	unlink_if_empty(line, link_p);
	drop_line_if_empty(parked, key, line);
}

bool wr_parked_is_behind(const struct wr_parked *parked, uint64_t key, int64_t offset,
			 int64_t *delay_ms_r)
{
	const struct line *line;
	int64_t found = -1;

	WR_CHECK(parked, PARKED_MAGIC);
	*delay_ms_r = 0;
	line = line_of(parked, key);
	for (const struct queue *q = line != NULL ? line->queues : NULL; q != NULL; q = q->next) {
		int64_t older = nearest(q, offset);

		if (older <= found)
			continue;
		found = older;
		*delay_ms_r = q->delay_ms;
	}
	return found >= 0 && WR_CLAUSE(LATER_ONES_FOLLOW);
}

size_t wr_parked_keys(const struct wr_parked *parked)
{
	return parked->keys;
}

size_t wr_parked_records(const struct wr_parked *parked)
{
	return parked->records;
}

int64_t wr_parked_since_ms(const struct wr_parked *parked)
{
	int64_t since = INT64_MAX;

	for (size_t i = 0; i < parked->slot_count; i++) {
		const struct line *line = parked->slots[i].line;

		if (line != NULL && line->since_ms < since)
			since = line->since_ms;
	}
	return since;
}

bool wr_parked_counts(const struct wr_envelope *e, struct wr_bytes key, const char *source_topic,
		      int32_t partition)
{
	return key.data != NULL && source_topic != NULL && wr_envelope_has(e, WR_FIELD_ORDER) &&
	       !wr_envelope_has(e, WR_FIELD_REPLAY) && wr_envelope_has(e, WR_FIELD_ORIGIN_OFFSET) &&
	       wr_envelope_has(e, WR_FIELD_ORIGIN_PARTITION) && e->origin_partition == partition &&
	       wr_envelope_has(e, WR_FIELD_ORIGIN_TOPIC) &&
	       wr_bytes_equal(wr_bytes_from(e->origin_topic), wr_bytes_of(source_topic));
}
