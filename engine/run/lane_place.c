/*
 * Where reading begins. When partitions are assigned the claim store is asked for their marks, and core/mark.h
 * decides by these, by what the group committed and by what the broker has. Where records would be skipped because they
 * are completed, the last completed one is read first: it tells whether this is the topic we know.
 */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "run/lane_private.h"

#include <stdio.h>
#include <stdlib.h>

#define COMMIT_PLACE_MS \
	1000 /* of a lane that does nothing else meanwhile, for all its partitions */

struct wr_lane_probe {
	struct wr_placing known;
	struct wr_mark stored, committed;
	struct wr_plan plan;
	bool agreed; /* the group heard of plan.position */
	char metadata[WR_MARK_METADATA_BYTES];
};

static void free_probe(struct wr_lane_partition *ours)
{
	free(ours->probe);
	ours->probe = NULL;
}

static void free_partition(struct wr_lane *lane, struct wr_partition *partition)
{
	struct wr_lane_partition *ours = partition->user;

	if (ours == NULL)
		return;
	if (lane->store != NULL)
		lane->store->ops->yield_mark(lane->store, wr_bytes_of(ours->field));
	wr_metrics_retire_cell(lane->o.metrics, ours->lag);
	wr_lane_forget_refusals(ours, INT64_MAX);
	wr_lane_forget_parked(lane, ours);
	free_probe(ours);
	free(ours);
	partition->user = NULL;
}

static void stop_asking(struct wr_lane *lane)
{
	struct wr_lane_placing *p = &lane->placing;

	if (p->query.submitted)
		lane->store->ops->cancel_query(lane->store, &p->query);
	p->under_way = false;
}

void wr_lane_forget_partitions(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	stop_asking(lane);
	for (size_t i = 0; i < count; i++)
		free_partition(lane, partitions[i]);
}

static bool add_partition(struct wr_lane *lane, struct wr_partition *partition)
{
	struct wr_lane_partition *ours = calloc(1, sizeof(*ours));
	char number[16];

	if (ours == NULL)
		return false;
	snprintf(number, sizeof(number), "%d", partition->id);
	snprintf(ours->field, sizeof(ours->field), "%.249s/%d", partition->topic, partition->id);
	ours->lag = wr_metrics_cell(lane->o.metrics, &wr_family_lag,
				    (const struct wr_metric_label[]){{"pipeline", lane->conf->name},
								     {"topic", partition->topic},
								     {"partition", number}},
				    3);
	ours->is_retry = wr_retry_topic_parse(lane->conf->name, partition->topic, &ours->delay_ms);
	ours->held_offset = -1;
	partition->user = ours;
	return true;
}

static bool has_room(struct wr_lane_placing *p, size_t count)
{
	struct wr_source_commit *commits;
	struct wr_bytes *fields, *texts;

	if (count <= p->capacity)
		return true;
	fields = realloc(p->fields, count * sizeof(*fields));
	if (fields != NULL)
		p->fields = fields;
	texts = realloc(p->query.texts, count * sizeof(*texts));
	if (texts != NULL)
		p->query.texts = texts;
	commits = realloc(p->commits, count * sizeof(*commits));
	if (commits != NULL)
		p->commits = commits;
	if (fields == NULL || texts == NULL || commits == NULL)
		return false;
	p->capacity = count;
	return true;
}

static void ask_for_marks(struct wr_lane *lane, struct wr_partition *const *partitions,
			  size_t count)
{
	struct wr_lane_placing *p = &lane->placing;

	while (!has_room(p, count))
		wr_lane_pause(lane);
	for (size_t i = 0; i < count; i++) {
		const struct wr_lane_partition *ours = partitions[i]->user;

		p->fields[i] = wr_bytes_of(ours->field);
		p->query.texts[i] = wr_bytes(NULL, 0);
	}
	p->query.fields = p->fields;
	p->query.count = count;
	p->blind = false;
	if (lane->store != NULL && count > 0)
		lane->store->ops->query_marks(lane->store, &p->query);
}

/* Nothing of it is read until it is placed (anew). */
static void displace(struct wr_lane *lane, struct wr_lane_partition *ours)
{
	wr_lane_forget_parked(lane, ours);
	ours->placed = WR_PLACED_NOT;
	ours->next = ours->committed = ours->position = ours->last_offset = -1;
	ours->mark_due = false;
	ours->held_offset = -1;
	free_probe(ours);
}

