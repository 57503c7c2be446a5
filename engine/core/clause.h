/*
 * Names for the clauses of the delivery rules (docs/delivery.md), so that the model check can leave any one of them
 * out and show what then goes wrong. In the engine WR_CLAUSE() is the constant true.
 */
#ifndef WR_CORE_CLAUSE_H
#define WR_CORE_CLAUSE_H

#include <stdbool.h>

#define WR_CLAUSES(X)                                                                              \
	X(OWN_CLAIM_IS_PROCESSED, "a record that finds its own claim is processed")                \
	X(OTHERS_CLAIM_IS_SKIPPED, "a record that finds another's claim is skipped")               \
	X(ABANDONED_IS_TAKEN_OVER, "a claim of an abandoned owner is taken over")                  \
	X(OWN_DEAD_LETTER_IS_SKIPPED, "a record that finds its own dead letter is skipped")        \
	X(DEAD_LETTER_IS_TAKEN_OVER, "a resubmission takes over from a dead letter")               \
	X(REPLAY_TAKES_OVER, "a replay takes over from the owner it knows")                        \
	X(LATE_REPLAY_IS_SKIPPED, "a replay that finds another owner is skipped")                  \
	X(MARK_IS_ASKED_FRESH, "the mark of another's partition is asked for anew")                \
	X(COMPLETED_IS_SKIPPED, "what a mark covers is skipped first")                             \
	X(RECORD_IS_VERIFIED, "the last completed record is compared before any is skipped")       \
	X(BEYOND_THE_END_IS_NEW, "a topic that ends before the mark is a new one")                 \
	X(NEW_TOPIC_NEW_INCARNATION, "a new topic is a new incarnation")                           \
	X(NEW_TOPIC_VOIDS_INTERVALS, "a new topic has nothing completed")                          \
	X(JUMP_IS_NOT_BRIDGED, "going forward begins a new interval")                              \
	X(JUMP_IS_ABANDONED, "what is jumped over is abandoned")                                   \
	X(GOING_BACK_NEW_INCARNATION, "going back to what was not completed is a new incarnation") \
	X(OLD_INCARNATION_IS_ABANDONED,                                                            \
	  "what an incarnation did not complete is abandoned with it")                             \
	X(COMMIT_RESTORES_THE_MARK, "what the store lost of a mark comes from the commit")         \
	X(WRITTEN_WHEN_FINISHED, "a batch is written when all its events have their verdicts")     \
	X(WRITTEN_IN_ORDER, "a batch is written after all earlier ones")                           \
	X(RETIRED_WHEN_ACKED, "a batch retires when all it wrote is acknowledged")                 \
	X(RETIRED_IN_ORDER, "a batch retires after all earlier ones")                              \
	X(COMMITTED_WHOLE, "a transaction is committed when all its batches have retired")         \
	X(MARKED_WHEN_FINAL, "a mark says what is final: acknowledged, or committed")              \
	X(FAILED_WHEN_COMMITTED, "F is written when the dead letter's offset is committed")        \
	X(LOST_IS_ABORTED, "what was written for lost partitions is aborted")                      \
	X(OWNER_IS_INHERITED, "a retried event claims with the owner it had")                      \
	X(REPLAY_CLAIMS_FOR_ITSELF, "a replay claims with its own coordinates")                    \
	X(LETTER_NAMES_ITS_OWNER, "a dead letter names who owns its event now")                    \
	X(UNCLAIMED_LEAVES_AS_IT_CAME, "a replay that never claimed names whom it was to follow")  \
	X(ATTEMPTS_GO_ON, "a retried event's attempts are counted on")                             \
	X(RETRY_TOPIC_FROM_ITS_START,                                                              \
	  "a retry topic that is new to the group is read from its start")                         \
	X(END_IS_ASKED_AFTER_THE_MARK, "an end that the mark exceeds is asked for once more")      \
	X(LATER_ONES_FOLLOW, "an event follows an older one of its key that is parked")            \
	X(WHAT_CAME_LIES_THERE_NO_MORE, "what comes from a retry topic holds up its key no more")

enum wr_clause {
#define X(name, text) WR_CLAUSE_##name,
	WR_CLAUSES(X)
#undef X
	    WR_CLAUSE_COUNT
};

#ifdef WR_MODEL
extern enum wr_clause wr_clause_left_out; /* WR_CLAUSE_COUNT: none */
#define WR_CLAUSE(name) (wr_clause_left_out != WR_CLAUSE_##name)
#else
#define WR_CLAUSE(name) true
#endif

#endif
