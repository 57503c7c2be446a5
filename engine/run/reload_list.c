/* The list of generations: what has run, what is tried, and what became of it. */
#include "config.h"

#include "run/reload_private.h"

#include "run/metric_table.h"

#include <stdlib.h>
#include <string.h>

void wr_reload_list_fini(struct wr_reload_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		wr_reload_entry_fini(&list->items[i]);
	free(list->items);
	*list = (struct wr_reload_list){NULL, 0};
}

const char *wr_reload_state_name(enum wr_reload_state state)
{
	switch (state) {
	case WR_RELOAD_STATE_APPLIED:
		return "applied";
	case WR_RELOAD_STATE_CANARY:
		return "canary";
	case WR_RELOAD_STATE_PROMOTED:
		return "promoted";
	case WR_RELOAD_STATE_ROLLED_BACK:
		return "rolled_back";
	}
	return "";
}

/* The current edition is the one that runs. */
static void set_running_locked(struct wr_reload *reload)
{
	struct wr_history *history = &reload->history;

	wr_lock_assert_held(&reload->lock);
	reload->number = reload->current->number;
	reload->has_previous = reload->previous != NULL;
	history->runs = reload->number;
	history->previous = reload->previous != NULL ? reload->previous->number : 0;
	for (size_t i = 0; i < history->count; i++) {
		struct wr_reload_entry *entry = &history->items[i].entry;

		entry->runs = entry->number == history->runs;
		entry->can_return = history->previous != 0 && entry->number == history->previous;
	}
}

static void tell_metrics(struct wr_reload *reload)
{
	wr_metric_set(reload->generation_cell, (double)reload->current->number);
	wr_metric_set(reload->drift_cell, wr_reload_has_drifted(reload) ? 1 : 0);
}

static void note_generation(struct wr_reload *reload, struct wr_past *past)
{
	wr_lock_take(&reload->lock);
	if (past != NULL)
		wr_history_push(&reload->history, past);
	set_running_locked(reload);
	wr_lock_release(&reload->lock);
	tell_metrics(reload);
}

void wr_reload_note_generation(struct wr_reload *reload, const char *who, char *what)
{
	struct wr_past past = {.entry = {.number = reload->current->number,
					 .since_ms = wr_clock_wall_ms(reload->o.clock),
					 .who = strdup(who),
					 .what = what}};

	note_generation(reload, &past);
}

void wr_reload_note_start(struct wr_reload *reload)
{
	const char *what = "start";

	if (reload->started_as != NULL)
		what = reload->started_as;
	else if (reload->history.count > 0)
		what = "start, with another configuration or other plugins";
	/* What runs again has its line, with who asked for it first. */
	if (wr_history_find(&reload->history, reload->current->number) != NULL)
		note_generation(reload, NULL);
	else
		wr_reload_note_generation(reload, "start", strdup(what));
}

void wr_reload_note_canary(struct wr_reload *reload, const char *who, char *what)
{
	struct wr_past past = {.entry = {.number = reload->last_number,
					 .since_ms = wr_clock_wall_ms(reload->o.clock),
					 .who = strdup(who),
					 .what = what,
					 .state = WR_RELOAD_STATE_CANARY}};

	/* Without memory its counts are not shown. */
	if (wr_reload_copy_trials(reload->canary, &past.entry.trials) == WR_OK)
		past.entry.trial_count = wr_reload_trial_count(reload->canary);
	wr_lock_take(&reload->lock);
	wr_history_push(&reload->history, &past);
	reload->canary_number = reload->last_number;
	wr_lock_release(&reload->lock);
	wr_reload_keep_list(reload);
}

static struct wr_reload_entry *canary_entry_locked(struct wr_reload *reload)
{
	struct wr_past *past;

	wr_lock_assert_held(&reload->lock);
	past = wr_history_find(&reload->history, reload->canary_number);
	return past != NULL ? &past->entry : NULL;
}

