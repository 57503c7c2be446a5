/* Taking records and claiming their ids. */
#include "config.h"

#include "tests/model/lane.h"

#include "base/check.h"
#include "tests/model/ledger.h"
#include "tests/model/retried.h"
#include "tests/model/value.h"

#include <string.h>

static void decide(struct world *w, struct batch *batch, value_t found)
{
	struct wr_owner owner;

	batch->found = 0;
	switch (wr_claim_decide(value_text(batch->own), value_text(found),
				value_owner_text(batch->replays), &owner)) {
	case WR_CLAIM_PROCESS:
		ledger_claimed(w, batch, found);
		batch->claimed = true;
		batch->state = BATCH_RUNNING;
		return;
	case WR_CLAIM_DUPLICATE:
		ledger_unreported(batch);
		ledger_skipped(w, batch, found);
		batch->state = BATCH_SKIPPED;
		return;
	case WR_CLAIM_DEAD:
	case WR_CLAIM_REPLAY_LOSER:
		ledger_skipped(w, batch, found);
		batch->state = BATCH_SKIPPED;
		return;
	case WR_CLAIM_TAKE_OVER:
		batch->found = found;
		batch->state = BATCH_TAKING;
		return;
	case WR_CLAIM_ASK:
		batch->found = found;
		batch->state = BATCH_ASKING;
		return;
	case WR_CLAIM_NOT_A_CLAIM:
		violate("a claim can't be read");
		return;
	}
}

/* The mark of the owner's partition, from memory where the lane holds it. */
static const struct wr_mark *mark_for(const struct world *w, unsigned l, unsigned p, bool fresh)
{
	const struct hold *hold = &w->lanes[l].hold[p];

	if (!fresh)
		return hold->held && hold->placed == PLACED_READ ? &hold->mark : NULL;
	return w->store.has_mark[p] ? &w->store.marks[p] : NULL;
}

/* Another record has its id. */
static void skip(struct world *w, struct batch *batch)
{
	ledger_skipped(w, batch, batch->found);
	batch->found = 0;
	batch->state = BATCH_SKIPPED;
}

static void decide_by_mark(struct world *w, unsigned l, struct batch *batch, bool fresh)
{
	struct wr_owner owner;
	bool parsed = wr_claim_owner_parse(value_owner_text(batch->found), &owner);
	const struct wr_mark *mark = mark_for(w, l, (unsigned)owner.partition, fresh);

	WR_ASSERT(parsed);
	switch (wr_claim_decide_owner(&owner, mark, fresh, batch->replays != 0)) {
	case WR_CLAIM_TAKE_OVER:
		batch->state = BATCH_TAKING;
		return;
	case WR_CLAIM_DUPLICATE:
		ledger_unreported(batch);
		skip(w, batch);
		return;
	case WR_CLAIM_REPLAY_LOSER:
		skip(w, batch);
		return;
	case WR_CLAIM_ASK:
		return;
	case WR_CLAIM_PROCESS:
	case WR_CLAIM_DEAD:
	case WR_CLAIM_NOT_A_CLAIM:
		violate("the second step of a claim's decision answers what it can't");
		return;
	}
}

static value_t set_claim(struct world *w, unsigned id, value_t own, value_t expect)
{
	value_t found = w->store.claims[id];

	if (found == 0 || (expect != 0 && (found == expect || !TRUST(TAKE_OVER_COMPARES))) ||
	    (expect == 0 && !TRUST(CLAIM_COMPARES))) {
		w->store.claims[id] = own;
		return 0;
	}
	return found;
}

static void claim(struct world *w, unsigned l, struct batch *batch, value_t expect)
{
	decide(w, batch, set_claim(w, batch->record.id, batch->own, expect));
	if (batch->state == BATCH_ASKING)
		decide_by_mark(w, l, batch, false);
}

bool step_take(struct world *w, unsigned l, unsigned p)
{
	struct lane *lane = &w->lanes[l];
	struct hold *hold = &lane->hold[p];
	const struct topic *topic = &w->topics[p];
	struct batch *batch = &lane->batch[lane->window];

	if (!lane->alive || lane->failed || lane->window == scenario->window || !hold->held ||
	    (scenario->keyed && !lane->looked_back) || hold->placed != PLACED_READ ||
	    hold->revoking || hold->astray || hold->position >= topic->high)
		return false;
	if (hold->position < topic->low) {
		hold->astray = true;
		return true;
	}
	*batch = (struct batch){.partition = (uint8_t)p,
				.generation = topic->generation,
				.offset = hold->position,
				.record = topic->log[hold->position]};
	lane->window++;
	if (wr_mark_covers(&hold->mark, batch->offset)) {
		batch->state = BATCH_SKIPPED;
		hold->position = (uint8_t)wr_mark_skip(&hold->mark, batch->offset);
		return true;
	}
	hold->position++;
	read_claim(batch, hold->mark.incarnation);
	batch->state = BATCH_CLAIMING;
	return true;
}

static struct batch *batch_in(struct world *w, unsigned l, unsigned i, enum batch_state state)
{
	struct lane *lane = &w->lanes[l];

	return lane->alive && i < lane->window && lane->batch[i].state == state ? &lane->batch[i]
										: NULL;
}

bool step_claim(struct world *w, unsigned l, unsigned i, bool answered)
{
	struct batch *batch = batch_in(w, l, i, BATCH_CLAIMING);
	struct hold *hold;

	/* In one pipeline: the claims of a batch come behind those of the ones before it. */
	if (batch == NULL || (i > 0 && w->lanes[l].batch[i - 1].state == BATCH_CLAIMING))
		return false;
	hold = &w->lanes[l].hold[batch->partition];
	if (hold->mark_first && TRUST(MARK_BEFORE_CLAIM))
		step_mark(w, l, batch->partition);
	if (answered)
		claim(w, l, batch, 0);
	else
		set_claim(w, batch->record.id, batch->own, 0);
	return true;
}

/* Redis is away with on_unavailable: process, or there is no memory for its claim. */
bool step_let_through(struct world *w, unsigned l, unsigned i)
{
	struct batch *batch = batch_in(w, l, i, BATCH_CLAIMING);

	if (batch == NULL)
		return false;
	batch->state = BATCH_RUNNING;
	batch->excused = true;
	ledger_let_through(w, batch);
	return true;
}

bool step_ask_mark(struct world *w, unsigned l, unsigned i)
{
	struct batch *batch = batch_in(w, l, i, BATCH_ASKING);

	if (batch == NULL)
		return false;
	decide_by_mark(w, l, batch, true);
	return true;
}

bool step_compare_and_set(struct world *w, unsigned l, unsigned i, bool answered)
{
	struct batch *batch = batch_in(w, l, i, BATCH_TAKING);

	if (batch == NULL)
		return false;
	if (answered)
		claim(w, l, batch, batch->found);
	else
		set_claim(w, batch->record.id, batch->own, batch->found);
	return true;
}
