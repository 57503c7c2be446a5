/*
 * Marks as text. A mark: "1 <incarnation> <forgotten> <start> <next> <timestamp> <hash>", then " d<from>-<to>:<timestamp>:
 * <hash>" for each other interval and " a<incarnation>:<from>-<to>" for each abandoned range, `*` for an open end.
 * Metadata of a commit: "weir1 <incarnation> <start> <next> <timestamp> <hash>", and " parked" behind it or not.
 */
#include "config.h"

#include "core/mark.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define MARK_WORD "1"
#define METADATA_WORD "weir1"
#define PARKED_WORD " parked"

/* A hostile text must not bring the counter to its end. */
#define INCARNATION_MAX (UINT32_MAX / 2)

/* The longest of each part, with its blank: see the formats. */
#define HEAD_BYTES (1 + 2 * 11 + 2 * 20 + 21 + 17)
#define DONE_BYTES (2 + 19 + 1 + 19 + 1 + 20 + 1 + 16)
#define ABANDONED_BYTES (2 + 10 + 1 + 19 + 1 + 19)
_Static_assert(HEAD_BYTES + WR_MARK_OTHERS_MAX * DONE_BYTES +
		       WR_MARK_ABANDONED_MAX * ABANDONED_BYTES <
		   WR_MARK_TEXT_BYTES,
	       "every mark fits");

struct out {
	char *text;
	size_t size, room;
};

static void put(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *out, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(out->text + out->size, out->room - out->size, format, args);
	va_end(args);
	WR_ASSERT(size > 0 && (size_t)size < out->room - out->size);
	out->size += (size_t)size;
}

static void put_abandoned(struct out *out, const struct wr_abandoned *range)
{
	put(out, " a%" PRIu32 ":%" PRId64 "-", range->incarnation, range->from);
	if (range->to == WR_MARK_OPEN)
		put(out, "*");
	else
		put(out, "%" PRId64, range->to);
}

size_t wr_mark_encode(const struct wr_mark *mark, char text_r[WR_MARK_TEXT_BYTES])
{
	struct out out = {text_r, 0, WR_MARK_TEXT_BYTES};

	put(&out,
	    MARK_WORD " %" PRIu32 " %" PRIu32 " %" PRId64 " %" PRId64 " %" PRId64 " %016" PRIx64,
	    mark->incarnation, mark->forgotten, mark->start, mark->next, mark->last.timestamp_ms,
	    mark->last.hash);
	for (size_t i = 0; i < mark->other_count; i++) {
		const struct wr_done *done = &mark->others[i];

		put(&out, " d%" PRId64 "-%" PRId64 ":%" PRId64 ":%016" PRIx64, done->from, done->to,
		    done->last.timestamp_ms, done->last.hash);
	}
	for (size_t i = 0; i < mark->abandoned_count; i++)
		put_abandoned(&out, &mark->abandoned[i]);
	return out.size;
}

size_t wr_mark_metadata_encode(const struct wr_mark *mark, char text_r[WR_MARK_METADATA_BYTES])
{
	struct out out = {text_r, 0, WR_MARK_METADATA_BYTES};

	put(&out, METADATA_WORD " %" PRIu32 " %" PRId64 " %" PRId64 " %" PRId64 " %016" PRIx64,
	    mark->incarnation, mark->start, mark->next, mark->last.timestamp_ms, mark->last.hash);
	return out.size;
}

/* Reading: every function leaves `at` behind what it took and returns false when that is not there. */
struct in {
	const char *at, *end;
};

static bool take_text(struct in *in, const char *text)
{
	size_t size = strlen(text);

	if ((size_t)(in->end - in->at) < size || memcmp(in->at, text, size) != 0)
		return false;
	in->at += size;
	return true;
}

/* Decimal as we write it: no sign, no zero in front. */
static bool take_number(struct in *in, uint64_t max, uint64_t *number_r)
{
	const char *first = in->at;
	uint64_t number = 0;

	for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
		uint64_t digit = (uint64_t)(*in->at - '0');

		if (number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*number_r = number;
	return in->at > first && (*first != '0' || in->at == first + 1);
}

static bool take_incarnation(struct in *in, uint32_t *incarnation_r)
{
	uint64_t number;

	if (!take_number(in, INCARNATION_MAX, &number))
		return false;
	*incarnation_r = (uint32_t)number;
	return true;
}

/* Below INT64_MAX, which is WR_MARK_OPEN. */
static bool take_offset(struct in *in, int64_t *offset_r)
{
	uint64_t number;

	if (!take_number(in, INT64_MAX - 1, &number))
		return false;
	*offset_r = (int64_t)number;
	return true;
}

static bool take_fingerprint(struct in *in, const char *between, struct wr_fingerprint *print_r)
{
	bool negative = take_text(in, "-");
	uint64_t number;

	if (!take_number(in, (uint64_t)INT64_MAX + negative, &number) ||
	    (negative && number == 0) || !take_text(in, between) || in->end - in->at < 16)
		return false;
	print_r->timestamp_ms = (int64_t)(negative ? 0 - number : number);
	print_r->hash = 0;
	for (int i = 0; i < 16; i++, in->at++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, *in->at, 16);

		if (digit == NULL)
			return false;
		print_r->hash = print_r->hash << 4 | (uint64_t)(digit - digits);
	}
	return true;
}

