#include "config.h"

#include "redis/marks.h"

#include "tests/unit.h"

#include <stdlib.h>

/* While set, the copies of marks fail (the program is linked with --wrap). */
static bool no_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

static void put(struct wr_redis_marks *marks, const char *field, uint32_t incarnation, int64_t next,
		const char *text, bool anyway)
{
	const struct wr_mark_write write = {wr_bytes_of(field), wr_bytes_of(text), incarnation,
					    next, anyway};

	assert_int_equal(wr_redis_marks_put(marks, &write), WR_OK);
}

static struct wr_redis_mark *take(struct wr_redis_marks *marks, const char *text, bool anyway)
{
	struct wr_redis_mark *mark = wr_redis_marks_take(marks);

	assert_non_null(mark);
	assert_true(wr_bytes_equal(mark->text, wr_bytes_of(text)));
	assert_int_equal(mark->anyway, anyway);
	return mark;
}

static void take_and_drop(struct wr_redis_marks *marks, const char *text, bool anyway)
{
	wr_redis_marks_drop(marks, take(marks, text, anyway));
}

static void assert_empty(struct wr_redis_marks *marks)
{
	assert_null(wr_redis_marks_take(marks));
	assert_int_equal(marks->count, 0);
	wr_redis_marks_fini(marks);
}

static void a_later_mark_takes_the_place_of_its_field(void **state)
{
	struct wr_redis_marks marks = {NULL, NULL, 0};

	(void)state;
	put(&marks, "t/0", 1, 5, "a5", false);
	put(&marks, "t/1", 1, 5, "b5", false);
	put(&marks, "t/0", 1, 6, "a6", false);
	put(&marks, "t/00", 1, 6, "c6", false);
	put(&marks, "t/0", 2, 0, "a0", false);
	assert_int_equal(marks.count, 3);
	take_and_drop(&marks, "b5", false);
	take_and_drop(&marks, "c6", false);
	take_and_drop(&marks, "a0", false);
	assert_empty(&marks);
}

static void an_earlier_mark_takes_no_place(void **state)
{
	struct wr_redis_marks marks = {NULL, NULL, 0};

	(void)state;
	put(&marks, "t/0", 2, 5, "5", false);
	put(&marks, "t/0", 2, 4, "4", false);
	put(&marks, "t/0", 1, 9, "9", false);
	put(&marks, "t/0", 2, 5, "5 again", false);
	take_and_drop(&marks, "5 again", false);
	assert_empty(&marks);
}

/* What is written anyway must reach the store, and what follows it too. */
static void anyway_passes_to_the_mark_that_takes_the_place(void **state)
{
	struct wr_redis_marks marks = {NULL, NULL, 0};

	(void)state;
	put(&marks, "t/0", 2, 5, "5", false);
	put(&marks, "t/0", 2, 3, "3", true);
	put(&marks, "t/0", 2, 4, "4", false);
	put(&marks, "t/0", 2, 2, "2", false);
	take_and_drop(&marks, "4", true);
	assert_empty(&marks);
}

static void what_was_sent_waits_again(void **state)
{
	struct wr_redis_marks marks = {NULL, NULL, 0};
	struct wr_redis_mark *mark;

	(void)state;
	put(&marks, "t/0", 1, 5, "5", false);
	mark = take(&marks, "5", false);
	assert_int_equal(marks.count, 1);
	mark->request.skip_after = 7;
	wr_redis_marks_give_back(&marks, mark);
	mark = take(&marks, "5", false);
	assert_int_equal(mark->request.skip_after, 0);
	wr_redis_marks_drop(&marks, mark);
	assert_empty(&marks);
}

static void of_what_was_sent_and_what_waits_the_later_one_stays(void **state)
{
	struct wr_redis_marks marks = {NULL, NULL, 0};
	struct wr_redis_mark *first, *second;

	(void)state;
	put(&marks, "t/0", 1, 5, "5", true);
	first = take(&marks, "5", true);
	put(&marks, "t/0", 1, 6, "6", false);
	second = take(&marks, "6", false);
	put(&marks, "t/0", 1, 7, "7", false);
	wr_redis_marks_give_back(&marks, second);
	wr_redis_marks_give_back(&marks, first);
	assert_int_equal(marks.count, 1);
	take_and_drop(&marks, "7", true);
	assert_empty(&marks);
}

static void what_was_put_backwards_gives_way_to_what_was_sent(void **state)
{
	struct wr_redis_marks marks = {NULL, NULL, 0};
	struct wr_redis_mark *sent;

	(void)state;
	put(&marks, "t/0", 1, 5, "5", false);
	sent = take(&marks, "5", false);
	put(&marks, "t/0", 1, 4, "4", false);
	wr_redis_marks_give_back(&marks, sent);
	take_and_drop(&marks, "5", false);
	put(&marks, "t/0", 1, 5, "5", false);
	sent = take(&marks, "5", false);
	put(&marks, "t/0", 1, 4, "4", true);
	wr_redis_marks_give_back(&marks, sent);
	take_and_drop(&marks, "4", true);
	assert_empty(&marks);
}

static void a_field_that_is_yielded_goes_forwards_only(void **state)
{
	struct wr_redis_marks marks = {NULL, NULL, 0};

	(void)state;
	put(&marks, "t/0", 1, 5, "5", true);
	put(&marks, "t/1", 1, 5, "other", true);
	wr_redis_marks_yield(&marks, wr_bytes_of("t/0"));
	wr_redis_marks_yield(&marks, wr_bytes_of("t/2"));
	take_and_drop(&marks, "5", false);
	take_and_drop(&marks, "other", true);
	assert_empty(&marks);
}

static void without_memory_nothing_changes(void **state)
{
	const struct wr_mark_write write = {wr_bytes_of("t/0"), wr_bytes_of("6"), 1, 6, false};
	struct wr_redis_marks marks = {NULL, NULL, 0};
	enum wr_code rc;

	(void)state;
	put(&marks, "t/0", 1, 5, "5", false);
	no_memory = true;
	rc = wr_redis_marks_put(&marks, &write);
	no_memory = false;
	assert_int_equal(rc, WR_ENOMEM);
	take_and_drop(&marks, "5", false);
	assert_empty(&marks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_later_mark_takes_the_place_of_its_field),
	    cmocka_unit_test(an_earlier_mark_takes_no_place),
	    cmocka_unit_test(anyway_passes_to_the_mark_that_takes_the_place),
	    cmocka_unit_test(what_was_sent_waits_again),
	    cmocka_unit_test(of_what_was_sent_and_what_waits_the_later_one_stays),
	    cmocka_unit_test(what_was_put_backwards_gives_way_to_what_was_sent),
	    cmocka_unit_test(a_field_that_is_yielded_goes_forwards_only),
	    cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
