/* What a lane shows of itself. */
#include "config.h"

#include "run/lane_private.h"

#include <stdio.h>
#include <stdlib.h>

static enum wr_board_state state_of(const struct wr_lane *lane, size_t partitions)
{
	bool has_work = lane->in_flight > 0 || (lane->open != NULL && lane->open->count > 0) ||
			lane->uncommitted || lane->commit_under_way;

	if (lane->handover == WR_HANDOVER_STOPPING)
		return WR_BOARD_STOPPING;
	if (wr_board_is_paused(lane->board))
		return has_work ? WR_BOARD_PAUSING : WR_BOARD_PAUSED;
	if (wr_metric_get(lane->metrics.rebalances) < 1)
		return WR_BOARD_STARTING;
	return partitions > 0 ? WR_BOARD_RUNNING : WR_BOARD_IDLE;
}

static bool has_room(struct wr_lane *lane, size_t count)
{
	struct wr_board_partition *shown;

	if (count <= lane->shown_capacity)
		return true;
	shown = realloc(lane->shown, count * sizeof(*shown));
	if (shown == NULL)
		return false;
	lane->shown = shown;
	lane->shown_capacity = count;
	return true;
}

static void show_partition(struct wr_lane *lane, struct wr_partition *partition,
			   struct wr_board_partition *shown)
{
	const struct wr_lane_partition *ours = partition->user;

	int64_t next = partition->position;

	*shown = (struct wr_board_partition){.id = partition->id,
					     .committed = partition->committed,
					     .position = partition->position,
					     .lag = -1};
	snprintf(shown->topic, sizeof(shown->topic), "%s", partition->topic);
	if (ours != NULL && ours->committed >= 0)
		shown->committed = ours->committed;
	if (ours != NULL && ours->next >= 0) {
		shown->position = ours->position;
		next = ours->next;
	}
	if (next >= 0)
		shown->lag = lane->source->ops->lag(lane->source, partition, next);
}

static uint64_t count_of(const struct wr_metric_cell *cell)
{
	return (uint64_t)wr_metric_get(cell);
}

static struct wr_board_counts count(const struct wr_lane *lane)
{
	return (struct wr_board_counts){
	    .taken = count_of(lane->metrics.taken),
	    .processed = count_of(lane->outcomes[WR_OUTCOME_PROCESSED]),
	    .dropped = count_of(lane->outcomes[WR_OUTCOME_DROPPED]),
	    .duplicate = count_of(lane->outcomes[WR_OUTCOME_DUPLICATE]),
	    .dead_lettered = count_of(lane->outcomes[WR_OUTCOME_DEAD]),
	    .retries = count_of(lane->metrics.retries),
	};
}

void wr_lane_publish(struct wr_lane *lane, double oldest_s)
{
	struct wr_partition *const *partitions;
	struct wr_board_snapshot snapshot;
	size_t n;

	if (lane->board == NULL)
		return;
	n = lane->source->ops->partitions(lane->source, &partitions);
	if (!has_room(lane, n))
		return;
	snapshot = (struct wr_board_snapshot){
	    .state = state_of(lane, n),
	    .generation = lane->program->pipeline->generation,
	    .in_flight = lane->in_flight,
	    .window = (uint32_t)lane->conf->batch.in_flight,
	    .parked = lane->parked.count,
	    .oldest_s = oldest_s,
	    .counts = count(lane),
	    .partitions = lane->shown,
	    .partition_count = n,
	};
	for (size_t i = 0; i < n; i++)
		show_partition(lane, partitions[i], &lane->shown[i]);
	wr_board_publish(lane->board, &snapshot);
}
