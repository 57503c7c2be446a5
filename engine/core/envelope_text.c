/* Headers into an envelope and back. */
#include "config.h"

#include "core/envelope.h"

#include "base/check.h"
#include "base/utf8.h"
#include "core/claim.h"
#include "core/event_id.h"

#include <string.h>

#define TEXT_BYTES_MAX 255
#define TOPIC_BYTES_MAX 249
#define DIGITS_MAX 20

enum form {
	WR_FIELD_IS_TOPIC,
	WR_FIELD_IS_INT32,
	WR_FIELD_IS_INT64, /* a time in Unix ms, or an offset: not negative */
	WR_FIELD_IS_UINT32,
	WR_FIELD_IS_OWNER,
	WR_FIELD_IS_ID,
	WR_FIELD_IS_TEXT,
	WR_FIELD_IS_MESSAGE,
	WR_FIELD_IS_CLASS,
	WR_FIELD_IS_DIGITS,
	WR_FIELD_IS_RESUME,
	WR_FIELD_IS_TURN,
	WR_FIELD_IS_BYTES,
	WR_FIELD_IS_PLACE
};

static const struct field {
	const char *name;
	enum form form;
	size_t member;
} fields[WR_FIELD_COUNT] = {
#define X(name_, header, form_, member_) \
	[name_] = {(header), (form_), offsetof(struct wr_envelope, member_)},
    WR_ENVELOPE_FIELDS(X)
#undef X
};

#define BIT(field) (UINT32_C(1) << (field))
#define ORIGIN \
	(BIT(WR_FIELD_ORIGIN_TOPIC) | BIT(WR_FIELD_ORIGIN_PARTITION) | BIT(WR_FIELD_ORIGIN_OFFSET))

/* What every record of a kind has. */
static const uint32_t needed[] = {
    [WR_ENVELOPE_DEAD_LETTER] = ORIGIN | BIT(WR_FIELD_PIPELINE) | BIT(WR_FIELD_CLASS) |
				BIT(WR_FIELD_ATTEMPTS) | BIT(WR_FIELD_FIRST_FAILED_AT) |
				BIT(WR_FIELD_LAST_FAILED_AT) | BIT(WR_FIELD_REPLAYS),
    [WR_ENVELOPE_RETRY] =
	ORIGIN | BIT(WR_FIELD_PIPELINE) | BIT(WR_FIELD_ATTEMPTS) | BIT(WR_FIELD_FIRST_FAILED_AT),
};

/* A retry record that waits behind another. It may not have failed, so nothing of a failure is asked of it. */
static bool is_follower(const struct wr_envelope *e)
{
	return wr_envelope_has(e, WR_FIELD_ORDER) && e->turn == WR_TURN_BEHIND;
}

const char *wr_envelope_header(enum wr_envelope_field field)
{
	WR_ASSERT(field < WR_FIELD_COUNT);
	return fields[field].name;
}

bool wr_class_parse(struct wr_bytes name, enum wr_class *class_r)
{
	static const char *const names[] = {
#define X(name_, text) [name_] = (text),
	    WR_CLASSES(X)
#undef X
	};

	*class_r = WR_CLASS_PERMANENT;
	for (size_t i = 0; i < WR_COUNT_OF(names); i++) {
		if (wr_bytes_equal(name, wr_bytes_of(names[i]))) {
			*class_r = (enum wr_class)i;
			return true;
		}
	}
	return false;
}

unsigned wr_class_set(char *const *names, size_t count)
{
	unsigned set = 0;
	enum wr_class class;

	for (size_t i = 0; i < count; i++) {
		if (wr_class_parse(wr_bytes_of(names[i]), &class))
			set |= 1u << class;
	}
	return set;
}

/* Digits only, without a needless zero, up to `max`. Moves *s_p behind them. */
static bool take_number(const char **s_p, const char *end, uint64_t max, uint64_t *number_r)
{
	const char *s = *s_p;

	*number_r = 0;
	if (s == end || *s < '0' || *s > '9' ||
	    (*s == '0' && s + 1 < end && s[1] >= '0' && s[1] <= '9'))
		return false;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (*number_r > (max - digit) / 10)
			return false;
		*number_r = *number_r * 10 + digit;
	}
	*s_p = s;
	return true;
}

