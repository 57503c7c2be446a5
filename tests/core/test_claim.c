#include "config.h"

#include "core/claim.h"

#include "port/claim_store.h"
#include "tests/faults.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>

static struct wr_arena arena;

static int set_up(void **state)
{
	(void)state;
	wr_arena_init(&arena, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wr_arena_fini(&arena);
	return 0;
}

static struct wr_bytes value_of(uint32_t incarnation, const char *topic, int32_t partition,
				int64_t offset)
{
	struct wr_claim_prefix prefix;

	wr_claim_prefix_init(&prefix, incarnation, topic, partition);
	return wr_claim_value(&prefix, offset, &arena);
}

static enum wr_claim_decision decide_between(struct wr_bytes own, struct wr_bytes found)
{
	struct wr_owner owner;

	return wr_claim_decide(own, found, wr_bytes(NULL, 0), &owner);
}

static void expect_text(struct wr_bytes value, const char *expected)
{
	assert_non_null(value.data);
	assert_int_equal(value.size, strlen(expected));
	assert_memory_equal(value.data, expected, value.size);
}

static void a_value_names_incarnation_topic_partition_and_offset(void **state)
{
	(void)state;
	expect_text(value_of(0, "events", 0, 0), "C|0/events/0/0");
	expect_text(value_of(3, "a.b_c-D9", 12, 9), "C|3/a.b_c-D9/12/9");
	expect_text(value_of(3, "e", 12, 10), "C|3/e/12/10");
	expect_text(value_of(3, "e", 12, 1234567890123), "C|3/e/12/1234567890123");
}

static void every_number_of_digits_of_an_offset_is_written(void **state)
{
	char expected[64];

	(void)state;
	for (int64_t power = 1; power > 0 && power <= INT64_MAX / 10; power *= 10) {
		for (int64_t offset = power - 1; offset <= power + 1; offset++) {
			snprintf(expected, sizeof(expected), "C|1/t/2/%lld", (long long)offset);
			expect_text(value_of(1, "t", 2, offset), expected);
		}
	}
}

static void the_longest_value_is_whole_and_fits_the_store(void **state)
{
	char topic[250], expected[512];
	struct wr_bytes value;

	(void)state;
	memset(topic, 'x', 249);
	topic[249] = '\0';
	value = value_of(UINT32_MAX, topic, INT32_MAX, INT64_MAX);
	snprintf(expected, sizeof(expected), "C|4294967295/%s/2147483647/9223372036854775807",
		 topic);
	expect_text(value, expected);
	assert_true(value.size <= WR_CLAIM_VALUE_BYTES);
	assert_int_equal(decide_between(value_of(0, "t", 0, 0), value), WR_CLAIM_ASK);
	value = value_of(0, topic, 0, 0);
	topic[248] = '\0';
	assert_int_equal(decide_between(value_of(0, topic, 0, 0), value), WR_CLAIM_ASK);
}

static void a_prefix_serves_all_offsets_of_its_partition(void **state)
{
	struct wr_claim_prefix prefix;

	(void)state;
	wr_claim_prefix_init(&prefix, 7, "t", 5);
	for (int i = 0; i < 3; i++) {
		expect_text(wr_claim_value(&prefix, 1, &arena), "C|7/t/5/1");
		expect_text(wr_claim_value(&prefix, 20, &arena), "C|7/t/5/20");
	}
}

static void without_memory_there_is_no_value(void **state)
{
	struct wr_bytes value;

	(void)state;
	faults_begin(0);
	value = value_of(1, "t", 1, 1);
	assert_true(faults_end());
	assert_null(value.data);
	faults_begin(0);
	value = wr_claim_value_inherited(wr_bytes_of("1/t/1/1"), &arena);
	assert_true(faults_end());
	assert_null(value.data);
	faults_begin(0);
	value = wr_claim_failed(wr_bytes_of("C|1/t/1/1"), &arena);
	assert_true(faults_end());
	assert_null(value.data);
}

static void the_owner_is_what_follows_the_state(void **state)
{
	(void)state;
	expect_text(wr_claim_owner(value_of(1, "t", 2, 3)), "1/t/2/3");
}

static struct wr_owner asked_for;

static enum wr_claim_decision decide(const char *found)
{
	return wr_claim_decide(value_of(1, "t", 2, 3), wr_bytes_of(found), wr_bytes(NULL, 0),
			       &asked_for);
}

/* A replay record at 1/r/0/9 of the dead letter that 1/t/2/3 left. */
static enum wr_claim_decision replay(const char *found)
{
	return wr_claim_decide(value_of(1, "r", 0, 9), wr_bytes_of(found), wr_bytes_of("1/t/2/3"),
			       &asked_for);
}

static void nothing_found_is_ours_to_process(void **state)
{
	(void)state;
	assert_int_equal(decide(NULL), WR_CLAIM_PROCESS);
	assert_int_equal(replay(NULL), WR_CLAIM_PROCESS);
}

static void the_own_claim_is_a_redelivery_to_process(void **state)
{
	(void)state;
	assert_int_equal(decide("C|1/t/2/3"), WR_CLAIM_PROCESS);
	assert_int_equal(decide("C|1/t/2/3|00000000000000ff"), WR_CLAIM_PROCESS);
	assert_int_equal(replay("C|1/r/0/9"), WR_CLAIM_PROCESS);
}

static void the_own_dead_letter_is_skipped(void **state)
{
	(void)state;
	assert_int_equal(decide("F|1/t/2/3"), WR_CLAIM_DEAD);
	assert_int_equal(decide("F|1/t/2/3|00000000000000ff"), WR_CLAIM_DEAD);
	assert_int_equal(replay("F|1/r/0/9"), WR_CLAIM_DEAD);
}

/* Duplicate or take over: that depends on what became of the owner. */
static void any_other_owner_is_asked_for(void **state)
{
	static const char *const others[] = {
	    "C|0/t/2/3",  "C|1/u/2/3",  "C|1/t/1/3",  "C|1/t/2/4",          "C|1/t/2/33",
	    "C|1/t/22/3", "C|11/t/2/3", "C|1/tt/2/3", "C|1/T/2/3",          "C|0/a.b-c_D0/0/0",
	    "C|1/t/2/0",  "C|1/./2/3",  "C|1/0/2/3",  "C|4294967295/t/2/3", "C|1/t/2147483647/3",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(others); i++) {
		assert_int_equal(decide(others[i]), WR_CLAIM_ASK);
		assert_int_equal(replay(others[i]), WR_CLAIM_ASK);
	}
	assert_int_equal(decide("C|7/events-2/12/345|00000000000000ff"), WR_CLAIM_ASK);
	assert_int_equal(asked_for.incarnation, 7);
	expect_text(asked_for.topic, "events-2");
	assert_int_equal(asked_for.partition, 12);
	assert_int_equal(asked_for.offset, 345);
}

static void a_resubmission_takes_over_from_a_dead_letter(void **state)
{
	(void)state;
	assert_int_equal(decide("F|1/t/2/4"), WR_CLAIM_TAKE_OVER);
	assert_int_equal(decide("F|0/u/0/0|0123456789abcdef"), WR_CLAIM_TAKE_OVER);
}

static void a_replay_takes_over_from_the_owner_it_knows(void **state)
{
	(void)state;
	assert_int_equal(replay("F|1/t/2/3"), WR_CLAIM_TAKE_OVER);
	assert_int_equal(replay("C|1/t/2/3"), WR_CLAIM_TAKE_OVER);
	assert_int_equal(replay("C|1/t/2/3|00000000000000ff"), WR_CLAIM_TAKE_OVER);
}

static void a_replay_that_comes_after_another_loses(void **state)
{
	(void)state;
	assert_int_equal(replay("F|1/r/0/8"), WR_CLAIM_REPLAY_LOSER);
	assert_int_equal(replay("F|1/t/2/33"), WR_CLAIM_REPLAY_LOSER);
}

/* Neither lost nor repeated: a person decides. */
static void whatever_is_malformed_is_no_claim(void **state)
{
	static const char *const malformed[] = {
	    "",
	    "C",
	    "C|",
	    "C|1",
	    "C|1/",
	    "C|1/t",
	    "C|1/t/",
	    "C|1/t/2",
	    "C|1/t/2/",
	    "C|/t/2/3",
	    "C|1//2/3",
	    "C|1/t//3",
	    "C|1/t/2/x",
	    "C|1/t/2/3x",
	    "C|1/t/2/3/",
	    "C|1/t/2/3/4",
	    "C|1/t/2/-3",
	    "C|1/t/-2/3",
	    "C|-1/t/2/3",
	    "C|+1/t/2/3",
	    "C|1/t/2/03",
	    "C|01/t/2/3",
	    "C|4294967296/t/2/3",
	    "C|99999999999999999999999/t/2/3",
	    "C|1/t/2147483648/3",
	    "C|1/t/2/9223372036854775808",
	    "C|1/t/2/18446744073709551616",
	    "C|1/t u/2/3",
	    "C|1/t/2/3 ",
	    " C|1/t/2/3",
	    "c|1/t/2/3",
	    "C:1/t/2/3",
	    "D|1/t/2/3",
	    "C|1/t\xc3\xbc/2/3",
	    "C|1/t/2 /3",
	    "C|1/t/2/3\n",
	    "C|x/t/2/3",
	    "CC|1/t/2/3",
	    "C||1/t/2/3",
	    "C|1/t/2/3|",
	    "C|1/t/2/3|hash",
	    "C|1/t/2/3|0123456789abcde",
	    "C|1/t/2/3|0123456789abcdef0",
	    "C|1/t/2/3|0123456789ABCDEF",
	    "C|1/t/2/3|0123456789abcdef|",
	    "F|",
	    "F|1/t/2/",
	    "|1/t/2/3",
	    "1/t/2/3",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(malformed); i++) {
		assert_int_equal(decide(malformed[i]), WR_CLAIM_NOT_A_CLAIM);
		assert_int_equal(replay(malformed[i]), WR_CLAIM_NOT_A_CLAIM);
	}
}

static void a_topic_that_is_too_long_is_no_claim(void **state)
{
	char found[300] = "C|1/";

	(void)state;
	memset(found + 4, 'x', 250);
	strcpy(found + 254, "/2/3");
	assert_int_equal(decide(found), WR_CLAIM_NOT_A_CLAIM);
}

static void a_nul_inside_is_no_claim(void **state)
{
	static const char found[] = "C|1/t/2/3\0";

	(void)state;
	assert_int_equal(decide_between(value_of(9, "t", 2, 3), wr_bytes(found, 10)),
			 WR_CLAIM_NOT_A_CLAIM);
	assert_int_equal(decide_between(value_of(9, "t", 2, 3), wr_bytes(found, 9)), WR_CLAIM_ASK);
}

/* Cut anywhere, it is not taken for another's: the sanitizers watch the end. */
static void every_cut_of_a_claim_is_read_within_its_bounds(void **state)
{
	static const char whole[] = "C|1/t/22/33";
	struct wr_bytes own = value_of(9, "t", 2, 3);

	(void)state;
	for (size_t size = 0; size < sizeof(whole); size++) {
		char *found = malloc(size > 0 ? size : 1);
		enum wr_claim_decision expected =
		    size >= 10 && size <= 11 ? WR_CLAIM_ASK : WR_CLAIM_NOT_A_CLAIM;

		assert_non_null(found);
		memcpy(found, whole, size);
		assert_int_equal(decide_between(own, wr_bytes(found, size)), expected);
		free(found);
	}
}

/* Any one byte changed: a claim by its grammar, or none; never ours. */
static void one_byte_changed_never_makes_it_ours(void **state)
{
	static const char whole[] = "C|1/t/2/3";
	struct wr_bytes own = value_of(1, "t", 2, 3);
	char found[sizeof(whole)];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(whole); i++) {
		for (int byte = 0; byte < 256; byte++) {
			memcpy(found, whole, sizeof(whole));
			found[i] = (char)byte;
			if (found[i] == whole[i])
				continue;
			assert_int_not_equal(
			    decide_between(own, wr_bytes(found, sizeof(whole) - 1)),
			    WR_CLAIM_PROCESS);
		}
	}
}

