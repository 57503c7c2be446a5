/* Reading the list of generations: what is in the file is believed only as far as it is whole. */
#include "config.h"

#include "run/history.h"

#include "base/json.h"
#include "base/log.h"
#include "conf/load.h"
#include "core/canary.h"
#include "run/kept_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	const char *folder;
	struct wr_plugin_store *store;
	struct wr_json_reader *reader;
	struct wr_history *history;
	size_t i; /* which generation */
};

/* ---- members ---- */

/* At a pointer below the present generation. */
static enum wr_json_type look(struct reading *r, struct wr_json_value *value, const char *format,
			      ...) __attribute__((format(printf, 3, 4)));
static enum wr_json_type look(struct reading *r, struct wr_json_value *value, const char *format,
			      ...)
{
	char pointer[128];
	va_list args;
	int used = snprintf(pointer, sizeof(pointer), "/generations/%zu", r->i);

	va_start(args, format);
	vsnprintf(pointer + used, sizeof(pointer) - (size_t)used, format, args);
	va_end(args);
	return wr_json_get(r->reader, wr_bytes_of(pointer), value);
}

/* For free(); NULL when it is no text, or without memory. */
static char *copy_string(const struct wr_json_value *value)
{
	if (value->type != WR_JSON_STRING ||
	    memchr(value->string.data, '\0', value->string.size) != NULL)
		return NULL;
	return strndup(value->string.data, value->string.size);
}

static char *get_text(struct reading *r, const char *member)
{
	struct wr_json_value value;

	look(r, &value, "/%s", member);
	return copy_string(&value);
}

/* False: it is no number that could be one. */
static bool get_count(struct reading *r, const char *member, uint64_t *count_r)
{
	struct wr_json_value value;

	*count_r = 0;
	if (look(r, &value, "%s", member) != WR_JSON_INTEGER || value.integer < 0)
		return false;
	*count_r = (uint64_t)value.integer;
	return true;
}

static bool get_time(struct reading *r, const char *member, int64_t *ms_r)
{
	uint64_t count;
	bool ok = get_count(r, member, &count);

	*ms_r = (int64_t)count;
	return ok;
}

static bool get_state(struct reading *r, enum wr_reload_state *state_r)
{
	static const enum wr_reload_state states[] = {
	    WR_RELOAD_STATE_APPLIED, WR_RELOAD_STATE_CANARY, WR_RELOAD_STATE_PROMOTED,
	    WR_RELOAD_STATE_ROLLED_BACK};
	struct wr_json_value value;

	look(r, &value, "/state");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		*state_r = states[i];
		if (value.type == WR_JSON_STRING &&
		    wr_bytes_equal(value.string, wr_bytes_of(wr_reload_state_name(states[i]))))
			return true;
	}
	return false;
}

/* ---- canaries ---- */

static bool read_trial(struct reading *r, size_t k, struct wr_reload_trial *trial)
{
	struct wr_json_value value;
	uint64_t numbers[7] = {0};
	static const char *const members[] = {"share",         "for_ms",        "min_events",
					      "stable/events", "stable/errors", "canary/events",
					      "canary/errors"};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (look(r, &value, "/trials/%zu/%s", k, members[i]) != WR_JSON_INTEGER ||
		    value.integer < 0)
			return false;
		numbers[i] = (uint64_t)value.integer;
	}
	look(r, &value, "/trials/%zu/pipeline", k);
	*trial = (struct wr_reload_trial){
	    .pipeline = copy_string(&value),
	    .share = (uint32_t)numbers[0],
	    .rules = {.for_ms = (int64_t)numbers[1], .min_events = numbers[2]},
	    .stable = {numbers[3], numbers[4]},
	    .canary = {numbers[5], numbers[6]},
	};
	look(r, &value, "/trials/%zu/increase", k);
	trial->rules.max_error_ratio_increase = value.number;
	return trial->pipeline != NULL && numbers[0] <= WR_CANARY_ALL &&
	       (value.type == WR_JSON_NUMBER || value.type == WR_JSON_INTEGER) &&
	       value.number >= 0 && value.number <= 1;
}

/* Counts that can't be read are not shown. */
static void read_trials(struct reading *r, struct wr_reload_entry *entry)
{
	struct wr_json_value list;

	if (look(r, &list, "/trials") != WR_JSON_ARRAY || list.count == 0)
		return;
	entry->trials = calloc(list.count, sizeof(*entry->trials));
	for (size_t k = 0; entry->trials != NULL && k < list.count; k++) {
		entry->trial_count = k + 1;
		if (!read_trial(r, k, &entry->trials[k])) {
			free(entry->trials[k].pipeline);
			entry->trial_count = k;
			return;
		}
	}
}

/* ---- what it takes to run it again ---- */

/* The strings are the caller's. */
static bool read_plugin(struct reading *r, size_t k, char *texts[3])
{
	static const char *const members[] = {"name", "copy", "sha256"};
	struct wr_json_value value;
	char *file;

	for (size_t i = 0; i < 3; i++) {
		look(r, &value, "/plugins/%zu/%s", k, members[i]);
		texts[i] = copy_string(&value);
	}
	if (texts[1] == NULL || strchr(texts[1], '/') != NULL || texts[0] == NULL ||
	    texts[2] == NULL || asprintf(&file, "%s/plugins/%s", r->folder, texts[1]) < 0)
		return false;
	free(texts[1]);
	texts[1] = file;
	return true;
}

