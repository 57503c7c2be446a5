/*
 * What a record of one of the pipeline's own retry topics is, beside one of a source topic: how it claims its event's
 * id, and which attempt it is. A retry goes on as the record that entered the pipeline, so it claims with that one's
 * owner; a replay claims for itself, over the owner that its dead letter names. Pure.
 */
#ifndef WR_CORE_RETRIED_H
#define WR_CORE_RETRIED_H

#include "core/claim.h"
#include "core/envelope.h"

struct wr_claimant {
	struct wr_bytes claim;     /* the value it claims with */
	struct wr_bytes replay_of; /* the owner that it takes over from; absent: it is no replay */
};

/* For the record at `offset` of the partition of `prefix`; the envelope has an event id. Borrows from the envelope.
 * False without memory in the arena. [any] */
bool wr_retried_claim(const struct wr_envelope *envelope, const struct wr_claim_prefix *prefix,
		      int64_t offset, struct wr_arena *arena, struct wr_claimant *claimant_r);

/* The attempt that comes next, from 1. The envelope of a replay begins anew. [any] */
uint32_t wr_retried_attempt(const struct wr_envelope *envelope);

#endif
