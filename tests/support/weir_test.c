#include "config.h"

#include "weir/test.h"

#include "base/buf.h"
#include "base/check.h"
#include "host/call.h"
#include "host/extensions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_MAGIC UINT32_C(0x77747374) /* "wtst" */
#define EVENTS_MAX 10000

struct weir_test {
	uint32_t magic;
	struct wr_plugin *plugin;
	struct wr_conf_pipeline conf;
	struct wr_conf_stage stage_conf;
	struct wr_stage stage;
	struct wr_pipeline pipeline;
	struct wr_instances *instances;
	struct wr_metrics *metrics;
	struct wr_json_cache json;
	struct wr_arena arena;
	struct wr_buf metrics_text;
	struct wr_event *events[EVENTS_MAX];
	size_t count;
};

static char pipeline_name[] = "test", default_name[] = "default";

static enum wr_code copy_outputs(struct weir_test *test, const struct weir_test_options *options)
{
	struct wr_conf_pipeline *conf = &test->conf;

	conf->outputs = calloc(options->output_count + 1, sizeof(*conf->outputs));
	if (conf->outputs == NULL)
		return WR_ENOMEM;
	conf->outputs[0].name = default_name;
	conf->output_count = 1;
	for (size_t i = 0; i < options->output_count; i++) {
		conf->outputs[i + 1].name = strdup(options->outputs[i]);
		if (conf->outputs[i + 1].name == NULL)
			return WR_ENOMEM;
		conf->output_count++;
	}
	return WR_OK;
}

static enum wr_code copy_options(struct weir_test *test, const struct weir_test_options *options)
{
	const char *config = options->config_json != NULL ? options->config_json : "{}";
	const char *stage = options->stage != NULL ? options->stage : test->plugin->id;

	test->stage_conf.name = strdup(stage);
	test->stage_conf.config_json = strdup(config);
	if (test->stage_conf.name == NULL || test->stage_conf.config_json == NULL)
		return WR_ENOMEM;
	test->stage.conf = &test->stage_conf;
	test->stage.plugin = test->plugin;
	test->stage.name = test->stage_conf.name;
	test->conf.name = pipeline_name;
	test->conf.batch.max_events = EVENTS_MAX;
	test->conf.stages = &test->stage_conf;
	test->conf.stage_count = 1;
	test->pipeline.conf = &test->conf;
	test->pipeline.stages = &test->stage;
	test->pipeline.stage_count = 1;
	return copy_outputs(test, options);
}

/* All violations in one text, as far as they fit. */
static void add_violation(void *arg, const char *pointer, const char *sentence)
{
	struct wr_err *err = arg;
	size_t used = strlen(err->text);

	snprintf(err->text + used, sizeof(err->text) - used, "%sconfig%s %s", used > 0 ? "; " : "",
		 pointer, sentence);
}

static enum wr_code check_config(struct weir_test *test, struct wr_err *err)
{
	struct wr_err violations = {.code = WR_EINVAL}, why;
	enum wr_code rc = wr_plugin_check_config(test->plugin, test->stage_conf.config_json,
						 add_violation, &violations, &why);

	if (rc != WR_OK)
		*err = violations.text[0] != '\0' ? violations : why;
	return rc;
}

static enum wr_code start(struct weir_test *test, const struct weir_test_options *options,
			  struct wr_err *err)
{
	enum wr_code rc = copy_options(test, options);

	if (rc == WR_OK)
		rc = wr_metrics_create(&test->metrics);
	if (rc == WR_OK)
		rc = wr_json_reader_create(&test->json.reader);
	if (rc != WR_OK)
		return wr_err_set(err, rc, "%s", wr_code_text(rc));
	rc = check_config(test, err);
	if (rc == WR_OK)
		rc = wr_instances_create(&test->pipeline, options->slot,
					 options->slot_count > 0 ? options->slot_count : 1,
					 test->metrics, &test->instances, err);
	return rc;
}

/* Takes the plugin. */
static struct weir_test *open_plugin(struct wr_plugin *plugin,
				     const struct weir_test_options *options, char *error,
				     size_t error_size)
{
	static const struct weir_test_options none;
	struct weir_test *test = calloc(1, sizeof(*test));
	struct wr_err err = {.text = "out of memory"};

	if (test == NULL) {
		wr_plugin_unref(plugin);
		snprintf(error, error_size, "%s", err.text);
		return NULL;
	}
	test->magic = TEST_MAGIC;
	test->plugin = plugin;
	wr_arena_init(&test->arena, 1024 * 1024);
	wr_buf_init(&test->metrics_text);
	if (start(test, options != NULL ? options : &none, &err) != WR_OK) {
		snprintf(error, error_size, "%s", err.text);
		weir_test_close(test);
		return NULL;
	}
	return test;
}

