#include "config.h"

#include "dlq/job.h"

#include "base/check.h"
#include "base/json_slice.h"
#include "dlq/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RANGES_MAX 100000

static const char *const kinds[] = {
    [WR_DLQ_REPLAY] = "replay", [WR_DLQ_PURGE] = "purge", [WR_DLQ_REDRIVE] = "redrive"};
static const char *const states[] = {[WR_DLQ_RUNNING] = "running",
				     [WR_DLQ_DONE] = "done",
				     [WR_DLQ_CANCELLED] = "cancelled",
				     [WR_DLQ_FAILED] = "failed"};
static const char *const tos[] = {
    [WR_DLQ_TO_AUTO] = "auto", [WR_DLQ_TO_STAGE] = "stage", [WR_DLQ_TO_START] = "start"};
static const char *const counts[] = {
#define X(name, text) [name] = (text),
    WR_DLQ_COUNTS(X)
#undef X
};

const char *wr_dlq_kind_name(enum wr_dlq_kind kind)
{
	return kinds[kind];
}

const char *wr_dlq_job_state_name(enum wr_dlq_job_state state)
{
	return states[state];
}

const char *wr_dlq_to_name(enum wr_dlq_to to)
{
	return tos[to];
}

const char *wr_dlq_count_name(enum wr_dlq_count count)
{
	return counts[count];
}

static bool find(const char *const *names, size_t count, struct wr_bytes name, size_t *index_r)
{
	for (*index_r = 0; *index_r < count; (*index_r)++) {
		if (wr_bytes_equal(name, wr_bytes_of(names[*index_r])))
			return true;
	}
	*index_r = 0;
	return false;
}

bool wr_dlq_to_parse(struct wr_bytes name, enum wr_dlq_to *to_r)
{
	size_t index;
	bool found = find(tos, WR_COUNT_OF(tos), name, &index);

	*to_r = (enum wr_dlq_to)index;
	return found;
}

void wr_dlq_job_name(char id_r[WR_DLQ_JOB_BYTES], int64_t now_ms, uint64_t random)
{
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm tm = {.tm_sec = 0};
	char text[32] = "";

	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(text, sizeof(text), "%Y%m%d-%H%M%S", &tm);
	snprintf(id_r, WR_DLQ_JOB_BYTES, "%s-%06x", text, (unsigned)(random & 0xFFFFFF));
}

void wr_dlq_job_fini(struct wr_dlq_job *job)
{
	wr_dlq_filter_fini(&job->filter);
	free(job->who);
	free(job->runner);
	free(job->ids);
	free(job->ranges);
	free(job->cancelled_by);
	free(job->error);
	*job = (struct wr_dlq_job){.who = NULL};
}

enum wr_code wr_dlq_job_add(struct wr_dlq_job *job, struct wr_bytes place, struct wr_err *err)
{
	struct wr_dlq_place parsed, *ids;
	size_t at = job->id_count;

	if (!wr_dlq_place_parse(place, &parsed))
		return wr_err_set(err, WR_EINVAL,
				  "an id is PARTITION/OFFSET, as a listing shows it");
	while (at > 0 && wr_dlq_place_compare(&job->ids[at - 1], &parsed) > 0)
		at--;
	if (at > 0 && wr_dlq_place_compare(&job->ids[at - 1], &parsed) == 0)
		return WR_OK;
	if (job->id_count == WR_DLQ_IDS_MAX)
		return wr_err_set(err, WR_EINVAL, "%d ids at most; choose by filters",
				  WR_DLQ_IDS_MAX);
	ids = realloc(job->ids, (job->id_count + 1) * sizeof(*ids));
	if (ids == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a job");
	job->ids = ids;
	memmove(&ids[at + 1], &ids[at], (job->id_count - at) * sizeof(*ids));
	ids[at] = parsed;
	job->id_count++;
	return WR_OK;
}

static enum wr_code append_ids(const struct wr_dlq_job *job, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_append_text(out, ",\"ids\":[");

	for (size_t i = 0; i < job->id_count && rc == WR_OK; i++)
		rc = wr_buf_printf(out, "%s\"%" PRId32 "/%" PRId64 "\"", i > 0 ? "," : "",
				   job->ids[i].partition, job->ids[i].offset);
	return rc == WR_OK ? wr_buf_printf(out, "],\"nextId\":%zu", job->next_id) : rc;
}

static enum wr_code append_ranges(const struct wr_dlq_job *job, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_append_text(out, ",\"ranges\":[");

	for (size_t i = 0; i < job->range_count && rc == WR_OK; i++)
		rc = wr_buf_printf(out, "%s[%" PRId32 ",%" PRId64 ",%" PRId64 "]", i > 0 ? "," : "",
				   job->ranges[i].partition, job->ranges[i].next,
				   job->ranges[i].end);
	return rc == WR_OK ? wr_buf_append_text(out, "]") : rc;
}

uint64_t wr_dlq_job_left(const struct wr_dlq_job *job)
{
	uint64_t left = job->id_count - job->next_id;

	for (size_t i = 0; i < job->range_count && job->id_count == 0; i++) {
		if (job->ranges[i].next < job->ranges[i].end)
			left += (uint64_t)(job->ranges[i].end - job->ranges[i].next);
	}
	return left;
}

static enum wr_code append_counts(const struct wr_dlq_job *job, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_append_text(out, ",\"counts\":{");

	for (size_t i = 0; i < WR_DLQ_COUNT_COUNT && rc == WR_OK; i++)
		rc = wr_buf_printf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", counts[i],
				   job->counts[i]);
	return rc == WR_OK ? wr_buf_printf(out, "},\"left\":%" PRIu64, wr_dlq_job_left(job)) : rc;
}

