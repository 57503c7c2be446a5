#include "config.h"

#include "http/router.h"

#include "base/check.h"

#include <string.h>
#include <strings.h>

const char *wr_http_path_of(const char *url)
{
	const char *slash;

	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return url;
	slash = strchr(strstr(url, "//") + 2, '/');
	return slash != NULL ? slash : "/";
}

bool wr_http_path_match(const char *pattern, const char *path, struct wr_http_segment *segments,
			size_t *count_r)
{
	const char *end;
	size_t size;

	*count_r = 0;
	while (*pattern != '\0') {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		end = strchr(pattern, '}');
		size = strcspn(path, "/");
		if (size == 0)
			return false;
		WR_ASSERT(end != NULL && *count_r < WR_HTTP_SEGMENTS_MAX);
		segments[(*count_r)++] = (struct wr_http_segment){
		    wr_bytes(pattern + 1, (size_t)(end - pattern - 1)), wr_bytes(path, size)};
		pattern = end + 1;
		path += size;
	}
	return *path == '\0';
}

static bool is_path(const struct wr_http_route *route, const char *path)
{
	struct wr_http_segment segments[WR_HTTP_SEGMENTS_MAX];
	size_t count;

	return wr_http_path_match(route->path, path, segments, &count);
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
	const char *path = wr_http_path_of(url);
	bool is_options = strcmp(method, "OPTIONS") == 0, is_all = strcmp(path, "*") == 0;
	const struct wr_http_route *route;
	bool has_path = is_all && is_options;
	size_t i;

	*route_r = NULL;
	allow[0] = '\0';
	for (i = 0; i < wr_http_route_count; i++) {
		route = &wr_http_routes[i];
		if ((route->sides & (1u << side)) == 0 || !is_path(route, path))
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
