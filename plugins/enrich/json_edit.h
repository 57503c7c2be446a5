/*
 * Changes JSON by its text: what is not touched stays byte for byte as it was, so that no number is rounded and no
 * spelling is lost. Meant for text that was parsed before; of anything else it reads within its bounds and says
 * EDIT_BROKEN.
 */
#ifndef ENRICH_JSON_EDIT_H
#define ENRICH_JSON_EDIT_H

#include <stdbool.h>
#include <stddef.h>

/* A growing text. */
struct text {
	char *data;
	size_t size, capacity;
};

void text_fini(struct text *text);

/* Keep the text as it was when there is no memory, and say false. */
bool text_add(struct text *text, const char *data, size_t size);
bool text_add_json_string(struct text *text, const char *data, size_t size);

/* A JSON Pointer in its parts, unescaped. */
struct pointer {
	struct token {
		char *name;
		size_t size;
		size_t index; /* as a place in an array; NO_INDEX when it is none */
		bool is_end;  /* "-": behind the last */
	} * tokens;
	size_t count;
	char *text; /* as it was written, terminated */
};

#define NO_INDEX ((size_t)-1)

/* False without memory or when the text is no pointer. */
bool pointer_init(struct pointer *pointer, const char *text, size_t size);
void pointer_fini(struct pointer *pointer);

enum edit {
	EDIT_OK,
	EDIT_MISSING, /* the pointer leads nowhere */
	EDIT_NO_PARENT, /* the place can't be made: what stands on the way is no object, or the array is too short */
	EDIT_DOUBLE, /* a member on the way is there twice: which one is meant? */
	EDIT_BROKEN, /* the text is no JSON */
	EDIT_NO_MEMORY
};

/* The text of the value at the pointer, inside `json`. Of members with one name the first counts. */
enum edit edit_find(const char *json, size_t size, const struct pointer *pointer,
		    const char **value_r, size_t *value_size_r);

/* Writes `json` to `out` with the value at the pointer replaced or added. Objects that are missing on the way are
 * made when create_parents is set. */
enum edit edit_set(const char *json, size_t size, const struct pointer *pointer, const char *value,
		   size_t value_size, bool create_parents, struct text *out);

#endif
