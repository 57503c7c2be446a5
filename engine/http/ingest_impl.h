/*
 * What ingest.c (the endpoint) and ingest_sink.c (its way to Kafka) share.
 */
#ifndef WR_HTTP_INGEST_IMPL_H
#define WR_HTTP_INGEST_IMPL_H

#include "http/event_body.h"
#include "http/internal.h"

/* The events of one request. In its arena. */
struct wr_ingest_job {
	struct wr_event_body body;
	_Atomic size_t
	    pending; /* writes that are not completed, and one while they are being made */
	struct weir_header headers[1];
	size_t header_count;
};

struct wr_ingest {
	struct wr_http *http;
	struct wr_json_reader *reader; /* [listener] */

	struct wr_lock lock;              /* held while writing, so that the sink stays */
	struct wr_sink *sink;             /* [lock]; NULL between a broken one and the next */
	struct wr_sink_topic *topic;      /* [lock] */
	struct wr_http_request *finished; /* [sink] all acked since the last look */
	int64_t next_open_mono_ns;        /* [sink] */
	int64_t stop_deadline_mono_ns;    /* [main] before is_running is false */
	_Atomic bool is_running;
	pthread_t thread;
	bool has_thread;
};

static inline struct wr_http_waits *wr_ingest_waits(const struct wr_ingest *ingest)
{
	return &ingest->http->listeners[WR_HTTP_INGEST].waits;
}

/* Writes the good events of a request. Those that can't be written get their fate; the others hold the request, which
 * is finished through its listener's waits when the last is completed, unless job->pending keeps it. [listener] */
void wr_ingest_write(struct wr_ingest *ingest, struct wr_http_request *req);

/* One less is pending; the last finishes the request. [listener] */
void wr_ingest_release(struct wr_ingest *ingest, struct wr_http_request *req);

#endif
