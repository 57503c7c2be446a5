#include "config.h"

#include "base/map.h"
#include "base/rng.h"
#include "tests/unit.h"

#include <stdio.h>

static struct wr_bytes key_of(unsigned number, char text[32])
{
	snprintf(text, 32, "key-%u", number);
	return wr_bytes_of(text);
}

static void *value_of(unsigned number)
{
	return (void *)(uintptr_t)(number + 1);
}

static void what_was_put_is_found(void **state)
{
	struct wr_map *map;
	void *old = value_of(9);
	char text[32];
	unsigned i;

	(void)state;
	assert_int_equal(wr_map_create(&map), WR_OK);
	for (i = 0; i < 10000; i++) {
		assert_int_equal(wr_map_put(map, key_of(i, text), value_of(i), &old), WR_OK);
		assert_null(old);
	}
	assert_int_equal(wr_map_size(map), 10000);
	for (i = 0; i < 10000; i++)
		assert_ptr_equal(wr_map_get(map, key_of(i, text)), value_of(i));
	assert_null(wr_map_get(map, key_of(10000, text)));
	wr_map_destroy(map);
}

static void put_replaces_and_hands_the_old_value_back(void **state)
{
	struct wr_map *map;
	void *old;

	(void)state;
	assert_int_equal(wr_map_create(&map), WR_OK);
	assert_int_equal(wr_map_put(map, wr_bytes_of("a"), value_of(1), NULL), WR_OK);
	assert_int_equal(wr_map_put(map, wr_bytes_of("a"), value_of(2), &old), WR_OK);
	assert_ptr_equal(old, value_of(1));
	assert_ptr_equal(wr_map_get(map, wr_bytes_of("a")), value_of(2));
	assert_int_equal(wr_map_size(map), 1);
	wr_map_destroy(map);
}

static void keys_are_copied_and_may_hold_any_byte(void **state)
{
	struct wr_map *map;
	char key[] = {'a', '\0', 'b'};

	(void)state;
	assert_int_equal(wr_map_create(&map), WR_OK);
	assert_int_equal(wr_map_put(map, wr_bytes(key, 3), value_of(1), NULL), WR_OK);
	assert_int_equal(wr_map_put(map, wr_bytes(key, 1), value_of(2), NULL), WR_OK);
	assert_int_equal(wr_map_put(map, wr_bytes("", 0), value_of(3), NULL), WR_OK);
	memset(key, 'x', sizeof(key));
	assert_ptr_equal(wr_map_get(map, wr_bytes("a\0b", 3)), value_of(1));
	assert_ptr_equal(wr_map_get(map, wr_bytes_of("a")), value_of(2));
	assert_ptr_equal(wr_map_get(map, wr_bytes("", 0)), value_of(3));
	wr_map_destroy(map);
}

static void random_puts_and_removals_match_a_plain_array(void **state)
{
	enum { KEYS = 300 };
	void *expected[KEYS] = {NULL};
	struct wr_map *map;
	struct wr_rng rng;
	char text[32];
	unsigned round, i;
	size_t size = 0;

	(void)state;
	wr_rng_init(&rng, 42);
	assert_int_equal(wr_map_create(&map), WR_OK);
	for (round = 0; round < 100000; round++) {
		i = (unsigned)wr_rng_upto(&rng, KEYS - 1);
		if (wr_rng_upto(&rng, 1) == 0) {
			size += expected[i] == NULL;
			expected[i] = value_of(round);
			assert_int_equal(wr_map_put(map, key_of(i, text), expected[i], NULL),
					 WR_OK);
		} else {
			size -= expected[i] != NULL;
			assert_ptr_equal(wr_map_remove(map, key_of(i, text)), expected[i]);
			expected[i] = NULL;
		}
		i = (unsigned)wr_rng_upto(&rng, KEYS - 1);
		assert_ptr_equal(wr_map_get(map, key_of(i, text)), expected[i]);
		assert_int_equal(wr_map_size(map), size);
	}
	wr_map_destroy(map);
}

static void walking_meets_each_entry_once(void **state)
{
	struct wr_map *map;
	struct wr_bytes key;
	char text[32];
	bool seen[100] = {false};
	size_t cursor = 0, count = 0;
	unsigned i;
	void *value;

	(void)state;
	assert_int_equal(wr_map_create(&map), WR_OK);
	for (i = 0; i < 100; i++)
		assert_int_equal(wr_map_put(map, key_of(i, text), value_of(i), NULL), WR_OK);
	while (wr_map_next(map, &cursor, &key, &value)) {
		i = (unsigned)((uintptr_t)value - 1);
		assert_true(wr_bytes_equal(key, key_of(i, text)));
		assert_false(seen[i]);
		seen[i] = true;
		count++;
	}
	assert_int_equal(count, 100);
	assert_null(key.data);
	assert_null(value);
	wr_map_destroy(map);
}

static void destroying_nothing_does_nothing(void **state)
{
	(void)state;
	wr_map_destroy(NULL);
}

static void put_null(void *map)
{
	wr_map_put(map, wr_bytes_of("a"), NULL, NULL);
}

static void a_null_value_is_a_bug(void **state)
{
	struct wr_map *map;

	(void)state;
	assert_int_equal(wr_map_create(&map), WR_OK);
	assert_true(aborts(put_null, map));
	wr_map_destroy(map);
}

static void equal_keys_hash_equal_and_others_differ(void **state)
{
	(void)state;
	assert_true(wr_hash(wr_bytes_of("abc")) == wr_hash(wr_bytes("abcd", 3)));
	assert_true(wr_hash(wr_bytes_of("abc")) != wr_hash(wr_bytes_of("abd")));
	assert_true(wr_hash(wr_bytes(NULL, 0)) == wr_hash(wr_bytes("", 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_put_is_found),
	    cmocka_unit_test(put_replaces_and_hands_the_old_value_back),
	    cmocka_unit_test(keys_are_copied_and_may_hold_any_byte),
	    cmocka_unit_test(random_puts_and_removals_match_a_plain_array),
	    cmocka_unit_test(walking_meets_each_entry_once),
	    cmocka_unit_test(destroying_nothing_does_nothing),
	    cmocka_unit_test(a_null_value_is_a_bug),
	    cmocka_unit_test(equal_keys_hash_equal_and_others_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
