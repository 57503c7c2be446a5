#include "config.h"

#include "conf/check.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES 192

static bool same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool has_topic(const struct wr_conf_pipeline *pipeline, const char *topic)
{
	size_t i;

	for (i = 0; i < pipeline->topics.count; i++) {
		if (same(pipeline->topics.items[i], topic))
			return true;
	}
	return false;
}

static void check_topics(struct wr_checker *c, const struct wr_conf_pipeline *pipeline, size_t p)
{
	char path[PATH_BYTES];
	size_t i, j;

	for (i = 1; i < pipeline->topics.count; i++) {
		for (j = 0; j < i; j++) {
			if (!same(pipeline->topics.items[i], pipeline->topics.items[j]))
				continue;
			snprintf(path, sizeof(path), "pipelines[%zu].source.topics[%zu]", p, i);
			wr_check_report(c, path,
					"the topic `%s` stands here twice; expected each once",
					pipeline->topics.items[i]);
			break;
		}
	}
}

/* What a pipeline writes must not come back to it. */
static void check_loops(struct wr_checker *c, const struct wr_conf_pipeline *pipeline, size_t p)
{
	const struct wr_conf_output *output;
	char path[PATH_BYTES];
	size_t i;

	if (pipeline->dlq_topic != NULL && has_topic(pipeline, pipeline->dlq_topic)) {
		snprintf(path, sizeof(path), "pipelines[%zu].dlq.topic", p);
		wr_check_report(c, path,
				"`%s` is a topic that this pipeline reads: dead letters would come "
				"back as events; expected another topic",
				pipeline->dlq_topic);
	}
	for (i = 0; i < pipeline->output_count; i++) {
		output = &pipeline->outputs[i];
		if (!has_topic(pipeline, output->topic))
			continue;
		snprintf(path, sizeof(path), "pipelines[%zu].outputs%s%s%s", p,
			 strchr(output->name, '.') != NULL ? "[\"" : ".", output->name,
			 strchr(output->name, '.') != NULL ? "\"]" : "");
		wr_problems_add(c->report->problems, c->report->file, output->mark, path,
				"`%s` is a topic that this pipeline reads: what it writes would "
				"come back as events; expected another topic",
				output->topic);
	}
}

static void check_stage_names(struct wr_checker *c, const struct wr_conf_pipeline *pipeline,
			      size_t p)
{
	char path[PATH_BYTES];
	size_t i, j;

	for (i = 1; i < pipeline->stage_count; i++) {
		for (j = 0; j < i; j++) {
			if (!same(pipeline->stages[i].name, pipeline->stages[j].name))
				continue;
			snprintf(path, sizeof(path), "pipelines[%zu].stages[%zu].name", p, i);
			wr_check_report(c, path,
					"stages[%zu] has the name `%s` already; expected one of "
					"its own",
					j, pipeline->stages[i].name);
			break;
		}
	}
}

static void check_waits(struct wr_checker *c, int64_t initial_ms, int64_t max_ms,
			const char *prefix, const char *what)
{
	char path[PATH_BYTES];

	if (initial_ms <= max_ms)
		return;
	snprintf(path, sizeof(path), "%s.retry.%s", prefix, what);
	wr_check_report(c, path,
			"`initial` is longer than `max`; expected it to be at most as long");
}

#define TIER_MS_MAX (INT64_C(24) * 3600 * 1000)

static void check_tiers(struct wr_checker *c, const struct wr_conf_retry *retry, const char *prefix)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < retry->tier_count; i++) {
		int64_t ms = retry->tiers_ms[i], before_ms = i > 0 ? retry->tiers_ms[i - 1] : 0;

		snprintf(path, sizeof(path), "%s.retry.tiers[%zu]", prefix, i);
		if (ms < 1 || ms > TIER_MS_MAX)
			wr_check_report(c, path, "expected whole milliseconds from 1ms to 24h");
		else if (ms <= before_ms)
			wr_check_report(c, path,
					"is not longer than the delay before it; expected them to "
					"rise");
	}
}

