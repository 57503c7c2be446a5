/*
 * Claims: who is responsible for an event id. A batch's claims are one round trip. What was found may have to be taken
 * over, which is another one, and whether it may can depend on a mark that only the claim store has, which is one
 * more; both are rare.
 */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "core/envelope.h"
#include "run/lane_private.h"

#include <stdio.h>

#define TURN_NS (10 * WR_NS_PER_MS)

static void begin_running(struct wr_lane *lane, struct wr_batch *batch)
{
	batch->state = WR_BATCH_RUNNING;
	wr_lane_run_batch(lane, batch);
}

bool wr_lane_lets_through(const struct wr_lane *lane)
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

void wr_lane_cancel_claims(struct wr_lane *lane, struct wr_batch *batch)
{
	if (batch->claims.submitted)
		lane->store->ops->cancel(lane->store, &batch->claims);
	if (batch->marks.submitted)
		lane->store->ops->cancel_query(lane->store, &batch->marks);
}

/* The mark of the owner's partition, if the lane holds it. */
static const struct wr_mark *held_mark(const struct wr_lane *lane, const struct wr_item *item,
				       const struct wr_owner *owner)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);
	const struct wr_partition *p = item->record.partition;

	for (size_t i = 0; i <= count; i++) {
		const struct wr_lane_partition *ours = p->user;

		if (p->id == owner->partition && ours != NULL && ours->placed == WR_PLACED_READ &&
		    wr_bytes_equal(wr_bytes_of(p->topic), owner->topic))
			return &ours->mark;
		if (i < count)
			p = partitions[i];
	}
	return NULL;
}

/* The text that the store told for the owner's partition; NULL: it was not asked. */
static const struct wr_bytes *told_mark(const struct wr_batch *batch, const struct wr_owner *owner)
{
	char field[WR_LANE_FIELD_BYTES];

	snprintf(field, sizeof(field), "%.*s/%d", (int)owner->topic.size,
		 (const char *)owner->topic.data, owner->partition);
	for (size_t i = 0; i < batch->marks.count; i++) {
		if (wr_bytes_equal(batch->marks.fields[i], wr_bytes_of(field)))
			return &batch->marks.texts[i];
	}
	return NULL;
}

static enum wr_claim_decision by_told_mark(const struct wr_owner *owner, struct wr_bytes text,
					   bool is_replay)
{
	struct wr_mark mark;
	struct wr_err err;
	bool has_mark = text.data != NULL && wr_mark_decode(text, &mark, &err) == WR_OK;

	return wr_claim_decide_owner(owner, has_mark ? &mark : NULL, true, is_replay);
}

static enum wr_claim_decision decide(const struct wr_lane *lane, const struct wr_batch *batch,
				     const struct wr_item *item, const struct wr_claim *claim,
				     bool told)
{
	bool is_replay = item->replay_of.data != NULL;
	enum wr_claim_decision decision;
	const struct wr_bytes *text;
	struct wr_owner owner;

	if (claim->outcome == WR_CLAIM_UNREADABLE)
		return WR_CLAIM_NOT_A_CLAIM;
	decision = wr_claim_decide(claim->value, claim->found, item->replay_of, &owner);
	if (decision != WR_CLAIM_ASK)
		return decision;
	text = told ? told_mark(batch, &owner) : NULL;
	if (text != NULL)
		return by_told_mark(&owner, *text, is_replay);
	return wr_claim_decide_owner(&owner, held_mark(lane, item, &owner), false, is_replay);
}

static void end_as_duplicate(struct wr_lane *lane, struct wr_item *item,
			     const struct wr_claim *claim)
{
	wr_lane_finish(lane, item,
		       wr_claim_payload_differs(claim->value, claim->found)
			   ? WR_OUTCOME_PAYLOAD_MISMATCH
			   : WR_OUTCOME_DUPLICATE);
}

/* Somebody waits for what becomes of it. */
static void end_as_late_replay(struct wr_lane *lane, struct wr_item *item)
{
	const struct wr_envelope *past = item->past;
	char from[WR_LANE_FIELD_BYTES + 24], job[64];

	snprintf(from, sizeof(from), "%.*s", (int)past->replayed_from.size,
		 past->replayed_from.data != NULL ? (const char *)past->replayed_from.data : "");
	snprintf(job, sizeof(job), "%.*s", (int)past->replay.size,
		 past->replay.data != NULL ? (const char *)past->replay.data : "");
	WR_LOG(WR_LOG_WARN, "a replay came too late: another one, or upstream, was first",
	       WR_STR("pipeline", lane->conf->name), WR_STR("dead_letter", from),
	       WR_STR("job", job));
	wr_metric_add(lane->metrics.late_replays, 1);
	wr_lane_finish(lane, item, WR_OUTCOME_DUPLICATE);
}