static enum wr_code append_text(struct wr_buf *out, const char *name, const char *text)
{
	enum wr_code rc;

	if (text == NULL)
		return WR_OK;
	rc = wr_buf_printf(out, ",\"%s\":", name);
	return rc == WR_OK ? wr_buf_append_json_string(out, wr_bytes_of(text)) : rc;
}

enum wr_code wr_dlq_job_json(const struct wr_dlq_job *job, struct wr_buf *out)
{
	enum wr_code rc;

	if ((rc = wr_buf_printf(out, "{\"id\":\"%s\",\"kind\":\"%s\",\"state\":\"%s\"", job->id,
				kinds[job->kind], states[job->state])) != WR_OK ||
	    (rc = append_text(out, "who", job->who)) != WR_OK ||
	    (rc = append_text(out, "runner", job->runner)) != WR_OK ||
	    (rc =
		 wr_buf_printf(out, ",\"created\":%" PRId64 ",\"updated\":%" PRId64 ",\"filter\":{",
			       job->created_ms, job->updated_ms)) != WR_OK ||
	    (rc = wr_dlq_filter_json(&job->filter, out)) != WR_OK ||
	    (rc = wr_buf_printf(out, "},\"to\":\"%s\",\"force\":%s,\"edited\":%s,\"rate\":%" PRId64,
				tos[job->to], job->force ? "true" : "false",
				job->is_edited ? "true" : "false", job->rate)) != WR_OK)
		return rc;
	if (job->kind == WR_DLQ_REDRIVE &&
	    (rc = wr_buf_printf(out, ",\"max\":%" PRId64, job->max)) != WR_OK)
		return rc;
	if (job->id_count > 0 && (rc = append_ids(job, out)) != WR_OK)
		return rc;
	if ((rc = append_ranges(job, out)) != WR_OK || (rc = append_counts(job, out)) != WR_OK ||
	    (rc = append_text(out, "cancelledBy", job->cancelled_by)) != WR_OK ||
	    (rc = append_text(out, "error", job->error)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "}");
}

static enum wr_code parse_filter(struct wr_bytes object, struct wr_dlq_job *job)
{
	struct wr_json_walk walk;
	struct wr_bytes escaped, value;
	enum wr_code rc = WR_OK;
	char name[32], *text;

	if (wr_json_slice_type(object) != WR_JSON_OBJECT || !wr_json_walk_begin(&walk, object))
		return WR_EINVAL;
	while (rc == WR_OK && wr_json_walk_next(&walk, &escaped, &value)) {
		if (escaped.data == NULL || escaped.size >= sizeof(name))
			return WR_EINVAL;
		memcpy(name, escaped.data, escaped.size);
		name[escaped.size] = '\0';
		text = wr_dlq_json_string(value);
		rc = text != NULL
			 ? wr_dlq_filter_set(&job->filter, name, wr_bytes_of(text), 0, NULL)
			 : WR_EINVAL;
		free(text);
	}
	return rc == WR_ENOMEM || rc == WR_OK ? rc : WR_EINVAL;
}

static enum wr_code parse_ids(struct wr_bytes array, struct wr_dlq_job *job)
{
	struct wr_json_walk walk;
	struct wr_bytes name, value, text;
	enum wr_code rc = WR_OK;

