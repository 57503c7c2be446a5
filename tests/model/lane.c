/*
 * A lane: what engine/run does between the adapters and the rules of core, reduced to one event a batch. Where a rule
 * decides, core is asked; where the glue is trusted with something, TRUST() says so.
 */
#include "config.h"

#include "tests/model/lane.h"

#include "base/check.h"
#include "tests/model/faults.h"
#include "tests/model/ledger.h"
#include "tests/model/parked.h"
#include "tests/model/retried.h"
#include "tests/model/value.h"

#include <string.h>

/* What is equal is to be equal byte by byte. */
void tidy_mark(struct wr_mark *mark)
{
	for (size_t i = 0; i < mark->abandoned_count; i++) {
		struct wr_abandoned range = mark->abandoned[i];

		memset(&mark->abandoned[i], 0, sizeof(range));
		mark->abandoned[i].incarnation = range.incarnation;
		mark->abandoned[i].from = range.from;
		mark->abandoned[i].to = range.to;
	}
	memset(&mark->others[mark->other_count], 0,
	       (WR_MARK_OTHERS_MAX - mark->other_count) * sizeof(mark->others[0]));
	memset(&mark->abandoned[mark->abandoned_count], 0,
	       (WR_MARK_ABANDONED_MAX - mark->abandoned_count) * sizeof(mark->abandoned[0]));
}

struct wr_fingerprint fingerprint_of(unsigned generation, unsigned id)
{
	return (struct wr_fingerprint){1000 + generation, id};
}

bool owns(const struct world *w, unsigned lane, unsigned p)
{
	const struct hold *hold = &w->lanes[lane].hold[p];

	return hold->held && w->topics[p].owner == (int8_t)lane &&
	       w->topics[p].epoch == hold->epoch;
}

/* With what has retired. */
static struct wr_mark mark_of(const struct hold *hold)
{
	struct wr_mark mark = hold->mark;

	if (hold->has_retired)
		wr_mark_advance(&mark, hold->last_offset, &hold->last);
	return mark;
}

struct committed commit_of_hold(const struct hold *hold)
{
	struct wr_mark mark = mark_of(hold);

	if (!TRUST(METADATA_WITH_COMMIT))
		return (struct committed){.offset = (int8_t)mark.next};
	return (struct committed){.offset = (int8_t)mark.next,
				  .has_metadata = true,
				  .incarnation = (uint8_t)mark.incarnation,
				  .start = (uint8_t)mark.start,
				  .next = (uint8_t)mark.next,
				  .last = mark.last};
}

bool has_news(const struct lane *lane, unsigned p)
{
	struct committed commit;

	if (!lane->hold[p].held || lane->hold[p].placed != PLACED_READ)
		return false;
	commit = commit_of_hold(&lane->hold[p]);
	return commit.offset != lane->hold[p].committed.offset;
}

static bool has_any_news(const struct lane *lane)
{
	return has_news(lane, 0) || has_news(lane, 1);
}

void drop_window(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];

	ledger_interrupted(w, l);
	memset(lane->batch, 0, sizeof(lane->batch));
	lane->window = 0;
	memset(lane->deaths, 0, sizeof(lane->deaths));
	lane->death_count = 0;
	if (TRUST(LOG_IS_LOOKED_AT_AGAIN))
		forget_parked(lane);
}

void give_up(struct world *w, unsigned l)
{
	drop_window(w, l);
	w->lanes[l].failed = true;
}

bool begun_batch(const struct lane *lane)
{
	return lane->window > 0 && lane->batch[0].handed_over;
}

struct wr_txn_facts txn_facts(const struct lane *lane)
{
	bool revoking = lane->hold[0].revoking || lane->hold[1].revoking;

	return (struct wr_txn_facts){.state = (enum wr_txn_state)lane->txn,
				     .failed = lane->failed,
				     .batch_begun = begun_batch(lane),
				     .due = true,
				     .offsets_due = has_any_news(lane) && !revoking};
}

static struct batch_place {
	struct wr_batch_facts facts;
} facts_of(const struct lane *lane, unsigned i)
{
	const struct batch *batch = &lane->batch[i];
	struct batch_place place = {{.unfinished = batch->state < BATCH_RUNNING,
				     .handed_over = batch->handed_over,
				     .pending = batch->pending,
				     .earlier_written = true,
				     .is_oldest = i == 0}};

	for (unsigned j = 0; j < i; j++)
		place.facts.earlier_written =
		    place.facts.earlier_written && lane->batch[j].handed_over;
	return place;
}

