#include "config.h"

#include "cli/commands.h"
#include "conf/load.h"
#include "host/generation.h"
#include "kafka/client.h"

#include <stdlib.h>
#include <string.h>

/* librdkafka alone knows its properties: each is tried on a scratch configuration. Its own error text quotes the
 * value, which may be a secret, so the sentence is ours. */
static void check_properties(const struct wr_conf *conf,
			     const struct wr_conf_properties *properties, const char *section,
			     struct wr_problems *problems)
{
	rd_kafka_conf_t *scratch = rd_kafka_conf_new();
	const struct wr_conf_property *property;
	rd_kafka_conf_res_t result;
	char path[256], text[512];
	size_t i;

	for (i = 0; scratch != NULL && i < properties->count; i++) {
		property = &properties->items[i];
		result =
		    rd_kafka_conf_set(scratch, property->name, property->value, text, sizeof(text));
		snprintf(path, sizeof(path), "kafka.%s.%s", section, property->name);
		if (result == RD_KAFKA_CONF_UNKNOWN)
			wr_problems_add(problems, conf->file, property->mark, path,
					"librdkafka %s has no such property",
					rd_kafka_version_str());
		else if (result == RD_KAFKA_CONF_INVALID)
			wr_problems_add(problems, conf->file, property->mark, path,
					"librdkafka %s does not take this value",
					rd_kafka_version_str());
	}
	if (scratch != NULL)
		rd_kafka_conf_destroy(scratch);
}

static void check_kafka(const struct wr_conf *conf, struct wr_problems *problems)
{
	check_properties(conf, &conf->kafka.properties, "properties", problems);
	check_properties(conf, &conf->kafka.consumer_properties, "consumer_properties", problems);
	check_properties(conf, &conf->kafka.producer_properties, "producer_properties", problems);
}

static void print_ok(const struct wr_conf *conf, const struct wr_generation *generation)
{
	size_t stage_count = 0, i;

	for (i = 0; i < generation->pipeline_count; i++)
		stage_count += generation->pipelines[i].stage_count;
	printf("%s: ok, %zu pipeline%s, %zu stage%s\n", conf->file, generation->pipeline_count,
	       generation->pipeline_count == 1 ? "" : "s", stage_count,
	       stage_count == 1 ? "" : "s");
}

static int print_problems(const struct wr_problems *problems, const char *file, enum wr_code rc)
{
	struct wr_buf text = WR_BUF_INIT;

	if (problems->count > 0 && wr_problems_render(problems, &text) == WR_OK &&
	    wr_buf_text(&text) != NULL)
		fputs(text.data, stderr);
	else
		fprintf(stderr, "%s: %s\n", file, wr_code_text(rc));
	wr_buf_fini(&text);
	return WR_EXIT_WRONG;
}

static int check_file(const char *file)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_generation *generation = NULL;
	struct wr_conf *conf = NULL;
	int exit_status = WR_EXIT_OK;
	enum wr_code rc;

	rc = wr_conf_load(file, &conf, &problems);
	if (rc == WR_OK) {
		check_kafka(conf, &problems);
		rc = wr_generation_create(conf, 1, &generation, &problems);
	}
	if (rc == WR_OK && problems.count == 0)
		print_ok(conf, generation);
	else
		exit_status = print_problems(&problems, file, rc);
	wr_generation_destroy(generation);
	wr_conf_destroy(conf);
	wr_problems_fini(&problems);
	return exit_status;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	int exit_status = WR_EXIT_OK, file_count = 0;
	struct wr_args args;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		file_count++;
		if (check_file(args.value) != WR_EXIT_OK)
			exit_status = WR_EXIT_WRONG;
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	if (file_count == 0)
		return wr_args_wrong(command, "wants a configuration file");
	return exit_status;
}

const struct wr_command wr_command_check = {
    .name = "check",
    .summary = "check a configuration and the plugins it names",
    .usage = "FILE...",
    .description =
	"Reads configuration files as 'weir run' would: every key and value, the properties of\n"
	"librdkafka, each plugin with its ABI, and each stage's config against the schema of its\n"
	"plugin. Nothing is connected to. All errors are printed as FILE:LINE:COLUMN: KEY: TEXT.\n"
	"\n"
	"A plugin's file is loaded for this, which runs its constructors.\n"
	"\n"
	"Exit status: 0 when all is well, 1 when there is an error.\n",
    .run = run,
};
