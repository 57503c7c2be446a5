#include "config.h"

#include "redis/encode.h"
#include "redis/store.h"

#include "tests/redis/served.h"
#include "tests/unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define NIL "$-1\r\n"
#define VALUE "$3\r\nC|9\r\n"

static void a_set_is_one_write_and_one_read(void **state)
{
	struct served *s = *state;
	struct claiming *c;

	served_connect(s);
	c = served_submit_many(s, 3);
	served_poll(s);
	assert_int_equal(served_commands_received(s), 3);
	assert_false(c->set.done);
	fake_send(s->fake, NIL VALUE NIL);
	served_poll(s);
	assert_true(c->set.done);
	assert_true(claiming_found_nothing(c, 0));
	assert_true(claiming_found(c, 1, "C|9"));
	assert_true(claiming_found_nothing(c, 2));
	claiming_free(c);
}

static void sets_that_wait_share_a_write(void **state)
{
	struct served *s = *state;
	struct claiming *one, *two;

	served_connect(s);
	one = served_submit_one(s, "a");
	two = served_submit_one(s, "b");
	served_poll(s);
	assert_int_equal(served_commands_received(s), 2);
	fake_send(s->fake, NIL NIL);
	served_poll(s);
	assert_true(one->set.done && two->set.done);
	claiming_free(one);
	claiming_free(two);
}

static void replies_may_come_byte_by_byte(void **state)
{
	static const char replies[] = NIL VALUE "-WRONGTYPE no\r\n$0\r\n\r\n";
	struct served *s = *state;
	struct claiming *c;
	size_t i;

	served_connect(s);
	c = served_submit_many(s, 4);
	served_poll(s);
	for (i = 0; i < strlen(replies); i++) {
		assert_false(c->set.done);
		fake_send_bytes(s->fake, &replies[i], 1);
		served_poll(s);
	}
	assert_true(c->set.done);
	assert_true(claiming_found_nothing(c, 0));
	assert_true(claiming_found(c, 1, "C|9"));
	assert_int_equal(c->claims[2].outcome, WR_CLAIM_UNREADABLE);
	assert_true(claiming_found(c, 3, ""));
	claiming_free(c);
}

static void nothing_is_claimed_before_the_probe_succeeds(void **state)
{
	struct served *s = *state;
	struct claiming *c = served_submit_one(s, "a");

	served_poll(s);
	assert_true(fake_accept(s->fake));
	served_poll(s);
	assert_int_equal(served_commands_received(s), 1); /* the probe */
	fake_send(s->fake, "+OK\r\n" NIL);
	served_poll(s);
	assert_int_equal(served_commands_received(s), 0);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_int_equal(served_commands_received(s), 1);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_true(c->set.done);
	claiming_free(c);
}

static void a_refused_name_does_no_harm(void **state)
{
	struct served *s = *state;

	served_poll(s);
	assert_true(fake_accept(s->fake));
	fake_send(s->fake, "-NOPERM no\r\n" NIL NIL);
	served_poll(s);
	assert_true(served_is_up(s));
	assert_string_equal(served_reason(s), "");
}

static void a_probe_that_finds_something_else_is_no_failure(void **state)
{
	struct served *s = *state;
	struct claiming *c = served_submit_one(s, "a");

	served_poll(s);
	assert_true(fake_accept(s->fake));
	fake_received(s->fake);
	fake_send(s->fake, "+OK\r\n-WRONGTYPE no\r\n" NIL);
	served_poll(s);
	assert_int_equal(served_commands_received(s), 1);
	served_cancel(s, c);
}

static void what_is_no_redis_is_left_alone(void **state)
{
	static const char *const texts[] = {"HTTP/1.1 400 Bad Request\r\n", "\x15\x03\x01",
					    "*0\r\n", "$5\r\nabcdefgh\r\n", "hello\n"};
	struct served *s = *state;
	struct claiming *c = served_submit_one(s, "a");
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(texts); i++) {
		served_pass_ms(s, 5000);
		assert_true(fake_accept(s->fake));
		fake_send(s->fake, texts[i]);
		served_poll(s);
		assert_non_null(strstr(served_reason(s), "does not speak Redis' protocol"));
	}
	for (i = 0; i < UNIT_COUNT_OF(texts); i++) {
		served_reconnect(s);
		fake_send(s->fake, texts[i]);
		served_poll(s);
		assert_non_null(strstr(served_reason(s), "does not speak Redis' protocol"));
		assert_false(c->set.done);
	}
	served_cancel(s, c);
}

