#include "config.h"

#include "tests/model/world.h"

#include "tests/model/faults.h"

#include <string.h>

enum wr_clause wr_clause_left_out = WR_CLAUSE_COUNT;
enum trust trust_left_out = TRUST_COUNT;
const struct scenario *scenario;
const char *violation;

void violate(const char *what)
{
	if (violation == NULL)
		violation = what;
}

void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	violation = NULL;
	w->faults = scenario->faults;
	for (unsigned p = 0; p < PARTITIONS; p++) {
		w->topics[p].owner = -1;
		w->topics[p].committed.offset = -1;
		fill_topic(w, p);
	}
}

_Static_assert(sizeof(struct world) % sizeof(uint64_t) == 0, "hashed by words");

uint64_t world_hash(const struct world *w)
{
	uint64_t hash = 0x9e3779b97f4a7c15u, word;
	const char *at = (const char *)w;

	for (size_t i = 0; i < sizeof(*w); i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	return hash != 0 ? hash : 1;
}
