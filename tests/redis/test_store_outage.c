#include "config.h"

#include "redis/store.h"

#include "tests/redis/served.h"
#include "tests/unit.h"

#include <poll.h>

#define NIL "$-1\r\n"
#define VALUE "$3\r\nC|9\r\n"

static void what_is_not_complete_is_sent_again_after_a_cut(void **state)
{
	struct served *s = *state;
	struct claiming *whole, *half, *none;

	served_connect(s);
	whole = served_submit_one(s, "a");
	half = served_submit_many(s, 3);
	none = served_submit_one(s, "z");
	served_poll(s);
	assert_int_equal(served_commands_received(s), 5);
	fake_send(s->fake, NIL NIL VALUE "$3\r\nC|");
	served_poll(s);
	fake_hang_up(s->fake);
	served_poll(s);
	assert_true(whole->set.done);
	assert_false(half->set.done);
	assert_false(served_is_up(s));
	served_reconnect(s);
	assert_int_equal(served_commands_received(s), 4);
	fake_send(s->fake, "$3\r\nC|1\r\n" VALUE NIL NIL);
	served_poll(s);
	assert_true(half->set.done && none->set.done);
	assert_true(claiming_found(half, 0, "C|1"));
	assert_true(claiming_found(half, 1, "C|9"));
	assert_true(claiming_found_nothing(half, 2));
	claiming_free(whole);
	claiming_free(half);
	claiming_free(none);
}

static void it_is_down_until_a_claim_is_answered(void **state)
{
	struct served *s = *state;
	struct claiming *c;

	assert_true(served_is_up(s));
	served_connect(s);
	c = served_submit_one(s, "a");
	served_poll(s);
	assert_int_equal(served_commands_received(s), 1);
	fake_hang_up(s->fake);
	served_poll(s);
	assert_string_equal(served_reason(s), "Redis closed the connection");
	served_reconnect(s);
	assert_false(served_is_up(s));
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_true(served_is_up(s));
	claiming_free(c);
}

static void it_finds_out_that_redis_is_back_without_a_set(void **state)
{
	struct served *s = *state;
	struct claiming *c;

	served_connect(s);
	c = served_submit_one(s, "a");
	served_poll(s);
	fake_hang_up(s->fake);
	served_poll(s);
	served_cancel(s, c);
	assert_false(served_is_up(s));
	served_reconnect(s);
	assert_true(served_is_up(s));
}

static void a_connection_closed_in_idleness_is_no_outage(void **state)
{
	struct served *s = *state;
	struct claiming *c;

	served_connect(s);
	fake_hang_up(s->fake);
	served_poll(s);
	assert_true(served_is_up(s));
	served_reconnect(s);
	c = served_submit_one(s, "a");
	served_poll(s);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_true(c->set.done);
	claiming_free(c);
}

static void no_reply_in_time_ends_the_connection(void **state)
{
	struct served *s = *state;
	struct claiming *c;
	int64_t deadline_ms;
	short events;

	served_connect(s);
	c = served_submit_many(s, 2);
	served_poll(s);
	served_pass_ms(s, 400);
	fake_send(s->fake, NIL);
	served_poll(s);
	served_wait_on(s, &events, &deadline_ms);
	assert_int_equal(deadline_ms, 500); /* from the last reply */
	served_pass_ms(s, 499);
	assert_true(served_is_up(s));
	served_pass_ms(s, 1);
	assert_false(served_is_up(s));
	assert_non_null(strstr(served_reason(s), "redis.command_timeout"));
	served_reconnect(s);
	fake_send(s->fake, "$3\r\nC|1\r\n" NIL);
	served_poll(s);
	assert_true(c->set.done);
	claiming_free(c);
}

static void a_lane_that_comes_late_blames_nobody(void **state)
{
	struct served *s = *state;
	struct claiming *c;

	served_connect(s);
	c = served_submit_one(s, "a");
	served_poll(s);
	fake_send(s->fake, NIL);
	served_pass_ms(s, 60000);
	assert_true(c->set.done);
	assert_true(served_is_up(s));
	claiming_free(c);
}

