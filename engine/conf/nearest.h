/*
 * "Did you mean": the word of a set that is nearest to one that was mistyped. Pure. [any]
 */
#ifndef WR_CONF_NEAREST_H
#define WR_CONF_NEAREST_H

#include "base/bytes.h"

#include <stddef.h>

struct wr_nearest {
	struct wr_bytes word;
	const char *best; /* borrowed from wr_nearest_try(); NULL: nothing is near */
	size_t distance;
};

void wr_nearest_init(struct wr_nearest *nearest, struct wr_bytes word);
void wr_nearest_try(struct wr_nearest *nearest, const char *candidate);

/* Insertions, deletions, replacements and swaps of neighbours that make one of the other; case does not count.
 * SIZE_MAX when either is over 64 bytes. */
size_t wr_edit_distance(struct wr_bytes a, struct wr_bytes b);

#endif
