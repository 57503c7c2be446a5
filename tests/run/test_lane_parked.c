/* The order of keys whose events lie in retry topics. */
#include "config.h"

#include "tests/run/parked_keys.h"

/* ---- parking ---- */

static void later_events_of_a_parked_key_follow_it_and_are_not_called(void **state)
{
	(void)state;
	failing = "a";
	send("a", "k");
	send("b", "k");
	send("c", "other");
	send("d", "k");
	assert_string_equal(called, "a c ");
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 3);
	assert_true(fixture_has_header(parked("p.retry.5s", 0), "weir-order", "first"));
	assert_int_equal(parked("p.retry.5s", 0)->partition, 0);
	assert_behind(parked("p.retry.5s", 1), "b", "0");
	assert_null(strstr(parked("p.retry.5s", 1)->headers, "weir-stage="));
	assert_true(fixture_has_header(parked("p.retry.5s", 1), "weir-owner", "0/in/0/1"));
	assert_behind(parked("p.retry.5s", 2), "d", "0");
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_out(0, "c");
}

static void one_that_is_in_the_same_batch_follows_too(void **state)
{
	(void)state;
	failing = "a";
	fixture_send(&f, IN, "a", "k");
	fixture_send(&f, IN, "b", "k");
	fixture_send(&f, IN, "c", "other");
	fixture_settle(&f);
	assert_string_equal(called, "a c ");
	assert_behind(parked("p.retry.5s", 1), "b", "0");
	assert_true(fixture_has_header(parked("p.retry.5s", 1), "weir-stage", "second"));
}

static void they_are_run_in_order_as_soon_as_the_first_is_due(void **state)
{
	(void)state;
	failing = "a";
	send("a", "k");
	append(SHORT, 0);
	fixture_pass_ms(&f, 3000);
	send("b", "k");
	append(SHORT, 1);
	send("c", "k");
	append(SHORT, 2);
	failing = "";
	fixture_pass_ms(&f, 1999);
	assert_int_equal(fixture_written(&f, "out"), 0);
	fixture_pass_ms(&f, 1);
	assert_string_equal(called, "a a b c ");
	assert_out(0, "a");
	assert_out(1, "b");
	assert_out(2, "c");
	send("d", "k");
	assert_string_equal(called, "a a b c d ");
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 3);
}

static void they_follow_to_the_next_tier_without_using_up_an_attempt(void **state)
{
	(void)state;
	park_two();
	fixture_pass_ms(&f, 5000);
	assert_string_equal(called, "a a ");
	assert_true(fixture_has_header(parked("p.retry.1m", 0), "weir-order", "first"));
	assert_true(fixture_has_header(parked("p.retry.1m", 0), "weir-attempts", "2"));
	assert_behind(parked("p.retry.1m", 1), "b", "0");
	send("c", "k");
	assert_behind(parked("p.retry.1m", 2), "c", "0");
	for (size_t i = 0; i < 3; i++)
		append(LONG, i);
	failing = "";
	fixture_pass_ms(&f, 60000);
	assert_string_equal(called, "a a a b c ");
	assert_int_equal(fixture_written(&f, "out"), 3);
}

/* A stranger's failure lies before it: its predecessor is done, and it waits for the head of its partition only. */
static void a_source_event_does_not_overtake_what_has_come_in_its_batch(void **state)
{
	(void)state;
	park_two();
	failing = "";
	wr_clock_fake_advance_ms(&f.clock, 5000);
	fixture_send(&f, IN, "c", "k");
	fixture_settle(&f);
	/* The source is taken first, so c finds both still lying there. */
	assert_string_equal(called, "a a b ");
	assert_behind(parked("p.retry.5s", 2), "c", "0");
	append(SHORT, 2);
	fixture_settle(&f);
	assert_string_equal(called, "a a b c ");
}

static void an_end_for_good_lets_them_go(void **state)
{
	(void)state;
	park_two();
	failing = "";
	refused = "a";
	fixture_pass_ms(&f, 5000);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_null(strstr(fixture_write_to(&f, "dlq", 0)->headers, "weir-order"));
	assert_out(0, "b");
}

static void a_duplicate_of_one_that_follows_is_a_duplicate(void **state)
{
	(void)state;
	failing = "a";
	send("a", "k");
	send("b", "k");
	send("b", "k");
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 2);
	fixture_pass_ms(&f, 200);
	assert_true(fixture_outcome(&f, "duplicate") == 1);
	assert_true(fixture_outcome(&f, "retried") == 2);
}

