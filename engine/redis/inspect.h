/*
 * The look at a Redis when the engine starts: can claims be made there at all, and what will bite later. On a
 * blocking connection of its own.
 */
#ifndef WR_REDIS_INSPECT_H
#define WR_REDIS_INSPECT_H

#include "base/err.h"
#include "base/log.h"
#include "redis/encode.h"
#include "redis/target.h"

#include <stdint.h>

#define WR_REDIS_BYTES_AN_ID 162 /* measured: key, value and expiry of a claim */

/* See wr_claim_store_ops.inspect. [any] */
enum wr_code wr_redis_inspect(const struct wr_redis_target *target,
			      const struct wr_redis_encoder *encoder, int64_t ttl_ms,
			      void (*tell)(void *arg, enum wr_log_level level,
					   const char *sentence),
			      void *arg, struct wr_err *err);

#endif
