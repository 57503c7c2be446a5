/*
 * The paths of the HTTP interface: one row a path and method, in routes.c. A handler runs on the listener's thread when the
 * whole request is there; it answers, or defers and answers when it is resumed. Those of the admin API are calls (call.h),
 * with parameters that are read already and an answer that is easily written. HEAD comes with GET, OPTIONS with every
 * path. docs/openapi.yaml describes the same table for people; a test holds the two together.
 */
#ifndef WR_HTTP_ROUTER_H
#define WR_HTTP_ROUTER_H

#include "http/internal.h"

#define WR_ROUTE_ON_INGEST (1u << WR_HTTP_INGEST)
#define WR_ROUTE_ON_ADMIN (1u << WR_HTTP_ADMIN)
#define WR_ROUTE_ON_BOTH (WR_ROUTE_ON_INGEST | WR_ROUTE_ON_ADMIN)

#define WR_ROUTE_MAX_STATUSES 16
#define WR_HTTP_SEGMENTS_MAX 4u

struct wr_http_call;

struct wr_http_route {
	unsigned sides;
	const char *method;
	const char *path;         /* {name} stands for one segment that is not empty */
	const char *const *query; /* the parameters it takes, NULL at the end; others are refused.
				     NULL: whatever comes is ignored */
	bool needs_token;         /* when the listener has one */
	bool takes_body;
	void (*admit)(struct wr_http_request *req); /* on the headers; may be NULL */
	void (*handle)(struct wr_http_request *req);
	void (*resumed)(struct wr_http_request *req,
			enum wr_http_wake wake); /* NULL: never defers */
	void (*call)(struct wr_http_call *call); /* with wr_http_call_admit() and its like above */
	int64_t slow_ms; /* of a call: it runs on a worker, and its answer is waited for so long; 0:
			    on the listener's thread, where it must not block */
	unsigned short statuses[WR_ROUTE_MAX_STATUSES]; /* all it may answer; ends with 0 */
};

extern const struct wr_http_route wr_http_routes[];
extern const size_t wr_http_route_count;

enum wr_http_match {
	WR_MATCH_FOUND,
	WR_MATCH_NO_PATH,
	WR_MATCH_NO_METHOD,
	WR_MATCH_OPTIONS /* a path that is there, or "*" */
};

/* The path of a request target: "http://host/path" is "/path" (RFC 9112, section 3.2.2). */
const char *wr_http_path_of(const char *url);

/* What stands in a path for a {name} of the pattern, still escaped. */
struct wr_http_segment {
	struct wr_bytes name;
	struct wr_bytes value;
};

/* Whether the path is one of the pattern; up to WR_HTTP_SEGMENTS_MAX segments. */
bool wr_http_path_match(const char *pattern, const char *path, struct wr_http_segment *segments,
			size_t *count_r);

/* Finds the first row that fits: /a/b stands before /a/{name}. `url` may be in absolute form. `allow`, at least 64 bytes, gets the methods of the path unless there
 * is none. [any] */
enum wr_http_match wr_http_route_find(enum wr_http_side side, const char *method, const char *url,
				      const struct wr_http_route **route_r, char *allow,
				      size_t allow_size);

#endif
