#include "config.h"

#include "redis/store.h"

#include "redis/script.h"
#include "tests/claim_store/asking.h"
#include "tests/redis/served.h"
#include "tests/unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* How the store sends marks, queries and take-overs, and what it makes of the answers. */

#define NIL "$-1\r\n"

static void put(struct served *s, const char *field, int64_t next, const char *text)
{
	asking_put(s->store, field, 1, next, text, false);
}

static struct asking *ask(struct served *s, const char *field)
{
	struct asking *a = asking_one(field);

	s->store->ops->query_marks(s->store, &a->query);
	return a;
}

static struct claiming *claim(struct served *s, const char *id)
{
	struct claiming *c = claiming_one(id, "C|1");

	s->store->ops->submit(s->store, &c->set);
	return c;
}

static size_t waiting(struct served *s)
{
	return s->store->ops->marks_waiting(s->store);
}

static size_t marks_in(const char *text)
{
	return fake_count(text, "$4\r\nmark\r\n");
}

static void a_mark_goes_before_the_claims_in_their_write(void **state)
{
	struct served *s = *state;
	struct claiming *c;
	const char *text, *mark, *set;

	served_connect(s);
	c = claim(s, "a");
	put(s, "t/0", 5, "text");
	served_poll(s);
	text = fake_received(s->fake);
	mark = strstr(text, "$4\r\nmark\r\n$3\r\nt/0\r\n");
	set = strstr(text, "$3\r\nSET\r\n");
	assert_true(mark != NULL && set != NULL && mark < set);
	assert_int_equal(waiting(s), 1);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_int_equal(waiting(s), 0);
	assert_false(c->set.done);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_true(c->set.done);
	claiming_free(c);
}

static void a_mark_alone_goes_with_the_next_poll(void **state)
{
	struct served *s = *state;
	int64_t deadline;
	short events;

	served_connect(s);
	s->store->ops->wait_on(s->store, &events, &deadline);
	assert_true(deadline == INT64_MAX);
	put(s, "t/0", 5, "text");
	s->store->ops->wait_on(s->store, &events, &deadline);
	assert_true(deadline == 0);
	served_poll(s);
	assert_int_equal(marks_in(fake_received(s->fake)), 1);
}

static void marks_of_a_field_are_one_until_they_are_sent(void **state)
{
	struct served *s = *state;
	const char *text;

	served_connect(s);
	put(s, "t/0", 5, "fifth");
	put(s, "t/1", 5, "other");
	put(s, "t/0", 6, "sixth");
	assert_int_equal(waiting(s), 2);
	served_poll(s);
	text = fake_received(s->fake);
	assert_int_equal(marks_in(text), 2);
	assert_null(strstr(text, "fifth"));
	put(s, "t/0", 7, "seventh");
	assert_int_equal(waiting(s), 3);
	served_poll(s);
	assert_int_equal(marks_in(fake_received(s->fake)), 1);
	fake_send(s->fake, NIL NIL NIL);
	served_poll(s);
	assert_int_equal(waiting(s), 0);
}

static void marks_are_kept_while_redis_is_away(void **state)
{
	struct served *s = *state;
	const char *text;

	served_connect(s);
	put(s, "t/0", 5, "fifth");
	put(s, "t/1", 5, "other");
	served_poll(s);
	fake_received(s->fake);
	fake_send(s->fake, NIL);
	served_poll(s);
	put(s, "t/1", 6, "sixth");
	fake_hang_up(s->fake);
	served_poll(s);
	assert_false(served_is_up(s));
	put(s, "t/2", 1, "new");
	put(s, "t/1", 7, "seventh");
	assert_int_equal(waiting(s), 2);
	served_reconnect(s);
	text = fake_received(s->fake);
	assert_int_equal(marks_in(text), 2);
	assert_non_null(strstr(text, "seventh"));
	assert_non_null(strstr(text, "new"));
	fake_send(s->fake, NIL NIL);
	served_poll(s);
	assert_int_equal(waiting(s), 0);
	assert_true(served_is_up(s));
}

