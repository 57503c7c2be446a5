/*
 * Where to read an assigned partition from. What is completed is a set of intervals; reading goes on (the mark stays
 * as it is), forward over offsets that nobody completed (they are abandoned), or back to such offsets (a new
 * incarnation begins, because what is abandoned stays so).
 */
#include "config.h"

#include "core/mark.h"

#include "base/check.h"
#include "core/clause.h"

#define DONE_MAX (WR_MARK_OTHERS_MAX + 2)

/* All that is completed, while it is rearranged. */
struct done_set {
	struct wr_done at[DONE_MAX];
	size_t count;
};

static void add_done(struct done_set *set, struct wr_done done)
{
	struct wr_done *other;
	size_t i = 0, count = 0;

	while (i < set->count && set->at[i].to < done.from)
		i++;
	for (; i + count < set->count && set->at[i + count].from <= done.to; count++) {
		other = &set->at[i + count];
		done.from = other->from < done.from ? other->from : done.from;
		if (other->to > done.to) {
			done.to = other->to;
			done.last = other->last;
		}
	}
	WR_ASSERT(set->count - count < DONE_MAX);
	memmove(&set->at[i + 1], &set->at[i + count],
		(set->count - i - count) * sizeof(set->at[0]));
	set->at[i] = done;
	set->count = set->count - count + 1;
}

/* Empty intervals say nothing. */
static void collect(const struct wr_mark *mark, struct done_set *set)
{
	set->count = 0;
	if (!WR_CLAUSE(COMPLETED_IS_SKIPPED))
		return;
	for (size_t i = 0; i < mark->other_count; i++)
		add_done(set, mark->others[i]);
	if (mark->next > mark->start)
		add_done(set, (struct wr_done){mark->start, mark->next, mark->last});
}

/* Puts the set back, with the interval that ends at `next` (or an empty one) as the one that is read. */
static void spread(const struct done_set *set, int64_t next, struct wr_mark *mark)
{
	size_t first;

	mark->start = mark->next = next;
	mark->last = (struct wr_fingerprint){0};
	mark->other_count = 0;
	first = set->count;
	for (size_t i = 0; i < set->count; i++) {
		if (set->at[i].to == next) {
			mark->start = set->at[i].from;
			mark->last = set->at[i].last;
			first = i;
		}
	}
	for (size_t i = 0; i < set->count; i++) {
		if (i == first)
			continue;
		if (mark->other_count == WR_MARK_OTHERS_MAX) {
			memmove(&mark->others[0], &mark->others[1],
				(WR_MARK_OTHERS_MAX - 1) * sizeof(mark->others[0]));
			mark->other_count--;
		}
		mark->others[mark->other_count++] = set->at[i];
	}
}

/* Abandons what of [from, to) is not completed. */
static void abandon_gaps(struct wr_mark *mark, int64_t from, int64_t to)
{
	struct done_set set;

	collect(mark, &set);
	for (size_t i = 0; i < set.count && from < to; i++) {
		if (set.at[i].to <= from)
			continue;
		wr_mark_abandon(mark, mark->incarnation, from,
				set.at[i].from < to ? set.at[i].from : to);
		from = set.at[i].to;
	}
	wr_mark_abandon(mark, mark->incarnation, from, to);
}

static int64_t lowest(const struct wr_mark *mark)
{
	return mark->other_count > 0 && mark->others[0].from < mark->start ? mark->others[0].from
									   : mark->start;
}

/* The end of the highest completed interval, and its last record. */
static int64_t top_of(const struct wr_mark *mark, struct wr_fingerprint *last_r)
{
	const struct wr_done *other =
	    mark->other_count > 0 ? &mark->others[mark->other_count - 1] : NULL;

	if (other != NULL && (other->to > mark->next || mark->start == mark->next)) {
		*last_r = other->last;
		return other->to;
	}
	*last_r = mark->last;
	return mark->next;
}

static bool completed_nothing(const struct wr_mark *mark)
{
	return mark->other_count == 0 && mark->start == mark->next;
}

