#include "config.h"

#include "memory/claims.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/map.h"
#include "base/sha256.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAGIC UINT32_C(0x57524D43)
#define SHARDS_MAX ((size_t)64)
#define IDS_A_SHARD_MIN \
	((size_t)1024) /* fewer ids have fewer shards, so that "the oldest" stays exact */
#define SEGMENT_BYTES ((size_t)64 * 1024)
#define ID_BYTES ((size_t)128) /* longer ids are remembered by their SHA-256 */
#define SLOTS_MIN ((size_t)64)

/* A claim in its segment: the key, then the value. */
struct entry {
	uint64_t hash;
	int64_t expires_mono_ns;
	uint16_t key_size;
	uint16_t value_size;
	bool is_digest;   /* the key is a digest: it equals no id of the same bytes */
	bool is_replaced; /* it only waits for its turn to be freed */
	char bytes[];
};

struct segment {
	struct segment *next;
	size_t begin, end; /* the entries in `data` */
	_Alignas(16) char data[SEGMENT_BYTES];
};

struct shard {
	struct wr_lock lock;
	struct segment *oldest, *newest; /* [lock] */
	struct entry **slots; /* [lock] open addressing, linear probing, at most 3/4 full */
	size_t slot_count;    /* [lock] a power of two, or 0 */
	size_t count;         /* [lock] entries in the queue */
	size_t replaced;      /* [lock] of those */
	uint64_t forgotten;   /* [lock] */
};

struct wr_memory_claims {
	uint32_t magic;
	struct wr_memory_marks marks;
	struct wr_metrics *registry; /* NULL: not exposed */
	struct wr_metric_cell *count, *forgotten;
	_Atomic unsigned users;
	int64_t ttl_ns;
	size_t max_a_shard;
	size_t shard_count;
	struct shard shards[];
};

/* What an id is remembered by. */
struct key {
	struct wr_bytes bytes;
	uint64_t hash;
	bool is_digest;
	char digest[WR_SHA256_HEX_BYTES];
};

enum wr_code wr_memory_claims_create(int64_t ttl_ms, size_t max_ids,
				     struct wr_memory_claims **claims_r)
{
	struct wr_memory_claims *claims;
	size_t i, shard_count = max_ids / IDS_A_SHARD_MIN;

	WR_ASSERT(ttl_ms > 0 && max_ids > 0);
	*claims_r = NULL;
	if (shard_count < 1)
		shard_count = 1;
	if (shard_count > SHARDS_MAX)
		shard_count = SHARDS_MAX;
	claims = calloc(1, sizeof(*claims) + shard_count * sizeof(claims->shards[0]));
	if (claims == NULL)
		return WR_ENOMEM;
	claims->magic = CLAIMS_MAGIC;
	atomic_init(&claims->users, 1);
	wr_memory_marks_init(&claims->marks);
	claims->ttl_ns = ttl_ms * WR_NS_PER_MS;
	claims->max_a_shard = max_ids / shard_count;
	claims->shard_count = shard_count;
	for (i = 0; i < shard_count; i++)
		wr_lock_init(&claims->shards[i].lock);
	*claims_r = claims;
	return WR_OK;
}

struct wr_memory_claims *wr_memory_claims_ref(struct wr_memory_claims *claims)
{
	WR_CHECK(claims, CLAIMS_MAGIC);
	atomic_fetch_add(&claims->users, 1);
	return claims;
}

static void free_shard(struct shard *shard)
{
	struct segment *segment;

	while ((segment = shard->oldest) != NULL) {
		shard->oldest = segment->next;
		free(segment);
	}
	free(shard->slots);
	wr_lock_fini(&shard->lock);
}

static void collect(void *arg)
{
	struct wr_memory_claims *claims = arg;

	wr_metric_set(claims->count, (double)wr_memory_claims_count(claims));
	wr_metric_set(claims->forgotten, (double)wr_memory_claims_forgotten(claims));
}

