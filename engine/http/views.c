#include "config.h"

#include "http/internal.h"

#define JSON "application/json"

void wr_http_view_live(struct wr_http_request *req)
{
	if (wr_buf_append_text(&req->out, "{\"live\":true}") != WR_OK)
		wr_http_reply_no_memory(req);
	else
		wr_http_reply_text(req, MHD_HTTP_OK, JSON);
}

void wr_http_view_ready(struct wr_http_request *req)
{
	bool is_ready;

	if (wr_health_render(req->listener->http->deps.health, &req->out, &is_ready) != WR_OK)
		wr_http_reply_no_memory(req);
	else
		wr_http_reply_text(req, is_ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
				   JSON);
}

void wr_http_view_metrics(struct wr_http_request *req)
{
	if (wr_metrics_render(req->listener->http->deps.metrics, &req->out) != WR_OK)
		wr_http_reply_no_memory(req);
	else
		wr_http_reply_text(req, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8");
}
