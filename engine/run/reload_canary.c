/*
 * Canaries: a generation that runs a share of the keys first, and takes them all or none by what it does. What may be
 * tried is decided before anything is touched; while it runs the reload thread looks at it a few times a second.
 */
#include "config.h"

#include "run/reload_private.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "conf/diff.h"
#include "core/canary.h"
#include "run/metric_table.h"
#include "run/tried.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of one pipeline. */
struct trial {
	const char *pipeline; /* the newer edition's */
	struct wr_canary_rules rules;
	uint32_t share;
	int64_t broken_since_ns; /* 0: the canary alone does not fail wholesale */
	struct wr_lane_trial now;
	struct wr_metric_cell *events[2], *errors[2]; /* stable, canary */
	struct wr_canary_counts told[2];
};

struct wr_reload_canary {
	struct wr_drain *drain; /* in the list of those that drain, from the begin on */
	struct wr_edition *edition;
	int64_t began_ns;
	struct trial *trials;
	size_t count;
};

/* ---- what may be tried ---- */

struct plan {
	struct wr_reload_canary *canary; /* NULL: changed pipelines are looked for */
	const struct wr_edition *before, *after;
	bool *changed; /* by pipeline of the newer edition */
	struct wr_reload_answer *answer;
};

static void note_changed(void *arg, const struct wr_conf_difference *difference)
{
	struct plan *plan = arg;
	const struct wr_conf *conf = plan->after->conf;
	const struct wr_conf_pipeline *pipeline = wr_conf_find_pipeline(conf, difference->pipeline);

	if (pipeline != NULL && !wr_reload_is_canary_key(difference->path))
		plan->changed[pipeline - conf->pipelines] = true;
}

static void find_changed(struct plan *plan)
{
	const struct wr_conf *conf = plan->after->conf;

	wr_conf_diff(plan->before->conf, conf, note_changed, plan);
	for (size_t i = 0; i < conf->pipeline_count; i++) {
		const struct wr_conf_pipeline *there =
		    wr_conf_find_pipeline(plan->before->conf, conf->pipelines[i].name);

		if (there != NULL && !wr_reload_same_stages(there, &conf->pipelines[i],
							    plan->before->set, plan->after->set))
			plan->changed[i] = true;
	}
}

/* Keys of a pipeline that hold for one event at a time, and not for a batch or a lane. */
static bool is_per_event(const char *key)
{
	static const char *const keys[] = {"retry", "outputs", "canary", "dlq.on_circuit"};

	for (size_t i = 0; i < WR_COUNT_OF(keys); i++) {
		size_t size = strlen(keys[i]);

		if (strncmp(key, keys[i], size) == 0 && (key[size] == '\0' || key[size] == '.'))
			return true;
	}
	return false;
}

/* NULL: that pipeline is not tried. */
static const struct trial *find_trial(const struct wr_reload_canary *canary, const char *pipeline)
{
	for (size_t i = 0; i < canary->count; i++) {
		if (strcmp(canary->trials[i].pipeline, pipeline) == 0)
			return &canary->trials[i];
	}
	return NULL;
}

#define WITHOUT "; without a canary (`weir reload --canary off`) it can change"

static bool has_key_tier(const struct wr_conf_pipeline *pipeline, int64_t delay_ms)
{
	for (size_t i = 0; i < pipeline->stage_count; i++) {
		const struct wr_conf_retry *retry = &pipeline->stages[i].retry;

		for (size_t j = 0; retry->mode == WR_RETRY_KEY && j < retry->tier_count; j++) {
			if (retry->tiers_ms[j] == delay_ms)
				return true;
		}
	}
	return false;
}

/* Whether the order of keys is kept over each delay of `a` by `b` as well. */
static bool keeps_order_too(const struct wr_conf_pipeline *a, const struct wr_conf_pipeline *b)
{
	for (size_t i = 0; i < a->stage_count; i++) {
		const struct wr_conf_retry *retry = &a->stages[i].retry;

		for (size_t j = 0; retry->mode == WR_RETRY_KEY && j < retry->tier_count; j++) {
			if (!has_key_tier(b, retry->tiers_ms[j]))
				return false;
		}
	}
	return true;
}

