#include "config.h"

#include "core/parked.h"

#include "tests/faults.h"
#include "tests/unit.h"

#include <stdio.h>

#define SHORT 5000
#define LONG 60000

static struct wr_parked *parked;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(wr_parked_create(&parked), WR_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wr_parked_destroy(parked);
	return 0;
}

static uint64_t sequence;

static uint64_t hash(const char *key)
{
	return wr_parked_key(wr_bytes_of(key));
}

static struct wr_parked_event event(const char *key, int64_t offset, int64_t delay_ms)
{
	return (struct wr_parked_event){.key = hash(key),
					.offset = offset,
					.delay_ms = delay_ms,
					.sequence = sequence++,
					.since_ms = 1000 + offset};
}

static void add(const char *key, int64_t offset, int64_t delay_ms)
{
	const struct wr_parked_event e = event(key, offset, delay_ms);

	assert_int_equal(wr_parked_add(parked, &e), WR_OK);
}

static size_t take(const char *key, int64_t offset, int64_t delay_ms)
{
	return wr_parked_take(parked, hash(key), offset, delay_ms);
}

/* The delay of the topic to go to; -1: it may run. */
static int64_t behind(const char *key, int64_t offset)
{
	int64_t delay_ms;

	if (wr_parked_is_behind(parked, hash(key), offset, &delay_ms))
		return delay_ms;
	assert_int_equal(delay_ms, 0);
	return -1;
}

static void nothing_waits_while_nothing_is_parked(void **state)
{
	(void)state;
	assert_int_equal(behind("k", 7), -1);
	assert_int_equal(wr_parked_keys(parked), 0);
	assert_int_equal(wr_parked_records(parked), 0);
	assert_true(wr_parked_since_ms(parked) == INT64_MAX);
	assert_int_equal(take("k", 7, SHORT), 0);
}

static void a_later_event_of_a_parked_key_goes_where_it_lies(void **state)
{
	(void)state;
	add("k", 5, LONG);
	assert_int_equal(behind("k", 6), LONG);
	assert_int_equal(behind("other", 6), -1);
	assert_int_equal(wr_parked_keys(parked), 1);
}

static void an_older_event_and_the_same_one_run(void **state)
{
	(void)state;
	add("k", 5, SHORT);
	assert_int_equal(behind("k", 5), -1);
	assert_int_equal(behind("k", 4), -1);
}

static void the_nearest_older_one_says_where(void **state)
{
	(void)state;
	add("k", 5, LONG);
	add("k", 6, SHORT);
	assert_int_equal(behind("k", 7), SHORT);
	assert_int_equal(behind("k", 6), LONG);
	assert_int_equal(take("k", 6, SHORT), 0);
	assert_int_equal(behind("k", 6), LONG);
	add("k", 6, LONG);
	assert_int_equal(behind("k", 7), LONG);
}

static void a_key_is_free_when_all_of_it_has_come(void **state)
{
	(void)state;
	add("k", 5, SHORT);
	add("k", 6, SHORT);
	take("k", 5, SHORT);
	assert_int_equal(behind("k", 6), -1);
	assert_int_equal(behind("k", 7), SHORT);
	take("k", 6, SHORT);
	assert_int_equal(behind("k", 7), -1);
	assert_int_equal(wr_parked_keys(parked), 0);
	assert_int_equal(wr_parked_records(parked), 0);
}

/* Head fails, the others follow it tier by tier; each step appends and takes as a lane does. */
static void a_line_follows_its_head_through_the_tiers(void **state)
{
	(void)state;
	for (int64_t i = 1; i <= 3; i++)
		add("k", i, SHORT);
	take("k", 1, SHORT);
	add("k", 1, LONG);
	for (int64_t i = 2; i <= 3; i++) {
		take("k", i, SHORT);
		assert_int_equal(behind("k", i), LONG);
		add("k", i, LONG);
	}
	assert_int_equal(behind("k", 4), LONG);
	for (int64_t i = 1; i <= 3; i++) {
		take("k", i, LONG);
		assert_int_equal(behind("k", i), -1);
	}
	assert_int_equal(wr_parked_records(parked), 0);
}

static void a_record_that_never_came_is_forgotten_with_the_next(void **state)
{
	(void)state;
	add("k", 5, SHORT);
	add("k", 6, SHORT);
	assert_int_equal(take("k", 6, SHORT), 1);
	assert_int_equal(behind("k", 7), -1);
	assert_int_equal(wr_parked_records(parked), 0);
}

static void one_that_is_not_known_changes_nothing(void **state)
{
	(void)state;
	add("k", 5, SHORT);
	assert_int_equal(take("k", 4, SHORT), 0);
	assert_int_equal(take("k", 5, LONG), 0);
	assert_int_equal(behind("k", 6), SHORT);
}

