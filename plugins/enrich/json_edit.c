#include "plugins/enrich/json_edit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A place in a text that is read. */
struct cursor {
	const char *at, *end;
};

/* Where an edit belongs: [from, to) is replaced. */
struct place {
	const char *from, *to;
	size_t depth;   /* tokens that were found */
	bool is_member; /* a new member of an object comes here, else a new item or another value */
	bool needs_comma; /* there is something before it */
	bool is_new;      /* nothing is replaced */
};

void text_fini(struct text *text)
{
	free(text->data);
	*text = (struct text){NULL, 0, 0};
}

bool text_add(struct text *text, const char *data, size_t size)
{
	if (size > text->capacity - text->size) {
		size_t capacity = text->capacity * 2 + size + 256;
		char *grown = capacity > text->capacity ? realloc(text->data, capacity) : NULL;

		if (grown == NULL)
			return false;
		text->data = grown;
		text->capacity = capacity;
	}
	if (size > 0)
		memcpy(text->data + text->size, data, size);
	text->size += size;
	return true;
}

static bool add_escaped(struct text *text, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char unicode[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
	const char simple[] = {'\\', (char)c};

	if (c == '"' || c == '\\')
		return text_add(text, simple, sizeof(simple));
	return text_add(text, unicode, sizeof(unicode));
}

bool text_add_json_string(struct text *text, const char *data, size_t size)
{
	size_t before = text->size, plain = 0;
	bool ok = text_add(text, "\"", 1);

	for (size_t i = 0; ok && i < size; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		ok = text_add(text, data + plain, i - plain) && add_escaped(text, c);
		plain = i + 1;
	}
	ok = ok && text_add(text, data + plain, size - plain) && text_add(text, "\"", 1);
	if (!ok)
		text->size = before;
	return ok;
}

/* Unescapes ~0 and ~1 in place. False for any other use of '~'. */
static bool unescape_token(struct token *token)
{
	size_t out = 0;

	for (size_t i = 0; i < token->size; i++) {
		char c = token->name[i];

		if (c == '~') {
			if (++i == token->size || (token->name[i] != '0' && token->name[i] != '1'))
				return false;
			c = token->name[i] == '0' ? '~' : '/';
		}
		token->name[out++] = c;
	}
	token->size = out;
	return true;
}

static size_t index_of(const struct token *token)
{
	size_t index = 0;

	if (token->size == 0 || token->size > 9 || (token->size > 1 && token->name[0] == '0'))
		return NO_INDEX;
	for (size_t i = 0; i < token->size; i++) {
		if (token->name[i] < '0' || token->name[i] > '9')
			return NO_INDEX;
		index = index * 10 + (size_t)(token->name[i] - '0');
	}
	return index;
}

static bool add_token(struct pointer *pointer, const char *text, size_t size)
{
	struct token *token = &pointer->tokens[pointer->count];

	token->name = malloc(size + 1);
	if (token->name == NULL)
		return false;
	memcpy(token->name, text, size);
	token->name[size] = '\0';
	token->size = size;
	pointer->count++;
	if (!unescape_token(token))
		return false;
	token->index = index_of(token);
	token->is_end = token->size == 1 && token->name[0] == '-';
	return true;
}

bool pointer_init(struct pointer *pointer, const char *text, size_t size)
{
	size_t start = 1, count = 0;

	*pointer = (struct pointer){.text = strndup(text, size)};
	for (size_t i = 0; i < size; i++)
		count += text[i] == '/';
	pointer->tokens = calloc(count + 1, sizeof(*pointer->tokens));
	if (pointer->text == NULL || pointer->tokens == NULL || (size > 0 && text[0] != '/')) {
		pointer_fini(pointer);
		return false;
	}
	for (size_t i = 1; size > 0 && i <= size; i++) {
		if (i < size && text[i] != '/')
			continue;
		if (!add_token(pointer, text + start, i - start)) {
			pointer_fini(pointer);
			return false;
		}
		start = i + 1;
	}
	return true;
}

void pointer_fini(struct pointer *pointer)
{
	for (size_t i = 0; i < pointer->count; i++)
		free(pointer->tokens[i].name);
	free(pointer->tokens);
	free(pointer->text);
	*pointer = (struct pointer){.count = 0};
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->end &&
	       (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

static bool take(struct cursor *c, char wanted)
{
	skip_space(c);
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

/* Whether the quote at `quote` of a string that began at `start` is escaped. */
static bool is_escaped(const char *start, const char *quote)
{
	const char *at = quote;

	while (at > start && at[-1] == '\\')
		at--;
	return (quote - at) % 2 != 0;
}

static bool skip_string(struct cursor *c)
{
	const char *start, *quote;

	if (!take(c, '"'))
		return false;
	start = c->at;
	do {
		quote = memchr(c->at, '"', (size_t)(c->end - c->at));
		if (quote == NULL)
			return false;
		c->at = quote + 1;
	} while (is_escaped(start, quote));
	return true;
}

static bool is_scalar_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '+' || c == '.';
}

/* Over a value of any kind, without recursion. */
static bool skip_value(struct cursor *c)
{
	size_t depth = 0;

	do {
		skip_space(c);
		if (c->at == c->end)
			return false;
		if (*c->at == '"') {
			if (!skip_string(c))
				return false;
		} else if (*c->at == '{' || *c->at == '[') {
			depth++;
			c->at++;
		} else if (depth > 0 && (*c->at == '}' || *c->at == ']')) {
			depth--;
			c->at++;
		} else if (depth > 0 && (*c->at == ',' || *c->at == ':')) {
			c->at++;
		} else if (is_scalar_byte(*c->at)) {
			while (c->at < c->end && is_scalar_byte(*c->at))
				c->at++;
		} else {
			return false;
		}
	} while (depth > 0);
	return true;
}

static bool hex4(const char *at, const char *end, unsigned *unit_r)
{
	*unit_r = 0;
	if (end - at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)at[i], lower = c | 0x20;

		if (c >= '0' && c <= '9')
			*unit_r = *unit_r * 16 + (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			*unit_r = *unit_r * 16 + (lower - 'a' + 10);
		else
			return false;
	}
	return true;
}

static size_t put_utf8(unsigned code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* The character that a \u escape at `at` (behind the u) stands for, as UTF-8; advances over it. */
static size_t unescape_unicode(const char **at_p, const char *end, char *out)
{
	unsigned code, low;

	if (!hex4(*at_p, end, &code))
		return 0;
	*at_p += 4;
	if (code >= 0xd800 && code < 0xdc00 && end - *at_p >= 6 && (*at_p)[0] == '\\' &&
	    (*at_p)[1] == 'u' && hex4(*at_p + 2, end, &low) && low >= 0xdc00 && low < 0xe000) {
		*at_p += 6;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	return put_utf8(code, out);
}

/* The bytes of the next character of a string, escaped or not; 0 when the escape is none. */
static size_t next_character(const char **at_p, const char *end, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (**at_p != '\\') {
		out[0] = *(*at_p)++;
		return 1;
	}
	if (end - *at_p < 2)
		return 0;
	(*at_p)++;
	if (**at_p == 'u') {
		(*at_p)++;
		return unescape_unicode(at_p, end, out);
	}
	found = memchr(from, **at_p, sizeof(from) - 1);
	if (found == NULL)
		return 0;
	(*at_p)++;
	out[0] = to[found - from];
	return 1;
}

/* Whether the string between its quotes says the name. */
static bool string_is(const char *at, const char *end, const struct token *token)
{
	size_t matched = 0;

	if (memchr(at, '\\', (size_t)(end - at)) == NULL)
		return (size_t)(end - at) == token->size &&
		       memcmp(at, token->name, token->size) == 0;
	while (at < end) {
		char bytes[4];
		size_t n = next_character(&at, end, bytes);

		if (n == 0 || n > token->size - matched ||
		    memcmp(bytes, token->name + matched, n) != 0)
			return false;
		matched += n;
	}
	return matched == token->size;
}

/* One member: *key_r is whether it is the token's. Stands before the value afterwards. */
static bool take_key(struct cursor *c, const struct token *token, bool *is_it_r)
{
	const char *start;

	skip_space(c);
	start = c->at + 1;
	if (!skip_string(c))
		return false;
	*is_it_r = string_is(start, c->at - 1, token);
	return take(c, ':');
}

/* Looks for the token in the object that begins at the cursor. Found: *place is its value. Not found: EDIT_MISSING, and
 * *place is where a new member belongs. all: looks on behind it for a second one. */
static enum edit find_member(struct cursor *c, const struct token *token, bool all,
			     struct place *place)
{
	bool found = false, is_it, more;

	if (!take(c, '{'))
		return EDIT_BROKEN;
	*place = (struct place){.from = c->at, .to = c->at, .is_member = true, .is_new = true};
	if (take(c, '}'))
		return EDIT_MISSING;
	do {
		const char *start;

		if (!take_key(c, token, &is_it))
			return EDIT_BROKEN;
		skip_space(c);
		start = c->at;
		if (!skip_value(c))
			return EDIT_BROKEN;
		if (is_it && found)
			return EDIT_DOUBLE;
		if (is_it || !found)
			*place =
			    (struct place){is_it ? start : c->at, c->at, 0, !is_it, !is_it, !is_it};
		found |= is_it;
		more = take(c, ',');
	} while (more && (all || !found));
	if (!more && !take(c, '}'))
		return EDIT_BROKEN;
	return found ? EDIT_OK : EDIT_MISSING;
}

/* The same in an array. */
static enum edit find_item(struct cursor *c, const struct token *token, struct place *place)
{
	size_t index = 0;

	if (!take(c, '['))
		return EDIT_BROKEN;
	*place = (struct place){.from = c->at, .to = c->at, .is_new = true};
	if (!take(c, ']')) {
		do {
			const char *start;

			skip_space(c);
			start = c->at;
			if (!skip_value(c))
				return EDIT_BROKEN;
			*place = (struct place){.from = start, .to = c->at};
			if (index == token->index)
				return EDIT_OK;
			*place = (struct place){
			    .from = c->at, .to = c->at, .needs_comma = true, .is_new = true};
			index++;
		} while (take(c, ','));
		if (!take(c, ']'))
			return EDIT_BROKEN;
	}
	return token->is_end || token->index == index ? EDIT_MISSING : EDIT_NO_PARENT;
}

/* Walks down as far as the pointer is there. EDIT_OK: *place is the value. EDIT_MISSING: place->depth tokens are there
 * and a new one belongs at *place. */
static enum edit locate(const char *json, size_t size, const struct pointer *pointer, bool all,
			struct place *place)
{
	struct cursor c = {json, json + size};
	enum edit rc = EDIT_OK;
	size_t depth;

	skip_space(&c);
	*place = (struct place){.from = c.at, .to = c.end};
	/* what lies in the root ends where the text does; only the root itself must be measured */
	if (c.at == c.end || (pointer->count == 0 && !skip_value(&c)))
		return EDIT_BROKEN;
	if (pointer->count == 0)
		place->to = c.at;
	for (depth = 0; rc == EDIT_OK && depth < pointer->count; depth++) {
		const struct token *token = &pointer->tokens[depth];

		c = (struct cursor){place->from, place->to};
		if (*c.at == '{')
			rc = find_member(&c, token, all, place);
		else if (*c.at == '[')
			rc = find_item(&c, token, place);
		else
			rc = EDIT_NO_PARENT;
	}
	place->depth = rc == EDIT_OK ? depth : depth - 1;
	return rc;
}

enum edit edit_find(const char *json, size_t size, const struct pointer *pointer,
		    const char **value_r, size_t *value_size_r)
{
	struct place place;
	enum edit rc = locate(json, size, pointer, false, &place);

	*value_r = NULL;
	*value_size_r = 0;
	if (rc != EDIT_OK)
		return rc == EDIT_NO_PARENT ? EDIT_MISSING : rc;
	*value_r = place.from;
	*value_size_r = (size_t)(place.to - place.from);
	return EDIT_OK;
}

/* `"a":{"b":value}`: the new member with the objects that are missing below it. */
static bool add_new(struct text *out, const struct pointer *pointer, const struct place *place,
		    const char *value, size_t value_size)
{
	bool ok = !place->needs_comma || text_add(out, ",", 1);

	for (size_t i = place->depth; ok && i < pointer->count; i++) {
		const struct token *token = &pointer->tokens[i];

		if (i > place->depth)
			ok = text_add(out, "{", 1);
		if (ok && (i > place->depth || place->is_member))
			ok = text_add_json_string(out, token->name, token->size) &&
			     text_add(out, ":", 1);
	}
	ok = ok && text_add(out, value, value_size);
	for (size_t i = place->depth + 1; ok && i < pointer->count; i++)
		ok = text_add(out, "}", 1);
	return ok;
}

enum edit edit_set(const char *json, size_t size, const struct pointer *pointer, const char *value,
		   size_t value_size, bool create_parents, struct text *out)
{
	struct place place;
	enum edit rc = locate(json, size, pointer, true, &place);
	bool ok;

	out->size = 0;
	if (rc == EDIT_MISSING && !create_parents && place.depth + 1 < pointer->count)
		return EDIT_NO_PARENT;
	if (rc != EDIT_OK && rc != EDIT_MISSING)
		return rc;
	ok = text_add(out, json, (size_t)(place.from - json));
	if (ok && rc == EDIT_OK)
		ok = text_add(out, value, value_size);
	else if (ok)
		ok = add_new(out, pointer, &place, value, value_size);
	ok = ok && text_add(out, place.to, (size_t)(json + size - place.to));
	return ok ? EDIT_OK : EDIT_NO_MEMORY;
}
