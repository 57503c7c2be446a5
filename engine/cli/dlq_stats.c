#include "config.h"

#include "cli/commands.h"
#include "cli/dlq_args.h"
#include "cli/stop.h"
#include "cli/text_table.h"
#include "dlq/stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP_MS 500

struct count {
	struct wr_dlq_args args;
	struct wr_dlq_stats stats;
	bool json;
};

static const struct wr_option options[] = {
    WR_DLQ_OPTIONS,
    WR_DLQ_FILTER_OPTIONS,
    {"state", 0, "STATE", "open, replayed, purged or all; default: all"},
    {"json", 'j', NULL, "print one JSON object"},
    {NULL, 0, NULL, NULL},
};

static int parse(struct count *count, int argc, char **argv)
{
	struct wr_args walk;
	int exit_status;

	wr_args_begin(&walk, count->args.command, argc, argv);
	while (wr_args_next(&walk)) {
		if (walk.option == NULL)
			return wr_args_wrong(count->args.command, "takes no arguments");
		if (wr_args_is(&walk, "json"))
			count->json = true;
		else if (!wr_dlq_args_take(&count->args, &walk, &exit_status))
			return exit_status;
	}
	return walk.exit_status;
}

static int read_all(struct count *count)
{
	bool shows_progress = isatty(STDERR_FILENO) == 1;
	struct wr_err err;

	while (!count->stats.is_complete && !wr_stop_asked()) {
		if (wr_dlq_stats_read(count->args.dlq, &count->args.filter, STEP_MS, &count->stats,
				      &err) != WR_OK)
			return wr_dlq_args_fail(&count->args, &err);
		if (shows_progress)
			fprintf(stderr, "\r%" PRIu64 " read\033[K", count->stats.scanned);
	}
	if (shows_progress)
		fputs("\r\033[K", stderr);
	return WR_EXIT_OK;
}

static void add_row(struct wr_text_table *table, const struct wr_dlq_group *group)
{
	bool is_open = group->counts[WR_DLQ_OPEN] > 0;

	for (int i = 0; i < WR_DLQ_STATES; i++)
		wr_text_table_addf(table, "%" PRIu64, group->counts[i]);
	wr_dlq_cell_time(table, is_open ? group->oldest_ms : -1);
	wr_dlq_cell_time(table, is_open ? group->newest_ms : -1);
	wr_dlq_cell(table, wr_bytes_of(group->pipeline));
	wr_dlq_cell(table, wr_bytes_of(group->stage));
	wr_dlq_cell(table, wr_bytes_of(group->class_name));
	wr_dlq_cell(table, wr_bytes_of(group->code));
}

static enum wr_code print_table(const struct count *count)
{
	static const char *const heads[] = {"OPEN",        "REPLAYED", "PURGED", "OLDEST OPEN",
					    "NEWEST OPEN", "PIPELINE", "STAGE",  "CLASS",
					    "CODE",        NULL};
	struct wr_dlq_group **groups;
	struct wr_text_table table;
	enum wr_code rc;
	size_t n, i;

	groups = wr_dlq_stats_sorted(&count->stats, &n);
	if (groups == NULL)
		return WR_ENOMEM;
	wr_text_table_init(&table, "rrrllllll");
	wr_text_table_head(&table, heads);
	for (i = 0; i < n; i++)
		add_row(&table, groups[i]);
	rc = wr_text_table_print(&table);
	wr_text_table_fini(&table);
	free(groups);
	printf("%" PRIu64 " open, %" PRIu64 " replayed, %" PRIu64 " purged",
	       count->stats.counts[WR_DLQ_OPEN], count->stats.counts[WR_DLQ_REPLAYED],
	       count->stats.counts[WR_DLQ_PURGED]);
	if (count->stats.broken > 0)
		printf("; %" PRIu64 " can't be trusted", count->stats.broken);
	puts(count->stats.is_complete ? "" : "; not all were counted");
	return rc;
}

static int print(const struct count *count)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc;

	if (count->json) {
		rc = wr_dlq_stats_json(&count->stats, &text);
		if (rc == WR_OK) {
			fwrite(text.data, 1, text.size, stdout);
			fputc('\n', stdout);
		}
	} else {
		rc = print_table(count);
	}
	wr_buf_fini(&text);
	return rc == WR_OK
		   ? WR_EXIT_OK
		   : wr_dlq_args_fail(&count->args, &(struct wr_err){.text = "out of memory"});
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct count count = {.json = false};
	int exit_status;

	wr_dlq_args_init(&count.args, command);
	exit_status = parse(&count, argc, argv);
	if (exit_status < 0) {
		wr_stop_on_signals();
		exit_status = wr_dlq_stats_init(&count.stats) == WR_OK
				  ? wr_dlq_args_open(&count.args)
				  : WR_EXIT_WRONG;
		if (exit_status == WR_EXIT_OK)
			exit_status = read_all(&count);
		if (exit_status == WR_EXIT_OK)
			exit_status = print(&count);
	}
	wr_dlq_stats_fini(&count.stats);
	wr_dlq_args_fini(&count.args);
	return exit_status;
}

const struct wr_command wr_command_dlq_stats = {
    .name = "dlq stats",
    .summary = "count dead letters by pipeline, stage, class and code",
    .usage = "(--config FILE | --topic TOPIC) [OPTION...]",
    .description =
	"Counts dead letters by pipeline, stage, class and code: how many are open, were replayed,\n"
	"were purged, and since when. It reads the whole topic, or what the options leave of it.\n"
	"\n"
	"Exit status: 0; 1 when Kafka or the topic can't be read.\n",
    .options = options,
    .run = run,
};
