#include "config.h"

#include "tests/model/steps.h"

#include "tests/model/faults.h"
#include "tests/model/lane.h"
#include "tests/model/parked.h"

static const struct {
	bool partition, fault;
	uint8_t choices;
	const char *text;
} table[] = {
#define X(name, partition, choices, fault, text) [STEP_##name] = {partition, fault, choices, text},
    STEPS(X)
#undef X
};

_Static_assert(STEP_COUNT <= 64, "the kinds of a scenario are bits");

static bool is_about_a_lane(unsigned kind)
{
	return kind != STEP_PRODUCE && !(kind >= STEP_RESET && kind <= STEP_REPLAY);
}

static bool is_allowed(const struct world *w, struct step step)
{
	if (!table[step.kind].fault)
		return true;
	/* The broker does not wait for ever for a lane that is gone. */
	if (step.kind == STEP_EXPIRE && !w->lanes[step.lane].alive)
		return true;
	return w->faults > 0 && (scenario->kinds >> step.kind & 1) != 0;
}

static bool do_lane_step(struct world *w, struct step step)
{
	unsigned l = step.lane, p = step.partition, i = step.choice;

	switch ((enum step_kind)step.kind) {
	case STEP_RETIRE:
		return step_retire(w, l, i);
	case STEP_APPEND:
		return step_append(w, l, i, true);
	case STEP_END:
		return step_end(w, l, WR_OK, true);
	case STEP_SEND_OFFSETS:
		return step_send_offsets(w, l);
	case STEP_COMMIT:
		return step_commit(w, l, true);
	case STEP_HAND_OVER:
		return step_hand_over(w, l, i / 3, (enum fate)(i % 3));
	case STEP_COMPARE_AND_SET:
		return step_compare_and_set(w, l, i, true);
	case STEP_ASK_MARK:
		return step_ask_mark(w, l, i);
	case STEP_CLAIM:
		return step_claim(w, l, i, true);
	case STEP_TAKE:
		return step_take(w, l, p);
	case STEP_PLACE:
		return step_place(w, l, p);
	case STEP_LOOK_BACK:
		return step_look_back(w, l);
	case STEP_COMMIT_PLACE:
		return step_commit_place(w, l, p);
	case STEP_FETCH:
		return step_fetch(w, l, p);
	case STEP_CLOSE:
		return step_close(w, l);
	case STEP_BEGIN:
		return step_begin(w, l);
	case STEP_ABORT:
		return step_abort(w, l);
	case STEP_INIT:
		return step_init(w, l);
	case STEP_GO_BACK:
		return step_go_back(w, l);
	case STEP_MARK:
		return step_mark(w, l, p);
	case STEP_WRITE_FAILED:
		return step_write_failed(w, l, i);
	case STEP_NOTICE_LOST:
		return step_notice_lost(w, l);
	case STEP_REFRESH:
		return step_refresh(w, l, p);
	case STEP_RELEASE:
		return step_release(w, l, p);
	case STEP_DROP:
		return step_drop(w, l);
	case STEP_COMMIT_UNKNOWN:
		return step_commit(w, l, false);
	case STEP_END_UNKNOWN:
		return step_end(w, l, WR_EUNKNOWN, i != 0);
	case STEP_CLAIM_UNKNOWN:
		return step_claim(w, l, i, false);
	case STEP_CAS_UNKNOWN:
		return step_compare_and_set(w, l, i, false);
	case STEP_APPEND_UNKNOWN:
		return step_append(w, l, i, false);
	case STEP_ASSIGN:
		return fault_assign(w, l, p);
	case STEP_RESTART:
		return fault_restart(w, l);
	case STEP_PRODUCE:
		return fault_produce(w, p);
	case STEP_CRASH:
		return fault_crash(w, l);
	case STEP_KICK:
		return fault_kick(w, l);
	case STEP_REVOKE:
		return fault_revoke(w, l);
	case STEP_EXPIRE:
		return fault_expire(w, l);
	case STEP_RESET:
		return fault_reset(w, p, i);
	case STEP_FORGET:
		return fault_forget(w, p);
	case STEP_RECREATE:
		return fault_recreate(w, p);
	case STEP_RETAIN:
		return fault_retain(w, p);
	case STEP_REPLICATE:
		return fault_replicate(w);
	case STEP_FAIL_OVER:
		return fault_fail_over(w);
	case STEP_LOSE_MARK:
		return fault_lose_mark(w, p);
	case STEP_LET_THROUGH:
		return step_let_through(w, l, i);
	case STEP_LAPSE:
		return fault_lapse(w, i);
	case STEP_REPLAY:
		return fault_replay(w, i);
	case STEP_COUNT:
		break;
	}
	return false;
}

bool step_do(struct world *w, struct step step)
{
	bool of_the_dead = step.kind == STEP_EXPIRE && !w->lanes[step.lane].alive;

	if (!is_allowed(w, step) || !do_lane_step(w, step))
		return false;
	if (table[step.kind].fault && !of_the_dead)
		w->faults--;
	return true;
}

bool step_is_fault(struct step step)
{
	return table[step.kind].fault;
}

struct step step_next(struct step step)
{
	if (step.choice + 1 < table[step.kind].choices) {
		step.choice++;
		return step;
	}
	step.choice = 0;
	if (table[step.kind].partition && step.partition + 1 < PARTITIONS) {
		step.partition++;
		return step;
	}
	step.partition = 0;
	if (is_about_a_lane(step.kind) && step.lane + 1 < scenario->lanes) {
		step.lane++;
		return step;
	}
	return (struct step){.kind = (uint8_t)(step.kind + 1)};
}

void step_print(FILE *out, struct step step)
{
	static const char *const fates[] = {[FATE_DONE] = "processed or skipped",
					    [FATE_DEAD] = "a dead letter",
					    [FATE_RETRIED] = "to be tried again"};

	if (is_about_a_lane(step.kind))
		fprintf(out, "lane %c ", 'A' + step.lane);
	fputs(table[step.kind].text, out);
	if (table[step.kind].partition)
		fprintf(out, " (partition %u)", step.partition);
	if (step.kind == STEP_HAND_OVER)
		fprintf(out, ": batch %d, %s", step.choice / 3, fates[step.choice % 3]);
	else if (step.kind == STEP_END_UNKNOWN)
		fputs(step.choice != 0 ? " (it was committed)" : " (it was not)", out);
	else if (step.kind == STEP_RESET)
		fprintf(out, ": to %d", step.choice);
	else if (table[step.kind].choices > 0)
		fprintf(out, ": number %d", step.choice);
}
