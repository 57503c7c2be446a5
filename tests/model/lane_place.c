/* Where a lane reads from, and the marks that it stores. */
#include "config.h"

#include "tests/model/lane.h"

#include "base/check.h"
#include "tests/model/ledger.h"
#include "tests/model/retried.h"
#include "tests/model/value.h"

#include <string.h>

bool step_fetch(struct world *w, unsigned l, unsigned p)
{
	struct hold *hold = &w->lanes[l].hold[p];

	/* Who has to ask learns at last that he is expelled. */
	if (!w->lanes[l].alive || !owns(w, l, p) || hold->placed != PLACED_NOT || hold->revoking ||
	    w->lanes[l].failed)
		return false;
	for (unsigned i = 0; i < LANES && TRUST(FETCH_WAITS); i++) {
		if (w->transactions[i].open && w->transactions[i].has_offsets[p])
			return false;
	}
	hold->placed = PLACED_ASKED;
	hold->committed = w->topics[p].committed;
	hold->low = w->topics[p].low;
	hold->high = w->topics[p].high;
	return true;
}

/* As text, there and back, as between the engine and its servers. */
static bool read_metadata(const struct committed *committed, struct wr_mark *mark_r)
{
	const struct wr_mark mark = {.incarnation = committed->incarnation,
				     .start = committed->start,
				     .next = committed->next,
				     .last = committed->last};
	char text[WR_MARK_METADATA_BYTES];
	enum wr_code code;

	if (!committed->has_metadata)
		return false;
	code = wr_mark_metadata_decode(wr_bytes(text, wr_mark_metadata_encode(&mark, text)), mark_r,
				       NULL);
	WR_ASSERT(code == WR_OK);
	return true;
}

static void verify(const struct topic *topic, const struct wr_placing *placing,
		   struct wr_plan *plan)
{
	struct wr_fingerprint found;

	if (plan->place != WR_PLACE_VERIFY)
		return;
	if (plan->verify_at < topic->low || plan->verify_at >= topic->high) {
		wr_mark_verified(placing, NULL, plan);
		return;
	}
	found = fingerprint_of(topic->generation, topic->log[plan->verify_at].id);
	wr_mark_verified(placing, &found, plan);
}

bool step_place(struct world *w, unsigned l, unsigned p)
{
	struct hold *hold = &w->lanes[l].hold[p];
	struct wr_mark committed;
	struct wr_placing placing;
	struct wr_plan plan;

	if (!w->lanes[l].alive || hold->placed != PLACED_ASKED || hold->astray)
		return false;
	placing = (struct wr_placing){
	    .stored = w->store.has_mark[p] ? &w->store.marks[p] : NULL,
	    .committed = read_metadata(&hold->committed, &committed) ? &committed : NULL,
	    .committed_offset = hold->committed.offset,
	    .low = hold->low,
	    .high = hold->high,
	    .before = {hold->reach_incarnation, hold->reach_next},
	    .from_latest = scenario->from_latest,
	    .is_retry = is_retry(p),
	};
	wr_mark_place(&placing, &plan);
	if (plan.place == WR_PLACE_AGAIN) {
		*hold = (struct hold){.held = true,
				      .revoking = hold->revoking,
				      .epoch = hold->epoch,
				      .reach_incarnation = (uint8_t)plan.reach.incarnation,
				      .reach_next = (uint8_t)plan.reach.next};
		return true;
	}
	hold->reach_incarnation = hold->reach_next = 0;
	verify(&w->topics[p], &placing, &plan);
	hold->placed =
	    plan.commit_first && TRUST(JUMP_IS_COMMITTED_FIRST) ? PLACED_PLANNED : PLACED_READ;
	hold->mark = plan.mark;
	tidy_mark(&hold->mark);
	hold->mark_first = plan.mark_changed;
	hold->mark_due = false;
	hold->has_retired = false;
	hold->position = (uint8_t)plan.position;
	hold->generation = w->topics[p].generation;
	return true;
}

bool step_commit_place(struct world *w, unsigned l, unsigned p)
{
	struct hold *hold = &w->lanes[l].hold[p];

	if (!w->lanes[l].alive || hold->placed != PLACED_PLANNED || hold->astray ||
	    w->lanes[l].failed || (!owns(w, l, p) && TRUST(COMMIT_IS_FENCED)))
		return false;
	hold->placed = PLACED_READ;
	w->topics[p].committed = hold->committed = commit_of_hold(hold);
	return true;
}

static void store_mark(struct world *w, unsigned p, const struct hold *hold)
{
	const struct wr_mark *mark = &hold->mark;
	struct wr_mark *stored = &w->store.marks[p];
	char text[WR_MARK_TEXT_BYTES];
	enum wr_code code;

	if (w->store.has_mark[p] && TRUST(MARK_GOES_FORWARD) &&
	    (stored->incarnation > mark->incarnation ||
	     (stored->incarnation == mark->incarnation && stored->next > mark->next)))
		return;
	w->store.has_mark[p] = true;
	code = wr_mark_decode(wr_bytes(text, wr_mark_encode(mark, text)), stored, NULL);
	tidy_mark(stored);
	if (code != WR_OK)
		violate("a mark that was stored can't be read");
	ledger_marked(w, p, hold->generation);
}

bool step_mark(struct world *w, unsigned l, unsigned p)
{
	struct hold *hold = &w->lanes[l].hold[p];

	if (!w->lanes[l].alive || hold->placed != PLACED_READ ||
	    !(hold->mark_due || hold->mark_first))
		return false;
	store_mark(w, p, hold);
	hold->mark_due = hold->mark_first = false;
	return true;
}
