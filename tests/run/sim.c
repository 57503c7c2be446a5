#include "config.h"

#include "tests/run/sim.h"

#include "host/plugin.h"

#include <stdio.h>
#include <stdlib.h>

struct sim *sim_now;

static void print_schedule(void)
{
	const char *text = wr_buf_text(&sim_now->trace);

	fprintf(stderr, "seed %llu:\n%s", (unsigned long long)sim_now->seed,
		text != NULL ? text : "");
	fflush(stderr);
}

void sim_note(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	wr_buf_printf(&sim_now->trace, "%6lld ms %s\n", (long long)(sim_time() / WR_NS_PER_MS),
		      line);
}

void sim_fail(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	print_schedule();
	fail_msg("seed %llu: %s", (unsigned long long)sim_now->seed, line);
	abort(); /* fail_msg() does not come back */
}

/* An assertion of the engine failed: say in what world. */
static void on_abort(int signal_number)
{
	signal(signal_number, SIG_DFL);
	if (sim_now != NULL)
		print_schedule();
	raise(signal_number);
}

uint64_t sim_upto(uint64_t bound)
{
	return wr_rng_upto(&sim_now->rng, bound);
}

bool sim_once_in(uint64_t n)
{
	return sim_upto(n - 1) == 0;
}

int64_t sim_time(void)
{
	return sim_now->clock.mono_ns;
}

/* ---- the plugin ---- */

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)config_json;
	(void)err;
	return (void *)(uintptr_t)host;
}

/* While an event has not passed a stage, later ones of its key do not enter it. */
static void check_turn(const struct sim_take *mine, uint32_t stage)
{
	if (mine->record->key == SIM_KEYS || sim_now->ignores_begin)
		return;
	for (const struct sim_take *t = sim_now->takes; t != NULL; t = t->next) {
		if (t->era == mine->era && t->sequence < mine->sequence && !t->ended &&
		    t->record->key == mine->record->key && t->stage <= stage &&
		    !t->record->duplicate && t->record->plan.kind == SIM_EVENT)
			sim_fail("%d/%d entered stage %u before %d/%d had passed it",
				 mine->record->partition, (int)mine->record->offset, stage,
				 t->record->partition, (int)t->record->offset);
	}
}

static struct sim_take *check_call(const struct weir_event *ev, uint32_t stage)
{
	struct sim_record *r = sim_record_at(ev->partition, ev->offset);
	const void *program = ((const struct wr_item *)(const void *)ev)->program;
	struct sim_take *t = r->take;
	char id[16];

	if (t == NULL || t->era != sim_now->era || t->ended || r->plan.kind != SIM_EVENT)
		sim_fail("%d/%d was run and is not to be", r->partition, (int)r->offset);
	if (sim_has_claims() && !t->claimed &&
	    sim_now->conf.idempotency.on_unavailable == WR_ON_UNAVAILABLE_BLOCK)
		sim_fail("%d/%d was run without its claim", r->partition, (int)r->offset);
	snprintf(id, sizeof(id), "e%d", r->id);
	if (!wr_bytes_equal(wr_bytes_from(ev->id), wr_bytes_of(id)))
		sim_fail("%d/%d was run with another id", r->partition, (int)r->offset);
	if (t->program != NULL && t->program != program &&
	    (t->stage != stage || ev->attempt != t->attempts + 1)) {
		/* it did not go on under another one: its trial ended */
		sim_note("  %d/%d begins anew", r->partition, (int)r->offset);
		t->stage = t->attempts = 0;
	}
	t->program = program;
	if (t->stage != stage || ev->attempt != ++t->attempts)
		sim_fail("%d/%d came to stage %u with attempt %u, expected stage %u with %u",
			 r->partition, (int)r->offset, stage, ev->attempt, t->stage, t->attempts);
	check_turn(t, stage);
	r->called++;
	sim_note("  call %d/%d stage %u attempt %u", r->partition, (int)r->offset, stage,
		 ev->attempt);
	return t;
}

