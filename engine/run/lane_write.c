/* Writing what the verdicts say: outputs, emitted records, dead letters. */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "core/envelope.h"
#include "run/lane_private.h"

#include <string.h>

#define REWRITE_MS 500

static const struct wr_stage_guard *guard_of(const struct wr_item *item)
{
	return &item->program->guards[item->event.stage];
}

static struct weir_bytes generation_of(const struct wr_item *item)
{
	const char *generation = item->program->generation;

	return (struct weir_bytes){generation, strlen(generation)};
}

static enum wr_code send(struct wr_lane *lane, struct wr_sink_record *record,
			 struct wr_write *write, struct wr_err *err)
{
	record->timestamp_ms = lane->writing_ms;
	return lane->sink->ops->write(lane->sink, record, write, err);
}

static enum wr_code send_output(struct wr_lane *lane, struct wr_write *write, struct wr_err *err)
{
	const struct wr_event *ev = &write->item->event;
	struct weir_header ours[WR_OUTPUT_HEADERS];
	struct wr_sink_record record = {
	    .topic = write->item->program->outputs[ev->output],
	    .key = wr_bytes_from(ev->pub.key),
	    .value = wr_bytes_from(ev->pub.value),
	    .headers = ev->pub.headers,
	    .header_count = ev->pub.header_count,
	    .more_headers = ours,
	    .more_header_count = WR_OUTPUT_HEADERS,
	};

	wr_envelope_output(ev->pub.id, generation_of(write->item), ours);
	return send(lane, &record, write, err);
}

static bool prepare_emit(struct wr_write *write)
{
	struct wr_arena *arena = &write->batch->arena;
	struct weir_bytes id = wr_envelope_emit_id(write->item->event.pub.id, write->emit, arena);
	struct weir_header *ours = wr_arena_alloc(arena, WR_OUTPUT_HEADERS * sizeof(*ours));

	if (id.data == NULL || ours == NULL)
		return false;
	wr_envelope_output(id, generation_of(write->item), ours);
	write->ours = ours;
	write->our_count = WR_OUTPUT_HEADERS;
	return true;
}

static enum wr_code send_emit(struct wr_lane *lane, struct wr_write *write, struct wr_err *err)
{
	const struct wr_emit *emit = write->emit;
	struct wr_sink_record record = {
	    .topic = write->item->program->outputs[emit->output],
	    .key = wr_bytes_from(emit->key),
	    .value = wr_bytes_from(emit->value),
	    .headers = emit->headers,
	    .header_count = emit->header_count,
	};

	if (write->ours == NULL && !prepare_emit(write))
		return wr_err_set(err, WR_EFULL, "no memory for the id of an emitted record");
	record.more_headers = write->ours;
	record.more_header_count = write->our_count;
	return send(lane, &record, write, err);
}

static enum wr_code send_dead(struct wr_lane *lane, struct wr_write *write, struct wr_err *err)
{
	const struct wr_event *ev = &write->item->event;
	struct wr_sink_record record = {
	    .topic = write->item->program->dlq,
	    .key = wr_bytes_from(ev->source_key),
	    .value = wr_bytes_from(ev->source_value),
	    .headers = ev->source_headers,
	    .header_count = ev->source_header_count,
	};

	if (write->ours == NULL && !wr_lane_prepare_dead(write))
		return wr_err_set(err, WR_EFULL, "no memory for a dead letter");
	record.more_headers = write->ours;
	record.more_header_count = write->our_count;
	return send(lane, &record, write, err);
}

/* What waits behind another goes where that one lies: mostly a topic of its own stage, but maybe one that no policy
 * names any more. */
static bool find_retry_topic(const struct wr_lane *lane, const struct wr_item *item,
			     struct wr_sink_topic **topic_r)
{
	const struct wr_stage_guard *guard = guard_of(item);
	char name[WR_TOPIC_BYTES];
	struct wr_err err;

	*topic_r = guard->retry_topics[item->tier];
	if (!item->behind)
		return true;
	for (size_t i = 0; i < guard->tiers.count; i++) {
		*topic_r = guard->retry_topics[i];
		if (guard->tiers.ms[i] == item->behind_ms)
			return true;
	}
	return wr_retry_topic(lane->conf->name, item->behind_ms, name) &&
	       lane->sink->ops->topic(lane->sink, name, topic_r, &err) == WR_OK;
}

