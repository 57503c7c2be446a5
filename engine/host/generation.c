#include "config.h"

#include "host/generation.h"

#include "base/check.h"
#include "host/plugin.h"
#include "host/plugin_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENERATION_MAGIC UINT32_C(0x7767656e) /* "wgen" */
#define PATH_BYTES 512

/* A stage being filled, for its problems. */
struct loading {
	struct wr_generation *generation;
	struct wr_problems *problems;
	size_t pipeline_index;
	struct wr_stage *stage;
};

/* The key's path in the file: /fields/0/at becomes .fields[0].at. */
static void append_pointer(char *path, size_t size, const char *pointer)
{
	size_t used = strlen(path);

	for (const char *p = pointer; *p != '\0' && used + 3 < size; p++) {
		bool is_index = *p == '/' && p[1] >= '0' && p[1] <= '9';

		if (is_index) {
			size_t digits = strspn(p + 1, "0123456789");

			is_index = p[1 + digits] == '/' || p[1 + digits] == '\0';
			if (is_index && used + digits + 3 < size) {
				path[used++] = '[';
				memcpy(path + used, p + 1, digits);
				used += digits;
				path[used++] = ']';
				p += digits;
				continue;
			}
		}
		if (*p == '/') {
			path[used++] = '.';
		} else if (*p == '~' && (p[1] == '0' || p[1] == '1')) {
			path[used++] = p[1] == '0' ? '~' : '/';
			p++;
		} else {
			path[used++] = *p;
		}
	}
	path[used] = '\0';
}

/* The path of a key of the stage. */
static void key_path(const struct loading *l, const char *key, char *path, size_t size)
{
	snprintf(path, size, "pipelines[%zu].stages[%u].%s", l->pipeline_index, l->stage->index,
		 key);
}

static void add_violation(void *arg, const char *pointer, const char *sentence)
{
	const struct loading *l = arg;
	const struct wr_conf *conf = l->generation->conf;
	const struct wr_plugin *plugin = l->stage->plugin;
	char path[PATH_BYTES];

	key_path(l, "config", path, sizeof(path));
	append_pointer(path, sizeof(path), pointer);
	wr_problems_add(l->problems, conf->file,
			wr_conf_stage_config_mark(conf, l->stage->conf, pointer), path,
			"%s (stage \"%s\", plugin %s %s)", sentence, l->stage->name, plugin->id,
			plugin->version);
}

/* The plugin of that file, opened once in a generation. */
static struct wr_plugin *find_open(const struct wr_generation *generation, const char *path)
{
	for (size_t p = 0; p < generation->pipeline_count; p++) {
		const struct wr_pipeline *pipeline = &generation->pipelines[p];

		for (uint32_t s = 0; s < pipeline->stage_count; s++) {
			struct wr_plugin *plugin = pipeline->stages[s].plugin;

			if (plugin != NULL && strcmp(plugin->path, path) == 0)
				return plugin;
		}
	}
	return NULL;
}

static enum wr_code open_plugin(struct wr_generation *generation, struct wr_stage *stage,
				struct wr_err *err)
{
	const struct wr_conf_strings *folders = &generation->conf->plugin_path;
	struct wr_plugin *open;
	char *path;
	enum wr_code rc;

	if (generation->set != NULL)
		return wr_plugin_set_open(generation->set, stage->conf->plugin, &stage->plugin,
					  err);
	rc = wr_plugin_find(stage->conf->plugin, folders, &path, err);

	if (rc != WR_OK)
		return rc;
	open = find_open(generation, path);
	if (open != NULL)
		stage->plugin = wr_plugin_ref(open);
	else
		rc = wr_plugin_open(path, NULL, &stage->plugin, err);
	free(path);
	return rc;
}

static enum wr_code check_config(struct loading *l)
{
	struct wr_stage *stage = l->stage;
	size_t before = l->problems->count;
	struct wr_err err;
	enum wr_code rc =
	    wr_plugin_check_config(stage->plugin, stage->conf->config_json, add_violation, l, &err);

	if (rc == WR_EINVAL && l->problems->count == before)
		add_violation(l, "", err.text);
	return rc == WR_ENOMEM ? rc : WR_OK;
}

static void check_name(struct loading *l)
{
	const struct wr_pipeline *pipeline = &l->generation->pipelines[l->pipeline_index];
	const struct wr_stage *stage = l->stage;
	char path[PATH_BYTES];

	for (uint32_t i = 0; i < stage->index; i++) {
		const struct wr_stage *other = &pipeline->stages[i];

		if (other->name == NULL || strcmp(other->name, stage->name) != 0)
			continue;
		key_path(l, "name", path, sizeof(path));
		wr_problems_add(l->problems, l->generation->conf->file, stage->conf->mark, path,
				"the stage name \"%s\" is taken by the stage on line %u; %s",
				stage->name, other->conf->mark.line,
				stage->conf->name == NULL
				    ? "a stage without a name has its plugin's id: give it a name"
				    : "give it another");
		return;
	}
}

