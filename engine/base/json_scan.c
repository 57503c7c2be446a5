#include "config.h"

#include "base/json_scan.h"
#include "base/json_slice.h"
#include "base/utf8.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	const unsigned char *s;
	size_t size;
	size_t at;        /* the fault, once `what` is set */
	const char *what; /* NULL: no fault so far */
	unsigned depth;
	bool is_object[WR_JSON_DEPTH_MAX];
};

enum state { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COMMA_OR_END };

static bool fail(struct scan *scan, size_t at, const char *what)
{
	scan->at = at;
	scan->what = what;
	return false;
}

/* The next byte, or -1 at the end. */
static int peek(const struct scan *scan)
{
	return scan->at < scan->size ? scan->s[scan->at] : -1;
}

static void skip_space(struct scan *scan)
{
	int c;

	while ((c = peek(scan)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		scan->at++;
}

/* Four hexadecimal digits at `at`, or -1. */
static long hex4(const struct scan *scan, size_t at)
{
	static const char digits[] = "0123456789abcdef";
	const char *found;
	long value = 0;
	int i;

	if (scan->size - at < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		int c = scan->s[at + (size_t)i];

		found = c != 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;
		if (found == NULL)
			return -1;
		value = value * 16 + (found - digits);
	}
	return value;
}

/* A \u escape, of one code unit or of a surrogate pair; `at` is the backslash. */
static bool scan_unicode(struct scan *scan)
{
	size_t start = scan->at;
	long unit = hex4(scan, start + 2), low = -1;

	if (unit < 0)
		return fail(scan, start, "\\u wants four hexadecimal digits");
	scan->at += 6;
	if (unit < 0xD800 || unit > 0xDFFF)
		return true;
	if (unit < 0xDC00 && scan->size - scan->at >= 6 && scan->s[scan->at] == '\\' &&
	    scan->s[scan->at + 1] == 'u')
		low = hex4(scan, scan->at + 2);
	if (low < 0xDC00 || low > 0xDFFF)
		return fail(scan, start, "half of a surrogate pair");
	scan->at += 6;
	return true;
}

static bool scan_escape(struct scan *scan)
{
	int c = scan->at + 1 < scan->size ? scan->s[scan->at + 1] : -1;

	if (c == 'u')
		return scan_unicode(scan);
	if (c < 0)
		return fail(scan, scan->size, "the text ends inside a string");
	if (c == 0 || strchr("\"\\/bfnrt", c) == NULL)
		return fail(scan, scan->at, "unknown escape in a string");
	scan->at += 2;
	return true;
}

static bool scan_string(struct scan *scan)
{
	size_t length;
	int c;

	scan->at++;
	while ((c = peek(scan)) != '"') {
		if (c < 0)
			return fail(scan, scan->size, "the text ends inside a string");
		if (c < 0x20)
			return fail(scan, scan->at, "control character in a string");
		if (c == '\\') {
			if (!scan_escape(scan))
				return false;
			continue;
		}
		length = wr_utf8_length(scan->s + scan->at, scan->size - scan->at);
		if (length == 0)
			return fail(scan, scan->at, "not UTF-8");
		scan->at += length;
	}
	scan->at++;
	return true;
}

static size_t skip_digits(struct scan *scan)
{
	size_t start = scan->at;

	while (peek(scan) >= '0' && peek(scan) <= '9')
		scan->at++;
	return scan->at - start;
}

static bool scan_number(struct scan *scan)
{
	size_t start;

	if (peek(scan) == '-')
		scan->at++;
	start = scan->at;
	if (skip_digits(scan) == 0)
		return fail(scan, start, "expected a digit");
	if (scan->s[start] == '0' && scan->at - start > 1)
		return fail(scan, start, "a number may not begin with 0");
	if (peek(scan) == '.') {
		scan->at++;
		if (skip_digits(scan) == 0)
			return fail(scan, scan->at, "expected a digit");
	}
	if (peek(scan) == 'e' || peek(scan) == 'E') {
		scan->at++;
		if (peek(scan) == '+' || peek(scan) == '-')
			scan->at++;
		if (skip_digits(scan) == 0)
			return fail(scan, scan->at, "expected a digit");
	}
	return true;
}

static bool scan_word(struct scan *scan)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t i, length;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		length = strlen(words[i]);
		if (scan->size - scan->at >= length &&
		    memcmp(scan->s + scan->at, words[i], length) == 0) {
			scan->at += length;
			return true;
		}
	}
	if (scan->at == 0 && scan->size >= 3 && memcmp(scan->s, "\xEF\xBB\xBF", 3) == 0)
		return fail(scan, 0, "byte order mark before the value");
	return fail(scan, scan->at, "expected a value");
}

static bool open_container(struct scan *scan, bool is_object, enum state *state_p)
{
	if (scan->depth == WR_JSON_DEPTH_MAX)
		return fail(scan, scan->at, "nested too deeply");
	scan->is_object[scan->depth++] = is_object;
	scan->at++;
	*state_p = is_object ? KEY_OR_END : VALUE_OR_END;
	return true;
}

