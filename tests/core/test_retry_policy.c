#include "config.h"

#include "core/retry_policy.h"

#include "tests/unit.h"

static struct wr_rng rng;
static char busy[] = "busy", closed[] = "account-closed";
static char *const permanent[] = {closed};
static const struct wr_retry_policy policy = {
    .attempts = 4,
    .backoff = {200, 2, 10000, WR_BACKOFF_EXACT},
    .permanent = permanent,
    .permanent_count = 1,
};

static int64_t wait_ms;

static enum wr_retry_decision ask(const struct wr_retry_policy *p, struct wr_retry_ask asked)
{
	return wr_retry_decide(p, &asked, &rng, &wait_ms);
}

static void a_retry_waits_by_the_backoff(void **state)
{
	(void)state;
	assert_int_equal(ask(&policy, (struct wr_retry_ask){.attempt = 2, .code = busy}),
			 WR_RETRY_AGAIN);
	assert_int_equal(wait_ms, 400);
}

static void what_the_handler_asks_for_wins_over_the_backoff(void **state)
{
	(void)state;
	assert_int_equal(ask(&policy, (struct wr_retry_ask){.attempt = 1, .retry_after_ms = 60000}),
			 WR_RETRY_AGAIN);
	assert_int_equal(wait_ms, 60000);
}

static void attempts_count_the_first_call(void **state)
{
	(void)state;
	assert_int_equal(ask(&policy, (struct wr_retry_ask){.attempt = 3}), WR_RETRY_AGAIN);
	assert_int_equal(ask(&policy, (struct wr_retry_ask){.attempt = 4}), WR_RETRY_EXHAUSTED);
	assert_int_equal(wait_ms, 1600);
}

static void a_permanent_code_is_not_retried(void **state)
{
	(void)state;
	assert_int_equal(ask(&policy, (struct wr_retry_ask){.attempt = 1, .code = closed}),
			 WR_RETRY_PERMANENT);
	assert_int_equal(ask(&policy, (struct wr_retry_ask){.attempt = 1, .code = "account"}),
			 WR_RETRY_AGAIN);
}

static void a_retry_behind_the_deadline_is_not_made(void **state)
{
	struct wr_retry_policy p = policy;

	(void)state;
	p.deadline_ms = 1000;
	assert_int_equal(
	    ask(&p,
		(struct wr_retry_ask){.attempt = 1, .first_failed_at_ms = 5000, .now_ms = 5800}),
	    WR_RETRY_AGAIN);
	assert_int_equal(
	    ask(&p,
		(struct wr_retry_ask){.attempt = 1, .first_failed_at_ms = 5000, .now_ms = 5801}),
	    WR_RETRY_EXHAUSTED);
	assert_int_equal(ask(&p, (struct wr_retry_ask){.attempt = 1,
						       .retry_after_ms = INT64_MAX,
						       .first_failed_at_ms = 5000,
						       .now_ms = 5000}),
			 WR_RETRY_EXHAUSTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_retry_waits_by_the_backoff),
	    cmocka_unit_test(what_the_handler_asks_for_wins_over_the_backoff),
	    cmocka_unit_test(attempts_count_the_first_call),
	    cmocka_unit_test(a_permanent_code_is_not_retried),
	    cmocka_unit_test(a_retry_behind_the_deadline_is_not_made),
	};

	wr_rng_init(&rng, 3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
