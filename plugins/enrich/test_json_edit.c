#include "config.h"

#include "plugins/enrich/json_edit.h"
#include "tests/unit.h"

#include <stdlib.h>

/* The result of setting `value` there, or of why not. */
static void sets_to(const char *json, const char *at, const char *value, enum edit expected_rc,
		    const char *expected)
{
	struct pointer pointer;
	struct text out = {NULL, 0, 0};
	enum edit rc;

	assert_true(pointer_init(&pointer, at, strlen(at)));
	rc = edit_set(json, strlen(json), &pointer, value, strlen(value), true, &out);
	assert_int_equal(rc, expected_rc);
	if (rc == EDIT_OK) {
		assert_true(text_add(&out, "", 1));
		assert_string_equal(out.data, expected);
	}
	text_fini(&out);
	pointer_fini(&pointer);
}

static void finds(const char *json, const char *at, const char *expected)
{
	struct pointer pointer;
	const char *value;
	size_t size;

	assert_true(pointer_init(&pointer, at, strlen(at)));
	assert_int_equal(edit_find(json, strlen(json), &pointer, &value, &size),
			 expected != NULL ? EDIT_OK : EDIT_MISSING);
	if (expected != NULL) {
		assert_int_equal(size, strlen(expected));
		assert_memory_equal(value, expected, size);
	}
	pointer_fini(&pointer);
}

static void what_is_there_is_replaced_and_all_else_stays(void **state)
{
	static const char json[] = "{ \"big\" : 12345678901234567890.000 ,\n\t\"a\":[1e400, -0, "
				   "{\"x\" : \"\\u00e4\\/\"}]\r\n, \"z\":1 }\n";

	(void)state;
	sets_to(json, "/z", "2", EDIT_OK,
		"{ \"big\" : 12345678901234567890.000 ,\n\t\"a\":[1e400, -0, {\"x\" : "
		"\"\\u00e4\\/\"}]\r\n, \"z\":2 }\n");
	sets_to(json, "/a/1", "null", EDIT_OK,
		"{ \"big\" : 12345678901234567890.000 ,\n\t\"a\":[1e400, null, {\"x\" : "
		"\"\\u00e4\\/\"}]\r\n, \"z\":1 }\n");
	sets_to(json, "/a/2/x", "{}", EDIT_OK,
		"{ \"big\" : 12345678901234567890.000 ,\n\t\"a\":[1e400, -0, {\"x\" : {}}]\r\n, "
		"\"z\":1 }\n");
	sets_to(json, "", "0", EDIT_OK, "0\n");
}

static void what_is_not_there_is_added_last(void **state)
{
	(void)state;
	sets_to("{}", "/a", "1", EDIT_OK, "{\"a\":1}");
	sets_to("{ }", "/a", "1", EDIT_OK, "{\"a\":1 }");
	sets_to("{\"b\": 2 }", "/a", "1", EDIT_OK, "{\"b\": 2,\"a\":1 }");
	sets_to("{\"b\": [ ]}", "/b/0", "1", EDIT_OK, "{\"b\": [1 ]}");
	sets_to("[1, 2 ]", "/2", "3", EDIT_OK, "[1, 2,3 ]");
	sets_to("[1]", "/-", "3", EDIT_OK, "[1,3]");
	sets_to("[]", "/-", "3", EDIT_OK, "[3]");
	sets_to("{}", "/", "1", EDIT_OK, "{\"\":1}");
	sets_to("{}", "/-", "1", EDIT_OK, "{\"-\":1}");
	sets_to("{}", "/0", "1", EDIT_OK, "{\"0\":1}");
	sets_to("{}", "/a~1b~0\"\\", "1", EDIT_OK, "{\"a/b~\\\"\\\\\":1}");
}

static void missing_objects_on_the_way_are_made(void **state)
{
	struct pointer pointer;
	struct text out = {NULL, 0, 0};

	(void)state;
	sets_to("{}", "/a/b/c", "1", EDIT_OK, "{\"a\":{\"b\":{\"c\":1}}}");
	sets_to("{\"a\":{\"x\":0}}", "/a/b/0", "1", EDIT_OK, "{\"a\":{\"x\":0,\"b\":{\"0\":1}}}");
	sets_to("[]", "/-/a", "1", EDIT_OK, "[{\"a\":1}]");
	assert_true(pointer_init(&pointer, "/a/b", 4));
	assert_int_equal(edit_set("{}", 2, &pointer, "1", 1, false, &out), EDIT_NO_PARENT);
	assert_int_equal(edit_set("{\"a\":{}}", 8, &pointer, "1", 1, false, &out), EDIT_OK);
	pointer_fini(&pointer);
	text_fini(&out);
}

static void what_stands_in_the_way_is_kept(void **state)
{
	(void)state;
	sets_to("{\"a\":1}", "/a/b", "1", EDIT_NO_PARENT, NULL);
	sets_to("{\"a\":null}", "/a/b", "1", EDIT_NO_PARENT, NULL);
	sets_to("[1]", "/2", "1", EDIT_NO_PARENT, NULL);
	sets_to("[1]", "/a", "1", EDIT_NO_PARENT, NULL);
	sets_to("[1]", "/00", "1", EDIT_NO_PARENT, NULL);
	sets_to("5", "/a", "1", EDIT_NO_PARENT, NULL);
}

