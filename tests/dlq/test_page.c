/*
 * Listing, counting and showing dead letters, on librdkafka's mock cluster.
 */
#include "config.h"

#include "dlq/page.h"
#include "dlq/stats.h"

#include "tests/dlq/cluster.h"
#include "tests/kafka/refused_topic.h"

#include <stdlib.h>

#define COUNT 1000
#define PARTITIONS 3

static struct wr_dlq *dlq;

/* Letter i is in partition i % 3, its time rises by i; every 100th is rare, every 10th of stage b. */
static int set_up(void **state)
{
	char id[16];

	cluster_start(state);
	cluster_topic("d", PARTITIONS);
	for (int i = 0; i < COUNT; i++) {
		snprintf(id, sizeof(id), "e-%d", i);
		cluster_put("d", &(struct letter){.partition = i % PARTITIONS,
						  .timestamp_ms = 1700000000000 + i,
						  .stage = i % 10 == 0 ? "b" : "a",
						  .code = i % 100 == 50 ? "rare" : "busy",
						  .message = "the ledger is busy",
						  .id = id});
	}
	cluster_flush();
	return wr_dlq_open(cluster_conf(), "test", "d", &dlq, NULL) == WR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	wr_dlq_close(dlq);
	return cluster_stop(state);
}

static struct wr_dlq_filter filter_of(const char *name, const char *value)
{
	struct wr_dlq_filter filter = {.states = 0};

	if (name != NULL)
		assert_int_equal(
		    wr_dlq_filter_set(&filter, name, wr_bytes_of(value), 1700000000000, NULL),
		    WR_OK);
	return filter;
}

/* Reads all pages; the numbers of the letters in the order that they came. Returns how many. */
static size_t read_all(const struct wr_dlq_filter *filter, bool oldest_first, size_t limit,
		       uint64_t scan_max, int *numbers, size_t *pages_r)
{
	struct wr_dlq_page_request request = {.filter = filter,
					      .oldest_first = oldest_first,
					      .limit = limit,
					      .scan_max = scan_max,
					      .timeout_ms = 10000};
	struct wr_dlq_cursor cursor = {.positions = NULL};
	struct wr_dlq_page page;
	struct wr_err err = {.text = ""};
	struct wr_buf token = WR_BUF_INIT;
	size_t count = 0;
	bool is_last = false;

	for (*pages_r = 0; !is_last; (*pages_r)++) {
		if (wr_dlq_page_read(dlq, &request, &page, &err) != WR_OK)
			fail_msg("%s", err.text);
		assert_true(page.count <= limit && *pages_r < 1000);
		for (size_t i = 0; i < page.count; i++)
			numbers[count++] =
			    atoi((const char *)page.letters[i]->envelope.event_id.data + 2);
		is_last = page.is_last;
		/* As people do it: the token goes out and comes back. */
		wr_buf_clear(&token);
		assert_int_equal(wr_dlq_cursor_print(&page.next, &token), WR_OK);
		wr_dlq_cursor_fini(&cursor);
		assert_int_equal(
		    wr_dlq_cursor_parse(wr_bytes(token.data, token.size), &cursor, NULL), WR_OK);
		request.cursor = &cursor;
		wr_dlq_page_fini(&page);
	}
	wr_dlq_cursor_fini(&cursor);
	wr_buf_fini(&token);
	return count;
}

static void expect_all(bool oldest_first, size_t limit, uint64_t scan_max)
{
	const struct wr_dlq_filter filter = filter_of(NULL, NULL);
	int numbers[COUNT + 1];
	size_t pages;

	assert_int_equal(read_all(&filter, oldest_first, limit, scan_max, numbers, &pages), COUNT);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(numbers[i], oldest_first ? i : COUNT - 1 - i);
}

static void pages_show_every_letter_once_the_newest_first(void **state)
{
	(void)state;
	expect_all(false, 1000, UINT64_MAX);
	expect_all(false, 50, UINT64_MAX);
	expect_all(false, 7, UINT64_MAX);
}

static void pages_show_every_letter_once_the_oldest_first(void **state)
{
	(void)state;
	expect_all(true, 1000, UINT64_MAX);
	expect_all(true, 50, UINT64_MAX);
	expect_all(true, 7, UINT64_MAX);
}

