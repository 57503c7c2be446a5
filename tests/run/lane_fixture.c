#include "config.h"

#include "tests/run/lane_fixture_private.h"

#include "host/plugin.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture *fixture_now;

static struct wr_lane_budget budget_of(void *arg)
{
	return ((const struct fixture *)arg)->budget;
}

/* ---- the plugin ---- */

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)config_json;
	(void)err;
	return (void *)(uintptr_t)host;
}

static int process(void *self, struct weir_call *call, const struct weir_event *const *events,
		   struct weir_result *const *results, size_t n)
{
	const struct weir_host *host = self;
	int stage = strcmp(host->stage, "second") == 0;

	for (size_t i = 0; i < n; i++) {
		if (!fixture_now->batch_plugin && !call->host->begin(call, i))
			continue;
		results[i]->verdict = fixture_now->handler(call, events[i], results[i], stage);
	}
	return 0;
}

static const struct weir_plugin entry = {
    .magic = WEIR_MAGIC,
    .struct_size = (uint32_t)sizeof(struct weir_plugin),
    .abi_major = WEIR_ABI_MAJOR,
    .id = "scripted",
    .version = "7",
    .create = create,
    .process = process,
};

static enum weir_verdict say_ok(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res, int stage)
{
	(void)call;
	(void)ev;
	(void)res;
	(void)stage;
	return WEIR_OK;
}

static enum weir_verdict say_fail(struct weir_call *call, struct weir_result *res)
{
	call->host->set_error(call, res, "bad-amount", "the amount is negative");
	return WEIR_FAIL;
}

static bool begins(const char *id, const char *prefix)
{
	return strncmp(id, prefix, strlen(prefix)) == 0;
}

static enum weir_verdict by_id_second(struct weir_call *call, const struct weir_event *ev,
				      struct weir_result *res)
{
	struct weir_record record = {
	    .size = sizeof(record), .key = ev->key, .value = {"emitted", 7}};

	if (!begins(ev->id.data, "emitfail"))
		return WEIR_OK;
	call->host->emit(call, res, 1, &record);
	return WEIR_FAIL;
}

enum weir_verdict fixture_by_id(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res, int stage)
{
	struct weir_record record = {
	    .size = sizeof(record), .key = ev->key, .value = {"emitted", 7}};
	const char *id = ev->id.data;

	if (begins(id, "alert"))
		res->output = 1;
	if (begins(id, "fail"))
		return say_fail(call, res);
	if (begins(id, "drop"))
		return WEIR_DROP;
	if (stage != 0)
		return by_id_second(call, ev, res);
	for (int i = 0; i < 2 && begins(id, "emit"); i++)
		assert_true(call->host->emit(call, res, 1, &record));
	if (begins(id, "set"))
		assert_true(call->host->set_value(call, res, "changed", 7));
	if (begins(id, "retry") && ev->attempt <= (id[5] == '\0' ? 1 : (uint32_t)(id[5] - '0'))) {
		call->host->set_error(call, res, "busy", "the ledger is busy");
		return WEIR_RETRY;
	}
	return WEIR_OK;
}

/* ---- the lane ---- */

static struct wr_conf_output outputs[] = {
    {.name = (char *)(uintptr_t) "default", .topic = (char *)(uintptr_t) "out"},
    {.name = (char *)(uintptr_t) "alerts", .topic = (char *)(uintptr_t) "alerts"}};

void fixture_init(struct fixture *f)
{
	static const struct wr_conf_retry retry = {.attempts = 3,
						   .initial_ms = 100,
						   .factor = 2,
						   .max_ms = 1000,
						   .jitter = WR_JITTER_NONE};

	memset(f, 0, sizeof(*f));
	fixture_now = f;
	wr_clock_fake_init(&f->clock, 1700000000000);
	f->conf = (struct wr_conf_pipeline){
	    .name = (char *)(uintptr_t) "p",
	    .format = WR_FORMAT_JSON,
	    .event_id = {.source = WR_ID_JSON, .pointer_or_name = (char *)(uintptr_t) "/id"},
	    .idempotency = {.store = WR_STORE_REDIS, .ttl_ms = 1000},
	    .transaction = {.interval_ms = 100},
	    .lanes = 1,
	    .batch = {.max_events = 4, .max_bytes = 1 << 20, .linger_ms = 5, .in_flight = 3},
	    .retry = retry,
	    .dlq_topic = (char *)(uintptr_t) "dlq",
	    .outputs = outputs,
	    .output_count = 2,
	    .stages = f->stages,
	    .stage_count = FIXTURE_STAGES,
	};
	for (int i = 0; i < FIXTURE_STAGES; i++)
		f->stages[i] =
		    (struct wr_conf_stage){.config_json = (char *)(uintptr_t) "{}", .retry = retry};
	for (int i = 0; i < FIXTURE_PARTITIONS; i++) {
		f->partitions[i].committed = -1;
		f->partitions[i].pub = (struct wr_partition){.topic = "in", .id = i};
	}
	f->assigned[0] = &f->partitions[0].pub;
	f->assigned_count = 1;
	f->next_event = WR_SOURCE_ASSIGNED;
	f->handler = say_ok;
	f->room = SIZE_MAX / 2;
}

static struct wr_plugin *plugin;
static struct wr_stage stages[FIXTURE_STAGES];
static struct wr_pipeline pipeline;
static struct wr_lane_adapters adapters;