/* Which keys have events in retry topics is the lane's to know, whatever program an event is of. */
static void refuse_orders(struct plan *plan)
{
	for (size_t i = 0; i < plan->canary->count; i++) {
		const char *name = plan->canary->trials[i].pipeline;
		const struct wr_conf_pipeline *now =
						  wr_conf_find_pipeline(plan->before->conf, name),
					      *next =
						  wr_conf_find_pipeline(plan->after->conf, name);

		if (now == NULL || next == NULL ||
		    (keeps_order_too(now, next) && keeps_order_too(next, now)))
			continue;
		wr_problems_add(&plan->answer->problems, plan->after->conf->file, next->mark, NULL,
				"pipeline %s: over which delays retries keep the order of keys "
				"(retry.mode: key) was changed, which can't be tried on a share of "
				"the keys" WITHOUT,
				name);
	}
}

static void refuse_change(void *arg, const struct wr_conf_difference *difference)
{
	struct plan *plan = arg;
	const char *key = strchr(difference->path, '.');
	bool whole = difference->kind != WR_CONF_CHANGED;

	if (difference->restart || difference->pipeline == NULL)
		return; /* refused already, or taken over with the last of the keys */
	if (!whole && key != NULL && strcmp(key + 1, "lanes") != 0 &&
	    (is_per_event(key + 1) || find_trial(plan->canary, difference->pipeline) == NULL))
		return;
	wr_problems_add(&plan->answer->problems, plan->after->conf->file, difference->mark,
			difference->path, "%s can't be tried on a share of the keys" WITHOUT,
			whole ? "that a pipeline is added or removed"
			      : "was changed, and is not decided for each event by itself: it");
}

static void add_trial(struct wr_reload_canary *canary, const struct wr_conf_pipeline *pipeline,
		      uint32_t share)
{
	canary->trials[canary->count++] = (struct trial){
	    .pipeline = pipeline->name,
	    .rules = {pipeline->canary.for_ms, pipeline->canary.max_error_ratio_increase,
		      (uint64_t)pipeline->canary.min_events},
	    .share = share != 0 ? share : (uint32_t)pipeline->canary.share,
	};
}

/* Without memory there are none. */
static struct wr_reload_canary *choose_trials(const struct plan *plan,
					      const struct wr_reload_request *request)
{
	const struct wr_conf *conf = plan->after->conf;
	struct wr_reload_canary *canary = calloc(1, sizeof(*canary));

	if (canary != NULL)
		canary->trials = calloc(conf->pipeline_count + 1, sizeof(*canary->trials));
	if (canary == NULL || canary->trials == NULL) {
		free(canary);
		return NULL;
	}
	for (size_t i = 0; i < conf->pipeline_count; i++) {
		const struct wr_conf_pipeline *pipeline = &conf->pipelines[i];

		if (plan->changed[i] &&
		    (request->canary_share != 0 || pipeline->canary.configured) &&
		    wr_conf_find_pipeline(plan->before->conf, pipeline->name) != NULL)
			add_trial(canary, pipeline, request->canary_share);
	}
	return canary;
}

enum wr_code wr_reload_plan_canary(const struct wr_edition *before, const struct wr_edition *after,
				   const struct wr_reload_request *request,
				   struct wr_reload_answer *answer,
				   struct wr_reload_canary **canary_r)
{
	struct plan plan = {.before = before, .after = after, .answer = answer};
	struct wr_reload_canary *canary;

