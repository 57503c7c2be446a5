#include "config.h"

#include "run/batch.h"

#include "base/check.h"

#include <stdlib.h>

#define BATCH_MAGIC 0x57524241u
#define KEEP_BYTES ((size_t)1024 * 1024)

enum wr_code wr_batch_create(uint32_t capacity, struct wr_batch **batch_r)
{
	struct wr_batch *b = calloc(1, sizeof(*b));

	*batch_r = NULL;
	if (b == NULL)
		return WR_ENOMEM;
	b->magic = BATCH_MAGIC;
	b->capacity = capacity;
	wr_arena_init(&b->arena, KEEP_BYTES);
	wr_claim_set_init(&b->claims);
	wr_mark_query_init(&b->marks);
	b->items = malloc(capacity * sizeof(*b->items));
	b->claimers = malloc(capacity * sizeof(struct wr_item *));
	b->claims.claims = malloc(capacity * sizeof(*b->claims.claims));
	if (b->items == NULL || b->claimers == NULL || b->claims.claims == NULL) {
		wr_batch_destroy(b);
		return WR_ENOMEM;
	}
	*batch_r = b;
	return WR_OK;
}

void wr_batch_destroy(struct wr_batch *b)
{
	if (b == NULL)
		return;
	WR_CHECK(b, BATCH_MAGIC);
	WR_ASSERT(!b->claims.submitted && !b->marks.submitted);
	free(b->claims.claims);
	wr_claim_set_fini(&b->claims);
	wr_mark_query_fini(&b->marks);
	wr_arena_fini(&b->arena);
	free(b->items);
	free(b->claimers);
	b->magic = 0;
	free(b);
}

void wr_batch_reset(struct wr_batch *b)
{
	WR_CHECK(b, BATCH_MAGIC);
	WR_ASSERT(!b->claims.submitted && !b->marks.submitted);
	wr_arena_reset(&b->arena);
	b->state = WR_BATCH_FILLING;
	b->program = NULL;
	b->canary = NULL;
	b->moved_to = NULL;
	b->count = 0;
	b->claims.count = 0;
	b->claims.done = false;
	b->marks.done = false;
	b->marks.count = 0;
	b->owners = NULL;
	b->bytes = 0;
	b->unfinished = 0;
	b->has_stageless = false;
	b->next_write = 0;
	b->pending = 0;
	b->emits_begun = false;
	b->next_emit = NULL;
	b->emit_write = NULL;
	b->next = NULL;
}

struct wr_item *wr_batch_add(struct wr_batch *b, uint64_t sequence)
{
	struct wr_item *item;

	WR_CHECK(b, BATCH_MAGIC);
	WR_ASSERT(b->count < b->capacity);
	item = &b->items[b->count++];
	*item = (struct wr_item){.batch = b, .sequence = sequence};
	item->write.item = item;
	item->write.batch = b;
	return item;
}