static void do_effects(struct weir_call *call, struct weir_result *res, const struct sim_record *r,
		       uint32_t stage)
{
	struct weir_record record = {.size = sizeof(record)};
	char text[64];

	for (unsigned n = 0; n < r->plan.emits[stage]; n++) {
		record.value.size =
		    (size_t)snprintf(text, sizeof(text), "{\"emit\":%u,\"n\":%u,\"r\":\"%d/%d\"}",
				     stage, n, r->partition, (int)r->offset);
		record.value.data = text;
		assert_true(call->host->emit(call, res, n, &record));
	}
	if (r->plan.changes && stage == 0) {
		int size = snprintf(text, sizeof(text), "{\"changed\":1,\"r\":\"%d/%d\"}",
				    r->partition, (int)r->offset);

		assert_true(call->host->set_value(call, res, text, (size_t)size));
	}
	res->output = r->plan.alerts;
}

static enum weir_verdict handle(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res, uint32_t stage)
{
	struct sim_take *t = check_call(ev, stage);
	const struct sim_plan *plan = &t->record->plan;

	do_effects(call, res, t->record, stage);
	if (ev->attempt <= plan->retries[stage]) {
		res->retry_after_ms = sim_once_in(2) ? (uint32_t)sim_upto(200) : 0;
		t->ended = ev->attempt == (uint32_t)sim_now->stages[stage].retry.attempts;
		return WEIR_RETRY;
	}
	t->stage++;
	t->attempts = 0;
	t->ended = plan->verdict[stage] != WEIR_OK || t->stage == SIM_STAGES;
	t->record->dropped = t->record->dropped || plan->verdict[stage] == WEIR_DROP;
	return plan->verdict[stage];
}

static int process(void *self, struct weir_call *call, const struct weir_event *const *events,
		   struct weir_result *const *results, size_t n)
{
	const struct weir_host *host = self;
	uint32_t stage = strcmp(host->stage, "second") == 0;

	if (wr_lane_holds(sim_now->lane))
		sim_fail("a handler was called while the lane held");
	for (size_t i = 0; i < n; i++) {
		if (sim_now->ignores_begin || call->host->begin(call, i))
			results[i]->verdict = handle(call, events[i], results[i], stage);
	}
	return 0;
}

const struct weir_plugin sim_plugin = {
    .magic = WEIR_MAGIC,
    .struct_size = (uint32_t)sizeof(struct weir_plugin),
    .abi_major = WEIR_ABI_MAJOR,
    .id = "planned",
    .version = "1",
    .create = create,
    .process = process,
};

/* ---- life ---- */

static struct wr_conf_output outputs[] = {
    {.name = (char *)(uintptr_t) "default", .topic = (char *)(uintptr_t) "out"},
    {.name = (char *)(uintptr_t) "alerts", .topic = (char *)(uintptr_t) "alerts"}};
static struct wr_plugin *plugin;
static struct wr_stage stages[SIM_STAGES];
struct wr_pipeline sim_pipeline;
static const struct wr_lane_adapters adapters = {NULL, sim_make_source, sim_make_sink,
						 sim_make_store, NULL};

static void configure(struct sim *s)
{
	uint64_t store = sim_upto(7);

	s->conf = (struct wr_conf_pipeline){
	    .name = (char *)(uintptr_t) "p",
	    .format = WR_FORMAT_JSON,
	    .event_id = {.source = WR_ID_JSON, .pointer_or_name = (char *)(uintptr_t) "/id"},
	    .idempotency = {.store = store == 0 ? WR_STORE_NONE : WR_STORE_REDIS,
			    .ttl_ms = 1000,
			    .on_unavailable =
				store == 1 ? WR_ON_UNAVAILABLE_PROCESS : WR_ON_UNAVAILABLE_BLOCK},
	    .delivery = sim_once_in(2) ? WR_EXACTLY_ONCE : WR_AT_LEAST_ONCE,
	    .transaction = {.interval_ms = sim_once_in(2) ? 100 : 10},
	    .lanes = 1,
	    .batch = {.max_events = 1 + (int)sim_upto(6),
		      .max_bytes = 1 << 20,
		      .linger_ms = sim_once_in(2) ? 5 : 0,
		      .in_flight = 1 + (int)sim_upto(4)},
	    .dlq_topic = (char *)(uintptr_t) "dlq",
	    .outputs = outputs,
	    .output_count = 2,
	    .stages = s->stages,
	    .stage_count = SIM_STAGES,
	};
	for (int i = 0; i < SIM_STAGES; i++)
		s->stages[i] = (struct wr_conf_stage){
		    .config_json = (char *)(uintptr_t) "{}",
		    .retry = {.attempts = 1 + (int)sim_upto(3),
			      .initial_ms = 20,
			      .factor = 2,
			      .max_ms = 500,
			      .jitter = WR_JITTER_FULL},
		};
	s->ignores_begin = sim_once_in(3);
}

