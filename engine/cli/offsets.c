#include "config.h"

#include "cli/offsets.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void wr_offsets_init(struct wr_offsets *o, const struct wr_command *command)
{
	*o = (struct wr_offsets){.command = command, .partition = -1, .timeout_ms = 15000};
	wr_pipeline_args_init(&o->pipeline);
}

void wr_offsets_fini(struct wr_offsets *o)
{
	free(o->rows);
	wr_kafka_places_fini(&o->places);
	wr_kafka_group_close(o->group);
	wr_redis_access_close(o->access);
	wr_pipeline_args_fini(&o->pipeline);
}

static bool take_timeout(struct wr_offsets *o, const struct wr_args *walk)
{
	if (!wr_args_duration_ms(walk, &o->timeout_ms))
		return false;
	if (o->timeout_ms >= 1 && o->timeout_ms <= 3600000)
		return true;
	wr_args_wrong(o->command, "--timeout wants 1ms to 1h, not \"%s\"", walk->value);
	return false;
}

bool wr_offsets_take(struct wr_offsets *o, const struct wr_args *walk, int *exit_status_r)
{
	*exit_status_r = -1;
	if (wr_pipeline_args_take(&o->pipeline, walk))
		return true;
	if (wr_args_is(walk, "topic"))
		o->topic = walk->value;
	else if (wr_args_is(walk, "json"))
		o->json = true;
	else if (wr_args_is(walk, "partition"))
		*exit_status_r =
		    wr_args_number(walk, 0, INT32_MAX, &o->partition) ? -1 : WR_EXIT_USAGE;
	else if (wr_args_is(walk, "timeout"))
		*exit_status_r = take_timeout(o, walk) ? -1 : WR_EXIT_USAGE;
	else
		return false;
	return *exit_status_r < 0;
}

struct wr_bytes wr_offsets_field(const struct wr_kafka_place *place,
				 char field[WR_OFFSETS_FIELD_BYTES])
{
	int size = snprintf(field, WR_OFFSETS_FIELD_BYTES, "%.249s/%" PRId32, place->topic,
			    place->partition);

	return wr_bytes(field, (size_t)size);
}

static bool is_asked_for(const struct wr_offsets *o, const struct wr_kafka_place *place)
{
	return (o->topic == NULL || strcmp(o->topic, place->topic) == 0) &&
	       (o->partition < 0 || o->partition == place->partition);
}

static int read_mark(struct wr_offsets *o, struct wr_offsets_row *row)
{
	char field[WR_OFFSETS_FIELD_BYTES];
	struct wr_buf text = WR_BUF_INIT;
	struct wr_err err;
	enum wr_code rc =
	    wr_redis_mark_read(o->access, wr_offsets_field(row->place, field), &text, &err);

	if (rc == WR_OK)
		rc = wr_mark_decode(wr_bytes(text.data, text.size), &row->mark, &err);
	wr_buf_fini(&text);
	row->kept = WR_MARK_NONE;
	if (rc == WR_OK)
		row->kept = WR_MARK_READ;
	else if (rc == WR_EINVAL)
		row->kept = WR_MARK_UNREADABLE;
	else if (rc != WR_ENOTFOUND)
		return wr_cli_fail(o->command, "%s", err.text);
	return WR_EXIT_OK;
}

static int read_rows(struct wr_offsets *o)
{
	int exit_status = WR_EXIT_OK;

	o->rows = calloc(o->places.count + 1, sizeof(o->rows[0]));
	if (o->rows == NULL)
		return wr_cli_fail(o->command, "out of memory");
	for (size_t i = 0; i < o->places.count && exit_status == WR_EXIT_OK; i++) {
		if (!is_asked_for(o, &o->places.items[i]))
			continue;
		o->rows[o->count].place = &o->places.items[i];
		if (o->access != NULL)
			exit_status = read_mark(o, &o->rows[o->count]);
		o->count++;
	}
	if (exit_status == WR_EXIT_OK && o->count == 0)
		return o->partition >= 0
			   ? wr_cli_fail(o->command,
					 "topic %s of pipeline %s has no partition %lld", o->topic,
					 o->pipeline.pipeline->name, o->partition)
			   : wr_cli_fail(o->command, "pipeline %s does not read topic %s",
					 o->pipeline.pipeline->name, o->topic);
	return exit_status;
}

/* Marks stand in Redis, or nowhere where they could be seen. */
static int open_marks(struct wr_offsets *o)
{
	if (o->pipeline.pipeline->idempotency.store != WR_STORE_REDIS)
		return WR_EXIT_OK;
	return wr_pipeline_args_access(&o->pipeline, o->command, &o->access);
}

