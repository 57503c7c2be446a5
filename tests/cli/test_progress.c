#include "config.h"

#include "cli/progress.h"
#include "tests/unit.h"

#include <stdlib.h>

struct fixture {
	struct wr_clock_fake clock;
	struct wr_progress progress;
	FILE *out;
	char *text;
	size_t size;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->out = open_memstream(&f->text, &f->size);
	assert_non_null(f->out);
	wr_clock_fake_init(&f->clock, 0);
	wr_progress_init(&f->progress, &f->clock.clock, f->out, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fclose(f->out);
	free(f->text);
	free(f);
	return 0;
}

static void expect(struct fixture *f, const char *expected)
{
	fflush(f->out);
	assert_string_equal(f->text, expected);
}

static void a_terminal_sees_a_line_five_times_a_second(void **state)
{
	struct fixture *f = *state;

	f->progress.sent = 10;
	f->progress.acked = 5;
	wr_progress_show(&f->progress);
	expect(f, "");
	wr_clock_fake_advance_ms(&f->clock, 200);
	wr_progress_show(&f->progress);
	expect(f, "10 sent, 5 acked, 0 failed, 25 events/s");
	wr_progress_show(&f->progress);
	expect(f, "10 sent, 5 acked, 0 failed, 25 events/s");
	wr_clock_fake_advance_ms(&f->clock, 200);
	wr_progress_show(&f->progress);
	expect(f, "10 sent, 5 acked, 0 failed, 25 events/s"
		  "\r\033[K10 sent, 5 acked, 0 failed, 12 events/s");
}

static void a_failure_does_not_mix_with_the_line(void **state)
{
	struct fixture *f = *state;

	wr_clock_fake_advance_ms(&f->clock, 200);
	wr_progress_show(&f->progress);
	wr_progress_fail(&f->progress, 7, "too large");
	wr_progress_note(&f->progress, "waiting");
	assert_int_equal(f->progress.failed, 1);
	expect(f, "0 sent, 0 acked, 0 failed, 0 events/s\r\033[Kline 7: too large\nwaiting\n");
}

static void a_pipe_sees_failures_and_the_summary_only(void **state)
{
	struct fixture *f = *state;

	f->progress.is_terminal = false;
	f->progress.sent = 3;
	f->progress.acked = 2;
	wr_clock_fake_advance_ms(&f->clock, 2000);
	wr_progress_show(&f->progress);
	wr_progress_fail(&f->progress, 2, "x");
	wr_progress_finish(&f->progress);
	expect(f, "line 2: x\n3 sent, 2 acked, 1 failed in 2.0 s (1 events/s)\n");
}

static void no_time_is_no_rate(void **state)
{
	struct fixture *f = *state;

	wr_progress_finish(&f->progress);
	expect(f, "0 sent, 0 acked, 0 failed in 0.0 s (0 events/s)\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_terminal_sees_a_line_five_times_a_second),
	    TEST(a_failure_does_not_mix_with_the_line),
	    TEST(a_pipe_sees_failures_and_the_summary_only),
	    TEST(no_time_is_no_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
