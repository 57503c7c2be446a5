#include "config.h"

#include "tests/model/steps.h"

#include "tests/model/faults.h"
#include "tests/model/lane.h"
#include "tests/model/parked.h"

/* How each of them is done to the world `w`, as the step `s` says. */
#define DOINGS(X)                                                                        \
	X(RETIRE, step_retire(w, s.lane, s.choice))                                      \
	X(APPEND, step_append(w, s.lane, s.choice, true))                                \
	X(END, step_end(w, s.lane, WR_OK, true))                                         \
	X(SEND_OFFSETS, step_send_offsets(w, s.lane))                                    \
	X(COMMIT, step_commit(w, s.lane, true))                                          \
	X(HAND_OVER, step_hand_over(w, s.lane, s.choice / 3, (enum fate)(s.choice % 3))) \
	X(COMPARE_AND_SET, step_compare_and_set(w, s.lane, s.choice, true))              \
	X(ASK_MARK, step_ask_mark(w, s.lane, s.choice))                                  \
	X(CLAIM, step_claim(w, s.lane, s.choice, true))                                  \
	X(TAKE, step_take(w, s.lane, s.partition))                                       \
	X(PLACE, step_place(w, s.lane, s.partition))                                     \
	X(LOOK_BACK, step_look_back(w, s.lane))                                          \
	X(COMMIT_PLACE, step_commit_place(w, s.lane, s.partition))                       \
	X(FETCH, step_fetch(w, s.lane, s.partition))                                     \
	X(CLOSE, step_close(w, s.lane))                                                  \
	X(BEGIN, step_begin(w, s.lane))                                                  \
	X(ABORT, step_abort(w, s.lane))                                                  \
	X(INIT, step_init(w, s.lane))                                                    \
	X(GO_BACK, step_go_back(w, s.lane))                                              \
	X(MARK, step_mark(w, s.lane, s.partition))                                       \
	X(WRITE_FAILED, step_write_failed(w, s.lane, s.choice))                          \
	X(NOTICE_LOST, step_notice_lost(w, s.lane))                                      \
	X(REFRESH, step_refresh(w, s.lane, s.partition))                                 \
	X(RELEASE, step_release(w, s.lane, s.partition))                                 \
	X(DROP, step_drop(w, s.lane))                                                    \
	X(ASSIGN, fault_assign(w, s.lane, s.partition))                                  \
	X(RESTART, fault_restart(w, s.lane))                                             \
	X(PRODUCE, fault_produce(w, s.partition))                                        \
	X(COMMIT_UNKNOWN, step_commit(w, s.lane, false))                                 \
	X(END_UNKNOWN, step_end(w, s.lane, WR_EUNKNOWN, s.choice != 0))                  \
	X(CLAIM_UNKNOWN, step_claim(w, s.lane, s.choice, false))                         \
	X(CAS_UNKNOWN, step_compare_and_set(w, s.lane, s.choice, false))                 \
	X(APPEND_UNKNOWN, step_append(w, s.lane, s.choice, false))                       \
	X(CRASH, fault_crash(w, s.lane))                                                 \
	X(KICK, fault_kick(w, s.lane))                                                   \
	X(REVOKE, fault_revoke(w, s.lane))                                               \
	X(EXPIRE, fault_expire(w, s.lane))                                               \
	X(LET_THROUGH, step_let_through(w, s.lane, s.choice))                            \
	X(RESET, fault_reset(w, s.partition, s.choice))                                  \
	X(FORGET, fault_forget(w, s.partition))                                          \
	X(RECREATE, fault_recreate(w, s.partition))                                      \
	X(RETAIN, fault_retain(w, s.partition))                                          \
	X(REPLICATE, fault_replicate(w))                                                 \
	X(FAIL_OVER, fault_fail_over(w))                                                 \
	X(LOSE_MARK, fault_lose_mark(w, s.partition))                                    \
	X(LAPSE, fault_lapse(w, s.choice))                                               \
	X(REPLAY, fault_replay(w, s.choice))

#define X(name, how)                                          \
	static bool do_##name(struct world *w, struct step s) \
	{                                                     \
		(void)s;                                      \
		return how;                                   \
	}
DOINGS(X)
#undef X

static const struct {
	bool partition, fault;
	uint8_t choices;
	const char *text;
	bool (*done)(struct world *w, struct step step); /* whether it was possible */
} table[] = {
#define X(name, partition, choices, fault, text) \
	[STEP_##name] = {partition, fault, choices, text, do_##name},
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

bool step_do(struct world *w, struct step step)
{
	bool of_the_dead = step.kind == STEP_EXPIRE && !w->lanes[step.lane].alive;

	if (!is_allowed(w, step) || !table[step.kind].done(w, step))
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
