/* What dead letters and retry records say of their events. */
#include "config.h"

#include "core/envelope.h"
#include "host/plugin.h"
#include "run/lane_private.h"

#include <string.h>

static struct weir_bytes generation_of(const struct wr_item *item)
{
	const char *generation = item->program->generation;

	return (struct weir_bytes){generation, strlen(generation)};
}

/* The stage that a retry record was for, as it names it; NULL without memory. */
static const char *gone_stage(const struct wr_item *item)
{
	const struct weir_bytes name = item->past->stage;
	char *text = wr_arena_alloc(&item->batch->arena, name.size + 1);

	if (text == NULL)
		return NULL;
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	return text;
}

/* Calls of its stage so far: of one that waits behind another, without the next. */
static uint32_t attempts_of(const struct wr_item *item)
{
	uint32_t next = item->event.pub.attempt;

	return item->behind ? next - item->held_attempts - 1 : next;
}

static struct wr_dead_letter letter_of(const struct wr_item *item)
{
	const struct wr_pipeline *pipeline = item->program->pipeline;
	const struct wr_event *ev = &item->event;
	struct wr_dead_letter letter = {
	    .event = ev,
	    .pipeline = pipeline->conf->name,
	    .generation = generation_of(item),
	    .keeps_stage_value = pipeline->conf->dlq_stage_value,
	};
	const struct wr_stage *stage;

	letter.past = item->past;
	letter.claimed = item->claimed;
	if (item->claim.data != NULL)
		letter.owner = wr_claim_owner(item->claim);
	if (ev->outcome == WR_OUTCOME_DEAD && ev->class == WR_CLASS_NO_STAGE && item->stage_gone) {
		letter.stage = gone_stage(item);
		letter.attempts = item->past->attempts;
		return letter;
	}
	if (ev->class == WR_CLASS_DECODE || ev->stage >= pipeline->stage_count)
		return letter;
	letter.attempts = attempts_of(item);
	if (item->behind && ev->stage == 0 && letter.attempts == 0)
		return letter; /* it goes on at the start */
	stage = &pipeline->stages[ev->stage];
	letter.stage = stage->name;
	letter.plugin = stage->plugin->id;
	letter.plugin_version = stage->plugin->version;
	return letter;
}

/* A DLQ may refuse a letter for hours: what the tries need is made once. */
bool wr_lane_prepare_dead(struct wr_write *write)
{
	struct wr_dead_letter letter = letter_of(write->item);
	struct wr_arena *arena = &write->batch->arena;
	struct weir_header *ours = wr_arena_alloc(arena, WR_DEAD_LETTER_HEADERS * sizeof(*ours));

	if (ours == NULL)
		return false;
	write->our_count = wr_envelope_dead_letter(&letter, arena, ours);
	write->ours = write->our_count > 0 ? ours : NULL;
	return write->ours != NULL;
}

bool wr_lane_prepare_retry(struct wr_write *write)
{
	const struct wr_item *item = write->item;
	struct wr_dead_letter letter = letter_of(item);
	struct wr_arena *arena = &item->batch->arena;
	struct weir_header ours[WR_DEAD_LETTER_HEADERS];
	struct wr_envelope envelope;

	wr_envelope_retry(&letter, &envelope);
	if (item->in_order)
		wr_envelope_set_turn(&envelope, item->behind ? WR_TURN_BEHIND : WR_TURN_FIRST);
	write->our_count = wr_envelope_write(&envelope, arena, ours);
	if (write->our_count > 0)
		write->ours = wr_arena_copy(arena, ours, write->our_count * sizeof(*ours));
	return write->ours != NULL;
}
