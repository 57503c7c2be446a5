/* Partitions that come and go. */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "run/lane_private.h"

#include <stdio.h>
#include <stdlib.h>

static void free_partition(struct wr_lane *lane, struct wr_partition *partition)
{
	struct wr_lane_partition *ours = partition->user;

	if (ours == NULL)
		return;
	wr_metrics_retire_cell(lane->o.metrics, ours->lag);
	free(ours);
	partition->user = NULL;
}

void wr_lane_forget_partitions(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++)
		free_partition(lane, partitions[i]);
}

static bool add_partition(struct wr_lane *lane, struct wr_partition *partition)
{
	struct wr_lane_partition *ours = calloc(1, sizeof(*ours));
	char number[16];

	if (ours == NULL)
		return false;
	snprintf(number, sizeof(number), "%d", partition->id);
	ours->next = ours->committed = -1;
	wr_claim_prefix_init(&ours->prefix, 0, partition->topic, partition->id);
	ours->lag = wr_metrics_cell(lane->o.metrics, &wr_family_lag,
				    (const struct wr_metric_label[]){{"pipeline", lane->conf->name},
								     {"topic", partition->topic},
								     {"partition", number}},
				    3);
	partition->user = ours;
	return true;
}

/* Where reading begins: what the group committed, if that can still be read. */
static int64_t place_of(struct wr_lane *lane, const struct wr_partition *p)
{
	int64_t fallback = lane->source->ops->from_latest(lane->source) ? p->high : p->low;

	if (p->committed < 0)
		return fallback;
	if (p->committed >= p->low && p->committed <= p->high)
		return p->committed;
	WR_LOG(WR_LOG_WARN, "the committed offset is out of range",
	       WR_STR("pipeline", lane->conf->name), WR_STR("topic", p->topic),
	       WR_INT("partition", p->id), WR_INT("committed", p->committed), WR_INT("low", p->low),
	       WR_INT("high", p->high), WR_INT("position", fallback));
	return fallback;
}

static void place(struct wr_lane *lane, struct wr_partition *partition)
{
	struct wr_err err;

	if (lane->source->ops->place(lane->source, partition, place_of(lane, partition), &err) !=
	    WR_OK)
		WR_LOG(WR_LOG_ERROR, "a partition can't be placed",
		       WR_STR("pipeline", lane->conf->name), WR_STR("reason", err.text));
}

void wr_lane_on_assigned(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++) {
		while (partitions[i]->user == NULL && !add_partition(lane, partitions[i]))
			wr_lane_pause(
			    lane); /* without memory nothing can be taken: wait for some */
		place(lane, partitions[i]);
	}
	WR_FAILPOINT(after_assignment);
	if (lane->refreshing) {
		lane->refreshing = false;
		return;
	}
	wr_metric_add(lane->metrics.rebalances, 1);
	wr_metric_set(lane->metrics.partitions, (double)count);
	wr_lane_condition(lane, "group", true, NULL);
	WR_LOG(WR_LOG_INFO, "partitions assigned", WR_STR("pipeline", lane->conf->name),
	       WR_INT("lane", lane->o.number), WR_INT("partitions", count));
}

static void forget_positions(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;

		if (ours != NULL)
			ours->next = ours->committed = -1;
	}
}

/* A partition can't be read from where it stood: what has retired is committed, the rest is read again from wherever
 * the group and the broker say now. */
void wr_lane_on_astray(struct wr_lane *lane)
{
	if (lane->handover != WR_HANDOVER_NONE)
		return;
	wr_lane_drop_window(lane);
	wr_lane_commit_and_wait(lane);
	forget_positions(lane);
	lane->commit_under_way = lane->uncommitted = false;
	lane->refreshing = true;
	lane->source->ops->refresh(lane->source);
}
