#include "plugins/validate/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define POINTER_BYTES 128
#define TYPES_BYTES 80

static const struct {
	const char *name;
	enum validate_type bit;
} types[] = {
    {"string", VALIDATE_STRING},   {"number", VALIDATE_NUMBER}, {"integer", VALIDATE_INTEGER},
    {"boolean", VALIDATE_BOOLEAN}, {"null", VALIDATE_NULL},     {"array", VALIDATE_ARRAY},
    {"object", VALIDATE_OBJECT},
};

const char *validate_type_name(enum weir_json_type type)
{
	switch (type) {
	case WEIR_JSON_MISSING:
		return "nothing";
	case WEIR_JSON_NULL:
		return "null";
	case WEIR_JSON_BOOL:
		return "a boolean";
	case WEIR_JSON_INTEGER:
		return "an integer";
	case WEIR_JSON_NUMBER:
		return "a number";
	case WEIR_JSON_STRING:
		return "a string";
	case WEIR_JSON_ARRAY:
		return "an array";
	case WEIR_JSON_OBJECT:
		return "an object";
	}
	return "unknown";
}

bool validate_type_fits(enum weir_json_type type, unsigned bits)
{
	switch (type) {
	case WEIR_JSON_MISSING:
		return false;
	case WEIR_JSON_NULL:
		return (bits & VALIDATE_NULL) != 0;
	case WEIR_JSON_BOOL:
		return (bits & VALIDATE_BOOLEAN) != 0;
	case WEIR_JSON_INTEGER:
		return (bits & (VALIDATE_INTEGER | VALIDATE_NUMBER)) != 0;
	case WEIR_JSON_NUMBER:
		return (bits & VALIDATE_NUMBER) != 0;
	case WEIR_JSON_STRING:
		return (bits & VALIDATE_STRING) != 0;
	case WEIR_JSON_ARRAY:
		return (bits & VALIDATE_ARRAY) != 0;
	case WEIR_JSON_OBJECT:
		return (bits & VALIDATE_OBJECT) != 0;
	}
	return false;
}

/* Looks up a member of the config whose place is printed. */
__attribute__((format(printf, 3, 4))) static enum weir_json_type
get(const struct weir_host *host, struct weir_json *value_r, const char *format, ...)
{
	char pointer[POINTER_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(pointer, sizeof(pointer), format, args);
	va_end(args);
	return weir_config_get(host, pointer, value_r);
}

/* A terminated copy for free(); NULL when that can't be, with *err filled. */
static char *copy_string(const struct weir_json *value, struct weir_error *err)
{
	char *copy = strndup(value->string.data, value->string.size);

	if (copy == NULL || strlen(copy) == value->string.size)
		return copy;
	free(copy);
	weir_error_set(err, "a pointer or pattern has a NUL character in it");
	return NULL;
}

static bool is_text(const struct weir_json *value, const char *text)
{
	return value->type == WEIR_JSON_STRING && value->string.size == strlen(text) &&
	       memcmp(value->string.data, text, value->string.size) == 0;
}

static bool read_required(struct validate_rules *rules, const struct weir_host *host,
			  struct weir_error *err)
{
	struct weir_json list, value;

	if (get(host, &list, "/required") != WEIR_JSON_ARRAY || list.count == 0)
		return true;
	rules->required = calloc(list.count, sizeof(*rules->required));
	if (rules->required == NULL)
		return false;
	for (size_t i = 0; i < list.count; i++) {
		get(host, &value, "/required/%zu", i);
		rules->required[i] = copy_string(&value, err);
		if (rules->required[i] == NULL)
			return false;
		rules->required_count++;
	}
	return true;
}

/* Adds one type to the rule's bits and to its text, "string or null". */
static void add_type(struct validate_rule *rule, const struct weir_json *value)
{
	size_t used = strlen(rule->types_text);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!is_text(value, types[i].name) || (rule->types & types[i].bit) != 0)
			continue;
		snprintf(rule->types_text + used, TYPES_BYTES - used, "%s%s",
			 rule->types != 0 ? " or " : "", types[i].name);
		rule->types |= types[i].bit;
	}
}

static bool read_types(struct validate_rule *rule, const struct weir_host *host, size_t index)
{
	struct weir_json value, item;

	rule->types_text = calloc(1, TYPES_BYTES);
	if (rule->types_text == NULL)
		return false;
	if (get(host, &value, "/fields/%zu/type", index) == WEIR_JSON_STRING)
		add_type(rule, &value);
	for (size_t i = 0; value.type == WEIR_JSON_ARRAY && i < value.count; i++) {
		get(host, &item, "/fields/%zu/type/%zu", index, i);
		add_type(rule, &item);
	}
	return true;
}

