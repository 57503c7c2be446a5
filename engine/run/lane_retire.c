/* Retiring batches in order, committing what has retired, and giving partitions up. */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "run/lane_private.h"

#include <stdio.h>
#include <stdlib.h>

#define COMMIT_INTERVAL_NS (100 * WR_NS_PER_MS)
#define COMMIT_SYNC_MS 5000
#define HANDOVER_NS (10 * WR_NS_PER_S)
#define HANDOVER_RETRY_NS \
	(2 * WR_NS_PER_S) /* of it, for inline retries: the whole group waits meanwhile */

static void give_back(struct wr_lane *lane, struct wr_batch *batch)
{
	wr_json_cache_forget(&lane->json);
	for (uint32_t i = 0; i < batch->count; i++) {
		if (batch->items[i].record.ref != NULL)
			lane->source->ops->give_back(lane->source, &batch->items[i].record);
	}
}

void wr_lane_put_free(struct wr_lane *lane, struct wr_batch *batch)
{
	give_back(lane, batch);
	batch->program->batches--;
	batch->program = NULL;
	batch->next = lane->free_batches;
	lane->free_batches = batch;
}

static void count_outcomes(struct wr_lane *lane, const struct wr_batch *batch)
{
	uint32_t outcomes[WR_OUTCOME_DEAD + 1] = {0};

	for (uint32_t i = 0; i < batch->count; i++) {
		const struct wr_event *ev = &batch->items[i].event;

		outcomes[ev->outcome]++;
		if (ev->outcome == WR_OUTCOME_DEAD)
			wr_metric_add(lane->dead_letters[ev->class], 1);
	}
	for (int outcome = 0; outcome <= WR_OUTCOME_DEAD; outcome++) {
		if (outcomes[outcome] > 0)
			wr_metric_add(lane->outcomes[outcome], outcomes[outcome]);
	}
	wr_metric_add(lane->metrics.batches, 1);
}

static void retire(struct wr_lane *lane, struct wr_batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct wr_source_record *record = &batch->items[i].record;
		struct wr_lane_partition *partition = record->partition->user;

		partition->next = record->offset + 1;
	}
	lane->uncommitted = true;
	count_outcomes(lane, batch);
	wr_lane_put_free(lane, batch);
}

bool wr_lane_retire_ready(struct wr_lane *lane)
{
	struct wr_batch *batch;
	bool moved = false;

	while (lane->in_flight > 0 && !lane->rewind) {
		batch = wr_lane_batch(lane, 0);
		if (batch->state != WR_BATCH_WRITTEN || batch->pending > 0)
			break;
		WR_FAILPOINT(after_all_acks);
		lane->head = (lane->head + 1) % (uint32_t)lane->conf->batch.in_flight;
		lane->in_flight--;
		retire(lane, batch);
		moved = true;
	}
	return moved;
}

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

static void commit_and_wait(struct wr_lane *lane)
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

/* Takes a batch out of the lane's hands. The sink may still borrow its bytes, so it may have to wait. */
static void drop(struct wr_lane *lane, struct wr_batch *batch)
{
	if (batch->claims.submitted)
		lane->store->ops->cancel(lane->store, &batch->claims);
	wr_key_waits_remove_batch(&lane->waits, batch);
	wr_retry_queue_remove_batch(&lane->parked, batch);
	wr_lane_forget_rewrites(lane, batch);
	if (batch->pending == 0) {
		wr_lane_put_free(lane, batch);
		return;
	}
	batch->next = lane->orphans;
	lane->orphans = batch;
}

/* Newest first: wr_key_waits_remove_batch() relies on it. */
void wr_lane_drop_window(struct wr_lane *lane)
{
	while (lane->in_flight > 0) {
		struct wr_batch *batch = wr_lane_batch(lane, lane->in_flight - 1);

		lane->in_flight--;
		drop(lane, batch);
	}
	wr_lane_discard_open(lane);
	wr_lane_nothing_blocked(lane);
}

void wr_lane_reap_orphans(struct wr_lane *lane)
{
	struct wr_batch **link_p = &lane->orphans, *batch;

	while ((batch = *link_p) != NULL) {
		if (batch->pending > 0) {
			link_p = &batch->next;
			continue;
		}
		*link_p = batch->next;
		wr_lane_put_free(lane, batch);
	}
}

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
	if (batch->state != WR_BATCH_RUNNING)
		return true;
	return wr_retry_queue_due_ns(&lane->parked) < last_retry_ns(lane);
}

static void give_up_partitions(struct wr_lane *lane)
{
	if (lane->in_flight > 0) {
		lane->clean = false;
		WR_LOG(WR_LOG_INFO,
		       "batches in flight are left to the next owner of their partitions",
		       WR_STR("pipeline", lane->conf->name), WR_INT("lane", lane->o.number),
		       WR_INT("batches", lane->in_flight));
	}
	wr_lane_drop_window(lane);
	if (lane->handover == WR_HANDOVER_STOPPING)
		WR_FAILPOINT(in_shutdown);
	else
		WR_FAILPOINT(in_rebalance);
	if (!lane->lost)
		commit_and_wait(lane);
	lane->commit_under_way = lane->uncommitted = false;
	wr_lane_forget_partitions(lane);
	wr_metric_set(lane->metrics.partitions, 0);
}

/* True when the partitions have been given up. */
bool wr_lane_handover(struct wr_lane *lane)
{
	if (lane->handover == WR_HANDOVER_NONE || lane->left ||
	    (lane->in_flight > 0 && can_finish(lane)))
		return false;
	give_up_partitions(lane);
	lane->source->ops->release(lane->source);
	lane->lost = false;
	if (lane->handover == WR_HANDOVER_STOPPING)
		lane->left = true;
	else
		lane->handover = WR_HANDOVER_NONE;
	return true;
}

/* Reads the window again from what has retired. False: to be tried again. */
static bool seek_back(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;
		struct wr_err err;

		if (ours == NULL || ours->next < 0 || ours->next == partitions[i]->position)
			continue;
		if (lane->source->ops->seek(lane->source, partitions[i], ours->next, &err) !=
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
	struct wr_err err;

	if (lane->sink != NULL && lane->sink->ops->state(lane->sink) != WR_SINK_BROKEN)
		return true;
	if (wr_lane_rebuild_sink(lane, &err)) {
		wr_lane_condition(lane, "producer", true, NULL);
		return true;
	}
	wr_lane_condition(lane, "producer", false, "the producer can't be made anew");
	WR_LOG(WR_LOG_ERROR, "the producer can't be made anew",
	       WR_STR("pipeline", lane->conf->name), WR_STR("reason", err.text));
	return false;
}

/* A write whose outcome is unknown can't be waited for: the window is dropped and read again from the last offset
 * that retired, through a new sink. What was written twice carries the same weir-event-id. */
bool wr_lane_rewind(struct wr_lane *lane)
{
	if (!lane->rewind || wr_lane_now(lane) < lane->rebuild_mono_ns)
		return false;
	lane->rebuild_mono_ns = wr_lane_now(lane) + WR_NS_PER_S;
	wr_lane_drop_window(lane);
	if (!has_working_sink(lane) || !seek_back(lane))
		return false;
	wr_lane_reap_orphans(lane);
	lane->rewind = false;
	wr_metric_add(lane->metrics.rewinds, 1);
	return true;
}
