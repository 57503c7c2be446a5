/*
 * Where records are written: a topic of Kafka, in production. A write is asynchronous; its outcome comes through
 * the completion callback, from wr_sink_poll() and on the thread that calls it.
 */
#ifndef WR_PORT_SINK_H
#define WR_PORT_SINK_H

#include "base/bytes.h"
#include "base/code.h"
#include "base/err.h"
#include "weir/plugin.h"

#include <stdbool.h>
#include <stdint.h>

struct wr_sink;
struct wr_source;
struct wr_source_commit;
struct wr_sink_topic; /* a resolved topic: borrowed, lives as long as the sink */

/* A record to write. The key and headers are copied before write() returns; the value is BORROWED until the
 * completion is called. */
struct wr_sink_record {
	struct wr_sink_topic *topic;
	bool has_partition; /* else the key decides, or any without one */
	int32_t partition;
	struct wr_bytes key;   /* data NULL: none */
	struct wr_bytes value; /* data NULL: tombstone */
	const struct weir_header
	    *headers; /* two parts, so that a list that is there need not be copied */
	size_t header_count;
	const struct weir_header *more_headers;
	size_t more_header_count;
	int64_t timestamp_ms; /* 0: now */
};

/* `code`: WR_OK acked by all in-sync replicas; WR_EREFUSED for good, this record only (too large, not
 * authorised, unknown topic ...); WR_EUNKNOWN not known to be written: the sink is broken, see wr_sink_ops.state, or
 * its transaction can only be aborted. Once a write of a transaction has not ended with WR_OK, others may not be
 * completed before abort().
 * `reason` is a word or a sentence for people of at most 1 KiB, borrowed for the call; NULL with WR_OK. */
typedef void (*wr_sink_done_fn)(void *arg, void *token, enum wr_code code, const char *reason);

enum wr_sink_state {
	WR_SINK_UP,
	WR_SINK_DOWN, /* no broker answers; writes are kept and tried for ever */
	WR_SINK_BROKEN /* must be destroyed and made anew; all its outstanding writes complete as WR_EUNKNOWN */
};

struct wr_sink_ops {
	/* Resolves a topic. WR_OK, or WR_EINVAL for a name that Kafka would refuse. [owner] */
	enum wr_code (*topic)(struct wr_sink *sink, const char *name,
			      struct wr_sink_topic **topic_r, struct wr_err *err);

	/* Takes a record. WR_OK: `token` will be completed exactly once. WR_EFULL: try again after a poll.
	 * WR_EREFUSED: this record can never be written (err says why). WR_EUNKNOWN: the sink is broken, or its
	 * transaction can only be aborted (state() tells). [any] */
	enum wr_code (*write)(struct wr_sink *sink, const struct wr_sink_record *record,
			      void *token, struct wr_err *err);

	/* Calls due completions; waits for one up to timeout_ms (0: not at all). Returns how many. [owner] */
	int (*poll)(struct wr_sink *sink, int timeout_ms);

	enum wr_sink_state (*state)(struct wr_sink *sink); /* [any] */

	/* The rest is NULL in a sink without transactions. Calls of begin(), commit() and abort() alternate; none blocks.
	 * Until transaction_status() says WR_OK for the first time the sink is not ready: its predecessor's
	 * transaction is being aborted.
	 *
	 * Of the last step (the making, commit(), abort()): WR_EFULL while it is under way; then WR_OK; WR_EREFUSED:
	 * the commit can't be (the source is no longer the partitions' owner, a time-out), nothing of it will be
	 * seen: abort(); WR_EUNKNOWN: whether it was committed is not known, the sink is broken. The
	 * lane is woken when it changes. [owner] */
	enum wr_code (*transaction_status)(struct wr_sink *sink);

	/* Begins one; writes belong to it from here on. WR_OK, or WR_EUNKNOWN: the sink is broken. [owner] */
	enum wr_code (*begin)(struct wr_sink *sink, struct wr_err *err);

	/* Sends these offsets of `source`'s group (KIP-447: with its membership) into the transaction and commits it.
	 * All writes must have been completed with WR_OK. `commits` is copied; `source` must not be destroyed before
	 * the status is known. [owner] */
	void (*commit)(struct wr_sink *sink, struct wr_source *source,
		       const struct wr_source_commit *commits, size_t count);

	/* Aborts it: writes that are outstanding complete as WR_EUNKNOWN, nothing of the transaction will be seen. The
	 * sink is good for another one when the status says WR_OK. [owner] */
	void (*abort)(struct wr_sink *sink);

	/* Records and bytes that wait for their ack. [any] */
	void (*depth)(struct wr_sink *sink, size_t *records_r, size_t *bytes_r);

	/* Completes all outstanding writes (WR_EUNKNOWN) and frees. NULL does nothing. [owner] */
	void (*destroy)(struct wr_sink *sink);
};

/* Adapters embed this first. The completion is set by the adapter's create function. */
struct wr_sink {
	const struct wr_sink_ops *ops;
};

#endif
