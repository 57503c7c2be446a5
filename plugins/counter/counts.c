#include "counts.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a */
static size_t hash(struct weir_bytes key)
{
	const unsigned char *data = key.data;
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < key.size; i++)
		h = (h ^ data[i]) * UINT64_C(1099511628211);
	return (size_t)(h ^ (h >> 32));
}

static bool is(const struct count *count, struct weir_bytes key)
{
	return count->has_key == (key.data != NULL) && count->key_size == key.size &&
	       (key.size == 0 || memcmp(count->key, key.data, key.size) == 0);
}

static struct count *find(const struct counts *counts, struct weir_bytes key)
{
	size_t i = hash(key) & (counts->capacity - 1);

	while (counts->slots[i].used && !is(&counts->slots[i], key))
		i = (i + 1) & (counts->capacity - 1);
	return &counts->slots[i];
}

static bool grow(struct counts *counts)
{
	struct counts larger = {.capacity = counts->capacity == 0 ? 64 : counts->capacity * 2,
				.used = counts->used};

	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return false;
	for (size_t i = 0; i < counts->capacity; i++) {
		const struct count *c = &counts->slots[i];
		struct weir_bytes key = {c->has_key ? c->key : NULL, c->key_size};

		if (c->used)
			*find(&larger, key) = *c;
	}
	free(counts->slots);
	*counts = larger;
	return true;
}

struct count *counts_need(struct counts *counts, struct weir_bytes key)
{
	struct count *count;
	char *copy;

	if (counts->used * 2 >= counts->capacity && !grow(counts))
		return NULL;
	count = find(counts, key);
	if (count->used)
		return count;
	copy = malloc(key.size + 1);
	if (copy == NULL)
		return NULL;
	if (key.size > 0)
		memcpy(copy, key.data, key.size);
	copy[key.size] = '\0';
	*count = (struct count){
	    .used = true, .has_key = key.data != NULL, .key = copy, .key_size = key.size};
	counts->used++;
	return count;
}

void counts_fini(struct counts *counts)
{
	for (size_t i = 0; i < counts->capacity; i++)
		free(counts->slots[i].key);
	free(counts->slots);
	*counts = (struct counts){.slots = NULL};
}
