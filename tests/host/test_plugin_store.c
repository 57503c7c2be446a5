/* Private copies of plugin files: what is opened can't change under the engine, and nothing is loaded twice. */
#include "config.h"

#include "host/generation.h"
#include "host/plugin_store.h"
#include "tests/conf/parsing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CONF(stages)                           \
	"kafka: { brokers: embedded }\n"       \
	"pipelines:\n"                         \
	"  - name: p\n"                        \
	"    source: { topics: [in] }\n"       \
	"    idempotency: { store: memory }\n" \
	"    dlq: { topic: dead }\n"           \
	"    outputs: { default: out }\n"      \
	"    stages: [" stages "]\n"

static char folder[64], plugins[96], source[96], text[1024];
static struct wr_plugin_store *store;
static struct wr_err err;

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(plugins, sizeof(plugins), "%s/plugins", folder);
	snprintf(source, sizeof(source), "%s/some.so", folder);
	snprintf(text, sizeof(text), CONF("{ plugin: %s, name: a }, { plugin: %s, name: b }"),
		 source, source);
	assert_int_equal(wr_plugin_store_open(plugins, &store, &err), WR_OK);
	return 0;
}

static int tear_down(void **state)
{
	char command[256];

	(void)state;
	wr_plugin_store_close(store);
	store = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static void install(const char *from)
{
	char command[512];

	snprintf(command, sizeof(command), "cp %s %s.new && mv %s.new %s", from, source, source,
		 source);
	assert_int_equal(system(command), 0);
}

static int copies(void)
{
	DIR *dir = opendir(plugins);
	struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strstr(entry->d_name, ".so") != NULL;
	closedir(dir);
	return count;
}

static struct wr_plugin_set *take(void)
{
	struct parsed parsed = parse_valid(text);
	struct wr_plugin_set *set;

	assert_int_equal(wr_plugin_store_take(store, parsed.conf, &set, &parsed.problems), WR_OK);
	parsed_fini(&parsed);
	return set;
}

static void assert_refused(const char *sentence)
{
	struct parsed parsed = parse_valid(text);
	struct wr_plugin_set *set;

	assert_int_equal(wr_plugin_store_take(store, parsed.conf, &set, &parsed.problems),
			 WR_EINVAL);
	assert_null(set);
	assert_int_equal(parsed.problems.items[0].line, 8);
	assert_string_equal(parsed.problems.items[0].path, "pipelines[0].stages[0].plugin");
	if (strstr(parsed.problems.items[0].text, sentence) == NULL)
		fail_msg("%s", parsed.problems.items[0].text);
	parsed_fini(&parsed);
}

static void a_copy_is_the_owners_alone_and_named_by_its_content(void **state)
{
	struct wr_plugin_set *set;
	struct wr_plugin_file file;
	struct stat st;

	(void)state;
	install(PLUGINS_DIR "/passthrough.so");
	set = take();
	assert_int_equal(wr_plugin_set_size(set), 1); /* two stages, one file */
	file = wr_plugin_set_file(set, 0);
	assert_string_equal(file.name, source);
	assert_non_null(strstr(file.copy, file.sha256));
	assert_false(file.loaded);
	assert_int_equal(stat(file.copy, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	assert_int_equal(stat(plugins, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	wr_plugin_set_drop(set);
	assert_int_equal(copies(), 0);
	wr_plugin_set_drop(NULL);
}

static void a_replaced_file_is_other_code_and_the_old_code_stays(void **state)
{
	struct wr_plugin_set *old, *next, *back;
	struct wr_plugin *a, *b, *c;

	(void)state;
	install(PLUGINS_DIR "/passthrough.so");
	old = take();
	assert_int_equal(wr_plugin_set_open(old, source, &a, &err), WR_OK);
	install(PLUGINS_DIR "/validate.so");
	next = take();
	assert_false(wr_plugin_set_same(old, next, source));
	assert_int_equal(wr_plugin_set_open(next, source, &b, &err), WR_OK);
	assert_string_equal(a->id, "passthrough");
	assert_string_equal(b->id, "validate");
	assert_true(wr_plugin_set_file(next, 0).loaded);
	install(PLUGINS_DIR "/passthrough.so");
	back = take();
	assert_true(wr_plugin_set_same(old, back, source));
	assert_int_equal(wr_plugin_set_open(back, source, &c, &err), WR_OK);
	assert_ptr_equal(a, c); /* the same content is not loaded again */
	assert_int_equal(copies(), 2);
	wr_plugin_unref(a);
	wr_plugin_unref(b);
	wr_plugin_unref(c);
	wr_plugin_set_drop(old);
	wr_plugin_set_drop(next);
	assert_int_equal(copies(), 1);
	wr_plugin_set_drop(back);
	assert_int_equal(copies(), 0);
}

static void code_that_comes_back_has_a_copy_again(void **state)
{
	struct wr_plugin_set *set;
	struct wr_plugin *first, *again;
	char copy[256];

	(void)state;
	install(PLUGINS_DIR "/passthrough.so");
	set = take();
	snprintf(copy, sizeof(copy), "%s", wr_plugin_set_file(set, 0).copy);
	assert_int_equal(wr_plugin_set_open(set, source, &first, &err), WR_OK);
	wr_plugin_unref(first);
	wr_plugin_set_drop(set);
	set = take();
	assert_string_not_equal(wr_plugin_set_file(set, 0).copy, copy); /* never the same path */
	assert_int_equal(copies(), 1);
	assert_int_equal(wr_plugin_set_open(set, source, &again, &err), WR_OK);
	wr_plugin_unref(again);
	wr_plugin_set_drop(set);
}

static bool is_mapped(const char *path)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1024];
	bool found = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		found = found || strstr(line, path) != NULL;
	fclose(maps);
	return found;
}

static void what_declares_itself_unloadable_is_unmapped_with_its_last_user(void **state)
{
	struct wr_plugin_set *set;
	struct wr_plugin *plugin;
	char copy[256];

	(void)state;
	for (int unloadable = 0; unloadable < 2; unloadable++) {
		install(unloadable ? ABI_DIR "/unloadable.so" : ABI_DIR "/wants_limit.so");
		set = take();
		snprintf(copy, sizeof(copy), "%s", wr_plugin_set_file(set, 0).copy);
		assert_int_equal(wr_plugin_set_open(set, source, &plugin, &err), WR_OK);
		assert_true(is_mapped(copy));
		wr_plugin_unref(plugin);
		wr_plugin_set_drop(set);
		assert_true(is_mapped(copy) == !unloadable);
	}
}

static void what_is_only_held_stays_on_disk_and_not_in_memory(void **state)
{
	struct wr_plugin_set *set, *held;
	struct wr_plugin *plugin;
	char copy[256];

	(void)state;
	install(ABI_DIR "/unloadable.so");
	set = take();
	snprintf(copy, sizeof(copy), "%s", wr_plugin_set_file(set, 0).copy);
	assert_int_equal(wr_plugin_set_open(set, source, &plugin, &err), WR_OK);
	assert_int_equal(wr_plugin_set_hold(set, &held, &err), WR_OK);
	wr_plugin_unref(plugin);
	wr_plugin_set_drop(set);
	assert_false(is_mapped(copy));
	assert_string_equal(wr_plugin_set_file(held, 0).copy, copy);
	wr_plugin_store_sweep(store);
	assert_int_equal(copies(), 1);
	set =
	    take(); /* of the same content: never the same path, and a record may name the old one */
	assert_string_not_equal(wr_plugin_set_file(set, 0).copy, copy);
	assert_true(wr_plugin_set_same(set, held, source));
	assert_int_equal(copies(), 2);
	wr_plugin_store_sweep(store);
	assert_int_equal(copies(), 1);
	assert_int_equal(wr_plugin_set_open(set, source, &plugin, &err), WR_OK);
	wr_plugin_unref(plugin);
	wr_plugin_set_drop(held);
	assert_int_equal(copies(), 1);
	wr_plugin_set_drop(set);
	assert_int_equal(copies(), 0);
}

static void what_is_no_plugin_is_refused_before_its_code_runs(void **state)
{
	char command[512];

	(void)state;
	assert_refused("there is no file");
	install(ABI_DIR "/gnu_unique.so");
	assert_refused("GNU unique");
	install(ABI_DIR "/no_symbol.so");
	assert_refused("exports no symbol weir_plugin");
	install("/etc/passwd");
	assert_refused("no ELF shared object");
	install(PLUGINS_DIR "/validate.so");
	snprintf(command, sizeof(command), "truncate -s 3000 %s", source);
	assert_int_equal(system(command), 0);
	assert_refused("cut short");
	assert_int_equal(copies(), 0);
}

static void a_folder_that_others_can_enter_is_refused(void **state)
{
	struct wr_plugin_store *other;

	(void)state;
	assert_int_equal(chmod(plugins, 0755), 0);
	assert_int_equal(wr_plugin_store_open(plugins, &other, &err), WR_EREFUSED);
	assert_null(other);
	assert_non_null(strstr(err.text, "0700"));
	assert_int_equal(chmod(plugins, 0700), 0);
	assert_int_equal(wr_plugin_store_open("/nowhere/at/all", &other, &err), WR_EIO);
}

static void copies_outlive_the_process_and_are_taken_up_again(void **state)
{
	struct wr_plugin_set *set;
	struct wr_plugin_file file;
	struct wr_plugin *plugin, *other;
	char copy[256], sha256[WR_SHA256_HEX_BYTES], command[512];

	(void)state;
	install(PLUGINS_DIR "/passthrough.so");
	set = take();
	file = wr_plugin_set_file(set, 0);
	snprintf(copy, sizeof(copy), "%s", file.copy);
	snprintf(sha256, sizeof(sha256), "%s", file.sha256);
	wr_plugin_store_keep_files(store);
	wr_plugin_set_drop(set);
	wr_plugin_store_close(store);
	assert_int_equal(copies(), 1);

	assert_int_equal(wr_plugin_store_open(plugins, &store, &err), WR_OK);
	file = (struct wr_plugin_file){"gone.so", copy, sha256, false};
	snprintf(command, sizeof(command), "touch %s/left-over.so %s/other", plugins, plugins);
	assert_int_equal(system(command), 0);
	assert_int_equal(wr_plugin_store_restore(store, &file, 1, &set, &err), WR_OK);
	wr_plugin_store_sweep(store);
	assert_int_equal(copies(), 1);
	assert_int_equal(wr_plugin_set_open(set, "gone.so", &plugin, &err), WR_OK);
	assert_string_equal(plugin->id, "passthrough");
	assert_int_equal(wr_plugin_set_open(set, "other.so", &other, &err), WR_ENOTFOUND);
	wr_plugin_unref(plugin);
	wr_plugin_set_drop(set);
	wr_plugin_store_keep_files(store);
	assert_int_equal(wr_plugin_store_restore(store, &file, 1, &set, &err), WR_ENOTFOUND);
	install(PLUGINS_DIR "/passthrough.so");
	snprintf(command, sizeof(command), "cp %s %s", source, copy);
	assert_int_equal(system(command), 0);
	assert_int_equal(wr_plugin_store_restore(store, &file, 1, &set, &err), WR_OK);
	wr_plugin_set_drop(set);
	snprintf(command, sizeof(command), "echo >> %s", copy);
	assert_int_equal(system(command), 0);
	assert_int_equal(wr_plugin_store_restore(store, &file, 1, &set, &err), WR_EINVAL);
	assert_null(set);
	assert_non_null(strstr(err.text, "was changed"));
	unlink(copy);
	assert_int_equal(wr_plugin_store_restore(store, &file, 1, &set, &err), WR_ENOTFOUND);
}

static void a_generation_is_made_of_a_set(void **state)
{
	struct parsed parsed = parse_valid(text);
	struct wr_generation *generation;
	struct wr_plugin_set *set;

	(void)state;
	install(PLUGINS_DIR "/passthrough.so");
	assert_int_equal(wr_plugin_store_take(store, parsed.conf, &set, &parsed.problems), WR_OK);
	unlink(source); /* whatever becomes of the file */
	assert_int_equal(
	    wr_generation_create_from(parsed.conf, 3, set, &generation, &parsed.problems), WR_OK);
	assert_string_equal(generation->pipelines[0].stages[1].plugin->id, "passthrough");
	assert_ptr_equal(wr_generation_find(generation, "p"), &generation->pipelines[0]);
	assert_null(wr_generation_find(generation, "q"));
	wr_generation_destroy(generation);
	wr_plugin_set_drop(set);
	parsed_fini(&parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_copy_is_the_owners_alone_and_named_by_its_content,
					    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_replaced_file_is_other_code_and_the_old_code_stays,
					    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(code_that_comes_back_has_a_copy_again, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(
		what_declares_itself_unloadable_is_unmapped_with_its_last_user, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_only_held_stays_on_disk_and_not_in_memory,
					    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_no_plugin_is_refused_before_its_code_runs,
					    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_folder_that_others_can_enter_is_refused, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(copies_outlive_the_process_and_are_taken_up_again,
					    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_generation_is_made_of_a_set, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
