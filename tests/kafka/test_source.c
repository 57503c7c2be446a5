#include "config.h"

#include "tests/kafka/mock.h"

#include "base/clock.h"

#include <stdio.h>

/* One member of one group for most rules, each with a partition of its own: joining a group takes seconds. */
#define PARTITIONS 200

enum partition {
	FIRST_PLACE,
	PLACED_AGAIN,
	UNPLACED,
	BETWEEN,
	ASTRAY,
	OLD_ERRORS,
	COMMITTED,
	METADATA,
	LATER,
	HEADERS,
	LAG
};

static struct mock m;
static struct wr_source *source;

static int set_up(void **state)
{
	(void)state;
	mock_start(&m);
	mock_topic(&m, "in", PARTITIONS);
	for (int i = 0; i < PARTITIONS; i += i < 16 ? 1 : 17)
		mock_send(&m, "in", i, "v", 10);
	source = mock_source(&m, "in", "g", NULL);
	mock_await(&m, source, WR_SOURCE_ASSIGNED);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	source->ops->destroy(source, 5000);
	mock_stop(&m);
	return 0;
}

/* Asks for everything again: afterwards nothing is placed. */
static void refresh(void)
{
	source->ops->refresh(source);
	mock_await(&m, source, WR_SOURCE_ASSIGNED);
}

static int refresh_first(void **state)
{
	(void)state;
	alarm(60);
	refresh();
	return 0;
}

static void commit_now(struct wr_partition *partition, int64_t offset, const char *metadata)
{
	const struct wr_source_commit commit = {partition, offset, wr_bytes_of(metadata)};
	struct wr_err err;

	assert_int_equal(source->ops->commit_sync(source, &commit, 1, 30000, &err), WR_OK);
}

static void an_assignment_says_where_each_partition_stands(void **state)
{
	(void)state;
	for (int i = 0; i < PARTITIONS; i++) {
		const struct wr_partition *p = mock_partition(source, i);

		assert_string_equal(p->topic, "in");
		assert_int_equal(p->low, 0);
		assert_int_equal(p->high, i < 16 || (i - 16) % 17 == 0 ? 10 : 0);
		assert_int_equal(p->position, -1);
	}
	assert_int_equal(mock_partition(source, PARTITIONS - 1)->committed, -1);
	assert_null(mock_partition(source, PARTITIONS - 1)->metadata.data);
}

static void the_questions_do_not_grow_with_the_partitions(void **state)
{
	(void)state;
	mock_count(&m, MOCK_OFFSET_FETCH);
	mock_count(&m, MOCK_LIST_OFFSETS);
	refresh();
	assert_int_equal(mock_count(&m, MOCK_OFFSET_FETCH), 1);
	assert_int_equal(mock_count(&m, MOCK_LIST_OFFSETS), 2);
}

static void reading_begins_where_a_partition_is_placed(void **state)
{
	struct wr_partition *p = mock_partition(source, FIRST_PLACE);

	(void)state;
	mock_place(source, p, 7);
	mock_expect(&m, source, FIRST_PLACE, 7, "v7");
	assert_int_equal(p->position, 8);
	mock_expect(&m, source, FIRST_PLACE, 8, "v8");
}

static void a_partition_that_is_read_can_be_placed_again(void **state)
{
	struct wr_partition *p = mock_partition(source, PLACED_AGAIN);

	(void)state;
	mock_place(source, p, 5);
	mock_expect(&m, source, PLACED_AGAIN, 5, "v5");
	/* What had been fetched from the old place does not come any more. */
	mock_place(source, p, 2);
	assert_int_equal(p->position, 2);
	mock_expect(&m, source, PLACED_AGAIN, 2, "v2");
	mock_place(source, p, 9);
	mock_expect(&m, source, PLACED_AGAIN, 9, "v9");
}

static void a_record_that_is_out_stays_valid_when_its_partition_is_placed_again(void **state)
{
	struct wr_partition *p = mock_partition(source, PLACED_AGAIN);
	struct wr_source_record record;

	(void)state;
	mock_place(source, p, 3);
	mock_take(&m, source, &record);
	mock_place(source, p, 4);
	mock_expect(&m, source, PLACED_AGAIN, 4, "v4");
	refresh();
	assert_memory_equal(record.value.data, "v3", 2);
	source->ops->give_back(source, &record);
}

static void what_is_not_placed_is_not_read(void **state)
{
	(void)state;
	mock_place(source, mock_partition(source, BETWEEN), 9);
	mock_expect(&m, source, BETWEEN, 9, "v9");
	assert_int_equal(mock_partition(source, UNPLACED)->position, -1);
}

