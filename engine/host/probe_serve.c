/* The child's side of a probe. */
#include "config.h"

#include "host/probe.h"

#include "base/check.h"
#include "base/log.h"
#include "host/plugin.h"
#include "host/probe_private.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define BLOCK_BYTES_MAX (WR_STATE_BYTES_MAX + 1024)

struct given_state {
	char *pipeline, *stage;
	struct wr_state state;
};

struct probe {
	char *file, *text, *folder;
	size_t text_size;
	struct wr_plugin_file *plugins; /* strings are ours */
	size_t plugin_count;
	struct wr_probe_stage *stages;
	size_t stage_count;
	struct given_state *states;
	size_t state_count;

	struct wr_problems problems;
};

/* ---- answering ---- */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char line[2048];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n > sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	for (int i = 0; i < n; i++) {
		if (line[i] == '\n')
			line[i] = ' ';
	}
	line[n++] = '\n';
	while (write(WR_PROBE_ANSWER_FD, line, (size_t)n) < 0 && errno == EINTR)
		;
}

static void say_problems(const struct wr_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct wr_problem *p = &problems->items[i];

		say("problem %u %u %s\t%s", p->line, p->column, p->path, p->text);
	}
}

/* ---- the request ---- */

static bool get_bytes(void *bytes, size_t size)
{
	char *data = bytes;

	while (size > 0) {
		ssize_t n = read(WR_PROBE_REQUEST_FD, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/* With room for one more, set to zero, at the end of an array of `count`. NULL without memory. */
static void *add_item(void *array_p, size_t *count_p, size_t size)
{
	char **items_p = array_p, *items = realloc(*items_p, (*count_p + 1) * size);

	if (items == NULL)
		return NULL;
	*items_p = items;
	memset(items + *count_p * size, 0, size);
	return items + (*count_p)++ * size;
}

static bool add_blob(struct probe *probe, const char *bytes, size_t size)
{
	struct wr_probe_blob head;
	struct wr_state *state;
	struct wr_state_blob *blob;

	if (probe->state_count == 0 || size < sizeof(head))
		return false;
	memcpy(&head, bytes, sizeof(head));
	state = &probe->states[probe->state_count - 1].state;
	blob = add_item(&state->blobs, &state->count, sizeof(*blob));
	if (blob == NULL)
		return false;
	*blob = (struct wr_state_blob){
	    .version = head.version, .slot = head.slot, .slot_count = head.slot_count};
	return wr_buf_append(&blob->data, bytes + sizeof(head), size - sizeof(head)) == WR_OK;
}

static bool add_stage(struct probe *probe, const char *bytes, size_t size)
{
	struct wr_probe_stage *stage =
	    add_item(&probe->stages, &probe->stage_count, sizeof(*stage));

	if (stage == NULL || size != sizeof(*stage))
		return false;
	memcpy(stage, bytes, sizeof(*stage));
	return true;
}

/* Takes the block; it is terminated. */
static bool take_block(struct probe *probe, enum wr_probe_tag tag, char *bytes, size_t size)
{
	struct wr_plugin_file *plugin =
	    probe->plugin_count > 0 ? &probe->plugins[probe->plugin_count - 1] : NULL;
	struct given_state *state =
	    probe->state_count > 0 ? &probe->states[probe->state_count - 1] : NULL;
	bool ok = true;

	switch (tag) {
	case WR_PROBE_FILE:
		probe->file = bytes;
		return true;
	case WR_PROBE_TEXT:
		probe->text = bytes;
		probe->text_size = size;
		return true;
	case WR_PROBE_FOLDER:
		probe->folder = bytes;
		return true;
	case WR_PROBE_NAME:
		plugin = add_item(&probe->plugins, &probe->plugin_count, sizeof(*plugin));
		if (plugin != NULL)
			plugin->name = bytes;
		return plugin != NULL;
	case WR_PROBE_COPY:
		if (plugin != NULL)
			plugin->copy = bytes;
		return plugin != NULL;
	case WR_PROBE_HASH:
		if (plugin != NULL)
			plugin->sha256 = bytes;
		return plugin != NULL;
	case WR_PROBE_PIPELINE:
		state = add_item(&probe->states, &probe->state_count, sizeof(*state));
		if (state != NULL)
			state->pipeline = bytes;
		return state != NULL;
	case WR_PROBE_STAGE_NAME:
		if (state != NULL)
			state->stage = bytes;
		return state != NULL;
	case WR_PROBE_STAGE:
		ok = add_stage(probe, bytes, size);
		break;
	case WR_PROBE_BLOB:
		ok = add_blob(probe, bytes, size);
		break;
	}
	free(bytes);
	return ok;
}

static bool read_request(struct probe *probe)
{
	struct wr_probe_head head;

	while (get_bytes(&head, sizeof(head))) {
		char *bytes;

		if (head.size > BLOCK_BYTES_MAX)
			return false;
		bytes = malloc((size_t)head.size + 1);
		if (bytes == NULL || !get_bytes(bytes, (size_t)head.size))
			return false;
		bytes[head.size] = '\0';
		if (!take_block(probe, (enum wr_probe_tag)head.tag, bytes, (size_t)head.size))
			return false;
	}
	return probe->file != NULL && probe->text != NULL;
}

/* ---- trying ---- */

/* Where it is, for the case that it comes no further. */
static void say_step(const struct wr_conf_stage *stage, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say_step(const struct wr_conf_stage *stage, const char *path, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say("step %u %u %s\t%s", stage != NULL ? stage->mark.line : 0,
	    stage != NULL ? stage->mark.column : 0, path, text);
}

static const struct wr_state *find_state(const struct probe *probe, const char *pipeline,
					 const char *stage)
{
	for (size_t i = 0; stage != NULL && i < probe->state_count; i++) {
		if (strcmp(probe->states[i].pipeline, pipeline) == 0 &&
		    strcmp(probe->states[i].stage, stage) == 0)
			return &probe->states[i].state;
	}
	return NULL;
}

/* One instance, as lane 0 of the pipeline would have it. */
static enum wr_code try_instance(const struct probe *probe, const struct wr_pipeline *pipeline,
				 const char *path, struct wr_err *err)
{
	const struct wr_stage *stage = &pipeline->stages[0];
	const struct wr_state *state = find_state(probe, pipeline->conf->name, stage->name);
	const char *where = stage->name;
	struct wr_instances *instances;
	enum wr_code rc;

	if (state == NULL)
		state = find_state(probe, pipeline->conf->name, stage->conf->was);
	say_step(stage->conf, path, "stage \"%s\", plugin %s: create()", where, stage->plugin->id);
	rc = wr_instances_create(pipeline, 0, (uint32_t)pipeline->conf->lanes, NULL, &instances,
				 err);
	if (rc != WR_OK)
		return rc;
	say_step(stage->conf, path, "stage \"%s\", plugin %s: its test of itself", where,
		 stage->plugin->id);
	rc = wr_instances_selftest(instances, 0, err);
	if (rc == WR_OK && state != NULL) {
		say_step(stage->conf, path, "stage \"%s\", plugin %s: loading the state", where,
			 stage->plugin->id);
		rc = wr_instances_load(instances, 0, state, err);
	}
	say_step(stage->conf, path, "stage \"%s\", plugin %s: destroy()", where, stage->plugin->id);
	wr_instances_destroy(instances);
	return rc;
}

static void try_stage(struct probe *probe, const struct wr_generation *generation,
		      const struct wr_probe_stage *place)
{
	const struct wr_pipeline *whole = &generation->pipelines[place->pipeline];
	struct wr_pipeline alone = *whole;
	char path[96];
	struct wr_err err;

	alone.stages = &whole->stages[place->stage];
	alone.stage_count = 1;
	if (alone.stages[0].plugin == NULL)
		return; /* its file is missing, which others have said */
	snprintf(path, sizeof(path), "pipelines[%u].stages[%u]", place->pipeline, place->stage);
	if (try_instance(probe, &alone, path, &err) == WR_OK)
		return;
	wr_problems_add(&probe->problems, probe->file, whole->stages[place->stage].conf->mark, path,
			"%s", err.text);
}

/* The first stage that names the plugin; NULL: none. */
static const struct wr_conf_stage *find_user(const struct wr_conf *conf, const char *plugin,
					     char path[64])
{
	for (size_t p = 0; p < conf->pipeline_count; p++) {
		for (size_t s = 0; s < conf->pipelines[p].stage_count; s++) {
			const struct wr_conf_stage *stage = &conf->pipelines[p].stages[s];

			if (stage->plugin == NULL || strcmp(stage->plugin, plugin) != 0)
				continue;
			snprintf(path, 64, "pipelines[%zu].stages[%zu]", p, s);
			return stage;
		}
	}
	return NULL;
}

/* Each file for itself first, so that one which hangs or crashes is named. */
static void open_plugins(const struct probe *probe, const struct wr_conf *conf,
			 struct wr_plugin_set *set)
{
	for (size_t i = 0; i < probe->plugin_count; i++) {
		char path[64] = "";
		const char *name = probe->plugins[i].name;
		const struct wr_conf_stage *user = find_user(conf, name, path);
		struct wr_plugin *plugin;
		struct wr_err err;

		say_step(user, path, "plugin \"%s\": opening it runs its constructors", name);
		if (wr_plugin_set_open(set, name, &plugin, &err) == WR_OK)
			wr_plugin_unref(plugin);
	}
	say_step(NULL, "", "reading the configuration");
}

/* What is wrong with the text itself, the engine knows. */
static struct wr_conf *parse(const struct probe *probe, bool *whole_r)
{
	struct wr_problems known = WR_PROBLEMS_INIT;
	struct wr_conf *conf;

	*whole_r = wr_conf_parse_all(probe->file, wr_bytes(probe->text, probe->text_size), &conf,
				     &known) == WR_OK;
	wr_problems_fini(&known);
	return conf;
}

static enum wr_code open_set(struct probe *probe, struct wr_plugin_set **set_r)
{
	struct wr_plugin_store *store;
	struct wr_err err = {.text = ""};
	enum wr_code rc = wr_plugin_store_open(probe->folder, &store, &err);

	if (rc == WR_OK) {
		wr_plugin_store_keep_files(store);
		rc = wr_plugin_store_restore(store, probe->plugins, probe->plugin_count, set_r,
					     &err);
	}
	if (rc != WR_OK)
		wr_problems_add(&probe->problems, probe->file, (struct wr_conf_mark){0, 0}, NULL,
				"%s", err.text);
	return rc;
}

static void try_all(struct probe *probe)
{
	struct wr_plugin_set *set = NULL;
	struct wr_generation *generation = NULL;
	struct wr_conf *conf = NULL;
	bool is_whole = false;
	enum wr_code rc = open_set(probe, &set);

	if (rc == WR_OK)
		conf = parse(probe, &is_whole);
	if (conf == NULL)
		return;
	open_plugins(probe, conf, set);
	rc = wr_generation_create_some(conf, 1, set, &generation, &probe->problems);
	for (size_t i = 0; i < probe->stage_count && rc == WR_OK && is_whole; i++) {
		const struct wr_probe_stage *place = &probe->stages[i];

		if (place->pipeline < generation->pipeline_count &&
		    place->stage < generation->pipelines[place->pipeline].stage_count)
			try_stage(probe, generation, place);
	}
	/* the process ends: nothing is given back, and no destructor of a plugin runs after the verdict */
}

/* No core of a plugin's crash, and no life without the engine. */
static void confine(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "weir-probe");
	wr_log_set_level(WR_LOG_WARN);
}

int wr_probe_serve(void)
{
	static struct probe probe; /* stays reachable to the end */

	confine();
	probe.problems = (struct wr_problems)WR_PROBLEMS_INIT;
	if (!read_request(&probe))
		return 2;
	try_all(&probe);
	say_problems(&probe.problems);
	say("done");
	_exit(0);
}