static void kill_without_memory(struct wr_lane *lane, struct wr_item *item)
{
	wr_lane_kill(lane, item, WR_CLASS_DECODE, "no-memory", "no memory to claim the event");
}

/* Claims again, over exactly what was found. False: the item has its outcome. */
static bool take_over(struct wr_lane *lane, struct wr_item *item, struct wr_claim *claim)
{
	const void *found =
	    wr_arena_copy(&item->batch->arena, claim->found.data, claim->found.size);

	if (found == NULL) {
		kill_without_memory(lane, item);
		return false;
	}
	claim->expect = wr_bytes(found, claim->found.size);
	wr_metric_add(lane->metrics.take_overs, 1);
	return true;
}

/* What stands there can say more than what was claimed with: a retry record has no hash of the payload that its event
 * came with. The F is written over exactly what is there. */
static void keep_found(struct wr_item *item, const struct wr_claim *claim)
{
	const void *found;

	if (claim->found.data == NULL || wr_bytes_equal(claim->found, item->claim))
		return;
	found = wr_arena_copy(&item->batch->arena, claim->found.data, claim->found.size);
	if (found != NULL)
		item->claim = wr_bytes(found, claim->found.size);
}

/* False: the item has its outcome, or runs. True: its claim is not settled. */
static bool heed(struct wr_lane *lane, struct wr_item *item, struct wr_claim *claim,
		 enum wr_claim_decision decision)
{
	switch (decision) {
	case WR_CLAIM_PROCESS:
		if (claim->expect.data != NULL)
			WR_FAILPOINT(after_take_over);
		item->claimed = true;
		keep_found(item, claim);
		return false;
	case WR_CLAIM_TAKE_OVER:
		return take_over(lane, item, claim);
	case WR_CLAIM_ASK:
		claim->expect = wr_bytes(NULL, 0);
		return true;
	case WR_CLAIM_DUPLICATE:
		end_as_duplicate(lane, item, claim);
		return false;
	case WR_CLAIM_REPLAY_LOSER:
		end_as_late_replay(lane, item);
		return false;
	case WR_CLAIM_DEAD:
		wr_lane_finish(lane, item, WR_OUTCOME_SKIPPED);
		return false;
	case WR_CLAIM_NOT_A_CLAIM:
		break;
	}
	wr_lane_kill(lane, item, WR_CLASS_DECODE, "claim-unreadable",
		     "the claim store holds something else than a claim under this event id");
	return false;
}

/* Decides what can be decided; the others stay in the set, in their order. */
static void settle(struct wr_lane *lane, struct wr_batch *batch, bool told)
{
	struct wr_claim_set *set = &batch->claims;
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct wr_claim *claim = &set->claims[i];
		struct wr_item *item = batch->claimers[i];

		/* To be taken over since before the marks were asked for. */
		if (told && claim->expect.data != NULL) {
			set->claims[kept] = *claim;
			batch->claimers[kept++] = item;
			continue;
		}
		if (!heed(lane, item, claim, decide(lane, batch, item, claim, told)))
			continue;
		set->claims[kept] = *claim;
		batch->claimers[kept++] = item;
	}
	set->count = kept;
}

/* Adds the field of one claim's owner, once. False without memory. */
static bool ask_for(struct wr_batch *batch, const struct wr_item *item,
		    const struct wr_claim *claim)
{
	struct wr_bytes *field_p = &batch->owners[batch->marks.count];
	char field[WR_LANE_FIELD_BYTES];
	struct wr_owner owner;
	int size;

	wr_claim_decide(claim->value, claim->found, item->replay_of, &owner);
	if (told_mark(batch, &owner) != NULL)
		return true;
	size = snprintf(field, sizeof(field), "%.*s/%d", (int)owner.topic.size,
			(const char *)owner.topic.data, owner.partition);
	*field_p = wr_bytes(wr_arena_copy(&batch->arena, field, (size_t)size), (size_t)size);
	if (field_p->data == NULL)
		return false;
	batch->marks.texts[batch->marks.count] = wr_bytes(NULL, 0);
	batch->marks.count++;
	return true;
}