/* It may have been written, or not. */
static void a_mark_without_an_answer_is_sent_again(void **state)
{
	struct served *s = *state;

	served_connect(s);
	asking_put(s->store, "t/0", 1, 5, "fifth", true);
	served_poll(s);
	fake_received(s->fake);
	put(s, "t/0", 6, "sixth");
	fake_hang_up(s->fake);
	served_poll(s);
	assert_int_equal(waiting(s), 1);
	served_reconnect(s);
	assert_non_null(strstr(fake_received(s->fake), "$5\r\nsixth\r\n$1\r\n1\r\n"));
}

/* Another member may have the partition, and a mark of its own, when Redis is back. */
static void a_field_that_is_yielded_is_no_more_written_over(void **state)
{
	struct served *s = *state;
	const char *text;

	served_connect(s);
	asking_put(s->store, "t/0", 1, 5, "sent", true);
	served_poll(s);
	fake_received(s->fake);
	asking_put(s->store, "t/1", 1, 5, "kept", true);
	s->store->ops->yield_mark(s->store, wr_bytes_of("t/0"));
	s->store->ops->yield_mark(s->store, wr_bytes_of("t/1"));
	fake_hang_up(s->fake);
	served_poll(s);
	served_reconnect(s);
	text = fake_received(s->fake);
	assert_non_null(strstr(text, "$4\r\nsent\r\n$0\r\n\r\n"));
	assert_non_null(strstr(text, "$4\r\nkept\r\n$0\r\n\r\n"));
}

static void a_mark_that_has_no_place_is_given_up(void **state)
{
	struct served *s = *state;

	served_connect(s);
	put(s, "t/0", 5, "text");
	served_poll(s);
	fake_send(s->fake, "-WRONGTYPE Operation against a key holding the wrong kind\r\n");
	served_poll(s);
	assert_int_equal(waiting(s), 0);
	assert_true(served_is_up(s));
}

/* Each refuses what writes. */
static const char *const refusals[] = {
    "-OOM command not allowed when used memory > 'maxmemory'. script: x, on @user_script:1.\r\n",
    "-READONLY You can't write against a read only replica. script: x\r\n",
    "-NOPERM User weir has no permissions to run the 'evalsha' command\r\n",
    "-ERR The user executing the script can't run this command or subcommand script: x\r\n",
};

static void a_refused_mark_waits(void **state)
{
	struct served *s = *state;
	size_t i;

	served_connect(s);
	for (i = 0; i < UNIT_COUNT_OF(refusals); i++) {
		put(s, "t/0", (int64_t)i, "text");
		served_poll(s);
		fake_received(s->fake);
		fake_send(s->fake, refusals[i]);
		served_poll(s);
		assert_int_equal(waiting(s), 1);
		assert_false(served_is_up(s));
		served_reconnect(s);
		assert_int_equal(marks_in(fake_received(s->fake)), 1);
		fake_send(s->fake, NIL);
		served_poll(s);
		assert_int_equal(waiting(s), 0);
		assert_true(served_is_up(s));
	}
}

static void a_refused_take_over_waits(void **state)
{
	struct served *s = *state;
	struct claiming *c = claiming_one("a", "C|2");
	size_t i;

	served_connect(s);
	c->claims[0].expect = wr_bytes_of("C|1");
	for (i = 0; i < UNIT_COUNT_OF(refusals); i++) {
		s->store->ops->submit(s->store, &c->set);
		served_poll(s);
		fake_received(s->fake);
		fake_send(s->fake, refusals[i]);
		served_poll(s);
		assert_false(c->set.done || served_is_up(s));
		served_reconnect(s);
		assert_int_equal(fake_count(fake_received(s->fake), "$5\r\nclaim\r\n"), 1);
		fake_send(s->fake, "$3\r\nC|2\r\n");
		served_poll(s);
		assert_true(c->set.done);
		assert_true(claiming_found(c, 0, "C|2"));
	}
	claiming_free(c);
}

/* A new connection brings the script; nobody is told of an outage. */
static void a_script_that_is_gone_is_loaded_again(void **state)
{
	struct served *s = *state;
	struct claiming *c = claiming_one("a", "C|2"), *plain;

	served_connect(s);
	plain = claim(s, "b");
	c->claims[0].expect = wr_bytes_of("C|1");
	s->store->ops->submit(s->store, &c->set);
	put(s, "t/0", 5, "text");
	served_poll(s);
	fake_received(s->fake);
	fake_send(s->fake, "-NOSCRIPT No matching script. Please use EVAL.\r\n" NIL
			   "-NOSCRIPT No matching script. Please use EVAL.\r\n");
	served_poll(s);
	assert_true(served_is_up(s));
	assert_false(c->set.done || plain->set.done);
	served_reconnect(s);
	assert_int_equal(marks_in(fake_received(s->fake)), 1);
	fake_send(s->fake, NIL "$3\r\nC|1\r\n" NIL);
	served_poll(s);
	assert_true(plain->set.done && c->set.done);
	assert_int_equal(waiting(s), 0);
	claiming_free(plain);
	claiming_free(c);
}

