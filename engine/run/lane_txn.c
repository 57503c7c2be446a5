/*
 * Exactly once: a transaction spans the batches of one interval and carries their offsets. It holds whole batches only.
 * When anything of it fails it is aborted, the window dropped, and reading goes on from what the group has committed,
 * never from memory. No transaction outlives an assignment.
 */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "run/lane_private.h"

#define LONGEST_NS (10 * WR_NS_PER_S) /* the broker aborts it after 15 s */
#define LAST_GRACE_NS (5 * WR_NS_PER_S)
#define FIRST_WAIT_MS 10 /* doubled with every failure that follows at once */

static void count(struct wr_lane *lane, enum wr_txn_result result)
{
	wr_metric_add(lane->transactions[result], 1);
}

static void become(struct wr_lane *lane, enum wr_txn_state state)
{
	lane->txn.state = state;
}

/* Something of it can't be: all of it goes. What was good comes again in transactions of its own, so that what was bad
 * holds up nothing before it. */
void wr_lane_txn_fail(struct wr_lane *lane)
{
	int64_t wait_ms = (int64_t)FIRST_WAIT_MS
			  << (lane->txn.failures < 7 ? lane->txn.failures : 7);

	if (lane->rewind)
		return;
	lane->rewind = true;
	lane->txn.failures++;
	lane->txn.singles = (uint32_t)lane->conf->batch.in_flight;
	lane->txn.resume_ns = wr_lane_now(lane) + wait_ms * WR_NS_PER_MS;
}

static bool begin(struct wr_lane *lane)
{
	struct wr_err err;

	if (lane->sink == NULL || lane->rewind)
		return false;
	if (lane->sink->ops->begin(lane->sink, &err) != WR_OK) {
		WR_LOG(WR_LOG_ERROR, "a transaction can't be begun",
		       WR_STR("pipeline", lane->conf->name), WR_STR("reason", err.text));
		wr_lane_txn_fail(lane);
		return false;
	}
	lane->txn.begun_ns = wr_lane_now(lane);
	lane->txn.moves = false;
	wr_txn_size_begin(&lane->txn.size);
	become(lane, WR_TXN_OPEN);
	return true;
}

/* Whether a batch was begun that has not retired. Batches are written in order, so the oldest one tells. */
static bool has_begun_batch(const struct wr_lane *lane)
{
	const struct wr_batch *oldest = lane->in_flight > 0 ? wr_lane_batch(lane, 0) : NULL;

	return oldest != NULL &&
	       (oldest->state == WR_BATCH_WRITING || oldest->state == WR_BATCH_WRITTEN);
}

static int64_t age_ns(const struct wr_lane *lane)
{
	return wr_lane_now(lane) - lane->txn.begun_ns;
}

static struct wr_txn_facts facts_of(const struct wr_lane *lane)
{
	return (struct wr_txn_facts){
	    .state = lane->txn.state,
	    .failed = lane->rewind,
	    .batch_begun = has_begun_batch(lane),
	    .due = age_ns(lane) >= lane->conf->transaction.interval_ms * WR_NS_PER_MS,
	    .lost = lane->lost,
	    .offsets_due = lane->uncommitted && lane->handover == WR_HANDOVER_NONE,
	};
}

bool wr_lane_txn_admits(struct wr_lane *lane, const struct wr_batch *batch)
{
	const struct wr_txn_facts facts = facts_of(lane);
	bool full;

	if (!lane->txn.used)
		return true;
	if (!wr_txn_admits(&facts) || (facts.state == WR_TXN_NONE && !begin(lane)))
		return false;
	if (!wr_txn_size_admits(&lane->txn.size, batch->count)) {
		become(lane, WR_TXN_CLOSING);
		return false;
	}
	full = wr_txn_size_add(&lane->txn.size, batch->count);
	if (full || lane->txn.singles > 0)
		become(lane, WR_TXN_CLOSING);
	return true;
}

uint32_t wr_lane_txn_batch_events(const struct wr_lane *lane, uint32_t most)
{
	return wr_txn_size_of_batch(&lane->txn.size, most);
}

