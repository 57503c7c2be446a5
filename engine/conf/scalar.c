#include "config.h"

#include "conf/scalar.h"
#include "base/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit duration_units[] = {
    {"us", 1},
    {"ms", 1000},
    {"s", 1000000},
    {"m", INT64_C(60000000)},
    {"h", INT64_C(3600000000)},
    {"d", INT64_C(86400000000)},
};

static const struct unit size_units[] = {
    {"B", 1},
    {"kB", 1000},
    {"KB", 1000},
    {"MB", 1000000},
    {"GB", INT64_C(1000000000)},
    {"TB", INT64_C(1000000000000)},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
};

static const struct unit share_units[] = {{"%", 10000}};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static bool is_one_of(struct wr_bytes text, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (wr_bytes_equal(text, wr_bytes_of(words[i])))
			return true;
	}
	return false;
}

/* How many of the characters from `i` on the class holds. */
static size_t span(struct wr_bytes text, size_t i, bool (*holds)(char))
{
	const char *s = text.data;
	size_t start = i;

	while (i < text.size && holds(s[i]))
		i++;
	return i - start;
}

/* 0x1F, 0o17 */
static bool is_prefixed(struct wr_bytes text)
{
	const char *s = text.data;

	if (text.size < 3 || s[0] != '0')
		return false;
	if (s[1] == 'x')
		return span(text, 2, is_hex) == text.size - 2;
	return s[1] == 'o' && span(text, 2, is_octal) == text.size - 2;
}

/* A decimal number by the core schema, cut into its parts. */
struct decimal {
	bool negative;
	struct wr_bytes whole, fraction, exponent; /* digits; the exponent with its sign */
	bool has_point, has_exponent;
};

static bool cut_decimal(struct wr_bytes text, struct decimal *d)
{
	const char *s = text.data;
	size_t i = 0, n;

	memset(d, 0, sizeof(*d));
	if (i < text.size && (s[i] == '-' || s[i] == '+'))
		d->negative = s[i++] == '-';
	n = span(text, i, is_digit);
	d->whole = wr_bytes(s + i, n);
	i += n;
	if (i < text.size && s[i] == '.') {
		d->has_point = true;
		i++;
		n = span(text, i, is_digit);
		d->fraction = wr_bytes(s + i, n);
		i += n;
	}
	if (d->whole.size == 0 && d->fraction.size == 0)
		return false;
	if (i < text.size && (s[i] == 'e' || s[i] == 'E')) {
		d->has_exponent = true;
		n = ++i;
		if (i < text.size && (s[i] == '-' || s[i] == '+'))
			i++;
		if (span(text, i, is_digit) == 0)
			return false;
		i += span(text, i, is_digit);
		d->exponent = wr_bytes(s + n, i - n);
	}
	return i == text.size;
}

static bool is_unwritable_float(struct wr_bytes text)
{
	static const char *const words[] = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
					    "-.inf", "-.Inf", "-.INF", "+.inf", "+.Inf", "+.INF"};

	return is_one_of(text, words, WR_COUNT_OF(words));
}

enum wr_scalar_kind wr_scalar_kind(struct wr_bytes text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
	struct decimal d;

	if (is_one_of(text, nulls, WR_COUNT_OF(nulls)))
		return WR_SCALAR_NULL;
	if (is_one_of(text, bools, WR_COUNT_OF(bools)))
		return WR_SCALAR_BOOL;
	if (is_prefixed(text))
		return WR_SCALAR_INTEGER;
	if (is_unwritable_float(text))
		return WR_SCALAR_NUMBER;
	if (!cut_decimal(text, &d))
		return WR_SCALAR_STRING;
	return d.has_point || d.has_exponent ? WR_SCALAR_NUMBER : WR_SCALAR_INTEGER;
}

static enum wr_code append_prefixed(struct wr_buf *out, struct wr_bytes text)
{
	const char *s = text.data;
	unsigned base = s[1] == 'x' ? 16 : 8, digit;
	uint64_t value = 0;
	size_t i;

	for (i = 2; i < text.size; i++) {
		digit =
		    is_digit(s[i]) ? (unsigned)(s[i] - '0') : (unsigned)((s[i] | 0x20) - 'a') + 10;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return WR_EINVAL;
	}
	return wr_buf_printf(out, "%llu", (unsigned long long)value);
}

static enum wr_code append_decimal(struct wr_buf *out, const struct decimal *d)
{
	const char *s = d->whole.data;
	size_t zeros = 0;
	enum wr_code rc = wr_buf_append_text(out, d->negative ? "-" : "");

