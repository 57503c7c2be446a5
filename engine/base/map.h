/*
 * A hash map from bytes to pointers; keys are copied. Hashed with a random seed (XXH3), so that keys from
 * outside can't be chosen to collide. One thread at a time.
 */
#ifndef WR_BASE_MAP_H
#define WR_BASE_MAP_H

#include "base/bytes.h"
#include "base/code.h"

#include <stddef.h>
#include <stdint.h>

struct wr_map;

/* WR_OK or WR_ENOMEM. */
enum wr_code wr_map_create(struct wr_map **map_r);

/* Values stay the caller's. NULL does nothing. */
void wr_map_destroy(struct wr_map *map);

size_t wr_map_size(const struct wr_map *map);

/* The value, borrowed, or NULL. */
void *wr_map_get(const struct wr_map *map, struct wr_bytes key);

/* Sets or replaces; `value` is not NULL. *old_r (may be NULL) is what was there. WR_OK or WR_ENOMEM. */
enum wr_code wr_map_put(struct wr_map *map, struct wr_bytes key, void *value, void **old_r);

/* The removed value, or NULL. */
void *wr_map_remove(struct wr_map *map, struct wr_bytes key);

/* Walks all: start with *cursor_p = 0; false at the end. The map must not change meanwhile. */
bool wr_map_next(const struct wr_map *map, size_t *cursor_p, struct wr_bytes *key_r,
		 void **value_r);

/* The seeded hash of the process, for those who keep tables of their own. */
uint64_t wr_hash(struct wr_bytes key);

/* A hash that is the same in every process and version: for what is kept. Whoever chooses the bytes can make
 * collisions. */
uint64_t wr_hash_fixed(struct wr_bytes bytes, uint64_t seed);

#endif
