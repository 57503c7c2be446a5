/* What was applied last survives every end of the process, whole, or it is not taken. */
#include "config.h"

#include "host/plugin_store.h"
#include "run/kept_text.h"
#include "run/last_applied.h"
#include "tests/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CONTENT_SHA256 "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6" /* "c" */
#define RECORD "last-applied.json"

static char folder[64], copy[96];
static struct wr_plugin_store *store;
static struct wr_plugin_set *set;
static struct wr_last_applied last;
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
	const struct wr_plugin_file file = {
	    .name = "a \"b\".so", .copy = copy, .sha256 = CONTENT_SHA256};
	char plugins[96];

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(plugins, sizeof(plugins), "%s/plugins", folder);
	snprintf(copy, sizeof(copy), "%s/plugins/some-1.so", folder);
	assert_int_equal(wr_plugin_store_open(plugins, &store, &err), WR_OK);
	wr_plugin_store_keep_files(store);
	put("plugins/some-1.so", "c");
	assert_int_equal(wr_plugin_store_restore(store, &file, 1, &set, &err), WR_OK);
	last = (struct wr_last_applied){.text = WR_BUF_INIT};
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	wr_last_applied_fini(&last);
	wr_plugin_set_drop(set);
	wr_plugin_store_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static void keep(uint64_t number, const char *text)
{
	char name[WR_KEPT_TEXT_BYTES];

	if (wr_kept_text_write(folder, wr_bytes_of(text), name, &err) != WR_OK ||
	    wr_last_applied_write(folder, number, "/etc/we\"ir.yaml", name, set, &err) != WR_OK)
		fail_msg("%s", err.text);
}

static enum wr_code take(void)
{
	wr_last_applied_fini(&last);
	return wr_last_applied_read(folder, &last, &err);
}

static void assert_taken(uint64_t number, const char *text)
{
	if (take() != WR_OK)
		fail_msg("%s", err.text);
	assert_int_equal(last.number, number);
	assert_int_equal(last.text.size, strlen(text));
	assert_memory_equal(last.text.data, text, strlen(text));
}

static int count_files(const char *prefix)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(dir);
	return count;
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	keep(7, "pipelines: [é]\n");
	assert_taken(7, "pipelines: [é]\n");
	assert_string_equal(last.file, "/etc/we\"ir.yaml");
	assert_int_equal(last.plugin_count, 1);
	assert_string_equal(last.plugins[0].name, "a \"b\".so");
	assert_string_equal(last.plugins[0].copy, copy);
	assert_string_equal(last.plugins[0].sha256, CONTENT_SHA256);
}

static void only_the_last_one_counts_and_nobody_else_may_read_it(void **state)
{
	char path[128];
	struct stat st;

	(void)state;
	keep(1, "one");
	keep(2, "two");
	assert_taken(2, "two");
	snprintf(path, sizeof(path), "%s/" RECORD, folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
}

static void without_a_record_nothing_was_kept(void **state)
{
	(void)state;
	assert_int_equal(take(), WR_ENOTFOUND);
}

/* A crash leaves drafts, or a text that no record names yet; the record before holds. */
static void what_a_crash_leaves_does_not_count(void **state)
{
	(void)state;
	keep(1, "one");
	put("applied-0000.yaml", "not whole");
	put("applied-1111.yaml.new", "not wh");
	put(RECORD ".new", "{\"generation\":2,");
	assert_taken(1, "one");
	keep(2, "two");
	assert_taken(2, "two");
	assert_int_equal(count_files(RECORD), 1);
}

static void a_record_that_is_not_whole_is_refused(void **state)
{
	static const char *const records[] = {
	    "",
	    "{",
	    "[]",
	    "{\"generation\":1,\"file\":\"f\",\"plugins\":[]}",
	    "{\"generation\":0,\"file\":\"f\",\"text\":\"applied-x.yaml\",\"plugins\":[]}",
	    "{\"generation\":1,\"file\":\"f\",\"text\":\"../x.yaml\",\"plugins\":[]}",
	    "{\"generation\":1,\"file\":\"f\",\"text\":\"applied-x.yaml\",\"plugins\":{}}",
	    "{\"generation\":1,\"file\":\"f\",\"text\":\"applied-x.yaml\",\"plugins\":[{}]}",
	    "{\"generation\":1,\"file\":\"f\\u0000\",\"text\":\"applied-x.yaml\",\"plugins\":[]}",
	};

	(void)state;
	put("applied-x.yaml", "text");
	for (size_t i = 0; i < UNIT_COUNT_OF(records); i++) {
		put(RECORD, records[i]);
		assert_int_equal(take(), WR_EINVAL);
		assert_non_null(strstr(err.text, RECORD));
		assert_null(last.file);
	}
}

static void a_record_whose_text_is_gone_is_refused(void **state)
{
	(void)state;
	put(RECORD, "{\"generation\":1,\"file\":\"f\",\"text\":\"applied-x.yaml\",\"plugins\":[]}");
	assert_int_equal(take(), WR_ENOTFOUND);
	assert_non_null(strstr(err.text, "applied-x.yaml"));
}

/* Who can write into the folder can't have another file read by it. */
static void a_link_is_not_followed(void **state)
{
	char path[128];

	(void)state;
	keep(1, "one");
	snprintf(path, sizeof(path), "%s/" RECORD, folder);
	assert_int_equal(unlink(path), 0);
	put("elsewhere", "{}");
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(take(), WR_EIO);
}

static void a_folder_that_is_gone_is_said(void **state)
{
	(void)state;
	assert_int_equal(
	    wr_last_applied_write("/nowhere/at/all", 1, "f", "applied-t.yaml", set, &err), WR_EIO);
	assert_non_null(strstr(err.text, "/nowhere/at/all/"));
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(what_was_written_is_read),
	    RULE(only_the_last_one_counts_and_nobody_else_may_read_it),
	    RULE(without_a_record_nothing_was_kept),
	    RULE(what_a_crash_leaves_does_not_count),
	    RULE(a_record_that_is_not_whole_is_refused),
	    RULE(a_record_whose_text_is_gone_is_refused),
	    RULE(a_link_is_not_followed),
	    RULE(a_folder_that_is_gone_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
