#include "config.h"

#include "tests/claim_store/conformance.h"

#include "tests/claim_store/asking.h"
#include "tests/claim_store/claiming.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define LONG_TTL_MS (10 * 60 * 1000)
#define SHORT_TTL_MS 1000

static const struct conformance_fixture *fixture;

static int set_up(void **state)
{
	fixture->set_up();
	*state = fixture->open("p", LONG_TTL_MS);
	return 0;
}

static int tear_down(void **state)
{
	struct wr_claim_store *store = *state;

	store->ops->destroy(store);
	fixture->tear_down();
	return 0;
}

static void settle(struct wr_claim_store *store, struct claiming *c)
{
	store->ops->submit(store, &c->set);
	assert_true(claiming_settle(store, c, fixture->now_mono_ns));
}

/* What one claim finds, where a store remembers: NULL is nothing. */
static void take(struct wr_claim_store *store, const char *value, const char *expect,
		 const char *found)
{
	struct claiming *c = claiming_one("a", value);

	c->claims[0].expect = wr_bytes_of(expect);
	settle(store, c);
	if (found != NULL && fixture->remembers)
		assert_true(claiming_found(c, 0, found));
	else
		assert_true(claiming_found_nothing(c, 0));
	claiming_free(c);
}

/* What is kept of a field, where a store remembers: NULL is nothing. */
static void assert_mark(struct wr_claim_store *store, const char *field, const char *text)
{
	struct asking *a = asking_one(field);

	store->ops->query_marks(store, &a->query);
	assert_true(a->query.submitted);
	assert_true(asking_settle(store, a, fixture->now_mono_ns));
	assert_true(asking_found(a, 0, fixture->remembers ? text : NULL));
	asking_free(a);
}

static void what_is_expected_is_replaced(void **state)
{
	take(*state, "C|1", NULL, NULL);
	take(*state, "C|2", "C|1", NULL);
	take(*state, "C|3", NULL, "C|2");
}

static void what_is_not_expected_is_found_and_stays(void **state)
{
	take(*state, "C|1", NULL, NULL);
	take(*state, "C|3", "C|2", "C|1");
	take(*state, "C|3", "", "C|1");
	take(*state, "C|3", "C|", "C|1");
	take(*state, "C|3", NULL, "C|1");
}

static void a_free_id_is_ours_whatever_is_expected(void **state)
{
	take(*state, "C|2", "C|1", NULL);
	take(*state, "C|3", NULL, "C|2");
}

/* As after an answer that was lost. */
static void a_take_over_that_is_sent_again_finds_itself(void **state)
{
	take(*state, "C|1", NULL, NULL);
	take(*state, "C|2", "C|1", NULL);
	take(*state, "C|2", "C|1", "C|2");
}

static void an_empty_value_can_be_expected(void **state)
{
	take(*state, "", NULL, NULL);
	take(*state, "C|1", "", NULL);
	take(*state, "C|2", NULL, "C|1");
}

static void the_longest_value_can_be_expected(void **state)
{
	char one[WR_CLAIM_VALUE_BYTES + 1], two[WR_CLAIM_VALUE_BYTES + 1];

	memset(one, '1', WR_CLAIM_VALUE_BYTES);
	memset(two, '2', WR_CLAIM_VALUE_BYTES);
	one[WR_CLAIM_VALUE_BYTES] = two[WR_CLAIM_VALUE_BYTES] = '\0';
	take(*state, one, NULL, NULL);
	take(*state, two, one, NULL);
	take(*state, "C|3", NULL, two);
}

static void take_overs_follow_the_order_of_a_set(void **state)
{
	static const char *const values[] = {"C|1", "C|2", "C|3", "C|4", "C|5"};
	static const char *const expected[] = {NULL, "C|1", "C|1", "C|2", NULL};
	struct claiming *c = claiming_new(5);
	size_t i;

	for (i = 0; i < 5; i++) {
		claiming_put(c, i, wr_bytes_of("a"), values[i]);
		c->claims[i].expect = wr_bytes_of(expected[i]);
	}
	settle(*state, c);
	assert_true(claiming_found_nothing(c, 0));
	assert_true(claiming_found_nothing(c, 1));
	if (fixture->remembers) {
		assert_true(claiming_found(c, 2, "C|2"));
		assert_true(claiming_found_nothing(c, 3));
		assert_true(claiming_found(c, 4, "C|4"));
	}
	claiming_free(c);
}

