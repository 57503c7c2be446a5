/*
 * Keys that are kept in order while events of theirs lie in the retry topic: what core/parked.h says of them. A keyed
 * scenario has one key for all events of its source, which is the first partition.
 */
#ifndef WR_TESTS_MODEL_PARKED_H
#define WR_TESTS_MODEL_PARKED_H

#include "tests/model/world.h"

/* Whether the batch's event has a place in its key's line. A replay has left its own. */
bool has_order(const struct batch *batch);

/* Whether it must follow an older one that lies in the retry topic. */
bool is_behind(const struct lane *lane, const struct batch *batch);

/* It has come from there; it goes there. */
void let_come(struct lane *lane, const struct batch *batch);
void park(struct lane *lane, const struct batch *batch);

/* What is parked is not known any more. */
void forget_parked(struct lane *lane);

/* Reads the retry topic, before anything is taken. */
bool step_look_back(struct world *w, unsigned lane);

#endif
