#include "config.h"

#include "base/metrics.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdlib.h>

static const struct wr_metric_family events = {"weir_events_total", "Events by outcome.",
					       WR_METRIC_COUNTER, NULL, 0};
static const struct wr_metric_family depth = {"weir_window_batches", "Batches in flight.",
					      WR_METRIC_GAUGE, NULL, 0};
static const double bounds[] = {0.001, 0.1, 1};
static const struct wr_metric_family seconds = {"weir_claim_seconds", "Time of a claim.",
						WR_METRIC_HISTOGRAM, bounds, UNIT_COUNT_OF(bounds)};

static int setup(void **state)
{
	struct wr_metrics *metrics;

	assert_int_equal(wr_metrics_create(&metrics), WR_OK);
	*state = metrics;
	return 0;
}

static int teardown(void **state)
{
	wr_metrics_destroy(*state);
	return 0;
}

static void expect_text(void **state, const char *expected)
{
	struct wr_buf text = WR_BUF_INIT;

	assert_int_equal(wr_metrics_render(*state, &text), WR_OK);
	assert_string_equal(wr_buf_text(&text), expected);
	wr_buf_fini(&text);
}

static void cells_with_the_same_labels_are_added_up(void **state)
{
	const struct wr_metric_label labels[] = {{"pipeline", "p"}, {"outcome", "processed"}};
	const struct wr_metric_label swapped[] = {{"outcome", "processed"}, {"pipeline", "p"}};
	const struct wr_metric_label other[] = {{"pipeline", "p"}, {"outcome", "dropped"}};
	struct wr_metric_cell *a = wr_metrics_cell(*state, &events, labels, 2);
	struct wr_metric_cell *b = wr_metrics_cell(*state, &events, swapped, 2);
	struct wr_metric_cell *c = wr_metrics_cell(*state, &events, other, 2);

	wr_metric_add(a, 2);
	wr_metric_add(b, 3);
	wr_metric_add(c, 0.5);
	assert_true(wr_metric_get(a) == 2);
	assert_true(((uintptr_t)a & 63) == 0 && ((uintptr_t)b & 63) == 0);
	expect_text(state, "# HELP weir_events_total Events by outcome.\n"
			   "# TYPE weir_events_total counter\n"
			   "weir_events_total{outcome=\"processed\",pipeline=\"p\"} 5\n"
			   "weir_events_total{outcome=\"dropped\",pipeline=\"p\"} 0.5\n");
}

static void families_are_sorted_by_name(void **state)
{
	wr_metric_set(wr_metrics_cell(*state, &depth, NULL, 0), 3);
	wr_metric_add(wr_metrics_cell(*state, &events, NULL, 0), 1e15);
	expect_text(state, "# HELP weir_events_total Events by outcome.\n"
			   "# TYPE weir_events_total counter\n"
			   "weir_events_total 1e+15\n"
			   "# HELP weir_window_batches Batches in flight.\n"
			   "# TYPE weir_window_batches gauge\n"
			   "weir_window_batches 3\n");
}

static void a_histogram_has_cumulative_buckets_sum_and_count(void **state)
{
	const struct wr_metric_label label = {"store", "redis"};
	struct wr_metric_histogram *h = wr_metrics_histogram(*state, &seconds, &label, 1);
	struct wr_metric_histogram *same = wr_metrics_histogram(*state, &seconds, &label, 1);

	wr_metric_observe(h, 0.001, 2);
	wr_metric_observe(h, 0.5, 1);
	wr_metric_observe(same, 3, 1);
	wr_metric_observe(h, 7, 0);
	expect_text(state, "# HELP weir_claim_seconds Time of a claim.\n"
			   "# TYPE weir_claim_seconds histogram\n"
			   "weir_claim_seconds_bucket{store=\"redis\",le=\"0.001\"} 2\n"
			   "weir_claim_seconds_bucket{store=\"redis\",le=\"0.1\"} 2\n"
			   "weir_claim_seconds_bucket{store=\"redis\",le=\"1\"} 3\n"
			   "weir_claim_seconds_bucket{store=\"redis\",le=\"+Inf\"} 4\n"
			   "weir_claim_seconds_sum{store=\"redis\"} 3.502\n"
			   "weir_claim_seconds_count{store=\"redis\"} 4\n");
}

static void a_histogram_without_labels_is_whole(void **state)
{
	wr_metric_observe(wr_metrics_histogram(*state, &seconds, NULL, 0), 0.05, 1);
	expect_text(state, "# HELP weir_claim_seconds Time of a claim.\n"
			   "# TYPE weir_claim_seconds histogram\n"
			   "weir_claim_seconds_bucket{le=\"0.001\"} 0\n"
			   "weir_claim_seconds_bucket{le=\"0.1\"} 1\n"
			   "weir_claim_seconds_bucket{le=\"1\"} 1\n"
			   "weir_claim_seconds_bucket{le=\"+Inf\"} 1\n"
			   "weir_claim_seconds_sum 0.05\n"
			   "weir_claim_seconds_count 1\n");
}

