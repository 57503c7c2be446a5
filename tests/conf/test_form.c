#include "tests/unit.h"

#include "base/rng.h"
#include "conf/schema.h"

#include <regex.h>

static void forms_fit_or_do_not(void **state)
{
	static const struct {
		enum wr_key_form form;
		const char *text;
		bool fits;
	} cases[] = {
	    {WR_FORM_ANY, "any thing", true}, {WR_FORM_NAME, "a", true},
	    {WR_FORM_NAME, "a.b-c_9", true},  {WR_FORM_NAME, "-a", false},
	    {WR_FORM_NAME, "a\n", false},     {WR_FORM_NAME, "", false},
	    {WR_FORM_TOPIC, "a", true},       {WR_FORM_TOPIC, "_", true},
	    {WR_FORM_TOPIC, ".a", true},      {WR_FORM_TOPIC, "..a", true},
	    {WR_FORM_TOPIC, "...", true},     {WR_FORM_TOPIC, ".", false},
	    {WR_FORM_TOPIC, "..", false},     {WR_FORM_TOPIC, "a b", false},
	    {WR_FORM_TOPIC, "^a", false},     {WR_FORM_POINTER, "/a", true},
	    {WR_FORM_POINTER, "/", true},     {WR_FORM_POINTER, "/a~0~1/0", true},
	    {WR_FORM_POINTER, "/a~", false},  {WR_FORM_POINTER, "/a~2", false},
	    {WR_FORM_POINTER, "a", false},    {WR_FORM_POINTER, "", false},
	    {WR_FORM_GROUP, "g:1", true},     {WR_FORM_GROUP, "g 1", false},
	    {WR_FORM_BROKERS, "a:1", true},   {WR_FORM_BROKERS, "a:1,b:2, c:3", true},
	    {WR_FORM_BROKERS, "a:1,", false}, {WR_FORM_TOKEN, "abc~", true},
	    {WR_FORM_TOKEN, "a\x80", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		if (wr_schema_form_fits(cases[i].form, wr_bytes_of(cases[i].text)) != cases[i].fits)
			fail_msg("form %d: \"%s\"", cases[i].form, cases[i].text);
	}
	assert_false(wr_schema_form_fits(WR_FORM_ANY, wr_bytes("a\0b", 3)));
}

static void a_topic_has_249_bytes_at_most(void **state)
{
	char topic[251] = "";

	(void)state;
	memset(topic, 'a', 249);
	assert_true(wr_schema_form_fits(WR_FORM_TOPIC, wr_bytes_of(topic)));
	topic[249] = 'a';
	assert_false(wr_schema_form_fits(WR_FORM_TOPIC, wr_bytes_of(topic)));
}

/* The patterns that editors hold a file to say the same: tried with texts of the bytes that matter. */
static void the_patterns_say_what_the_checks_do(void **state)
{
	static const char bytes[] = "aZ0._-/~1 ,:!|";
	char text[8];
	struct wr_rng rng;
	regex_t regex;
	size_t size, k;
	int form, i;

	(void)state;
	wr_rng_init(&rng, 1);
	for (form = 0; form < WR_FORM_COUNT_; form++) {
		const char *pattern = wr_schema_form((enum wr_key_form)form)->pattern;

		if (pattern == NULL)
			continue;
		assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
		for (i = 0; i < 5000; i++) {
			size = (size_t)wr_rng_upto(&rng, 6);
			for (k = 0; k < size; k++)
				text[k] = bytes[wr_rng_upto(&rng, sizeof(bytes) - 2)];
			text[size] = '\0';
			if (wr_schema_form_fits((enum wr_key_form)form, wr_bytes(text, size)) !=
			    (regexec(&regex, text, 0, NULL, 0) == 0))
				fail_msg("form %d: \"%s\"", form, text);
		}
		regfree(&regex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forms_fit_or_do_not),
	    cmocka_unit_test(a_topic_has_249_bytes_at_most),
	    cmocka_unit_test(the_patterns_say_what_the_checks_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
