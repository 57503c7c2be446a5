/* One reload, from the request to the answer. */
#include "config.h"

#include "run/reload_private.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "run/metric_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_NS (1 * WR_NS_PER_S)  /* the same when nobody waits for it */
#define MOMENT_NS (60 * WR_NS_PER_S) /* for people, to see that a canary has ended by itself */

struct attempt {
	struct wr_reload *reload;
	const struct wr_reload_job *job;
	struct wr_reload_answer answer;
	struct wr_edition *edition; /* NULL once it runs, or is gone */
	struct wr_swap *swap;
	struct wr_reload_canary *canary; /* what is tried first; NULL: nothing, or it has begun */
	enum wr_reload_phase phase;
	int64_t phase_began_ns;
};

static int64_t now(const struct wr_reload *reload)
{
	return wr_clock_mono_ns(reload->o.clock);
}

static void end_phase(struct attempt *a)
{
	a->answer.phase_us[a->phase] = (now(a->reload) - a->phase_began_ns) / 1000;
}

static void begin_phase(struct attempt *a, enum wr_reload_phase phase)
{
	if (phase != WR_RELOAD_READ)
		end_phase(a);
	a->phase = phase;
	a->phase_began_ns = now(a->reload);
	atomic_store(&a->reload->phase, phase);
}

static enum wr_code add_whole(struct attempt *a, enum wr_code code, const char *text)
{
	if (code != WR_OK)
		wr_problems_add(&a->answer.problems, a->reload->o.file, (struct wr_conf_mark){0, 0},
				NULL, "%s", text);
	return code;
}

/* What is said of a failure: by problems that were found, or this one. */
static enum wr_code explain(struct attempt *a, enum wr_code code)
{
	if (code != WR_OK && a->answer.problems.count == 0)
		add_whole(a, code, wr_code_text(code));
	return code;
}

/* ---- before the swap ---- */

static enum wr_code read_text(struct attempt *a)
{
	const struct wr_edition *previous = a->reload->previous;

	if (!a->job->request.rollback)
		return wr_conf_read(a->reload->o.file, &a->edition->text, &a->answer.problems);
	return wr_buf_append(&a->edition->text, previous->text.data, previous->text.size);
}

static enum wr_code take_plugins(struct attempt *a)
{
	struct wr_reload *reload = a->reload;
	struct wr_err err;

	if (!a->job->request.rollback)
		return wr_edition_take(a->edition, reload->store, &reload->o, &a->answer.problems);
	return add_whole(a, wr_plugin_set_copy(reload->previous->set, &a->edition->set, &err),
			 "no memory");
}

struct comparison {
	struct wr_reload_answer *answer;
	bool differs;
};

static void note_difference(void *arg, const char *what)
{
	struct comparison *c = arg;

	c->differs = true;
	wr_reload_add_change(c->answer, "%s", what);
}

/* Whether files that only main knows differ. */
static bool differs_beside(struct attempt *a)
{
	const struct wr_reload_hooks *hooks = &a->reload->o.hooks;
	struct comparison c = {&a->answer, false};

	if (hooks->compare != NULL)
		hooks->compare(hooks->arg, note_difference, &c);
	return c.differs;
}

/* What a pipeline has parked is nobody's once it is gone. */
static enum wr_code check_parked(struct attempt *a)
{
	const struct wr_reload_hooks *hooks = &a->reload->o.hooks;
	const struct wr_conf *before = a->reload->current->conf, *after = a->edition->conf;
	struct wr_err err = {.text = ""};

	if (hooks->parked == NULL || a->job->request.force)
		return WR_OK;
	for (size_t i = 0; i < before->pipeline_count; i++) {
		const struct wr_conf_pipeline *pipeline = &before->pipelines[i];

		if (wr_conf_find_pipeline(after, pipeline->name) == NULL &&
		    hooks->parked(hooks->arg, pipeline, &err) != WR_OK)
			wr_problems_add(&a->answer.problems, a->reload->o.file,
					wr_conf_mark(after, "/pipelines"), "pipelines",
					"pipeline %s was removed: %s; the reload can be forced",
					pipeline->name, err.text);
	}
	return a->answer.problems.count > 0 ? WR_EINVAL : WR_OK;
}

static enum wr_code validate(struct attempt *a, bool *differs_r)
{
	enum wr_code rc = wr_edition_parse(a->edition, &a->reload->o, &a->answer.problems);

	*differs_r = false;
	if (rc == WR_OK)
		rc = take_plugins(a);
	if (rc == WR_OK) {
		*differs_r = wr_reload_plan(a->reload->current, a->edition->conf, a->edition->set,
					    &a->answer);
		*differs_r = differs_beside(a) || *differs_r;
	}
	if (rc == WR_OK)
		rc = wr_reload_plan_canary(a->reload->current, a->edition, &a->job->request,
					   &a->answer, &a->canary);
	if (rc == WR_OK && a->answer.problems.count > 0)
		rc = WR_EINVAL;
	return rc == WR_OK ? check_parked(a) : rc;
}