static const struct wr_mark kept = {
    .incarnation = 2,
    .start = 10,
    .next = 20,
    .abandoned = {{1, 5, WR_MARK_OPEN}, {2, 5, 10}},
    .abandoned_count = 2,
};

static enum wr_claim_decision step_two(uint32_t incarnation, int64_t offset,
				       const struct wr_mark *mark, bool fresh)
{
	struct wr_owner owner = {wr_bytes_of("t"), 0, incarnation, offset};
	enum wr_claim_decision decision = wr_claim_decide_owner(&owner, mark, fresh, false);
	enum wr_claim_decision of_replay = wr_claim_decide_owner(&owner, mark, fresh, true);

	if (decision == WR_CLAIM_DUPLICATE)
		assert_int_equal(of_replay, WR_CLAIM_REPLAY_LOSER);
	else
		assert_int_equal(of_replay, decision);
	return decision;
}

static void an_owner_that_can_come_again_makes_a_duplicate(void **state)
{
	(void)state;
	for (int fresh = 0; fresh < 2; fresh++) {
		assert_int_equal(step_two(2, 15, &kept, fresh), WR_CLAIM_DUPLICATE);
		assert_int_equal(step_two(2, 20, &kept, fresh), WR_CLAIM_DUPLICATE);
		assert_int_equal(step_two(2, 4, &kept, fresh), WR_CLAIM_DUPLICATE);
		assert_int_equal(step_two(1, 4, &kept, fresh), WR_CLAIM_DUPLICATE);
	}
}

