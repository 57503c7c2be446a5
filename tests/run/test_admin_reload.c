/* Reloads asked for by the admin API, with a reload thread that is not there: it answers when the test says so. */
#include "config.h"

#include "run/admin_reload.h"

#include "base/check.h"
#include "run/reload_show.h"
#include "tests/run/answer.h"

#include <stdio.h>
#include <unistd.h>

/* ---- what run/reload.c would be ---- */

struct wr_reload {
	enum wr_code code;
	bool answers_at_once;
	struct wr_reload_request request;
	char who[64];
	wr_reload_done_fn done;
	void *arg;
	_Atomic bool asked;
	uint64_t canary;
	struct wr_reload_answer answer;
};

static struct wr_reload reload;
static char who_admin[] = "admin", who_start[] = "start", what_second[] = "stage a: replaced",
	    what_first[] = "";
static struct wr_reload_entry entries[] = {
    {.number = 2, .since_ms = 2000, .who = who_admin, .what = what_second, .runs = true},
    {.number = 1, .since_ms = 1000, .who = who_start, .what = what_first, .can_return = true}};

enum wr_code wr_reload_submit(struct wr_reload *to, const struct wr_reload_request *request,
			      wr_reload_done_fn done, void *arg, struct wr_err *err)
{
	if (to->code != WR_OK)
		return wr_err_set(err, to->code, "another one is under way");
	to->request = *request;
	snprintf(to->who, sizeof(to->who), "%s", request->who);
	to->done = done;
	to->arg = arg;
	if (to->answers_at_once)
		done(arg, &to->answer);
	atomic_store(&to->asked, true);
	return WR_OK;
}

const char *wr_reload_result_name(enum wr_reload_result result)
{
	return result == WR_RELOAD_APPLIED ? "applied" : "another";
}

const char *wr_reload_phase_name(enum wr_reload_phase phase)
{
	static const char *const names[] = {"read", "validate", "probe", "load", "swap", "drain"};

	return names[phase];
}

const char *wr_reload_change_name(enum wr_reload_change change)
{
	return change == WR_RELOAD_REPLACED ? "replaced" : "added";
}

enum wr_code wr_reload_generations(struct wr_reload *of, struct wr_reload_list *list_r)
{
	(void)of;
	*list_r = (struct wr_reload_list){entries, UNIT_COUNT_OF(entries)};
	return WR_OK;
}

void wr_reload_list_fini(struct wr_reload_list *list)
{
	list->count = 0;
}

bool wr_reload_has_drifted(struct wr_reload *of)
{
	(void)of;
	return true;
}

uint64_t wr_reload_generation(struct wr_reload *of)
{
	(void)of;
	return 2;
}

uint64_t wr_reload_canary(struct wr_reload *of)
{
	return of->canary;
}

const char *wr_reload_state_name(enum wr_reload_state state)
{
	return state == WR_RELOAD_STATE_CANARY ? "canary" : "applied";
}

/* ---- the tests ---- */

static struct wr_admin_reloads reloads;
static struct wr_buf text;
static struct wr_json_out out;
static enum wr_admin_result began_with;
static char detail[512];

static int begin(void **state)
{
	(void)state;
	memset(&reload, 0, sizeof(reload));
	reload.answers_at_once = true;
	for (int i = 0; i < WR_RELOAD_PHASES; i++)
		reload.answer.phase_us[i] = -1;
	wr_buf_init(&text);
	wr_admin_reloads_init(&reloads);
	return wr_json_reader_create(&reader) == WR_OK ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	wr_admin_reloads_fini(&reloads);
	wr_json_reader_destroy(reader);
	wr_buf_fini(&text);
	return 0;
}

static struct wr_json_out *begin_answer(void *arg, enum wr_admin_result result, const char *what)
{
	(void)arg;
	began_with = result;
	snprintf(detail, sizeof(detail), "%s", what != NULL ? what : "(none)");
	wr_buf_clear(&text);
	wr_json_out_init(&out, &text);
	wr_json_out_begin_object(&out, NULL);
	return &out;
}

static void read_back(void)
{
	struct wr_err err = {.text = ""};

	wr_json_out_end(&out);
	assert_int_equal(wr_json_out_finish(&out), WR_OK);
	if (wr_json_read(reader, wr_bytes(text.data, text.size), NULL, &err) != WR_OK)
		fail_msg("%s", err.text);
}

static enum wr_code ask(const struct wr_admin_order *order, struct wr_err *err)
{
	return wr_admin_reloads_ask(&reloads, order, begin_answer, NULL, err);
}