static enum wr_code load(struct attempt *a)
{
	struct wr_reload *reload = a->reload;
	struct wr_edition *edition = a->edition;
	struct wr_err err = {.text = ""};
	bool rehearsal = a->job->request.dry_run;
	enum wr_code rc;

	edition->number = reload->last_number + 1;
	rc = wr_generation_create_from(edition->conf, edition->number, edition->set,
				       &edition->generation, &a->answer.problems);
	if (rc == WR_OK)
		rc = wr_reload_check_canary(a->canary, reload->current, edition, &a->answer);
	if (rc == WR_OK && reload->o.hooks.prepare != NULL)
		rc = add_whole(
		    a, reload->o.hooks.prepare(reload->o.hooks.arg, edition->conf, rehearsal, &err),
		    err.text);
	if (rc == WR_OK)
		rc = add_whole(
		    a,
		    wr_swap_create(reload->engine, edition->generation, rehearsal, &a->swap, &err),
		    err.text);
	if (rc == WR_OK)
		rc =
		    wr_reload_compare(reload->current->generation, edition->generation, &a->answer);
	return rc;
}

/* ---- the swap ---- */

static struct wr_drain *add_drain(struct attempt *a)
{
	struct wr_drain *drain = calloc(1, sizeof(*drain));

	if (drain == NULL)
		return NULL;
	drain->swap = a->swap;
	drain->next = a->reload->drains;
	a->reload->drains = drain;
	a->swap = NULL;
	return drain;
}

static void tell_states(struct attempt *a, const struct wr_swap *swapped)
{
	for (size_t i = 0; i < a->answer.stage_count; i++) {
		struct wr_reload_stage *told = &a->answer.stages[i];
		const struct wr_pipeline *pipeline =
		    wr_generation_find(a->reload->current->generation, told->pipeline);
		const struct wr_state *state = NULL;

		for (uint32_t s = 0; pipeline != NULL && s < pipeline->stage_count; s++) {
			if (strcmp(pipeline->stages[s].name, told->stage) == 0)
				state =
				    wr_swap_state_of(swapped, pipeline->conf, &pipeline->stages[s]);
		}
		if (state != NULL &&
		    asprintf(&told->state, "carried over: %zu instance%s, %zu bytes", state->count,
			     state->count == 1 ? "" : "s", wr_state_bytes(state)) < 0)
			told->state = NULL;
	}
}

void wr_reload_make_current(struct wr_reload *reload, struct wr_edition *edition)
{
	wr_edition_let_go(reload->previous, 0, 1);
	reload->previous = reload->current;
	reload->current = edition;
	reload->last_number = edition->number;
	reload->ended_canary = 0;
	edition->keepers++;
	wr_reload_note_agreement(reload);
	if (reload->o.hooks.apply != NULL)
		reload->o.hooks.apply(reload->o.hooks.arg, edition->generation);
}

static enum wr_code swap(struct attempt *a)
{
	struct wr_reload *reload = a->reload;
	struct wr_drain *drain = add_drain(a);
	int64_t began = now(reload);
	struct wr_err err;
	enum wr_code rc;

	if (drain == NULL)
		return WR_ENOMEM;
	rc = wr_swap_run(drain->swap, began + WR_RELOAD_SWAP_NS, began + WR_RELOAD_DRAIN_NS, &err);
	if (rc != WR_OK) {
		drain->edition = a->edition; /* lanes may still have to let go of it */
		a->edition = NULL;
		return add_whole(a, rc, err.text);
	}
	drain->edition = reload->current; /* it was its runner; now the drain is */
	wr_reload_make_current(reload, a->edition);
	a->edition = NULL;
	tell_states(a, drain->swap);
	return WR_OK;
}

/* The lanes of the canary have the edition until they have drained, however it ends. */
static enum wr_code try(struct attempt *a)
{
	struct wr_reload *reload = a->reload;
	struct wr_drain *drain = add_drain(a);
	struct wr_err err;
	enum wr_code rc;

	if (drain == NULL)
		return WR_ENOMEM;
	drain->edition = a->edition;
	a->edition = NULL;
	rc =
	    wr_reload_begin_canary(reload, a->canary, drain, now(reload) + WR_RELOAD_SWAP_NS, &err);
	if (rc != WR_OK)
		return add_whole(a, rc, err.text);
	a->canary = NULL;
	return WR_OK;
}

/* ---- draining ---- */