static bool read_number(struct weir_bytes value, uint64_t max, uint64_t *number_r)
{
	const char *s = value.data, *end = s + value.size;

	return take_number(&s, end, max, number_r) && s == end;
}

static bool is_topic_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

static bool take_topic(const char **s_p, const char *end)
{
	const char *start = *s_p, *s = start;

	while (s < end && is_topic_char(*s))
		s++;
	*s_p = s;
	if (s == start || s - start > TOPIC_BYTES_MAX)
		return false;
	return !(s - start == 1 && start[0] == '.') &&
	       !(s - start == 2 && start[0] == '.' && start[1] == '.');
}

static bool take_char(const char **s_p, const char *end, char c)
{
	if (*s_p == end || **s_p != c)
		return false;
	(*s_p)++;
	return true;
}

/* topic '/' partition '/' offset, to the end */
static bool take_place(const char **s_p, const char *end)
{
	uint64_t number;

	return take_topic(s_p, end) && take_char(s_p, end, '/') &&
	       take_number(s_p, end, INT32_MAX, &number) && take_char(s_p, end, '/') &&
	       take_number(s_p, end, INT64_MAX, &number) && *s_p == end;
}

static bool is_owner(struct weir_bytes value)
{
	const char *s = value.data, *end = s + value.size;
	uint64_t incarnation;

	return take_number(&s, end, UINT32_MAX, &incarnation) && take_char(&s, end, '/') &&
	       take_place(&s, end);
}

static bool is_place(struct weir_bytes value)
{
	const char *s = value.data;

	return take_place(&s, s + value.size);
}

static bool is_topic(struct weir_bytes value)
{
	const char *s = value.data, *end = s + value.size;

	return take_topic(&s, end) && s == end;
}

/* UTF-8 without control characters: it is shown to people and logged. */
static bool is_clean(struct weir_bytes value, size_t max)
{
	const unsigned char *s = value.data;
	unsigned char all = 0;

	if (value.size > max)
		return false;
	for (size_t i = 0; i < value.size; i++) {
		if (s[i] < 0x20 || s[i] == 0x7f)
			return false;
		all |= s[i];
	}
	return all < 0x80 || wr_utf8_valid(wr_bytes_from(value));
}

static bool is_digits(struct weir_bytes value)
{
	uint64_t number;

	return read_number(value, UINT64_MAX, &number);
}

static bool read_resume(struct weir_bytes value, enum wr_resume *resume_r)
{
	*resume_r = WR_RESUME_START;
	if (wr_bytes_equal(wr_bytes_from(value), wr_bytes_of("start")))
		return true;
	*resume_r = WR_RESUME_STAGE;
	return wr_bytes_equal(wr_bytes_from(value), wr_bytes_of("stage"));
}

static const char *const turns[] = {[WR_TURN_FIRST] = "first", [WR_TURN_BEHIND] = "behind"};

static bool read_turn(struct weir_bytes value, enum wr_turn *turn_r)
{
	*turn_r = WR_TURN_FIRST;
	if (wr_bytes_equal(wr_bytes_from(value), wr_bytes_of(turns[WR_TURN_FIRST])))
		return true;
	*turn_r = WR_TURN_BEHIND;
	return wr_bytes_equal(wr_bytes_from(value), wr_bytes_of(turns[WR_TURN_BEHIND]));
}

