/*
 * The world of the model check: an abstract Kafka, an abstract Redis, some lanes, and a ledger of what became of every
 * record. All of it is one flat struct without pointers, so that a state can be copied, hashed and gone back to.
 *
 * The rules under test are not written here: lanes ask engine/core (claim.h, mark.h, order.h), compiled a second time
 * with switches for its clauses. What the adapters and the lane's glue are trusted with are the switches of
 * enum trust below.
 *
 * A batch holds one event, and a lane is a process of its own: neither makes fewer histories, only shorter ones.
 */
#ifndef WR_TESTS_MODEL_WORLD_H
#define WR_TESTS_MODEL_WORLD_H

#include "core/clause.h"
#include "core/mark.h"
#include "core/order.h"

#include <stdbool.h>
#include <stdint.h>

#define PARTITIONS 2
#define OFFSETS 6 /* of a partition, at most */
#define TOPICS 2  /* generations: a topic and the one made anew under its name */
#define IDS 3
#define LANES 2
#define WINDOW 2
#define DEATHS 3
#define PARKED 12 /* records of the retry topic that a lane knows of */
#define RETRY 1   /* the partition of the pipeline's own retry topics, where a scenario has them */

/* Clauses that are kept outside of core/: each can be left out as well. */
#define TRUSTS(X)                                                                                \
	X(FETCH_WAITS, "the offset fetch waits for open transactions")                           \
	X(COMMIT_IS_FENCED, "a commit is refused when the group has moved on")                   \
	X(PREDECESSOR_IS_ABORTED, "a producer that starts aborts its predecessor's transaction") \
	X(OFFSETS_IN_TRANSACTION, "offsets are committed by the transaction of their outputs")   \
	X(TAKE_OVER_COMPARES, "a take-over is a compare-and-set")                                \
	X(FAILED_COMPARES, "F is written by compare-and-set")                                    \
	X(CLAIM_COMPARES, "a claim is written only where nothing is")                            \
	X(MARK_GOES_FORWARD, "a mark in the store only goes forward")                            \
	X(MARK_BEFORE_CLAIM, "a changed mark is stored before the first claim")                  \
	X(MARK_BEFORE_ASKING,                                                                    \
	  "what is final is marked before partitions are given up or asked for")                 \
	X(JUMP_IS_COMMITTED_FIRST, "a jump is committed before it is marked")                    \
	X(NEVER_FROM_MEMORY, "after an unknown outcome reading goes on from what is committed")  \
	X(WINDOW_BELONGS_TO_EPOCH, "what was taken in an earlier assignment is dropped")         \
	X(NO_TRANSACTION_OUTLIVES, "partitions are given up when no transaction is open")        \
	X(METADATA_WITH_COMMIT, "a commit carries the interval")                                 \
	X(RETRIED_IN_TRANSACTION, "retry records are in the transaction of their offsets")       \
	X(CLAIMED_BEFORE_ITS_END, "an event claims before anything is decided about it")         \
	X(LOG_IS_LOOKED_AT, "who gets a partition reads its retry topic before it takes any")    \
	X(LOG_IS_LOOKED_AT_AGAIN, "and so does who drops what was taken")

enum trust {
#define X(name, text) TRUST_##name,
	TRUSTS(X)
#undef X
	    TRUST_COUNT
};

extern enum trust trust_left_out; /* TRUST_COUNT: none */
#define TRUST(name) (trust_left_out != TRUST_##name)

/* A value of the claim store, packed: 0 is none. See value.c. */
typedef uint16_t value_t;

/* In the retry topic, the fields of its envelope; elsewhere only the id. */
struct record {
	uint8_t id;
	uint8_t attempts;
	uint8_t calls; /* that there really were, since it came or was replayed */
	bool replay;
	value_t owner;
	bool ordered, unused; /* it has a place in its key's line */
};

/* What the group committed for a partition. */
struct committed {
	int8_t offset; /* -1: nothing */
	bool has_metadata;
	uint8_t incarnation, start, next, unused[3];
	struct wr_fingerprint last;
};

struct topic {
	uint8_t generation;
	uint8_t low, high;
	uint8_t scripted; /* records of the scenario that were produced */
	struct record log[OFFSETS];
	struct committed committed;
	int8_t owner; /* the lane; -1: none */
	uint8_t epoch;
};

enum fate { FATE_DONE, FATE_DEAD, FATE_RETRIED };

/* One record on its way to an output, the DLQ or the retry topic. */
struct output {
	uint8_t partition, generation, offset;
	uint8_t fate;         /* enum fate */
	bool excused;         /* no claim could be made */
	bool ordered;         /* its event has a place in its key's line */
	value_t replays;      /* of a replay: the owner that it is to follow */
	struct record record; /* what is written; of an output only the id and the owner */
};