static void a_take_over_lives_for_the_whole_ttl(void **state)
{
	struct wr_claim_store *store = fixture->open("q", SHORT_TTL_MS);

	(void)state;
	take(store, "C|1", NULL, NULL);
	fixture->let_pass_ms(SHORT_TTL_MS * 6 / 10);
	take(store, "C|2", "C|1", NULL);
	fixture->let_pass_ms(SHORT_TTL_MS * 6 / 10);
	take(store, "C|3", NULL, "C|2");
	fixture->let_pass_ms(SHORT_TTL_MS * 6 / 10);
	take(store, "C|4", NULL, NULL);
	store->ops->destroy(store);
}

static void a_partition_without_a_mark_has_none(void **state)
{
	assert_mark(*state, "t/0", NULL);
}

static void a_mark_is_kept_as_it_is(void **state)
{
	static const char text[] = "1 \r\n$-1\r\n \x80";

	asking_put(*state, "t/0", 1, 7, text, false);
	assert_mark(*state, "t/0", text);
	assert_mark(*state, "t/1", NULL);
	asking_put(*state, "t/1", 1, 7, "", false);
	assert_mark(*state, "t/1", "");
}

static void the_longest_mark_is_kept_whole(void **state)
{
	char text[WR_CLAIM_STORE_MARK_BYTES + 1];

	memset(text, 'm', WR_CLAIM_STORE_MARK_BYTES);
	text[WR_CLAIM_STORE_MARK_BYTES] = '\0';
	asking_put(*state, "t/0", UINT32_MAX, INT64_MAX, text, false);
	assert_mark(*state, "t/0", text);
}

static void a_mark_goes_forwards_only(void **state)
{
	asking_put(*state, "t/0", 1, 100, "100", false);
	assert_mark(*state, "t/0", "100");
	asking_put(*state, "t/0", 1, 99, "99", false);
	assert_mark(*state, "t/0", "100");
	asking_put(*state, "t/0", 1, 100, "100 again", false);
	assert_mark(*state, "t/0", "100 again");
	asking_put(*state, "t/0", 1, 1000, "1000", false);
	assert_mark(*state, "t/0", "1000");
	asking_put(*state, "t/0", 0, INT64_MAX, "0", false);
	assert_mark(*state, "t/0", "1000");
}

static void a_new_incarnation_is_forwards_wherever_it_is(void **state)
{
	asking_put(*state, "t/0", 1, INT64_MAX, "old", false);
	asking_put(*state, "t/0", 2, 0, "new", false);
	assert_mark(*state, "t/0", "new");
	asking_put(*state, "t/0", 10, 0, "newer", false);
	assert_mark(*state, "t/0", "newer");
	asking_put(*state, "t/0", 9, 1, "older", false);
	assert_mark(*state, "t/0", "newer");
}

static void anyway_writes_over_whatever_is_there(void **state)
{
	asking_put(*state, "t/0", 5, 100, "100", false);
	asking_put(*state, "t/0", 1, 7, "7", true);
	assert_mark(*state, "t/0", "7");
	asking_put(*state, "t/0", 5, 100, "100", false);
	asking_put(*state, "t/0", 1, 8, "8", true);
	asking_put(*state, "t/0", 1, 9, "9", false);
	asking_put(*state, "t/0", 1, 3, "3", false);
	assert_mark(*state, "t/0", "9");
}

static void a_query_reads_many_partitions_in_its_order(void **state)
{
	struct wr_claim_store *store = *state;
	struct asking *a = asking_new(3);

	asking_put(store, "t/0", 1, 1, "zero", false);
	asking_put(store, "u/0", 1, 1, "other", false);
	a->fields[0] = wr_bytes_of("u/0");
	a->fields[1] = wr_bytes_of("t/1");
	a->fields[2] = wr_bytes_of("t/0");
	store->ops->query_marks(store, &a->query);
	assert_true(asking_settle(store, a, fixture->now_mono_ns));
	assert_true(asking_found(a, 0, fixture->remembers ? "other" : NULL));
	assert_true(asking_found(a, 1, NULL));
	assert_true(asking_found(a, 2, fixture->remembers ? "zero" : NULL));
	asking_free(a);
}

static void queries_and_sets_complete_in_their_order(void **state)
{
	struct wr_claim_store *store = *state;
	struct claiming *set = claiming_one("a", "C|1"), *last = claiming_one("b", "C|1");
	struct asking *query = asking_one("t/0"), *empty = asking_new(0);

	store->ops->submit(store, &set->set);
	store->ops->query_marks(store, &query->query);
	store->ops->query_marks(store, &empty->query);
	store->ops->submit(store, &last->set);
	while (!last->set.done) {
		claiming_turn(store, fixture->now_mono_ns);
		assert_true(set->set.done || !query->query.done);
		assert_true(query->query.done || !empty->query.done);
		assert_true(empty->query.done || !last->set.done);
	}
	claiming_free(set);
	claiming_free(last);
	asking_free(query);
	asking_free(empty);
}