static void label_values_and_help_are_escaped(void **state)
{
	static const struct wr_metric_family family = {"m", "a \"b\" \\ c\nd", WR_METRIC_GAUGE,
						       NULL, 0};
	const struct wr_metric_label label = {"l", "a\"b\\c\nd\xff\xc3\xbc"};
	const struct wr_metric_label absent = {"l", NULL};

	wr_metric_set(wr_metrics_cell(*state, &family, &label, 1), 1);
	wr_metric_set(wr_metrics_cell(*state, &family, &absent, 1), -2.5);
	expect_text(state, "# HELP m a \"b\" \\\\ c\\nd\n"
			   "# TYPE m gauge\n"
			   "m{l=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\xc3\xbc\"} 1\n"
			   "m{l=\"\"} -2.5\n");
}

static void values_that_are_not_finite_are_spelled_out(void **state)
{
	static const struct wr_metric_family family = {"m", "h", WR_METRIC_GAUGE, NULL, 0};
	struct wr_metric_cell *cell = wr_metrics_cell(*state, &family, NULL, 0);

	wr_metric_set(cell, strtod("inf", NULL));
	expect_text(state, "# HELP m h\n# TYPE m gauge\nm +Inf\n");
	wr_metric_set(cell, strtod("-inf", NULL));
	expect_text(state, "# HELP m h\n# TYPE m gauge\nm -Inf\n");
	wr_metric_set(cell, strtod("nan", NULL));
	expect_text(state, "# HELP m h\n# TYPE m gauge\nm NaN\n");
}

static void a_retired_counter_still_counts_and_a_retired_gauge_does_not(void **state)
{
	struct wr_metric_cell *a = wr_metrics_cell(*state, &events, NULL, 0);
	struct wr_metric_cell *g = wr_metrics_cell(*state, &depth, NULL, 0);
	struct wr_metric_cell *h = wr_metrics_cell(*state, &depth, NULL, 0);

	wr_metric_add(a, 2);
	wr_metric_set(g, 5);
	wr_metric_set(h, 1);
	wr_metrics_retire_cell(*state, a);
	wr_metrics_retire_cell(*state, g);
	expect_text(state, "# HELP weir_events_total Events by outcome.\n"
			   "# TYPE weir_events_total counter\n"
			   "weir_events_total 2\n"
			   "# HELP weir_window_batches Batches in flight.\n"
			   "# TYPE weir_window_batches gauge\n"
			   "weir_window_batches 1\n");
	wr_metrics_retire_cell(*state, h);
	wr_metric_add(wr_metrics_cell(*state, &events, NULL, 0), 1);
	expect_text(state, "# HELP weir_events_total Events by outcome.\n"
			   "# TYPE weir_events_total counter\n"
			   "weir_events_total 3\n");
	wr_metric_set(wr_metrics_cell(*state, &depth, NULL, 0), 4);
}

static void a_retired_histogram_still_counts(void **state)
{
	struct wr_metric_histogram *h = wr_metrics_histogram(*state, &seconds, NULL, 0);
	struct wr_buf text = WR_BUF_INIT;

	wr_metric_observe(h, 0.5, 3);
	wr_metrics_retire_histogram(*state, h);
	wr_metrics_retire_histogram(*state, NULL);
	wr_metrics_retire_cell(*state, NULL);
	assert_int_equal(wr_metrics_render(*state, &text), WR_OK);
	assert_non_null(strstr(wr_buf_text(&text), "weir_claim_seconds_bucket{le=\"1\"} 3\n"));
	assert_non_null(strstr(wr_buf_text(&text), "weir_claim_seconds_sum 1.5\n"));
	assert_non_null(strstr(wr_buf_text(&text), "weir_claim_seconds_count 3\n"));
	wr_buf_fini(&text);
}

static void families_that_disagree_are_refused(void **state)
{
	static const struct wr_metric_family as_gauge = {"weir_events_total", "x", WR_METRIC_GAUGE,
							 NULL, 0};
	static const struct wr_metric_family fewer = {"weir_claim_seconds", "x",
						      WR_METRIC_HISTOGRAM, bounds, 2};
	static const struct wr_metric_family same = {"weir_events_total", "other help",
						     WR_METRIC_COUNTER, NULL, 0};

	assert_non_null(wr_metrics_cell(*state, &events, NULL, 0));
	assert_null(wr_metrics_cell(*state, &as_gauge, NULL, 0));
	assert_non_null(wr_metrics_cell(*state, &same, NULL, 0));
	assert_non_null(wr_metrics_histogram(*state, &seconds, NULL, 0));
	assert_null(wr_metrics_histogram(*state, &fewer, NULL, 0));
}

static void bad_names_and_labels_are_refused(void **state)
{
	static const char *const names[] = {"", "1a", "a-b", "a b", "a\nb", "\xc3\xbc"};
	const struct wr_metric_label twice[] = {{"a", "1"}, {"a", "2"}};
	struct wr_metric_label many[17];
	struct wr_metric_family family = events;
	struct wr_metric_label label = {NULL, "v"};
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(names); i++) {
		family.name = names[i];
		label.name = names[i];
		assert_null(wr_metrics_cell(*state, &family, NULL, 0));
		assert_null(wr_metrics_cell(*state, &events, &label, 1));
	}
	for (i = 0; i < UNIT_COUNT_OF(many); i++)
		many[i] = (struct wr_metric_label){"a", "1"};
	assert_null(wr_metrics_cell(*state, &events, twice, 2));
	assert_null(wr_metrics_cell(*state, &events, many, UNIT_COUNT_OF(many)));
	expect_text(state, "");
}

