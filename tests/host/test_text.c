#include "config.h"

#include "host/text.h"
#include "tests/unit.h"

static void cleans_to(const char *text, size_t out_size, const char *expected)
{
	char out[64];

	assert_int_equal(wr_text_clean(out, out_size, text), strlen(expected));
	assert_string_equal(out, expected);
}

static void plain_text_is_kept(void **state)
{
	(void)state;
	cleans_to("", 64, "");
	cleans_to("a b", 64, "a b");
	cleans_to("\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xa9", 64,
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xa9");
}

static void control_characters_become_spaces(void **state)
{
	(void)state;
	cleans_to("a\nb\x1b[0m\x7f", 64, "a b [0m ");
}

static void what_is_not_utf8_becomes_question_marks(void **state)
{
	(void)state;
	cleans_to("\xff\xc3(\xc0\x80\xed\xa0\x80", 64,
		  "?"
		  "?(?"
		  "?"
		  "?"
		  "?"
		  "?");
	cleans_to("\xe2\x82", 64, "??");
}

static void it_is_cut_between_characters(void **state)
{
	(void)state;
	cleans_to("abcdef", 4, "abc");
	cleans_to("ab\xe2\x82\xac", 5, "ab");
	cleans_to("ab\xe2\x82\xac", 6, "ab\xe2\x82\xac");
	cleans_to("abc", 1, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_text_is_kept),
	    cmocka_unit_test(control_characters_become_spaces),
	    cmocka_unit_test(what_is_not_utf8_becomes_question_marks),
	    cmocka_unit_test(it_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
