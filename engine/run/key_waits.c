#include "config.h"

#include "run/key_waits.h"

#include "base/check.h"

#include <stdlib.h>

/* How many of a key go on at once when its holder has its outcome: were it all of them, each that has to be retried
 * would send all the others back into the line. */
#define TURN_FIRST 8
#define TURN_MOST 64

struct wr_key_wait {
	struct wr_item *holder; /* NULL: a turn of them runs */
	struct wr_item_list waiting;
	uint32_t turn;    /* the size of the next turn */
	uint32_t running; /* of the present turn, without an outcome */
	uint64_t last;    /* of the present turn: later ones wait */
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

/* Of two lists in order, one. */
static struct wr_item *merge(struct wr_item *a, struct wr_item *b)
{
	struct wr_item *first = NULL, **link_p = &first;

	while (a != NULL && b != NULL) {
		struct wr_item **from_p = a->sequence < b->sequence ? &a : &b;

		*link_p = *from_p;
		link_p = &(*link_p)->next;
		*from_p = *link_p;
	}
	*link_p = a != NULL ? a : b;
	return first;
}

/* Merges runs of one, two, four ...: runs[i] has 2^i items or none. */
void wr_item_list_sort(struct wr_item_list *list)
{
	struct wr_item *runs[48] = {NULL}, *item, *sorted = NULL;
	size_t i;

	while ((item = wr_item_list_pop(list)) != NULL) {
		for (i = 0; runs[i] != NULL; i++) {
			item = merge(runs[i], item);
			runs[i] = NULL;
		}
		runs[i] = item;
	}
	for (i = 0; i < WR_COUNT_OF(runs); i++)
		sorted = merge(runs[i], sorted);
	list->first = list->last = sorted;
	while (list->last != NULL && list->last->next != NULL)
		list->last = list->last->next;
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
	if (wait != NULL && wait->holder == NULL) {
		/* One of the turn that runs: the rest of it comes back by itself. */
		wait->holder = holder;
		wait->turn = TURN_FIRST;
	} else if (wait != NULL && wait->holder != holder) {
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
	wait->turn = TURN_FIRST;
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
	if (wait == NULL ||
	    item->sequence <= (wait->holder != NULL ? wait->holder->sequence : wait->last))
		return false;
	add_waiting(wait, item);
	return true;
}

static void begin_turn(struct wr_key_wait *wait, struct wr_item_list *released)
{
	struct wr_item *item;

	wait->holder = NULL;
	for (wait->running = 0; wait->running < wait->turn; wait->running++) {
		item = take_waiting(wait);
		if (item == NULL)
			break;
		wait->last = item->sequence;
		wr_item_list_push(released, item);
	}
	wait->turn = wait->turn < TURN_MOST ? 2 * wait->turn : TURN_MOST;
}

void wr_key_waits_release(struct wr_key_waits *waits, struct wr_item *item,
			  struct wr_item_list *released)
{
	struct wr_key_wait *wait;

	if (wr_key_waits_empty(waits) || key_of(item).data == NULL)
		return;
	wait = wr_map_get(waits->keys, key_of(item));
	if (wait == NULL || (wait->holder != NULL && wait->holder != item))
		return;
	if (wait->holder == NULL && (item->sequence > wait->last || --wait->running > 0))
		return;
	begin_turn(wait, released);
	if (wait->waiting.first != NULL)
		return;
	wr_map_remove(waits->keys, key_of(item));
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
		/* The first of a key that waits takes all of its batch out of the line. */
		if (wait == NULL || (!item->waiting && wait->holder != item))
			continue;
		forget_waiting(wait, batch);
		if (wait->holder != item)
			continue;
		WR_ASSERT(wait->waiting.first == NULL);
		wr_map_remove(waits->keys, key_of(item));
		free(wait);
	}
}
