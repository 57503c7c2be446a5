/* What of the generations is kept in the state folder, and what a start finds there. */
#include "config.h"

#include "run/reload_private.h"

#include "base/log.h"
#include "run/kept_text.h"
#include "run/state_place.h"
#include "run/tried.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK "running"

/* ---- what is found ---- */

static bool is_known(enum wr_code rc)
{
	return rc == WR_OK || rc == WR_ENOTFOUND;
}

/* Its copies stay until another one is kept in its place. */
static void hold_last(struct wr_reload *reload)
{
	struct wr_plugin_set *whole;
	struct wr_err err;

	reload->last_text = strdup(reload->last.text_name);
	if (wr_plugin_store_restore(reload->store, reload->last.plugins, reload->last.plugin_count,
				    &whole, &err) != WR_OK)
		return; /* said where it is needed */
	if (wr_plugin_set_hold(whole, &reload->last_held, &err) != WR_OK)
		reload->last_held = NULL;
	wr_plugin_set_drop(whole);
}

/* What ran is what the last run began with, or went over to. */
static void tell_crash(const struct wr_reload *reload)
{
	uint64_t number = 0;
	struct wr_buf text;
	struct wr_err err;
	bool is_there = wr_kept_file_read(reload->dir.path, MARK, &text, &err) == WR_OK;

	if (is_there && wr_buf_text(&text) != NULL)
		number = strtoull(wr_buf_text(&text), NULL, 10);
	wr_buf_fini(&text);
	if (reload->history.runs > number)
		number = reload->history.runs;
	if (is_there)
		WR_LOG(
		    WR_LOG_WARN,
		    "the last run was not stopped: it crashed, was killed, or the machine went down",
		    WR_INT("generation", number));
}

void wr_reload_recall(struct wr_reload *reload)
{
	struct wr_err err;
	enum wr_code last, list;

	if (reload->dir.temporary)
		return;
	last = wr_last_applied_read(reload->dir.path, &reload->last, &reload->last_err);
	reload->has_last = last == WR_OK;
	if (reload->has_last)
		hold_last(reload);
	else if (!is_known(last))
		WR_LOG(WR_LOG_WARN, "what was applied last can't be read",
		       WR_STR("reason", reload->last_err.text));
	list = wr_history_read(reload->dir.path, reload->store, &reload->history, &err);
	if (!is_known(list))
		WR_LOG(WR_LOG_WARN, "the list of generations can't be read: it begins anew",
		       WR_STR("reason", err.text));
	tell_crash(reload);
	if (is_known(last) && is_known(list))
		wr_plugin_store_sweep(reload->store);
}

static bool is_same(const struct wr_last_applied *last, const struct wr_edition *edition)
{
	size_t count = wr_plugin_set_size(edition->set);

	if (last->text.size != edition->text.size || last->plugin_count != count ||
	    memcmp(last->text.data, edition->text.data, edition->text.size) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(wr_plugin_set_file(edition->set, i).sha256, last->plugins[i].sha256) !=
		    0)
			return false;
	}
	return true;
}

/* One that was tried keeps its number, and no other gets it. */
static uint64_t new_number(const struct wr_reload *reload, const struct wr_edition *edition)
{
	const struct wr_tried tried = wr_tried_read(reload->dir.path);
	const struct wr_tried this = wr_tried_of(
	    tried.number, wr_bytes(edition->text.data, edition->text.size), edition->set);
	uint64_t newest = wr_history_newest(&reload->history);

	if (reload->has_last && reload->last.number > newest)
		newest = reload->last.number;
	if (reload->has_last && tried.number > reload->last.number &&
	    strcmp(tried.what, this.what) == 0) {
		WR_LOG(
		    WR_LOG_WARN,
		    "the file says what was tried as a canary and never took all keys: it does now",
		    WR_INT("generation", tried.number), WR_STR("file", reload->o.file));
		return tried.number;
	}
	return (tried.number > newest ? tried.number : newest) + 1;
}

uint64_t wr_reload_first_number(const struct wr_reload *reload, const struct wr_edition *edition)
{
	if (reload->has_last &&
	    wr_state_place_is_same_file(reload->last.file, reload->absolute_file) &&
	    is_same(&reload->last, edition))
		return reload->last.number;
	return new_number(reload, edition);
}

static void conclude(struct wr_reload_entry *entry, enum wr_reload_state state, int64_t now_ms,
		     const char *reason)
{
	entry->state = state;
	entry->ended_ms = now_ms;
	free(entry->reason);
	entry->reason = strdup(reason);
}

/* The engine ended in the middle of a canary, or runs now what was one. */
static void conclude_canaries(struct wr_reload *reload)
{
	int64_t now_ms = wr_clock_wall_ms(reload->o.clock);

	for (size_t i = 0; i < reload->history.count; i++) {
		struct wr_reload_entry *entry = &reload->history.items[i].entry;
		bool runs = entry->number == reload->current->number;

		if (runs && (entry->state == WR_RELOAD_STATE_CANARY ||
			     entry->state == WR_RELOAD_STATE_ROLLED_BACK))
			conclude(entry, WR_RELOAD_STATE_PROMOTED, now_ms,
				 "a start ran its file, for all keys");
		else if (entry->state == WR_RELOAD_STATE_CANARY)
			conclude(entry, WR_RELOAD_STATE_ROLLED_BACK, now_ms,
				 "the engine ended while it was tried");
	}
}