/* Else the lane would turn round and round until the time-out. */
static void a_socket_that_takes_no_more_is_waited_for(void **state)
{
	enum { SETS = 4096 };
	static struct claiming *sets[SETS + 1];
	static char id[WR_REDIS_ID_BYTES];
	struct served *s = *state;
	int64_t deadline_ms = 0;
	short events = 0;
	size_t i, count = 0;

	memset(id, 'x', sizeof(id));
	served_connect(s);
	while (count < SETS && (events & POLLOUT) == 0) {
		sets[count] = claiming_new(8);
		for (i = 0; i < 8; i++)
			claiming_put(sets[count], i, wr_bytes(id, sizeof(id)), "C|1");
		served_submit(s, sets[count++]);
		served_poll(s);
		served_wait_on(s, &events, &deadline_ms);
	}
	assert_int_equal(events, POLLIN | POLLOUT);
	sets[count++] = served_submit_one(s, "behind them");
	served_wait_on(s, &events, &deadline_ms);
	assert_int_equal(events, POLLIN | POLLOUT);
	assert_int_equal(deadline_ms, 500);
	while (count > 0)
		served_cancel(s, sets[--count]);
}

static void an_endless_line_is_not_collected(void **state)
{
	struct served *s = *state;
	struct claiming *c;
	size_t taken = 0;

	served_connect(s);
	c = served_submit_one(s, "a");
	served_poll(s);
	fake_send(s->fake, "+");
	while (served_is_up(s) && taken < 1024 * 1024) {
		taken += fake_flood(s->fake, 'x', 4096);
		served_poll(s);
	}
	assert_false(served_is_up(s));
	assert_true(taken <= (size_t)64 * 1024);
	served_cancel(s, c);
}

static void a_long_value_is_unreadable_and_skipped(void **state)
{
	enum { LONG = 3 * 1024 * 1024 };
	struct served *s = *state;
	struct claiming *c;
	size_t sent = 0;
	char text[64];

	served_connect(s);
	c = served_submit_many(s, 2);
	served_poll(s);
	snprintf(text, sizeof(text), "$%d\r\n", LONG);
	fake_send(s->fake, text);
	while (sent < LONG) {
		sent += fake_flood(s->fake, '-', LONG - sent);
		served_poll(s);
	}
	fake_send(s->fake, "\r\n" VALUE);
	served_poll(s);
	assert_true(c->set.done);
	assert_int_equal(c->claims[0].outcome, WR_CLAIM_UNREADABLE);
	assert_null(c->claims[0].found.data);
	assert_true(claiming_found(c, 1, "C|9"));
	claiming_free(c);
}

static void a_value_beyond_the_bound_is_unreadable(void **state)
{
	struct served *s = *state;
	struct claiming *c;
	char text[WR_CLAIM_VALUE_BYTES + 64];

	served_connect(s);
	c = served_submit_many(s, 2);
	served_poll(s);
	snprintf(text, sizeof(text), "$%d\r\n%0*d\r\n", WR_CLAIM_VALUE_BYTES, WR_CLAIM_VALUE_BYTES,
		 1);
	fake_send(s->fake, text);
	snprintf(text, sizeof(text), "$%d\r\n%0*d\r\n", WR_CLAIM_VALUE_BYTES + 1,
		 WR_CLAIM_VALUE_BYTES + 1, 1);
	fake_send(s->fake, text);
	served_poll(s);
	assert_int_equal(c->claims[0].outcome, WR_CLAIM_VALUE);
	assert_int_equal(c->claims[0].found.size, WR_CLAIM_VALUE_BYTES);
	assert_int_equal(c->claims[1].outcome, WR_CLAIM_UNREADABLE);
	claiming_free(c);
}

static void a_reply_that_nobody_asked_for_ends_the_connection(void **state)
{
	struct served *s = *state;
	struct claiming *c;

	served_connect(s);
	c = served_submit_one(s, "a");
	served_poll(s);
	fake_send(s->fake, NIL NIL);
	served_poll(s);
	assert_true(c->set.done);
	assert_false(served_is_up(s));
	claiming_free(c);
}

