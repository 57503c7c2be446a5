/* Committing what has retired. */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "run/lane_private.h"

#include <stdlib.h>

#define COMMIT_INTERVAL_NS (100 * WR_NS_PER_MS)
#define COMMIT_SYNC_MS 5000

static bool has_commit_room(struct wr_lane *lane, size_t count)
{
	struct wr_source_commit *commits;

	if (count <= lane->commit_capacity)
		return true;
	commits = realloc(lane->commits, count * sizeof(*commits));
	if (commits == NULL)
		return false;
	lane->commits = commits;
	lane->commit_capacity = count;
	return true;
}

/* What has retired since Kafka was last told. */
static size_t collect_commits(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions), n = 0;

	if (!has_commit_room(lane, count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *partition = partitions[i]->user;

		if (partition != NULL && partition->next >= 0 &&
		    partition->next != partition->committed)
			lane->commits[n++] = (struct wr_source_commit){.partition = partitions[i],
								       .offset = partition->next};
	}
	return n;
}

static void note_committed(struct wr_lane *lane, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((struct wr_lane_partition *)lane->commits[i].partition->user)->committed =
		    lane->commits[i].offset;
}

/* A commit that failed is told again with the next one. */
static void forget_committed(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++) {
		if (partitions[i]->user != NULL)
			((struct wr_lane_partition *)partitions[i]->user)->committed = -1;
	}
}

static bool commit_answered(struct wr_lane *lane)
{
	enum wr_code code;

	if (!lane->commit_under_way)
		return true;
	code = lane->source->ops->commit_status(lane->source);
	if (code == WR_EFULL)
		return false;
	lane->commit_under_way = false;
	if (code == WR_OK) {
		WR_FAILPOINT(after_offset_commit);
		wr_metric_add(lane->metrics.commits, 1);
		return true;
	}
	wr_metric_add(lane->metrics.commit_failures, 1);
	forget_committed(lane);
	lane->uncommitted = true;
	return true;
}

void wr_lane_commit_due(struct wr_lane *lane)
{
	struct wr_err err;
	size_t n;

	if (!commit_answered(lane) || !lane->uncommitted ||
	    wr_lane_now(lane) < lane->next_commit_ns)
		return;
	lane->next_commit_ns = wr_lane_now(lane) + COMMIT_INTERVAL_NS;
	n = collect_commits(lane);
	if (n == 0)
		return;
	if (WR_FAILPOINT_FAILS(before_offset_commit) ||
	    lane->source->ops->commit(lane->source, lane->commits, n, &err) != WR_OK) {
		wr_metric_add(lane->metrics.commit_failures, 1);
		return;
	}
	note_committed(lane, n);
	lane->uncommitted = false;
	lane->commit_under_way = true;
}

void wr_lane_commit_and_wait(struct wr_lane *lane)
{
	struct wr_err err;
	size_t n;

	if (lane->commit_under_way)
		forget_committed(lane); /* its answer may come too late: say it once more */
	n = collect_commits(lane);
	if (n == 0)
		return;
	if (lane->source->ops->commit_sync(lane->source, lane->commits, n, COMMIT_SYNC_MS, &err) ==
	    WR_OK) {
		WR_FAILPOINT(after_offset_commit);
		note_committed(lane, n);
		wr_metric_add(lane->metrics.commits, 1);
		return;
	}
	wr_metric_add(lane->metrics.commit_failures, 1);
	lane->clean = false;
	WR_LOG(WR_LOG_WARN,
	       "the last commit before giving partitions up failed; their last events repeat",
	       WR_STR("pipeline", lane->conf->name), WR_INT("lane", lane->o.number),
	       WR_STR("reason", err.text));
}
