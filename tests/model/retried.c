#include "config.h"

#include "tests/model/retried.h"

#include "base/check.h"
#include "base/rng.h"
#include "core/parked.h"
#include "core/retried.h"
#include "core/retry_policy.h"
#include "tests/model/parked.h"
#include "tests/model/value.h"

bool is_retry(unsigned partition)
{
	return scenario->has_retry && partition == RETRY;
}

static struct weir_bytes text(const char *s)
{
	return (struct weir_bytes){s, strlen(s)};
}

static void give(struct wr_envelope *e, enum wr_envelope_field field)
{
	e->fields |= UINT32_C(1) << field;
}

static struct wr_envelope envelope_of(const struct record *record)
{
	struct wr_envelope e = {.attempts = record->attempts, .event_id = text("a")};

	give(&e, WR_FIELD_EVENT_ID);
	give(&e, WR_FIELD_ATTEMPTS);
	if (record->owner != 0) {
		e.owner = wr_bytes_to_public(value_owner_text(record->owner));
		give(&e, WR_FIELD_OWNER);
	}
	if (record->replay) {
		e.replay = text("job");
		give(&e, WR_FIELD_REPLAY);
	}
	if (record->ordered) {
		wr_envelope_set_turn(&e, WR_TURN_FIRST);
		e.origin_topic = text("t");
		e.origin_offset = value_offset(record->owner);
		give(&e, WR_FIELD_ORIGIN_TOPIC);
		give(&e, WR_FIELD_ORIGIN_PARTITION);
		give(&e, WR_FIELD_ORIGIN_OFFSET);
	}
	return e;
}

bool is_in_line(const struct record *record)
{
	const struct wr_envelope e = envelope_of(record);

	return wr_parked_counts(&e, wr_bytes_of("k"), "t", 0);
}

static value_t owner_of(const struct wr_envelope *e)
{
	return wr_envelope_has(e, WR_FIELD_OWNER) ? value_of_owner(wr_bytes_from(e->owner)) : 0;
}

void read_claim(struct batch *batch, uint32_t incarnation)
{
	static struct wr_arena arena;
	struct wr_claim_prefix prefix;
	struct wr_claimant claimant;
	struct wr_envelope e;
	bool read;

	batch->own = value_of(incarnation, batch->partition, batch->offset);
	if (!is_retry(batch->partition))
		return;
	if (arena.keep_bytes == 0)
		wr_arena_init(&arena, 4096);
	wr_arena_reset(&arena);
	wr_claim_prefix_init(&prefix, incarnation, "t", batch->partition);
	e = envelope_of(&batch->record);
	read = wr_retried_claim(&e, &prefix, batch->offset, &arena, &claimant);
	WR_ASSERT(read);
	batch->own = value_of_owner(wr_claim_owner(claimant.claim));
	if (claimant.replay_of.data != NULL)
		batch->replays = value_of_owner(claimant.replay_of);
}

static uint32_t attempt_of(const struct batch *batch)
{
	struct wr_envelope e = envelope_of(&batch->record);

	return is_retry(batch->partition) ? wr_retried_attempt(&e) : 1;
}

bool may_retry(const struct batch *batch)
{
	const struct wr_retry_policy policy = {
	    .attempts = scenario->attempts,
	    .backoff = {.initial_ms = 1, .factor = 1, .max_ms = 1, .jitter = WR_BACKOFF_EXACT}};
	const struct wr_retry_ask ask = {.attempt = attempt_of(batch)};
	struct wr_rng rng;
	int64_t wait_ms;

	wr_rng_init(&rng, 1);
	return wr_retry_decide(&policy, &ask, &rng, &wait_ms) == WR_RETRY_AGAIN;
}

bool has_room_for_retry(const struct world *w)
{
	unsigned count = w->topics[RETRY].high;

	for (unsigned l = 0; l < LANES; l++) {
		for (unsigned i = 0; i < w->transactions[l].count; i++)
			count += w->transactions[l].outputs[i].fate == FATE_RETRIED;
		for (unsigned i = 0; i < w->lanes[l].window; i++)
			count += w->lanes[l].batch[i].pending &&
				 w->lanes[l].batch[i].fate == FATE_RETRIED;
	}
	return count < OFFSETS;
}

struct record record_of(const struct batch *batch, enum fate fate)
{
	const struct wr_envelope past = envelope_of(&batch->record);
	const struct wr_event event = {.pub = {.id = text("a"), .topic = "t"}};
	const struct wr_dead_letter letter = {
	    .event = &event,
	    .past = is_retry(batch->partition) ? &past : NULL,
	    .pipeline = "p",
	    .owner = value_owner_text(batch->own),
	    .claimed = batch->claimed,
	    .attempts = attempt_of(batch) - batch->behind,
	};
	struct wr_envelope e;

	if (fate == FATE_DONE)
		return (struct record){.id = batch->record.id, .owner = batch->own};
	if (fate == FATE_DEAD)
		wr_envelope_dead(&letter, &e);
	else
		wr_envelope_retry(&letter, &e);
	if (fate == FATE_RETRIED && has_order(batch))
		wr_envelope_set_turn(&e, batch->behind ? WR_TURN_BEHIND : WR_TURN_FIRST);
	return (struct record){.id = batch->record.id,
			       .attempts = (uint8_t)e.attempts,
			       .calls = (uint8_t)(batch->record.calls + !batch->behind),
			       .replay = wr_envelope_has(&e, WR_FIELD_REPLAY),
			       .owner = owner_of(&e),
			       .ordered = wr_envelope_has(&e, WR_FIELD_ORDER)};
}

struct record replay_of(const struct record *letter)
{
	const struct wr_envelope dead = envelope_of(letter);
	const struct wr_replay replay = {
	    .letter = &dead, .value = text("{}"), .job = "job", .from = "d/0/0"};
	struct wr_envelope e;
	struct weir_bytes value;

	wr_envelope_replay(&replay, &e, &value);
	return (struct record){.id = letter->id,
			       .attempts = (uint8_t)e.attempts,
			       .replay = wr_envelope_has(&e, WR_FIELD_REPLAY),
			       .owner = owner_of(&e)};
}