static void a_user_who_may_not_run_the_script_is_told_at_once(void **state)
{
	struct served *s = *state;

	put(s, "t/0", 5, "text");
	served_poll(s);
	assert_true(fake_accept(s->fake));
	fake_received(s->fake);
	fake_send(s->fake, "+OK\r\n" NIL "-NOPERM HSET\r\n");
	served_poll(s);
	assert_non_null(strstr(served_reason(s), "HGET, HSET, EVAL and EVALSHA"));
	assert_string_equal(fake_received(s->fake), "");
	assert_int_equal(waiting(s), 1);
}

static void a_text_is_given_as_it_is_kept(void **state)
{
	static const char kept[] = "$35\r\n0000000001/0000000000000000005 text\r\n"
				   "$6\r\nbroken\r\n" NIL;
	struct served *s = *state;
	struct asking *a = asking_new(3);
	size_t i;

	for (i = 0; i < 3; i++)
		a->fields[i] = wr_bytes_of("t/0");
	served_connect(s);
	s->store->ops->query_marks(s->store, &a->query);
	served_poll(s);
	assert_int_equal(
	    fake_count(fake_received(s->fake), "$4\r\nHGET\r\n$8\r\nweir:p:m\r\n$3\r\nt/0\r\n"), 3);
	for (i = 0; i < strlen(kept); i++) {
		assert_false(a->query.done);
		fake_send_bytes(s->fake, &kept[i], 1);
		served_poll(s);
	}
	assert_true(a->query.done);
	assert_true(asking_found(a, 0, "text"));
	assert_true(asking_found(a, 1, "broken"));
	assert_true(asking_found(a, 2, NULL));
	asking_free(a);
}

/* Longer than a mark can be, or than what is read at all. */
static void a_text_that_is_too_long_is_empty(void **state)
{
	static const size_t sizes[] = {WR_CLAIM_STORE_MARK_BYTES, WR_CLAIM_STORE_MARK_BYTES + 1,
				       70000};
	struct served *s = *state;
	struct asking *a;
	char head[32];
	size_t i;

	served_connect(s);
	for (i = 0; i < UNIT_COUNT_OF(sizes); i++) {
		a = ask(s, "t/0");
		served_poll(s);
		snprintf(head, sizeof(head), "$%zu\r\n", sizes[i]);
		fake_send(s->fake, head);
		assert_int_equal(fake_flood(s->fake, 'x', sizes[i]), sizes[i]);
		fake_send(s->fake, "\r\n");
		served_poll(s);
		assert_true(a->query.done);
		assert_non_null(a->texts[0].data);
		assert_int_equal(a->texts[0].size, i == 0 ? sizes[i] : 0);
		asking_free(a);
	}
}

static void what_are_no_marks_is_empty(void **state)
{
	struct served *s = *state;
	struct asking *a;

	served_connect(s);
	a = ask(s, "t/0");
	served_poll(s);
	fake_send(s->fake, "-WRONGTYPE Operation against a key holding the wrong kind\r\n");
	served_poll(s);
	assert_true(a->query.done);
	assert_true(asking_found(a, 0, ""));
	assert_true(served_is_up(s));
	s->store->ops->query_marks(s->store, &a->query);
	served_poll(s);
	fake_send(s->fake, NIL);
	served_poll(s);
	assert_true(a->query.done);
	asking_free(a);
}

