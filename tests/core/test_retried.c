#include "config.h"

#include "core/retried.h"

#include "tests/faults.h"
#include "tests/unit.h"

static struct wr_arena arena;
static struct wr_claim_prefix prefix;

static int set_up(void **state)
{
	(void)state;
	wr_arena_init(&arena, 4096);
	wr_claim_prefix_init(&prefix, 2, "p.retry.0", 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wr_arena_fini(&arena);
	return 0;
}

static void give(struct wr_envelope *e, enum wr_envelope_field field, struct weir_bytes *member,
		 const char *text)
{
	e->fields |= UINT32_C(1) << field;
	if (member != NULL)
		*member = (struct weir_bytes){text, strlen(text)};
}

static struct wr_envelope envelope_of(const char *owner, const char *job)
{
	struct wr_envelope e = {.attempts = 3};

	give(&e, WR_FIELD_ATTEMPTS, NULL, "");
	give(&e, WR_FIELD_EVENT_ID, &e.event_id, "a");
	if (owner != NULL)
		give(&e, WR_FIELD_OWNER, &e.owner, owner);
	if (job != NULL)
		give(&e, WR_FIELD_REPLAY, &e.replay, job);
	return e;
}

static struct wr_claimant claimant_of(const struct wr_envelope *e)
{
	struct wr_claimant claimant;

	assert_true(wr_retried_claim(e, &prefix, 7, &arena, &claimant));
	return claimant;
}

static void expect_text(struct wr_bytes value, const char *expected)
{
	assert_true(wr_bytes_equal(value, wr_bytes_of(expected)));
}

static void a_retry_claims_with_the_owner_it_had(void **state)
{
	struct wr_envelope e = envelope_of("0/events/3/9", NULL);
	struct wr_claimant claimant = claimant_of(&e);

	(void)state;
	expect_text(claimant.claim, "C|0/events/3/9");
	assert_null(claimant.replay_of.data);
}

static void a_replay_claims_for_itself_over_the_owner_it_knows(void **state)
{
	struct wr_envelope e = envelope_of("0/events/3/9", "job-1");
	struct wr_claimant claimant = claimant_of(&e);

	(void)state;
	expect_text(claimant.claim, "C|2/p.retry.0/1/7");
	expect_text(claimant.replay_of, "0/events/3/9");
}

/* Its dead letter never claimed: it had no usable id. */
static void a_replay_that_knows_no_owner_claims_like_any_record(void **state)
{
	struct wr_envelope e = envelope_of(NULL, "job-1");
	struct wr_claimant claimant = claimant_of(&e);

	(void)state;
	expect_text(claimant.claim, "C|2/p.retry.0/1/7");
	assert_null(claimant.replay_of.data);
}

static void a_retry_without_an_owner_claims_like_any_record(void **state)
{
	struct wr_envelope e = envelope_of(NULL, NULL);
	struct wr_claimant claimant = claimant_of(&e);

	(void)state;
	expect_text(claimant.claim, "C|2/p.retry.0/1/7");
	assert_null(claimant.replay_of.data);
}

static void without_memory_nothing_claims(void **state)
{
	struct wr_envelope retry = envelope_of("0/events/3/9", NULL);
	struct wr_envelope replay = envelope_of("0/events/3/9", "job-1");
	struct wr_claimant claimant;

	(void)state;
	faults_begin(0);
	assert_false(wr_retried_claim(&retry, &prefix, 7, &arena, &claimant));
	assert_true(faults_end());
	assert_null(claimant.claim.data);
	faults_begin(0);
	assert_false(wr_retried_claim(&replay, &prefix, 7, &arena, &claimant));
	assert_true(faults_end());
	assert_null(claimant.claim.data);
}

static void attempts_are_counted_on(void **state)
{
	struct wr_envelope e = envelope_of("0/events/3/9", NULL);

	(void)state;
	assert_int_equal(wr_retried_attempt(&e), 4);
	e.attempts = UINT32_MAX;
	assert_int_equal(wr_retried_attempt(&e), UINT32_MAX);
	e.fields = 0;
	assert_int_equal(wr_retried_attempt(&e), 1);
}

static void a_replay_has_all_its_attempts_again(void **state)
{
	const struct wr_envelope letter = envelope_of("0/events/3/9", NULL);
	const struct wr_replay replay = {
	    .letter = &letter, .value = {"{}", 2}, .job = "job-1", .from = "dlq/0/7"};
	struct wr_envelope e;
	struct weir_bytes value;

	(void)state;
	wr_envelope_replay(&replay, &e, &value);
	assert_int_equal(wr_retried_attempt(&e), 1);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_retry_claims_with_the_owner_it_had),
	    RULE(a_replay_claims_for_itself_over_the_owner_it_knows),
	    RULE(a_replay_that_knows_no_owner_claims_like_any_record),
	    RULE(a_retry_without_an_owner_claims_like_any_record),
	    RULE(without_memory_nothing_claims),
	    RULE(attempts_are_counted_on),
	    RULE(a_replay_has_all_its_attempts_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
