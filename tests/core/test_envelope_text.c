#include "config.h"

#include "core/envelope.h"
#include "core/event_id.h"

#include "tests/unit.h"

#include <stdio.h>

static struct wr_arena arena;

static int set_up(void **state)
{
	(void)state;
	wr_arena_init(&arena, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wr_arena_fini(&arena);
	return 0;
}

static struct weir_bytes bytes(const char *s)
{
	return (struct weir_bytes){s, s != NULL ? strlen(s) : 0};
}

static bool is(struct weir_bytes value, const char *expected)
{
	return wr_bytes_equal(wr_bytes_from(value), wr_bytes_of(expected));
}

/* A dead letter as the engine writes it. */
static const struct weir_header good[] = {
#define H(name, text)                            \
	{                                        \
		(name),                          \
		{                                \
			(text), sizeof(text) - 1 \
		}                                \
	}
    H("weir-origin-topic", "events"),
    H("weir-origin-partition", "3"),
    H("weir-origin-offset", "1234567890123"),
    H("weir-origin-timestamp", "1700000000123"),
    H("weir-owner", "1/events/3/1234567890123"),
    H("weir-event-id", "e1"),
    H("weir-pipeline", "payments"),
    H("weir-stage", "fraud"),
    H("weir-plugin", "fraud-check"),
    H("weir-plugin-version", "1.2.0"),
    H("weir-class", "exhausted"),
    H("weir-code", "busy"),
    H("weir-message", "the ledger is busy"),
    H("weir-attempts", "4"),
    H("weir-first-failed-at", "1700000001000"),
    H("weir-last-failed-at", "1700000002000"),
    H("weir-replays", "2"),
    H("weir-generation", "42"),
    H("weir-resume", "stage"),
    H("weir-stage-value", "{}"),
    H("weir-original-value", ""),
    H("weir-replayed-from", "events-dlq/0/7"),
};

#define GOOD UNIT_COUNT_OF(good)

/* The good one with one header replaced, or added when it is not there. */
static enum wr_code read_with(const char *name, struct weir_bytes value, struct wr_envelope *e,
			      struct wr_err *err)
{
	struct weir_header headers[GOOD + 1];
	size_t count = GOOD, i;

	memcpy(headers, good, sizeof(good));
	for (i = 0; i < GOOD && strcmp(headers[i].name, name) != 0;)
		i++;
	headers[i] = (struct weir_header){name, value};
	if (i == GOOD)
		count++;
	return wr_envelope_read(headers, count, WR_ENVELOPE_DEAD_LETTER, e, err);
}

static void expect_broken(const char *name, const char *value)
{
	struct wr_envelope e;
	struct wr_err err;

	assert_int_equal(read_with(name, bytes(value), &e, &err), WR_EINVAL);
	assert_non_null(strstr(err.text, name));
	assert_non_null(strstr(err.text, "it is broken"));
	/* The others are there for a person to see. */
	assert_true(wr_envelope_has(&e, WR_FIELD_REPLAYS) ||
		    wr_envelope_has(&e, WR_FIELD_ORIGIN_TOPIC));
}

static void a_dead_letter_reads_as_it_was_written(void **state)
{
	struct wr_envelope e;

	(void)state;
	assert_int_equal(wr_envelope_read(good, GOOD, WR_ENVELOPE_DEAD_LETTER, &e, NULL), WR_OK);
	assert_true(is(e.origin_topic, "events"));
	assert_int_equal(e.origin_partition, 3);
	assert_int_equal(e.origin_offset, 1234567890123);
	assert_int_equal(e.origin_timestamp_ms, 1700000000123);
	assert_true(is(e.owner, "1/events/3/1234567890123"));
	assert_true(is(e.event_id, "e1"));
	assert_true(is(e.pipeline, "payments"));
	assert_true(is(e.stage, "fraud"));
	assert_int_equal(e.failure_class, WR_CLASS_EXHAUSTED);
	assert_true(is(e.code, "busy"));
	assert_int_equal(e.attempts, 4);
	assert_int_equal(e.first_failed_at_ms, 1700000001000);
	assert_int_equal(e.replays, 2);
	assert_int_equal(e.resume, WR_RESUME_STAGE);
	assert_true(is(e.stage_value, "{}"));
	assert_true(is(e.original_value, ""));
	assert_true(is(e.replayed_from, "events-dlq/0/7"));
	assert_false(wr_envelope_has(&e, WR_FIELD_REPLAY));
}

static void what_is_read_and_written_is_the_same(void **state)
{
	struct weir_header headers[WR_FIELD_COUNT];
	struct wr_envelope e;

	(void)state;
	assert_int_equal(wr_envelope_read(good, GOOD, WR_ENVELOPE_DEAD_LETTER, &e, NULL), WR_OK);
	assert_int_equal(wr_envelope_write(&e, &arena, headers), GOOD);
	for (size_t i = 0; i < GOOD; i++) {
		assert_string_equal(headers[i].name, good[i].name);
		assert_true(
		    wr_bytes_equal(wr_bytes_from(headers[i].value), wr_bytes_from(good[i].value)));
	}
}

static void headers_of_others_are_passed_over(void **state)
{
	const struct weir_header headers[] = {
	    {"kafka_dlt-exception-message", {"\xFF\x00", 2}},
	    {"__connect.errors.topic", {NULL, 0}},
	    {"weird-class", {"poison", 6}},
	    {"weir-from-a-later-version", {"x", 1}},
	};
	struct wr_envelope e;
	struct wr_err err;

	(void)state;
	assert_int_equal(
	    wr_envelope_read(headers, UNIT_COUNT_OF(headers), WR_ENVELOPE_DEAD_LETTER, &e, &err),
	    WR_ENOTFOUND);
	assert_int_equal(e.fields, 0);
	assert_int_equal(wr_envelope_read(NULL, 0, WR_ENVELOPE_RETRY, &e, &err), WR_ENOTFOUND);
	assert_int_equal(
	    read_with("weir-from-a-later-version", (struct weir_bytes){NULL, 0}, &e, &err), WR_OK);
}

static void a_broken_header_is_named(void **state)
{
	static const char *const not_numbers[] = {"",
						  "-1",
						  "+1",
						  "01",
						  " 1",
						  "1 ",
						  "1e3",
						  "0x1",
						  "1\n",
						  "\xD9\xA1",
						  "99999999999999999999"};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(not_numbers); i++) {
		expect_broken("weir-origin-partition", not_numbers[i]);
		expect_broken("weir-origin-offset", not_numbers[i]);
		expect_broken("weir-origin-timestamp", not_numbers[i]);
		expect_broken("weir-attempts", not_numbers[i]);
		expect_broken("weir-first-failed-at", not_numbers[i]);
		expect_broken("weir-last-failed-at", not_numbers[i]);
		expect_broken("weir-replays", not_numbers[i]);
		expect_broken("weir-generation", not_numbers[i]);
	}
	expect_broken("weir-origin-partition", "2147483648");
	expect_broken("weir-origin-offset", "9223372036854775808");
	expect_broken("weir-replays", "4294967296");
	expect_broken("weir-class", "Poison");
	expect_broken("weir-class", "");
	expect_broken("weir-resume", "end");
	expect_broken("weir-order", "last");
	expect_broken("weir-order", "");
	expect_broken("weir-stage", "");
	expect_broken("weir-stage", "a\nb");
	expect_broken("weir-pipeline", "\xC3");
	expect_broken("weir-message", "red \x1b[31m");
	expect_broken("weir-event-id", "");
}

