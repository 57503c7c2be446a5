#include "tests/unit.h"

#include "conf/nearest.h"

static size_t distance(const char *a, const char *b)
{
	return wr_edit_distance(wr_bytes_of(a), wr_bytes_of(b));
}

static void the_distance_counts_edits(void **state)
{
	(void)state;
	assert_int_equal(distance("", ""), 0);
	assert_int_equal(distance("linger", "linger"), 0);
	assert_int_equal(distance("linger", "LINGER"), 0);
	assert_int_equal(distance("linger", "lnger"), 1);
	assert_int_equal(distance("linger", "lingger"), 1);
	assert_int_equal(distance("linger", "linter"), 1);
	assert_int_equal(distance("linger", "lingre"), 1);
	assert_int_equal(distance("", "abc"), 3);
	assert_int_equal(distance("abc", ""), 3);
	assert_int_equal(distance("kitten", "sitting"), 3);
}

static void words_that_are_too_long_are_not_measured(void **state)
{
	char word[65];

	(void)state;
	memset(word, 'a', sizeof(word));
	assert_true(wr_edit_distance(wr_bytes(word, 64), wr_bytes(word, 64)) == 0);
	assert_true(wr_edit_distance(wr_bytes(word, 65), wr_bytes(word, 1)) == SIZE_MAX);
	assert_true(wr_edit_distance(wr_bytes(word, 1), wr_bytes(word, 65)) == SIZE_MAX);
}

static const char *nearest_of(const char *word, const char *const *candidates, size_t count)
{
	struct wr_nearest nearest;
	size_t i;

	wr_nearest_init(&nearest, wr_bytes_of(word));
	for (i = 0; i < count; i++)
		wr_nearest_try(&nearest, candidates[i]);
	return nearest.best;
}

static void the_nearest_word_is_suggested_and_only_when_it_is_near(void **state)
{
	static const char *const words[] = {"max_bytes", "max_events", "linger", "in_flight"};

	(void)state;
	assert_string_equal(nearest_of("max_event", words, 4), "max_events");
	assert_string_equal(nearest_of("max_byte", words, 4), "max_bytes");
	assert_string_equal(nearest_of("lingr", words, 4), "linger");
	assert_string_equal(nearest_of("inflight", words, 4), "in_flight");
	assert_null(nearest_of("topics", words, 4));
	assert_null(nearest_of("", words, 4));
	assert_null(nearest_of("linger", words, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_distance_counts_edits),
	    cmocka_unit_test(words_that_are_too_long_are_not_measured),
	    cmocka_unit_test(the_nearest_word_is_suggested_and_only_when_it_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
