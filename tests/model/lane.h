/* The steps of a lane; each returns whether it was possible. See steps.h for what they are. */
#ifndef WR_TESTS_MODEL_LANE_H
#define WR_TESTS_MODEL_LANE_H

#include "base/code.h"
#include "tests/model/world.h"

bool step_fetch(struct world *w, unsigned lane, unsigned partition);
bool step_place(struct world *w, unsigned lane, unsigned partition);
bool step_commit_place(struct world *w, unsigned lane, unsigned partition);
bool step_mark(struct world *w, unsigned lane, unsigned partition);
bool step_take(struct world *w, unsigned lane, unsigned partition);
bool step_claim(struct world *w, unsigned lane, unsigned i, bool answered);
bool step_ask_mark(struct world *w, unsigned lane, unsigned i);
bool step_compare_and_set(struct world *w, unsigned lane, unsigned i, bool answered);
bool step_let_through(struct world *w, unsigned lane, unsigned i);
bool step_hand_over(struct world *w, unsigned lane, unsigned i, enum fate fate);
bool step_append(struct world *w, unsigned lane, unsigned i, bool answered);
bool step_retire(struct world *w, unsigned lane, unsigned i);
bool step_commit(struct world *w, unsigned lane, bool answered);
bool step_begin(struct world *w, unsigned lane);
bool step_close(struct world *w, unsigned lane);
bool step_send_offsets(struct world *w, unsigned lane);
bool step_end(struct world *w, unsigned lane, enum wr_code code, bool applied);
bool step_abort(struct world *w, unsigned lane);
bool step_init(struct world *w, unsigned lane);
bool step_go_back(struct world *w, unsigned lane);
bool step_write_failed(struct world *w, unsigned lane, unsigned i);
bool step_notice_lost(struct world *w, unsigned lane);
bool step_refresh(struct world *w, unsigned lane, unsigned partition);
bool step_release(struct world *w, unsigned lane, unsigned partition);
bool step_drop(struct world *w, unsigned lane);

/* For the faults and between the files of the lane. */
bool owns(const struct world *w, unsigned lane, unsigned partition);
void drop_window(struct world *w, unsigned lane);
void tidy_mark(struct wr_mark *mark);
struct wr_fingerprint fingerprint_of(unsigned generation, unsigned id);
struct committed commit_of_hold(const struct hold *hold);
bool has_news(const struct lane *lane, unsigned partition);
bool begun_batch(const struct lane *lane);
struct wr_txn_facts txn_facts(const struct lane *lane);

/* The window goes, and so does what retired in the transaction. */
void give_up(struct world *w, unsigned lane);

#endif