static void note_change(void *arg)
{
	((struct fixture *)arg)->changes++;
}

void fixture_start(struct fixture *f)
{
	static const char *const names[] = {"first", "second"};
	struct wr_lane_options options;
	struct wr_err err = {.text = ""};

	assert_int_equal(wr_plugin_open_entry(&entry, &plugin, &err), WR_OK);
	for (uint32_t i = 0; i < FIXTURE_STAGES; i++)
		stages[i] = (struct wr_stage){&f->stages[i], plugin, names[i], i};
	pipeline = (struct wr_pipeline){&f->conf, stages, (uint32_t)f->conf.stage_count, 42};
	adapters = (struct wr_lane_adapters){f, fixture_make_source, fixture_make_sink,
					     fixture_make_store, budget_of};
	assert_int_equal(wr_metrics_create(&f->metrics), WR_OK);
	assert_int_equal(wr_health_create(&f->clock.clock, &f->health), WR_OK);
	assert_int_equal(wr_board_create(&f->board), WR_OK);
	options = (struct wr_lane_options){.pipeline = &pipeline,
					   .lane_count = 1,
					   .adapters = &adapters,
					   .clock = &f->clock.clock,
					   .metrics = f->metrics,
					   .health = f->health,
					   .board = f->board,
					   .seed = 7,
					   .changed = note_change,
					   .changed_arg = f};
	if (wr_lane_create(&options, &f->lane, &err) != WR_OK)
		fail_msg("%s", err.text);
}

void fixture_begin(struct fixture *f, fixture_handler *handler)
{
	f->handler = handler;
	fixture_start(f);
	fixture_settle(f);
}

struct wr_program *fixture_program(struct fixture *f, uint64_t generation,
				   const struct wr_conf_pipeline *conf)
{
	static struct wr_pipeline pipelines[8];
	struct wr_pipeline *p = &pipelines[generation % 8];
	const struct wr_program_options options = {p, 0, 1, f->metrics};
	struct wr_program *program;
	struct wr_err err;

	*p = pipeline;
	p->generation = generation;
	if (conf != NULL)
		p->conf = conf;
	if (wr_program_create(&options, &program, &err) != WR_OK)
		fail_msg("%s", err.text);
	return program;
}

void fixture_fini(struct fixture *f)
{
	wr_lane_destroy(f->lane);
	wr_board_destroy(f->board);
	wr_health_destroy(f->health);
	wr_metrics_destroy(f->metrics);
	wr_plugin_unref(plugin);
	for (int i = 0; i < FIXTURE_PARTITIONS; i++) {
		for (int64_t j = 0; j < f->partitions[i].count; j++) {
			free(f->partitions[i].records[j].headers);
			free(f->partitions[i].records[j].split);
		}
	}
	free(f->writes);
	free(f->claims);
}

int64_t fixture_send(struct fixture *f, int partition, const char *id, const char *key)
{
	struct fixture_partition *p = &f->partitions[partition];
	struct fixture_record *r = &p->records[p->count];

	assert_true(p->count < FIXTURE_RECORDS);
	*r = (struct fixture_record){.keyless = key == NULL};
	snprintf(r->key, sizeof(r->key), "%s", key != NULL ? key : "");
	snprintf(r->value, sizeof(r->value), "{\"id\":\"%s\"}", id);
	return p->count++;
}

int64_t fixture_send_value(struct fixture *f, int partition, const char *value)
{
	int64_t offset = fixture_send(f, partition, "", NULL);
	struct fixture_record *r = &f->partitions[partition].records[offset];

	snprintf(r->value, sizeof(r->value), "%s", value);
	return offset;
}

int64_t fixture_redeliver(struct fixture *f, int partition, const struct fixture_write *write)
{
	struct fixture_partition *p = &f->partitions[partition];
	struct fixture_record *r = &p->records[p->count];

	assert_true(p->count < FIXTURE_RECORDS);
	*r = (struct fixture_record){.keyless = write->key[0] == '\0',
				     .headers = strdup(write->headers),
				     .timestamp_ms = wr_clock_wall_ms(&f->clock.clock)};
	assert_non_null(r->headers);
	snprintf(r->key, sizeof(r->key), "%s", write->key);
	snprintf(r->value, sizeof(r->value), "%s", write->value);
	return p->count++;
}

void fixture_settle(struct fixture *f)
{
	int steps = 0, still = 0;

	/* Two quiet turns: what the last one set free may only show in the next. */
	while (still < 2) {
		still = wr_lane_step(f->lane) ? 0 : still + 1;
		assert_true(++steps < 100000);
	}
}

void fixture_pass_ms(struct fixture *f, int64_t ms)
{
	wr_clock_fake_advance_ms(&f->clock, ms);
	fixture_settle(f);
}

double fixture_metric(struct fixture *f, const char *line)
{
	struct wr_buf text = WR_BUF_INIT;
	const char *found;
	double value;

	assert_int_equal(wr_metrics_render(f->metrics, &text), WR_OK);
	found = strstr(wr_buf_text(&text), line);
	assert_non_null(found);
	value = strtod(found + strlen(line), NULL);
	wr_buf_fini(&text);
	return value;
}

double fixture_outcome(struct fixture *f, const char *outcome)
{
	char line[128];

	snprintf(line, sizeof(line), "weir_events_total{outcome=\"%s\",pipeline=\"p\"} ", outcome);
	return fixture_metric(f, line);
}
