#include "config.h"

#include "memory/claims.h"

#include "base/clock.h"
#include "base/rng.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define TTL_MS 1000

static int64_t now_ms;

static enum wr_claim_found claim(struct wr_memory_claims *claims, const char *id, const char *value)
{
	struct wr_claim c = {.id = wr_bytes_of(id), .value = wr_bytes_of(value)};
	struct wr_arena arena;

	wr_arena_init(&arena, 0);
	assert_int_equal(wr_memory_claims_claim(claims, &c, &arena, now_ms * WR_NS_PER_MS), WR_OK);
	wr_arena_fini(&arena);
	return c.outcome;
}

static enum wr_claim_found claim_number(struct wr_memory_claims *claims, uint64_t number)
{
	char id[32];

	snprintf(id, sizeof(id), "%llu", (unsigned long long)number);
	return claim(claims, id, "C|1");
}

static struct wr_memory_claims *create(size_t max_ids)
{
	struct wr_memory_claims *claims;

	now_ms = 0;
	assert_int_equal(wr_memory_claims_create(TTL_MS, max_ids, &claims), WR_OK);
	return claims;
}

static void a_claim_is_forgotten_at_its_time(void **state)
{
	struct wr_memory_claims *claims = create(100);

	(void)state;
	claim(claims, "a", "C|1");
	now_ms = TTL_MS - 1;
	assert_int_equal(claim(claims, "a", "C|2"), WR_CLAIM_VALUE);
	assert_int_equal(wr_memory_claims_count(claims), 1);
	now_ms = TTL_MS;
	assert_int_equal(claim(claims, "b", "C|1"), WR_CLAIM_NOTHING);
	assert_int_equal(wr_memory_claims_count(claims), 1);
	assert_int_equal(claim(claims, "a", "C|2"), WR_CLAIM_NOTHING);
	assert_int_equal(wr_memory_claims_forgotten(claims), 0);
	wr_memory_claims_unref(claims);
}

static void beyond_the_bound_the_oldest_is_forgotten_and_counted(void **state)
{
	struct wr_memory_claims *claims = create(3);

	(void)state;
	claim(claims, "a", "C|1");
	claim(claims, "b", "C|1");
	claim(claims, "c", "C|1");
	assert_int_equal(wr_memory_claims_forgotten(claims), 0);
	claim(claims, "d", "C|1");
	assert_int_equal(wr_memory_claims_count(claims), 3);
	assert_int_equal(wr_memory_claims_forgotten(claims), 1);
	assert_int_equal(claim(claims, "b", "C|2"), WR_CLAIM_VALUE);
	assert_int_equal(claim(claims, "c", "C|2"), WR_CLAIM_VALUE);
	assert_int_equal(claim(claims, "d", "C|2"), WR_CLAIM_VALUE);
	assert_int_equal(claim(claims, "a", "C|2"), WR_CLAIM_NOTHING);
	wr_memory_claims_unref(claims);
}

static void a_bound_of_one_keeps_the_newest(void **state)
{
	struct wr_memory_claims *claims = create(1);
	uint64_t i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		assert_int_equal(claim_number(claims, i), WR_CLAIM_NOTHING);
		assert_int_equal(claim_number(claims, i), WR_CLAIM_VALUE);
	}
	assert_int_equal(wr_memory_claims_count(claims), 1);
	assert_int_equal(wr_memory_claims_forgotten(claims), 4999);
	wr_memory_claims_unref(claims);
}

static void the_bound_holds_over_all_shards(void **state)
{
	enum { MAX = 100000 };
	struct wr_memory_claims *claims = create(MAX);
	uint64_t i;

	(void)state;
	for (i = 0; i < 3 * MAX; i++)
		claim_number(claims, i);
	assert_in_range(wr_memory_claims_count(claims), MAX * 9 / 10, MAX);
	assert_int_equal(wr_memory_claims_count(claims) + wr_memory_claims_forgotten(claims),
			 3 * MAX);
	wr_memory_claims_unref(claims);
}

/* Against the plainest of models: the time each id was claimed at. */
static void it_agrees_with_a_model(void **state)
{
	enum { IDS = 3000, STEPS = 300000 };
	struct wr_memory_claims *claims = create((size_t)1000 * 1000);
	int64_t *claimed_ms = calloc(IDS, sizeof(*claimed_ms));
	enum wr_claim_found expected;
	struct wr_rng rng;
	uint64_t id;
	size_t i;

	(void)state;
	assert_non_null(claimed_ms);
	wr_rng_init(&rng, 11);
	for (i = 0; i < IDS; i++)
		claimed_ms[i] = -TTL_MS;
	for (i = 0; i < STEPS; i++) {
		now_ms += (int64_t)wr_rng_upto(&rng, 2) / 2;
		id = wr_rng_upto(&rng, IDS - 1);
		expected = now_ms - claimed_ms[id] >= TTL_MS ? WR_CLAIM_NOTHING : WR_CLAIM_VALUE;
		assert_int_equal(claim_number(claims, id), expected);
		if (expected == WR_CLAIM_NOTHING)
			claimed_ms[id] = now_ms;
	}
	assert_int_equal(wr_memory_claims_forgotten(claims), 0);
	free(claimed_ms);
	wr_memory_claims_unref(claims);
}

struct racer {
	struct wr_memory_claims *claims;
	size_t won;
};

static void *race(void *arg)
{
	struct racer *racer = arg;
	uint64_t i;

	for (i = 0; i < 20000; i++)
		racer->won += claim_number(racer->claims, i) == WR_CLAIM_NOTHING;
	return NULL;
}

