/*
 * The order of keys whose events lie in retry topics (core/parked.h). Each source partition has its table; it is made
 * when there is something to put into it, and gone with what was taken of the partition: then the log is read again.
 */
#include "config.h"

#include "base/log.h"
#include "core/envelope.h"
#include "run/lane_private.h"

#include <string.h>

/* About what is kept for a record that lies in a retry topic: its place, and a part of its key's line. */
#define RECORD_BYTES 128

static struct wr_lane_partition *partition_of(const struct wr_item *item)
{
	return item->record.partition->user;
}

/* The table of the source partition that it is of; NULL: nothing of that one is parked. */
static struct wr_parked *table_of(const struct wr_item *item)
{
	const struct wr_lane_partition *home = partition_of(item)->home;

	return home != NULL ? home->parked : NULL;
}

static struct wr_bytes key_of(const struct wr_item *item)
{
	return wr_bytes_from(item->event.source_key);
}

/* Of an item that has a key. */
static uint64_t parked_key_of(struct wr_item *item)
{
	if (item->parked_key == 0)
		item->parked_key = wr_parked_key(key_of(item));
	return item->parked_key;
}

void wr_lane_know_key(struct wr_item *item)
{
	if (partition_of(item)->home != NULL && key_of(item).data != NULL)
		parked_key_of(item);
}

static void add(struct wr_lane *lane, struct wr_lane_partition *home,
		const struct wr_parked_event *event)
{
	if ((home->parked == NULL && wr_parked_create(&home->parked) != WR_OK) ||
	    wr_parked_add(home->parked, event) != WR_OK) {
		WR_LOG(WR_LOG_ERROR, "no memory to keep the order of a key that is parked",
		       WR_STR("pipeline", lane->conf->name), WR_STR("partition", home->field));
		return;
	}
	lane->parked_records++;
	lane->parked_version++;
	home->was_parked = true;
}

static int64_t since_ms(const struct wr_lane *lane, const struct wr_item *item)
{
	int64_t failed_ms = item->event.first_failed_at_ms;

	return failed_ms != 0 ? failed_ms : wr_clock_wall_ms(lane->o.clock);
}

/* It goes to the retry topic of this delay, behind what has this place. */
static void park(struct wr_lane *lane, struct wr_item *item, int64_t delay_ms, uint64_t sequence)
{
	const struct wr_parked_event event = {
	    .key = parked_key_of(item),
	    .offset = item->event.pub.offset,
	    .delay_ms = delay_ms,
	    .sequence = sequence,
	    .since_ms = since_ms(lane, item),
	};

	if (partition_of(item)->home != NULL)
		add(lane, partition_of(item)->home, &event);
}

void wr_lane_park(struct wr_lane *lane, struct wr_item *item, int64_t delay_ms)
{
	if (item->past == NULL)
		item->in_order = item->program->guards[item->event.stage].keeps_order &&
				 partition_of(item)->home != NULL && key_of(item).data != NULL;
	if (item->in_order)
		park(lane, item, delay_ms, item->sequence);
}

/* Of the retry topic where it goes. */
static int64_t delay_of(const struct wr_item *item)
{
	return item->behind ? item->behind_ms
			    : item->program->guards[item->event.stage].tiers.ms[item->tier];
}

void wr_lane_unpark(struct wr_lane *lane, struct wr_item *item)
{
	struct wr_parked *table = table_of(item);
	size_t before;

	if (!item->in_order || table == NULL)
		return;
	before = wr_parked_records(table);
	wr_parked_undo(table, parked_key_of(item), item->event.pub.offset, delay_of(item));
	lane->parked_records -= before - wr_parked_records(table);
}

void wr_lane_repark(struct wr_lane *lane, struct wr_item *item)
{
	if (!item->in_order)
		return;
	wr_lane_unpark(lane, item);
	park(lane, item, delay_of(item), lane->last_parked);
}

bool wr_lane_fall_behind(struct wr_lane *lane, struct wr_item *item)
{
	const struct wr_parked *table = table_of(item);
	int64_t delay_ms;

	if (lane->parked_records == 0 || item->parked_seen == lane->parked_version ||
	    table == NULL || key_of(item).data == NULL || (item->past != NULL && !item->in_order))
		return false;
	if (!wr_parked_is_behind(table, parked_key_of(item), item->event.pub.offset, &delay_ms)) {
		item->parked_seen = lane->parked_version; /* what comes back puts none behind */
		return false;
	}
	item->in_order = item->behind = true;
	item->behind_ms = delay_ms;
	item->event.code = item->event.message = NULL;
	park(lane, item, delay_ms, item->sequence);
	wr_metric_add(lane->metrics.followers, 1);
	wr_lane_finish(lane, item, WR_OUTCOME_RETRIED);
	return true;
}

