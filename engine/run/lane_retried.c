/*
 * Records of the pipeline's own retry topics: they wait until they are due, in their partition, and then go on where
 * their envelope says. Anybody may write to these topics, so an envelope that has not its form is bad input.
 */
#include "config.h"

#include "base/log.h"
#include "core/retried.h"
#include "host/plugin.h"
#include "run/lane_private.h"

#include <string.h>

#define CROWDED_NS (100 * WR_NS_PER_MS)
#define TOGETHER_NS (20 * WR_NS_PER_MS) /* at most, and a tenth of the delay */

/* How long the record still has to wait. The delay is its topic's; a time from the future, which a clock that was set
 * back or a stranger made, holds a partition up no longer than that. */
static int64_t wait_ns(const struct wr_lane *lane, const struct wr_source_record *record,
		       int64_t now_ms)
{
	const struct wr_lane_partition *partition = record->partition->user;
	int64_t left_ms;

	if (record->timestamp_ms < 0 || partition->delay_ms == 0)
		return 0;
	/* In this order: a stranger's time may be as large as can be. */
	left_ms = partition->delay_ms - (now_ms - record->timestamp_ms);
	if (left_ms <= 0)
		return 0;
	if (record->offset == partition->held_offset)
		return partition->held_until_ns - wr_lane_now(lane);
	return (left_ms < partition->delay_ms ? left_ms : partition->delay_ms) * WR_NS_PER_MS;
}

/* What waits behind another of its key waits for that one alone, which lies before it. */
static bool stands_behind(const struct wr_lane *lane, const struct wr_source_record *record)
{
	const struct weir_header *headers;
	size_t count = lane->source->ops->headers(lane->source, record, &headers);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(headers[i].name, wr_envelope_header(WR_FIELD_ORDER)) == 0)
			return wr_bytes_equal(wr_bytes_from(headers[i].value),
					      wr_bytes_of("behind"));
	}
	return false;
}

/* Nothing of a source for a moment: what is parked of it must become less. */
static size_t put_all_back(struct wr_lane *lane, struct wr_source_record *records, size_t count)
{
	int64_t until = wr_lane_now(lane) + CROWDED_NS;

	if (lane->source->ops->put_back(lane->source, records, count, until) != WR_OK)
		return count;
	if (until < lane->held_until_ns)
		lane->held_until_ns = until;
	return 0;
}

/* Where some come, more will: they are taken in groups, not in ones and twos as each falls due. */
static int64_t together_ns(const struct wr_lane_partition *partition)
{
	int64_t most = partition->delay_ms * WR_NS_PER_MS / 10;

	return most < TOGETHER_NS ? most : TOGETHER_NS;
}

size_t wr_lane_keep_due(struct wr_lane *lane, struct wr_source_record *records, size_t count)
{
	struct wr_lane_partition *partition = records[0].partition->user;
	int64_t now_ms, wait = 0;
	size_t due = 0;

	if (!partition->is_retry)
		return wr_lane_is_crowded(lane) ? put_all_back(lane, records, count) : count;
	now_ms = wr_clock_wall_ms(lane->o.clock);
	while (due < count && ((wait = wait_ns(lane, &records[due], now_ms)) <= 0 ||
			       stands_behind(lane, &records[due])))
		due++;
	if (due == count)
		return count;
	if (due > 0 && wait < together_ns(partition))
		wait = together_ns(partition);
	partition->held_offset = records[due].offset;
	partition->held_until_ns = wr_lane_now(lane) + wait;
	if (partition->held_until_ns < lane->held_until_ns)
		lane->held_until_ns = partition->held_until_ns;
	/* Without memory they are taken before their time, which loses nothing. */
	if (lane->source->ops->put_back(lane->source, records + due, count - due,
					partition->held_until_ns) != WR_OK)
		return count;
	return due;
}

static void *copy(struct wr_item *item, const void *data, size_t size)
{
	void *to = wr_arena_alloc(&item->batch->arena, size + 1);

	if (to == NULL)
		return NULL;
	memcpy(to, data, size);
	((char *)to)[size] = '\0';
	return to;
}

/* What the plugin sees of where it came from is what it was at its first attempt. */
static bool restore_origin(struct wr_item *item, const struct wr_envelope *e)
{
	struct weir_event *ev = &item->event.pub;

	if (wr_envelope_has(e, WR_FIELD_ORIGIN_TOPIC)) {
		ev->topic = copy(item, e->origin_topic.data, e->origin_topic.size);
		if (ev->topic == NULL)
			return false;
	}
	if (wr_envelope_has(e, WR_FIELD_ORIGIN_PARTITION))
		ev->partition = e->origin_partition;
	if (wr_envelope_has(e, WR_FIELD_ORIGIN_OFFSET))
		ev->offset = e->origin_offset;
	if (wr_envelope_has(e, WR_FIELD_ORIGIN_TIMESTAMP))
		ev->timestamp_ms = e->origin_timestamp_ms;
	return true;
}

static void restore_source(struct wr_event *ev, const struct wr_envelope *e)
{
	if (wr_envelope_has(e, WR_FIELD_SOURCE_KEY))
		ev->source_key = e->source_key;
	if (wr_envelope_has(e, WR_FIELD_SOURCE_VALUE))
		ev->source_value = e->source_value;
}

