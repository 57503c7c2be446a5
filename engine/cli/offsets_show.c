#include "config.h"

#include "cli/commands.h"
#include "cli/offsets.h"
#include "cli/text_table.h"

#include <inttypes.h>

static const struct wr_option options[] = {
    WR_OFFSETS_OPTIONS,
    {NULL, 0, NULL, NULL},
};

static void add_mark(struct wr_text_table *table, const struct wr_offsets_row *row)
{
	char text[WR_OFFSETS_TEXT_BYTES];

	if (row->kept != WR_MARK_READ) {
		wr_text_table_add(table, wr_bytes(NULL, 0));
		wr_text_table_add(
		    table, wr_bytes_of(row->kept == WR_MARK_UNREADABLE ? "unreadable" : NULL));
		wr_text_table_add(table, wr_bytes(NULL, 0));
		return;
	}
	wr_text_table_addf(table, "%" PRIu32, row->mark.incarnation);
	wr_offsets_done_text(&row->mark, text);
	wr_text_table_add(table, wr_bytes_of(text));
	wr_offsets_abandoned_text(&row->mark, text);
	wr_text_table_add(table, wr_bytes_of(text[0] != '\0' ? text : NULL));
}

static int64_t lag_of(const struct wr_kafka_place *place)
{
	if (place->committed < 0)
		return -1;
	return place->high > place->committed ? place->high - place->committed : 0;
}

static int print_table(const struct wr_offsets *o)
{
	static const char *const heads[] = {"TOPIC",    "PARTITION",   "COMMITTED", "END",
					    "LAG",      "INCARNATION", "DONE",      "ABANDONED",
					    "METADATA", NULL};
	struct wr_text_table table;
	enum wr_code rc;

	wr_text_table_init(&table, "lrrrrrlll");
	wr_text_table_head(&table, heads);
	for (size_t i = 0; i < o->count; i++) {
		const struct wr_kafka_place *place = o->rows[i].place;

		wr_text_table_add(&table, wr_bytes_of(place->topic));
		wr_text_table_addf(&table, "%" PRId32, place->partition);
		wr_text_table_add_number(&table, place->committed);
		wr_text_table_add_number(&table, place->high);
		wr_text_table_add_number(&table, lag_of(place));
		add_mark(&table, &o->rows[i]);
		wr_text_table_add(&table, wr_bytes_of(place->metadata));
	}
	rc = wr_text_table_print(&table);
	wr_text_table_fini(&table);
	return rc == WR_OK ? WR_EXIT_OK : wr_cli_fail(o->command, "out of memory");
}

static void add_or_null(struct wr_json_out *out, const char *name, int64_t number)
{
	if (number < 0)
		wr_json_out_null(out, name);
	else
		wr_json_out_integer(out, name, number);
}

static void add_row(struct wr_json_out *out, const struct wr_offsets_row *row)
{
	const struct wr_kafka_place *place = row->place;

	wr_json_out_begin_object(out, NULL);
	wr_json_out_text(out, "topic", place->topic);
	wr_json_out_integer(out, "partition", place->partition);
	add_or_null(out, "committed", place->committed);
	wr_json_out_integer(out, "begin", place->low);
	wr_json_out_integer(out, "end", place->high);
	add_or_null(out, "lag", lag_of(place));
	wr_json_out_text(out, "metadata", place->metadata);
	wr_offsets_mark_json(out, "mark", row->kept == WR_MARK_READ ? &row->mark : NULL);
	wr_json_out_bool(out, "markUnreadable", row->kept == WR_MARK_UNREADABLE);
	wr_json_out_end(out);
}

static int print_json(const struct wr_offsets *o)
{
	struct wr_buf text = WR_BUF_INIT;
	struct wr_json_out out;
	int exit_status;

	wr_json_out_init(&out, &text);
	wr_json_out_begin_object(&out, NULL);
	wr_json_out_text(&out, "pipeline", o->pipeline.pipeline->name);
	wr_json_out_text(&out, "group", o->pipeline.pipeline->group);
	wr_json_out_integer(&out, "members", (int64_t)o->members);
	wr_json_out_begin_array(&out, "partitions");
	for (size_t i = 0; i < o->count; i++)
		add_row(&out, &o->rows[i]);
	wr_json_out_end(&out);
	wr_json_out_end(&out);
	exit_status = wr_offsets_print_json(o, &out, &text);
	wr_buf_fini(&text);
	return exit_status;
}

static int parse(struct wr_offsets *o, int argc, char **argv)
{
	struct wr_args args;
	int exit_status;

	wr_args_begin(&args, o->command, argc, argv);
	while (wr_args_next(&args)) {
		if (wr_offsets_take(o, &args, &exit_status))
			continue;
		if (exit_status >= 0)
			return exit_status;
		return wr_args_wrong(o->command, "takes no argument: \"%s\"", args.value);
	}
	return args.exit_status;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct wr_offsets offsets;
	int exit_status;

	wr_offsets_init(&offsets, command);
	exit_status = parse(&offsets, argc, argv);
	if (exit_status < 0)
		exit_status = wr_offsets_read(&offsets, true);
	else
		goto out;
	if (exit_status == WR_EXIT_OK)
		exit_status = offsets.json ? print_json(&offsets) : print_table(&offsets);
out:
	wr_offsets_fini(&offsets);
	return exit_status;
}

const struct wr_command wr_command_offsets_show = {
    .name = "offsets show",
    .summary = "print where a pipeline stands in its topics",
    .usage = "--config FILE [OPTION...]",
    .description =
	"Prints for each partition of the pipeline's source and retry topics what its group has\n"
	"committed, the end of the partition, the lag between them, and the done mark that Redis\n"
	"keeps: the incarnation, the offsets that are completed, those that are abandoned, and\n"
	"the metadata of the commit.\n"
	"\n"
	"Exit status: 0, or 1 when Kafka or Redis can't be asked.\n",
    .options = options,
    .run = run,
};
