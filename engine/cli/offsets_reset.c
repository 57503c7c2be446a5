#include "config.h"

#include "cli/commands.h"
#include "cli/instant.h"
#include "cli/offsets.h"
#include "cli/text_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum where { EARLIEST, LATEST, OFFSET, TIME };

struct reset {
	struct wr_offsets offsets;
	const char *to;
	enum where where;
	int64_t number; /* the offset, or Unix milliseconds */
	bool execute;
	struct wr_mark *after; /* of each row; with marks_known() */
};

static const struct wr_option options[] = {
    {"to", 0, "WHERE", "earliest, latest, an offset, or a time: 2026-11-23T06:00:00Z, @MS"},
    WR_OFFSETS_OPTIONS,
    {"execute", 'x', NULL, "do it; without it nothing changes"},
    {NULL, 0, NULL, NULL},
};

static bool parse_offset(const char *text, int64_t *offset_r)
{
	char *end;

	errno = 0;
	*offset_r = strtoll(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static int parse_where(struct reset *r)
{
	if (r->to == NULL)
		return wr_args_wrong(r->offsets.command, "wants --to WHERE");
	if (strcmp(r->to, "earliest") == 0)
		r->where = EARLIEST;
	else if (strcmp(r->to, "latest") == 0)
		r->where = LATEST;
	else if (parse_offset(r->to, &r->number))
		r->where = OFFSET;
	else if (wr_instant_parse(r->to, &r->number))
		r->where = TIME;
	else
		return wr_args_wrong(
		    r->offsets.command,
		    "--to wants earliest, latest, an offset, a time such as "
		    "2026-11-23T06:00:00Z, or Unix milliseconds as @MS, not \"%s\"",
		    r->to);
	return -1;
}

static int parse(struct reset *r, int argc, char **argv)
{
	struct wr_args args;
	int exit_status;

	wr_args_begin(&args, r->offsets.command, argc, argv);
	while (wr_args_next(&args)) {
		if (wr_offsets_take(&r->offsets, &args, &exit_status))
			continue;
		if (exit_status >= 0)
			return exit_status;
		if (wr_args_is(&args, "to"))
			r->to = args.value;
		else if (wr_args_is(&args, "execute"))
			r->execute = true;
		else
			return wr_args_wrong(r->offsets.command, "takes no argument: \"%s\"",
					     args.value);
	}
	return args.exit_status >= 0 ? args.exit_status : parse_where(r);
}

static const struct wr_conf_pipeline *pipeline_of(const struct reset *r)
{
	return r->offsets.pipeline.pipeline;
}

/* A pipeline without claims keeps no marks, and its commits say nothing. */
static bool marks_known(const struct reset *r)
{
	return pipeline_of(r)->idempotency.store != WR_STORE_NONE;
}

/* An offset outside of what can be read goes to the nearest that can. */
static void choose(const struct reset *r, struct wr_kafka_place *place)
{
	switch (r->where) {
	case EARLIEST:
		place->at = place->low;
		break;
	case LATEST:
		place->at = place->high;
		break;
	case OFFSET:
		place->at = r->number;
		break;
	case TIME:
		break; /* wr_kafka_group_find() has */
	}
	if (place->at < place->low)
		place->at = place->low;
	if (place->at > place->high)
		place->at = place->high;
}

/* What is known of the partition by its two memories. The commit can be of a later incarnation than the mark, when that
 * was lost or written late; what the mark says of earlier ones stays. */
static void recall(const struct wr_offsets_row *row, struct wr_mark *mark_r)
{
	struct wr_mark committed = {0};
	struct wr_err err;
	bool is_ours =
	    row->place->metadata != NULL &&
	    wr_mark_metadata_decode(wr_bytes_of(row->place->metadata), &committed, &err) == WR_OK;

	*mark_r = row->kept == WR_MARK_READ ? row->mark : committed;
	if (is_ours && committed.incarnation > mark_r->incarnation) {
		wr_mark_restart(mark_r, 0);
		if (mark_r->incarnation < committed.incarnation)
			mark_r->incarnation = committed.incarnation;
	}
}

static enum wr_code plan_mark(struct wr_offsets_row *row, struct wr_mark *after)
{
	char metadata[WR_MARK_METADATA_BYTES];
	size_t size;

	recall(row, after);
	wr_mark_restart(after, row->place->at);
	size = wr_mark_metadata_encode(after, metadata);
	row->place->at_metadata = strndup(metadata, size);
	return row->place->at_metadata != NULL ? WR_OK : WR_ENOMEM;
}

static int plan(struct reset *r)
{
	struct wr_offsets *o = &r->offsets;
	struct wr_err err;

	if (r->where == TIME && wr_kafka_group_find(o->group, &o->places, r->number, &err) != WR_OK)
		return wr_cli_fail(o->command, "kafka: %s", err.text);
	/* Those that were not asked for stay where they are. */
	for (size_t i = 0; r->where == TIME && i < o->places.count; i++) {
		bool is_asked_for = false;

		for (size_t j = 0; j < o->count; j++)
			is_asked_for |= o->rows[j].place == &o->places.items[i];
		if (!is_asked_for)
			o->places.items[i].at = -1;
	}
	r->after = calloc(o->count, sizeof(r->after[0]));
	if (r->after == NULL)
		return wr_cli_fail(o->command, "out of memory");
	for (size_t i = 0; i < o->count; i++) {
		choose(r, o->rows[i].place);
		if (marks_known(r) && plan_mark(&o->rows[i], &r->after[i]) != WR_OK)
			return wr_cli_fail(o->command, "out of memory");
	}
	return WR_EXIT_OK;
}

static void add_incarnation(struct wr_text_table *table, const struct wr_mark *mark)
{
	if (mark != NULL)
		wr_text_table_addf(table, "%" PRIu32, mark->incarnation);
	else
		wr_text_table_add(table, wr_bytes(NULL, 0));
}

static const struct wr_mark *before_of(const struct wr_offsets_row *row)
{
	return row->kept == WR_MARK_READ ? &row->mark : NULL;
}

static int print_table(const struct reset *r)
{
	static const char *const heads[] = {"TOPIC",   "PARTITION",   "BEFORE", "AFTER",
					    "TO READ", "INCARNATION", "THEN",   NULL};
	const struct wr_offsets *o = &r->offsets;
	struct wr_text_table table;
	enum wr_code rc;

	wr_text_table_init(&table, "lrrrrrr");
	wr_text_table_head(&table, heads);
	for (size_t i = 0; i < o->count; i++) {
		const struct wr_kafka_place *place = o->rows[i].place;

		wr_text_table_add(&table, wr_bytes_of(place->topic));
		wr_text_table_addf(&table, "%" PRId32, place->partition);
		wr_text_table_add_number(&table, place->committed);
		wr_text_table_add_number(&table, place->at);
		wr_text_table_add_number(&table, place->high - place->at);
		add_incarnation(&table, before_of(&o->rows[i]));
		add_incarnation(&table, marks_known(r) ? &r->after[i] : NULL);
	}
	rc = wr_text_table_print(&table);
	wr_text_table_fini(&table);
	return rc == WR_OK ? WR_EXIT_OK : wr_cli_fail(o->command, "out of memory");
}

static void add_side(struct wr_json_out *out, const char *name, int64_t committed,
		     const struct wr_mark *mark)
{
	wr_json_out_begin_object(out, name);
	if (committed < 0)
		wr_json_out_null(out, "committed");
	else
		wr_json_out_integer(out, "committed", committed);
	wr_offsets_mark_json(out, "mark", mark);
	wr_json_out_end(out);
}

static void add_row(const struct reset *r, size_t i, struct wr_json_out *out)
{
	const struct wr_offsets_row *row = &r->offsets.rows[i];
	const struct wr_kafka_place *place = row->place;

	wr_json_out_begin_object(out, NULL);
	wr_json_out_text(out, "topic", place->topic);
	wr_json_out_integer(out, "partition", place->partition);
	wr_json_out_integer(out, "begin", place->low);
	wr_json_out_integer(out, "end", place->high);
	add_side(out, "before", place->committed, before_of(row));
	add_side(out, "after", place->at, marks_known(r) ? &r->after[i] : NULL);
	wr_json_out_end(out);
}

static int print_json(const struct reset *r)
{
	const struct wr_offsets *o = &r->offsets;
	struct wr_buf text = WR_BUF_INIT;
	struct wr_json_out out;
	int exit_status;

	wr_json_out_init(&out, &text);
	wr_json_out_begin_object(&out, NULL);
	wr_json_out_text(&out, "pipeline", pipeline_of(r)->name);
	wr_json_out_text(&out, "group", pipeline_of(r)->group);
	wr_json_out_integer(&out, "members", (int64_t)o->members);
	wr_json_out_bool(&out, "executed", r->execute);
	wr_json_out_begin_array(&out, "partitions");
	for (size_t i = 0; i < o->count; i++)
		add_row(r, i, &out);
	wr_json_out_end(&out);
	wr_json_out_end(&out);
	exit_status = wr_offsets_print_json(o, &out, &text);
	wr_buf_fini(&text);
	return exit_status;
}

static int write_marks(const struct reset *r)
{
	const struct wr_offsets *o = &r->offsets;
	char field[WR_OFFSETS_FIELD_BYTES], text[WR_MARK_TEXT_BYTES];
	struct wr_mark_write write;
	struct wr_err err;

	for (size_t i = 0; i < o->count; i++) {
		write = (struct wr_mark_write){
		    .field = wr_offsets_field(o->rows[i].place, field),
		    .text = wr_bytes(text, wr_mark_encode(&r->after[i], text)),
		    .incarnation = r->after[i].incarnation,
		    .next = r->after[i].next,
		    .anyway = true,
		};
		if (wr_redis_mark_write(o->access, &write, &err) != WR_OK)
			return wr_cli_fail(
			    o->command,
			    "the offsets are set, but a mark could not be written: %s; "
			    "run it again",
			    err.text);
	}
	return WR_EXIT_OK;
}

/* The offsets first: Kafka refuses them when an engine has come meanwhile, and then nothing has changed. With them goes
 * the mark as metadata, so that nothing is lost when the marks can't be written. */
static int execute(const struct reset *r)
{
	const struct wr_offsets *o = &r->offsets;
	struct wr_err err;

	if (o->members > 0)
		return wr_cli_fail(
		    o->command,
		    "group %s has %zu members: stop the engines of pipeline %s first (one "
		    "that was killed is a member until its session times out); nothing "
		    "has changed",
		    pipeline_of(r)->group, o->members, pipeline_of(r)->name);
	if (wr_kafka_group_set(o->group, &o->places, &err) != WR_OK)
		return wr_cli_fail(o->command, "kafka: %s", err.text);
	return o->access != NULL ? write_marks(r) : WR_EXIT_OK;
}

static int reset(struct reset *r)
{
	int exit_status = wr_offsets_read(&r->offsets, r->offsets.topic != NULL);

	if (exit_status == WR_EXIT_OK)
		exit_status = plan(r);
	if (exit_status == WR_EXIT_OK && r->execute)
		exit_status = execute(r);
	if (exit_status == WR_EXIT_OK)
		exit_status = r->offsets.json ? print_json(r) : print_table(r);
	if (exit_status == WR_EXIT_OK && !r->execute && !r->offsets.json)
		printf("nothing has changed: --execute does it\n");
	return exit_status;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct reset r = {.to = NULL};
	int exit_status;

	wr_offsets_init(&r.offsets, command);
	exit_status = parse(&r, argc, argv);
	if (exit_status < 0)
		exit_status = reset(&r);
	free(r.after);
	wr_offsets_fini(&r.offsets);
	return exit_status;
}

const struct wr_command wr_command_offsets_reset = {
    .name = "offsets reset",
    .summary = "set a pipeline back, or forward, in its topics",
    .usage = "--to WHERE --config FILE [OPTION...]",
    .description =
	"Sets the offsets of the pipeline's group and its done marks, so that every record from\n"
	"there on is read and processed, also those that were completed before. Prints what it\n"
	"would do; with --execute it does it, which is refused while the group has members. The\n"
	"source topics, or with --topic one of those or of the pipeline's retry topics.\n"
	"\n"
	"An event is processed again by the record that owns its id, and by the first of its\n"
	"records when that owner is among those that are read again; duplicates stay duplicates.\n"
	"A time without a zone is UTC; it leads to the first record that is not older.\n"
	"\n"
	"Exit status: 0; 1 when it was refused, or Kafka or Redis can't be asked.\n",
    .options = options,
    .run = run,
};