/* `above` is where values come from that are not set here: what is wrong with them was reported there. */
static void check_retry(struct wr_checker *c, const struct wr_conf_retry *retry,
			const struct wr_conf_retry *above, const char *prefix)
{
	if (above == NULL || retry->initial_ms != above->initial_ms ||
	    retry->max_ms != above->max_ms)
		check_waits(c, retry->initial_ms, retry->max_ms, prefix, "backoff");
	if (above == NULL || retry->tier_names.items != above->tier_names.items)
		check_tiers(c, retry, prefix);
	if (above == NULL || retry->probe_initial_ms != above->probe_initial_ms ||
	    retry->probe_max_ms != above->probe_max_ms)
		check_waits(c, retry->probe_initial_ms, retry->probe_max_ms, prefix,
			    "circuit.probe");
}

#define STRATEGY "partition.assignment.strategy"

static bool assigns_by_range(const struct wr_conf_properties *properties)
{
	for (size_t i = 0; i < properties->count; i++) {
		const char *value = properties->items[i].value;

		if (strcmp(properties->items[i].name, STRATEGY) == 0)
			return strcmp(value, "range") == 0 || strncmp(value, "range,", 6) == 0;
	}
	return true;
}

/* Retry topics are partitioned as the source is, so that who reads the one reads the other. */
static void check_order(struct wr_checker *c, const struct wr_conf_pipeline *pipeline,
			const struct wr_conf_retry *retry, const char *prefix)
{
	char path[PATH_BYTES];

	if (retry->mode != WR_RETRY_KEY)
		return;
	snprintf(path, sizeof(path), "%s.retry.mode", prefix);
	if (!assigns_by_range(&c->conf->kafka.properties) ||
	    !assigns_by_range(&c->conf->kafka.consumer_properties))
		wr_check_report(c, path,
				"`key` needs partitions of equal numbers in one lane, and "
				"`" STRATEGY "` is set otherwise; expected `range` there, which is "
				"the default");
	if (pipeline->topics.count == 1)
		return;
	wr_check_report(c, path,
			"`key` keeps the order of one source topic, and this pipeline reads %zu; "
			"expected `topic` or `inline`, or a pipeline for each topic",
			pipeline->topics.count);
}

static void check_retries(struct wr_checker *c, const struct wr_conf_pipeline *pipeline, size_t p)
{
	char prefix[PATH_BYTES / 2];
	size_t i;

	snprintf(prefix, sizeof(prefix), "pipelines[%zu]", p);
	check_retry(c, &pipeline->retry, NULL, prefix);
	check_order(c, pipeline, &pipeline->retry, prefix);
	for (i = 0; i < pipeline->stage_count; i++) {
		snprintf(prefix, sizeof(prefix), "pipelines[%zu].stages[%zu]", p, i);
		check_retry(c, &pipeline->stages[i].retry, &pipeline->retry, prefix);
		if (pipeline->retry.mode != WR_RETRY_KEY)
			check_order(c, pipeline, &pipeline->stages[i].retry, prefix);
	}
}

static void check_event_id(struct wr_checker *c, const struct wr_tree_node *node,
			   const struct wr_conf_pipeline *pipeline, size_t p)
{
	const struct wr_tree_child *event_id = wr_tree_member(node, "event_id");
	const char *const names[] = {"json", "header", "key"};
	char path[PATH_BYTES];
	unsigned given = 0;
	size_t i;

	if (event_id == NULL)
		return;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		given += wr_tree_member(event_id->node, names[i]) != NULL ? 1 : 0;
	snprintf(path, sizeof(path), "pipelines[%zu].event_id", p);
	if (given > 1)
		wr_check_report(c, path,
				"the id is told in %u ways; expected one of `json`, `header` and "
				"`key`",
				given);
	else if (pipeline->format == WR_FORMAT_RAW && pipeline->event_id.source == WR_ID_JSON) {
		snprintf(path, sizeof(path), "pipelines[%zu].event_id.json", p);
		wr_check_report(
		    c, path,
		    "values are not parsed with `format: raw`; expected `format: json`, "
		    "or `header` or `key` here");
	}
}

