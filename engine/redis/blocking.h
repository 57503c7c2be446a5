/*
 * A connection to Redis that blocks: for the look at the start and for what people ask, never for a lane. It greets
 * as the lanes' connections do. One thread; each call waits up to the target's time-outs.
 */
#ifndef WR_REDIS_BLOCKING_H
#define WR_REDIS_BLOCKING_H

#include "base/err.h"
#include "redis/encode.h"
#include "redis/target.h"

struct redisContext;
struct redisReply;

struct wr_redis_blocking {
	struct redisContext *context;         /* NULL: not connected */
	const struct wr_redis_target *target; /* borrowed */
};

/* Connects and greets; with an encoder (may be NULL) the probe must succeed too. WR_OK, WR_EUNAVAILABLE, WR_EREFUSED or
 * WR_ENOMEM; closing is needed after all of them. */
enum wr_code wr_redis_blocking_open(struct wr_redis_blocking *redis,
				    const struct wr_redis_target *target,
				    const struct wr_redis_encoder *encoder, struct wr_err *err);
void wr_redis_blocking_close(struct wr_redis_blocking *redis);

/* Sends a command and waits for its reply, which the caller frees and which may be an error. NULL with `err` when none
 * came: WR_EUNAVAILABLE or WR_ENOMEM. */
struct redisReply *wr_redis_blocking_ask(struct wr_redis_blocking *redis,
					 const struct wr_bytes *args, size_t count,
					 struct wr_err *err);

/* What an error reply means for the connection: WR_EUNAVAILABLE or WR_EREFUSED with a sentence; WR_OK when it concerns
 * its key only. */
enum wr_code wr_redis_blocking_judge(const struct wr_redis_blocking *redis, struct wr_bytes error,
				     struct wr_err *err);

#endif
