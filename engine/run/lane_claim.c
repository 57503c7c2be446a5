/* Claims: who is responsible for an event id. */
#include "config.h"

#include "base/failpoint.h"
#include "run/lane_private.h"

static void begin_running(struct wr_lane *lane, struct wr_batch *batch)
{
	batch->state = WR_BATCH_RUNNING;
	wr_lane_run_batch(lane, batch);
}

static bool lets_through(const struct wr_lane *lane)
{
	return lane->conf->idempotency.on_unavailable == WR_ON_UNAVAILABLE_PROCESS &&
	       lane->store->ops->state(lane->store, NULL) == WR_CLAIM_STORE_DOWN;
}

/* Batches run in their order, so one that needs no claims waits for those before it too. */
void wr_lane_claim(struct wr_lane *lane, struct wr_batch *batch)
{
	struct wr_claim_set *set = &batch->claims;

	WR_FAILPOINT(after_take);
	batch->state = WR_BATCH_CLAIMING;
	batch->claimed_mono_ns = wr_lane_now(lane);
	set->count = 0;
	for (uint32_t i = 0; i < batch->count && lane->store != NULL; i++) {
		struct wr_item *item = &batch->items[i];

		if (item->claim.data == NULL || item->event.outcome != WR_OUTCOME_PENDING)
			continue;
		batch->claimers[set->count] = item;
		set->claims[set->count++] = (struct wr_claim){
		    .id = wr_bytes_from(item->event.pub.id), .value = item->claim};
	}
	if (set->count > 0)
		lane->store->ops->submit(lane->store, set);
	else
		set->done = true;
}

static void decide(struct wr_lane *lane, struct wr_item *item, const struct wr_claim *claim)
{
	enum wr_claim_decision decision = WR_CLAIM_NOT_A_CLAIM;
	struct wr_owner owner;

	if (claim->outcome != WR_CLAIM_UNREADABLE)
		decision = wr_claim_decide(claim->value, claim->found, wr_bytes(NULL, 0), &owner);
	switch (decision) {
	case WR_CLAIM_PROCESS:
		return;
	case WR_CLAIM_DUPLICATE:
	case WR_CLAIM_DEAD:
	case WR_CLAIM_TAKE_OVER:
	case WR_CLAIM_ASK:
	case WR_CLAIM_REPLAY_LOSER:
		wr_lane_finish(lane, item, WR_OUTCOME_DUPLICATE);
		return;
	case WR_CLAIM_NOT_A_CLAIM:
		wr_lane_kill(
		    lane, item, WR_CLASS_DECODE, "claim-unreadable",
		    "the claim store holds something else than a claim under this event id");
		return;
	}
}

/* Without memory for its claim value an item could not be told from its duplicates: it waits in the DLQ. */
static void kill_unclaimable(struct wr_lane *lane, struct wr_batch *batch)
{
	for (uint32_t i = 0; i < batch->count && lane->store != NULL; i++) {
		struct wr_item *item = &batch->items[i];

		if (item->event.outcome == WR_OUTCOME_PENDING && item->claim.data == NULL)
			wr_lane_kill(lane, item, WR_CLASS_DECODE, "no-memory",
				     "no memory to claim the event");
	}
}

static void resolve(struct wr_lane *lane, struct wr_batch *batch)
{
	struct wr_claim_set *set = &batch->claims;

	for (size_t i = 0; i < set->count; i++)
		decide(lane, batch->claimers[i], &set->claims[i]);
	kill_unclaimable(lane, batch);
	if (set->count > 0)
		wr_metric_observe(
		    lane->claim_seconds,
		    (double)(wr_lane_now(lane) - batch->claimed_mono_ns) / (double)WR_NS_PER_S, 1);
}

bool wr_lane_finish_claims(struct wr_lane *lane)
{
	bool moved = false;

	for (uint32_t i = 0; i < lane->in_flight; i++) {
		struct wr_batch *batch = wr_lane_batch(lane, i);

		if (batch->state != WR_BATCH_CLAIMING)
			continue;
		if (batch->claims.done) {
			resolve(lane, batch);
			WR_FAILPOINT(after_claim);
		} else if (lets_through(lane)) {
			lane->store->ops->cancel(lane->store, &batch->claims);
			wr_metric_add(lane->metrics.unchecked, (double)batch->claims.count);
		} else {
			break;
		}
		begin_running(lane, batch);
		moved = true;
	}
	return moved;
}
