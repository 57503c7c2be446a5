#include "config.h"

#include "dlq/edit.h"

#include "tests/faults.h"
#include "tests/unit.h"

static const struct wr_dlq_rule by_json = {
    .is_known = true, .format = WR_FORMAT_JSON, .id_source = WR_ID_JSON, .id_name = "/order/id"};
static const struct wr_dlq_rule by_key = {
    .is_known = true, .format = WR_FORMAT_JSON, .id_source = WR_ID_KEY};
static const struct wr_dlq_rule raw_by_key = {
    .is_known = true, .format = WR_FORMAT_RAW, .id_source = WR_ID_KEY};
static const struct wr_dlq_rule raw_by_header = {
    .is_known = true, .format = WR_FORMAT_RAW, .id_source = WR_ID_HEADER, .id_name = "ce_id"};
static const struct wr_dlq_rule unknown;

static struct wr_envelope letter;
static struct wr_dlq_edit edit;
static struct wr_err err;

static int set_up(void **state)
{
	(void)state;
	letter = (struct wr_envelope){.event_id = wr_bytes_to_public(wr_bytes_of("o-1")),
				      .fields = 1u << WR_FIELD_EVENT_ID};
	edit = (struct wr_dlq_edit){.rule = &by_json,
				    .letter = &letter,
				    .value = wr_bytes_of("{\"order\":{\"id\":\"o-1\"}}")};
	err.text[0] = '\0';
	return 0;
}

static enum wr_code check(const char *edited)
{
	edit.edited = wr_bytes_of(edited);
	return wr_dlq_edit_check(&edit, &err);
}

