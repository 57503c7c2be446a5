/*
 * The rules of a validate stage, read from its config once and only looked at afterwards.
 */
#ifndef VALIDATE_RULES_H
#define VALIDATE_RULES_H

#include "weir/plugin.h"

#include <regex.h>

/* A bit for each type a field may have. */
enum validate_type {
	VALIDATE_STRING = 1,
	VALIDATE_NUMBER = 2,
	VALIDATE_INTEGER = 4,
	VALIDATE_BOOLEAN = 8,
	VALIDATE_NULL = 16,
	VALIDATE_ARRAY = 32,
	VALIDATE_OBJECT = 64
};

struct validate_rule {
	char *pointer;
	unsigned types; /* 0: any */
	char *types_text;
	struct weir_json min, max;                            /* MISSING: no bound */
	struct weir_json *values;                             /* strings are copies */
	size_t value_count;                                   /* 0: any */
	int64_t min_length, max_length, min_items, max_items; /* -1: no bound */
	regex_t pattern;
	bool has_pattern;
};

struct validate_rules {
	char **required;
	size_t required_count;
	struct validate_rule *items;
	size_t count;
};

/* NULL on failure, with *err filled. */
struct validate_rules *validate_rules_create(const struct weir_host *host, struct weir_error *err);
void validate_rules_destroy(struct validate_rules *rules);

/* "string", "number" ... of a value. */
const char *validate_type_name(enum weir_json_type type);

/* Whether a value of this type has one of the bits. */
bool validate_type_fits(enum weir_json_type type, unsigned types);

#endif
