/* Canaries, from the request to their end: real plugins, real threads; no Kafka. */
#include "config.h"

#include "tests/run/flow.h"

#include "base/log.h"
#include "run/reload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64], file[128], exclusive_file[96];
static struct wr_reload *reload;
static struct wr_engine_options engine;
static struct wr_problems problems;
static struct wr_err err;

/* ---- the world ---- */

#define PIPE(name, more, stage)                                                                \
	"  - { name: " name ", source: { topics: [in] }, format: raw, event_id: { key: true }" \
	", idempotency: { store: none },\n"                                                    \
	"      dlq: { topic: dead }, outputs: { default: out }, batch: { linger: 0 }" more     \
	",\n      stages: [{ name: s, plugin: " stage " }] }\n"
#define ONE(stage) "pipelines:\n" PIPE("p", ", lanes: 2", stage)
#define SINGLE(stage) "pipelines:\n" PIPE("p", "", stage)
#define CANARY "canary: { share: 50%, for: 300ms, min_events: 20 }\n"
#define LONG_CANARY "canary: { share: 50%, for: 1h, min_events: 20 }\n"
#define GOOD "retries.so, config: { fails: false }, timeout: 3s"
#define RETRIES "retries.so, config: { fails: true }, retry: { attempts: 1 }"

static void configure(const char *more)
{
	char draft[160];
	FILE *out;

	snprintf(draft, sizeof(draft), "%s.new", file);
	out = fopen(draft, "we");
	assert_non_null(out);
	fprintf(out,
		"instance: t\nstate_dir: %s/state\nkafka: { brokers: \"b:1\" }\n"
		"plugin_path: [" PLUGINS_DIR ", " ABI_DIR "]\n%s",
		folder, more);
	fclose(out);
	assert_int_equal(rename(draft, file), 0);
}

static void open_and_start(void)
{
	const struct wr_reload_options options = {.file = file, .clock = &wr_clock_real};

	if (wr_reload_open(&options, &reload, &problems) != WR_OK)
		fail_msg("%s", problems.count > 0 ? problems.items[0].text : "no reason");
	if (wr_reload_start(reload, &engine, &err) != WR_OK)
		fail_msg("%s", err.text);
}

static void start(const char *more)
{
	configure(more);
	open_and_start();
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
	snprintf(exclusive_file, sizeof(exclusive_file), "%s/exclusive", folder);
	setenv("EXCLUSIVE_FILE", exclusive_file, 1);
	wr_log_set_level(WR_LOG_ERROR);
	flow_init();
	flow_spread_keys();
	problems = (struct wr_problems)WR_PROBLEMS_INIT;
	engine = (struct wr_engine_options){
	    .adapters = &flow_adapters, .clock = &wr_clock_real, .seed = 1};
	assert_int_equal(wr_metrics_create(&engine.metrics), WR_OK);
	assert_int_equal(wr_health_create(&wr_clock_real, &engine.health), WR_OK);
	reload = NULL;
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
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
static struct wr_reload_answer got; /* its lists are gone; its problems below */
static char texts[4096];

static void note_answer(void *arg, const struct wr_reload_answer *answer)
{
	size_t used = 0;

	(void)arg;
	texts[0] = '\0';
	for (size_t i = 0; i < answer->problems.count; i++)
		used += (size_t)snprintf(texts + used, sizeof(texts) - used, "%s: %s\n",
					 answer->problems.items[i].path,
					 answer->problems.items[i].text);
	for (size_t i = 0; i < answer->change_count; i++)
		used += (size_t)snprintf(texts + used, sizeof(texts) - used, "%s\n",
					 answer->changes[i]);
	pthread_mutex_lock(&lock);
	got = *answer;
	has_answer = true;
	pthread_cond_broadcast(&answered);
	pthread_mutex_unlock(&lock);
}

static enum wr_code submit(const struct wr_reload_request *request)
{
	has_answer = false;
	return wr_reload_submit(reload, request, note_answer, NULL, &err);
}

static void assert_asked(struct wr_reload_request request, enum wr_reload_result wanted)
{
	request.who = "test";
	if (submit(&request) != WR_OK)
		fail_msg("%s", err.text);
	pthread_mutex_lock(&lock);
	while (!has_answer)
		pthread_cond_wait(&answered, &lock);
	pthread_mutex_unlock(&lock);
	if (got.result != wanted)
		fail_msg("%s: %s", wr_reload_result_name(got.result), texts);
}

static void assert_reload(enum wr_reload_result wanted)
{
	assert_asked((struct wr_reload_request){.who = "test"}, wanted);
}

static void assert_said(const char *text)
{
	if (strstr(texts, text) == NULL)
		fail_msg("%s", texts);
}

/* Of a generation; its texts are gone but for the reason. */
static char reason[256];

static struct wr_reload_entry entry_of(uint64_t number)
{
	struct wr_reload_entry entry = {.number = 0};
	struct wr_reload_list list;

	assert_int_equal(wr_reload_generations(reload, &list), WR_OK);
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].number == number)
			entry = list.items[i];
	}
	assert_int_equal(entry.number, number);
	snprintf(reason, sizeof(reason), "%s", entry.reason != NULL ? entry.reason : "");
	wr_reload_list_fini(&list);
	return entry;
}

