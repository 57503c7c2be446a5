/*
 * Any bytes as a configuration file: it loads or is refused with reasons, and never does anything else.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "base/check.h"
#include "base/json.h"
#include "conf/load.h"

#include <stdio.h>
#include <string.h>

const char *const fuzz_corpus[] = {"etc", "tests/fuzz/corpus/conf", NULL};
const char *const fuzz_words[] = {"\n",
				  "\n  ",
				  ": ",
				  "- ",
				  "[",
				  "]",
				  "{",
				  "}",
				  ", ",
				  "#",
				  "\"",
				  "'",
				  "|\n",
				  ">-\n",
				  "&a ",
				  "*a",
				  "<<: ",
				  "!!str ",
				  "!x ",
				  "? ",
				  "---\n",
				  "...\n",
				  "%YAML 1.2\n",
				  "\t",
				  "${",
				  "${A:-b}",
				  "$$",
				  "}",
				  "~",
				  "true",
				  ".inf",
				  "0x7f",
				  "1e999",
				  "-1",
				  "0",
				  "5ms",
				  "4MiB",
				  "1.5s",
				  "\\x00",
				  "\xFF",
				  "\xC2\x9B",
				  "\xEF\xBB\xBF",
				  "kafka: ",
				  "redis: ",
				  "http: ",
				  "pipelines:",
				  "stages: ",
				  "outputs: ",
				  "default: ",
				  "embedded",
				  "exactly_once",
				  "config: ",
				  "watch: ",
				  "retry: ",
				  "127.0.0.1:1",
				  "redis://:p%40@h/1",
				  "unix:///a?db=1",
				  NULL};

/* What the rest of the engine takes for granted of a configuration that loaded. */
static void check_stage(const struct wr_conf *conf, const struct wr_conf_stage *stage,
			struct wr_json_reader *reader)
{
	struct wr_err err;

	WR_ASSERT(stage->plugin != NULL && stage->plugin[0] != '\0');
	WR_ASSERT(stage->config_json != NULL && stage->config_json[0] == '{');
	WR_ASSERT(wr_json_read(reader, wr_bytes_of(stage->config_json), NULL, &err) == WR_OK);
	WR_ASSERT(stage->mark.line > 0 && stage->plugin_mark.line > 0);
	WR_ASSERT(stage->retry.attempts > 0 && stage->retry.factor >= 1);
	WR_ASSERT(wr_conf_stage_config_mark(conf, stage, "/a/0/~0b").line > 0);
}

static void check_pipeline(const struct wr_conf *conf, const struct wr_conf_pipeline *pipeline,
			   struct wr_json_reader *reader)
{
	size_t i;

	WR_ASSERT(pipeline->name != NULL && strchr(pipeline->name, ':') == NULL);
	WR_ASSERT(pipeline->group != NULL && pipeline->dlq_topic != NULL);
	WR_ASSERT(pipeline->topics.count > 0 && pipeline->stage_count > 0);
	WR_ASSERT(pipeline->output_count > 0);
	WR_ASSERT(strcmp(pipeline->outputs[0].name, "default") == 0);
	WR_ASSERT(pipeline->delivery == WR_AT_LEAST_ONCE && pipeline->lanes > 0);
	WR_ASSERT((pipeline->event_id.source == WR_ID_KEY) ==
		  (pipeline->event_id.pointer_or_name == NULL));
	WR_ASSERT(pipeline->idempotency.store != WR_STORE_REDIS || conf->redis.configured);
	for (i = 0; i < pipeline->stage_count; i++)
		check_stage(conf, &pipeline->stages[i], reader);
}

static void check_conf(const struct wr_conf *conf)
{
	struct wr_json_reader *reader;
	size_t i;

	WR_ASSERT(wr_json_reader_create(&reader) == WR_OK);
	WR_ASSERT(conf->instance != NULL && conf->state_dir != NULL && conf->kafka.brokers != NULL);
	WR_ASSERT(conf->pipeline_count > 0 || conf->ingest.listener.configured);
	WR_ASSERT(!conf->redis.configured ||
		  (conf->redis.host != NULL && conf->redis.display != NULL));
	WR_ASSERT(!conf->admin.configured || conf->admin.host != NULL);
	WR_ASSERT(!conf->ingest.listener.configured ||
		  (conf->ingest.listener.host != NULL && conf->ingest.topic != NULL));
	for (i = 0; i < conf->pipeline_count; i++)
		check_pipeline(conf, &conf->pipelines[i], reader);
	wr_json_reader_destroy(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_buf lines = WR_BUF_INIT;
	struct wr_conf *conf;
	enum wr_code rc;
	size_t i;

	/* A file of a secret must not be what a person types. */
	static FILE *nothing;

	if (nothing == NULL)
		nothing = freopen("/dev/null", "r", stdin);
	rc = wr_conf_parse("f", wr_bytes(data, size), &conf, &problems);
	WR_ASSERT((rc == WR_OK) == (conf != NULL));
	WR_ASSERT((rc == WR_OK) == (problems.count == 0));
	WR_ASSERT(rc == WR_OK || rc == WR_EINVAL);
	for (i = 0; i < problems.count; i++)
		WR_ASSERT(problems.items[i].text[0] != '\0');
	WR_ASSERT(wr_problems_render(&problems, &lines) == WR_OK);
	if (conf != NULL)
		check_conf(conf);
	wr_conf_destroy(conf);
	wr_problems_fini(&problems);
	wr_buf_fini(&lines);
	return 0;
}
