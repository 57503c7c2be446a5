/* From a request to its call, and from the call's answer to the request's. */
#include "config.h"

#include "http/call.h"

#include "http/router.h"
#include "http/workers.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

struct reading {
	struct wr_http_call *call;
	enum wr_code rc;
	char wrong[256]; /* with WR_EINVAL: why */
};

static void refuse(struct reading *r, const char *what, struct wr_bytes name)
{
	struct wr_buf shown = WR_BUF_INIT;

	r->rc = WR_EINVAL;
	if (name.size > 64)
		name.size = 64;
	if (wr_buf_append_printable(&shown, name) == WR_OK && wr_buf_text(&shown) != NULL)
		snprintf(r->wrong, sizeof(r->wrong), "%s: %s", what, shown.data);
	else
		snprintf(r->wrong, sizeof(r->wrong), "%s", what);
	wr_buf_fini(&shown);
}

static const char *known_name(const struct wr_http_route *route, struct wr_bytes name)
{
	const char *const *known;

	for (known = route->query; *known != NULL; known++) {
		if (wr_bytes_equal(wr_bytes_of(*known), name))
			return *known;
	}
	return NULL;
}

/* A misspelt ?dry_run must not do the real thing, so what is not known is refused. */
static enum MHD_Result add_query(void *arg, enum MHD_ValueKind kind, const char *name,
				 size_t name_size, const char *value, size_t value_size)
{
	struct reading *r = arg;
	struct wr_http_params *query = &r->call->query;
	struct wr_http_param *param = &query->items[query->count];
	struct wr_bytes given = wr_bytes(name, name_size);

	(void)kind;
	param->name = known_name(r->call->route, given);
	if (param->name == NULL)
		refuse(r, "there is no such parameter here", given);
	else if (wr_http_call_query(r->call, param->name) != NULL)
		refuse(r, "a parameter that may stand once stands twice", given);
	else {
		r->rc = wr_http_unescape(&r->call->arena,
					 wr_bytes(value != NULL ? value : "", value_size),
					 &param->value);
		if (r->rc == WR_EINVAL)
			refuse(r, "the parameter's value is not escaped as it must be", given);
		query->count++;
	}
	return r->rc == WR_OK ? MHD_YES : MHD_NO;
}

static void read_path(struct reading *r, const char *url)
{
	struct wr_http_segment segments[WR_HTTP_SEGMENTS_MAX];
	struct wr_http_params *path = &r->call->path;
	size_t count, i;

	wr_http_path_match(r->call->route->path, wr_http_path_of(url), segments, &count);
	for (i = 0; i < count && r->rc == WR_OK; i++) {
		struct wr_http_param *param = &path->items[path->count++];

		param->name =
		    wr_arena_copy(&r->call->arena, segments[i].name.data, segments[i].name.size);
		r->rc = param->name == NULL
			    ? WR_ENOMEM
			    : wr_http_unescape(&r->call->arena, segments[i].value, &param->value);
		if (r->rc == WR_EINVAL)
			refuse(r, "the path is not escaped as it must be", segments[i].value);
	}
}

