/*
 * Random histories of a lane, by seed. A failure prints its seed and the whole schedule; WEIR_SIM_SEED=<n> runs one
 * seed alone and WEIR_SIM_SEEDS=<n> so many.
 */
#include "config.h"

#include "tests/run/sim.h"

#include <stdio.h>
#include <stdlib.h>

#define SEEDS 2000
#define ACTIONS 500
#define CALM_TURNS 3000

static struct sim sim;

static void step(void)
{
	bool moved = wr_lane_step(sim.lane);

	if (!moved && !wr_lane_has_left(sim.lane) && wr_lane_deadline_ns(sim.lane) <= sim_time() &&
	    wr_lane_step(sim.lane) == false && wr_lane_deadline_ns(sim.lane) <= sim_time())
		sim_fail("the lane would spin");
}

static void pass_time(void)
{
	static const uint64_t longest_ms[] = {5, 5, 50, 50, 50, 400, 2000};

	wr_clock_fake_advance_ms(
	    &sim.clock, 1 + (int64_t)sim_upto(longest_ms[sim_upto(UNIT_COUNT_OF(longest_ms) - 1)]));
	if (sim_once_in(200))
		wr_clock_fake_advance_ms(&sim.clock, 11000); /* over every deadline */
}

static void let_lane_stop(void)
{
	sim_note("stop");
	wr_lane_stop(sim.lane, sim_time() + 1 + (int64_t)sim_upto(3000) * WR_NS_PER_MS);
	while (!wr_lane_has_left(sim.lane)) {
		step();
		pass_time();
	}
	sim_end_lane();
	sim_start_lane();
}

static void kill_lane(void)
{
	sim_note("kill");
	sim_end_lane();
	sim_start_lane();
}

static void trouble_source(void)
{
	switch (sim_upto(5)) {
	case 0:
		if (sim_is_assigned() && !sim.awaits_release && sim.next_event == WR_SOURCE_NONE) {
			sim.next_event = sim_once_in(3) ? WR_SOURCE_LOST : WR_SOURCE_REVOKING;
			sim_note("%s", sim.next_event == WR_SOURCE_LOST ? "lost" : "revoking");
		}
		return;
	case 1:
		sim.commit_failures = (int64_t)sim_upto(3);
		sim.txn.commits_left_to_fail = (unsigned)sim.commit_failures;
		return;
	case 2:
		if (sim_is_assigned() && !sim.awaits_release && !sim.refreshing &&
		    sim.next_event == WR_SOURCE_NONE) {
			sim.next_event = WR_SOURCE_ASTRAY;
			sim_note("astray");
		}
		return;
	case 3:
		if (sim_once_in(6))
			let_lane_stop();
		return;
	case 4:
		if (sim_once_in(6))
			kill_lane();
		return;
	default:
		if (sim_once_in(4))
			sim_group_is_reset();
		else
			sim_other_member_works();
		return;
	}
}

static void trouble_sink(void)
{
	enum sim_topic topic = (enum sim_topic)sim_upto(SIM_TOPICS - 1);

	switch (sim_upto(5)) {
	case 0:
		sim.holds = !sim.holds;
		sim_note("the sink %s", sim.holds ? "holds its answers" : "answers");
		return;
	case 1:
		sim.room = sim_once_in(2) ? SIZE_MAX : 1 + sim_upto(5);
		return;
	case 2:
	case 3:
		sim_note("topic %d %s", (int)topic, sim.down[topic] ? "comes back" : "goes");
		if (sim.down[topic])
			sim_topic_comes_back(topic);
		else
			sim_topic_goes(topic);
		return;
	case 4:
		sim.dlq_refuses = (enum sim_refusal)sim_upto(SIM_REFUSED_LATE);
		sim_note("dlq refuses: %d", (int)sim.dlq_refuses);
		return;
	default:
		if (!sim_once_in(4))
			return;
		sim_note("the sink breaks");
		sim.broken = sim.rewind_due = true;
		return;
	}
}