static void counting_on_nothing_does_nothing(void **state)
{
	(void)state;
	wr_metric_add(NULL, 1);
	wr_metric_set(NULL, 1);
	wr_metric_observe(NULL, 1, 1);
	assert_true(wr_metric_get(NULL) == 0);
	wr_metrics_destroy(NULL);
}

static void set_gauge(void *cell)
{
	wr_metric_add(cell, 1);
}

static void collectors_run_before_each_read_until_removed(void **state)
{
	struct wr_metric_cell *cell = wr_metrics_cell(*state, &depth, NULL, 0);
	struct wr_buf text = WR_BUF_INIT;
	int i;

	assert_int_equal(wr_metrics_add_collector(*state, set_gauge, cell), WR_OK);
	for (i = 0; i < 3; i++)
		assert_int_equal(wr_metrics_render(*state, &text), WR_OK);
	assert_true(wr_metric_get(cell) == 3);
	wr_metrics_remove_collector(*state, set_gauge, &i);
	wr_metrics_remove_collector(*state, set_gauge, cell);
	assert_int_equal(wr_metrics_render(*state, &text), WR_OK);
	assert_true(wr_metric_get(cell) == 3);
	assert_int_equal(wr_metrics_add_collector(*state, set_gauge, cell), WR_OK);
	wr_buf_fini(&text);
}

struct slow_collector {
	_Atomic bool entered, leave, left;
	struct wr_metrics *metrics;
};

static void collect_slowly(void *arg)
{
	struct slow_collector *slow = arg;

	atomic_store(&slow->entered, true);
	while (!atomic_load(&slow->leave))
		sched_yield();
	atomic_store(&slow->left, true);
}

static void *render(void *arg)
{
	struct slow_collector *slow = arg;
	struct wr_buf text = WR_BUF_INIT;

	wr_metrics_render(slow->metrics, &text);
	wr_buf_fini(&text);
	return NULL;
}

static void *let_it_leave(void *arg)
{
	struct slow_collector *slow = arg;

	atomic_store(&slow->leave, true);
	return NULL;
}

static void removing_waits_until_the_collector_is_left(void **state)
{
	struct slow_collector slow = {.metrics = *state};
	pthread_t reader, other;

	assert_int_equal(wr_metrics_add_collector(*state, collect_slowly, &slow), WR_OK);
	assert_int_equal(pthread_create(&reader, NULL, render, &slow), 0);
	while (!atomic_load(&slow.entered))
		sched_yield();
	assert_int_equal(pthread_create(&other, NULL, let_it_leave, &slow), 0);
	wr_metrics_remove_collector(*state, collect_slowly, &slow);
	assert_true(atomic_load(&slow.left));
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
}

struct counting {
	struct wr_metric_cell *cell;
	struct wr_metric_histogram *histogram;
};

static void *count_up(void *arg)
{
	struct counting *counting = arg;
	int i;

	for (i = 0; i < 10000; i++) {
		wr_metric_add(counting->cell, 1);
		wr_metric_observe(counting->histogram, 2, 1);
	}
	return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
	struct counting counting = {wr_metrics_cell(*state, &events, NULL, 0),
				    wr_metrics_histogram(*state, &seconds, NULL, 0)};
	struct wr_buf text = WR_BUF_INIT;
	pthread_t threads[3];
	size_t i;

	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, &counting), 0);
	assert_int_equal(wr_metrics_render(*state, &text), WR_OK);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	wr_buf_clear(&text);
	assert_int_equal(wr_metrics_render(*state, &text), WR_OK);
	assert_non_null(strstr(wr_buf_text(&text), "weir_events_total 30000\n"));
	assert_non_null(strstr(wr_buf_text(&text), "weir_claim_seconds_sum 60000\n"));
	assert_non_null(strstr(wr_buf_text(&text), "weir_claim_seconds_count 30000\n"));
	wr_buf_fini(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(cells_with_the_same_labels_are_added_up),
	    TEST(families_are_sorted_by_name),
	    TEST(a_histogram_has_cumulative_buckets_sum_and_count),
	    TEST(a_histogram_without_labels_is_whole),
	    TEST(label_values_and_help_are_escaped),
	    TEST(values_that_are_not_finite_are_spelled_out),
	    TEST(a_retired_counter_still_counts_and_a_retired_gauge_does_not),
	    TEST(a_retired_histogram_still_counts),
	    TEST(families_that_disagree_are_refused),
	    TEST(bad_names_and_labels_are_refused),
	    TEST(counting_on_nothing_does_nothing),
	    TEST(collectors_run_before_each_read_until_removed),
	    TEST(removing_waits_until_the_collector_is_left),
	    TEST(nothing_is_lost_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
