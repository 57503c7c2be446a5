#include "tests/conf/source_file.h"

#include "conf/schema.h"
#include "conf/tree.h"

#include <ctype.h>
#include <stdlib.h>

static struct wr_conf *load(const char *name)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_buf errors = WR_BUF_INIT;
	char file[1024];
	struct wr_conf *conf;

	snprintf(file, sizeof(file), "%s/etc/%s", WR_TEST_SOURCES, name);
	if (wr_conf_load(file, &conf, &problems) != WR_OK) {
		wr_problems_render(&problems, &errors);
		fail_msg("%s", wr_buf_text(&errors));
	}
	assert_int_equal(problems.count, 0);
	wr_problems_fini(&problems);
	return conf;
}

static void the_quickstart_needs_nothing_installed(void **state)
{
	struct wr_conf *conf = load("quickstart.yaml");
	const struct wr_conf_pipeline *pipe = &conf->pipelines[0];

	(void)state;
	assert_true(conf->kafka.embedded);
	assert_string_equal(conf->ingest.listener.host, "127.0.0.1");
	assert_int_equal(conf->ingest.listener.port, 8080);
	assert_string_equal(conf->admin.host, "127.0.0.1");
	assert_int_equal(conf->admin.port, 8081);
	assert_int_equal(conf->pipeline_count, 1);
	assert_string_equal(pipe->name, "events");
	assert_string_equal(pipe->topics.items[0], conf->ingest.topic);
	assert_int_equal(pipe->idempotency.store, WR_STORE_MEMORY);
	assert_int_equal(pipe->stage_count, 2);
	assert_string_equal(pipe->dlq_topic, "events-dlq");
	assert_string_equal(pipe->outputs[0].topic, "processed-events");
	wr_conf_destroy(conf);
}

static void the_classic_service_is_as_it_always_was(void **state)
{
	struct wr_conf *conf = load("events.yaml");
	const struct wr_conf_pipeline *pipe = &conf->pipelines[0];

	(void)state;
	assert_string_equal(conf->kafka.brokers, "localhost:9092");
	assert_string_equal(conf->redis.display, "redis://localhost:6379/0");
	assert_int_equal(conf->pipeline_count, 1);
	assert_string_equal(pipe->topics.items[0], "events");
	assert_string_equal(pipe->group, "event-consumers");
	assert_int_equal(pipe->idempotency.store, WR_STORE_REDIS);
	assert_int_equal(pipe->retry.attempts, 4);
	assert_string_equal(pipe->dlq_topic, "events-dlq");
	assert_string_equal(pipe->outputs[0].topic, "processed-events");
	wr_conf_destroy(conf);
}

static void the_full_example_loads(void **state)
{
	struct wr_conf *conf = load("full.yaml");

	(void)state;
	assert_int_equal(conf->pipeline_count, 1);
	wr_conf_destroy(conf);
}

/* Takes away the `#` of keys that are commented out: those without a space behind it. */
static void uncomment(struct wr_buf *text)
{
	size_t i, begin = 0;

	for (i = 0; i + 1 < text->size; i++) {
		if (text->data[i] == '\n')
			begin = i + 1;
		if (text->data[i] != '#' || !islower((unsigned char)text->data[i + 1]) ||
		    strspn(text->data + begin, " ") != i - begin)
			continue;
		memmove(text->data + i, text->data + i + 1, text->size - i - 1);
		text->size--;
	}
}

/* The node at the path of a row, in the first item of every list. */
static const struct wr_tree_node *find(const struct wr_tree_node *node, const char *path)
{
	char key[128];
	size_t size;

	while (node != NULL && *path != '\0') {
		if (strncmp(path, "[]", 2) == 0) {
			node = node->kind == WR_TREE_LIST && node->count > 0
				   ? node->children[0].node
				   : NULL;
			path += 2;
			continue;
		}
		path += *path == '.' ? 1 : 0;
		size = strcspn(path, ".[");
		snprintf(key, sizeof(key), "%.*s", (int)size, path);
		path += size;
		node = wr_tree_member(node, key) != NULL ? wr_tree_member(node, key)->node : NULL;
	}
	return node;
}

static void the_full_example_names_every_key_that_is_built(void **state)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_buf text = read_source("etc/full.yaml");
	struct wr_report report;
	struct wr_tree *tree;
	size_t i, missing = 0;

	(void)state;
	uncomment(&text);
	wr_report_init(&report, "full.yaml", &problems);
	assert_int_equal(wr_tree_read(wr_bytes(text.data, text.size), &report, &tree), WR_OK);
	assert_int_equal(problems.count, 0);
	for (i = 0; i < wr_schema_size(); i++) {
		if (wr_schema_row(i)->status != WR_KEY_BUILT ||
		    find(wr_tree_root(tree), wr_schema_row(i)->path) != NULL)
			continue;
		print_error("%s\n", wr_schema_row(i)->path);
		missing++;
	}
	assert_int_equal(missing, 0);
	wr_tree_destroy(tree);
	wr_report_fini(&report);
	wr_problems_fini(&problems);
	wr_buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_quickstart_needs_nothing_installed),
	    cmocka_unit_test(the_classic_service_is_as_it_always_was),
	    cmocka_unit_test(the_full_example_loads),
	    cmocka_unit_test(the_full_example_names_every_key_that_is_built),
	};
	static const char *const variables[] = {
	    "KAFKA_BROKERS",  "REDIS_URL",          "WEIR_LANES",       "WEIR_PLUGINS",
	    "WEIR_STATE_DIR", "WEIR_INGEST_LISTEN", "WEIR_ADMIN_LISTEN"};
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(variables); i++)
		unsetenv(variables[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
