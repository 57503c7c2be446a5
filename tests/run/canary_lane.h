/*
 * A lane that runs half of the keys under a canary, to begin, to promote and to take back. Its handler says at an event's
 * first attempt in the first stage what the program that runs it was told to say.
 */
#ifndef WR_TESTS_RUN_CANARY_LANE_H
#define WR_TESTS_RUN_CANARY_LANE_H

#include "tests/run/lane_fixture.h"

#include "run/lane_private.h"

#include <stdio.h>

static struct fixture f;
static struct wr_program *stable, *canary;
static char ours[2][16], others[2][16]; /* keys that are of the share, and keys that are not */

static enum weir_verdict stable_says, canary_says;
static bool always; /* they say it at every attempt */
static int calls[2];

static inline bool is_canarys(const struct weir_event *ev)
{
	return ((const struct wr_item *)(const void *)ev)->program == canary;
}

static inline enum weir_verdict say(struct weir_call *call, const struct weir_event *ev,
				    struct weir_result *res, int stage)
{
	enum weir_verdict verdict = is_canarys(ev) ? canary_says : stable_says;

	(void)call;
	(void)res;
	if (stage > 0)
		return WEIR_OK;
	calls[is_canarys(ev)]++;
	return ev->attempt == 1 || always ? verdict : WEIR_OK;
}

static inline void find_keys(void)
{
	size_t in = 0, out = 0;
	char key[16];

	for (int i = 0; in < 2 || out < 2; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		if (wr_canary_takes(WR_CANARY_ALL / 2, wr_bytes_of(key))) {
			if (in < 2)
				strcpy(ours[in++], key);
		} else if (out < 2) {
			strcpy(others[out++], key);
		}
	}
}

static inline void start(void)
{
	fixture_init(&f);
	find_keys();
	stable_says = canary_says = WEIR_OK;
	always = false;
	calls[0] = calls[1] = 0;
	canary = NULL;
	f.handler = say;
	f.holds_acks = true;
	f.conf.batch.linger_ms = 0;
	fixture_start(&f);
	fixture_settle(&f);
	stable = wr_lane_program(f.lane);
}

static inline void try(void)
{
	canary = fixture_program(&f, 43, NULL);
	atomic_store(&canary->share, WR_CANARY_ALL / 2);
	assert_null(wr_lane_adopt(f.lane, canary));
	fixture_settle(&f);
	assert_int_equal(wr_program_state(canary), WR_PROGRAM_TRIED);
	assert_int_equal(wr_program_state(stable), WR_PROGRAM_CURRENT);
	assert_ptr_equal(wr_lane_program(f.lane), stable);
}

static inline void promote(void)
{
	atomic_store(&canary->share, WR_CANARY_ALL);
	assert_null(wr_lane_adopt(f.lane, canary));
	fixture_settle(&f);
	assert_int_equal(wr_program_state(canary), WR_PROGRAM_CURRENT);
	assert_ptr_equal(wr_lane_program(f.lane), canary);
}

static inline void roll_back(void)
{
	assert_null(wr_lane_adopt(f.lane, stable));
	fixture_settle(&f);
	assert_int_equal(wr_program_state(stable), WR_PROGRAM_CURRENT);
	assert_int_not_equal(wr_program_state(canary), WR_PROGRAM_TRIED);
}

/* Its outputs are acknowledged, so whoever is to leave has left. */
static inline void end(void)
{
	f.holds_acks = false;
	fixture_ack(&f);
	if (wr_lane_program(f.lane) != stable) {
		assert_int_equal(wr_program_state(stable), WR_PROGRAM_LEFT);
		wr_program_destroy(stable);
	} else if (canary != NULL) {
		assert_int_equal(wr_program_state(canary), WR_PROGRAM_LEFT);
		wr_program_destroy(canary);
	}
	fixture_fini(&f);
}

static inline void send(const char *id, const char *key)
{
	fixture_send(&f, 0, id, key);
}

static inline void assert_output(size_t n, const char *id, const char *generation)
{
	struct fixture_write *write = fixture_write_to(&f, "out", n);
	char value[64];

	snprintf(value, sizeof(value), "{\"id\":\"%s\"}", id);
	assert_string_equal(write->value, value);
	assert_true(fixture_has_header(write, "weir-generation", generation));
}

#endif
