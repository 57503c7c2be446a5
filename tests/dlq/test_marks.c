#include "config.h"

#include "dlq/marks.h"

#include "tests/faults.h"
#include "tests/unit.h"

static struct wr_dlq_marks *marks;

static int set_up(void **state)
{
	(void)state;
	return wr_dlq_marks_create(&marks) == WR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	wr_dlq_marks_destroy(marks);
	return 0;
}

static enum wr_code apply(const char *key, const char *value)
{
	return wr_dlq_marks_apply(marks, wr_bytes_of(key), wr_bytes_of(value));
}

static struct wr_dlq_mark at(int32_t partition, int64_t offset, int64_t timestamp_ms)
{
	return wr_dlq_marks_get(marks, &(struct wr_dlq_place){partition, offset}, timestamp_ms);
}

static void put(int64_t offset, const char *job)
{
	assert_int_equal(wr_dlq_marks_put(marks, &(struct wr_dlq_place){1, offset}, 10,
					  WR_DLQ_REPLAYED, job, 100),
			 WR_OK);
}

static void what_nobody_marked_is_open(void **state)
{
	(void)state;
	assert_int_equal(at(0, 0, 1).state, WR_DLQ_OPEN);
	assert_null(at(0, 0, 1).job);
}

static void a_mark_says_what_when_and_by_which_job(void **state)
{
	(void)state;
	put(2050, "j1");
	assert_int_equal(at(1, 2050, 10).state, WR_DLQ_REPLAYED);
	assert_int_equal(at(1, 2050, 10).at_ms, 100);
	assert_string_equal(at(1, 2050, 10).job, "j1");
	assert_int_equal(at(1, 2049, 10).state, WR_DLQ_OPEN);
	assert_int_equal(at(0, 2050, 10).state, WR_DLQ_OPEN);
	assert_int_equal(at(1, 2050 - 1024, 10).state, WR_DLQ_OPEN);
}

static void a_chunk_is_written_as_runs_and_reads_back(void **state)
{
	struct wr_buf key = WR_BUF_INIT, value = WR_BUF_INIT;
	struct wr_dlq_marks *first = marks;

	(void)state;
	for (int64_t i = 1024; i < 1024 + 64; i++)
		put(i, "j1");
	put(1100, "j1");
	put(2047, "j1");
	assert_int_equal(
	    wr_dlq_marks_encode(marks, &(struct wr_dlq_place){1, 1500}, "j1", &key, &value), WR_OK);
	assert_string_equal(wr_buf_text(&key), "letter/1/1/j1");
	assert_string_equal(wr_buf_text(&value),
			    "{\"state\":\"replayed\",\"at\":100,\"offsets\":\"0-63,76,1023\"}");
	assert_int_equal(wr_dlq_marks_create(&marks), WR_OK);
	assert_int_equal(apply(key.data, value.data), WR_OK);
	assert_int_equal(wr_dlq_marks_count(marks, 1, 0, WR_DLQ_REPLAYED), 66);
	assert_int_equal(at(1, 2047, 10).state, WR_DLQ_REPLAYED);
	assert_int_equal(at(1, 1088, 10).state, WR_DLQ_OPEN);
	wr_dlq_marks_destroy(first);
	wr_buf_fini(&key);
	wr_buf_fini(&value);
}

static void two_jobs_never_touch_each_others_marks(void **state)
{
	(void)state;
	assert_int_equal(
	    apply("letter/0/0/a", "{\"state\":\"replayed\",\"at\":100,\"offsets\":\"1\"}"), WR_OK);
	assert_int_equal(
	    apply("letter/0/0/b", "{\"state\":\"purged\",\"at\":101,\"offsets\":\"2\"}"), WR_OK);
	assert_int_equal(at(0, 1, 1).state, WR_DLQ_REPLAYED);
	assert_int_equal(at(0, 2, 1).state, WR_DLQ_PURGED);
	assert_string_equal(at(0, 2, 1).job, "b");
	assert_int_equal(apply("letter/0/0/a", NULL), WR_OK);
	assert_int_equal(at(0, 1, 1).state, WR_DLQ_OPEN);
	assert_int_equal(at(0, 2, 1).state, WR_DLQ_PURGED);
	assert_int_equal(apply("letter/0/0/b", NULL), WR_OK);
	assert_int_equal(at(0, 2, 1).state, WR_DLQ_OPEN);
}

/* A topic that was made anew has new letters at old offsets. */
static void a_letter_that_is_younger_than_its_mark_is_another(void **state)
{
	(void)state;
	put(5, "j1");
	assert_int_equal(at(1, 5, 100).state, WR_DLQ_REPLAYED);
	assert_int_equal(at(1, 5, 101).state, WR_DLQ_OPEN);
}

static void the_clock_of_the_letters_writer_may_be_ahead(void **state)
{
	(void)state;
	assert_int_equal(
	    wr_dlq_marks_put(marks, &(struct wr_dlq_place){1, 5}, 900, WR_DLQ_PURGED, "j1", 100),
	    WR_OK);
	assert_int_equal(at(1, 5, 900).state, WR_DLQ_PURGED);
}