static void one_can_be_placed_later_than_the_others(void **state)
{
	struct wr_source_record record;

	(void)state;
	mock_place(source, mock_partition(source, BETWEEN), 0);
	for (int64_t i = 0; i < 5; i++) {
		char value[8];

		snprintf(value, sizeof(value), "v%d", (int)i);
		mock_expect(&m, source, BETWEEN, i, value);
	}
	mock_place(source, mock_partition(source, LATER), 8);
	/* Both go on from where they are: neither loses nor repeats. */
	for (int64_t left = 5 + 2, between = 5, later = 8; left > 0; left--) {
		mock_take(&m, source, &record);
		assert_int_equal(record.offset,
				 record.partition->id == LATER ? later++ : between++);
		source->ops->give_back(source, &record);
	}
}

/* The other partition can only be read by an assignment of both. */
static void what_was_put_back_comes_once_when_another_is_placed_later(void **state)
{
	struct wr_source_record record, records[2];
	int64_t next = 3;
	bool other = false;

	(void)state;
	mock_place(source, mock_partition(source, PLACED_AGAIN), next);
	mock_take(&m, source, &records[0]);
	mock_take(&m, source, &records[1]);
	/* The second stays out; the first is held until the other partition is read, in general. */
	assert_int_equal(
	    source->ops->put_back(source, records, 1,
				  wr_clock_mono_ns(&wr_clock_real) + 500 * WR_NS_PER_MS),
	    WR_OK);
	mock_place(source, mock_partition(source, LATER), 9);
	while (next < 10 || !other) {
		mock_take(&m, source, &record);
		if (record.partition->id == LATER) {
			other = true;
		} else {
			assert_int_equal(record.offset, next);
			next += next == 3 ? 2 : 1;
		}
		source->ops->give_back(source, &record);
	}
	source->ops->give_back(source, &records[1]);
}

static void many_are_placed_at_once(void **state)
{
	struct wr_source_record record;
	int taken = 0;

	(void)state;
	for (int i = 0; i < PARTITIONS; i++)
		mock_place(source, mock_partition(source, i), 0);
	for (; taken < 16 * 10; taken++) {
		mock_take(&m, source, &record);
		source->ops->give_back(source, &record);
	}
}

static void no_place_is_below_zero(void **state)
{
	struct wr_err err;

	(void)state;
	assert_int_equal(source->ops->place(source, mock_partition(source, FIRST_PLACE), -1, &err),
			 WR_EINVAL);
	assert_non_null(strstr(err.text, "in/0"));
}

static void a_place_out_of_range_is_astray_and_can_be_placed_anew(void **state)
{
	struct wr_source_record record;
	enum wr_source_event event;

	(void)state;
	mock_place(source, mock_partition(source, ASTRAY), 1000);
	while ((event = source->ops->poll(source)) == WR_SOURCE_NONE) {
		assert_int_equal(source->ops->take(source, &record, 1, 1000), 0);
		mock_wait(&m);
	}
	assert_int_equal(event, WR_SOURCE_ASTRAY);
	refresh();
	assert_int_equal(mock_partition(source, ASTRAY)->position, -1);
	mock_place(source, mock_partition(source, ASTRAY), mock_partition(source, ASTRAY)->low);
	mock_expect(&m, source, ASTRAY, 0, "v0");
}

static void an_error_from_before_a_refresh_does_not_lead_astray_again(void **state)
{
	struct wr_source_record record;

	(void)state;
	mock_place(source, mock_partition(source, OLD_ERRORS), 1000);
	mock_place(source, mock_partition(source, OLD_ERRORS + 1), 1000);
	while (source->ops->poll(source) != WR_SOURCE_ASTRAY) {
		source->ops->take(source, &record, 1, 1000);
		mock_wait(&m);
	}
	refresh();
	mock_place(source, mock_partition(source, OLD_ERRORS), 0);
	mock_place(source, mock_partition(source, OLD_ERRORS + 1), 10);
	mock_expect(&m, source, OLD_ERRORS, 0, "v0");
}

static void what_was_committed_comes_back_with_its_metadata(void **state)
{
	const struct wr_partition *p = mock_partition(source, METADATA);

	(void)state;
	commit_now(mock_partition(source, METADATA), 4, "1/0-4/5-abc");
	refresh();
	assert_ptr_equal(mock_partition(source, METADATA), p);
	assert_int_equal(p->committed, 4);
	assert_int_equal(p->metadata.size, 11);
	assert_memory_equal(p->metadata.data, "1/0-4/5-abc", 11);
	commit_now(mock_partition(source, METADATA), 6, NULL);
	refresh();
	assert_int_equal(p->committed, 6);
	assert_null(p->metadata.data);
}

