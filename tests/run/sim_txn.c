/*
 * The transactions of the fake sink: what was written shows when its transaction is committed, with the offsets, and
 * never else. Commits are refused, or their outcome is never told; the sink breaks.
 */
#include "config.h"

#include "tests/run/sim.h"

bool sim_has_transactions(void)
{
	return sim_now->conf.delivery == WR_EXACTLY_ONCE;
}

static void take_time(struct sim *s)
{
	s->txn.state = SIM_TXN_ENDING;
	s->txn.result = WR_OK;
	s->txn.applied = s->txn.commits = false;
	s->txn.due_ns = sim_time() + (int64_t)sim_upto(s->calm ? 1 : 40) * WR_NS_PER_MS;
}

/* A new producer: its predecessor's transaction is aborted. */
void sim_txn_start(void)
{
	struct sim *s = sim_now;

	take_time(s);
	if (!s->calm && sim_once_in(10))
		s->txn.result = WR_EUNKNOWN;
}

static void show(struct sim *s, bool visible)
{
	for (size_t i = 0; i < s->write_count; i++) {
		struct sim_write *w = &s->writes[i];

		if (w->transaction != s->txn.number || !w->ok)
			continue;
		w->visible = visible;
		if (visible)
			sim_count_written(w);
	}
}

static void apply(struct sim *s)
{
	if (!s->txn.applied)
		return;
	s->txn.applied = false;
	sim_note("  transaction %u shows", s->txn.number);
	show(s, true);
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		if (s->commit.offsets[p] < 0)
			continue;
		for (int64_t o = 0; o < s->commit.offsets[p]; o++) {
			const struct sim_record *r = &s->partitions[p].records[o];

			if (!sim_is_settled(r))
				sim_fail("%d is committed at %d, %d/%d is not settled", p,
					 (int)s->commit.offsets[p], p, (int)o);
		}
	}
	sim_apply_offsets();
}

/* The group goes on without the lane: a commit that is under way has reached it or never will. */
void sim_txn_decide(void)
{
	struct sim *s = sim_now;

	if (s->txn.state != SIM_TXN_ENDING || !s->txn.applied)
		return;
	if (sim_once_in(2)) {
		apply(s);
		return;
	}
	s->txn.applied = false;
	s->txn.result = sim_once_in(2) ? WR_EREFUSED : WR_EUNKNOWN;
}

/* Whatever was under way is decided: it was done, or never will be. */
void sim_txn_end(void)
{
	struct sim *s = sim_now;

	if (s->txn.state == SIM_TXN_ENDING && s->txn.commits && sim_once_in(2))
		apply(s);
	s->txn.applied = false;
	s->txn.state = SIM_TXN_NONE;
}

bool sim_txn_is_undecided(void)
{
	return sim_now->txn.state != SIM_TXN_NONE && sim_now->sink_exists;
}

void sim_txn_check_released(void)
{
	const struct sim_txn *txn = &sim_now->txn;

	if (sim_now->sink_exists && !sim_now->broken &&
	    (txn->state == SIM_TXN_OPEN || (txn->state == SIM_TXN_ENDING && txn->commits)))
		sim_fail("a transaction outlives its assignment");
}

void sim_txn_note_write(struct sim_write *w)
{
	if (!sim_has_transactions())
		return;
	if (sim_now->txn.state != SIM_TXN_OPEN)
		sim_fail("%s is written outside of a transaction", w->copy);
	w->transaction = sim_now->txn.number;
}

static enum wr_code status(struct wr_sink *sink)
{
	struct sim *s = sim_now;

	(void)sink;
	if (s->broken)
		return WR_EUNKNOWN;
	if (s->txn.state != SIM_TXN_ENDING)
		return s->txn.result;
	if (s->txn.due_ns > sim_time())
		return WR_EFULL;
	s->txn.state = s->txn.result == WR_EREFUSED ? SIM_TXN_OPEN : SIM_TXN_NONE;
	if (s->txn.commits)
		apply(s);
	sim_note("  transaction %u: %s", s->txn.number, wr_code_text(s->txn.result));
	if (s->txn.result == WR_EUNKNOWN)
		s->broken = s->rewind_due = true;
	return s->txn.result;
}

static enum wr_code begin(struct wr_sink *sink, struct wr_err *err)
{
	struct sim *s = sim_now;

	(void)sink;
	if (s->broken)
		return wr_err_set(err, WR_EUNKNOWN, "broken");
	if (s->txn.state != SIM_TXN_NONE || s->txn.result != WR_OK)
		sim_fail("a transaction is begun in another, or before the sink is ready");
	s->txn.state = SIM_TXN_OPEN;
	s->txn.number++;
	sim_note("  begin %u", s->txn.number);
	return WR_OK;
}

static void check_complete(const struct sim *s)
{
	if (s->txn.state != SIM_TXN_OPEN)
		sim_fail("nothing is open that could be committed");
	if (s->is_lost)
		sim_fail("a transaction is committed whose partitions are lost");
	for (size_t i = 0; i < s->write_count; i++) {
		const struct sim_write *w = &s->writes[i];

		if (w->transaction == s->txn.number && !w->ok)
			sim_fail("%s is to be committed and was not acknowledged", w->copy);
	}
}

static void decide(struct sim *s)
{
	take_time(s);
	s->txn.commits = s->txn.applied = true;
	if (s->calm || s->txn.commits_left_to_fail == 0)
		return;
	s->txn.commits_left_to_fail--;
	s->txn.result = sim_once_in(2) ? WR_EREFUSED : WR_EUNKNOWN;
	s->txn.applied = s->txn.result == WR_EUNKNOWN && sim_once_in(2);
}

static void commit(struct wr_sink *sink, struct wr_source *source,
		   const struct wr_source_commit *commits, size_t count)
{
	struct sim *s = sim_now;

	(void)sink;
	(void)source;
	check_complete(s);
	sim_note("  commit transaction %u", s->txn.number);
	sim_note_offsets(commits, count);
	if (s->broken)
		return;
	decide(s);
	if (sim_once_in(2))
		apply(s);
}

static void abort_transaction(struct wr_sink *sink)
{
	struct sim *s = sim_now;

	(void)sink;
	if (s->txn.state != SIM_TXN_OPEN)
		sim_fail("nothing is open that could be aborted");
	sim_note("  abort %u", s->txn.number);
	take_time(s);
	if (!s->calm && sim_once_in(8))
		s->txn.result = WR_EUNKNOWN;
}

const struct wr_sink_ops sim_txn_ops = {
    .transaction_status = status,
    .begin = begin,
    .commit = commit,
    .abort = abort_transaction,
};
