/*
 * Claims and marks of one pipeline for people: commands and the admin interface look at them and change them one at a
 * time, beside the engines that use them. Blocking, on a connection of its own. One thread at a time; `err` is never
 * NULL here.
 */
#ifndef WR_REDIS_ACCESS_H
#define WR_REDIS_ACCESS_H

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "port/claim_store.h"

#include <stdint.h>

struct wr_redis_access;

/* Connects. Both are copied. WR_OK, and the caller owns *access_r; WR_EUNAVAILABLE, WR_EREFUSED or WR_ENOMEM. */
enum wr_code wr_redis_access_open(const struct wr_conf_redis *conf, const char *pipeline,
				  struct wr_redis_access **access_r, struct wr_err *err);

/* NULL does nothing. */
void wr_redis_access_close(struct wr_redis_access *access);

/* The calls below: WR_OK, WR_ENOTFOUND (nothing is there), WR_EINVAL (something else is there: of another type, or too
 * long), WR_EUNAVAILABLE, WR_EREFUSED, WR_ENOMEM; all but WR_OK with a sentence. */

/* The key of an event id, for people; appended. WR_OK or WR_ENOMEM. */
enum wr_code wr_redis_claim_key(const struct wr_redis_access *access, struct wr_bytes id,
				struct wr_buf *out);

/* The claim as it is kept, appended; *ttl_ms_r is the time it has left, -1: it has no end. */
enum wr_code wr_redis_claim_read(struct wr_redis_access *access, struct wr_bytes id,
				 struct wr_buf *value, int64_t *ttl_ms_r, struct wr_err *err);

/* Removes whatever is kept of the id. */
enum wr_code wr_redis_claim_forget(struct wr_redis_access *access, struct wr_bytes id,
				   struct wr_err *err);

/* The text of the mark of "<topic>/<partition>", appended. */
enum wr_code wr_redis_mark_read(struct wr_redis_access *access, struct wr_bytes field,
				struct wr_buf *text, struct wr_err *err);

/* Writes a mark over whatever is there, but not over something else than marks. */
enum wr_code wr_redis_mark_write(struct wr_redis_access *access, const struct wr_mark_write *mark,
				 struct wr_err *err);

#endif
