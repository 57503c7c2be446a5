/*
 * What a lane may do next, so that neither a crash nor an abort loses or repeats anything: the order of the writes.
 *
 *   at_least_once: claim, stages, outputs acknowledged, then offset commit and done mark, then F for dead letters.
 *   exactly_once:  claim, stages, outputs into the transaction, offsets into it, commit, then done mark, then F.
 *
 * Pure functions over facts; the lane and the model check ask the same ones. What is refused here is asked again when
 * the facts have changed.
 */
#ifndef WR_CORE_ORDER_H
#define WR_CORE_ORDER_H

#include "base/code.h"

#include <stdbool.h>
#include <stdint.h>

/* A batch of the window. */
struct wr_batch_facts {
	uint32_t unfinished;  /* events without a verdict */
	bool handed_over;     /* all it has to write was handed to the sink */
	uint32_t pending;     /* writes without an acknowledgement */
	bool earlier_written; /* all earlier batches of the window are handed over */
	bool is_oldest;       /* no earlier batch is in the window */
};

/* It may begin to hand over its records; under exactly_once into an open transaction that admits it. [any] */
bool wr_order_may_write(const struct wr_batch_facts *batch);

/* It may leave the window: its offsets count as done. [any] */
bool wr_order_may_retire(const struct wr_batch_facts *batch);

/* Whether what has retired, and what of it the group has committed, may be told to the claim store as completed.
 * [any] */
bool wr_order_may_mark(bool exactly_once, bool retired, bool committed);

/* Whether a dead letter's claim may become F. [any] */
bool wr_order_may_fail(bool retired, bool committed);

enum wr_txn_state {
	WR_TXN_STARTING,   /* the producer is not ready yet */
	WR_TXN_NONE,       /* no transaction is open */
	WR_TXN_OPEN,       /* batches are written into it */
	WR_TXN_CLOSING,    /* those that were begun are finished, no other is begun */
	WR_TXN_COMMITTING, /* it holds whole batches and nothing else; its outcome is awaited */
	WR_TXN_ABORTING
};

struct wr_txn_facts {
	enum wr_txn_state state;
	bool
	    failed; /* something of it can't be: all of it goes, reading goes back to what is committed */
	bool batch_begun; /* a batch was begun in it that has not retired */
	bool due;         /* its interval is over, or nothing more goes into it */
	bool lost;        /* the partitions are gone already */
	bool offsets_due; /* there are offsets to commit, with nothing to write */
};

enum wr_txn_step {
	WR_TXN_WAIT,
	WR_TXN_BEGIN,
	WR_TXN_CLOSE, /* no other batch is begun in it */
	WR_TXN_COMMIT,
	WR_TXN_ABORT
};

/* What the transaction needs now. [any] */
enum wr_txn_step wr_txn_next(const struct wr_txn_facts *txn);

/* Whether one more batch may be written; with NONE a transaction must be begun first. [any] */
bool wr_txn_admits(const struct wr_txn_facts *txn);

/* The state after the sink's answer to what was under way (STARTING, COMMITTING, ABORTING): WR_OK, WR_EREFUSED or
 * WR_EUNKNOWN (any other code counts as that). *failed_r: the window is to be dropped, and reading goes on from what
 * the group has committed, never from memory. STARTING as a result: the sink must be made anew. [any] */
enum wr_txn_state wr_txn_answered(enum wr_txn_state state, enum wr_code code, bool *failed_r);

#endif