void wr_reload_note_counts(struct wr_reload *reload, size_t i, const struct wr_lane_trial *counts)
{
	struct wr_reload_entry *entry;

	wr_lock_take(&reload->lock);
	entry = canary_entry_locked(reload);
	if (entry != NULL && i < entry->trial_count) {
		entry->trials[i].stable = counts->stable;
		entry->trials[i].canary = counts->canary;
	}
	wr_lock_release(&reload->lock);
}

void wr_reload_note_end(struct wr_reload *reload, bool promoted, const char *reason)
{
	char *copy = strdup(reason);
	struct wr_reload_entry *entry;

	wr_lock_take(&reload->lock);
	entry = canary_entry_locked(reload);
	if (entry != NULL) {
		entry->state = promoted ? WR_RELOAD_STATE_PROMOTED : WR_RELOAD_STATE_ROLLED_BACK;
		entry->ended_ms = wr_clock_wall_ms(reload->o.clock);
		entry->reason = copy;
		copy = NULL;
	}
	reload->canary_number = 0;
	if (promoted)
		set_running_locked(reload);
	wr_lock_release(&reload->lock);
	free(copy);
	tell_metrics(reload);
	if (!promoted)
		wr_reload_keep_list(reload);
}

void wr_reload_note_agreement(struct wr_reload *reload)
{
	wr_lock_take(&reload->lock);
	reload->drifted = false;
	wr_lock_release(&reload->lock);
	wr_metric_set(reload->drift_cell, 0);
}

/* ---- copies ---- */

static char *copy_text(const char *text, bool *failed)
{
	char *copy = strdup(text != NULL ? text : "");

	*failed = *failed || copy == NULL;
	return copy;
}

static void copy_trials(struct wr_reload_entry *to, const struct wr_reload_entry *from,
			bool *failed)
{
	to->trial_count = 0;
	to->trials = NULL;
	if (from->trial_count == 0)
		return;
	to->trials = calloc(from->trial_count, sizeof(*to->trials));
	*failed = *failed || to->trials == NULL;
	for (size_t i = 0; to->trials != NULL && i < from->trial_count; i++) {
		to->trials[i] = from->trials[i];
		to->trials[i].pipeline = copy_text(from->trials[i].pipeline, failed);
		to->trial_count++;
	}
}

static void copy_entry(struct wr_reload_entry *to, const struct wr_reload_entry *from, bool *failed)
{
	*to = *from;
	to->who = copy_text(from->who, failed);
	to->what = copy_text(from->what, failed);
	to->reason = from->reason != NULL ? copy_text(from->reason, failed) : NULL;
	copy_trials(to, from, failed);
}

enum wr_code wr_reload_generations(struct wr_reload *reload, struct wr_reload_list *list_r)
{
	bool failed = false;

	WR_CHECK(reload, WR_RELOAD_MAGIC);
	*list_r = (struct wr_reload_list){calloc(WR_HISTORY_MAX, sizeof(*list_r->items)), 0};
	if (list_r->items == NULL)
		return WR_ENOMEM;
	wr_lock_take(&reload->lock);
	for (size_t i = 0; i < reload->history.count; i++)
		copy_entry(&list_r->items[i], &reload->history.items[i].entry, &failed);
	list_r->count = reload->history.count;
	wr_lock_release(&reload->lock);
	if (failed)
		wr_reload_list_fini(list_r);
	return failed ? WR_ENOMEM : WR_OK;
}

/* ---- what is ---- */

static uint64_t read_number(struct wr_reload *reload, const uint64_t *number)
{
	uint64_t value;

	WR_CHECK(reload, WR_RELOAD_MAGIC);
	wr_lock_take(&reload->lock);
	value = *number;
	wr_lock_release(&reload->lock);
	return value;
}

bool wr_reload_has_drifted(struct wr_reload *reload)
{
	bool drifted;

	WR_CHECK(reload, WR_RELOAD_MAGIC);
	wr_lock_take(&reload->lock);
	drifted = reload->drifted;
	wr_lock_release(&reload->lock);
	return drifted;
}

uint64_t wr_reload_generation(struct wr_reload *reload)
{
	return read_number(reload, &reload->number);
}

uint64_t wr_reload_canary(struct wr_reload *reload)
{
	return read_number(reload, &reload->canary_number);
}
