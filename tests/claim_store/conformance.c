#include "config.h"

#include "tests/claim_store/conformance.h"

#include "tests/claim_store/claiming.h"
#include "tests/unit.h"

#include "base/sha256.h"

#include <stdio.h>
#include <stdlib.h>

#define LONG_TTL_MS (10 * 60 * 1000)
#define SHORT_TTL_MS 1000

static const struct conformance_fixture *fixture;

static int set_up(void **state)
{
	(void)state;
	fixture->set_up();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture->tear_down();
	return 0;
}

static void settle(struct wr_claim_store *store, struct claiming *c)
{
	store->ops->submit(store, &c->set);
	assert_true(c->set.submitted);
	assert_true(claiming_settle(store, c, fixture->now_mono_ns));
}

/* The claim found what a store that remembers would have found. */
static void assert_finds(const struct claiming *c, size_t index, const char *value)
{
	if (fixture->remembers)
		assert_true(claiming_found(c, index, value));
	else
		assert_true(claiming_found_nothing(c, index));
}

/* Claims one id; what it finds must be `expected` (NULL: nothing). */
static void claim_one(struct wr_claim_store *store, struct wr_bytes id, const char *value,
		      const char *expected)
{
	struct claiming *c = claiming_new(1);

	claiming_put(c, 0, id, value);
	settle(store, c);
	if (expected != NULL)
		assert_finds(c, 0, expected);
	else
		assert_true(claiming_found_nothing(c, 0));
	claiming_free(c);
}

static void a_free_id_is_ours(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);

	(void)state;
	claim_one(store, wr_bytes_of("a"), "C|1", NULL);
	store->ops->destroy(store);
}

static void another_owner_is_found(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);

	(void)state;
	claim_one(store, wr_bytes_of("a"), "C|1", NULL);
	claim_one(store, wr_bytes_of("a"), "C|2", "C|1");
	claim_one(store, wr_bytes_of("a"), "C|3", "C|1");
	store->ops->destroy(store);
}

static void the_same_owner_finds_itself(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);

	(void)state;
	claim_one(store, wr_bytes_of("a"), "C|1", NULL);
	claim_one(store, wr_bytes_of("a"), "C|1", "C|1");
	store->ops->destroy(store);
}

static void duplicates_within_a_set_follow_its_order(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct claiming *c = claiming_new(4);

	(void)state;
	claiming_put(c, 0, wr_bytes_of("a"), "C|1");
	claiming_put(c, 1, wr_bytes_of("b"), "C|2");
	claiming_put(c, 2, wr_bytes_of("a"), "C|3");
	claiming_put(c, 3, wr_bytes_of("b"), "C|4");
	settle(store, c);
	assert_true(claiming_found_nothing(c, 0));
	assert_true(claiming_found_nothing(c, 1));
	assert_finds(c, 2, "C|1");
	assert_finds(c, 3, "C|2");
	claiming_free(c);
	store->ops->destroy(store);
}

static void sets_submitted_ahead_follow_their_order(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct claiming *sets[16];
	size_t i;

	(void)state;
	for (i = 0; i < 16; i++) {
		sets[i] = claiming_one("a", i == 0 ? "C|first" : "C|later");
		store->ops->submit(store, &sets[i]->set);
	}
	assert_true(claiming_settle(store, sets[15], fixture->now_mono_ns));
	for (i = 0; i < 16; i++) {
		assert_true(sets[i]->set.done);
		if (i == 0)
			assert_true(claiming_found_nothing(sets[i], 0));
		else
			assert_finds(sets[i], 0, "C|first");
		claiming_free(sets[i]);
	}
	store->ops->destroy(store);
}

