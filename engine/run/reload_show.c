#include "config.h"

#include "run/reload_show.h"

#include <inttypes.h>
#include <stdio.h>

static void put_text_unless_empty(struct wr_json_out *out, const char *name, const char *text)
{
	wr_json_out_text(out, name, text != NULL && text[0] != '\0' ? text : NULL);
}

/* Null for a stage that is new, or gone. */
static void put_code(struct wr_json_out *out, const char *name, const struct wr_reload_code *code)
{
	if (code->plugin[0] == '\0') {
		wr_json_out_null(out, name);
		return;
	}
	wr_json_out_begin_object(out, name);
	wr_json_out_text(out, "plugin", code->plugin);
	wr_json_out_text(out, "version", code->version);
	put_text_unless_empty(out, "build_id", code->build_id);
	wr_json_out_text(out, "sha256", code->sha256);
	wr_json_out_end(out);
}

static void put_stage(struct wr_json_out *out, const struct wr_reload_stage *stage)
{
	wr_json_out_begin_object(out, NULL);
	wr_json_out_text(out, "pipeline", stage->pipeline);
	wr_json_out_text(out, "stage", stage->stage);
	wr_json_out_text(out, "file", stage->file);
	wr_json_out_text(out, "change", wr_reload_change_name(stage->change));
	put_code(out, "before", &stage->before);
	put_code(out, "after", &stage->after);
	wr_json_out_text(out, "state", stage->state);
	wr_json_out_end(out);
}

static void put_timings(struct wr_json_out *out, const struct wr_reload_answer *answer)
{
	wr_json_out_begin_object(out, "timings_ms");
	for (int i = 0; i < WR_RELOAD_PHASES; i++) {
		const char *name = wr_reload_phase_name((enum wr_reload_phase)i);

		if (answer->phase_us[i] >= 0)
			wr_json_out_number(out, name, (double)answer->phase_us[i] / 1000);
		else
			wr_json_out_null(out, name);
	}
	wr_json_out_end(out);
}

static void put_place(struct wr_json_out *out, const char *name, unsigned place)
{
	if (place > 0)
		wr_json_out_integer(out, name, place);
	else
		wr_json_out_null(out, name);
}

static void put_problems(struct wr_json_out *out, const struct wr_problems *problems)
{
	wr_json_out_begin_array(out, "errors");
	for (size_t i = 0; i < problems->count; i++) {
		const struct wr_problem *problem = &problems->items[i];

		wr_json_out_begin_object(out, NULL);
		put_text_unless_empty(out, "file", problem->file);
		put_place(out, "line", problem->line);
		put_place(out, "column", problem->column);
		put_text_unless_empty(out, "path", problem->path);
		wr_json_out_text(out, "detail", problem->text);
		wr_json_out_end(out);
	}
	wr_json_out_end(out);
}

void wr_reload_show_path(uint64_t number, char path[WR_RELOAD_PATH_BYTES])
{
	snprintf(path, WR_RELOAD_PATH_BYTES, "/admin/generations/%" PRIu64, number);
}

void wr_reload_show_answer(struct wr_json_out *out, const struct wr_reload_answer *answer)
{
	char path[WR_RELOAD_PATH_BYTES];

	wr_json_out_text(out, "result", wr_reload_result_name(answer->result));
	wr_json_out_bool(out, "dry_run", answer->dry_run);
	wr_json_out_integer(out, "generation", (int64_t)answer->generation_after);
	wr_json_out_integer(out, "generation_before", (int64_t)answer->generation_before);
	wr_json_out_integer(out, "generation_after", (int64_t)answer->generation_after);
	if (answer->result == WR_RELOAD_CANARY && !answer->dry_run) {
		wr_reload_show_path(answer->generation_after, path);
		wr_json_out_text(out, "url", path);
	} else {
		wr_json_out_null(out, "url");
	}
	wr_json_out_text(out, "who", answer->who);
	wr_json_out_time(out, "started", answer->started_at_ms);
	put_timings(out, answer);
	wr_json_out_begin_array(out, "plugins");
	for (size_t i = 0; i < answer->stage_count; i++)
		put_stage(out, &answer->stages[i]);
	wr_json_out_end(out);
	wr_json_out_begin_array(out, "changes");
	for (size_t i = 0; i < answer->change_count; i++)
		wr_json_out_text(out, NULL, answer->changes[i]);
	wr_json_out_end(out);
	wr_json_out_bool(out, "drained", answer->drained);
	wr_json_out_text(out, "waits_for", answer->waits);
	put_problems(out, &answer->problems);
}

static void put_counts(struct wr_json_out *out, const char *name,
		       const struct wr_canary_counts *counts)
{
	wr_json_out_begin_object(out, name);
	wr_json_out_integer(out, "events", (int64_t)counts->events);
	wr_json_out_integer(out, "errors", (int64_t)counts->errors);
	wr_json_out_number(out, "error_ratio", wr_canary_ratio(counts));
	wr_json_out_end(out);
}

static void put_trial(struct wr_json_out *out, const struct wr_reload_trial *trial)
{
	wr_json_out_begin_object(out, NULL);
	wr_json_out_text(out, "pipeline", trial->pipeline);
	wr_json_out_number(out, "share", (double)trial->share / WR_CANARY_ALL);
	wr_json_out_number(out, "for_seconds", (double)trial->rules.for_ms / 1000);
	wr_json_out_number(out, "max_error_ratio_increase", trial->rules.max_error_ratio_increase);
	wr_json_out_integer(out, "min_events", (int64_t)trial->rules.min_events);
	put_counts(out, "canary", &trial->canary);
	put_counts(out, "stable", &trial->stable);
	wr_json_out_end(out);
}

static void put_canary(struct wr_json_out *out, const struct wr_reload_entry *entry)
{
	if (entry->state == WR_RELOAD_STATE_APPLIED) {
		wr_json_out_null(out, "canary");
		return;
	}
	wr_json_out_begin_object(out, "canary");
	if (entry->ended_ms > 0)
		wr_json_out_time(out, "ended", entry->ended_ms);
	else
		wr_json_out_null(out, "ended");
	wr_json_out_text(out, "reason", entry->reason);
	wr_json_out_begin_array(out, "pipelines");
	for (size_t i = 0; i < entry->trial_count; i++)
		put_trial(out, &entry->trials[i]);
	wr_json_out_end(out);
	wr_json_out_end(out);
}

void wr_reload_show_entry(struct wr_json_out *out, const struct wr_reload_entry *entry)
{
	wr_json_out_integer(out, "number", (int64_t)entry->number);
	wr_json_out_time(out, "since", entry->since_ms);
	wr_json_out_text(out, "who", entry->who);
	wr_json_out_text(out, "what", entry->what);
	wr_json_out_bool(out, "runs", entry->runs);
	wr_json_out_bool(out, "can_return", entry->can_return);
	wr_json_out_text(out, "state", wr_reload_state_name(entry->state));
	put_canary(out, entry);
}