/* It lies in its topic no more. */
static void come(struct wr_lane *lane, struct wr_item *item)
{
	struct wr_parked *table = table_of(item);
	size_t before, forgotten;

	if (item->past == NULL || !item->in_order || table == NULL)
		return;
	before = wr_parked_records(table);
	forgotten = wr_parked_take(table, parked_key_of(item), item->event.pub.offset,
				   partition_of(item)->delay_ms);
	lane->parked_records -= before - wr_parked_records(table);
	if (forgotten > 0)
		WR_LOG(WR_LOG_WARN,
		       "records of a retry topic never came; later events of their key wait no "
		       "longer",
		       WR_STR("pipeline", lane->conf->name),
		       WR_STR("partition", partition_of(item)->field),
		       WR_INT("records", forgotten));
}

/* In the order in which they were taken: what came earlier in the batch may be what a later one waits for. */
void wr_lane_let_come(struct wr_lane *lane, struct wr_batch *batch)
{
	for (uint32_t i = 0; i < batch->count && lane->parked_records > 0; i++) {
		struct wr_item *item = &batch->items[i];

		come(lane, item);
		if (item->event.outcome != WR_OUTCOME_PENDING)
			continue;
		if (!wr_lane_fall_behind(lane, item) && wr_key_waits_join(&lane->waits, item))
			item->was_behind = true;
	}
}

void wr_lane_forget_parked(struct wr_lane *lane, struct wr_lane_partition *home)
{
	if (home->parked != NULL)
		lane->parked_records -= wr_parked_records(home->parked);
	wr_parked_destroy(home->parked);
	home->parked = NULL;
}

bool wr_lane_is_crowded(const struct wr_lane *lane)
{
	return lane->budget.parked > 0 &&
	       lane->parked_records >= lane->budget.parked / RECORD_BYTES;
}

bool wr_lane_says_parked(const struct wr_lane *lane, struct wr_lane_partition *partition)
{
	/* What was taken and has not retired is parked still for whoever reads from the commit on. */
	if (partition->was_parked && lane->in_flight == 0 &&
	    (lane->open == NULL || lane->open->count == 0) &&
	    (partition->parked == NULL || wr_parked_records(partition->parked) == 0))
		partition->was_parked = false;
	return partition->was_parked;
}

/* ---- the log ---- */

static void look_at(struct wr_lane *lane, struct wr_lane_partition *ours,
		    const struct wr_source_record *record)
{
	const struct weir_header *headers;
	size_t count = lane->source->ops->headers(lane->source, record, &headers);
	struct wr_bytes key = record->key;
	struct wr_parked_event event = {
	    .delay_ms = ours->delay_ms,
	    .sequence = lane->next_sequence++,
	    .since_ms =
		record->timestamp_ms >= 0 ? record->timestamp_ms : wr_clock_wall_ms(lane->o.clock),
	};
	struct wr_envelope e;
	struct wr_err err;

	if (wr_mark_covers(&ours->mark, record->offset) ||
	    wr_lane_read_envelope(lane, headers, count, &e, &err) != WR_OK)
		return;
	if (wr_envelope_has(&e, WR_FIELD_SOURCE_KEY))
		key = wr_bytes_from(e.source_key);
	if (!wr_parked_counts(&e, key, wr_lane_only_topic(lane->conf), record->partition->id))
		return;
	event.key = wr_parked_key(key);
	if (e.first_failed_at_ms > 0)
		event.since_ms = e.first_failed_at_ms;
	event.offset = e.origin_offset;
	add(lane, ours->home, &event);
}

void wr_lane_look_back(struct wr_lane *lane, const struct wr_source_record *records, size_t count)
{
	struct wr_lane_partition *ours = records[0].partition->user;

	for (size_t i = 0; i < count; i++)
		look_at(lane, ours, &records[i]);
}

/* ---- who holds what ---- */

static const struct wr_source_topic *find_topic(const struct wr_source_topic *topics, size_t count,
						const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(topics[i].name, name) == 0)
			return &topics[i];
	}
	return NULL;
}

/* Whether the present program parks events in the topic of this delay. */
static bool is_named(const struct wr_lane *lane, int64_t delay_ms)
{
	const struct wr_program *program = lane->program;

	for (uint32_t i = 0; i < program->pipeline->stage_count; i++) {
		const struct wr_stage_guard *guard = &program->guards[i];

		for (size_t j = 0; guard->keeps_order && j < guard->tiers.count; j++) {
			if (guard->tiers.ms[j] == delay_ms)
				return true;
		}
	}
	return false;
}

