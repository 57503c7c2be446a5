/*
 * What a client is told about the events it sent, once their fates are known. The contract: 202 when every event that
 * is good was stored and at least one is good, with the others listed; 422 (or the status of the one event) when none
 * is; 503 as soon as one is not known to be stored, whatever became of the others. So a 2xx never covers an event that
 * could be lost.
 */
#ifndef WR_HTTP_INGEST_ANSWER_H
#define WR_HTTP_INGEST_ANSWER_H

#include "base/buf.h"
#include "base/code.h"
#include "http/event_body.h"

struct wr_ingest_counts {
	size_t accepted;
	size_t rejected; /* for good */
	size_t failed;   /* not stored, or not known to be; PENDING counts here */
};

/* [any] */
struct wr_ingest_counts wr_ingest_count(const struct wr_event_body *body);

/* Appends the answer. `text` is the body that was read. *status_r is 202 or that of a problem document; 503 wants a
 * Retry-After. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_ingest_answer(const struct wr_event_body *body, struct wr_bytes text,
			      struct wr_buf *out, unsigned *status_r);

#endif