/* The event as it entered the stage. Its time is now: what is due is counted from it. */
static enum wr_code send_retry(struct wr_lane *lane, struct wr_write *write, struct wr_err *err)
{
	const struct wr_item *item = write->item;
	const struct wr_event *ev = &item->event;
	struct wr_sink_record record = {
	    .has_partition = item->in_order || lane->gather.has_partition,
	    .partition = item->in_order ? item->record.partition->id : lane->gather.partition,
	    .key = wr_bytes_from(ev->pub.key),
	    .value = wr_bytes_from(ev->pub.value),
	    .headers = ev->pub.headers,
	    .header_count = ev->pub.header_count,
	};

	if (!find_retry_topic(lane, item, &record.topic) ||
	    (write->ours == NULL && !wr_lane_prepare_retry(write)))
		return wr_err_set(err, WR_EFULL, "no memory for a retry record");
	record.more_headers = write->ours;
	record.more_header_count = write->our_count;
	return send(lane, &record, write, err);
}

static enum wr_code send_write(struct wr_lane *lane, struct wr_write *write, struct wr_err *err)
{
	if (WR_FAILPOINT_FAILS(before_produce))
		return wr_err_set(err, WR_EUNAVAILABLE, "refused by a failpoint");
	if (write->dead)
		return send_dead(lane, write, err);
	if (write->emit != NULL)
		return send_emit(lane, write, err);
	return write->retry ? send_retry(lane, write, err) : send_output(lane, write, err);
}

/* A retry record that is still to be written: its key is parked. */
static bool parks(const struct wr_write *write)
{
	return write->retry && !write->dead && write->item->event.outcome == WR_OUTCOME_RETRIED;
}

/* A retry record whose event has become a dead letter before it was written, for something it had emitted. */
static bool is_void(const struct wr_write *write)
{
	return write->retry && !write->dead && !parks(write);
}

/* Keeps the order of events: mostly the new one is the last. */
static void insert_rewrite(struct wr_lane *lane, struct wr_write *write)
{
	struct wr_write **link_p = &lane->rewrites;

	if (lane->rewrites != NULL && lane->last_rewrite->item->sequence <= write->item->sequence)
		link_p = &lane->last_rewrite->next;
	while (*link_p != NULL && (*link_p)->item->sequence <= write->item->sequence)
		link_p = &(*link_p)->next;
	write->next = *link_p;
	*link_p = write;
	if (write->next == NULL)
		lane->last_rewrite = write;
	lane->outputs_waiting += !write->dead;
}

/* Another try in wait_ms, or with those that wait already if they are due earlier. `pending` keeps counting it. */
static void postpone(struct wr_lane *lane, struct wr_write *write, int64_t wait_ms)
{
	int64_t due = wr_lane_now(lane) + wait_ms * WR_NS_PER_MS;

	if (parks(write))
		wr_lane_repark(lane, write->item);
	if (lane->rewrites == NULL || due < lane->rewrite_mono_ns)
		lane->rewrite_mono_ns = due;
	insert_rewrite(lane, write);
	wr_metric_add(lane->metrics.rewrites, 1);
}

/* The DLQ must take it: until it does, this batch does not retire and nothing behind it is committed. */
static void dead_letter_refused(struct wr_lane *lane, struct wr_write *write, const char *reason)
{
	WR_LOG(WR_LOG_ERROR,
	       "the dead-letter topic refuses a record; commits wait until it takes it",
	       WR_STR("pipeline", lane->conf->name),
	       WR_STR("topic", write->item->program->conf->dlq_topic),
	       WR_STR("source_topic", write->item->event.pub.topic),
	       WR_INT("partition", write->item->event.pub.partition),
	       WR_INT("offset", write->item->event.pub.offset), WR_STR("reason", reason));
	lane->dlq_blocked = true;
	wr_lane_condition(lane, "dlq", false, "the dead-letter topic refuses a record");
	postpone(lane, write, REWRITE_MS);
}

static void reject(struct wr_lane *lane, struct wr_item *item, const char *reason)
{
	struct wr_event *ev = &item->event;

	wr_lane_note_tried(lane, item, true);
	if (ev->outcome == WR_OUTCOME_RETRIED)
		wr_lane_unpark(lane, item);
	ev->outcome = WR_OUTCOME_DEAD;
	ev->class = WR_CLASS_OUTPUT_REJECTED;
	ev->code = "output-rejected";
	ev->message = wr_arena_copy(&item->batch->arena, reason, strlen(reason));
	ev->last_failed_at_ms = wr_clock_wall_ms(lane->o.clock);
	if (ev->first_failed_at_ms == 0)
		ev->first_failed_at_ms = ev->last_failed_at_ms;
}

