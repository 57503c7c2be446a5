/*
 * The metrics of the HTTP side. Each family is a row of the table in http_metrics.c.
 */
#ifndef WR_HTTP_HTTP_METRICS_H
#define WR_HTTP_HTTP_METRICS_H

#include "base/metrics.h"
#include "http/server.h"

/* Every status the server answers with. */
#define WR_HTTP_STATUSES(X) \
	X(200)              \
	X(202)              \
	X(204)              \
	X(400) X(401) X(403) X(404) X(405) X(408) X(409) X(413) X(415) X(417) X(422) X(429) X(431) X(500) X(503)

enum wr_http_status_index {
#define X(status) WR_HTTP_STATUS_##status,
	WR_HTTP_STATUSES(X)
#undef X
	    WR_HTTP_STATUS_COUNT
};

enum wr_http_event_result {
	WR_HTTP_EVENTS_ACCEPTED,
	WR_HTTP_EVENTS_REJECTED,
	WR_HTTP_EVENTS_FAILED,
	WR_HTTP_EVENT_RESULTS
};

struct wr_http_metrics {
	struct wr_metrics *registry;
	struct wr_metric_cell *requests[WR_HTTP_SIDES][WR_HTTP_STATUS_COUNT];
	struct wr_metric_histogram *seconds[WR_HTTP_SIDES];
	struct wr_metric_cell *events[WR_HTTP_EVENT_RESULTS];
	struct wr_metric_cell *body_bytes;
	struct wr_metric_cell *in_flight;
	struct wr_metric_cell *in_flight_bytes;
	struct wr_metric_cell *connections[WR_HTTP_SIDES];
};

/* "ingest" or "admin". [any] */
const char *wr_http_side_name(enum wr_http_side side);

/* Registers; without memory, what could not be registered is not counted. */
void wr_http_metrics_init(struct wr_http_metrics *metrics, struct wr_metrics *registry);
void wr_http_metrics_fini(struct wr_http_metrics *metrics);

/* [any] */
void wr_http_metrics_count(struct wr_http_metrics *metrics, enum wr_http_side side,
			   unsigned status);
void wr_http_metrics_observe(struct wr_http_metrics *metrics, enum wr_http_side side,
			     double seconds);

#endif