/* However little a page may look at, all of it together is all. */
static void a_page_that_may_look_at_little_goes_on_with_the_next(void **state)
{
	struct wr_dlq_filter filter = filter_of("code", "rare");
	int numbers[COUNT];
	size_t pages, unbounded_pages;

	(void)state;
	assert_int_equal(read_all(&filter, false, 50, UINT64_MAX, numbers, &unbounded_pages), 10);
	assert_int_equal(numbers[0], 950);
	assert_int_equal(numbers[9], 50);
	assert_int_equal(read_all(&filter, false, 2, 1, numbers, &pages), 10);
	assert_true(pages > unbounded_pages);
	assert_int_equal(read_all(&filter, true, 3, 1, numbers, &pages), 10);
	wr_dlq_filter_fini(&filter);
}

static void a_first_page_reads_little(void **state)
{
	const struct wr_dlq_filter filter = filter_of(NULL, NULL);
	const struct wr_dlq_page_request request = {
	    .filter = &filter, .limit = 10, .scan_max = UINT64_MAX, .timeout_ms = 10000};
	struct wr_dlq_page page;

	(void)state;
	assert_int_equal(wr_dlq_page_read(dlq, &request, &page, NULL), WR_OK);
	assert_int_equal(page.count, 10);
	assert_true(page.scanned <= PARTITIONS * 128);
	wr_dlq_page_fini(&page);
}

static void a_cursor_of_another_topic_is_refused(void **state)
{
	struct wr_dlq_position position = {PARTITIONS, 5};
	const struct wr_dlq_cursor cursor = {.positions = &position, .count = 1};
	const struct wr_dlq_filter filter = filter_of(NULL, NULL);
	const struct wr_dlq_page_request request = {
	    .filter = &filter, .cursor = &cursor, .limit = 10, .scan_max = 1, .timeout_ms = 1};
	struct wr_dlq_page page;

	(void)state;
	assert_int_equal(wr_dlq_page_read(dlq, &request, &page, NULL), WR_EINVAL);
	wr_dlq_page_fini(&page);
}

static void letters_are_counted_by_kind(void **state)
{
	const struct wr_dlq_filter filter = filter_of(NULL, NULL);
	struct wr_dlq_group **groups;
	struct wr_dlq_stats stats;
	size_t count;

	(void)state;
	assert_int_equal(wr_dlq_stats_init(&stats), WR_OK);
	assert_int_equal(wr_dlq_stats_read(dlq, &filter, 10000, &stats, NULL), WR_OK);
	assert_true(stats.is_complete);
	assert_int_equal(stats.counts[WR_DLQ_OPEN], COUNT);
	groups = wr_dlq_stats_sorted(&stats, &count);
	assert_int_equal(count, 3);
	assert_string_equal(groups[0]->stage, "a");
	assert_int_equal(groups[0]->counts[WR_DLQ_OPEN], 900);
	assert_string_equal(groups[2]->code, "rare");
	assert_int_equal(groups[2]->counts[WR_DLQ_OPEN], 10);
	assert_int_equal(groups[2]->oldest_ms, 1700000000050);
	assert_int_equal(groups[2]->newest_ms, 1700000000950);
	free(groups);
	wr_dlq_stats_fini(&stats);
}

static void counting_goes_on_where_its_time_ended(void **state)
{
	const struct wr_dlq_filter filter = filter_of(NULL, NULL);
	struct wr_dlq_stats stats;
	int steps = 0;

	(void)state;
	assert_int_equal(wr_dlq_stats_init(&stats), WR_OK);
	while (!stats.is_complete) {
		assert_true(steps++ < 1000);
		assert_int_equal(wr_dlq_stats_read(dlq, &filter, 0, &stats, NULL), WR_OK);
		if (steps > 5)
			assert_int_equal(wr_dlq_stats_read(dlq, &filter, 10000, &stats, NULL),
					 WR_OK);
	}
	assert_int_equal(stats.counts[WR_DLQ_OPEN], COUNT);
	wr_dlq_stats_fini(&stats);
}

struct shown {
	int count;
	char id[16];
};

