/* Making and unmaking a lane. */
#include "config.h"

#include "run/lane_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* One batch more than the window: it fills while the others are in flight. */
static enum wr_code make_batches(struct wr_lane *lane)
{
	struct wr_batch *batch;

	if (wr_retry_queue_init(&lane->parked, 0) != WR_OK || !wr_lane_reserve(lane, lane->conf))
		return WR_ENOMEM;
	for (int i = 0; i <= lane->conf->batch.in_flight; i++) {
		if (wr_batch_create((uint32_t)lane->conf->batch.max_events, &batch) != WR_OK)
			return WR_ENOMEM;
		batch->next = lane->free_batches;
		lane->free_batches = batch;
		lane->batch_count++;
	}
	return wr_key_waits_init(&lane->waits);
}

static void make_metrics(struct wr_lane *lane)
{
	struct wr_metrics *registry = lane->o.metrics;
	struct wr_metric_label labels[2] = {{"pipeline", lane->conf->name}};

	wr_lane_metrics_init(&lane->metrics, registry, lane->conf->name, lane->label);
	lane->claim_seconds = wr_metrics_histogram(registry, &wr_family_claim_seconds, labels, 1);
	for (int i = WR_OUTCOME_PROCESSED; i < WR_OUTCOME_COUNT; i++) {
		labels[1] =
		    (struct wr_metric_label){"outcome", wr_outcome_name((enum wr_outcome)i)};
		lane->outcomes[i] = wr_metrics_cell(registry, &wr_family_events, labels, 2);
	}
	for (int i = 0; i < WR_CLASS_COUNT; i++) {
		labels[1] = (struct wr_metric_label){"class", wr_class_name((enum wr_class)i)};
		lane->dead_letters[i] =
		    wr_metrics_cell(registry, &wr_family_dead_letters, labels, 2);
	}
}

static void make_memory_metrics(struct wr_lane *lane)
{
	struct wr_metric_label labels[3] = {{"pipeline", lane->conf->name}, {"lane", lane->label}};

	for (int i = 0; i < WR_MEMORY_COUNT; i++) {
		labels[2] =
		    (struct wr_metric_label){"part", wr_memory_part_name((enum wr_memory_part)i)};
		lane->memory_used[i] =
		    wr_metrics_cell(lane->o.metrics, &wr_family_memory_used, labels, 3);
		lane->memory_budget[i] =
		    wr_metrics_cell(lane->o.metrics, &wr_family_memory_budget, labels, 3);
	}
}

static void make_more_metrics(struct wr_lane *lane)
{
	struct wr_metrics *registry = lane->o.metrics;
	struct wr_metric_label labels[2] = {{"pipeline", lane->conf->name}};

	for (int i = 0; i < WR_REWIND_COUNT; i++) {
		labels[1] = (struct wr_metric_label){"reason", wr_rewind_name((enum wr_rewind)i)};
		lane->rewinds[i] = wr_metrics_cell(registry, &wr_family_rewinds, labels, 2);
	}
	make_memory_metrics(lane);
	for (int i = 0; lane->txn.used && i < WR_TXN_RESULT_COUNT; i++) {
		labels[1] =
		    (struct wr_metric_label){"result", wr_txn_result_name((enum wr_txn_result)i)};
		lane->transactions[i] =
		    wr_metrics_cell(registry, &wr_family_transactions, labels, 2);
	}
}

static enum wr_code make_sink(struct wr_lane *lane, struct wr_err *err)
{
	const struct wr_lane_adapters *adapters = lane->o.adapters;
	enum wr_code rc = adapters->sink(adapters->arg, lane, lane->wake_fd, wr_lane_write_done,
					 lane, &lane->sink, err);

	if (rc != WR_OK || wr_lane_resolve_programs(lane, err))
		return rc;
	lane->sink->ops->destroy(lane->sink);
	lane->sink = NULL;
	return WR_EINVAL;
}

bool wr_lane_rebuild_sink(struct wr_lane *lane)
{
	static const char failure[] = "the producer can't be made anew";
	struct wr_err err;

	if (lane->sink != NULL)
		lane->sink->ops->destroy(lane->sink);
	lane->sink = NULL;
	if (make_sink(lane, &err) == WR_OK) {
		wr_lane_condition(lane, "producer", true, NULL);
		return true;
	}
	wr_lane_condition(lane, "producer", false, failure);
	WR_LOG(WR_LOG_ERROR, failure, WR_STR("pipeline", lane->conf->name),
	       WR_STR("reason", err.text));
	return false;
}

static enum wr_code make_adapters(struct wr_lane *lane, struct wr_err *err)
{
	const struct wr_lane_adapters *adapters = lane->o.adapters;
	enum wr_code rc = make_sink(lane, err);

	if (rc == WR_OK)
		rc = adapters->store(adapters->arg, lane, &lane->store, err);
	if (rc == WR_OK)
		rc = adapters->source(adapters->arg, lane, lane->wake_fd, &lane->source, err);
	return rc;
}

