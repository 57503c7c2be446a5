/*
 * Counts by key: a hash table with open addressing. One thread.
 */
#ifndef COUNTS_H
#define COUNTS_H

#include <weir/plugin.h>

struct count {
	bool used, has_key; /* an event without a key is counted too, under no key */
	char *key;
	size_t key_size;
	uint64_t before;     /* the last reload */
	uint64_t since;      /* it */
	uint64_t base, seen; /* while a state is loaded */
};

struct counts {
	struct count *slots; /* capacity, a power of two */
	size_t capacity, used;
};

/* The count of a key, new or known; valid until the next call. NULL without memory. */
struct count *counts_need(struct counts *counts, struct weir_bytes key);
void counts_fini(struct counts *counts);

#endif