static void a_greeting_that_is_not_answered_ends_the_connection(void **state)
{
	struct served *s = *state;

	served_poll(s);
	assert_true(fake_accept(s->fake));
	served_pass_ms(s, 499);
	assert_true(served_is_up(s));
	served_pass_ms(s, 1);
	assert_false(served_is_up(s));
}

static void a_failed_attempt_is_repeated_ever_later(void **state)
{
	struct served *s = *state;
	int64_t deadline_ms, full_ms = 50;
	short events;
	int i;

	fake_go_away(s->fake);
	served_poll(s);
	for (i = 0; i < 12; i++) {
		assert_non_null(strstr(served_reason(s), "can't connect"));
		assert_int_equal(served_wait_on(s, &events, &deadline_ms), -1);
		assert_in_range(deadline_ms, full_ms / 2, full_ms);
		full_ms = full_ms * 2 < 5000 ? full_ms * 2 : 5000;
		served_pass_ms(s, deadline_ms);
		served_poll(s);
	}
	fake_come_back(s->fake);
	served_reconnect(s);
	assert_true(served_is_up(s));
	fake_hang_up(s->fake);
	served_poll(s);
	served_wait_on(s, &events, &deadline_ms);
	assert_in_range(deadline_ms, 25, 50);
}

/* Each refuses claims as a whole. */
static const char *const refusals[] = {
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "-READONLY You can't write against a read only replica.\r\n",
    "-MASTERDOWN Link with MASTER is down\r\n",
    "-LOADING Redis is loading the dataset in memory\r\n",
    "-MISCONF Redis is configured to save RDB snapshots\r\n",
    "-NOAUTH Authentication required.\r\n",
    "-MOVED 1 127.0.0.1:1\r\n",
    "-NOPERM no\r\n",
    "-BUSY Redis is busy\r\n",
    "-ERR syntax error\r\n",
    "-ERR what a surprise\r\n",
    "+OK\r\n",
    ":1\r\n",
};

static void a_refusal_sends_all_again_later(void **state)
{
	struct served *s = *state;
	struct claiming *c;
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(refusals); i++) {
		i == 0 ? served_connect(s) : served_reconnect(s);
		c = served_submit_many(s, 3);
		served_poll(s);
		fake_received(s->fake);
		fake_send(s->fake, NIL);
		fake_send(s->fake, refusals[i]);
		fake_send(s->fake, NIL);
		served_poll(s);
		assert_false(c->set.done);
		assert_false(served_is_up(s));
		assert_true(strlen(served_reason(s)) > 10);
		served_reconnect(s);
		assert_int_equal(served_commands_received(s), 3);
		fake_send(s->fake, "$3\r\nC|1\r\n" NIL NIL);
		served_poll(s);
		assert_true(c->set.done);
		assert_true(served_is_up(s));
		claiming_free(c);
		fake_hang_up(s->fake);
		served_poll(s);
	}
}

static void a_refused_probe_keeps_the_sets(void **state)
{
	struct served *s = *state;
	struct claiming *c = served_submit_one(s, "a");
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(refusals) - 2; i++) {
		served_pass_ms(s, 5000);
		assert_true(fake_accept(s->fake));
		fake_received(s->fake);
		fake_send(s->fake, "+OK\r\n");
		fake_send(s->fake, refusals[i]);
		served_poll(s);
		assert_false(served_is_up(s));
		assert_string_equal(fake_received(s->fake), "");
		assert_false(c->set.done);
	}
	served_reconnect(s);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_true(c->set.done);
	claiming_free(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_not_complete_is_sent_again_after_a_cut),
	    TEST(it_is_down_until_a_claim_is_answered),
	    TEST(it_finds_out_that_redis_is_back_without_a_set),
	    TEST(a_connection_closed_in_idleness_is_no_outage),
	    TEST(no_reply_in_time_ends_the_connection),
	    TEST(a_lane_that_comes_late_blames_nobody),
	    TEST(a_greeting_that_is_not_answered_ends_the_connection),
	    TEST(a_failed_attempt_is_repeated_ever_later),
	    TEST(a_refusal_sends_all_again_later),
	    TEST(a_refused_probe_keeps_the_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
