/* The optional capabilities of plugins, through the author's harness, in C++ and where they are not there. */
#include "config.h"

#include "tests/unit.h"
#include "weir/test.h"

static char error[1024];

static struct weir_test *open_plugin(const char *file, const char *config)
{
	const struct weir_test_options options = {.config_json = config};
	struct weir_test *test = weir_test_open(file, &options, error, sizeof(error));

	if (test == NULL)
		fail_msg("%s", error);
	return test;
}

static enum weir_verdict handle(struct weir_test *test, const char *id)
{
	enum weir_verdict verdict;

	weir_test_add(test, id, "k", "{}");
	weir_test_run(test);
	verdict = weir_test_verdict(test, 0);
	weir_test_reset(test);
	return verdict;
}

static void a_class_hands_over_what_it_knows(void **state)
{
	struct weir_test *a = open_plugin(ABI_DIR "/remembers.so", NULL);
	struct weir_test *b = open_plugin(ABI_DIR "/remembers.so", NULL), *next;
	struct weir_test_state *saved;

	(void)state;
	assert_int_equal(handle(a, "1"), WEIR_OK);
	assert_int_equal(handle(b, "2"), WEIR_OK);
	saved = weir_test_save(a, NULL, error, sizeof(error));
	saved = weir_test_save(b, saved, error, sizeof(error));
	weir_test_close(a);
	weir_test_close(b);
	next = open_plugin(ABI_DIR "/remembers.so", NULL);
	assert_true(weir_test_load(next, saved, error, sizeof(error)));
	assert_int_equal(handle(next, "1"), WEIR_DROP);
	assert_int_equal(handle(next, "2"), WEIR_DROP);
	assert_int_equal(handle(next, "3"), WEIR_OK);
	weir_test_state_set_version(saved, 4);
	assert_false(weir_test_load(next, saved, error, sizeof(error)));
	assert_non_null(strstr(error, "another version"));
	weir_test_state_free(saved);
	weir_test_close(next);
}

static void what_a_class_throws_is_the_reason(void **state)
{
	struct weir_test *test = open_plugin(ABI_DIR "/remembers.so", "{\"fails\": true}");

	(void)state;
	assert_null(weir_test_save(test, NULL, error, sizeof(error)));
	assert_non_null(strstr(error, "it will not be saved"));
	assert_false(weir_test_selftest(test, error, sizeof(error)));
	assert_non_null(strstr(error, "failed its own test: it fails"));
	assert_false(weir_test_activate(test, error, sizeof(error)));
	assert_non_null(strstr(error, "no std::exception"));
	weir_test_close(test);
}

static void a_class_is_activated_and_deactivated_by_turns(void **state)
{
	struct weir_test *test = open_plugin(ABI_DIR "/remembers.so", NULL);

	(void)state;
	assert_true(weir_test_selftest(test, error, sizeof(error)));
	assert_true(weir_test_activate(test, error, sizeof(error)));
	weir_test_deactivate(test);
	assert_true(weir_test_activate(test, error, sizeof(error)));
	weir_test_close(test);
}

static void without_extensions_there_is_nothing_to_do(void **state)
{
	struct weir_test *test = open_plugin(PLUGINS_DIR "/passthrough.so", NULL);

	(void)state;
	assert_true(weir_test_selftest(test, error, sizeof(error)));
	assert_true(weir_test_activate(test, error, sizeof(error)));
	weir_test_deactivate(test);
	assert_null(weir_test_save(test, NULL, error, sizeof(error)));
	assert_non_null(strstr(error, "no weir.state/1"));
	weir_test_close(test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_class_hands_over_what_it_knows),
	    cmocka_unit_test(what_a_class_throws_is_the_reason),
	    cmocka_unit_test(a_class_is_activated_and_deactivated_by_turns),
	    cmocka_unit_test(without_extensions_there_is_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