static void a_half_answered_query_is_asked_again_after_a_cut(void **state)
{
	struct served *s = *state;
	struct claiming *c;
	struct asking *a = asking_new(2);

	a->fields[0] = wr_bytes_of("t/0");
	a->fields[1] = wr_bytes_of("t/1");
	served_connect(s);
	c = claim(s, "a");
	s->store->ops->query_marks(s->store, &a->query);
	served_poll(s);
	fake_send(s->fake, NIL "-WRONGTYPE x\r\n");
	served_poll(s);
	assert_true(c->set.done);
	assert_false(a->query.done);
	fake_hang_up(s->fake);
	served_poll(s);
	served_reconnect(s);
	assert_int_equal(fake_count(fake_received(s->fake), "$4\r\nHGET\r\n"), 2);
	fake_send(s->fake, "$3\r\none\r\n$3\r\ntwo\r\n");
	served_poll(s);
	assert_true(a->query.done);
	assert_true(asking_found(a, 0, "one"));
	assert_true(asking_found(a, 1, "two"));
	claiming_free(c);
	asking_free(a);
}

static void an_answer_that_is_none_ends_the_connection(void **state)
{
	static const char *const odd[] = {"+OK\r\n", ":1\r\n"};
	struct served *s = *state;
	struct asking *a;
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(odd); i++) {
		i == 0 ? served_connect(s) : served_reconnect(s);
		a = ask(s, "t/0");
		served_poll(s);
		fake_send(s->fake, odd[i]);
		served_poll(s);
		assert_non_null(strstr(served_reason(s), "does not know HGET"));
		s->store->ops->cancel_query(s->store, &a->query);
		asking_free(a);
	}
}

/* Answers of cancelled requests, with marks between them, go to nobody else. */
static void answers_of_cancelled_requests_are_skipped(void **state)
{
	struct served *s = *state;
	struct claiming *c;
	struct asking *first, *second;

	served_connect(s);
	first = ask(s, "t/0");
	served_poll(s);
	put(s, "t/0", 5, "text");
	second = ask(s, "t/1");
	served_poll(s);
	c = claim(s, "a");
	served_poll(s);
	s->store->ops->cancel_query(s->store, &first->query);
	s->store->ops->cancel_query(s->store, &second->query);
	asking_free(first);
	asking_free(second);
	fake_send(s->fake, "$5\r\nfirst\r\n");
	served_poll(s);
	assert_int_equal(waiting(s), 1);
	fake_send(s->fake, NIL "$6\r\nsecond\r\n");
	served_poll(s);
	assert_int_equal(waiting(s), 0);
	assert_false(c->set.done);
	fake_send(s->fake, "$3\r\nC|9\r\n");
	served_poll(s);
	assert_true(c->set.done);
	assert_true(claiming_found(c, 0, "C|9"));
	claiming_free(c);
}

/* Empty requests behind one that is cancelled wait for nobody. */
static void an_empty_query_behind_a_cancelled_one_is_done(void **state)
{
	struct served *s = *state;
	struct asking *first, *empty = asking_new(0);
	int64_t deadline;
	short events;

	served_connect(s);
	first = ask(s, "t/0");
	s->store->ops->query_marks(s->store, &empty->query);
	served_poll(s);
	assert_false(empty->query.done);
	s->store->ops->cancel_query(s->store, &first->query);
	s->store->ops->wait_on(s->store, &events, &deadline);
	assert_true(deadline == 0);
	served_poll(s);
	assert_true(empty->query.done);
	asking_free(first);
	asking_free(empty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_mark_goes_before_the_claims_in_their_write),
	    TEST(a_mark_alone_goes_with_the_next_poll),
	    TEST(marks_of_a_field_are_one_until_they_are_sent),
	    TEST(marks_are_kept_while_redis_is_away),
	    TEST(a_mark_without_an_answer_is_sent_again),
	    TEST(a_field_that_is_yielded_is_no_more_written_over),
	    TEST(a_mark_that_has_no_place_is_given_up),
	    TEST(a_refused_mark_waits),
	    TEST(a_refused_take_over_waits),
	    TEST(a_script_that_is_gone_is_loaded_again),
	    TEST(a_user_who_may_not_run_the_script_is_told_at_once),
	    TEST(a_text_is_given_as_it_is_kept),
	    TEST(a_text_that_is_too_long_is_empty),
	    TEST(what_are_no_marks_is_empty),
	    TEST(a_half_answered_query_is_asked_again_after_a_cut),
	    TEST(an_answer_that_is_none_ends_the_connection),
	    TEST(answers_of_cancelled_requests_are_skipped),
	    TEST(an_empty_query_behind_a_cancelled_one_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
