#include "config.h"

#include "cli/pipeline_args.h"
#include "conf/load.h"
#include "conf/nearest.h"

#include <stdarg.h>

void wr_pipeline_args_init(struct wr_pipeline_args *args)
{
	*args = (struct wr_pipeline_args){.config_file = NULL};
}

void wr_pipeline_args_fini(struct wr_pipeline_args *args)
{
	wr_conf_destroy(args->conf);
	*args = (struct wr_pipeline_args){.config_file = NULL};
}

bool wr_pipeline_args_take(struct wr_pipeline_args *args, const struct wr_args *walk)
{
	if (wr_args_is(walk, "config"))
		args->config_file = walk->value;
	else if (wr_args_is(walk, "pipeline"))
		args->name = walk->value;
	else
		return false;
	return true;
}

/* Frees the problems. */
static int tell(enum wr_code rc, struct wr_problems *problems)
{
	struct wr_buf text = WR_BUF_INIT;

	if (rc != WR_OK) {
		if (wr_problems_render(problems, &text) == WR_OK && wr_buf_text(&text) != NULL)
			fputs(text.data, stderr);
		wr_buf_fini(&text);
	}
	wr_problems_fini(problems);
	return rc == WR_OK ? WR_EXIT_OK : WR_EXIT_WRONG;
}

int wr_cli_read_config(const char *file, struct wr_conf **conf_r)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;

	return tell(wr_conf_load(file, conf_r, &problems), &problems);
}

int wr_cli_read_parts(const char *file, const char *const *parts, struct wr_conf **conf_r)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;

	return tell(wr_conf_load_parts(file, parts, conf_r, &problems), &problems);
}

int wr_cli_fail(const struct wr_command *command, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "weir %s: ", command->name);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	return WR_EXIT_WRONG;
}

static int no_such_pipeline(const struct wr_pipeline_args *args, const struct wr_command *command)
{
	struct wr_nearest nearest;

	wr_nearest_init(&nearest, wr_bytes_of(args->name));
	for (size_t i = 0; i < args->conf->pipeline_count; i++)
		wr_nearest_try(&nearest, args->conf->pipelines[i].name);
	if (nearest.best != NULL)
		return wr_args_wrong(command, "%s has no pipeline %s; did you mean %s?",
				     args->config_file, args->name, nearest.best);
	return wr_args_wrong(command, "%s has no pipeline %s", args->config_file, args->name);
}

static int name_them(const struct wr_pipeline_args *args, const struct wr_command *command)
{
	struct wr_buf names = WR_BUF_INIT;
	enum wr_code rc = WR_OK;
	int exit_status;

	for (size_t i = 0; i < args->conf->pipeline_count && rc == WR_OK; i++)
		rc =
		    wr_buf_printf(&names, "%s%s", i > 0 ? ", " : "", args->conf->pipelines[i].name);
	exit_status = wr_args_wrong(
	    command, "%s has several pipelines: name one with --pipeline: %s", args->config_file,
	    rc == WR_OK && wr_buf_text(&names) != NULL ? names.data : "");
	wr_buf_fini(&names);
	return exit_status;
}

int wr_pipeline_args_find(struct wr_pipeline_args *args, const struct wr_command *command)
{
	if (args->config_file == NULL)
		return wr_args_wrong(command, "wants --config FILE");
	if (wr_cli_read_config(args->config_file, &args->conf) != WR_EXIT_OK)
		return WR_EXIT_WRONG;
	args->pipeline = wr_conf_find_pipeline(args->conf, args->name);
	if (args->name == NULL && args->conf->pipeline_count == 1)
		args->pipeline = &args->conf->pipelines[0];
	if (args->pipeline != NULL)
		return WR_EXIT_OK;
	if (args->conf->pipeline_count == 0)
		return wr_cli_fail(command, "%s has no pipelines", args->config_file);
	return args->name != NULL ? no_such_pipeline(args, command) : name_them(args, command);
}

int wr_pipeline_args_access(const struct wr_pipeline_args *args, const struct wr_command *command,
			    struct wr_redis_access **access_r)
{
	const struct wr_conf_pipeline *pipeline = args->pipeline;
	struct wr_err err;

	*access_r = NULL;
	switch (pipeline->idempotency.store) {
	case WR_STORE_REDIS:
		break;
	case WR_STORE_MEMORY:
		return wr_cli_fail(
		    command,
		    "the claims of pipeline %s are in the memory of the engine that runs "
		    "it (store: memory): no other process can look at them, and its "
		    "restart forgets them",
		    pipeline->name);
	case WR_STORE_NONE:
		return wr_cli_fail(command, "pipeline %s keeps no claims (store: none)",
				   pipeline->name);
	}
	if (wr_redis_access_open(&args->conf->redis, pipeline->name, access_r, &err) != WR_OK)
		return wr_cli_fail(command, "%s", err.text);
	return WR_EXIT_OK;
}
