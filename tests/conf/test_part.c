/* A part of a file is read whatever is wrong with the rest, and what is wrong with the part is said with its place. */
#include "config.h"

#include "conf/load.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const admin[] = {"http.admin", NULL};
static const char *const topics[] = {"kafka", "pipelines[].name", "pipelines[].dlq.topic", NULL};
static char file[64];
static struct wr_conf *conf;
static struct wr_problems problems;

static int begin(void **state)
{
	int fd;

	(void)state;
	snprintf(file, sizeof(file), "/tmp/weir-test-XXXXXX");
	fd = mkstemp(file);
	assert_true(fd >= 0);
	close(fd);
	conf = NULL;
	problems = (struct wr_problems)WR_PROBLEMS_INIT;
	unsetenv("WEIR_TEST_UNSET");
	return 0;
}

static int end(void **state)
{
	(void)state;
	wr_conf_destroy(conf);
	wr_problems_fini(&problems);
	unlink(file);
	return 0;
}

static enum wr_code load(const char *const *parts, const char *text)
{
	FILE *out = fopen(file, "we");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	wr_conf_destroy(conf);
	wr_problems_fini(&problems);
	return wr_conf_load_parts(file, parts, &conf, &problems);
}

static void assert_admin(const char *text)
{
	if (load(admin, text) != WR_OK)
		fail_msg("%s", problems.count > 0 ? problems.items[0].text : "no reason");
	assert_int_equal(problems.count, 0);
	assert_true(conf->admin.configured);
	assert_int_equal(conf->admin.port, 9999);
	assert_string_equal(conf->admin.token, "0123456789abcdef");
}

static void assert_wrong(const char *const *parts, const char *text, unsigned line,
			 const char *path)
{
	assert_int_equal(load(parts, text), WR_EINVAL);
	assert_null(conf);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.items[0].line, line);
	assert_string_equal(problems.items[0].path, path);
}

#define ADMIN "http:\n  admin: { listen: \"127.0.0.1:9999\", token: 0123456789abcdef }\n"

static void what_is_wrong_elsewhere_is_no_matter(void **state)
{
	(void)state;
	assert_admin(ADMIN);
	assert_admin("kafka: { brokers: \"${WEIR_TEST_UNSET}\" }\n" ADMIN);
	assert_admin("kafka: 7\nnonsense: true\n" ADMIN
		     "pipelines: [{ name: 1/2, lanes: many }]\n");
	assert_admin(ADMIN "  ingest: { token_file: /nowhere/at/all, listen: x }\n");
	assert_admin(ADMIN "  nonsense: 7\n");
}

static void what_is_no_yaml_elsewhere_is_no_matter(void **state)
{
	(void)state;
	assert_admin(ADMIN "pipelines: [\n");
	assert_admin("---\nkafka: { brokers\n  \"a: b\n\nhttps: [\n" ADMIN "pipelines:\n- {\n");
	assert_admin("a: \t\"\xff\n" ADMIN "# \xff\nredis:\n\tx: y\n");
}

static void what_is_wrong_with_the_part_is_said_with_its_place(void **state)
{
	(void)state;
	assert_wrong(admin, "nonsense: 7\nhttp:\n  admin:\n    listen: nowhere\n", 4,
		     "http.admin.listen");
	assert_wrong(
	    admin,
	    "\nhttp: { admin: { listen: \"127.0.0.1:1\", token: \"${WEIR_TEST_UNSET}\" } }\n", 2,
	    "http.admin.token");
	assert_wrong(admin, "http:\n  admin: { listen: \"127.0.0.1:1\", nonsense: 7 }\n", 2,
		     "http.admin.nonsense");
	assert_wrong(admin, "kafka: 7\nhttp: 7\n", 2, "http");
	assert_wrong(admin, "- a\n", 1, "");
	assert_int_equal(load(admin, "kafka: [\nhttp:\n  admin: { listen: [\n"), WR_EINVAL);
	assert_true(problems.count > 0);
	assert_null(conf);
}

static void a_file_that_is_not_there_is_said(void **state)
{
	(void)state;
	assert_int_equal(wr_conf_load_parts("/nowhere/at/all", admin, &conf, &problems),
			 WR_ENOTFOUND);
	assert_int_equal(problems.count, 1);
	assert_null(conf);
}

#define PIPE(name, dlq) "  - { name: " name ", dlq: { topic: " dlq " }, nonsense: 7 }\n"

static void items_of_a_list_are_read_by_their_keys(void **state)
{
	static const char good[] =
	    "kafka: { brokers: \"b:1\" }\nredis: 7\npipelines:\n" PIPE("a", "d1") PIPE("b", "d2");

	(void)state;
	assert_int_equal(load(topics, good), WR_OK);
	assert_string_equal(conf->kafka.brokers, "b:1");
	assert_int_equal(conf->pipeline_count, 2);
	assert_string_equal(conf->pipelines[1].dlq_topic, "d2");
	assert_wrong(topics,
		     "kafka: { brokers: \"b:1\" }\npipelines:\n" PIPE("a", "d") PIPE("b", "[]"), 4,
		     "pipelines[1].dlq.topic");
	assert_wrong(topics, "kafka: { brokers: \"b:1\" }\npipelines:\n  - { name: a }\n", 3,
		     "pipelines[0].dlq");
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	    RULE(what_is_wrong_elsewhere_is_no_matter),
	    RULE(what_is_no_yaml_elsewhere_is_no_matter),
	    RULE(what_is_wrong_with_the_part_is_said_with_its_place),
	    RULE(a_file_that_is_not_there_is_said),
	    RULE(items_of_a_list_are_read_by_their_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
