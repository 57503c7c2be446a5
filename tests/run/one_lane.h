/* For a program whose tests each have one lane, with a plugin that does what the event's id says. */
#ifndef WR_TESTS_RUN_ONE_LANE_H
#define WR_TESTS_RUN_ONE_LANE_H

#include "tests/run/lane_fixture.h"

static struct fixture f;

static inline int set_up(void **state)
{
	(void)state;
	fixture_init(&f);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	fixture_fini(&f);
	return 0;
}

static inline void start(void)
{
	fixture_begin(&f, fixture_by_id);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
