#include "config.h"

#include "host/json_schema.h"
#include "tests/unit.h"

#include <stdio.h>

static char found[4096]; /* "pointer sentence\n" for each violation */

static void add(void *arg, const char *pointer, const char *sentence)
{
	size_t used = strlen(found);

	(void)arg;
	snprintf(found + used, sizeof(found) - used, "%s %s\n", pointer, sentence);
}

static struct wr_json_schema *compile(const char *text)
{
	struct wr_json_schema *schema;
	struct wr_err err = {.text = ""};

	if (wr_json_schema_create(wr_bytes_of(text), &schema, &err) != WR_OK)
		fail_msg("%s", err.text);
	return schema;
}

/* Holds `json` to the schema and expects these lines; "" for none. */
static void checks_to(const char *schema_text, const char *json, const char *lines)
{
	struct wr_json_schema *schema = compile(schema_text);
	struct wr_err err = {.text = ""};
	enum wr_code rc;

	found[0] = '\0';
	rc = wr_json_schema_check(schema, wr_bytes_of(json), add, NULL, &err);
	assert_string_equal(found, lines);
	assert_int_equal(rc, lines[0] == '\0' ? WR_OK : WR_EINVAL);
	wr_json_schema_destroy(schema);
}

static void refused(const char *text, const char *sentence)
{
	struct wr_json_schema *schema;
	struct wr_err err = {.text = ""};

	assert_int_equal(wr_json_schema_create(wr_bytes_of(text), &schema, &err), WR_EINVAL);
	assert_null(schema);
	assert_string_equal(err.text, sentence);
}

#define LIMITS                                                                                    \
	"{\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"limit\"], "     \
	"\"properties\": {\"limit\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 100}, " \
	"\"mode\": {\"enum\": [\"fast\", \"safe\"]}, "                                            \
	"\"code\": {\"type\": \"string\", \"pattern\": \"^[A-Z]{3}$\", \"maxLength\": 3}, "       \
	"\"list\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"string\"}}, "   \
	"\"deep\": {\"type\": \"object\", \"properties\": {\"a/b~c\": {\"const\": 7}}}}}"

static void what_fits_is_accepted(void **state)
{
	(void)state;
	checks_to(LIMITS, "{\"limit\": 1}", "");
	checks_to(LIMITS,
		  "{\"limit\": 100, \"mode\": \"safe\", \"code\": \"EUR\", \"list\": [\"a\"], "
		  "\"deep\": {\"a/b~c\": 7, \"more\": 1}}",
		  "");
	checks_to("{}", "{\"anything\": [1, 2]}", "");
}

static void each_violation_has_its_place_and_its_sentence(void **state)
{
	(void)state;
	checks_to(LIMITS, "{}", " the required \"limit\" is missing\n");
	checks_to(LIMITS, "{\"limit\": 0}", "/limit must be at least 1\n");
	checks_to(LIMITS, "{\"limit\": 101}", "/limit must be at most 100\n");
	checks_to(LIMITS, "{\"limit\": \"1\"}", "/limit must be of type integer\n");
	checks_to(LIMITS, "{\"limit\": 1, \"mode\": \"slow\"}",
		  "/mode must be one of \"fast\" or \"safe\"\n");
	checks_to(LIMITS, "{\"limit\": 1, \"code\": \"eur\"}",
		  "/code must match the pattern ^[A-Z]{3}$\n");
	checks_to(LIMITS, "{\"limit\": 1, \"list\": [\"a\", 2]}",
		  "/list/1 must be of type string\n");
	checks_to(LIMITS, "{\"limit\": 1, \"list\": []}",
		  "/list must have this many items or more: 1\n");
	checks_to(LIMITS, "{\"limit\": 1, \"deep\": {\"a/b~c\": 8}}", "/deep/a~1b~0c must be 7\n");
}

static void all_violations_are_told(void **state)
{
	(void)state;
	checks_to(LIMITS, "{\"limit\": 0, \"mode\": 1, \"x\": 1, \"y~/\": 2}",
		  "/limit must be at least 1\n"
		  "/mode must be one of \"fast\" or \"safe\"\n"
		  "/x is an unknown key; known here: limit, mode, code, list, deep\n"
		  "/y~0~1 is an unknown key; known here: limit, mode, code, list, deep\n");
}

static void alternatives_are_told_in_one_sentence(void **state)
{
	static const char schema[] =
	    "{\"properties\": {\"set\": {\"type\": \"array\", \"items\": {\"oneOf\": ["
	    "{\"required\": [\"value\"]}, {\"required\": [\"from\"]}]}}}}";

	(void)state;
	checks_to(
	    schema, "{\"set\": [{\"value\": 1}, {}]}",
	    "/set/1 fits none of the alternatives: the required \"value\" is missing; or: the "
	    "required \"from\" is missing\n");
	checks_to(schema, "{\"set\": [{\"value\": 1, \"from\": 2}]}",
		  "/set/0 fits more than one of the alternatives, and must fit exactly one\n");
	checks_to("{\"anyOf\": [{\"required\": [\"a\"]}, {\"required\": [\"b\"]}]}", "{\"c\": 1}",
		  " fits none of the alternatives: the required \"a\" is missing; or: the required "
		  "\"b\" is missing\n");
}