static void refuse(const char *edited, const char *text)
{
	assert_int_equal(check(edited), WR_EINVAL);
	if (strstr(err.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, err.text);
}

static void accept(const char *edited)
{
	if (check(edited) != WR_OK)
		fail_msg("%s: %s", edited, err.text);
}

static void keep_stage_value(const char *value)
{
	letter.stage_value = wr_bytes_to_public(wr_bytes_of(value));
	letter.fields |= 1u << WR_FIELD_STAGE_VALUE;
	edit.to_stage = true;
}

static void a_value_with_the_letters_id_may_go(void **state)
{
	(void)state;
	accept("{\"order\":{\"id\":\"o-1\"},\"amount\":2}");
}

static void an_integer_is_the_id_of_its_digits(void **state)
{
	(void)state;
	letter.event_id = wr_bytes_to_public(wr_bytes_of("42"));
	accept("{\"order\":{\"id\":42}}");
	accept("{\"order\":{\"id\":\"42\"}}");
	refuse("{\"order\":{\"id\":42.0}}", "no event id");
}

static void another_id_is_refused_naming_both(void **state)
{
	(void)state;
	refuse("{\"order\":{\"id\":\"o-2\"}}", "at /order/id it is \"o-2\"");
	refuse("{\"order\":{\"id\":\"o-2\"}}", "the dead letter's is \"o-1\"");
	refuse("{\"order\":{\"id\":\"\\u001b[31m\"}}", "\"\\x1b[31m\"");
}

static void an_endless_id_is_cut_in_the_refusal(void **state)
{
	char text[1200] = "{\"order\":{\"id\":\"";

	(void)state;
	memset(text + strlen(text), 'x', 1000);
	strcat(text, "\"}}");
	refuse(text, "xxx...\", and the dead letter's is \"o-1\"");
	assert_true(strlen(err.text) < 400);
}

static void a_lost_id_is_refused(void **state)
{
	(void)state;
	refuse("{\"order\":{}}",
	       "no event id at /order/id: there is none; the dead letter's is \"o-1\"");
	refuse("{\"order\":{\"id\":null}}", "there is none");
	refuse("{\"order\":{\"id\":\"\"}}", "there is none");
	refuse("{\"order\":{\"id\":true}}", "a string without NUL");
	refuse("[]", "there is none");
}

static void what_is_no_json_is_refused_with_its_place(void **state)
{
	(void)state;
	refuse("{\"order\":\n  nope}", "is not JSON, which the pipeline wants: line 2, column 3: ");
	refuse("", "line 1, column 1: ");
	refuse("{} x", "line 1, column 4: ");
	edit.rule = &by_key;
	refuse("{", "line 1, column 2: ");
}

static void a_pipeline_that_does_not_look_into_values_takes_any(void **state)
{
	(void)state;
	edit.rule = &raw_by_key;
	accept("\xff\xfe");
	edit.rule = &raw_by_header;
	accept("");
	edit.rule = &by_key;
	accept("{\"order\":{\"id\":\"o-2\"}}");
}

/* It was dead-lettered because it had none, or was no JSON. */
static void a_letter_without_an_id_may_get_one(void **state)
{
	(void)state;
	letter.event_id = wr_bytes_to_public(wr_bytes(NULL, 0));
	letter.fields = 0;
	edit.value = wr_bytes_of("{\"order\":");
	accept("{\"order\":{\"id\":\"o-9\"}}");
	refuse("{\"order\":{}}", "no event id at /order/id: there is none");
	assert_null(strstr(err.text, "dead letter's"));
}

static void a_stage_gets_what_is_like_its_own(void **state)
{
	(void)state;
	keep_stage_value("{\"order\":{\"id\":\"o-1\"},\"enriched\":true}");
	refuse("{\"enriched\":true}", "no event id");
	refuse("{\"enriched\"", "is not JSON");
	accept("{\"order\":{\"id\":\"o-1\"}}");
}

/* A stage before it has made something else of the event. */
static void a_stage_that_is_given_no_id_needs_none(void **state)
{
	(void)state;
	keep_stage_value("{\"total\":1}");
	accept("{\"total\":2}");
	refuse("{\"order\":{\"id\":\"o-2\"}}", "another event id");
	refuse("{\"total\"", "is not JSON");
	keep_stage_value("\x0a\x03xyz");
	accept("\x0a\x03xyy");
}

static void
without_the_configuration_the_letter_tells_whether_the_rule_is_the_usual_one(void **state)
{
	(void)state;
	edit.rule = &unknown;
	refuse("{\"order\":{\"id\":\"o-1\"}}", "--config");
	edit.value = wr_bytes_of("{\"eventId\":\"o-1\"}");
	accept("{\"eventId\":\"o-1\",\"n\":1}");
	refuse("{\"eventId\":\"o-2\"}", "another event id");
	letter.event_id = wr_bytes_to_public(wr_bytes(NULL, 0));
	refuse("{\"eventId\":\"o-2\"}", "--config");
}

static void no_memory_is_said(void **state)
{
	(void)state;
	for (size_t i = 0;; i++) {
		enum wr_code rc;
		bool failed;

		faults_begin(i);
		rc = check("{\"order\":{\"id\":\"o-2\"}}");
		failed = faults_end();
		if (!failed)
			break;
		assert_true(rc == WR_ENOMEM || rc == WR_EINVAL); /* no id without an arena */
	}
	assert_int_equal(check("{\"order\":{\"id\":\"o-1\"}}"), WR_OK);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
	    RULE(a_value_with_the_letters_id_may_go),
	    RULE(an_integer_is_the_id_of_its_digits),
	    RULE(another_id_is_refused_naming_both),
	    RULE(an_endless_id_is_cut_in_the_refusal),
	    RULE(a_lost_id_is_refused),
	    RULE(what_is_no_json_is_refused_with_its_place),
	    RULE(a_pipeline_that_does_not_look_into_values_takes_any),
	    RULE(a_letter_without_an_id_may_get_one),
	    RULE(a_stage_gets_what_is_like_its_own),
	    RULE(a_stage_that_is_given_no_id_needs_none),
	    RULE(without_the_configuration_the_letter_tells_whether_the_rule_is_the_usual_one),
	    RULE(no_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