/* Ends the incarnation: whatever of it is not completed never will be. */
static void end_incarnation(struct wr_mark *mark)
{
	if (WR_CLAUSE(OLD_INCARNATION_IS_ABANDONED))
		abandon_gaps(mark, lowest(mark), WR_MARK_OPEN);
	mark->incarnation++;
}

static void move_to(struct wr_mark *mark, int64_t position)
{
	struct done_set set;

	collect(mark, &set);
	spread(&set, position, mark);
}

void wr_mark_restart(struct wr_mark *mark, int64_t position)
{
	struct done_set set, kept = {.count = 0};

	wr_mark_abandon(mark, mark->incarnation, position, WR_MARK_OPEN);
	end_incarnation(mark);
	collect(mark, &set);
	for (size_t i = 0; i < set.count; i++) {
		if (set.at[i].to <= position)
			add_done(&kept, set.at[i]);
	}
	spread(&kept, position, mark);
}

/* A later commit than the mark, or an earlier one, of the same reading. */
static void add_committed(struct wr_mark *mark, const struct wr_mark *committed)
{
	struct done_set set;
	int64_t next = mark->next;

	if (committed->next == committed->start || !WR_CLAUSE(COMPLETED_IS_SKIPPED))
		return;
	collect(mark, &set);
	add_done(&set, (struct wr_done){committed->start, committed->next, committed->last});
	for (size_t i = 0; i < set.count; i++) {
		if (set.at[i].from <= next && set.at[i].to > next)
			next = set.at[i].to;
	}
	spread(&set, next, mark);
}

/* What is known of the partition by both its memories. False: nothing. */
static bool recall(const struct wr_placing *placing, struct wr_mark *mark_r)
{
	const struct wr_mark *stored = placing->stored, *committed = placing->committed;

	*mark_r = (struct wr_mark){0};
	if (stored == NULL && committed == NULL)
		return false;
	if (stored == NULL) {
		*mark_r = *committed;
		return true;
	}
	*mark_r = *stored;
	if (committed == NULL || committed->incarnation < stored->incarnation ||
	    !WR_CLAUSE(COMMIT_RESTORES_THE_MARK))
		return true;
	if (committed->incarnation == stored->incarnation) {
		add_committed(mark_r, committed);
		return true;
	}
	/* Whether it is still the same topic is not known: what was completed before does not count. */
	end_incarnation(mark_r);
	mark_r->incarnation = committed->incarnation;
	mark_r->start = committed->start;
	mark_r->next = committed->next;
	mark_r->last = committed->last;
	mark_r->other_count = 0;
	return true;
}

/* Where the group's commit stands in what is known. */
enum commit {
	COMMIT_NONE,     /* the group has none, or it can't be one of this topic's */
	COMMIT_OURS,     /* the engine's own, of this incarnation */
	COMMIT_OUTDATED, /* the engine's own, of an earlier one */
	COMMIT_FOREIGN   /* somebody set it */
};

static enum commit commit_of(const struct wr_placing *placing, const struct wr_mark *mark)
{
	if (placing->committed_offset < 0 || placing->committed_offset > placing->high)
		return COMMIT_NONE;
	if (placing->committed == NULL || placing->committed->next != placing->committed_offset)
		return COMMIT_FOREIGN;
	return placing->committed->incarnation == mark->incarnation ? COMMIT_OURS : COMMIT_OUTDATED;
}

/* Where nothing is known. */
static bool begins_at_end(const struct wr_placing *placing)
{
	return placing->from_latest &&
	       !(placing->is_retry && WR_CLAUSE(RETRY_TOPIC_FROM_ITS_START));
}

static int64_t first_position(const struct wr_placing *placing, enum wr_place_reason *reason_r)
{
	int64_t position = placing->committed_offset;

	*reason_r = WR_PLACE_FIRST;
	if (position >= placing->low && position <= placing->high)
		return position;
	if (position >= 0)
		*reason_r = WR_PLACE_OUT_OF_RANGE;
	if (position >= 0 && position < placing->low)
		return placing->low;
	return begins_at_end(placing) ? placing->high : placing->low;
}

