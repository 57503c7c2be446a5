#include "config.h"

#include "core/envelope.h"

#include "base/check.h"
#include "base/utf8.h"
#include "core/claim.h"
#include "core/clause.h"

#include <stdio.h>
#include <string.h>

bool wr_header_is_ours(const char *name)
{
	return strncmp(name, WR_HEADER_PREFIX, sizeof(WR_HEADER_PREFIX) - 1) == 0;
}

void wr_envelope_output(struct weir_bytes event_id, struct weir_bytes generation,
			struct weir_header headers_r[WR_OUTPUT_HEADERS])
{
	headers_r[0] = (struct weir_header){"weir-event-id", event_id};
	headers_r[1] = (struct weir_header){"weir-generation", generation};
}

struct weir_bytes wr_envelope_emit_id(struct weir_bytes event_id, const struct wr_emit *emit,
				      struct wr_arena *arena)
{
	size_t capacity = event_id.size + strlen(emit->stage) + 16;
	char *text = wr_arena_alloc(arena, capacity);
	int size;

	if (text == NULL)
		return (struct weir_bytes){NULL, 0};
	if (event_id.size > 0)
		memcpy(text, event_id.data, event_id.size);
	size = snprintf(text + event_id.size, capacity - event_id.size, "/%s/%u", emit->stage,
			emit->number);
	return (struct weir_bytes){text, event_id.size + (size_t)size};
}

/* Whether two runs of bytes are the same; mostly they are the same memory. */
static bool is_same(struct weir_bytes a, struct weir_bytes b)
{
	return (a.data == b.data && a.size == b.size) ||
	       wr_bytes_equal(wr_bytes_from(a), wr_bytes_from(b));
}

static bool has_same_headers(const struct wr_event *ev)
{
	if (ev->pub.header_count != ev->source_header_count)
		return false;
	for (size_t i = 0; i < ev->source_header_count; i++) {
		const struct weir_header *a = &ev->pub.headers[i], *b = &ev->source_headers[i];

		if (strcmp(a->name, b->name) != 0 || !is_same(a->value, b->value))
			return false;
	}
	return true;
}

static void set(struct wr_envelope *e, enum wr_envelope_field field)
{
	e->fields |= UINT32_C(1) << field;
}

static void clear(struct wr_envelope *e, enum wr_envelope_field field)
{
	e->fields &= ~(UINT32_C(1) << field);
}

static void set_bytes(struct wr_envelope *e, enum wr_envelope_field field,
		      struct weir_bytes *member, struct weir_bytes value)
{
	*member = value;
	if (value.data != NULL)
		set(e, field);
	else
		clear(e, field);
}

/* NULL and "" are nothing to say. */
static void set_text(struct wr_envelope *e, enum wr_envelope_field field, struct weir_bytes *member,
		     const char *text)
{
	if (text != NULL && text[0] != '\0')
		set_bytes(e, field, member, (struct weir_bytes){text, strlen(text)});
	else
		set_bytes(e, field, member, (struct weir_bytes){NULL, 0});
}

/* What is written once: by the record that the event came by, or now. */
static void set_origin(struct wr_envelope *e, const struct wr_dead_letter *letter)
{
	const struct wr_event *ev = letter->event;
	const struct wr_envelope *past = letter->past;

	if (past != NULL) {
		*e = *past;
		return;
	}
	set_text(e, WR_FIELD_ORIGIN_TOPIC, &e->origin_topic, ev->pub.topic);
	e->origin_partition = ev->pub.partition;
	set(e, WR_FIELD_ORIGIN_PARTITION);
	e->origin_offset = ev->pub.offset;
	set(e, WR_FIELD_ORIGIN_OFFSET);
	if (ev->pub.timestamp_ms >= 0) {
		e->origin_timestamp_ms = ev->pub.timestamp_ms;
		set(e, WR_FIELD_ORIGIN_TIMESTAMP);
	}
}

static void set_times(struct wr_envelope *e, const struct wr_dead_letter *letter)
{
	if (letter->past == NULL || !wr_envelope_has(letter->past, WR_FIELD_FIRST_FAILED_AT))
		e->first_failed_at_ms = letter->event->first_failed_at_ms;
	set(e, WR_FIELD_FIRST_FAILED_AT);
	e->last_failed_at_ms = letter->event->last_failed_at_ms;
	set(e, WR_FIELD_LAST_FAILED_AT);
}

/* Who owns the event when it leaves. A replay that never came to claim, for want of memory or of a claim store, leaves
 * as what it came: its own coordinates own nothing, and whoever followed them would come too late. */
