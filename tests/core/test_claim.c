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
	assert_int_equal(wr_claim_decide(value_of(0, "t", 0, 0), value), WR_CLAIM_DUPLICATE);
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
}

static void the_owner_is_what_follows_the_state(void **state)
{
	(void)state;
	expect_text(wr_claim_owner(value_of(1, "t", 2, 3)), "1/t/2/3");
}

static enum wr_claim_decision decide(const char *found)
{
	return wr_claim_decide(value_of(1, "t", 2, 3), wr_bytes_of(found));
}

static void nothing_found_is_ours_to_process(void **state)
{
	(void)state;
	assert_int_equal(decide(NULL), WR_CLAIM_PROCESS);
}

static void the_own_claim_is_a_redelivery_to_process(void **state)
{
	(void)state;
	assert_int_equal(decide("C|1/t/2/3"), WR_CLAIM_PROCESS);
}

static void any_other_owner_makes_a_duplicate(void **state)
{
	static const char *const others[] = {
	    "C|0/t/2/3",  "C|1/u/2/3",  "C|1/t/1/3",  "C|1/t/2/4",           "C|1/t/2/33",
	    "C|1/t/22/3", "C|11/t/2/3", "C|1/tt/2/3", "C|1/T/2/3",           "C|0/a.b-c_D0/0/0",
	    "C|1/t/2/0",  "C|1/./2/3",  "C|1/t/2/03", "C|99999999999/t/2/3", "C|1/0/2/3",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(others); i++)
		assert_int_equal(decide(others[i]), WR_CLAIM_DUPLICATE);
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
	    "C|1/t u/2/3",
	    "C|1/t/2/3 ",
	    " C|1/t/2/3",
	    "c|1/t/2/3",
	    "C:1/t/2/3",
	    "D|1/t/2/3",
	    "F|1/t/2/3",
	    "C|1/t\xc3\xbc/2/3",
	    "C|1/t/2 /3",
	    "C|1/t/2/3\n",
	    "C|x/t/2/3",
	    "CC|1/t/2/3",
	    "C||1/t/2/3",
	    "C|1/t/2/3|hash",
	    "|1/t/2/3",
	    "1/t/2/3",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(malformed); i++)
		assert_int_equal(decide(malformed[i]), WR_CLAIM_NOT_A_CLAIM);
}

static void a_nul_inside_is_no_claim(void **state)
{
	static const char found[] = "C|1/t/2/3\0";

	(void)state;
	assert_int_equal(wr_claim_decide(value_of(9, "t", 2, 3), wr_bytes(found, 10)),
			 WR_CLAIM_NOT_A_CLAIM);
	assert_int_equal(wr_claim_decide(value_of(9, "t", 2, 3), wr_bytes(found, 9)),
			 WR_CLAIM_DUPLICATE);
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
		    size >= 10 && size <= 11 ? WR_CLAIM_DUPLICATE : WR_CLAIM_NOT_A_CLAIM;

		assert_non_null(found);
		memcpy(found, whole, size);
		assert_int_equal(wr_claim_decide(own, wr_bytes(found, size)), expected);
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
			    wr_claim_decide(own, wr_bytes(found, sizeof(whole) - 1)),
			    WR_CLAIM_PROCESS);
		}
	}
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
	    RULE(any_other_owner_makes_a_duplicate),
	    RULE(whatever_is_malformed_is_no_claim),
	    RULE(a_nul_inside_is_no_claim),
	    RULE(every_cut_of_a_claim_is_read_within_its_bounds),
	    RULE(one_byte_changed_never_makes_it_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