/* After a crash the same event may lie there twice, and a stranger may write any offset. */
static void each_record_counts_however_often_an_offset_is_there(void **state)
{
	(void)state;
	add("k", 5, SHORT);
	add("k", 6, SHORT);
	add("k", 5, SHORT);
	take("k", 5, SHORT);
	assert_int_equal(behind("k", 6), SHORT);
	take("k", 6, SHORT);
	assert_int_equal(behind("k", 6), SHORT);
	assert_int_equal(behind("k", 5), -1);
	take("k", 5, SHORT);
	assert_int_equal(behind("k", 6), -1);
}

static void offsets_that_do_not_rise_are_compared_all(void **state)
{
	(void)state;
	add("k", 9, SHORT);
	add("k", 3, SHORT);
	add("k", 7, LONG);
	assert_int_equal(behind("k", 8), LONG);
	assert_int_equal(behind("k", 5), SHORT);
	assert_int_equal(behind("k", 3), -1);
}

/* A lane may settle a later event before an earlier one, and writes the earlier one first all the same. */
static void they_lie_as_they_are_appended_not_as_they_are_decided_on(void **state)
{
	struct wr_parked_event first = event("k", 5, SHORT), second = event("k", 6, SHORT),
			       third = event("k", 7, SHORT);

	(void)state;
	assert_int_equal(wr_parked_add(parked, &second), WR_OK);
	assert_int_equal(wr_parked_add(parked, &third), WR_OK);
	assert_int_equal(wr_parked_add(parked, &first), WR_OK);
	assert_int_equal(take("k", 5, SHORT), 0);
	assert_int_equal(behind("k", 7), SHORT);
	assert_int_equal(take("k", 6, SHORT), 0);
	assert_int_equal(take("k", 7, SHORT), 0);
	assert_int_equal(wr_parked_records(parked), 0);
}

static void what_is_not_appended_after_all_is_undone(void **state)
{
	(void)state;
	add("k", 5, SHORT);
	add("k", 6, SHORT);
	wr_parked_undo(parked, hash("k"), 6, SHORT);
	wr_parked_undo(parked, hash("k"), 8, SHORT);
	wr_parked_undo(parked, hash("k"), 5, LONG);
	wr_parked_undo(parked, hash("other"), 5, SHORT);
	assert_int_equal(wr_parked_records(parked), 1);
	assert_int_equal(behind("k", 9), SHORT);
	wr_parked_undo(parked, hash("k"), 5, SHORT);
	assert_int_equal(wr_parked_keys(parked), 0);
}

static void the_oldest_is_the_key_that_was_parked_first(void **state)
{
	(void)state;
	add("b", 20, SHORT);
	add("a", 10, SHORT);
	add("a", 30, SHORT);
	assert_int_equal(wr_parked_since_ms(parked), 1010);
	take("a", 10, SHORT);
	assert_int_equal(wr_parked_since_ms(parked), 1010);
	take("a", 30, SHORT);
	assert_int_equal(wr_parked_since_ms(parked), 1020);
}

/* Against a plain list of what lies where. */
static void a_long_line_is_kept_in_order(void **state)
{
	int64_t next = 0, done = 0;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < 7; i++, next++) {
			assert_int_equal(behind("k", next), next == done ? -1 : SHORT);
			add("k", next, SHORT);
		}
		for (int i = 0; i < 5; i++, done++) {
			assert_int_equal(take("k", done, SHORT), 0);
			assert_int_equal(behind("k", done), -1);
		}
		assert_int_equal(wr_parked_records(parked), next - done);
	}
}

/* Against a plain table: as many as make the other one grow, and leave holes in it. */
static void many_keys_come_and_go(void **state)
{
	enum { KEYS = 500 };
	int64_t first[KEYS] = {0}, next[KEYS] = {0}; /* from .. to: they lie there */
	size_t keys = 0, records = 0;
	uint64_t drawn = 1;
	char key[16];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t k;

		drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		k = (size_t)(drawn >> 33) % KEYS;
		snprintf(key, sizeof(key), "k%zu", k);
		assert_int_equal(behind(key, next[k]), first[k] < next[k] ? SHORT : -1);
		if ((drawn >> 60) < (i < 10000 ? 9 : 7)) {
			add(key, next[k]++, SHORT);
			records++;
			keys += next[k] - first[k] == 1;
		} else if (first[k] < next[k]) {
			assert_int_equal(take(key, first[k]++, SHORT), 0);
			records--;
			keys -= first[k] == next[k];
		}
		assert_int_equal(wr_parked_records(parked), records);
		assert_int_equal(wr_parked_keys(parked), keys);
	}
}

