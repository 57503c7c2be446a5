/*
 * Order within a key while one of its events is being retried: later events of that key wait behind it, other keys
 * go on. Empty, and free of cost, as long as nothing is retried. One thread.
 */
#ifndef WR_RUN_KEY_WAITS_H
#define WR_RUN_KEY_WAITS_H

#include "base/map.h"
#include "run/batch.h"

/* A list of items in the order of their sequence. */
struct wr_item_list {
	struct wr_item *first;
	struct wr_item *last;
};

void wr_item_list_push(struct wr_item_list *list, struct wr_item *item);
struct wr_item *wr_item_list_pop(struct wr_item_list *list);

/* Puts an item where its sequence belongs. */
void wr_item_list_insert(struct wr_item_list *list, struct wr_item *item);

/* Puts all items in the order of their sequence. */
void wr_item_list_sort(struct wr_item_list *list);

struct wr_key_waits {
	struct wr_map *keys; /* key -> struct wr_key_wait */
};

enum wr_code wr_key_waits_init(struct wr_key_waits *waits);
void wr_key_waits_fini(struct wr_key_waits *waits);

/* True when nobody holds a key. */
bool wr_key_waits_empty(const struct wr_key_waits *waits);

/* `holder` is going to be retried: later events of its key must wait. If an earlier one holds the key already, it
 * waits itself. A keyless one holds nobody up. Without memory (WR_ENOMEM) order is not kept. */
enum wr_code wr_key_waits_hold(struct wr_key_waits *waits, struct wr_item *holder);

/* True when an earlier event of its key is held; the item, which must not be waiting yet, then waits behind it
 * (item->waiting) and must not be run. */
bool wr_key_waits_join(struct wr_key_waits *waits, struct wr_item *item);

/* An item has its outcome: if it holds its key, the first of those behind it move to *released, in order, and are to be
 * run at once; each is to be released in its turn, or held again, and with the last one of them the next follow. */
void wr_key_waits_release(struct wr_key_waits *waits, struct wr_item *item,
			  struct wr_item_list *released);

/* Forgets the items of a batch that is dropped, holders and waiting ones. Batches are dropped newest first, so
 * whoever waits behind a holder of this batch is forgotten already or belongs to it. */
void wr_key_waits_remove_batch(struct wr_key_waits *waits, const struct wr_batch *batch);

#endif