/* What the lanes of a removed pipeline had in hand when they were to go may have been parked since. */
static void tell_parked(const struct wr_reload *reload, const struct wr_edition *gone)
{
	const struct wr_reload_hooks *hooks = &reload->o.hooks;
	struct wr_err err;

	if (hooks->parked == NULL || gone == NULL || atomic_load(&reload->stopping))
		return;
	for (size_t i = 0; i < gone->conf->pipeline_count; i++) {
		const struct wr_conf_pipeline *pipeline = &gone->conf->pipelines[i];

		if (wr_conf_find_pipeline(reload->current->conf, pipeline->name) == NULL &&
		    hooks->parked(hooks->arg, pipeline, &err) == WR_EREFUSED)
			WR_LOG(WR_LOG_WARN,
			       "a pipeline was removed, and what it has parked stays until one of "
			       "its name comes back",
			       WR_STR("pipeline", pipeline->name), WR_STR("reason", err.text));
	}
}

bool wr_reload_reap(struct wr_reload *reload)
{
	struct wr_drain **link_p = &reload->drains, *drain;

	while ((drain = *link_p) != NULL) {
		if (!wr_swap_is_drained(drain->swap)) {
			link_p = &drain->next;
			continue;
		}
		*link_p = drain->next;
		wr_swap_destroy(drain->swap);
		tell_parked(reload, drain->edition);
		wr_edition_let_go(drain->edition, 1, 0);
		free(drain);
	}
	return reload->drains == NULL;
}

static void drain(struct attempt *a)
{
	struct wr_reload *reload = a->reload;
	int64_t patience = a->job->request.wait_drained ? WR_RELOAD_DRAIN_NS : ANSWER_NS;
	struct wr_buf waits = WR_BUF_INIT;

	a->answer.drained = wr_swap_drain(reload->drains->swap, now(reload) + patience);
	if (a->answer.drained) {
		end_phase(a);
	} else if (wr_swap_describe(reload->drains->swap, &waits) == WR_OK &&
		   wr_buf_text(&waits) != NULL) {
		a->answer.waits = strdup(wr_buf_text(&waits));
	}
	wr_buf_fini(&waits);
	wr_reload_reap(reload);
}

/* ---- all of it ---- */

static enum wr_code prepare(struct attempt *a, bool *differs_r)
{
	enum wr_code rc;

	*differs_r = false;
	begin_phase(a, WR_RELOAD_READ);
	wr_reload_forget_changes(a->reload, &a->job->request);
	a->reload->read_wall_ms = wr_clock_wall_ms(a->reload->o.clock);
	rc = read_text(a);
	if (rc != WR_OK)
		return rc;
	WR_FAILPOINT(reload_read);
	begin_phase(a, WR_RELOAD_VALIDATE);
	rc = validate(a, differs_r);
	if (rc != WR_OK || !*differs_r)
		return rc;
	WR_FAILPOINT(reload_checked);
	begin_phase(a, WR_RELOAD_PROBE);
	rc = wr_reload_probe(a->reload, a->edition, &a->answer);
	if (rc != WR_OK)
		return rc;
	WR_FAILPOINT(reload_probed);
	begin_phase(a, WR_RELOAD_LOAD);
	rc = load(a);
	if (rc == WR_OK)
		rc = check_parked(a); /* once more: the probe and the loading took their time */
	if (rc == WR_OK && atomic_load(&a->reload->stopping))
		rc = add_whole(a, WR_ECLOSED, "the engine is stopping");
	return rc;
}

/* Nothing was swapped. */
static void conclude(struct attempt *a, enum wr_code rc, bool differs)
{
	end_phase(a);
	if (rc != WR_OK)
		a->answer.result = WR_RELOAD_REJECTED;
	else if (!differs)
		a->answer.result = WR_RELOAD_UNCHANGED;
	else
		a->answer.result = a->canary != NULL ? WR_RELOAD_CANARY : WR_RELOAD_APPLIED;
	if (a->answer.result == WR_RELOAD_UNCHANGED && !a->job->request.rollback)
		wr_reload_note_agreement(a->reload);
}

static void apply(struct attempt *a)
{
	WR_FAILPOINT(reload_swapped);
	a->answer.result = WR_RELOAD_APPLIED;
	a->answer.generation_after = a->reload->current->number;
	wr_reload_note_generation(a->reload, a->answer.who, wr_reload_summary(&a->answer));
	wr_reload_keep(a->reload);
	WR_FAILPOINT(reload_kept);
	wr_reload_follow(a->reload);
	begin_phase(a, WR_RELOAD_DRAIN);
	drain(a);
}

static void begin_canary(struct attempt *a)
{
	end_phase(a);
	a->answer.result = WR_RELOAD_CANARY;
	a->answer.generation_after = a->reload->last_number;
	wr_reload_note_canary(a->reload, a->answer.who, wr_reload_summary(&a->answer));
	WR_FAILPOINT(reload_canary_begun);
}

