#include "config.h"

#include "cli/commands.h"
#include "cli/dlq_args.h"
#include "cli/pretty.h"

#include <inttypes.h>

struct show {
	struct wr_dlq_args args;
	const char *id;
	bool json;
	struct wr_buf text;
	enum wr_code rc;
};

static const struct wr_option options[] = {
    WR_DLQ_OPTIONS,
    {"json", 'j', NULL, "print one JSON object"},
    {NULL, 0, NULL, NULL},
};

static int parse(struct show *show, int argc, char **argv)
{
	struct wr_args walk;
	int exit_status;

	wr_args_begin(&walk, show->args.command, argc, argv);
	while (wr_args_next(&walk)) {
		if (walk.option == NULL && show->id != NULL)
			return wr_args_wrong(show->args.command, "takes one id");
		if (walk.option == NULL)
			show->id = walk.value;
		else if (wr_args_is(&walk, "json"))
			show->json = true;
		else if (!wr_dlq_args_take(&show->args, &walk, &exit_status))
			return exit_status;
	}
	if (walk.exit_status < 0 && show->id == NULL)
		return wr_args_wrong(show->args.command, "wants the id of a dead letter");
	return walk.exit_status;
}

/* "name      value" */
static enum wr_code line(struct wr_buf *out, const char *name, struct wr_bytes value)
{
	enum wr_code rc;

	if (value.data == NULL)
		return WR_OK;
	if ((rc = wr_buf_printf(out, "%-14s", name)) != WR_OK ||
	    (rc = wr_buf_append_printable(out, value)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "\n");
}

static enum wr_code line_time(struct wr_buf *out, const char *name, bool is_known, int64_t ms)
{
	enum wr_code rc;

	if (!is_known)
		return WR_OK;
	if ((rc = wr_buf_printf(out, "%-14s", name)) != WR_OK ||
	    (rc = wr_dlq_time(out, ms)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "\n");
}

static enum wr_code put_state(struct wr_buf *out, const struct wr_dlq_letter *l)
{
	enum wr_code rc = wr_buf_printf(out, "%-14s%s", "state", wr_dlq_state_name(l->state));

	if (rc == WR_OK && l->state != WR_DLQ_OPEN) {
		rc = wr_buf_printf(out, " by %s at ", l->job);
		if (rc == WR_OK)
			rc = wr_dlq_time(out, l->state_at_ms);
	}
	if (rc == WR_OK)
		rc = wr_buf_append_text(out, "\n");
	return rc == WR_OK && l->broken != NULL ? line(out, "broken", wr_bytes_of(l->broken)) : rc;
}

static enum wr_code put_failure(struct wr_buf *out, const struct wr_envelope *e)
{
	const char *class =
	    wr_envelope_has(e, WR_FIELD_CLASS) ? wr_class_name(e->failure_class) : NULL;
	enum wr_code rc;

	if ((rc = line(out, "pipeline", wr_bytes_from(e->pipeline))) != WR_OK ||
	    (rc = line(out, "stage", wr_bytes_from(e->stage))) != WR_OK ||
	    (rc = line(out, "plugin", wr_bytes_from(e->plugin))) != WR_OK ||
	    (rc = line(out, "version", wr_bytes_from(e->plugin_version))) != WR_OK ||
	    (rc = line(out, "class", wr_bytes_of(class))) != WR_OK ||
	    (rc = line(out, "code", wr_bytes_from(e->code))) != WR_OK)
		return rc;
	return line(out, "message", wr_bytes_from(e->message));
}

static enum wr_code put_history(struct wr_buf *out, const struct wr_dlq_letter *l)
{
	const struct wr_envelope *e = &l->envelope;
	enum wr_code rc = WR_OK;

	if (wr_envelope_has(e, WR_FIELD_ORIGIN_TOPIC)) {
		rc = wr_buf_printf(out, "%-14s%.*s/%" PRId32 "@%" PRId64 "\n", "origin",
				   (int)e->origin_topic.size, (const char *)e->origin_topic.data,
				   e->origin_partition, e->origin_offset);
	}
	if (rc != WR_OK ||
	    (rc = line_time(out, "origin time", wr_envelope_has(e, WR_FIELD_ORIGIN_TIMESTAMP),
			    e->origin_timestamp_ms)) != WR_OK ||
	    (rc = line_time(out, "first failed", wr_envelope_has(e, WR_FIELD_FIRST_FAILED_AT),
			    e->first_failed_at_ms)) != WR_OK ||
	    (rc = line_time(out, "last failed", wr_envelope_has(e, WR_FIELD_LAST_FAILED_AT),
			    e->last_failed_at_ms)) != WR_OK ||
	    (rc = wr_buf_printf(out, "%-14s%" PRIu32 "\n%-14s%" PRIu32 "\n", "attempts",
				e->attempts, "replays", e->replays)) != WR_OK ||
	    (e->redrives > 0 &&
	     (rc = wr_buf_printf(out, "%-14s%" PRIu32 "\n", "redrives", e->redrives)) != WR_OK) ||
	    (rc = line(out, "replayed from", wr_bytes_from(e->replayed_from))) != WR_OK ||
	    (rc = line(out, "owner", wr_bytes_from(e->owner))) != WR_OK ||
	    (rc = line(out, "generation", wr_bytes_from(e->generation))) != WR_OK)
		return rc;
	if (!wr_envelope_has(e, WR_FIELD_RESUME))
		return WR_OK;
	return line(
	    out, "replay goes to",
	    wr_bytes_of(e->resume == WR_RESUME_STAGE ? " the stage, or the start" : " the start"));
}

static enum wr_code put_headers(struct wr_buf *out, const struct wr_dlq_record *record)
{
	enum wr_code rc = wr_buf_append_text(out, "\nheaders\n");

