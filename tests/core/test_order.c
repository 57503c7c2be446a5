#include "config.h"

#include "core/order.h"

#include "tests/unit.h"

/* All facts of a batch that matter, in turn. */
#define FOR_ALL_BATCHES(b)                                                  \
	for (unsigned bits = 0; bits < 32; bits++)                          \
		for (struct wr_batch_facts b = {.unfinished = bits & 1,     \
					       .handed_over = bits & 2,     \
					       .pending = bits >> 2 & 1,    \
					       .earlier_written = bits & 8, \
					       .is_oldest = bits & 16},     \
					   *once = &b;                      \
		     once != NULL; once = NULL)

static void a_batch_is_written_when_it_and_all_before_it_are_decided(void **state)
{
	(void)state;
	FOR_ALL_BATCHES(b)
	assert_int_equal(wr_order_may_write(&b), b.unfinished == 0 && b.earlier_written);
}

static void a_batch_retires_when_it_is_acknowledged_and_the_oldest(void **state)
{
	(void)state;
	FOR_ALL_BATCHES(b)
	assert_int_equal(wr_order_may_retire(&b), b.handed_over && b.pending == 0 && b.is_oldest);
}

static void marks_follow_what_is_final(void **state)
{
	(void)state;
	assert_false(wr_order_may_mark(false, false, false));
	assert_true(wr_order_may_mark(false, true, false));
	assert_false(wr_order_may_mark(true, true, false));
	assert_true(wr_order_may_mark(true, true, true));
}

static void a_dead_letter_is_final_after_the_commit(void **state)
{
	(void)state;
	assert_false(wr_order_may_fail(false, false));
	assert_false(wr_order_may_fail(true, false));
	assert_true(wr_order_may_fail(true, true));
}

static enum wr_txn_step next(struct wr_txn_facts facts)
{
	return wr_txn_next(&facts);
}

static void a_transaction_is_closed_when_it_is_due_and_committed_when_it_is_whole(void **state)
{
	(void)state;
	assert_int_equal(next((struct wr_txn_facts){.state = WR_TXN_OPEN}), WR_TXN_WAIT);
	assert_int_equal(next((struct wr_txn_facts){.state = WR_TXN_OPEN, .due = true}),
			 WR_TXN_CLOSE);
	assert_int_equal(next((struct wr_txn_facts){.state = WR_TXN_CLOSING, .batch_begun = true}),
			 WR_TXN_WAIT);
	assert_int_equal(next((struct wr_txn_facts){.state = WR_TXN_CLOSING}), WR_TXN_COMMIT);
}

static void what_failed_or_was_lost_is_aborted(void **state)
{
	static const enum wr_txn_state open[] = {WR_TXN_OPEN, WR_TXN_CLOSING};

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(next((struct wr_txn_facts){.state = open[i], .failed = true}),
				 WR_TXN_ABORT);
		assert_int_equal(next((struct wr_txn_facts){.state = open[i], .lost = true}),
				 WR_TXN_ABORT);
	}
}

static void offsets_alone_begin_a_transaction(void **state)
{
	struct wr_txn_facts facts = {.state = WR_TXN_NONE};

	(void)state;
	assert_int_equal(next(facts), WR_TXN_WAIT);
	facts.offsets_due = true;
	assert_int_equal(next(facts), WR_TXN_BEGIN);
	facts.lost = true;
	assert_int_equal(next(facts), WR_TXN_WAIT);
	facts.lost = false;
	facts.failed = true;
	assert_int_equal(next(facts), WR_TXN_WAIT);
}

static void what_is_under_way_is_waited_for(void **state)
{
	static const enum wr_txn_state states[] = {WR_TXN_STARTING, WR_TXN_COMMITTING,
						   WR_TXN_ABORTING};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct wr_txn_facts facts = {.state = states[i],
					     .failed = true,
					     .due = true,
					     .lost = true,
					     .offsets_due = true};

		assert_int_equal(wr_txn_next(&facts), WR_TXN_WAIT);
		assert_false(wr_txn_admits(&facts));
	}
}

static void only_an_open_transaction_admits_batches(void **state)
{
	struct wr_txn_facts facts = {.state = WR_TXN_OPEN};

	(void)state;
	assert_true(wr_txn_admits(&facts));
	facts.state = WR_TXN_NONE;
	assert_true(wr_txn_admits(&facts));
	facts.state = WR_TXN_CLOSING;
	assert_false(wr_txn_admits(&facts));
	facts.state = WR_TXN_OPEN;
	facts.failed = true;
	assert_false(wr_txn_admits(&facts));
}

static void expect_answer(enum wr_txn_state state, enum wr_code code, enum wr_txn_state expected,
			  bool expect_failed)
{
	bool failed = !expect_failed;

	assert_int_equal(wr_txn_answered(state, code, &failed), expected);
	assert_int_equal(failed, expect_failed);
}

static void an_answer_ends_what_was_under_way(void **state)
{
	(void)state;
	expect_answer(WR_TXN_STARTING, WR_OK, WR_TXN_NONE, false);
	expect_answer(WR_TXN_COMMITTING, WR_OK, WR_TXN_NONE, false);
	expect_answer(WR_TXN_ABORTING, WR_OK, WR_TXN_NONE, false);
}

static void a_refused_commit_is_still_open(void **state)
{
	(void)state;
	expect_answer(WR_TXN_COMMITTING, WR_EREFUSED, WR_TXN_CLOSING, true);
}

static void what_is_not_known_needs_another_producer(void **state)
{
	(void)state;
	expect_answer(WR_TXN_COMMITTING, WR_EUNKNOWN, WR_TXN_STARTING, true);
	expect_answer(WR_TXN_COMMITTING, WR_ETIMEDOUT, WR_TXN_STARTING, true);
	expect_answer(WR_TXN_ABORTING, WR_EUNKNOWN, WR_TXN_STARTING, true);
	expect_answer(WR_TXN_ABORTING, WR_EREFUSED, WR_TXN_STARTING, true);
	expect_answer(WR_TXN_STARTING, WR_EUNKNOWN, WR_TXN_STARTING, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_batch_is_written_when_it_and_all_before_it_are_decided),
	    cmocka_unit_test(a_batch_retires_when_it_is_acknowledged_and_the_oldest),
	    cmocka_unit_test(marks_follow_what_is_final),
	    cmocka_unit_test(a_dead_letter_is_final_after_the_commit),
	    cmocka_unit_test(a_transaction_is_closed_when_it_is_due_and_committed_when_it_is_whole),
	    cmocka_unit_test(what_failed_or_was_lost_is_aborted),
	    cmocka_unit_test(offsets_alone_begin_a_transaction),
	    cmocka_unit_test(what_is_under_way_is_waited_for),
	    cmocka_unit_test(only_an_open_transaction_admits_batches),
	    cmocka_unit_test(an_answer_ends_what_was_under_way),
	    cmocka_unit_test(a_refused_commit_is_still_open),
	    cmocka_unit_test(what_is_not_known_needs_another_producer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