void sim_start_lane(void)
{
	struct sim *s = sim_now;
	struct wr_lane_options options = {.pipeline = &sim_pipeline,
					  .lane_count = 1,
					  .adapters = &adapters,
					  .clock = &s->clock.clock,
					  .metrics = s->metrics,
					  .health = s->health,
					  .seed = s->seed};
	struct wr_err err = {.text = ""};
	enum wr_code rc;

	sim_note("a lane starts");
	do {
		rc = wr_lane_create(&options, &s->lane, &err);
	} while (rc != WR_OK && s->era > 0); /* the sink's topics may not be resolved at once */
	if (rc != WR_OK)
		sim_fail("no lane: %s", err.text);
	s->first_program = wr_lane_program(s->lane);
}

void sim_end_lane(void)
{
	sim_note("the lane ends");
	sim_take_back_programs();
	if (wr_program_state(sim_now->first_program) == WR_PROGRAM_LEFT)
		wr_program_destroy(sim_now->first_program);
	wr_lane_destroy(sim_now->lane);
	sim_forget_programs();
	sim_now->lane = NULL;
	sim_now->rewind_due = false;
	if (sim_now->source_exists || sim_now->sink_exists || sim_now->store_exists)
		sim_fail("an adapter was left behind");
}

void sim_begin(struct sim *s, uint64_t seed)
{
	static const char *const names[] = {"first", "second"};
	struct wr_err err = {.text = ""};

	memset(s, 0, sizeof(*s));
	sim_now = s;
	s->seed = seed;
	signal(SIGABRT, on_abort);
	wr_log_set_level(WR_LOG_ERROR);
	wr_rng_init(&s->rng, seed);
	wr_clock_fake_init(&s->clock, 1700000000000);
	s->room = SIZE_MAX;
	configure(s);
	assert_int_equal(wr_plugin_open_entry(&sim_plugin, &plugin, &err), WR_OK);
	for (uint32_t i = 0; i < SIM_STAGES; i++)
		stages[i] = (struct wr_stage){&s->stages[i], plugin, names[i], i};
	sim_pipeline = (struct wr_pipeline){&s->conf, stages, SIM_STAGES, 1};
	assert_int_equal(wr_metrics_create(&s->metrics), WR_OK);
	assert_int_equal(wr_health_create(&s->clock.clock, &s->health), WR_OK);
	sim_note("%s, batches of %d, window %d, attempts %d and %d, store %d, %s begin()",
		 sim_has_transactions() ? "exactly once" : "at least once",
		 s->conf.batch.max_events, s->conf.batch.in_flight, s->stages[0].retry.attempts,
		 s->stages[1].retry.attempts, (int)s->conf.idempotency.store,
		 s->ignores_begin ? "without" : "with");
}

void sim_end(void)
{
	struct sim *s = sim_now;

	wr_health_destroy(s->health);
	wr_metrics_destroy(s->metrics);
	wr_plugin_unref(plugin);
	free(s->writes);
	free(s->waiting_marks);
	wr_buf_fini(&s->trace);
	signal(SIGABRT, SIG_DFL);
	sim_now = NULL;
}