static void set_owner(struct wr_envelope *e, const struct wr_dead_letter *letter)
{
	bool is_replay = wr_envelope_has(e, WR_FIELD_REPLAY);

	if (is_replay && !letter->claimed && WR_CLAUSE(UNCLAIMED_LEAVES_AS_IT_CAME))
		return;
	set_bytes(e, WR_FIELD_REPLAY, &e->replay, (struct weir_bytes){NULL, 0});
	if (letter->past == NULL || WR_CLAUSE(LETTER_NAMES_ITS_OWNER))
		set_bytes(e, WR_FIELD_OWNER, &e->owner, wr_bytes_to_public(letter->owner));
}

/* What dead letters and retry records have in common. */
static void describe(const struct wr_dead_letter *letter, struct wr_envelope *e)
{
	const struct wr_event *ev = letter->event;

	*e = (struct wr_envelope){.fields = 0};
	set_origin(e, letter);
	/* Of the record that it came by, and of no other. */
	set_bytes(e, WR_FIELD_STAGE_VALUE, &e->stage_value, (struct weir_bytes){NULL, 0});
	set_bytes(e, WR_FIELD_SOURCE_KEY, &e->source_key, (struct weir_bytes){NULL, 0});
	set_bytes(e, WR_FIELD_SOURCE_VALUE, &e->source_value, (struct weir_bytes){NULL, 0});
	clear(e, WR_FIELD_RESUME);
	clear(e, WR_FIELD_ORDER);
	set_owner(e, letter);
	set_bytes(e, WR_FIELD_EVENT_ID, &e->event_id, ev->pub.id);
	set_text(e, WR_FIELD_PIPELINE, &e->pipeline, letter->pipeline);
	set_text(e, WR_FIELD_STAGE, &e->stage, letter->stage);
	set_text(e, WR_FIELD_PLUGIN, &e->plugin, letter->plugin);
	set_text(e, WR_FIELD_PLUGIN_VERSION, &e->plugin_version, letter->plugin_version);
	set_text(e, WR_FIELD_CODE, &e->code, ev->code);
	set_text(e, WR_FIELD_MESSAGE, &e->message, ev->message);
	e->message.size = wr_utf8_cut(wr_bytes_from(e->message), WR_ENVELOPE_MESSAGE_BYTES);
	e->attempts = letter->attempts;
	set(e, WR_FIELD_ATTEMPTS);
	set_times(e, letter);
	if (letter->past == NULL)
		e->replays = 0;
	set(e, WR_FIELD_REPLAYS);
	set_bytes(e, WR_FIELD_GENERATION, &e->generation, letter->generation);
}

/* A replay can go on at the stage when what entered it is the event as it came, or is kept. */
static void set_resume(struct wr_envelope *e, const struct wr_dead_letter *letter)
{
	const struct wr_event *ev = letter->event;

	if (letter->stage == NULL)
		return;
	e->resume = WR_RESUME_START;
	set(e, WR_FIELD_RESUME);
	if (!is_same(ev->pub.key, ev->source_key) || !has_same_headers(ev))
		return;
	if (!is_same(ev->pub.value, ev->source_value)) {
		if (!letter->keeps_stage_value || ev->pub.value.data == NULL ||
		    ev->pub.value.size > WR_KEPT_VALUE_BYTES)
			return;
		set_bytes(e, WR_FIELD_STAGE_VALUE, &e->stage_value, ev->pub.value);
	}
	e->resume = WR_RESUME_STAGE;
}

void wr_envelope_dead(const struct wr_dead_letter *letter, struct wr_envelope *envelope_r)
{
	describe(letter, envelope_r);
	set_bytes(envelope_r, WR_FIELD_REPLAY, &envelope_r->replay, (struct weir_bytes){NULL, 0});
	envelope_r->failure_class = letter->event->class;
	set(envelope_r, WR_FIELD_CLASS);
	set_resume(envelope_r, letter);
}

size_t wr_envelope_dead_letter(const struct wr_dead_letter *letter, struct wr_arena *arena,
			       struct weir_header headers_r[WR_DEAD_LETTER_HEADERS])
{
	struct wr_envelope e;

	wr_envelope_dead(letter, &e);
	return wr_envelope_write(&e, arena, headers_r);
}

/* What a dead letter tells people of its last failure, and nothing goes by. A retry record does without: each header
 * costs about as much as a quarter of a first call. */
