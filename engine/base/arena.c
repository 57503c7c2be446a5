#include "config.h"

#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT ((size_t)16)
#define CHUNK_BYTES ((size_t)16 * 1024)

struct wr_arena_chunk {
	struct wr_arena_chunk *next;
	size_t capacity;
	size_t used;
	_Alignas(16) char data[];
};

void wr_arena_init(struct wr_arena *a, size_t keep_bytes)
{
	*a = (struct wr_arena){.keep_bytes = keep_bytes};
}

void wr_arena_fini(struct wr_arena *a)
{
	struct wr_arena_chunk *chunk, *next;

	for (chunk = a->first; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	*a = (struct wr_arena){.keep_bytes = a->keep_bytes};
}

/* A chunk with room for `size` behind the current one: the next that is there, or a new one. */
static struct wr_arena_chunk *chunk_with_room(struct wr_arena *a, size_t size)
{
	struct wr_arena_chunk *chunk = a->current;
	size_t capacity = size > CHUNK_BYTES ? size : CHUNK_BYTES;

	if (chunk != NULL && chunk->next != NULL && chunk->next->capacity >= size)
		return chunk->next;
	chunk = malloc(sizeof(*chunk) + capacity);
	if (chunk == NULL)
		return NULL;
	chunk->capacity = capacity;
	chunk->used = 0;
	if (a->current == NULL) {
		chunk->next = a->first;
		a->first = chunk;
	} else {
		chunk->next = a->current->next;
		a->current->next = chunk;
	}
	return chunk;
}

void *wr_arena_alloc(struct wr_arena *a, size_t size)
{
	struct wr_arena_chunk *chunk = a->current;
	void *memory;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	if (size == 0)
		size = ALIGNMENT;
	if (chunk == NULL || chunk->capacity - chunk->used < size) {
		chunk = chunk_with_room(a, size);
		if (chunk == NULL)
			return NULL;
		a->current = chunk;
	}
	memory = chunk->data + chunk->used;
	chunk->used += size;
	a->used_bytes += size;
	return memory;
}

void *wr_arena_copy(struct wr_arena *a, const void *data, size_t size)
{
	char *copy = wr_arena_alloc(a, size + 1);

	if (copy == NULL)
		return NULL;
	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	return copy;
}

void wr_arena_reset(struct wr_arena *a)
{
	struct wr_arena_chunk **link_p = &a->first, *chunk;
	size_t kept = 0;

	while ((chunk = *link_p) != NULL) {
		chunk->used = 0;
		if (kept + chunk->capacity > a->keep_bytes) {
			*link_p = chunk->next;
			free(chunk);
			continue;
		}
		kept += chunk->capacity;
		link_p = &chunk->next;
	}
	a->current = a->first;
	a->used_bytes = 0;
}
