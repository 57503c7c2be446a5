#include "config.h"

#include "http/router.h"

#include "base/check.h"

#include <string.h>
#include <strings.h>

const struct wr_http_route wr_http_routes[] = {
    {.sides = WR_ROUTE_ON_INGEST,
     .method = "POST",
     .path = "/api/events",
     .needs_token = true,
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
     .statuses = {200, 400, 401, 403, 408, 413, 417, 500}},
};

const size_t wr_http_route_count = WR_COUNT_OF(wr_http_routes);

/* The path of a request target: "http://host/path" is "/path" (RFC 9112, section 3.2.2). */
static const char *path_of(const char *url)
{
	const char *slash;

	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return url;
	slash = strchr(strstr(url, "//") + 2, '/');
	return slash != NULL ? slash : "/";
}

static void add_method(char *allow, size_t allow_size, const char *method)
{
	size_t used = strlen(allow), size = strlen(method);

	if (used + size + 3 > allow_size)
		return;
	if (used > 0) {
		memcpy(allow + used, ", ", 2);
		used += 2;
	}
	memcpy(allow + used, method, size + 1);
}

static bool is_method(const char *method, const struct wr_http_route *route)
{
	if (strcmp(method, route->method) == 0)
		return true;
	return strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0;
}

enum wr_http_match wr_http_route_find(enum wr_http_side side, const char *method, const char *url,
				      const struct wr_http_route **route_r, char *allow,
				      size_t allow_size)
{
	const char *path = path_of(url);
	bool is_options = strcmp(method, "OPTIONS") == 0, is_all = strcmp(path, "*") == 0;
	const struct wr_http_route *route;
	bool has_path = is_all && is_options;
	size_t i;

	*route_r = NULL;
	allow[0] = '\0';
	for (i = 0; i < wr_http_route_count; i++) {
		route = &wr_http_routes[i];
		if ((route->sides & (1u << side)) == 0 || strcmp(path, route->path) != 0)
			continue;
		if (is_method(method, route)) {
			*route_r = route;
			return WR_MATCH_FOUND;
		}
		has_path = true;
		add_method(allow, allow_size, route->method);
		if (strcmp(route->method, "GET") == 0)
			add_method(allow, allow_size, "HEAD");
	}
	if (!has_path)
		return WR_MATCH_NO_PATH;
	add_method(allow, allow_size, "OPTIONS");
	return is_options ? WR_MATCH_OPTIONS : WR_MATCH_NO_METHOD;
}