enum wr_code wr_memory_claims_expose(struct wr_memory_claims *claims, struct wr_metrics *registry,
				     const char *pipeline)
{
	static const struct wr_metric_family count = {
	    .name = "weir_memory_claims",
	    .help = "Ids that are remembered, with the store memory.",
	    .kind = WR_METRIC_GAUGE};
	static const struct wr_metric_family forgotten = {
	    .name = "weir_memory_claims_forgotten_total",
	    .help =
		"Ids that were forgotten before their time, because there were more than max_ids.",
	    .kind = WR_METRIC_COUNTER};
	const struct wr_metric_label label = {"pipeline", pipeline};

	WR_CHECK(claims, CLAIMS_MAGIC);
	WR_ASSERT(claims->registry == NULL);
	if (wr_metrics_add_collector(registry, collect, claims) != WR_OK)
		return WR_ENOMEM;
	claims->registry = registry;
	claims->count = wr_metrics_cell(registry, &count, &label, 1);
	claims->forgotten = wr_metrics_cell(registry, &forgotten, &label, 1);
	return claims->count != NULL && claims->forgotten != NULL ? WR_OK : WR_ENOMEM;
}

static void hide(struct wr_memory_claims *claims)
{
	if (claims->registry == NULL)
		return;
	wr_metrics_remove_collector(claims->registry, collect, claims);
	wr_metrics_retire_cell(claims->registry, claims->count);
	wr_metrics_retire_cell(claims->registry, claims->forgotten);
}

void wr_memory_claims_unref(struct wr_memory_claims *claims)
{
	size_t i;

	if (claims == NULL)
		return;
	WR_CHECK(claims, CLAIMS_MAGIC);
	if (atomic_fetch_sub(&claims->users, 1) > 1)
		return;
	hide(claims);
	for (i = 0; i < claims->shard_count; i++)
		free_shard(&claims->shards[i]);
	wr_memory_marks_fini(&claims->marks);
	claims->magic = 0;
	free(claims);
}

static enum wr_code make_key(struct wr_bytes id, struct key *key_r)
{
	*key_r = (struct key){.bytes = id};
	if (id.size > ID_BYTES) {
		if (wr_sha256_hex(id, key_r->digest) != WR_OK)
			return WR_ENOMEM;
		key_r->bytes = wr_bytes(key_r->digest, WR_SHA256_HEX_BYTES - 1);
		key_r->is_digest = true;
	}
	key_r->hash = wr_hash(key_r->bytes);
	return WR_OK;
}

static bool is_entry_of(const struct entry *entry, const struct key *key)
{
	return entry->hash == key->hash && entry->is_digest == key->is_digest &&
	       wr_bytes_equal(wr_bytes(entry->bytes, entry->key_size), key->bytes);
}

/* The slot of the key, or the free one where it belongs. There are slots. */
static size_t find_slot_locked(struct shard *shard, const struct key *key)
{
	size_t mask = shard->slot_count - 1, slot = key->hash & mask;

	wr_lock_assert_held(&shard->lock);
	while (shard->slots[slot] != NULL && !is_entry_of(shard->slots[slot], key))
		slot = (slot + 1) & mask;
	return slot;
}

/* Closes the gap that a removed slot would leave in the probing of others. */
static void close_gap_locked(struct shard *shard, size_t gap)
{
	size_t mask = shard->slot_count - 1, slot = gap, home;

	for (;;) {
		shard->slots[gap] = NULL;
		do {
			slot = (slot + 1) & mask;
			if (shard->slots[slot] == NULL)
				return;
			home = shard->slots[slot]->hash & mask;
		} while (((slot - home) & mask) < ((slot - gap) & mask));
		shard->slots[gap] = shard->slots[slot];
		gap = slot;
	}
}

static size_t entry_size(size_t key_size, size_t value_size)
{
	return (sizeof(struct entry) + key_size + value_size + 7) & ~(size_t)7;
}

static struct entry *oldest_entry_locked(struct shard *shard)
{
	struct segment *segment;

