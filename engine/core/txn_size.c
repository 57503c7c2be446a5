#include "config.h"

#include "core/txn_size.h"

#define NO_LIMIT_FROM (1u << 20)
#define GROWTH 8 /* by an eighth: a broker that is still slow is not asked for too much at once */

void wr_txn_size_begin(struct wr_txn_size *size)
{
	size->held = 0;
}

bool wr_txn_size_admits(const struct wr_txn_size *size, uint32_t events)
{
	return size->limit == 0 || size->held == 0 ||
	       (size->held < size->limit && events <= size->limit - size->held);
}

bool wr_txn_size_add(struct wr_txn_size *size, uint32_t events)
{
	size->held += events;
	return size->limit > 0 && size->held >= size->limit;
}

void wr_txn_size_too_long(struct wr_txn_size *size)
{
	uint32_t held = size->held;

	if (held == 0)
		return;
	/* A smaller one than was allowed was too much already. */
	if (size->limit > 0 && size->limit < held)
		held = size->limit;
	size->limit = held / 2 > 0 ? held / 2 : 1;
}

void wr_txn_size_committed(struct wr_txn_size *size, int64_t took_ns, int64_t longest_ns)
{
	uint32_t step = size->limit / GROWTH;

	/* Only what was made use of was tried. */
	if (size->limit == 0 || size->held < size->limit - size->limit / 2 ||
	    took_ns > longest_ns / 4)
		return;
	size->limit += step > 0 ? step : 1;
	if (size->limit >= NO_LIMIT_FROM)
		size->limit = 0;
}

uint32_t wr_txn_size_of_batch(const struct wr_txn_size *size, uint32_t most)
{
	return size->limit > 0 && size->limit < most ? size->limit : most;
}
