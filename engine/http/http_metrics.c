#include "config.h"

#include "http/http_metrics.h"

#include "base/check.h"

#include <stdio.h>

static const double buckets[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
				 0.1,    0.25,  0.5,    1,     2.5,  5,     10};

/* name, kind, HELP */
#define FAMILIES(X)                                                                                \
	X(requests, "weir_http_requests_total", WR_METRIC_COUNTER,                                 \
	  "Requests answered, by listener and status.")                                            \
	X(seconds, "weir_http_request_seconds", WR_METRIC_HISTOGRAM,                               \
	  "Time from a request's headers to the end of its answer.")                               \
	X(events, "weir_http_events_total", WR_METRIC_COUNTER,                                     \
	  "Events received over HTTP: accepted, rejected for good, or failed (not stored, or not " \
	  "known to be).")                                                                         \
	X(body_bytes, "weir_http_body_bytes_total", WR_METRIC_COUNTER,                             \
	  "Bytes of the bodies that were read for events.")                                        \
	X(in_flight, "weir_http_in_flight_requests", WR_METRIC_GAUGE,                              \
	  "Requests that wait for Kafka.")                                                         \
	X(in_flight_bytes, "weir_http_in_flight_bytes", WR_METRIC_GAUGE,                           \
	  "Bytes of bodies that are being read or wait for Kafka.")                                \
	X(connections, "weir_http_connections", WR_METRIC_GAUGE, "Open connections, by listener.")

enum {
#define X(id, name, kind, help) FAMILY_##id,
	FAMILIES(X)
#undef X
};

static const struct wr_metric_family families[] = {
#define X(id, name_, kind_, help_)                                             \
	[FAMILY_##                                                             \
	    id] = {.name = (name_),                                            \
		   .help = (help_),                                            \
		   .kind = (kind_),                                            \
		   .buckets = (kind_) == WR_METRIC_HISTOGRAM ? buckets : NULL, \
		   .bucket_count = (kind_) == WR_METRIC_HISTOGRAM ? WR_COUNT_OF(buckets) : 0},
    FAMILIES(X)
#undef X
};

static const char *const side_names[WR_HTTP_SIDES] = {"ingest", "admin"};
static const char *const result_names[WR_HTTP_EVENT_RESULTS] = {"accepted", "rejected", "failed"};
static const unsigned statuses[WR_HTTP_STATUS_COUNT] = {
#define X(status) [WR_HTTP_STATUS_##status] = (status),
    WR_HTTP_STATUSES(X)
#undef X
};

const char *wr_http_side_name(enum wr_http_side side)
{
	return side_names[side];
}

static struct wr_metric_cell *cell(struct wr_metrics *registry, int family, const char *label,
				   const char *value)
{
	const struct wr_metric_label labels[] = {{label, value}};

	return wr_metrics_cell(registry, &families[family], labels, label != NULL ? 1 : 0);
}

static void init_side(struct wr_http_metrics *metrics, enum wr_http_side side)
{
	const struct wr_metric_label label = {"listener", side_names[side]};
	char code[8];
	size_t i;

	for (i = 0; i < WR_HTTP_STATUS_COUNT; i++) {
		const struct wr_metric_label labels[] = {label, {"code", code}};

		snprintf(code, sizeof(code), "%u", statuses[i]);
		metrics->requests[side][i] = wr_metrics_cell(
		    metrics->registry, &families[FAMILY_requests], labels, WR_COUNT_OF(labels));
	}
	metrics->seconds[side] =
	    wr_metrics_histogram(metrics->registry, &families[FAMILY_seconds], &label, 1);
	metrics->connections[side] =
	    cell(metrics->registry, FAMILY_connections, "listener", side_names[side]);
}

void wr_http_metrics_init(struct wr_http_metrics *metrics, struct wr_metrics *registry)
{
	size_t i;

	*metrics = (struct wr_http_metrics){.registry = registry};
	init_side(metrics, WR_HTTP_INGEST);
	init_side(metrics, WR_HTTP_ADMIN);
	for (i = 0; i < WR_HTTP_EVENT_RESULTS; i++)
		metrics->events[i] = cell(registry, FAMILY_events, "result", result_names[i]);
	metrics->body_bytes = cell(registry, FAMILY_body_bytes, NULL, NULL);
	metrics->in_flight = cell(registry, FAMILY_in_flight, NULL, NULL);
	metrics->in_flight_bytes = cell(registry, FAMILY_in_flight_bytes, NULL, NULL);
}

static void retire(struct wr_http_metrics *metrics, struct wr_metric_cell *one)
{
	if (one != NULL)
		wr_metrics_retire_cell(metrics->registry, one);
}

void wr_http_metrics_fini(struct wr_http_metrics *metrics)
{
	size_t side, i;

	for (side = 0; side < WR_HTTP_SIDES; side++) {
		for (i = 0; i < WR_HTTP_STATUS_COUNT; i++)
			retire(metrics, metrics->requests[side][i]);
		retire(metrics, metrics->connections[side]);
		if (metrics->seconds[side] != NULL)
			wr_metrics_retire_histogram(metrics->registry, metrics->seconds[side]);
	}
	for (i = 0; i < WR_HTTP_EVENT_RESULTS; i++)
		retire(metrics, metrics->events[i]);
	retire(metrics, metrics->body_bytes);
	retire(metrics, metrics->in_flight);
	retire(metrics, metrics->in_flight_bytes);
}

static enum wr_http_status_index index_of(unsigned status)
{
	switch (status) {
#define X(status)      \
	case (status): \
		return WR_HTTP_STATUS_##status;
		WR_HTTP_STATUSES(X)
#undef X
	default:
		return WR_HTTP_STATUS_500;
	}
}

void wr_http_metrics_count(struct wr_http_metrics *metrics, enum wr_http_side side, unsigned status)
{
	wr_metric_add(metrics->requests[side][index_of(status)], 1);
}

void wr_http_metrics_observe(struct wr_http_metrics *metrics, enum wr_http_side side,
			     double seconds)
{
	wr_metric_observe(metrics->seconds[side], seconds, 1);
}
