/*
 * A generation: one configuration with its plugins loaded and checked, immutable. Lanes only read it.
 */
#ifndef WR_HOST_GENERATION_H
#define WR_HOST_GENERATION_H

#include "conf/conf.h"
#include "conf/load.h"

#include <stdint.h>

struct wr_plugin;     /* host/plugin.h */
struct wr_plugin_set; /* host/plugin_store.h */

struct wr_stage {
	const struct wr_conf_stage *conf;
	struct wr_plugin *plugin;
	const char *name; /* the configured one, or the plugin's id; unique in the pipeline */
	uint32_t index;
};

struct wr_pipeline {
	const struct wr_conf_pipeline *conf;
	struct wr_stage *stages;
	uint32_t stage_count;
	uint64_t generation;
};

struct wr_generation {
	uint32_t magic;
	uint64_t number;
	const struct wr_conf *conf; /* borrowed: outlives the generation */
	struct wr_plugin_set *set;  /* borrowed likewise; NULL: plugins are opened where they are */
	bool lacks_some;            /* see wr_generation_create_some() */
	struct wr_pipeline *pipelines;
	size_t pipeline_count;
};

/* Opens every plugin and holds every stage's config to its schema; instances come later, per lane. On WR_EINVAL
 * *generation_r is NULL and *problems names file, line and column of each failure. WR_OK, WR_EINVAL, WR_ENOMEM.
 * [main] */
enum wr_code wr_generation_create(const struct wr_conf *conf, uint64_t number,
				  struct wr_generation **generation_r,
				  struct wr_problems *problems);

/* The same with the plugins of a set, whatever has become of their files since; the set is borrowed and outlives the
 * generation. NULL: from their files. */
enum wr_code wr_generation_create_from(const struct wr_conf *conf, uint64_t number,
				       struct wr_plugin_set *set,
				       struct wr_generation **generation_r,
				       struct wr_problems *problems);

/* The same of what can be read of a configuration that may be wrong, with the plugins that the set has: stages of others
 * have no plugin, and maybe no name. For finding what else is wrong; nothing is run with it. */
enum wr_code wr_generation_create_some(const struct wr_conf *conf, uint64_t number,
				       struct wr_plugin_set *set,
				       struct wr_generation **generation_r,
				       struct wr_problems *problems);

/* The pipeline of that name, or NULL. [any] */
const struct wr_pipeline *wr_generation_find(const struct wr_generation *generation,
					     const char *name);

/* All instances must be gone. NULL does nothing. */
void wr_generation_destroy(struct wr_generation *generation);

#endif