static void what_is_taken_back_is_open_again(void **state)
{
	(void)state;
	put(5, "j1");
	put(6, "j1");
	wr_dlq_marks_take_back(marks, &(struct wr_dlq_place){1, 5}, "j1");
	wr_dlq_marks_take_back(marks, &(struct wr_dlq_place){1, 7}, "nobody");
	assert_int_equal(at(1, 5, 10).state, WR_DLQ_OPEN);
	assert_int_equal(at(1, 6, 10).state, WR_DLQ_REPLAYED);
}

static void letters_that_retention_removed_are_not_counted(void **state)
{
	(void)state;
	put(5, "j1");
	put(1024, "j1");
	put(5000, "j2");
	assert_int_equal(wr_dlq_marks_count(marks, 1, 0, WR_DLQ_REPLAYED), 3);
	assert_int_equal(wr_dlq_marks_count(marks, 1, 1024, WR_DLQ_REPLAYED), 2);
	assert_int_equal(wr_dlq_marks_count(marks, 1, 9999, WR_DLQ_REPLAYED), 0);
	assert_int_equal(wr_dlq_marks_count(marks, 0, 0, WR_DLQ_REPLAYED), 0);
	assert_int_equal(wr_dlq_marks_count(marks, 1, 0, WR_DLQ_PURGED), 0);
}

/* Nobody has so many letters, but anybody can write so. */
static void the_last_chunk_that_can_be_is_counted(void **state)
{
	(void)state;
	assert_int_equal(apply("letter/0/9007199254740991/j",
			       "{\"state\":\"purged\",\"at\":1,\"offsets\":\"1022-1023\"}"),
			 WR_OK);
	assert_int_equal(wr_dlq_marks_count(marks, 0, 0, WR_DLQ_PURGED), 2);
	assert_int_equal(wr_dlq_marks_count(marks, 0, INT64_MAX, WR_DLQ_PURGED), 2);
	assert_int_equal(at(0, INT64_MAX, 1).state, WR_DLQ_PURGED);
	assert_int_equal(wr_dlq_marks_count(marks, 0, 1024, WR_DLQ_REPLAYED), 0);
}

static void what_is_no_mark_or_broken_is_passed_over(void **state)
{
	static const char good[] = "{\"state\":\"replayed\",\"at\":1,\"offsets\":\"0\"}";
	static const char *const bad_keys[] = {
	    "letter/",
	    "letter/0",
	    "letter/0/0",
	    "letter/0/0/",
	    "letter/x/0/j",
	    "letter/0/x/j",
	    "letter/0/0/J b",
	    "letter/2147483648/0/j",
	    "letter/0/9223372036854775807/j",
	    "letter/0/0/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	static const char *const bad_values[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"state\":\"open\",\"at\":1,\"offsets\":\"0\"}",
	    "{\"state\":\"replayed\",\"offsets\":\"0\"}",
	    "{\"state\":\"replayed\",\"at\":-1,\"offsets\":\"0\"}",
	    "{\"state\":\"replayed\",\"at\":1,\"offsets\":\"1024\"}",
	    "{\"state\":\"replayed\",\"at\":1,\"offsets\":\"\"}",
	    "{\"state\":\"replayed\",\"at\":1,\"offsets\":\"1,\"}",
	    "{\"state\":\"replayed\",\"at\":1,\"offsets\":\"1-\"}",
	    "{\"state\":\"replayed\",\"at\":1,\"offsets\":\"5-3\"}",
	    "{\"state\":\"replayed\",\"at\":1,\"offsets\":1}",
	    "{\"state\":\"replayed\",\"at\":1,\"offsets\":\"0"};

	(void)state;
	assert_int_equal(apply("job/j", good), WR_ENOTFOUND);
	assert_int_equal(apply("", good), WR_ENOTFOUND);
	assert_int_equal(wr_dlq_marks_apply(marks, wr_bytes(NULL, 0), wr_bytes_of(good)),
			 WR_ENOTFOUND);
	for (size_t i = 0; i < UNIT_COUNT_OF(bad_keys); i++)
		assert_int_equal(apply(bad_keys[i], good), WR_EINVAL);
	for (size_t i = 0; i < UNIT_COUNT_OF(bad_values); i++)
		assert_int_equal(apply("letter/0/0/j", bad_values[i]), WR_EINVAL);
	assert_int_equal(at(0, 0, 0).state, WR_DLQ_OPEN);
}

static void without_memory_a_mark_is_refused(void **state)
{
	enum wr_code rc;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		faults_begin(i);
		rc = wr_dlq_marks_put(marks, &(struct wr_dlq_place){1, 5}, 10, WR_DLQ_PURGED, "j",
				      100);
		if (!faults_end())
			break;
		assert_int_equal(rc, WR_ENOMEM);
		assert_int_equal(at(1, 5, 10).state, WR_DLQ_OPEN);
	}
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(what_nobody_marked_is_open),
	    RULE(a_mark_says_what_when_and_by_which_job),
	    RULE(a_chunk_is_written_as_runs_and_reads_back),
	    RULE(two_jobs_never_touch_each_others_marks),
	    RULE(a_letter_that_is_younger_than_its_mark_is_another),
	    RULE(the_clock_of_the_letters_writer_may_be_ahead),
	    RULE(what_is_taken_back_is_open_again),
	    RULE(letters_that_retention_removed_are_not_counted),
	    RULE(the_last_chunk_that_can_be_is_counted),
	    RULE(what_is_no_mark_or_broken_is_passed_over),
	    RULE(without_memory_a_mark_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