static bool take_interval(struct in *in, struct wr_mark *mark)
{
	return take_text(in, " ") && take_offset(in, &mark->start) && take_text(in, " ") &&
	       take_offset(in, &mark->next) && take_text(in, " ") &&
	       take_fingerprint(in, " ", &mark->last) && mark->start <= mark->next;
}

/* Not empty, behind the one before it, and apart from [start, next). */
static bool take_done(struct in *in, struct wr_mark *mark)
{
	struct wr_done done;

	if (mark->other_count == WR_MARK_OTHERS_MAX || !take_offset(in, &done.from) ||
	    !take_text(in, "-") || !take_offset(in, &done.to) || !take_text(in, ":") ||
	    !take_fingerprint(in, ":", &done.last) || done.from >= done.to)
		return false;
	if (mark->other_count > 0 && mark->others[mark->other_count - 1].to >= done.from)
		return false;
	if (done.to >= mark->start && done.from <= mark->next)
		return false;
	mark->others[mark->other_count++] = done;
	return true;
}

static bool take_abandoned(struct in *in, struct wr_mark *mark)
{
	struct wr_abandoned range;
	const struct wr_abandoned *before =
	    mark->abandoned_count > 0 ? &mark->abandoned[mark->abandoned_count - 1] : NULL;

	if (mark->abandoned_count == WR_MARK_ABANDONED_MAX ||
	    !take_incarnation(in, &range.incarnation) || !take_text(in, ":") ||
	    !take_offset(in, &range.from) || !take_text(in, "-"))
		return false;
	range.to = WR_MARK_OPEN;
	if (!take_text(in, "*") && !take_offset(in, &range.to))
		return false;
	if (range.from >= range.to || range.incarnation > mark->incarnation ||
	    range.incarnation < mark->forgotten)
		return false;
	if (before != NULL &&
	    (before->incarnation > range.incarnation ||
	     (before->incarnation == range.incarnation && before->to >= range.from)))
		return false;
	mark->abandoned[mark->abandoned_count++] = range;
	return true;
}

static bool take_mark(struct in *in, struct wr_mark *mark)
{
	if (!take_text(in, MARK_WORD " ") || !take_incarnation(in, &mark->incarnation) ||
	    !take_text(in, " ") || !take_incarnation(in, &mark->forgotten) ||
	    mark->forgotten > mark->incarnation || !take_interval(in, mark))
		return false;
	while (take_text(in, " d")) {
		if (!take_done(in, mark))
			return false;
	}
	while (take_text(in, " a")) {
		if (!take_abandoned(in, mark))
			return false;
	}
	return in->at == in->end;
}

enum wr_code wr_mark_decode(struct wr_bytes text, struct wr_mark *mark_r, struct wr_err *err)
{
	struct in in = {text.data, text.data != NULL ? (const char *)text.data + text.size : NULL};

	*mark_r = (struct wr_mark){0};
	if (text.data != NULL && take_mark(&in, mark_r))
		return WR_OK;
	*mark_r = (struct wr_mark){0};
	return wr_err_set(err, WR_EINVAL, "this is no done mark");
}

enum wr_code wr_mark_metadata_decode(struct wr_bytes text, struct wr_mark *mark_r,
				     struct wr_err *err)
{
	struct in in = {text.data, text.data != NULL ? (const char *)text.data + text.size : NULL};

	*mark_r = (struct wr_mark){0};
	if (text.data != NULL && take_text(&in, METADATA_WORD " ") &&
	    take_incarnation(&in, &mark_r->incarnation) && take_interval(&in, mark_r) &&
	    (in.at == in.end || (take_text(&in, PARKED_WORD) && in.at == in.end)))
		return WR_OK;
	*mark_r = (struct wr_mark){0};
	return wr_err_set(err, WR_EINVAL, "this is no metadata of ours");
}

size_t wr_mark_metadata_add_parked(char text[WR_MARK_METADATA_BYTES], size_t size)
{
	struct out out = {text, size, WR_MARK_METADATA_BYTES};

	put(&out, PARKED_WORD);
	return out.size;
}

bool wr_mark_metadata_is_parked(struct wr_bytes text)
{
	const size_t size = sizeof(PARKED_WORD) - 1;
	struct wr_mark mark;
	struct wr_err err;

	return wr_mark_metadata_decode(text, &mark, &err) == WR_OK &&
	       memcmp((const char *)text.data + text.size - size, PARKED_WORD, size) == 0;
}
