#include "config.h"

#include "core/order.h"

#include "core/clause.h"

bool wr_order_may_write(const struct wr_batch_facts *batch)
{
	return (batch->unfinished == 0 || !WR_CLAUSE(WRITTEN_WHEN_FINISHED)) &&
	       (batch->earlier_written || !WR_CLAUSE(WRITTEN_IN_ORDER));
}

bool wr_order_may_retire(const struct wr_batch_facts *batch)
{
	return batch->handed_over && (batch->pending == 0 || !WR_CLAUSE(RETIRED_WHEN_ACKED)) &&
	       (batch->is_oldest || !WR_CLAUSE(RETIRED_IN_ORDER));
}

bool wr_order_may_mark(bool exactly_once, bool retired, bool committed)
{
	return retired && (!exactly_once || committed || !WR_CLAUSE(MARKED_WHEN_FINAL));
}

bool wr_order_may_fail(bool retired, bool committed)
{
	return retired && (committed || !WR_CLAUSE(FAILED_WHEN_COMMITTED));
}

static enum wr_txn_step of_open(const struct wr_txn_facts *txn)
{
	if (txn->failed || (txn->lost && WR_CLAUSE(LOST_IS_ABORTED)))
		return WR_TXN_ABORT;
	if (txn->state == WR_TXN_OPEN)
		return txn->due ? WR_TXN_CLOSE : WR_TXN_WAIT;
	return txn->batch_begun && WR_CLAUSE(COMMITTED_WHOLE) ? WR_TXN_WAIT : WR_TXN_COMMIT;
}

enum wr_txn_step wr_txn_next(const struct wr_txn_facts *txn)
{
	switch (txn->state) {
	case WR_TXN_NONE:
		return txn->offsets_due && !txn->failed && !txn->lost ? WR_TXN_BEGIN : WR_TXN_WAIT;
	case WR_TXN_OPEN:
	case WR_TXN_CLOSING:
		return of_open(txn);
	case WR_TXN_STARTING:
	case WR_TXN_COMMITTING:
	case WR_TXN_ABORTING:
		break;
	}
	return WR_TXN_WAIT;
}

bool wr_txn_admits(const struct wr_txn_facts *txn)
{
	return !txn->failed && (txn->state == WR_TXN_NONE || txn->state == WR_TXN_OPEN);
}

enum wr_txn_state wr_txn_answered(enum wr_txn_state state, enum wr_code code, bool *failed_r)
{
	*failed_r = code != WR_OK;
	if (code == WR_OK)
		return WR_TXN_NONE;
	/* What was refused is still open, and is aborted. */
	return state == WR_TXN_COMMITTING && code == WR_EREFUSED ? WR_TXN_CLOSING : WR_TXN_STARTING;
}