static enum wr_code await_commit(void)
{
	enum wr_code code;

	while ((code = source->ops->commit_status(source)) == WR_EFULL) {
		assert_int_equal(source->ops->poll(source), WR_SOURCE_NONE);
		mock_wait(&m);
	}
	return code;
}

static void a_commit_ends_in_a_status(void **state)
{
	const struct wr_source_commit commit = {mock_partition(source, COMMITTED), 3,
						wr_bytes_of("x")};
	static const struct {
		rd_kafka_resp_err_t error;
		enum wr_code code;
	} cases[] = {
	    {RD_KAFKA_RESP_ERR_NO_ERROR, WR_OK},
	    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, WR_EREFUSED},
	    {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, WR_EUNAVAILABLE},
	};
	struct wr_err err;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(cases); i++) {
		mock_fail(&m, MOCK_OFFSET_COMMIT, cases[i].error, 1);
		assert_int_equal(source->ops->commit(source, &commit, 1, &err), WR_OK);
		assert_int_equal(source->ops->commit(source, &commit, 1, &err), WR_EFULL);
		assert_int_equal(await_commit(), cases[i].code);
	}
}

static void a_commit_can_be_waited_for(void **state)
{
	const struct wr_source_commit commit = {mock_partition(source, COMMITTED), 3,
						wr_bytes_of("x")};
	struct wr_err err;

	(void)state;
	mock_fail(&m, MOCK_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 1);
	assert_int_equal(source->ops->commit_sync(source, &commit, 1, 30000, &err), WR_EREFUSED);
	assert_string_not_equal(err.text, "");
	rd_kafka_mock_broker_set_rtt(m.cluster, 1, 2000);
	assert_int_equal(source->ops->commit_sync(source, &commit, 1, 1, &err), WR_ETIMEDOUT);
	rd_kafka_mock_broker_set_rtt(m.cluster, 1, 0);
}

static void what_keeps_the_answer_from_coming_is_told(void **state)
{
	(void)state;
	mock_fail(&m, MOCK_OFFSET_FETCH, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, MOCK_ALWAYS);
	assert_null(source->ops->trouble(source));
	source->ops->refresh(source);
	while (source->ops->trouble(source) == NULL) {
		assert_int_equal(source->ops->poll(source), WR_SOURCE_NONE);
		mock_wait(&m);
	}
	mock_fail_no_more(&m, MOCK_OFFSET_FETCH);
	mock_await(&m, source, WR_SOURCE_ASSIGNED);
	assert_null(source->ops->trouble(source));
}

static void offsets_of_an_undecided_transaction_are_waited_for(void **state)
{
	(void)state;
	mock_fail(&m, MOCK_OFFSET_FETCH, RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, MOCK_ALWAYS);
	source->ops->refresh(source);
	while (source->ops->trouble(source) == NULL) {
		assert_int_equal(source->ops->poll(source), WR_SOURCE_NONE);
		mock_wait(&m);
	}
	assert_non_null(strstr(source->ops->trouble(source), "transaction"));
	mock_fail_no_more(&m, MOCK_OFFSET_FETCH);
	mock_await(&m, source, WR_SOURCE_ASSIGNED);
}

static void an_edge_that_can_not_be_told_is_asked_for_again(void **state)
{
	(void)state;
	mock_fail(&m, MOCK_LIST_OFFSETS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 2);
	refresh();
	assert_int_equal(mock_partition(source, FIRST_PLACE)->high, 10);
}

static void a_later_refresh_takes_the_place_of_an_earlier_one(void **state)
{
	(void)state;
	source->ops->refresh(source);
	source->ops->refresh(source);
	mock_await(&m, source, WR_SOURCE_ASSIGNED);
	mock_place(source, mock_partition(source, FIRST_PLACE), 9);
	mock_expect(&m, source, FIRST_PLACE, 9, "v9");
}

static void headers_come_with_a_record(void **state)
{
	const struct weir_header *headers;
	struct wr_source_record record;

	(void)state;
	assert_int_equal(rd_kafka_producev(m.rk, RD_KAFKA_V_TOPIC("in"),
					   RD_KAFKA_V_PARTITION(HEADERS),
					   RD_KAFKA_V_HEADER("a", "1", 1),
					   RD_KAFKA_V_HEADER("b", NULL, 0), RD_KAFKA_V_END),
			 0);
	assert_int_equal(rd_kafka_flush(m.rk, 30000), 0);
	mock_place(source, mock_partition(source, HEADERS), 10);
	mock_take(&m, source, &record);
	assert_null(record.key.data);
	assert_null(record.value.data);
	assert_int_equal(source->ops->headers(source, &record, &headers), 2);
	assert_string_equal(headers[0].name, "a");
	assert_memory_equal(headers[0].value.data, "1", 1);
	assert_string_equal(headers[1].name, "b");
	source->ops->give_back(source, &record);
}

