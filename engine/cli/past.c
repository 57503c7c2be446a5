#include "config.h"

#include "cli/past.h"

#include "cli/pipeline_args.h"
#include "cli/record.h"
#include "cli/text_table.h"
#include "run/history.h"
#include "run/reload_show.h"
#include "run/state_place.h"

#include <inttypes.h>
#include <stdlib.h>

static struct wr_bytes text_of(const char *text)
{
	return text != NULL ? wr_bytes_of(text) : wr_bytes(NULL, 0);
}

static const char *state_of(const struct wr_history *history, const struct wr_past *past)
{
	if (past->entry.number == history->runs)
		return "ran last";
	if (past->entry.number == history->previous)
		return "rollback leads here";
	switch (past->entry.state) {
	case WR_RELOAD_STATE_CANARY:
		return "was tried";
	case WR_RELOAD_STATE_ROLLED_BACK:
		return "rolled back";
	case WR_RELOAD_STATE_APPLIED:
	case WR_RELOAD_STATE_PROMOTED:
		break;
	}
	return past->text != NULL ? "" : "not kept";
}

static enum wr_code render(const struct wr_history *history, struct wr_buf *out)
{
	static const char *const titles[] = {"GENERATION", "SINCE", "WHO", "", "WHAT"};
	struct wr_text_table table;
	enum wr_code rc;

	wr_text_table_init(&table, "rllll");
	wr_text_table_head(&table, titles);
	for (size_t i = 0; i < history->count; i++) {
		const struct wr_past *past = &history->items[i];
		struct wr_buf since = WR_BUF_INIT;

		(void)wr_cli_append_time(&since, past->entry.since_ms);
		wr_text_table_addf(&table, "%" PRIu64, past->entry.number);
		wr_text_table_add(&table, wr_bytes(since.data, since.size));
		wr_buf_fini(&since);
		wr_text_table_add(&table, text_of(past->entry.who));
		wr_text_table_add(&table, wr_bytes_of(state_of(history, past)));
		wr_text_table_add(&table, text_of(past->entry.what));
	}
	rc = wr_text_table_render(&table, out);
	wr_text_table_fini(&table);
	return rc;
}

static enum wr_code render_json(const struct wr_history *history, struct wr_buf *text)
{
	struct wr_json_out out;
	enum wr_code rc;

	wr_json_out_init(&out, text);
	wr_json_out_begin_object(&out, NULL);
	wr_json_out_integer(&out, "ran_last", (int64_t)history->runs);
	wr_json_out_begin_array(&out, "generations");
	for (size_t i = 0; i < history->count; i++) {
		struct wr_reload_entry entry = history->items[i].entry;

		entry.can_return = history->previous != 0 && entry.number == history->previous;
		wr_json_out_begin_object(&out, NULL);
		wr_reload_show_entry(&out, &entry);
		wr_json_out_end(&out);
	}
	wr_json_out_end(&out);
	wr_json_out_end(&out);
	rc = wr_json_out_finish(&out);
	return rc == WR_OK ? wr_buf_append_text(text, "\n") : rc;
}

int wr_cli_show_past(const struct wr_command *command, const char *file, bool json)
{
	struct wr_history history = {.count = 0};
	struct wr_err err = {.text = "out of memory"};
	struct wr_buf text = WR_BUF_INIT;
	char *absolute = wr_state_place_absolute(file);
	char *folder = absolute != NULL ? wr_state_place_of(absolute) : NULL;
	enum wr_code rc = WR_ENOMEM;
	int exit_status = WR_EXIT_OK;

	if (folder != NULL)
		rc = wr_history_read(folder, NULL, &history, &err);
	if (rc == WR_OK)
		rc = json ? render_json(&history, &text) : render(&history, &text);
	if (rc == WR_OK)
		fwrite(text.data, 1, text.size, stdout);
	else
		exit_status = wr_cli_fail(command, "%s", err.text);
	wr_history_fini(&history);
	wr_buf_fini(&text);
	free(folder);
	free(absolute);
	return exit_status;
}
