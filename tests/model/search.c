#include "config.h"

#include "tests/model/search.h"

#include "base/check.h"
#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

#define DRAIN_MAX 300

/* Hashes of the states that were seen: open addressing, 0 is free. */
struct seen {
	uint64_t *slots;
	size_t mask, count;
};

static void seen_init(struct seen *seen)
{
	seen->mask = ((size_t)1 << 16) - 1;
	seen->count = 0;
	seen->slots = calloc(seen->mask + 1, sizeof(*seen->slots));
	WR_ASSERT(seen->slots != NULL);
}

static bool put(uint64_t *slots, size_t mask, uint64_t hash)
{
	size_t i = hash & mask;

	while (slots[i] != 0) {
		if (slots[i] == hash)
			return false;
		i = (i + 1) & mask;
	}
	slots[i] = hash;
	return true;
}

static void grow(struct seen *seen)
{
	size_t mask = seen->mask * 2 + 1;
	uint64_t *slots = calloc(mask + 1, sizeof(*slots));

	WR_ASSERT(slots != NULL);
	for (size_t i = 0; i <= seen->mask; i++) {
		if (seen->slots[i] != 0)
			put(slots, mask, seen->slots[i]);
	}
	free(seen->slots);
	seen->slots = slots;
	seen->mask = mask;
}

/* False: it was seen before. */
static bool see(struct seen *seen, uint64_t hash)
{
	if (seen->count * 2 > seen->mask)
		grow(seen);
	if (!put(seen->slots, seen->mask, hash))
		return false;
	seen->count++;
	return true;
}

#define BIT(kind) (UINT64_C(1) << STEP_##kind)

/* A single lane, and nobody who moves what it is told when it begins. */
static bool begins_undisturbed(void)
{
	const uint64_t disturbing = BIT(KICK) | BIT(REVOKE) | BIT(RESET) | BIT(FORGET) |
				    BIT(RECREATE) | BIT(RETAIN) | BIT(FAIL_OVER) | BIT(LOSE_MARK);

	return scenario->lanes == 1 && (scenario->kinds & disturbing) == 0 &&
	       !scenario->from_latest;
}

/* What concerns nobody else can be done at once, without looking at what else might have happened before it. */
static bool is_private(struct step step)
{
	const uint64_t beginning =
	    BIT(RESTART) | BIT(INIT) | BIT(ASSIGN) | BIT(FETCH) | BIT(PLACE) | BIT(LOOK_BACK);

	if (step.kind == STEP_RETIRE)
		return WR_CLAUSE(RETIRED_IN_ORDER);
	return (beginning >> step.kind & 1) != 0 && begins_undisturbed();
}

struct search {
	struct seen seen;
	uint64_t max_states;
	struct found *found;
	struct history path;
};

static void go_down(struct search *s, const struct world *w);

static bool try_step(struct search *s, const struct world *from, struct world *scratch,
		     struct step step)
{
	if (!step_do(scratch, step))
		return false;
	s->found->steps++;
	WR_ASSERT(s->path.count < HISTORY_MAX);
	s->path.steps[s->path.count++] = step;
	if (violation == NULL && see(&s->seen, world_hash(scratch)))
		go_down(s, scratch);
	if (violation == NULL) {
		s->path.count--;
		*scratch = *from;
	}
	return true;
}

/* False: there is none to be done. */
static bool try_private(struct search *s, const struct world *w, struct world *scratch)
{
	for (struct step step = {0}; step.kind < STEP_COUNT; step = step_next(step)) {
		if (is_private(step) && try_step(s, w, scratch, step))
			return true;
	}
	return false;
}

static void go_down(struct search *s, const struct world *w)
{
	struct world scratch = *w;
	bool moved = false;

	if (s->max_states > 0 && s->seen.count >= s->max_states) {
		s->found->complete = false;
		return;
	}
	if (try_private(s, w, &scratch))
		return;
	for (struct step step = {0}; step.kind < STEP_COUNT && violation == NULL;
	     step = step_next(step)) {
		if (!try_step(s, w, &scratch, step))
			continue;
		moved = moved || !step_is_fault(step);
		if (step.kind == STEP_GO_BACK)
			return;
	}
	if (moved || violation != NULL)
		return;
	s->found->ends++;
	ledger_check_end(w);
}

/* Steps that belong to the other mode are left out. */
static void begin(struct world *w, struct history *history)
{
	world_init(w);
	history->count = 0;
	for (const struct step *step = scenario->begin; step != NULL && step->kind < STEP_COUNT;
	     step++) {
		if (step_do(w, *step))
			history->steps[history->count++] = *step;
	}
}

