#include "config.h"

#include "core/envelope.h"

#include "tests/core/envelopes.h"

static struct wr_envelope dead_letter_with(struct weir_bytes stage_value)
{
	struct weir_header headers[WR_DEAD_LETTER_HEADERS];
	struct wr_event ev = failed_event();
	struct wr_dead_letter letter = letter_of(&ev);
	struct wr_envelope e;
	size_t count;

	letter.keeps_stage_value = true;
	ev.source_value = text("{}");
	ev.pub.value = stage_value;
	count = wr_envelope_dead_letter(&letter, &arena, headers);
	assert_int_equal(wr_envelope_read(headers, count, WR_ENVELOPE_DEAD_LETTER, &e, NULL),
			 WR_OK);
	return e;
}

static void a_replay_to_the_stage_sends_what_the_stage_saw(void **state)
{
	const struct wr_envelope dead = dead_letter_with(text("{\"rich\":1}"));
	struct wr_envelope e;
	struct weir_bytes value;

	(void)state;
	wr_envelope_replay(&(struct wr_replay){.letter = &dead,
					       .value = text("{}"),
					       .to_stage = true,
					       .job = "j1",
					       .from = "d/0/7"},
			   &e, &value);
	assert_true(is_text(value, "{\"rich\":1}"));
	assert_true(is_text(e.source_value, "{}"));
	assert_true(is_text(e.stage, "fraud"));
	assert_true(is_text(e.replay, "j1"));
	assert_true(is_text(e.owner, "0/events/3/1234567890123"));
	assert_int_equal(e.attempts, 0);
	assert_false(wr_envelope_has(&e, WR_FIELD_STAGE_VALUE));
}

/* The dead letter, or the retry record, of an event that came by this replay. */
static struct wr_envelope of_replay(bool claimed, bool dies)
{
	static struct wr_event ev;
	static struct wr_envelope replay;
	const struct wr_envelope dead = dead_letter_with(text("{}"));
	struct wr_dead_letter letter;
	struct wr_envelope e;
	struct weir_bytes value;

	wr_envelope_replay(
	    &(struct wr_replay){.letter = &dead, .value = text("{}"), .job = "j1", .from = "d/0/7"},
	    &replay, &value);
	ev = failed_event();
	letter = letter_of(&ev);
	letter.past = &replay;
	letter.owner = wr_bytes_of("1/payments.retry.0/2/5");
	letter.claimed = claimed;
	if (dies)
		wr_envelope_dead(&letter, &e);
	else
		wr_envelope_retry(&letter, &e);
	return e;
}

static void what_a_replay_becomes_is_its_own(void **state)
{
	struct wr_envelope dead = of_replay(true, true), retried = of_replay(true, false);

	(void)state;
	assert_true(is_text(dead.owner, "1/payments.retry.0/2/5"));
	assert_false(wr_envelope_has(&dead, WR_FIELD_REPLAY));
	assert_true(is_text(retried.owner, "1/payments.retry.0/2/5"));
	assert_false(wr_envelope_has(&retried, WR_FIELD_REPLAY));
}

static void a_replay_that_never_claimed_leaves_as_what_it_came(void **state)
{
	struct wr_envelope dead = of_replay(false, true), retried = of_replay(false, false);

	(void)state;
	assert_true(is_text(dead.owner, "0/events/3/1234567890123"));
	assert_false(wr_envelope_has(&dead, WR_FIELD_REPLAY));
	assert_true(is_text(retried.owner, "0/events/3/1234567890123"));
	assert_true(is_text(retried.replay, "j1"));
}

static void a_replay_from_the_start_sends_what_came(void **state)
{
	const struct wr_envelope dead = dead_letter_with(text("{\"rich\":1}"));
	struct wr_envelope e;
	struct weir_bytes value;

	(void)state;
	wr_envelope_replay(
	    &(struct wr_replay){.letter = &dead, .value = text("{}"), .job = "j1", .from = "d/0/7"},
	    &e, &value);
	assert_true(is_text(value, "{}"));
	assert_false(wr_envelope_has(&e, WR_FIELD_STAGE));
	assert_false(wr_envelope_has(&e, WR_FIELD_PLUGIN));
	assert_false(wr_envelope_has(&e, WR_FIELD_SOURCE_VALUE));
	assert_false(wr_envelope_has(&e, WR_FIELD_STAGE_VALUE));
}

static void the_first_original_of_an_edited_event_stays(void **state)
{
	const struct weir_bytes once = text("{\"fixed\":1}"), twice = text("{\"fixed\":2}");
	struct wr_envelope dead = dead_letter_with(text("{}")), e;
	struct wr_replay replay = {.letter = &dead,
				   .value = text("{}"),
				   .edited = &once,
				   .to_stage = true,
				   .job = "j1",
				   .from = "d/0/7"};
	struct weir_bytes value;

	(void)state;
	wr_envelope_replay(&replay, &e, &value);
	assert_true(is_text(value, "{\"fixed\":1}"));
	assert_true(is_text(e.original_value, "{}"));
	dead = e;
	replay.value = once;
	replay.edited = &twice;
	wr_envelope_replay(&replay, &e, &value);
	assert_true(is_text(value, "{\"fixed\":2}"));
	assert_true(is_text(e.original_value, "{}"));
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, envelopes_set_up, envelopes_tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_replay_to_the_stage_sends_what_the_stage_saw),
	    RULE(a_replay_from_the_start_sends_what_came),
	    RULE(what_a_replay_becomes_is_its_own),
	    RULE(a_replay_that_never_claimed_leaves_as_what_it_came),
	    RULE(the_first_original_of_an_edited_event_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
