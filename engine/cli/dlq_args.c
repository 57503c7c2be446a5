#include "config.h"

#include "cli/dlq_args.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define CELL_BYTES 100

void wr_dlq_args_init(struct wr_dlq_args *args, const struct wr_command *command)
{
	*args = (struct wr_dlq_args){.command = command};
	wr_kafka_args_init(&args->kafka);
}

void wr_dlq_args_fini(struct wr_dlq_args *args)
{
	wr_dlq_close(args->dlq);
	wr_dlq_filter_fini(&args->filter);
	wr_kafka_args_fini(&args->kafka);
}

static bool is_filter(const char *name)
{
	for (size_t i = 0; wr_dlq_filter_names[i] != NULL; i++) {
		if (strcmp(name, wr_dlq_filter_names[i]) == 0)
			return true;
	}
	return false;
}

bool wr_dlq_args_take(struct wr_dlq_args *args, const struct wr_args *walk, int *exit_status_r)
{
	struct wr_err err;

	*exit_status_r = -1;
	if (walk->option == NULL)
		return false;
	if (wr_args_is(walk, "topic")) {
		args->topic = walk->value;
		return true;
	}
	if (!is_filter(walk->option->name))
		return wr_kafka_args_take(&args->kafka, walk, exit_status_r);
	if (wr_args_is(walk, "pipeline"))
		args->pipeline = walk->value;
	if (wr_dlq_filter_set(&args->filter, walk->option->name, wr_bytes_of(walk->value),
			      wr_clock_wall_ms(&wr_clock_real), &err) == WR_OK)
		return true;
	*exit_status_r = wr_args_wrong(args->command, "--%s", err.text);
	return false;
}

/* The topic of the pipeline, or that of all. */
static int find_topic(struct wr_dlq_args *args)
{
	const struct wr_conf *conf = args->kafka.conf;
	const struct wr_conf_pipeline *pipeline;

	if (args->topic != NULL)
		return WR_EXIT_OK;
	if (conf == NULL)
		return wr_args_wrong(args->command, "wants --config FILE, or --topic TOPIC");
	for (size_t i = 0; i < conf->pipeline_count; i++) {
		pipeline = &conf->pipelines[i];
		if (args->pipeline != NULL && strcmp(args->pipeline, pipeline->name) != 0)
			continue;
		if (args->topic != NULL && strcmp(args->topic, pipeline->dlq_topic) != 0)
			return wr_args_wrong(args->command,
					     "%s has several dead-letter topics: choose by "
					     "--pipeline or --topic",
					     conf->file);
		args->topic = pipeline->dlq_topic;
	}
	if (args->topic != NULL)
		return WR_EXIT_OK;
	if (args->pipeline != NULL)
		return wr_args_wrong(args->command, "%s has no pipeline %s", conf->file,
				     args->pipeline);
	return wr_args_wrong(args->command, "%s has no pipelines", conf->file);
}

int wr_dlq_args_open(struct wr_dlq_args *args)
{
	int exit_status = wr_kafka_args_conf(&args->kafka, args->command, &args->conf);
	struct wr_err err;

	if (exit_status == WR_EXIT_OK)
		exit_status = find_topic(args);
	if (exit_status != WR_EXIT_OK)
		return exit_status;
	if (wr_dlq_open(&args->conf, "cli", args->topic, &args->dlq, &err) != WR_OK)
		return wr_dlq_args_fail(args, &err);
	return WR_EXIT_OK;
}

int wr_dlq_args_fail(const struct wr_dlq_args *args, const struct wr_err *err)
{
	fprintf(stderr, "weir %s: %s\n", args->command->name, err->text);
	return WR_EXIT_WRONG;
}

enum wr_code wr_dlq_time(struct wr_buf *out, int64_t timestamp_ms)
{
	time_t seconds = (time_t)(timestamp_ms / 1000);
	struct tm tm;
	char text[64];

	if (timestamp_ms < 0 || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return wr_buf_append_text(out, "-");
	return wr_buf_append_text(out, text);
}

void wr_dlq_cell(struct wr_text_table *table, struct wr_bytes text)
{
	if (text.size > CELL_BYTES)
		text.size = wr_utf8_cut(text, CELL_BYTES);
	wr_text_table_add(table, text.size > 0 ? text : wr_bytes(NULL, 0));
}

void wr_dlq_cell_time(struct wr_text_table *table, int64_t timestamp_ms)
{
	struct wr_buf text = WR_BUF_INIT;

	if (wr_dlq_time(&text, timestamp_ms) != WR_OK)
		wr_buf_clear(&text);
	wr_dlq_cell(table, wr_bytes(text.data, text.size));
	wr_buf_fini(&text);
}
