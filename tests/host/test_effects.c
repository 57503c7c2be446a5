/* What a handler changes and emits counts only when its verdict says so. */
#include "tests/host/scripted.h"

static enum weir_verdict verdict;

/* Asks for everything, for every event. */
static int changes_all(void *self, struct weir_call *call, const struct weir_event *const *events,
		       struct weir_result *const *results, size_t n)
{
	const struct weir_host *host = call->host;
	const struct weir_header headers[] = {{"h", {"1", 1}}};
	const struct weir_record record = {.size = (uint32_t)sizeof(record),
					   .key = {"ek", 2},
					   .value = {"ev", 2},
					   .headers = headers,
					   .header_count = 1};

	(void)self;
	(void)events;
	for (size_t i = 0; i < n; i++) {
		assert_true(host->begin(call, i));
		assert_true(host->set_value(call, results[i], "new", 3));
		assert_true(host->set_key(call, results[i], NULL, 0));
		assert_true(host->set_header(call, results[i], "b", "B", 1));
		assert_true(host->set_header(call, results[i], "a", NULL, 0));
		assert_true(host->set_header(call, results[i], "empty", "", 0));
		assert_true(host->emit(call, results[i], 1, &record));
		assert_true(host->emit(call, results[i], 0, &record));
		host->set_error(call, results[i], "code", "message");
		results[i]->verdict = verdict;
	}
	return 0;
}

static struct weir_test *run_all(enum weir_verdict v)
{
	struct weir_test *test = scripted_open(changes_all);

	verdict = v;
	weir_test_add(test, "id", "key", "old");
	weir_test_add_header(test, 0, "a", "1");
	weir_test_add_header(test, 0, "b", "2");
	weir_test_add_header(test, 0, "a", "3");
	weir_test_run(test);
	return test;
}

static bool header_is(struct weir_test *test, const char *name, const char *text)
{
	struct weir_bytes value = weir_test_header(test, 0, name);

	if (text == NULL)
		return value.data == NULL;
	return value.data != NULL && value.size == strlen(text) &&
	       memcmp(value.data, text, value.size) == 0;
}

static void ok_takes_the_changes_and_the_emits(void **state)
{
	struct weir_test *test = run_all(WEIR_OK);
	const char *output;
	struct weir_record record;

	(void)state;
	assert_true(weir_test_value_is(test, 0, "new"));
	assert_null(weir_test_event(test, 0)->key.data);
	assert_true(header_is(test, "a", NULL) && header_is(test, "b", "B") &&
		    header_is(test, "empty", ""));
	assert_int_equal(weir_test_event(test, 0)->header_count, 2);
	assert_int_equal(weir_test_emit_count(test, 0), 2);
	record = weir_test_emit(test, 0, 0, &output);
	assert_string_equal(output, "alerts");
	assert_memory_equal(record.value.data, "ev", 2);
	assert_string_equal(record.headers[0].name, "h");
	weir_test_emit(test, 0, 1, &output);
	assert_string_equal(output, "default");
	weir_test_close(test);
}

static void drop_takes_the_emits_alone(void **state)
{
	struct weir_test *test = run_all(WEIR_DROP);

	(void)state;
	assert_true(weir_test_value_is(test, 0, "old"));
	assert_non_null(weir_test_event(test, 0)->key.data);
	assert_true(header_is(test, "a", "1"));
	assert_int_equal(weir_test_emit_count(test, 0), 2);
	weir_test_close(test);
}

static void retry_and_fail_forget_all_but_the_reason(void **state)
{
	const enum weir_verdict both[] = {WEIR_RETRY, WEIR_FAIL};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct weir_test *test = run_all(both[i]);

		assert_true(weir_test_value_is(test, 0, "old"));
		assert_true(header_is(test, "a", "1"));
		assert_int_equal(weir_test_emit_count(test, 0), 0);
		assert_string_equal(weir_test_code(test, 0), "code");
		assert_string_equal(weir_test_message(test, 0), "message");
		weir_test_close(test);
	}
}

static void emits_of_a_retried_call_are_not_doubled(void **state)
{
	struct weir_test *test = run_all(WEIR_RETRY);

	(void)state;
	verdict = WEIR_OK;
	weir_test_run(test);
	assert_int_equal(weir_test_emit_count(test, 0), 2);
	weir_test_close(test);
}

/* In the reverse order, without begin(): the result alone says which event is meant. */
static int sets_out_of_order(void *self, struct weir_call *call,
			     const struct weir_event *const *events,
			     struct weir_result *const *results, size_t n)
{
	(void)self;
	for (size_t i = n; i-- > 0;) {
		char text = (char)('0' + i);
		struct weir_json json;

		assert_true(call->host->set_value(call, results[i], &text, 1));
		assert_int_equal(weir_json_get(call, events[i], "", &json), WEIR_JSON_INTEGER);
		assert_int_equal(json.integer, (int)i + 10);
		results[i]->verdict = WEIR_OK;
	}
	return 0;
}