	wr_lock_assert_held(&shard->lock);
	while ((segment = shard->oldest) != NULL && segment->begin == segment->end) {
		if (segment == shard->newest)
			return NULL;
		shard->oldest = segment->next;
		free(segment);
	}
	return segment != NULL ? (struct entry *)(void *)(segment->data + segment->begin) : NULL;
}

static void remove_slot_locked(struct shard *shard, const struct entry *entry)
{
	size_t mask = shard->slot_count - 1, slot = entry->hash & mask;

	while (shard->slots[slot] != entry)
		slot = (slot + 1) & mask;
	close_gap_locked(shard, slot);
}

static void forget_oldest_locked(struct shard *shard, struct entry *entry)
{
	struct segment *segment = shard->oldest;

	if (entry->is_replaced)
		shard->replaced--;
	else
		remove_slot_locked(shard, entry);
	segment->begin += entry_size(entry->key_size, entry->value_size);
	if (segment->begin == segment->end)
		segment->begin = segment->end = 0;
	shard->count--;
}

/* Lanes read the clock before they take the lock, so the queue's order is true to some microseconds. */
static void expire_locked(struct shard *shard, int64_t now_mono_ns)
{
	struct entry *entry;

	while ((entry = oldest_entry_locked(shard)) != NULL &&
	       (entry->is_replaced || entry->expires_mono_ns <= now_mono_ns))
		forget_oldest_locked(shard, entry);
}

/* Room for one more slot. */
static enum wr_code grow_locked(struct shard *shard)
{
	size_t i, slot, slot_count = shard->slot_count > 0 ? shard->slot_count * 2 : SLOTS_MIN;
	struct entry **slots, *entry;

	wr_lock_assert_held(&shard->lock);
	if (shard->slot_count > 0 && shard->count < shard->slot_count / 4 * 3)
		return WR_OK;
	slots = calloc(slot_count, sizeof(struct entry *));
	if (slots == NULL)
		return WR_ENOMEM;
	for (i = 0; i < shard->slot_count; i++) {
		entry = shard->slots[i];
		if (entry == NULL)
			continue;
		slot = entry->hash & (slot_count - 1);
		while (slots[slot] != NULL)
			slot = (slot + 1) & (slot_count - 1);
		slots[slot] = entry;
	}
	free(shard->slots);
	shard->slots = slots;
	shard->slot_count = slot_count;
	return WR_OK;
}

static struct entry *append_entry_locked(struct shard *shard, size_t size)
{
	struct segment *segment = shard->newest;
	struct entry *entry;

	wr_lock_assert_held(&shard->lock);
	if (segment == NULL || SEGMENT_BYTES - segment->end < size) {
		segment = malloc(sizeof(*segment));
		if (segment == NULL)
			return NULL;
		segment->next = NULL;
		segment->begin = segment->end = 0;
		if (shard->newest != NULL)
			shard->newest->next = segment;
		else
			shard->oldest = segment;
		shard->newest = segment;
	}
	entry = (struct entry *)(void *)(segment->data + segment->end);
	segment->end += size;
	return entry;
}

/* Those that are replaced count apart, so that take-overs cost no other id its place before they are as many. */
static void bound_locked(struct wr_memory_claims *claims, struct shard *shard)
{
	struct entry *oldest;

	while (shard->count - shard->replaced > claims->max_a_shard ||
	       shard->replaced > claims->max_a_shard) {
		oldest = oldest_entry_locked(shard);
		shard->forgotten += !oldest->is_replaced;
		forget_oldest_locked(shard, oldest);
	}
}

