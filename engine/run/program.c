#include "config.h"

#include "run/program.h"

#include "base/check.h"
#include "core/canary.h"
#include "run/metric_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PROGRAM_MAGIC 0x5752504du

static enum wr_jitter jitter_of(enum wr_conf_jitter jitter)
{
	switch (jitter) {
	case WR_JITTER_NONE:
		return WR_BACKOFF_EXACT;
	case WR_JITTER_EQUAL:
		return WR_BACKOFF_EQUAL;
	case WR_JITTER_FULL:
		return WR_BACKOFF_FULL;
	}
	return WR_BACKOFF_FULL;
}

static void make_guard(struct wr_stage_guard *guard, const struct wr_conf_retry *retry)
{
	/* Half of each wait is certain: a stage that is down is left alone that long. */
	const struct wr_backoff probe = {retry->probe_initial_ms, 2, retry->probe_max_ms,
					 WR_BACKOFF_EQUAL};

	guard->policy = (struct wr_retry_policy){
	    .attempts = (uint32_t)retry->attempts,
	    .deadline_ms = retry->deadline_ms,
	    .backoff = {retry->initial_ms, retry->factor, retry->max_ms, jitter_of(retry->jitter)},
	    .permanent = retry->permanent.items,
	    .permanent_count = retry->permanent.count,
	};
	guard->keeps_order = retry->mode == WR_RETRY_KEY;
	for (size_t i = 0; wr_conf_retry_leaves(retry) && i < retry->tier_count; i++)
		guard->tiers.ms[guard->tiers.count++] = retry->tiers_ms[i];
	wr_retry_budget_init(&guard->budget, retry->budget_ratio, (uint64_t)retry->budget_floor);
	wr_circuit_init(&guard->circuit, (uint32_t)retry->circuit_failures, &probe);
}

static enum wr_code make_guards(struct wr_program *program)
{
	const struct wr_pipeline *pipeline = program->pipeline;

	program->guards = calloc(pipeline->stage_count + 1, sizeof(*program->guards));
	if (program->guards == NULL)
		return WR_ENOMEM;
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		make_guard(&program->guards[i], &pipeline->stages[i].conf->retry);
		program->keeps_order = program->keeps_order || program->guards[i].keeps_order;
	}
	return WR_OK;
}

/* In the lane a wait is the backoff's; in a topic, the topic's. */
static void make_wait_metrics(struct wr_program *program, uint32_t stage)
{
	static const char *const modes[] = {
	    [WR_RETRY_INLINE] = "inline", [WR_RETRY_TOPIC] = "topic", [WR_RETRY_KEY] = "key"};
	const struct wr_stage *s = &program->pipeline->stages[stage];
	const struct wr_tiers *tiers = &program->guards[stage].tiers;
	struct wr_stage_metrics *metrics = &program->stage_metrics[stage];
	char delay[WR_TIER_NAME_BYTES];
	struct wr_metric_label labels[4] = {{"pipeline", program->conf->name},
					    {"stage", s->name},
					    {"mode", modes[WR_RETRY_INLINE]},
					    {"delay", "backoff"}};

	metrics->waits_inline =
	    wr_metrics_cell(program->registry, &wr_family_retry_waits, labels, 4);
	labels[2].value = modes[s->conf->retry.mode];
	labels[3].value = delay;
	for (size_t i = 0; i < tiers->count; i++) {
		wr_tier_name(tiers->ms[i], delay);
		metrics->waits[i] =
		    wr_metrics_cell(program->registry, &wr_family_retry_waits, labels, 4);
	}
}

static enum wr_code make_metrics(struct wr_program *program, uint32_t lane)
{
	char number[16];
	const struct wr_pipeline *pipeline = program->pipeline;
	struct wr_metric_label labels[3] = {{"pipeline", program->conf->name}};

	program->stage_metrics = calloc(pipeline->stage_count + 1, sizeof(*program->stage_metrics));
	if (program->stage_metrics == NULL)
		return WR_ENOMEM;
	snprintf(number, sizeof(number), "%" PRIu32, lane);
	labels[2] = (struct wr_metric_label){"lane", number};
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		labels[1] = (struct wr_metric_label){"stage", pipeline->stages[i].name};
		program->stage_metrics[i].seconds =
		    wr_metrics_histogram(program->registry, &wr_family_stage_seconds, labels, 2);
		program->stage_metrics[i].overruns =
		    wr_metrics_cell(program->registry, &wr_family_stage_overruns, labels, 2);
		program->stage_metrics[i].circuit_openings =
		    wr_metrics_cell(program->registry, &wr_family_circuit_openings, labels, 2);
		program->stage_metrics[i].oldest =
		    wr_metrics_cell(program->registry, &wr_family_oldest_unfinished, labels, 3);
		program->stage_metrics[i].circuit_open =
		    wr_metrics_cell(program->registry, &wr_family_circuit_open, labels, 3);
		program->stage_metrics[i].budget_used =
		    wr_metrics_cell(program->registry, &wr_family_retry_budget_used, labels, 3);
		make_wait_metrics(program, i);
	}
	return WR_OK;
}