static void a_null_is_no_value(void **state)
{
	struct wr_envelope e;
	struct wr_err err;

	(void)state;
	for (size_t i = 0; i < GOOD; i++) {
		assert_int_equal(read_with(good[i].name, (struct weir_bytes){NULL, 0}, &e, &err),
				 WR_EINVAL);
		assert_non_null(strstr(err.text, good[i].name));
	}
}

static void numbers_are_taken_up_to_their_ends(void **state)
{
	struct wr_envelope e;

	(void)state;
	assert_int_equal(read_with("weir-origin-partition", bytes("2147483647"), &e, NULL), WR_OK);
	assert_int_equal(e.origin_partition, INT32_MAX);
	assert_int_equal(read_with("weir-origin-offset", bytes("9223372036854775807"), &e, NULL),
			 WR_OK);
	assert_int_equal(e.origin_offset, INT64_MAX);
	assert_int_equal(read_with("weir-replays", bytes("4294967295"), &e, NULL), WR_OK);
	assert_int_equal(e.replays, UINT32_MAX);
	assert_int_equal(read_with("weir-origin-offset", bytes("0"), &e, NULL), WR_OK);
	assert_int_equal(e.origin_offset, 0);
}

static void topics_owners_and_places_have_their_forms(void **state)
{
	static const char *const bad[] = {"",
					  "events",
					  "0/events",
					  "0/events/3",
					  "0/events/3/",
					  "/events/3/1",
					  "0//3/1",
					  "0/ev ents/3/1",
					  "0/events/-3/1",
					  "0/events/3/1/",
					  "0/../3/1",
					  "0/./3/1",
					  "0/events/3/01",
					  "4294967296/events/3/1",
					  "0/events/2147483648/1",
					  "0/events/3/9223372036854775808"};
	char topic[252];
	struct wr_envelope e;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(bad); i++)
		expect_broken("weir-owner", bad[i]);
	expect_broken("weir-replayed-from", "events-dlq");
	expect_broken("weir-replayed-from", "0/events-dlq/0/7");
	expect_broken("weir-origin-topic", "a/b");
	expect_broken("weir-origin-topic", "..");
	expect_broken("weir-origin-topic", "");
	memset(topic, 'a', sizeof(topic));
	topic[250] = '\0';
	expect_broken("weir-origin-topic", topic);
	topic[249] = '\0';
	assert_int_equal(read_with("weir-origin-topic", bytes(topic), &e, NULL), WR_OK);
	assert_int_equal(read_with("weir-owner", bytes("4294967295/a.b_c-d/0/0"), &e, NULL), WR_OK);
}