void wr_lane_on_assigned(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	stop_asking(lane);
	for (size_t i = 0; i < count; i++) {
		while (partitions[i]->user == NULL && !add_partition(lane, partitions[i]))
			wr_lane_pause(
			    lane); /* without memory nothing can be taken: wait for some */
		displace(lane, partitions[i]->user);
	}
	wr_lane_prepare_order(lane);
	WR_FAILPOINT(after_assignment);
	ask_for_marks(lane, partitions, count);
	lane->placing.under_way = true;
	lane->placing.retry_ns = 0;
	if (lane->refreshing) {
		lane->refreshing = false;
		return;
	}
	wr_metric_add(lane->metrics.rebalances, 1);
	wr_metric_set(lane->metrics.partitions, (double)count);
	wr_lane_condition(lane, "group", true, NULL);
	WR_LOG(WR_LOG_INFO, "partitions assigned", WR_STR("pipeline", lane->conf->name),
	       WR_INT("lane", lane->o.number), WR_INT("partitions", count));
}

/* All that was taken is dropped already: what is done is asked for, not remembered. */
void wr_lane_refresh(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	wr_lane_put_marks(lane, true); /* what is final is known before it is asked for */
	lane->marks_due = lane->uncommitted = lane->commit_under_way = false;
	if (count == 0)
		return;
	stop_asking(lane);
	for (size_t i = 0; i < count; i++) {
		if (partitions[i]->user != NULL)
			displace(lane, partitions[i]->user);
	}
	lane->refreshing = true;
	lane->source->ops->refresh(lane->source);
}

/* Garbage under the mark's name is no reason to stop for ever: the commit's metadata says most of it. */
static const struct wr_mark *read_mark(const struct wr_lane *lane, const char *field,
				       struct wr_bytes text, struct wr_mark *mark)
{
	struct wr_err err;

	if (text.data == NULL)
		return NULL;
	if (wr_mark_decode(text, mark, &err) == WR_OK)
		return mark;
	WR_LOG(WR_LOG_ERROR, "a done mark can't be read; what it said is lost",
	       WR_STR("pipeline", lane->conf->name), WR_STR("partition", field),
	       WR_STR("reason", err.text));
	return NULL;
}

static enum wr_rewind rewind_of(enum wr_place_reason reason)
{
	switch (reason) {
	case WR_PLACE_REWOUND:
		return WR_REWIND_BACK;
	case WR_PLACE_ABANDONED:
		return WR_REWIND_FORWARD;
	case WR_PLACE_OUT_OF_RANGE:
		return WR_REWIND_OUT_OF_RANGE;
	case WR_PLACE_NEW_TOPIC:
		return WR_REWIND_NEW_TOPIC;
	case WR_PLACE_CONTINUED:
	case WR_PLACE_FIRST:
		break;
	}
	return WR_REWIND_COUNT;
}

static void tell(const struct wr_lane *lane, const struct wr_partition *partition,
		 const struct wr_plan *plan)
{
	enum wr_rewind rewind = rewind_of(plan->reason);

	if (rewind == WR_REWIND_COUNT)
		return;
	wr_metric_add(lane->rewinds[rewind], 1);
	WR_LOG(WR_LOG_WARN, "a partition is not read on from where it was left",
	       WR_STR("pipeline", lane->conf->name), WR_STR("topic", partition->topic),
	       WR_INT("partition", partition->id), WR_STR("why", wr_rewind_name(rewind)),
	       WR_INT("committed", partition->committed), WR_INT("position", plan->position),
	       WR_INT("low", partition->low), WR_INT("high", partition->high),
	       WR_INT("incarnation", plan->mark.incarnation));
}

static bool read_from(struct wr_lane *lane, struct wr_partition *partition, int64_t offset)
{
	struct wr_lane_partition *ours = partition->user;
	struct wr_err err;

	if (lane->source->ops->place(lane->source, partition, offset, &err) == WR_OK) {
		ours->position = offset;
		return true;
	}
	WR_LOG(WR_LOG_WARN, "a partition can't be read yet", WR_STR("pipeline", lane->conf->name),
	       WR_STR("topic", partition->topic), WR_INT("partition", partition->id),
	       WR_STR("reason", err.text));
	return false;
}