static void the_order_is_passed_on(void **state)
{
	const struct wr_admin_order order = {"me", true, true, true, true, 100000, true, 7};
	struct wr_err err;

	(void)state;
	wr_admin_reloads_open(&reloads, &reload);
	assert_int_equal(ask(&order, &err), WR_OK);
	assert_string_equal(reload.who, "me");
	assert_true(reload.request.dry_run);
	assert_true(reload.request.rollback);
	assert_true(reload.request.force);
	assert_true(reload.request.wait_drained);
	assert_int_equal(reload.request.canary_share, 100000);
	assert_true(reload.request.no_canary);
	assert_int_equal(reload.request.from, 7);
}

static void an_answer_says_all_that_is_known(void **state)
{
	static char pipeline[] = "pay", stage[] = "fraud", file[] = "fraud.so",
		    kept[] = "carried over", change[] = "batch.linger: changed", waits[] = "a lane",
		    who[] = "me";
	static char *changes[] = {change};
	struct wr_reload_stage stages[] = {
	    {.pipeline = pipeline,
	     .stage = stage,
	     .file = file,
	     .change = WR_RELOAD_REPLACED,
	     .before = {"fraud", "1.0", "", "aa"},
	     .after = {"fraud", "1.1", "bb", "cc"},
	     .state = kept},
	    {.pipeline = pipeline, .stage = stage, .file = file, .change = WR_RELOAD_ADDED}};
	const struct wr_admin_order order = {.who = "me"};
	struct wr_err err;

	(void)state;
	reload.answer.result = WR_RELOAD_APPLIED;
	reload.answer.generation_before = 4;
	reload.answer.generation_after = 5;
	reload.answer.started_at_ms = INT64_C(1767225600000);
	reload.answer.who = who;
	reload.answer.phase_us[WR_RELOAD_READ] = 1500;
	reload.answer.stages = stages;
	reload.answer.stage_count = 2;
	reload.answer.changes = changes;
	reload.answer.change_count = 1;
	reload.answer.waits = waits;
	wr_admin_reloads_open(&reloads, &reload);
	assert_int_equal(ask(&order, &err), WR_OK);
	assert_int_equal(began_with, WR_ADMIN_DONE);
	read_back();
	assert_text("/result", "applied");
	assert_integer("/generation", 5);
	assert_integer("/generation_before", 4);
	assert_integer("/generation_after", 5);
	assert_text("/who", "me");
	assert_text("/started", "2026-01-01T00:00:00.000Z");
	assert_type("/timings_ms/read", WR_JSON_NUMBER);
	assert_type("/timings_ms/drain", WR_JSON_NULL);
	assert_text("/plugins/0/pipeline", "pay");
	assert_text("/plugins/0/stage", "fraud");
	assert_text("/plugins/0/file", "fraud.so");
	assert_text("/plugins/0/change", "replaced");
	assert_text("/plugins/0/before/version", "1.0");
	assert_type("/plugins/0/before/build_id", WR_JSON_NULL);
	assert_text("/plugins/0/after/build_id", "bb");
	assert_text("/plugins/0/after/sha256", "cc");
	assert_text("/plugins/0/state", "carried over");
	assert_type("/plugins/1/before", WR_JSON_NULL);
	assert_text("/changes/0", "batch.linger: changed");
	assert_text("/waits_for", "a lane");
	assert_type("/errors", WR_JSON_ARRAY);
	assert_type("/errors/0", WR_JSON_MISSING);
}

static void what_was_wrong_is_listed_and_the_first_is_the_detail(void **state)
{
	const struct wr_admin_order order = {.who = "me"};
	const struct wr_conf_mark mark = {3, 7};
	struct wr_err err;

	(void)state;
	reload.answer.result = WR_RELOAD_REJECTED;
	wr_problems_add(&reload.answer.problems, "w.yaml", mark, "lanes", "it is wrong");
	wr_problems_add(&reload.answer.problems, "w.yaml", (struct wr_conf_mark){0, 0}, NULL,
			"this too");
	wr_admin_reloads_open(&reloads, &reload);
	assert_int_equal(ask(&order, &err), WR_OK);
	assert_int_equal(began_with, WR_ADMIN_REJECTED);
	assert_string_equal(detail, "w.yaml:3:7: it is wrong (and 1 more)");
	read_back();
	assert_text("/errors/0/file", "w.yaml");
	assert_integer("/errors/0/line", 3);
	assert_integer("/errors/0/column", 7);
	assert_text("/errors/0/path", "lanes");
	assert_text("/errors/0/detail", "it is wrong");
	assert_type("/errors/1/line", WR_JSON_NULL);
	assert_type("/errors/1/path", WR_JSON_NULL);
	wr_problems_fini(&reload.answer.problems);
}

