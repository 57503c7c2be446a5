#include "config.h"

#include "base/json_slice.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

struct wr_bytes wr_json_trim(struct wr_bytes text)
{
	const char *at, *end;

	if (text.size == 0)
		return text;
	end = (const char *)text.data + text.size;
	at = skip_space(text.data, end);
	while (end > at && is_space(end[-1]))
		end--;
	return wr_bytes(at, (size_t)(end - at));
}

enum wr_json_type wr_json_slice_type(struct wr_bytes value)
{
	const char *at, *end;

	if (value.size == 0)
		return WR_JSON_MISSING;
	end = (const char *)value.data + value.size;
	at = skip_space(value.data, end);
	if (at == end)
		return WR_JSON_MISSING;
	switch (*at) {
	case '{':
		return WR_JSON_OBJECT;
	case '[':
		return WR_JSON_ARRAY;
	case '"':
		return WR_JSON_STRING;
	case 't':
	case 'f':
		return WR_JSON_BOOL;
	case 'n':
		return WR_JSON_NULL;
	default:
		return *at == '-' || (*at >= '0' && *at <= '9') ? WR_JSON_NUMBER : WR_JSON_MISSING;
	}
}

/* Behind the closing quote of the string whose opening one is at[-1]; NULL when there is none. */
static const char *skip_string(const char *at, const char *end)
{
	const char *quote, *slash;

	for (;;) {
		quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
		if (quote == NULL)
			return NULL;
		for (slash = quote; slash > at && slash[-1] == '\\'; slash--)
			;
		if ((quote - slash) % 2 == 0)
			return quote + 1;
		at = quote + 1;
	}
}

/* Behind the container that opens at `at`; NULL when it does not end. */
static const char *skip_container(const char *at, const char *end)
{
	size_t depth = 0;

	while (at < end) {
		switch (*at++) {
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return at;
			break;
		case '"':
			at = skip_string(at, end);
			if (at == NULL)
				return NULL;
			break;
		default:
			break;
		}
	}
	return NULL;
}

static const char *skip_scalar(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && !is_space(*at) && strchr(",]}:\"[{", *at) == NULL)
		at++;
	return at > start ? at : NULL;
}

/* Behind the value at `at`; NULL when none is there. */
static const char *skip_value(const char *at, const char *end)
{
	if (at == end)
		return NULL;
	if (*at == '{' || *at == '[')
		return skip_container(at, end);
	if (*at == '"')
		return skip_string(at + 1, end);
	return skip_scalar(at, end);
}

bool wr_json_walk_begin(struct wr_json_walk *walk, struct wr_bytes container)
{
	enum wr_json_type type = wr_json_slice_type(container);

	*walk = (struct wr_json_walk){.is_first = true, .broken = true};
	if (type != WR_JSON_ARRAY && type != WR_JSON_OBJECT)
		return false;
	walk->end = (const char *)container.data + container.size;
	walk->at = skip_space(container.data, walk->end) + 1;
	walk->close = type == WR_JSON_ARRAY ? ']' : '}';
	walk->broken = false;
	return true;
}

static bool break_off(struct wr_json_walk *walk)
{
	walk->broken = true;
	walk->at = walk->end;
	return false;
}

/* Reads `"name" :`. */
static bool take_name(struct wr_json_walk *walk, struct wr_bytes *name_r)
{
	const char *start, *behind;

	if (walk->at == walk->end || *walk->at != '"')
		return false;
	start = walk->at + 1;
	behind = skip_string(start, walk->end);
	if (behind == NULL)
		return false;
	*name_r = wr_bytes(start, (size_t)(behind - 1 - start));
	walk->at = skip_space(behind, walk->end);
	if (walk->at == walk->end || *walk->at != ':')
		return false;
	walk->at = skip_space(walk->at + 1, walk->end);
	return true;
}

bool wr_json_walk_next(struct wr_json_walk *walk, struct wr_bytes *name_r, struct wr_bytes *value_r)
{
	const char *behind;

	*name_r = wr_bytes(NULL, 0);
	*value_r = wr_bytes(NULL, 0);
	if (walk->broken)
		return false;
	walk->at = skip_space(walk->at, walk->end);
	if (walk->at == walk->end)
		return break_off(walk);
	if (*walk->at == walk->close)
		return false;
	if (!walk->is_first) {
		if (*walk->at != ',')
			return break_off(walk);
		walk->at = skip_space(walk->at + 1, walk->end);
	}
	walk->is_first = false;
	if (walk->close == '}' && !take_name(walk, name_r))
		return break_off(walk);
	behind = skip_value(walk->at, walk->end);
	if (behind == NULL)
		return break_off(walk);
	*value_r = wr_bytes(walk->at, (size_t)(behind - walk->at));
	walk->at = behind;
	return true;
}