static enum wr_code make_program(struct wr_lane *lane, const struct wr_lane_options *options,
				 struct wr_err *err)
{
	const struct wr_program_options program = {
	    .pipeline = options->pipeline,
	    .lane = options->number,
	    .lane_count = options->lane_count,
	    .metrics = options->metrics,
	};

	enum wr_code rc = wr_program_create(&program, &lane->program, err);

	lane->programs = lane->program;
	if (rc == WR_OK)
		atomic_store(&lane->program->state, WR_PROGRAM_CURRENT);
	return rc;
}

static enum wr_code init(struct wr_lane *lane, const struct wr_lane_options *options,
			 struct wr_err *err)
{
	enum wr_code rc;

	lane->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (lane->wake_fd < 0)
		return wr_err_set(err, WR_EIO, "no descriptor left for a lane");
	make_metrics(lane);
	make_more_metrics(lane);
	if (make_batches(lane) != WR_OK || wr_json_reader_create(&lane->json.reader) != WR_OK)
		return wr_err_set(err, WR_ENOMEM, "no memory for a lane");
	if (options->board != NULL) {
		lane->board =
		    wr_board_join(options->board, lane->conf->name, options->number, lane->wake_fd);
		if (lane->board == NULL)
			return wr_err_set(err, WR_ENOMEM, "no memory for a lane");
	}
	rc = make_program(lane, options, err);
	return rc == WR_OK ? make_adapters(lane, err) : rc;
}

enum wr_code wr_lane_create(const struct wr_lane_options *options, struct wr_lane **lane_r,
			    struct wr_err *err)
{
	struct wr_lane *lane = calloc(1, sizeof(*lane));
	enum wr_code rc;

	*lane_r = NULL;
	if (lane == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a lane");
	lane->magic = WR_LANE_MAGIC;
	lane->o = *options;
	lane->conf = options->pipeline->conf;
	lane->wake_fd = -1;
	lane->clean = true;
	lane->store_was_up = true;
	if (options->adapters->budget != NULL)
		lane->budget = options->adapters->budget(options->adapters->arg);
	lane->held_until_ns = INT64_MAX;
	lane->txn.used = lane->conf->delivery == WR_EXACTLY_ONCE;
	wr_mark_query_init(&lane->placing.query);
	wr_rng_init(&lane->rng, options->seed);
	snprintf(lane->label, sizeof(lane->label), "%" PRIu32, options->number);
	snprintf(lane->component, sizeof(lane->component), "pipeline/%.100s/lane/%" PRIu32,
		 lane->conf->name, options->number);
	rc = init(lane, options, err);
	if (rc != WR_OK) {
		wr_lane_destroy(lane);
		return rc;
	}
	wr_metric_set(lane->metrics.store_up, 1);
	*lane_r = lane;
	return WR_OK;
}

static void free_batches(struct wr_lane *lane)
{
	struct wr_batch *batch;

	while ((batch = lane->free_batches) != NULL) {
		lane->free_batches = batch->next;
		wr_batch_destroy(batch);
	}
	free(lane->window);
	free(lane->records);
	free(lane->work);
	free(lane->asked);
	free(lane->group);
}

static void free_metrics(struct wr_lane *lane)
{
	struct wr_metrics *registry = lane->o.metrics;

	wr_lane_metrics_fini(&lane->metrics, registry);
	wr_metrics_retire_histogram(registry, lane->claim_seconds);
	for (int i = WR_OUTCOME_PROCESSED; i < WR_OUTCOME_COUNT; i++)
		wr_metrics_retire_cell(registry, lane->outcomes[i]);
	for (int i = 0; i < WR_CLASS_COUNT; i++)
		wr_metrics_retire_cell(registry, lane->dead_letters[i]);
	for (int i = 0; i < WR_REWIND_COUNT; i++)
		wr_metrics_retire_cell(registry, lane->rewinds[i]);
	for (int i = 0; i < WR_MEMORY_COUNT; i++) {
		wr_metrics_retire_cell(registry, lane->memory_used[i]);
		wr_metrics_retire_cell(registry, lane->memory_budget[i]);
	}
	for (int i = 0; i < WR_TXN_RESULT_COUNT; i++)
		wr_metrics_retire_cell(registry, lane->transactions[i]);
}

void wr_lane_destroy(struct wr_lane *lane)
{
	if (lane == NULL)
		return;
	WR_CHECK(lane, WR_LANE_MAGIC);
	WR_ASSERT(!lane->started);
	wr_board_leave(lane->board);
	wr_lane_close_adapters(lane, 0);
	wr_lane_clear_conditions(lane);
	wr_lane_destroy_programs(lane);
	wr_retry_queue_fini(&lane->parked);
	wr_key_waits_fini(&lane->waits);
	free_batches(lane);
	free_metrics(lane);
	wr_json_reader_destroy(lane->json.reader);
	free(lane->commits);
	free(lane->shown);
	free(lane->commit_metadata);
	free(lane->placing.fields);
	free(lane->placing.commits);
	free(lane->placing.query.texts);
	wr_mark_query_fini(&lane->placing.query);
	if (lane->wake_fd >= 0)
		close(lane->wake_fd);
	lane->magic = 0;
	free(lane);
}
