#include "config.h"

#include "host/plugin.h"

#include "base/check.h"
#include "base/json.h"
#include "host/entry.h"
#include "host/plugin_file.h"
#include "host/text.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEANT_BYTES 320

static enum wr_code out_of_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "no memory to open a plugin");
}

/* "a, b and so on" of the folders, as far as it fits. */
static void list_folders(const struct wr_conf_strings *path, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; path != NULL && i < path->count && used < size; i++) {
		int n =
		    snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", path->items[i]);

		used += n > 0 ? (size_t)n : 0;
	}
}

static char *join(const char *folder, const char *file)
{
	char *joined;

	return asprintf(&joined, "%s/%s", folder, file) < 0 ? NULL : joined;
}

/* Where the bundled plugins are of an engine that runs from the tree that it was built in. */
static char *join_build_tree(const char *file)
{
	char folder[4096];
	ssize_t size = readlink("/proc/self/exe", folder, sizeof(folder) - 32);
	char *slash;

	if (size <= 0)
		return NULL;
	folder[size] = '\0';
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return NULL;
	memcpy(slash, "/plugins/.libs", sizeof("/plugins/.libs"));
	return join(folder, file);
}

/* "" when nothing like it is there. */
static void guess(const char *file, const struct wr_conf_strings *path, char meant[MEANT_BYTES])
{
	struct wr_plugin_guess nearest;

	meant[0] = '\0';
	wr_plugin_guess_init(&nearest, file);
	for (size_t i = 0; path != NULL && i <= path->count; i++) {
		char *folder = i < path->count ? join(path->items[i], "") : join_build_tree("");

		if (folder != NULL)
			wr_plugin_guess_look(&nearest, folder);
		free(folder);
	}
	if (nearest.file[0] != '\0')
		snprintf(meant, MEANT_BYTES, "; did you mean \"%s\"?", nearest.file);
}

enum wr_code wr_plugin_find(const char *file, const struct wr_conf_strings *path, char **file_r,
			    struct wr_err *err)
{
	char folders[256], meant[MEANT_BYTES];

	*file_r = NULL;
	if (strchr(file, '/') != NULL) {
		*file_r = strdup(file);
		return *file_r != NULL ? WR_OK : out_of_memory(err);
	}
	for (size_t i = 0; path != NULL && i <= path->count; i++) {
		char *candidate =
		    i < path->count ? join(path->items[i], file) : join_build_tree(file);

		if (candidate == NULL)
			return out_of_memory(err);
		if (access(candidate, F_OK) == 0) {
			*file_r = candidate;
			return WR_OK;
		}
		free(candidate);
	}
	list_folders(path, folders, sizeof(folders));
	guess(file, path, meant);
	if (folders[0] == '\0')
		return wr_err_set(
		    err, WR_ENOTFOUND,
		    "there is no plugin_path to look for \"%s\" in; set plugin_path, or name "
		    "the file with its folder (\"./%s\")%s",
		    file, file, meant);
	return wr_err_set(
	    err, WR_ENOTFOUND,
	    "there is no file \"%s\" in plugin_path (%s); build or install it there, or name "
	    "it with its folder (\"./%s\")%s",
	    file, folders, file, meant);
}

/* What the loader says begins with the path and means something to those who link. */
static enum wr_code load_failed(const char *path, const char *said, struct wr_err *err)
{
	static const char undefined[] = "undefined symbol: ",
			  missing[] = ": cannot open shared object";
	const char *found;

	if (said == NULL)
		said = "no reason given";
	if (strncmp(said, path, strlen(path)) == 0 && strncmp(said + strlen(path), ": ", 2) == 0)
		said += strlen(path) + 2;
	found = strstr(said, undefined);
	if (found != NULL) {
		found += strlen(undefined);
		return wr_err_set(
		    err, WR_EINVAL,
		    "it uses the symbol %.*s, which is defined nowhere; link the library that "
		    "has it into the plugin",
		    (int)strcspn(found, " ,\t"), found);
	}
	found = strstr(said, missing);
	if (found != NULL)
		return wr_err_set(
		    err, WR_EINVAL,
		    "it needs the library %.*s, which the loader does not find; install it, "
		    "or link it into the plugin",
		    (int)(found - said), said);
	return wr_err_set(err, WR_EINVAL, "the loader refuses it: %s", said);
}

static enum wr_code load(struct wr_plugin *plugin, struct wr_err *err)
{
	plugin->handle = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
	if (plugin->handle == NULL)
		return load_failed(plugin->path, dlerror(), err);
	plugin->entry = dlsym(plugin->handle, "weir_plugin");
	if (plugin->entry == NULL)
		return wr_err_set(err, WR_EINVAL,
				  "it exports no symbol weir_plugin; export it with WEIR_PLUGIN of "
				  "weir/plugin.h (in C++ WEIR_PLUGIN_CXX)");
	return WR_OK;
}

static enum wr_code compile_schema(struct wr_plugin *plugin, struct wr_err *err)
{
	enum wr_code rc;

