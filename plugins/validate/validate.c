/*
 * validate: an event that breaks a rule of the config is dead-lettered with a code and a message that name the field,
 * never its value. The first broken rule counts.
 */
#include "plugins/validate/rules.h"
#include "plugins/validate/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGE_BYTES 1200
#define MATCHED_BYTES_MAX ((size_t)64 * 1024) /* the longest string held to a pattern */

struct checking {
	struct weir_call *call;
	const struct weir_event *event;
	struct weir_result *result;
	const struct validate_rule *rule;
	struct weir_json value;
};

__attribute__((format(printf, 3, 4))) static enum weir_verdict
refuse(const struct checking *c, const char *code, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return weir_fail(c->call, c->result, code, message);
}

/* -1, 0, 1; integers exactly. */
static int compare(const struct weir_json *a, const struct weir_json *b)
{
	if (a->type == WEIR_JSON_INTEGER && b->type == WEIR_JSON_INTEGER)
		return (a->integer > b->integer) - (a->integer < b->integer);
	return (a->number > b->number) - (a->number < b->number);
}

static bool is_number(const struct weir_json *value)
{
	return value->type == WEIR_JSON_INTEGER || value->type == WEIR_JSON_NUMBER;
}

static bool equals(const struct weir_json *a, const struct weir_json *b)
{
	if (is_number(a) && is_number(b))
		return compare(a, b) == 0;
	if (a->type != b->type)
		return false;
	if (a->type == WEIR_JSON_BOOL)
		return a->boolean == b->boolean;
	if (a->type == WEIR_JSON_STRING)
		return a->string.size == b->string.size &&
		       memcmp(a->string.data, b->string.data, a->string.size) == 0;
	return a->type == WEIR_JSON_NULL;
}

static int64_t characters(struct weir_bytes text)
{
	const unsigned char *bytes = text.data;
	int64_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += (bytes[i] & 0xc0) != 0x80;
	return count;
}

static enum weir_verdict check_range(const struct checking *c)
{
	const struct validate_rule *rule = c->rule;

	if (!is_number(&c->value))
		return WEIR_OK;
	if (is_number(&rule->min) && compare(&c->value, &rule->min) < 0)
		return refuse(c, "out-of-range", "%s is below the minimum of %.15g", rule->pointer,
			      rule->min.number);
	if (is_number(&rule->max) && compare(&c->value, &rule->max) > 0)
		return refuse(c, "out-of-range", "%s is above the maximum of %.15g", rule->pointer,
			      rule->max.number);
	return WEIR_OK;
}

static enum weir_verdict check_values(const struct checking *c)
{
	for (size_t i = 0; i < c->rule->value_count; i++) {
		if (equals(&c->value, &c->rule->values[i]))
			return WEIR_OK;
	}
	if (c->rule->value_count == 0)
		return WEIR_OK;
	return refuse(c, "not-allowed", "%s is none of the values allowed", c->rule->pointer);
}

static enum weir_verdict check_count(const struct checking *c, int64_t count, int64_t min,
				     int64_t max, const char *unit)
{
	if (min >= 0 && count < min)
		return refuse(c, "wrong-length", "%s has %lld %s and must have %lld or more",
			      c->rule->pointer, (long long)count, unit, (long long)min);
	if (max >= 0 && count > max)
		return refuse(c, "wrong-length", "%s has %lld %s and must have %lld at most",
			      c->rule->pointer, (long long)count, unit, (long long)max);
	return WEIR_OK;
}

static enum weir_verdict check_pattern(const struct checking *c)
{
	const struct weir_bytes text = c->value.string;
	char *copy;

	if (!c->rule->has_pattern)
		return WEIR_OK;
	if (text.size > MATCHED_BYTES_MAX)
		return refuse(c, "wrong-format", "%s is too long to be held to its pattern",
			      c->rule->pointer);
	copy = c->call->host->alloc(c->call, text.size + 1);
	if (copy == NULL)
		return weir_retry(c->call, c->result, 0, "out-of-memory", NULL);
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (memchr(copy, '\0', text.size) != NULL ||
	    regexec(&c->rule->pattern, copy, 0, NULL, 0) != 0)
		return refuse(c, "wrong-format", "%s does not match its pattern", c->rule->pointer);
	return WEIR_OK;
}

static enum weir_verdict check_string(const struct checking *c)
{
	enum weir_verdict verdict;

	if (c->value.type != WEIR_JSON_STRING)
		return WEIR_OK;
	verdict = check_count(c, characters(c->value.string), c->rule->min_length,
			      c->rule->max_length, "characters");
	return verdict == WEIR_OK ? check_pattern(c) : verdict;
}

static enum weir_verdict check_items(const struct checking *c)
{
	if (c->value.type != WEIR_JSON_ARRAY && c->value.type != WEIR_JSON_OBJECT)
		return WEIR_OK;
	return check_count(c, (int64_t)c->value.count, c->rule->min_items, c->rule->max_items,
			   "members");
}

static enum weir_verdict check_type(const struct checking *c)
{
	if (c->rule->types == 0 || validate_type_fits(c->value.type, c->rule->types))
		return WEIR_OK;
	return refuse(c, "wrong-type", "%s is %s and must be %s", c->rule->pointer,
		      validate_type_name(c->value.type), c->rule->types_text);
}

static enum weir_verdict check_rule(struct checking *c)
{
	enum weir_verdict (*const checks[])(const struct checking *) = {
	    check_type, check_values, check_range, check_string, check_items};
	enum weir_verdict verdict = WEIR_OK;

	if (weir_json_get(c->call, c->event, c->rule->pointer, &c->value) == WEIR_JSON_MISSING)
		return WEIR_OK;
	for (size_t i = 0; verdict == WEIR_OK && i < sizeof(checks) / sizeof(checks[0]); i++)
		verdict = checks[i](c);
	return verdict;
}

static enum weir_verdict check_event(struct validate_rules *rules, struct weir_call *call,
				     const struct weir_event *event, struct weir_result *result)
{
	struct checking c = {.call = call, .event = event, .result = result};
	enum weir_verdict verdict = WEIR_OK;

	if (event->value.data == NULL)
		return refuse(&c, "not-json", "the event has no value");
	if (weir_json_get(call, event, "", &c.value) == WEIR_JSON_MISSING)
		return refuse(&c, "not-json", "the value is not JSON");
	for (size_t i = 0; i < rules->required_count; i++) {
		if (weir_json_get(call, event, rules->required[i], &c.value) == WEIR_JSON_MISSING)
			return refuse(&c, "missing-field", "%s is missing", rules->required[i]);
	}
	for (size_t i = 0; verdict == WEIR_OK && i < rules->count; i++) {
		c.rule = &rules->items[i];
		verdict = check_rule(&c);
	}
	return verdict;
}

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)config_json;
	return validate_rules_create(host, err);
}

static void destroy(void *self)
{
	validate_rules_destroy(self);
}

WEIR_EACH(process, struct validate_rules, check_event)

WEIR_PLUGIN(.flags = WEIR_UNLOADABLE, .id = "validate", .version = "1.0.0",
	    .config_schema = VALIDATE_SCHEMA, .create = create, .process = process,
	    .destroy = destroy);
