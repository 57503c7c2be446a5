/*
 * What the admin API asks about dead letters, and tells to do with them. The HTTP side knows nothing of Kafka. Each
 * function appends one whole JSON document, and may wait: [worker], on several at once.
 *
 * Which dead-letter topic is meant is said by the parameter `pipeline`; without it, that of all pipelines, if they have
 * the same.
 */
#ifndef WR_PORT_DLQ_H
#define WR_PORT_DLQ_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct wr_dlq_port;

/* Decoded, of the query. */
struct wr_dlq_param {
	const char *name;
	const char *value;
};

struct wr_dlq_params {
	const struct wr_dlq_param *items;
	size_t count;
};

/* All return WR_OK; WR_EINVAL (a parameter or the body: err names it); WR_ENOTFOUND; WR_EEXIST (a job that is over);
 * WR_EREFUSED (Kafka does not allow it); WR_ECLOSED, WR_EUNAVAILABLE, WR_EUNKNOWN (try again); WR_ENOMEM. */
struct wr_dlq_ops {
	/* A page: {"items":[...],"next":...}. Parameters: the filter's, limit, cursor, order. */
	enum wr_code (*list)(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			     struct wr_buf *out, struct wr_err *err);

	/* Counts by kind, as far as they come in two seconds. Parameters: the filter's, cursor. */
	enum wr_code (*stats)(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			      struct wr_buf *out, struct wr_err *err);

	/* One letter in full; `place` is "<partition>/<offset>". */
	enum wr_code (*show)(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			     const char *place, struct wr_buf *out, struct wr_err *err);

	/* {"jobs":[...]}, the newest first. */
	enum wr_code (*jobs)(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			     struct wr_buf *out, struct wr_err *err);

	enum wr_code (*job)(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			    const char *id, struct wr_buf *out, struct wr_err *err);

	/* Makes a job of what the body asks for, which is a JSON object, and begins it. With "dryRun" nothing is made. */
	enum wr_code (*create)(struct wr_dlq_port *port, struct wr_bytes body, const char *who,
			       struct wr_buf *out, bool *is_dry_r, struct wr_err *err);

	/* Ends a job for good. */
	enum wr_code (*cancel)(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			       const char *id, const char *who, struct wr_buf *out,
			       struct wr_err *err);

	/* {"redrives":[...]}: those that are configured, and what they are at. */
	enum wr_code (*redrives)(struct wr_dlq_port *port, struct wr_buf *out, struct wr_err *err);

	/* Goes on with a job that somebody else began, here. */
	enum wr_code (*resume)(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			       const char *id, const char *who, struct wr_buf *out,
			       struct wr_err *err);
};

struct wr_dlq_port {
	const struct wr_dlq_ops *ops;
};

#endif