/* Whether bytes have the form of a field that is kept as bytes. */
static bool has_form(enum form form, struct weir_bytes value)
{
	switch (form) {
	case WR_FIELD_IS_TOPIC:
		return is_topic(value);
	case WR_FIELD_IS_OWNER:
		return is_owner(value);
	case WR_FIELD_IS_PLACE:
		return is_place(value);
	case WR_FIELD_IS_ID:
		return value.size > 0 && value.size <= WR_EVENT_ID_BYTES_MAX;
	case WR_FIELD_IS_TEXT:
		return value.size > 0 && is_clean(value, TEXT_BYTES_MAX);
	case WR_FIELD_IS_MESSAGE:
		return is_clean(value, WR_ENVELOPE_MESSAGE_BYTES);
	case WR_FIELD_IS_DIGITS:
		return is_digits(value);
	case WR_FIELD_IS_BYTES:
		return true;
	case WR_FIELD_IS_INT32:
	case WR_FIELD_IS_INT64:
	case WR_FIELD_IS_UINT32:
	case WR_FIELD_IS_CLASS:
	case WR_FIELD_IS_RESUME:
	case WR_FIELD_IS_TURN:
		break;
	}
	return false;
}

static bool read_value(const struct field *field, struct weir_bytes value, void *member)
{
	uint64_t number = 0;

	if (value.data == NULL)
		return false;
	switch (field->form) {
	case WR_FIELD_IS_INT32:
		if (!read_number(value, INT32_MAX, &number))
			return false;
		*(int32_t *)member = (int32_t)number;
		return true;
	case WR_FIELD_IS_INT64:
		if (!read_number(value, INT64_MAX, &number))
			return false;
		*(int64_t *)member = (int64_t)number;
		return true;
	case WR_FIELD_IS_UINT32:
		if (!read_number(value, UINT32_MAX, &number))
			return false;
		*(uint32_t *)member = (uint32_t)number;
		return true;
	case WR_FIELD_IS_CLASS:
		return wr_class_parse(wr_bytes_from(value), member);
	case WR_FIELD_IS_RESUME:
		return read_resume(value, member);
	case WR_FIELD_IS_TURN:
		return read_turn(value, member);
	case WR_FIELD_IS_TOPIC:
	case WR_FIELD_IS_OWNER:
	case WR_FIELD_IS_ID:
	case WR_FIELD_IS_TEXT:
	case WR_FIELD_IS_MESSAGE:
	case WR_FIELD_IS_DIGITS:
	case WR_FIELD_IS_BYTES:
	case WR_FIELD_IS_PLACE:
		if (!has_form(field->form, value))
			return false;
		*(struct weir_bytes *)member = value;
		return true;
	}
	return false;
}

/* Looks behind *field_p first: a record that the engine wrote has its headers in the order of the table. */
static bool find_field(const char *name, enum wr_envelope_field *field_p)
{
	const size_t prefix = sizeof(WR_HEADER_PREFIX) - 1;
	size_t at = *field_p;

	for (size_t i = 0; i < WR_FIELD_COUNT; i++) {
		if (++at >= WR_FIELD_COUNT)
			at = 0;
		if (name[prefix] == fields[at].name[prefix] &&
		    strcmp(name + prefix, fields[at].name + prefix) == 0) {
			*field_p = (enum wr_envelope_field)at;
			return true;
		}
	}
	return false;
}

/* From its owner, which tells it where nothing else does. */
static void learn_origin(struct wr_envelope *e)
{
	struct wr_owner owner;

	if (!wr_envelope_has(e, WR_FIELD_OWNER) ||
	    !wr_claim_owner_parse(wr_bytes_from(e->owner), &owner))
		return;
	e->origin_topic = wr_bytes_to_public(owner.topic);
	e->origin_partition = owner.partition;
	e->origin_offset = owner.offset;
	e->fields |= ORIGIN;
}

/* The first complaint is the one that is told. */
static void complain(enum wr_code *rc_p, struct wr_err *err, enum wr_envelope_field field,
		     const char *what)
{
	if (*rc_p == WR_OK)
		*rc_p = wr_err_set(err, WR_EINVAL, "header %s: %s", fields[field].name, what);
}

