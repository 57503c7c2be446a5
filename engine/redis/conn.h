/*
 * One connection to Redis that never blocks: it resolves, connects, greets, moves bytes and, when anything goes
 * wrong, closes, waits and begins anew. It counts the replies that are due and gives the connection up when they
 * stay away; what the replies mean is the store's business.
 *
 * Embedded in its owner, used by one thread. `epoch` changes whenever a connection ends: what was sent before has an
 * unknown outcome.
 */
#ifndef WR_REDIS_CONN_H
#define WR_REDIS_CONN_H

#include "base/buf.h"
#include "base/clock.h"
#include "redis/backoff.h"
#include "redis/encode.h"
#include "redis/refusal.h"
#include "redis/resolve.h"
#include "redis/resp.h"
#include "redis/target.h"

#include <stdbool.h>
#include <stdint.h>

enum wr_redis_phase {
	WR_REDIS_WAITING, /* for the next attempt */
	WR_REDIS_RESOLVING,
	WR_REDIS_CONNECTING,
	WR_REDIS_GREETING, /* the replies to the greeting and the probe are due */
	WR_REDIS_READY
};

struct wr_redis_conn {
	uint32_t magic;
	const struct wr_redis_target *target;   /* borrowed */
	const struct wr_redis_encoder *encoder; /* borrowed: for the probe */
	enum wr_redis_phase phase;
	uint64_t epoch;
	struct redisContext *context; /* from CONNECTING on */
	struct wr_redis_resolve *resolve;
	struct wr_redis_addresses addresses;
	size_t next_address;
	int64_t deadline_mono_ns; /* of the phase; READY: of the next reply */
	struct wr_redis_backoff backoff;
	size_t due;        /* replies */
	struct wr_buf out; /* commands; those before out_sent are written */
	size_t out_sent;
	char *in; /* what was read; between in_start and in_end not parsed yet */
	size_t in_start, in_end;
	size_t skip_bytes;                    /* the rest of a long string */
	unsigned reads_left;                  /* before the lane gets its turn */
	bool read_dry;                        /* nothing more to read for now */
	char reason[WR_REDIS_SENTENCE_BYTES]; /* why it is down; "" while it is up */
};

/* WR_OK or WR_ENOMEM; fini is needed after both. The first poll connects. */
enum wr_code wr_redis_conn_init(struct wr_redis_conn *conn, const struct wr_redis_target *target,
				const struct wr_redis_encoder *encoder, uint64_t seed);
void wr_redis_conn_fini(struct wr_redis_conn *conn);

/* Moves resolving, connecting, greeting and writing on, and lets a new round of reading begin. */
void wr_redis_conn_poll(struct wr_redis_conn *conn, int64_t now_mono_ns);

/* `replies` more are due for what was appended to conn->out; writes what can be written. READY only. */
void wr_redis_conn_send(struct wr_redis_conn *conn, size_t replies, int64_t now_mono_ns);

/* The next reply, borrowed until the next call; false when there is none now. READY only. */
bool wr_redis_conn_next(struct wr_redis_conn *conn, struct wr_resp_reply *reply_r,
			int64_t now_mono_ns);

/* Gives the connection up when a reply is overdue: to be called after all that came was read. */
void wr_redis_conn_check_overdue(struct wr_redis_conn *conn, int64_t now_mono_ns);

/* Closes, with the reason (cut to fit), and waits longer than the last time. */
void wr_redis_conn_fail(struct wr_redis_conn *conn, int64_t now_mono_ns, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Closes to connect anew, without being down for it. */
void wr_redis_conn_renew(struct wr_redis_conn *conn, int64_t now_mono_ns);

/* Redis does what it is asked: up. */
void wr_redis_conn_prove(struct wr_redis_conn *conn);

/* See wr_claim_store_ops.wait_on. */
int wr_redis_conn_wait_on(const struct wr_redis_conn *conn, short *events_r,
			  int64_t *deadline_mono_ns_r);

static inline bool wr_redis_conn_is_up(const struct wr_redis_conn *conn)
{
	return conn->reason[0] == '\0';
}

/* All that was appended is written. */
static inline bool wr_redis_conn_is_flushed(const struct wr_redis_conn *conn)
{
	return conn->out_sent == conn->out.size;
}

#endif