/* Where the group has no offset, or another than the one that is read from, it is told soon: a start from the end of
 * a topic would else be forgotten by a crash before the first event. */
static bool is_news(const struct wr_lane *lane, const struct wr_partition *partition,
		    const struct wr_plan *plan)
{
	if (partition->committed >= 0)
		return plan->position != partition->committed;
	return plan->reason != WR_PLACE_FIRST || lane->source->ops->from_latest(lane->source);
}

/* The group is the judge of who reads a partition: where reading jumps it hears so before anybody else. */
static bool is_to_be_agreed(const struct wr_lane *lane, const struct wr_lane_partition *ours)
{
	return ours->probe->plan.commit_first && lane->store != NULL;
}

/* It is decided, and not settled yet. */
static bool is_planned(const struct wr_lane_partition *ours)
{
	return ours->placed == WR_PLACED_NOT && ours->probe != NULL &&
	       ours->probe->plan.place == WR_PLACE_READ;
}

/* Keys that are parked stay so, wherever their source is read from. */
static struct wr_bytes encode_place(const struct wr_partition *partition,
				    struct wr_lane_probe *probe)
{
	const struct wr_lane_partition *ours = partition->user;
	size_t size = wr_mark_metadata_encode(&probe->plan.mark, probe->metadata);

	if (ours->was_parked || wr_mark_metadata_is_parked(partition->metadata))
		size = wr_mark_metadata_add_parked(probe->metadata, size);
	return wr_bytes(probe->metadata, size);
}

static size_t collect_places(struct wr_lane *lane, struct wr_partition *const *partitions,
			     size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct wr_lane_partition *ours = partitions[i]->user;
		struct wr_lane_probe *probe = ours->probe;

		if (!is_planned(ours) || !is_to_be_agreed(lane, ours))
			continue;
		lane->placing.commits[n++] = (struct wr_source_commit){
		    .partition = partitions[i],
		    .offset = probe->plan.position,
		    .metadata = encode_place(partitions[i], probe),
		};
	}
	return n;
}

/* False: the group refused, or can't be asked now. */
static bool commit_places(struct wr_lane *lane, const struct wr_source_commit *commits, size_t n,
			  int64_t until_ns)
{
	int64_t left_ms = (until_ns - wr_lane_now(lane)) / WR_NS_PER_MS;
	struct wr_err err;

	if (left_ms <= 0)
		return false;
	if (lane->source->ops->commit_sync(lane->source, commits, n, (int)left_ms, &err) == WR_OK) {
		for (size_t i = 0; i < n; i++)
			((struct wr_lane_partition *)commits[i].partition->user)->probe->agreed =
			    true;
		return true;
	}
	WR_LOG(WR_LOG_WARN, "where partitions are read from can't be committed",
	       WR_STR("pipeline", lane->conf->name), WR_STR("topic", commits[0].partition->topic),
	       WR_INT("partition", commits[0].partition->id), WR_INT("partitions", n),
	       WR_STR("reason", err.text));
	return false;
}

/* All in one commit. If that fails one of them may be to blame, so that each is tried alone, in the time that is left. */
static void ask_group(struct wr_lane *lane, struct wr_partition *const *partitions, size_t count)
{
	int64_t until_ns = wr_lane_now(lane) + COMMIT_PLACE_MS * WR_NS_PER_MS;
	const struct wr_source_commit *commits = lane->placing.commits;
	size_t n = collect_places(lane, partitions, count);

	if (n == 0 || commit_places(lane, commits, n, until_ns))
		return;
	for (size_t i = 0; n > 1 && i < n; i++)
		commit_places(lane, &commits[i], 1, until_ns);
}

