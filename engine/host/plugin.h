/*
 * A loaded plugin: its file is mapped, its entry is checked, its config schema is compiled. What is wrong with a
 * file is said in one sentence that tells its author or its operator what to do.
 *
 * Opening is the main thread's; afterwards a plugin is only read. It counts its users (generations and
 * instances) and lives until the last one lets go.
 */
#ifndef WR_HOST_PLUGIN_H
#define WR_HOST_PLUGIN_H

#include "base/err.h"
#include "base/sha256.h"
#include "conf/conf.h"
#include "host/json_schema.h"
#include "weir/plugin.h"

#include <stdint.h>

#define WR_PLUGIN_MAGIC UINT32_C(0x77706c67) /* "wplg" */
#define WR_PLUGIN_ID_BYTES 64                /* the longest id and version */

struct wr_plugin {
	uint32_t magic;
	unsigned users; /* [main] */
	const struct weir_plugin *entry;
	const char *id;                   /* the entry's */
	const char *version;              /* the entry's */
	char *path;                       /* the file that was opened */
	struct wr_json_schema *schema;    /* of its config; NULL: any object */
	void *handle;                     /* dlopen's */
	char sha256[WR_SHA256_HEX_BYTES]; /* of the file */
	char build_id[65];                /* hex; "" when the linker wrote none */
};

/* Where the file of a `plugin:` is: itself when it has a slash, else the first of that name in `path` (NULL: none),
 * as a string for free(). WR_OK, WR_ENOTFOUND (err says where it was looked for), WR_ENOMEM. [any] */
enum wr_code wr_plugin_find(const char *file, const struct wr_conf_strings *path, char **file_r,
			    struct wr_err *err);

/* Opens, maps and checks; *plugin_r has one user, the caller. WR_OK; WR_ENOTFOUND; WR_EINVAL (the file is no plugin
 * that this engine can run; err says what to do); WR_EIO; WR_ENOMEM. The constructors of the file run in here.
 * [main] */
enum wr_code wr_plugin_open(const char *file, const struct wr_conf_strings *path,
			    struct wr_plugin **plugin_r, struct wr_err *err);

/* The same for an entry that is in memory already; `entry` must outlive the plugin, and path is "". [main] */
enum wr_code wr_plugin_open_entry(const struct weir_plugin *entry, struct wr_plugin **plugin_r,
				  struct wr_err *err);

/* One user more. [main] */
struct wr_plugin *wr_plugin_ref(struct wr_plugin *plugin);

/* One user less; the last one's frees. The mapping stays, because unloading native code is unsafe in general, unless
 * the plugin declared WEIR_UNLOADABLE. NULL does nothing. [main] */
void wr_plugin_unref(struct wr_plugin *plugin);

/* Whether `config_json` is an object that the plugin's schema accepts; every violation goes to `violation`. WR_OK,
 * WR_EINVAL, WR_ENOMEM. [any] */
enum wr_code wr_plugin_check_config(const struct wr_plugin *plugin, const char *config_json,
				    wr_json_schema_violation_fn violation, void *arg,
				    struct wr_err *err);

#endif