bool wr_json_slice_string(struct wr_bytes value, struct wr_bytes *escaped_r)
{
	const char *text = value.data;

	*escaped_r = wr_bytes(NULL, 0);
	if (value.size < 2 || text[0] != '"' || text[value.size - 1] != '"')
		return false;
	*escaped_r = wr_bytes(text + 1, value.size - 2);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The number in "uXXXX" at `at`, or -1. */
static long take_unit(const char *at, const char *end)
{
	long unit = 0;
	int i, digit;

	if (end - at < 5 || at[0] != 'u')
		return -1;
	for (i = 1; i <= 4; i++) {
		digit = hex_digit(at[i]);
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

static size_t put_utf8(char *out, unsigned long point)
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xC0 | (point >> 6));
		out[1] = (char)(0x80 | (point & 0x3F));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xE0 | (point >> 12));
		out[1] = (char)(0x80 | ((point >> 6) & 0x3F));
		out[2] = (char)(0x80 | (point & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | (point >> 18));
	out[1] = (char)(0x80 | ((point >> 12) & 0x3F));
	out[2] = (char)(0x80 | ((point >> 6) & 0x3F));
	out[3] = (char)(0x80 | (point & 0x3F));
	return 4;
}

/* The escape whose backslash is at[-1]: writes what it stands for and returns where it ends, or NULL. An escape
 * is never shorter than what it stands for. */
static const char *take_escape(const char *at, const char *end, char *out, size_t *written_r)
{
	static const char shorts[] = "b\bf\fn\nr\rt\t\"\"\\\\//";
	size_t i;
	long unit, low;

	if (at == end)
		return NULL;
	for (i = 0; i + 1 < sizeof(shorts); i += 2) {
		if (shorts[i] == *at) {
			out[0] = shorts[i + 1];
			*written_r = 1;
			return at + 1;
		}
	}
	unit = take_unit(at, end);
	if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
		return NULL;
	at += 5;
	if (unit < 0xD800 || unit > 0xDBFF) {
		*written_r = put_utf8(out, (unsigned long)unit);
		return at;
	}
	low = end - at >= 6 && *at == '\\' ? take_unit(at + 1, end) : -1;
	if (low < 0xDC00 || low > 0xDFFF)
		return NULL;
	*written_r = put_utf8(out, 0x10000UL + (((unsigned long)unit - 0xD800) << 10) +
				       ((unsigned long)low - 0xDC00));
	return at + 6;
}

enum wr_code wr_json_unescape(struct wr_bytes escaped, char *out, size_t *size_r)
{
	const char *at = escaped.data, *end, *slash;
	size_t size = 0, plain, written;

	*size_r = 0;
	if (escaped.size == 0)
		return WR_OK;
	end = at + escaped.size;
	while (at < end) {
		slash = memchr(at, '\\', (size_t)(end - at));
		plain = slash != NULL ? (size_t)(slash - at) : (size_t)(end - at);
		memcpy(out + size, at, plain);
		size += plain;
		if (slash == NULL)
			break;
		at = take_escape(slash + 1, end, out + size, &written);
		if (at == NULL)
			return WR_EINVAL;
		size += written;
	}
	*size_r = size;
	return WR_OK;
}

bool wr_json_name_is(struct wr_bytes escaped, const char *name)
{
	size_t length = strlen(name), size;
	char plain[64 * 6];

	if (escaped.data == NULL)
		return false;
	if (escaped.size == length)
		return memcmp(escaped.data, name, length) == 0;
	/* Each byte of an ASCII name takes six at most, as an escape. */
	if (escaped.size < length || escaped.size > length * 6 || escaped.size > sizeof(plain))
		return false;
	return wr_json_unescape(escaped, plain, &size) == WR_OK && size == length &&
	       memcmp(plain, name, length) == 0;
}

bool wr_json_slice_integer(struct wr_bytes value, int64_t *integer_r)
{
	const char *at = value.data, *end;
	bool is_negative = false;
	int64_t integer = 0;

	*integer_r = 0;
	if (value.size == 0)
		return false;
	end = at + value.size;
	if (*at == '-') {
		is_negative = true;
		at++;
	}
	if (at == end)
		return false;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(integer, 10, &integer) ||
		    __builtin_sub_overflow(integer, *at - '0', &integer))
			return false;
	}
	if (!is_negative && integer == INT64_MIN)
		return false;
	*integer_r = is_negative ? integer : -integer;
	return true;
}

struct wr_json_position wr_json_position_at(struct wr_bytes text, size_t offset)
{
	struct wr_json_position where = WR_JSON_POSITION_START;

	wr_json_position_advance(text, offset, &where);
	return where;
}

void wr_json_position_advance(struct wr_bytes text, size_t offset, struct wr_json_position *where_p)
{
	const char *bytes = text.data;

	for (; where_p->offset < offset && where_p->offset < text.size; where_p->offset++) {
		if (bytes[where_p->offset] == '\n') {
			where_p->line++;
			where_p->column = 1;
		} else if (((unsigned char)bytes[where_p->offset] & 0xC0) != 0x80) {
			where_p->column++;
		}
	}
}
