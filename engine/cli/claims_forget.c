#include "config.h"

#include "cli/claim_text.h"
#include "cli/commands.h"
#include "cli/confirm.h"

struct forgetting {
	const struct wr_command *command;
	struct wr_pipeline_args pipeline;
	const char *id;
	bool yes, json;
};

static const struct wr_option options[] = {
    WR_PIPELINE_OPTIONS,
    {"yes", 'y', NULL, "don't ask"},
    {"json", 'j', NULL, "print what was forgotten as one JSON object; wants --yes"},
    {NULL, 0, NULL, NULL},
};

/* What is about to be forgotten, or was. */
static enum wr_code print(const struct forgetting *f, const struct wr_claim_view *view)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc =
	    f->json ? wr_claim_view_json(view, &text) : wr_claim_view_text(view, &text);

	if (rc == WR_OK)
		fwrite(text.data, 1, text.size, stdout);
	wr_buf_fini(&text);
	return rc;
}

/* What can't be read is forgotten too: that is what the command may be needed for. */
static int look(const struct forgetting *f, struct wr_redis_access *access,
		struct wr_claim_view *view, struct wr_err *err)
{
	enum wr_code rc = wr_redis_claim_key(access, view->id, &view->key);

	if (rc == WR_OK)
		rc = wr_redis_claim_read(access, view->id, &view->value, &view->ttl_ms, err);
	if (rc == WR_OK || rc == WR_EINVAL)
		rc = print(f, view);
	else if (rc == WR_ENOTFOUND)
		return wr_cli_fail(f->command, "%s in pipeline %s: %s", f->id, view->pipeline,
				   err->text);
	else if (rc != WR_ENOMEM)
		return wr_cli_fail(f->command, "%s", err->text);
	return rc == WR_OK ? WR_EXIT_OK : wr_cli_fail(f->command, "out of memory");
}

static int forget(const struct forgetting *f, struct wr_redis_access *access,
		  struct wr_claim_view *view)
{
	struct wr_err err;
	int exit_status = look(f, access, view, &err);

	if (exit_status != WR_EXIT_OK)
		return exit_status;
	if (!f->yes && !wr_cli_confirm("Forget it? The next event with this id is processed."))
		return wr_cli_fail(f->command, "nothing was forgotten");
	if (wr_redis_claim_forget(access, view->id, &err) != WR_OK)
		return wr_cli_fail(f->command, "%s", err.text);
	if (!f->json)
		printf("forgotten\n");
	return WR_EXIT_OK;
}

static int open_and_forget(struct forgetting *f)
{
	struct wr_redis_access *access = NULL;
	struct wr_claim_view view;
	int exit_status = wr_pipeline_args_find(&f->pipeline, f->command);

	if (exit_status != WR_EXIT_OK)
		return exit_status;
	wr_claim_view_init(&view, f->pipeline.pipeline->name, f->id);
	exit_status = wr_pipeline_args_access(&f->pipeline, f->command, &access);
	if (exit_status == WR_EXIT_OK)
		exit_status = forget(f, access, &view);
	wr_redis_access_close(access);
	wr_claim_view_fini(&view);
	return exit_status;
}

static int parse(struct forgetting *f, int argc, char **argv)
{
	struct wr_args args;

	wr_args_begin(&args, f->command, argc, argv);
	while (wr_args_next(&args)) {
		if (wr_pipeline_args_take(&f->pipeline, &args))
			continue;
		if (wr_args_is(&args, "yes"))
			f->yes = true;
		else if (wr_args_is(&args, "json"))
			f->json = true;
		else if (f->id == NULL)
			f->id = args.value;
		else
			return wr_args_wrong(f->command, "takes one event id");
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	if (f->id == NULL)
		return wr_args_wrong(f->command, "wants an event id");
	if (f->json && !f->yes)
		return wr_args_wrong(f->command, "--json wants --yes: it asks nothing");
	return -1;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct forgetting f = {.command = command};
	int exit_status;

	wr_pipeline_args_init(&f.pipeline);
	exit_status = parse(&f, argc, argv);
	if (exit_status < 0)
		exit_status = open_and_forget(&f);
	wr_pipeline_args_fini(&f.pipeline);
	return exit_status;
}

const struct wr_command wr_command_claims_forget = {
    .name = "claims forget",
    .summary = "forget who owns an event id, so that it is processed again",
    .usage = "ID --config FILE [OPTION...]",
    .description =
	"Removes what Redis keeps of an event id, after asking. The next event with this id is\n"
	"processed, whoever owned it: one that upstream sends again, and the owner's own record\n"
	"when its offset is not committed yet. It starts nothing by itself.\n"
	"\n"
	"Exit status: 0; 1 when nothing is kept of the id, the answer was no, or Redis can't be\n"
	"asked.\n",
    .options = options,
    .run = run,
};