struct weir_test *weir_test_open(const char *file, const struct weir_test_options *options,
				 char *error, size_t error_size)
{
	struct wr_plugin *plugin;
	struct wr_err err;

	if (wr_plugin_open(file, NULL, &plugin, &err) != WR_OK) {
		snprintf(error, error_size, "%s", err.text);
		return NULL;
	}
	return open_plugin(plugin, options, error, error_size);
}

struct weir_test *weir_test_open_entry(const struct weir_plugin *entry,
				       const struct weir_test_options *options, char *error,
				       size_t error_size)
{
	struct wr_plugin *plugin;
	struct wr_err err;

	if (wr_plugin_open_entry(entry, &plugin, &err) != WR_OK) {
		snprintf(error, error_size, "%s", err.text);
		return NULL;
	}
	return open_plugin(plugin, options, error, error_size);
}

void weir_test_close(struct weir_test *test)
{
	if (test == NULL)
		return;
	WR_CHECK(test, TEST_MAGIC);
	wr_instances_destroy(test->instances);
	wr_plugin_unref(test->plugin);
	wr_metrics_destroy(test->metrics);
	wr_json_reader_destroy(test->json.reader);
	wr_arena_fini(&test->arena);
	wr_buf_fini(&test->metrics_text);
	for (size_t i = 1; i < test->conf.output_count; i++)
		free(test->conf.outputs[i].name);
	free(test->conf.outputs);
	free(test->stage_conf.name);
	free(test->stage_conf.config_json);
	test->magic = 0;
	free(test);
}

static void *allocate(struct weir_test *test, size_t size)
{
	void *memory = wr_arena_alloc(&test->arena, size);

	WR_ASSERT(memory != NULL);
	return memory;
}

static struct weir_bytes copy(struct weir_test *test, struct weir_bytes bytes)
{
	void *data;

	if (bytes.data == NULL)
		return bytes;
	data = allocate(test, bytes.size + 1);
	memcpy(data, bytes.data, bytes.size);
	return (struct weir_bytes){data, bytes.size};
}

size_t weir_test_add_bytes(struct weir_test *test, struct weir_bytes id, struct weir_bytes key,
			   struct weir_bytes value)
{
	struct wr_event *event;

	WR_CHECK(test, TEST_MAGIC);
	WR_ASSERT(test->count < EVENTS_MAX);
	event = allocate(test, sizeof(*event));
	memset(event, 0, sizeof(*event));
	event->pub = (struct weir_event){
	    .size = (uint32_t)sizeof(event->pub),
	    .attempt = 1,
	    .id = copy(test, id),
	    .key = copy(test, key),
	    .value = copy(test, value),
	    .timestamp_ms = -1,
	    .topic = "events",
	    .offset = (int64_t)test->count,
	};
	event->source_key = event->pub.key;
	event->source_value = event->pub.value;
	test->events[test->count] = event;
	return test->count++;
}

static struct weir_bytes text_bytes(const char *text)
{
	return wr_bytes_to_public(wr_bytes_of(text));
}

size_t weir_test_add(struct weir_test *test, const char *id, const char *key, const char *value)
{
	return weir_test_add_bytes(test, text_bytes(id), text_bytes(key), text_bytes(value));
}

static struct wr_event *event_at(const struct weir_test *test, size_t i)
{
	WR_CHECK(test, TEST_MAGIC);
	WR_ASSERT(i < test->count);
	return test->events[i];
}

void weir_test_add_header(struct weir_test *test, size_t i, const char *name, const char *value)
{
	struct weir_event *event = &event_at(test, i)->pub;
	struct weir_header *headers =
	    allocate(test, (event->header_count + 1) * sizeof(*event->headers));

	if (event->header_count > 0)
		memcpy(headers, event->headers, event->header_count * sizeof(*headers));
	headers[event->header_count++] =
	    (struct weir_header){copy(test, (struct weir_bytes){name, strlen(name) + 1}).data,
				 copy(test, text_bytes(value))};
	event->headers = headers;
}

struct weir_event *weir_test_event(struct weir_test *test, size_t i)
{
	return &event_at(test, i)->pub;
}

void weir_test_run(struct weir_test *test)
{
	WR_CHECK(test, TEST_MAGIC);
	wr_instances_process(test->instances, 0, test->events, test->count, &test->arena,
			     &test->json, 0);
}

void weir_test_reset(struct weir_test *test)
{
	WR_CHECK(test, TEST_MAGIC);
	wr_json_cache_forget(&test->json);
	wr_arena_reset(&test->arena);
	test->count = 0;
}

enum weir_verdict weir_test_verdict(const struct weir_test *test, size_t i)
{
	return event_at(test, i)->res.verdict;
}

uint32_t weir_test_retry_after_ms(const struct weir_test *test, size_t i)
{
	return event_at(test, i)->res.retry_after_ms;
}