static void check_store(struct wr_checker *c, const struct wr_conf_pipeline *pipeline, size_t p)
{
	char path[PATH_BYTES];

	if (pipeline->idempotency.store != WR_STORE_REDIS)
		return;
	snprintf(path, sizeof(path), "pipelines[%zu].idempotency.store", p);
	if (c->conf->kafka.embedded)
		wr_check_report(c, path,
				"`redis` can't stand beside an embedded broker: its topics begin "
				"anew at every start, and claims from before would swallow new "
				"events; expected `memory` or `none`");
	else if (!c->conf->redis.configured)
		wr_check_report(c, path,
				"`redis`, which is the default, needs to know where Redis is; "
				"expected a section `redis` with a `url`, or `memory` or `none` "
				"here");
}

static void check_transactions(struct wr_checker *c, const struct wr_tree_node *node, size_t p)
{
	const struct wr_tree_child *delivery = wr_tree_member(node, "delivery");
	char path[PATH_BYTES];

	if (!c->conf->kafka.embedded)
		return;
	if (c->conf->pipelines[p].redrive.configured) {
		snprintf(path, sizeof(path), "pipelines[%zu].dlq.redrive", p);
		wr_check_report(
		    c, path,
		    "an embedded broker has no transactions, which this needs; expected it "
		    "to be left out");
	}
	if (delivery == NULL || !wr_bytes_equal(delivery->node->text, wr_bytes_of("exactly_once")))
		return;
	snprintf(path, sizeof(path), "pipelines[%zu].delivery", p);
	wr_check_report(c, path,
			"an embedded broker has no transactions; expected `at_least_once`");
}

static void check_pipeline(struct wr_checker *c, const struct wr_tree_node *node, size_t p)
{
	const struct wr_conf_pipeline *pipeline = &c->conf->pipelines[p];

	check_topics(c, pipeline, p);
	check_loops(c, pipeline, p);
	check_stage_names(c, pipeline, p);
	check_retries(c, pipeline, p);
	check_event_id(c, node, pipeline, p);
	check_store(c, pipeline, p);
	check_transactions(c, node, p);
}

/* Two pipelines of one group share the partitions of a topic, so each would see a part of it only. */
static void check_shared_topics(struct wr_checker *c, size_t p, size_t q)
{
	const struct wr_conf_pipeline *pipeline = &c->conf->pipelines[p];
	const struct wr_conf_pipeline *other = &c->conf->pipelines[q];
	char path[PATH_BYTES];
	size_t i;

	for (i = 0; i < pipeline->topics.count; i++) {
		if (!has_topic(other, pipeline->topics.items[i]))
			continue;
		snprintf(path, sizeof(path), "pipelines[%zu].source.topics[%zu]", p, i);
		wr_check_report(c, path,
				"pipelines[%zu] reads `%s` in the same group `%s`, so each would "
				"get a part of the events; expected another `source.group`",
				q, pipeline->topics.items[i], pipeline->group);
	}
}

void wr_check_pipelines(struct wr_checker *c)
{
	const struct wr_conf_pipeline *pipelines = c->conf->pipelines;
	const struct wr_tree_child *list = wr_tree_member(c->root, "pipelines");
	char path[PATH_BYTES];
	size_t p, q;

	for (p = 0; p < c->conf->pipeline_count; p++) {
		check_pipeline(c, list->node->children[p].node, p);
		for (q = 0; q < p; q++) {
			if (same(pipelines[p].name, pipelines[q].name)) {
				snprintf(path, sizeof(path), "pipelines[%zu].name", p);
				wr_check_report(c, path,
						"pipelines[%zu] has the name `%s` already; "
						"expected one of its own",
						q, pipelines[p].name);
			}
			if (same(pipelines[p].group, pipelines[q].group))
				check_shared_topics(c, p, q);
		}
	}
}