static void place_first(const struct wr_placing *placing, struct wr_plan *plan)
{
	plan->position = first_position(placing, &plan->reason);
	plan->mark = (struct wr_mark){.start = plan->position, .next = plan->position};
}

/* All of the new topic is read, wherever the group or its policy would begin: it is no first start. */
static void place_new_topic(const struct wr_placing *placing, struct wr_plan *plan)
{
	if (WR_CLAUSE(NEW_TOPIC_NEW_INCARNATION))
		end_incarnation(&plan->mark);
	if (WR_CLAUSE(NEW_TOPIC_VOIDS_INTERVALS)) {
		plan->mark.other_count = 0;
		plan->mark.start = plan->mark.next = placing->low;
		plan->mark.last = (struct wr_fingerprint){0};
	}
	plan->commit_first = true;
	plan->position = wr_mark_skip(&plan->mark, placing->low);
	move_to(&plan->mark, plan->position);
	plan->reason = WR_PLACE_NEW_TOPIC;
}

/* Somebody wants to process again what was completed. */
static bool wants_reprocessing(const struct wr_placing *placing, const struct wr_mark *mark,
			       enum commit commit, int64_t *position_r)
{
	*position_r = placing->committed_offset;
	if (commit == COMMIT_NONE)
		*position_r = begins_at_end(placing) ? mark->next : placing->low;
	if (*position_r < placing->low)
		*position_r = placing->low;
	return placing->reprocess && (commit == COMMIT_FOREIGN || commit == COMMIT_NONE) &&
	       *position_r < mark->next;
}

/* The partition was placed before, and nothing of it was completed: there was nothing to commit. */
static bool was_never_committed(const struct wr_placing *placing, const struct wr_mark *mark)
{
	return placing->committed_offset < 0 && completed_nothing(mark) &&
	       (placing->from_latest || mark->next == placing->low);
}

/* Where the group wants to go on, without what is completed or gone. */
static int64_t wanted(const struct wr_placing *placing, const struct wr_mark *mark,
		      enum commit commit, enum wr_place_reason *reason_r)
{
	int64_t position = placing->committed_offset, skipped;

	*reason_r = WR_PLACE_CONTINUED;
	if (commit == COMMIT_NONE || (commit == COMMIT_FOREIGN && position < mark->next))
		*reason_r = WR_PLACE_REWOUND;
	if (commit == COMMIT_NONE || commit == COMMIT_OUTDATED)
		position = mark->next;
	if (was_never_committed(placing, mark))
		*reason_r = WR_PLACE_CONTINUED;
	/* Nothing proves that this is the topic of the mark. */
	if (commit == COMMIT_NONE && completed_nothing(mark) && !begins_at_end(placing))
		position = placing->low;
	skipped = wr_mark_skip(mark, position);
	if (skipped >= placing->low)
		return skipped;
	*reason_r = WR_PLACE_OUT_OF_RANGE;
	return wr_mark_skip(mark, placing->low);
}

static void place_same_topic(const struct wr_placing *placing, struct wr_plan *plan)
{
	struct wr_mark *mark = &plan->mark;
	enum commit commit = commit_of(placing, mark);

	if (wants_reprocessing(placing, mark, commit, &plan->position)) {
		wr_mark_restart(mark, plan->position);
		plan->commit_first = true;
		plan->reason = WR_PLACE_REWOUND;
		return;
	}
	plan->position = wanted(placing, mark, commit, &plan->reason);
	if (plan->position == mark->next)
		return;
	plan->commit_first = true;
	if (plan->position > mark->next) {
		if (plan->reason == WR_PLACE_CONTINUED)
			plan->reason = WR_PLACE_ABANDONED;
		if (WR_CLAUSE(JUMP_IS_ABANDONED))
			abandon_gaps(mark, mark->next, plan->position);
		if (!WR_CLAUSE(JUMP_IS_NOT_BRIDGED)) {
			mark->next = plan->position;
			return;
		}
	} else if (WR_CLAUSE(GOING_BACK_NEW_INCARNATION)) {
		end_incarnation(mark);
	}
	move_to(mark, plan->position);
}

