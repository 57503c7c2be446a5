#include "config.h"

#include "http/ingest_answer.h"
#include "http/ingest_impl.h"

#include <strings.h>

#define RETRY_AFTER_S 1
#define MAX_FIRST_ROOM ((size_t)256 * 1024)
#define JSON "application/json"

static bool is_json(struct wr_bytes type, struct wr_bytes *parameters_r)
{
	/* Without a type a body is taken for JSON: nothing else is taken here. */
	*parameters_r = wr_bytes("", 0);
	return type.data == NULL || wr_http_mime_is(type, JSON, parameters_r);
}

static bool is_ndjson(struct wr_bytes type, struct wr_bytes *parameters_r)
{
	return type.data != NULL && (wr_http_mime_is(type, "application/x-ndjson", parameters_r) ||
				     wr_http_mime_is(type, "application/ndjson", parameters_r));
}

/* NULL, or why the type of the body is not taken. */
static const char *judge_type(const struct wr_http_headers *headers)
{
	struct wr_bytes parameters, unused;

	if (headers->is_cloud_event ||
	    (headers->content_type.data != NULL &&
	     (wr_http_mime_is(headers->content_type, "application/cloudevents+json", &unused) ||
	      wr_http_mime_is(headers->content_type, "application/cloudevents-batch+json",
			      &unused))))
		return "CloudEvents are not taken by this version; send application/json";
	if (!is_json(headers->content_type, &parameters) &&
	    !is_ndjson(headers->content_type, &parameters))
		return "send one event or an array as application/json, or an event a line as "
		       "application/x-ndjson; curl -d needs -H 'Content-Type: application/json'";
	if (!wr_http_charset_is_utf8(parameters))
		return "the only charset that is taken is utf-8";
	if (headers->content_encoding.data != NULL &&
	    (headers->content_encoding.size != 8 ||
	     strncasecmp(headers->content_encoding.data, "identity", 8) != 0))
		return "the body must not be compressed";
	return NULL;
}

static void refuse_for_now(struct wr_http_request *req, enum wr_http_problem problem,
			   const char *detail)
{
	wr_http_reply_problem(req, problem, detail);
	req->reply.retry_after_s = RETRY_AFTER_S;
}

/* The whole body as a rule; a large one must come before it gets memory. */
static size_t first_room(uint64_t content_length)
{
	return content_length < MAX_FIRST_ROOM ? (size_t)content_length : MAX_FIRST_ROOM;
}

void wr_ingest_admit(struct wr_http_request *req)
{
	const struct wr_http_headers *headers = &req->headers;
	const char *wrong = judge_type(headers);

	if (wrong != NULL) {
		wr_http_reply_problem(req, WR_HTTP_MEDIA_TYPE, wrong);
		return;
	}
	if (headers->content_length > req->settings->max_body_bytes) {
		wr_http_reply_too_large(req);
		req->is_early = true;
		return;
	}
	if (atomic_load(&req->listener->http->is_stopping)) {
		refuse_for_now(req, WR_HTTP_UNAVAILABLE, "the server is shutting down");
		return;
	}
	/* Only what has come is counted, or a few that announce much and send nothing would shut out all others. */
	if (!wr_http_request_has_room(req, (size_t)headers->content_length))
		refuse_for_now(req, WR_HTTP_TOO_MANY, "too many bytes are on their way to Kafka");
	else if (wr_buf_reserve(&req->body, first_room(headers->content_length)) != WR_OK)
		wr_http_reply_no_memory(req);
}

/* The id that Idempotency-Key gives: the text, or what stands in quotes (a structured field string without escapes).
 * False when it can't be an id. */
static bool read_idempotency_key(struct wr_bytes value, struct wr_bytes *key_r)
{
	const char *text = value.data;
	size_t i;

	*key_r = value;
	if (value.data == NULL)
		return true;
	if (value.size >= 2 && text[0] == '"' && text[value.size - 1] == '"')
		*key_r = wr_bytes(text + 1, value.size - 2);
	for (text = key_r->data, i = 0; i < key_r->size; i++) {
		if (text[i] < 0x20 || text[i] > 0x7E || text[i] == '\\' || text[i] == '"')
			return false;
	}
	return key_r->size > 0;
}

/* Reads the body into req->job. WR_OK, WR_EINVAL (the request was answered), WR_ENOMEM. */
static enum wr_code read_events(struct wr_ingest *ingest, struct wr_http_request *req)
{
	struct wr_event_body_options options = {.max_event_bytes = req->settings->max_event_bytes,
						.max_events = req->settings->max_batch_events};
	struct wr_bytes unused;
	struct wr_ingest_job *job;

