/* A plugin that can't be run is refused with a sentence that says what to do. */
#include "config.h"

#include "host/elf.h"
#include "host/plugin.h"
#include "tests/unit.h"
#include "weir/test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define GOOD PLUGINS_DIR "/passthrough.so"

static char folder[] = "/tmp/weir-refusals-XXXXXX";
static char scratch[64]; /* a file in it */

/* Opens and expects the refusal: its code, and its whole sentence. */
static void refused(const char *file, enum wr_code code, const char *sentence)
{
	struct wr_plugin *plugin = (struct wr_plugin *)folder;
	struct wr_err err = {.text = ""};
	enum wr_code rc = wr_plugin_open(file, NULL, &plugin, &err);

	assert_string_equal(err.text, sentence);
	assert_int_equal(rc, code);
	assert_null(plugin);
}

/* The same, but the sentence only begins and ends so. */
static void refused_like(const char *file, const char *begin, const char *end)
{
	struct wr_plugin *plugin;
	struct wr_err err = {.text = ""};

	assert_int_equal(wr_plugin_open(file, NULL, &plugin, &err), WR_EINVAL);
	if (strncmp(err.text, begin, strlen(begin)) != 0 || strlen(err.text) < strlen(end) ||
	    strcmp(err.text + strlen(err.text) - strlen(end), end) != 0)
		fail_msg("\"%s\" is not \"%s ... %s\"", err.text, begin, end);
}