static int read_group(struct wr_offsets *o, bool retry)
{
	const struct wr_conf *conf = o->pipeline.conf;
	const struct wr_conf_pipeline *pipeline = o->pipeline.pipeline;
	const char *const *topics = (const char *const *)pipeline->topics.items;
	char prefix[300];
	struct wr_err err;
	enum wr_code rc;

	snprintf(prefix, sizeof(prefix), "%.250s.retry.", pipeline->name);
	rc = wr_kafka_group_open(&conf->kafka, conf->instance, pipeline->group, (int)o->timeout_ms,
				 &o->group, &err);
	if (rc == WR_OK)
		rc = wr_kafka_group_members(o->group, &o->members, &err);
	if (rc == WR_OK)
		rc = wr_kafka_group_places(o->group, topics, pipeline->topics.count,
					   retry ? prefix : NULL, &o->places, &err);
	return rc == WR_OK ? WR_EXIT_OK : wr_cli_fail(o->command, "kafka: %s", err.text);
}

int wr_offsets_read(struct wr_offsets *o, bool retry)
{
	int exit_status;

	if (o->partition >= 0 && o->topic == NULL)
		return wr_args_wrong(o->command, "--partition wants --topic");
	/* What goes wrong is said by the command; librdkafka's own lines say less. */
	wr_log_set_level(WR_LOG_ERROR);
	exit_status = wr_pipeline_args_find(&o->pipeline, o->command);
	if (exit_status != WR_EXIT_OK)
		return exit_status;
	if (o->pipeline.conf->kafka.embedded)
		return wr_cli_fail(
		    o->command,
		    "%s uses the embedded broker, which lives inside 'weir run': its "
		    "offsets end with it",
		    o->pipeline.config_file);
	exit_status = open_marks(o);
	if (exit_status == WR_EXIT_OK)
		exit_status = read_group(o, retry);
	return exit_status == WR_EXIT_OK ? read_rows(o) : exit_status;
}

/* Appends, cut to fit with "..." */
static void append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char *text, const char *format, ...)
{
	size_t size = strlen(text);
	va_list list;
	int more;

	va_start(list, format);
	more = vsnprintf(text + size, WR_OFFSETS_TEXT_BYTES - size, format, list);
	va_end(list);
	if (size + (size_t)more >= WR_OFFSETS_TEXT_BYTES)
		memcpy(text + WR_OFFSETS_TEXT_BYTES - 4, "...", 4);
}

void wr_offsets_done_text(const struct wr_mark *mark, char text[WR_OFFSETS_TEXT_BYTES])
{
	text[0] = '\0';
	append(text, "[%" PRId64 ", %" PRId64 ")", mark->start, mark->next);
	for (size_t i = 0; i < mark->other_count; i++)
		append(text, " [%" PRId64 ", %" PRId64 ")", mark->others[i].from,
		       mark->others[i].to);
}

void wr_offsets_abandoned_text(const struct wr_mark *mark, char text[WR_OFFSETS_TEXT_BYTES])
{
	text[0] = '\0';
	if (mark->forgotten > 0)
		append(text, "below %" PRIu32, mark->forgotten);
	for (size_t i = 0; i < mark->abandoned_count; i++) {
		const struct wr_abandoned *range = &mark->abandoned[i];

		append(text, "%s%" PRIu32 ":[%" PRId64 ", ", text[0] != '\0' ? " " : "",
		       range->incarnation, range->from);
		if (range->to == WR_MARK_OPEN)
			append(text, "...)");
		else
			append(text, "%" PRId64 ")", range->to);
	}
}

static void add_range(struct wr_json_out *out, int64_t from, int64_t to)
{
	wr_json_out_integer(out, "from", from);
	if (to == WR_MARK_OPEN)
		wr_json_out_null(out, "to");
	else
		wr_json_out_integer(out, "to", to);
}

void wr_offsets_mark_json(struct wr_json_out *out, const char *name, const struct wr_mark *mark)
{
	if (mark == NULL) {
		wr_json_out_null(out, name);
		return;
	}
	wr_json_out_begin_object(out, name);
	wr_json_out_integer(out, "incarnation", mark->incarnation);
	wr_json_out_integer(out, "start", mark->start);
	wr_json_out_integer(out, "next", mark->next);
	wr_json_out_begin_array(out, "alsoDone");
	for (size_t i = 0; i < mark->other_count; i++) {
		wr_json_out_begin_object(out, NULL);
		add_range(out, mark->others[i].from, mark->others[i].to);
		wr_json_out_end(out);
	}
	wr_json_out_end(out);
	wr_json_out_begin_array(out, "abandoned");
	for (size_t i = 0; i < mark->abandoned_count; i++) {
		wr_json_out_begin_object(out, NULL);
		wr_json_out_integer(out, "incarnation", mark->abandoned[i].incarnation);
		add_range(out, mark->abandoned[i].from, mark->abandoned[i].to);
		wr_json_out_end(out);
	}
	wr_json_out_end(out);
	wr_json_out_integer(out, "forgottenBelow", mark->forgotten);
	wr_json_out_end(out);
}

int wr_offsets_print_json(const struct wr_offsets *o, struct wr_json_out *out, struct wr_buf *text)
{
	if (wr_json_out_finish(out) != WR_OK || wr_buf_append_text(text, "\n") != WR_OK)
		return wr_cli_fail(o->command, "out of memory");
	fwrite(text->data, 1, text->size, stdout);
	return WR_EXIT_OK;
}
