#include "config.h"

#include "core/circuit.h"

#include "base/clock.h"
#include "tests/unit.h"

#define MS WR_NS_PER_MS

static struct wr_rng rng;
static struct wr_circuit circuit;

static int set_up(void **state)
{
	const struct wr_backoff probe = {1000, 2, 4000, WR_BACKOFF_EXACT};

	(void)state;
	wr_rng_init(&rng, 5);
	wr_circuit_init(&circuit, 3, &probe);
	return 0;
}

static enum wr_circuit_change ask_retry(bool counts, int64_t now_ms)
{
	return wr_circuit_note_retry(&circuit, counts, now_ms * MS, &rng);
}

static void open_it(void)
{
	assert_int_equal(ask_retry(true, 0), WR_CIRCUIT_SAME);
	assert_int_equal(ask_retry(true, 0), WR_CIRCUIT_SAME);
	assert_int_equal(ask_retry(true, 0), WR_CIRCUIT_OPENED);
}

static void it_opens_after_so_many_events_in_a_row(void **state)
{
	(void)state;
	assert_true(wr_circuit_admit(&circuit, 0));
	open_it();
	assert_false(wr_circuit_admit(&circuit, 0));
}

static void an_answer_begins_the_row_anew(void **state)
{
	(void)state;
	ask_retry(true, 0);
	ask_retry(true, 0);
	assert_int_equal(wr_circuit_note_answer(&circuit), WR_CIRCUIT_SAME);
	open_it();
}

/* At the end of a topic the last few bad events retry with nothing else between them. */
static void later_attempts_do_not_open_it(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(ask_retry(false, i), WR_CIRCUIT_SAME);
	assert_true(wr_circuit_admit(&circuit, 100 * MS));
}

static void retries_in_vain_make_it_doubtful(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_false(wr_circuit_is_doubtful(&circuit));
		ask_retry(i < 2, i);
	}
	assert_true(wr_circuit_is_doubtful(&circuit));
	wr_circuit_note_answer(&circuit);
	assert_false(wr_circuit_is_doubtful(&circuit));
	open_it();
	assert_true(wr_circuit_is_doubtful(&circuit));
	wr_circuit_init(&circuit, 0, &(struct wr_backoff){1000, 2, 4000, WR_BACKOFF_EXACT});
	ask_retry(true, 0);
	assert_false(wr_circuit_is_doubtful(&circuit));
}

static void one_event_alone_makes_it_not_doubtful(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		ask_retry(i == 0, i);
	assert_false(wr_circuit_is_doubtful(&circuit));
	ask_retry(false, 100); /* it waited behind that one */
	assert_false(wr_circuit_is_doubtful(&circuit));
	ask_retry(true, 101);
	assert_true(wr_circuit_is_doubtful(&circuit));
}

/* A bad event now and one long ago are two accidents. */
static void what_was_in_vain_long_ago_does_not_count(void **state)
{
	const int64_t stale_ms = WR_CIRCUIT_STALE_NS / MS;

	(void)state;
	ask_retry(true, 0);
	ask_retry(false, stale_ms);
	ask_retry(false, stale_ms);
	ask_retry(true, 2 * stale_ms + 1);
	for (int i = 0; i < 10; i++) {
		assert_false(wr_circuit_is_doubtful(&circuit));
		ask_retry(false, 3 * stale_ms);
	}
}

static void it_admits_one_probe_at_a_time_when_it_is_due(void **state)
{
	(void)state;
	open_it();
	assert_false(wr_circuit_admit(&circuit, 999 * MS));
	assert_true(wr_circuit_admit(&circuit, 1000 * MS));
	assert_false(wr_circuit_admit(&circuit, 1000 * MS));
}

static void probes_that_fail_come_more_seldom(void **state)
{
	(void)state;
	open_it();
	assert_true(wr_circuit_admit(&circuit, 1000 * MS));
	assert_int_equal(ask_retry(false, 1000), WR_CIRCUIT_SAME);
	assert_false(wr_circuit_admit(&circuit, 2999 * MS));
	assert_true(wr_circuit_admit(&circuit, 3000 * MS));
	ask_retry(false, 3000);
	assert_true(wr_circuit_admit(&circuit, 7000 * MS));
	ask_retry(false, 7000);
	assert_true(wr_circuit_admit(&circuit, 11000 * MS));
}

static void failures_of_calls_from_before_it_opened_move_no_probe(void **state)
{
	(void)state;
	open_it();
	for (int i = 0; i < 50; i++)
		ask_retry(true, 900);
	assert_true(wr_circuit_admit(&circuit, 1000 * MS));
}

static void a_probe_that_was_not_called_lets_another_one(void **state)
{
	(void)state;
	open_it();
	assert_true(wr_circuit_admit(&circuit, 1000 * MS));
	wr_circuit_forget_probe(&circuit);
	assert_true(wr_circuit_admit(&circuit, 1000 * MS));
}

static void an_answer_closes_it(void **state)
{
	(void)state;
	open_it();
	assert_true(wr_circuit_admit(&circuit, 1000 * MS));
	assert_int_equal(wr_circuit_note_answer(&circuit), WR_CIRCUIT_CLOSED);
	assert_true(wr_circuit_admit(&circuit, 1000 * MS));
	assert_true(wr_circuit_admit(&circuit, 1000 * MS));
	open_it();
	assert_true(wr_circuit_admit(&circuit, 1000 * MS));
}

static void a_threshold_of_zero_never_opens_it(void **state)
{
	(void)state;
	circuit.threshold = 0;
	for (int i = 0; i < 100; i++)
		assert_int_equal(ask_retry(true, i), WR_CIRCUIT_SAME);
}

