/* What a retry record says, and when it is written. */
#include "config.h"

#include "tests/run/lane_fixture.h"

#include <string.h>

static struct fixture f;
static enum wr_conf_store store;
static int calls; /* of the second stage, whose first one fails */

static enum weir_verdict handler(struct weir_call *call, const struct weir_event *ev,
				 struct weir_result *res, int stage)
{
	struct weir_record record = {.size = sizeof(record), .value = {"emitted", 7}};

	if (stage == 0)
		return strcmp(ev->id.data, "emit") != 0 || call->host->emit(call, res, 1, &record)
			   ? WEIR_OK
			   : WEIR_FAIL;
	if (calls++ > 0)
		return WEIR_OK;
	call->host->set_error(call, res, "busy", "the ledger is busy");
	return WEIR_RETRY;
}

static int set_up(void **state)
{
	struct wr_conf_retry *retry = &f.stages[1].retry;

	(void)state;
	fixture_init(&f);
	f.conf.idempotency.store = store;
	retry->mode = WR_RETRY_TOPIC;
	retry->tiers_ms[0] = 5000;
	retry->tier_count = 1;
	f.partitions[1].pub.topic = "p.retry.5s";
	f.assigned[0] = &f.partitions[0].pub;
	f.assigned[1] = &f.partitions[1].pub;
	f.assigned_count = 2;
	calls = 0;
	fixture_begin(&f, handler);
	return 0;
}

static int set_up_without_claims(void **state)
{
	store = WR_STORE_NONE;
	return set_up(state);
}

static int tear_down(void **state)
{
	(void)state;
	fixture_fini(&f);
	store = WR_STORE_REDIS;
	return 0;
}

/* What only people would read stands in a dead letter: a header more costs every retry. */
static void a_retry_record_says_no_more_than_is_needed(void **state)
{
	static const char *const left_out[] = {"weir-class", "weir-message", "weir-plugin",
					       "weir-last-failed-at", "weir-generation"};

	(void)state;
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	for (size_t i = 0; i < UNIT_COUNT_OF(left_out); i++)
		assert_null(strstr(fixture_write_to(&f, "p.retry.5s", 0)->headers, left_out[i]));
}

static void its_wait_is_counted_by_the_delay_of_its_topic(void **state)
{
	(void)state;
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	assert_true(fixture_metric(&f, "weir_retry_waits_total{delay=\"5s\",mode=\"topic\","
				       "pipeline=\"p\",stage=\"second\"} ") == 1);
}

static void a_record_of_a_version_that_said_more_is_read(void **state)
{
	struct fixture_write write;

	(void)state;
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	write = *fixture_write_to(&f, "p.retry.5s", 0);
	strcat(write.headers, "weir-plugin=x\nweir-plugin-version=1\nweir-message=the ledger\n"
			      "weir-last-failed-at=1000\nweir-generation=1\n"
			      "weir-due-at=6000\n");
	fixture_redeliver(&f, 1, &write);
	fixture_pass_ms(&f, 5000);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
}

/* Without a claim nothing would stop the retry record, once it is written. */
static void
without_a_claim_what_was_emitted_is_acked_before_the_retry_record_is_written(void **state)
{
	(void)state;
	f.holds_acks = true;
	fixture_send(&f, 0, "emit", "k");
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "alerts"), 1);
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 0);
	fixture_answer(&f, 0, WR_OK, NULL);
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 1);
	assert_int_equal(fixture_written(&f, "alerts"), 1);
}

static void and_one_that_is_refused_leaves_a_dead_letter_alone(void **state)
{
	(void)state;
	f.holds_acks = true;
	fixture_send(&f, 0, "emit", "k");
	fixture_settle(&f);
	fixture_answer(&f, 0, WR_EREFUSED, "MSG_SIZE_TOO_LARGE");
	fixture_ack(&f);
	assert_int_equal(fixture_written(&f, "p.retry.5s"), 0);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define RULE_WITHOUT_CLAIMS(name) \
	cmocka_unit_test_setup_teardown(name, set_up_without_claims, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_retry_record_says_no_more_than_is_needed),
	    RULE(its_wait_is_counted_by_the_delay_of_its_topic),
	    RULE(a_record_of_a_version_that_said_more_is_read),
	    RULE_WITHOUT_CLAIMS(
		without_a_claim_what_was_emitted_is_acked_before_the_retry_record_is_written),
	    RULE_WITHOUT_CLAIMS(and_one_that_is_refused_leaves_a_dead_letter_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