static bool scan_value(struct scan *scan, enum state *state_p)
{
	int c = peek(scan);

	if (c == '{' || c == '[')
		return open_container(scan, c == '{', state_p);
	*state_p = COMMA_OR_END;
	if (c < 0)
		return fail(scan, scan->at, "expected a value, but the text ends");
	if (c == '"')
		return scan_string(scan);
	if (c == '-' || (c >= '0' && c <= '9'))
		return scan_number(scan);
	return scan_word(scan);
}

static bool scan_key(struct scan *scan, enum state *state_p)
{
	if (peek(scan) != '"')
		return fail(scan, scan->at, "expected a member's name in quotes");
	if (!scan_string(scan))
		return false;
	skip_space(scan);
	if (peek(scan) != ':')
		return fail(scan, scan->at, "expected ':'");
	scan->at++;
	*state_p = VALUE;
	return true;
}

static bool scan_comma_or_end(struct scan *scan, enum state *state_p)
{
	bool in_object = scan->is_object[scan->depth - 1];
	int c = peek(scan);

	if (c == (in_object ? '}' : ']')) {
		scan->depth--;
		scan->at++;
		return true;
	}
	if (c != ',')
		return fail(scan, scan->at,
			    in_object ? "expected ',' or '}'" : "expected ',' or ']'");
	scan->at++;
	*state_p = in_object ? KEY : VALUE;
	return true;
}

static bool scan_step(struct scan *scan, enum state *state_p)
{
	skip_space(scan);
	switch (*state_p) {
	case VALUE_OR_END:
		if (peek(scan) == ']') {
			*state_p = COMMA_OR_END;
			return scan_comma_or_end(scan, state_p);
		}
		return scan_value(scan, state_p);
	case VALUE:
		return scan_value(scan, state_p);
	case KEY_OR_END:
		if (peek(scan) == '}') {
			*state_p = COMMA_OR_END;
			return scan_comma_or_end(scan, state_p);
		}
		return scan_key(scan, state_p);
	case KEY:
		return scan_key(scan, state_p);
	case COMMA_OR_END:
		return scan_comma_or_end(scan, state_p);
	}
	return false;
}

bool wr_json_scan(struct wr_bytes text, struct wr_json_position *where_r, const char **what_r)
{
	struct scan scan;
	enum state state = VALUE;
	bool ok;

	scan.s = text.data;
	scan.size = text.size;
	scan.at = 0;
	scan.what = NULL;
	scan.depth = 0;
	do {
		ok = scan_step(&scan, &state);
	} while (ok && (scan.depth > 0 || state != COMMA_OR_END));
	if (ok) {
		skip_space(&scan);
		if (scan.at < scan.size)
			ok = fail(&scan, scan.at, "text after the end of the value");
	}
	*what_r = scan.what;
	*where_r = wr_json_position_at(text, scan.at);
	return ok;
}

/* The end of the string that begins at `i`. */
static size_t string_end(const char *s, size_t i)
{
	for (i++; s[i] != '"'; i++) {
		if (s[i] == '\\')
			i++;
	}
	return i + 1;
}

static bool fits_64_bits(const char *number, size_t length)
{
	if (memchr(number, '.', length) != NULL || memchr(number, 'e', length) != NULL ||
	    memchr(number, 'E', length) != NULL)
		return false;
	errno = 0;
	if (number[0] == '-')
		strtoll(number, NULL, 10);
	else
		strtoull(number, NULL, 10);
	return errno == 0;
}

static enum wr_code append_fitting(struct wr_buf *out, const char *number, size_t length,
				   locale_t c_locale)
{
	double value;

	if (fits_64_bits(number, length))
		return wr_buf_append(out, number, length);
	value = strtod_l(number, NULL, c_locale);
	if (isinf(value))
		value = value > 0 ? DBL_MAX : -DBL_MAX;
	return wr_buf_printf(out, "%.16e", value);
}

enum wr_code wr_json_fit_numbers(struct wr_bytes text, struct wr_buf *out)
{
	const char *s = text.data;
	locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	size_t i = 0, end;
	enum wr_code rc = WR_OK;

	if (c_locale == (locale_t)0)
		return WR_ENOMEM;
	while (rc == WR_OK && i < text.size) {
		if (s[i] == '"') {
			end = string_end(s, i);
			rc = wr_buf_append(out, s + i, end - i);
		} else if (s[i] == '-' || (s[i] >= '0' && s[i] <= '9')) {
			end = i + strspn(s + i, "+-.eE0123456789");
			rc = append_fitting(out, s + i, end - i, c_locale);
		} else {
			end = i + 1;
			rc = wr_buf_append(out, s + i, 1);
		}
		i = end;
	}
	freelocale(c_locale);
	return rc;
}
