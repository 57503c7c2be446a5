/* What differs between two configurations. */
#include "config.h"

#include "conf/diff.h"
#include "tests/conf/parsing.h"

#include <stdlib.h>

static char told[2048];

static void note(void *arg, const struct wr_conf_difference *d)
{
	static const char *const kinds[] = {"", " added", " removed"};
	size_t used = strlen(told);

	(void)arg;
	snprintf(told + used, sizeof(told) - used, "%u:%u %s%s%s%s\n", d->mark.line, d->mark.column,
		 d->kind == WR_CONF_REMOVED ? d->pipeline : d->path, kinds[d->kind],
		 d->restart ? " restart" : "",
		 d->pipeline != NULL && d->kind == WR_CONF_CHANGED ? " (pipeline)" : "");
}

static const char *differ(const char *before, const char *after)
{
	struct parsed a = parse_valid(before), b = parse_valid(after);

	told[0] = '\0';
	wr_conf_diff(a.conf, b.conf, note, NULL);
	parsed_fini(&a);
	parsed_fini(&b);
	return told;
}

#define P(name, more)                          \
	"  - name: " name "\n"                 \
	"    source: { topics: [in] }\n"       \
	"    dlq: { topic: dead }\n"           \
	"    outputs: { default: out }\n"      \
	"    idempotency: { store: memory }\n" \
	"    stages: [{ plugin: x.so }]\n" more
#define PIPELINE_WITH(outputs)                                             \
	BROKERS "pipelines:\n  - name: p\n    source: { topics: [in] }\n"  \
		"    dlq: { topic: dead }\n    outputs: { " outputs " }\n" \
		"    idempotency: { store: memory }\n    stages: [{ plugin: x.so }]\n"
#define PIPES "pipelines:\n" P("p", "")
#define ALL(engine, pipelines) BROKERS engine "pipelines:\n" pipelines

static void the_same_file_differs_in_nothing(void **state)
{
	(void)state;
	assert_string_equal(differ(ALL("", P("p", "")), ALL("", P("p", ""))), "");
	/* a default that is spelled out is the same */
	assert_string_equal(differ(ALL("", P("p", "")), ALL("", P("p", "    lanes: 1\n"))), "");
}

static void a_changed_key_is_told_with_its_place(void **state)
{
	(void)state;
	assert_string_equal(differ(ALL("", P("p", "    batch: { linger: 5ms }\n")),
				   ALL("", P("p", "    batch: { linger: 6ms }\n"))),
			    "9:22 pipelines[0].batch.linger (pipeline)\n");
	assert_string_equal(differ(ALL("log: { level: info }\n", P("p", "")),
				   ALL("log: { level: debug }\n", P("p", ""))),
			    "2:15 log.level\n");
}

static void a_key_that_went_back_to_its_default_is_told_at_what_is_left(void **state)
{
	(void)state;
	assert_string_equal(differ(ALL("", P("p", "    lanes: 2\n")), ALL("", P("p", ""))),
			    "3:5 pipelines[0].lanes (pipeline)\n");
}

static void what_needs_a_restart_says_so(void **state)
{
	(void)state;
	assert_string_equal(
	    differ(ALL("memory: 64MiB\n", P("p", "")), ALL("memory: 65MiB\n", P("p", ""))),
	    "2:9 memory restart\n");
	assert_string_equal(
	    differ(ALL("", P("p", "")), REDIS BROKERS
		   "pipelines:\n"
		   "  - { name: p, source: { topics: [other] }, dlq: { topic: dead },\n"
		   "      outputs: { default: out }, stages: [{ plugin: x.so }] }\n"),
	    "1:8 redis restart\n"
	    "4:34 pipelines[0].source.topics restart (pipeline)\n"
	    "4:5 pipelines[0].idempotency.store restart (pipeline)\n");
}

static void every_kind_of_value_is_compared(void **state)
{
	(void)state;
	assert_string_equal(
	    differ(
		"kafka: { brokers: b:1, properties: { linger.ms: 1 } }\nplugin_path: [/a]\n" PIPES,
		"kafka: { brokers: b:1, properties: { linger.ms: 2 } }\nplugin_path: [/a, /b]\n" PIPES),
	    "1:36 kafka.properties restart\n2:14 plugin_path\n");
	assert_string_equal(
	    differ(ALL("", P("p", "    retry: { backoff: { factor: 2, jitter: full } }\n")),
		   ALL("", P("p", "    retry: { backoff: { factor: 3, jitter: none } }\n"))),
	    "9:33 pipelines[0].retry.backoff.factor (pipeline)\n"
	    "9:44 pipelines[0].retry.backoff.jitter (pipeline)\n");
	assert_string_equal(
	    differ(
		BROKERS
		"http: { ingest: { listen: \"127.0.0.1:1\", topic: t, max_body: 1MiB } }\n" PIPES,
		BROKERS
		"http: { ingest: { listen: \"127.0.0.1:2\", topic: t, max_body: 2MiB } }\n" PIPES),
	    "2:27 http.ingest.listen restart\n2:62 http.ingest.max_body\n");
}

