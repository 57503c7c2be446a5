#include "config.h"

#include "host/instance.h"
#include "tests/unit.h"

static struct wr_json_cache cache;

static int set_up(void **state)
{
	(void)state;
	cache = (struct wr_json_cache){.reader = NULL};
	return wr_json_reader_create(&cache.reader) == WR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	wr_json_reader_destroy(cache.reader);
	return 0;
}

static struct weir_bytes text(const char *value)
{
	return (struct weir_bytes){value, value != NULL ? strlen(value) : 0};
}

static int64_t integer_at(const char *pointer)
{
	struct wr_json_value value;

	if (wr_json_get(cache.reader, wr_bytes_of(pointer), &value) != WR_JSON_INTEGER)
		return -1;
	return value.integer;
}

static void the_same_bytes_are_parsed_once(void **state)
{
	char value[] = "{\"a\": 1}";

	(void)state;
	assert_int_equal(wr_json_cache_load(&cache, text(value), NULL), WR_OK);
	value[6] = '2'; /* unseen: nothing is parsed again */
	assert_int_equal(wr_json_cache_load(&cache, text(value), NULL), WR_OK);
	assert_int_equal(integer_at("/a"), 1);
}

static void what_is_forgotten_is_parsed_again(void **state)
{
	char value[] = "{\"a\": 1}";

	(void)state;
	assert_int_equal(wr_json_cache_load(&cache, text(value), NULL), WR_OK);
	value[6] = '2';
	wr_json_cache_forget(&cache);
	assert_int_equal(wr_json_cache_load(&cache, text(value), NULL), WR_OK);
	assert_int_equal(integer_at("/a"), 2);
}

static void another_value_takes_its_place(void **state)
{
	(void)state;
	assert_int_equal(wr_json_cache_load(&cache, text("{\"a\": 1}"), NULL), WR_OK);
	assert_int_equal(wr_json_cache_load(&cache, text("{\"a\": 22}"), NULL), WR_OK);
	assert_int_equal(integer_at("/a"), 22);
}

static void what_is_no_json_stays_so_and_says_why_each_time(void **state)
{
	const char *value = "{\"a\": ";
	struct wr_err err = {.text = ""};

	(void)state;
	assert_int_equal(wr_json_cache_load(&cache, text(value), NULL), WR_EINVAL);
	assert_int_equal(wr_json_cache_load(&cache, text(value), NULL), WR_EINVAL);
	assert_int_equal(wr_json_cache_load(&cache, text(value), &err), WR_EINVAL);
	assert_true(strlen(err.text) > 0);
	assert_int_equal(integer_at("/a"), -1);
}

static void a_tombstone_has_no_json(void **state)
{
	struct wr_err err = {.text = ""};

	(void)state;
	assert_int_equal(wr_json_cache_load(&cache, text(NULL), &err), WR_EINVAL);
	assert_string_equal(err.text, "there is no value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_same_bytes_are_parsed_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_forgotten_is_parsed_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(another_value_takes_its_place, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_no_json_stays_so_and_says_why_each_time, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(a_tombstone_has_no_json, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