static void note(void *arg, const struct wr_dlq_letter *letter, const struct wr_dlq_record *record)
{
	struct shown *shown = arg;

	shown->count++;
	assert_int_equal(record->offset, letter->place.offset);
	assert_string_equal(record->headers[record->header_count - 1].name, "content-type");
	snprintf(shown->id, sizeof(shown->id), "%.*s", (int)letter->envelope.event_id.size,
		 (const char *)letter->envelope.event_id.data);
}

static void one_letter_is_shown_by_its_place(void **state)
{
	struct shown shown = {.count = 0};

	(void)state;
	assert_int_equal(wr_dlq_show(dlq, &(struct wr_dlq_place){2, 5}, note, &shown, NULL), WR_OK);
	assert_int_equal(shown.count, 1);
	assert_string_equal(shown.id, "e-17");
}

static void what_is_not_there_is_not_found(void **state)
{
	struct shown shown = {.count = 0};
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_dlq_show(dlq, &(struct wr_dlq_place){9, 0}, note, &shown, &err),
			 WR_ENOTFOUND);
	assert_int_equal(wr_dlq_show(dlq, &(struct wr_dlq_place){0, 99999}, note, &shown, &err),
			 WR_ENOTFOUND);
	assert_int_equal(shown.count, 0);
}

static void a_topic_that_is_not_there_is_said(void **state)
{
	struct wr_dlq *none;
	struct wr_err err;

	(void)state;
	refuse_topic(cluster, "gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	assert_int_equal(wr_dlq_open(cluster_conf(), "test", "gone", &none, &err), WR_ENOTFOUND);
	assert_null(none);
	assert_non_null(strstr(err.text, "gone: "));
	refuse_topic(cluster, "secret", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	assert_int_equal(wr_dlq_open(cluster_conf(), "test", "secret", &none, &err), WR_EREFUSED);
}

/* What anybody wrote is shown with what is wrong, and matches what it says. */
static void a_broken_envelope_is_shown_as_broken(void **state)
{
	const struct wr_dlq_filter filter = filter_of(NULL, NULL);
	const struct wr_dlq_page_request request = {
	    .filter = &filter, .limit = 10, .scan_max = UINT64_MAX, .timeout_ms = 10000};
	struct wr_buf text = WR_BUF_INIT;
	struct wr_dlq_page page;
	struct wr_dlq *other;

	(void)state;
	cluster_topic("broken", 1);
	cluster_put("broken", &(struct letter){.class_name = "nonsense", .replays = "-1"});
	cluster_flush();
	assert_int_equal(wr_dlq_open(cluster_conf(), "test", "broken", &other, NULL), WR_OK);
	assert_int_equal(wr_dlq_page_read(other, &request, &page, NULL), WR_OK);
	assert_int_equal(page.count, 1);
	assert_string_equal(page.letters[0]->broken, "header weir-class: it is broken");
	assert_int_equal(wr_dlq_letter_json(page.letters[0], &text), WR_OK);
	assert_non_null(
	    strstr(wr_buf_text(&text), "\"broken\":\"header weir-class: it is broken\""));
	assert_non_null(strstr(text.data, "\"pipeline\":\"payments\""));
	wr_buf_fini(&text);
	wr_dlq_page_fini(&page);
	wr_dlq_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pages_show_every_letter_once_the_newest_first),
	    cmocka_unit_test(pages_show_every_letter_once_the_oldest_first),
	    cmocka_unit_test(a_page_that_may_look_at_little_goes_on_with_the_next),
	    cmocka_unit_test(a_first_page_reads_little),
	    cmocka_unit_test(a_cursor_of_another_topic_is_refused),
	    cmocka_unit_test(letters_are_counted_by_kind),
	    cmocka_unit_test(counting_goes_on_where_its_time_ended),
	    cmocka_unit_test(one_letter_is_shown_by_its_place),
	    cmocka_unit_test(what_is_not_there_is_not_found),
	    cmocka_unit_test(a_topic_that_is_not_there_is_said),
	    cmocka_unit_test(a_broken_envelope_is_shown_as_broken),
	};

	wr_log_set_level(WR_LOG_ERROR);
	if (HAS_TSAN)
		return SKIP;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
