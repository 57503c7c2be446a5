/* Trying a generation on a share of the keys before the lanes go over to it. */
#include "config.h"

#include "run/swap_private.h"

#include <string.h>

enum wr_code wr_swap_try(struct wr_swap *swap, wr_swap_share_fn share_of, void *arg,
			 int64_t deadline_mono_ns, struct wr_err *err)
{
	enum wr_code rc;

	WR_ASSERT(!swap->ran && !swap->rehearsal);
	swap->trying = true;
	for (size_t i = 0; i < swap->count; i++) {
		struct wr_swap_item *item = &swap->items[i];
		uint32_t share;

		WR_ASSERT(item->kind == WR_SWAP_STAYS);
		share = share_of(arg, item->next->pipeline);
		if (share == 0)
			continue;
		WR_ASSERT(!item->exclusive);
		atomic_store(&item->next->share, share);
		item->asked = true;
		wr_lane_adopt(item->lane.lane, item->next);
	}
	rc = wr_swap_await_lanes(swap, deadline_mono_ns, err);
	if (rc != WR_OK) {
		swap->ran = true;
		wr_swap_take_back(swap);
		return rc;
	}
	/* The lanes have it: it is theirs until it leaves. */
	for (size_t i = 0; i < swap->count; i++) {
		if (swap->items[i].asked)
			swap->items[i].leaving = swap->items[i].next;
	}
	return WR_OK;
}

static void add(struct wr_canary_counts *sum, const struct wr_canary_counts *counts)
{
	sum->events += counts->events;
	sum->errors += counts->errors;
}

struct wr_lane_trial wr_swap_trial(const struct wr_swap *swap, const char *pipeline)
{
	struct wr_lane_trial sum = {.canary_broken = false};

	for (size_t i = 0; i < swap->count; i++) {
		const struct wr_swap_item *item = &swap->items[i];
		struct wr_lane_trial trial;

		if (!item->asked || strcmp(item->lane.pipeline, pipeline) != 0)
			continue;
		trial = wr_lane_trial(item->lane.lane);
		add(&sum.stable, &trial.stable);
		add(&sum.canary, &trial.canary);
		sum.canary_broken = sum.canary_broken || trial.canary_broken;
		sum.stable_broken = sum.stable_broken || trial.stable_broken;
	}
	return sum;
}

void wr_swap_give_up(struct wr_swap *swap)
{
	WR_ASSERT(!swap->ran && swap->trying);
	swap->ran = true;
	wr_swap_take_back(swap);
}
