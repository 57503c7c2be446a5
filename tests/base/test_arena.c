#include "config.h"

#include "base/arena.h"
#include "tests/unit.h"

static void memory_is_aligned_and_apart(void **state)
{
	struct wr_arena arena;
	unsigned char *p, *last = NULL;
	size_t size;

	(void)state;
	wr_arena_init(&arena, 1 << 20);
	for (size = 0; size < 3000; size++) {
		p = wr_arena_alloc(&arena, size);
		assert_non_null(p);
		assert_true(((uintptr_t)p & 15) == 0);
		assert_true(p != last);
		memset(p, 0xA5, size);
		last = p;
	}
	wr_arena_fini(&arena);
}

static void a_copy_is_equal_and_terminated(void **state)
{
	struct wr_arena arena;
	char source[] = "abc", *copy;

	(void)state;
	wr_arena_init(&arena, 0);
	copy = wr_arena_copy(&arena, source, 2);
	source[0] = 'x';
	assert_string_equal(copy, "ab");
	assert_string_equal(wr_arena_copy(&arena, NULL, 0), "");
	wr_arena_fini(&arena);
}

static void a_reset_gives_the_same_memory_again(void **state)
{
	struct wr_arena arena;
	void *first, *second;
	int i;

	(void)state;
	wr_arena_init(&arena, 1 << 20);
	first = wr_arena_alloc(&arena, 100);
	second = wr_arena_alloc(&arena, 20000);
	assert_true(arena.used_bytes >= 20100);
	for (i = 0; i < 10; i++) {
		wr_arena_reset(&arena);
		assert_int_equal(arena.used_bytes, 0);
		assert_ptr_equal(wr_arena_alloc(&arena, 100), first);
		assert_ptr_equal(wr_arena_alloc(&arena, 20000), second);
	}
	wr_arena_fini(&arena);
}

static void memory_over_the_kept_amount_is_freed_at_the_reset(void **state)
{
	struct wr_arena arena;

	(void)state;
	wr_arena_init(&arena, 64 * 1024);
	assert_non_null(wr_arena_alloc(&arena, 1 << 20));
	assert_non_null(wr_arena_alloc(&arena, 100));
	wr_arena_reset(&arena);
	assert_non_null(arena.first); /* the small chunk stayed */
	wr_arena_fini(&arena);
	wr_arena_init(&arena, 0);
	assert_non_null(wr_arena_alloc(&arena, 100));
	wr_arena_reset(&arena);
	assert_null(arena.first);
	assert_non_null(wr_arena_alloc(&arena, 100));
	wr_arena_fini(&arena);
}

static void an_impossible_size_gives_nothing(void **state)
{
	struct wr_arena arena;

	(void)state;
	wr_arena_init(&arena, 0);
	assert_null(wr_arena_alloc(&arena, SIZE_MAX));
	assert_int_equal(arena.used_bytes, 0);
	assert_non_null(wr_arena_alloc(&arena, 1));
	wr_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_aligned_and_apart),
	    cmocka_unit_test(a_copy_is_equal_and_terminated),
	    cmocka_unit_test(a_reset_gives_the_same_memory_again),
	    cmocka_unit_test(memory_over_the_kept_amount_is_freed_at_the_reset),
	    cmocka_unit_test(an_impossible_size_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
