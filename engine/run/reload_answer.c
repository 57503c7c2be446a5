#include "config.h"

#include "run/reload_private.h"

#include "host/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *wr_reload_result_name(enum wr_reload_result result)
{
	switch (result) {
	case WR_RELOAD_APPLIED:
		return "applied";
	case WR_RELOAD_UNCHANGED:
		return "unchanged";
	case WR_RELOAD_REJECTED:
		return "rejected";
	case WR_RELOAD_ROLLED_BACK:
		return "rolled_back";
	case WR_RELOAD_CANARY:
		return "canary";
	}
	return "";
}

const char *wr_reload_phase_name(enum wr_reload_phase phase)
{
	switch (phase) {
	case WR_RELOAD_READ:
		return "read";
	case WR_RELOAD_VALIDATE:
		return "validate";
	case WR_RELOAD_PROBE:
		return "probe";
	case WR_RELOAD_LOAD:
		return "load";
	case WR_RELOAD_SWAP:
		return "swap";
	case WR_RELOAD_DRAIN:
		return "drain";
	case WR_RELOAD_PHASES:
		break;
	}
	return "";
}

const char *wr_reload_change_name(enum wr_reload_change change)
{
	switch (change) {
	case WR_RELOAD_KEPT:
		return "kept";
	case WR_RELOAD_ADDED:
		return "added";
	case WR_RELOAD_REMOVED:
		return "removed";
	case WR_RELOAD_REPLACED:
		return "replaced";
	case WR_RELOAD_RECONFIGURED:
		return "reconfigured";
	}
	return "";
}

enum wr_code wr_reload_answer_init(struct wr_reload_answer *answer, const struct wr_reload_job *job,
				   const struct wr_clock *clock)
{
	*answer = (struct wr_reload_answer){
	    .result = WR_RELOAD_REJECTED,
	    .dry_run = job->request.dry_run,
	    .who = strdup(job->who),
	    .started_at_ms = wr_clock_wall_ms(clock),
	    .problems = WR_PROBLEMS_INIT,
	};
	for (int i = 0; i < WR_RELOAD_PHASES; i++)
		answer->phase_us[i] = -1;
	return answer->who != NULL ? WR_OK : WR_ENOMEM;
}

void wr_reload_answer_fini(struct wr_reload_answer *answer)
{
	for (size_t i = 0; i < answer->stage_count; i++) {
		free(answer->stages[i].pipeline);
		free(answer->stages[i].stage);
		free(answer->stages[i].file);
		free(answer->stages[i].state);
	}
	free(answer->stages);
	for (size_t i = 0; i < answer->change_count; i++)
		free(answer->changes[i]);
	free(answer->changes);
	free(answer->waits);
	free(answer->who);
	wr_problems_fini(&answer->problems);
	*answer = (struct wr_reload_answer){.result = WR_RELOAD_REJECTED};
}

enum wr_code wr_reload_add_change(struct wr_reload_answer *answer, const char *format, ...)
{
	char **changes = realloc(answer->changes, (answer->change_count + 1) * sizeof(char *));
	va_list args;
	int n;

	if (changes == NULL)
		return WR_ENOMEM;
	answer->changes = changes;
	va_start(args, format);
	n = vasprintf(&changes[answer->change_count], format, args);
	va_end(args);
	if (n < 0)
		return WR_ENOMEM;
	answer->change_count++;
	return WR_OK;
}

static void fill_code(struct wr_reload_code *code, const struct wr_stage *stage)
{
	if (stage == NULL)
		return;
	snprintf(code->plugin, sizeof(code->plugin), "%s", stage->plugin->id);
	snprintf(code->version, sizeof(code->version), "%s", stage->plugin->version);
	snprintf(code->build_id, sizeof(code->build_id), "%s", stage->plugin->build_id);
	snprintf(code->sha256, sizeof(code->sha256), "%s", stage->plugin->sha256);
}

enum wr_code wr_reload_add_stage(struct wr_reload_answer *answer,
				 const struct wr_pipeline *pipeline, const struct wr_stage *before,
				 const struct wr_stage *after, enum wr_reload_change change)
{
	const struct wr_stage *named = after != NULL ? after : before;
	struct wr_reload_stage *stages, *stage;

	stages = realloc(answer->stages, (answer->stage_count + 1) * sizeof(*stages));
	if (stages == NULL)
		return WR_ENOMEM;
	answer->stages = stages;
	stage = &stages[answer->stage_count];
	*stage = (struct wr_reload_stage){
	    .pipeline = strdup(pipeline->conf->name),
	    .stage = strdup(named->name),
	    .file = strdup(named->conf->plugin),
	    .change = change,
	};
	answer->stage_count++;
	fill_code(&stage->before, before);
	fill_code(&stage->after, after);
	return stage->pipeline != NULL && stage->stage != NULL && stage->file != NULL ? WR_OK
										      : WR_ENOMEM;
}

static enum wr_code append_stage(struct wr_buf *text, const struct wr_reload_stage *stage)
{
	const char *comma = text->size > 0 ? "; " : "";

	switch (stage->change) {
	case WR_RELOAD_KEPT:
		return WR_OK;
	case WR_RELOAD_REPLACED:
		return wr_buf_printf(text, "%s%s/%s: %s %s -> %s %s", comma, stage->pipeline,
				     stage->stage, stage->before.plugin, stage->before.version,
				     stage->after.plugin, stage->after.version);
	case WR_RELOAD_ADDED:
	case WR_RELOAD_REMOVED:
	case WR_RELOAD_RECONFIGURED:
		break;
	}
	return wr_buf_printf(text, "%s%s/%s %s", comma, stage->pipeline, stage->stage,
			     wr_reload_change_name(stage->change));
}

char *wr_reload_summary(const struct wr_reload_answer *answer)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc = WR_OK;
	char *summary = NULL;

	for (size_t i = 0; i < answer->change_count && rc == WR_OK; i++)
		rc = wr_buf_printf(&text, "%s%s", text.size > 0 ? "; " : "", answer->changes[i]);
	for (size_t i = 0; i < answer->stage_count && rc == WR_OK; i++)
		rc = append_stage(&text, &answer->stages[i]);
	if (rc == WR_OK && wr_buf_text(&text) != NULL)
		summary = strdup(wr_buf_text(&text));
	wr_buf_fini(&text);
	return summary;
}