static bool differs(const struct wr_mark *stored, const struct wr_mark *mark)
{
	char a[WR_MARK_TEXT_BYTES], b[WR_MARK_TEXT_BYTES];
	size_t size;

	if (stored == NULL)
		return true;
	size = wr_mark_encode(stored, a);
	return wr_mark_encode(mark, b) != size || memcmp(a, b, size) != 0;
}

static void finish(const struct wr_placing *placing, struct wr_plan *plan)
{
	plan->place = WR_PLACE_READ;
	plan->mark_changed = differs(placing->stored, &plan->mark);
}

/* What is completed, and the commit with it, must be of this very topic: a commit may have come after the topic was
 * made anew. */
static bool must_verify(const struct wr_placing *placing, const struct wr_mark *mark, int64_t top)
{
	return !completed_nothing(mark) && top - 1 >= placing->low && top <= placing->high &&
	       WR_CLAUSE(RECORD_IS_VERIFIED);
}

/* Nothing is skipped: reading goes on behind all that is completed. */
static bool goes_on(const struct wr_placing *placing, const struct wr_mark *mark, int64_t top)
{
	return commit_of(placing, mark) == COMMIT_OURS && placing->committed_offset >= top;
}

static int64_t reach_of(const struct wr_mark *mark)
{
	struct wr_fingerprint last;
	int64_t top = top_of(mark, &last);

	return top > mark->next ? top : mark->next;
}

/* Of what the group committed its own offset is older than the ends; the mark may be younger: records came, and a
 * zombie completed them. So the mark must have reached as far before the ends were asked for. */
static bool is_beyond_for_sure(const struct wr_placing *placing)
{
	const struct wr_mark *stored = placing->stored, *committed = placing->committed;

	if (!WR_CLAUSE(END_IS_ASKED_AFTER_THE_MARK) ||
	    (committed != NULL && reach_of(committed) > placing->high))
		return true;
	return stored == NULL || (placing->before.incarnation == stored->incarnation &&
				  placing->before.next > placing->high);
}

void wr_mark_place(const struct wr_placing *placing, struct wr_plan *plan_r)
{
	struct wr_fingerprint last;
	int64_t top;

	WR_ASSERT(placing->low >= 0 && placing->low <= placing->high);
	*plan_r = (struct wr_plan){.place = WR_PLACE_READ};
	if (!recall(placing, &plan_r->mark)) {
		place_first(placing, plan_r);
		finish(placing, plan_r);
		return;
	}
	top = top_of(&plan_r->mark, &last);
	if (reach_of(&plan_r->mark) > placing->high && WR_CLAUSE(BEYOND_THE_END_IS_NEW)) {
		if (!is_beyond_for_sure(placing)) {
			plan_r->place = WR_PLACE_AGAIN;
			plan_r->reach = (struct wr_mark_reach){placing->stored->incarnation,
							       reach_of(placing->stored)};
			return;
		}
		place_new_topic(placing, plan_r);
	} else if (must_verify(placing, &plan_r->mark, top)) {
		plan_r->place = WR_PLACE_VERIFY;
		plan_r->verify_at = plan_r->position = top - 1;
		return;
	} else {
		place_same_topic(placing, plan_r);
	}
	finish(placing, plan_r);
}

void wr_mark_verified(const struct wr_placing *placing, const struct wr_fingerprint *found,
		      struct wr_plan *plan)
{
	struct wr_fingerprint last;
	int64_t top;
	bool same;

	WR_ASSERT(plan->place == WR_PLACE_VERIFY);
	top = top_of(&plan->mark, &last);
	if (found != NULL)
		same = found->timestamp_ms == last.timestamp_ms && found->hash == last.hash;
	else
		same = goes_on(placing, &plan->mark, top); /* compaction takes single records */
	if (same)
		place_same_topic(placing, plan);
	else
		place_new_topic(placing, plan);
	finish(placing, plan);
}

const char *wr_place_reason_name(enum wr_place_reason reason)
{
	static const char *const names[] = {
#define X(name, text) [name] = text,
	    WR_PLACE_REASONS(X)
#undef X
	};

	return names[reason];
}
