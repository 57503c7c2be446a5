#include "config.h"

#include "core/envelope.h"

#include "tests/core/envelopes.h"
#include "tests/faults.h"

static void names_with_the_prefix_are_ours(void **state)
{
	(void)state;
	assert_true(wr_header_is_ours("weir-"));
	assert_true(wr_header_is_ours("weir-event-id"));
	assert_true(wr_header_is_ours("weir-anything"));
	assert_false(wr_header_is_ours(""));
	assert_false(wr_header_is_ours("weir"));
	assert_false(wr_header_is_ours("Weir-event-id"));
	assert_false(wr_header_is_ours("x-weir-event-id"));
	assert_false(wr_header_is_ours("weird-"));
}

static void an_output_bears_its_id_and_generation(void **state)
{
	struct weir_header headers[WR_OUTPUT_HEADERS];

	(void)state;
	wr_envelope_output(text("e1"), text("42"), headers);
	assert_string_equal(headers[0].name, "weir-event-id");
	assert_true(is_text(headers[0].value, "e1"));
	assert_string_equal(headers[1].name, "weir-generation");
	assert_true(is_text(headers[1].value, "42"));
}

static void an_emit_is_named_by_event_stage_and_number(void **state)
{
	const struct wr_emit first = {.stage = "split", .number = 0};
	const struct wr_emit last = {.stage = "s", .number = UINT32_MAX};

	(void)state;
	assert_true(is_text(wr_envelope_emit_id(text("e1"), &first, &arena), "e1/split/0"));
	assert_true(is_text(wr_envelope_emit_id(text("e1"), &last, &arena), "e1/s/4294967295"));
}

static void an_emit_of_an_event_without_id_is_named_too(void **state)
{
	const struct wr_emit emit = {.stage = "s", .number = 1};

	(void)state;
	assert_true(
	    is_text(wr_envelope_emit_id((struct weir_bytes){NULL, 0}, &emit, &arena), "/s/1"));
}

static void any_bytes_and_any_length_make_an_emit_id(void **state)
{
	const struct wr_emit emit = {.stage = "s", .number = 7};
	char id[10240];
	struct weir_bytes named;

	(void)state;
	for (size_t i = 0; i < sizeof(id); i++)
		id[i] = (char)i;
	named = wr_envelope_emit_id((struct weir_bytes){id, sizeof(id)}, &emit, &arena);
	assert_int_equal(named.size, sizeof(id) + 4);
	assert_memory_equal(named.data, id, sizeof(id));
	assert_memory_equal((const char *)named.data + sizeof(id), "/s/7", 4);
}

static void without_memory_there_is_no_emit_id(void **state)
{
	const struct wr_emit emit = {.stage = "s", .number = 0};
	struct weir_bytes named;

	(void)state;
	faults_begin(0);
	named = wr_envelope_emit_id(text("e1"), &emit, &arena);
	assert_true(faults_end());
	assert_null(named.data);
	assert_int_equal(named.size, 0);
}

struct expected {
	const char *name, *value;
};

static void expect_headers(const struct wr_dead_letter *letter, const struct expected *expected,
			   size_t count)
{
	struct weir_header headers[WR_DEAD_LETTER_HEADERS];

	assert_int_equal(wr_envelope_dead_letter(letter, &arena, headers), count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(headers[i].name, expected[i].name);
		assert_true(is_text(headers[i].value, expected[i].value));
		assert_true(wr_header_is_ours(headers[i].name));
	}
}

static void a_dead_letter_says_all_it_knows(void **state)
{
	static const struct expected expected[] = {
	    {"weir-origin-topic", "events"},
	    {"weir-origin-partition", "3"},
	    {"weir-origin-offset", "1234567890123"},
	    {"weir-origin-timestamp", "1700000000123"},
	    {"weir-owner", "0/events/3/1234567890123"},
	    {"weir-event-id", "e1"},
	    {"weir-pipeline", "payments"},
	    {"weir-stage", "fraud"},
	    {"weir-plugin", "fraud-check"},
	    {"weir-plugin-version", "1.2.0"},
	    {"weir-class", "exhausted"},
	    {"weir-code", "busy"},
	    {"weir-message", "the ledger is busy"},
	    {"weir-attempts", "4"},
	    {"weir-first-failed-at", "1700000001000"},
	    {"weir-last-failed-at", "1700000002000"},
	    {"weir-replays", "0"},
	    {"weir-generation", "42"},
	    {"weir-resume", "stage"},
	};
	const struct wr_event ev = failed_event();
	const struct wr_dead_letter letter = letter_of(&ev);

	(void)state;
	assert_true(UNIT_COUNT_OF(expected) <= WR_DEAD_LETTER_HEADERS);
	expect_headers(&letter, expected, UNIT_COUNT_OF(expected));
}

