/* What happens to lanes, and what others do. Each returns whether it was possible. See steps.h for what they are. */
#ifndef WR_TESTS_MODEL_FAULTS_H
#define WR_TESTS_MODEL_FAULTS_H

#include "tests/model/world.h"

bool fault_restart(struct world *w, unsigned lane);
bool fault_assign(struct world *w, unsigned lane, unsigned partition);
bool fault_produce(struct world *w, unsigned partition);
bool fault_crash(struct world *w, unsigned lane);
bool fault_kick(struct world *w, unsigned lane);
bool fault_revoke(struct world *w, unsigned lane);
bool fault_expire(struct world *w, unsigned lane);
bool fault_reset(struct world *w, unsigned partition, unsigned offset);
bool fault_forget(struct world *w, unsigned partition);
bool fault_recreate(struct world *w, unsigned partition);
bool fault_retain(struct world *w, unsigned partition);
bool fault_replicate(struct world *w);
bool fault_fail_over(struct world *w);
bool fault_lose_mark(struct world *w, unsigned partition);
bool fault_lapse(struct world *w, unsigned id);
bool fault_replay(struct world *w, unsigned dead);

/* A record of a retry topic is there. */
void append_retry(struct world *w, const struct record *record);

/* Appends a topic's first records. */
void fill_topic(struct world *w, unsigned partition);

#endif