static void write_scratch(const void *data, size_t size)
{
	FILE *file = fopen(scratch, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static unsigned char *read_plugin(const char *name, size_t *size_r)
{
	FILE *file = fopen(name, "rb");
	unsigned char *data = malloc(1 << 22);

	assert_non_null(file);
	assert_non_null(data);
	*size_r = fread(data, 1, 1 << 22, file);
	assert_int_equal(fclose(file), 0);
	assert_true(*size_r > sizeof(Elf64_Ehdr));
	return data;
}

static void a_sound_plugin_is_opened(void **state)
{
	struct wr_plugin *plugin;
	struct wr_err err = {.text = ""};

	(void)state;
	assert_int_equal(wr_plugin_open(GOOD, NULL, &plugin, &err), WR_OK);
	assert_string_equal(plugin->id, "passthrough");
	assert_string_equal(plugin->path, GOOD);
	assert_int_equal(strlen(plugin->sha256), 64);
	wr_plugin_unref(plugin);
}

static void a_name_without_slash_is_searched_in_the_path(void **state)
{
	static char nowhere[] = "/nowhere", plugins[] = PLUGINS_DIR;
	char *folders[] = {nowhere, plugins};
	const struct wr_conf_strings path = {folders, 2}, short_path = {folders, 1};
	struct wr_plugin *plugin;
	struct wr_err err = {.text = ""};

	(void)state;
	assert_int_equal(wr_plugin_open("passthrough.so", &path, &plugin, &err), WR_OK);
	assert_string_equal(plugin->path, GOOD);
	wr_plugin_unref(plugin);
	assert_int_equal(wr_plugin_open("passthrough.so", &short_path, &plugin, &err),
			 WR_ENOTFOUND);
	assert_string_equal(
	    err.text, "there is no file \"passthrough.so\" in plugin_path (/nowhere); build or "
		      "install it there, or name it with its folder (\"./passthrough.so\")");
	refused(
	    "passthrough.so", WR_ENOTFOUND,
	    "there is no plugin_path to look for \"passthrough.so\" in; set plugin_path, or name the "
	    "file with its folder (\"./passthrough.so\")");
}

/* A slip of the hand, in a name with and without a folder. */
static void the_plugin_that_was_meant_is_named(void **state)
{
	static char plugins[] = PLUGINS_DIR;
	char *folders[] = {plugins};
	const struct wr_conf_strings path = {folders, 1};
	struct wr_plugin *plugin;
	struct wr_err err = {.text = ""};

	(void)state;
	assert_int_equal(wr_plugin_open("pasthrough.so", &path, &plugin, &err), WR_ENOTFOUND);
	assert_non_null(
	    strstr(err.text, "(\"./pasthrough.so\"); did you mean \"passthrough.so\"?"));
	assert_int_equal(wr_plugin_open("unlike-any.so", &path, &plugin, &err), WR_ENOTFOUND);
	assert_null(strstr(err.text, "did you mean"));
	refused(PLUGINS_DIR "/pasthrough.so", WR_ENOTFOUND,
		"there is no file \"" PLUGINS_DIR
		"/pasthrough.so\"; did you mean \"passthrough.so\" beside it?");
}

static void what_is_no_file_is_refused(void **state)
{
	(void)state;
	refused("/nowhere/x.so", WR_ENOTFOUND, "there is no file \"/nowhere/x.so\"");
	refused("/etc/passwd/x.so", WR_ENOTFOUND, "there is no file \"/etc/passwd/x.so\"");
	refused("/tmp/", WR_EINVAL, "\"/tmp/\" is a folder, not a regular file");
	refused("/dev/null", WR_EINVAL,
		"\"/dev/null\" is a device, pipe or socket, not a regular file");
	assert_int_equal(mkfifo(scratch, 0600), 0);
	refused_like(scratch, "\"/tmp/weir-refusals-",
		     "is a device, pipe or socket, not a regular file");
	unlink(scratch);
}

static void what_is_no_elf_is_refused(void **state)
{
	static const char sentence[] = "the file is no ELF shared object (it does not begin with "
				       "\\x7fELF); a plugin is built with -shared";

	(void)state;
	write_scratch("#!/bin/sh\n", 10);
	refused(scratch, WR_EINVAL, sentence);
	write_scratch("", 0);
	refused(scratch, WR_EINVAL, sentence);
	write_scratch("\x7f"
		      "EL",
		      3);
	refused(scratch, WR_EINVAL, sentence);
	unlink(scratch);
}

static void a_file_cut_short_is_refused_wherever_it_is_cut(void **state)
{
	size_t size;
	unsigned char *good = read_plugin(GOOD, &size);

	(void)state;
	for (size_t cut = SELFMAG; cut < size; cut += cut < 4096 ? 13 : 509) {
		write_scratch(good, cut);
		refused(
		    scratch, WR_EINVAL,
		    "the file is cut short: it ends before what its ELF header announces; copy or build "
		    "it again");
	}
	free(good);
	unlink(scratch);
}

static void another_machine_is_refused(void **state)
{
	size_t size;
	unsigned char *good = read_plugin(GOOD, &size);
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)good;

	(void)state;
	header->e_machine = header->e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
	write_scratch(good, size);
	refused_like(scratch, "the file is built for another machine (",
		     "build it for this machine");
	header->e_ident[EI_CLASS] = ELFCLASS32;
	write_scratch(good, size);
	refused_like(scratch, "the file is built for another machine (",
		     "build it for this machine");
	free(good);
	unlink(scratch);
}

static void another_kind_of_elf_is_refused(void **state)
{
	size_t size;
	unsigned char *good = read_plugin(GOOD, &size);
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)good;

	(void)state;
	header->e_type = ET_REL;
	write_scratch(good, size);
	refused(scratch, WR_EINVAL,
		"the file is an object file, not a shared object; a plugin is linked with -shared");
	header->e_type = ET_EXEC;
	write_scratch(good, size);
	refused(scratch, WR_EINVAL,
		"the file is an ELF program, not a shared object; a plugin is linked with -shared");
	free(good);
	unlink(scratch);
}

