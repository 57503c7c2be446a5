/*
 * That the model check can fail: each clause of the delivery rules is left out in turn, and a history must be found
 * that breaks a promise. It is printed: the answer to "why is this here?". WEIR_MODEL_CLAUSE names one clause.
 */
#include "config.h"

#include "tests/model/scenarios.h"
#include "tests/model/search.h"
#include "tests/unit.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const clause_names[] = {
#define X(name, text) [WR_CLAUSE_##name] = #name,
    WR_CLAUSES(X)
#undef X
};
static const char *const clause_texts[] = {
#define X(name, text) [WR_CLAUSE_##name] = text,
    WR_CLAUSES(X)
#undef X
};
static const char *const trust_names[] = {
#define X(name, text) [TRUST_##name] = #name,
    TRUSTS(X)
#undef X
};
static const char *const trust_texts[] = {
#define X(name, text) [TRUST_##name] = text,
    TRUSTS(X)
#undef X
};

#define CLAUSE(name) WR_CLAUSE_##name, TRUST_COUNT
#define TRUSTED(name) WR_CLAUSE_COUNT, TRUST_##name

static const struct miss {
	enum wr_clause clause;
	enum trust trust;
	const char *scenario;
	bool at_least_once;
} misses[] = {
    {CLAUSE(OWN_CLAIM_IS_PROCESSED), "lost answers", false},
    {CLAUSE(OTHERS_CLAIM_IS_SKIPPED), "lost answers", false},
    {CLAUSE(ABANDONED_IS_TAKEN_OVER), "a jump, and a claim of what was jumped over", false},
    {CLAUSE(OWN_DEAD_LETTER_IS_SKIPPED), "marks lost, and offsets set by hand", false},
    {CLAUSE(DEAD_LETTER_IS_TAKEN_OVER), "an event that upstream sends again", false},
    {CLAUSE(REPLAY_TAKES_OVER), "a dead letter that is replayed", false},
    {CLAUSE(LATE_REPLAY_IS_SKIPPED), "a dead letter that is replayed", false},
    {CLAUSE(MARK_IS_ASKED_FRESH), "a jump, and a claim of what was jumped over", false},
    {CLAUSE(COMPLETED_IS_SKIPPED), "lost answers", false},
    {CLAUSE(RECORD_IS_VERIFIED), "a topic made anew, shorter", false},
    {CLAUSE(BEYOND_THE_END_IS_NEW), "a topic made anew, shorter", false},
    {CLAUSE(NEW_TOPIC_NEW_INCARNATION), "a topic made anew, shorter", false},
    {CLAUSE(NEW_TOPIC_VOIDS_INTERVALS), "a topic made anew, shorter", false},
    {CLAUSE(JUMP_IS_NOT_BRIDGED), "offsets set by hand", false},
    {CLAUSE(JUMP_IS_ABANDONED), "a jump, and a claim of what was jumped over", false},
    {CLAUSE(GOING_BACK_NEW_INCARNATION), "a jump, and a claim of what was jumped over", false},
    {CLAUSE(OLD_INCARNATION_IS_ABANDONED), "offsets set by hand", false},
    {CLAUSE(COMMIT_RESTORES_THE_MARK), "lost answers", false},
    {CLAUSE(WRITTEN_WHEN_FINISHED), "lost answers", false},
    {CLAUSE(WRITTEN_IN_ORDER), "lost answers", false},
    {CLAUSE(RETIRED_WHEN_ACKED), "lost answers", true},
    {CLAUSE(RETIRED_IN_ORDER), "lost answers", true},
    {CLAUSE(COMMITTED_WHOLE), "lost answers", false},
    {CLAUSE(MARKED_WHEN_FINAL), "lost answers", false},
    {CLAUSE(FAILED_WHEN_COMMITTED), "lost answers", false},
    {CLAUSE(LOST_IS_ABORTED), "two lanes, one partition", false},
    {CLAUSE(OWNER_IS_INHERITED), "an event that is tried again", false},
    {CLAUSE(REPLAY_CLAIMS_FOR_ITSELF), "a dead letter that is replayed twice", false},
    {CLAUSE(LETTER_NAMES_ITS_OWNER), "a dead letter of a retry that is replayed", false},
    {CLAUSE(UNCLAIMED_LEAVES_AS_IT_CAME), "a replay that can't claim", false},
    {CLAUSE(ATTEMPTS_GO_ON), "an event that is tried again", false},
    {CLAUSE(RETRY_TOPIC_FROM_ITS_START), "a retry topic that is found late", false},
    {CLAUSE(END_IS_ASKED_AFTER_THE_MARK), "an event that waits, and a zombie that goes ahead",
     true},
    {CLAUSE(LATER_ONES_FOLLOW), "a key that is parked", false},
    {CLAUSE(WHAT_CAME_LIES_THERE_NO_MORE), "a key that is parked", false},
    {TRUSTED(FETCH_WAITS), "two lanes, one partition", false},
    {TRUSTED(COMMIT_IS_FENCED), "two lanes, one partition", false},
    {TRUSTED(PREDECESSOR_IS_ABORTED), "lost answers", false},
    {TRUSTED(OFFSETS_IN_TRANSACTION), "lost answers", false},
    {TRUSTED(TAKE_OVER_COMPARES), "an event that upstream sends again", false},
    {TRUSTED(FAILED_COMPARES), "a dead letter that is replayed", false},
    {TRUSTED(CLAIM_COMPARES), "lost answers", false},
    {TRUSTED(MARK_GOES_FORWARD), "a zombie whose mark comes late", false},
    {TRUSTED(MARK_BEFORE_CLAIM), "a topic made anew, and an event of it elsewhere", false},
    {TRUSTED(MARK_BEFORE_ASKING), "a topic made anew, a claim in another", false},
    {TRUSTED(JUMP_IS_COMMITTED_FIRST), "a zombie that was to place", false},
    {TRUSTED(NEVER_FROM_MEMORY), "lost answers", false},
    {TRUSTED(WINDOW_BELONGS_TO_EPOCH), "two lanes, one partition", false},
    {TRUSTED(NO_TRANSACTION_OUTLIVES), "two lanes, one partition", false},
    {TRUSTED(METADATA_WITH_COMMIT), "lost answers", false},
    {TRUSTED(RETRIED_IN_TRANSACTION), "an event that is tried again", false},
    {TRUSTED(CLAIMED_BEFORE_ITS_END), "a dead letter that is replayed twice", false},
    {TRUSTED(LOG_IS_LOOKED_AT), "a key that is parked", false},
    {TRUSTED(LOG_IS_LOOKED_AT_AGAIN), "a key that is parked, and lost answers", false},
};

