#include "config.h"

#include "cli/commands.h"
#include "cli/dlq_args.h"
#include "cli/stop.h"
#include "cli/text_table.h"
#include "dlq/page.h"

#include <stdlib.h>
#include <string.h>

#define SCAN_MAX 200000
#define SCAN_MS 1000

struct list {
	struct wr_dlq_args args;
	long long limit;
	const char *cursor_text;
	bool oldest_first;
	bool json;
	struct wr_dlq_letter **letters;
	size_t count;
	struct wr_dlq_cursor cursor; /* where the next page begins */
	bool is_last;
};

static const struct wr_option options[] = {
    WR_DLQ_OPTIONS,
    WR_DLQ_FILTER_OPTIONS,
    {"state", 0, "STATE", "open, replayed, purged or all; default: open"},
    {"limit", 'n', "N", "how many at most, up to 1000; default: 50"},
    {"cursor", 0, "TOKEN", "go on where a listing ended"},
    {"oldest-first", 0, NULL, "the oldest first, not the newest"},
    {"json", 'j', NULL, "print one JSON object"},
    {NULL, 0, NULL, NULL},
};

static int parse(struct list *list, int argc, char **argv)
{
	struct wr_args walk;
	int exit_status;

	wr_args_begin(&walk, list->args.command, argc, argv);
	while (wr_args_next(&walk)) {
		if (walk.option == NULL)
			return wr_args_wrong(list->args.command, "takes no arguments");
		if (wr_args_is(&walk, "limit")) {
			if (!wr_args_number(&walk, 1, WR_DLQ_PAGE_MAX, &list->limit))
				return WR_EXIT_USAGE;
		} else if (wr_args_is(&walk, "cursor")) {
			list->cursor_text = walk.value;
		} else if (wr_args_is(&walk, "oldest-first")) {
			list->oldest_first = true;
		} else if (wr_args_is(&walk, "json")) {
			list->json = true;
		} else if (!wr_dlq_args_take(&list->args, &walk, &exit_status)) {
			return exit_status;
		}
	}
	return walk.exit_status;
}

/* Takes the letters of a page and where it ended. */
static void take(struct list *list, struct wr_dlq_page *page)
{
	memcpy(list->letters + list->count, page->letters, page->count * sizeof(*page->letters));
	list->count += page->count;
	page->count = 0;
	list->is_last = page->is_last;
	wr_dlq_cursor_fini(&list->cursor);
	list->cursor = page->next;
	page->next = (struct wr_dlq_cursor){.positions = NULL};
}

/* Pages until there are enough: one ends early where a filter matches little. */
static int read_pages(struct list *list)
{
	struct wr_dlq_page_request request = {.filter = &list->args.filter,
					      .oldest_first = list->oldest_first,
					      .scan_max = SCAN_MAX,
					      .timeout_ms = SCAN_MS};
	struct wr_dlq_page page;
	struct wr_err err;

	if (list->cursor_text != NULL) {
		if (wr_dlq_cursor_parse(wr_bytes_of(list->cursor_text), &list->cursor, &err) !=
		    WR_OK)
			return wr_args_wrong(list->args.command, "--%s", err.text);
		request.cursor = &list->cursor;
	}
	while (!list->is_last && list->count < (size_t)list->limit && !wr_stop_asked()) {
		request.limit = (size_t)list->limit - list->count;
		if (wr_dlq_page_read(list->args.dlq, &request, &page, &err) != WR_OK) {
			wr_dlq_page_fini(&page);
			return wr_dlq_args_fail(&list->args, &err);
		}
		take(list, &page);
		wr_dlq_page_fini(&page);
		request.cursor = &list->cursor;
	}
	return WR_EXIT_OK;
}

static void add_row(struct wr_text_table *table, const struct wr_dlq_letter *letter,
		    bool with_state)
{
	const struct wr_envelope *e = &letter->envelope;
	wr_text_table_addf(table, "%d/%lld", (int)letter->place.partition,
			   (long long)letter->place.offset);
	wr_dlq_cell_time(table, letter->timestamp_ms);
	if (with_state)
		wr_dlq_cell(table, wr_bytes_of(wr_dlq_state_name(letter->state)));
	wr_dlq_cell(table, wr_bytes_from(e->pipeline));
	wr_dlq_cell(table, wr_bytes_from(e->stage));
	wr_dlq_cell(table, wr_bytes_of(letter->broken != NULL ? "(broken)"
				       : wr_envelope_has(e, WR_FIELD_CLASS)
					   ? wr_class_name(e->failure_class)
					   : ""));
	wr_dlq_cell(table, wr_bytes_from(e->code));
	wr_text_table_addf(table, "%u", e->attempts);
	wr_text_table_addf(table, "%u", e->replays);
	wr_dlq_cell(table, wr_bytes_from(e->event_id));
	wr_dlq_cell(table, letter->broken != NULL ? wr_bytes_of(letter->broken)
						  : wr_bytes_from(e->message));
}

