#include "config.h"

#include "base/own_program.h"
#include "cli/check_kafka.h"
#include "cli/commands.h"
#include "cli/ingest_unread.h"
#include "conf/load.h"
#include "host/probe.h"
#include "http/server.h"

#include <stdlib.h>
#include <string.h>

static void print_ok(const struct wr_conf *conf)
{
	size_t stage_count = 0, i;

	for (i = 0; i < conf->pipeline_count; i++)
		stage_count += conf->pipelines[i].stage_count;
	printf("%s: ok, %zu pipeline%s, %zu stage%s\n", conf->file, conf->pipeline_count,
	       conf->pipeline_count == 1 ? "" : "s", stage_count, stage_count == 1 ? "" : "s");
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

/* What is wrong, all of it at once: plugins are tried although other things are wrong. */
static enum wr_code look(struct wr_bytes text, const char *file, struct wr_conf **conf_r,
			 struct wr_problems *problems)
{
	enum wr_code rc = wr_conf_parse_all(file, text, conf_r, problems);
	bool is_whole = rc == WR_OK;

	if (*conf_r == NULL)
		return rc;
	wr_check_kafka(*conf_r, problems);
	if (is_whole)
		wr_http_check(*conf_r, problems);
	rc = wr_probe_conf(WR_OWN_PROGRAM, *conf_r, text, is_whole, WR_PROBE_MS, NULL, problems);
	return rc == WR_OK && problems->count > 0 ? WR_EINVAL : rc;
}

static int check_file(const char *file)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_conf *conf = NULL;
	struct wr_buf text;
	int exit_status = WR_EXIT_OK;
	enum wr_code rc = wr_conf_read(file, &text, &problems);

	if (rc == WR_OK)
		rc = look(wr_bytes(text.data, text.size), file, &conf, &problems);
	if (rc == WR_OK) {
		wr_ingest_unread_print(conf);
		print_ok(conf);
	} else {
		exit_status = print_problems(&problems, file, rc);
	}
	wr_conf_destroy(conf);
	wr_conf_forget(&text);
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
	"plugin. When these are well, an instance of each stage is created, and tests itself.\n"
	"Nothing is connected to. All errors are printed as FILE:LINE:COLUMN: KEY: TEXT; a topic of\n"
	"HTTP ingest that no pipeline reads is a warning.\n"
	"\n"
	"Plugins run in a process of their own for this, for 10 s at most.\n"
	"\n"
	"Exit status: 0 when all is well, 1 when there is an error.\n",
    .run = run,
};