/* Bytes of the headers turned at random never do worse than a refusal before the file is mapped. */
static void nonsense_in_the_headers_is_survived(void **state)
{
	size_t size;
	unsigned char *good = read_plugin(GOOD, &size), *bad = malloc(size);
	struct wr_bytes file = {bad, size};
	uint64_t random = 88172645463325252u;

	(void)state;
	assert_non_null(bad);
	for (int round = 0; round < 20000; round++) {
		struct wr_elf elf;

		memcpy(bad, good, size);
		for (int i = 0; i < 1 + round % 4; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			/* the ELF header, the program headers, or anywhere */
			bad[(random >> 8) % (round % 2 == 0 ? 1024 : size)] = (unsigned char)random;
		}
		wr_elf_inspect(file, &elf, NULL);
	}
	free(bad);
	free(good);
}

static void a_missing_library_is_named(void **state)
{
	size_t size;
	unsigned char *good = read_plugin(ABI_DIR "/misbehaves.so", &size),
		      *name = memmem(good, size, "libc.so.6", 10);

	(void)state;
	assert_non_null(name);
	memcpy(name, "libx.so.9", 9);
	write_scratch(good, size);
	refused(
	    scratch, WR_EINVAL,
	    "it needs the library libx.so.9, which the loader does not find; install it, or link it "
	    "into the plugin");
	free(good);
	unlink(scratch);
}

static void each_broken_plugin_has_its_sentence(void **state)
{
	static const struct {
		const char *file, *sentence;
	} rows[] = {
	    {"no_symbol", "it exports no symbol weir_plugin; export it with WEIR_PLUGIN of "
			  "weir/plugin.h (in C++ WEIR_PLUGIN_CXX)"},
	    {"symbol_is_function",
	     "its symbol weir_plugin is a function and must be data; export it "
	     "with WEIR_PLUGIN of weir/plugin.h"},
	    {"wrong_magic",
	     "its symbol weir_plugin does not begin with weir's magic number; export "
	     "it with WEIR_PLUGIN of weir/plugin.h"},
	    {"short_symbol",
	     "its symbol weir_plugin does not begin with weir's magic number; export "
	     "it with WEIR_PLUGIN of weir/plugin.h"},
	    {"other_major", "it is built for plugin ABI 2 and this weir has 1; build it with this "
			    "weir's weir/plugin.h"},
	    {"newer_minor", "it needs plugin ABI 1.7 and this weir has 1.0; use a newer weir, or "
			    "build the plugin with a lower WEIR_ABI_MINOR_NEEDED"},
	    {"short_struct",
	     "its entry has 24 bytes where ABI 1.0 has 72; export it with WEIR_PLUGIN "
	     "of weir/plugin.h"},
	    {"no_create", "it has no create(); set .create in WEIR_PLUGIN (a plugin without state "
			  "returns any pointer but NULL)"},
	    {"no_process", "it has no process(); set .process in WEIR_PLUGIN (WEIR_EACH makes it)"},
	    {"bad_id", "its id must be 1 to 64 of the characters a-z, 0-9 and '-'; set .id in "
		       "WEIR_PLUGIN"},
	    {"no_version", "its version must be a text of 1 to 64 bytes, such as \"1.2.0\"; set "
			   ".version in WEIR_PLUGIN"},
	    {"bad_version", "its version has a control character; set .version in WEIR_PLUGIN to a "
			    "text such as \"1.2.0\""},
	    {"schema_not_json",
	     "its config_schema is wrong: it is not JSON: Invalid value. (at byte "
	     "9)"},
	    {"schema_bad_pattern",
	     "its config_schema is wrong: it has a pattern that is no regular "
	     "expression (ECMAScript)"},
	    {"undefined_symbol",
	     "it uses the symbol function_that_nobody_defines, which is defined "
	     "nowhere; link the library that has it into the plugin"},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(rows); i++) {
		char file[512];

		snprintf(file, sizeof(file), ABI_DIR "/%s.so", rows[i].file);
		refused(file, WR_EINVAL, rows[i].sentence);
	}
}