static const enum wr_envelope_field for_people[] = {
    WR_FIELD_CLASS,   WR_FIELD_PLUGIN,         WR_FIELD_PLUGIN_VERSION,
    WR_FIELD_MESSAGE, WR_FIELD_LAST_FAILED_AT, WR_FIELD_GENERATION,
};

void wr_envelope_retry(const struct wr_dead_letter *letter, struct wr_envelope *envelope_r)
{
	const struct wr_event *ev = letter->event;

	describe(letter, envelope_r);
	for (size_t i = 0; i < WR_COUNT_OF(for_people); i++)
		clear(envelope_r, for_people[i]);
	if (envelope_r->replays == 0)
		clear(envelope_r, WR_FIELD_REPLAYS);
	if (!is_same(ev->pub.key, ev->source_key))
		set_bytes(envelope_r, WR_FIELD_SOURCE_KEY, &envelope_r->source_key, ev->source_key);
	if (!is_same(ev->pub.value, ev->source_value))
		set_bytes(envelope_r, WR_FIELD_SOURCE_VALUE, &envelope_r->source_value,
			  ev->source_value);
}

/* Its owner is the record that the event came with, unless that is a replay, or nobody. */
static bool tells_owner_origin(const struct wr_envelope *e)
{
	struct wr_owner owner;

	return wr_envelope_has(e, WR_FIELD_OWNER) &&
	       wr_claim_owner_parse(wr_bytes_from(e->owner), &owner) &&
	       owner.partition == e->origin_partition && owner.offset == e->origin_offset &&
	       wr_bytes_equal(owner.topic, wr_bytes_from(e->origin_topic));
}

/* It has not failed, so there is no failure to tell of; and it is the record that comes most often where a key rests
 * seldom. Its topic names the pipeline. */
static void say_less(struct wr_envelope *e)
{
	clear(e, WR_FIELD_PIPELINE);
	clear(e, WR_FIELD_ATTEMPTS);
	clear(e, WR_FIELD_FIRST_FAILED_AT);
	if (!tells_owner_origin(e))
		return;
	clear(e, WR_FIELD_ORIGIN_TOPIC);
	clear(e, WR_FIELD_ORIGIN_PARTITION);
	clear(e, WR_FIELD_ORIGIN_OFFSET);
}

void wr_envelope_set_turn(struct wr_envelope *envelope, enum wr_turn turn)
{
	envelope->turn = turn;
	set(envelope, WR_FIELD_ORDER);
	if (turn == WR_TURN_BEHIND && envelope->attempts == 0 && envelope->first_failed_at_ms == 0)
		say_less(envelope);
}

/* The value that goes round: the edited one, the stage's, or the event's own. */
static void choose_value(const struct wr_replay *replay, struct wr_envelope *e,
			 struct weir_bytes *value_r)
{
	*value_r = replay->value;
	if (replay->edited != NULL) {
		*value_r = *replay->edited;
		if (!wr_envelope_has(e, WR_FIELD_ORIGINAL_VALUE))
			set_bytes(e, WR_FIELD_ORIGINAL_VALUE, &e->original_value, replay->value);
	} else if (replay->to_stage && wr_envelope_has(e, WR_FIELD_STAGE_VALUE)) {
		*value_r = e->stage_value;
		set_bytes(e, WR_FIELD_SOURCE_VALUE, &e->source_value, replay->value);
	}
	set_bytes(e, WR_FIELD_STAGE_VALUE, &e->stage_value, (struct weir_bytes){NULL, 0});
}

void wr_envelope_replay(const struct wr_replay *replay, struct wr_envelope *envelope_r,
			struct weir_bytes *value_r)
{
	struct wr_envelope *e = envelope_r;

	*e = *replay->letter;
	choose_value(replay, e, value_r);
	if (!replay->to_stage) {
		set_text(e, WR_FIELD_STAGE, &e->stage, NULL);
		set_text(e, WR_FIELD_PLUGIN, &e->plugin, NULL);
		set_text(e, WR_FIELD_PLUGIN_VERSION, &e->plugin_version, NULL);
	}
	e->attempts = 0;
	if (e->replays < UINT32_MAX)
		e->replays++;
	if (replay->is_redrive) {
		if (e->redrives < UINT32_MAX)
			e->redrives++;
		set(e, WR_FIELD_REDRIVES);
	}
	clear(e, WR_FIELD_RESUME);
	clear(e, WR_FIELD_ORDER); /* it left its place when it was dead-lettered */
	set_text(e, WR_FIELD_REPLAY, &e->replay, replay->job);
	set_text(e, WR_FIELD_REPLAYED_FROM, &e->replayed_from, replay->from);
}
