#include "config.h"

#include "dlq/job.h"

#include "tests/faults.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>

static struct wr_dlq_job job, back;

static int tear_down(void **state)
{
	(void)state;
	wr_dlq_job_fini(&job);
	wr_dlq_job_fini(&back);
	return 0;
}

static void set_up_job(void)
{
	struct wr_dlq_range *ranges = calloc(2, sizeof(*ranges));

	assert_non_null(ranges);
	ranges[0] = (struct wr_dlq_range){0, 10, 20};
	ranges[1] = (struct wr_dlq_range){3, 7, 7};
	wr_dlq_job_name(job.id, 1795415000000, 0xabcdef);
	job.kind = WR_DLQ_REDRIVE;
	job.state = WR_DLQ_CANCELLED;
	job.who = strdup("a \"b\"@c");
	job.runner = strdup("node-a");
	job.cancelled_by = strdup("bob");
	job.error = strdup("gone");
	job.created_ms = 1;
	job.updated_ms = 2;
	job.to = WR_DLQ_TO_START;
	job.force = job.is_edited = true;
	job.rate = 100;
	job.max = 5;
	job.ranges = ranges;
	job.range_count = 2;
	for (size_t i = 0; i < WR_DLQ_COUNT_COUNT; i++)
		job.counts[i] = i * 7;
	assert_int_equal(wr_dlq_filter_set(&job.filter, "code", wr_bytes_of("busy"), 0, NULL),
			 WR_OK);
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("1/5"), NULL), WR_OK);
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("0/9"), NULL), WR_OK);
	job.next_id = 1;
}

static void what_is_left_are_ids_or_offsets(void **state)
{
	(void)state;
	set_up_job();
	assert_int_equal(wr_dlq_job_left(&job), 1);
	free(job.ids);
	job.ids = NULL;
	job.id_count = job.next_id = 0;
	assert_int_equal(wr_dlq_job_left(&job), 10);
}

static void a_job_reads_as_it_was_written(void **state)
{
	struct wr_buf text = WR_BUF_INIT, again = WR_BUF_INIT;

	(void)state;
	set_up_job();
	assert_int_equal(wr_dlq_job_json(&job, &text), WR_OK);
	assert_int_equal(wr_dlq_job_parse(wr_bytes(text.data, text.size), &back), WR_OK);
	assert_string_equal(back.id, "20261123-062320-abcdef");
	assert_string_equal(back.who, "a \"b\"@c");
	assert_string_equal(back.cancelled_by, "bob");
	assert_non_null(strstr(text.data, "\"left\":1"));
	assert_int_equal(back.kind, WR_DLQ_REDRIVE);
	assert_int_equal(back.state, WR_DLQ_CANCELLED);
	assert_int_equal(back.id_count, 2);
	assert_int_equal(back.ids[0].offset, 9);
	assert_int_equal(back.next_id, 1);
	assert_int_equal(back.max, 5);
	assert_int_equal(back.ranges[0].next, 10);
	assert_int_equal(back.counts[WR_DLQ_REFUSED_SIZE], WR_DLQ_REFUSED_SIZE * 7);
	assert_string_equal(back.filter.code, "busy");
	assert_int_equal(wr_dlq_job_json(&back, &again), WR_OK);
	assert_string_equal(wr_buf_text(&text), wr_buf_text(&again));
	wr_buf_fini(&text);
	wr_buf_fini(&again);
}

