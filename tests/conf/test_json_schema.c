#include "tests/conf/parsing.h"
#include "tests/conf/source_file.h"

#include "conf/config_json.h"
#include "conf/tree.h"
#include "host/json_schema.h"

/* What an editor does with the schema: a YAML file as JSON, held to it. */
struct editor {
	struct wr_json_schema *schema;
	struct wr_buf text;
};

static int open_editor(void **state)
{
	static struct editor editor;
	struct wr_err err;

	editor.text = (struct wr_buf)WR_BUF_INIT;
	assert_int_equal(wr_conf_json_schema(&editor.text), WR_OK);
	if (wr_json_schema_create(wr_bytes(editor.text.data, editor.text.size), &editor.schema,
				  &err) != WR_OK)
		fail_msg("%s", err.text);
	*state = &editor;
	return 0;
}

static int close_editor(void **state)
{
	struct editor *editor = *state;

	wr_json_schema_destroy(editor->schema);
	wr_buf_fini(&editor->text);
	return 0;
}

static void show(void *arg, const char *pointer, const char *sentence)
{
	(void)arg;
	print_message("%s: %s\n", pointer, sentence);
}

static void pass_over(void *arg, const char *pointer, const char *sentence)
{
	(void)arg;
	(void)pointer;
	(void)sentence;
}

/* `expected` is only for the log: a refusal that is none is explained there. */
static bool accepts(void **state, const char *yaml, bool expected)
{
	const struct editor *editor = *state;
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_buf json = WR_BUF_INIT;
	struct wr_report report;
	struct wr_tree *tree;
	enum wr_code rc;

	wr_report_init(&report, "f", &problems);
	assert_int_equal(wr_tree_read(wr_bytes_of(yaml), &report, &tree), WR_OK);
	assert_int_equal(wr_config_json(wr_tree_root(tree), false, &report, &json), WR_OK);
	assert_int_equal(problems.count, 0);
	rc = wr_json_schema_check(editor->schema, wr_bytes(json.data, json.size),
				  expected ? show : pass_over, NULL, NULL);
	wr_tree_destroy(tree);
	wr_report_fini(&report);
	wr_problems_fini(&problems);
	wr_buf_fini(&json);
	return rc == WR_OK;
}

static void the_examples_are_accepted(void **state)
{
	static const char *const files[] = {"etc/quickstart.yaml", "etc/events.yaml",
					    "etc/full.yaml"};
	struct wr_buf text;
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(files); i++) {
		text = read_source(files[i]);
		assert_true(accepts(state, wr_buf_text(&text), true));
		wr_buf_fini(&text);
	}
}

/* Each bundled plugin keeps its schema beside its source; passthrough takes no config and has none. */
static void check_stage(const struct wr_conf_stage *stage)
{
	char path[256];
	struct wr_json_schema *schema;
	struct wr_buf text;
	struct wr_err err;

	if (strcmp(stage->plugin, "passthrough.so") == 0)
		return;
	snprintf(path, sizeof(path), "plugins/%.*s/schema.json",
		 (int)(strlen(stage->plugin) - strlen(".so")), stage->plugin);
	text = read_source(path);
	assert_int_equal(wr_json_schema_create(wr_bytes(text.data, text.size), &schema, &err),
			 WR_OK);
	if (wr_json_schema_check(schema, wr_bytes_of(stage->config_json), show, NULL, &err) !=
	    WR_OK)
		fail_msg("%s: %s", path, stage->config_json);
	wr_json_schema_destroy(schema);
	wr_buf_fini(&text);
}

static void the_stages_of_the_examples_obey_their_plugins_schemas(void **state)
{
	static const char *const files[] = {"quickstart", "events", "full"};
	struct wr_buf text;
	struct parsed p;
	size_t i, k;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(files); i++) {
		char path[64];

		snprintf(path, sizeof(path), "etc/%s.yaml", files[i]);
		text = read_source(path);
		p = parse_valid(wr_buf_text(&text));
		assert_true(p.conf->pipelines[0].stage_count >= 2);
		for (k = 0; k < p.conf->pipelines[0].stage_count; k++)
			check_stage(&p.conf->pipelines[0].stages[k]);
		parsed_fini(&p);
		wr_buf_fini(&text);
	}
}