static void every_result_has_its_answer(void **state)
{
	static const struct {
		enum wr_reload_result result;
		enum wr_admin_result expected;
	} rows[] = {{WR_RELOAD_APPLIED, WR_ADMIN_DONE},
		    {WR_RELOAD_UNCHANGED, WR_ADMIN_DONE},
		    {WR_RELOAD_REJECTED, WR_ADMIN_REJECTED},
		    {WR_RELOAD_ROLLED_BACK, WR_ADMIN_ROLLED_BACK}};
	const struct wr_admin_order order = {.who = "me"};
	struct wr_err err;

	(void)state;
	wr_admin_reloads_open(&reloads, &reload);
	for (size_t i = 0; i < UNIT_COUNT_OF(rows); i++) {
		reload.answer.result = rows[i].result;
		assert_int_equal(ask(&order, &err), WR_OK);
		assert_int_equal(began_with, rows[i].expected);
	}
}

static void what_can_not_be_asked_is_passed_on(void **state)
{
	const struct wr_admin_order order = {.who = "me"};
	struct wr_err err;

	(void)state;
	wr_admin_reloads_open(&reloads, &reload);
	reload.code = WR_EFULL;
	assert_int_equal(ask(&order, &err), WR_EFULL);
	assert_string_equal(err.text, "another one is under way");
}

static void before_the_start_and_after_the_end_nobody_is_asked(void **state)
{
	const struct wr_admin_order order = {.who = "me"};
	struct wr_err err;

	(void)state;
	assert_int_equal(ask(&order, &err), WR_ECLOSED);
	assert_string_equal(err.text, "the engine is starting");
	wr_admin_reloads_open(&reloads, &reload);
	wr_admin_reloads_close(&reloads);
	assert_int_equal(ask(&order, &err), WR_ECLOSED);
	assert_string_equal(err.text, "the engine is stopping");
}

struct asker {
	pthread_t thread;
	enum wr_code code;
};

static void *ask_and_wait(void *arg)
{
	const struct wr_admin_order order = {.who = "me"};
	struct wr_err err;

	((struct asker *)arg)->code = ask(&order, &err);
	return NULL;
}

static void start_asking(struct asker *asker)
{
	reload.answers_at_once = false;
	wr_admin_reloads_open(&reloads, &reload);
	assert_int_equal(pthread_create(&asker->thread, NULL, ask_and_wait, asker), 0);
	while (!atomic_load(&reload.asked))
		usleep(1000);
}

static void whoever_asks_waits_for_the_answer(void **state)
{
	struct asker asker;

	(void)state;
	start_asking(&asker);
	reload.done(reload.arg, &reload.answer);
	pthread_join(asker.thread, NULL);
	assert_int_equal(asker.code, WR_OK);
}

static void whoever_waits_when_the_engine_stops_is_told(void **state)
{
	struct asker asker;

	(void)state;
	start_asking(&asker);
	wr_admin_reloads_close(&reloads);
	pthread_join(asker.thread, NULL);
	assert_int_equal(asker.code, WR_ECLOSED);
}

static void generations_are_listed(void **state)
{
	(void)state;
	begin_answer(NULL, WR_ADMIN_DONE, NULL);
	wr_admin_reloads_list(&reloads, &out);
	read_back();
	assert_type("/generation", WR_JSON_NULL);
	wr_admin_reloads_open(&reloads, &reload);
	begin_answer(NULL, WR_ADMIN_DONE, NULL);
	wr_admin_reloads_list(&reloads, &out);
	read_back();
	assert_integer("/generation", 2);
	assert_type("/drifted", WR_JSON_BOOL);
	assert_integer("/generations/0/number", 2);
	assert_text("/generations/0/who", "admin");
	assert_text("/generations/0/what", "stage a: replaced");
	assert_text("/generations/1/since", "1970-01-01T00:00:01.000Z");
}