static struct wr_edition *make_previous(const struct wr_reload *reload, const struct wr_past *past,
					struct wr_err *err)
{
	struct wr_edition *edition = wr_edition_new();
	enum wr_code rc = WR_OK;

	if (edition == NULL) {
		wr_err_set(err, WR_ENOMEM, "no memory");
		return NULL;
	}
	edition->runners = 0;
	edition->keepers = 1;
	edition->number = past->entry.number;
	if (!wr_past_is_whole(past))
		rc = wr_err_set(err, WR_ENOTFOUND, "what it ran is not kept");
	if (rc == WR_OK)
		rc = wr_kept_text_read(reload->dir.path, past->text, &edition->text, err);
	if (rc == WR_OK)
		rc = wr_plugin_set_copy(past->set, &edition->set, err);
	if (rc == WR_OK)
		return edition;
	wr_edition_let_go(edition, 0, 1);
	return NULL;
}

void wr_reload_find_previous(struct wr_reload *reload)
{
	uint64_t runs = reload->current->number;
	uint64_t number =
	    reload->history.runs == runs ? reload->history.previous : reload->history.runs;
	const struct wr_past *past =
	    number != runs ? wr_history_find(&reload->history, number) : NULL;
	struct wr_err err;

	conclude_canaries(reload);
	if (past == NULL)
		return;
	reload->previous = make_previous(reload, past, &err);
	if (reload->previous == NULL)
		WR_LOG(WR_LOG_WARN, "there is no way back to the generation before",
		       WR_INT("generation", number), WR_STR("reason", err.text));
}

/* ---- what is kept ---- */

void wr_reload_mark_running(struct wr_reload *reload)
{
	struct wr_err err;
	char text[32];

	if (reload->dir.temporary)
		return;
	snprintf(text, sizeof(text), "%" PRIu64 "\n", reload->current->number);
	reload->is_marked = true;
	/* Where it can't be written there is none. */
	(void)wr_kept_file_write(reload->dir.path, MARK, wr_bytes_of(text), &err);
}

void wr_reload_unmark_running(struct wr_reload *reload)
{
	char *path;

	if (!reload->is_marked || asprintf(&path, "%s/" MARK, reload->dir.path) < 0)
		return;
	unlink(path);
	free(path);
}

static bool is_wanted(void *arg, const char *name)
{
	const struct wr_reload *reload = arg;

	if (reload->last_text != NULL && strcmp(reload->last_text, name) == 0)
		return true;
	for (size_t i = 0; i < reload->history.count; i++) {
		const char *text = reload->history.items[i].text;

		if (text != NULL && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

void wr_reload_keep_list(struct wr_reload *reload)
{
	struct wr_err err;

	if (reload->dir.temporary)
		return;
	if (wr_history_write(reload->dir.path, &reload->history, &err) != WR_OK) {
		WR_LOG(WR_LOG_WARN, "the list of generations could not be kept for the next start",
		       WR_STR("reason", err.text));
		return;
	}
	/* Only now does no record on disk name them any more. */
	wr_kept_text_sweep(reload->dir.path, is_wanted, reload);
	wr_plugin_store_forget_others(reload->store);
	wr_plugin_store_sweep(reload->store);
}

/* The records on disk name it, so that its files have to stay. */
static void hold_current(struct wr_reload *reload, const char *text)
{
	struct wr_past *past = wr_history_find(&reload->history, reload->current->number);
	struct wr_err err;

	wr_plugin_set_drop(reload->last_held);
	reload->last_held = NULL;
	(void)wr_plugin_set_hold(reload->current->set, &reload->last_held, &err);
	free(reload->last_text);
	reload->last_text = strdup(text);
	if (past == NULL)
		return;
	free(past->text);
	past->text = strdup(text);
	wr_plugin_set_drop(past->set);
	past->set = NULL;
	(void)wr_plugin_set_hold(reload->current->set, &past->set, &err);
}

static enum wr_code keep_current(struct wr_reload *reload, struct wr_err *err)
{
	const struct wr_edition *edition = reload->current;
	char text[WR_KEPT_TEXT_BYTES];
	enum wr_code rc;

	rc = wr_kept_text_write(reload->dir.path, wr_bytes(edition->text.data, edition->text.size),
				text, err);
	if (rc == WR_OK)
		rc = wr_last_applied_write(reload->dir.path, edition->number, reload->absolute_file,
					   text, edition->set, err);
	if (rc == WR_OK)
		hold_current(reload, text);
	return rc;
}

void wr_reload_keep(struct wr_reload *reload)
{
	struct wr_err err;

	if (reload->dir.temporary)
		return;
	wr_tried_forget(reload->dir.path, reload->current->number);
	wr_state_place_note(reload->absolute_file, reload->current->conf->state_dir);
	if (keep_current(reload, &err) != WR_OK)
		WR_LOG(WR_LOG_WARN,
		       "the configuration that runs could not be kept for the next start",
		       WR_STR("reason", err.text));
	else
		wr_reload_keep_list(reload);
}
