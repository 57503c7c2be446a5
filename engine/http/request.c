#include "config.h"

#include "http/internal.h"

#include "base/check.h"
#include "http/call.h"

#include <stdio.h>
#include <stdlib.h>

#define REQUEST_MAGIC UINT32_C(0x48524551)

/* What a connection keeps for its next request. */
#define KEEP_BODY_BYTES ((size_t)64 * 1024)
#define KEEP_ARENA_BYTES ((size_t)32 * 1024)

static struct wr_http_request *create(void)
{
	struct wr_http_request *req = calloc(1, sizeof(*req));

	if (req == NULL)
		return NULL;
	req->magic = REQUEST_MAGIC;
	atomic_init(&req->refs, 1);
	wr_arena_init(&req->arena, KEEP_ARENA_BYTES);
	wr_buf_init(&req->body);
	wr_buf_init(&req->out);
	return req;
}

static void release_bytes(struct wr_http_request *req)
{
	if (req->reserved_bytes > 0)
		atomic_fetch_sub(&req->listener->http->waiting_bytes, req->reserved_bytes);
	req->reserved_bytes = 0;
}

static void clear_buf(struct wr_buf *buf)
{
	if (buf->capacity > KEEP_BODY_BYTES)
		wr_buf_fini(buf);
	wr_buf_clear(buf);
}

static void reset(struct wr_http_request *req)
{
	release_bytes(req);
	wr_http_settings_unref(req->settings);
	req->settings = NULL;
	wr_arena_reset(&req->arena);
	clear_buf(&req->body);
	clear_buf(&req->out);
	req->route = NULL;
	req->discards = false;
	req->is_early = false;
	req->discarded_bytes = 0;
	req->reply = (struct wr_http_reply){.status = 0};
	wr_http_call_destroy(req->call);
	req->call = NULL;
	req->url = NULL;
	req->job = NULL;
	req->was_deferred = false;
	req->next_finished = NULL;
}

struct wr_http_request *wr_http_request_begin(struct wr_http_conn *conn, struct MHD_Connection *mhd)
{
	struct wr_http_request *req = conn->spare;

	conn->spare = NULL;
	if (req == NULL)
		req = create();
	if (req == NULL)
		return NULL;
	req->conn = conn;
	req->listener = conn->listener;
	req->settings = wr_http_settings_ref(wr_http_listener_settings(conn->listener));
	req->mhd = mhd;
	req->started_mono_ns = wr_http_now(conn->listener->http);
	atomic_fetch_add_explicit(&req->listener->active, 1, memory_order_relaxed);
	return req;
}

void wr_http_request_end(struct wr_http_request *req)
{
	struct wr_http_conn *conn = req->conn;

	WR_CHECK(req, REQUEST_MAGIC);
	atomic_fetch_sub_explicit(&req->listener->active, 1, memory_order_release);
	req->conn = NULL;
	req->mhd = NULL;
	if (conn->spare == NULL && atomic_load_explicit(&req->refs, memory_order_acquire) == 1) {
		reset(req);
		conn->spare = req;
		return;
	}
	wr_http_request_unref(req);
}

void wr_http_request_ref(struct wr_http_request *req)
{
	WR_CHECK(req, REQUEST_MAGIC);
	atomic_fetch_add_explicit(&req->refs, 1, memory_order_relaxed);
}

void wr_http_request_unref(struct wr_http_request *req)
{
	WR_CHECK(req, REQUEST_MAGIC);
	if (atomic_fetch_sub_explicit(&req->refs, 1, memory_order_acq_rel) > 1)
		return;
	release_bytes(req);
	wr_http_settings_unref(req->settings);
	wr_http_call_destroy(req->call);
	wr_arena_fini(&req->arena);
	wr_buf_fini(&req->body);
	wr_buf_fini(&req->out);
	req->magic = 0;
	free(req);
}

bool wr_http_request_has_room(const struct wr_http_request *req, size_t bytes)
{
	const struct wr_http *http = req->listener->http;

	return atomic_load(&http->waiting_bytes) + bytes <= http->deps.max_waiting_bytes;
}