static bool commit(struct wr_lane *lane)
{
	if (WR_FAILPOINT_FAILS(before_transaction_commit)) {
		wr_lane_txn_fail(lane);
		return true;
	}
	if (!wr_lane_collect_commits(lane, &lane->txn.commit_count))
		return false; /* not without its offsets */
	lane->sink->ops->commit(lane->sink, lane->source, lane->commits, lane->txn.commit_count);
	wr_deaths_cover(&lane->deaths);
	become(lane, WR_TXN_COMMITTING);
	return true;
}

static void committed(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t n = lane->source->ops->partitions(lane->source, &partitions);

	WR_FAILPOINT(after_transaction_commit);
	wr_lane_note_committed(lane, lane->txn.commit_count);
	for (size_t i = 0; i < n; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;

		if (ours == NULL || ours->placed != WR_PLACED_READ)
			continue;
		wr_lane_mark_retired(lane, ours);
		wr_lane_forget_refusals(ours, ours->next);
	}
	lane->uncommitted = false;
	wr_deaths_write(&lane->deaths, lane->store);
	wr_lane_count_tally(lane);
	wr_lane_nothing_blocked(lane);
	lane->txn.singles -= lane->txn.singles > 0;
	lane->txn.failures = 0;
	wr_txn_size_committed(&lane->txn.size, age_ns(lane), LONGEST_NS);
	wr_metric_set(lane->metrics.txn_limit, lane->txn.size.limit);
	count(lane, WR_TXN_RESULT_COMMITTED);
	wr_metric_add(lane->metrics.commits, 1);
}

/* The next ones are smaller, so that one of them ends in time. */
static void shrink(struct wr_lane *lane)
{
	wr_txn_size_too_long(&lane->txn.size);
	wr_metric_set(lane->metrics.txn_limit, lane->txn.size.limit);
}

/* Asks the sink about its last step. False: it is not known yet. */
static bool answered(struct wr_lane *lane)
{
	enum wr_txn_state before = lane->txn.state;
	enum wr_code code = lane->sink->ops->transaction_status(lane->sink);
	bool failed;

	if (before == WR_TXN_STARTING)
		wr_lane_condition(lane, "transactions", code == WR_OK,
				  "the transaction of a predecessor is being aborted");
	if (code == WR_EFULL)
		return false;
	become(lane, wr_txn_answered(before, code, &failed));
	if (failed)
		wr_lane_txn_fail(lane);
	if (before != WR_TXN_COMMITTING)
		return true;
	if (!failed) {
		committed(lane);
		return true;
	}
	if (age_ns(lane) >= LONGEST_NS)
		shrink(lane);
	wr_metric_add(lane->metrics.commit_failures, 1);
	if (lane->txn.state == WR_TXN_STARTING)
		count(lane, WR_TXN_RESULT_UNKNOWN);
	WR_LOG(WR_LOG_WARN, "a transaction was not committed", WR_STR("pipeline", lane->conf->name),
	       WR_INT("lane", lane->o.number),
	       WR_STR("outcome", lane->txn.state == WR_TXN_STARTING ? "unknown" : "refused"));
	return true;
}

/* What is open for so long is not going to be finished in time. */
static bool takes_too_long(struct wr_lane *lane)
{
	if ((lane->txn.state != WR_TXN_OPEN && lane->txn.state != WR_TXN_CLOSING) || lane->rewind ||
	    age_ns(lane) < LONGEST_NS)
		return false;
	shrink(lane);
	WR_LOG(WR_LOG_WARN, "a transaction takes too long and is aborted",
	       WR_STR("pipeline", lane->conf->name), WR_INT("lane", lane->o.number),
	       WR_INT("events", lane->txn.size.held), WR_INT("next_events", lane->txn.size.limit));
	wr_lane_txn_fail(lane);
	return true;
}

