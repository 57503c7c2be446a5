/* What the tests of core/mark_place.c share: marks, and the plans that are made of them. */
#ifndef WR_TESTS_CORE_PLACING_H
#define WR_TESTS_CORE_PLACING_H

#include "core/mark.h"

#include "tests/unit.h"

/* The record at an offset of the topic that was there first, and of the one made anew. */
static inline struct wr_fingerprint print_of(int64_t offset)
{
	return (struct wr_fingerprint){1000 + offset, (uint64_t)offset};
}

static inline struct wr_mark completed(int64_t start, int64_t next)
{
	return (struct wr_mark){.start = start, .next = next, .last = print_of(next - 1)};
}

/* Places, and verifies against the first topic where that is asked for. */
static inline struct wr_plan place(struct wr_placing placing)
{
	struct wr_fingerprint print;
	struct wr_plan plan;

	wr_mark_place(&placing, &plan);
	if (plan.place == WR_PLACE_VERIFY) {
		print = print_of(plan.verify_at);
		wr_mark_verified(&placing, &print, &plan);
	}
	assert_int_equal(plan.place, WR_PLACE_READ);
	return plan;
}

/* Of a topic of a hundred records, with a mark in the store alone. */
static inline struct wr_plan place_of_100(const struct wr_mark *stored, int64_t committed_offset)
{
	return place((struct wr_placing){
	    .stored = stored, .committed_offset = committed_offset, .low = 0, .high = 100});
}

/* The answers are the same the second time. */
static inline struct wr_plan place_again(struct wr_placing placing)
{
	struct wr_plan plan;

	wr_mark_place(&placing, &plan);
	assert_int_equal(plan.place, WR_PLACE_AGAIN);
	placing.before = plan.reach;
	return place(placing);
}

static inline struct wr_plan place_in_another_topic(struct wr_placing placing)
{
	struct wr_fingerprint print = {5, 5};
	struct wr_plan plan;

	wr_mark_place(&placing, &plan);
	assert_int_equal(plan.place, WR_PLACE_VERIFY);
	wr_mark_verified(&placing, &print, &plan);
	assert_int_equal(plan.place, WR_PLACE_READ);
	return plan;
}

static inline void expect(const struct wr_plan *plan, enum wr_place_reason reason, int64_t position,
			  uint32_t incarnation, bool changed)
{
	assert_string_equal(wr_place_reason_name(plan->reason), wr_place_reason_name(reason));
	assert_int_equal(plan->position, position);
	assert_int_equal(plan->mark.incarnation, incarnation);
	assert_int_equal(plan->mark.next, position);
	assert_int_equal(plan->mark_changed, changed);
	assert_false(wr_mark_covers(&plan->mark, position));
}

#endif