	if (plugin->entry->config_schema == NULL)
		return WR_OK;
	rc = wr_json_schema_create(wr_bytes_of(plugin->entry->config_schema), &plugin->schema, err);
	if (rc == WR_EINVAL)
		wr_err_prefix(err, "its config_schema is wrong");
	return rc;
}

static enum wr_code accept_entry(struct wr_plugin *plugin, size_t symbol_size, struct wr_err *err)
{
	enum wr_code rc = wr_entry_check(plugin->entry, symbol_size, err);

	if (rc != WR_OK)
		return rc;
	plugin->id = plugin->entry->id;
	plugin->version = plugin->entry->version;
	return compile_schema(plugin, err);
}

static enum wr_code fill(struct wr_plugin *plugin, struct wr_err *err)
{
	struct wr_bytes file;
	struct wr_elf elf;
	enum wr_code rc = wr_plugin_file_read(plugin->path, &file, err);

	if (rc != WR_OK)
		return rc;
	rc = wr_plugin_file_check(file, &elf, err);
	if (rc == WR_OK && wr_sha256_hex(file, plugin->sha256) != WR_OK)
		rc = out_of_memory(err);
	wr_plugin_file_free(&file);
	if (rc == WR_OK)
		rc = load(plugin, err);
	if (rc != WR_OK)
		return rc;
	memcpy(plugin->build_id, elf.build_id, sizeof(plugin->build_id));
	return accept_entry(plugin, elf.entry_size, err);
}

static struct wr_plugin *new_plugin(void)
{
	struct wr_plugin *plugin = calloc(1, sizeof(*plugin));

	if (plugin != NULL) {
		plugin->magic = WR_PLUGIN_MAGIC;
		plugin->users = 1;
	}
	return plugin;
}

/* Hands the plugin out when it is sound, else frees it. */
static enum wr_code finish(struct wr_plugin *plugin, enum wr_code rc, struct wr_plugin **plugin_r)
{
	if (rc != WR_OK)
		wr_plugin_unref(plugin);
	else
		*plugin_r = plugin;
	return rc;
}

enum wr_code wr_plugin_open(const char *file, const struct wr_conf_strings *path,
			    struct wr_plugin **plugin_r, struct wr_err *err)
{
	struct wr_plugin *plugin = new_plugin();
	enum wr_code rc;

	*plugin_r = NULL;
	if (plugin == NULL)
		return out_of_memory(err);
	rc = wr_plugin_find(file, path, &plugin->path, err);
	if (rc == WR_OK)
		rc = fill(plugin, err);
	return finish(plugin, rc, plugin_r);
}

enum wr_code wr_plugin_open_entry(const struct weir_plugin *entry, struct wr_plugin **plugin_r,
				  struct wr_err *err)
{
	struct wr_plugin *plugin = new_plugin();

	*plugin_r = NULL;
	if (plugin == NULL)
		return out_of_memory(err);
	plugin->path = strdup("");
	if (plugin->path == NULL)
		return finish(plugin, out_of_memory(err), plugin_r);
	plugin->entry = entry;
	return finish(plugin, accept_entry(plugin, 0, err), plugin_r);
}

struct wr_plugin *wr_plugin_ref(struct wr_plugin *plugin)
{
	WR_CHECK(plugin, WR_PLUGIN_MAGIC);
	plugin->users++;
	return plugin;
}

void wr_plugin_unref(struct wr_plugin *plugin)
{
	if (plugin == NULL)
		return;
	WR_CHECK(plugin, WR_PLUGIN_MAGIC);
	WR_ASSERT(plugin->users > 0);
	if (--plugin->users > 0)
		return;
	wr_json_schema_destroy(plugin->schema);
	/* `id` says that the entry passed its checks: flags of anything else mean nothing */
	if (plugin->handle != NULL && plugin->id != NULL &&
	    (plugin->entry->flags & WEIR_UNLOADABLE) != 0)
		dlclose(plugin->handle);
	free(plugin->path);
	plugin->magic = 0;
	free(plugin);
}

/* All that is asked of a config without a schema. */
static enum wr_code check_is_object(struct wr_bytes config, struct wr_err *err)
{
	struct wr_json_reader *reader;
	struct wr_json_value value;
	enum wr_code rc = wr_json_reader_create(&reader);

	if (rc != WR_OK)
		return out_of_memory(err);
	rc = wr_json_read(reader, config, NULL, err);
	if (rc == WR_OK && wr_json_get(reader, wr_bytes("", 0), &value) != WR_JSON_OBJECT)
		rc = wr_err_set(err, WR_EINVAL, "it is not a JSON object");
	wr_json_reader_destroy(reader);
	return rc;
}

enum wr_code wr_plugin_check_config(const struct wr_plugin *plugin, const char *config_json,
				    wr_json_schema_violation_fn violation, void *arg,
				    struct wr_err *err)
{
	WR_CHECK(plugin, WR_PLUGIN_MAGIC);
	if (plugin->schema == NULL)
		return check_is_object(wr_bytes_of(config_json), err);
	return wr_json_schema_check(plugin->schema, wr_bytes_of(config_json), violation, arg, err);
}