static void trouble_store(void)
{
	sim_note("the store %s", sim.store_down ? "comes back" : "goes");
	if (sim.store_down)
		sim.store_down = false;
	else
		sim_store_goes();
}

static void trouble_programs(void)
{
	if (sim_once_in(4))
		sim_ask_hold();
	else
		sim_change_program();
	sim_reap_programs();
}

static void act(void)
{
	uint64_t n = sim_upto(99);

	if (!sim_is_assigned() && sim.next_event == WR_SOURCE_NONE && sim_once_in(4))
		sim.next_event = WR_SOURCE_ASSIGNED;
	if (n < 20)
		sim_send((int)sim_upto(SIM_PARTITIONS - 1));
	else if (n < 45)
		pass_time();
	else if (n < 49)
		trouble_source();
	else if (n < 53)
		trouble_sink();
	else if (n == 53 && sim_once_in(2))
		trouble_programs();
	else if (n < 54 || (sim.store_down && n < 57))
		trouble_store();
	else
		step();
}

static void heal(void)
{
	sim_note("calm");
	sim.calm = true;
	sim.holds = sim.store_down = false;
	wr_lane_hold(sim.lane, false);
	sim.room = SIZE_MAX;
	sim.dlq_refuses = SIM_ACCEPTED;
	for (int i = 0; i < SIM_TOPICS; i++)
		sim_topic_comes_back((enum sim_topic)i);
	/* The lane must get all partitions in the end. */
	if (sim_is_assigned() && !sim.awaits_release)
		sim.next_event = WR_SOURCE_REVOKING;
	else if (sim.next_event == WR_SOURCE_ASSIGNED)
		sim.next_event = WR_SOURCE_NONE;
}

static bool all_committed(void)
{
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		if (sim.partitions[p].committed < sim.partitions[p].count)
			return false;
	}
	return sim.takes == NULL;
}

static void fail_restless(void)
{
	struct wr_buf text = WR_BUF_INIT;

	wr_health_render(sim.health, &text, NULL);
	sim_note("%s", wr_buf_text(&text));
	wr_buf_fini(&text);
	for (int p = 0; p < SIM_PARTITIONS; p++)
		sim_note("partition %d: %d records, %d taken, %d committed", p,
			 (int)sim.partitions[p].count, (int)sim.partitions[p].position,
			 (int)sim.partitions[p].committed);
	sim_fail("not all was committed, or the lane is not ready");
}

static void come_to_rest(void)
{
	for (int turn = 0; !all_committed() || !wr_health_ready(sim.health); turn++) {
		if (turn == CALM_TURNS)
			fail_restless();
		if (!sim_is_assigned() && sim.next_event == WR_SOURCE_NONE)
			sim.next_event = WR_SOURCE_ASSIGNED;
		step();
		if (turn % 3 == 0)
			wr_clock_fake_advance_ms(&sim.clock, 20);
	}
}

static void stop_cleanly(void)
{
	int64_t deadline = sim_time() + 10 * WR_NS_PER_S;

	wr_lane_stop(sim.lane, deadline);
	while (!wr_lane_has_left(sim.lane)) {
		if (sim_time() > deadline)
			sim_fail("the lane does not stop");
		step();
		wr_clock_fake_advance_ms(&sim.clock, 10);
	}
	sim_end_lane();
}

static void live(uint64_t seed)
{
	sim_begin(&sim, seed);
	sim_start_lane();
	for (int i = 0; i < ACTIONS; i++)
		act();
	heal();
	come_to_rest();
	stop_cleanly();
	sim_check_ledger();
	sim_check_order();
	sim_end();
}

static void every_event_sent_ends_in_exactly_one_way(void **state)
{
	const char *one = getenv("WEIR_SIM_SEED"), *many = getenv("WEIR_SIM_SEEDS");
	uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
	uint64_t count = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : SEEDS;

	(void)state;
	for (uint64_t seed = first; seed < first + count; seed++)
		live(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_event_sent_ends_in_exactly_one_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
