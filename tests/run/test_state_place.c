/* The file's own line, the note beside it, the default: in this order. */
#include "config.h"

#include "conf/load.h"
#include "run/state_place.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], file[96], kept[96], note[128];

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/weir.yaml", folder);
	snprintf(kept, sizeof(kept), "%s/kept", folder);
	snprintf(note, sizeof(note), "%s/.weir.yaml.state_dir", folder);
	assert_int_equal(mkdir(kept, 0700), 0);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void assert_found(const char *text, const char *wanted)
{
	char *found;

	put(file, text);
	found = wr_state_place_find(file);
	assert_non_null(found);
	assert_string_equal(found, wanted);
	free(found);
}

static void a_line_of_the_file_says_it(void **state)
{
	(void)state;
	wr_state_place_note(file, kept);
	assert_found("state_dir: /a/b\npipelines: [", "/a/b");
	assert_found("]\nstate_dir: \"/a/b\" # ours\n", "/a/b");
	assert_found("}\nstate_dir:   /a/b   # ours\n", "/a/b");
	assert_found("}\nstate_dir: '/a/#b'\r\n", "/a/#b");
}

static void without_it_the_note_does(void **state)
{
	(void)state;
	wr_state_place_note(file, kept);
	assert_found("", kept);
	assert_found("  state_dir: /a/b\n", kept);
}

static void a_line_that_is_cut_short_or_has_variables_does_not_count(void **state)
{
	(void)state;
	wr_state_place_note(file, kept);
	assert_found("instance: a\nstate_dir: /a/", kept);
	assert_found("state_dir: ${HOME}/b\n", kept);
}

static void an_empty_line_does_not_count(void **state)
{
	(void)state;
	wr_state_place_note(file, kept);
	assert_found("state_dir:\ninstance: a\n", kept);
	assert_found("state_dir:  \t\r\n", kept);
	assert_found("state_dir: \"\"\n", kept);
	assert_found("state_dir: ''\n", kept);
	assert_found("state_dir: # ours\n", kept);
	assert_found("state_dir: \"\" # ours\n", kept);
	assert_int_equal(unlink(note), 0);
	assert_found("state_dir:\n", wr_conf_default("state_dir"));
}

static void without_both_it_is_the_default(void **state)
{
	(void)state;
	assert_found("", wr_conf_default("state_dir"));
}

static void the_default_leaves_no_note(void **state)
{
	(void)state;
	wr_state_place_note(file, kept);
	assert_int_equal(access(note, F_OK), 0);
	wr_state_place_note(file, wr_conf_default("state_dir"));
	assert_int_equal(access(note, F_OK), -1);
}

static void a_note_is_replaced_and_nobody_else_may_write_it(void **state)
{
	char other[96];
	struct stat st;

	(void)state;
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(mkdir(other, 0700), 0);
	wr_state_place_note(file, kept);
	wr_state_place_note(file, other);
	assert_found("", other);
	assert_int_equal(stat(note, &st), 0);
	assert_int_equal(st.st_mode & 0022, 0);
	assert_int_equal(chmod(note, 0666), 0);
	assert_found("", wr_conf_default("state_dir"));
}

static void a_note_that_is_not_whole_does_not_count(void **state)
{
	(void)state;
	put(note, "/a/b");
	assert_found("", wr_conf_default("state_dir"));
	put(note, "a/b\n");
	assert_found("", wr_conf_default("state_dir"));
	put(note, "");
	assert_found("", wr_conf_default("state_dir"));
}

static void a_folder_that_can_not_be_written_has_none(void **state)
{
	(void)state;
	snprintf(file, sizeof(file), "%s/nowhere/weir.yaml", folder);
	wr_state_place_note(file, kept);
	snprintf(file, sizeof(file), "%s/weir.yaml", folder);
	assert_found("", wr_conf_default("state_dir"));
}

static void files_are_the_same_by_name_or_by_what_they_are(void **state)
{
	char link_path[96], other[96], *absolute;

	(void)state;
	snprintf(link_path, sizeof(link_path), "%s/link.yaml", folder);
	snprintf(other, sizeof(other), "%s/other.yaml", folder);
	assert_true(wr_state_place_is_same_file(file, file)); /* neither is there */
	assert_false(wr_state_place_is_same_file(file, other));
	put(file, "");
	put(other, "");
	assert_int_equal(symlink("weir.yaml", link_path), 0);
	assert_true(wr_state_place_is_same_file(file, link_path));
	assert_false(wr_state_place_is_same_file(file, other));
	absolute = wr_state_place_absolute(link_path);
	assert_string_equal(absolute, link_path);
	free(absolute);
	assert_int_equal(chdir(folder), 0);
	absolute = wr_state_place_absolute("link.yaml");
	assert_string_equal(absolute, link_path);
	free(absolute);
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_line_of_the_file_says_it),
	    RULE(without_it_the_note_does),
	    RULE(a_line_that_is_cut_short_or_has_variables_does_not_count),
	    RULE(an_empty_line_does_not_count),
	    RULE(without_both_it_is_the_default),
	    RULE(the_default_leaves_no_note),
	    RULE(a_note_is_replaced_and_nobody_else_may_write_it),
	    RULE(a_note_that_is_not_whole_does_not_count),
	    RULE(a_folder_that_can_not_be_written_has_none),
	    RULE(files_are_the_same_by_name_or_by_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