static void what_is_no_job_is_refused(void **state)
{
	static const char head[] =
	    "\"id\":\"j\",\"kind\":\"replay\",\"state\":\"done\",\"to\":\"auto\"";
	static const char *const more[] = {
	    "",
	    ",\"counts\":{},\"rate\":-1",
	    ",\"counts\":{},\"ids\":{}",
	    ",\"counts\":{},\"ids\":[1]",
	    ",\"counts\":{},\"ids\":[\"x\"]",
	    ",\"counts\":{},\"ids\":[\"0/1\"],\"nextId\":2",
	    ",\"counts\":{},\"nextId\":-1",
	    ",\"counts\":{},\"ranges\":[[0,1]]",
	    ",\"counts\":{},\"ranges\":[[0,2,1]]",
	    ",\"counts\":{},\"ranges\":[[-1,0,1]]",
	    ",\"counts\":{},\"ranges\":[[0,\"1\",2]]",
	    ",\"counts\":{},\"ranges\":1",
	    ",\"counts\":{},\"filter\":[\"code\"]",
	    ",\"counts\":{},\"filter\":{\"colour\":\"red\"}",
	    ",\"counts\":{},\"filter\":{\"code\":1}",
	    ",\"counts\":{},\"filter\":{\"class\":\"x\"}",
	};
	static const char *const heads[] = {
	    "",
	    "null",
	    "[]",
	    "{",
	    "{}",
	    "{\"id\":\"J!\",\"kind\":\"replay\",\"state\":\"done\",\"to\":\"auto\",\"counts\":{}}",
	    "{\"id\":\"j\",\"kind\":\"walk\",\"state\":\"done\",\"to\":\"auto\",\"counts\":{}}",
	    "{\"id\":\"j\",\"kind\":\"purge\",\"state\":\"dead\",\"to\":\"auto\",\"counts\":{}}",
	    "{\"id\":\"j\",\"kind\":\"purge\",\"state\":\"done\",\"to\":\"end\",\"counts\":{}}"};
	char text[512];

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(heads); i++)
		assert_int_equal(wr_dlq_job_parse(wr_bytes_of(heads[i]), &back), WR_EINVAL);
	for (size_t i = 0; i < UNIT_COUNT_OF(more); i++) {
		snprintf(text, sizeof(text), "{%s%s}", head, more[i]);
		assert_int_equal(wr_dlq_job_parse(wr_bytes_of(text), &back), WR_EINVAL);
		assert_null(back.ids);
	}
	snprintf(text, sizeof(text), "{%s,\"counts\":{}}", head);
	assert_int_equal(wr_dlq_job_parse(wr_bytes_of(text), &back), WR_OK);
}

static void ids_are_kept_once_and_in_order(void **state)
{
	static const char *const ids[] = {"2/1", "0/5", "2/0", "0/5", "1/9", "0/4"};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(ids); i++)
		assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of(ids[i]), NULL), WR_OK);
	assert_int_equal(job.id_count, 5);
	for (size_t i = 1; i < job.id_count; i++)
		assert_true(wr_dlq_place_compare(&job.ids[i - 1], &job.ids[i]) < 0);
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("x"), NULL), WR_EINVAL);
}

static void ids_have_a_bound(void **state)
{
	char id[32];

	(void)state;
	for (int i = 0; i < WR_DLQ_IDS_MAX; i++) {
		snprintf(id, sizeof(id), "0/%d", i);
		assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of(id), NULL), WR_OK);
	}
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("1/0"), NULL), WR_EINVAL);
	assert_int_equal(wr_dlq_job_add(&job, wr_bytes_of("0/0"), NULL), WR_OK);
}

static void ids_of_jobs_sort_by_time(void **state)
{
	char first[WR_DLQ_JOB_BYTES], second[WR_DLQ_JOB_BYTES];

	(void)state;
	wr_dlq_job_name(first, 1795415000000, UINT64_MAX);
	wr_dlq_job_name(second, 1795415001000, 0);
	assert_true(strcmp(first, second) < 0);
	assert_true(wr_dlq_job_id_is_good(wr_bytes_of(first)));
	assert_true(wr_dlq_job_id_is_good(wr_bytes_of(second)));
}

static void words_are_read_back(void **state)
{
	enum wr_dlq_to to;

	(void)state;
	assert_true(wr_dlq_to_parse(wr_bytes_of("start"), &to));
	assert_int_equal(to, WR_DLQ_TO_START);
	assert_string_equal(wr_dlq_to_name(WR_DLQ_TO_STAGE), "stage");
	assert_false(wr_dlq_to_parse(wr_bytes_of("end"), &to));
	assert_string_equal(wr_dlq_count_name(WR_DLQ_REFUSED_LOOP), "refusedLoop");
}

static void without_memory_no_job_is_read(void **state)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc;
	bool failed = true;

	(void)state;
	set_up_job();
	assert_int_equal(wr_dlq_job_json(&job, &text), WR_OK);
	for (size_t i = 0; failed; i++) {
		faults_begin(i);
		rc = wr_dlq_job_parse(wr_bytes(text.data, text.size), &back);
		failed = faults_end();
		assert_true(!failed || rc != WR_OK || back.who == NULL || back.runner == NULL ||
			    back.error == NULL);
		if (rc == WR_OK)
			wr_dlq_job_fini(&back);
	}
	assert_int_equal(rc, WR_OK);
	wr_buf_fini(&text);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_job_reads_as_it_was_written),
	    RULE(what_is_left_are_ids_or_offsets),
	    RULE(what_is_no_job_is_refused),
	    RULE(ids_are_kept_once_and_in_order),
	    RULE(ids_have_a_bound),
	    RULE(ids_of_jobs_sort_by_time),
	    RULE(words_are_read_back),
	    RULE(without_memory_no_job_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
