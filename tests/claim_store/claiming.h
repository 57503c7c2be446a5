/*
 * Claiming in tests: sets made of texts, and the wait for their end.
 */
#ifndef WR_TESTS_CLAIM_STORE_CLAIMING_H
#define WR_TESTS_CLAIM_STORE_CLAIMING_H

#include "port/claim_store.h"

#include <stdbool.h>
#include <stdint.h>

/* A set that owns its claims; ids and values are borrowed. */
struct claiming {
	struct wr_claim_set set;
	struct wr_claim *claims;
};

struct claiming *claiming_new(size_t count);
void claiming_free(struct claiming *c);

/* Sets the claim at `index`. */
void claiming_put(struct claiming *c, size_t index, struct wr_bytes id, const char *value);

/* A set of one claim. */
struct claiming *claiming_one(const char *id, const char *value);

/* Polls and waits by the real clock until the set is done; false after 10 s. */
bool claiming_settle(struct wr_claim_store *store, struct claiming *c,
		     int64_t (*now_mono_ns)(void));

/* Polls and waits once, up to 50 ms. */
void claiming_turn(struct wr_claim_store *store, int64_t (*now_mono_ns)(void));

int64_t claiming_real_now(void);

/* Whether the claim found nothing, or just this value. */
bool claiming_found_nothing(const struct claiming *c, size_t index);
bool claiming_found(const struct claiming *c, size_t index, const char *value);

#endif
