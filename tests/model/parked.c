#include "config.h"

#include "tests/model/parked.h"

#include "base/check.h"
#include "core/parked.h"
#include "tests/model/retried.h"
#include "tests/model/value.h"

#include <string.h>

#define DELAY_MS 1 /* of all tiers, which are one */

static uint64_t key(void)
{
	return wr_parked_key(wr_bytes_of("k"));
}

bool has_order(const struct batch *batch)
{
	return scenario->keyed && (!is_retry(batch->partition) || is_in_line(&batch->record));
}

static int64_t origin_of(const struct batch *batch)
{
	return is_retry(batch->partition) ? value_offset(batch->record.owner) : batch->offset;
}

/* The lane's own, made anew from what a state keeps of it. */
static struct wr_parked *table_of(const struct lane *lane)
{
	struct wr_parked *table;
	enum wr_code code = wr_parked_create(&table);

	for (unsigned i = 0; i < lane->parked_count && code == WR_OK; i++)
		code = wr_parked_add(table, &(struct wr_parked_event){.key = key(),
								      .offset = lane->parked[i],
								      .delay_ms = DELAY_MS,
								      .sequence = i});
	WR_ASSERT(code == WR_OK);
	return table;
}

static struct wr_parked *table_without(const struct lane *lane, const struct batch *batch)
{
	struct wr_parked *table = table_of(lane);

	if (is_retry(batch->partition) && has_order(batch))
		wr_parked_take(table, key(), origin_of(batch), DELAY_MS);
	return table;
}

bool is_behind(const struct lane *lane, const struct batch *batch)
{
	struct wr_parked *table;
	int64_t delay_ms;
	bool behind;

	if (!has_order(batch) || lane->parked_count == 0)
		return false;
	table = table_without(lane, batch);
	behind = wr_parked_is_behind(table, key(), origin_of(batch), &delay_ms);
	wr_parked_destroy(table);
	return behind;
}

/* A table loses its oldest. */
static void keep_last(struct lane *lane, size_t count)
{
	size_t gone = lane->parked_count - count;

	memmove(lane->parked, lane->parked + gone, count);
	memset(lane->parked + count, 0, gone);
	lane->parked_count = (uint8_t)count;
}

void let_come(struct lane *lane, const struct batch *batch)
{
	struct wr_parked *table;

	if (!is_retry(batch->partition) || !has_order(batch) || lane->parked_count == 0)
		return;
	table = table_without(lane, batch);
	keep_last(lane, wr_parked_records(table));
	wr_parked_destroy(table);
}

static void add(struct lane *lane, int64_t origin)
{
	WR_ASSERT(lane->parked_count < PARKED);
	lane->parked[lane->parked_count++] = (uint8_t)origin;
}

void park(struct lane *lane, const struct batch *batch)
{
	if (has_order(batch))
		add(lane, origin_of(batch));
}

void forget_parked(struct lane *lane)
{
	lane->looked_back = false;
	lane->parked_count = 0;
	memset(lane->parked, 0, sizeof(lane->parked));
}

bool step_look_back(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];
	const struct topic *topic = &w->topics[RETRY];
	const struct hold *hold = &lane->hold[RETRY];

	if (!scenario->keyed || !lane->alive || lane->failed || lane->looked_back ||
	    hold->placed != PLACED_READ || lane->hold[0].placed != PLACED_READ)
		return false;
	lane->looked_back = true;
	for (unsigned n = hold->position; n < topic->high && TRUST(LOG_IS_LOOKED_AT); n++) {
		if (!wr_mark_covers(&hold->mark, (int64_t)n) && is_in_line(&topic->log[n]))
			add(lane, value_offset(topic->log[n].owner));
	}
	return true;
}
