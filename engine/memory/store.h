/*
 * The claim stores without Redis: `memory` remembers in struct wr_memory_claims, `none` remembers nothing. Handles
 * for one lane each.
 */
#ifndef WR_MEMORY_STORE_H
#define WR_MEMORY_STORE_H

#include "base/err.h"
#include "memory/claims.h"
#include "port/claim_store.h"

/* A handle on shared claims, of which it holds a reference. WR_OK, and the caller owns *store_r; or WR_ENOMEM.
 * [any] */
enum wr_code wr_memory_store_create(struct wr_memory_claims *claims,
				    struct wr_claim_store **store_r, struct wr_err *err);

/* Every id is free, always: what is delivered twice is processed twice. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_none_store_create(struct wr_claim_store **store_r, struct wr_err *err);

#endif
