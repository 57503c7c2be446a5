/*
 * Events that wait for a retry while the lane goes over to another program: they go on under it, at the stage of the
 * same name, as those do that wait on a retry topic. Of another program they keep nothing but what their records name,
 * and so that one's batch counts as its own.
 */
#include "config.h"

#include "run/lane_private.h"

#include <string.h>

struct wr_batch_program {
	struct wr_program *program;
	struct wr_batch_program *next;
};

/* What the item's former stages left behind is borrowed from the program that ran them. */
static bool keep_program(struct wr_batch *batch, struct wr_program *program)
{
	struct wr_batch_program *kept = batch->moved_to;

	while (kept != NULL && kept->program != program)
		kept = kept->next;
	if (kept != NULL || program == batch->program || program == batch->canary)
		return true;
	kept = wr_arena_alloc(&batch->arena, sizeof(*kept));
	if (kept == NULL)
		return false;
	*kept = (struct wr_batch_program){program, batch->moved_to};
	batch->moved_to = kept;
	program->batches++;
	return true;
}

void wr_lane_let_programs_go(struct wr_batch *batch)
{
	for (; batch->moved_to != NULL; batch->moved_to = batch->moved_to->next)
		batch->moved_to->program->batches--;
}

static bool find_output(const struct wr_program *from, const struct wr_program *to,
			weir_output *output_p)
{
	const char *name = from->conf->outputs[*output_p].name;

	for (size_t i = 0; i < to->conf->output_count; i++) {
		if (strcmp(to->conf->outputs[i].name, name) == 0) {
			*output_p = (weir_output)i;
			return true;
		}
	}
	return false;
}

/* Changes nothing when one is not there. */
static bool find_outputs(const struct wr_program *from, const struct wr_program *to,
			 struct wr_event *ev)
{
	weir_output output = ev->output, found;

	if (!find_output(from, to, &output))
		return false;
	for (const struct wr_emit *emit = ev->emits.first; emit != NULL; emit = emit->next) {
		found = emit->output;
		if (!find_output(from, to, &found))
			return false;
	}
	ev->output = output;
	for (struct wr_emit *emit = ev->emits.first; emit != NULL; emit = emit->next)
		find_output(from, to, &emit->output);
	return true;
}

void wr_lane_move(struct wr_lane *lane, struct wr_item *item)
{
	struct wr_program *from = item->program, *to = lane->program;
	uint32_t stage;

	if (from == to || from == lane->canary) {
		item->stage_left = false; /* the one that it came from is back */
		return;
	}
	item->stage_left = !wr_program_find_stage(
	    to, wr_bytes_of(from->pipeline->stages[item->event.stage].name), &stage);
	if (item->stage_left || !keep_program(item->batch, to))
		return;
	if (!find_outputs(from, to, &item->event)) {
		item->stage_left = true;
		return;
	}
	/* Why it waited may be mended, which one event shows; the attempts of the others are not used up for that. */
	if (item->parked && from->guards[item->event.stage].circuit.open) {
		item->due_mono_ns = wr_lane_now(lane);
		wr_circuit_succeed(&to->guards[stage].circuit, item->due_mono_ns);
	}
	item->program = to;
	item->event.stage = stage;
	item->row = 0;
}

void wr_lane_move_all(struct wr_lane *lane)
{
	for (uint32_t i = 0; i < lane->in_flight; i++) {
		struct wr_batch *batch = wr_lane_batch(lane, i);

		if (batch->state != WR_BATCH_RUNNING || batch->unfinished == 0)
			continue;
		for (uint32_t k = 0; k < batch->count; k++) {
			if (batch->items[k].event.outcome == WR_OUTCOME_PENDING)
				wr_lane_move(lane, &batch->items[k]);
		}
	}
	wr_retry_queue_reorder(&lane->parked);
}