static struct wr_reload_trial trial_of(uint64_t number)
{
	struct wr_reload_trial trial = {.share = 0};
	struct wr_reload_list list;

	assert_int_equal(wr_reload_generations(reload, &list), WR_OK);
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].number == number && list.items[i].trial_count == 1)
			trial = list.items[i].trials[0];
	}
	wr_reload_list_fini(&list);
	return trial;
}

/* Pours until the canary has ended. */
static struct wr_reload_entry await_end(uint64_t number)
{
	struct wr_reload_entry entry;

	do {
		flow_pour(20);
		usleep(10000);
		entry = entry_of(number);
	} while (entry.state == WR_RELOAD_STATE_CANARY);
	return entry;
}

/* Everything that was poured has come out, in one way. */
static void await_all(int lanes)
{
	for (int i = 0; flow_outputs() + flow_dead() < flow_poured(lanes); i++) {
		assert_true(i < 30000);
		usleep(1000);
	}
}

static double metric(const char *line)
{
	struct wr_buf text = WR_BUF_INIT;
	const char *found;
	double value;

	assert_int_equal(wr_metrics_render(engine.metrics, &text), WR_OK);
	found = strstr(wr_buf_text(&text), line);
	if (found == NULL)
		fail_msg("%s is not in %s", line, wr_buf_text(&text));
	value = strtod(found + strlen(line), NULL);
	wr_buf_fini(&text);
	return value;
}

/* ---- how it ends ---- */

static void a_good_one_takes_all_keys_in_the_end(void **state)
{
	struct wr_reload_entry entry;

	(void)state;
	start(CANARY ONE("passthrough.so"));
	configure(CANARY ONE(GOOD));
	assert_reload(WR_RELOAD_CANARY);
	assert_int_equal(got.generation_before, 1);
	assert_int_equal(got.generation_after, 2);
	assert_int_equal(wr_reload_generation(reload), 1);
	assert_int_equal(wr_reload_canary(reload), 2);
	assert_true(metric("\nweir_canary ") == 1);
	assert_false(entry_of(2).runs);
	entry = await_end(2);
	assert_int_equal(entry.state, WR_RELOAD_STATE_PROMOTED);
	assert_true(entry.runs && entry.ended_ms > 0);
	assert_true(entry_of(1).can_return);
	assert_int_equal(wr_reload_generation(reload), 2);
	assert_int_equal(wr_reload_canary(reload), 0);
	await_all(2);
	assert_int_equal(flow_dead(), 0);
	assert_true(flow_outputs_of(1) > 0 && flow_outputs_of(2) > 0);
	assert_true(metric("\nweir_canaries_total{result=\"promoted\"} ") == 1);
	assert_true(metric("\nweir_canary_events_total{generation=\"canary\",pipeline=\"p\"} ") >=
		    20);
	assert_true(metric("\nweir_canary ") == 0);
	assert_reload(WR_RELOAD_UNCHANGED); /* by now the thread is through with it */
	assert_true(metric("\nweir_generation ") == 2);
	stop();
}