enum wr_code wr_envelope_read(const struct weir_header *headers, size_t count,
			      enum wr_envelope_kind kind, struct wr_envelope *envelope_r,
			      struct wr_err *err)
{
	enum wr_envelope_field field = WR_FIELD_COUNT - 1;
	uint32_t seen = 0, missing;
	enum wr_code rc = WR_OK;

	*envelope_r = (struct wr_envelope){.fields = 0};
	for (size_t i = 0; i < count; i++) {
		if (!wr_header_is_ours(headers[i].name) || !find_field(headers[i].name, &field))
			continue;
		if ((seen & BIT(field)) != 0)
			complain(&rc, err, field, "it is there more than once");
		else if (!read_value(&fields[field], headers[i].value,
				     (char *)envelope_r + fields[field].member))
			complain(&rc, err, field, "it is broken");
		else
			envelope_r->fields |= BIT(field);
		seen |= BIT(field);
	}
	if (seen == 0)
		return wr_err_set(err, WR_ENOTFOUND, "none of its headers is the engine's");
	missing = needed[kind];
	if (kind == WR_ENVELOPE_RETRY && is_follower(envelope_r)) {
		missing = ORIGIN;
		if ((seen & ORIGIN) == 0)
			learn_origin(envelope_r);
	}
	missing &= ~(seen | envelope_r->fields);
	for (size_t i = 0; missing != 0 && i < WR_FIELD_COUNT; i++) {
		if ((missing & BIT(i)) != 0)
			complain(&rc, err, (enum wr_envelope_field)i, "it is missing");
	}
	return rc;
}

/* By hand, for a record has a handful of numbers, and printf() costs as much as all the rest of it. */
static struct weir_bytes number_text(int64_t number, struct wr_arena *arena)
{
	char digits[DIGITS_MAX + 1], *text, *s = digits + sizeof(digits);
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	size_t size;

	do
		*--s = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (number < 0)
		*--s = '-';
	size = (size_t)(digits + sizeof(digits) - s);
	text = wr_arena_copy(arena, s, size);
	return (struct weir_bytes){text, text != NULL ? size : 0};
}

static struct weir_bytes static_text(const char *text)
{
	return (struct weir_bytes){text, strlen(text)};
}

/* The text of a field; absent without memory. */
static struct weir_bytes value_of(const struct field *field, const void *member,
				  struct wr_arena *arena)
{
	switch (field->form) {
	case WR_FIELD_IS_INT32:
		return number_text(*(const int32_t *)member, arena);
	case WR_FIELD_IS_INT64:
		return number_text(*(const int64_t *)member, arena);
	case WR_FIELD_IS_UINT32:
		return number_text(*(const uint32_t *)member, arena);
	case WR_FIELD_IS_CLASS:
		return static_text(wr_class_name(*(const enum wr_class *)member));
	case WR_FIELD_IS_RESUME:
		return static_text(*(const enum wr_resume *)member == WR_RESUME_STAGE ? "stage"
										      : "start");
	case WR_FIELD_IS_TURN:
		return static_text(turns[*(const enum wr_turn *)member]);
	case WR_FIELD_IS_TOPIC:
	case WR_FIELD_IS_OWNER:
	case WR_FIELD_IS_ID:
	case WR_FIELD_IS_TEXT:
	case WR_FIELD_IS_MESSAGE:
	case WR_FIELD_IS_DIGITS:
	case WR_FIELD_IS_BYTES:
	case WR_FIELD_IS_PLACE:
		break;
	}
	return *(const struct weir_bytes *)member;
}

size_t wr_envelope_write(const struct wr_envelope *envelope, struct wr_arena *arena,
			 struct weir_header headers_r[WR_FIELD_COUNT])
{
	size_t count = 0;

	for (size_t i = 0; i < WR_FIELD_COUNT; i++) {
		const struct field *field = &fields[i];
		struct weir_bytes value;

		if ((envelope->fields & BIT(i)) == 0)
			continue;
		value = value_of(field, (const char *)envelope + field->member, arena);
		if (value.data == NULL)
			return 0;
		headers_r[count++] = (struct weir_header){field->name, value};
	}
	return count;
}