static enum wr_code print_table(const struct list *list, struct wr_buf *cursor)
{
	static const char *const heads[] = {"ID",       "TIME",    "PIPELINE", "STAGE",
					    "CLASS",    "CODE",    "ATTEMPTS", "REPLAYS",
					    "EVENT ID", "MESSAGE", NULL};
	static const char *const heads_with_state[] = {"ID",      "TIME",     "STATE",   "PIPELINE",
						       "STAGE",   "CLASS",    "CODE",    "ATTEMPTS",
						       "REPLAYS", "EVENT ID", "MESSAGE", NULL};
	bool with_state = list->args.filter.states > 1;
	struct wr_text_table table;
	enum wr_code rc;

	wr_text_table_init(&table, with_state ? "lllllllrrll" : "llllllrrll");
	wr_text_table_head(&table, with_state ? heads_with_state : heads);
	for (size_t i = 0; i < list->count; i++)
		add_row(&table, list->letters[i], with_state);
	rc = wr_text_table_print(&table);
	wr_text_table_fini(&table);
	if (rc == WR_OK && !list->is_last) {
		rc = wr_dlq_cursor_print(&list->cursor, cursor);
		if (rc == WR_OK && wr_buf_text(cursor) != NULL)
			fprintf(stderr, "there is more: --cursor %s\n", cursor->data);
	}
	return rc;
}

static enum wr_code print_json(const struct list *list, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_append_text(out, "{\"items\":[");

	for (size_t i = 0; i < list->count && rc == WR_OK; i++) {
		if (i > 0)
			rc = wr_buf_append_text(out, ",");
		if (rc == WR_OK)
			rc = wr_dlq_letter_json(list->letters[i], out);
	}
	if (rc == WR_OK)
		rc =
		    wr_buf_append_text(out, list->is_last ? "],\"next\":null}\n" : "],\"next\":\"");
	if (rc == WR_OK && !list->is_last &&
	    (rc = wr_dlq_cursor_print(&list->cursor, out)) == WR_OK)
		rc = wr_buf_append_text(out, "\"}\n");
	if (rc == WR_OK)
		fwrite(out->data, 1, out->size, stdout);
	return rc;
}

static int print(const struct list *list)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc = list->json ? print_json(list, &text) : print_table(list, &text);

	wr_buf_fini(&text);
	return rc == WR_OK
		   ? WR_EXIT_OK
		   : wr_dlq_args_fail(&list->args, &(struct wr_err){.text = "out of memory"});
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct list list = {.limit = 50};
	int exit_status;

	wr_dlq_args_init(&list.args, command);
	exit_status = parse(&list, argc, argv);
	if (exit_status < 0) {
		wr_stop_on_signals();
		list.letters = calloc((size_t)list.limit, sizeof(*list.letters));
		exit_status = list.letters != NULL ? wr_dlq_args_open(&list.args) : WR_EXIT_WRONG;
		if (exit_status == WR_EXIT_OK)
			exit_status = read_pages(&list);
		if (exit_status == WR_EXIT_OK)
			exit_status = print(&list);
	}
	for (size_t i = 0; i < list.count; i++)
		free(list.letters[i]);
	free(list.letters);
	wr_dlq_cursor_fini(&list.cursor);
	wr_dlq_args_fini(&list.args);
	return exit_status;
}

const struct wr_command wr_command_dlq_list = {
    .name = "dlq list",
    .summary = "list dead letters",
    .usage = "(--config FILE | --topic TOPIC) [OPTION...]",
    .description =
	"Lists dead letters, the newest first: where they stand (their id for the other dlq\n"
	"commands), when and why they failed. Options narrow it; what was replayed or purged is\n"
	"shown with --state. A page costs what it reads, whatever the topic holds; --cursor goes on.\n"
	"\n"
	"Exit status: 0; 1 when Kafka or the topic can't be read.\n",
    .options = options,
    .run = run,
};