static const struct scenario *scenario_of(const struct miss *miss)
{
	for (size_t i = 0; i < scenario_count; i++) {
		if (strcmp(scenarios[i].name, miss->scenario) == 0 &&
		    scenarios[i].exactly_once != miss->at_least_once)
			return &scenarios[i];
	}
	fail_msg("there is no scenario \"%s\"", miss->scenario);
	return NULL;
}

static void every_clause_has_its_history(void **state)
{
	(void)state;
	assert_int_equal(UNIT_COUNT_OF(misses), WR_CLAUSE_COUNT + TRUST_COUNT);
	for (size_t i = 0; i < UNIT_COUNT_OF(misses); i++) {
		size_t row = misses[i].clause < WR_CLAUSE_COUNT
				 ? (size_t)misses[i].clause
				 : WR_CLAUSE_COUNT + (size_t)misses[i].trust;

		assert_int_equal(row, i);
	}
}

static void left_out_it_breaks_a_promise(const struct miss *miss)
{
	const struct scenario *s = scenario_of(miss);
	bool of_core = miss->clause < WR_CLAUSE_COUNT;
	const char *name = of_core ? clause_names[miss->clause] : trust_names[miss->trust];
	const char *only = getenv("WEIR_MODEL_CLAUSE");
	struct found found;

	if (only != NULL && strcmp(only, name) != 0)
		return;
	wr_clause_left_out = miss->clause;
	trust_left_out = miss->trust;
	search_all(s, 0, &found);
	printf("Without %s (%s),\n  after %" PRIu64 " states: ", name,
	       of_core ? clause_texts[miss->clause] : trust_texts[miss->trust], found.states);
	found_print(stdout, s, &found);
	assert_non_null(found.violation);
	assert_true(found.history.count > 0);
}

static void without_any_one_clause_a_promise_is_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(misses); i++)
		left_out_it_breaks_a_promise(&misses[i]);
}

/* Shortened as it is, the history is one that breaks the promise, and none of its steps is idle. */
static void a_history_is_told_in_its_steps(void **state)
{
	const struct miss *miss = &misses[WR_CLAUSE_OTHERS_CLAIM_IS_SKIPPED];
	const struct scenario *s = scenario_of(miss);
	struct found found;
	char text[8192] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(out);
	wr_clause_left_out = miss->clause;
	trust_left_out = miss->trust;
	search_all(s, 0, &found);
	found_print(out, s, &found);
	fclose(out);
	assert_non_null(strstr(text, "lost answers, exactly_once: an event is processed twice\n"));
	assert_non_null(strstr(text, "   1. lane A is started\n"));
	assert_non_null(strstr(text, "lane A takes a record (partition 0)\n"));
	assert_non_null(strstr(text, "lane A ends its transaction: committed\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_clause_has_its_history),
	    cmocka_unit_test(without_any_one_clause_a_promise_is_broken),
	    cmocka_unit_test(a_history_is_told_in_its_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