	*canary_r = NULL;
	if (request->rollback || request->no_canary)
		return WR_OK;
	plan.changed = calloc(after->conf->pipeline_count + 1, sizeof(bool));
	if (plan.changed == NULL)
		return WR_ENOMEM;
	find_changed(&plan);
	canary = plan.canary = choose_trials(&plan, request);
	free(plan.changed);
	if (canary == NULL)
		return WR_ENOMEM;
	if (canary->count == 0) {
		wr_reload_canary_destroy(canary, NULL);
		return WR_OK;
	}
	wr_conf_diff(before->conf, after->conf, refuse_change, &plan);
	refuse_orders(&plan);
	*canary_r = canary;
	return WR_OK;
}

/* What there can't be two of. */
static void refuse_stages(const struct wr_edition *after, const struct wr_pipeline *pipeline,
			  const char *which, struct wr_reload_answer *answer)
{
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		const struct wr_stage *stage = &pipeline->stages[i];
		bool keeps = wr_plugin_has_state(stage->plugin);

		if (!keeps && !wr_plugin_has_lifecycle(stage->plugin))
			continue;
		wr_problems_add(&answer->problems, after->conf->file, stage->conf->plugin_mark,
				NULL,
				"pipeline %s, stage %s%s: it %s, so there can't be two of it: its "
				"pipeline can't be tried on a share of the keys" WITHOUT,
				pipeline->conf->name, stage->name, which,
				keeps ? "keeps state (weir.state/1)"
				      : "holds what only one can hold (weir.lifecycle/1)");
	}
}

enum wr_code wr_reload_check_canary(const struct wr_reload_canary *canary,
				    const struct wr_edition *before, const struct wr_edition *after,
				    struct wr_reload_answer *answer)
{
	size_t problems = answer->problems.count;

	for (size_t i = 0; canary != NULL && i < canary->count; i++) {
		const char *name = canary->trials[i].pipeline;
		size_t known = answer->problems.count;

		refuse_stages(after, wr_generation_find(after->generation, name), "", answer);
		if (answer->problems.count == known)
			refuse_stages(before, wr_generation_find(before->generation, name),
				      " of the generation that runs", answer);
	}
	return answer->problems.count > problems ? WR_EINVAL : WR_OK;
}

void wr_reload_canary_destroy(struct wr_reload_canary *canary, struct wr_metrics *metrics)
{
	for (size_t i = 0; canary != NULL && i < canary->count; i++) {
		for (int side = 0; side < 2; side++) {
			wr_metrics_retire_cell(metrics, canary->trials[i].events[side]);
			wr_metrics_retire_cell(metrics, canary->trials[i].errors[side]);
		}
	}
	if (canary != NULL)
		free(canary->trials);
	free(canary);
}

/* ---- its begin ---- */

static uint32_t share_of(void *arg, const struct wr_pipeline *pipeline)
{
	const struct trial *trial = find_trial(arg, pipeline->conf->name);

	return trial != NULL ? trial->share : 0;
}

static void make_cells(struct wr_reload *reload, struct trial *trial)
{
	static const char *const sides[] = {"stable", "canary"};

	for (int side = 0; side < 2; side++) {
		const struct wr_metric_label labels[] = {{"pipeline", trial->pipeline},
							 {"generation", sides[side]}};

		trial->events[side] =
		    wr_metrics_cell(reload->metrics, &wr_family_canary_events, labels, 2);
		trial->errors[side] =
		    wr_metrics_cell(reload->metrics, &wr_family_canary_errors, labels, 2);
	}
}

/* For the next start. */
static void keep(const struct wr_reload *reload, const struct wr_edition *edition)
{
	const struct wr_tried tried = wr_tried_of(
	    edition->number, wr_bytes(edition->text.data, edition->text.size), edition->set);

	wr_tried_write(reload->dir.path, &tried);
}

enum wr_code wr_reload_begin_canary(struct wr_reload *reload, struct wr_reload_canary *canary,
				    struct wr_drain *drain, int64_t deadline_mono_ns,
				    struct wr_err *err)
{
	enum wr_code rc = wr_swap_try(drain->swap, share_of, canary, deadline_mono_ns, err);

