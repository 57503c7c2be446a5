/* Choosing dead letters and doing with each what the job is for. */
#include "config.h"

#include "base/check.h"
#include "core/tier.h"
#include "dlq/run_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ids that stand so close are read in one go. */
#define ID_GAP 256

static void note(struct wr_dlq_runner *r, enum wr_dlq_count count)
{
	r->run->job->counts[count]++;
}

static bool fail(struct wr_dlq_runner *r, enum wr_code rc)
{
	r->rc = rc;
	return false;
}

static bool is_too_large(const struct wr_dlq_runner *r, const struct wr_dlq_place *place)
{
	for (size_t i = 0; i < r->too_large_count; i++) {
		if (wr_dlq_place_compare(&r->too_large[i], place) == 0)
			return true;
	}
	return false;
}

static bool remember(struct wr_dlq_runner *r, const struct wr_dlq_place *place)
{
	size_t capacity = r->marked_capacity * 2 + 64;
	struct wr_dlq_place *marked;

	if (r->marked_count == r->marked_capacity) {
		marked = realloc(r->marked, capacity * sizeof(*marked));
		if (marked == NULL)
			return false;
		r->marked = marked;
		r->marked_capacity = capacity;
	}
	r->marked[r->marked_count++] = *place;
	return true;
}

static bool mark(struct wr_dlq_runner *r, const struct wr_dlq_record *record,
		 enum wr_dlq_state state)
{
	const struct wr_dlq_place place = {record->partition, record->offset};

	note(r, WR_DLQ_FINISHED);
	r->acted++;
	if (r->writer == NULL)
		return true;
	if (remember(r, &place) &&
	    wr_dlq_marks_put(r->run->dlq->marks, &place, record->timestamp_ms, state,
			     r->run->job->id, wr_clock_wall_ms(&wr_clock_real)) == WR_OK)
		return true;
	return fail(r, wr_err_set(r->err, WR_ENOMEM, "no memory for the state of dead letters"));
}

const struct wr_dlq_pipeline *wr_dlq_pipeline_of(const struct wr_dlq_run *run,
						 const struct wr_envelope *e)
{
	for (size_t i = 0; i < run->pipeline_count; i++) {
		if (wr_bytes_equal(wr_bytes_of(run->pipelines[i].name), wr_bytes_from(e->pipeline)))
			return &run->pipelines[i];
	}
	return NULL;
}

/* A person who gives the value knows what enters. */
bool wr_dlq_goes_to_stage(const struct wr_dlq_run *run, const struct wr_envelope *e,
			  bool *refused_r)
{
	bool has_stage = wr_envelope_has(e, WR_FIELD_STAGE);
	bool is_known =
	    has_stage && wr_envelope_has(e, WR_FIELD_RESUME) && e->resume == WR_RESUME_STAGE;

	*refused_r = false;
	switch (run->job->to) {
	case WR_DLQ_TO_AUTO:
		return is_known;
	case WR_DLQ_TO_START:
		return false;
	case WR_DLQ_TO_STAGE:
		*refused_r = !is_known && !(has_stage && run->edited.data != NULL);
		return true;
	}
	return false;
}

/* The original, then what the engine says; what it said before is in the letter's envelope. */
static bool make_headers(struct wr_dlq_runner *r, const struct wr_dlq_record *record,
			 const struct wr_envelope *e, struct wr_dlq_write *write)
{
	struct weir_header *headers =
	    wr_arena_alloc(&r->arena, (record->header_count + WR_FIELD_COUNT) * sizeof(*headers));
	size_t ours;

	if (headers == NULL)
		return false;
	for (size_t i = 0; i < record->header_count; i++) {
		if (!wr_header_is_ours(record->headers[i].name))
			headers[write->header_count++] = record->headers[i];
	}
	ours = wr_envelope_write(e, &r->arena, headers + write->header_count);
	write->header_count += ours;
	write->headers = headers;
	return ours > 0;
}

