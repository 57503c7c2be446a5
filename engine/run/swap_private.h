/*
 * The inside of a swap, shared by run/swap*.c: swap.c makes, runs and drains it, swap_canary.c tries it first,
 * swap_state.c holds lanes and hands over what their plugins know and hold.
 */
#ifndef WR_RUN_SWAP_PRIVATE_H
#define WR_RUN_SWAP_PRIVATE_H

#include "run/engine_private.h"
#include "run/swap.h"

enum wr_swap_kind {
	WR_SWAP_STAYS,
	WR_SWAP_COMES, /* a new lane */
	WR_SWAP_GOES   /* a lane of the old generation only */
};

struct wr_swap_item {
	enum wr_swap_kind kind;
	struct wr_engine_lane lane; /* STAYS, GOES: as it was before */
	struct wr_program *next;    /* STAYS: the new one; COMES: that of its lane */
	struct wr_program
	    *leaving; /* to be destroyed when its lane is through with it; NULL: nothing */
	bool held;
	bool asked;     /* to adopt `next`, or to try it */
	bool started;   /* COMES */
	bool exclusive; /* its pipeline's plugins keep or hold something */
};

struct wr_swap {
	uint32_t magic;
	struct wr_engine *engine;
	const struct wr_generation *to;
	struct wr_swap_item *items;
	size_t count;
	struct wr_engine_lane *lanes; /* room for the engine's next list */
	struct wr_states states;
	bool rehearsal;
	bool trying; /* a share of the keys is enough */
	bool ran;
	bool settled; /* the engine runs `to` */
};

/* Waits for the lanes that were asked to adopt or to try. WR_OK, WR_ETIMEDOUT, WR_EREFUSED. */
enum wr_code wr_swap_await_lanes(struct wr_swap *swap, int64_t deadline_mono_ns,
				 struct wr_err *err);

/* Lanes that have moved, or try, go back; those that have not looked yet never will. */
void wr_swap_take_back(struct wr_swap *swap);

/* Asks the lanes of the swap's exclusive pipelines to hold, and waits. WR_OK or WR_ETIMEDOUT: then some hold. */
enum wr_code wr_swap_hold(struct wr_swap *swap, int64_t deadline_mono_ns, struct wr_err *err);
void wr_swap_release(struct wr_swap *swap);

/* While they hold: saves all state and loads it into the new instances. WR_OK, WR_EREFUSED, WR_ENOMEM. */
enum wr_code wr_swap_hand_over(struct wr_swap *swap, struct wr_err *err);

/* Turns the old life cycles off and the new ones on, or the other way round. */
enum wr_code wr_swap_exchange(struct wr_swap *swap, struct wr_err *err);
void wr_swap_exchange_back(struct wr_swap *swap);

/* Whether a pipeline has to stand still for a change of these two (either may be NULL). */
bool wr_swap_is_exclusive(const struct wr_pipeline *a, const struct wr_pipeline *b);

#endif
