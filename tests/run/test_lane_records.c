/* What a record brings into a lane, and what stands in the records that leave it. */
#include "config.h"

#include "tests/run/one_lane.h"

#include <stdio.h>

static void drop_writes_nothing_and_is_committed(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "drop", NULL);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.write_count, 0);
	assert_int_equal(f.partitions[0].committed, 1);
	assert_true(fixture_outcome(&f, "dropped") == 1);
}

static void a_failing_event_becomes_a_dead_letter_with_its_headers(void **state)
{
	const struct fixture_write *w;

	(void)state;
	start();
	fixture_send(&f, 0, "fail", "k");
	fixture_settle(&f);
	w = fixture_write_to(&f, "dlq", 0);
	assert_string_equal(w->value, "{\"id\":\"fail\"}");
	assert_string_equal(w->key, "k");
	assert_true(fixture_has_header(w, "weir-origin-topic", "in"));
	assert_true(fixture_has_header(w, "weir-origin-partition", "0"));
	assert_true(fixture_has_header(w, "weir-origin-offset", "0"));
	assert_true(fixture_has_header(w, "weir-origin-timestamp", "1000"));
	assert_true(fixture_has_header(w, "weir-owner", "0/in/0/0"));
	assert_true(fixture_has_header(w, "weir-event-id", "fail"));
	assert_true(fixture_has_header(w, "weir-pipeline", "p"));
	assert_true(fixture_has_header(w, "weir-stage", "first"));
	assert_true(fixture_has_header(w, "weir-plugin", "scripted"));
	assert_true(fixture_has_header(w, "weir-plugin-version", "7"));
	assert_true(fixture_has_header(w, "weir-class", "permanent"));
	assert_true(fixture_has_header(w, "weir-code", "bad-amount"));
	assert_true(fixture_has_header(w, "weir-message", "the amount is negative"));
	assert_true(fixture_has_header(w, "weir-attempts", "1"));
	assert_true(fixture_has_header(w, "weir-first-failed-at", "1700000000000"));
	assert_true(fixture_has_header(w, "weir-last-failed-at", "1700000000000"));
	assert_true(fixture_has_header(w, "weir-replays", "0"));
	assert_true(fixture_has_header(w, "weir-generation", "42"));
	assert_true(fixture_outcome(&f, "dead_lettered") == 1);
}

static void a_dead_letter_carries_the_value_as_it_came(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "set", NULL);
	fixture_settle(&f);
	assert_string_equal(fixture_write_to(&f, "out", 0)->value, "changed");
	f.refuses = "out";
	fixture_send(&f, 0, "set2", NULL);
	fixture_pass_ms(&f, 200);
	assert_string_equal(fixture_write_to(&f, "dlq", 0)->value, "{\"id\":\"set2\"}");
}

static void a_named_output_is_used(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "alert", NULL);
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "alerts"), 1);
	assert_int_equal(fixture_written(&f, "out"), 0);
}

static void emits_of_completed_stages_are_written_and_named(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "emit", NULL);
	fixture_send(&f, 0, "emitfail", NULL);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "alerts"), 4);
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "alerts", 0), "weir-event-id", "emit/first/0"));
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "alerts", 1), "weir-event-id", "emit/first/1"));
	assert_true(fixture_has_header(fixture_write_to(&f, "alerts", 3), "weir-event-id",
				       "emitfail/first/1"));
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-stage", "second"));
	assert_int_equal(f.partitions[0].committed, 2);
}

static void undecodable_and_idless_events_are_dead_lettered(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	snprintf(f.partitions[0].records[0].value, 160, "{\"id\":");
	fixture_send(&f, 0, "b", NULL);
	snprintf(f.partitions[0].records[1].value, 160, "{\"other\":1}");
	fixture_send(&f, 0, "c", NULL);
	snprintf(f.partitions[0].records[2].value, 160, "{\"id\":9007199254740993}");
	fixture_send(&f, 0, "d", NULL);
	snprintf(f.partitions[0].records[3].value, 160, "{\"id\":\"a\\u0000b\"}");
	fixture_send(&f, 0, "e", NULL);
	f.partitions[0].records[4].tombstone = true;
	for (int i = 0; i < 3; i++)
		fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "dlq"), 5);
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-code", "not-json"));
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 1), "weir-code", "missing-id"));
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 2), "weir-code", "invalid-id"));
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 3), "weir-code", "invalid-id"));
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 4), "weir-code", "missing-id"));
	assert_string_equal(fixture_write_to(&f, "dlq", 4)->value, "(absent)");
	for (size_t i = 0; i < 5; i++)
		assert_true(
		    fixture_has_header(fixture_write_to(&f, "dlq", i), "weir-class", "decode"));
	assert_int_equal(f.partitions[0].committed, 5);
}

static void idless_events_can_be_dropped(void **state)
{
	(void)state;
	f.conf.event_id.missing = WR_ID_MISSING_DROP;
	start();
	fixture_send(&f, 0, "b", NULL);
	snprintf(f.partitions[0].records[0].value, 160, "{\"other\":1}");
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.write_count, 0);
	assert_true(fixture_outcome(&f, "dropped") == 1);
}

static void the_id_can_come_from_the_key_or_a_header(void **state)
{
	(void)state;
	f.conf.event_id.source = WR_ID_HEADER;
	f.conf.event_id.pointer_or_name = (char *)(uintptr_t) "ce_id";
	f.conf.format = WR_FORMAT_RAW;
	start();
	fixture_send(&f, 0, "x", NULL);
	f.partitions[0].records[0].header_name = "ce_id";
	f.partitions[0].records[0].header_value = "from-header";
	fixture_settle(&f);
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "out", 0), "weir-event-id", "from-header"));
	f.conf.event_id.source = WR_ID_KEY;
	fixture_send(&f, 0, "x", "from-key");
	fixture_settle(&f);
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "out", 1), "weir-event-id", "from-key"));
}

static void headers_pass_through_but_forged_ones_are_dropped(void **state)
{
	const struct fixture_write *w;

	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	f.partitions[0].records[0].header_name = "traceparent";
	f.partitions[0].records[0].header_value = "00-1";
	fixture_settle(&f);
	w = fixture_write_to(&f, "out", 0);
	assert_true(fixture_has_header(w, "traceparent", "00-1"));
	assert_null(strstr(w->headers, "forged"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(drop_writes_nothing_and_is_committed),
	    RULE(a_failing_event_becomes_a_dead_letter_with_its_headers),
	    RULE(a_dead_letter_carries_the_value_as_it_came),
	    RULE(a_named_output_is_used),
	    RULE(emits_of_completed_stages_are_written_and_named),
	    RULE(undecodable_and_idless_events_are_dead_lettered),
	    RULE(idless_events_can_be_dropped),
	    RULE(the_id_can_come_from_the_key_or_a_header),
	    RULE(headers_pass_through_but_forged_ones_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