	for (size_t i = 0; rc == WR_OK && i < record->header_count; i++) {
		const struct weir_header *header = &record->headers[i];

		if ((rc = wr_buf_append_text(out, "  ")) != WR_OK ||
		    (rc = wr_buf_append_printable(out, wr_bytes_of(header->name))) != WR_OK ||
		    (rc = wr_buf_append_text(out, ": ")) != WR_OK ||
		    (rc = header->value.data == NULL
			      ? wr_buf_append_text(out, "(null)")
			      : wr_buf_append_printable(out, wr_bytes_from(header->value))) !=
			WR_OK)
			break;
		rc = wr_buf_append_text(out, "\n");
	}
	return rc;
}

static enum wr_code put_text(struct wr_buf *out, const struct wr_dlq_letter *l,
			     const struct wr_dlq_record *record)
{
	enum wr_code rc;

	if ((rc = wr_buf_printf(out, "%-14s%" PRId32 "/%" PRId64 "\n", "id", l->place.partition,
				l->place.offset)) != WR_OK ||
	    (rc = line_time(out, "time", true, l->timestamp_ms)) != WR_OK ||
	    (rc = put_state(out, l)) != WR_OK ||
	    (rc = line(out, "event id", wr_bytes_from(l->envelope.event_id))) != WR_OK ||
	    (rc = put_failure(out, &l->envelope)) != WR_OK || (rc = put_history(out, l)) != WR_OK ||
	    (rc = put_headers(out, record)) != WR_OK ||
	    (rc = wr_buf_append_text(out, "\nkey\n")) != WR_OK ||
	    (rc = wr_pretty(wr_bytes_from(record->key), out)) != WR_OK ||
	    (rc = wr_buf_append_text(out, "\nvalue\n")) != WR_OK)
		return rc;
	return wr_pretty(wr_bytes_from(record->value), out);
}

static void render(void *arg, const struct wr_dlq_letter *letter,
		   const struct wr_dlq_record *record)
{
	struct show *show = arg;

	if (!show->json)
		show->rc = put_text(&show->text, letter, record);
	else if ((show->rc = wr_dlq_letter_json_full(letter, record, &show->text)) == WR_OK)
		show->rc = wr_buf_append_text(&show->text, "\n");
}

static int print(struct show *show)
{
	struct wr_dlq_place place;
	struct wr_err err;

	if (!wr_dlq_place_parse(wr_bytes_of(show->id), &place))
		return wr_args_wrong(show->args.command,
				     "%s: an id is PARTITION/OFFSET, as dlq list prints it",
				     show->id);
	if (wr_dlq_show(show->args.dlq, &place, render, show, &err) != WR_OK) {
		wr_err_prefix(&err, "%s", show->id);
		return wr_dlq_args_fail(&show->args, &err);
	}
	if (show->rc != WR_OK) {
		wr_err_set(&err, show->rc, "%s", wr_code_text(show->rc));
		return wr_dlq_args_fail(&show->args, &err);
	}
	fwrite(show->text.data, 1, show->text.size, stdout);
	return WR_EXIT_OK;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct show show = {.text = WR_BUF_INIT};
	int exit_status;

	wr_dlq_args_init(&show.args, command);
	exit_status = parse(&show, argc, argv);
	if (exit_status < 0)
		exit_status = wr_dlq_args_open(&show.args);
	if (exit_status == WR_EXIT_OK && show.args.dlq != NULL)
		exit_status = print(&show);
	wr_buf_fini(&show.text);
	wr_dlq_args_fini(&show.args);
	return exit_status;
}

const struct wr_command wr_command_dlq_show = {
    .name = "dlq show",
    .summary = "show a dead letter with its history, headers and value",
    .usage = "(--config FILE | --topic TOPIC) [OPTION...] PARTITION/OFFSET",
    .description =
	"Shows one dead letter: what became of it, where and why it failed, where it came from, its\n"
	"headers, key and value. A value that is JSON is laid out, other bytes are dumped; --json\n"
	"loses nothing.\n"
	"\n"
	"Exit status: 0; 1 when it is not there, or Kafka or the topic can't be read.\n",
    .options = options,
    .run = run,
};
