#include "config.h"

#include "http/ingest_answer.h"

#include "base/json_slice.h"
#include "http/problem.h"

static const char unknown_detail[] =
    "Kafka did not confirm in time, so the event may have been stored; sending it again with the same eventId is "
    "safe";

static enum wr_event_fate fate_of(const struct wr_event_item *item)
{
	return (enum wr_event_fate)atomic_load_explicit(&item->fate, memory_order_acquire);
}

struct wr_ingest_counts wr_ingest_count(const struct wr_event_body *body)
{
	struct wr_ingest_counts counts = {0, 0, 0};
	size_t i;

	for (i = 0; i < body->count; i++) {
		switch (fate_of(&body->items[i])) {
		case WR_FATE_ACCEPTED:
			counts.accepted++;
			break;
		case WR_FATE_INVALID:
		case WR_FATE_REFUSED:
			counts.rejected++;
			break;
		case WR_FATE_PENDING:
		case WR_FATE_NOT_STORED:
		case WR_FATE_UNKNOWN:
			counts.failed++;
			break;
		}
	}
	return counts;
}

/* The problem that one event has; only of those that were not accepted. */
static enum wr_http_problem problem_of(const struct wr_event_item *item, const char **detail_r)
{
	*detail_r = NULL;
	switch (fate_of(item)) {
	case WR_FATE_INVALID:
		*detail_r = item->detail;
		return wr_http_problem_for(item->status);
	case WR_FATE_REFUSED:
		*detail_r = "Kafka refuses this record for good";
		return WR_HTTP_INVALID_EVENT;
	case WR_FATE_NOT_STORED:
		*detail_r = "Kafka did not take this record, and it is not stored";
		return WR_HTTP_UNAVAILABLE;
	case WR_FATE_PENDING:
	case WR_FATE_UNKNOWN:
		*detail_r = unknown_detail;
		return WR_HTTP_UNKNOWN;
	case WR_FATE_ACCEPTED:
		break;
	}
	return WR_HTTP_INTERNAL;
}

static enum wr_code answer_body(const struct wr_event_body *body, struct wr_bytes text,
				struct wr_buf *out, unsigned *status_r)
{
	struct wr_json_position where = WR_JSON_POSITION_START;
	enum wr_http_problem problem = wr_http_problem_for(body->status);
	enum wr_code rc;

	*status_r = body->status;
	if (body->has_error_offset)
		problem = WR_HTTP_BAD_JSON;
	rc = wr_http_problem_open(out, problem, body->detail);
	if (rc == WR_OK && body->has_error_offset) {
		wr_json_position_advance(text, body->error_offset, &where);
		rc = wr_http_problem_position(out, &where);
	}
	return rc == WR_OK ? wr_buf_append_text(out, "}") : rc;
}

static enum wr_code answer_one(const struct wr_event_item *item, struct wr_buf *out,
			       unsigned *status_r)
{
	enum wr_http_problem problem;
	const char *detail;
	enum wr_code rc;

	if (fate_of(item) == WR_FATE_ACCEPTED) {
		*status_r = 202;
		return wr_buf_append_text(out, "{\"accepted\":1}");
	}
	problem = problem_of(item, &detail);
	*status_r = wr_http_problem_status(problem);
	rc = wr_http_problem_open(out, problem, detail);
	return rc == WR_OK ? wr_buf_append_text(out, "}") : rc;
}

static enum wr_code append_error(struct wr_buf *out, size_t index, const struct wr_event_item *item,
				 const struct wr_json_position *where)
{
	const char *detail;
	enum wr_http_problem problem = problem_of(item, &detail);
	enum wr_code rc;

	rc = wr_buf_printf(out, "{\"index\":%zu,\"status\":%u,\"detail\":", index,
			   wr_http_problem_status(problem));
	if (rc == WR_OK)
		rc = wr_buf_append_json_string(out, wr_bytes_of(detail != NULL ? detail : ""));
	if (rc == WR_OK)
		rc = wr_http_problem_position(out, where);
	return rc == WR_OK ? wr_buf_append_text(out, "}") : rc;
}

/* The list of what was not accepted. Positions ascend, so the text is walked once. */
static enum wr_code append_errors(const struct wr_event_body *body, struct wr_bytes text,
				  struct wr_buf *out)
{
	struct wr_json_position where = WR_JSON_POSITION_START;
	const struct wr_event_item *item;
	const char *start = text.data, *separator = "";
	enum wr_code rc;
	size_t i, offset;

	rc = wr_buf_append_text(out, ",\"errors\":[");
	for (i = 0; rc == WR_OK && i < body->count; i++) {
		item = &body->items[i];
		if (fate_of(item) == WR_FATE_ACCEPTED)
			continue;
		offset = (size_t)((const char *)item->sent.data - start);
		if (item->error_offset > offset)
			offset = item->error_offset;
		wr_json_position_advance(text, offset, &where);
		rc = wr_buf_append_text(out, separator);
		if (rc == WR_OK)
			rc = append_error(out, i, item, &where);
		separator = ",";
	}
	return rc == WR_OK ? wr_buf_append_text(out, "]") : rc;
}

static enum wr_code append_counts(struct wr_buf *out, const struct wr_ingest_counts *counts)
{
	return wr_buf_printf(out, "\"accepted\":%zu,\"rejected\":%zu,\"failed\":%zu",
			     counts->accepted, counts->rejected, counts->failed);
}

static enum wr_code answer_batch(const struct wr_event_body *body, struct wr_bytes text,
				 struct wr_buf *out, unsigned *status_r)
{
	struct wr_ingest_counts counts = wr_ingest_count(body);
	enum wr_http_problem problem = counts.failed > 0 ? WR_HTTP_UNKNOWN : WR_HTTP_INVALID_EVENT;
	enum wr_code rc;

	*status_r = 202;
	if (counts.accepted == body->count)
		return wr_buf_printf(out, "{\"accepted\":%zu}", counts.accepted);
	if (counts.failed == 0 && counts.accepted > 0) {
		rc = wr_buf_append_text(out, "{");
	} else {
		*status_r = wr_http_problem_status(problem);
		rc = wr_http_problem_open(out, problem,
					  counts.failed > 0
					      ? "not every event was stored; sending all "
						"again with the same ids is safe"
					      : "every event has an error");
		if (rc == WR_OK)
			rc = wr_buf_append_text(out, ",");
	}
	if (rc == WR_OK)
		rc = append_counts(out, &counts);
	if (rc == WR_OK)
		rc = append_errors(body, text, out);
	return rc == WR_OK ? wr_buf_append_text(out, "}") : rc;
}

enum wr_code wr_ingest_answer(const struct wr_event_body *body, struct wr_bytes text,
			      struct wr_buf *out, unsigned *status_r)
{
	size_t start = out->size;
	enum wr_code rc;

	if (body->status != 0)
		rc = answer_body(body, text, out, status_r);
	else if (!body->is_batch)
		rc = answer_one(&body->items[0], out, status_r);
	else
		rc = answer_batch(body, text, out, status_r);
	if (rc != WR_OK)
		out->size = start;
	return rc;
}
