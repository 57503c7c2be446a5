/*
 * The one table of all configuration keys. Validation, defaults, the filling of struct wr_conf, the reference
 * page, the man page and the JSON Schema are all read from it. Immutable. [any]
 */
#ifndef WR_CONF_SCHEMA_H
#define WR_CONF_SCHEMA_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wr_key_type {
	WR_KEY_MAP,         /* rows below it; member: bool, set when the map is there */
	WR_KEY_LIST,        /* of maps; member: pointer to items */
	WR_KEY_STRING,      /* char * */
	WR_KEY_STRINGS,     /* struct wr_conf_strings */
	WR_KEY_BOOL,        /* bool */
	WR_KEY_INT,         /* int */
	WR_KEY_COUNT,       /* size_t */
	WR_KEY_NUMBER,      /* double */
	WR_KEY_DURATION_MS, /* int64_t */
	WR_KEY_DURATION_US, /* int64_t */
	WR_KEY_SIZE,        /* size_t */
	WR_KEY_SHARE,       /* int, in millionths */
	WR_KEY_ENUM,        /* int or an enum of its size */
	WR_KEY_SECRET,      /* char *; never shown */
	WR_KEY_SECRET_FILE, /* char *, read from the file that is named */
	WR_KEY_LISTEN,      /* struct wr_conf_listener: host and port */
	WR_KEY_REDIS_URL,   /* struct wr_conf_redis; may hold a secret */
	WR_KEY_PROPERTIES,  /* struct wr_conf_properties; values may be secrets */
	WR_KEY_OUTPUTS,     /* struct wr_conf_pipeline: outputs */
	WR_KEY_TREE,        /* struct wr_conf_stage: config_json, config_mark */
	WR_KEY_ONLY_TRUE,   /* `true` and nothing else; no member */
};

/* The forms of strings. */
enum wr_key_form {
	WR_FORM_ANY,
	WR_FORM_INSTANCE,
	WR_FORM_NAME,
	WR_FORM_OUTPUT,
	WR_FORM_TOPIC,
	WR_FORM_GROUP,
	WR_FORM_POINTER,
	WR_FORM_HEADER,
	WR_FORM_BROKERS,
	WR_FORM_TOKEN,
	WR_FORM_DURATION,
	WR_FORM_CLASS,
	WR_FORM_COUNT_
};

struct wr_form {
	const char *pattern; /* for others: ECMA and POSIX extended alike; NULL: any text */
	size_t max_bytes;
	const char *expected; /* "a topic name (...)" */
};

enum wr_key_status {
	WR_KEY_BUILT,
	WR_KEY_PLANNED /* known, but an error in this version */
};

struct wr_choice {
	const char *name; /* NULL ends the list */
	int value;
	enum wr_key_status status;
};

struct wr_key_row {
	const char *path; /* "pipelines[].batch.linger" */
	enum wr_key_type type;
	enum wr_key_form form;
	enum wr_key_status status;
	bool required;
	bool restart; /* will need a restart even where a running engine can reload */
	bool has_member;
	size_t member; /* offset in struct wr_conf, or in the item of the innermost list */
	size_t item_size, item_count_member;              /* LIST */
	void (*item_init)(void *item, const void *owner); /* LIST; may be NULL */
	int64_t least, most;   /* of numbers, in the member's unit; of lists, how many */
	const char *fallback;  /* the default as one would write it; NULL: none */
	const char *otherwise; /* a default that is found out at start, in words */
	const char
	    *harmless; /* PLANNED: the one value that is accepted, because it asks for nothing */
	const struct wr_choice *choices; /* ENUM */
	const char *doc;
};

size_t wr_schema_size(void);
const struct wr_key_row *wr_schema_row(size_t i);

/* The rows directly below `prefix` ("" the top, "pipelines[]" an item of a list), in the order of the table: start
 * with *cursor_p = 0; NULL at the end. */
const struct wr_key_row *wr_schema_child(const char *prefix, size_t *cursor_p);

/* The last part of a row's path. */
const char *wr_schema_name(const struct wr_key_row *row);

const struct wr_form *wr_schema_form(enum wr_key_form form);

/* The words of a form that is one of several; ends at NULL; NULL: it is none. */
const char *const *wr_schema_form_words(enum wr_key_form form);

/* Whether `text` has the form. */
bool wr_schema_form_fits(enum wr_key_form form, struct wr_bytes text);

#endif
