#include "config.h"

#include "run/history.h"

#include "base/json_out.h"
#include "run/kept_text.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2000 /* of what changed */

/* ---- the list ---- */

void wr_reload_entry_fini(struct wr_reload_entry *entry)
{
	for (size_t i = 0; i < entry->trial_count; i++)
		free(entry->trials[i].pipeline);
	free(entry->trials);
	free(entry->who);
	free(entry->what);
	free(entry->reason);
	*entry = (struct wr_reload_entry){.number = 0};
}

static void forget(struct wr_past *past)
{
	wr_reload_entry_fini(&past->entry);
	free(past->text);
	wr_plugin_set_drop(past->set);
	*past = (struct wr_past){.text = NULL};
}

void wr_history_fini(struct wr_history *history)
{
	for (size_t i = 0; i < history->count; i++)
		forget(&history->items[i]);
	*history = (struct wr_history){.count = 0};
}

struct wr_past *wr_history_find(struct wr_history *history, uint64_t number)
{
	for (size_t i = 0; i < history->count; i++) {
		if (history->items[i].entry.number == number)
			return &history->items[i];
	}
	return NULL;
}

uint64_t wr_history_newest(const struct wr_history *history)
{
	uint64_t newest = 0;

	for (size_t i = 0; i < history->count; i++) {
		if (history->items[i].entry.number > newest)
			newest = history->items[i].entry.number;
	}
	return newest;
}

bool wr_past_is_whole(const struct wr_past *past)
{
	return past->text != NULL && past->set != NULL;
}

/* The oldest that may go: two are needed at most. */
static size_t find_oldest(const struct wr_history *history)
{
	size_t i = history->count - 1;

	while (i > 0 && (history->items[i].entry.number == history->runs ||
			 history->items[i].entry.number == history->previous))
		i--;
	return i;
}

void wr_history_push(struct wr_history *history, struct wr_past *past)
{
	size_t end = history->count;

	if (end == WR_HISTORY_MAX) {
		end = find_oldest(history);
		forget(&history->items[end]);
	} else {
		history->count++;
	}
	memmove(history->items + 1, history->items, end * sizeof(*history->items));
	history->items[0] = *past;
	*past = (struct wr_past){.text = NULL};
}

/* ---- writing ---- */

/* Not the whole of a long one. */
static void put_text(struct wr_json_out *out, const char *name, const char *text)
{
	if (text == NULL)
		wr_json_out_null(out, name);
	else
		wr_json_out_bytes(out, name, wr_bytes(text, strnlen(text, TEXT_MAX)));
}

static void put_plugins(struct wr_json_out *out, const struct wr_plugin_set *set)
{
	wr_json_out_begin_array(out, "plugins");
	for (size_t i = 0; i < wr_plugin_set_size(set); i++) {
		const struct wr_plugin_file file = wr_plugin_set_file(set, i);
		const char *slash = strrchr(file.copy, '/');

		wr_json_out_begin_object(out, NULL);
		wr_json_out_text(out, "name", file.name);
		wr_json_out_text(out, "copy", slash != NULL ? slash + 1 : file.copy);
		wr_json_out_text(out, "sha256", file.sha256);
		wr_json_out_end(out);
	}
	wr_json_out_end(out);
}

static void put_counts(struct wr_json_out *out, const char *name,
		       const struct wr_canary_counts *counts)
{
	wr_json_out_begin_object(out, name);
	wr_json_out_integer(out, "events", (int64_t)counts->events);
	wr_json_out_integer(out, "errors", (int64_t)counts->errors);
	wr_json_out_end(out);
}

static void put_trials(struct wr_json_out *out, const struct wr_reload_entry *entry)
{
	wr_json_out_begin_array(out, "trials");
	for (size_t i = 0; i < entry->trial_count; i++) {
		const struct wr_reload_trial *trial = &entry->trials[i];

		wr_json_out_begin_object(out, NULL);
		wr_json_out_text(out, "pipeline", trial->pipeline);
		wr_json_out_integer(out, "share", trial->share);
		wr_json_out_integer(out, "for_ms", trial->rules.for_ms);
		wr_json_out_number(out, "increase", trial->rules.max_error_ratio_increase);
		wr_json_out_integer(out, "min_events", (int64_t)trial->rules.min_events);
		put_counts(out, "stable", &trial->stable);
		put_counts(out, "canary", &trial->canary);
		wr_json_out_end(out);
	}
	wr_json_out_end(out);
}

static void put_past(struct wr_json_out *out, const struct wr_past *past)
{
	const struct wr_reload_entry *entry = &past->entry;

	wr_json_out_begin_object(out, NULL);
	wr_json_out_integer(out, "number", (int64_t)entry->number);
	wr_json_out_integer(out, "since_ms", entry->since_ms);
	put_text(out, "who", entry->who);
	put_text(out, "what", entry->what);
	wr_json_out_text(out, "state", wr_reload_state_name(entry->state));
	wr_json_out_integer(out, "ended_ms", entry->ended_ms);
	put_text(out, "reason", entry->reason);
	put_trials(out, entry);
	if (wr_past_is_whole(past)) {
		wr_json_out_text(out, "text", past->text);
		put_plugins(out, past->set);
	}
	wr_json_out_end(out);
}

static enum wr_code render(const struct wr_history *history, struct wr_buf *text)
{
	struct wr_json_out out;

	wr_json_out_init(&out, text);
	wr_json_out_begin_object(&out, NULL);
	wr_json_out_integer(&out, "runs", (int64_t)history->runs);
	wr_json_out_integer(&out, "previous", (int64_t)history->previous);
	wr_json_out_begin_array(&out, "generations");
	for (size_t i = 0; i < history->count; i++)
		put_past(&out, &history->items[i]);
	wr_json_out_end(&out);
	wr_json_out_end(&out);
	return wr_json_out_finish(&out);
}

enum wr_code wr_history_write(const char *folder, const struct wr_history *history,
			      struct wr_err *err)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc = render(history, &text);

	if (rc != WR_OK)
		rc = wr_err_set(err, rc, "no memory for the list of generations");
	else
		rc = wr_kept_file_write(folder, WR_HISTORY_FILE, wr_bytes(text.data, text.size),
					err);
	wr_buf_fini(&text);
	return rc;
}
