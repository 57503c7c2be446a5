#include "config.h"

#include "base/utf8.h"
#include "tests/unit.h"

static size_t length_of(const char *bytes, size_t size)
{
	return wr_utf8_length((const unsigned char *)bytes, size);
}

static void well_formed_sequences_have_their_length(void **state)
{
	(void)state;
	assert_int_equal(length_of("a", 1), 1);
	assert_int_equal(length_of("\0", 1), 1);
	assert_int_equal(length_of("\xc2\x80", 2), 2);
	assert_int_equal(length_of("\xe0\xa0\x80", 3), 3);
	assert_int_equal(length_of("\xed\x9f\xbf", 3), 3);
	assert_int_equal(length_of("\xee\x80\x80", 3), 3);
	assert_int_equal(length_of("\xf0\x90\x80\x80", 4), 4);
	assert_int_equal(length_of("\xf4\x8f\xbf\xbf", 4), 4);
}

static void ill_formed_sequences_have_none(void **state)
{
	static const char *const bad[] = {"\x80",             /* a continuation alone */
					  "\xc0\x80",         /* overlong */
					  "\xc1\xbf",         /* overlong */
					  "\xe0\x9f\xbf",     /* overlong */
					  "\xf0\x8f\xbf\xbf", /* overlong */
					  "\xed\xa0\x80",     /* surrogate */
					  "\xf4\x90\x80\x80", /* over U+10FFFF */
					  "\xf5\x80\x80\x80",
					  "\xff",
					  "\xc2"
					  "a",
					  "\xe2\x82"
					  "a",
					  "\xf0\x9f\x98"
					  "a"};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(bad); i++) {
		assert_int_equal(length_of(bad[i], strlen(bad[i])), 0);
		assert_false(wr_utf8_valid(wr_bytes_of(bad[i])));
	}
}

static void a_sequence_cut_short_is_ill_formed(void **state)
{
	(void)state;
	assert_int_equal(length_of("\xc2\x80", 1), 0);
	assert_int_equal(length_of("\xe2\x82\xac", 2), 0);
	assert_int_equal(length_of("\xf0\x9f\x98\x80", 3), 0);
}

static void validity_is_of_the_whole_text(void **state)
{
	(void)state;
	assert_true(wr_utf8_valid(wr_bytes(NULL, 0)));
	assert_true(wr_utf8_valid(wr_bytes_of("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80")));
	assert_false(wr_utf8_valid(wr_bytes_of("fine until here \xff")));
}

static void a_cut_never_splits_a_character(void **state)
{
	struct wr_bytes text = wr_bytes_of("a\xe2\x82\xac"
					   "b");
	static const size_t expected[] = {0, 1, 1, 1, 4, 5, 5};
	size_t max;

	(void)state;
	for (max = 0; max < UNIT_COUNT_OF(expected); max++)
		assert_int_equal(wr_utf8_cut(text, max), expected[max]);
	assert_int_equal(wr_utf8_cut(wr_bytes_of("\x80\x80\x80\x80\x80\x80"), 5), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(well_formed_sequences_have_their_length),
	    cmocka_unit_test(ill_formed_sequences_have_none),
	    cmocka_unit_test(a_sequence_cut_short_is_ill_formed),
	    cmocka_unit_test(validity_is_of_the_whole_text),
	    cmocka_unit_test(a_cut_never_splits_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
