/*
 * Adapters for lanes in their threads that come and go: each lane has a partition of its own with records that the test
 * pours in, and a sink that acknowledges at once. It counts what came out, by generation, and remembers what was
 * committed over the lives of a lane.
 */
#ifndef WR_TESTS_RUN_FLOW_H
#define WR_TESTS_RUN_FLOW_H

#include "tests/unit.h"

#include "run/lane.h"

#define FLOW_LANES 16
#define FLOW_GENERATIONS 64

void flow_init(void);
void flow_fini(void); /* every adapter must be gone */

extern const struct wr_lane_adapters flow_adapters;

/* Records have different keys from now on, for lanes that come. */
void flow_spread_keys(void);

/* Whether outputs are acknowledged; they are at first. */
void flow_acknowledge(bool acks);

/* So many records more for every partition, now and later ones alike. */
void flow_pour(int64_t count);

/* The records that the partitions of `lanes` lanes hold together. */
int64_t flow_poured(int lanes);

/* Waits until so many outputs came in all; fails the test after a time that only a bug takes. */
void flow_await(int64_t outputs);

/* The same, until lanes took so many records in all. */
void flow_await_taken(int64_t records);

int64_t flow_outputs(void);
int64_t flow_outputs_of(unsigned generation);
int64_t flow_dead(void);

/* The value of the header "count" of the last output of a lane's partition; -1: none. */
int64_t flow_last_count(int lane);

/* Lanes that are made now. */
int flow_alive(void);

#endif
