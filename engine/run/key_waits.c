#include "config.h"

#include "run/key_waits.h"

#include "base/check.h"

#include <stdlib.h>

struct wr_key_wait {
	struct wr_item *holder;
	struct wr_item_list waiting;
};

void wr_item_list_push(struct wr_item_list *list, struct wr_item *item)
{
	item->next = NULL;
	if (list->last != NULL)
		list->last->next = item;
	else
		list->first = item;
	list->last = item;
}

struct wr_item *wr_item_list_pop(struct wr_item_list *list)
{
	struct wr_item *item = list->first;

	if (item == NULL)
		return NULL;
	list->first = item->next;
	if (list->first == NULL)
		list->last = NULL;
	item->next = NULL;
	return item;
}

void wr_item_list_insert(struct wr_item_list *list, struct wr_item *item)
{
	struct wr_item **link_p = &list->first;

	if (list->last == NULL || list->last->sequence < item->sequence) {
		wr_item_list_push(list, item);
		return;
	}
	while ((*link_p)->sequence < item->sequence)
		link_p = &(*link_p)->next;
	item->next = *link_p;
	*link_p = item;
}

static void add_waiting(struct wr_key_wait *wait, struct wr_item *item)
{
	WR_ASSERT(!item->waiting);
	item->waiting = true;
	wr_item_list_insert(&wait->waiting, item);
}

static struct wr_item *take_waiting(struct wr_key_wait *wait)
{
	struct wr_item *item = wr_item_list_pop(&wait->waiting);

	if (item != NULL)
		item->waiting = false;
	return item;
}

static struct wr_bytes key_of(const struct wr_item *item)
{
	/* The key as it came: a stage may change it, but the order that matters is the source's. */
	return wr_bytes_from(item->event.source_key);
}

enum wr_code wr_key_waits_init(struct wr_key_waits *waits)
{
	return wr_map_create(&waits->keys);
}

void wr_key_waits_fini(struct wr_key_waits *waits)
{
	struct wr_bytes key;
	size_t cursor = 0;
	void *wait;

	if (waits->keys == NULL)
		return;
	while (wr_map_next(waits->keys, &cursor, &key, &wait))
		free(wait);
	wr_map_destroy(waits->keys);
	waits->keys = NULL;
}

bool wr_key_waits_empty(const struct wr_key_waits *waits)
{
	return wr_map_size(waits->keys) == 0;
}

enum wr_code wr_key_waits_hold(struct wr_key_waits *waits, struct wr_item *holder)
{
	struct wr_bytes key = key_of(holder);
	struct wr_key_wait *wait;
	enum wr_code rc;

	if (key.data == NULL)
		return WR_OK;
	wait = wr_map_get(waits->keys, key);
	if (wait != NULL && wait->holder != holder) {
		/* Who may run while a key is held mostly came before its holder, and takes the lead; but a handler
		 * that asks nobody whether an event may be next runs later ones too. */
		if (holder->sequence < wait->holder->sequence) {
			add_waiting(wait, wait->holder);
			wait->holder = holder;
		} else {
			add_waiting(wait, holder);
		}
	}
	if (wait != NULL)
		return WR_OK;
	wait = calloc(1, sizeof(*wait));
	if (wait == NULL)
		return WR_ENOMEM;
	wait->holder = holder;
	rc = wr_map_put(waits->keys, key, wait, NULL);
	if (rc != WR_OK)
		free(wait);
	return rc;
}

bool wr_key_waits_join(struct wr_key_waits *waits, struct wr_item *item)
{
	struct wr_key_wait *wait;

	if (wr_key_waits_empty(waits) || key_of(item).data == NULL)
		return false;
	wait = wr_map_get(waits->keys, key_of(item));
	if (wait == NULL || item->sequence <= wait->holder->sequence)
		return false;
	add_waiting(wait, item);
	return true;
}

void wr_key_waits_release(struct wr_key_waits *waits, struct wr_item *holder,
			  struct wr_item_list *released)
{
	struct wr_key_wait *wait;
	struct wr_item *item;

	if (wr_key_waits_empty(waits) || key_of(holder).data == NULL)
		return;
	wait = wr_map_get(waits->keys, key_of(holder));
	if (wait == NULL || wait->holder != holder)
		return;
	wr_map_remove(waits->keys, key_of(holder));
	while ((item = take_waiting(wait)) != NULL)
		wr_item_list_insert(released, item);
	free(wait);
}

static void forget_waiting(struct wr_key_wait *wait, const struct wr_batch *batch)
{
	struct wr_item_list kept = {NULL, NULL};
	struct wr_item *item;

	while ((item = wr_item_list_pop(&wait->waiting)) != NULL) {
		if (item->batch != batch)
			wr_item_list_push(&kept, item);
		else
			item->waiting = false;
	}
	wait->waiting = kept;
}

void wr_key_waits_remove_batch(struct wr_key_waits *waits, const struct wr_batch *batch)
{
	struct wr_key_wait *wait;

	for (uint32_t i = 0; i < batch->count && !wr_key_waits_empty(waits); i++) {
		struct wr_item *item = &batch->items[i];

		if (key_of(item).data == NULL)
			continue;
		wait = wr_map_get(waits->keys, key_of(item));
		if (wait == NULL)
			continue;
		forget_waiting(wait, batch);
		if (wait->holder->batch != batch)
			continue;
		WR_ASSERT(wait->waiting.first == NULL);
		wr_map_remove(waits->keys, key_of(item));
		free(wait);
	}
}