static void no_set_is_done_before_an_earlier_one(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct claiming *sets[3] = {claiming_new(2000), claiming_new(0), claiming_one("z", "C|1")};
	char ids[2000][8];
	size_t i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%zu", i);
		claiming_put(sets[0], i, wr_bytes_of(ids[i]), "C|1");
	}
	for (i = 0; i < 3; i++)
		store->ops->submit(store, &sets[i]->set);
	while (!sets[2]->set.done) {
		claiming_turn(store, fixture->now_mono_ns);
		assert_true(sets[0]->set.done || !sets[1]->set.done);
		assert_true(sets[1]->set.done || !sets[2]->set.done);
	}
	for (i = 0; i < 3; i++)
		claiming_free(sets[i]);
	store->ops->destroy(store);
}

static void submit_alone_completes_nothing(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct claiming *one = claiming_one("a", "C|1"), *empty = claiming_new(0);

	(void)state;
	store->ops->submit(store, &one->set);
	store->ops->submit(store, &empty->set);
	assert_false(one->set.done);
	assert_false(empty->set.done);
	assert_true(claiming_settle(store, empty, fixture->now_mono_ns));
	assert_true(one->set.done);
	claiming_free(one);
	claiming_free(empty);
	store->ops->destroy(store);
}

static void ids_are_any_bytes(void **state)
{
	static const char *const odd[] = {"",     "\r\n", "$-1\r\n", "a b",
					  "a\0b", "a\0c", "*",       "\xff\xfe"};
	static const size_t sizes[] = {0, 2, 5, 3, 3, 3, 1, 2};
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	unsigned char byte;
	unsigned i;

	(void)state;
	for (i = 0; i < 256; i++) {
		byte = (unsigned char)i;
		claim_one(store, wr_bytes(&byte, 1), "C|byte", NULL);
	}
	for (i = 0; i < UNIT_COUNT_OF(odd); i++) {
		if (odd[i][0] != '*')
			claim_one(store, wr_bytes(odd[i], sizes[i]), "C|odd", NULL);
		claim_one(store, wr_bytes(odd[i], sizes[i]), "C|again",
			  odd[i][0] == '*' ? "C|byte" : "C|odd");
	}
	store->ops->destroy(store);
}

static void long_ids_are_told_apart(void **state)
{
	static const size_t sizes[] = {127, 128, 129, 10240};
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	char id[10240];
	size_t i;

	(void)state;
	memset(id, 'x', sizeof(id));
	for (i = 0; i < UNIT_COUNT_OF(sizes); i++) {
		claim_one(store, wr_bytes(id, sizes[i]), "C|x", NULL);
		id[sizes[i] - 1] = 'y';
		claim_one(store, wr_bytes(id, sizes[i]), "C|y", NULL);
		claim_one(store, wr_bytes(id, sizes[i]), "C|again", "C|y");
		id[sizes[i] - 1] = 'x';
		claim_one(store, wr_bytes(id, sizes[i]), "C|again", "C|x");
	}
	store->ops->destroy(store);
}

/* An id that spells the digest of a long one is another id, in every spelling a store might use. */
static void a_digest_is_another_id_than_what_it_stands_for(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	char digest[sizeof("sha256:") + WR_SHA256_HEX_BYTES] = "sha256:", id[200];

	(void)state;
	memset(id, 'x', sizeof(id));
	assert_int_equal(wr_sha256_hex(wr_bytes(id, sizeof(id)), digest + strlen("sha256:")),
			 WR_OK);
	claim_one(store, wr_bytes(id, sizeof(id)), "C|long", NULL);
	claim_one(store, wr_bytes_of(digest), "C|spelled", NULL);
	claim_one(store, wr_bytes_of(digest + strlen("sha256:")), "C|bare", NULL);
	claim_one(store, wr_bytes_of("sha256:"), "C|prefix", NULL);
	claim_one(store, wr_bytes(id, sizeof(id)), "C|again", "C|long");
	claim_one(store, wr_bytes_of(digest), "C|again", "C|spelled");
	store->ops->destroy(store);
}

