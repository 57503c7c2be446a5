#include "config.h"

#include "core/event_id.h"
#include "tests/unit.h"

#include "http/event_body.h"

#include <stdlib.h>

struct fixture {
	struct wr_json_reader *reader;
	struct wr_arena arena;
	struct wr_event_body_options options;
	struct wr_event_body body;
};

static int set_up(void **state)
{
	static struct fixture f;

	wr_arena_init(&f.arena, 0);
	f.options = (struct wr_event_body_options){.max_event_bytes = 40000, .max_events = 4};
	*state = &f;
	return wr_json_reader_create(&f.reader) == WR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	wr_arena_fini(&f->arena);
	wr_json_reader_destroy(f->reader);
	return 0;
}

static void read_text(struct fixture *f, const char *text)
{
	assert_int_equal(
	    wr_event_body_read(f->reader, &f->arena, wr_bytes_of(text), &f->options, &f->body),
	    WR_OK);
}

/* The only event of a body, which is good. */
static const struct wr_event_item *good(struct fixture *f, const char *text)
{
	read_text(f, text);
	assert_int_equal(f->body.status, 0);
	assert_int_equal(f->body.count, 1);
	if (f->body.items[0].fate != WR_FATE_PENDING)
		fail_msg("%s: %s", text, f->body.items[0].detail);
	return &f->body.items[0];
}

static void assert_bad(struct fixture *f, const char *text, unsigned status, const char *detail)
{
	read_text(f, text);
	assert_int_equal(f->body.status, 0);
	assert_int_equal(f->body.count, 1);
	assert_int_equal(f->body.items[0].fate, WR_FATE_INVALID);
	assert_int_equal(f->body.items[0].status, status);
	assert_string_equal(f->body.items[0].detail, detail);
}

static void assert_refused(struct fixture *f, const char *text, unsigned status)
{
	read_text(f, text);
	assert_int_equal(f->body.status, status);
	assert_int_equal(f->body.count, 0);
	assert_non_null(f->body.detail);
}

static void assert_bytes(struct wr_bytes found, const void *expected, size_t size)
{
	assert_int_equal(found.size, size);
	assert_memory_equal(found.data, expected, size);
}

static void the_value_is_the_event_as_sent(void **state)
{
	struct fixture *f = *state;
	const char *text = " \n{ \"payload\" : 1.0e0, \"eventId\":\"a\\u00e9\" }\t";

	assert_bytes(good(f, text)->value, text + 2, strlen(text) - 3);
	assert_false(f->body.is_batch);
}

static void the_key_is_the_id_unless_the_event_says_otherwise(void **state)
{
	struct fixture *f = *state;

	assert_bytes(good(f, "{\"eventId\":\"a\\u00e9\"}")->key, "a\xC3\xA9", 3);
	assert_bytes(good(f, "{\"eventId\":\"a\",\"key\":\"k\\u0000\"}")->key, "k\0", 2);
	assert_bytes(good(f, "{\"eventId\":\"a\",\"key\":null}")->key, "a", 1);
	assert_non_null(good(f, "{\"eventId\":\"a\",\"key\":\"\"}")->key.data);
	assert_int_equal(f->body.items[0].key.size, 0);
	assert_bad(f, "{\"eventId\":\"a\",\"key\":1}", 422, "key is not a string");
	assert_bad(f, "{\"eventId\":\"a\",\"key\":{}}", 422, "key is not a string");
}