static bool read_values(struct validate_rule *rule, const struct weir_host *host, size_t index)
{
	struct weir_json list;

	if (get(host, &list, "/fields/%zu/enum", index) != WEIR_JSON_ARRAY)
		return true;
	rule->values = calloc(list.count, sizeof(*rule->values));
	if (rule->values == NULL)
		return false;
	for (size_t i = 0; i < list.count; i++) {
		struct weir_json *value = &rule->values[i];
		char *copy;

		if (get(host, value, "/fields/%zu/enum/%zu", index, i) == WEIR_JSON_STRING) {
			copy = malloc(value->string.size + 1);
			if (copy == NULL)
				return false;
			memcpy(copy, value->string.data, value->string.size);
			value->string.data = copy;
		}
		rule->value_count++;
	}
	return true;
}

static int64_t read_bound(const struct weir_host *host, size_t index, const char *name)
{
	struct weir_json value;

	return get(host, &value, "/fields/%zu/%s", index, name) == WEIR_JSON_INTEGER ? value.integer
										     : -1;
}

static bool read_pattern(struct validate_rule *rule, const struct weir_host *host, size_t index,
			 struct weir_error *err)
{
	struct weir_json value;
	char reason[128], text[400], *pattern;
	int rc;

	if (get(host, &value, "/fields/%zu/pattern", index) != WEIR_JSON_STRING)
		return true;
	pattern = copy_string(&value, err);
	if (pattern == NULL)
		return false;
	rc = regcomp(&rule->pattern, pattern, REG_EXTENDED | REG_NOSUB);
	free(pattern);
	if (rc != 0) {
		regerror(rc, &rule->pattern, reason, sizeof(reason));
		snprintf(text, sizeof(text),
			 "the pattern of /fields/%zu is no POSIX extended regular expression: %s",
			 index, reason);
		weir_error_set(err, text);
		return false;
	}
	rule->has_pattern = true;
	return true;
}

static bool read_rule(struct validate_rule *rule, const struct weir_host *host, size_t index,
		      struct weir_error *err)
{
	struct weir_json value;

	get(host, &value, "/fields/%zu/pointer", index);
	rule->pointer = copy_string(&value, err);
	get(host, &rule->min, "/fields/%zu/min", index);
	get(host, &rule->max, "/fields/%zu/max", index);
	rule->min_length = read_bound(host, index, "min_length");
	rule->max_length = read_bound(host, index, "max_length");
	rule->min_items = read_bound(host, index, "min_items");
	rule->max_items = read_bound(host, index, "max_items");
	return rule->pointer != NULL && read_types(rule, host, index) &&
	       read_values(rule, host, index) && read_pattern(rule, host, index, err);
}

static bool read_fields(struct validate_rules *rules, const struct weir_host *host,
			struct weir_error *err)
{
	struct weir_json list;

	if (get(host, &list, "/fields") != WEIR_JSON_ARRAY || list.count == 0)
		return true;
	rules->items = calloc(list.count, sizeof(*rules->items));
	if (rules->items == NULL)
		return false;
	for (size_t i = 0; i < list.count; i++) {
		rules->count++;
		if (!read_rule(&rules->items[i], host, i, err))
			return false;
	}
	return true;
}

struct validate_rules *validate_rules_create(const struct weir_host *host, struct weir_error *err)
{
	struct validate_rules *rules = calloc(1, sizeof(*rules));

	weir_error_set(err, "out of memory");
	if (rules == NULL)
		return NULL;
	if (!read_required(rules, host, err) || !read_fields(rules, host, err)) {
		validate_rules_destroy(rules);
		return NULL;
	}
	return rules;
}

static void fini_rule(struct validate_rule *rule)
{
	for (size_t i = 0; i < rule->value_count; i++) {
		if (rule->values[i].type == WEIR_JSON_STRING)
			free((void *)(uintptr_t)rule->values[i].string.data);
	}
	free(rule->values);
	free(rule->pointer);
	free(rule->types_text);
	if (rule->has_pattern)
		regfree(&rule->pattern);
}

void validate_rules_destroy(struct validate_rules *rules)
{
	if (rules == NULL)
		return;
	for (size_t i = 0; i < rules->required_count; i++)
		free(rules->required[i]);
	for (size_t i = 0; i < rules->count; i++)
		fini_rule(&rules->items[i]);
	free(rules->required);
	free(rules->items);
	free(rules);
}