/* Adds an event while one allocation fails, and returns whether one did. */
static bool add_without_memory(const char *key, int64_t offset, int64_t delay_ms)
{
	const struct wr_parked_event e = event(key, offset, delay_ms);
	size_t records = wr_parked_records(parked), keys = wr_parked_keys(parked);
	bool is_new = behind(key, INT64_MAX) < 0, failed;
	enum wr_code rc;

	faults_begin(0);
	rc = wr_parked_add(parked, &e);
	failed = faults_end();
	assert_int_equal(rc, failed ? WR_ENOMEM : WR_OK);
	assert_int_equal(wr_parked_records(parked), records + !failed);
	assert_int_equal(wr_parked_keys(parked), keys + (is_new && !failed));
	return failed;
}

static void without_memory_nothing_is_half_known(void **state)
{
	char key[16];
	int grown = 0;

	(void)state;
	assert_true(add_without_memory("k", 5, SHORT)); /* a key */
	add("k", 5, SHORT);
	assert_true(add_without_memory("k", 6, LONG)); /* a topic */
	assert_int_equal(behind("k", 7), SHORT);
	while (!add_without_memory("k", 6, SHORT)) /* a place */
		grown++;
	assert_int_equal(grown, 1);
	for (int i = 0; i < 12; i++) { /* a larger table */
		snprintf(key, sizeof(key), "k%d", i);
		assert_true(add_without_memory(key, 5, SHORT));
		add(key, 5, SHORT);
	}
	assert_int_equal(wr_parked_keys(parked), 13);
	for (size_t i = 0; i < 2; i++) {
		struct wr_parked *other;

		faults_begin(i);
		assert_int_equal(wr_parked_create(&other), WR_ENOMEM);
		assert_true(faults_end());
		assert_null(other);
	}
}

static struct wr_envelope envelope(void)
{
	struct wr_envelope e = {
	    .fields = UINT32_C(1) << WR_FIELD_ORIGIN_TOPIC | UINT32_C(1) << WR_FIELD_ORIGIN_OFFSET |
		      UINT32_C(1) << WR_FIELD_ORIGIN_PARTITION | UINT32_C(1) << WR_FIELD_ORDER,
	    .origin_topic = {"in", 2},
	    .origin_partition = 3,
	    .origin_offset = 5,
	};

	return e;
}

static void a_record_counts_in_the_partition_that_it_came_from(void **state)
{
	struct wr_envelope e = envelope();

	(void)state;
	assert_true(wr_parked_counts(&e, wr_bytes_of("k"), "in", 3));
	assert_true(wr_parked_counts(&e, wr_bytes_of(""), "in", 3));
	assert_false(wr_parked_counts(&e, wr_bytes(NULL, 0), "in", 3));
	assert_false(wr_parked_counts(&e, wr_bytes_of("k"), "in", 2));
	assert_false(wr_parked_counts(&e, wr_bytes_of("k"), "other", 3));
	assert_false(wr_parked_counts(&e, wr_bytes_of("k"), NULL, 3));
}

static void what_is_not_to_be_kept_in_order_does_not_count(void **state)
{
	struct wr_envelope e = envelope();

	(void)state;
	e.fields |= UINT32_C(1) << WR_FIELD_REPLAY;
	assert_false(wr_parked_counts(&e, wr_bytes_of("k"), "in", 3));
	e = envelope();
	e.fields &= ~(UINT32_C(1) << WR_FIELD_ORDER);
	assert_false(wr_parked_counts(&e, wr_bytes_of("k"), "in", 3));
	e = envelope();
	e.fields &= ~(UINT32_C(1) << WR_FIELD_ORIGIN_OFFSET);
	assert_false(wr_parked_counts(&e, wr_bytes_of("k"), "in", 3));
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(nothing_waits_while_nothing_is_parked),
	    RULE(a_later_event_of_a_parked_key_goes_where_it_lies),
	    RULE(an_older_event_and_the_same_one_run),
	    RULE(the_nearest_older_one_says_where),
	    RULE(a_key_is_free_when_all_of_it_has_come),
	    RULE(a_line_follows_its_head_through_the_tiers),
	    RULE(a_record_that_never_came_is_forgotten_with_the_next),
	    RULE(one_that_is_not_known_changes_nothing),
	    RULE(each_record_counts_however_often_an_offset_is_there),
	    RULE(offsets_that_do_not_rise_are_compared_all),
	    RULE(they_lie_as_they_are_appended_not_as_they_are_decided_on),
	    RULE(what_is_not_appended_after_all_is_undone),
	    RULE(the_oldest_is_the_key_that_was_parked_first),
	    RULE(a_long_line_is_kept_in_order),
	    RULE(many_keys_come_and_go),
	    RULE(without_memory_nothing_is_half_known),
	    RULE(a_record_counts_in_the_partition_that_it_came_from),
	    RULE(what_is_not_to_be_kept_in_order_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