/* What loads is accepted: forms in which a value can stand. */
static void what_loads_is_accepted(void **state)
{
	static const char *const texts[] = {
	    BROKERS REDIS PIPELINE,
	    BROKERS REDIS PIPELINE "    lanes: ${LANES:-2}\n",
	    BROKERS REDIS PIPELINE "    lanes: \"${LANES:-2}\"\n",
	    BROKERS REDIS PIPELINE "    format: ${FORMAT:-raw}\n",
	    BROKERS REDIS PIPELINE "    batch: { linger: 0, max_bytes: 1.5MiB }\n",
	    BROKERS REDIS PIPELINE "    batch: { linger: 1.5s }\n",
	    BROKERS REDIS PIPELINE "    transaction: { interval: 20ms }\n",
	    BROKERS REDIS PIPELINE "    retry: { backoff: { factor: 1.5, initial: 0 } }\n",
	    BROKERS REDIS PIPELINE "    event_id: { key: true }\n",
	    "watch: false\nlog: { format: json }\n" BROKERS REDIS PIPELINE,
	    "http: { admin: { listen: \"[::1]:0\", token: abc } }\n" BROKERS REDIS PIPELINE,
	    "http: { admin: { listen: \"localhost:1\" } }\n" BROKERS REDIS PIPELINE,
	    BROKERS "redis: { url: \"unix:///run/redis.sock?db=1\" }\n" PIPELINE,
	    "kafka: { brokers: \"a:1, b:2\", properties: { a.b: 1, c: x, d: true } }\n" REDIS
		PIPELINE,
	};
	struct parsed p;
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(texts); i++) {
		p = parse_valid(texts[i]);
		parsed_fini(&p);
		if (!accepts(state, texts[i], true))
			fail_msg("%s", texts[i]);
	}
}

/* What an editor can tell without knowing more than one key is told. */
static void what_does_not_load_is_refused(void **state)
{
	static const char *const texts[] = {
	    "{}",
	    BROKERS REDIS PIPELINE "    lanes: 0\n",
	    BROKERS REDIS PIPELINE "    lanes: two\n",
	    BROKERS REDIS PIPELINE "    lanes: 1.5\n",
	    BROKERS REDIS PIPELINE "    lnes: 1\n",
	    BROKERS REDIS PIPELINE "    format: xml\n",
	    BROKERS REDIS PIPELINE "    delivery: exactly_twice\n",
	    BROKERS REDIS PIPELINE "    canary: { share: 10 }\n",
	    BROKERS REDIS PIPELINE "    batch: { linger: 5 }\n",
	    BROKERS REDIS PIPELINE "    batch: { linger: 5 ms }\n",
	    BROKERS REDIS PIPELINE "    batch: { max_bytes: 4M }\n",
	    BROKERS REDIS PIPELINE "    batch: { max_bytes: 0 }\n",
	    BROKERS REDIS PIPELINE "    event_id: { key: false }\n",
	    BROKERS REDIS PIPELINE "    event_id: { json: eventId }\n",
	    BROKERS REDIS PIPELINE "    retry: { backoff: { factor: 0.5 } }\n",
	    BROKERS REDIS "pipelines: [{ name: p }]\n",
	    "instance: 7\n" BROKERS REDIS PIPELINE,
	    "watch: 1\n" BROKERS REDIS PIPELINE,
	    "plugin_path: []\n" BROKERS REDIS PIPELINE,
	    "plugin_path: x\n" BROKERS REDIS PIPELINE,
	    "http: { admin: { listen: \"8080\" } }\n" BROKERS REDIS PIPELINE,
	    "http: { admin: { listen: \"127.0.0.1:1\", token: \"a b\" } }\n" BROKERS REDIS PIPELINE,
	    BROKERS "redis: { url: \"rediss://h\" }\n" PIPELINE,
	    "kafka: { brokers: b:1, properties: { a: [1] } }\n" REDIS PIPELINE,
	    "kafka: { brokers: b:1, create_topics: \"yes\" }\n" REDIS PIPELINE,
	};
	struct parsed p;
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(texts); i++) {
		p = parse(texts[i]);
		assert_int_equal(p.rc, WR_EINVAL);
		parsed_fini(&p);
		if (accepts(state, texts[i], false))
			fail_msg("%s", texts[i]);
	}
}

static void outputs_need_a_default_of_a_topics_form(void **state)
{
	static const char head[] =
	    BROKERS REDIS "pipelines:\n"
			  "  - name: p\n"
			  "    source: { topics: [in] }\n"
			  "    dlq: { topic: dead }\n"
			  "    stages: [{ plugin: x.so, config: { a: 1 } }]\n"
			  "    outputs: ";
	static const struct {
		const char *outputs;
		bool accepted;
	} cases[] = {
	    {"{ default: out }\n", true},          {"{ default: out, a.b: \"${OUT:-x}\" }\n", true},
	    {"{ other: out }\n", false},           {"{ default: a b }\n", false},
	    {"{ default: out, a b: x }\n", false}, {"{}\n", false},
	};
	char text[1024];
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		snprintf(text, sizeof(text), "%s%s", head, cases[i].outputs);
		if (accepts(state, text, cases[i].accepted) != cases[i].accepted)
			fail_msg("%s", cases[i].outputs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_examples_are_accepted),
	    cmocka_unit_test(the_stages_of_the_examples_obey_their_plugins_schemas),
	    cmocka_unit_test(what_loads_is_accepted),
	    cmocka_unit_test(what_does_not_load_is_refused),
	    cmocka_unit_test(outputs_need_a_default_of_a_topics_form),
	};

	return cmocka_run_group_tests(tests, open_editor, close_editor);
}
