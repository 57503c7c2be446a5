/*
 * Records of the pipeline's own retry topics: what core/retried.h and core/envelope.h make of them. All tiers and the
 * topic of replays are one partition here: a record of it is taken at any time, and that is all that delays do.
 */
#ifndef WR_TESTS_MODEL_RETRIED_H
#define WR_TESTS_MODEL_RETRIED_H

#include "tests/model/world.h"

bool is_retry(unsigned partition);

/* Whether a record of the retry topic has a place in its key's line. */
bool is_in_line(const struct record *record);

/* Sets the batch's own claim and whom it is to follow. */
void read_claim(struct batch *batch, uint32_t incarnation);

/* Whether its policy lets it be called again after this call. */
bool may_retry(const struct batch *batch);

/* Whether the retry topic takes one more, beside those that are on their way to it. */
bool has_room_for_retry(const struct world *w);

/* What is written of the batch's event: its envelope. */
struct record record_of(const struct batch *batch, enum fate fate);

/* The record that sends a dead letter round again. */
struct record replay_of(const struct record *letter);

#endif