static void lag_is_what_lies_ahead(void **state)
{
	struct wr_partition *p = mock_partition(source, LAG);

	(void)state;
	mock_place(source, p, 6);
	mock_expect(&m, source, LAG, 6, "v6");
	assert_int_equal(source->ops->lag(source, p, 7), 3);
	assert_int_equal(source->ops->lag(source, p, 10), 0);
	assert_int_equal(source->ops->lag(source, p, 11), 0);
}

static void reading_begins_with_the_oldest_unless_a_property_says_otherwise(void **state)
{
	static const struct {
		const char *value;
		bool latest;
	} cases[] = {{NULL, false},     {"earliest", false}, {"smallest", false}, {"latest", true},
		     {"largest", true}, {"end", true},       {"beginning", false}};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(cases); i++) {
		struct wr_source *s = mock_source(&m, "in", "reset", cases[i].value);

		assert_int_equal(s->ops->from_latest(s), cases[i].latest);
		s->ops->destroy(s, 0);
	}
}

static void a_person_decides_where_to_begin_if_a_property_says_so(void **state)
{
	struct wr_source *s;

	(void)state;
	mock_topic(&m, "decided", 1);
	s = mock_source(&m, "decided", "decide", "error");
	while (s->ops->trouble(s) == NULL) {
		assert_int_equal(s->ops->poll(s), WR_SOURCE_NONE);
		mock_wait(&m);
	}
	assert_non_null(strstr(s->ops->trouble(s), "auto.offset.reset"));
	s->ops->destroy(s, 0);
}

static void a_property_that_librdkafka_refuses_is_named(void **state)
{
	char *topics[] = {(char *)(uintptr_t) "in"};
	const struct wr_conf_strings list = {topics, 1};
	struct wr_conf_property property = {.name = (char *)(uintptr_t) "fetch.wait.max.ms",
					    .value = (char *)(uintptr_t) "soon"};
	struct wr_conf_kafka kafka = m.kafka;
	const struct wr_kafka_source_options options = {
	    .kafka = &kafka, .name = {"i", "p", 0}, .group = "g", .topics = &list};
	struct wr_source *none;
	struct wr_err err;

	(void)state;
	kafka.consumer_properties = (struct wr_conf_properties){&property, 1};
	assert_int_equal(wr_kafka_source_create(&options, &none, &err), WR_EINVAL);
	assert_null(none);
	assert_non_null(strstr(err.text, "fetch.wait.max.ms"));
}

#define RULE(name) cmocka_unit_test_setup(name, refresh_first)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_assignment_says_where_each_partition_stands),
	    RULE(reading_begins_where_a_partition_is_placed),
	    RULE(a_partition_that_is_read_can_be_placed_again),
	    RULE(a_record_that_is_out_stays_valid_when_its_partition_is_placed_again),
	    RULE(what_is_not_placed_is_not_read),
	    RULE(one_can_be_placed_later_than_the_others),
	    RULE(what_was_put_back_comes_once_when_another_is_placed_later),
	    RULE(many_are_placed_at_once),
	    RULE(no_place_is_below_zero),
	    RULE(a_place_out_of_range_is_astray_and_can_be_placed_anew),
	    RULE(an_error_from_before_a_refresh_does_not_lead_astray_again),
	    RULE(what_was_committed_comes_back_with_its_metadata),
	    RULE(a_commit_ends_in_a_status),
	    RULE(a_commit_can_be_waited_for),
	    RULE(what_keeps_the_answer_from_coming_is_told),
	    RULE(offsets_of_an_undecided_transaction_are_waited_for),
	    RULE(an_edge_that_can_not_be_told_is_asked_for_again),
	    RULE(a_later_refresh_takes_the_place_of_an_earlier_one),
	    RULE(headers_come_with_a_record),
	    RULE(lag_is_what_lies_ahead),
	    RULE(reading_begins_with_the_oldest_unless_a_property_says_otherwise),
	    RULE(a_person_decides_where_to_begin_if_a_property_says_so),
	    RULE(a_property_that_librdkafka_refuses_is_named),
	    RULE(the_questions_do_not_grow_with_the_partitions), /* last: see mock_count() */
	};

	if (MOCK_IS_SKIPPED)
		return MOCK_SKIP;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
