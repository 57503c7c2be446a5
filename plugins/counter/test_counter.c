#include "config.h"

#include "tests/unit.h"
#include "weir/test.h"

#include <stdio.h>

static char error[1024];

static struct weir_test *open_one(uint32_t slot, uint32_t slots)
{
	const struct weir_test_options options = {.slot = slot, .slot_count = slots};
	struct weir_test *test =
	    weir_test_open(PLUGINS_DIR "/counter.so", &options, error, sizeof(error));

	if (test == NULL)
		fail_msg("%s", error);
	return test;
}

static void send(struct weir_test *test, const char *key, int times, const char *last)
{
	struct weir_bytes count;

	for (int i = 0; i < times; i++)
		weir_test_add(test, "id", key, "{}");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, (size_t)times - 1), WEIR_OK);
	count = weir_test_header(test, (size_t)times - 1, "count");
	assert_int_equal(count.size, strlen(last));
	assert_memory_equal(count.data, last, count.size);
	weir_test_reset(test);
}

static void events_are_counted_by_key(void **state)
{
	struct weir_test *test = open_one(0, 1);

	(void)state;
	send(test, "a", 3, "3");
	send(test, "b", 1, "1");
	send(test, NULL, 2, "2");
	send(test, "", 1, "1"); /* an empty key is a key */
	send(test, "a", 1, "4");
	weir_test_close(test);
}

static void many_keys_are_no_trouble(void **state)
{
	struct weir_test *test = open_one(0, 1);
	char key[16];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "%d", i % 1000);
		send(test, key, 1, i < 1000 ? "1" : "2");
	}
	assert_non_null(strstr(weir_test_metrics(test), "counter_keys"));
	weir_test_close(test);
}

static void the_header_can_be_named(void **state)
{
	const struct weir_test_options options = {.config_json = "{\"header\": \"seen\"}"};
	struct weir_test *test =
	    weir_test_open(PLUGINS_DIR "/counter.so", &options, error, sizeof(error));

	(void)state;
	weir_test_add(test, "id", "a", "{}");
	weir_test_run(test);
	assert_int_equal(weir_test_header(test, 0, "seen").size, 1);
	weir_test_close(test);
}

/* Two lanes become three, and those become one. */
static void counts_are_carried_over_whatever_the_number_of_lanes(void **state)
{
	struct weir_test *two[2] = {open_one(0, 2), open_one(1, 2)}, *three[3], *one;
	struct weir_test_state *saved = NULL;

	(void)state;
	send(two[0], "a", 3, "3");
	send(two[1], "b", 5, "5");
	send(two[1], "a", 1, "1"); /* its partition has moved */
	for (int i = 0; i < 2; i++) {
		saved = weir_test_save(two[i], saved, error, sizeof(error));
		assert_non_null(saved);
		weir_test_close(two[i]);
	}
	for (uint32_t i = 0; i < 3; i++) {
		three[i] = open_one(i, 3);
		assert_true(weir_test_load(three[i], saved, error, sizeof(error)));
	}
	weir_test_state_free(saved);
	send(three[2], "a", 1, "5");
	send(three[0], "b", 2, "7");
	saved = NULL;
	for (int i = 0; i < 3; i++) {
		saved = weir_test_save(three[i], saved, error, sizeof(error));
		weir_test_close(three[i]);
	}
	one = open_one(0, 1);
	assert_true(weir_test_load(one, saved, error, sizeof(error)));
	weir_test_state_free(saved);
	send(one, "a", 1, "6");
	send(one, "b", 1, "8");
	send(one, "c", 1, "1");
	weir_test_close(one);
}

static void counts_of_another_version_are_refused(void **state)
{
	struct weir_test *test = open_one(0, 1);
	struct weir_test_state *saved;

	(void)state;
	send(test, "a", 1, "1");
	saved = weir_test_save(test, NULL, error, sizeof(error));
	weir_test_state_set_version(saved, 2);
	assert_false(weir_test_load(test, saved, error, sizeof(error)));
	assert_non_null(strstr(error, "another version"));
	weir_test_state_free(saved);
	weir_test_close(test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_are_counted_by_key),
	    cmocka_unit_test(many_keys_are_no_trouble),
	    cmocka_unit_test(the_header_can_be_named),
	    cmocka_unit_test(counts_are_carried_over_whatever_the_number_of_lanes),
	    cmocka_unit_test(counts_of_another_version_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