/* A transaction as its coordinator has it. */
struct transaction {
	bool open, fenced;
	uint8_t count;
	struct output outputs[WINDOW * 2];
	bool has_offsets[PARTITIONS];
	struct committed offsets[PARTITIONS];
};

struct store {
	value_t claims[IDS];
	bool has_mark[PARTITIONS];
	struct wr_mark marks[PARTITIONS];
};

enum batch_state {
	BATCH_NONE,
	BATCH_CLAIMING, /* the answer of its claim is awaited */
	BATCH_ASKING,   /* the mark of the owner's partition is asked for */
	BATCH_TAKING,   /* its take-over is awaited */
	BATCH_RUNNING,
	BATCH_SKIPPED
};

struct batch {
	uint8_t state; /* enum batch_state */
	uint8_t partition, generation, offset;
	uint8_t fate; /* enum fate, once it is handed over */
	bool claimed, excused, behind;
	struct record record;
	value_t own, found, replays;
	bool handed_over, pending, processed, unused;
};

enum placed { PLACED_NOT, PLACED_ASKED, PLACED_PLANNED, PLACED_READ };

struct hold {
	bool held, revoking, astray, mark_due, mark_first, has_retired;
	uint8_t epoch, placed, position, generation;
	uint8_t low, high;                     /* as of ASKED */
	uint8_t last_offset;                   /* that has retired, with has_retired */
	uint8_t reach_incarnation, reach_next; /* how far its mark reached; 0: not known */
	uint8_t unused;
	struct committed committed; /* as of ASKED; later what the lane knows of it */
	struct wr_fingerprint last;
	struct wr_mark mark;
};

struct death {
	uint8_t id, unused;
	value_t claim;
	bool final, unused_too;
};

struct lane {
	bool alive, failed, offsets_sent;
	uint8_t txn; /* enum wr_txn_state */
	uint8_t window, death_count;
	bool looked_back; /* what is parked is known: */
	uint8_t parked_count;
	uint8_t parked[PARKED]; /* the origin offsets, in the order of the retry topic */
	struct hold hold[PARTITIONS];
	struct batch batch[WINDOW]; /* oldest first */
	struct death deaths[DEATHS];
};

/* What really happened, which no lane knows. */
struct ledger {
	uint8_t results[PARTITIONS][TOPICS][OFFSETS]; /* seen by a read_committed reader */
	uint8_t allowed[PARTITIONS][TOPICS][OFFSETS]; /* repeats that the crash table allows */
	bool jumped[PARTITIONS][TOPICS][OFFSETS];     /* nobody wants it any more */
	bool marked[PARTITIONS][TOPICS][OFFSETS];     /* a mark in the store covered it */
	value_t excuse[PARTITIONS][TOPICS][OFFSETS];  /* the owner for whose sake it was skipped */
	uint8_t ids[PARTITIONS][TOPICS][OFFSETS];
	uint8_t processed[IDS];
	uint8_t allowed_ids[IDS];
	bool owed[IDS];   /* a result must come */
	bool lapsed[IDS]; /* its claim was lost */
	uint8_t dead_count;
	struct output dead[DEATHS]; /* dead letters */
	value_t replayed[DEATHS];   /* owners of dead letters whose replays had results */
	bool out_of_order_allowed;
	bool finished[OFFSETS]; /* of the source, in a keyed scenario */
};

struct world {
	struct topic topics[PARTITIONS];
	struct transaction transactions[LANES];
	struct store store, replica;
	bool has_replica;
	uint8_t faults; /* that are left */
	struct lane lanes[LANES];
	struct ledger ledger;
};

struct step;

/* What may happen, and how often. */
struct scenario {
	const char *name;
	bool exactly_once;
	uint8_t lanes, window;
	const char *logs[PARTITIONS][TOPICS]; /* a letter an event id; NULL: no such topic */
	const char *later[PARTITIONS];        /* records that are produced at any time */
	bool has_retry;                       /* the second partition is of the retry topics */
	uint8_t attempts;                     /* calls of an event at most; 0: none is retried */
	bool from_latest;                     /* auto.offset.reset */
	bool keyed;                           /* all events have one key, and retry.mode is key */
	uint8_t deaths;                       /* so many events at most end in the DLQ */
	uint8_t faults;                       /* in all */
	uint64_t kinds;                       /* which: 1 << enum step_kind */
	const struct step *begin; /* what happens first, ended by STEP_COUNT; NULL: nothing */
};

extern const struct scenario *scenario;
extern const char *violation; /* set by the first rule that is broken */

void world_init(struct world *w);
uint64_t world_hash(const struct world *w);
void violate(const char *what);

#endif
