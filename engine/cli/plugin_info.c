#include "config.h"

#include "cli/commands.h"
#include "base/buf.h"
#include "host/plugin.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct wr_option options[] = {
    {"json", 'j', NULL, "as one JSON object"},
    {NULL, 0, NULL, NULL},
};

static void print_text(const struct wr_plugin *plugin)
{
	const struct weir_plugin *entry = plugin->entry;

	printf("id        %s\n"
	       "version   %s\n"
	       "file      %s\n"
	       "sha256    %s\n"
	       "build id  %s\n"
	       "ABI       %u.%u\n"
	       "unload    %s\n",
	       plugin->id, plugin->version, plugin->path, plugin->sha256,
	       plugin->build_id[0] != '\0' ? plugin->build_id : "none", entry->abi_major,
	       entry->abi_minor_needed,
	       (entry->flags & WEIR_UNLOADABLE) != 0 ? "declared safe" : "stays mapped");
	if (entry->config_schema != NULL)
		printf("config schema:\n%s\n", entry->config_schema);
	else
		printf("config schema: none, any object\n");
}

static enum wr_code append_text_member(struct wr_buf *out, const char *name, const char *text)
{
	enum wr_code rc = wr_buf_printf(out, ",\"%s\":", name);

	return rc == WR_OK ? wr_buf_append_json_string(out, wr_bytes_of(text)) : rc;
}

/* The schema is JSON already, or the plugin would not have been opened. */
static enum wr_code append_json(const struct wr_plugin *plugin, struct wr_buf *out)
{
	const struct weir_plugin *entry = plugin->entry;
	enum wr_code rc;

	if ((rc = wr_buf_append_text(out, "{\"id\":")) != WR_OK ||
	    (rc = wr_buf_append_json_string(out, wr_bytes_of(plugin->id))) != WR_OK ||
	    (rc = append_text_member(out, "version", plugin->version)) != WR_OK ||
	    (rc = append_text_member(out, "file", plugin->path)) != WR_OK ||
	    (rc = append_text_member(out, "sha256", plugin->sha256)) != WR_OK ||
	    (rc = append_text_member(out, "buildId", plugin->build_id)) != WR_OK ||
	    (rc = wr_buf_printf(out, ",\"abi\":{\"major\":%u,\"minorNeeded\":%u}", entry->abi_major,
				entry->abi_minor_needed)) != WR_OK ||
	    (rc = wr_buf_printf(out, ",\"unloadable\":%s,\"configSchema\":",
				(entry->flags & WEIR_UNLOADABLE) != 0 ? "true" : "false")) != WR_OK)
		return rc;
	rc = wr_buf_append_text(out, entry->config_schema != NULL ? entry->config_schema : "null");
	return rc == WR_OK ? wr_buf_append_text(out, "}\n") : rc;
}

static int print_json(const struct wr_plugin *plugin)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc = append_json(plugin, &text);

	if (rc == WR_OK)
		fwrite(text.data, 1, text.size, stdout);
	else
		fprintf(stderr, "weir plugin info: %s\n", wr_code_text(rc));
	wr_buf_fini(&text);
	return rc == WR_OK ? WR_EXIT_OK : WR_EXIT_WRONG;
}

/* A bare name is a file here, as people type it, or one of the plugins that are installed. */
static enum wr_code open_plugin(const char *file, struct wr_plugin **plugin_r, struct wr_err *err)
{
	static char here[] = ".", installed[] = WR_PLUGINDIR;
	char *folders[] = {here, installed};
	const struct wr_conf_strings path = {folders, 2};

	return wr_plugin_open(file, &path, plugin_r, err);
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	const char *file = NULL;
	struct wr_plugin *plugin;
	bool json = false;
	int exit_status = WR_EXIT_OK;
	struct wr_args args;
	struct wr_err err;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		if (wr_args_is(&args, "json"))
			json = true;
		else if (file == NULL)
			file = args.value;
		else
			return wr_args_wrong(command, "takes one file");
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	if (file == NULL)
		return wr_args_wrong(command, "wants the file of a plugin");
	if (open_plugin(file, &plugin, &err) != WR_OK) {
		fprintf(stderr, "weir plugin info: %s: %s\n", file, err.text);
		return WR_EXIT_WRONG;
	}
	if (json)
		exit_status = print_json(plugin);
	else
		print_text(plugin);
	wr_plugin_unref(plugin);
	return exit_status;
}

const struct wr_command wr_command_plugin_info = {
    .name = "plugin info",
    .summary = "print what a plugin's file says of itself",
    .usage = "FILE.so [--json]",
    .description =
	"Opens a plugin as the engine would, with every check, and prints its id, version, ABI,\n"
	"build id, checksum and the JSON Schema of its config. A name without a slash is looked\n"
	"for here, then among the installed plugins. The file's constructors run.\n"
	"\n"
	"Exit status: 0, or 1 with a sentence when the engine would refuse the file.\n",
    .options = options,
    .run = run,
};
