/* Committing what has retired. */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "run/lane_private.h"

#include <stdlib.h>

#define COMMIT_INTERVAL_NS (100 * WR_NS_PER_MS)
#define COMMIT_SYNC_MS 5000
#define COMMIT_SYNC_MIN_MS 500

static bool has_commit_room(struct wr_lane *lane, size_t count)
{
	struct wr_source_commit *commits;
	char *metadata;

	if (count <= lane->commit_capacity)
		return true;
	commits = realloc(lane->commits, count * sizeof(*commits));
	if (commits != NULL)
		lane->commits = commits;
	metadata = realloc(lane->commit_metadata, count * WR_MARK_METADATA_BYTES);
	if (metadata != NULL)
		lane->commit_metadata = metadata;
	if (commits == NULL || metadata == NULL)
		return false;
	lane->commit_capacity = count;
	return true;
}

static struct wr_source_commit commit_of(const struct wr_lane *lane, struct wr_partition *partition,
					 char *metadata)
{
	const struct wr_mark mark = wr_lane_mark_of(partition->user);
	size_t size = wr_mark_metadata_encode(&mark, metadata);

	if (wr_lane_says_parked(lane, partition->user))
		size = wr_mark_metadata_add_parked(metadata, size);
	return (struct wr_source_commit){
	    .partition = partition,
	    .offset = mark.next,
	    .metadata = wr_bytes(metadata, size),
	};
}

/* What has retired since Kafka was last told. False without memory. */
bool wr_lane_collect_commits(struct wr_lane *lane, size_t *count_r)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions), n = 0;

	*count_r = 0;
	if (!has_commit_room(lane, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;

		if (ours != NULL && ours->placed == WR_PLACED_READ &&
		    ours->next != ours->committed) {
			lane->commits[n] =
			    commit_of(lane, partitions[i],
				      lane->commit_metadata + n * WR_MARK_METADATA_BYTES);
			n++;
		}
	}
	*count_r = n;
	return true;
}

void wr_lane_note_committed(struct wr_lane *lane, size_t count)
{
	for (size_t i = 0; i < count; i++)
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
		wr_deaths_write(&lane->deaths, lane->store);
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

	if (lane->txn.used || !commit_answered(lane) || !lane->uncommitted ||
	    wr_lane_now(lane) < lane->next_commit_ns)
		return;
	lane->next_commit_ns = wr_lane_now(lane) + COMMIT_INTERVAL_NS;
	if (!wr_lane_collect_commits(lane, &n) || n == 0)
		return;
	if (WR_FAILPOINT_FAILS(before_offset_commit) ||
	    lane->source->ops->commit(lane->source, lane->commits, n, &err) != WR_OK) {
		wr_metric_add(lane->metrics.commit_failures, 1);
		return;
	}
	wr_lane_note_committed(lane, n);
	wr_deaths_cover(&lane->deaths);
	lane->uncommitted = false;
	lane->commit_under_way = true;
}

/* A stop has a deadline; but a commit gets a moment in any case. */
static int time_to_commit_ms(const struct wr_lane *lane)
{
	int64_t left_ms = (lane->handover_deadline_ns - wr_lane_now(lane)) / WR_NS_PER_MS;

	if (lane->handover != WR_HANDOVER_STOPPING || left_ms > COMMIT_SYNC_MS)
		return COMMIT_SYNC_MS;
	return left_ms > COMMIT_SYNC_MIN_MS ? (int)left_ms : COMMIT_SYNC_MIN_MS;
}

void wr_lane_commit_and_wait(struct wr_lane *lane)
{
	struct wr_err err;
	size_t n;

	if (lane->commit_under_way)
		forget_committed(lane); /* its answer may come too late: say it once more */
	if (!wr_lane_collect_commits(lane, &n) || n == 0)
		return;
	wr_deaths_cover(&lane->deaths);
	if (lane->source->ops->commit_sync(lane->source, lane->commits, n, time_to_commit_ms(lane),
					   &err) == WR_OK) {
		WR_FAILPOINT(after_offset_commit);
		wr_lane_note_committed(lane, n);
		wr_deaths_write(&lane->deaths, lane->store);
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
