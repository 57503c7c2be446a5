/*
 * How much a lane may hold: the window, in batches and in bytes, and the gauges of its budget. Fetch queues and the
 * producer's queue are bounded by their adapters; what waits for a transaction's commit is only where partitions stand.
 */
#include "config.h"

#include "run/lane_private.h"

/* Under exactly_once nothing is acknowledged for tens of milliseconds between two transactions. Small batches may go on
 * gathering meanwhile, beyond `in_flight`: as many as a fast lane takes in that time. So they may while written ones wait
 * for company (lane_gather.c), and until all of these are acknowledged: else the lane would stand still for a round trip
 * each time. And in doubt whose fault it is that the window stands still, the lane takes more to learn it. */
#define EXTRA_EVENTS 16384
#define EXTRA_BATCHES 512

uint32_t wr_lane_window_slots(const struct wr_conf_pipeline *conf)
{
	uint32_t slots = (uint32_t)conf->batch.in_flight;
	uint32_t extra = EXTRA_EVENTS / (uint32_t)conf->batch.max_events;

	return slots + (extra < EXTRA_BATCHES ? extra : EXTRA_BATCHES);
}

/* While one transaction ends, and until the next one's first records are acknowledged: the broker takes none before the
 * last one's markers are written. */
static bool is_between_transactions(const struct wr_lane *lane)
{
	if (!lane->txn.used)
		return false;
	return lane->txn.state == WR_TXN_CLOSING || lane->txn.state == WR_TXN_COMMITTING ||
	       !lane->txn.moves;
}

/* All their events are finished. */
static uint32_t waiting_for_transaction(const struct wr_lane *lane)
{
	uint32_t waiting = 0;

	for (uint32_t i = 0; i < lane->in_flight; i++) {
		const struct wr_batch *batch = wr_lane_batch(lane, i);

		waiting += batch->state >= WR_BATCH_RUNNING && batch->unfinished == 0;
	}
	return waiting;
}

/* No more work than the window has at other times: who gives partitions up would have to wait for it. */
static bool has_room_for_batch(const struct wr_lane *lane)
{
	uint32_t most = (uint32_t)lane->conf->batch.in_flight;

	if (lane->in_flight < most)
		return true;
	if (wr_lane_doubts(lane))
		return lane->in_flight < wr_lane_window_slots(lane->conf);
	return (is_between_transactions(lane) || wr_lane_awaits_gathered(lane)) &&
	       lane->in_flight < wr_lane_window_slots(lane->conf) &&
	       lane->in_flight - waiting_for_transaction(lane) < most;
}

/* What an event takes beside its bytes: its place in the batch, and the record that librdkafka makes of it. */
#define PLACE_BYTES (sizeof(struct wr_item) + sizeof(struct wr_claim) + sizeof(struct wr_item *))
#define RECORD_BYTES 400

static size_t bytes_of(const struct wr_batch *batch)
{
	return batch->bytes + batch->arena.used_bytes + batch->count * (PLACE_BYTES + RECORD_BYTES);
}

static size_t window_bytes(const struct wr_lane *lane)
{
	size_t bytes = lane->open != NULL ? bytes_of(lane->open) : 0;

	for (uint32_t i = 0; i < lane->in_flight; i++)
		bytes += bytes_of(wr_lane_batch(lane, i));
	for (const struct wr_batch *b = lane->orphans; b != NULL; b = b->next)
		bytes += bytes_of(b);
	return bytes;
}

/* One batch always has room: else nothing would ever move. */
static bool has_room_for_bytes(const struct wr_lane *lane)
{
	return lane->budget.window == 0 || lane->in_flight == 0 ||
	       window_bytes(lane) < lane->budget.window;
}

bool wr_lane_has_window_room(const struct wr_lane *lane)
{
	return has_room_for_batch(lane) && has_room_for_bytes(lane);
}

bool wr_lane_is_window_full(const struct wr_lane *lane)
{
	bool some_come = lane->in_flight > 0 &&
			 wr_lane_batch(lane, lane->in_flight - 1)->state == WR_BATCH_CLAIMING;

	return lane->in_flight >= wr_lane_window_slots(lane->conf) || !has_room_for_bytes(lane) ||
	       (!some_come && !has_room_for_batch(lane));
}

size_t wr_lane_batch_bytes(const struct wr_lane *lane)
{
	size_t most = lane->conf->batch.max_bytes, half = lane->budget.window / 2;

	return half > 0 && half < most ? half : most;
}

/* Batches that wait for their next use keep their places. */
static size_t idle_bytes(const struct wr_lane *lane)
{
	size_t batches = 0;

	for (const struct wr_batch *b = lane->free_batches; b != NULL; b = b->next)
		batches++;
	return batches * (uint32_t)lane->conf->batch.max_events * PLACE_BYTES;
}

void wr_lane_measure_memory(struct wr_lane *lane)
{
	size_t records = 0, bytes = 0;

	if (lane->sink != NULL)
		lane->sink->ops->depth(lane->sink, &records, &bytes);
	wr_metric_set(lane->memory_used[WR_MEMORY_FETCH],
		      (double)lane->source->ops->queued_bytes(lane->source));
	wr_metric_set(lane->memory_used[WR_MEMORY_WINDOW],
		      (double)(window_bytes(lane) + idle_bytes(lane)));
	wr_metric_set(lane->memory_used[WR_MEMORY_PRODUCER], (double)bytes);
	wr_metric_set(lane->memory_budget[WR_MEMORY_FETCH], (double)lane->budget.fetch);
	wr_metric_set(lane->memory_budget[WR_MEMORY_WINDOW], (double)lane->budget.window);
	wr_metric_set(lane->memory_budget[WR_MEMORY_PRODUCER], (double)lane->budget.producer);
}