static void restore_attempts(struct wr_event *ev, const struct wr_envelope *e)
{
	ev->pub.attempt = wr_retried_attempt(e);
	if (wr_envelope_has(e, WR_FIELD_REPLAY))
		return; /* a deadline begins anew as well */
	if (wr_envelope_has(e, WR_FIELD_FIRST_FAILED_AT))
		ev->first_failed_at_ms = e->first_failed_at_ms;
	if (wr_envelope_has(e, WR_FIELD_LAST_FAILED_AT))
		ev->last_failed_at_ms = e->last_failed_at_ms;
}

/* False: there is no such stage. */
static bool find_stage(const struct wr_program *program, const struct wr_envelope *e,
		       uint32_t *stage_r)
{
	*stage_r = 0;
	return !wr_envelope_has(e, WR_FIELD_STAGE) ||
	       wr_program_find_stage(program, wr_bytes_from(e->stage), stage_r);
}

/* While a canary runs, what waits for a stage that only one of the two has goes on in that one. */
static bool restore_stage(struct wr_lane *lane, struct wr_item *item, const struct wr_envelope *e)
{
	struct wr_batch *batch = item->batch;

	if (batch->canary != NULL)
		wr_lane_choose_program(lane, item);
	if (find_stage(item->program, e, &item->event.stage))
		return true;
	if (batch->canary == NULL)
		return false;
	item->program = item->program == batch->canary ? batch->program : batch->canary;
	return find_stage(item->program, e, &item->event.stage);
}

static bool restore_claim(struct wr_item *item, const struct wr_envelope *e)
{
	const struct wr_lane_partition *partition = item->record.partition->user;
	struct wr_claimant claimant;

	if (!wr_envelope_has(e, WR_FIELD_EVENT_ID))
		return true;
	item->event.pub.id = e->event_id;
	if (!wr_retried_claim(e, &partition->prefix, item->record.offset, &item->batch->arena,
			      &claimant))
		return false;
	item->claim = claimant.claim;
	item->replay_of = claimant.replay_of;
	return true;
}

static void kill_broken(struct wr_lane *lane, struct wr_item *item, const struct wr_err *err)
{
	wr_lane_kill(lane, item, WR_CLASS_DECODE, "bad-envelope",
		     copy(item, err->text, strlen(err->text)));
}

static bool restore(struct wr_item *item, const struct wr_envelope *e)
{
	struct wr_envelope *past = wr_arena_alloc(&item->batch->arena, sizeof(*past));

	if (past == NULL)
		return false;
	*past = *e;
	item->past = past;
	restore_source(&item->event, e);
	restore_attempts(&item->event, e);
	item->in_order =
	    wr_parked_counts(e, wr_bytes_from(item->event.source_key),
			     wr_lane_only_topic(item->program->conf), item->record.partition->id);
	return restore_origin(item, e) && restore_claim(item, e);
}

enum wr_code wr_lane_read_envelope(const struct wr_lane *lane, const struct weir_header *headers,
				   size_t count, struct wr_envelope *envelope_r, struct wr_err *err)
{
	enum wr_code rc = wr_envelope_read(headers, count, WR_ENVELOPE_RETRY, envelope_r, err);

	if (rc == WR_ENOTFOUND)
		return wr_err_set(err, WR_EINVAL, "a record without an envelope on a retry topic");
	if (rc == WR_OK && wr_envelope_has(envelope_r, WR_FIELD_PIPELINE) &&
	    !wr_bytes_equal(wr_bytes_from(envelope_r->pipeline), wr_bytes_of(lane->conf->name)))
		return wr_err_set(err, WR_EINVAL, "weir-pipeline names another pipeline");
	return rc;
}

void wr_lane_read_retried(struct wr_lane *lane, struct wr_item *item,
			  const struct weir_header *headers, size_t count)
{
	struct wr_envelope e;
	struct wr_err err;

	if (wr_lane_read_envelope(lane, headers, count, &e, &err) != WR_OK) {
		kill_broken(lane, item, &err);
		return;
	}
	if (!restore(item, &e)) {
		wr_lane_kill(lane, item, WR_CLASS_DECODE, "no-memory", "no memory for a retry");
		return;
	}
	item->stage_gone = !restore_stage(lane, item, &e);
	item->batch->has_stageless |= item->stage_gone;
}

bool wr_lane_restore(struct wr_item *item, struct wr_program *program)
{
	struct wr_event *ev = &item->event;
	uint32_t stage = 0;

	if (item->past != NULL && !find_stage(program, item->past, &stage))
		return false;
	item->program = program;
	ev->pub.key = wr_bytes_to_public(item->record.key);
	ev->pub.value = wr_bytes_to_public(item->record.value);
	ev->pub.headers = ev->source_headers;
	ev->pub.header_count = ev->source_header_count;
	ev->pub.attempt = 1;
	ev->res = (struct weir_result){.verdict = WEIR_UNSET};
	ev->effects = (struct wr_effects){.has_value = false};
	ev->emits = (struct wr_emits){.first = NULL};
	ev->output = 0;
	ev->stage = stage;
	ev->first_failed_at_ms = ev->last_failed_at_ms = 0;
	if (item->past != NULL)
		restore_attempts(ev, item->past);
	return true;
}
