/* Done marks: what is completed, told to the claim store. */
#include "config.h"

#include "base/failpoint.h"
#include "base/map.h"
#include "run/lane_private.h"

#define MARK_INTERVAL_NS (10 * WR_NS_PER_MS)

/* Of key and value, not of the event id: finding an id may mean parsing, and nothing is as sure as the whole. */
struct wr_fingerprint wr_lane_fingerprint(const struct wr_source_record *record)
{
	return (struct wr_fingerprint){
	    .timestamp_ms = record->timestamp_ms,
	    .hash = wr_hash_fixed(record->value, wr_hash_fixed(record->key, 0)),
	};
}

struct wr_mark wr_lane_mark_of(const struct wr_lane_partition *partition)
{
	struct wr_mark mark = partition->mark;

	if (partition->last_offset >= 0)
		wr_mark_advance(&mark, partition->last_offset, &partition->last);
	return mark;
}

void wr_lane_mark_retired(struct wr_lane *lane, struct wr_lane_partition *partition)
{
	if (partition->last_offset < partition->mark.next)
		return;
	wr_mark_advance(&partition->mark, partition->last_offset, &partition->last);
	if (partition->next < partition->mark.next)
		partition->next = partition->mark.next;
	partition->mark_due = lane->marks_due = true;
}

bool wr_lane_put_mark(struct wr_lane *lane, const struct wr_lane_partition *partition, bool anyway)
{
	char text[WR_MARK_TEXT_BYTES];
	const struct wr_mark_write write = {
	    .field = wr_bytes_of(partition->field),
	    .text = wr_bytes(text, wr_mark_encode(&partition->mark, text)),
	    .incarnation = partition->mark.incarnation,
	    .next = partition->mark.next,
	    .anyway = anyway,
	};

	return lane->store->ops->put_mark(lane->store, &write) == WR_OK;
}

void wr_lane_put_marks(struct wr_lane *lane, bool at_once)
{
	struct wr_partition *const *partitions;
	int64_t now = wr_lane_now(lane);
	size_t count;

	if (!lane->marks_due || lane->store == NULL || lane->placing.blind ||
	    (now < lane->next_marks_ns && !at_once))
		return;
	WR_FAILPOINT(before_mark);
	lane->next_marks_ns = now + MARK_INTERVAL_NS;
	lane->marks_due = false;
	count = lane->source->ops->partitions(lane->source, &partitions);
	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;

		if (ours == NULL || !ours->mark_due)
			continue;
		ours->mark_due = !wr_lane_put_mark(lane, ours, false);
		lane->marks_due = lane->marks_due || ours->mark_due;
	}
}

bool wr_lane_is_flushed(const struct wr_lane *lane)
{
	if (lane->store == NULL ||
	    lane->store->ops->state(lane->store, NULL) == WR_CLAIM_STORE_DOWN)
		return true;
	return lane->deaths.submitted == NULL && lane->store->ops->marks_waiting(lane->store) == 0;
}