/* The plan stands. False: to be tried again. */
static bool settle(struct wr_lane *lane, struct wr_partition *partition)
{
	struct wr_lane_partition *ours = partition->user;
	const struct wr_plan *plan = &ours->probe->plan;

	if (is_to_be_agreed(lane, ours) && !ours->probe->agreed)
		return false;
	ours->probe->agreed =
	    false; /* what fails below is asked for again: much may have changed by then */
	ours->mark = plan->mark;
	if (lane->store != NULL && plan->mark_changed && !lane->placing.blind &&
	    !wr_lane_put_mark(lane, ours, false))
		return false;
	tell(lane, partition, plan);
	ours->next = plan->position;
	ours->committed = partition->committed;
	ours->last_offset = -1;
	ours->placed = WR_PLACED_SETTLED;
	wr_claim_prefix_init(&ours->prefix, plan->mark.incarnation, partition->topic,
			     partition->id);
	if (!plan->commit_first && is_news(lane, partition, plan))
		lane->uncommitted = true;
	else
		ours->committed = plan->position; /* nothing to tell yet */
	free_probe(ours);
	return true;
}

/* Reads on, or looks first at what lies in it. False: to be tried again. */
static bool begin(struct wr_lane *lane, struct wr_partition *partition, bool *moved_p)
{
	struct wr_lane_partition *ours = partition->user;
	enum wr_lane_readiness readiness = wr_lane_readiness(lane, ours);

	if (readiness == WR_READY_LATER || readiness == WR_READY_NEVER)
		return true;
	if (!read_from(lane, partition, ours->next))
		return false;
	ours->placed = readiness == WR_READY_NOW ? WR_PLACED_READ : WR_PLACED_LOOKING;
	*moved_p = true;
	return true;
}

/* All that lies in it has been seen, also what a transaction that is being ended put there. */
static bool has_seen_all(struct wr_lane *lane, struct wr_partition *partition)
{
	struct wr_lane_partition *ours = partition->user;

	if (!lane->source->ops->is_at_end(lane->source, partition) ||
	    lane->source->ops->is_undecided(lane->source, partition))
		return false;
	wr_lane_has_looked_back(ours);
	ours->placed = WR_PLACED_SETTLED;
	return true;
}

static bool decide(struct wr_lane *lane, struct wr_partition *partition, struct wr_bytes text)
{
	struct wr_lane_partition *ours = partition->user;
	struct wr_lane_probe *probe = calloc(1, sizeof(*probe));
	struct wr_err err;

	if (probe == NULL)
		return false;
	ours->probe = probe;
	probe->known = (struct wr_placing){
	    .stored = read_mark(lane, ours->field, text, &probe->stored),
	    .committed_offset = partition->committed,
	    .low = partition->low,
	    .high = partition->high,
	    .before = ours->reach,
	    .from_latest = lane->source->ops->from_latest(lane->source),
	    .is_retry = ours->is_retry,
	    .reprocess = lane->conf->idempotency.on_rewind == WR_ON_REWIND_PROCESS,
	};
	if (lane->store != NULL && partition->metadata.data != NULL &&
	    wr_mark_metadata_decode(partition->metadata, &probe->committed, &err) == WR_OK)
		probe->known.committed = &probe->committed;
	wr_mark_place(&probe->known, &probe->plan);
	ours->reach = probe->plan.reach;
	return true;
}

/* Its mark says more than its offsets: these may be the older ones. */
static void ask_again(struct wr_lane *lane, const struct wr_partition *partition)
{
	WR_LOG(WR_LOG_INFO, "a partition's mark exceeds its end: its offsets are asked for again",
	       WR_STR("pipeline", lane->conf->name), WR_STR("topic", partition->topic),
	       WR_INT("partition", partition->id), WR_INT("high", partition->high));
	if (lane->handover == WR_HANDOVER_NONE)
		wr_lane_begin_handover(lane, WR_HANDOVER_PLACING, 0);
}

/* One partition's next step; the plans of all are settled together. False: it must be tried again. */
static bool approach(struct wr_lane *lane, struct wr_partition *partition, struct wr_bytes text)
{
	struct wr_lane_partition *ours = partition->user;

	if (ours->probe == NULL && !decide(lane, partition, text))
		return false;
	switch (ours->probe->plan.place) {
	case WR_PLACE_READ:
		return true;
	case WR_PLACE_AGAIN:
		ask_again(lane, partition);
		return true;
	case WR_PLACE_VERIFY:
		break;
	}
	if (!read_from(lane, partition, ours->probe->plan.verify_at))
		return false;
	ours->placed = WR_PLACED_PROBE;
	return true;
}