static void keyless_events_have_no_order(void **state)
{
	(void)state;
	failing = "a";
	send("a", NULL);
	send("b", NULL);
	assert_null(strstr(parked("p.retry.5s", 0)->headers, "weir-order"));
	assert_int_equal(parked("p.retry.5s", 0)->partition, -1);
	assert_out(0, "b");
}

static void a_retry_record_that_is_refused_frees_its_key(void **state)
{
	(void)state;
	failing = "a";
	f.refuses = "p.retry.5s";
	send("a", "k");
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	f.refuses = NULL;
	send("b", "k");
	assert_out(0, "b");
}

static void so_does_one_that_is_refused_later(void **state)
{
	(void)state;
	failing = "a";
	f.holds_acks = true;
	send("a", "k");
	fixture_answer(&f, 0, WR_EREFUSED, "too large");
	fixture_ack(&f);
	send("b", "k");
	fixture_ack(&f);
	assert_out(0, "b");
}

/* Both are on their way to the retry topic, as the first two writes. */
static void park_both_unanswered(void)
{
	f.holds_acks = true;
	send("a", "k");
	send("b", "k");
	fixture_pass_ms(&f, 100); /* for company */
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 2);
}

/* The one behind it was taken, lies before it, and comes back first. */
static void one_that_is_written_later_still_comes_first(void **state)
{
	(void)state;
	failing = "a";
	park_both_unanswered();
	fixture_answer(&f, 0, WR_EUNAVAILABLE, "not now");
	fixture_answer(&f, 1, WR_OK, NULL);
	append(SHORT, 1);
	fixture_settle(&f);
	fixture_pass_ms(&f, 100);
	assert_string_equal(called, "a ");
	fixture_pass_ms(&f, 500);
	fixture_ack(&f);
	assert_string_equal(parked("p.retry.5s", 2)->value, value_of("a"));
	assert_behind(parked("p.retry.5s", 3), "b", "0");
	failing = "";
	append(SHORT, 2);
	append(SHORT, 3);
	fixture_pass_ms(&f, 5000);
	fixture_ack(&f);
	assert_string_equal(called, "a a b ");
	assert_out(0, "a");
	assert_out(1, "b");
}

/* Each is refused for the moment; the answers come in any order. */
static void those_that_are_written_later_keep_their_order(void **state)
{
	(void)state;
	failing = "a";
	park_both_unanswered();
	fixture_answer(&f, 1, WR_EUNAVAILABLE, "not now");
	fixture_answer(&f, 0, WR_EUNAVAILABLE, "not now");
	fixture_pass_ms(&f, 500);
	fixture_ack(&f);
	assert_string_equal(parked("p.retry.5s", 2)->value, value_of("a"));
	assert_string_equal(parked("p.retry.5s", 3)->value, value_of("b"));
	failing = "";
	append(SHORT, 2);
	fixture_pass_ms(&f, 5000);
	fixture_ack(&f);
	send("c", "k");
	fixture_ack(&f);
	assert_behind(parked("p.retry.5s", 4), "c", "0");
	append(SHORT, 3);
	append(SHORT, 4);
	fixture_settle(&f);
	fixture_ack(&f);
	assert_string_equal(called, "a a b c ");
}

/* For what it emitted, while its retry record waits for another try. */
static void one_that_becomes_a_dead_letter_before_frees_its_key(void **state)
{
	(void)state;
	failing = "E";
	f.holds_acks = true;
	send("E", "k");
	fixture_pass_ms(&f, 100);
	assert_int_equal(fixture_written(&f, "alerts"), 1);
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 1);
	fixture_answer(&f, 1, WR_EUNAVAILABLE, "not now");
	fixture_answer(&f, 0, WR_EREFUSED, "too large");
	fixture_pass_ms(&f, 500);
	fixture_ack(&f);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 1);
	send("b", "k");
	fixture_ack(&f);
	assert_out(0, "b");
}

static void start_with_two_attempts(void)
{
	struct wr_conf_retry *retry = &f.stages[1].retry;

	retry->attempts = 2;
	retry->circuit_failures = 50;
	retry->probe_initial_ms = retry->probe_max_ms = 1000;
	start();
}