static void a_canary_says_where_it_can_be_followed(void **state)
{
	const struct wr_admin_order order = {.who = "me"};
	struct wr_err err;

	(void)state;
	reload.answer.result = WR_RELOAD_CANARY;
	reload.answer.generation_before = 4;
	reload.answer.generation_after = 5;
	wr_admin_reloads_open(&reloads, &reload);
	assert_int_equal(ask(&order, &err), WR_OK);
	assert_int_equal(began_with, WR_ADMIN_CANARY);
	assert_string_equal(detail, "/admin/generations/5");
	read_back();
	assert_text("/url", "/admin/generations/5");
	assert_integer("/generation", 5);
	reload.answer.dry_run = true;
	assert_int_equal(ask(&order, &err), WR_OK);
	assert_int_equal(began_with, WR_ADMIN_DONE);
	read_back();
	assert_type("/url", WR_JSON_NULL);
}

static void a_canary_shows_how_it_goes(void **state)
{
	static char pipeline[] = "p", reason[] = "it is bad";
	static struct wr_reload_trial trial = {.pipeline = pipeline,
					       .share = 250000,
					       .rules = {1500, 0.25, 7},
					       .canary = {4, 1},
					       .stable = {0, 0}};
	struct wr_reload_entry entry = {.number = 3,
					.who = pipeline,
					.what = pipeline,
					.state = WR_RELOAD_STATE_CANARY,
					.trials = &trial,
					.trial_count = 1};

	(void)state;
	begin_answer(NULL, WR_ADMIN_DONE, NULL);
	wr_reload_show_entry(&out, &entry);
	read_back();
	assert_text("/state", "canary");
	assert_type("/canary/ended", WR_JSON_NULL);
	assert_type("/canary/reason", WR_JSON_NULL);
	assert_text("/canary/pipelines/0/pipeline", "p");
	assert_type("/canary/pipelines/0/share", WR_JSON_NUMBER);
	assert_integer("/canary/pipelines/0/min_events", 7);
	assert_integer("/canary/pipelines/0/canary/errors", 1);
	assert_type("/canary/pipelines/0/canary/error_ratio", WR_JSON_NUMBER);
	assert_integer("/canary/pipelines/0/stable/events", 0);
	entry.state = WR_RELOAD_STATE_ROLLED_BACK;
	entry.ended_ms = 1000;
	entry.reason = reason;
	begin_answer(NULL, WR_ADMIN_DONE, NULL);
	wr_reload_show_entry(&out, &entry);
	wr_json_out_begin_object(&out, "status");
	wr_admin_reloads_canary(&reloads, &out);
	wr_json_out_end(&out);
	read_back();
	assert_text("/canary/ended", "1970-01-01T00:00:01.000Z");
	assert_text("/canary/reason", "it is bad");
	assert_type("/status/canary", WR_JSON_NULL);
	reload.canary = 9;
	wr_admin_reloads_open(&reloads, &reload);
	begin_answer(NULL, WR_ADMIN_DONE, NULL);
	wr_admin_reloads_canary(&reloads, &out);
	read_back();
	assert_integer("/canary/generation", 9);
	assert_text("/canary/url", "/admin/generations/9");
}

static void one_generation_is_shown_if_it_is_kept(void **state)
{
	(void)state;
	wr_admin_reloads_open(&reloads, &reload);
	begin_answer(NULL, WR_ADMIN_DONE, NULL);
	assert_int_equal(wr_admin_reloads_one(&reloads, 1, &out), WR_OK);
	read_back();
	assert_integer("/number", 1);
	assert_text("/who", "start");
	begin_answer(NULL, WR_ADMIN_DONE, NULL);
	assert_int_equal(wr_admin_reloads_one(&reloads, 3, &out), WR_ENOTFOUND);
	read_back();
	assert_type("/number", WR_JSON_MISSING);
}

#define WITH_RELOADS(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_RELOADS(the_order_is_passed_on),
	    WITH_RELOADS(an_answer_says_all_that_is_known),
	    WITH_RELOADS(what_was_wrong_is_listed_and_the_first_is_the_detail),
	    WITH_RELOADS(every_result_has_its_answer),
	    WITH_RELOADS(what_can_not_be_asked_is_passed_on),
	    WITH_RELOADS(before_the_start_and_after_the_end_nobody_is_asked),
	    WITH_RELOADS(whoever_asks_waits_for_the_answer),
	    WITH_RELOADS(whoever_waits_when_the_engine_stops_is_told),
	    WITH_RELOADS(generations_are_listed),
	    WITH_RELOADS(a_canary_says_where_it_can_be_followed),
	    WITH_RELOADS(a_canary_shows_how_it_goes),
	    WITH_RELOADS(one_generation_is_shown_if_it_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