	if (!read_idempotency_key(req->headers.idempotency_key, &options.idempotency_key)) {
		wr_http_reply_problem(req, WR_HTTP_BAD_REQUEST,
				      "Idempotency-Key must be printable ASCII without quotes and "
				      "backslashes, and not empty");
		return WR_EINVAL;
	}
	options.type = is_ndjson(req->headers.content_type, &unused) ? WR_EVENT_BODY_NDJSON
								     : WR_EVENT_BODY_JSON;
	job = wr_arena_alloc(&req->arena, sizeof(*job));
	if (job == NULL)
		return WR_ENOMEM;
	*job = (struct wr_ingest_job){.header_count = 0};
	req->job = job;
	if (wr_http_is_traceparent(req->headers.traceparent))
		job->headers[job->header_count++] = (struct weir_header){
		    "traceparent", {req->headers.traceparent.data, req->headers.traceparent.size}};
	return wr_event_body_read(ingest->reader, &req->arena,
				  wr_bytes(req->body.data, req->body.size), &options, &job->body);
}

static void count_events(struct wr_http *http, const struct wr_event_body *body)
{
	struct wr_ingest_counts counts = wr_ingest_count(body);
	struct wr_metric_cell *const *cells = http->metrics.events;

	if (counts.accepted > 0)
		wr_metric_add(cells[WR_HTTP_EVENTS_ACCEPTED], (double)counts.accepted);
	if (counts.rejected > 0)
		wr_metric_add(cells[WR_HTTP_EVENTS_REJECTED], (double)counts.rejected);
	if (counts.failed > 0)
		wr_metric_add(cells[WR_HTTP_EVENTS_FAILED], (double)counts.failed);
}

static void answer(struct wr_http_request *req)
{
	const struct wr_ingest_job *job = req->job;
	struct wr_http *http = req->listener->http;
	unsigned status;

	count_events(http, &job->body);
	if (!job->body.is_batch && job->body.count == 1 &&
	    atomic_load_explicit(&job->body.items[0].fate, memory_order_acquire) ==
		WR_FATE_ACCEPTED) {
		wr_http_reply_shared(req, MHD_HTTP_ACCEPTED, http->accepted_one);
		return;
	}
	wr_buf_clear(&req->out);
	if (wr_ingest_answer(&job->body, wr_bytes(req->body.data, req->body.size), &req->out,
			     &status) != WR_OK) {
		wr_http_reply_no_memory(req);
		return;
	}
	wr_http_reply_text(req, status, status == MHD_HTTP_ACCEPTED ? JSON : WR_HTTP_PROBLEM_MIME);
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		req->reply.retry_after_s = RETRY_AFTER_S;
}

/* Settles what is not known yet, so that the answer and its counts agree. */
static void settle(struct wr_event_body *body, enum wr_event_fate fate)
{
	size_t i;
	int pending;

	for (i = 0; i < body->count; i++) {
		pending = WR_FATE_PENDING;
		atomic_compare_exchange_strong_explicit(&body->items[i].fate, &pending, (int)fate,
							memory_order_acq_rel, memory_order_relaxed);
	}
}

/* `ack: accepted`: the answer does not wait for Kafka, the bodies do. */
static void hand_over(struct wr_ingest *ingest, struct wr_http_request *req)
{
	struct wr_ingest_job *job = req->job;

	wr_http_request_ref(req);
	atomic_init(&job->pending, 1);
	wr_ingest_write(ingest, req);
	settle(&job->body, WR_FATE_ACCEPTED);
	answer(req);
	wr_ingest_release(ingest, req);
}

static void wait_for_acks(struct wr_ingest *ingest, struct wr_http_request *req)
{
	struct wr_http *http = ingest->http;
	struct wr_ingest_job *job = req->job;
	int64_t deadline = wr_http_now(http) + req->settings->ack_timeout_ms * WR_NS_PER_MS;

	wr_http_request_ref(req);
	atomic_init(&job->pending, 1);
	if (!wr_http_waits_begin(wr_ingest_waits(ingest), req, deadline)) {
		wr_http_request_unref(req);
		refuse_for_now(req, WR_HTTP_TOO_MANY, "too many requests wait for Kafka");
		return;
	}
	wr_ingest_write(ingest, req);
	wr_ingest_release(ingest, req);
}

void wr_ingest_handle(struct wr_http_request *req)
{
	struct wr_ingest *ingest = req->listener->http->ingest;
	struct wr_ingest_job *job;
	struct wr_ingest_counts counts;
	enum wr_code rc;

	rc = read_events(ingest, req);
	if (rc == WR_ENOMEM)
		wr_http_reply_no_memory(req);
	if (rc != WR_OK)
		return;
	wr_metric_add(req->listener->http->metrics.body_bytes, (double)req->body.size);
	job = req->job;
	counts = wr_ingest_count(&job->body);
	if (counts.failed == 0)
		answer(req); /* nothing is pending: none is good */
	else if (req->settings->ack == WR_ACK_ACCEPTED)
		hand_over(ingest, req);
	else
		wait_for_acks(ingest, req);
}

void wr_ingest_resumed(struct wr_http_request *req, enum wr_http_wake wake)
{
	struct wr_ingest_job *job = req->job;

	if (wake != WR_WAKE_DONE)
		settle(&job->body, WR_FATE_UNKNOWN);
	answer(req);
}