static void a_secret_is_compared_and_told_once_and_never_shown(void **state)
{
	(void)state;
	differ(BROKERS
	       "http: { admin: { listen: \"127.0.0.1:1\", token: aaaaaaaaaaaaaaaa } }\n" PIPES,
	       BROKERS
	       "http: { admin: { listen: \"127.0.0.1:1\", token: bbbbbbbbbbbbbbbb } }\n" PIPES);
	assert_string_equal(told, "2:48 http.admin.token\n");
	assert_null(strstr(told, "bbbb"));
}

static void tls_that_comes_or_goes_needs_a_restart(void **state)
{
	(void)state;
	assert_string_equal(
	    differ(
		BROKERS "http: { admin: { listen: \"127.0.0.1:1\" } }\n" PIPES, BROKERS
		"http: { admin: { listen: \"127.0.0.1:1\", tls: { cert_file: c, key_file: k } } }\n" PIPES),
	    "2:59 http.admin.tls.cert_file\n2:72 http.admin.tls.key_file\n2:46 http.admin.tls restart\n");
}

static void the_source_of_an_id_and_outputs_are_compared(void **state)
{
	(void)state;
	assert_string_equal(differ(ALL("", P("p", "    event_id: { json: /a }\n")),
				   ALL("", P("p", "    event_id: { header: /a }\n"))),
			    "9:15 pipelines[0].event_id (pipeline)\n");
	assert_string_equal(differ(ALL("", P("p", "    event_id: { json: /a }\n")),
				   ALL("", P("p", "    event_id: { json: /b }\n"))),
			    "9:23 pipelines[0].event_id.json (pipeline)\n");
	assert_string_equal(
	    differ(PIPELINE_WITH("default: out"), PIPELINE_WITH("default: out, more: out2")),
	    "6:14 pipelines[0].outputs (pipeline)\n");
}

static void pipelines_come_and_go_by_name(void **state)
{
	(void)state;
	assert_string_equal(
	    differ(ALL("", P("p", "") P("q", "")), ALL("", P("q", "    lanes: 2\n") P("r", ""))),
	    "9:12 pipelines[0].lanes (pipeline)\n10:5 pipelines[1] added\n0:0 p removed\n");
}

static void policies_are_compared_by_all_their_parts(void **state)
{
	static char code[] = "busy", other[] = "busier";
	static char *codes[] = {code}, *others[] = {other};
	struct wr_conf_retry a = {.attempts = 3,
				  .initial_ms = 100,
				  .factor = 2.0,
				  .max_ms = 1000,
				  .jitter = WR_JITTER_FULL};
	struct wr_conf_retry b = a;

	(void)state;
	assert_true(wr_conf_retry_equal(&a, &b));
	b.attempts = 4;
	assert_false(wr_conf_retry_equal(&a, &b));
	b = a;
	b.jitter = WR_JITTER_NONE;
	assert_false(wr_conf_retry_equal(&a, &b));
	b = a;
	b.factor = 2.5;
	assert_false(wr_conf_retry_equal(&a, &b));
	b = a;
	b.deadline_ms = 1;
	assert_false(wr_conf_retry_equal(&a, &b));
	b = a;
	b.budget_ratio = 0.5;
	assert_false(wr_conf_retry_equal(&a, &b));
	b = a;
	b.probe_max_ms = 1;
	assert_false(wr_conf_retry_equal(&a, &b));
	a.permanent = (struct wr_conf_strings){codes, 1};
	b = a;
	assert_true(wr_conf_retry_equal(&a, &b));
	b.permanent.items = others;
	assert_false(wr_conf_retry_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_file_differs_in_nothing),
	    cmocka_unit_test(a_changed_key_is_told_with_its_place),
	    cmocka_unit_test(a_key_that_went_back_to_its_default_is_told_at_what_is_left),
	    cmocka_unit_test(what_needs_a_restart_says_so),
	    cmocka_unit_test(every_kind_of_value_is_compared),
	    cmocka_unit_test(a_secret_is_compared_and_told_once_and_never_shown),
	    cmocka_unit_test(tls_that_comes_or_goes_needs_a_restart),
	    cmocka_unit_test(the_source_of_an_id_and_outputs_are_compared),
	    cmocka_unit_test(pipelines_come_and_go_by_name),
	    cmocka_unit_test(policies_are_compared_by_all_their_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
