/* What a reload changes, and what it can't. */
#include "config.h"

#include "run/reload_private.h"

#include "conf/diff.h"
#include "host/plugin.h"

#include <stdio.h>
#include <string.h>

#define CANARY "canary"

struct plan {
	const struct wr_conf *after;
	struct wr_reload_answer *answer;
	bool differs;
	char canary[WR_CONF_PATH_BYTES]; /* the section that was told last */
};

bool wr_reload_is_canary_key(const char *path)
{
	const char *key = path;

	if (strncmp(path, "pipelines[", strlen("pipelines[")) == 0)
		key = strchr(path, '.') != NULL ? strchr(path, '.') + 1 : "";
	return strncmp(key, CANARY, strlen(CANARY)) == 0 &&
	       (key[strlen(CANARY)] == '\0' || key[strlen(CANARY)] == '.');
}

/* The settings of canaries are a section, told once: who writes it changes all of its keys. */
static bool is_told(struct plan *plan, const char *path)
{
	const char *canary = strstr(path, CANARY);
	size_t size;

	if (canary == NULL || !wr_reload_is_canary_key(path))
		return false;
	size = (size_t)(canary - path) + strlen(CANARY);
	if (strncmp(plan->canary, path, size) == 0 && plan->canary[size] == '\0')
		return true;
	snprintf(plan->canary, sizeof(plan->canary), "%.*s", (int)size, path);
	wr_reload_add_change(plan->answer, "%s: changed", plan->canary);
	return true;
}

static void note(void *arg, const struct wr_conf_difference *difference)
{
	struct plan *plan = arg;

	plan->differs = true;
	switch (difference->kind) {
	case WR_CONF_ADDED:
		wr_reload_add_change(plan->answer, "pipeline %s: added", difference->pipeline);
		return;
	case WR_CONF_REMOVED:
		wr_reload_add_change(plan->answer, "pipeline %s: removed", difference->pipeline);
		return;
	case WR_CONF_CHANGED:
		break;
	}
	if (is_told(plan, difference->path))
		return;
	if (!difference->restart)
		wr_reload_add_change(plan->answer, "%s: changed", difference->path);
	else
		wr_problems_add(&plan->answer->problems, plan->after->file, difference->mark,
				difference->path,
				"was changed and can't change while the engine runs: it needs a "
				"restart");
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_settings(const struct wr_conf_stage *a, const struct wr_conf_stage *b)
{
	return same_text(a->name, b->name) && strcmp(a->config_json, b->config_json) == 0 &&
	       a->timeout_ms == b->timeout_ms && wr_conf_retry_equal(&a->retry, &b->retry);
}

bool wr_reload_same_stage(const struct wr_conf_stage *a, const struct wr_conf_stage *b,
			  const struct wr_plugin_set *set_a, const struct wr_plugin_set *set_b)
{
	return same_settings(a, b) && strcmp(a->plugin, b->plugin) == 0 &&
	       wr_plugin_set_same(set_a, set_b, b->plugin);
}

bool wr_reload_same_stages(const struct wr_conf_pipeline *a, const struct wr_conf_pipeline *b,
			   const struct wr_plugin_set *set_a, const struct wr_plugin_set *set_b)
{
	if (a->stage_count != b->stage_count)
		return false;
	for (size_t i = 0; i < a->stage_count; i++) {
		if (!wr_reload_same_stage(&a->stages[i], &b->stages[i], set_a, set_b))
			return false;
	}
	return true;
}

bool wr_reload_plan(const struct wr_edition *before, const struct wr_conf *after,
		    const struct wr_plugin_set *set, struct wr_reload_answer *answer)
{
	struct plan plan = {.after = after, .answer = answer};

	wr_conf_diff(before->conf, after, note, &plan);
	for (size_t i = 0; i < after->pipeline_count && !plan.differs; i++) {
		const struct wr_conf_pipeline *next = &after->pipelines[i];
		const struct wr_conf_pipeline *there =
		    wr_conf_find_pipeline(before->conf, next->name);

		plan.differs =
		    there == NULL || !wr_reload_same_stages(there, next, before->set, set);
	}
	return plan.differs;
}

/* ---- stages ---- */

static const struct wr_stage *find_stage(const struct wr_pipeline *pipeline, const char *name)
{
	for (uint32_t i = 0; pipeline != NULL && name != NULL && i < pipeline->stage_count; i++) {
		if (strcmp(pipeline->stages[i].name, name) == 0)
			return &pipeline->stages[i];
	}
	return NULL;
}

static const struct wr_stage *find_former(const struct wr_pipeline *before,
					  const struct wr_stage *stage)
{
	const struct wr_stage *former = find_stage(before, stage->name);

	return former != NULL ? former : find_stage(before, stage->conf->was);
}

static enum wr_reload_change change_of(const struct wr_stage *before, const struct wr_stage *after)
{
	if (before == NULL)
		return WR_RELOAD_ADDED;
	if (strcmp(before->plugin->sha256, after->plugin->sha256) != 0)
		return WR_RELOAD_REPLACED;
	return before->index == after->index && strcmp(before->name, after->name) == 0 &&
		       same_settings(before->conf, after->conf)
		   ? WR_RELOAD_KEPT
		   : WR_RELOAD_RECONFIGURED;
}

/* Whether a stage of `after` takes this one's place. */
static bool goes_on(const struct wr_pipeline *after, const struct wr_pipeline *before,
		    const struct wr_stage *stage)
{
	for (uint32_t i = 0; after != NULL && i < after->stage_count; i++) {
		if (find_former(before, &after->stages[i]) == stage)
			return true;
	}
	return false;
}

static enum wr_code compare_pipeline(const struct wr_pipeline *before,
				     const struct wr_pipeline *after,
				     struct wr_reload_answer *answer)
{
	enum wr_code rc = WR_OK;

	for (uint32_t i = 0; after != NULL && i < after->stage_count && rc == WR_OK; i++) {
		const struct wr_stage *stage = &after->stages[i];
		const struct wr_stage *former = find_former(before, stage);

		rc = wr_reload_add_stage(answer, after, former, stage, change_of(former, stage));
	}
	for (uint32_t i = 0; before != NULL && i < before->stage_count && rc == WR_OK; i++) {
		if (!goes_on(after, before, &before->stages[i]))
			rc = wr_reload_add_stage(answer, before, &before->stages[i], NULL,
						 WR_RELOAD_REMOVED);
	}
	return rc;
}

enum wr_code wr_reload_compare(const struct wr_generation *before,
			       const struct wr_generation *after, struct wr_reload_answer *answer)
{
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < after->pipeline_count && rc == WR_OK; i++) {
		const struct wr_pipeline *pipeline = &after->pipelines[i];

		rc = compare_pipeline(wr_generation_find(before, pipeline->conf->name), pipeline,
				      answer);
	}
	for (size_t i = 0; i < before->pipeline_count && rc == WR_OK; i++) {
		if (wr_generation_find(after, before->pipelines[i].conf->name) == NULL)
			rc = compare_pipeline(&before->pipelines[i], NULL, answer);
	}
	return rc;
}
