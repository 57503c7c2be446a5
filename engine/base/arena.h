/*
 * Bump allocation for what lives as long as a batch. One thread at a time. Chunks are kept over a reset up to
 * `keep_bytes`, so a steady load allocates nothing.
 */
#ifndef WR_BASE_ARENA_H
#define WR_BASE_ARENA_H

#include <stddef.h>

struct wr_arena_chunk;

struct wr_arena {
	struct wr_arena_chunk *first;
	struct wr_arena_chunk *current;
	size_t keep_bytes;
	size_t used_bytes; /* handed out since the last reset */
};

/* Never fails: memory comes with the first allocation. */
void wr_arena_init(struct wr_arena *a, size_t keep_bytes);
void wr_arena_fini(struct wr_arena *a);

/* Memory aligned to 16, not cleared, alive until the reset; NULL when there is none. */
void *wr_arena_alloc(struct wr_arena *a, size_t size);

/* A copy with a NUL behind it (not counted). NULL when there is no memory. */
void *wr_arena_copy(struct wr_arena *a, const void *data, size_t size);

/* Frees what was handed out. */
void wr_arena_reset(struct wr_arena *a);

#endif
