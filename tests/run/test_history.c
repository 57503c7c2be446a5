/* The list of generations survives every end of the process, whole, or it is not believed. */
#include "config.h"

#include "run/history.h"
#include "run/kept_text.h"
#include "tests/unit.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTENT_SHA256 "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6" /* "c" */

static char folder[64], copy[96], text_name[WR_KEPT_TEXT_BYTES];
static struct wr_plugin_store *store;
static struct wr_history history, found;
static struct wr_err err;

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static int set_up(void **state)
{
	char plugins[96];

	(void)state;
	wr_log_set_level(WR_LOG_ERROR);
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(plugins, sizeof(plugins), "%s/plugins", folder);
	snprintf(copy, sizeof(copy), "%s/plugins/some-1.so", folder);
	assert_int_equal(wr_plugin_store_open(plugins, &store, &err), WR_OK);
	wr_plugin_store_keep_files(store);
	put("plugins/some-1.so", "c");
	assert_int_equal(wr_kept_text_write(folder, wr_bytes_of("a: b"), text_name, &err), WR_OK);
	history = found = (struct wr_history){.count = 0};
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	wr_history_fini(&history);
	wr_history_fini(&found);
	wr_plugin_store_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static void add(uint64_t number, enum wr_reload_state state, bool whole)
{
	const struct wr_plugin_file file = {
	    .name = "a \"b\".so", .copy = copy, .sha256 = CONTENT_SHA256};
	struct wr_past past = {.entry = {.number = number,
					 .since_ms = (int64_t)number * 1000,
					 .who = strdup("admin 127.0.0.1"),
					 .what = strdup("all \"of\" it"),
					 .state = state}};
	struct wr_plugin_set *set;

	if (whole) {
		past.text = strdup(text_name);
		assert_int_equal(wr_plugin_store_restore(store, &file, 1, &set, &err), WR_OK);
		assert_int_equal(wr_plugin_set_hold(set, &past.set, &err), WR_OK);
		wr_plugin_set_drop(set);
	}
	wr_history_push(&history, &past);
	assert_null(past.entry.who);
}

static void keep(void)
{
	if (wr_history_write(folder, &history, &err) != WR_OK)
		fail_msg("%s", err.text);
}

static enum wr_code take(void)
{
	wr_history_fini(&found);
	return wr_history_read(folder, store, &found, &err);
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	add(3, WR_RELOAD_STATE_APPLIED, true);
	add(4, WR_RELOAD_STATE_ROLLED_BACK, false);
	history.items[0].entry.ended_ms = 5000;
	history.items[0].entry.reason = strdup("worse");
	history.items[0].entry.trials = calloc(1, sizeof(struct wr_reload_trial));
	history.items[0].entry.trial_count = 1;
	history.items[0].entry.trials[0] = (struct wr_reload_trial){
	    .pipeline = strdup("p"), 250000, {60000, 0.25, 20}, {100, 1}, {30, 9}};
	add(5, WR_RELOAD_STATE_PROMOTED, true);
	history.runs = 5;
	history.previous = 3;
	keep();
	if (take() != WR_OK)
		fail_msg("%s", err.text);
	assert_int_equal(found.runs, 5);
	assert_int_equal(found.previous, 3);
	assert_int_equal(found.count, 3);
	assert_int_equal(wr_history_newest(&found), 5);
	assert_int_equal(found.items[0].entry.state, WR_RELOAD_STATE_PROMOTED);
	assert_true(wr_past_is_whole(&found.items[0]));
	assert_string_equal(found.items[0].text, text_name);
	assert_string_equal(wr_plugin_set_file(found.items[0].set, 0).copy, copy);
	assert_string_equal(wr_plugin_set_file(found.items[0].set, 0).name, "a \"b\".so");
	assert_string_equal(found.items[1].entry.reason, "worse");
	assert_int_equal(found.items[1].entry.ended_ms, 5000);
	assert_false(wr_past_is_whole(&found.items[1]));
	assert_int_equal(found.items[1].entry.trial_count, 1);
	assert_string_equal(found.items[1].entry.trials[0].pipeline, "p");
	assert_int_equal(found.items[1].entry.trials[0].share, 250000);
	assert_int_equal(found.items[1].entry.trials[0].rules.for_ms, 60000);
	assert_true(found.items[1].entry.trials[0].rules.max_error_ratio_increase == 0.25);
	assert_int_equal(found.items[1].entry.trials[0].stable.events, 100);
	assert_int_equal(found.items[1].entry.trials[0].canary.errors, 9);
	assert_int_equal(wr_history_find(&found, 3)->entry.since_ms, 3000);
	assert_string_equal(wr_history_find(&found, 3)->entry.what, "all \"of\" it");
	assert_null(wr_history_find(&found, 2));
}

static void without_a_file_nothing_was_kept(void **state)
{
	(void)state;
	assert_int_equal(take(), WR_ENOTFOUND);
}

static void a_full_list_keeps_what_runs_and_what_one_can_go_back_to(void **state)
{
	(void)state;
	add(1, WR_RELOAD_STATE_APPLIED, true);
	add(2, WR_RELOAD_STATE_APPLIED, true);
	add(3, WR_RELOAD_STATE_APPLIED, true);
	history.previous = 1;
	history.runs = 2;
	for (uint64_t number = 4; number < 40; number++)
		add(number, WR_RELOAD_STATE_ROLLED_BACK, false);
	assert_int_equal(history.count, WR_HISTORY_MAX);
	assert_non_null(wr_history_find(&history, 1));
	assert_non_null(wr_history_find(&history, 2));
	assert_null(wr_history_find(&history, 3));
	assert_int_equal(history.items[0].entry.number, 39);
	assert_int_equal(history.items[8].entry.number, 2);
}

#define ITEM(number, more) "{\"number\":" number ",\"since_ms\":1,\"ended_ms\":0," more "}"
#define GOOD "\"state\":\"applied\""
#define LIST(items) "{\"runs\":1,\"previous\":0,\"generations\":[" items "]}"

static void a_file_that_is_not_whole_is_refused(void **state)
{
	static const char *const records[] = {
	    "",
	    "{",
	    "[]",
	    "{\"runs\":1,\"generations\":[]}",
	    "{\"runs\":-1,\"previous\":0,\"generations\":[]}",
	    "{\"runs\":1,\"previous\":0,\"generations\":{}}",
	    LIST("7"),
	    LIST(ITEM("0", GOOD)),
	    LIST(ITEM("1", "\"state\":\"fine\"")),
	    LIST(ITEM("1", "\"state\":1")),
	    LIST(ITEM("1", GOOD) "," ITEM("1", GOOD)),
	    LIST(ITEM("1", GOOD) ",{\"number\":2}"),
	};

	(void)state;
	put(WR_HISTORY_FILE, LIST(ITEM("1", GOOD)));
	assert_int_equal(take(), WR_OK);
	for (size_t i = 0; i < UNIT_COUNT_OF(records); i++) {
		put(WR_HISTORY_FILE, records[i]);
		assert_int_equal(take(), WR_EINVAL);
		assert_non_null(strstr(err.text, WR_HISTORY_FILE));
		assert_int_equal(found.count, 0);
	}
}

static void a_list_that_is_too_long_is_cut(void **state)
{
	char text[4096] = "{\"runs\":1,\"previous\":0,\"generations\":[";
	size_t used = strlen(text);

	(void)state;
	for (int i = 1; i <= 20; i++)
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used,
		    "%s{\"number\":%d,\"since_ms\":1,\"ended_ms\":0,\"state\":\"applied\"}",
		    i > 1 ? "," : "", i);
	snprintf(text + used, sizeof(text) - used, "]}");
	put(WR_HISTORY_FILE, text);
	assert_int_equal(take(), WR_OK);
	assert_int_equal(found.count, WR_HISTORY_MAX);
}