/* Whether the partitions of a retry topic go with those of the source. One that has more of them was made by somebody
 * else, and none of its records is parked in order. */
static bool goes_with_source(const struct wr_lane *lane, const struct wr_source_topic *topic,
			     const struct wr_source_topic *source)
{
	int64_t delay_ms;

	return wr_retry_topic_parse(lane->conf->name, topic->name, &delay_ms) && delay_ms > 0 &&
	       (source == NULL || topic->partitions <= source->partitions ||
		is_named(lane, delay_ms));
}

static bool has_all_tiers(const struct wr_lane *lane, const struct wr_source_topic *topics,
			  size_t count, int32_t partition)
{
	const struct wr_program *program = lane->program;
	char name[WR_TOPIC_BYTES];

	for (uint32_t i = 0; i < program->pipeline->stage_count; i++) {
		const struct wr_stage_guard *guard = &program->guards[i];

		for (size_t j = 0; guard->keeps_order && j < guard->tiers.count; j++) {
			const struct wr_source_topic *topic;

			if (!wr_retry_topic(lane->conf->name, guard->tiers.ms[j], name))
				return false;
			topic = find_topic(topics, count, name);
			if (topic == NULL || topic->partitions <= partition)
				return false;
		}
	}
	return true;
}

/* Whether the lane holds, for a partition of the source, that of every retry topic that goes with it. */
static bool holds_all(const struct wr_lane *lane, const struct wr_partition *partition)
{
	const struct wr_lane_partition *ours = partition->user;
	const struct wr_source_topic *topics, *source;
	size_t count = lane->source->ops->topics(lane->source, &topics);
	uint32_t needed = 0;

	source = find_topic(topics, count, partition->topic);
	for (size_t i = 0; i < count; i++)
		needed += goes_with_source(lane, &topics[i], source) &&
			  topics[i].partitions > partition->id;
	return ours->followers_held >= needed &&
	       (!lane->program->keeps_order || has_all_tiers(lane, topics, count, partition->id));
}

/* One source topic, so that the numbers of partitions tell which goes with which. */
static bool is_source(const struct wr_lane *lane, const struct wr_partition *partition)
{
	const char *topic = wr_lane_only_topic(lane->conf);

	return topic != NULL && strcmp(partition->topic, topic) == 0;
}

static struct wr_lane_partition *find_home(const struct wr_lane *lane,
					   struct wr_partition *const *partitions, size_t count,
					   int32_t id)
{
	for (size_t i = 0; i < count; i++) {
		if (partitions[i]->id == id && is_source(lane, partitions[i]))
			return partitions[i]->user;
	}
	return NULL;
}

static void link_partitions(struct wr_lane *lane, struct wr_partition *const *partitions,
			    size_t count)
{
	const struct wr_source_topic *topics, *source = NULL, *topic;
	size_t topic_count = lane->source->ops->topics(lane->source, &topics);

	if (wr_lane_only_topic(lane->conf) != NULL)
		source = find_topic(topics, topic_count, wr_lane_only_topic(lane->conf));
	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;

		ours->home = is_source(lane, partitions[i]) ? ours : NULL;
		ours->followers_held = 0;
	}
	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;

		ours->goes_along = false;
		if (!ours->is_retry || ours->delay_ms == 0)
			continue;
		topic = find_topic(topics, topic_count, partitions[i]->topic);
		ours->goes_along = topic == NULL || goes_with_source(lane, topic, source);
		ours->home = find_home(lane, partitions, count, partitions[i]->id);
		if (ours->home != NULL && topic != NULL && ours->goes_along)
			ours->home->followers_held++;
	}
}

/* What is parked in a retry topic that another lane reads can't be kept in order here. */
static void judge(struct wr_lane *lane, struct wr_partition *partition)
{
	struct wr_lane_partition *ours = partition->user;

	ours->looks_back = lane->program->keeps_order || ours->was_parked ||
			   wr_mark_metadata_is_parked(partition->metadata);
	ours->stands_alone = ours->looks_back && !holds_all(lane, partition);
	if (!ours->stands_alone || lane->program->keeps_order)
		return;
	ours->looks_back = ours->stands_alone = false;
	WR_LOG(
	    WR_LOG_WARN,
	    "keys are parked, but their retry topics are not all read by the lane that reads their "
	    "source: their order is not kept",
	    WR_STR("pipeline", lane->conf->name), WR_STR("partition", ours->field));
}

