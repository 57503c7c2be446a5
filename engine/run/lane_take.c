/* Filling batches: from source records to events with their ids. */
#include "config.h"

#include "base/log.h"
#include "base/map.h"
#include "core/envelope.h"
#include "core/event_id.h"
#include "run/lane_private.h"

#include <string.h>

#define TAKE_AT_ONCE 512 /* events in one turn of the loop, unless a batch is larger */

static const struct wr_conf_pipeline *conf_of(const struct wr_item *item)
{
	return item->program->conf;
}

static bool is_retry_record(const struct wr_item *item)
{
	return ((const struct wr_lane_partition *)item->record.partition->user)->is_retry;
}

/* Copies the list of headers, without those that only the engine may write. */
static void take_headers(struct wr_lane *lane, struct wr_item *item)
{
	const struct weir_header *headers;
	struct weir_header *kept;
	size_t count = lane->source->ops->headers(lane->source, &item->record, &headers), n = 0;
	struct wr_event *ev = &item->event;

	if (count == 0) {
		if (is_retry_record(item))
			wr_lane_read_retried(lane, item, NULL, 0);
		return;
	}
	kept = wr_arena_alloc(&item->batch->arena, count * sizeof(*kept));
	if (kept == NULL) {
		wr_lane_kill(lane, item, WR_CLASS_DECODE, "no-memory", "no memory for the headers");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (!wr_header_is_ours(headers[i].name))
			kept[n++] = headers[i];
	}
	ev->source_headers = ev->pub.headers = kept;
	ev->source_header_count = ev->pub.header_count = n;
	if (is_retry_record(item))
		wr_lane_read_retried(lane, item, headers, count);
}

static enum wr_event_id_result id_from_header(const struct wr_event *ev, const char *name,
					      struct wr_bytes *id_r)
{
	for (size_t i = 0; i < ev->pub.header_count; i++) {
		if (strcmp(ev->pub.headers[i].name, name) == 0)
			return wr_event_id_from_bytes(wr_bytes_from(ev->pub.headers[i].value),
						      id_r);
	}
	return wr_event_id_from_bytes(wr_bytes(NULL, 0), id_r);
}

static enum wr_event_id_result id_from_json(struct wr_lane *lane, struct wr_item *item,
					    struct wr_bytes *id_r)
{
	struct wr_json_value value;

	*id_r = wr_bytes(NULL, 0);
	if (item->event.pub.value.data == NULL)
		return WR_EVENT_ID_MISSING;
	wr_json_get(lane->json.reader, wr_bytes_of(conf_of(item)->event_id.pointer_or_name),
		    &value);
	return wr_event_id_from_json(&value, &item->batch->arena, id_r);
}

static enum wr_event_id_result find_id(struct wr_lane *lane, struct wr_item *item,
				       struct wr_bytes *id_r)
{
	switch (conf_of(item)->event_id.source) {
	case WR_ID_JSON:
		return id_from_json(lane, item, id_r);
	case WR_ID_HEADER:
		return id_from_header(&item->event, conf_of(item)->event_id.pointer_or_name, id_r);
	case WR_ID_KEY:
		return wr_event_id_from_bytes(item->record.key, id_r);
	}
	return WR_EVENT_ID_MISSING;
}

/* False when the value had to be JSON and is not; the item then has its outcome. A tombstone has nothing to parse. */
static bool decode(struct wr_lane *lane, struct wr_item *item)
{
	struct wr_err err;
	bool needed =
	    conf_of(item)->format == WR_FORMAT_JSON || conf_of(item)->event_id.source == WR_ID_JSON;
	const char *text;

	if (!needed || item->event.pub.value.data == NULL ||
	    wr_json_cache_load(&lane->json, item->event.pub.value, &err) == WR_OK)
		return true;
	text = wr_arena_copy(&item->batch->arena, err.text, strlen(err.text));
	wr_lane_kill(lane, item, WR_CLASS_DECODE, "not-json", text);
	return false;
}

static struct wr_bytes claim_of(const struct wr_lane *lane, const struct wr_item *item)
{
	const struct wr_lane_partition *partition = item->record.partition->user;
	struct wr_arena *arena = &item->batch->arena;

