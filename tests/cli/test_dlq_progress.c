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
	const char *line;

	fflush(out);
	line = strrchr(text, '\r');
	assert_string_equal(line != NULL ? line + 1 : "", expected);
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
	expect("20 selected, 20 replayed, 1000 left to look at\033[K");
	wr_clock_fake_advance_ms(&clock_now, 199);
	look_at(50, 10);
	expect("20 selected, 20 replayed, 1000 left to look at\033[K");
	wr_clock_fake_advance_ms(&clock_now, 1);
	look_at(50, 10);
	expect("40 selected, 40 replayed, 900 left to look at\033[K");
}

static void it_guesses_how_long_the_rest_takes(void **state)
{
	(void)state;
	look_at(0, 0);
	wr_clock_fake_advance_ms(&clock_now, 1000);
	look_at(100, 1);
	expect("1 selected, 1 replayed, 900 left to look at, about 9 s\033[K");
	wr_clock_fake_advance_ms(&clock_now, 99000);
	look_at(100, 1);
	expect("2 selected, 2 replayed, 800 left to look at, about 7 min\033[K");
	wr_clock_fake_advance_ms(&clock_now, 9900000);
	look_at(0, 0);
	expect("2 selected, 2 replayed, 800 left to look at, about 11 h\033[K");
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
	expect("1 selected, 1 purged, 2 left to look at\033[K");
	job.next_id = 3;
	wr_clock_fake_advance_ms(&clock_now, 1000);
	look_at(0, 2);
	expect("3 selected, 3 purged\033[K");
}

static void at_the_end_nothing_stands_there(void **state)
{
	(void)state;
	wr_dlq_progress_end(&progress);
	expect("");
	look_at(0, 1);
	wr_dlq_progress_end(&progress);
	expect("\033[K");
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(it_says_what_is_done_and_what_is_left),
	    RULE(it_guesses_how_long_the_rest_takes),
	    RULE(ids_are_left_until_they_are_looked_for),
	    RULE(at_the_end_nothing_stands_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
