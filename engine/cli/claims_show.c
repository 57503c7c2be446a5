#include "config.h"

#include "cli/claim_text.h"
#include "cli/commands.h"

static const struct wr_option options[] = {
    WR_PIPELINE_OPTIONS,
    {"json", 'j', NULL, "as one JSON object"},
    {NULL, 0, NULL, NULL},
};

static int print(const struct wr_command *command, const struct wr_claim_view *view, bool json)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc = json ? wr_claim_view_json(view, &text) : wr_claim_view_text(view, &text);
	int exit_status = WR_EXIT_OK;

	if (rc == WR_OK)
		fwrite(text.data, 1, text.size, stdout);
	else
		exit_status = wr_cli_fail(command, "out of memory");
	wr_buf_fini(&text);
	return exit_status;
}

static int show(const struct wr_command *command, struct wr_pipeline_args *pipeline, const char *id,
		bool json)
{
	struct wr_redis_access *access = NULL;
	struct wr_claim_view view;
	int exit_status = wr_pipeline_args_find(pipeline, command);

	if (exit_status != WR_EXIT_OK)
		return exit_status;
	wr_claim_view_init(&view, pipeline->pipeline->name, id);
	exit_status = wr_pipeline_args_access(pipeline, command, &access);
	if (exit_status == WR_EXIT_OK)
		exit_status = wr_claim_view_read(&view, access, command);
	if (exit_status == WR_EXIT_OK)
		exit_status = print(command, &view, json);
	wr_redis_access_close(access);
	wr_claim_view_fini(&view);
	return exit_status;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct wr_pipeline_args pipeline;
	const char *id = NULL;
	bool json = false;
	struct wr_args args;
	int exit_status;

	wr_pipeline_args_init(&pipeline);
	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		if (wr_pipeline_args_take(&pipeline, &args))
			continue;
		if (wr_args_is(&args, "json"))
			json = true;
		else if (id == NULL)
			id = args.value;
		else
			return wr_args_wrong(command, "takes one event id");
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	if (id == NULL)
		return wr_args_wrong(command, "wants an event id");
	exit_status = show(command, &pipeline, id, json);
	wr_pipeline_args_fini(&pipeline);
	return exit_status;
}

const struct wr_command wr_command_claims_show = {
    .name = "claims show",
    .summary = "print who owns an event id",
    .usage = "ID --config FILE [OPTION...]",
    .description =
	"Prints what Redis keeps of an event id: whether it is claimed or dead-lettered, the\n"
	"source record that owns it, the hash of its payload when the pipeline checks payloads,\n"
	"and how long it is remembered.\n"
	"\n"
	"Exit status: 0; 1 when nothing is kept of the id, or Redis can't be asked.\n",
    .options = options,
    .run = run,
};
