/*
 * Two searches through the histories of a scenario. The exhaustive one goes through every state that its steps and
 * faults can reach, each once (told apart by a hash of 64 bits). The random one follows single histories, by seed,
 * where there are too many states.
 *
 * A history that breaks a promise is shortened, step by step, as long as it still does, and then told in words.
 */
#ifndef WR_TESTS_MODEL_SEARCH_H
#define WR_TESTS_MODEL_SEARCH_H

#include "tests/model/steps.h"

#define HISTORY_MAX 1000

struct history {
	struct step steps[HISTORY_MAX];
	unsigned count;
};

struct found {
	uint64_t states; /* or histories, of a random search */
	uint64_t steps;
	uint64_t ends;          /* states at which nothing but faults could happen */
	bool complete;          /* all states were seen */
	const char *violation;  /* NULL: none */
	struct history history; /* with a violation: shortened */
};

/* Ends early after max_states (0: never). */
void search_all(const struct scenario *s, uint64_t max_states, struct found *found_r);

/* `count` histories, of the seeds from `seed` on. */
void search_random(const struct scenario *s, uint64_t seed, uint64_t count, struct found *found_r);

void found_print(FILE *out, const struct scenario *s, const struct found *found);

#endif