static void what_is_not_known_is_left_out(void **state)
{
	static const struct expected expected[] = {
	    {"weir-origin-topic", "events"}, {"weir-origin-partition", "0"},
	    {"weir-origin-offset", "0"},     {"weir-pipeline", "payments"},
	    {"weir-class", "decode"},        {"weir-attempts", "0"},
	    {"weir-first-failed-at", "5"},   {"weir-last-failed-at", "5"},
	    {"weir-replays", "0"},           {"weir-generation", "1"},
	};
	const struct wr_event ev = {
	    .pub = {.topic = "events", .timestamp_ms = -1},
	    .class = WR_CLASS_DECODE,
	    .first_failed_at_ms = 5,
	    .last_failed_at_ms = 5,
	};
	const struct wr_dead_letter letter = {
	    .event = &ev, .pipeline = "payments", .generation = {"1", 1}};

	(void)state;
	expect_headers(&letter, expected, UNIT_COUNT_OF(expected));
}

static void the_largest_numbers_are_whole(void **state)
{
	struct weir_header headers[WR_DEAD_LETTER_HEADERS];
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	size_t count;

	(void)state;
	ev.pub.partition = INT32_MAX;
	ev.pub.offset = ev.pub.timestamp_ms = INT64_MAX;
	ev.first_failed_at_ms = INT64_MIN;
	letter.attempts = UINT32_MAX;
	count = wr_envelope_dead_letter(&letter, &arena, headers);
	assert_int_equal(count, 19);
	assert_true(is_text(headers[1].value, "2147483647"));
	assert_true(is_text(headers[2].value, "9223372036854775807"));
	assert_true(is_text(headers[3].value, "9223372036854775807"));
	assert_true(is_text(headers[13].value, "4294967295"));
	assert_true(is_text(headers[14].value, "-9223372036854775808"));
}

static void every_class_is_named(void **state)
{
	struct weir_header headers[WR_DEAD_LETTER_HEADERS];
	struct wr_event ev = failed_event();
	const struct wr_dead_letter letter = letter_of(&ev);

	(void)state;
	for (int i = 0; i <= WR_CLASS_OUTPUT_REJECTED; i++) {
		ev.class = (enum wr_class)i;
		assert_int_equal(wr_envelope_dead_letter(&letter, &arena, headers), 19);
		assert_true(is_text(headers[10].value, wr_class_name(ev.class)));
	}
}

/* Half an envelope would be worse than none: the letter is written later. */
static void without_memory_there_is_no_envelope(void **state)
{
	struct weir_header headers[WR_DEAD_LETTER_HEADERS];
	const struct wr_event ev = failed_event();
	const struct wr_dead_letter letter = letter_of(&ev);
	size_t count;

	(void)state;
	/* Whatever the arena has left, until it suffices: each of these numbers takes 16 bytes of it. */
	for (size_t left = 0; left < 7; left++) {
		wr_arena_fini(&arena);
		assert_non_null(wr_arena_alloc(&arena, (size_t)16 * 1024 - left * 16));
		faults_begin(0);
		count = wr_envelope_dead_letter(&letter, &arena, headers);
		assert_true(faults_end());
		assert_int_equal(count, 0);
	}
	wr_arena_fini(&arena);
	assert_non_null(wr_arena_alloc(&arena, (size_t)16 * 1024 - (size_t)7 * 16));
	faults_begin(0);
	count = wr_envelope_dead_letter(&letter, &arena, headers);
	assert_false(faults_end());
	assert_int_equal(count, 19);
}

