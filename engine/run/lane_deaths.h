/*
 * Dead letters whose claims are still to be turned from C to F, so that a resubmission of their events is processed. F
 * is written last, after the commit that covers the dead letter is known, and only over the owner's own C: an
 * earlier one would let a duplicate through when the transaction is aborted. It may be lost (a resubmission then counts
 * as a duplicate), so what waits is bounded. The lane's.
 */
#ifndef WR_RUN_LANE_DEATHS_H
#define WR_RUN_LANE_DEATHS_H

#include "base/bytes.h"
#include "port/claim_store.h"

#include <stdbool.h>

struct wr_death_set;

struct wr_deaths {
	struct wr_death_set *collecting; /* of what has retired; NULL: none */
	struct wr_death_set *covered;    /* by the commit that is under way */
	struct wr_death_set *submitted;  /* on their way to the store */
	size_t bytes;                    /* of all */
};

/* A dead letter has retired: `claim` is its owner's value. Both are copied. False: it was left out. */
bool wr_deaths_add(struct wr_deaths *deaths, struct wr_bytes id, struct wr_bytes claim);

/* A commit is begun that covers all that was added. */
void wr_deaths_cover(struct wr_deaths *deaths);

/* It is known to have succeeded: they are written. */
void wr_deaths_write(struct wr_deaths *deaths, struct wr_claim_store *store);

/* It failed for good: what is not written is forgotten, since the events come again. */
void wr_deaths_forget(struct wr_deaths *deaths);

/* Frees what the store has answered. True when nothing is submitted any more. */
bool wr_deaths_reap(struct wr_deaths *deaths);

/* Cancels and frees all; the store may be NULL when nothing was ever submitted. */
void wr_deaths_fini(struct wr_deaths *deaths, struct wr_claim_store *store);

#endif