static void lengths_have_their_bounds(void **state)
{
	static char text[WR_EVENT_ID_BYTES_MAX + 2];
	struct wr_envelope e;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[WR_EVENT_ID_BYTES_MAX + 1] = '\0';
	expect_broken("weir-event-id", text);
	text[WR_EVENT_ID_BYTES_MAX] = '\0';
	assert_int_equal(read_with("weir-event-id", bytes(text), &e, NULL), WR_OK);
	text[WR_ENVELOPE_MESSAGE_BYTES + 1] = '\0';
	expect_broken("weir-message", text);
	text[WR_ENVELOPE_MESSAGE_BYTES] = '\0';
	assert_int_equal(read_with("weir-message", bytes(text), &e, NULL), WR_OK);
	text[256] = '\0';
	expect_broken("weir-code", text);
	text[255] = '\0';
	assert_int_equal(read_with("weir-code", bytes(text), &e, NULL), WR_OK);
}

static void an_id_may_be_any_bytes(void **state)
{
	struct wr_envelope e;

	(void)state;
	assert_int_equal(read_with("weir-event-id", (struct weir_bytes){"\0\xFF\n", 3}, &e, NULL),
			 WR_OK);
	assert_int_equal(e.event_id.size, 3);
}

static void a_header_that_is_there_twice_is_refused(void **state)
{
	struct weir_header headers[GOOD + 1];
	struct wr_envelope e;
	struct wr_err err;

	(void)state;
	memcpy(headers, good, sizeof(good));
	for (size_t i = 0; i < GOOD; i++) {
		headers[GOOD] = good[i];
		assert_int_equal(
		    wr_envelope_read(headers, GOOD + 1, WR_ENVELOPE_DEAD_LETTER, &e, &err),
		    WR_EINVAL);
		assert_non_null(strstr(err.text, good[i].name));
		assert_non_null(strstr(err.text, "more than once"));
	}
}

static void a_missing_header_is_named(void **state)
{
	static const char *const needed[] = {"weir-origin-topic",    "weir-origin-partition",
					     "weir-origin-offset",   "weir-pipeline",
					     "weir-class",           "weir-attempts",
					     "weir-first-failed-at", "weir-last-failed-at",
					     "weir-replays"};
	struct weir_header headers[GOOD];
	struct wr_envelope e;
	struct wr_err err;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(needed); i++) {
		size_t count = 0;

		for (size_t j = 0; j < GOOD; j++) {
			if (strcmp(good[j].name, needed[i]) != 0)
				headers[count++] = good[j];
		}
		assert_int_equal(
		    wr_envelope_read(headers, count, WR_ENVELOPE_DEAD_LETTER, &e, &err), WR_EINVAL);
		assert_non_null(strstr(err.text, needed[i]));
		assert_non_null(strstr(err.text, "it is missing"));
	}
}

static void the_first_of_several_faults_is_told(void **state)
{
	const struct weir_header headers[] = {H("weir-class", "nonsense"), H("weir-replays", "x")};
	struct wr_envelope e;
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_envelope_read(headers, 2, WR_ENVELOPE_DEAD_LETTER, &e, &err),
			 WR_EINVAL);
	assert_string_equal(err.text, "header weir-class: it is broken");
	assert_int_equal(e.fields, 0);
}

static void a_retry_record_has_no_class(void **state)
{
	struct weir_header headers[GOOD];
	struct wr_envelope e;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < GOOD; i++) {
		if (strcmp(good[i].name, "weir-class") != 0)
			headers[count++] = good[i];
	}
	assert_int_equal(wr_envelope_read(headers, count, WR_ENVELOPE_RETRY, &e, NULL), WR_OK);
	assert_int_equal(wr_envelope_read(headers, count, WR_ENVELOPE_DEAD_LETTER, &e, NULL),
			 WR_EINVAL);
}