static const char *client_of(struct wr_http_request *req, struct wr_http_call *call)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(req->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
	char host[NI_MAXHOST];
	const char *copy;
	socklen_t size;

	if (address == NULL)
		return "";
	size = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
	if (getnameinfo(address, size, host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0)
		return "";
	copy = wr_arena_copy(&call->arena, host, strlen(host));
	return copy != NULL ? copy : "";
}

/* It says what it likes, but can't look like another word, or like the address behind it. */
static const char *user_of(const struct wr_http_request *req, struct wr_http_call *call)
{
	struct wr_bytes name = req->headers.user;
	char *copy;

	if (name.data == NULL || name.size == 0)
		return NULL;
	if (name.size > WR_HTTP_USER_MAX)
		name.size = WR_HTTP_USER_MAX;
	copy = wr_arena_copy(&call->arena, name.data, name.size);
	for (char *c = copy; c != NULL && *c != '\0'; c++) {
		if (*c <= ' ' || *c >= 0x7F) /* bytes over 0x7F are negative */
			*c = '_';
	}
	return copy;
}

/* NULL, or why the type of the body is not taken. */
static const char *judge_type(const struct wr_http_headers *headers)
{
	struct wr_bytes parameters;

	/* Without a type a body is taken for JSON. */
	if (headers->content_type.data != NULL &&
	    !wr_http_mime_is(headers->content_type, "application/json", &parameters))
		return "send JSON, as application/json";
	if (headers->content_encoding.data != NULL &&
	    (headers->content_encoding.size != 8 ||
	     strncasecmp(headers->content_encoding.data, "identity", 8) != 0))
		return "the body must not be compressed";
	return NULL;
}

static void admit_body(struct wr_http_request *req)
{
	const char *wrong = req->headers.has_body ? judge_type(&req->headers) : NULL;

	if (wrong != NULL)
		wr_http_reply_problem(req, WR_HTTP_MEDIA_TYPE, wrong);
	else if (req->headers.content_length > req->settings->max_body_bytes) {
		wr_http_reply_too_large(req);
		req->is_early = true;
	}
}

void wr_http_call_admit(struct wr_http_request *req)
{
	struct reading r = {.rc = WR_OK};

	r.call = wr_http_call_create(&req->listener->http->deps, req->route);
	if (r.call == NULL) {
		wr_http_reply_no_memory(req);
		return;
	}
	req->call = r.call;
	read_path(&r, req->url);
	if (r.rc == WR_OK && req->route->query != NULL)
		MHD_get_connection_values_n(req->mhd, MHD_GET_ARGUMENT_KIND, add_query, &r);
	if (r.rc == WR_EINVAL)
		wr_http_reply_problem(req, WR_HTTP_BAD_REQUEST, r.wrong);
	else if (r.rc != WR_OK)
		wr_http_reply_no_memory(req);
	else if (req->route->takes_body)
		admit_body(req);
	if (req->reply.status != 0)
		return;
	r.call->client = client_of(req, r.call);
	r.call->user = user_of(req, r.call);
}

/* The call's answer becomes the request's. */
static void answer(struct wr_http_request *req)
{
	struct wr_http_call *call = req->call;

	if (call->status == 0) {
		wr_http_reply_no_memory(req);
		return;
	}
	wr_buf_fini(&req->out);
	req->out = call->text;
	wr_buf_init(&call->text);
	wr_http_reply_text(req, call->status, call->mime);
	req->reply.retry_after_s = call->retry_after_s;
	req->reply.location = call->location;
}

void wr_http_call_handle(struct wr_http_request *req)
{
	struct wr_http *http = req->listener->http;
	struct wr_http_call *call = req->call;

	wr_buf_fini(&call->body);
	call->body = req->body;
	wr_buf_init(&req->body);
	if (req->route->slow_ms == 0) {
		wr_http_call_run(call);
		answer(req);
		return;
	}
	wr_http_request_ref(req);
	if (!wr_http_waits_begin(&req->listener->waits, req,
				 wr_http_now(http) + req->route->slow_ms * WR_NS_PER_MS)) {
		wr_http_request_unref(req);
		wr_http_reply_problem(req, WR_HTTP_BUSY,
				      "too much is under way, or the server is stopping");
		req->reply.retry_after_s = 1;
		return;
	}
	wr_http_workers_add(&http->workers, req);
}

/* After anything but DONE the worker may still write to the call, so only the request is touched. */
void wr_http_call_resumed(struct wr_http_request *req, enum wr_http_wake wake)
{
	switch (wake) {
	case WR_WAKE_DONE:
		answer(req);
		return;
	case WR_WAKE_TIMED_OUT:
		wr_http_reply_problem(req, WR_HTTP_UNFINISHED,
				      "it took too long to be waited for, and goes on");
		return;
	case WR_WAKE_STOPPED:
		wr_http_reply_problem(req, WR_HTTP_UNFINISHED, "the server is stopping");
		return;
	}
}
