/*
 * The paths of the HTTP interface: one row a path and method. A handler runs on the listener's thread when the whole
 * request is there; it answers, or defers and answers when it is resumed. HEAD comes with GET, OPTIONS with every path.
 * docs/openapi.yaml describes the same table for people; a test holds the two together.
 */
#ifndef WR_HTTP_ROUTER_H
#define WR_HTTP_ROUTER_H

#include "http/internal.h"

#define WR_ROUTE_ON_INGEST (1u << WR_HTTP_INGEST)
#define WR_ROUTE_ON_ADMIN (1u << WR_HTTP_ADMIN)
#define WR_ROUTE_ON_BOTH (WR_ROUTE_ON_INGEST | WR_ROUTE_ON_ADMIN)

#define WR_ROUTE_MAX_STATUSES 16

struct wr_http_route {
	unsigned sides;
	const char *method;
	const char *path;
	bool needs_token;                           /* when the listener has one */
	void (*admit)(struct wr_http_request *req); /* on the headers; NULL: takes no body */
	void (*handle)(struct wr_http_request *req);
	void (*resumed)(struct wr_http_request *req,
			enum wr_http_wake wake);        /* NULL: never defers */
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

/* Finds the row. `url` may be in absolute form. `allow`, at least 32 bytes, gets the methods of the path unless there
 * is none. [any] */
enum wr_http_match wr_http_route_find(enum wr_http_side side, const char *method, const char *url,
				      const struct wr_http_route **route_r, char *allow,
				      size_t allow_size);

#endif
