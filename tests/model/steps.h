/*
 * Everything that may happen next. A step either is not possible and changes nothing, or is done as a whole.
 */
#ifndef WR_TESTS_MODEL_STEPS_H
#define WR_TESTS_MODEL_STEPS_H

#include "tests/model/world.h"

#include <stdio.h>

/* What it is, whether it takes a partition (P), a place in the window (W), a choice (2 or 3), whether it is a fault, and
 * its words. The order decides what a search tries first. */
#define STEPS(X)                                                                     \
	X(RETIRE, 0, 2, 0, "retires its oldest batch")                               \
	X(APPEND, 0, 2, 0, "writes to Kafka, acknowledged")                          \
	X(END, 0, 0, 0, "ends its transaction: committed")                           \
	X(SEND_OFFSETS, 0, 0, 0, "sends its offsets into the transaction")           \
	X(COMMIT, 0, 0, 0, "commits its offsets")                                    \
	X(HAND_OVER, 0, 6, 0, "is done with a batch and hands it to the producer")   \
	X(COMPARE_AND_SET, 0, 2, 0, "takes a claim over by compare-and-set")         \
	X(ASK_MARK, 0, 2, 0, "asks for the mark of a claim's owner")                 \
	X(CLAIM, 0, 2, 0, "claims")                                                  \
	X(TAKE, 1, 0, 0, "takes a record")                                           \
	X(PLACE, 1, 0, 0, "asks for the mark and places the partition")              \
	X(LOOK_BACK, 0, 0, 0, "looks at what is parked")                             \
	X(COMMIT_PLACE, 1, 0, 0, "commits where it begins anew")                     \
	X(FETCH, 1, 0, 0, "fetches the group's offset")                              \
	X(CLOSE, 0, 0, 0, "closes its transaction")                                  \
	X(BEGIN, 0, 0, 0, "begins a transaction for offsets alone")                  \
	X(ABORT, 0, 0, 0, "aborts its transaction")                                  \
	X(INIT, 0, 0, 0, "has a producer that is ready")                             \
	X(GO_BACK, 0, 0, 0, "drops its window and goes back")                        \
	X(MARK, 1, 0, 0, "stores the mark")                                          \
	X(WRITE_FAILED, 0, 3, 0, "writes F")                                         \
	X(NOTICE_LOST, 0, 0, 0, "learns that its partitions are lost")               \
	X(REFRESH, 1, 0, 0, "finds its position astray and asks again")              \
	X(RELEASE, 1, 0, 0, "gives the partition up")                                \
	X(DROP, 0, 0, 0, "drops what it can't finish before it gives partitions up") \
	X(ASSIGN, 1, 0, 0, "is assigned the partition")                              \
	X(RESTART, 0, 0, 0, "is started")                                            \
	X(PRODUCE, 1, 0, 0, "upstream sends a record")                               \
	X(COMMIT_UNKNOWN, 0, 0, 1, "commits its offsets, and the answer is lost")    \
	X(END_UNKNOWN, 0, 2, 1, "ends its transaction, and the answer is lost")      \
	X(CLAIM_UNKNOWN, 0, 2, 1, "claims, and the answer is lost")                  \
	X(CAS_UNKNOWN, 0, 2, 1, "takes a claim over, and the answer is lost")        \
	X(APPEND_UNKNOWN, 0, 2, 1, "writes to Kafka, and the producer breaks")       \
	X(CRASH, 0, 0, 1, "crashes")                                                 \
	X(KICK, 0, 0, 1, "is expelled from the group and does not know")             \
	X(REVOKE, 0, 0, 1, "is asked to give its partitions up")                     \
	X(EXPIRE, 0, 0, 1, "has its transaction aborted by the broker's time-out")   \
	X(LET_THROUGH, 0, 2, 1, "runs without a claim, which it can't make")         \
	X(RESET, 1, 6, 1, "the group's offset is set by hand")                       \
	X(FORGET, 1, 0, 1, "the group's offset is lost")                             \
	X(RECREATE, 1, 0, 1, "the topic is deleted and made anew")                   \
	X(RETAIN, 1, 0, 1, "retention deletes the first record")                     \
	X(REPLICATE, 0, 0, 1, "Redis' replica has what Redis has")                   \
	X(FAIL_OVER, 0, 0, 1, "Redis fails over to its replica")                     \
	X(LOSE_MARK, 1, 0, 1, "Redis loses the mark")                                \
	X(LAPSE, 0, 3, 1, "a claim's time is over")                                  \
	X(REPLAY, 0, 3, 1, "a dead letter is replayed")

enum step_kind {
#define X(name, partition, choices, fault, text) STEP_##name,
	STEPS(X)
#undef X
	    STEP_COUNT
};

struct step {
	uint8_t kind, lane, partition, choice;
};

/* Whether it was possible; then it is done. */
bool step_do(struct world *w, struct step step);

/* The step after this one, in a fixed order; `step.kind` is STEP_COUNT behind the last. */
struct step step_next(struct step step);

bool step_is_fault(struct step step);

void step_print(FILE *out, struct step step);

/* What is known to be final at a state from which nothing but faults can happen. */
void ledger_check_end(const struct world *w);

#endif