static void an_abandoned_owner_is_taken_over_from(void **state)
{
	(void)state;
	for (int fresh = 0; fresh < 2; fresh++) {
		assert_int_equal(step_two(2, 5, &kept, fresh), WR_CLAIM_TAKE_OVER);
		assert_int_equal(step_two(2, 9, &kept, fresh), WR_CLAIM_TAKE_OVER);
		assert_int_equal(step_two(1, 5, &kept, fresh), WR_CLAIM_TAKE_OVER);
		assert_int_equal(step_two(1, INT64_MAX - 1, &kept, fresh), WR_CLAIM_TAKE_OVER);
	}
}

static void what_the_lane_does_not_know_the_store_is_asked_for(void **state)
{
	(void)state;
	assert_int_equal(step_two(2, 15, NULL, false), WR_CLAIM_ASK);
	assert_int_equal(step_two(3, 15, &kept, false), WR_CLAIM_ASK);
}

static void without_any_mark_it_is_a_duplicate(void **state)
{
	(void)state;
	assert_int_equal(step_two(0, 15, NULL, true), WR_CLAIM_DUPLICATE);
}

/* The mark goes before the claims of its incarnation: the store lost it. */
static void an_owner_later_than_the_stored_mark_is_taken_over_from(void **state)
{
	(void)state;
	assert_int_equal(step_two(3, 15, &kept, true), WR_CLAIM_TAKE_OVER);
}

