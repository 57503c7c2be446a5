/*
 * Claims as Redis commands: SET weir:<pipeline>:e:<id> <value> NX GET PX <ttl>, one after the other in one buffer; a
 * claim that expects a value calls the script. Marks stand in the hash weir:<pipeline>:m.
 *
 * Ids over 128 bytes enter the key as "sha256:" and their SHA-256 in hex; so do the few short ids that begin with
 * "sha256:" themselves, so that no two ids ever share a key.
 */
#ifndef WR_REDIS_ENCODE_H
#define WR_REDIS_ENCODE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/code.h"
#include "port/claim_store.h"
#include "redis/marks.h"

#include <stdint.h>

#define WR_REDIS_ID_BYTES 128 /* the longest id that enters its key as it is */

/* What all commands of a pipeline have in common. Embedded in its owner. */
struct wr_redis_encoder {
	struct wr_buf prefix; /* of the keys */
	struct wr_buf marks_key;
	struct wr_buf tail;  /* of the commands, from the value's end of line on */
	struct wr_buf probe; /* the whole probe */
	char ttl[24];        /* in ms */
};

/* WR_OK or WR_ENOMEM; fini is needed after both. */
enum wr_code wr_redis_encoder_init(struct wr_redis_encoder *encoder, const char *pipeline,
				   int64_t ttl_ms);
void wr_redis_encoder_fini(struct wr_redis_encoder *encoder);

/* Appends the commands of a set. WR_OK or WR_ENOMEM; then `out` is as it was. [lane] */
enum wr_code wr_redis_encode_set(const struct wr_redis_encoder *encoder,
				 const struct wr_claim_set *set, struct wr_buf *out);

/* Appends the key of an event id. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_redis_encode_key(const struct wr_redis_encoder *encoder, struct wr_bytes id,
				 struct wr_buf *out);

/* Appends the commands of a query, one a field. WR_OK or WR_ENOMEM; then `out` is as it was. [lane] */
enum wr_code wr_redis_encode_query(const struct wr_redis_encoder *encoder,
				   const struct wr_mark_query *query, struct wr_buf *out);

/* Appends the one command of a mark. WR_OK or WR_ENOMEM; then `out` is as it was. [lane] */
enum wr_code wr_redis_encode_mark(const struct wr_redis_encoder *encoder,
				  const struct wr_redis_mark *mark, struct wr_buf *out);

/* Appends what stands before the text of a mark where it is kept: WR_REDIS_STAMP_BYTES. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_redis_encode_stamp(uint32_t incarnation, int64_t next, struct wr_buf *out);

/* The text of a mark in what is kept of it: all of it when it is nothing that wr_redis_encode_mark() made. */
struct wr_bytes wr_redis_mark_text(struct wr_bytes kept);

#define WR_REDIS_PROBES 2 /* commands, and so replies, of a probe */

/* Appends the probe: a claim on a key that no event has, whose reply says whether claims can be made now, and the
 * script, whose reply says whether it may do what it does, and which Redis remembers. */
enum wr_code wr_redis_encode_probe(const struct wr_redis_encoder *encoder, struct wr_buf *out);

#endif