	if (!lane->conf->idempotency.check_payload)
		return wr_claim_value(&partition->prefix, item->record.offset, arena);
	return wr_claim_value_hashed(&partition->prefix, item->record.offset,
				     wr_hash_fixed(item->record.value, 0), arena);
}

static void identify(struct wr_lane *lane, struct wr_item *item)
{
	enum wr_event_id_result result;
	struct wr_bytes id;

	if (!decode(lane, item))
		return;
	result = find_id(lane, item, &id);
	item->event.pub.id = wr_bytes_to_public(id);
	if (result == WR_EVENT_ID_OK) {
		item->claim = claim_of(lane, item);
		return;
	}
	if (result == WR_EVENT_ID_MISSING &&
	    conf_of(item)->event_id.missing == WR_ID_MISSING_DROP) {
		wr_lane_finish(lane, item, WR_OUTCOME_DROPPED);
		return;
	}
	wr_lane_kill(lane, item, WR_CLASS_DECODE, wr_event_id_code(result),
		     wr_event_id_text(result));
}

/* Offsets only rise, but in a topic that was made anew or cut short while it was read. */
static void note_position(struct wr_lane *lane, struct wr_lane_partition *partition,
			  const struct wr_source_record *record)
{
	if (record->offset < partition->position) {
		lane->astray = true;
		WR_LOG(WR_LOG_WARN, "offsets went back: the topic was made anew or cut short",
		       WR_STR("topic", record->partition->topic),
		       WR_INT("partition", record->partition->id),
		       WR_INT("expected", partition->position), WR_INT("offset", record->offset));
	}
	partition->position = record->offset + 1;
}

static void add(struct wr_lane *lane, struct wr_batch *batch, const struct wr_source_record *record)
{
	struct wr_item *item = wr_batch_add(batch, lane->next_sequence++);
	struct wr_lane_partition *partition = record->partition->user;
	struct wr_event *ev = &item->event;

	item->program = batch->program;
	item->record = *record;
	ev->pub.size = (uint32_t)sizeof(ev->pub);
	ev->pub.attempt = 1;
	ev->pub.key = ev->source_key = wr_bytes_to_public(record->key);
	ev->pub.value = ev->source_value = wr_bytes_to_public(record->value);
	ev->pub.timestamp_ms = record->timestamp_ms;
	ev->pub.topic = record->partition->topic;
	ev->pub.partition = record->partition->id;
	ev->pub.offset = record->offset;
	batch->bytes += record->key.size + record->value.size;
	batch->unfinished++;
	note_position(lane, partition, record);
	if (wr_mark_covers(&partition->mark, record->offset)) {
		wr_lane_finish(lane, item, WR_OUTCOME_SKIPPED);
		return;
	}
	if (partition->refusals.count > 0)
		item->refusal = wr_lane_refusal_of(partition, record->offset);
	take_headers(lane, item);
	if (item->event.outcome == WR_OUTCOME_PENDING && item->event.pub.id.data == NULL)
		identify(lane, item);
	if (lane->parked_records > 0)
		wr_lane_know_key(item);
	if (batch->canary != NULL && item->past == NULL)
		wr_lane_choose_program(lane, item);
}

/* Asked to hold, or paused: what was taken goes on its way, and nothing more is. */
static bool is_halted(const struct wr_lane *lane)
{
	return atomic_load(&lane->hold) != WR_HOLD_NONE ||
	       (lane->board != NULL && wr_board_is_paused(lane->board));
}

static struct wr_batch *open_batch(struct wr_lane *lane)
{
	struct wr_batch *batch;

	if (lane->open != NULL || is_halted(lane))
		return lane->open;
	batch = wr_lane_new_batch(lane);
	if (batch == NULL)
		return NULL;
	wr_batch_reset(batch);
	batch->program = lane->program;
	batch->program->batches++;
	batch->canary = lane->canary;
	if (batch->canary != NULL)
		batch->canary->batches++;
	batch->epoch = lane->epoch;
	lane->open = batch;
	return batch;
}

/* True also when its programs are not the present ones, and while the lane is halted: it takes no more then. */
static bool is_full(const struct wr_lane *lane, const struct wr_batch *batch)
{
	return batch->count >= wr_lane_txn_batch_events(lane, batch->capacity) ||
	       batch->bytes >= wr_lane_batch_bytes(lane) || batch->program != lane->program ||
	       batch->canary != lane->canary || is_halted(lane);
}

