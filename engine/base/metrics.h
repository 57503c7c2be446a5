/*
 * Counters, gauges and histograms, and their Prometheus text. It knows no metric by name: the engine's own
 * stand in the table of run/metric_table.h.
 *
 * Each registration returns a cell of its own, so that a thread counts without contention; cells of the same
 * family and labels are added up when they are read. Registering and reading lock; counting does not.
 */
#ifndef WR_BASE_METRICS_H
#define WR_BASE_METRICS_H

#include "base/buf.h"
#include "base/code.h"
#include "base/err.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct wr_metrics; /* a registry */

enum wr_metric_kind { WR_METRIC_COUNTER, WR_METRIC_GAUGE, WR_METRIC_HISTOGRAM };

/* What a family is: shared by all its cells, copied at the first registration. Names and units by Prometheus'
 * conventions. */
struct wr_metric_family {
	const char *name;
	const char *help;
	enum wr_metric_kind kind;
	const double *buckets; /* histogram: ascending upper bounds, without +Inf */
	size_t bucket_count;
};

struct wr_metric_label {
	const char *name;
	const char *value;
};

struct wr_metric_cell; /* of a counter or a gauge */
struct wr_metric_histogram;

enum wr_code wr_metrics_create(struct wr_metrics **metrics_r);
void wr_metrics_destroy(struct wr_metrics *metrics); /* and all its cells */

/* Registers a cell; labels are copied, their order does not matter, a NULL value is "". Families of one name are the
 * same family and must agree in kind and buckets; the first one's help is printed. Returns NULL without memory, when
 * the families disagree, for a name that Prometheus would refuse, and for a label named twice or more than 16 of them:
 * counting on NULL does nothing. Freed by retire or with the registry. [any] */
struct wr_metric_cell *wr_metrics_cell(struct wr_metrics *metrics,
				       const struct wr_metric_family *family,
				       const struct wr_metric_label *labels, size_t label_count);
struct wr_metric_histogram *wr_metrics_histogram(struct wr_metrics *metrics,
						 const struct wr_metric_family *family,
						 const struct wr_metric_label *labels,
						 size_t label_count);

/* Takes a cell out (its owner is going) and frees it; NULL does nothing. What counters and histograms counted stays
 * in the sum, a gauge's value does not. [any] */
void wr_metrics_retire_cell(struct wr_metrics *metrics, struct wr_metric_cell *cell);
void wr_metrics_retire_histogram(struct wr_metrics *metrics, struct wr_metric_histogram *histogram);

/* Lock-free; on NULL they do nothing. [any] */
void wr_metric_add(struct wr_metric_cell *cell, double delta);
void wr_metric_set(struct wr_metric_cell *cell, double value);
double wr_metric_get(const struct wr_metric_cell *cell);

/* Counts `value` `times` times over. */
void wr_metric_observe(struct wr_metric_histogram *histogram, double value, uint64_t times);

/* Called at each read, before the text is made: a place to set gauges that are computed. Runs without the
 * registry's lock, on the reading thread, maybe on two at once. It must not remove collectors. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_metrics_add_collector(struct wr_metrics *metrics, void (*collect)(void *arg),
				      void *arg);

/* Once it returns, the collector does not run any more. [any] */
void wr_metrics_remove_collector(struct wr_metrics *metrics, void (*collect)(void *arg), void *arg);

/* Appends the text exposition format 0.0.4: HELP, TYPE and samples, families by name. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_metrics_render(struct wr_metrics *metrics, struct wr_buf *out);

#endif