/* Writing. */

/* What a running event may end as. */
static bool may_end(const struct world *w, const struct lane *lane, const struct batch *batch,
		    enum fate fate)
{
	bool is_running = batch->state == BATCH_RUNNING ||
			  (batch->state == BATCH_CLAIMING && !TRUST(CLAIMED_BEFORE_ITS_END));

	if (batch->state == BATCH_RUNNING && is_behind(lane, batch))
		return fate == FATE_RETRIED && has_room_for_retry(w);
	switch (fate) {
	case FATE_DONE:
		return true;
	case FATE_DEAD:
		return is_running && w->ledger.dead_count < scenario->deaths;
	case FATE_RETRIED:
		return batch->state == BATCH_RUNNING && scenario->attempts > 0 &&
		       may_retry(batch) && has_room_for_retry(w);
	}
	return false;
}

/* It is committed before more goes in. */
static bool is_full(const struct world *w, unsigned l)
{
	unsigned count = w->transactions[l].count;

	for (unsigned i = 0; i < w->lanes[l].window; i++)
		count += w->lanes[l].batch[i].pending;
	return count >= WINDOW * 2;
}

bool step_hand_over(struct world *w, unsigned l, unsigned i, enum fate fate)
{
	struct lane *lane = &w->lanes[l];
	struct batch *batch = &lane->batch[i];
	struct batch_place place;
	struct wr_txn_facts txn = txn_facts(lane);

	if (!lane->alive || lane->failed || i >= lane->window || batch->handed_over ||
	    !may_end(w, lane, batch, fate))
		return false;
	if (fate == FATE_DEAD && batch->state == BATCH_CLAIMING)
		batch->state = BATCH_RUNNING;
	place = facts_of(lane, i);
	if (!wr_order_may_write(&place.facts))
		return false;
	if (scenario->exactly_once) {
		if (!wr_txn_admits(&txn) || is_full(w, l))
			return false;
		lane->txn = WR_TXN_OPEN;
	}
	batch->handed_over = true;
	batch->processed = batch->pending = batch->state == BATCH_RUNNING;
	batch->fate = (uint8_t)fate;
	batch->behind = batch->processed && is_behind(lane, batch);
	if (batch->behind)
		ledger_follows(w, batch);
	let_come(lane, batch);
	if (fate == FATE_RETRIED)
		park(lane, batch);
	return true;
}

static void make_output(const struct batch *batch, struct output *output_r)
{
	*output_r = (struct output){.partition = batch->partition,
				    .generation = batch->generation,
				    .offset = batch->offset,
				    .fate = batch->fate,
				    .excused = batch->excused,
				    .ordered = has_order(batch),
				    .replays = batch->replays,
				    .record = record_of(batch, (enum fate)batch->fate)};
}

/* Everybody sees it now. */
static void appear(struct world *w, const struct output *output, bool by_zombie)
{
	ledger_result(w, output, by_zombie);
	if (output->fate == FATE_RETRIED)
		append_retry(w, &output->record);
}

bool step_append(struct world *w, unsigned l, unsigned i, bool answered)
{
	struct lane *lane = &w->lanes[l];
	struct batch *batch = &lane->batch[i];
	struct transaction *txn = &w->transactions[l];
	struct output output;

	/* One producer: what was handed over first is there first. */
	if (!lane->alive || i >= lane->window || !batch->pending ||
	    (i > 0 && lane->batch[i - 1].pending))
		return false;
	make_output(batch, &output);
	if (!scenario->exactly_once) {
		appear(w, &output, !owns(w, l, batch->partition));
	} else if (output.fate == FATE_RETRIED && !TRUST(RETRIED_IN_TRANSACTION)) {
		appear(w, &output, false);
	} else if (txn->fenced) {
		answered = false;
	} else {
		WR_ASSERT(txn->count < WINDOW * 2);
		txn->open = true;
		txn->outputs[txn->count++] = output;
	}
	batch->pending = false;
	if (answered)
		return true;
	give_up(w, l);
	lane->txn = WR_TXN_STARTING;
	return true;
}

static void remember_death(struct lane *lane, const struct batch *batch)
{
	if (lane->death_count < DEATHS)
		lane->deaths[lane->death_count++] =
		    (struct death){.id = batch->record.id,
				   .claim = batch->own,
				   .final = wr_order_may_fail(true, false)};
}