/* An output that can never be written: its event becomes a dead letter, the others stand. */
static void output_refused(struct wr_lane *lane, struct wr_write *write, const char *reason)
{
	const struct wr_event *ev = &write->item->event;

	if (ev->outcome == WR_OUTCOME_DEAD) {
		write->batch->pending--; /* its dead letter is on its way already */
		return;
	}
	WR_LOG(WR_LOG_WARN, "an output record was refused; its event is dead-lettered",
	       WR_STR("pipeline", lane->conf->name), WR_STR("source_topic", ev->pub.topic),
	       WR_INT("partition", ev->pub.partition), WR_INT("offset", ev->pub.offset),
	       WR_STR("reason", reason));
	reject(lane, write->item, reason);
	/* The item's own write is free when the refused one was it; when an emit was refused it may still be under
	 * way, so the dead letter takes the token of the refused record. */
	write->dead = true;
	write->ours = NULL;
	postpone(lane, write, 0);
}

static void write_succeeded(struct wr_lane *lane, struct wr_write *write)
{
	write->batch->pending--;
	if (write->batch->pending > 0)
		WR_FAILPOINT(after_some_acks);
	if (write->dead && lane->dlq_blocked) {
		lane->dlq_blocked = false;
		wr_lane_condition(lane, "dlq", true, NULL);
	}
	if (!write->dead && lane->output_blocked && lane->outputs_waiting == 0) {
		lane->output_blocked = false;
		wr_lane_condition(lane, "output", true, NULL);
	}
	if (!write->dead && write->emit != NULL)
		wr_metric_add(lane->metrics.emits, 1);
}

static void block(struct wr_lane *lane, const struct wr_write *write)
{
	if (write->dead) {
		lane->dlq_blocked = true;
		wr_lane_condition(lane, "dlq", false, "the dead-letter topic can't be written");
	} else {
		lane->output_blocked = true;
		wr_lane_condition(lane, "output", false, "an output topic can't be written");
	}
}

static void write_failed_for_now(struct wr_lane *lane, struct wr_write *write, const char *reason)
{
	WR_LOG(WR_LOG_WARN, "a write failed for now and is tried again",
	       WR_STR("pipeline", lane->conf->name), WR_STR("reason", reason));
	block(lane, write);
	postpone(lane, write, REWRITE_MS);
}

/* What the producer took and could not deliver spoils the whole transaction. */
static void delivery_failed(struct wr_lane *lane, struct wr_write *write, enum wr_code code,
			    const char *reason)
{
	write->batch->pending--;
	wr_lane_txn_fail(lane);
	if (code == WR_EREFUSED && !write->dead) {
		wr_lane_remember_refusal(lane, write, reason);
		return;
	}
	if (code == WR_EUNKNOWN)
		return;
	WR_LOG(WR_LOG_ERROR, "a transaction is aborted for a record that can't be written",
	       WR_STR("pipeline", lane->conf->name),
	       WR_STR("what", write->dead ? "dead letter" : "output"), WR_STR("reason", reason));
	block(lane, write);
	lane->txn.resume_ns = wr_lane_now(lane) + REWRITE_MS * WR_NS_PER_MS;
}

/* The answer to one write. */
static void settle_write(struct wr_lane *lane, struct wr_write *write, enum wr_code code,
			 const char *reason)
{
	switch ((int)code) {
	case WR_OK:
		write_succeeded(lane, write);
		return;
	case WR_EREFUSED:
		if (write->dead)
			dead_letter_refused(lane, write, reason);
		else
			output_refused(lane, write, reason);
		return;
	case WR_EUNKNOWN:
		write->batch->pending--;
		lane->rewind = true;
		return;
	default:
		write_failed_for_now(lane, write, reason);
		return;
	}
}

