/*
 * The responsible-instance rule: the first source record to claim an event id owns it, and every other record with
 * that id is a duplicate at once. There is no lease and no waiting: Kafka itself delivers the owner again until its
 * offset is committed, so a crash can't orphan a claim. Pure functions over the values of the claim store.
 *
 * A value is "<state>|<incarnation>/<topic>/<partition>/<offset>": state C claimed, F dead-lettered. The owner
 * behind it is the record that entered the pipeline; the pipeline's own retry records inherit it.
 */
#ifndef WR_CORE_CLAIM_H
#define WR_CORE_CLAIM_H

#include "base/arena.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* Room for the part of a value that all records of a partition share. Topic names have 249 bytes at most. */
#define WR_CLAIM_PREFIX_BYTES 320

struct wr_claim_prefix {
	char text[WR_CLAIM_PREFIX_BYTES];
	size_t size;
};

void wr_claim_prefix_init(struct wr_claim_prefix *prefix, uint32_t incarnation, const char *topic,
			  int32_t partition);

/* The value that the record at `offset` claims with, in the arena; absent without memory. */
struct wr_bytes wr_claim_value(const struct wr_claim_prefix *prefix, int64_t offset,
			       struct wr_arena *arena);

/* The owner's part of a value: behind "C|". */
struct wr_bytes wr_claim_owner(struct wr_bytes value);

enum wr_claim_decision {
	WR_CLAIM_PROCESS,   /* it is ours: the first delivery, or a redelivery of the owner */
	WR_CLAIM_DUPLICATE, /* another record owns the id */
	WR_CLAIM_NOT_A_CLAIM /* what was found can't be understood: neither lost nor repeated, a person decides */
};

/* What to do with the record that claimed with `own` and found `found` (absent: nothing was there). */
enum wr_claim_decision wr_claim_decide(struct wr_bytes own, struct wr_bytes found);

#endif
