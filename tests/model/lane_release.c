/* Giving partitions up, and finding them lost. */
#include "config.h"

#include "tests/model/lane.h"

#include "tests/model/ledger.h"
#include "tests/model/parked.h"

#include <string.h>

static void leave(struct world *w, unsigned l, unsigned p)
{
	struct topic *topic = &w->topics[p];

	if (owns(w, l, p))
		topic->owner = -1;
	memset(&w->lanes[l].hold[p], 0, sizeof(struct hold));
	forget_parked(&w->lanes[l]);
}

static bool has_lost(const struct world *w, unsigned l)
{
	for (unsigned p = 0; p < PARTITIONS; p++) {
		if (w->lanes[l].hold[p].held && !owns(w, l, p))
			return true;
	}
	return false;
}

bool step_notice_lost(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];
	struct wr_txn_facts facts = txn_facts(lane);

	if (!lane->alive || !has_lost(w, l))
		return false;
	facts.lost = true;
	if (scenario->exactly_once && wr_txn_next(&facts) == WR_TXN_ABORT)
		lane->failed = true;
	if (TRUST(WINDOW_BELONGS_TO_EPOCH))
		drop_window(w, l);
	for (unsigned p = 0; p < PARTITIONS; p++) {
		if (lane->hold[p].held)
			leave(w, l, p);
	}
	return true;
}

bool step_refresh(struct world *w, unsigned l, unsigned p)
{
	struct lane *lane = &w->lanes[l];

	if (!lane->alive || !lane->hold[p].held || !lane->hold[p].astray || lane->failed)
		return false;
	/* Finished or dropped: the former is to go on without this step. */
	give_up(w, l);
	if (!scenario->exactly_once)
		lane->txn = WR_TXN_NONE;
	return true;
}

static bool uses(const struct lane *lane, unsigned p)
{
	for (unsigned i = 0; i < lane->window; i++) {
		if (lane->batch[i].partition == p)
			return true;
	}
	return false;
}

static bool is_settled(const struct lane *lane, unsigned p)
{
	if (!scenario->exactly_once)
		return !has_news(lane, p);
	return lane->txn == WR_TXN_NONE || lane->txn == WR_TXN_STARTING ||
	       !TRUST(NO_TRANSACTION_OUTLIVES);
}

static bool may_release(const struct lane *lane, unsigned p)
{
	return !(uses(lane, p) && TRUST(WINDOW_BELONGS_TO_EPOCH)) && is_settled(lane, p);
}

static void release(struct world *w, unsigned l, unsigned p)
{
	if (TRUST(MARK_BEFORE_ASKING))
		step_mark(w, l, p);
	leave(w, l, p);
}

/* All at once; one by one makes no fewer histories where nothing belongs together. */
bool step_release(struct world *w, unsigned l, unsigned p)
{
	struct lane *lane = &w->lanes[l];

	if (!lane->alive || !lane->hold[p].held || !lane->hold[p].revoking ||
	    !may_release(lane, p) || (scenario->keyed && !may_release(lane, PARTITIONS - 1 - p)))
		return false;
	release(w, l, p);
	if (scenario->keyed)
		release(w, l, PARTITIONS - 1 - p);
	return true;
}

/* What can't be finished in time: a begun batch takes its transaction with it. */
bool step_drop(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];

	if (!lane->alive || lane->failed || lane->window == 0 ||
	    !(lane->hold[0].revoking || lane->hold[1].revoking))
		return false;
	if (scenario->exactly_once && begun_batch(lane)) {
		give_up(w, l);
		return true;
	}
	ledger_dropped(w, l);
	memset(lane->batch, 0, sizeof(lane->batch));
	lane->window = 0;
	return true;
}
