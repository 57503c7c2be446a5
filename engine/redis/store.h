/*
 * Claims in Redis: SET NX GET, a batch in one write and one read. One connection a handle, so one a lane.
 *
 * A claim's key lives for the whole ttl from the moment it is written; a redelivery by the same owner finds its key
 * and leaves its time alone.
 */
#ifndef WR_REDIS_STORE_H
#define WR_REDIS_STORE_H

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "port/claim_store.h"

#include <stdint.h>

/* Makes a handle; it connects at its first poll(). `conf` and `pipeline` are copied, `clock` is borrowed. ttl_ms is
 * above 0. WR_OK, and the caller owns *store_r; or WR_ENOMEM. [any] */
enum wr_code wr_redis_store_create(const struct wr_conf_redis *conf, const char *pipeline,
				   int64_t ttl_ms, const struct wr_clock *clock,
				   struct wr_claim_store **store_r, struct wr_err *err);

#endif
