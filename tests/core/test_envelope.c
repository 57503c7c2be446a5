#include "config.h"

#include "core/envelope.h"

#include "tests/faults.h"
#include "tests/unit.h"

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

static struct weir_bytes text(const char *s)
{
	return (struct weir_bytes){s, strlen(s)};
}

static bool is_text(struct weir_bytes value, const char *expected)
{
	return wr_bytes_equal(wr_bytes_from(value), wr_bytes_of(expected));
}

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

static struct wr_event failed_event(void)
{
	return (struct wr_event){
	    .pub = {.id = {"e1", 2},
		    .timestamp_ms = 1700000000123,
		    .topic = "events",
		    .partition = 3,
		    .offset = 1234567890123,
		    .attempt = 4},
	    .outcome = WR_OUTCOME_DEAD,
	    .class = WR_CLASS_EXHAUSTED,
	    .code = "busy",
	    .message = "the ledger is busy",
	    .first_failed_at_ms = 1700000001000,
	    .last_failed_at_ms = 1700000002000,
	};
}

static struct wr_dead_letter letter_of(const struct wr_event *event)
{
	return (struct wr_dead_letter){
	    .event = event,
	    .pipeline = "payments",
	    .stage = "fraud",
	    .plugin = "fraud-check",
	    .plugin_version = "1.2.0",
	    .owner = {"0/events/3/1234567890123", 24},
	    .generation = {"42", 2},
	    .attempts = 4,
	};
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
	assert_int_equal(count, 18);
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
		assert_int_equal(wr_envelope_dead_letter(&letter, &arena, headers), 18);
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
	/* Whatever the arena has left, until it suffices: each number takes 32 bytes of it. */
	for (size_t left = 0; left < 7; left++) {
		wr_arena_fini(&arena);
		assert_non_null(wr_arena_alloc(&arena, (size_t)16 * 1024 - left * 32));
		faults_begin(0);
		count = wr_envelope_dead_letter(&letter, &arena, headers);
		assert_true(faults_end());
		assert_int_equal(count, 0);
	}
	wr_arena_fini(&arena);
	assert_non_null(wr_arena_alloc(&arena, (size_t)16 * 1024 - (size_t)7 * 32));
	faults_begin(0);
	count = wr_envelope_dead_letter(&letter, &arena, headers);
	assert_false(faults_end());
	assert_int_equal(count, 18);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
