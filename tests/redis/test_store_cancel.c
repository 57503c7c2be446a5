#include "config.h"

#include "redis/store.h"

#include "tests/redis/served.h"
#include "tests/unit.h"

#define NIL "$-1\r\n"

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
		sets[i] = served_submit_many(s, 2);
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
			sets[i] = served_submit_many(s, 2);
		served_poll(s);
		fake_send(s->fake, "$3\r\nold\r\n");
		served_poll(s);
		for (i = 0; i < 3; i++)
			served_cancel(s, sets[orders[order][i]]);
		after = served_submit_one(s, "a");
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
	one = served_submit_one(s, "a");
	two = served_submit_many(s, 2);
	served_poll(s);
	fake_hang_up(s->fake);
	served_poll(s);
	unsent = served_submit_one(s, "b");
	served_cancel(s, one);
	served_cancel(s, unsent);
	served_reconnect(s);
	assert_int_equal(served_commands_received(s), 2);
	fake_send(s->fake, NIL NIL);
	served_poll(s);
	assert_true(two->set.done);
	claiming_free(two);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(replies_of_a_cancelled_set_reach_nobody),
	    TEST(all_of_the_window_may_be_cancelled),
	    TEST(a_cancelled_set_is_not_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
