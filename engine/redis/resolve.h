/*
 * Turns a host name into addresses without blocking the lane: a thread of its own asks, because resolvers take
 * seconds when the network is ill. One question a handle; the handle is used by one thread.
 */
#ifndef WR_REDIS_RESOLVE_H
#define WR_REDIS_RESOLVE_H

#include "base/code.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define WR_REDIS_ADDRESSES 8
#define WR_REDIS_ADDRESS_BYTES 64

struct wr_redis_addresses {
	char items[WR_REDIS_ADDRESSES][WR_REDIS_ADDRESS_BYTES]; /* numeric */
	size_t count;
};

struct wr_redis_resolve;

/* An address that needs no question. [any] */
bool wr_redis_is_address(const char *host);

/* Starts to ask. WR_OK, or WR_ENOMEM or WR_EIO (no thread, no descriptor). [lane] */
enum wr_code wr_redis_resolve_start(const char *host, struct wr_redis_resolve **resolve_r,
				    struct wr_err *err);

/* Turns readable when the answer is there. [lane] */
int wr_redis_resolve_fd(const struct wr_redis_resolve *resolve);

/* WR_OK with at least one address, WR_EFULL while the answer is not there yet, WR_ENOTFOUND with the resolver's
 * sentence. [lane] */
enum wr_code wr_redis_resolve_take(struct wr_redis_resolve *resolve,
				   struct wr_redis_addresses *addresses_r, struct wr_err *err);

/* Frees, or leaves that to the thread when it is still asking. NULL does nothing. [lane] */
void wr_redis_resolve_destroy(struct wr_redis_resolve *resolve);

#endif