static void the_longest_value_is_kept_whole(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	char value[WR_CLAIM_VALUE_BYTES + 1];

	(void)state;
	memset(value, 'v', WR_CLAIM_VALUE_BYTES);
	value[WR_CLAIM_VALUE_BYTES] = '\0';
	claim_one(store, wr_bytes_of("a"), value, NULL);
	claim_one(store, wr_bytes_of("a"), "C|2", value);
	store->ops->destroy(store);
}

static void handles_share_the_claims_of_their_pipeline(void **state)
{
	struct wr_claim_store *one = fixture->open("p", LONG_TTL_MS),
			      *two = fixture->open("p", LONG_TTL_MS);

	(void)state;
	claim_one(one, wr_bytes_of("a"), "C|one", NULL);
	claim_one(two, wr_bytes_of("a"), "C|two", "C|one");
	one->ops->destroy(one);
	claim_one(two, wr_bytes_of("a"), "C|two", "C|one");
	two->ops->destroy(two);
}

static void pipelines_are_apart(void **state)
{
	struct wr_claim_store *one = fixture->open("p", LONG_TTL_MS),
			      *two = fixture->open("q", LONG_TTL_MS);

	(void)state;
	claim_one(one, wr_bytes_of("a"), "C|p", NULL);
	claim_one(two, wr_bytes_of("a"), "C|q", NULL);
	claim_one(two, wr_bytes_of("a"), "C|q2", "C|q");
	one->ops->destroy(one);
	two->ops->destroy(two);
}

static void a_claim_lives_for_its_ttl_and_no_longer(void **state)
{
	struct wr_claim_store *store = fixture->open("p", SHORT_TTL_MS);

	(void)state;
	claim_one(store, wr_bytes_of("a"), "C|1", NULL);
	claim_one(store, wr_bytes_of("a"), "C|2", "C|1");
	fixture->let_pass_ms(SHORT_TTL_MS + 50);
	claim_one(store, wr_bytes_of("a"), "C|3", NULL);
	claim_one(store, wr_bytes_of("a"), "C|4", "C|3");
	store->ops->destroy(store);
}

static void what_was_found_stays_until_the_set_is_used_again(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct claiming *c = claiming_one("a", "C|2"), *other = claiming_one("b", "C|1");
	int i;

	(void)state;
	claim_one(store, wr_bytes_of("a"), "C|1", NULL);
	settle(store, c);
	for (i = 0; i < 50; i++)
		settle(store, other);
	assert_finds(c, 0, "C|1");
	claiming_put(c, 0, wr_bytes_of("fresh"), "C|2");
	settle(store, c);
	assert_true(claiming_found_nothing(c, 0));
	claiming_free(c);
	claiming_free(other);
	store->ops->destroy(store);
}

static void a_large_set_is_claimed_whole(void **state)
{
	enum { COUNT = 50000 };
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct claiming *c = claiming_new(COUNT);
	char(*ids)[8] = calloc(COUNT, sizeof(*ids));
	size_t i;

	(void)state;
	assert_non_null(ids);
	for (i = 0; i < COUNT; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%zu", i);
		claiming_put(c, i, wr_bytes_of(ids[i]), "C|1");
	}
	settle(store, c);
	for (i = 0; i < COUNT; i++)
		assert_true(claiming_found_nothing(c, i));
	claiming_free(c);
	free(ids);
	store->ops->destroy(store);
}

/* Memory of a cancelled set is freed at once, so that a sanitizer sees any touch. */
static void a_cancelled_set_is_not_touched_again(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct claiming *sets[3], *after;
	size_t cancelled, turns, i;

	(void)state;
	for (cancelled = 0; cancelled < 3; cancelled++) {
		for (turns = 0; turns < 4; turns++) {
			for (i = 0; i < 3; i++) {
				sets[i] = claiming_one("a", "C|1");
				store->ops->submit(store, &sets[i]->set);
			}
			for (i = 0; i < turns; i++)
				store->ops->poll(store, fixture->now_mono_ns());
			if (!sets[cancelled]->set.done) {
				store->ops->cancel(store, &sets[cancelled]->set);
				assert_false(sets[cancelled]->set.submitted);
				assert_false(sets[cancelled]->set.done);
			}
			claiming_free(sets[cancelled]);
			after = claiming_one("b", "C|1");
			settle(store, after);
			for (i = 0; i < 3; i++) {
				if (i == cancelled)
					continue;
				assert_true(sets[i]->set.done);
				claiming_free(sets[i]);
			}
			claiming_free(after);
		}
	}
	store->ops->destroy(store);
}

