/* What a lane shows of itself. */
#include "config.h"

#include "run/lane_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static double seconds_between(int64_t from_ns, int64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / (double)WR_NS_PER_S : 0;
}

static void show_circuits(const struct wr_lane *lane, const struct wr_program *program,
			  struct wr_board_snapshot *snapshot)
{
	int64_t now = wr_lane_now(lane);

	for (uint32_t i = 0; program != NULL && i < program->pipeline->stage_count; i++) {
		const struct wr_circuit *circuit = &program->guards[i].circuit;
		struct wr_board_circuit *shown = &snapshot->circuits[snapshot->circuit_count];

		if (!circuit->open || snapshot->circuit_count == WR_BOARD_CIRCUITS)
			continue;
		snprintf(shown->stage, sizeof(shown->stage), "%s",
			 program->pipeline->stages[i].name);
		shown->generation = program->pipeline->generation;
		shown->open_s = seconds_between(circuit->opened_mono_ns, now);
		shown->probe_s =
		    circuit->probing ? 0 : seconds_between(now, circuit->next_probe_mono_ns);
		snapshot->circuit_count++;
	}
}

/* The lane's program shows the stages that it has for others too: cells of one name would be added up. */
static struct wr_metric_cell *oldest_of(const struct wr_lane *lane, const struct wr_item *item)
{
	const struct wr_pipeline *now = lane->program->pipeline;
	const uint32_t stage = item->event.stage;
	const char *name = item->program->pipeline->stages[stage].name;

	for (uint32_t i = 0; item->program != lane->program && i < now->stage_count; i++) {
		if (strcmp(now->stages[i].name, name) == 0)
			return lane->program->stage_metrics[i].oldest;
	}
	return item->program->stage_metrics[stage].oldest;
}

static void measure_batch(const struct wr_lane *lane, const struct wr_batch *batch)
{
	double age = (double)(wr_lane_now(lane) - batch->opened_mono_ns) / (double)WR_NS_PER_S;

	for (uint32_t i = 0; i < batch->count; i++) {
		const struct wr_item *item = &batch->items[i];
		struct wr_metric_cell *cell;

		if (item->event.outcome != WR_OUTCOME_PENDING ||
		    item->event.stage >= item->program->pipeline->stage_count)
			continue;
		cell = oldest_of(lane, item);
		if (age > wr_metric_get(cell))
			wr_metric_set(cell, age);
	}
}

void wr_lane_measure_stages(struct wr_lane *lane)
{
	for (struct wr_program *p = lane->programs; p != NULL; p = p->next) {
		for (uint32_t i = 0; i < p->pipeline->stage_count; i++)
			wr_metric_set(p->stage_metrics[i].oldest, 0);
	}
	for (uint32_t i = 0; i < lane->in_flight; i++) {
		const struct wr_batch *batch = wr_lane_batch(lane, i);

		if (batch->state == WR_BATCH_RUNNING && batch->unfinished > 0)
			measure_batch(lane, batch);
	}
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
	show_circuits(lane, lane->program, &snapshot);
	show_circuits(lane, lane->canary, &snapshot);
	wr_board_publish(lane->board, &snapshot);
}