static void tell_alone(struct wr_lane *lane, size_t alone)
{
	if (alone > 0)
		WR_LOG(WR_LOG_WARN,
		       "source partitions wait: the group has not given this lane the same "
		       "partitions of all retry topics",
		       WR_STR("pipeline", lane->conf->name), WR_INT("lane", lane->o.number),
		       WR_INT("partitions", alone));
	if (alone > 0 || lane->order_waits)
		wr_lane_condition(
		    lane, "order", alone == 0,
		    "retry.mode: key needs a partition of the source and those of all retry topics "
		    "in one lane: they must have equally many partitions, and be assigned by range");
	lane->order_waits = alone > 0;
}

/* Its records are to be put into the table before any of its home is read. */
static bool has_to_look_back(const struct wr_lane_partition *ours)
{
	return ours->is_retry && ours->goes_along && ours->home != NULL && ours->home->looks_back;
}

static void begin_to_look(struct wr_lane_partition *ours)
{
	ours->looked_back = !has_to_look_back(ours);
	if (!ours->looked_back)
		ours->home->to_look_at++;
}

void wr_lane_prepare_order(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions), alone = 0;

	link_partitions(lane, partitions, count);
	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;

		ours->looks_back = ours->stands_alone = false;
		ours->to_look_at = 0;
		if (ours->home == ours)
			judge(lane, partitions[i]);
		alone += ours->stands_alone;
	}
	for (size_t i = 0; i < count; i++)
		begin_to_look(partitions[i]->user);
	tell_alone(lane, alone);
}

void wr_lane_has_looked_back(struct wr_lane_partition *ours)
{
	ours->looked_back = true;
	ours->home->to_look_at--;
}

enum wr_lane_readiness wr_lane_readiness(const struct wr_lane *lane,
					 const struct wr_lane_partition *ours)
{
	if (ours->home == NULL)
		return ours->goes_along && lane->program->keeps_order ? WR_READY_NEVER
								      : WR_READY_NOW;
	if (!ours->home->looks_back || (ours->is_retry && !ours->goes_along))
		return WR_READY_NOW;
	if (ours->home->stands_alone)
		return WR_READY_NEVER;
	if (!ours->looked_back)
		return WR_READY_TO_LOOK_BACK;
	return ours->home->to_look_at == 0 ? WR_READY_NOW : WR_READY_LATER;
}

bool wr_lane_waits_for_order(const struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++) {
		const struct wr_lane_partition *ours = partitions[i]->user;

		if (ours != NULL && wr_lane_readiness(lane, ours) == WR_READY_NEVER)
			return true;
	}
	return false;
}

/* What was taken is dropped, and the tables know of it what may not be: they are made anew, from where the partitions
 * are read again. */
void wr_lane_look_again(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;

		if (ours == NULL || ours->home != ours)
			continue;
		ours->looks_back = ours->looks_back || ours->was_parked;
		ours->to_look_at = 0;
		wr_lane_forget_parked(lane, ours);
	}
	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;

		if (ours == NULL || ours->home == NULL || !ours->home->looks_back)
			continue;
		begin_to_look(ours);
		if (ours->placed == WR_PLACED_NOT || ours->placed == WR_PLACED_PROBE)
			continue;
		ours->placed = WR_PLACED_SETTLED;
		lane->placing.under_way = true;
	}
}

/* ---- metrics ---- */

void wr_lane_measure_parked(struct wr_lane *lane)
{
	int64_t now = wr_lane_now(lane), since = INT64_MAX, age;
	struct wr_partition *const *partitions;
	size_t count, keys = 0;

	if (now < lane->next_parked_measure_ns)
		return;
	lane->next_parked_measure_ns = now + WR_NS_PER_S;
	count = lane->source->ops->partitions(lane->source, &partitions);
	for (size_t i = 0; i < count && lane->parked_records > 0; i++) {
		const struct wr_lane_partition *ours = partitions[i]->user;

		if (ours == NULL || ours->parked == NULL)
			continue;
		keys += wr_parked_keys(ours->parked);
		if (wr_parked_since_ms(ours->parked) < since)
			since = wr_parked_since_ms(ours->parked);
	}
	age = since < INT64_MAX ? wr_clock_wall_ms(lane->o.clock) - since : 0;
	wr_metric_set(lane->metrics.parked_keys, (double)keys);
	wr_metric_set(lane->metrics.parked_oldest, age > 0 ? (double)age / 1000 : 0);
}
