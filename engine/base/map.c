#include "config.h"

#include "base/map.h"
#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#define MAP_MAGIC UINT32_C(0x4D415021)
#define SLOTS_MIN ((size_t)16)

/* Linear probing; a removal moves the entries behind it up, so there are no tombstones. */
struct slot {
	uint64_t hash;
	char *key; /* NULL: empty */
	size_t key_size;
	void *value;
};

struct wr_map {
	uint32_t magic;
	struct slot *slots;
	size_t slot_count; /* a power of two */
	size_t size;
};

static uint64_t hash_seed;

static void make_seed(void)
{
	struct timespec now;

	if (getrandom(&hash_seed, sizeof(hash_seed), GRND_NONBLOCK) == (ssize_t)sizeof(hash_seed))
		return;
	clock_gettime(CLOCK_REALTIME, &now); /* early at boot: better than a constant */
	hash_seed =
	    ((uint64_t)now.tv_nsec << 32) ^ (uint64_t)now.tv_sec ^ ((uint64_t)getpid() << 16);
}

uint64_t wr_hash(struct wr_bytes key)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_seed);
	return XXH3_64bits_withSeed(key.data, key.size, hash_seed);
}

uint64_t wr_hash_fixed(struct wr_bytes bytes, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

enum wr_code wr_map_create(struct wr_map **map_r)
{
	struct wr_map *map;

	*map_r = NULL;
	map = calloc(1, sizeof(*map));
	if (map == NULL)
		return WR_ENOMEM;
	map->slots = calloc(SLOTS_MIN, sizeof(*map->slots));
	if (map->slots == NULL) {
		free(map);
		return WR_ENOMEM;
	}
	map->magic = MAP_MAGIC;
	map->slot_count = SLOTS_MIN;
	*map_r = map;
	return WR_OK;
}

void wr_map_destroy(struct wr_map *map)
{
	size_t i;

	if (map == NULL)
		return;
	WR_CHECK(map, MAP_MAGIC);
	for (i = 0; i < map->slot_count; i++)
		free(map->slots[i].key);
	free(map->slots);
	map->magic = 0;
	free(map);
}

size_t wr_map_size(const struct wr_map *map)
{
	WR_CHECK(map, MAP_MAGIC);
	return map->size;
}

/* The slot of the key, or the empty one where it belongs. There is always an empty one. */
static struct slot *find(struct slot *slots, size_t slot_count, uint64_t hash, struct wr_bytes key)
{
	size_t mask = slot_count - 1, i = (size_t)hash & mask;

	while (slots[i].key != NULL) {
		if (slots[i].hash == hash && slots[i].key_size == key.size &&
		    (key.size == 0 || memcmp(slots[i].key, key.data, key.size) == 0))
			break;
		i = (i + 1) & mask;
	}
	return &slots[i];
}

void *wr_map_get(const struct wr_map *map, struct wr_bytes key)
{
	WR_CHECK(map, MAP_MAGIC);
	return find(map->slots, map->slot_count, wr_hash(key), key)->value;
}

static enum wr_code grow(struct wr_map *map)
{
	size_t slot_count = map->slot_count * 2, i;
	struct slot *slots = calloc(slot_count, sizeof(*slots)), *old;

	if (slots == NULL)
		return WR_ENOMEM;
	for (i = 0; i < map->slot_count; i++) {
		old = &map->slots[i];
		if (old->key != NULL)
			*find(slots, slot_count, old->hash, wr_bytes(old->key, old->key_size)) =
			    *old;
	}
	free(map->slots);
	map->slots = slots;
	map->slot_count = slot_count;
	return WR_OK;
}

enum wr_code wr_map_put(struct wr_map *map, struct wr_bytes key, void *value, void **old_r)
{
	uint64_t hash = wr_hash(key);
	struct slot *slot;
	char *copy;

	WR_CHECK(map, MAP_MAGIC);
	WR_ASSERT(value != NULL);
	if (old_r != NULL)
		*old_r = NULL;
	slot = find(map->slots, map->slot_count, hash, key);
	if (slot->key != NULL) {
		if (old_r != NULL)
			*old_r = slot->value;
		slot->value = value;
		return WR_OK;
	}
	if (map->size + 1 > map->slot_count / 4 * 3) {
		if (grow(map) != WR_OK)
			return WR_ENOMEM;
		slot = find(map->slots, map->slot_count, hash, key);
	}
	copy = malloc(key.size > 0 ? key.size : 1);
	if (copy == NULL)
		return WR_ENOMEM;
	if (key.size > 0)
		memcpy(copy, key.data, key.size);
	*slot = (struct slot){hash, copy, key.size, value};
	map->size++;
	return WR_OK;
}

/* Fills the hole with the entries behind it that would no longer be found across it. */
static void close_hole(struct wr_map *map, size_t hole)
{
	size_t mask = map->slot_count - 1, i = hole, home;

	for (;;) {
		i = (i + 1) & mask;
		if (map->slots[i].key == NULL)
			break;
		home = (size_t)map->slots[i].hash & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct slot){0};
}

void *wr_map_remove(struct wr_map *map, struct wr_bytes key)
{
	struct slot *slot;
	void *value;

	WR_CHECK(map, MAP_MAGIC);
	slot = find(map->slots, map->slot_count, wr_hash(key), key);
	if (slot->key == NULL)
		return NULL;
	value = slot->value;
	free(slot->key);
	map->size--;
	close_hole(map, (size_t)(slot - map->slots));
	return value;
}

bool wr_map_next(const struct wr_map *map, size_t *cursor_p, struct wr_bytes *key_r, void **value_r)
{
	const struct slot *slot;

	WR_CHECK(map, MAP_MAGIC);
	*key_r = wr_bytes(NULL, 0);
	*value_r = NULL;
	while (*cursor_p < map->slot_count) {
		slot = &map->slots[(*cursor_p)++];
		if (slot->key == NULL)
			continue;
		*key_r = wr_bytes(slot->key, slot->key_size);
		*value_r = slot->value;
		return true;
	}
	return false;
}