/* Writes the value in the place of the key's, if there is one. */
static enum wr_code write_locked(struct wr_memory_claims *claims, struct shard *shard,
				 const struct key *key, struct wr_bytes value, int64_t now_mono_ns)
{
	struct entry *entry;
	size_t slot;

	if (grow_locked(shard) != WR_OK)
		return WR_ENOMEM;
	entry = append_entry_locked(shard, entry_size(key->bytes.size, value.size));
	if (entry == NULL)
		return WR_ENOMEM;
	entry->hash = key->hash;
	entry->expires_mono_ns = now_mono_ns + claims->ttl_ns;
	entry->key_size = (uint16_t)key->bytes.size;
	entry->value_size = (uint16_t)value.size;
	entry->is_digest = key->is_digest;
	entry->is_replaced = false;
	if (key->bytes.size > 0)
		memcpy(entry->bytes, key->bytes.data, key->bytes.size);
	if (value.size > 0)
		memcpy(entry->bytes + key->bytes.size, value.data, value.size);
	slot = find_slot_locked(shard, key);
	if (shard->slots[slot] != NULL) {
		shard->slots[slot]->is_replaced = true;
		shard->replaced++;
	}
	shard->slots[slot] = entry;
	shard->count++;
	bound_locked(claims, shard);
	return WR_OK;
}

static enum wr_code claim_locked(struct wr_memory_claims *claims, struct shard *shard,
				 const struct key *key, struct wr_claim *claim,
				 struct wr_arena *arena, int64_t now_mono_ns)
{
	const struct entry *entry = NULL;
	struct wr_bytes there = {NULL, 0};
	void *found;

	expire_locked(shard, now_mono_ns);
	if (shard->slot_count > 0)
		entry = shard->slots[find_slot_locked(shard, key)];
	if (entry != NULL)
		there = wr_bytes(entry->bytes + entry->key_size, entry->value_size);
	if (entry == NULL || wr_bytes_equal(there, claim->expect)) {
		claim->outcome = WR_CLAIM_NOTHING;
		return write_locked(claims, shard, key, claim->value, now_mono_ns);
	}
	found = wr_arena_copy(arena, there.data, there.size);
	if (found == NULL)
		return WR_ENOMEM;
	claim->outcome = WR_CLAIM_VALUE;
	claim->found = wr_bytes(found, there.size);
	return WR_OK;
}

enum wr_code wr_memory_claims_claim(struct wr_memory_claims *claims, struct wr_claim *claim,
				    struct wr_arena *arena, int64_t now_mono_ns)
{
	struct shard *shard;
	struct key key;
	enum wr_code rc;

	WR_CHECK(claims, CLAIMS_MAGIC);
	WR_ASSERT(claim->value.size <= WR_CLAIM_VALUE_BYTES);
	claim->found = wr_bytes(NULL, 0);
	rc = make_key(claim->id, &key);
	if (rc != WR_OK)
		return rc;
	/* The low bits choose the slot. */
	shard = &claims->shards[(key.hash >> 40) % claims->shard_count];
	wr_lock_take(&shard->lock);
	rc = claim_locked(claims, shard, &key, claim, arena, now_mono_ns);
	wr_lock_release(&shard->lock);
	return rc;
}

size_t wr_memory_claims_count(struct wr_memory_claims *claims)
{
	size_t i, count = 0;

	WR_CHECK(claims, CLAIMS_MAGIC);
	for (i = 0; i < claims->shard_count; i++) {
		wr_lock_take(&claims->shards[i].lock);
		count += claims->shards[i].count - claims->shards[i].replaced;
		wr_lock_release(&claims->shards[i].lock);
	}
	return count;
}

uint64_t wr_memory_claims_forgotten(struct wr_memory_claims *claims)
{
	uint64_t forgotten = 0;
	size_t i;

	WR_CHECK(claims, CLAIMS_MAGIC);
	for (i = 0; i < claims->shard_count; i++) {
		wr_lock_take(&claims->shards[i].lock);
		forgotten += claims->shards[i].forgotten;
		wr_lock_release(&claims->shards[i].lock);
	}
	return forgotten;
}

struct wr_memory_marks *wr_memory_claims_marks(struct wr_memory_claims *claims)
{
	WR_CHECK(claims, CLAIMS_MAGIC);
	return &claims->marks;
}
