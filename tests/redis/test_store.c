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

static void submit(struct served *s, struct claiming *c)
{
	s->store->ops->submit(s->store, &c->set);
}

static struct claiming *submit_one(struct served *s, const char *id)
{
	struct claiming *c = claiming_one(id, "C|1");

	submit(s, c);
	return c;
}

/* A submitted set of the ids "0" to "<count-1>". */
static struct claiming *submit_many(struct served *s, size_t count)
{
	static const char *const ids[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
	struct claiming *c = claiming_new(count);
	size_t i;

	for (i = 0; i < count; i++)
		claiming_put(c, i, wr_bytes_of(ids[i]), "C|1");
	submit(s, c);
	return c;
}

static void cancel(struct served *s, struct claiming *c)
{
	s->store->ops->cancel(s->store, &c->set);
	claiming_free(c);
}

static size_t commands_received(struct served *s)
{
	return fake_count(fake_received(s->fake), "$3\r\nSET\r\n");
}

static int wait_on(struct served *s, short *events_r, int64_t *deadline_ms_r)
{
	int fd = s->store->ops->wait_on(s->store, events_r, deadline_ms_r);

	if (*deadline_ms_r != INT64_MAX)
		*deadline_ms_r =
		    (*deadline_ms_r - wr_clock_mono_ns(&s->clock.clock)) / WR_NS_PER_MS;
	return fd;
}

static void a_set_is_one_write_and_one_read(void **state)
{
	struct served *s = *state;
	struct claiming *c;

	served_connect(s);
	c = submit_many(s, 3);
	served_poll(s);
	assert_int_equal(commands_received(s), 3);
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
	one = submit_one(s, "a");
	two = submit_one(s, "b");
	served_poll(s);
	assert_int_equal(commands_received(s), 2);
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
	c = submit_many(s, 4);
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
	struct claiming *c = submit_one(s, "a");

	served_poll(s);
	assert_true(fake_accept(s->fake));
	served_poll(s);
	assert_int_equal(commands_received(s), 1); /* the probe */
	fake_send(s->fake, "+OK\r\n" NIL);
	served_poll(s);
	assert_int_equal(commands_received(s), 0);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_int_equal(commands_received(s), 1);
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
	struct claiming *c = submit_one(s, "a");

	served_poll(s);
	assert_true(fake_accept(s->fake));
	fake_received(s->fake);
	fake_send(s->fake, "+OK\r\n-WRONGTYPE no\r\n" NIL);
	served_poll(s);
	assert_int_equal(commands_received(s), 1);
	cancel(s, c);
}

static void what_is_not_complete_is_sent_again_after_a_cut(void **state)
{
	struct served *s = *state;
	struct claiming *whole, *half, *none;

	served_connect(s);
	whole = submit_one(s, "a");
	half = submit_many(s, 3);
	none = submit_one(s, "z");
	served_poll(s);
	assert_int_equal(commands_received(s), 5);
	fake_send(s->fake, NIL NIL VALUE "$3\r\nC|");
	served_poll(s);
	fake_hang_up(s->fake);
	served_poll(s);
	assert_true(whole->set.done);
	assert_false(half->set.done);
	assert_false(served_is_up(s));
	served_reconnect(s);
	assert_int_equal(commands_received(s), 4);
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
	c = submit_one(s, "a");
	served_poll(s);
	assert_int_equal(commands_received(s), 1);
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
	c = submit_one(s, "a");
	served_poll(s);
	fake_hang_up(s->fake);
	served_poll(s);
	cancel(s, c);
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
	c = submit_one(s, "a");
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
	c = submit_many(s, 2);
	served_poll(s);
	served_pass_ms(s, 400);
	fake_send(s->fake, NIL);
	served_poll(s);
	wait_on(s, &events, &deadline_ms);
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
	c = submit_one(s, "a");
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
		assert_int_equal(wait_on(s, &events, &deadline_ms), -1);
		assert_in_range(deadline_ms, full_ms / 2, full_ms);
		full_ms = full_ms * 2 < 5000 ? full_ms * 2 : 5000;
		served_pass_ms(s, deadline_ms);
		served_pass_ms(s, 1);
	}
	fake_come_back(s->fake);
	served_reconnect(s);
	assert_true(served_is_up(s));
	fake_hang_up(s->fake);
	served_poll(s);
	wait_on(s, &events, &deadline_ms);
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
		c = submit_many(s, 3);
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
		assert_int_equal(commands_received(s), 3);
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
	struct claiming *c = submit_one(s, "a");
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

static void what_is_no_redis_is_left_alone(void **state)
{
	static const char *const texts[] = {"HTTP/1.1 400 Bad Request\r\n", "\x15\x03\x01",
					    "*0\r\n", "$5\r\nabcdefgh\r\n", "hello\n"};
	struct served *s = *state;
	struct claiming *c = submit_one(s, "a");
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
	cancel(s, c);
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
		submit(s, sets[count++]);
		served_poll(s);
		wait_on(s, &events, &deadline_ms);
	}
	assert_int_equal(events, POLLIN | POLLOUT);
	sets[count++] = submit_one(s, "behind them");
	wait_on(s, &events, &deadline_ms);
	assert_int_equal(events, POLLIN | POLLOUT);
	assert_int_equal(deadline_ms, 500);
	while (count > 0)
		cancel(s, sets[--count]);
}

static void an_endless_line_is_not_collected(void **state)
{
	struct served *s = *state;
	struct claiming *c;
	size_t taken = 0;

	served_connect(s);
	c = submit_one(s, "a");
	served_poll(s);
	fake_send(s->fake, "+");
	while (served_is_up(s) && taken < 1024 * 1024) {
		taken += fake_flood(s->fake, 'x', 4096);
		served_poll(s);
	}
	assert_false(served_is_up(s));
	assert_true(taken <= (size_t)64 * 1024);
	cancel(s, c);
}