static void mark_retired(struct hold *hold)
{
	hold->mark = mark_of(hold);
	tidy_mark(&hold->mark);
	hold->has_retired = false;
	hold->last_offset = 0;
	hold->last = (struct wr_fingerprint){0};
	hold->mark_due = true;
}

static bool batch_is_current(const struct lane *lane, const struct batch *batch)
{
	return lane->hold[batch->partition].held &&
	       lane->hold[batch->partition].placed == PLACED_READ;
}

bool step_retire(struct world *w, unsigned l, unsigned i)
{
	struct lane *lane = &w->lanes[l];
	struct batch batch = lane->batch[i];
	struct hold *hold = &lane->hold[batch.partition];
	struct batch_place place;

	if (!lane->alive || lane->failed || i >= lane->window)
		return false;
	place = facts_of(lane, i);
	if (!wr_order_may_retire(&place.facts))
		return false;
	if (!batch_is_current(lane, &batch))
		goto leave;
	if (!hold->has_retired || batch.offset >= hold->last_offset) {
		hold->has_retired = true;
		hold->last_offset = batch.offset;
		hold->last = fingerprint_of(batch.generation, batch.record.id);
	}
	if (batch.fate == FATE_DEAD && batch.claimed)
		remember_death(lane, &batch);
	if (wr_order_may_mark(scenario->exactly_once, true, false))
		mark_retired(hold);
leave:
	memmove(&lane->batch[i], &lane->batch[i + 1], (WINDOW - 1 - i) * sizeof(lane->batch[0]));
	memset(&lane->batch[WINDOW - 1], 0, sizeof(lane->batch[0]));
	lane->window--;
	return true;
}

/* Committing. */

static void deaths_final(struct lane *lane)
{
	for (unsigned i = 0; i < lane->death_count; i++)
		lane->deaths[i].final = wr_order_may_fail(true, true);
}

bool step_commit(struct world *w, unsigned l, bool answered)
{
	struct lane *lane = &w->lanes[l];
	bool refused = false;

	if (!lane->alive || lane->failed || scenario->exactly_once || !has_any_news(lane))
		return false;
	for (unsigned p = 0; p < PARTITIONS; p++) {
		struct hold *hold = &lane->hold[p];

		if (!has_news(lane, p))
			continue;
		if (!owns(w, l, p) && TRUST(COMMIT_IS_FENCED)) {
			refused = true;
			continue;
		}
		w->topics[p].committed = commit_of_hold(hold);
		if (answered)
			hold->committed = w->topics[p].committed;
	}
	if (refused)
		return step_notice_lost(w, l);
	if (answered)
		deaths_final(lane);
	return true;
}

bool step_begin(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];
	struct wr_txn_facts facts = txn_facts(lane);

	if (!lane->alive || !scenario->exactly_once || wr_txn_next(&facts) != WR_TXN_BEGIN)
		return false;
	lane->txn = WR_TXN_OPEN;
	return true;
}

bool step_close(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];
	struct wr_txn_facts facts = txn_facts(lane);

	if (!lane->alive || wr_txn_next(&facts) != WR_TXN_CLOSE)
		return false;
	lane->txn = WR_TXN_CLOSING;
	return true;
}

static bool is_refused(const struct world *w, unsigned l)
{
	for (unsigned p = 0; p < PARTITIONS && TRUST(COMMIT_IS_FENCED); p++) {
		if (has_news(&w->lanes[l], p) && !owns(w, l, p))
			return true;
	}
	return false;
}

static void answer(struct world *w, unsigned l, enum wr_code code)
{
	struct lane *lane = &w->lanes[l];
	bool failed;

	lane->txn = (uint8_t)wr_txn_answered((enum wr_txn_state)lane->txn, code, &failed);
	lane->offsets_sent = false;
	if (failed)
		give_up(w, l);
}

bool step_send_offsets(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];
	struct transaction *txn = &w->transactions[l];
	struct wr_txn_facts facts = txn_facts(lane);

	if (!lane->alive || wr_txn_next(&facts) != WR_TXN_COMMIT)
		return false;
	lane->txn = WR_TXN_COMMITTING;
	if (txn->fenced) {
		answer(w, l, WR_EUNKNOWN);
		return true;
	}
	if (is_refused(w, l)) {
		answer(w, l, WR_EREFUSED);
		return true;
	}
	for (unsigned p = 0; p < PARTITIONS; p++) {
		if (!has_news(lane, p))
			continue;
		txn->open = true;
		txn->has_offsets[p] = true;
		txn->offsets[p] = commit_of_hold(&lane->hold[p]);
		if (!TRUST(OFFSETS_IN_TRANSACTION))
			w->topics[p].committed = txn->offsets[p];
	}
	lane->offsets_sent = true;
	return true;
}