/* False when nothing more can be done; a letter that is refused is none of these. */
static bool send(struct wr_dlq_runner *r, const struct wr_dlq_record *record,
		 const struct wr_envelope *letter, const struct wr_dlq_pipeline *pipeline,
		 bool to_stage)
{
	const struct wr_dlq_place place = {record->partition, record->offset};
	struct weir_bytes edited = wr_bytes_to_public(r->run->edited);
	char from[WR_TOPIC_BYTES + WR_DLQ_PLACE_TEXT], id[WR_DLQ_PLACE_TEXT];
	char topic[WR_TOPIC_BYTES];
	struct wr_dlq_write write = {
	    .topic = topic, .partition = -1, .key = record->key, .letter = &place};
	struct wr_envelope e;
	enum wr_code rc;

	wr_dlq_place_print(&place, id);
	snprintf(from, sizeof(from), "%s/%s", r->run->dlq->topic_name, id);
	if (!wr_retry_topic(pipeline->name, 0, topic))
		return fail(r, wr_err_set(r->err, WR_EINVAL, "%s: too long a name for retry topics",
					  pipeline->name));
	wr_envelope_replay(&(struct wr_replay){.letter = letter,
					       .value = record->value,
					       .edited = edited.data != NULL ? &edited : NULL,
					       .to_stage = to_stage,
					       .job = r->run->job->id,
					       .from = from,
					       .is_redrive = r->run->job->kind == WR_DLQ_REDRIVE},
			   &e, &write.value);
	if (!make_headers(r, record, &e, &write))
		return fail(r, wr_err_set(r->err, WR_ENOMEM, "no memory for a replay"));
	r->bytes += record->key.size + write.value.size;
	rc = wr_dlq_writer_put(r->writer, &write, r->err);
	if (rc == WR_EREFUSED) {
		note(r, WR_DLQ_REFUSED_SIZE);
		return true;
	}
	return rc == WR_OK ? mark(r, record, WR_DLQ_REPLAYED) : fail(r, rc);
}

/* How often a person has sent it round: redrives have a bound of their own. */
static uint32_t replays_by_people(const struct wr_envelope *e)
{
	return e->redrives <= e->replays ? e->replays - e->redrives : e->replays;
}

static bool is_refused_as_loop(const struct wr_dlq_runner *r, const struct wr_envelope *e)
{
	return r->run->job->kind == WR_DLQ_REPLAY && !r->run->job->force &&
	       replays_by_people(e) >= WR_DLQ_REPLAYS_MAX;
}

static bool replay(struct wr_dlq_runner *r, const struct wr_dlq_record *record,
		   const struct wr_envelope *e)
{
	const struct wr_dlq_place place = {record->partition, record->offset};
	const struct wr_dlq_pipeline *pipeline = wr_dlq_pipeline_of(r->run, e);
	bool is_edited = r->run->edited.data != NULL, refused, to_stage;

	to_stage = wr_dlq_goes_to_stage(r->run, e, &refused);
	if (pipeline == NULL)
		note(r, WR_DLQ_REFUSED_PIPELINE);
	else if (is_refused_as_loop(r, e))
		note(r, WR_DLQ_REFUSED_LOOP);
	else if (refused)
		note(r, WR_DLQ_REFUSED_STAGE);
	else if (is_too_large(r, &place) ||
		 (is_edited && !wr_envelope_has(e, WR_FIELD_ORIGINAL_VALUE) &&
		  record->value.size > WR_KEPT_VALUE_BYTES))
		note(r, WR_DLQ_REFUSED_SIZE);
	else if (r->writer == NULL)
		return mark(r, record, WR_DLQ_REPLAYED);
	else
		return send(r, record, e, pipeline, to_stage);
	return true;
}

static bool is_full(const struct wr_dlq_runner *r)
{
	return r->acted >= r->limit || r->bytes >= WR_DLQ_STEP_BYTES ||
	       r->scanned >= WR_DLQ_STEP_SCANNED;
}

static bool act(struct wr_dlq_runner *r, const struct wr_dlq_record *record,
		const struct wr_envelope *e, bool is_broken)
{
	note(r, WR_DLQ_SELECTED);
	if (r->run->job->kind == WR_DLQ_PURGE)
		return mark(r, record, WR_DLQ_PURGED);
	if (!is_broken)
		return replay(r, record, e);
	note(r, WR_DLQ_REFUSED_BROKEN);
	return true;
}

/* What a redrive leaves to people is not even selected. */
static bool is_meant(const struct wr_dlq_runner *r, const struct wr_dlq_record *record,
		     const struct wr_envelope *e, enum wr_dlq_state state, bool is_broken)
{
	if (!wr_dlq_filter_matches(&r->filter, e, record->timestamp_ms, state))
		return false;
	return r->run->job->kind != WR_DLQ_REDRIVE ||
	       (!is_broken && (int64_t)e->redrives < r->run->job->max);
}