/* The list is still good for its numbers, and for what people ask it. */
static void what_is_not_kept_whole_is_listed_but_can_not_be_run(void **state)
{
	static const char *const rests[] = {
	    "\"text\":\"applied-gone.yaml\",\"plugins\":[]",
	    "\"text\":\"../weir.yaml\",\"plugins\":[]",
	    "\"text\":\"%s\"",
	    "\"text\":\"%s\",\"plugins\":[{}]",
	    "\"text\":\"%s\",\"plugins\":[{\"name\":\"a\",\"copy\":\"../x.so\",\"sha256\":\"0\"}]",
	    "\"text\":\"%s\",\"plugins\":[{\"name\":\"a\",\"copy\":\"gone.so\",\"sha256\":\"0\"}]",
	    "\"text\":\"%s\",\"plugins\":[{\"name\":\"a\",\"copy\":\"some-1.so\",\"sha256\":\"0\"}]",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(rests); i++) {
		char rest[512], text[1024], *at;

		snprintf(rest, sizeof(rest), "%s", rests[i]);
		at = strstr(rest, "%s");
		snprintf(text, sizeof(text), LIST("%s%.*s%s%s"),
			 "{\"number\":7,\"since_ms\":1,\"ended_ms\":0," GOOD ",",
			 at != NULL ? (int)(at - rest) : (int)strlen(rest), rest,
			 at != NULL ? text_name : "", at != NULL ? at + 2 : "");
		snprintf(text + strlen(text) - 2, 4, "}]}");
		put(WR_HISTORY_FILE, text);
		if (take() != WR_OK)
			fail_msg("%s: %s", text, err.text);
		assert_int_equal(found.count, 1);
		assert_false(wr_past_is_whole(&found.items[0]));
		assert_null(found.items[0].text);
	}
}

static void a_folder_that_is_gone_is_said(void **state)
{
	(void)state;
	assert_int_equal(wr_history_write("/nowhere/at/all", &history, &err), WR_EIO);
	assert_non_null(strstr(err.text, "/nowhere/at/all/"));
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(what_was_written_is_read),
	    RULE(without_a_file_nothing_was_kept),
	    RULE(a_full_list_keeps_what_runs_and_what_one_can_go_back_to),
	    RULE(a_file_that_is_not_whole_is_refused),
	    RULE(a_list_that_is_too_long_is_cut),
	    RULE(what_is_not_kept_whole_is_listed_but_can_not_be_run),
	    RULE(a_folder_that_is_gone_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
