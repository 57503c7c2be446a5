/* What the search goes through: see scenarios.c. */
#ifndef WR_TESTS_MODEL_SCENARIOS_H
#define WR_TESTS_MODEL_SCENARIOS_H

#include "tests/model/world.h"

#include <stddef.h>

extern const struct scenario scenarios[];
extern const size_t scenario_count;

extern const struct scenario wide_scenarios[];
extern const size_t wide_scenario_count;

#endif
