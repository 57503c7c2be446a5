/*
 * The claims of one pipeline in this process's memory: what Redis does, for trying out and for tests. A restart
 * forgets them, and no other process sees them.
 *
 * Shared by the lanes. Ids are spread over shards with a lock each. All claims live equally long, so each shard is
 * a queue in the order of expiry: claims lie in it one after the other, and forgetting costs the same for any number.
 * Memory is bounded by max_ids: beyond it the oldest is forgotten before its time, and counted. A claim that replaces
 * another (compare-and-set) goes to the end of the queue; the place of the old one is freed when its turn comes.
 */
#ifndef WR_MEMORY_CLAIMS_H
#define WR_MEMORY_CLAIMS_H

#include "base/bytes.h"
#include "base/code.h"
#include "base/metrics.h"
#include "memory/marks.h"
#include "port/claim_store.h"

#include <stddef.h>
#include <stdint.h>

struct wr_memory_claims;

/* ttl_ms and max_ids are above 0. The caller holds the first reference. WR_OK or WR_ENOMEM.
 * [any] */
enum wr_code wr_memory_claims_create(int64_t ttl_ms, size_t max_ids,
				     struct wr_memory_claims **claims_r);

/* [any] */
struct wr_memory_claims *wr_memory_claims_ref(struct wr_memory_claims *claims);

/* NULL does nothing. [any] */
void wr_memory_claims_unref(struct wr_memory_claims *claims);

/* One claim; what was found is copied into `arena`. WR_OK, or WR_ENOMEM: nothing has changed. [any] */
enum wr_code wr_memory_claims_claim(struct wr_memory_claims *claims, struct wr_claim *claim,
				    struct wr_arena *arena, int64_t now_mono_ns);

/* The marks of the pipeline: they live as long as the claims. [any] */
struct wr_memory_marks *wr_memory_claims_marks(struct wr_memory_claims *claims);

/* Shows the claims as weir_memory_claims{pipeline} and weir_memory_claims_forgotten_total{pipeline}, until the last
 * reference goes: the registry must live longer. At most once. WR_OK or WR_ENOMEM. [main] */
enum wr_code wr_memory_claims_expose(struct wr_memory_claims *claims, struct wr_metrics *registry,
				     const char *pipeline);

/* The ids that are remembered, and those that were forgotten before their time since the start. [any] */
size_t wr_memory_claims_count(struct wr_memory_claims *claims);
uint64_t wr_memory_claims_forgotten(struct wr_memory_claims *claims);

#endif