/* By the filter: false when the step is full, and this letter was its last. */
static bool visit_any(void *arg, const struct wr_dlq_record *record)
{
	struct wr_dlq_runner *r = arg;
	struct wr_envelope e;
	struct wr_dlq_mark found;
	const char *broken;
	struct wr_err err;

	r->scanned++;
	wr_dlq_describe(r->run->dlq, record, &e, &found, &broken, &err);
	if (is_meant(r, record, &e, found.state, broken != NULL) &&
	    !act(r, record, &e, broken != NULL))
		return false;
	return !is_full(r);
}

/* By id. */
static bool visit_id(void *arg, const struct wr_dlq_record *record)
{
	struct wr_dlq_runner *r = arg;
	struct wr_dlq_job *job = r->run->job;
	const struct wr_dlq_place place = {record->partition, record->offset};
	struct wr_envelope e;
	struct wr_dlq_mark found;
	const char *broken;
	struct wr_err err;

	r->scanned++;
	/* Those that are gone. */
	while (job->next_id < job->id_count &&
	       wr_dlq_place_compare(&job->ids[job->next_id], &place) < 0) {
		note(r, WR_DLQ_SKIPPED);
		job->next_id++;
	}
	if (job->next_id == job->id_count ||
	    wr_dlq_place_compare(&job->ids[job->next_id], &place) != 0)
		return true;
	wr_dlq_describe(r->run->dlq, record, &e, &found, &broken, &err);
	if (found.state != WR_DLQ_OPEN)
		note(r, WR_DLQ_SKIPPED);
	else if (!act(r, record, &e, broken != NULL))
		return false;
	job->next_id++;
	return !is_full(r);
}

/* The ids from the next one on that stand close together. */
static enum wr_code act_on_ids(struct wr_dlq_runner *r, struct wr_err *err)
{
	struct wr_dlq_job *job = r->run->job;
	struct wr_dlq_topic *topic = r->run->dlq->topic;
	const struct wr_dlq_place first = job->ids[job->next_id];
	size_t last = job->next_id;
	int64_t low = 0, high = 0, next, until;
	enum wr_code rc = WR_OK;

	while (last + 1 < job->id_count && job->ids[last + 1].partition == first.partition &&
	       job->ids[last + 1].offset - job->ids[last].offset <= ID_GAP)
		last++;
	until = job->ids[last].offset < INT64_MAX ? job->ids[last].offset + 1 : INT64_MAX;
	if (first.partition < wr_dlq_topic_partitions(topic))
		rc = wr_dlq_topic_bounds(topic, first.partition, &low, &high, err);
	if (rc == WR_OK && until > low && first.offset < high)
		rc = wr_dlq_topic_read(
		    topic, first.partition, first.offset > low ? first.offset : low,
		    until < high ? until : high, INT64_MAX, visit_id, r, &next, err);
	if (rc != WR_OK || r->rc != WR_OK || is_full(r))
		return rc;
	for (; job->next_id <= last; job->next_id++)
		note(r, WR_DLQ_SKIPPED);
	return WR_OK;
}

static struct wr_dlq_range *next_range(const struct wr_dlq_job *job)
{
	for (size_t i = 0; i < job->range_count; i++) {
		if (job->ranges[i].next < job->ranges[i].end)
			return &job->ranges[i];
	}
	return NULL;
}

enum wr_code wr_dlq_act(struct wr_dlq_runner *r, bool *is_end_r, struct wr_err *err)
{
	struct wr_dlq_job *job = r->run->job;
	struct wr_dlq_range *range;
	enum wr_code rc = WR_OK;

	r->rc = WR_OK;
	r->err = err;
	*is_end_r = false;
	while (rc == WR_OK && r->rc == WR_OK && !is_full(r)) {
		range = next_range(job);
		*is_end_r = job->id_count > 0 ? job->next_id == job->id_count : range == NULL;
		if (*is_end_r)
			break;
		if (job->id_count > 0)
			rc = act_on_ids(r, err);
		else
			rc = wr_dlq_topic_read_on(r->run->dlq->topic, range->partition, range->next,
						  range->end, INT64_MAX, visit_any, r, &range->next,
						  err);
	}
	return r->rc != WR_OK ? r->rc : rc;
}
