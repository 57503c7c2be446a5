/*
 * Outputs that Kafka refused for good within a transaction. The transaction was aborted for it; when the event comes
 * again, that record is left out and the event dead-lettered. Remembered by coordinates, while the partition is held:
 * whoever holds it next finds out for himself.
 */
#include "config.h"

#include "base/log.h"
#include "run/lane_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_BYTES 128
#define STAGE_BYTES 128

struct wr_refusal {
	struct wr_refusal *next; /* of the same event */
	int64_t offset;
	bool own; /* the event's own output, not an emitted record */
	unsigned number;
	char stage[STAGE_BYTES]; /* of the emitted record */
	char reason[REASON_BYTES];
};

/* The first of these events that is not before the offset; there may be as many as a window holds. */
static size_t find(const struct wr_refusals *refusals, int64_t offset)
{
	size_t low = 0, high = refusals->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (refusals->events[middle]->offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct wr_refusals *refusals, size_t at, int64_t offset)
{
	return at < refusals->count && refusals->events[at]->offset == offset;
}

static bool has_room(struct wr_refusals *refusals)
{
	size_t capacity = refusals->capacity > 0 ? refusals->capacity * 2 : 4;
	struct wr_refusal **events;

	if (refusals->count < refusals->capacity)
		return true;
	events = realloc(refusals->events, capacity * sizeof(struct wr_refusal *));
	if (events == NULL)
		return false;
	refusals->events = events;
	refusals->capacity = capacity;
	return true;
}

/* False without memory. */
static bool add(struct wr_refusals *refusals, struct wr_refusal *refusal)
{
	size_t at = find(refusals, refusal->offset);

	if (is_of(refusals, at, refusal->offset)) {
		refusal->next = refusals->events[at];
		refusals->events[at] = refusal;
		return true;
	}
	if (!has_room(refusals))
		return false;
	memmove(&refusals->events[at + 1], &refusals->events[at],
		(refusals->count - at) * sizeof(struct wr_refusal *));
	refusals->events[at] = refusal;
	refusals->count++;
	return true;
}

void wr_lane_remember_refusal(struct wr_lane *lane, const struct wr_write *write,
			      const char *reason)
{
	struct wr_lane_partition *partition = write->item->record.partition->user;
	struct wr_refusal *refusal = calloc(1, sizeof(*refusal));
	const struct wr_event *ev = &write->item->event;

	WR_LOG(WR_LOG_WARN,
	       "an output record was refused; its transaction is aborted, its event dead-lettered",
	       WR_STR("pipeline", lane->conf->name), WR_STR("source_topic", ev->pub.topic),
	       WR_INT("partition", ev->pub.partition), WR_INT("offset", ev->pub.offset),
	       WR_STR("reason", reason));
	if (refusal == NULL)
		return; /* it will be refused again */
	refusal->offset = write->item->record.offset;
	refusal->own = write->emit == NULL;
	if (write->emit != NULL) {
		refusal->number = write->emit->number;
		snprintf(refusal->stage, sizeof(refusal->stage), "%s", write->emit->stage);
	}
	snprintf(refusal->reason, sizeof(refusal->reason), "%s", reason);
	if (!add(&partition->refusals, refusal))
		free(refusal);
}

const struct wr_refusal *wr_lane_refusal_of(const struct wr_lane_partition *partition,
					    int64_t offset)
{
	size_t at = find(&partition->refusals, offset);

	return is_of(&partition->refusals, at, offset) ? partition->refusals.events[at] : NULL;
}

const char *wr_refusal_reason(const struct wr_refusal *refusal)
{
	return refusal->reason;
}

/* An event may have more than one. */
bool wr_refusal_names(const struct wr_refusal *refusal, const struct wr_emit *emit)
{
	for (; refusal != NULL; refusal = refusal->next) {
		if (!refusal->own && refusal->number == emit->number &&
		    strncmp(refusal->stage, emit->stage, STAGE_BYTES - 1) == 0)
			return true;
	}
	return false;
}

static void free_event(struct wr_refusal *refusal)
{
	struct wr_refusal *next;

	for (; refusal != NULL; refusal = next) {
		next = refusal->next;
		free(refusal);
	}
}

void wr_lane_forget_refusals(struct wr_lane_partition *partition, int64_t before)
{
	struct wr_refusals *refusals = &partition->refusals;
	size_t gone = find(refusals, before);

	for (size_t i = 0; i < gone; i++)
		free_event(refusals->events[i]);
	refusals->count -= gone;
	if (refusals->count > 0) {
		memmove(refusals->events, &refusals->events[gone],
			refusals->count * sizeof(struct wr_refusal *));
		return;
	}
	free(refusals->events);
	*refusals = (struct wr_refusals){.events = NULL};
}