static void names_are_compared_unescaped(void **state)
{
	(void)state;
	sets_to("{\"\\u0061\\u00E4\\ud83d\\ude00\\n\\/\":1}", "/a\xc3\xa4\xf0\x9f\x98\x80\n~1", "2",
		EDIT_OK, "{\"\\u0061\\u00E4\\ud83d\\ude00\\n\\/\":2}");
	sets_to("{\"a\\u0000b\":1}", "/a", "2", EDIT_OK, "{\"a\\u0000b\":1,\"a\":2}");
	sets_to("{\"ab\":1}", "/a", "2", EDIT_OK, "{\"ab\":1,\"a\":2}");
}

static void a_member_that_is_there_twice_is_not_changed(void **state)
{
	(void)state;
	sets_to("{\"a\":1,\"a\":2}", "/a", "3", EDIT_DOUBLE, NULL);
	sets_to("{\"a\":{},\"b\":1,\"\\u0061\":{}}", "/a/x", "3", EDIT_DOUBLE, NULL);
	sets_to("{\"a\":1,\"b\":2,\"b\":2}", "/a", "3", EDIT_OK, "{\"a\":3,\"b\":2,\"b\":2}");
	finds("{\"a\":1,\"a\":2}", "/a", "1");
}

static void values_are_found_as_they_are_written(void **state)
{
	static const char json[] =
	    " {\"n\": 123456789012345678901234567890.10 , \"o\": {\"a\" : [ 1, \"}]\\\"\" ]}}";

	(void)state;
	finds(json, "/n", "123456789012345678901234567890.10");
	finds(json, "/o", "{\"a\" : [ 1, \"}]\\\"\" ]}");
	finds(json, "/o/a/1", "\"}]\\\"\"");
	finds(json, "/o/a/2", NULL);
	finds(json, "/o/a/-", NULL);
	finds(json, "/n/x", NULL);
	finds(json, "/x", NULL);
}

static void what_is_no_pointer_is_refused(void **state)
{
	struct pointer pointer;

	(void)state;
	assert_false(pointer_init(&pointer, "a", 1));
	assert_false(pointer_init(&pointer, "/a~", 3));
	assert_false(pointer_init(&pointer, "/a~2", 4));
	assert_true(pointer_init(&pointer, "", 0));
	assert_int_equal(pointer.count, 0);
	pointer_fini(&pointer);
	assert_true(pointer_init(&pointer, "/", 1));
	assert_int_equal(pointer.count, 1);
	pointer_fini(&pointer);
	assert_true(pointer_init(&pointer, "/a//b", 5));
	assert_int_equal(pointer.count, 3);
	pointer_fini(&pointer);
}

static void strings_are_escaped(void **state)
{
	struct text out = {NULL, 0, 0};

	(void)state;
	assert_true(text_add_json_string(&out, "a\"\\\n\0\xc3\xa4", 7));
	assert_int_equal(out.size, 21);
	assert_memory_equal(out.data, "\"a\\\"\\\\\\u000a\\u0000\xc3\xa4\"", 21);
	text_fini(&out);
}

/* Text that is no JSON, each in memory of its exact size so that a step too far is seen. */
static void nonsense_is_read_within_its_bounds(void **state)
{
	static const char alphabet[] = "{}[]\",:\\u01ae. -x";
	uint64_t random = 88172645463325252u;
	struct pointer pointers[3];
	struct text out = {NULL, 0, 0};

	(void)state;
	assert_true(pointer_init(&pointers[0], "/a", 2));
	assert_true(pointer_init(&pointers[1], "/a/0/u", 6));
	assert_true(pointer_init(&pointers[2], "/-/a", 4));
	for (int round = 0; round < 300000; round++) {
		size_t size = (size_t)round % 24;
		char *json = malloc(size + (size == 0));
		const char *value;
		size_t value_size;

		assert_non_null(json);
		for (size_t i = 0; i < size; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			json[i] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
		}
		if (size > 0 && round % 3 != 0)
			json[0] = round % 2 == 0 ? '{' : '[';
		for (int p = 0; p < 3; p++) {
			edit_find(json, size, &pointers[p], &value, &value_size);
			edit_set(json, size, &pointers[p], "1", 1, true, &out);
		}
		free(json);
	}
	for (int p = 0; p < 3; p++)
		pointer_fini(&pointers[p]);
	text_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_there_is_replaced_and_all_else_stays),
	    cmocka_unit_test(what_is_not_there_is_added_last),
	    cmocka_unit_test(missing_objects_on_the_way_are_made),
	    cmocka_unit_test(what_stands_in_the_way_is_kept),
	    cmocka_unit_test(names_are_compared_unescaped),
	    cmocka_unit_test(a_member_that_is_there_twice_is_not_changed),
	    cmocka_unit_test(values_are_found_as_they_are_written),
	    cmocka_unit_test(what_is_no_pointer_is_refused),
	    cmocka_unit_test(strings_are_escaped),
	    cmocka_unit_test(nonsense_is_read_within_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
