#include "config.h"

#include "base/check.h"
#include "http/admin.h"
#include "http/call.h"
#include "http/router.h"

#define CALL(handler)                                               \
	.admit = wr_http_call_admit, .handle = wr_http_call_handle, \
	.resumed = wr_http_call_resumed, .call = (handler)

/* What every call may be answered with beside its own. */
#define CALL_STATUSES 400, 401, 403, 408, 413, 417, 500

static const char *const no_query[] = {NULL};

const struct wr_http_route wr_http_routes[] = {
    {.sides = WR_ROUTE_ON_INGEST,
     .method = "POST",
     .path = "/api/events",
     .needs_token = true,
     .takes_body = true,
     .admit = wr_ingest_admit,
     .handle = wr_ingest_handle,
     .resumed = wr_ingest_resumed,
     .statuses = {202, 400, 401, 408, 413, 415, 417, 422, 429, 500, 503}},
    {.sides = WR_ROUTE_ON_BOTH,
     .method = "GET",
     .path = "/health/live",
     .handle = wr_http_view_live,
     .statuses = {200, 400, 403, 408, 413, 417}},
    {.sides = WR_ROUTE_ON_BOTH,
     .method = "GET",
     .path = "/health/ready",
     .handle = wr_http_view_ready,
     .statuses = {200, 400, 403, 408, 413, 417, 500, 503}},
    {.sides = WR_ROUTE_ON_ADMIN,
     .method = "GET",
     .path = "/metrics",
     .needs_token = true,
     .handle = wr_http_view_metrics,
     .statuses = {200, CALL_STATUSES}},
    {.sides = WR_ROUTE_ON_ADMIN,
     .method = "GET",
     .path = "/admin/status",
     .query = no_query,
     .needs_token = true,
     CALL(wr_http_admin_status),
     .statuses = {200, CALL_STATUSES}},
    {.sides = WR_ROUTE_ON_ADMIN,
     .method = "GET",
     .path = "/admin/pipelines",
     .query = no_query,
     .needs_token = true,
     CALL(wr_http_admin_pipelines),
     .statuses = {200, CALL_STATUSES}},
    {.sides = WR_ROUTE_ON_ADMIN,
     .method = "POST",
     .path = "/admin/pipelines/{name}/pause",
     .query = no_query,
     .needs_token = true,
     CALL(wr_http_admin_pause),
     .statuses = {200, 404, CALL_STATUSES}},
    {.sides = WR_ROUTE_ON_ADMIN,
     .method = "POST",
     .path = "/admin/pipelines/{name}/resume",
     .query = no_query,
     .needs_token = true,
     CALL(wr_http_admin_resume),
     .statuses = {200, 404, CALL_STATUSES}},
    {.sides = WR_ROUTE_ON_ADMIN,
     .method = "GET",
     .path = "/admin/plugins",
     .query = no_query,
     .needs_token = true,
     CALL(wr_http_admin_plugins),
     .statuses = {200, CALL_STATUSES}},
    {.sides = WR_ROUTE_ON_ADMIN,
     .method = "GET",
     .path = "/admin/config",
     .query = no_query,
     .needs_token = true,
     CALL(wr_http_admin_config),
     .statuses = {200, CALL_STATUSES}},
    {.sides = WR_ROUTE_ON_ADMIN,
     .method = "GET",
     .path = "/admin/log-level",
     .query = no_query,
     .needs_token = true,
     CALL(wr_http_admin_log_level),
     .statuses = {200, CALL_STATUSES}},
    {.sides = WR_ROUTE_ON_ADMIN,
     .method = "PUT",
     .path = "/admin/log-level",
     .query = no_query,
     .needs_token = true,
     .takes_body = true,
     CALL(wr_http_admin_set_log_level),
     .statuses = {200, 415, 422, CALL_STATUSES}},
};

const size_t wr_http_route_count = WR_COUNT_OF(wr_http_routes);