static void what_is_no_schema_is_refused(void **state)
{
	(void)state;
	refused_like(ABI_DIR "/schema_not_schema.so",
		     "its config_schema is wrong: it is not a JSON Schema (draft 7): ", "");
	refused(ABI_DIR "/schema_remote_ref.so", WR_EINVAL,
		"its config_schema is wrong: it refers to another document "
		"(http://127.0.0.1:1/schema.json), which is not supported");
}

/* clang makes no such symbols, so there is nothing to refuse. */
static void gnu_unique_symbols_are_refused(void **state)
{
	struct wr_plugin *plugin;
	struct wr_err err = {.text = ""};

	(void)state;
	if (wr_plugin_open(ABI_DIR "/gnu_unique.so", NULL, &plugin, &err) == WR_OK) {
		wr_plugin_unref(plugin);
		skip();
	}
	refused_like(
	    ABI_DIR "/gnu_unique.so", "it defines ",
	    "which would go on using the old code after the plugin is changed; build it with "
	    "-fno-gnu-unique (pkg-config --cflags weir has it)");
}

static void not_created(const char *file, const char *config_json, const char *sentence)
{
	const struct weir_test_options options = {.config_json = config_json, .stage = "s"};
	char error[1024] = "", path[512];

	snprintf(path, sizeof(path), ABI_DIR "/%s.so", file);
	assert_null(weir_test_open(path, &options, error, sizeof(error)));
	assert_string_equal(error, sentence);
}

static void a_failed_create_says_why(void **state)
{
	char text[1024];

	(void)state;
	not_created("create_fails", NULL,
		    "stage \"s\": the plugin hostile 1.0.0 could not be created: the rules file "
		    "/etc/rules is missing");
	not_created(
	    "create_fails_silently", NULL,
	    "stage \"s\": the plugin hostile 1.0.0 could not be created: its create() returned "
	    "NULL and gave no reason");
	snprintf(text, sizeof(text),
		 "stage \"s\": the plugin hostile 1.0.0 could not be created: %507s", "");
	memset(strrchr(text, ':') + 2, '?', 507);
	not_created("create_fails_unterminated", NULL, text);
	not_created(
	    "throws", "{\"fail\": true}",
	    "stage \"s\": the plugin throws 1.0.0 could not be created: the constructor threw");
	not_created(
	    "throws", "{\"fail\": 1}",
	    "stage \"s\": the plugin throws 1.0.0 could not be created: an exception that is no "
	    "std::exception");
}

static void a_config_against_the_schema_is_refused(void **state)
{
	(void)state;
	not_created("create_fails", "[1]", "it is not a JSON object");
	not_created("wants_limit", "{}", "config the required \"limit\" is missing");
	not_created("wants_limit", "{\"limit\": 0}", "config/limit must be at least 1");
	not_created(
	    "wants_limit", "{\"limit\": \"x\", \"limits\": 1}",
	    "config/limit must be of type integer; config/limits is an unknown key; known here: "
	    "limit");
}

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(scratch, sizeof(scratch), "%s/x.so", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(scratch);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sound_plugin_is_opened),
	    cmocka_unit_test(a_name_without_slash_is_searched_in_the_path),
	    cmocka_unit_test(the_plugin_that_was_meant_is_named),
	    cmocka_unit_test(what_is_no_file_is_refused),
	    cmocka_unit_test(what_is_no_elf_is_refused),
	    cmocka_unit_test(a_file_cut_short_is_refused_wherever_it_is_cut),
	    cmocka_unit_test(another_machine_is_refused),
	    cmocka_unit_test(another_kind_of_elf_is_refused),
	    cmocka_unit_test(nonsense_in_the_headers_is_survived),
	    cmocka_unit_test(a_missing_library_is_named),
	    cmocka_unit_test(each_broken_plugin_has_its_sentence),
	    cmocka_unit_test(what_is_no_schema_is_refused),
	    cmocka_unit_test(gnu_unique_symbols_are_refused),
	    cmocka_unit_test(a_failed_create_says_why),
	    cmocka_unit_test(a_config_against_the_schema_is_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