bool wr_lane_txn_step(struct wr_lane *lane)
{
	const struct wr_txn_facts facts = facts_of(lane);

	if (!lane->txn.used || lane->sink == NULL)
		return false;
	if (facts.state == WR_TXN_COMMITTING || (facts.state == WR_TXN_STARTING && !lane->rewind))
		return answered(lane);
	switch (wr_txn_next(&facts)) {
	case WR_TXN_WAIT:
		return takes_too_long(lane);
	case WR_TXN_BEGIN:
		return begin(lane);
	case WR_TXN_CLOSE:
		become(lane, WR_TXN_CLOSING);
		return true;
	case WR_TXN_COMMIT:
		return commit(lane);
	case WR_TXN_ABORT:
		break;
	}
	if (lane->rewind)
		return false; /* wr_lane_txn_rewind() sees to it */
	wr_lane_txn_fail(lane);
	return true;
}

/* The sink is beyond repair: its transaction ends with it, or when the next producer of its name is ready. */
static void give_up_sink(struct wr_lane *lane)
{
	lane->sink->ops->destroy(lane->sink);
	lane->sink = NULL;
	become(lane, WR_TXN_STARTING);
}

static bool rebuild(struct wr_lane *lane)
{
	if (wr_lane_now(lane) < lane->rebuild_mono_ns)
		return false;
	lane->rebuild_mono_ns = wr_lane_now(lane) + WR_NS_PER_S;
	become(lane, WR_TXN_STARTING);
	return wr_lane_rebuild_sink(lane);
}

static void drop_all(struct wr_lane *lane)
{
	wr_lane_drop_window(lane);
	wr_deaths_forget(&lane->deaths);
	lane->tally = (struct wr_lane_tally){.batches = 0};
	lane->uncommitted = false;
}

/* One step towards a sink that is ready and has no transaction. True when it is. */
static bool clear_sink(struct wr_lane *lane)
{
	const struct wr_txn_facts facts = facts_of(lane);

	if (lane->sink == NULL || lane->sink->ops->state(lane->sink) == WR_SINK_BROKEN) {
		rebuild(lane);
		return false;
	}
	if (wr_txn_next(&facts) == WR_TXN_ABORT) {
		lane->sink->ops->abort(lane->sink);
		count(lane, WR_TXN_RESULT_ABORTED);
		become(lane, WR_TXN_ABORTING);
	}
	if (lane->txn.state == WR_TXN_NONE)
		return true;
	if (answered(lane) && lane->txn.state == WR_TXN_STARTING)
		give_up_sink(lane);
	return lane->txn.state == WR_TXN_NONE;
}

/* Drops the window, and goes on from what is committed. */
bool wr_lane_txn_rewind(struct wr_lane *lane)
{
	if (!lane->rewind || lane->txn.state == WR_TXN_COMMITTING)
		return false;
	drop_all(lane);
	if (!clear_sink(lane) || wr_lane_now(lane) < lane->txn.resume_ns)
		return false;
	wr_lane_reap_orphans(lane);
	lane->rewind = false;
	wr_metric_add(lane->rewinds[WR_REWIND_ABORTED], 1);
	if (lane->handover == WR_HANDOVER_NONE)
		wr_lane_refresh(lane);
	return true;
}

/* What was begun ends now, whatever comes of it. */
static bool settle_open(struct wr_lane *lane)
{
	if (lane->lost || has_begun_batch(lane)) {
		wr_lane_txn_fail(lane); /* it can't be finished */
		return false;
	}
	if (lane->in_flight > 0) {
		lane->clean = false;
		wr_lane_drop_window(lane);
	}
	become(lane, WR_TXN_CLOSING);
	return false;
}

static bool is_overdue(const struct wr_lane *lane)
{
	int64_t grace = lane->handover == WR_HANDOVER_STOPPING ? 0 : LAST_GRACE_NS;

	return wr_lane_now(lane) >= lane->handover_deadline_ns + grace;
}

bool wr_lane_txn_settle(struct wr_lane *lane)
{
	if (!lane->txn.used || lane->txn.state == WR_TXN_STARTING ||
	    lane->txn.state == WR_TXN_NONE || lane->sink == NULL)
		return true;
	if (is_overdue(lane)) {
		lane->clean = false;
		drop_all(lane);
		give_up_sink(lane);
		lane->rewind = true;
		return true;
	}
	if (lane->txn.state == WR_TXN_OPEN || lane->txn.state == WR_TXN_CLOSING)
		return !lane->rewind && settle_open(lane);
	return false;
}