static void an_integer_is_an_id_as_long_as_doubles_are_exact(void **state)
{
	static const char range[] = "eventId, as a number, must be an integer within +-(2^53 - 1)";
	struct fixture *f = *state;

	assert_bytes(good(f, "{\"eventId\":42}")->key, "42", 2);
	assert_bytes(good(f, "{\"eventId\":-0}")->key, "0", 1);
	assert_bytes(good(f, "{\"eventId\":9007199254740991}")->key, "9007199254740991", 16);
	assert_bytes(good(f, "{\"eventId\":-9007199254740991}")->key, "-9007199254740991", 17);
	assert_bad(f, "{\"eventId\":9007199254740992}", 422, range);
	assert_bad(f, "{\"eventId\":9007199254740993}", 422, range);
	assert_bad(f, "{\"eventId\":-9007199254740992}", 422, range);
	assert_bad(f, "{\"eventId\":99999999999999999999999}", 422, range);
	assert_bad(f, "{\"eventId\":1.0}", 422, range);
	assert_bad(f, "{\"eventId\":1e2}", 422, range);
}

static void what_can_not_be_an_id_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_bad(f, "{}", 422, "eventId is missing");
	assert_bad(f, "{\"eventid\":\"a\"}", 422, "eventId is missing");
	assert_bad(f, "{\"payload\":{\"eventId\":\"a\"}}", 422, "eventId is missing");
	assert_bad(f, "{\"eventId\":null}", 422, "eventId is null");
	assert_bad(f, "{\"eventId\":\"\"}", 422, "eventId is empty");
	assert_bad(f, "{\"eventId\":\"a\\u0000b\"}", 422, "eventId holds a NUL character");
	assert_bad(f, "{\"eventId\":true}", 422, "eventId is neither a string nor an integer");
	assert_bad(f, "{\"eventId\":[1]}", 422, "eventId is neither a string nor an integer");
	assert_bad(f, "{\"eventId\":\"a\",\"event\\u0049d\":\"b\"}", 422,
		   "eventId stands twice in the event");
	assert_bad(f, "{\"eventId\":1,\"key\":\"a\",\"key\":\"a\"}", 422,
		   "key stands twice in the event");
}

static void an_id_may_be_16_kib_long(void **state)
{
	struct fixture *f = *state;
	size_t size = WR_EVENT_ID_BYTES_MAX;
	char *text = calloc(1, size + 64);

	assert_non_null(text);
	memcpy(text, "{\"eventId\":\"", 12);
	memset(text + 12, 'x', size);
	memcpy(text + 12 + size, "\"}", 3);
	assert_int_equal(good(f, text)->key.size, size);
	memcpy(text + 12 + size, "x\"}", 4);
	assert_bad(f, text, 422, "eventId is longer than 16 KiB");
	free(text);
}

static void an_event_is_an_object(void **state)
{
	static const char *const texts[] = {"1", "\"x\"", "null", "[[]]", "[true]"};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(texts); i++)
		assert_bad(f, texts[i], 422, "an event is a JSON object");
}

static void an_event_over_its_bound_is_refused(void **state)
{
	struct fixture *f = *state;

	f->options.max_event_bytes = 13;
	good(f, " {\"eventId\":1} ");
	assert_bad(f, "{\"eventId\":12}", 413,
		   "the event is larger than 13 bytes (http.ingest.max_event)");
}

static void a_batch_keeps_its_order_and_its_bad_events(void **state)
{
	struct fixture *f = *state;
	const char *text = "[{\"eventId\":1},2, {\"eventId\":3} ]";

	read_text(f, text);
	assert_true(f->body.is_batch);
	assert_int_equal(f->body.count, 3);
	assert_bytes(f->body.items[0].value, "{\"eventId\":1}", 13);
	assert_int_equal(f->body.items[1].fate, WR_FATE_INVALID);
	assert_ptr_equal(f->body.items[1].sent.data, text + 15);
	assert_bytes(f->body.items[2].key, "3", 1);
}

static void a_batch_has_a_bound_and_is_not_empty(void **state)
{
	struct fixture *f = *state;

	read_text(f, "[1,1,1,1]");
	assert_int_equal(f->body.count, 4);
	assert_refused(f, "[1,1,1,1,1]", 413);
	assert_refused(f, "[]", 422);
	f->options.type = WR_EVENT_BODY_NDJSON;
	read_text(f, "\n1\n\n1\n1\n1\n\n");
	assert_int_equal(f->body.count, 4);
	assert_refused(f, "1\n1\n1\n1\n1", 413);
}