static void a_bad_one_goes_at_once(void **state)
{
	struct wr_reload_entry entry;
	struct wr_reload_trial trial;
	int64_t before;

	(void)state;
	start(LONG_CANARY ONE("passthrough.so"));
	configure(LONG_CANARY ONE(RETRIES));
	assert_reload(WR_RELOAD_CANARY);
	entry = await_end(2);
	assert_int_equal(entry.state, WR_RELOAD_STATE_ROLLED_BACK);
	assert_non_null(strstr(reason, "pipeline p: its share of errors is higher"));
	trial = trial_of(2);
	assert_true(trial.canary.events >= 20);
	assert_int_equal(trial.canary.errors, trial.canary.events);
	assert_int_equal(trial.stable.errors, 0);
	assert_int_equal(wr_reload_generation(reload), 1);
	await_all(2);
	before = flow_dead();
	flow_pour(50);
	await_all(2);
	assert_int_equal(flow_dead(), before);
	assert_int_equal(flow_outputs_of(2), 0);
	/* its number is not given again */
	configure(ONE(GOOD));
	assert_reload(WR_RELOAD_APPLIED);
	assert_int_equal(got.generation_after, 3);
	stop();
}

static void one_that_fails_wholesale_goes_and_its_events_are_saved(void **state)
{
	struct wr_reload_entry entry;

	(void)state;
	start(LONG_CANARY ONE("passthrough.so"));
	configure("canary: { share: 50%, for: 1h, min_events: 1000000 }\n" ONE(
	    "retries.so, config: { fails: true }, retry: { attempts: 3, circuit: { failures: 5 } }"));
	assert_reload(WR_RELOAD_CANARY);
	entry = await_end(2);
	assert_int_equal(entry.state, WR_RELOAD_STATE_ROLLED_BACK);
	assert_non_null(strstr(reason, "fails wholesale"));
	await_all(2);
	stop();
}

static void one_without_enough_events_goes_when_patience_ends(void **state)
{
	struct wr_reload_entry entry;

	(void)state;
	start(CANARY ONE("passthrough.so"));
	configure("canary: { share: 50%, for: 100ms, min_events: 20 }\n" ONE(GOOD));
	assert_reload(WR_RELOAD_CANARY);
	do {
		usleep(10000);
		entry = entry_of(2);
	} while (entry.state == WR_RELOAD_STATE_CANARY);
	assert_int_equal(entry.state, WR_RELOAD_STATE_ROLLED_BACK);
	assert_non_null(strstr(reason, "too few events"));
	stop();
}

static void a_rollback_ends_it(void **state)
{
	(void)state;
	start(LONG_CANARY ONE("passthrough.so"));
	configure(LONG_CANARY ONE(GOOD));
	assert_reload(WR_RELOAD_CANARY);
	flow_pour(100);
	await_all(2);
	assert_true(flow_outputs_of(2) > 0);
	assert_asked((struct wr_reload_request){.rollback = true, .dry_run = true},
		     WR_RELOAD_APPLIED);
	assert_int_equal(wr_reload_canary(reload), 2);
	assert_asked((struct wr_reload_request){.rollback = true}, WR_RELOAD_APPLIED);
	assert_said("the canary, generation 2: ended");
	assert_int_equal(got.generation_after, 1);
	assert_int_equal(entry_of(2).state, WR_RELOAD_STATE_ROLLED_BACK);
	assert_string_equal(reason, "asked for by test");
	assert_int_equal(submit(&(struct wr_reload_request){.who = "test", .rollback = true}),
			 WR_ENOTFOUND);
	stop();
}