static void destroy_cancels_what_is_submitted(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct claiming *one = claiming_one("a", "C|1"), *two = claiming_one("b", "C|1");

	(void)state;
	store->ops->submit(store, &one->set);
	store->ops->poll(store, fixture->now_mono_ns());
	store->ops->submit(store, &two->set);
	store->ops->destroy(store);
	assert_false(one->set.submitted);
	assert_false(two->set.submitted);
	assert_false(two->set.done);
	claiming_free(one);
	claiming_free(two);
}

static void a_store_that_answers_is_up(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	const char *reason = "not set";

	(void)state;
	claim_one(store, wr_bytes_of("a"), "C|1", NULL);
	assert_int_equal(store->ops->state(store, &reason), WR_CLAIM_STORE_UP);
	assert_null(reason);
	assert_int_equal(store->ops->state(store, NULL), WR_CLAIM_STORE_UP);
	store->ops->destroy(store);
}

static void an_idle_store_wants_no_turn(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct claiming *c = claiming_one("a", "C|1");
	int64_t deadline;
	short events;

	(void)state;
	settle(store, c);
	store->ops->wait_on(store, &events, &deadline);
	assert_true(deadline == INT64_MAX);
	claiming_put(c, 0, wr_bytes_of("b"), "C|1");
	store->ops->submit(store, &c->set);
	store->ops->wait_on(store, &events, &deadline);
	assert_true(deadline <= fixture->now_mono_ns());
	assert_true(claiming_settle(store, c, fixture->now_mono_ns));
	claiming_free(c);
	store->ops->destroy(store);
}

static void count_sentence(void *arg, enum wr_log_level level, const char *sentence)
{
	int *count = arg;

	assert_true(level == WR_LOG_WARN || level == WR_LOG_INFO);
	assert_true(strlen(sentence) > 20);
	++*count;
}

static void an_inspection_tells_what_will_bite(void **state)
{
	struct wr_claim_store *store = fixture->open("p", LONG_TTL_MS);
	struct wr_err err;
	int count = 0;

	(void)state;
	assert_int_equal(store->ops->inspect(store, count_sentence, &count, &err), WR_OK);
	assert_true(count > 0);
	store->ops->destroy(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int conformance_run(const struct conformance_fixture *f)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_free_id_is_ours),
	    TEST(another_owner_is_found),
	    TEST(the_same_owner_finds_itself),
	    TEST(duplicates_within_a_set_follow_its_order),
	    TEST(sets_submitted_ahead_follow_their_order),
	    TEST(no_set_is_done_before_an_earlier_one),
	    TEST(submit_alone_completes_nothing),
	    TEST(ids_are_any_bytes),
	    TEST(long_ids_are_told_apart),
	    TEST(a_digest_is_another_id_than_what_it_stands_for),
	    TEST(the_longest_value_is_kept_whole),
	    TEST(handles_share_the_claims_of_their_pipeline),
	    TEST(pipelines_are_apart),
	    TEST(a_claim_lives_for_its_ttl_and_no_longer),
	    TEST(what_was_found_stays_until_the_set_is_used_again),
	    TEST(a_large_set_is_claimed_whole),
	    TEST(a_cancelled_set_is_not_touched_again),
	    TEST(destroy_cancels_what_is_submitted),
	    TEST(a_store_that_answers_is_up),
	    TEST(an_idle_store_wants_no_turn),
	    TEST(an_inspection_tells_what_will_bite),
	};

	fixture = f;
	return cmocka_run_group_tests_name(f->name, tests, NULL, NULL) + conformance_marks_run(f);
}