/* Does what can be done, until nothing but faults can happen; added to the history if there is one. */
static void drain(struct world *w, struct history *history)
{
	bool moved = true;

	for (unsigned n = 0; moved && n < DRAIN_MAX && violation == NULL; n++) {
		struct step step;

		moved = false;
		for (step = (struct step){0}; step.kind < STEP_COUNT; step = step_next(step)) {
			if (!step_is_fault(step) && step_do(w, step)) {
				moved = true;
				break;
			}
		}
		if (moved && history != NULL && history->count < HISTORY_MAX)
			history->steps[history->count++] = step;
	}
	if (!moved && violation == NULL)
		ledger_check_end(w);
}

/* What really happens of a history, with what follows by itself: steps that are not possible are left out. */
static bool breaks_promise(const struct history *history, struct history *done_r)
{
	struct world w;

	world_init(&w);
	done_r->count = 0;
	for (unsigned i = 0; i < history->count && violation == NULL; i++) {
		if (step_do(&w, history->steps[i]))
			done_r->steps[done_r->count++] = history->steps[i];
	}
	if (violation == NULL)
		drain(&w, done_r);
	return violation != NULL;
}

static void without(const struct history *history, unsigned at, unsigned count,
		    struct history *shorter_r)
{
	shorter_r->count = 0;
	for (unsigned i = 0; i < history->count; i++) {
		if (i < at || i >= at + count)
			shorter_r->steps[shorter_r->count++] = history->steps[i];
	}
}

static void shorten(struct history *history)
{
	struct history shorter, done;

	for (unsigned count = 16; count > 0; count /= 2) {
		for (unsigned at = 0; at < history->count;) {
			without(history, at, count, &shorter);
			if (breaks_promise(&shorter, &done) && done.count < history->count)
				*history = done;
			else
				at++;
		}
	}
}

static void conclude(struct found *found, struct history *history)
{
	found->violation = violation;
	if (violation == NULL)
		return;
	breaks_promise(history, &found->history);
	shorten(&found->history);
	breaks_promise(&found->history, history);
	found->violation = violation;
	violation = NULL;
}

void search_all(const struct scenario *s, uint64_t max_states, struct found *found_r)
{
	struct search search = {.max_states = max_states, .found = found_r};
	struct world w;

	scenario = s;
	memset(found_r, 0, sizeof(*found_r));
	found_r->complete = true;
	seen_init(&search.seen);
	begin(&w, &search.path);
	see(&search.seen, world_hash(&w));
	go_down(&search, &w);
	found_r->states = search.seen.count;
	free(search.seen.slots);
	conclude(found_r, &search.path);
}

/* All steps there are, so that one can be drawn. */
struct deck {
	struct step steps[1024];
	uint64_t count;
};

static void fill_deck(struct deck *deck)
{
	deck->count = 0;
	for (struct step step = {0}; step.kind < STEP_COUNT; step = step_next(step)) {
		WR_ASSERT(deck->count < WR_COUNT_OF(deck->steps));
		deck->steps[deck->count++] = step;
	}
}

/* Does the step that was drawn. Faults are rarer than they could be, or nothing would ever be finished. */
static bool draw(struct wr_rng *rng, const struct deck *deck, struct world *w, struct step *step_r)
{
	for (uint64_t tries = 0; tries < deck->count * 8; tries++) {
		*step_r = deck->steps[wr_rng_upto(rng, deck->count - 1)];
		if (step_is_fault(*step_r) && wr_rng_upto(rng, 7) > 0)
			continue;
		if (step_do(w, *step_r))
			return true;
	}
	return false;
}

static void follow(const struct deck *deck, uint64_t seed, struct history *history,
		   struct found *found)
{
	struct wr_rng rng;
	struct world w;

	wr_rng_init(&rng, seed);
	begin(&w, history);
	while (violation == NULL && history->count < HISTORY_MAX &&
	       draw(&rng, deck, &w, &history->steps[history->count]))
		history->count++;
	found->steps += history->count;
	if (violation == NULL)
		drain(&w, NULL);
}

void search_random(const struct scenario *s, uint64_t seed, uint64_t count, struct found *found_r)
{
	struct history history = {.count = 0};
	struct deck deck;

	scenario = s;
	memset(found_r, 0, sizeof(*found_r));
	violation = NULL;
	fill_deck(&deck);
	for (uint64_t i = 0; i < count && violation == NULL; i++) {
		follow(&deck, seed + i, &history, found_r);
		found_r->states++;
	}
	conclude(found_r, &history);
}

void found_print(FILE *out, const struct scenario *s, const struct found *found)
{
	scenario = s;
	fprintf(out, "%s, %s: ", s->name, s->exactly_once ? "exactly_once" : "at_least_once");
	if (found->violation == NULL) {
		fputs("every promise is kept\n", out);
		return;
	}
	fprintf(out, "%s\n", found->violation);
	for (unsigned i = 0; i < found->history.count; i++) {
		fprintf(out, "  %2u. ", i + 1);
		step_print(out, found->history.steps[i]);
		fputc('\n', out);
	}
}
