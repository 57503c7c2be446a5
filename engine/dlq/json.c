#include "config.h"

#include "dlq/json.h"

#include "base/json_slice.h"

#include <stdlib.h>

bool wr_dlq_json_member(struct wr_bytes object, const char *name, struct wr_bytes *value_r)
{
	struct wr_json_walk walk;
	struct wr_bytes escaped;

	if (wr_json_slice_type(object) != WR_JSON_OBJECT || !wr_json_walk_begin(&walk, object))
		return false;
	while (wr_json_walk_next(&walk, &escaped, value_r)) {
		if (wr_json_name_is(escaped, name))
			return true;
	}
	return false;
}

char *wr_dlq_json_string(struct wr_bytes value)
{
	struct wr_bytes escaped;
	size_t size = 0;
	char *text;

	if (!wr_json_slice_string(value, &escaped))
		return NULL;
	text = malloc(escaped.size + 1);
	if (text == NULL)
		return NULL;
	if (wr_json_unescape(escaped, text, &size) != WR_OK || memchr(text, '\0', size) != NULL) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	return text;
}

char *wr_dlq_json_text(struct wr_bytes object, const char *name)
{
	struct wr_bytes value;

	return wr_dlq_json_member(object, name, &value) ? wr_dlq_json_string(value) : NULL;
}

int64_t wr_dlq_json_integer(struct wr_bytes object, const char *name, int64_t otherwise)
{
	struct wr_bytes value;
	int64_t integer;

	if (!wr_dlq_json_member(object, name, &value) || !wr_json_slice_integer(value, &integer))
		return otherwise;
	return integer;
}

bool wr_dlq_json_is_true(struct wr_bytes object, const char *name)
{
	struct wr_bytes value;

	return wr_dlq_json_member(object, name, &value) &&
	       wr_bytes_equal(value, wr_bytes_of("true"));
}