bool wr_http_request_reserve(struct wr_http_request *req, size_t bytes)
{
	struct wr_http *http = req->listener->http;
	size_t before = atomic_fetch_add(&http->waiting_bytes, bytes);

	if (before + bytes <= http->deps.max_waiting_bytes) {
		req->reserved_bytes += bytes;
		return true;
	}
	/* Given back at once, or those that are turned away would turn others away. */
	atomic_fetch_sub(&http->waiting_bytes, bytes);
	return false;
}

static struct wr_http_reply *start_reply(struct wr_http_request *req, unsigned status)
{
	WR_CHECK(req, REQUEST_MAGIC);
	req->reply = (struct wr_http_reply){.status = status};
	return &req->reply;
}

void wr_http_reply_no_memory(struct wr_http_request *req)
{
	wr_http_reply_shared(req, 500, req->listener->http->no_memory);
}

void wr_http_reply_problem(struct wr_http_request *req, enum wr_http_problem problem,
			   const char *detail)
{
	struct wr_http_reply *reply = start_reply(req, wr_http_problem_status(problem));

	reply->mime = WR_HTTP_PROBLEM_MIME;
	reply->challenges = reply->status == 401;
	reply->allow = reply->status == 405 ? req->allow : NULL;
	wr_buf_clear(&req->out);
	if (wr_http_problem_open(&req->out, problem, detail) != WR_OK ||
	    wr_buf_append_text(&req->out, "}") != WR_OK)
		wr_http_reply_no_memory(req);
}

void wr_http_reply_too_large(struct wr_http_request *req)
{
	wr_http_reply_problem(req, WR_HTTP_TOO_LARGE, req->settings->too_large);
}

void wr_http_reply_text(struct wr_http_request *req, unsigned status, const char *mime)
{
	start_reply(req, status)->mime = mime;
}

void wr_http_reply_shared(struct wr_http_request *req, unsigned status,
			  struct MHD_Response *response)
{
	start_reply(req, status)->shared = response;
}

static bool add_headers(struct MHD_Response *response, const struct wr_http_reply *reply)
{
	char seconds[16];

	if (reply->mime != NULL &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->mime) != MHD_YES)
		return false;
	if (reply->allow != NULL &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, reply->allow) != MHD_YES)
		return false;
	if (reply->challenges && MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
							 "Bearer realm=\"weir\"") != MHD_YES)
		return false;
	if (reply->location != NULL &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, reply->location) != MHD_YES)
		return false;
	if (reply->retry_after_s > 0) {
		snprintf(seconds, sizeof(seconds), "%u", reply->retry_after_s);
		if (MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds) !=
		    MHD_YES)
			return false;
	}
	return MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") ==
		   MHD_YES &&
	       MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES;
}

/* The text goes over to the response. NULL without memory. */
static struct MHD_Response *make_response(struct wr_http_request *req)
{
	struct MHD_Response *response;

	response = MHD_create_response_from_buffer(req->out.size, req->out.data,
						   req->out.size > 0 ? MHD_RESPMEM_MUST_FREE
								     : MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return NULL;
	if (req->out.size > 0)
		wr_buf_init(&req->out);
	if (add_headers(response, &req->reply))
		return response;
	MHD_destroy_response(response);
	return NULL;
}

enum MHD_Result wr_http_reply_send(struct wr_http_request *req)
{
	struct MHD_Response *response = req->reply.shared;
	enum MHD_Result result;

	WR_ASSERT(req->reply.status != 0);
	if (!wr_http_conn_enter(req->conn, WR_PHASE_REPLYING, WR_HTTP_IDLE_MS))
		return MHD_NO;
	wr_http_metrics_count(&req->listener->http->metrics, req->listener->side,
			      req->reply.status);
	if (response != NULL)
		return MHD_queue_response(req->mhd, req->reply.status, response);
	response = make_response(req);
	if (response == NULL)
		return MHD_NO;
	result = MHD_queue_response(req->mhd, req->reply.status, response);
	MHD_destroy_response(response);
	return result;
}