static bool has_marks(struct wr_lane *lane)
{
	struct wr_lane_placing *p = &lane->placing;

	if (!p->query.submitted)
		return true;
	if (!wr_lane_lets_through(lane))
		return false;
	lane->store->ops->cancel_query(lane->store, &p->query);
	for (size_t i = 0; i < p->query.count; i++)
		p->query.texts[i] = wr_bytes(NULL, 0);
	p->blind = true;
	WR_LOG(WR_LOG_WARN, "partitions are read without their done marks",
	       WR_STR("pipeline", lane->conf->name), WR_INT("lane", lane->o.number));
	return true;
}

/* Nothing is left to be read where the record should be: it is another topic's. */
static void give_up_probe(struct wr_lane *lane, struct wr_partition *partition)
{
	struct wr_lane_partition *ours = partition->user;

	if (ours->placed != WR_PLACED_PROBE ||
	    !lane->source->ops->is_at_end(lane->source, partition))
		return;
	wr_mark_verified(&ours->probe->known, NULL, &ours->probe->plan);
	ours->placed = WR_PLACED_NOT;
}

static void try_again(struct wr_lane *lane)
{
	lane->placing.retry_ns = wr_lane_now(lane) + WR_NS_PER_S;
}

static bool approach_all(struct wr_lane *lane, struct wr_partition *const *partitions, size_t count)
{
	bool moved = false;

	for (size_t i = 0; i < count; i++) {
		const struct wr_lane_partition *ours = partitions[i]->user;

		give_up_probe(lane, partitions[i]);
		if (ours->placed != WR_PLACED_NOT)
			continue;
		if (approach(lane, partitions[i], lane->placing.query.texts[i]))
			moved = true;
		else
			try_again(lane);
	}
	return moved;
}

/* From a plan on. False: something must be tried again. */
static bool advance(struct wr_lane *lane, struct wr_partition *partition, bool *moved_p)
{
	const struct wr_lane_partition *ours = partition->user;

	if (is_planned(ours) && !settle(lane, partition))
		return false;
	if (ours->placed == WR_PLACED_LOOKING)
		*moved_p = has_seen_all(lane, partition) || *moved_p;
	return ours->placed != WR_PLACED_SETTLED || begin(lane, partition, moved_p);
}

/* What waits for another assignment is not waited for. */
static bool is_done(const struct wr_lane *lane, const struct wr_lane_partition *ours)
{
	return ours->placed == WR_PLACED_READ || (ours->placed == WR_PLACED_SETTLED &&
						  wr_lane_readiness(lane, ours) == WR_READY_NEVER);
}

bool wr_lane_place_due(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	struct wr_lane_placing *p = &lane->placing;
	bool moved, placed = true;
	size_t count;

	if (!p->under_way || lane->handover != WR_HANDOVER_NONE || lane->rewind ||
	    wr_lane_now(lane) < p->retry_ns || !has_marks(lane))
		return false;
	count = lane->source->ops->partitions(lane->source, &partitions);
	moved = approach_all(lane, partitions, count);
	ask_group(lane, partitions, count);
	for (size_t i = 0; i < count; i++) {
		if (!advance(lane, partitions[i], &moved))
			try_again(lane);
		placed = placed && is_done(lane, partitions[i]->user);
	}
	p->under_way = !placed;
	return moved;
}

/* Records of a partition that is not placed for good: the first one is looked at, all are read again later. The
 * lane's next turn settles what they told, for all partitions of this one. False: they were not waited for. */
bool wr_lane_looked_at(struct wr_lane *lane, struct wr_source_record *records, size_t count)
{
	struct wr_partition *partition = records[0].partition;
	struct wr_lane_partition *ours = partition->user;
	struct wr_lane_probe *probe = ours->probe;
	struct wr_fingerprint found = wr_lane_fingerprint(&records[0]);
	int64_t offset = records[0].offset;

	if (ours->placed == WR_PLACED_LOOKING)
		wr_lane_look_back(lane, records, count);
	for (size_t i = 0; i < count; i++)
		lane->source->ops->give_back(lane->source, &records[i]);
	lane->placing.looked_at = true;
	if (ours->placed != WR_PLACED_PROBE)
		return ours->placed == WR_PLACED_LOOKING;
	wr_mark_verified(&probe->known, offset == probe->plan.verify_at ? &found : NULL,
			 &probe->plan);
	ours->placed = WR_PLACED_NOT;
	return true;
}