static void a_hashed_value_ends_with_the_payloads_hash(void **state)
{
	struct wr_claim_prefix prefix;

	(void)state;
	wr_claim_prefix_init(&prefix, 1, "t", 2);
	expect_text(wr_claim_value_hashed(&prefix, 3, 0x0123456789abcdef, &arena),
		    "C|1/t/2/3|0123456789abcdef");
	expect_text(wr_claim_value_hashed(&prefix, 30, 0, &arena), "C|1/t/2/30|0000000000000000");
	expect_text(wr_claim_owner(wr_claim_value_hashed(&prefix, 3, 1, &arena)), "1/t/2/3");
}

static void another_hash_tells_of_another_payload(void **state)
{
	struct wr_bytes a = wr_bytes_of("C|1/t/2/3|0000000000000001"),
			b = wr_bytes_of("F|1/t/2/4|0000000000000002"),
			none = wr_bytes_of("C|1/t/2/5");

	(void)state;
	assert_true(wr_claim_payload_differs(a, b));
	assert_false(wr_claim_payload_differs(a, a));
	assert_false(wr_claim_payload_differs(a, none));
	assert_false(wr_claim_payload_differs(none, b));
	assert_false(wr_claim_payload_differs(a, wr_bytes(NULL, 0)));
	assert_false(wr_claim_payload_differs(a, wr_bytes_of("")));
}