static void references_within_the_schema_are_followed(void **state)
{
	static const char schema[] =
	    "{\"definitions\": {\"port\": {\"type\": \"integer\", \"maximum\": 65535}}, "
	    "\"properties\": {\"port\": {\"$ref\": \"#/definitions/port\"}}}";

	(void)state;
	checks_to(schema, "{\"port\": 80}", "");
	checks_to(schema, "{\"port\": 70000}", "/port must be at most 65535\n");
}

static void what_is_forbidden_by_name_is_told(void **state)
{
	(void)state;
	checks_to("{\"properties\": {\"old\": false}}", "{\"old\": 1}",
		  "/old is not allowed here\n");
	checks_to("{\"dependencies\": {\"a\": [\"b\"]}}", "{\"a\": 1}",
		  " \"b\" is missing, which another key here needs\n");
}

static void what_is_no_json_is_told_without_a_place(void **state)
{
	struct wr_json_schema *schema = compile("{}");
	struct wr_err err = {.text = ""};

	(void)state;
	found[0] = '\0';
	assert_int_equal(wr_json_schema_check(schema, wr_bytes_of("[1]"), add, NULL, &err),
			 WR_EINVAL);
	assert_string_equal(err.text, "it is not a JSON object");
	assert_int_equal(wr_json_schema_check(schema, wr_bytes_of("{"), add, NULL, &err),
			 WR_EINVAL);
	assert_string_equal(found, "");
	wr_json_schema_destroy(schema);
}

static void what_is_no_schema_is_refused(void **state)
{
	(void)state;
	refused("", "it is not JSON: The document is empty. (at byte 0)");
	refused("{\"type\": ", "it is not JSON: Invalid value. (at byte 9)");
	refused("[]", "it is not a JSON object");
	refused("{\"type\": \"object\"} x",
		"it is not JSON: The document root must not be followed by other values. (at byte "
		"19)");
	refused("{\"a\": \"\xff\"}", "it is not JSON: Invalid encoding in string. (at byte 7)");
	refused("{\"properties\": {\"a\": {\"pattern\": \"[\"}}}",
		"it has a pattern that is no regular expression (ECMAScript)");
	refused("{\"patternProperties\": {\"(\": {}}}",
		"it has a pattern that is no regular expression (ECMAScript)");
	refused("{\"type\": \"strin\"}",
		"it is not a JSON Schema (draft 7): Unrecognised JSON type "
		"name 'strin'");
	refused(
	    "{\"$ref\": \"http://example.com/x.json\"}",
	    "it refers to another document (http://example.com/x.json), which is not supported");
	refused("{\"properties\": {\"a\": {\"$ref\": \"other.json#/a\"}}}",
		"it refers to another document (other.json#/a), which is not supported");
}

static void schemas_that_would_not_end_are_refused(void **state)
{
	static const char itself[] =
	    "it is not a JSON Schema (draft 7): a $ref in it leads back to itself";
	static char deep[4096];

	(void)state;
	memset(deep, '[', sizeof(deep) - 1);
	refused(deep, "it is nested deeper than 200 levels");
	refused("{\"$ref\": \"#\"}", itself);
	refused("{\"properties\": {\"a\": {\"allOf\": [{\"$ref\": \"#/properties/a\"}]}}}", itself);
	refused("{\"properties\": {\"a\": {\"$ref\": \"#/properties/b\"}, "
		"\"b\": {\"anyOf\": [{\"$ref\": \"#/properties/a\"}]}}}",
		itself);
}

static void a_recursive_schema_follows_the_instance(void **state)
{
	static const char schema[] = "{\"type\": \"object\", \"properties\": {\"next\": {\"$ref\": "
				     "\"#\"}, \"n\": {\"type\": \"integer\"}}}";

	(void)state;
	checks_to(schema, "{\"next\": {\"next\": {\"n\": 1}}}", "");
	checks_to(schema, "{\"next\": {\"next\": {\"n\": \"x\"}}}",
		  "/next/next/n must be of type integer\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_fits_is_accepted),
	    cmocka_unit_test(each_violation_has_its_place_and_its_sentence),
	    cmocka_unit_test(all_violations_are_told),
	    cmocka_unit_test(alternatives_are_told_in_one_sentence),
	    cmocka_unit_test(references_within_the_schema_are_followed),
	    cmocka_unit_test(what_is_forbidden_by_name_is_told),
	    cmocka_unit_test(what_is_no_json_is_told_without_a_place),
	    cmocka_unit_test(what_is_no_schema_is_refused),
	    cmocka_unit_test(schemas_that_would_not_end_are_refused),
	    cmocka_unit_test(a_recursive_schema_follows_the_instance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