static void what_is_no_json_is_refused_as_a_whole_with_its_place(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "[{\"eventId\":1},}]", 400);
	assert_true(f->body.has_error_offset);
	assert_int_equal(f->body.error_offset, 15);
	assert_refused(f, "{\"eventId\":1} x", 400);
	assert_refused(f, "{\"eventId\":\"\xFF\"}", 400);
	assert_refused(f, "{\"eventId\":\"\\ud800\"}", 400);
	assert_refused(f, "", 400);
	assert_refused(f, " \n ", 400);
	assert_false(f->body.has_error_offset);
}

static void a_bad_line_spoils_no_other(void **state)
{
	struct fixture *f = *state;

	f->options.type = WR_EVENT_BODY_NDJSON;
	read_text(f, "{\"eventId\":1}\r\n {\"eventId\":}\n\n{\"eventId\":2}");
	assert_int_equal(f->body.count, 3);
	assert_true(f->body.is_batch);
	assert_int_equal(f->body.items[0].fate, WR_FATE_PENDING);
	assert_bytes(f->body.items[0].value, "{\"eventId\":1}", 13);
	assert_int_equal(f->body.items[1].status, 400);
	assert_int_equal(f->body.items[1].error_offset, 27);
	assert_string_equal(f->body.items[1].detail, "expected a value");
	assert_bytes(f->body.items[2].key, "2", 1);
	assert_refused(f, "\n \r\n", 400);
}

static void a_given_id_is_added_where_there_is_none(void **state)
{
	struct fixture *f = *state;

	f->options.idempotency_key = wr_bytes_of("k/1");
	assert_bytes(good(f, "{\"x\":1}")->value, "{\"eventId\":\"k/1\",\"x\":1}", 23);
	assert_bytes(f->body.items[0].key, "k/1", 3);
	assert_bytes(good(f, "{ }")->value, "{\"eventId\":\"k/1\" }", 18);
	assert_bytes(good(f, "{\"eventId\":\"k/1\"}")->value, "{\"eventId\":\"k/1\"}", 17);
	assert_bytes(good(f, "{\"key\":\"other\"}")->key, "other", 5);
}

static void a_given_id_must_agree_and_names_one_event(void **state)
{
	struct fixture *f = *state;

	f->options.idempotency_key = wr_bytes_of("k");
	assert_bad(f, "{\"eventId\":\"other\"}", 422,
		   "eventId and the header Idempotency-Key name different ids");
	assert_refused(f, "[{\"eventId\":\"k\"}]", 422);
	f->options.type = WR_EVENT_BODY_NDJSON;
	assert_refused(f, "{\"eventId\":\"k\"}", 422);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(the_value_is_the_event_as_sent),
	    WITH_FIXTURE(the_key_is_the_id_unless_the_event_says_otherwise),
	    WITH_FIXTURE(an_integer_is_an_id_as_long_as_doubles_are_exact),
	    WITH_FIXTURE(what_can_not_be_an_id_is_refused),
	    WITH_FIXTURE(an_id_may_be_16_kib_long),
	    WITH_FIXTURE(an_event_is_an_object),
	    WITH_FIXTURE(an_event_over_its_bound_is_refused),
	    WITH_FIXTURE(a_batch_keeps_its_order_and_its_bad_events),
	    WITH_FIXTURE(a_batch_has_a_bound_and_is_not_empty),
	    WITH_FIXTURE(what_is_no_json_is_refused_as_a_whole_with_its_place),
	    WITH_FIXTURE(a_bad_line_spoils_no_other),
	    WITH_FIXTURE(a_given_id_is_added_where_there_is_none),
	    WITH_FIXTURE(a_given_id_must_agree_and_names_one_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