	if (wr_json_slice_type(array) != WR_JSON_ARRAY || !wr_json_walk_begin(&walk, array))
		return WR_EINVAL;
	while (rc == WR_OK && wr_json_walk_next(&walk, &name, &value))
		rc = wr_json_slice_string(value, &text) ? wr_dlq_job_add(job, text, NULL)
							: WR_EINVAL;
	return rc;
}

/* [partition,next,end] */
static bool parse_range(struct wr_bytes value, struct wr_dlq_range *range_r)
{
	struct wr_json_walk walk;
	struct wr_bytes name, element;
	int64_t numbers[3];
	size_t i = 0;

	if (wr_json_slice_type(value) != WR_JSON_ARRAY || !wr_json_walk_begin(&walk, value))
		return false;
	while (i < 3 && wr_json_walk_next(&walk, &name, &element)) {
		if (!wr_json_slice_integer(element, &numbers[i]) || numbers[i] < 0)
			return false;
		i++;
	}
	if (i < 3 || numbers[0] > INT32_MAX || numbers[1] > numbers[2])
		return false;
	*range_r = (struct wr_dlq_range){(int32_t)numbers[0], numbers[1], numbers[2]};
	return true;
}

static enum wr_code parse_ranges(struct wr_bytes array, struct wr_dlq_job *job)
{
	struct wr_dlq_range *ranges;
	struct wr_json_walk walk;
	struct wr_bytes name, value;

	if (wr_json_slice_type(array) != WR_JSON_ARRAY || !wr_json_walk_begin(&walk, array))
		return WR_EINVAL;
	while (wr_json_walk_next(&walk, &name, &value)) {
		if (job->range_count == RANGES_MAX)
			return WR_EINVAL;
		ranges = realloc(job->ranges, (job->range_count + 1) * sizeof(*ranges));
		if (ranges == NULL)
			return WR_ENOMEM;
		job->ranges = ranges;
		if (!parse_range(value, &ranges[job->range_count]))
			return WR_EINVAL;
		job->range_count++;
	}
	return WR_OK;
}

static bool parse_word(struct wr_bytes object, const char *name, const char *const *names,
		       size_t count, size_t *index_r)
{
	struct wr_bytes value, text;

	*index_r = 0;
	return wr_dlq_json_member(object, name, &value) && wr_json_slice_string(value, &text) &&
	       find(names, count, text, index_r);
}

static enum wr_code parse_head(struct wr_bytes object, struct wr_dlq_job *job)
{
	char *id = wr_dlq_json_text(object, "id");
	size_t kind, state, to;
	bool ok = id != NULL && wr_dlq_job_id_is_good(wr_bytes_of(id)) &&
		  parse_word(object, "kind", kinds, WR_COUNT_OF(kinds), &kind) &&
		  parse_word(object, "state", states, WR_COUNT_OF(states), &state) &&
		  parse_word(object, "to", tos, WR_COUNT_OF(tos), &to);

	if (ok) {
		memcpy(job->id, id, strlen(id) + 1);
		job->kind = (enum wr_dlq_kind)kind;
		job->state = (enum wr_dlq_job_state)state;
		job->to = (enum wr_dlq_to)to;
	}
	free(id);
	job->who = wr_dlq_json_text(object, "who");
	job->runner = wr_dlq_json_text(object, "runner");
	job->cancelled_by = wr_dlq_json_text(object, "cancelledBy");
	job->error = wr_dlq_json_text(object, "error");
	job->created_ms = wr_dlq_json_integer(object, "created", 0);
	job->updated_ms = wr_dlq_json_integer(object, "updated", 0);
	job->rate = wr_dlq_json_integer(object, "rate", 0);
	job->max = wr_dlq_json_integer(object, "max", 0);
	job->force = wr_dlq_json_is_true(object, "force");
	job->is_edited = wr_dlq_json_is_true(object, "edited");
	return ok && job->rate >= 0 ? WR_OK : WR_EINVAL;
}

static enum wr_code parse(struct wr_bytes object, struct wr_dlq_job *job)
{
	enum wr_code rc = parse_head(object, job);
	struct wr_bytes value;
	int64_t number;

	if (rc == WR_OK && wr_dlq_json_member(object, "filter", &value))
		rc = parse_filter(value, job);
	if (rc == WR_OK && wr_dlq_json_member(object, "ids", &value))
		rc = parse_ids(value, job);
	if (rc == WR_OK && wr_dlq_json_member(object, "ranges", &value))
		rc = parse_ranges(value, job);
	number = wr_dlq_json_integer(object, "nextId", 0);
	if (rc != WR_OK || number < 0 || (size_t)number > job->id_count)
		return rc != WR_OK ? rc : WR_EINVAL;
	job->next_id = (size_t)number;
	if (!wr_dlq_json_member(object, "counts", &value))
		return WR_EINVAL;
	for (size_t i = 0; i < WR_DLQ_COUNT_COUNT; i++) {
		number = wr_dlq_json_integer(value, counts[i], 0);
		job->counts[i] = number > 0 ? (uint64_t)number : 0;
	}
	return WR_OK;
}

enum wr_code wr_dlq_job_parse(struct wr_bytes text, struct wr_dlq_job *job_r)
{
	enum wr_code rc;

	*job_r = (struct wr_dlq_job){.who = NULL};
	rc = parse(text, job_r);
	if (rc != WR_OK)
		wr_dlq_job_fini(job_r);
	return rc;
}
