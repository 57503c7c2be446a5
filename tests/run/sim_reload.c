#include "config.h"

#include "tests/run/sim.h"

#include <stdlib.h>

struct sim_change {
	struct wr_conf_pipeline conf;
	struct wr_pipeline pipeline;
	struct wr_program *program;
	struct sim_change *next;
};

static struct wr_program *make_program(void)
{
	struct sim_change *change = calloc(1, sizeof(*change));
	const struct wr_program_options options = {&change->pipeline, 0, 1, sim_now->metrics};
	bool tries = sim_once_in(3);
	struct wr_err err;

	change->conf = sim_now->conf;
	change->conf.batch.max_events = 1 + (int)sim_upto(6);
	change->conf.batch.in_flight = 1 + (int)sim_upto(4);
	if (tries)
		change->conf.batch = wr_lane_program(sim_now->lane)->conf->batch;
	change->pipeline = sim_pipeline;
	change->pipeline.conf = &change->conf;
	change->pipeline.generation++;
	if (wr_program_create(&options, &change->program, &err) != WR_OK)
		sim_fail("no program: %s", err.text);
	if (tries)
		atomic_store(&change->program->share, (uint32_t)sim_upto(WR_CANARY_ALL));
	change->next = sim_now->changes;
	sim_now->changes = change;
	sim_note("a program with batches of %d and a window of %d for %u millionths",
		 change->conf.batch.max_events, change->conf.batch.in_flight,
		 atomic_load(&change->program->share));
	return change->program;
}

/* One that the lane has had and that is not the present one; NULL: none. */
static struct wr_program *former_program(void)
{
	for (struct sim_change *c = sim_now->changes; c != NULL; c = c->next) {
		enum wr_program_state state = wr_program_state(c->program);

		if (state == WR_PROGRAM_RETIRING || state == WR_PROGRAM_LEFT ||
		    state == WR_PROGRAM_TRIED) {
			atomic_store(&c->program->share, WR_CANARY_ALL);
			return c->program;
		}
	}
	return NULL;
}

static void destroy_change(struct sim_change **link_p)
{
	struct sim_change *change = *link_p;

	*link_p = change->next;
	free(change);
}

static void take_back(struct wr_program *program)
{
	struct sim_change **link_p = &sim_now->changes;

	while ((*link_p)->program != program)
		link_p = &(*link_p)->next;
	if (wr_program_state(program) != WR_PROGRAM_NEW)
		return; /* it was to come back: it is where it was */
	wr_program_destroy(program);
	destroy_change(link_p);
}

void sim_change_program(void)
{
	struct wr_program *program = sim_once_in(3) ? former_program() : NULL, *unseen;

	if (program != NULL)
		sim_note("a former program comes back");
	else
		program = make_program();
	unseen = wr_lane_adopt(sim_now->lane, program);
	if (unseen != NULL && unseen != program)
		take_back(unseen);
}

void sim_ask_hold(void)
{
	bool hold = sim_once_in(2);

	sim_note("the lane shall %s", hold ? "hold" : "go on");
	wr_lane_hold(sim_now->lane, hold);
}

static void reap(bool all)
{
	struct wr_program *unseen = wr_lane_adopt(sim_now->lane, NULL);
	struct sim_change **link_p = &sim_now->changes;

	while (*link_p != NULL) {
		struct wr_program *program = (*link_p)->program;
		enum wr_program_state state = wr_program_state(program);
		bool ours = state == WR_PROGRAM_LEFT || state == WR_PROGRAM_REFUSED ||
			    (program == unseen && state == WR_PROGRAM_NEW);

		if (!ours || (!all && (program == unseen || sim_once_in(2)))) {
			link_p = &(*link_p)->next;
			continue;
		}
		wr_program_destroy(program);
		destroy_change(link_p);
	}
	if (!all && unseen != NULL)
		wr_lane_adopt(sim_now->lane, unseen);
}

/* A program that has left may be wanted again, so it goes only now and then. */
void sim_reap_programs(void)
{
	reap(false);
}

void sim_take_back_programs(void)
{
	reap(true);
}

void sim_forget_programs(void)
{
	while (sim_now->changes != NULL)
		destroy_change(&sim_now->changes);
}
