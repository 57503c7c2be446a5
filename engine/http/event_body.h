/*
 * The events in the body of a request: a JSON object, a JSON array, or one JSON object a line (NDJSON). Each event
 * becomes a record's value exactly as it was sent; here it is found in the body, and its id and key are read. What is
 * wrong with one event of several is noted at that event, what is wrong with the body as a whole at the body.
 *
 * Knows nothing of HTTP but its status codes, and nothing of connections or Kafka. The body must outlive the result.
 */
#ifndef WR_HTTP_EVENT_BODY_H
#define WR_HTTP_EVENT_BODY_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/code.h"
#include "base/json.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wr_event_body_type { WR_EVENT_BODY_JSON, WR_EVENT_BODY_NDJSON };

/* What became of an event. */
enum wr_event_fate {
	WR_FATE_PENDING,    /* good, and no more is known */
	WR_FATE_INVALID,    /* it was found wrong: status and detail */
	WR_FATE_ACCEPTED,   /* acked, or taken where that is enough */
	WR_FATE_REFUSED,    /* Kafka will never take this record */
	WR_FATE_NOT_STORED, /* certainly not written */
	WR_FATE_UNKNOWN     /* may or may not have been written */
};

struct wr_event_item {
	void *owner;           /* the reader's: who waits for its ack */
	struct wr_bytes value; /* in the body, or in the arena when the id was added */
	struct wr_bytes key;   /* the event id unless the event says otherwise */
	_Atomic int fate;      /* enum wr_event_fate */
	unsigned status;       /* with INVALID: 400, 413 or 422 */
	const char
	    *detail; /* with INVALID: a sentence without a full stop; constant or in the arena */
	struct wr_bytes sent; /* where it stands in the body */
	size_t error_offset;  /* with status 400: where in the body it broke */
};

struct wr_event_body_options {
	enum wr_event_body_type type;
	size_t max_event_bytes;
	size_t max_events;
	struct wr_bytes idempotency_key; /* printable ASCII; data NULL: none */
};

struct wr_event_body {
	struct wr_event_item *items; /* in the arena */
	size_t count;
	bool is_batch;      /* an array or NDJSON, of however many events */
	unsigned status;    /* 0, or why the whole body is refused: 400, 413 or 422 */
	const char *detail; /* then: a sentence without a full stop; constant or in the arena */
	bool has_error_offset;
	size_t error_offset;
};

/* Finds the events. WR_OK, also when the body or events are refused: see *body_r; WR_ENOMEM. One thread at a time
 * a reader and an arena. */
enum wr_code wr_event_body_read(struct wr_json_reader *reader, struct wr_arena *arena,
				struct wr_bytes text, const struct wr_event_body_options *options,
				struct wr_event_body *body_r);

#endif