/* ---- who is to blame ---- */

#define LONG WR_CIRCUIT_DOUBT_NS

static void an_event_is_to_blame_that_the_stage_answered_another_since(void **state)
{
	uint32_t row = circuit.row;

	(void)state;
	ask_retry(true, 0);
	assert_int_equal(wr_circuit_blame(&circuit, row, 0, false), WR_BLAME_UNCLEAR);
	wr_circuit_note_answer(&circuit);
	assert_int_equal(wr_circuit_blame(&circuit, row, 0, false), WR_BLAME_EVENT);
	ask_retry(true, 2); /* of another event, in the next row */
	assert_int_equal(wr_circuit_blame(&circuit, row, 0, false), WR_BLAME_EVENT);
}

static void while_another_may_come_it_is_unclear(void **state)
{
	uint32_t row = circuit.row;

	(void)state;
	ask_retry(true, 0);
	ask_retry(true, 0);
	assert_int_equal(wr_circuit_blame(&circuit, row, LONG - 1, false), WR_BLAME_UNCLEAR);
	assert_int_equal(wr_circuit_blame(&circuit, row, LONG, false), WR_BLAME_EVENT);
	ask_retry(true, 0);
	assert_int_equal(wr_circuit_blame(&circuit, row, LONG, false), WR_BLAME_STAGE);
}

static void when_nothing_can_come_a_few_that_failed_are_the_stages_fault(void **state)
{
	uint32_t row = circuit.row;

	(void)state;
	circuit.threshold = 100;
	for (int i = 1; i < WR_CIRCUIT_FEW; i++)
		ask_retry(true, 0);
	assert_int_equal(wr_circuit_blame(&circuit, row, LONG, true), WR_BLAME_EVENT);
	ask_retry(true, 0);
	assert_int_equal(wr_circuit_blame(&circuit, row, LONG - 1, true), WR_BLAME_UNCLEAR);
	assert_int_equal(wr_circuit_blame(&circuit, row, LONG, true), WR_BLAME_STAGE);
	assert_int_equal(wr_circuit_blame(&circuit, row, LONG, false), WR_BLAME_EVENT);
	assert_int_equal(wr_circuit_open(&circuit, 0, &rng), WR_CIRCUIT_OPENED);
	assert_int_equal(wr_circuit_open(&circuit, 0, &rng), WR_CIRCUIT_SAME);
	assert_false(wr_circuit_admit(&circuit, 0));
}

static void without_a_circuit_the_event_is_to_blame(void **state)
{
	(void)state;
	circuit.threshold = 0;
	ask_retry(true, 0);
	assert_int_equal(wr_circuit_blame(&circuit, circuit.row, 0, true), WR_BLAME_EVENT);
}

static void in_place_of_an_open_one_it_tries_one_event_at_once(void **state)
{
	(void)state;
	wr_circuit_succeed(&circuit, 500 * MS);
	assert_true(circuit.open);
	assert_true(wr_circuit_admit(&circuit, 500 * MS));
	assert_false(wr_circuit_admit(&circuit, 500 * MS));
	assert_int_equal(ask_retry(false, 500), WR_CIRCUIT_SAME);
	assert_false(wr_circuit_admit(&circuit, 2499 * MS));
	assert_true(wr_circuit_admit(&circuit, 2500 * MS));
	assert_int_equal(wr_circuit_note_answer(&circuit), WR_CIRCUIT_CLOSED);
}

static void what_it_knows_itself_counts_more_than_the_one_before(void **state)
{
	const struct wr_backoff probe = {1000, 2, 4000, WR_BACKOFF_EXACT};

	(void)state;
	wr_circuit_note_answer(&circuit);
	wr_circuit_succeed(&circuit, 0);
	assert_false(circuit.open);
	wr_circuit_init(&circuit, 3, &probe);
	ask_retry(true, 0);
	wr_circuit_succeed(&circuit, 0);
	assert_false(circuit.open);
	wr_circuit_init(&circuit, 0, &probe);
	wr_circuit_succeed(&circuit, 0);
	assert_false(circuit.open); /* that one never opens */
}

static void a_row_is_never_0(void **state)
{
	(void)state;
	circuit.row = UINT32_MAX;
	wr_circuit_note_answer(&circuit);
	assert_int_equal(circuit.row, 1);
}

#define RULE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(it_opens_after_so_many_events_in_a_row),
	    RULE(an_answer_begins_the_row_anew),
	    RULE(later_attempts_do_not_open_it),
	    RULE(retries_in_vain_make_it_doubtful),
	    RULE(one_event_alone_makes_it_not_doubtful),
	    RULE(what_was_in_vain_long_ago_does_not_count),
	    RULE(it_admits_one_probe_at_a_time_when_it_is_due),
	    RULE(probes_that_fail_come_more_seldom),
	    RULE(failures_of_calls_from_before_it_opened_move_no_probe),
	    RULE(a_probe_that_was_not_called_lets_another_one),
	    RULE(an_answer_closes_it),
	    RULE(a_threshold_of_zero_never_opens_it),
	    RULE(an_event_is_to_blame_that_the_stage_answered_another_since),
	    RULE(while_another_may_come_it_is_unclear),
	    RULE(when_nothing_can_come_a_few_that_failed_are_the_stages_fault),
	    RULE(without_a_circuit_the_event_is_to_blame),
	    RULE(in_place_of_an_open_one_it_tries_one_event_at_once),
	    RULE(what_it_knows_itself_counts_more_than_the_one_before),
	    RULE(a_row_is_never_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
