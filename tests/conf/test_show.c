#include "config.h"

#include "conf/load.h"
#include "conf/show.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>

static const char head[] = "instance: a\nkafka: { brokers: 'b:9092' }\n";

static const char least[] =
    "pipelines: [{ name: p, source: { topics: [a] }, idempotency: { store: none },"
    " dlq: { topic: d }, stages: [{ plugin: x.so }], outputs: { default: o } }]\n";

static struct wr_buf shown;

static int begin(void **state)
{
	(void)state;
	wr_buf_init(&shown);
	return setenv("WR_TEST_SECRET", "hunter2", 1);
}

static int end(void **state)
{
	(void)state;
	wr_buf_fini(&shown);
	return 0;
}

static const char *show(const char *more)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_buf text = WR_BUF_INIT;
	struct wr_json_out out;
	struct wr_conf *conf;

	assert_int_equal(wr_buf_append_text(&text, strstr(more, "kafka:") == NULL ? head : ""),
			 WR_OK);
	assert_int_equal(wr_buf_append_text(&text, more), WR_OK);
	if (strstr(more, "pipelines:") == NULL)
		assert_int_equal(wr_buf_append_text(&text, least), WR_OK);
	wr_buf_clear(&shown);
	if (wr_conf_parse("f.yaml", wr_bytes(text.data, text.size), &conf, &problems) != WR_OK)
		fail_msg("%s", problems.items[0].text);
	wr_json_out_init(&out, &shown);
	wr_json_out_begin_object(&out, NULL);
	wr_conf_show(conf, &out, "config");
	wr_json_out_end(&out);
	assert_int_equal(wr_json_out_finish(&out), WR_OK);
	wr_conf_destroy(conf);
	wr_buf_fini(&text);
	return wr_buf_text(&shown);
}

static void assert_holds(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s is not in %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("%s is in %s", part, text);
}

static void defaults_are_shown_as_they_would_be_written(void **state)
{
	const char *text = show("");

	(void)state;
	assert_holds(text, "\"memory\":\"256MiB\"");
	assert_holds(text, "\"shutdown_timeout\":\"30s\"");
	assert_holds(text, "\"log\":{\"level\":\"info\",\"format\":\"auto\"}");
	assert_holds(text, "\"create_topics\":true");
}

static void what_is_not_there_is_left_out(void **state)
{
	const char *text = show("http: { admin: { listen: '127.0.0.1:1' } }\n");

	(void)state;
	assert_holds(text, "\"http\":{\"admin\":{\"listen\":\"127.0.0.1:1\"}}");
	assert_lacks(text, "\"redis\"");
	assert_lacks(text, "\"canary\"");
}

static void a_share_is_shown_in_percent(void **state)
{
	(void)state;
	assert_holds(
	    show("canary: { share: 2.5% }\n"),
	    "\"canary\":{\"share\":\"2.5%\",\"for\":\"1m\",\"max_error_ratio_increase\":0.01,"
	    "\"min_events\":100}");
}

static void an_address_of_ipv6_has_its_brackets(void **state)
{
	(void)state;
	assert_holds(show("http: { admin: { listen: '[::1]:80' } }\n"), "\"[::1]:80\"");
}

static void tokens_and_passwords_are_hidden(void **state)
{
	const char *text = show("http: { admin: { listen: '127.0.0.1:1', token: hunter2 } }\n"
				"redis: { url: 'redis://me:hunter2@r/1' }\n");

	(void)state;
	assert_lacks(text, "hunter2");
	assert_holds(text, "\"token\":\"<hidden>\"");
	assert_holds(text, "redis://");
}

static void properties_are_hidden_by_their_name_and_when_they_come_from_a_variable(void **state)
{
	const char *text = show("instance: a\nkafka:\n  brokers: b:9092\n  properties:\n"
				"    sasl.password: hunter2\n    sasl.username: ${WR_TEST_SECRET}\n"
				"    compression.type: lz4\n");

	(void)state;
	assert_lacks(text, "hunter2");
	assert_holds(text, "\"properties\":{\"sasl.password\":\"<hidden>\",\"sasl.username\":"
			   "\"<hidden>\",\"compression.type\":\"lz4\"}");
}

static const char pipeline[] =
    "redis: { url: 'redis://r' }\n"
    "pipelines:\n"
    "- name: p\n"
    "  source: { topics: [a, b] }\n"
    "  event_id: { %s }\n"
    "  retry: { attempts: 2, backoff: { initial: 1500ms } }\n"
    "  dlq: { topic: d }\n"
    "  stages:\n"
    "  - plugin: x.so\n"
    "    config: { limit: 10, apiKey: { a: hunter2 }, list: [1, '${WR_TEST_SECRET}'] }\n"
    "    retry: { attempts: 9 }\n"
    "  outputs: { alerts: al, default: out }\n";

static const char *show_pipeline(const char *event_id)
{
	char text[1024];

	snprintf(text, sizeof(text), pipeline, event_id);
	return show(text);
}

static void a_stage_is_shown_with_what_it_inherits_and_without_its_secrets(void **state)
{
	const char *text = show_pipeline("json: /id");

	(void)state;
	assert_lacks(text, "hunter2");
	assert_holds(text,
		     "\"config\":{\"limit\":10,\"apiKey\":\"<hidden>\",\"list\":[1,\"<hidden>\"]}");
	assert_holds(
	    text,
	    "\"retry\":{\"attempts\":9,\"mode\":\"inline\",\"tiers\":[],\"backoff\":{\"initial\":\"1500ms\"");
	assert_holds(text, "\"outputs\":{\"default\":\"out\",\"alerts\":\"al\"}");
	assert_holds(text, "\"topics\":[\"a\",\"b\"]");
}

static void of_the_ways_to_find_the_id_the_chosen_one_is_shown(void **state)
{
	static const char *const ways[][2] = {
	    {"json: /id", "\"event_id\":{\"json\":\"/id\",\"missing\":\"dlq\"}"},
	    {"header: h", "\"event_id\":{\"header\":\"h\",\"missing\":\"dlq\"}"},
	    {"key: true", "\"event_id\":{\"key\":true,\"missing\":\"dlq\"}"}};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(ways); i++)
		assert_holds(show_pipeline(ways[i][0]), ways[i][1]);
}

static void names_tell(void **state)
{
	static const char *const telling[] = {"password",   "ssl.key.password", "apiKey",
					      "API_KEY",    "clientSecret",     "accessToken",
					      "ssl.key.pem"};
	static const char *const plain[] = {"", "key", "compression.type", "limit", "passw"};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(telling); i++)
		assert_true(wr_conf_name_is_telling(wr_bytes_of(telling[i])));
	for (size_t i = 0; i < UNIT_COUNT_OF(plain); i++)
		assert_false(wr_conf_name_is_telling(wr_bytes_of(plain[i])));
}

#define SHOWING(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOWING(defaults_are_shown_as_they_would_be_written),
	    SHOWING(what_is_not_there_is_left_out),
	    SHOWING(a_share_is_shown_in_percent),
	    SHOWING(an_address_of_ipv6_has_its_brackets),
	    SHOWING(tokens_and_passwords_are_hidden),
	    SHOWING(properties_are_hidden_by_their_name_and_when_they_come_from_a_variable),
	    SHOWING(a_stage_is_shown_with_what_it_inherits_and_without_its_secrets),
	    SHOWING(of_the_ways_to_find_the_id_the_chosen_one_is_shown),
	    cmocka_unit_test(names_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
