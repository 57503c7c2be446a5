#include "config.h"

#include "cli/dlq_progress.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static struct wr_clock_fake clock_now;
static struct wr_dlq_progress progress;
static struct wr_dlq_range ranges[2];
static struct wr_dlq_job job;
static FILE *out;
static char *text;
static size_t size;

static int set_up(void **state)
{
	(void)state;
	out = open_memstream(&text, &size);
	assert_non_null(out);
	wr_clock_fake_init(&clock_now, 1000);
	wr_dlq_progress_init(&progress, &clock_now.clock, out);
	ranges[0] = (struct wr_dlq_range){0, 100, 600};
	ranges[1] = (struct wr_dlq_range){1, 0, 500};
	job = (struct wr_dlq_job){.ranges = ranges, .range_count = 2};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fclose(out);
	free(text);
	return 0;
}

/* The line that stands there now. */
static void expect(const char *expected)
{
	char wanted[256];
	const char *line;

	fflush(out);
	line = strrchr(text, '\r');
	snprintf(wanted, sizeof(wanted), "\033[?7l%s\033[K\033[?7h", expected);
	assert_string_equal(line != NULL ? line + 1 : "", wanted);
}

static void look_at(int64_t letters, uint64_t done)
{
	ranges[0].next += letters;
	job.counts[WR_DLQ_SELECTED] += done;
	job.counts[WR_DLQ_FINISHED] += done;
	wr_dlq_progress_show(&progress, &job);
}

static void it_says_what_is_done_and_what_is_left(void **state)
{
	(void)state;
	look_at(0, 20);
	expect("20 replayed, 1000 of 1000 left to look at");
	wr_clock_fake_advance_ms(&clock_now, 199);
	look_at(50, 10);
	expect("20 replayed, 1000 of 1000 left to look at");
	wr_clock_fake_advance_ms(&clock_now, 1);
	look_at(50, 10);
	expect("40 replayed, 900 of 1000 left to look at");
}

static void it_says_how_fast_it_goes_and_how_long_the_rest_takes(void **state)
{
	(void)state;
	look_at(0, 1000);
	wr_clock_fake_advance_ms(&clock_now, 1000);
	look_at(100, 1);
	expect("1001 replayed, 1.0/s, 900 of 1000 left to look at, about 9 s");
	wr_clock_fake_advance_ms(&clock_now, 99000);
	look_at(100, 2999);
	expect("4000 replayed, 30/s, 800 of 1000 left to look at, about 7 min");
	wr_clock_fake_advance_ms(&clock_now, 9900000);
	look_at(0, 0);
	expect("4000 replayed, 0.3/s, 800 of 1000 left to look at, about 11 h");
}

static void what_was_selected_and_not_sent_is_told(void **state)
{
	(void)state;
	job.counts[WR_DLQ_SELECTED] = 5;
	look_at(0, 20);
	expect("25 selected, 20 replayed, 1000 of 1000 left to look at");
}

static void ids_are_left_until_they_are_looked_for(void **state)
{
	struct wr_dlq_place places[3] = {{0, 1}, {0, 2}, {1, 3}};

	(void)state;
	job.ids = places;
	job.id_count = 3;
	job.next_id = 1;
	job.kind = WR_DLQ_PURGE;
	look_at(0, 1);
	expect("1 purged, 2 of 2 left to look at");
	job.next_id = 3;
	wr_clock_fake_advance_ms(&clock_now, 1000);
	look_at(0, 2);
	expect("3 purged, 2.0/s");
}

static void at_the_end_nothing_stands_there(void **state)
{
	(void)state;
	wr_dlq_progress_end(&progress);
	fflush(out);
	assert_string_equal(text, "");
	look_at(0, 1);
	wr_dlq_progress_end(&progress);
	fflush(out);
	assert_string_equal(strrchr(text, '\r'), "\r\033[K");
}

static void where_nobody_looks_nothing_is_written(void **state)
{
	(void)state;
	wr_dlq_progress_init(&progress, &clock_now.clock, NULL);
	look_at(100, 1);
	wr_dlq_progress_end(&progress);
	fflush(out);
	assert_string_equal(text, "");
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(it_says_what_is_done_and_what_is_left),
	    RULE(it_says_how_fast_it_goes_and_how_long_the_rest_takes),
	    RULE(what_was_selected_and_not_sent_is_told),
	    RULE(ids_are_left_until_they_are_looked_for),
	    RULE(at_the_end_nothing_stands_there),
	    RULE(where_nobody_looks_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