static void a_dead_letters_value_keeps_its_owner_and_hash(void **state)
{
	(void)state;
	expect_text(wr_claim_failed(value_of(1, "t", 2, 3), &arena), "F|1/t/2/3");
	expect_text(wr_claim_failed(wr_bytes_of("C|1/t/2/3|0000000000000001"), &arena),
		    "F|1/t/2/3|0000000000000001");
}

static void an_inherited_owner_makes_the_value_it_was_claimed_with(void **state)
{
	struct wr_bytes value = value_of(1, "t", 2, 3);

	(void)state;
	expect_text(wr_claim_value_inherited(wr_claim_owner(value), &arena), "C|1/t/2/3");
}

static void an_inherited_owner_is_checked(void **state)
{
	struct wr_owner owner;

	(void)state;
	assert_true(wr_claim_owner_parse(wr_bytes_of("1/t/2/3"), &owner));
	assert_int_equal(owner.offset, 3);
	assert_false(wr_claim_owner_parse(wr_bytes_of("1/t/2/3|0000000000000001"), &owner));
	assert_false(wr_claim_owner_parse(wr_bytes_of("C|1/t/2/3"), &owner));
	assert_false(wr_claim_owner_parse(wr_bytes_of(""), &owner));
	assert_false(wr_claim_owner_parse(wr_bytes(NULL, 0), &owner));
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_value_names_incarnation_topic_partition_and_offset),
	    RULE(every_number_of_digits_of_an_offset_is_written),
	    RULE(the_longest_value_is_whole_and_fits_the_store),
	    RULE(a_prefix_serves_all_offsets_of_its_partition),
	    RULE(without_memory_there_is_no_value),
	    RULE(the_owner_is_what_follows_the_state),
	    RULE(nothing_found_is_ours_to_process),
	    RULE(the_own_claim_is_a_redelivery_to_process),
	    RULE(the_own_dead_letter_is_skipped),
	    RULE(any_other_owner_is_asked_for),
	    RULE(a_resubmission_takes_over_from_a_dead_letter),
	    RULE(a_replay_takes_over_from_the_owner_it_knows),
	    RULE(a_replay_that_comes_after_another_loses),
	    RULE(whatever_is_malformed_is_no_claim),
	    RULE(a_topic_that_is_too_long_is_no_claim),
	    RULE(a_nul_inside_is_no_claim),
	    RULE(every_cut_of_a_claim_is_read_within_its_bounds),
	    RULE(one_byte_changed_never_makes_it_ours),
	    RULE(an_owner_that_can_come_again_makes_a_duplicate),
	    RULE(an_abandoned_owner_is_taken_over_from),
	    RULE(what_the_lane_does_not_know_the_store_is_asked_for),
	    RULE(without_any_mark_it_is_a_duplicate),
	    RULE(an_owner_later_than_the_stored_mark_is_taken_over_from),
	    RULE(a_hashed_value_ends_with_the_payloads_hash),
	    RULE(another_hash_tells_of_another_payload),
	    RULE(a_dead_letters_value_keeps_its_owner_and_hash),
	    RULE(an_inherited_owner_makes_the_value_it_was_claimed_with),
	    RULE(an_inherited_owner_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
