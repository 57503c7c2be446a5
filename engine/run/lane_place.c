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

void wr_lane_on_assigned(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++) {
		while (!add_partition(lane, partitions[i]))
			wr_lane_pause(
			    lane); /* without memory nothing can be taken: wait for some */
	}
	WR_FAILPOINT(after_assignment);
	wr_metric_add(lane->metrics.rebalances, 1);
	wr_metric_set(lane->metrics.partitions, (double)count);
	wr_lane_condition(lane, "group", true, NULL);
	WR_LOG(WR_LOG_INFO, "partitions assigned", WR_STR("pipeline", lane->conf->name),
	       WR_INT("lane", lane->o.number), WR_INT("partitions", count));
}