static void each_id_has_one_winner_among_threads(void **state)
{
	struct racer racers[3];
	pthread_t threads[3];
	size_t i, won = 0;

	(void)state;
	racers[0] = racers[1] = racers[2] = (struct racer){create(100000), 0};
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		won += racers[i].won;
	}
	assert_int_equal(won, 20000);
	wr_memory_claims_unref(racers[0].claims);
}

static enum wr_claim_found take_over(struct wr_memory_claims *claims, const char *id,
				     const char *value, const char *expect)
{
	struct wr_claim c = {
	    .id = wr_bytes_of(id), .value = wr_bytes_of(value), .expect = wr_bytes_of(expect)};
	struct wr_arena arena;

	wr_arena_init(&arena, 0);
	assert_int_equal(wr_memory_claims_claim(claims, &c, &arena, now_ms * WR_NS_PER_MS), WR_OK);
	wr_arena_fini(&arena);
	return c.outcome;
}

static void a_take_over_makes_the_claim_young_again(void **state)
{
	struct wr_memory_claims *claims = create(2);

	(void)state;
	claim(claims, "a", "C|1");
	claim(claims, "b", "C|1");
	assert_int_equal(take_over(claims, "a", "C|2", "C|1"), WR_CLAIM_NOTHING);
	assert_int_equal(wr_memory_claims_count(claims), 2);
	claim(claims, "c", "C|1"); /* b is the oldest now */
	assert_int_equal(wr_memory_claims_count(claims), 2);
	assert_int_equal(wr_memory_claims_forgotten(claims), 1);
	assert_int_equal(take_over(claims, "a", "C|3", "C|2"), WR_CLAIM_NOTHING);
	assert_int_equal(take_over(claims, "a", "C|4", "C|2"), WR_CLAIM_VALUE);
	now_ms = TTL_MS;
	assert_int_equal(claim(claims, "d", "C|1"), WR_CLAIM_NOTHING);
	assert_int_equal(wr_memory_claims_count(claims), 1);
	wr_memory_claims_unref(claims);
}

static void take_overs_without_end_cost_nobody_its_place(void **state)
{
	enum { ROUNDS = 200000, OTHERS = 500 };
	struct wr_memory_claims *claims = create(1000);
	uint64_t i, kept = 0;

	(void)state;
	for (i = 0; i < OTHERS; i++)
		claim_number(claims, i);
	claim(claims, "a", "0");
	for (i = 0; i < OTHERS; i++)
		assert_int_equal(
		    take_over(claims, "a", i % 2 == 0 ? "1" : "0", i % 2 == 0 ? "0" : "1"),
		    WR_CLAIM_NOTHING);
	for (i = 0; i < OTHERS; i++)
		kept += claim_number(claims, i) == WR_CLAIM_VALUE;
	assert_int_equal(kept, OTHERS);
	assert_int_equal(wr_memory_claims_forgotten(claims), 0);
	for (i = 0; i < ROUNDS; i++)
		assert_int_equal(
		    take_over(claims, "a", i % 2 == 0 ? "1" : "0", i % 2 == 0 ? "0" : "1"),
		    WR_CLAIM_NOTHING);
	assert_int_equal(claim(claims, "a", "C"), WR_CLAIM_VALUE);
	wr_memory_claims_unref(claims);
}

static void assert_exposed(struct wr_metrics *metrics, const char *line)
{
	struct wr_buf text = WR_BUF_INIT;

	assert_int_equal(wr_metrics_render(metrics, &text), WR_OK);
	if (strstr(wr_buf_text(&text), line) == NULL)
		fail_msg("no %s in %s", line, wr_buf_text(&text));
	wr_buf_fini(&text);
}

static void it_is_seen_in_the_metrics(void **state)
{
	struct wr_memory_claims *claims = create(2);
	struct wr_metrics *metrics;

	(void)state;
	assert_int_equal(wr_metrics_create(&metrics), WR_OK);
	assert_int_equal(wr_memory_claims_expose(claims, metrics, "pay"), WR_OK);
	claim(claims, "a", "C|1");
	assert_exposed(metrics, "\nweir_memory_claims{pipeline=\"pay\"} 1\n");
	assert_exposed(metrics, "\nweir_memory_claims_forgotten_total{pipeline=\"pay\"} 0\n");
	claim(claims, "b", "C|1");
	claim(claims, "c", "C|1");
	assert_exposed(metrics, "\nweir_memory_claims{pipeline=\"pay\"} 2\n");
	assert_exposed(metrics, "\nweir_memory_claims_forgotten_total{pipeline=\"pay\"} 1\n");
	wr_memory_claims_unref(claims);
	assert_exposed(metrics, "\nweir_memory_claims_forgotten_total{pipeline=\"pay\"} 1\n");
	wr_metrics_destroy(metrics);
}

static void the_last_reference_frees(void **state)
{
	struct wr_memory_claims *claims = create(10);

	(void)state;
	assert_ptr_equal(wr_memory_claims_ref(claims), claims);
	wr_memory_claims_unref(claims);
	assert_int_equal(claim(claims, "a", "C|1"), WR_CLAIM_NOTHING);
	wr_memory_claims_unref(claims);
	wr_memory_claims_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_claim_is_forgotten_at_its_time),
	    cmocka_unit_test(beyond_the_bound_the_oldest_is_forgotten_and_counted),
	    cmocka_unit_test(a_bound_of_one_keeps_the_newest),
	    cmocka_unit_test(the_bound_holds_over_all_shards),
	    cmocka_unit_test(it_agrees_with_a_model),
	    cmocka_unit_test(each_id_has_one_winner_among_threads),
	    cmocka_unit_test(a_take_over_makes_the_claim_young_again),
	    cmocka_unit_test(take_overs_without_end_cost_nobody_its_place),
	    cmocka_unit_test(it_is_seen_in_the_metrics),
	    cmocka_unit_test(the_last_reference_frees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