/* Round once more: the dead letter of an event that came by a retry record, itself a replay's. */
static void a_record_never_grows_by_going_round(void **state)
{
	struct weir_header first[WR_DEAD_LETTER_HEADERS], again[WR_DEAD_LETTER_HEADERS],
	    sent[WR_DEAD_LETTER_HEADERS];
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	struct wr_envelope dead, replayed, read_back;
	struct weir_bytes value;
	size_t count, sent_count;

	(void)state;
	count = wr_envelope_dead_letter(&letter, &arena, first);
	for (unsigned round = 1; round <= 5; round++) {
		assert_int_equal(
		    wr_envelope_read(first, count, WR_ENVELOPE_DEAD_LETTER, &dead, NULL), WR_OK);
		wr_envelope_replay(&(struct wr_replay){.letter = &dead,
						       .value = text("{}"),
						       .to_stage = true,
						       .job = "j1",
						       .from = "events-dlq/0/7"},
				   &replayed, &value);
		sent_count = wr_envelope_write(&replayed, &arena, sent);
		assert_int_equal(
		    wr_envelope_read(sent, sent_count, WR_ENVELOPE_RETRY, &read_back, NULL), WR_OK);
		assert_int_equal(read_back.replays, round);
		ev.pub.topic = "payments.retry.0";
		ev.pub.partition = 1;
		ev.pub.offset = 5;
		ev.last_failed_at_ms += 1000;
		letter.past = &read_back;
		count = wr_envelope_dead_letter(&letter, &arena, again);
		memcpy(first, again, sizeof(first));
	}
	assert_int_equal(count, 20); /* one more than the first: weir-replayed-from */
	assert_int_equal(wr_envelope_read(first, count, WR_ENVELOPE_DEAD_LETTER, &dead, NULL),
			 WR_OK);
	assert_true(is_text(dead.origin_topic, "events"));
	assert_int_equal(dead.origin_partition, 3);
	assert_int_equal(dead.origin_offset, 1234567890123);
	assert_int_equal(dead.first_failed_at_ms, 1700000001000);
	assert_int_equal(dead.last_failed_at_ms, 1700000007000);
	assert_int_equal(dead.replays, 5);
	assert_true(is_text(dead.replayed_from, "events-dlq/0/7"));
	assert_false(wr_envelope_has(&dead, WR_FIELD_REPLAY));
}

/* What a replay at the stage needs. */
static enum wr_resume resume_of(const struct wr_dead_letter *letter, struct weir_bytes *kept_r)
{
	struct weir_header headers[WR_DEAD_LETTER_HEADERS];
	static struct wr_envelope e;
	size_t count = wr_envelope_dead_letter(letter, &arena, headers);

	assert_int_equal(wr_envelope_read(headers, count, WR_ENVELOPE_DEAD_LETTER, &e, NULL),
			 WR_OK);
	assert_true(wr_envelope_has(&e, WR_FIELD_RESUME));
	*kept_r = e.stage_value;
	return e.resume;
}

static void an_event_that_no_stage_changed_can_go_on_at_the_stage(void **state)
{
	struct weir_header as_it_came = {"a", {"1", 1}}, copied = {"a", {"1", 1}};
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	struct weir_bytes kept;

	(void)state;
	ev.source_value = text("{\"n\":1}");
	ev.pub.value = text("{\"n\":1}");
	ev.source_headers = &as_it_came;
	ev.pub.headers = &copied;
	ev.source_header_count = ev.pub.header_count = 1;
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_STAGE);
	assert_null(kept.data);
}

static void a_changed_value_is_kept_when_that_is_wanted(void **state)
{
	static char large[WR_KEPT_VALUE_BYTES + 1];
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	struct weir_bytes kept;

	(void)state;
	ev.source_value = text("{}");
	ev.pub.value = text("{\"rich\":1}");
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_START);
	assert_null(kept.data);
	letter.keeps_stage_value = true;
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_STAGE);
	assert_true(is_text(kept, "{\"rich\":1}"));
	ev.pub.value = (struct weir_bytes){large, WR_KEPT_VALUE_BYTES};
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_STAGE);
	ev.pub.value.size++;
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_START);
	assert_null(kept.data);
	ev.pub.value = (struct weir_bytes){NULL, 0};
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_START);
}

static void a_changed_key_or_header_must_begin_at_the_start(void **state)
{
	const struct weir_header one = {"a", {"1", 1}}, other = {"a", {"2", 1}},
				 renamed = {"b", {"1", 1}};
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	struct weir_bytes kept;

	(void)state;
	letter.keeps_stage_value = true;
	ev.pub.key = text("k");
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_START);
	ev.source_key = text("k");
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_STAGE);
	ev.pub.headers = &one;
	ev.pub.header_count = 1;
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_START);
	ev.source_headers = &other;
	ev.source_header_count = 1;
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_START);
	ev.source_headers = &renamed;
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_START);
	ev.source_headers = &one;
	assert_int_equal(resume_of(&letter, &kept), WR_RESUME_STAGE);
}