static enum wr_code read_plugins(struct reading *r, size_t count, struct wr_plugin_file *files,
				 struct wr_err *err)
{
	for (size_t k = 0; k < count; k++) {
		char *texts[3] = {NULL, NULL, NULL};
		bool ok = read_plugin(r, k, texts);

		files[k] =
		    (struct wr_plugin_file){.name = texts[0], .copy = texts[1], .sha256 = texts[2]};
		if (!ok)
			return wr_err_set(err, WR_EINVAL, "its plugins are not whole in %s/%s",
					  r->folder, WR_HISTORY_FILE);
	}
	return WR_OK;
}

static void free_files(struct wr_plugin_file *files, size_t count)
{
	for (size_t k = 0; files != NULL && k < count; k++) {
		free((void *)(uintptr_t)files[k].name);
		free((void *)(uintptr_t)files[k].copy);
		free((void *)(uintptr_t)files[k].sha256);
	}
	free(files);
}

static enum wr_code hold_plugins(struct reading *r, struct wr_past *past, struct wr_err *err)
{
	struct wr_plugin_set *whole = NULL;
	struct wr_plugin_file *files;
	struct wr_json_value list;
	enum wr_code rc;

	if (look(r, &list, "/plugins") != WR_JSON_ARRAY)
		return wr_err_set(err, WR_EINVAL, "its plugins are not named in %s/%s", r->folder,
				  WR_HISTORY_FILE);
	files = calloc(list.count + 1, sizeof(*files));
	rc = files != NULL ? read_plugins(r, list.count, files, err) : WR_ENOMEM;
	if (rc == WR_OK)
		rc = wr_plugin_store_restore(r->store, files, list.count, &whole, err);
	if (rc == WR_OK)
		rc = wr_plugin_set_hold(whole, &past->set, err);
	wr_plugin_set_drop(whole);
	free_files(files, list.count);
	return rc;
}

/* Of one that never took all keys there is nothing. */
static void read_rest(struct reading *r, struct wr_past *past)
{
	struct wr_err err = {.text = "no memory"};
	struct wr_buf text;
	enum wr_code rc;

	past->text = get_text(r, "text");
	if (past->text == NULL)
		return;
	rc = wr_kept_text_read(r->folder, past->text, &text, &err);
	wr_conf_forget(&text);
	if (rc == WR_OK && r->store != NULL)
		rc = hold_plugins(r, past, &err);
	if (rc == WR_OK)
		return;
	free(past->text);
	past->text = NULL;
	WR_LOG(WR_LOG_WARN, "a former generation can't be run again",
	       WR_INT("generation", past->entry.number), WR_STR("reason", err.text));
}

/* ---- all of it ---- */

static bool read_past(struct reading *r, struct wr_past *past)
{
	struct wr_reload_entry *entry = &past->entry;

	if (!get_count(r, "/number", &entry->number) || entry->number == 0 ||
	    wr_history_find(r->history, entry->number) != NULL ||
	    !get_time(r, "/since_ms", &entry->since_ms) ||
	    !get_time(r, "/ended_ms", &entry->ended_ms) || !get_state(r, &entry->state))
		return false;
	entry->who = get_text(r, "who");
	entry->what = get_text(r, "what");
	entry->reason = get_text(r, "reason");
	read_trials(r, entry);
	read_rest(r, past);
	return true;
}

static bool read_number(struct reading *r, const char *pointer, uint64_t *number_r)
{
	struct wr_json_value value;

	if (wr_json_get(r->reader, wr_bytes_of(pointer), &value) != WR_JSON_INTEGER ||
	    value.integer < 0)
		return false;
	*number_r = (uint64_t)value.integer;
	return true;
}

/* What is longer than it can be is cut: it is no list of ours, but its numbers were given. */
static enum wr_code parse(struct reading *r, struct wr_err *err)
{
	struct wr_history *history = r->history;
	struct wr_json_value list;
	bool ok = read_number(r, "/runs", &history->runs) &&
		  read_number(r, "/previous", &history->previous) &&
		  wr_json_get(r->reader, wr_bytes_of("/generations"), &list) == WR_JSON_ARRAY;

	for (r->i = 0; ok && r->i < list.count && r->i < WR_HISTORY_MAX; r->i++) {
		struct wr_past past = {.text = NULL};

		ok = read_past(r, &past);
		if (ok)
			history->items[history->count++] = past;
	}
	return ok ? WR_OK
		  : wr_err_set(err, WR_EINVAL, "%s/%s is not whole", r->folder, WR_HISTORY_FILE);
}

enum wr_code wr_history_read(const char *folder, struct wr_plugin_store *store,
			     struct wr_history *history_r, struct wr_err *err)
{
	struct reading r = {.folder = folder, .store = store, .history = history_r};
	struct wr_buf record = WR_BUF_INIT;
	enum wr_code rc;

	*history_r = (struct wr_history){.count = 0};
	rc = wr_kept_file_read(folder, WR_HISTORY_FILE, &record, err);
	if (rc == WR_OK && wr_json_reader_create(&r.reader) != WR_OK)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for the list of generations");
	if (rc == WR_OK) {
		rc = wr_json_read(r.reader, wr_bytes(record.data, record.size), NULL, err);
		if (rc == WR_EINVAL)
			wr_err_prefix(err, "%s/%s", folder, WR_HISTORY_FILE);
	}
	if (rc == WR_OK)
		rc = parse(&r, err);
	wr_json_reader_destroy(r.reader);
	wr_buf_fini(&record);
	if (rc != WR_OK)
		wr_history_fini(history_r);
	return rc;
}