static bool begin_asking(struct wr_batch *batch)
{
	size_t most = batch->claims.count;

	batch->marks.count = 0;
	batch->owners = wr_arena_alloc(&batch->arena, 2 * most * sizeof(*batch->owners));
	if (batch->owners == NULL)
		return false;
	batch->marks.fields = batch->owners;
	batch->marks.texts = batch->owners + most;
	return true;
}

/* Gathers the owners that are not settled. False without memory: what is gathered is kept for the next attempt. */
static bool gather(struct wr_batch *batch)
{
	struct wr_claim_set *set = &batch->claims;

	for (size_t i = 0; i < set->count; i++) {
		if (set->claims[i].expect.data != NULL)
			continue; /* to be taken over */
		if ((batch->owners == NULL && !begin_asking(batch)) ||
		    !ask_for(batch, batch->claimers[i], &set->claims[i]))
			return false;
	}
	return true;
}

/* Without memory for its claim value an item could not be told from its duplicates: it waits in the DLQ. */
static void kill_unclaimable(struct wr_lane *lane, struct wr_batch *batch)
{
	for (uint32_t i = 0; i < batch->count && lane->store != NULL; i++) {
		struct wr_item *item = &batch->items[i];

		if (item->event.outcome == WR_OUTCOME_PENDING && item->claim.data == NULL)
			kill_without_memory(lane, item);
	}
}

enum step { STEP_SETTLED, STEP_ASKED, STEP_WITHOUT_MEMORY };

/* The next step of a batch whose answers are there. */
static enum step resolve(struct wr_lane *lane, struct wr_batch *batch)
{
	bool told = batch->marks.done;

	/* Else it is settled as far as can be, and the owners of the others are being gathered. */
	if (batch->owners == NULL || told) {
		batch->marks.done = false;
		batch->owners = NULL;
		settle(lane, batch, told);
		batch->marks.count = 0;
	}
	if (batch->claims.count == 0)
		return STEP_SETTLED;
	if (!gather(batch))
		return STEP_WITHOUT_MEMORY;
	if (batch->owners != NULL) {
		lane->store->ops->query_marks(lane->store, &batch->marks);
		return STEP_ASKED;
	}
	WR_FAILPOINT(before_take_over);
	lane->store->ops->submit(lane->store, &batch->claims);
	return STEP_ASKED;
}

static void finish(struct wr_lane *lane, struct wr_batch *batch)
{
	kill_unclaimable(lane, batch);
	if (lane->store != NULL)
		wr_metric_observe(
		    lane->claim_seconds,
		    (double)(wr_lane_now(lane) - batch->claimed_mono_ns) / (double)WR_NS_PER_S, 1);
	WR_FAILPOINT(after_claim);
}

static void let_through(struct wr_lane *lane, struct wr_batch *batch)
{
	wr_lane_cancel_claims(lane, batch);
	wr_metric_add(lane->metrics.unchecked, (double)batch->claims.count);
}

/* False: it does not run yet. */
static bool finish_claim(struct wr_lane *lane, struct wr_batch *batch, bool *moved_p)
{
	if (batch->claims.submitted || batch->marks.submitted) {
		if (!wr_lane_lets_through(lane))
			return false;
		let_through(lane, batch);
		return true;
	}
	switch (resolve(lane, batch)) {
	case STEP_SETTLED:
		finish(lane, batch);
		return true;
	case STEP_ASKED:
		*moved_p = true;
		break;
	case STEP_WITHOUT_MEMORY: /* again when the lane wakes, after others gave theirs back */
		break;
	}
	return false;
}

/* A slow stage does not run the whole window in one turn: what it has done is written, transactions are ended and
 * partitions given up in between. */
bool wr_lane_finish_claims(struct wr_lane *lane)
{
	int64_t until = wr_lane_now(lane) + TURN_NS;
	bool moved = false;

	for (uint32_t i = 0; i < lane->in_flight; i++) {
		struct wr_batch *batch = wr_lane_batch(lane, i);

		if (batch->state != WR_BATCH_CLAIMING)
			continue;
		if (!finish_claim(lane, batch, &moved))
			break;
		begin_running(lane, batch);
		moved = true;
		if (wr_lane_now(lane) >= until)
			break;
	}
	return moved;
}
