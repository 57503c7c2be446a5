#include "config.h"

#include "conf/load.h"
#include "conf/describe.h"
#include "conf/scalar.h"
#include "conf/schema.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A scalar may be a variable where its type is not a string. */
#define VARIABLE "#/definitions/variable"
#define VARIABLE_PATTERN "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}"

#define DURATION_PATTERN "^(0|[0-9]+([.][0-9]+)?(us|ms|s|m|h|d))$"
#define SIZE_PATTERN "^(0|[0-9]+([.][0-9]+)?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB))$"
#define LISTEN_PATTERN "^([0-9]{1,3}([.][0-9]{1,3}){3}|localhost|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$"
#define SHARE_PATTERN "^[0-9]+([.][0-9]+)?%$"
#define REDIS_PATTERN "^(redis://.+|unix:///.+)$"

struct schema {
	bool failed; /* there was no memory */
};

static cJSON *map_of(struct schema *s, const char *prefix);

/* Takes `item` in any case. */
static void put(struct schema *s, cJSON *object, const char *name, cJSON *item)
{
	if (item != NULL && object != NULL && cJSON_AddItemToObject(object, name, item))
		return;
	cJSON_Delete(item);
	s->failed = true;
}

static void append(struct schema *s, cJSON *array, cJSON *item)
{
	if (item != NULL && array != NULL && cJSON_AddItemToArray(array, item))
		return;
	cJSON_Delete(item);
	s->failed = true;
}

static void put_text(struct schema *s, cJSON *object, const char *name, const char *text)
{
	put(s, object, name, cJSON_CreateString(text));
}

static void put_number(struct schema *s, cJSON *object, const char *name, double number)
{
	put(s, object, name, cJSON_CreateNumber(number));
}

static cJSON *of_type(struct schema *s, const char *type)
{
	cJSON *object = cJSON_CreateObject();

	put_text(s, object, "type", type);
	return object;
}

static cJSON *pattern_of(struct schema *s, const char *pattern, size_t max_bytes)
{
	cJSON *object = of_type(s, "string");

	if (pattern != NULL)
		put_text(s, object, "pattern", pattern);
	else
		put_number(s, object, "minLength", 1);
	if (max_bytes > 0)
		put_number(s, object, "maxLength", (double)max_bytes);
	return object;
}

static cJSON *form_of(struct schema *s, enum wr_key_form form)
{
	return pattern_of(s, wr_schema_form(form)->pattern, wr_schema_form(form)->max_bytes);
}

/* A scalar as the core schema reads it: for defaults and for what a planned key may be. */
static cJSON *literal(const char *text)
{
	struct wr_bytes bytes = wr_bytes_of(text);
	double number;

	switch (wr_scalar_kind(bytes)) {
	case WR_SCALAR_NULL:
		return cJSON_CreateNull();
	case WR_SCALAR_BOOL:
		return cJSON_CreateBool(strcmp(text, "true") == 0);
	case WR_SCALAR_INTEGER:
	case WR_SCALAR_NUMBER:
		if (wr_scalar_number(bytes, &number) == WR_OK)
			return cJSON_CreateNumber(number);
		break;
	case WR_SCALAR_STRING:
		break;
	}
	return cJSON_CreateString(text);
}

static cJSON *constant(struct schema *s, cJSON *value)
{
	cJSON *object = cJSON_CreateObject();

	put(s, object, "const", value);
	return object;
}

static cJSON *number_of(struct schema *s, const struct wr_key_row *row, const char *type)
{
	cJSON *object = of_type(s, type);

	put_number(s, object, "minimum", (double)row->least);
	put_number(s, object, "maximum", (double)row->most);
	return object;
}

static cJSON *choices_of(struct schema *s, const struct wr_choice *choice)
{
	cJSON *object = cJSON_CreateObject(), *values = cJSON_CreateArray();

	for (; choice->name != NULL; choice++) {
		if (choice->status == WR_KEY_BUILT)
			append(s, values, cJSON_CreateString(choice->name));
	}
	put(s, object, "enum", values);
	return object;
}

/* {anyOf: [typed, a variable]}; `zero`: or the number 0, which needs no unit. */
static cJSON *or_variable(struct schema *s, cJSON *typed, bool zero)
{
	cJSON *object = cJSON_CreateObject(), *any = cJSON_CreateArray();
	cJSON *variable = cJSON_CreateObject();

	put_text(s, variable, "$ref", VARIABLE);
	append(s, any, typed);
	if (zero)
		append(s, any, constant(s, cJSON_CreateNumber(0)));
	append(s, any, variable);
	put(s, object, "anyOf", any);
	return object;
}

static cJSON *list_of(struct schema *s, const struct wr_key_row *row, cJSON *items)
{
	cJSON *object = of_type(s, "array");

	put(s, object, "items", items);
	put_number(s, object, "minItems", (double)row->least);
	put_number(s, object, "maxItems", (double)row->most);
	return object;
}

static cJSON *properties_of(struct schema *s)
{
	cJSON *object = of_type(s, "object"), *value = cJSON_CreateObject();
	cJSON *types = cJSON_CreateArray();

	append(s, types, cJSON_CreateString("string"));
	append(s, types, cJSON_CreateString("number"));
	append(s, types, cJSON_CreateString("boolean"));
	put(s, value, "type", types);
	put(s, object, "additionalProperties", value);
	return object;
}