/* Of a retry record: without one header; with the two at the end, or without. */
static enum wr_code read_without(const char *name, size_t count, struct wr_err *err)
{
	static const struct weir_header all[] = {
	    H("weir-origin-topic", "events"), H("weir-origin-partition", "3"),
	    H("weir-origin-offset", "7"),     H("weir-pipeline", "payments"),
	    H("weir-attempts", "1"),          H("weir-first-failed-at", "1"),
	    H("weir-owner", "0/events/3/7"),  H("weir-order", "behind"),
	};
	struct weir_header headers[UNIT_COUNT_OF(all)];
	struct wr_envelope e;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(all[i].name, name) != 0)
			headers[kept++] = all[i];
	}
	return wr_envelope_read(headers, kept, WR_ENVELOPE_RETRY, &e, err);
}

/* What has failed says all that it needs, also where its owner would tell. */
static void a_retry_record_that_says_too_little_is_refused(void **state)
{
	static const char *const names[] = {"weir-origin-topic",  "weir-origin-partition",
					    "weir-origin-offset", "weir-pipeline",
					    "weir-attempts",      "weir-first-failed-at"};
	struct wr_err err;

	(void)state;
	assert_int_equal(read_without("", 7, NULL), WR_OK);
	for (size_t i = 0; i < UNIT_COUNT_OF(names); i++) {
		assert_int_equal(read_without(names[i], 7, &err), WR_EINVAL);
		assert_non_null(strstr(err.text, names[i]));
		assert_non_null(strstr(err.text, "it is missing"));
	}
}

static void a_follower_says_where_it_came_from_wholly_or_by_its_owner(void **state)
{
	const struct weir_header with_owner[] = {H("weir-owner", "0/events/3/7"),
						 H("weir-order", "behind")};
	const struct weir_header broken[] = {H("weir-owner", "0/events/3/x"),
					     H("weir-order", "behind")};
	struct wr_envelope e;
	struct wr_err err;

	(void)state;
	assert_int_equal(read_without("weir-attempts", 8, NULL), WR_OK);
	assert_int_equal(read_without("weir-origin-offset", 8, &err), WR_EINVAL);
	assert_string_equal(err.text, "header weir-origin-offset: it is missing");
	assert_int_equal(wr_envelope_read(with_owner, 2, WR_ENVELOPE_RETRY, &e, NULL), WR_OK);
	assert_true(is(e.origin_topic, "events"));
	assert_int_equal(e.origin_partition, 3);
	assert_int_equal(e.origin_offset, 7);
	assert_int_equal(wr_envelope_read(with_owner + 1, 1, WR_ENVELOPE_RETRY, &e, &err),
			 WR_EINVAL);
	assert_string_equal(err.text, "header weir-origin-topic: it is missing");
	assert_int_equal(wr_envelope_read(broken, 2, WR_ENVELOPE_RETRY, &e, &err), WR_EINVAL);
	assert_string_equal(err.text, "header weir-owner: it is broken");
	assert_false(wr_envelope_has(&e, WR_FIELD_ORIGIN_TOPIC));
	assert_int_equal(wr_envelope_read(with_owner, 2, WR_ENVELOPE_DEAD_LETTER, &e, NULL),
			 WR_EINVAL);
}

static void every_class_is_read_back(void **state)
{
	enum wr_class class;

	(void)state;
	for (int i = 0; i <= WR_CLASS_OUTPUT_REJECTED; i++) {
		assert_true(wr_class_parse(wr_bytes_of(wr_class_name((enum wr_class)i)), &class));
		assert_int_equal(class, i);
	}
	assert_false(wr_class_parse(wr_bytes(NULL, 0), &class));
}

static void every_header_of_ours_has_the_prefix(void **state)
{
	(void)state;
	for (int i = 0; i < WR_FIELD_COUNT; i++)
		assert_true(wr_header_is_ours(wr_envelope_header((enum wr_envelope_field)i)));
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_dead_letter_reads_as_it_was_written),
	    RULE(what_is_read_and_written_is_the_same),
	    RULE(headers_of_others_are_passed_over),
	    RULE(a_broken_header_is_named),
	    RULE(a_null_is_no_value),
	    RULE(numbers_are_taken_up_to_their_ends),
	    RULE(topics_owners_and_places_have_their_forms),
	    RULE(lengths_have_their_bounds),
	    RULE(an_id_may_be_any_bytes),
	    RULE(a_header_that_is_there_twice_is_refused),
	    RULE(a_missing_header_is_named),
	    RULE(the_first_of_several_faults_is_told),
	    RULE(a_retry_record_has_no_class),
	    RULE(a_retry_record_that_says_too_little_is_refused),
	    RULE(a_follower_says_where_it_came_from_wholly_or_by_its_owner),
	    RULE(every_class_is_read_back),
	    RULE(every_header_of_ours_has_the_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