	if (rc != WR_OK)
		return rc;
	canary->drain = drain;
	canary->edition = drain->edition;
	canary->began_ns = wr_clock_mono_ns(reload->o.clock);
	for (size_t i = 0; i < canary->count; i++)
		make_cells(reload, &canary->trials[i]);
	if (!reload->dir.temporary)
		keep(reload, canary->edition);
	reload->canary = canary;
	reload->last_number = canary->edition->number;
	wr_metric_set(reload->canary_cell, 1);
	return WR_OK;
}

/* ---- what it shows ---- */

enum wr_code wr_reload_copy_trials(const struct wr_reload_canary *canary,
				   struct wr_reload_trial **trials_r)
{
	struct wr_reload_trial *trials = calloc(canary->count + 1, sizeof(*trials));
	bool failed = trials == NULL;

	*trials_r = NULL;
	for (size_t i = 0; i < canary->count && !failed; i++) {
		const struct trial *trial = &canary->trials[i];

		trials[i] = (struct wr_reload_trial){.pipeline = strdup(trial->pipeline),
						     .share = trial->share,
						     .rules = trial->rules,
						     .stable = trial->now.stable,
						     .canary = trial->now.canary};
		failed = trials[i].pipeline == NULL;
	}
	if (failed) {
		wr_reload_free_trials(trials, canary->count);
		return WR_ENOMEM;
	}
	*trials_r = trials;
	return WR_OK;
}

void wr_reload_free_trials(struct wr_reload_trial *trials, size_t count)
{
	for (size_t i = 0; trials != NULL && i < count; i++)
		free(trials[i].pipeline);
	free(trials);
}

size_t wr_reload_trial_count(const struct wr_reload_canary *canary)
{
	return canary->count;
}

static void tell_metrics(struct trial *trial)
{
	const struct wr_canary_counts now[] = {trial->now.stable, trial->now.canary};

	for (int side = 0; side < 2; side++) {
		wr_metric_add(trial->events[side],
			      (double)(now[side].events - trial->told[side].events));
		wr_metric_add(trial->errors[side],
			      (double)(now[side].errors - trial->told[side].errors));
		trial->told[side] = now[side];
	}
}

/* Counts of lanes are read one after the other, and only rise. */
static void look(struct wr_reload *reload)
{
	struct wr_reload_canary *canary = reload->canary;
	int64_t now = wr_clock_mono_ns(reload->o.clock);

	for (size_t i = 0; i < canary->count; i++) {
		struct trial *trial = &canary->trials[i];

		trial->now = wr_swap_trial(canary->drain->swap, trial->pipeline);
		if (!trial->now.canary_broken || trial->now.stable_broken)
			trial->broken_since_ns = 0;
		else if (trial->broken_since_ns == 0)
			trial->broken_since_ns = now;
		tell_metrics(trial);
		wr_reload_note_counts(reload, i, &trial->now);
	}
}

/* ---- its end ---- */

static void log_end(const struct wr_reload_canary *canary, bool promoted, const char *reason)
{
	for (size_t i = 0; i < canary->count; i++) {
		const struct wr_lane_trial *now = &canary->trials[i].now;

		WR_LOG(promoted ? WR_LOG_INFO : WR_LOG_WARN,
		       promoted ? "canary promoted: all keys go over to it"
				: "canary rolled back: all keys stay with the generation before",
		       WR_INT("generation", canary->edition->number),
		       WR_STR("pipeline", canary->trials[i].pipeline), WR_STR("reason", reason),
		       WR_INT("canary_events", now->canary.events),
		       WR_INT("canary_errors", now->canary.errors),
		       WR_INT("stable_events", now->stable.events),
		       WR_INT("stable_errors", now->stable.errors));
	}
}