	/* JSON wants one digit before the point and no zero before another digit. */
	while (zeros + 1 < d->whole.size && s[zeros] == '0')
		zeros++;
	if (rc == WR_OK && d->whole.size == 0)
		rc = wr_buf_append_text(out, "0");
	if (rc == WR_OK)
		rc = wr_buf_append(out, s + zeros, d->whole.size - zeros);
	if (rc == WR_OK && d->has_point)
		rc = wr_buf_append_text(out, d->fraction.size > 0 ? "." : ".0");
	if (rc == WR_OK)
		rc = wr_buf_append(out, d->fraction.data, d->fraction.size);
	if (rc == WR_OK && d->has_exponent)
		rc = wr_buf_append_text(out, "e");
	if (rc == WR_OK)
		rc = wr_buf_append(out, d->exponent.data, d->exponent.size);
	return rc;
}

enum wr_code wr_scalar_append_json_number(struct wr_buf *out, struct wr_bytes text)
{
	struct decimal d;

	if (is_prefixed(text))
		return append_prefixed(out, text);
	if (!cut_decimal(text, &d))
		return WR_EINVAL;
	return append_decimal(out, &d);
}

enum wr_code wr_scalar_integer(struct wr_bytes text, int64_t *value_r)
{
	struct decimal d;
	const char *s;
	int64_t value = 0;
	size_t i;

	*value_r = 0;
	if (!cut_decimal(text, &d) || d.has_point || d.has_exponent)
		return WR_EINVAL;
	s = d.whole.data;
	for (i = 0; i < d.whole.size; i++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, s[i] - '0', &value))
			return WR_EINVAL;
	}
	if (!d.negative && __builtin_mul_overflow(value, -1, &value))
		return WR_EINVAL;
	*value_r = value;
	return WR_OK;
}

enum wr_code wr_scalar_number(struct wr_bytes text, double *value_r)
{
	struct decimal d;
	char copy[64];

	*value_r = 0;
	if (!cut_decimal(text, &d) || text.size >= sizeof(copy))
		return WR_EINVAL;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	*value_r = strtod(copy, NULL);
	return isfinite(*value_r) ? WR_OK : WR_EINVAL;
}

static const struct unit *find_unit(struct wr_bytes name, const struct unit *units, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (wr_bytes_equal(name, wr_bytes_of(units[i].name)))
			return &units[i];
	}
	return NULL;
}

/* whole.fraction * factor, exactly. */
static enum wr_quantity_fault scale(struct wr_bytes whole, struct wr_bytes fraction, int64_t factor,
				    int64_t *value_r)
{
	const char *s = fraction.data;
	int64_t value, part = 0, divisor = 1;
	size_t i;

	if (wr_scalar_integer(whole, &value) != WR_OK ||
	    __builtin_mul_overflow(value, factor, &value))
		return WR_QUANTITY_RANGE;
	/* Six digits: the largest factors times a million still fit. */
	for (i = 0; i < fraction.size; i++) {
		if (i >= 6 && s[i] != '0')
			return WR_QUANTITY_PART;
		if (i < 6) {
			part = part * 10 + (s[i] - '0');
			divisor *= 10;
		}
	}
	if (__builtin_mul_overflow(part, factor, &part) || part % divisor != 0)
		return WR_QUANTITY_PART;
	if (__builtin_add_overflow(value, part / divisor, &value))
		return WR_QUANTITY_RANGE;
	*value_r = value;
	return WR_QUANTITY_OK;
}

static enum wr_quantity_fault parse_quantity(struct wr_bytes text, const struct unit *units,
					     size_t unit_count, int64_t *value_r)
{
	const char *s = text.data;
	size_t whole = span(text, 0, is_digit), i = whole, fraction = 0;
	const struct unit *unit;

	*value_r = 0;
	if (whole == 0)
		return WR_QUANTITY_NOT;
	if (i < text.size && s[i] == '.') {
		fraction = span(text, ++i, is_digit);
		if (fraction == 0)
			return WR_QUANTITY_NOT;
		i += fraction;
	}
	if (i == text.size)
		return text.size == 1 && s[0] == '0' ? WR_QUANTITY_OK : WR_QUANTITY_NO_UNIT;
	unit = find_unit(wr_bytes(s + i, text.size - i), units, unit_count);
	if (unit == NULL)
		return WR_QUANTITY_UNIT;
	return scale(wr_bytes(s, whole), wr_bytes(s + whole + 1, fraction), unit->factor, value_r);
}

enum wr_quantity_fault wr_scalar_duration(struct wr_bytes text, int64_t *us_r)
{
	return parse_quantity(text, duration_units, WR_COUNT_OF(duration_units), us_r);
}

enum wr_quantity_fault wr_scalar_size(struct wr_bytes text, int64_t *bytes_r)
{
	return parse_quantity(text, size_units, WR_COUNT_OF(size_units), bytes_r);
}

enum wr_quantity_fault wr_scalar_share(struct wr_bytes text, int64_t *millionths_r)
{
	return parse_quantity(text, share_units, WR_COUNT_OF(share_units), millionths_r);
}
