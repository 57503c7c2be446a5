/* The interval that is being read, and what is abandoned. */
#include "config.h"

#include "core/mark.h"

#include "base/check.h"
#include "core/clause.h"

static void remove_others(struct wr_mark *mark, size_t first, size_t count)
{
	memmove(&mark->others[first], &mark->others[first + count],
		(mark->other_count - first - count) * sizeof(mark->others[0]));
	mark->other_count -= count;
}

bool wr_mark_covers(const struct wr_mark *mark, int64_t offset)
{
	return wr_mark_skip(mark, offset) != offset;
}

int64_t wr_mark_skip(const struct wr_mark *mark, int64_t offset)
{
	if (!WR_CLAUSE(COMPLETED_IS_SKIPPED))
		return offset;
	if (offset >= mark->start && offset < mark->next)
		return mark->next;
	for (size_t i = 0; i < mark->other_count; i++) {
		if (offset >= mark->others[i].from && offset < mark->others[i].to)
			return mark->others[i].to;
	}
	return offset;
}

/* Takes in the intervals that [start, next) has reached. */
static void absorb(struct wr_mark *mark)
{
	size_t i = 0;

	while (i < mark->other_count) {
		const struct wr_done *other = &mark->others[i];

		if (other->from < mark->start || other->from > mark->next) {
			i++;
			continue;
		}
		if (other->to > mark->next) {
			mark->next = other->to;
			mark->last = other->last;
		}
		remove_others(mark, i, 1);
	}
}

void wr_mark_advance(struct wr_mark *mark, int64_t offset, const struct wr_fingerprint *fingerprint)
{
	WR_ASSERT(offset >= 0 && offset < WR_MARK_OPEN);
	if (offset < mark->next)
		return;
	mark->next = offset + 1;
	mark->last = *fingerprint;
	absorb(mark);
}

bool wr_mark_abandons(const struct wr_mark *mark, uint32_t incarnation, int64_t offset)
{
	if (incarnation < mark->forgotten)
		return true;
	for (size_t i = 0; i < mark->abandoned_count; i++) {
		const struct wr_abandoned *range = &mark->abandoned[i];

		if (range->incarnation == incarnation && offset >= range->from &&
		    offset < range->to)
			return true;
	}
	return false;
}

static void remove_abandoned(struct wr_mark *mark, size_t first, size_t count)
{
	memmove(&mark->abandoned[first], &mark->abandoned[first + count],
		(mark->abandoned_count - first - count) * sizeof(mark->abandoned[0]));
	mark->abandoned_count -= count;
}

/* The first of two neighbours of one incarnation with the smallest gap; abandoned_count: there are none. */
static size_t closest(const struct wr_mark *mark)
{
	size_t best = mark->abandoned_count;
	int64_t best_gap = INT64_MAX;

	for (size_t i = 0; i + 1 < mark->abandoned_count; i++) {
		const struct wr_abandoned *a = &mark->abandoned[i], *b = a + 1;

		if (a->incarnation == b->incarnation && b->from - a->to < best_gap) {
			best = i;
			best_gap = b->from - a->to;
		}
	}
	return best;
}

/* Abandons more than was asked for. */
static void make_room(struct wr_mark *mark)
{
	size_t i = closest(mark);

	if (i < mark->abandoned_count) {
		mark->abandoned[i].to = mark->abandoned[i + 1].to;
		remove_abandoned(mark, i + 1, 1);
		return;
	}
	mark->forgotten = mark->abandoned[0].incarnation + 1;
	remove_abandoned(mark, 0, 1);
}

static void insert(struct wr_mark *mark, size_t at, struct wr_abandoned range)
{
	memmove(&mark->abandoned[at + 1], &mark->abandoned[at],
		(mark->abandoned_count - at) * sizeof(mark->abandoned[0]));
	mark->abandoned[at] = range;
	mark->abandoned_count++;
}

void wr_mark_abandon(struct wr_mark *mark, uint32_t incarnation, int64_t from, int64_t to)
{
	struct wr_abandoned range = {incarnation, from, to};
	size_t i = 0, count = 0;

	if (from >= to || incarnation < mark->forgotten)
		return;
	if (mark->abandoned_count == WR_MARK_ABANDONED_MAX)
		make_room(mark);
	while (i < mark->abandoned_count &&
	       (mark->abandoned[i].incarnation < incarnation ||
		(mark->abandoned[i].incarnation == incarnation && mark->abandoned[i].to < from)))
		i++;
	for (; i + count < mark->abandoned_count; count++) {
		const struct wr_abandoned *other = &mark->abandoned[i + count];

		if (other->incarnation != incarnation || other->from > range.to)
			break;
		range.from = other->from < range.from ? other->from : range.from;
		range.to = other->to > range.to ? other->to : range.to;
	}
	remove_abandoned(mark, i, count);
	insert(mark, i, range);
}