const char *weir_test_code(const struct weir_test *test, size_t i)
{
	const char *code = event_at(test, i)->effects.code;

	return code != NULL ? code : "";
}

const char *weir_test_message(const struct weir_test *test, size_t i)
{
	const char *message = event_at(test, i)->effects.message;

	return message != NULL ? message : "";
}

const char *weir_test_output(const struct weir_test *test, size_t i)
{
	return test->conf.outputs[event_at(test, i)->output].name;
}

bool weir_test_value_is(struct weir_test *test, size_t i, const char *text)
{
	return wr_bytes_equal(wr_bytes_from(event_at(test, i)->pub.value), wr_bytes_of(text));
}

struct weir_bytes weir_test_header(struct weir_test *test, size_t i, const char *name)
{
	const struct weir_event *event = &event_at(test, i)->pub;

	for (size_t n = 0; n < event->header_count; n++) {
		if (strcmp(event->headers[n].name, name) == 0)
			return event->headers[n].value;
	}
	return (struct weir_bytes){NULL, 0};
}

size_t weir_test_emit_count(const struct weir_test *test, size_t i)
{
	return event_at(test, i)->emits.count;
}

struct weir_record weir_test_emit(const struct weir_test *test, size_t i, size_t n,
				  const char **output_r)
{
	const struct wr_emit *emit = event_at(test, i)->emits.first;

	for (; emit != NULL && n > 0; n--)
		emit = emit->next;
	WR_ASSERT(emit != NULL);
	if (output_r != NULL)
		*output_r = test->conf.outputs[emit->output].name;
	return (struct weir_record){.size = (uint32_t)sizeof(struct weir_record),
				    .key = emit->key,
				    .value = emit->value,
				    .headers = emit->headers,
				    .header_count = emit->header_count};
}

const char *weir_test_metrics(struct weir_test *test)
{
	const char *text;

	WR_CHECK(test, TEST_MAGIC);
	wr_buf_clear(&test->metrics_text);
	WR_ASSERT(wr_metrics_render(test->metrics, &test->metrics_text) == WR_OK);
	text = wr_buf_text(&test->metrics_text);
	return text != NULL ? text : "";
}

/* ---- extensions ---- */

struct weir_test_state {
	struct wr_state state;
};

static bool told(enum wr_code rc, const struct wr_err *err, char *error, size_t error_size)
{
	if (rc != WR_OK && error_size > 0)
		snprintf(error, error_size, "%s", err->text);
	return rc == WR_OK;
}

struct weir_test_state *weir_test_save(struct weir_test *test, struct weir_test_state *state,
				       char *error, size_t error_size)
{
	struct weir_test_state *saved = state != NULL ? state : calloc(1, sizeof(*saved));
	struct wr_err err = {.text = "no memory"};
	size_t before;
	enum wr_code rc = WR_ENOMEM;

	WR_CHECK(test, TEST_MAGIC);
	if (saved == NULL) {
		told(rc, &err, error, error_size);
		return NULL;
	}
	before = saved->state.count;
	if (wr_plugin_has_state(test->plugin))
		rc = wr_instances_save(test->instances, 0, &saved->state, &err);
	else
		rc = wr_err_set(&err, WR_EUNSUPPORTED, "the plugin has no weir.state/1");
	if (told(rc, &err, error, error_size))
		return saved;
	while (saved->state.count > before)
		wr_buf_fini(&saved->state.blobs[--saved->state.count].data);
	if (state == NULL)
		weir_test_state_free(saved);
	return NULL;
}

bool weir_test_load(struct weir_test *test, const struct weir_test_state *state, char *error,
		    size_t error_size)
{
	struct wr_err err;

	WR_CHECK(test, TEST_MAGIC);
	return told(wr_instances_load(test->instances, 0, &state->state, &err), &err, error,
		    error_size);
}

void weir_test_state_set_version(struct weir_test_state *state, uint32_t version)
{
	for (size_t i = 0; i < state->state.count; i++)
		state->state.blobs[i].version = version;
}

void weir_test_state_free(struct weir_test_state *state)
{
	if (state == NULL)
		return;
	wr_state_fini(&state->state);
	free(state);
}

bool weir_test_selftest(struct weir_test *test, char *error, size_t error_size)
{
	struct wr_err err;

	WR_CHECK(test, TEST_MAGIC);
	return told(wr_instances_selftest(test->instances, 0, &err), &err, error, error_size);
}

bool weir_test_activate(struct weir_test *test, char *error, size_t error_size)
{
	struct wr_err err;

	WR_CHECK(test, TEST_MAGIC);
	return told(wr_instances_activate(test->instances, 0, &err), &err, error, error_size);
}

void weir_test_deactivate(struct weir_test *test)
{
	WR_CHECK(test, TEST_MAGIC);
	wr_instances_deactivate(test->instances, 0);
}