static void pipelines_have_their_own_marks(void **state)
{
	struct wr_claim_store *q = fixture->open("q", LONG_TTL_MS);

	asking_put(*state, "t/0", 1, 1, "p", false);
	asking_put(q, "t/0", 1, 1, "q", false);
	assert_mark(*state, "t/0", "p");
	assert_mark(q, "t/0", "q");
	q->ops->destroy(q);
}

static void handles_share_the_marks_of_their_pipeline(void **state)
{
	struct wr_claim_store *other = fixture->open("p", LONG_TTL_MS);

	asking_put(*state, "t/0", 1, 7, "7", false);
	assert_mark(*state, "t/0", "7");
	asking_put(other, "t/0", 1, 6, "6", false);
	assert_mark(other, "t/0", "7");
	other->ops->destroy(other);
	assert_mark(*state, "t/0", "7");
}

static void a_mark_that_is_confirmed_waits_no_more(void **state)
{
	struct wr_claim_store *store = *state;

	asking_put(store, "t/0", 1, 7, "7", false);
	asking_put(store, "t/1", 1, 7, "7", false);
	store->ops->yield_mark(store, wr_bytes_of("t/0"));
	store->ops->yield_mark(store, wr_bytes_of("t/9"));
	assert_mark(store, "t/1", "7");
	assert_int_equal(store->ops->marks_waiting(store), 0);
}

static void a_mark_is_written_without_claims(void **state)
{
	struct wr_claim_store *store = *state, *other = fixture->open("p", LONG_TTL_MS);
	size_t turns = 0;

	asking_put(store, "t/0", 1, 7, "7", false);
	while (store->ops->marks_waiting(store) > 0 && turns++ < 1000)
		claiming_turn(store, fixture->now_mono_ns);
	assert_int_equal(store->ops->marks_waiting(store), 0);
	assert_mark(other, "t/0", "7");
	other->ops->destroy(other);
}

/* Its memory is freed at once, so that a sanitizer sees any touch. */
static void a_cancelled_query_is_not_touched_again(void **state)
{
	struct wr_claim_store *store = *state;
	struct asking *a;
	size_t turns, i;

	for (turns = 0; turns < 4; turns++) {
		a = asking_one("t/0");
		store->ops->query_marks(store, &a->query);
		for (i = 0; i < turns; i++)
			store->ops->poll(store, fixture->now_mono_ns());
		if (!a->query.done) {
			store->ops->cancel_query(store, &a->query);
			assert_false(a->query.submitted || a->query.done);
		}
		asking_free(a);
		assert_mark(store, "t/1", NULL);
	}
}

static void destroy_cancels_queries_and_drops_marks(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct asking *a = asking_one("t/0"), *b = asking_one("t/0");

	(void)state;
	asking_put(store, "t/0", 1, 7, "7", false);
	store->ops->query_marks(store, &a->query);
	store->ops->poll(store, fixture->now_mono_ns());
	asking_put(store, "t/0", 1, 8, "8", false);
	store->ops->query_marks(store, &b->query);
	store->ops->destroy(store);
	assert_false(a->query.submitted || b->query.submitted);
	assert_false(b->query.done);
	asking_free(a);
	asking_free(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int conformance_marks_run(const struct conformance_fixture *f)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_expected_is_replaced),
	    TEST(what_is_not_expected_is_found_and_stays),
	    TEST(a_free_id_is_ours_whatever_is_expected),
	    TEST(a_take_over_that_is_sent_again_finds_itself),
	    TEST(an_empty_value_can_be_expected),
	    TEST(the_longest_value_can_be_expected),
	    TEST(take_overs_follow_the_order_of_a_set),
	    TEST(a_take_over_lives_for_the_whole_ttl),
	    TEST(a_partition_without_a_mark_has_none),
	    TEST(a_mark_is_kept_as_it_is),
	    TEST(the_longest_mark_is_kept_whole),
	    TEST(a_mark_goes_forwards_only),
	    TEST(a_new_incarnation_is_forwards_wherever_it_is),
	    TEST(anyway_writes_over_whatever_is_there),
	    TEST(a_query_reads_many_partitions_in_its_order),
	    TEST(queries_and_sets_complete_in_their_order),
	    TEST(pipelines_have_their_own_marks),
	    TEST(handles_share_the_marks_of_their_pipeline),
	    TEST(a_mark_that_is_confirmed_waits_no_more),
	    TEST(a_mark_is_written_without_claims),
	    TEST(a_cancelled_query_is_not_touched_again),
	    TEST(destroy_cancels_queries_and_drops_marks),
	};

	fixture = f;
	return cmocka_run_group_tests_name(f->name, tests, NULL, NULL);
}