static void nothing_else_is_reloaded_meanwhile(void **state)
{
	(void)state;
	start(LONG_CANARY ONE("passthrough.so"));
	configure(LONG_CANARY ONE(GOOD));
	assert_reload(WR_RELOAD_CANARY);
	assert_int_equal(submit(&(struct wr_reload_request){.who = "test"}), WR_EFULL);
	assert_non_null(strstr(err.text, "a canary is under way, generation 2"));
	stop(); /* in the middle of it */
}

static void a_start_after_a_stop_in_the_middle_runs_the_file(void **state)
{
	(void)state;
	start(LONG_CANARY ONE("passthrough.so"));
	configure(LONG_CANARY ONE(GOOD));
	assert_reload(WR_RELOAD_CANARY);
	flow_pour(50);
	await_all(2);
	stop();
	configure("pipelines: [\n"); /* broken: what was applied last is not the canary */
	open_and_start();
	assert_int_equal(wr_reload_generation(reload), 1);
	assert_int_equal(entry_of(2).state, WR_RELOAD_STATE_ROLLED_BACK);
	assert_string_equal(reason, "the engine ended while it was tried");
	stop();
	wr_problems_fini(&problems);
	configure(LONG_CANARY ONE(GOOD));
	open_and_start();
	assert_int_equal(wr_reload_generation(reload), 2); /* it was tried under this number */
	assert_int_equal(wr_reload_canary(reload), 0);
	assert_int_equal(entry_of(2).state, WR_RELOAD_STATE_PROMOTED);
	assert_string_equal(reason, "a start ran its file, for all keys");
	stop();
}

static void a_number_that_was_tried_is_no_other_generations_after_a_restart(void **state)
{
	(void)state;
	start(LONG_CANARY ONE("passthrough.so"));
	configure(LONG_CANARY ONE(GOOD));
	assert_reload(WR_RELOAD_CANARY);
	assert_asked((struct wr_reload_request){.rollback = true}, WR_RELOAD_APPLIED);
	stop();
	start(LONG_CANARY ONE("passthrough.so"));
	assert_int_equal(wr_reload_generation(reload), 1);
	configure(ONE("version_two.so"));
	assert_asked((struct wr_reload_request){.no_canary = true}, WR_RELOAD_APPLIED);
	assert_int_equal(wr_reload_generation(reload), 3);
	stop();
	start(ONE("passthrough.so, timeout: 1s"));
	assert_int_equal(wr_reload_generation(reload), 4);
	stop();
}

/* ---- what is tried ---- */

static void who_asks_says_whether_and_how(void **state)
{
	(void)state;
	start(ONE("passthrough.so"));
	configure(ONE(GOOD));
	assert_asked((struct wr_reload_request){.canary_share = 250000, .dry_run = true},
		     WR_RELOAD_CANARY);
	assert_int_equal(wr_reload_canary(reload), 0);
	assert_asked((struct wr_reload_request){.canary_share = 250000}, WR_RELOAD_CANARY);
	assert_int_equal(trial_of(2).share, 250000);
	assert_int_equal(trial_of(2).rules.for_ms, 60000);
	assert_asked((struct wr_reload_request){.rollback = true}, WR_RELOAD_APPLIED);
	assert_reload(WR_RELOAD_APPLIED); /* the file asks for none */
	assert_int_equal(wr_reload_generation(reload), 3);
	configure(LONG_CANARY ONE("passthrough.so"));
	assert_asked((struct wr_reload_request){.no_canary = true}, WR_RELOAD_APPLIED);
	stop();
}

static void what_is_no_matter_of_single_events_is_refused(void **state)
{
	(void)state;
	start(CANARY ONE("passthrough.so"));
	configure(CANARY "pipelines:\n" PIPE("p", ", lanes: 3, transaction: { interval: 1s }", GOOD)
		      PIPE("q", "", "passthrough.so"));
	assert_reload(WR_RELOAD_REJECTED);
	assert_said("pipelines[0].lanes: was changed, and is not decided for each event");
	assert_said("pipelines[0].transaction.interval: was changed");
	assert_said("pipelines[1]: that a pipeline is added");
	assert_said("--canary off");
	assert_int_equal(wr_reload_generation(reload), 1);
	assert_asked((struct wr_reload_request){.no_canary = true}, WR_RELOAD_APPLIED);
	stop();
}