/* One that is named by nothing that can be opened: said elsewhere. */
static bool is_left_out(const struct loading *l)
{
	const struct wr_generation *generation = l->generation;
	const char *name = l->stage->conf->plugin;

	return generation->lacks_some &&
	       (name == NULL || !wr_plugin_set_has(generation->set, name));
}

static enum wr_code fill_stage(struct loading *l)
{
	struct wr_stage *stage = l->stage;
	char path[PATH_BYTES];
	struct wr_err err;
	enum wr_code rc;

	stage->name = stage->conf->name;
	if (is_left_out(l))
		return WR_OK;
	rc = open_plugin(l->generation, stage, &err);
	if (rc == WR_OK) {
		if (stage->name == NULL)
			stage->name = stage->plugin->id;
		rc = check_config(l);
	} else if (rc != WR_ENOMEM) {
		key_path(l, "plugin", path, sizeof(path));
		wr_problems_add(l->problems, l->generation->conf->file, stage->conf->plugin_mark,
				path, "plugin \"%s\": %s", stage->conf->plugin, err.text);
		rc = WR_OK;
	}
	if (stage->name != NULL)
		check_name(l);
	return rc;
}

static enum wr_code fill_pipeline(struct wr_generation *generation, size_t index,
				  struct wr_problems *problems)
{
	struct wr_pipeline *pipeline = &generation->pipelines[index];

	pipeline->conf = &generation->conf->pipelines[index];
	pipeline->generation = generation->number;
	pipeline->stages = calloc(pipeline->conf->stage_count + 1, sizeof(*pipeline->stages));
	if (pipeline->stages == NULL)
		return WR_ENOMEM;
	for (size_t i = 0; i < pipeline->conf->stage_count; i++) {
		struct loading l = {generation, problems, index, &pipeline->stages[i]};
		enum wr_code rc;

		l.stage->index = (uint32_t)i;
		l.stage->conf = &pipeline->conf->stages[i];
		pipeline->stage_count = (uint32_t)i + 1;
		rc = fill_stage(&l);
		if (rc != WR_OK)
			return rc;
	}
	return WR_OK;
}

static enum wr_code create(const struct wr_conf *conf, uint64_t number, struct wr_plugin_set *set,
			   bool lacks_some, struct wr_generation **generation_r,
			   struct wr_problems *problems)
{
	struct wr_generation *generation = calloc(1, sizeof(*generation));
	size_t before = problems->count;
	enum wr_code rc = WR_OK;

	*generation_r = NULL;
	if (generation == NULL)
		return WR_ENOMEM;
	generation->magic = GENERATION_MAGIC;
	generation->number = number;
	generation->conf = conf;
	generation->set = set;
	generation->lacks_some = lacks_some;
	generation->pipelines = calloc(conf->pipeline_count + 1, sizeof(*generation->pipelines));
	if (generation->pipelines == NULL)
		rc = WR_ENOMEM;
	for (size_t i = 0; rc == WR_OK && i < conf->pipeline_count; i++) {
		generation->pipeline_count = i + 1;
		rc = fill_pipeline(generation, i, problems);
	}
	if (rc == WR_OK && problems->count != before)
		rc = WR_EINVAL;
	if (rc != WR_OK) {
		wr_generation_destroy(generation);
		return rc;
	}
	*generation_r = generation;
	return WR_OK;
}

enum wr_code wr_generation_create_from(const struct wr_conf *conf, uint64_t number,
				       struct wr_plugin_set *set,
				       struct wr_generation **generation_r,
				       struct wr_problems *problems)
{
	return create(conf, number, set, false, generation_r, problems);
}

enum wr_code wr_generation_create_some(const struct wr_conf *conf, uint64_t number,
				       struct wr_plugin_set *set,
				       struct wr_generation **generation_r,
				       struct wr_problems *problems)
{
	return create(conf, number, set, true, generation_r, problems);
}

enum wr_code wr_generation_create(const struct wr_conf *conf, uint64_t number,
				  struct wr_generation **generation_r, struct wr_problems *problems)
{
	return wr_generation_create_from(conf, number, NULL, generation_r, problems);
}

const struct wr_pipeline *wr_generation_find(const struct wr_generation *generation,
					     const char *name)
{
	for (size_t i = 0; i < generation->pipeline_count; i++) {
		if (strcmp(generation->pipelines[i].conf->name, name) == 0)
			return &generation->pipelines[i];
	}
	return NULL;
}

void wr_generation_destroy(struct wr_generation *generation)
{
	if (generation == NULL)
		return;
	WR_CHECK(generation, GENERATION_MAGIC);
	for (size_t p = 0; p < generation->pipeline_count; p++) {
		struct wr_pipeline *pipeline = &generation->pipelines[p];

		for (uint32_t s = 0; s < pipeline->stage_count; s++)
			wr_plugin_unref(pipeline->stages[s].plugin);
		free(pipeline->stages);
	}
	free(generation->pipelines);
	generation->magic = 0;
	free(generation);
}