static void end(struct wr_reload *reload, bool promoted, const char *reason)
{
	struct wr_reload_canary *canary = reload->canary;
	const struct wr_metric_label label = {"result", promoted ? "promoted" : "rolled_back"};
	struct wr_metric_cell *cell =
	    wr_metrics_cell(reload->metrics, &wr_family_canaries, &label, 1);

	wr_metric_add(cell, 1);
	wr_metrics_retire_cell(reload->metrics, cell);
	wr_metric_set(reload->canary_cell, 0);
	log_end(canary, promoted, reason);
	wr_reload_note_end(reload, promoted, reason);
	if (!promoted) {
		reload->ended_canary = canary->edition->number;
		reload->ended_mono_ns = wr_clock_mono_ns(reload->o.clock);
		reload->ended_by_itself = true;
	}
	reload->canary = NULL;
	wr_reload_canary_destroy(canary, reload->metrics);
}

static void roll_back(struct wr_reload *reload, const char *reason)
{
	wr_swap_give_up(reload->canary->drain->swap);
	look(reload);
	end(reload, false, reason);
}

static void promote(struct wr_reload *reload, const char *reason)
{
	struct wr_reload_canary *canary = reload->canary;
	int64_t now = wr_clock_mono_ns(reload->o.clock);
	char text[sizeof(((struct wr_err *)NULL)->text) + 64];
	struct wr_err err;

	if (wr_swap_run(canary->drain->swap, now + WR_RELOAD_SWAP_NS, now + WR_RELOAD_DRAIN_NS,
			&err) != WR_OK) {
		snprintf(text, sizeof(text), "%s, but not all lanes could go over to it: %s",
			 reason, err.text);
		end(reload, false, text);
		return;
	}
	canary->drain->edition = reload->current; /* it was its runner; now the drain is */
	wr_reload_make_current(reload, canary->edition);
	WR_FAILPOINT(reload_canary_promoted);
	end(reload, true, reason);
	wr_reload_keep(reload);
	wr_reload_follow(reload);
}

/* The worst verdict of all pipelines counts, and all must have passed. */
static enum wr_canary_verdict judge(const struct wr_reload *reload, const char **pipeline_r)
{
	const struct wr_reload_canary *canary = reload->canary;
	int64_t now = wr_clock_mono_ns(reload->o.clock);
	enum wr_canary_verdict all = WR_CANARY_PASSED;

	*pipeline_r = "";
	for (size_t i = 0; i < canary->count; i++) {
		const struct trial *trial = &canary->trials[i];
		const struct wr_canary_facts facts = {
		    .stable = trial->now.stable,
		    .canary = trial->now.canary,
		    .elapsed_ms = (now - canary->began_ns) / WR_NS_PER_MS,
		    .broken_ms = trial->broken_since_ns != 0
				     ? (now - trial->broken_since_ns) / WR_NS_PER_MS
				     : 0,
		};
		enum wr_canary_verdict verdict = wr_canary_judge(&trial->rules, &facts);

		*pipeline_r = trial->pipeline;
		if (verdict != WR_CANARY_PASSED && verdict != WR_CANARY_GO_ON)
			return verdict;
		if (verdict == WR_CANARY_GO_ON)
			all = verdict;
	}
	return all;
}

void wr_reload_tend_canary(struct wr_reload *reload)
{
	enum wr_canary_verdict verdict;
	const char *pipeline;
	char reason[256];

	if (reload->canary == NULL)
		return;
	look(reload);
	verdict = judge(reload, &pipeline);
	switch (verdict) {
	case WR_CANARY_GO_ON:
		return;
	case WR_CANARY_PASSED:
		promote(reload, wr_canary_verdict_text(verdict));
		return;
	case WR_CANARY_WORSE:
	case WR_CANARY_BROKEN:
	case WR_CANARY_TOO_FEW:
		break;
	}
	snprintf(reason, sizeof(reason), "pipeline %s: %s", pipeline,
		 wr_canary_verdict_text(verdict));
	roll_back(reload, reason);
}

void wr_reload_end_canary(struct wr_reload *reload, const char *who)
{
	char reason[256];

	snprintf(reason, sizeof(reason), "asked for by %s", who);
	roll_back(reload, reason);
	reload->ended_by_itself = false;
}