static void a_retry_record_keeps_what_came_beside_what_the_stage_saw(void **state)
{
	struct weir_header headers[WR_FIELD_COUNT];
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	struct wr_envelope e, read_back;
	size_t count;

	(void)state;
	ev.source_key = text("k");
	ev.source_value = text("{}");
	ev.pub.key = text("K");
	ev.pub.value = text("{\"rich\":1}");
	wr_envelope_retry(&letter, &e);
	count = wr_envelope_write(&e, &arena, headers);
	assert_int_equal(wr_envelope_read(headers, count, WR_ENVELOPE_RETRY, &read_back, NULL),
			 WR_OK);
	assert_true(is_text(read_back.source_key, "k"));
	assert_true(is_text(read_back.source_value, "{}"));
	assert_true(is_text(read_back.owner, "0/events/3/1234567890123"));
	assert_int_equal(read_back.attempts, 4);
	assert_false(wr_envelope_has(&read_back, WR_FIELD_CLASS));
	assert_false(wr_envelope_has(&read_back, WR_FIELD_RESUME));
	assert_false(wr_envelope_has(&read_back, WR_FIELD_REPLAY));
}

/* It holds for one record: the next that is made of the event says it anew, or not. */
static void whose_key_is_kept_in_order_says_its_own_record_only(void **state)
{
	static const enum wr_turn turns[] = {WR_TURN_FIRST, WR_TURN_BEHIND};
	struct weir_header headers[WR_DEAD_LETTER_HEADERS];
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	struct wr_envelope e, read_back, next;
	size_t count;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(turns); i++) {
		letter.past = NULL;
		wr_envelope_retry(&letter, &e);
		assert_false(wr_envelope_has(&e, WR_FIELD_ORDER));
		wr_envelope_set_turn(&e, turns[i]);
		count = wr_envelope_write(&e, &arena, headers);
		assert_int_equal(
		    wr_envelope_read(headers, count, WR_ENVELOPE_RETRY, &read_back, NULL), WR_OK);
		assert_true(wr_envelope_has(&read_back, WR_FIELD_ORDER));
		assert_int_equal(read_back.turn, turns[i]);
		letter.past = &read_back;
		wr_envelope_retry(&letter, &next);
		assert_false(wr_envelope_has(&next, WR_FIELD_ORDER));
		count = wr_envelope_dead_letter(&letter, &arena, headers);
		assert_int_equal(
		    wr_envelope_read(headers, count, WR_ENVELOPE_DEAD_LETTER, &next, NULL), WR_OK);
		assert_false(wr_envelope_has(&next, WR_FIELD_ORDER));
	}
}

/* It comes more often than any other where keys rest seldom, and there is no failure to tell of. */
static void a_follower_that_has_not_failed_says_no_more_than_it_must(void **state)
{
	static const char *const names[] = {"weir-origin-timestamp", "weir-owner", "weir-event-id",
					    "weir-order"};
	struct weir_header headers[WR_FIELD_COUNT];
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	struct wr_envelope e, read_back, again;

	(void)state;
	ev.first_failed_at_ms = ev.last_failed_at_ms = 0;
	ev.code = ev.message = NULL;
	letter.attempts = 0;
	letter.stage = NULL;
	for (int pass = 0; pass < 2; pass++) {
		wr_envelope_retry(&letter, &e);
		wr_envelope_set_turn(&e, WR_TURN_BEHIND);
		assert_int_equal(wr_envelope_write(&e, &arena, headers), UNIT_COUNT_OF(names));
		for (size_t i = 0; i < UNIT_COUNT_OF(names); i++)
			assert_string_equal(headers[i].name, names[i]);
		assert_int_equal(wr_envelope_read(headers, UNIT_COUNT_OF(names), WR_ENVELOPE_RETRY,
						  &read_back, NULL),
				 WR_OK);
		assert_true(is_text(read_back.origin_topic, "events"));
		assert_int_equal(read_back.origin_partition, 3);
		assert_int_equal(read_back.origin_offset, 1234567890123);
		assert_int_equal(read_back.attempts, 0);
		again = read_back;
		letter.past = &again;
	}
}