static void a_long_value_is_unreadable_and_skipped(void **state)
{
	enum { LONG = 3 * 1024 * 1024 };
	struct served *s = *state;
	struct claiming *c;
	size_t sent = 0;
	char text[64];

	served_connect(s);
	c = submit_many(s, 2);
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
	c = submit_many(s, 2);
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
	c = submit_one(s, "a");
	served_poll(s);
	fake_send(s->fake, NIL NIL);
	served_poll(s);
	assert_true(c->set.done);
	assert_false(served_is_up(s));
	claiming_free(c);
}

/* Cancels the set `which` of three after `replies` of their six replies, and checks that the others are answered
 * with their own replies. */
static void cancel_one_of_three(struct served *s, size_t which, size_t replies)
{
	static const char *const texts[] = {"$1\r\n0\r\n", "$1\r\n1\r\n", "$1\r\n2\r\n",
					    "$1\r\n3\r\n", "$1\r\n4\r\n", "$1\r\n5\r\n"};
	struct claiming *sets[3];
	char expected[2] = "0";
	size_t i;

	for (i = 0; i < 3; i++)
		sets[i] = submit_many(s, 2);
	served_poll(s);
	for (i = 0; i < 6; i++) {
		if (i == replies && !sets[which]->set.done)
			s->store->ops->cancel(s->store, &sets[which]->set);
		fake_send(s->fake, texts[i]);
		served_poll(s);
	}
	for (i = 0; i < 6; i++) {
		expected[0] = (char)('0' + i);
		assert_true(i / 2 == which || claiming_found(sets[i / 2], i % 2, expected));
	}
	for (i = 0; i < 3; i++) {
		assert_true(sets[i]->set.done || i == which);
		claiming_free(sets[i]);
	}
}

static void replies_of_a_cancelled_set_reach_nobody(void **state)
{
	struct served *s = *state;
	size_t which, replies;

	served_connect(s);
	for (which = 0; which < 3; which++) {
		for (replies = 0; replies < 6; replies++)
			cancel_one_of_three(s, which, replies);
	}
	assert_true(served_is_up(s));
}

static void all_of_the_window_may_be_cancelled(void **state)
{
	static const size_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}};
	struct served *s = *state;
	struct claiming *sets[3], *after;
	size_t i, order;

	served_connect(s);
	for (order = 0; order < UNIT_COUNT_OF(orders); order++) {
		for (i = 0; i < 3; i++)
			sets[i] = submit_many(s, 2);
		served_poll(s);
		fake_send(s->fake, "$3\r\nold\r\n");
		served_poll(s);
		for (i = 0; i < 3; i++)
			cancel(s, sets[orders[order][i]]);
		after = submit_one(s, "a");
		served_poll(s);
		fake_send(s->fake, "$3\r\nold\r\n$3\r\nold\r\n$3\r\nold\r\n$3\r\nold\r\n");
		served_poll(s);
		assert_false(after->set.done);
		fake_send(s->fake, "$3\r\nold\r\n$3\r\nnew\r\n");
		served_poll(s);
		assert_true(after->set.done);
		assert_true(claiming_found(after, 0, "new"));
		claiming_free(after);
	}
}

static void a_cancelled_set_is_not_sent_again(void **state)
{
	struct served *s = *state;
	struct claiming *one, *two, *unsent;

	served_connect(s);
	one = submit_one(s, "a");
	two = submit_many(s, 2);
	served_poll(s);
	fake_hang_up(s->fake);
	served_poll(s);
	unsent = submit_one(s, "b");
	cancel(s, one);
	cancel(s, unsent);
	served_reconnect(s);
	assert_int_equal(commands_received(s), 2);
	fake_send(s->fake, NIL NIL);
	served_poll(s);
	assert_true(two->set.done);
	claiming_free(two);
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
	submit(s, big);
	after = submit_one(s, "a");
	served_poll(s);
	wait_on(s, &events, &deadline_ms);
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
	submit(s, big);
	served_poll(s);
	fake_hang_up(s->fake);
	served_poll(s);
	assert_false(served_is_up(s));
	served_reconnect(s);
	assert_int_equal(strncmp(fake_received(s->fake), "*7\r\n$3\r\nSET\r\n", 13), 0);
	cancel(s, big);
}

static void an_empty_set_needs_no_redis(void **state)
{
	struct served *s = *state;
	struct claiming *empty = claiming_new(0);

	fake_go_away(s->fake);
	served_poll(s);
	submit(s, empty);
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
	one = submit_one(s, "a");
	submit(s, empty);
	two = submit_one(s, "b");
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
	struct claiming *c = submit_one(s, "a");

	submit(s, c);
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
	    TEST(what_is_no_redis_is_left_alone),
	    TEST(a_socket_that_takes_no_more_is_waited_for),
	    TEST(an_endless_line_is_not_collected),
	    TEST(a_long_value_is_unreadable_and_skipped),
	    TEST(a_value_beyond_the_bound_is_unreadable),
	    TEST(a_reply_that_nobody_asked_for_ends_the_connection),
	    TEST(replies_of_a_cancelled_set_reach_nobody),
	    TEST(all_of_the_window_may_be_cancelled),
	    TEST(a_cancelled_set_is_not_sent_again),
	    TEST(a_long_write_goes_on_where_it_stopped),
	    TEST(a_cut_in_the_middle_of_a_write_sends_all_again),
	    TEST(an_empty_set_needs_no_redis),
	    TEST(an_empty_set_waits_for_those_before_it),
	    TEST(bugs_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