static enum wr_code init(struct wr_program *program, const struct wr_program_options *options,
			 struct wr_err *err)
{
	program->outputs = calloc(program->conf->output_count + 1, sizeof(struct wr_sink_topic *));
	if (program->outputs == NULL || make_guards(program) != WR_OK ||
	    make_metrics(program, options->lane) != WR_OK)
		return wr_err_set(err, WR_ENOMEM, "no memory for a lane");
	return wr_instances_create(program->pipeline, options->lane, options->lane_count,
				   program->registry, &program->instances, err);
}

enum wr_code wr_program_create(const struct wr_program_options *options,
			       struct wr_program **program_r, struct wr_err *err)
{
	struct wr_program *program = calloc(1, sizeof(*program));
	enum wr_code rc;

	*program_r = NULL;
	if (program == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a lane");
	program->magic = PROGRAM_MAGIC;
	program->pipeline = options->pipeline;
	program->conf = options->pipeline->conf;
	program->registry = options->metrics;
	atomic_store(&program->share, WR_CANARY_ALL);
	snprintf(program->generation, sizeof(program->generation), "%" PRIu64,
		 options->pipeline->generation);
	rc = init(program, options, err);
	if (rc != WR_OK) {
		wr_program_destroy(program);
		return rc;
	}
	*program_r = program;
	return WR_OK;
}

static void free_metrics(struct wr_program *program)
{
	for (uint32_t i = 0; program->stage_metrics != NULL && i < program->pipeline->stage_count;
	     i++) {
		wr_metrics_retire_histogram(program->registry, program->stage_metrics[i].seconds);
		wr_metrics_retire_cell(program->registry, program->stage_metrics[i].overruns);
		wr_metrics_retire_cell(program->registry,
				       program->stage_metrics[i].circuit_openings);
		wr_metrics_retire_cell(program->registry, program->stage_metrics[i].oldest);
		wr_metrics_retire_cell(program->registry, program->stage_metrics[i].circuit_open);
		wr_metrics_retire_cell(program->registry, program->stage_metrics[i].budget_used);
		wr_metrics_retire_cell(program->registry, program->stage_metrics[i].waits_inline);
		for (size_t j = 0; j < WR_TIERS_MAX; j++)
			wr_metrics_retire_cell(program->registry,
					       program->stage_metrics[i].waits[j]);
	}
	free(program->stage_metrics);
}

void wr_program_destroy(struct wr_program *program)
{
	if (program == NULL)
		return;
	WR_CHECK(program, PROGRAM_MAGIC);
	WR_ASSERT(program->batches == 0);
	wr_instances_destroy(program->instances);
	free_metrics(program);
	free(program->guards);
	free(program->outputs);
	program->magic = 0;
	free(program);
}

static enum wr_code resolve_tiers(struct wr_program *program, struct wr_stage_guard *guard,
				  struct wr_sink *sink, struct wr_err *err)
{
	char topic[WR_TOPIC_BYTES];
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < guard->tiers.count && rc == WR_OK; i++) {
		if (!wr_retry_topic(program->conf->name, guard->tiers.ms[i], topic))
			return wr_err_set(err, WR_EINVAL, "the name of a retry topic is too long");
		rc = sink->ops->topic(sink, topic, &guard->retry_topics[i], err);
	}
	return rc;
}

enum wr_code wr_program_resolve(struct wr_program *program, struct wr_sink *sink,
				struct wr_err *err)
{
	const struct wr_conf_pipeline *conf = program->conf;
	enum wr_code rc = WR_OK;

	WR_CHECK(program, PROGRAM_MAGIC);
	for (size_t i = 0; i < conf->output_count && rc == WR_OK; i++)
		rc = sink->ops->topic(sink, conf->outputs[i].topic, &program->outputs[i], err);
	for (uint32_t i = 0; i < program->pipeline->stage_count && rc == WR_OK; i++)
		rc = resolve_tiers(program, &program->guards[i], sink, err);
	if (rc == WR_OK)
		rc = sink->ops->topic(sink, conf->dlq_topic, &program->dlq, err);
	return rc;
}

bool wr_program_find_stage(const struct wr_program *program, struct wr_bytes name,
			   uint32_t *stage_r)
{
	const struct wr_pipeline *pipeline = program->pipeline;

	*stage_r = 0;
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		if (wr_bytes_equal(wr_bytes_of(pipeline->stages[i].name), name)) {
			*stage_r = i;
			return true;
		}
	}
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		const char *was = pipeline->stages[i].conf->was;

		if (was != NULL && wr_bytes_equal(wr_bytes_of(was), name)) {
			*stage_r = i;
			return true;
		}
	}
	return false;
}