/* What the lane holds has no attempt left, and waits for what becomes of others. */
static void none_passes_those_that_lie_behind_one_that_the_lane_holds(void **state)
{
	(void)state;
	start_with_two_attempts();
	failing = "a";
	send("a", "k");
	send("b", "k");
	append(SHORT, 0);
	fixture_pass_ms(&f, 5000);
	assert_string_equal(called, "a a ");
	send("c", "k");
	append(SHORT, 1);
	fixture_pass_ms(&f, 500);
	failing = "";
	send("z", "other");
	fixture_pass_ms(&f, 500);
	assert_string_equal(called, "a a z a b ");
	fixture_pass_ms(&f, 100); /* for company */
	assert_behind(parked("p.retry.5s", 2), "c", "0");
	append(SHORT, 2);
	fixture_pass_ms(&f, 5000);
	assert_string_equal(called, "a a z a b c ");
}

static void the_metrics_say_what_is_parked(void **state)
{
	(void)state;
	failing = "a";
	send("a1", "k");
	send("b", "k");
	send("a2", "other");
	fixture_pass_ms(&f, 2500);
	fixture_pass_ms(&f, 1500);
	assert_true(fixture_metric(&f, "weir_parked_keys{lane=\"0\",pipeline=\"p\"} ") == 2);
	assert_true(fixture_metric(&f, "weir_oldest_parked_seconds{lane=\"0\",pipeline=\"p\"} ") ==
		    4);
	assert_true(
	    fixture_metric(&f, "weir_retry_waits_total{delay=\"5s\",mode=\"key\",pipeline=\"p\","
			       "stage=\"second\"} ") == 2);
	assert_true(fixture_metric(&f, "weir_followers_total{lane=\"0\",pipeline=\"p\"} ") == 1);
}

/* ---- what others write ---- */

static void a_forged_record_holds_a_key_up_for_its_delay_only(void **state)
{
	struct fixture_write write = forged_first("");

	(void)state;
	prepare(WR_RETRY_KEY);
	fixture_redeliver(&f, SHORT, &write);
	start();
	send("z", "other");
	send("a", "k");
	assert_behind(parked("p.retry.5s", 0), "a", "0");
	append(SHORT, 0);
	fixture_pass_ms(&f, 5000);
	assert_string_equal(called, "z x a ");
	send("b", "k");
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 1);
}

static void one_of_elsewhere_holds_nothing_up(void **state)
{
	struct fixture_write write = forged_first("weir-replay=j\n");

	(void)state;
	fixture_redeliver(&f, SHORT, &write);
	start();
	send("z", "other");
	send("a", "k");
	assert_out(0, "z");
	assert_out(1, "a");
}

static void a_replay_has_left_its_place(void **state)
{
	struct fixture_write replay =
	    forged("a1", "k",
		   "weir-order=first\nweir-origin-offset=0\nweir-owner=0/in/0/0\nweir-replay=j\n");

	(void)state;
	failing = "a";
	fixture_redeliver(&f, REPLAYS, &replay);
	fixture_settle(&f);
	assert_null(strstr(parked("p.retry.5s", 0)->headers, "weir-order"));
	send("b", "k");
	assert_out(0, "b");
}

/* Expired by retention, or deleted by somebody. */
static void a_record_that_is_gone_holds_a_key_up_once(void **state)
{
	(void)state;
	failing = "a";
	send("a", "k");
	send("b", "k");
	append(SHORT, 1);
	fixture_settle(&f);
	assert_string_equal(called, "a b ");
	send("c", "k");
	assert_string_equal(called, "a b c ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(later_events_of_a_parked_key_follow_it_and_are_not_called),
	    RULE(one_that_is_in_the_same_batch_follows_too),
	    RULE(they_are_run_in_order_as_soon_as_the_first_is_due),
	    RULE(they_follow_to_the_next_tier_without_using_up_an_attempt),
	    RULE(a_source_event_does_not_overtake_what_has_come_in_its_batch),
	    RULE(an_end_for_good_lets_them_go),
	    RULE(a_duplicate_of_one_that_follows_is_a_duplicate),
	    RULE(keyless_events_have_no_order),
	    RULE(a_retry_record_that_is_refused_frees_its_key),
	    RULE(so_does_one_that_is_refused_later),
	    RULE(one_that_is_written_later_still_comes_first),
	    RULE(those_that_are_written_later_keep_their_order),
	    RULE(one_that_becomes_a_dead_letter_before_frees_its_key),
	    ALONE(none_passes_those_that_lie_behind_one_that_the_lane_holds),
	    RULE(the_metrics_say_what_is_parked),
	    ALONE(a_forged_record_holds_a_key_up_for_its_delay_only),
	    ALONE(one_of_elsewhere_holds_nothing_up),
	    RULE(a_replay_has_left_its_place),
	    RULE(a_record_that_is_gone_holds_a_key_up_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