static void results_may_be_set_in_any_order(void **state)
{
	struct weir_test *test = scripted_open(sets_out_of_order);

	(void)state;
	weir_test_add(test, "a", NULL, "10");
	weir_test_add(test, "b", NULL, "11");
	weir_test_add(test, "c", NULL, "12");
	weir_test_run(test);
	assert_true(weir_test_value_is(test, 0, "0"));
	assert_true(weir_test_value_is(test, 1, "1"));
	assert_true(weir_test_value_is(test, 2, "2"));
	weir_test_close(test);
}

static int sets_tombstone_and_empty(void *self, struct weir_call *call,
				    const struct weir_event *const *events,
				    struct weir_result *const *results, size_t n)
{
	(void)self;
	(void)events;
	(void)n;
	assert_true(call->host->set_value(call, results[0], NULL, 0));
	assert_true(call->host->set_value(call, results[1], "", 0));
	results[0]->verdict = WEIR_OK;
	results[1]->verdict = WEIR_OK;
	return 0;
}

static void absent_and_empty_differ(void **state)
{
	struct weir_test *test = scripted_open(sets_tombstone_and_empty);

	(void)state;
	weir_test_add(test, "a", NULL, "v");
	weir_test_add(test, "b", NULL, "v");
	weir_test_run(test);
	assert_null(weir_test_event(test, 0)->value.data);
	assert_non_null(weir_test_event(test, 1)->value.data);
	assert_int_equal(weir_test_event(test, 1)->value.size, 0);
	weir_test_close(test);
}

static int sets_many_headers(void *self, struct weir_call *call,
			     const struct weir_event *const *events,
			     struct weir_result *const *results, size_t n)
{
	char name[1200];
	size_t set = 0;

	(void)self;
	(void)events;
	(void)n;
	memset(name, 'n', sizeof(name));
	name[1025] = '\0';
	assert_false(call->host->set_header(call, results[0], name, "v", 1));
	name[1024] = '\0';
	assert_true(call->host->set_header(call, results[0], name, "v", 1));
	while (set < 5000 && call->host->set_header(call, results[0], "again", "v", 1))
		set++;
	assert_int_equal(set, 999);
	results[0]->verdict = WEIR_OK;
	return 0;
}

static void headers_are_bounded(void **state)
{
	struct weir_test *test = scripted_open(sets_many_headers);

	(void)state;
	weir_test_add(test, "a", NULL, "v");
	weir_test_run(test);
	assert_int_equal(weir_test_event(test, 0)->header_count, 2);
	weir_test_close(test);
}

static int emits_bad_headers(void *self, struct weir_call *call,
			     const struct weir_event *const *events,
			     struct weir_result *const *results, size_t n)
{
	struct weir_header header = {"weir-event-id", {"x", 1}};
	struct weir_record record = {.headers = &header, .header_count = 1};

	(void)self;
	(void)events;
	(void)n;
	assert_false(call->host->emit(call, results[0], 0, &record));
	header.name = NULL;
	assert_false(call->host->emit(call, results[0], 0, &record));
	header.name = "fine";
	record.header_count = 1001;
	assert_false(call->host->emit(call, results[0], 0, &record));
	record.headers = NULL;
	assert_false(call->host->emit(call, results[0], 0, &record));
	record.header_count = 0;
	assert_true(call->host->emit(call, results[0], 0, &record));
	results[0]->verdict = WEIR_OK;
	return 0;
}

static void a_refused_emit_leaves_nothing(void **state)
{
	struct weir_test *test = scripted_open(emits_bad_headers);

	(void)state;
	weir_test_add(test, "a", NULL, "v");
	weir_test_run(test);
	assert_int_equal(weir_test_emit_count(test, 0), 1);
	assert_null(weir_test_emit(test, 0, 0, NULL).value.data);
	weir_test_close(test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ok_takes_the_changes_and_the_emits),
	    cmocka_unit_test(drop_takes_the_emits_alone),
	    cmocka_unit_test(retry_and_fail_forget_all_but_the_reason),
	    cmocka_unit_test(emits_of_a_retried_call_are_not_doubled),
	    cmocka_unit_test(results_may_be_set_in_any_order),
	    cmocka_unit_test(absent_and_empty_differ),
	    cmocka_unit_test(headers_are_bounded),
	    cmocka_unit_test(a_refused_emit_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