/* A batch waits for company only while others are in flight: an idle lane adds no latency. */
static bool is_ripe(const struct wr_lane *lane, const struct wr_batch *batch)
{
	if (batch->count == 0)
		return false;
	return is_full(lane, batch) || lane->in_flight == 0 ||
	       wr_lane_now(lane) - batch->opened_mono_ns >=
		   lane->conf->batch.linger_ms * WR_NS_PER_MS;
}

static bool is_to_be_processed(const struct wr_source_record *record)
{
	const struct wr_lane_partition *partition = record->partition->user;

	return partition->placed == WR_PLACED_READ;
}

static void fill(struct wr_lane *lane, struct wr_batch *batch)
{
	size_t got, room_bytes;
	uint32_t before = batch->count, most = wr_lane_txn_batch_events(lane, batch->capacity);

	while (!is_full(lane, batch) && !lane->astray) {
		room_bytes = wr_lane_batch_bytes(lane) - batch->bytes;
		got = lane->source->ops->take(lane->source, lane->records, most - batch->count,
					      room_bytes);
		if (got == 0)
			break;
		if (!is_to_be_processed(&lane->records[0])) {
			if (wr_lane_looked_at(lane, lane->records, got))
				continue;
			break; /* what else there is of it may be much, and is read again */
		}
		got = wr_lane_keep_due(lane, lane->records, got);
		if (got > 0 && batch->count == 0)
			batch->opened_mono_ns = wr_lane_now(lane);
		for (size_t i = 0; i < got; i++)
			add(lane, batch, &lane->records[i]);
	}
	wr_metric_add(lane->metrics.taken, batch->count - before);
}

/* A lane that is to hold can't before the batch that was filling has been run, also while a circuit is
 * open. It had room when it was opened; the window may be smaller now. */
static bool is_awaited(const struct wr_lane *lane)
{
	return atomic_load(&lane->hold) == WR_HOLD_ASKED && lane->open != NULL &&
	       lane->open->count > 0;
}

/* Takes what is there into the open batch, and sends it on its way when it is ripe. Adds what was taken. */
static bool take_batch(struct wr_lane *lane, uint32_t *taken_p)
{
	struct wr_batch *batch;
	uint32_t before;

	if (!wr_lane_has_window_room(lane) && !is_awaited(lane))
		return false;
	batch = open_batch(lane);
	if (batch == NULL)
		return false;
	before = batch->count;
	fill(lane, batch);
	*taken_p += batch->count - before;
	if (lane->astray || !is_ripe(lane, batch))
		return false;
	wr_metric_add(lane->metrics.taken_bytes, (double)batch->bytes);
	lane->open = NULL;
	lane->window[(lane->head + lane->in_flight) % lane->window_size] = batch;
	lane->in_flight++;
	wr_lane_claim(lane, batch);
	return true;
}

/* Small batches are taken by the window, so that their claims share a write and a read. */
bool wr_lane_take(struct wr_lane *lane)
{
	uint32_t taken = 0;
	bool moved = false;

	if (lane->handover != WR_HANDOVER_NONE || lane->rewind ||
	    (wr_lane_is_held(lane) && !is_awaited(lane)))
		return false;
	if (wr_lane_now(lane) >= lane->held_until_ns)
		lane->held_until_ns = INT64_MAX; /* what is due otherwise is found by then */
	lane->placing.looked_at = false;
	if (wr_lane_doubts(lane) && !is_halted(lane))
		wr_lane_listen(lane);
	while (taken < TAKE_AT_ONCE && take_batch(lane, &taken))
		moved = true;
	if (lane->astray)
		wr_lane_begin_handover(lane, WR_HANDOVER_PLACING, 0);
	lane->astray = false;
	return moved || taken > 0 || lane->placing.looked_at;
}

void wr_lane_discard_open(struct wr_lane *lane)
{
	struct wr_batch *batch = lane->open;

	if (batch == NULL)
		return;
	lane->open = NULL;
	wr_lane_put_free(lane, batch);
}