static void a_long_write_goes_on_where_it_stopped(void **state)
{
	enum { COUNT = 20000 };
	static const char command[] = "*7\r\n$3\r\nSET\r\n$11\r\nweir:p:e:id\r\n$3\r\nC|1\r\n"
				      "$2\r\nNX\r\n$3\r\nGET\r\n$2\r\nPX\r\n$4\r\n1000\r\n";
	struct served *s = *state;
	struct claiming *big, *after;
	size_t bytes = 0, i;
	int64_t deadline_ms;
	short events;

	served_connect(s);
	big = claiming_new(COUNT);
	for (i = 0; i < COUNT; i++)
		claiming_put(big, i, wr_bytes_of("id"), "C|1");
	served_submit(s, big);
	after = served_submit_one(s, "a");
	served_poll(s);
	served_wait_on(s, &events, &deadline_ms);
	assert_int_equal(events, POLLIN | POLLOUT);
	for (i = 0; i < 1000; i++) {
		bytes += fake_drain(s->fake, (size_t)1024 * 1024);
		served_poll(s);
	}
	/* The id of the last set is one byte shorter. */
	assert_int_equal(bytes, (COUNT + 1) * strlen(command) - 1);
	for (i = 0; i < COUNT; i++) {
		fake_send(s->fake, NIL);
		if (i % 50 == 0)
			served_poll(s);
	}
	fake_send(s->fake, VALUE);
	served_poll(s);
	assert_true(big->set.done && after->set.done);
	assert_true(claiming_found(after, 0, "C|9"));
	claiming_free(big);
	claiming_free(after);
}

static void a_cut_in_the_middle_of_a_write_sends_all_again(void **state)
{
	enum { COUNT = 20000 };
	struct served *s = *state;
	struct claiming *big;
	size_t i;

	served_connect(s);
	big = claiming_new(COUNT);
	for (i = 0; i < COUNT; i++)
		claiming_put(big, i, wr_bytes_of("id"), "C|1");
	served_submit(s, big);
	served_poll(s);
	fake_hang_up(s->fake);
	served_poll(s);
	assert_false(served_is_up(s));
	served_reconnect(s);
	assert_int_equal(strncmp(fake_received(s->fake), "*7\r\n$3\r\nSET\r\n", 13), 0);
	served_cancel(s, big);
}

static void an_empty_set_needs_no_redis(void **state)
{
	struct served *s = *state;
	struct claiming *empty = claiming_new(0);

	fake_go_away(s->fake);
	served_poll(s);
	served_submit(s, empty);
	assert_false(empty->set.done);
	served_poll(s);
	assert_true(empty->set.done);
	claiming_free(empty);
}

static void an_empty_set_waits_for_those_before_it(void **state)
{
	struct served *s = *state;
	struct claiming *one, *empty = claiming_new(0), *two;

	served_connect(s);
	one = served_submit_one(s, "a");
	served_submit(s, empty);
	two = served_submit_one(s, "b");
	served_poll(s);
	assert_false(empty->set.done);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_true(one->set.done && empty->set.done);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_true(two->set.done);
	claiming_free(one);
	claiming_free(empty);
	claiming_free(two);
}

static void submitting_a_set_twice_is_a_bug(void *arg)
{
	struct served *s = arg;
	struct claiming *c = served_submit_one(s, "a");

	served_submit(s, c);
}

static void bugs_abort(void **state)
{
	assert_true(aborts(submitting_a_set_twice_is_a_bug, *state));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_set_is_one_write_and_one_read),
	    TEST(sets_that_wait_share_a_write),
	    TEST(replies_may_come_byte_by_byte),
	    TEST(nothing_is_claimed_before_the_probe_succeeds),
	    TEST(a_refused_name_does_no_harm),
	    TEST(a_probe_that_finds_something_else_is_no_failure),
	    TEST(what_is_no_redis_is_left_alone),
	    TEST(a_socket_that_takes_no_more_is_waited_for),
	    TEST(an_endless_line_is_not_collected),
	    TEST(a_long_value_is_unreadable_and_skipped),
	    TEST(a_value_beyond_the_bound_is_unreadable),
	    TEST(a_reply_that_nobody_asked_for_ends_the_connection),
	    TEST(a_long_write_goes_on_where_it_stopped),
	    TEST(a_cut_in_the_middle_of_a_write_sends_all_again),
	    TEST(an_empty_set_needs_no_redis),
	    TEST(an_empty_set_waits_for_those_before_it),
	    TEST(bugs_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