static cJSON *outputs_of(struct schema *s, const struct wr_key_row *row)
{
	cJSON *object = of_type(s, "object"), *required = cJSON_CreateArray();

	append(s, required, cJSON_CreateString("default"));
	put(s, object, "required", required);
	put(s, object, "propertyNames", form_of(s, WR_FORM_OUTPUT));
	put(s, object, "additionalProperties", or_variable(s, form_of(s, row->form), false));
	return object;
}

static cJSON *items_of(struct schema *s, const struct wr_key_row *row)
{
	char prefix[128];

	snprintf(prefix, sizeof(prefix), "%s[]", row->path);
	return map_of(s, prefix);
}

static cJSON *type_of(struct schema *s, const struct wr_key_row *row)
{
	switch (row->type) {
	case WR_KEY_MAP:
		return map_of(s, row->path);
	case WR_KEY_LIST:
		return list_of(s, row, items_of(s, row));
	case WR_KEY_STRING:
	case WR_KEY_SECRET:
		return or_variable(s, form_of(s, row->form), false);
	case WR_KEY_STRINGS:
		return list_of(s, row, or_variable(s, form_of(s, row->form), false));
	case WR_KEY_BOOL:
		return or_variable(s, of_type(s, "boolean"), false);
	case WR_KEY_INT:
	case WR_KEY_COUNT:
		return or_variable(s, number_of(s, row, "integer"), false);
	case WR_KEY_NUMBER:
		return or_variable(s, number_of(s, row, "number"), false);
	case WR_KEY_DURATION_MS:
	case WR_KEY_DURATION_US:
		return or_variable(s, pattern_of(s, DURATION_PATTERN, 0), row->least == 0);
	case WR_KEY_SIZE:
		return or_variable(s, pattern_of(s, SIZE_PATTERN, 0), row->least == 0);
	case WR_KEY_SHARE:
		return or_variable(s, pattern_of(s, SHARE_PATTERN, 0), false);
	case WR_KEY_ENUM:
		return or_variable(s, choices_of(s, row->choices), false);
	case WR_KEY_SECRET_FILE:
		return form_of(s, WR_FORM_ANY);
	case WR_KEY_LISTEN:
		return or_variable(s, pattern_of(s, LISTEN_PATTERN, 0), false);
	case WR_KEY_REDIS_URL:
		return or_variable(s, pattern_of(s, REDIS_PATTERN, 0), false);
	case WR_KEY_PROPERTIES:
		return properties_of(s);
	case WR_KEY_OUTPUTS:
		return outputs_of(s, row);
	case WR_KEY_TREE:
		return of_type(s, "object");
	case WR_KEY_ONLY_TRUE:
		return or_variable(s, constant(s, cJSON_CreateTrue()), false);
	}
	return NULL;
}

/* NULL for a key that may not stand in a file. */
static cJSON *row_schema(struct schema *s, const struct wr_key_row *row)
{
	cJSON *object;

	if (row->status == WR_KEY_PLANNED && row->harmless == NULL)
		return NULL;
	object =
	    row->status == WR_KEY_PLANNED ? constant(s, literal(row->harmless)) : type_of(s, row);
	put_text(s, object, "description", row->doc);
	if (row->fallback != NULL)
		put(s, object, "default", literal(row->fallback));
	if (row->type == WR_KEY_SECRET)
		put(s, object, "writeOnly", cJSON_CreateTrue());
	return object;
}

static cJSON *map_of(struct schema *s, const char *prefix)
{
	cJSON *object = of_type(s, "object"), *members = cJSON_CreateObject();
	cJSON *required = cJSON_CreateArray(), *member;
	const struct wr_key_row *row;
	size_t cursor = 0;

	while ((row = wr_schema_child(prefix, &cursor)) != NULL) {
		member = row_schema(s, row);
		if (member != NULL)
			put(s, members, wr_schema_name(row), member);
		if (row->required)
			append(s, required, cJSON_CreateString(wr_schema_name(row)));
	}
	put(s, object, "properties", members);
	if (cJSON_GetArraySize(required) > 0)
		put(s, object, "required", required);
	else
		cJSON_Delete(required);
	put(s, object, "additionalProperties", cJSON_CreateFalse());
	return object;
}

static void put_head(struct schema *s, cJSON *root)
{
	cJSON *definitions = cJSON_CreateObject();
	cJSON *variable = pattern_of(s, VARIABLE_PATTERN, 0);

	put_text(s, root, "$schema", "http://json-schema.org/draft-07/schema#");
	put_text(s, root, "title", "weir configuration");
	put_text(s, variable, "description", "An environment variable, with a default if need be.");
	put(s, definitions, "variable", variable);
	put(s, root, "definitions", definitions);
}

/* The head first, for people. */
static void move_members(struct schema *s, cJSON *from, cJSON *to)
{
	cJSON *item;

	while (from != NULL && (item = from->child) != NULL) {
		cJSON_DetachItemViaPointer(from, item);
		put(s, to, item->string, item);
	}
}

enum wr_code wr_conf_json_schema(struct wr_buf *out)
{
	struct schema s = {.failed = false};
	cJSON *root = cJSON_CreateObject(), *map = map_of(&s, "");
	enum wr_code rc = WR_ENOMEM;
	char *text = NULL;

	put_head(&s, root);
	move_members(&s, map, root);
	cJSON_Delete(map);
	if (!s.failed)
		text = cJSON_Print(root);
	if (text != NULL)
		rc = wr_buf_append_text(out, text);
	if (rc == WR_OK)
		rc = wr_buf_append_text(out, "\n");
	cJSON_free(text);
	cJSON_Delete(root);
	return rc;
}