void wr_lane_write_done(void *arg, void *token, enum wr_code code, const char *reason)
{
	struct wr_lane *lane = arg;
	struct wr_write *write = token;

	WR_CHECK(lane, WR_LANE_MAGIC);
	lane->sink_full = false;
	if (write->batch->state == WR_BATCH_DROPPED)
		write->batch->pending--;
	else if (lane->txn.used && code != WR_OK)
		delivery_failed(lane, write, code, reason != NULL ? reason : "");
	else
		settle_write(lane, write, code, reason != NULL ? reason : "");
}

/* They are handed over in the order of their events, but for those that are tried again. */
static void note_parked(struct wr_lane *lane, const struct wr_write *write)
{
	if (parks(write) && write->item->sequence > lane->last_parked)
		lane->last_parked = write->item->sequence;
}

bool wr_lane_hand_over(struct wr_lane *lane, struct wr_write *write)
{
	struct wr_err err;
	enum wr_code code;

	if (is_void(write)) {
		write->batch->pending--;
		return true;
	}
	if (lane->sink == NULL)
		return false;
	code = send_write(lane, write, &err);
	if (code == WR_OK) {
		note_parked(lane, write);
		return true;
	}
	if (code == WR_EFULL) {
		lane->sink_full = true;
		return false;
	}
	if (lane->txn.used && code == WR_EUNKNOWN)
		delivery_failed(lane, write, code, err.text);
	else
		settle_write(lane, write, code, err.text);
	return true;
}

/* False when there is no room. The sink may be full for hours: what the tries need is made once. */
static bool write_emit(struct wr_lane *lane, struct wr_batch *batch, struct wr_item *item)
{
	struct wr_write *write = batch->emit_write;

	if (write == NULL) {
		write = wr_arena_alloc(&batch->arena, sizeof(*write));
		if (write == NULL)
			return false;
		*write = (struct wr_write){.item = item, .batch = batch, .emit = batch->next_emit};
		batch->emit_write = write;
	}
	batch->pending++;
	if (!wr_lane_hand_over(lane, write)) {
		batch->pending--;
		return false;
	}
	batch->emit_write = NULL;
	return true;
}

static bool is_refused(const struct wr_item *item, const struct wr_emit *emit)
{
	return item->refusal != NULL && wr_refusal_names(item->refusal, emit);
}

static bool write_emits(struct wr_lane *lane, struct wr_batch *batch, struct wr_item *item)
{
	if (!batch->emits_begun) {
		batch->emits_begun = true;
		batch->next_emit = item->event.emits.first;
	}
	while (batch->next_emit != NULL) {
		if (item->program->outputs[batch->next_emit->output] != NULL &&
		    !is_refused(item, batch->next_emit) && !write_emit(lane, batch, item))
			return false;
		batch->next_emit = batch->next_emit->next;
	}
	return true;
}

/* Whether the item has a record of its own to write; a pipeline may have no default output. */
static bool has_own_record(const struct wr_item *item)
{
	switch (item->event.outcome) {
	case WR_OUTCOME_PROCESSED:
		return item->program->outputs[item->event.output] != NULL;
	case WR_OUTCOME_RETRIED:
	case WR_OUTCOME_DEAD:
		return true;
	case WR_OUTCOME_DROPPED:
	case WR_OUTCOME_DUPLICATE:
	case WR_OUTCOME_PAYLOAD_MISMATCH:
	case WR_OUTCOME_SKIPPED:
		return false;
	case WR_OUTCOME_PENDING:
		break;
	}
	WR_ASSERT(item->event.outcome != WR_OUTCOME_PENDING);
	return false;
}

/* An event that has no claim can't be stopped once its retry record is on its way: should what it emitted be refused
 * after that, it would be dead-lettered and processed as well. */
static bool waits_for_emits(const struct wr_lane *lane, const struct wr_batch *batch,
			    const struct wr_item *item)
{
	return item->event.outcome == WR_OUTCOME_RETRIED && item->event.emits.first != NULL &&
	       !item->claimed && !lane->txn.used && batch->pending > batch->gathered;
}

