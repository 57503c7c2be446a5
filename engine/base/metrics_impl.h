/*
 * Inside base's metrics: the registry as metrics.c keeps it and metrics_text.c prints it.
 */
#ifndef WR_BASE_METRICS_IMPL_H
#define WR_BASE_METRICS_IMPL_H

#include "base/lock.h"
#include "base/metrics.h"

struct wr_metric_series;

/* Cells have a cache line of their own, so that two threads never count on the same one. */
struct wr_metric_cell {
	_Alignas(64) _Atomic double value;
	struct wr_metric_series *series;
	struct wr_metric_cell *next; /* [registry lock] */
};

struct wr_metric_histogram {
	_Alignas(64) _Atomic double sum;
	struct wr_metric_series *series;
	struct wr_metric_histogram *next; /* [registry lock] */
	const double *buckets;            /* the family's */
	size_t bucket_count;
	_Atomic uint64_t counts[]; /* of each bucket alone, the last is +Inf */
};

struct wr_metric_family_entry;

/* The cells of one family with the same labels. */
struct wr_metric_series {
	struct wr_metric_series *next;
	struct wr_metric_family_entry *family;
	char *labels; /* as they are printed, without braces; "" without labels */
	struct wr_metric_cell *cells;
	struct wr_metric_histogram *histograms;
	double retired_value; /* of counters that are gone; a histogram's sum */
	uint64_t *retired_counts;
};

struct wr_metric_family_entry {
	struct wr_metric_family_entry *next; /* by name */
	struct wr_metric_family family;      /* a copy */
	struct wr_metric_series *series;     /* in the order of registration */
};

/* The sums of a histogram series, as they are printed. [registry lock] */
void wr_metric_series_sum(const struct wr_metric_series *series, uint64_t *counts, double *sum_r);
double wr_metric_series_value(const struct wr_metric_series *series);

/* The text of all families. [registry lock] */
enum wr_code wr_metrics_print(const struct wr_metric_family_entry *families, struct wr_buf *out);

/* `name="value"` with the value escaped; bytes that are not UTF-8 become U+FFFD. */
enum wr_code wr_metrics_print_label(const struct wr_metric_label *label, struct wr_buf *out);

#endif