#define TIERED(mode, tiers) \
	"retries.so, config: { fails: false }, retry: { mode: " mode ", tiers: [" tiers "] }"

static void the_order_over_retry_topics_is_no_matter_of_single_events(void **state)
{
	(void)state;
	start(LONG_CANARY SINGLE(TIERED("topic", "5s")));
	configure(LONG_CANARY SINGLE(TIERED("key", "5s")));
	assert_reload(WR_RELOAD_REJECTED);
	assert_said("pipeline p: over which delays retries keep the order of keys");
	assert_asked((struct wr_reload_request){.no_canary = true}, WR_RELOAD_APPLIED);
	configure(LONG_CANARY SINGLE(TIERED("key", "5s, 1m")));
	assert_reload(WR_RELOAD_REJECTED);
	configure(LONG_CANARY SINGLE(TIERED("inline", "5s")));
	assert_reload(WR_RELOAD_REJECTED);
	configure(LONG_CANARY SINGLE(TIERED("key", "5s") ", timeout: 3s"));
	assert_reload(WR_RELOAD_CANARY); /* as before */
	stop();
}

static void stages_that_keep_or_hold_something_are_refused(void **state)
{
	(void)state;
	start(CANARY SINGLE("passthrough.so"));
	configure(CANARY SINGLE("counter.so"));
	assert_reload(WR_RELOAD_REJECTED);
	assert_said("stage s: it keeps state (weir.state/1)");
	configure(CANARY SINGLE("exclusive.so"));
	assert_reload(WR_RELOAD_REJECTED);
	assert_said("weir.lifecycle/1");
	assert_asked((struct wr_reload_request){.no_canary = true}, WR_RELOAD_APPLIED);
	configure(CANARY SINGLE("passthrough.so"));
	assert_reload(WR_RELOAD_REJECTED);
	assert_said("stage s of the generation that runs: it holds");
	stop();
}

static void pipelines_without_a_canary_go_with_the_last_of_the_keys(void **state)
{
	static const char before[] =
	    "pipelines:\n" PIPE("p", ", canary: { share: 50%, for: 300ms, min_events: 20 }",
				"passthrough.so") PIPE("q", "", "counter.so");
	static const char after[] = "log: { level: error }\npipelines:\n" PIPE(
	    "p", ", canary: { share: 50%, for: 300ms, min_events: 20 }", GOOD)
	    PIPE("q", "", "counter.so, timeout: 2s");

	(void)state;
	start(before);
	configure(after);
	assert_reload(WR_RELOAD_CANARY);
	assert_string_equal(texts, "log.level: changed\n");
	assert_int_equal(await_end(2).state, WR_RELOAD_STATE_PROMOTED);
	await_all(2);
	stop();
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(a_good_one_takes_all_keys_in_the_end),
	    WITH_WORLD(a_bad_one_goes_at_once),
	    WITH_WORLD(one_that_fails_wholesale_goes_and_its_events_are_saved),
	    WITH_WORLD(one_without_enough_events_goes_when_patience_ends),
	    WITH_WORLD(a_rollback_ends_it),
	    WITH_WORLD(nothing_else_is_reloaded_meanwhile),
	    WITH_WORLD(a_start_after_a_stop_in_the_middle_runs_the_file),
	    WITH_WORLD(a_number_that_was_tried_is_no_other_generations_after_a_restart),
	    WITH_WORLD(who_asks_says_whether_and_how),
	    WITH_WORLD(what_is_no_matter_of_single_events_is_refused),
	    WITH_WORLD(the_order_over_retry_topics_is_no_matter_of_single_events),
	    WITH_WORLD(stages_that_keep_or_hold_something_are_refused),
	    WITH_WORLD(pipelines_without_a_canary_go_with_the_last_of_the_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