/* Everything of one item; false when there was no room, or not yet. */
static bool write_item(struct wr_lane *lane, struct wr_batch *batch, struct wr_item *item)
{
	bool own;

	if (item->refusal != NULL && (item->event.outcome == WR_OUTCOME_PROCESSED ||
				      item->event.outcome == WR_OUTCOME_RETRIED ||
				      item->event.outcome == WR_OUTCOME_DROPPED))
		reject(lane, item, wr_refusal_reason(item->refusal));
	/* Asked before the emits: one that is refused makes the item a dead letter, with that write's token. */
	own = has_own_record(item);
	if (item->event.emits.first != NULL && !write_emits(lane, batch, item))
		return false;
	if (item->event.emits.first != NULL && item->event.outcome == WR_OUTCOME_DEAD &&
	    item->event.class == WR_CLASS_OUTPUT_REJECTED && item->refusal == NULL)
		own = false;
	if (!own)
		return true;
	if (waits_for_emits(lane, batch, item))
		return false;
	item->write.dead = item->event.outcome == WR_OUTCOME_DEAD;
	item->write.retry = item->event.outcome == WR_OUTCOME_RETRIED;
	batch->pending++;
	if (item->write.dead || item->write.retry)
		wr_lane_gather(lane, &item->write);
	else if (!wr_lane_hand_over(lane, &item->write)) {
		batch->pending--;
		return false;
	}
	return true;
}

static bool write_batch(struct wr_lane *lane, struct wr_batch *batch)
{
	bool moved = false;

	lane->writing_ms = wr_clock_wall_ms(lane->o.clock);
	/* Nothing overtakes an output that waits for another try. */
	while (batch->next_write < batch->count && lane->outputs_waiting == 0) {
		if (!write_item(lane, batch, &batch->items[batch->next_write]))
			return moved;
		batch->next_write++;
		batch->emits_begun = false;
		moved = true;
	}
	if (batch->next_write < batch->count)
		return moved;
	batch->state = WR_BATCH_WRITTEN;
	WR_FAILPOINT(after_produce);
	return true;
}

/* Of a batch whose predecessors are all handed over. */
static bool may_write(const struct wr_batch *batch, bool is_oldest)
{
	const struct wr_batch_facts facts = {
	    .unfinished = batch->unfinished,
	    .pending = batch->pending,
	    .earlier_written = true,
	    .is_oldest = is_oldest,
	};

	return wr_order_may_write(&facts);
}

bool wr_lane_write_ready(struct wr_lane *lane)
{
	bool moved = false;

	if (lane->rewind || lane->sink_full || lane->outputs_waiting > 0)
		return false;
	for (uint32_t i = 0; i < lane->in_flight; i++) {
		struct wr_batch *batch = wr_lane_batch(lane, i);

		if (batch->state == WR_BATCH_RUNNING && may_write(batch, i == 0) &&
		    wr_lane_txn_admits(lane, batch))
			batch->state = WR_BATCH_WRITING;
		if (batch->state == WR_BATCH_WRITING)
			moved = write_batch(lane, batch) || moved;
		if (batch->state != WR_BATCH_WRITTEN)
			break;
	}
	return moved;
}

bool wr_lane_rewrite_due(struct wr_lane *lane)
{
	struct wr_write *write = lane->rewrites, *next;

	if (write == NULL || wr_lane_now(lane) < lane->rewrite_mono_ns || lane->sink_full ||
	    lane->rewind)
		return false;
	lane->writing_ms = wr_clock_wall_ms(lane->o.clock);
	/* Those that fail again make a new list. */
	lane->rewrites = NULL;
	lane->outputs_waiting = 0;
	for (; write != NULL; write = next) {
		next = write->next;
		if (parks(write))
			wr_lane_repark(lane, write->item);
		if (lane->sink_full || lane->rewind ||
		    (!write->dead && lane->outputs_waiting > 0) || !wr_lane_hand_over(lane, write))
			postpone(lane, write, REWRITE_MS);
	}
	return true;
}

void wr_lane_forget_rewrites(struct wr_lane *lane, const struct wr_batch *batch)
{
	struct wr_write **link_p = &lane->rewrites, *write;

	while ((write = *link_p) != NULL) {
		if (write->batch != batch) {
			lane->last_rewrite = write;
			link_p = &write->next;
			continue;
		}
		write->batch->pending--;
		lane->outputs_waiting -= !write->dead;
		*link_p = write->next;
	}
}

/* The window is gone, and what could not be written with it. */
void wr_lane_nothing_blocked(struct wr_lane *lane)
{
	if (lane->dlq_blocked)
		wr_lane_condition(lane, "dlq", true, NULL);
	if (lane->output_blocked)
		wr_lane_condition(lane, "output", true, NULL);
	lane->dlq_blocked = lane->output_blocked = false;
}