static void one_that_has_failed_says_so(void **state)
{
	struct weir_header headers[WR_FIELD_COUNT];
	struct wr_event ev = failed_event();
	const struct wr_dead_letter letter = letter_of(&ev);
	struct wr_envelope e;
	size_t count;

	(void)state;
	wr_envelope_retry(&letter, &e);
	count = wr_envelope_write(&e, &arena, headers);
	wr_envelope_set_turn(&e, WR_TURN_BEHIND);
	assert_int_equal(wr_envelope_write(&e, &arena, headers), count + 1);
	assert_true(wr_envelope_has(&e, WR_FIELD_ORIGIN_TOPIC));
	assert_true(wr_envelope_has(&e, WR_FIELD_FIRST_FAILED_AT));
}

/* Where the owner is a replay, or nobody, it does not tell. */
static void a_follower_says_where_it_came_from_when_its_owner_does_not(void **state)
{
	static const char *const owners[] = {"0/p.retry.0/3/1234567890123",
					     "0/events/2/1234567890123", "0/events/3/1234567890124",
					     NULL};
	struct weir_header headers[WR_FIELD_COUNT];
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	struct wr_envelope e, read_back;
	size_t count;

	(void)state;
	ev.first_failed_at_ms = 0;
	letter.attempts = 0;
	for (size_t i = 0; i < UNIT_COUNT_OF(owners); i++) {
		letter.owner = wr_bytes(NULL, 0);
		if (owners[i] != NULL)
			letter.owner = wr_bytes_of(owners[i]);
		wr_envelope_retry(&letter, &e);
		wr_envelope_set_turn(&e, WR_TURN_BEHIND);
		count = wr_envelope_write(&e, &arena, headers);
		assert_int_equal(
		    wr_envelope_read(headers, count, WR_ENVELOPE_RETRY, &read_back, NULL), WR_OK);
		assert_true(is_text(read_back.origin_topic, "events"));
		assert_int_equal(read_back.origin_partition, 3);
		assert_int_equal(read_back.origin_offset, 1234567890123);
	}
}

static void a_message_is_cut_between_two_characters(void **state)
{
	static char message[WR_ENVELOPE_MESSAGE_BYTES + 2];
	struct weir_header headers[WR_DEAD_LETTER_HEADERS];
	struct wr_event ev = failed_event();
	const struct wr_dead_letter letter = letter_of(&ev);

	(void)state;
	memset(message, 'x', sizeof(message) - 1);
	memcpy(message + WR_ENVELOPE_MESSAGE_BYTES - 1, "\xC3\xA9", 2);
	ev.message = message;
	assert_int_equal(wr_envelope_dead_letter(&letter, &arena, headers), 19);
	assert_int_equal(headers[12].value.size, WR_ENVELOPE_MESSAGE_BYTES - 1);
}

static void empty_words_are_left_out(void **state)
{
	struct weir_header headers[WR_DEAD_LETTER_HEADERS];
	struct wr_event ev = failed_event();
	const struct wr_dead_letter letter = letter_of(&ev);

	(void)state;
	ev.code = ev.message = "";
	assert_int_equal(wr_envelope_dead_letter(&letter, &arena, headers), 17);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, envelopes_set_up, envelopes_tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(names_with_the_prefix_are_ours),
	    RULE(an_output_bears_its_id_and_generation),
	    RULE(an_emit_is_named_by_event_stage_and_number),
	    RULE(an_emit_of_an_event_without_id_is_named_too),
	    RULE(any_bytes_and_any_length_make_an_emit_id),
	    RULE(without_memory_there_is_no_emit_id),
	    RULE(a_dead_letter_says_all_it_knows),
	    RULE(what_is_not_known_is_left_out),
	    RULE(the_largest_numbers_are_whole),
	    RULE(every_class_is_named),
	    RULE(without_memory_there_is_no_envelope),
	    RULE(a_record_never_grows_by_going_round),
	    RULE(an_event_that_no_stage_changed_can_go_on_at_the_stage),
	    RULE(a_changed_value_is_kept_when_that_is_wanted),
	    RULE(a_changed_key_or_header_must_begin_at_the_start),
	    RULE(a_retry_record_keeps_what_came_beside_what_the_stage_saw),
	    RULE(whose_key_is_kept_in_order_says_its_own_record_only),
	    RULE(a_follower_that_has_not_failed_says_no_more_than_it_must),
	    RULE(one_that_has_failed_says_so),
	    RULE(a_follower_says_where_it_came_from_when_its_owner_does_not),
	    RULE(a_message_is_cut_between_two_characters),
	    RULE(empty_words_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
