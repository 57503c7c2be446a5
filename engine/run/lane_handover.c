/* Giving partitions up, and reading a window again. */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "run/lane_private.h"

#define HANDOVER_NS (10 * WR_NS_PER_S)
#define LAST_FLUSH_NS WR_NS_PER_S
#define HANDOVER_RETRY_NS \
	(2 * WR_NS_PER_S) /* of it, for inline retries: the whole group waits meanwhile */

void wr_lane_begin_handover(struct wr_lane *lane, enum wr_handover handover,
			    int64_t deadline_mono_ns)
{
	int64_t deadline = wr_lane_now(lane) + HANDOVER_NS;

	if (lane->handover == WR_HANDOVER_NONE)
		wr_lane_discard_open(lane);
	lane->handover = handover;
	lane->handover_deadline_ns = deadline_mono_ns > 0 ? deadline_mono_ns : deadline;
}

/* Retries that are due later are left to whoever reads their records next. */
static int64_t last_retry_ns(const struct wr_lane *lane)
{
	if (lane->handover == WR_HANDOVER_STOPPING)
		return lane->handover_deadline_ns;
	return lane->handover_deadline_ns - HANDOVER_NS + HANDOVER_RETRY_NS;
}

/* Whether the oldest batch can still come to its end before the deadline. Those behind it only if it can. */
static bool can_finish(struct wr_lane *lane)
{
	const struct wr_batch *batch = wr_lane_batch(lane, 0);
	bool store_down = lane->store != NULL &&
			  lane->store->ops->state(lane->store, NULL) == WR_CLAIM_STORE_DOWN;

	if (lane->lost || lane->rewind || wr_lane_now(lane) >= lane->handover_deadline_ns)
		return false;
	if (batch->state == WR_BATCH_CLAIMING)
		return !store_down;
	if (batch->state != WR_BATCH_RUNNING || batch->unfinished == 0)
		return true;
	/* One that holds and goes has given away what its plugins knew. */
	if (wr_lane_holds(lane) && lane->handover == WR_HANDOVER_STOPPING)
		return false;
	return wr_retry_queue_due_ns(&lane->parked) < last_retry_ns(lane);
}

/* Drops what could not be finished and commits the rest. */
static void end_window(struct wr_lane *lane)
{
	if (lane->in_flight > 0) {
		lane->clean = false;
		WR_LOG(WR_LOG_INFO,
		       "batches in flight are left to the next owner of their partitions",
		       WR_STR("pipeline", lane->conf->name), WR_INT("lane", lane->o.number),
		       WR_INT("batches", lane->in_flight));
	}
	wr_lane_drop_window(lane);
	wr_lane_nothing_blocked(lane);
	if (lane->handover == WR_HANDOVER_STOPPING)
		WR_FAILPOINT(in_shutdown);
	else
		WR_FAILPOINT(in_rebalance);
	if (!lane->lost && !lane->txn.used)
		wr_lane_commit_and_wait(lane);
	wr_deaths_forget(&lane->deaths);
	if (!lane->lost)
		wr_lane_put_marks(lane, true);
	lane->commit_under_way = lane->uncommitted = lane->refreshing = false;
}

static void release(struct wr_lane *lane)
{
	wr_lane_forget_partitions(lane);
	wr_metric_set(lane->metrics.partitions, 0);
	lane->source->ops->release(lane->source);
	lane->lost = false;
}

static void limit_flush(struct wr_lane *lane)
{
	int64_t longest = wr_lane_now(lane) + LAST_FLUSH_NS;

	if (lane->handover_deadline_ns > longest)
		lane->handover_deadline_ns = longest;
}

/* The last marks get a moment, but no more than the stop may take. */
static bool leave(struct wr_lane *lane)
{
	if (!wr_lane_is_flushed(lane) && wr_lane_now(lane) < lane->handover_deadline_ns)
		return false;
	lane->left = true;
	return true;
}

/* True when something happened. */
bool wr_lane_handover(struct wr_lane *lane)
{
	if (lane->released)
		return !lane->left && leave(lane);
	if (lane->handover == WR_HANDOVER_NONE || (lane->in_flight > 0 && can_finish(lane)) ||
	    !wr_lane_txn_settle(lane))
		return false;
	end_window(lane);
	switch (lane->handover) {
	case WR_HANDOVER_PLACING:
		wr_lane_refresh(lane);
		lane->handover = WR_HANDOVER_NONE;
		break;
	case WR_HANDOVER_REVOKING:
		release(lane);
		lane->handover = WR_HANDOVER_NONE;
		break;
	case WR_HANDOVER_STOPPING:
		release(lane);
		lane->released = true;
		limit_flush(lane);
		break;
	case WR_HANDOVER_NONE:
		break;
	}
	return true;
}

/* Reads the window again from what has retired. False: to be tried again. */
static bool go_back(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;
		struct wr_err err;

		if (ours == NULL || ours->placed != WR_PLACED_READ || ours->next == ours->position)
			continue; /* also what wr_lane_look_again() has placed anew */
		if (lane->source->ops->place(lane->source, partitions[i], ours->next, &err) !=
		    WR_OK) {
			WR_LOG(WR_LOG_WARN, "reading the window again",
			       WR_STR("pipeline", lane->conf->name), WR_STR("reason", err.text));
			return false;
		}
		ours->position = ours->next;
	}
	return true;
}

static bool has_working_sink(struct wr_lane *lane)
{
	if (lane->sink != NULL && lane->sink->ops->state(lane->sink) != WR_SINK_BROKEN)
		return true;
	return wr_lane_rebuild_sink(lane);
}

/* A write whose outcome is unknown can't be waited for: the window is dropped and read again from the last offset
 * that retired, through a new sink. What was written twice carries the same weir-event-id. */
bool wr_lane_rewind(struct wr_lane *lane)
{
	if (lane->txn.used)
		return wr_lane_txn_rewind(lane);
	if (!lane->rewind || wr_lane_now(lane) < lane->rebuild_mono_ns)
		return false;
	lane->rebuild_mono_ns = wr_lane_now(lane) + WR_NS_PER_S;
	wr_lane_drop_window(lane);
	wr_lane_nothing_blocked(lane);
	wr_lane_look_again(lane);
	if (!has_working_sink(lane) || !go_back(lane))
		return false;
	wr_lane_reap_orphans(lane);
	lane->rewind = false;
	wr_metric_add(lane->rewinds[WR_REWIND_PRODUCER], 1);
	return true;
}
