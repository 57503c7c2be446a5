/* From one generation to the next, with lanes that work: real plugins, real threads, a real probe; no Kafka. */
#include "config.h"

#include "tests/run/flow.h"

#include "base/log.h"
#include "run/reload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char folder[64], file[128], hang_file[96], exclusive_file[96];
static struct wr_reload *reload;
static struct wr_engine_options engine;
static struct wr_problems problems;
static struct wr_err err;
static struct wr_reload_answer got; /* its lists are gone; texts below */
static char texts[4096];            /* changes, stages, problems, a line each */

/* ---- the world ---- */

static void write_file(const char *text)
{
	char draft[160];
	FILE *out;

	snprintf(draft, sizeof(draft), "%s.new", file);
	out = fopen(draft, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(rename(draft, file), 0);
}

#define HEAD                            \
	"instance: t\n"                 \
	"state_dir: %s/state\n"         \
	"kafka: { brokers: \"b:1\" }\n" \
	"plugin_path: [" PLUGINS_DIR ", " ABI_DIR "]\n"
#define PIPE(name, lanes, stages)                                                 \
	"  - { name: " name ", source: { topics: [in] }, lanes: " lanes           \
	", format: raw, event_id: { key: true }, idempotency: { store: none },\n" \
	"      dlq: { topic: dead }, outputs: { default: out },\n"                \
	"      batch: { linger: 0 },\n"                                           \
	"      stages: [" stages "] }\n"

static void configure(const char *more)
{
	char text[8192];

	snprintf(text, sizeof(text), HEAD "%s", folder, more);
	write_file(text);
}

#define ONE(stages) "pipelines:\n" PIPE("p", "2", stages)

static const char *beside; /* what differs beside the keys; NULL: nothing */

static void compare(void *arg, void (*tell)(void *tell_arg, const char *what), void *tell_arg)
{
	(void)arg;
	if (beside != NULL)
		tell(tell_arg, beside);
}

static int looks; /* for parked events */
static bool has_parked;

static enum wr_code look_for_parked(void *arg, const struct wr_conf_pipeline *pipeline,
				    struct wr_err *e)
{
	(void)arg;
	if (strcmp(pipeline->name, "q") != 0)
		return WR_OK;
	looks++;
	return has_parked ? wr_err_set(e, WR_EREFUSED, "somebody waits") : WR_OK;
}

static enum wr_code open_reload(bool strict)
{
	const struct wr_reload_options options = {
	    .file = file,
	    .strict = strict,
	    .probe_program = WEIR,
	    .clock = &wr_clock_real,
	    .hooks = {.compare = compare, .parked = look_for_parked}};

	return wr_reload_open(&options, &reload, &problems);
}

static void start(void)
{
	if (open_reload(false) != WR_OK)
		fail_msg("%s", problems.count > 0 ? problems.items[0].text : "no reason");
	if (wr_reload_start(reload, &engine, &err) != WR_OK)
		fail_msg("%s", err.text);
}

static void stop(void)
{
	assert_true(wr_reload_stop(reload, wr_clock_mono_ns(&wr_clock_real) + 30 * WR_NS_PER_S));
	wr_reload_close(reload);
	reload = NULL;
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/weir.yaml", folder);
	snprintf(hang_file, sizeof(hang_file), "%s/hang", folder);
	snprintf(exclusive_file, sizeof(exclusive_file), "%s/exclusive", folder);
	setenv("HANG_FILE", hang_file, 1);
	setenv("EXCLUSIVE_FILE", exclusive_file, 1);
	wr_log_set_level(WR_LOG_ERROR);
	flow_init();
	problems = (struct wr_problems)WR_PROBLEMS_INIT;
	engine = (struct wr_engine_options){
	    .adapters = &flow_adapters, .clock = &wr_clock_real, .seed = 1};
	assert_int_equal(wr_metrics_create(&engine.metrics), WR_OK);
	assert_int_equal(wr_health_create(&wr_clock_real, &engine.health), WR_OK);
	reload = NULL;
	beside = NULL;
	looks = 0;
	has_parked = false;
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	unlink(hang_file);
	if (reload != NULL) {
		wr_reload_stop(reload, wr_clock_mono_ns(&wr_clock_real) + WR_NS_PER_S);
		wr_reload_close(reload);
	}
	wr_health_destroy(engine.health);
	wr_metrics_destroy(engine.metrics);
	wr_problems_fini(&problems);
	flow_fini();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

/* ---- asking ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static bool has_answer;

static void add_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add_text(const char *format, ...)
{
	size_t used = strlen(texts);
	va_list args;

	va_start(args, format);
	vsnprintf(texts + used, sizeof(texts) - used, format, args);
	va_end(args);
}

static void note_answer(void *arg, const struct wr_reload_answer *answer)
{
	(void)arg;
	texts[0] = '\0';
	for (size_t i = 0; i < answer->change_count; i++)
		add_text("%s\n", answer->changes[i]);
	for (size_t i = 0; i < answer->stage_count; i++) {
		const struct wr_reload_stage *s = &answer->stages[i];

		add_text("%s/%s %s %s>%s %s\n", s->pipeline, s->stage,
			 wr_reload_change_name(s->change), s->before.version, s->after.version,
			 s->state != NULL ? s->state : "");
	}
	for (size_t i = 0; i < answer->problems.count; i++)
		add_text("%u:%u %s: %s\n", answer->problems.items[i].line,
			 answer->problems.items[i].column, answer->problems.items[i].path,
			 answer->problems.items[i].text);
	add_text("%s", answer->waits != NULL ? answer->waits : "");
	pthread_mutex_lock(&lock);
	got = *answer;
	has_answer = true;
	pthread_cond_broadcast(&answered);
	pthread_mutex_unlock(&lock);
}

static void submit(bool dry_run, bool rollback)
{
	const struct wr_reload_request request = {
	    .who = "test", .dry_run = dry_run, .rollback = rollback};

	has_answer = false;
	if (wr_reload_submit(reload, &request, note_answer, NULL, &err) != WR_OK)
		fail_msg("%s", err.text);
}

static void await_answer(void)
{
	pthread_mutex_lock(&lock);
	while (!has_answer)
		pthread_cond_wait(&answered, &lock);
	pthread_mutex_unlock(&lock);
}

static enum wr_reload_result ask(void)
{
	const struct wr_reload_request request = {.who = "test"};

	has_answer = false;
	if (wr_reload_submit(reload, &request, note_answer, NULL, &err) != WR_OK)
		fail_msg("%s", err.text);
	await_answer();
	return got.result;
}

static void assert_result(enum wr_reload_result wanted)
{
	enum wr_reload_result result = ask();

	if (result != wanted)
		fail_msg("%s: %s", wr_reload_result_name(result), texts);
}

static void assert_said(const char *text)
{
	if (strstr(texts, text) == NULL)
		fail_msg("%s", texts);
}

/* ---- what changes ---- */

static void nothing_changes_without_a_change(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	flow_pour(100);
	assert_result(WR_RELOAD_UNCHANGED);
	assert_int_equal(got.generation_before, 1);
	assert_int_equal(got.generation_after, 1);
	flow_await(200);
	stop();
	assert_int_equal(flow_outputs_of(1), 200);
}

static void events_before_and_after_are_whole_and_say_their_generation(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	flow_pour(1000);
	flow_await(500);
	configure(ONE("{ plugin: passthrough.so }, { name: more, plugin: version_two.so }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_int_equal(got.generation_before, 1);
	assert_int_equal(got.generation_after, 2);
	assert_said("p/passthrough kept");
	assert_said("p/more added >2.0.0");
	assert_true(got.drained);
	for (int i = 0; i < WR_RELOAD_PHASES; i++)
		assert_true(got.phase_us[i] >= 0);
	flow_pour(1000);
	flow_await(4000);
	stop();
	assert_int_equal(flow_outputs(), 4000);
	assert_true(flow_outputs_of(1) >= 500);
	assert_true(flow_outputs_of(2) >= 2000);
	assert_int_equal(flow_outputs_of(1) + flow_outputs_of(2), 4000);
}

static void what_differs_beside_the_keys_is_a_change(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	beside = "a file: another content";
	assert_result(WR_RELOAD_APPLIED);
	assert_said("a file: another content");
	assert_int_equal(got.generation_after, 2);
	beside = NULL;
	assert_result(WR_RELOAD_UNCHANGED);
	stop();
}

static void replaced_code_is_told_by_its_versions(void **state)
{
	(void)state;
	configure(ONE("{ name: s, plugin: process_hangs.so }"));
	start();
	configure(ONE("{ name: s, plugin: version_two.so }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_said("p/s replaced 1.0.0>2.0.0");
	configure(ONE("{ name: t, was: s, plugin: version_two.so, timeout: 3s }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_said("p/t reconfigured 2.0.0>2.0.0");
	stop();
}

static void pipelines_and_lanes_come_and_go(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	flow_pour(100);
	flow_await(200);
	configure("pipelines:\n" PIPE("p", "3", "{ plugin: passthrough.so }")
		      PIPE("q", "1", "{ plugin: passthrough.so }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_said("pipelines[0].lanes: changed");
	assert_said("pipeline q: added");
	assert_int_equal(flow_alive(), 4);
	flow_await(400);
	configure("pipelines:\n" PIPE("q", "1", "{ plugin: passthrough.so }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_said("pipeline p: removed");
	assert_said("p/passthrough removed");
	flow_pour(50);
	flow_await(450);
	assert_int_equal(flow_alive(), 1);
	configure(ONE("{ plugin: passthrough.so }"));
	assert_result(WR_RELOAD_APPLIED);
	flow_await(550); /* p goes on where it was */
	stop();
	assert_int_equal(flow_outputs(), 550);
}

static void batches_of_another_size_are_taken(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	flow_pour(500);
	configure(
	    "pipelines:\n  - { name: p, source: { topics: [in] }, lanes: 2, format: raw, "
	    "event_id: { key: true }, idempotency: { store: none }, dlq: { topic: dead },\n"
	    "      outputs: { default: out }, batch: { max_events: 7, in_flight: 3, linger: 0 },"
	    " stages: [{ plugin: passthrough.so }] }\n");
	assert_result(WR_RELOAD_APPLIED);
	assert_said("batch.max_events: changed");
	flow_pour(500);
	flow_await(2000);
	stop();
	assert_int_equal(flow_outputs(), 2000);
}

/* ---- what is refused ---- */

static void what_is_wrong_is_rejected_with_its_place(void **state)
{
	static const struct {
		const char *stages, *said;
	} cases[] = {
	    {"{ plugin: nowhere.so }", "9:26 pipelines[0].stages[0].plugin: plugin \"nowhere.so\""},
	    {"{ plugin: passthrough.so, config: { a: 1 } }", "config.a: is an unknown key"},
	    {"{ plugin: gnu_unique.so }", "GNU unique"},
	    {"{ plugin: wants_limit.so, config: { limit: 0 } }", "must be at least 1"},
	    {"{ plugin: create_fails.so }", "the rules file /etc/rules is missing"},
	    {"{ plugin: create_crashes.so }", "plugin hostile: create()"},
	    {"{ plugin: constructor_crashes.so }", "opening it runs its constructors"},
	    {"{ plugin: selftest_fails.so }", "failed its own test: 2 and 2 are 5"},
	    {"{ plugin: passthrough.so", "not YAML"},
	};

	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	for (size_t i = 0; i < UNIT_COUNT_OF(cases); i++) {
		char text[512];

		snprintf(text, sizeof(text), ONE("%s"), cases[i].stages);
		configure(text);
		assert_result(WR_RELOAD_REJECTED);
		assert_said(cases[i].said);
		assert_int_equal(got.generation_after, 1);
		flow_pour(10);
		flow_await(((int64_t)i + 1) * 20);
	}
	stop();
	assert_int_equal(flow_outputs_of(1), 20 * (int64_t)UNIT_COUNT_OF(cases));
}

static void what_plugins_find_wrong_comes_with_all_the_rest(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	configure("memory: much\n" ONE("{ plugin: passthrough.so, config: { a: 1 } }, "
				       "{ plugin: nowhere.so }"));
	assert_result(WR_RELOAD_REJECTED);
	assert_said("5:9 memory");
	assert_said("config.a: is an unknown key");
	assert_said("there is no file \"nowhere.so\"");
	configure(ONE("{ plugin: passthrough.so, config: { a: 1 } }, { plugin: nowhere.so }"));
	assert_result(WR_RELOAD_REJECTED);
	assert_said("config.a: is an unknown key");
	assert_said("there is no file \"nowhere.so\"");
	stop();
}

static void what_needs_a_restart_is_told_before_anything_is_touched(void **state)
{
	char text[4096];

	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	snprintf(text, sizeof(text),
		 "instance: other\nstate_dir: %s/state\nmemory: 1GiB\nkafka: { brokers: \"b:1\" }\n"
		 "plugin_path: [" PLUGINS_DIR ", " ABI_DIR "]\n" ONE("{ plugin: create_fails.so }"),
		 folder);
	write_file(text);
	assert_result(WR_RELOAD_REJECTED);
	assert_said("1:11 instance: was changed and can't change while the engine runs: it needs a "
		    "restart\n3:9 memory:");
	assert_null(strstr(texts, "create"));
	assert_int_equal(got.phase_us[WR_RELOAD_PROBE], -1);
	stop();
}

static void a_dry_run_does_all_but_the_swap(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	configure("pipelines:\n" PIPE("p", "4", "{ plugin: version_two.so }"));
	submit(true, false);
	await_answer();
	assert_int_equal(got.result, WR_RELOAD_APPLIED);
	assert_true(got.dry_run);
	assert_int_equal(got.generation_after, 1);
	assert_int_equal(got.phase_us[WR_RELOAD_SWAP], -1);
	assert_said("p/hostile added >2.0.0");
	assert_said("p/passthrough removed");
	assert_int_equal(flow_alive(), 2);
	flow_pour(10);
	flow_await(20);
	stop();
	assert_int_equal(flow_outputs_of(1), 20);
}

static void only_one_at_a_time(void **state)
{
	const struct wr_reload_request request = {.who = "second"};

	(void)state;
	configure(ONE("{ plugin: process_hangs.so }"));
	start();
	fclose(fopen(hang_file, "we"));
	flow_pour(1); /* the lanes are in process() */
	configure(ONE("{ plugin: passthrough.so }"));
	submit(false, false);
	assert_int_equal(wr_reload_submit(reload, &request, NULL, NULL, &err), WR_EFULL);
	assert_non_null(strstr(err.text, "asked for by test"));
	unlink(hang_file);
	await_answer();
	assert_int_equal(got.result, WR_RELOAD_APPLIED);
	stop();
}

static enum wr_code second_try = WR_EFULL;

static void ask_again(void *arg, const struct wr_reload_answer *answer)
{
	const struct wr_reload_request request = {.who = "again"};

	(void)arg;
	(void)answer;
	second_try = wr_reload_submit(reload, &request, note_answer, NULL, &err);
}

static void who_has_the_answer_may_ask_again_at_once(void **state)
{
	const struct wr_reload_request request = {.who = "test"};

	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	has_answer = false;
	assert_int_equal(wr_reload_submit(reload, &request, ask_again, NULL, &err), WR_OK);
	await_answer();
	assert_int_equal(second_try, WR_OK);
	assert_int_equal(got.result, WR_RELOAD_UNCHANGED);
	stop();
}

static void await_hanging(void)
{
	char in[128];

	snprintf(in, sizeof(in), "%s.in", hang_file);
	while (access(in, F_OK) != 0)
		usleep(1000);
}

/* A plugin that never returns from process(), in the generation that runs. */
static void a_lane_that_does_not_come_to_the_end_of_a_batch_puts_the_old_back(void **state)
{
	(void)state;
	configure("pipelines:\n" PIPE("p", "1", "{ plugin: process_hangs.so }")
		      PIPE("q", "1", "{ plugin: passthrough.so }"));
	start();
	fclose(fopen(hang_file, "we"));
	flow_pour(1);
	await_hanging();
	configure("pipelines:\n" PIPE("p", "1", "{ plugin: version_two.so }")
		      PIPE("q", "1", "{ plugin: version_two.so }"));
	assert_result(WR_RELOAD_ROLLED_BACK);
	assert_said(
	    "pipeline p, lane 0 did not come to the end of a batch in time: a plugin has not "
	    "returned");
	assert_int_equal(got.generation_after, 1);
	unlink(hang_file);
	flow_pour(1);
	flow_await(4);
	assert_int_equal(flow_outputs_of(1), 4);
	assert_result(WR_RELOAD_APPLIED);
	stop();
}

static void a_pipeline_with_parked_events_goes_only_by_force(void **state)
{
	const struct wr_reload_request forced = {.who = "test", .force = true};

	(void)state;
	configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }")
		      PIPE("q", "1", "{ plugin: passthrough.so }"));
	start();
	has_parked = true;
	configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }"));
	assert_result(WR_RELOAD_REJECTED);
	assert_said("pipelines: pipeline q was removed: somebody waits; the reload can be forced");
	assert_int_equal(flow_alive(), 2);
	has_answer = false;
	assert_int_equal(wr_reload_submit(reload, &forced, note_answer, NULL, &err), WR_OK);
	await_answer();
	assert_int_equal(got.result, WR_RELOAD_APPLIED);
	assert_int_equal(looks, 1);
	stop();
}

static void a_pipeline_without_parked_events_goes(void **state)
{
	(void)state;
	configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }")
		      PIPE("q", "1", "{ plugin: passthrough.so }"));
	start();
	configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_int_equal(looks, 1);
	stop();
}

/* ---- stopping ---- */

#define PATIENT \
	"{ plugin: retries.so, config: { fails: true }, retry: { backoff: { initial: 1h, max: 1h } } }"

static int64_t stop_within_ms(int64_t ms)
{
	int64_t began = wr_clock_mono_ns(&wr_clock_real);

	wr_reload_stop(reload, began + ms * WR_NS_PER_MS);
	wr_reload_close(reload);
	reload = NULL;
	return (wr_clock_mono_ns(&wr_clock_real) - began) / WR_NS_PER_S;
}

static void a_lane_that_goes_keeps_no_stop_waiting(void **state)
{
	(void)state;
	configure("pipelines:\n" PIPE("p", "1", PATIENT)
		      PIPE("q", "1", "{ plugin: passthrough.so }"));
	start();
	flow_pour(1);
	flow_await_taken(2);
	configure("pipelines:\n" PIPE("q", "1", "{ plugin: passthrough.so }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_false(got.drained); /* it has 30 s for the retry */
	assert_said("pipeline p, lane 0");
	assert_true(stop_within_ms(100) < 20);
}

static void a_stop_ends_the_probe_that_is_under_way(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	configure(ONE("{ plugin: create_hangs.so }"));
	submit(false, false);
	while (wr_reload_submit(reload, &(struct wr_reload_request){.who = "t"}, NULL, NULL,
				&err) == WR_EFULL &&
	       strstr(err.text, "\"probe\"") == NULL)
		usleep(1000);
	wr_reload_stop(reload, wr_clock_mono_ns(&wr_clock_real) + 100 * WR_NS_PER_MS);
	await_answer();
	assert_int_equal(got.result, WR_RELOAD_REJECTED);
	assert_said("the engine is stopping");
	wr_reload_close(reload);
	reload = NULL;
}

/* ---- state ---- */

static void state_goes_over_to_the_new_instances(void **state)
{
	(void)state;
	configure(ONE("{ plugin: counter.so }"));
	start();
	flow_pour(100);
	flow_await(200);
	configure(ONE("{ plugin: counter.so, timeout: 9s }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_said("p/counter reconfigured 1.0.0>1.0.0 carried over: 2 instances");
	flow_pour(1);
	flow_await(202);
	/* every new instance knows what both old ones have counted of the key */
	assert_int_equal(flow_last_count(0), 201);
	assert_int_equal(flow_last_count(1), 201);
	configure(
	    "pipelines:\n" PIPE("p", "1", "{ plugin: counter.so, name: renamed, was: counter }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_said("p/renamed reconfigured 1.0.0>1.0.0 carried over: 2 instances");
	flow_pour(1);
	flow_await(203);
	assert_int_equal(flow_last_count(0), 203);
	stop();
	assert_int_equal(flow_outputs(), 203);
}

/* Until a metric's line stands in what is shown; its value is published a few times a second. */
static void await_metric(const char *line)
{
	bool is_there = false;

	for (int tries = 0; tries < 30000 && !is_there; tries++) {
		struct wr_buf text = WR_BUF_INIT;

		assert_int_equal(wr_metrics_render(engine.metrics, &text), WR_OK);
		assert_non_null(wr_buf_text(&text));
		is_there = strstr(text.data, line) != NULL;
		wr_buf_fini(&text);
		usleep(1000);
	}
	assert_true(is_there);
}

#define WAITING(retries)                                                                   \
	"{ plugin: counter.so }, { name: r, plugin: retries.so, config: { fails: " retries \
	" }, retry: { attempts: 100, backoff: { initial: 500ms, max: 500ms } } }"

/* Also the one that waits and the ones behind it: they go on with the new code, and none is counted twice. */
static void what_waits_for_a_retry_holds_up_no_state(void **state)
{
	(void)state;
	configure("pipelines:\n" PIPE("p", "1", WAITING("true")));
	start();
	flow_pour(10);
	await_metric("weir_parked_events{lane=\"0\",pipeline=\"p\"} 1");
	configure("pipelines:\n" PIPE("p", "1", WAITING("false")));
	assert_result(WR_RELOAD_APPLIED);
	assert_said("carried over: 1 instance");
	flow_await(10);
	assert_int_equal(flow_last_count(0), 10);
	stop();
	assert_int_equal(flow_outputs_of(2), 10);
}

/* A plugin that does not take the counter's state ends a reload so, and the counter counts on. */
static void refuse_state(const char *plugin, enum wr_reload_result result)
{
	char text[512];

	configure(ONE("{ name: s, plugin: counter.so }"));
	start();
	flow_pour(10);
	flow_await(20);
	snprintf(text, sizeof(text), ONE("{ name: s, plugin: %s }"), plugin);
	configure(text);
	assert_result(result);
	assert_said("this state is not mine");
	assert_int_equal(got.generation_after, 1);
	flow_pour(1);
	flow_await(22);
	assert_int_equal(flow_last_count(0), 11);
}

static void a_state_that_the_probe_refuses_rejects(void **state)
{
	(void)state;
	refuse_state("state_refused.so", WR_RELOAD_REJECTED);
	stop();
}

static void a_state_that_is_refused_at_the_swap_puts_the_old_back(void **state)
{
	(void)state;
	refuse_state("state_refused_late.so", WR_RELOAD_ROLLED_BACK);
	assert_int_equal(flow_outputs_of(1), 22);
	stop();
}

static void what_one_alone_can_hold_changes_hands(void **state)
{
	(void)state;
	configure("pipelines:\n" PIPE("p", "1", "{ plugin: exclusive.so }"));
	start();
	assert_int_equal(access(exclusive_file, F_OK), 0);
	configure("pipelines:\n" PIPE("p", "1", "{ plugin: exclusive.so, timeout: 9s }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_int_equal(access(exclusive_file, F_OK), 0);
	/* two lanes can't both have it: the old one has it again */
	configure("pipelines:\n" PIPE("p", "2", "{ plugin: exclusive.so }"));
	assert_result(WR_RELOAD_ROLLED_BACK);
	assert_said("could not be activated: somebody holds it");
	assert_int_equal(access(exclusive_file, F_OK), 0);
	flow_pour(5);
	flow_await(5);
	assert_int_equal(flow_outputs_of(2), 5);
	stop();
	assert_int_equal(access(exclusive_file, F_OK), -1);
}

/* ---- watching ---- */

static void what_is_watched_is_applied_by_itself(void **state)
{
	struct wr_reload_list list;

	(void)state;
	configure("watch: true\n" ONE("{ plugin: passthrough.so }"));
	start();
	configure("watch: true\n" ONE("{ name: two, plugin: version_two.so }"));
	while (wr_reload_generation(reload) != 2)
		usleep(1000);
	configure("watch: false\n" ONE("{ plugin: passthrough.so }"));
	while (wr_reload_generation(reload) != 3)
		usleep(1000);
	assert_int_equal(wr_reload_generations(reload, &list), WR_OK);
	assert_string_equal(list.items[0].who, "watch");
	wr_reload_list_fini(&list);
	flow_pour(1);
	flow_await(2);
	stop();
}

/* ---- back ---- */

static void a_rollback_leads_to_the_former_generation_whatever_the_file_says(void **state)
{
	struct wr_reload_list list;

	(void)state;
	configure(ONE("{ name: s, plugin: passthrough.so }"));
	start();
	assert_int_equal(wr_reload_generation(reload), 1);
	configure(ONE("{ name: s, plugin: version_two.so }"));
	assert_result(WR_RELOAD_APPLIED);
	write_file("nonsense");
	submit(false, true);
	await_answer();
	assert_int_equal(got.result, WR_RELOAD_APPLIED);
	assert_int_equal(wr_reload_generation(reload), 3);
	flow_pour(5);
	flow_await(10);
	assert_int_equal(flow_outputs_of(3), 10);
	assert_int_equal(wr_reload_generations(reload, &list), WR_OK);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.items[0].number, 3);
	assert_true(list.items[0].runs);
	assert_string_equal(list.items[0].who, "test");
	assert_non_null(strstr(list.items[0].what, "p/s: hostile 2.0.0 -> passthrough"));
	assert_true(list.items[1].can_return);
	assert_false(list.items[2].can_return);
	assert_string_equal(list.items[2].who, "start");
	wr_reload_list_fini(&list);
	stop();
}

static void without_a_former_generation_there_is_no_rollback(void **state)
{
	const struct wr_reload_request request = {.who = "test", .rollback = true};

	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	assert_int_equal(wr_reload_submit(reload, &request, NULL, NULL, &err), WR_ENOTFOUND);
	stop();
}

/* ---- the next start ---- */

static void an_invalid_file_starts_what_was_applied_last(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	configure(ONE("{ name: two, plugin: version_two.so }"));
	assert_result(WR_RELOAD_APPLIED);
	stop();
	configure("pipelines: [\n"); /* broken, but its state_dir can be read */
	assert_int_equal(open_reload(true), WR_EINVAL);
	wr_problems_fini(&problems);
	start();
	assert_true(problems.count > 0);
	assert_true(wr_reload_has_drifted(reload));
	assert_int_equal(wr_reload_generation(reload), 2);
	flow_pour(5);
	flow_await(10);
	assert_int_equal(flow_outputs_of(2), 10);
	configure(ONE("{ name: two, plugin: version_two.so }"));
	assert_result(WR_RELOAD_UNCHANGED); /* the file says what runs again */
	assert_false(wr_reload_has_drifted(reload));
	configure(ONE("{ plugin: passthrough.so }"));
	assert_result(WR_RELOAD_APPLIED);
	assert_int_equal(got.generation_after, 3);
	stop();
}

static void the_first_start_with_an_invalid_file_fails(void **state)
{
	(void)state;
	configure("pipelines: [\n");
	assert_int_equal(open_reload(false), WR_EINVAL);
	assert_null(reload);
	assert_true(problems.count > 0);
}

static void what_was_kept_for_another_file_is_not_taken(void **state)
{
	char other[128];

	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	stop();
	snprintf(other, sizeof(other), "%s/other.yaml", folder);
	assert_int_equal(rename(file, other), 0);
	snprintf(file, sizeof(file), "%s", other);
	configure("pipelines: [\n");
	assert_int_equal(open_reload(false), WR_EINVAL);
}

static void the_same_configuration_keeps_its_number_over_a_restart(void **state)
{
	(void)state;
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	configure(ONE("{ name: two, plugin: version_two.so }"));
	assert_result(WR_RELOAD_APPLIED);
	stop();
	start();
	assert_int_equal(wr_reload_generation(reload), 2);
	stop();
	configure(ONE("{ plugin: passthrough.so }"));
	start();
	assert_int_equal(wr_reload_generation(reload), 3);
	stop();
}

/* ---- many ---- */

static int mapped_plugins(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1024];
	int count = 0;

	while (fgets(line, sizeof(line), maps) != NULL)
		count += strstr(line, "/state/plugins/") != NULL && strstr(line, "r-xp") != NULL;
	fclose(maps);
	return count;
}

static void many_reloads_under_load_lose_nothing_and_leave_nothing(void **state)
{
	static const char *const stages[] = {
	    "{ name: s, plugin: passthrough.so }", "{ name: s, plugin: version_two.so }",
	    "{ name: s, plugin: counter.so }", "{ name: s, plugin: counter.so, timeout: 5s }"};
	int reloads = getenv("WEIR_RELOADS") != NULL ? atoi(getenv("WEIR_RELOADS")) : 12;

	int before = mapped_plugins();

	(void)state;
	configure(ONE("{ name: s, plugin: passthrough.so }"));
	start();
	for (int i = 1; i <= reloads && i < FLOW_GENERATIONS; i++) {
		char text[512];

		flow_pour(500);
		snprintf(text, sizeof(text), ONE("%s"), stages[i % 4]);
		configure(text);
		assert_result(WR_RELOAD_APPLIED);
	}
	flow_await(flow_poured(2));
	assert_true(mapped_plugins() - before <= 3);
	stop();
	assert_int_equal(flow_outputs(), flow_poured(2));
	assert_int_equal(flow_dead(), 0);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(nothing_changes_without_a_change),
	    RULE(events_before_and_after_are_whole_and_say_their_generation),
	    RULE(what_differs_beside_the_keys_is_a_change),
	    RULE(replaced_code_is_told_by_its_versions),
	    RULE(pipelines_and_lanes_come_and_go),
	    RULE(batches_of_another_size_are_taken),
	    RULE(what_is_wrong_is_rejected_with_its_place),
	    RULE(what_plugins_find_wrong_comes_with_all_the_rest),
	    RULE(what_needs_a_restart_is_told_before_anything_is_touched),
	    RULE(a_dry_run_does_all_but_the_swap),
	    RULE(only_one_at_a_time),
	    RULE(who_has_the_answer_may_ask_again_at_once),
	    RULE(a_lane_that_does_not_come_to_the_end_of_a_batch_puts_the_old_back),
	    RULE(a_pipeline_with_parked_events_goes_only_by_force),
	    RULE(a_pipeline_without_parked_events_goes),
	    RULE(a_lane_that_goes_keeps_no_stop_waiting),
	    RULE(a_stop_ends_the_probe_that_is_under_way),
	    RULE(state_goes_over_to_the_new_instances),
	    RULE(what_waits_for_a_retry_holds_up_no_state),
	    RULE(a_state_that_the_probe_refuses_rejects),
	    RULE(a_state_that_is_refused_at_the_swap_puts_the_old_back),
	    RULE(what_one_alone_can_hold_changes_hands),
	    RULE(what_is_watched_is_applied_by_itself),
	    RULE(a_rollback_leads_to_the_former_generation_whatever_the_file_says),
	    RULE(without_a_former_generation_there_is_no_rollback),
	    RULE(an_invalid_file_starts_what_was_applied_last),
	    RULE(the_first_start_with_an_invalid_file_fails),
	    RULE(what_was_kept_for_another_file_is_not_taken),
	    RULE(the_same_configuration_keeps_its_number_over_a_restart),
	    RULE(many_reloads_under_load_lose_nothing_and_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
