#include "config.h"

#include "tests/run/reload_rig.h"

#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct rig rig;

/* ---- the world ---- */

void rig_write_file(const char *text)
{
	char draft[160];
	FILE *out;

	snprintf(draft, sizeof(draft), "%s.new", rig.file);
	out = fopen(draft, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(rename(draft, rig.file), 0);
}

#define HEAD                            \
	"instance: t\n"                 \
	"state_dir: %s/state\n"         \
	"kafka: { brokers: \"b:1\" }\n" \
	"plugin_path: [" PLUGINS_DIR ", " ABI_DIR "]\n"

void rig_configure(const char *more)
{
	char text[8192];

	snprintf(text, sizeof(text), HEAD "%s", rig.folder, more);
	rig_write_file(text);
}

static void compare(void *arg, void (*tell)(void *tell_arg, const char *what), void *tell_arg)
{
	(void)arg;
	if (rig.beside != NULL)
		tell(tell_arg, rig.beside);
}

static enum wr_code look_for_parked(void *arg, const struct wr_conf_pipeline *pipeline,
				    struct wr_err *e)
{
	(void)arg;
	if (strcmp(pipeline->name, "q") != 0)
		return WR_OK;
	rig.looks++;
	if (rig.looks == rig.parks_at_look)
		rig.has_parked = true;
	return rig.has_parked ? wr_err_set(e, WR_EREFUSED, "somebody waits") : WR_OK;
}

enum wr_code rig_open(bool strict)
{
	const struct wr_reload_options options = {
	    .file = rig.file,
	    .strict = strict,
	    .generation = rig.generation,
	    .probe_program = WEIR,
	    .clock = &wr_clock_real,
	    .hooks = {.compare = compare, .parked = look_for_parked}};

	return wr_reload_open(&options, &rig.reload, &rig.problems);
}

void rig_start(void)
{
	if (rig_open(false) != WR_OK)
		fail_msg("%s", rig.problems.count > 0 ? rig.problems.items[0].text : "no reason");
	if (wr_reload_start(rig.reload, &rig.engine, &rig.err) != WR_OK)
		fail_msg("%s", rig.err.text);
}

void rig_stop(void)
{
	assert_true(
	    wr_reload_stop(rig.reload, wr_clock_mono_ns(&wr_clock_real) + 30 * WR_NS_PER_S));
	wr_reload_close(rig.reload);
	rig.reload = NULL;
}

int rig_set_up(void **state)
{
	(void)state;
	snprintf(rig.folder, sizeof(rig.folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(rig.folder));
	snprintf(rig.file, sizeof(rig.file), "%s/weir.yaml", rig.folder);
	snprintf(rig.hang_file, sizeof(rig.hang_file), "%s/hang", rig.folder);
	snprintf(rig.exclusive_file, sizeof(rig.exclusive_file), "%s/exclusive", rig.folder);
	setenv("HANG_FILE", rig.hang_file, 1);
	setenv("EXCLUSIVE_FILE", rig.exclusive_file, 1);
	wr_log_set_level(WR_LOG_ERROR);
	flow_init();
	rig.problems = (struct wr_problems)WR_PROBLEMS_INIT;
	rig.engine = (struct wr_engine_options){
	    .adapters = &flow_adapters, .clock = &wr_clock_real, .seed = 1};
	assert_int_equal(wr_metrics_create(&rig.engine.metrics), WR_OK);
	assert_int_equal(wr_health_create(&wr_clock_real, &rig.engine.health), WR_OK);
	rig.reload = NULL;
	rig.beside = NULL;
	rig.generation = 0;
	rig.looks = rig.parks_at_look = 0;
	rig.has_parked = false;
	return 0;
}

int rig_tear_down(void **state)
{
	char command[128];

	(void)state;
	unlink(rig.hang_file);
	if (rig.reload != NULL) {
		wr_reload_stop(rig.reload, wr_clock_mono_ns(&wr_clock_real) + WR_NS_PER_S);
		wr_reload_close(rig.reload);
	}
	wr_health_destroy(rig.engine.health);
	wr_metrics_destroy(rig.engine.metrics);
	wr_problems_fini(&rig.problems);
	flow_fini();
	snprintf(command, sizeof(command), "rm -rf %s", rig.folder);
	assert_int_equal(system(command), 0);
	return 0;
}

/* ---- asking ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;

static void add_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add_text(const char *format, ...)
{
	size_t used = strlen(rig.texts);
	va_list args;

	va_start(args, format);
	vsnprintf(rig.texts + used, sizeof(rig.texts) - used, format, args);
	va_end(args);
}

void rig_note_answer(void *arg, const struct wr_reload_answer *answer)
{
	(void)arg;
	rig.texts[0] = '\0';
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
	rig.got = *answer;
	rig.has_answer = true;
	pthread_cond_broadcast(&answered);
	pthread_mutex_unlock(&lock);
}

void rig_submit(bool dry_run, bool rollback)
{
	const struct wr_reload_request request = {
	    .who = "test", .dry_run = dry_run, .rollback = rollback};

	rig.has_answer = false;
	if (wr_reload_submit(rig.reload, &request, rig_note_answer, NULL, &rig.err) != WR_OK)
		fail_msg("%s", rig.err.text);
}

void rig_await_answer(void)
{
	pthread_mutex_lock(&lock);
	while (!rig.has_answer)
		pthread_cond_wait(&answered, &lock);
	pthread_mutex_unlock(&lock);
}

enum wr_reload_result rig_ask(void)
{
	const struct wr_reload_request request = {.who = "test"};

	rig.has_answer = false;
	if (wr_reload_submit(rig.reload, &request, rig_note_answer, NULL, &rig.err) != WR_OK)
		fail_msg("%s", rig.err.text);
	rig_await_answer();
	return rig.got.result;
}

void rig_assert_result(enum wr_reload_result wanted)
{
	enum wr_reload_result result = rig_ask();

	if (result != wanted)
		fail_msg("%s: %s", wr_reload_result_name(result), rig.texts);
}

void rig_assert_said(const char *text)
{
	if (strstr(rig.texts, text) == NULL)
		fail_msg("%s", rig.texts);
}