/* Whoever asks for a rollback may not know yet that the canary has ended by itself, and does not mean what runs then. Whoever
 * ended it knows, and goes back one more. */
static bool is_too_late(const struct attempt *a)
{
	const struct wr_reload *reload = a->reload;

	return a->job->request.rollback && reload->canary == NULL && reload->ended_canary != 0 &&
	       a->job->request.from != reload->current->number &&
	       (a->job->canary == reload->ended_canary ||
		(reload->ended_by_itself && now(reload) - reload->ended_mono_ns < MOMENT_NS));
}

/* True when the job was to end a canary, or has nothing left to do because all keys went back already. */
static bool end_canary(struct attempt *a)
{
	struct wr_reload *reload = a->reload;

	if (is_too_late(a)) {
		a->answer.result = WR_RELOAD_UNCHANGED;
		wr_reload_add_change(&a->answer,
				     "the canary, generation %" PRIu64
				     ": had ended already; to go back from generation %" PRIu64
				     ", name it (from)",
				     reload->ended_canary, reload->current->number);
		return true;
	}
	if (a->job->canary == 0 || reload->canary == NULL)
		return false;
	a->answer.result = WR_RELOAD_APPLIED;
	wr_reload_add_change(&a->answer, "the canary, generation %" PRIu64 ": ended",
			     a->job->canary);
	if (!a->job->request.dry_run)
		wr_reload_end_canary(reload, a->answer.who);
	return true;
}

static void attempt(struct attempt *a)
{
	bool differs, tries;
	enum wr_code rc;

	a->answer.generation_before = a->answer.generation_after = a->reload->current->number;
	a->answer.drained = true;
	if (end_canary(a))
		return;
	if (a->job->request.rollback)
		wr_reload_add_change(&a->answer, "back to generation %" PRIu64,
				     a->reload->previous->number);
	rc = explain(a, prepare(a, &differs));
	if (rc != WR_OK || !differs || a->job->request.dry_run) {
		conclude(a, rc, differs);
		return;
	}
	WR_FAILPOINT(reload_loaded);
	begin_phase(a, WR_RELOAD_SWAP);
	tries = a->canary != NULL;
	rc = explain(a, tries ? try(a) : swap(a));
	if (rc != WR_OK) {
		end_phase(a);
		a->answer.result = WR_RELOAD_ROLLED_BACK;
	} else if (tries) {
		begin_canary(a);
	} else {
		apply(a);
	}
}

static void log_answer(const struct wr_reload_answer *answer)
{
	char *what = wr_reload_summary(answer);

	if (answer->problems.count > 0)
		WR_LOG(WR_LOG_ERROR, "reload", WR_STR("who", answer->who),
		       WR_STR("result", wr_reload_result_name(answer->result)),
		       WR_INT("generation", answer->generation_after),
		       WR_BOOL("dry_run", answer->dry_run),
		       WR_INT("errors", answer->problems.count),
		       WR_INT("line", answer->problems.items[0].line),
		       WR_STR("path", answer->problems.items[0].path),
		       WR_STR("reason", answer->problems.items[0].text));
	else
		WR_LOG(WR_LOG_INFO, "reload", WR_STR("who", answer->who),
		       WR_STR("result", wr_reload_result_name(answer->result)),
		       WR_INT("generation_before", answer->generation_before),
		       WR_INT("generation", answer->generation_after),
		       WR_BOOL("dry_run", answer->dry_run), WR_BOOL("drained", answer->drained),
		       WR_STR("what", what));
	free(what);
}

static void count(struct wr_reload *reload, const struct wr_reload_answer *answer)
{
	const struct wr_metric_label label = {"result", wr_reload_result_name(answer->result)};
	struct wr_metric_cell *cell;

	if (answer->dry_run)
		return;
	cell = wr_metrics_cell(reload->metrics, &wr_family_reloads, &label, 1);
	wr_metric_add(cell, 1);
	wr_metrics_retire_cell(reload->metrics, cell);
}

void wr_reload_perform(struct wr_reload *reload, const struct wr_reload_job *job)
{
	struct attempt a = {.reload = reload, .job = job, .edition = wr_edition_new()};

	if (wr_reload_answer_init(&a.answer, job, reload->o.clock) == WR_OK && a.edition != NULL)
		attempt(&a);
	else
		add_whole(&a, WR_ENOMEM, wr_code_text(WR_ENOMEM));
	log_answer(&a.answer);
	count(reload, &a.answer);
	wr_swap_destroy(a.swap);
	wr_reload_canary_destroy(a.canary, reload->metrics);
	wr_edition_let_go(a.edition, 1, 0);
	/* Whoever has the answer may ask again at once. */
	wr_reload_finish_job(reload);
	if (job->done != NULL)
		job->done(job->done_arg, &a.answer);
	wr_reload_answer_fini(&a.answer);
}