static void end_transaction(struct world *w, unsigned l)
{
	struct transaction *txn = &w->transactions[l];

	for (unsigned p = 0; p < PARTITIONS; p++) {
		if (txn->has_offsets[p])
			w->topics[p].committed = txn->offsets[p];
	}
	for (unsigned i = 0; i < txn->count; i++)
		appear(w, &txn->outputs[i], false);
	memset(txn, 0, sizeof(*txn));
}

/* `sent` is the transaction as it was. */
static void after_commit(struct world *w, unsigned l, const struct transaction *sent)
{
	struct lane *lane = &w->lanes[l];

	for (unsigned p = 0; p < PARTITIONS; p++) {
		struct hold *hold = &lane->hold[p];

		if (!hold->held || hold->placed != PLACED_READ || !sent->has_offsets[p])
			continue;
		hold->committed = sent->offsets[p];
		if (hold->has_retired && wr_order_may_mark(true, true, true))
			mark_retired(hold);
	}
	deaths_final(lane);
}

bool step_end(struct world *w, unsigned l, enum wr_code code, bool applied)
{
	struct lane *lane = &w->lanes[l];
	struct transaction sent = w->transactions[l];

	if (!lane->alive || lane->txn != WR_TXN_COMMITTING || !lane->offsets_sent)
		return false;
	if (sent.fenced) {
		answer(w, l, WR_EUNKNOWN);
		return true;
	}
	if (applied)
		end_transaction(w, l);
	if (code == WR_OK)
		after_commit(w, l, &sent);
	answer(w, l, code);
	return true;
}

static void abort_transaction(struct world *w, unsigned l)
{
	memset(&w->transactions[l], 0, sizeof(w->transactions[l]));
}

bool step_abort(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];
	struct wr_txn_facts facts = txn_facts(lane);

	if (!lane->alive || wr_txn_next(&facts) != WR_TXN_ABORT)
		return false;
	lane->txn = WR_TXN_ABORTING;
	if (w->transactions[l].fenced) {
		answer(w, l, WR_EUNKNOWN);
		return true;
	}
	abort_transaction(w, l);
	answer(w, l, WR_OK);
	return true;
}

bool step_init(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];

	if (!lane->alive || lane->txn != WR_TXN_STARTING)
		return false;
	if (TRUST(PREDECESSOR_IS_ABORTED))
		abort_transaction(w, l);
	w->transactions[l].fenced = false;
	answer(w, l, WR_OK);
	return true;
}

/* Going on from memory: as if the transaction had been aborted. */
static void go_back_from_memory(struct hold *hold)
{
	hold->has_retired = false;
	hold->position = (uint8_t)hold->mark.next;
}

bool step_go_back(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];

	if (!lane->alive || !lane->failed || lane->txn != WR_TXN_NONE)
		return false;
	lane->failed = false;
	for (unsigned p = 0; p < PARTITIONS; p++) {
		struct hold *hold = &lane->hold[p];

		if (!hold->held)
			continue;
		if (TRUST(MARK_BEFORE_ASKING))
			step_mark(w, l, p);
		if (hold->placed == PLACED_READ && !TRUST(NEVER_FROM_MEMORY)) {
			go_back_from_memory(hold);
			continue;
		}
		*hold =
		    (struct hold){.held = true, .revoking = hold->revoking, .epoch = hold->epoch};
	}
	return true;
}

bool step_write_failed(struct world *w, unsigned l, unsigned i)
{
	struct lane *lane = &w->lanes[l];
	struct death *death = &lane->deaths[i];

	if (!lane->alive || i >= lane->death_count || !death->final)
		return false;
	if (w->store.claims[death->id] == death->claim || !TRUST(FAILED_COMPARES))
		w->store.claims[death->id] = value_failed(death->claim);
	memmove(death, death + 1, (DEATHS - 1 - i) * sizeof(*death));
	lane->death_count--;
	memset(&lane->deaths[lane->death_count], 0, sizeof(*death));
	return true;
}
