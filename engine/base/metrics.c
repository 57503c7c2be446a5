#include "config.h"

#include "base/metrics.h"
#include "base/check.h"
#include "base/metrics_impl.h"

#include <stdlib.h>
#include <string.h>

#define METRICS_MAGIC UINT32_C(0x4D455452)
#define LABELS_MAX 16

struct collector {
	struct collector *next;
	void (*collect)(void *arg);
	void *arg;
};

struct wr_metrics {
	uint32_t magic;
	struct wr_lock lock;
	struct wr_metric_family_entry *families; /* by name [lock] */
	struct collector *collectors;            /* [lock] */
	unsigned collecting;                     /* reads that run collectors now [lock] */
	pthread_cond_t collected;
};

enum wr_code wr_metrics_create(struct wr_metrics **metrics_r)
{
	struct wr_metrics *metrics;

	*metrics_r = NULL;
	metrics = calloc(1, sizeof(*metrics));
	if (metrics == NULL)
		return WR_ENOMEM;
	wr_lock_init(&metrics->lock);
	pthread_cond_init(&metrics->collected, NULL);
	metrics->magic = METRICS_MAGIC;
	*metrics_r = metrics;
	return WR_OK;
}

static void free_series(struct wr_metric_series *series)
{
	struct wr_metric_cell *cell;
	struct wr_metric_histogram *histogram;

	while ((cell = series->cells) != NULL) {
		series->cells = cell->next;
		free(cell);
	}
	while ((histogram = series->histograms) != NULL) {
		series->histograms = histogram->next;
		free(histogram);
	}
	free(series->retired_counts);
	free(series->labels);
	free(series);
}

static void free_family(struct wr_metric_family_entry *entry)
{
	struct wr_metric_series *series;

	while ((series = entry->series) != NULL) {
		entry->series = series->next;
		free_series(series);
	}
	free((char *)(uintptr_t)entry->family.name);
	free((char *)(uintptr_t)entry->family.help);
	free((double *)(uintptr_t)entry->family.buckets);
	free(entry);
}

void wr_metrics_destroy(struct wr_metrics *metrics)
{
	struct wr_metric_family_entry *entry;
	struct collector *collector;

	if (metrics == NULL)
		return;
	WR_CHECK(metrics, METRICS_MAGIC);
	while ((entry = metrics->families) != NULL) {
		metrics->families = entry->next;
		free_family(entry);
	}
	while ((collector = metrics->collectors) != NULL) {
		metrics->collectors = collector->next;
		free(collector);
	}
	wr_lock_fini(&metrics->lock);
	pthread_cond_destroy(&metrics->collected);
	metrics->magic = 0;
	free(metrics);
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static bool is_name(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++) {
		if (!is_name_char(name[i], i == 0))
			return false;
	}
	return i > 0;
}

static struct wr_metric_family_entry *copy_family(const struct wr_metric_family *family)
{
	struct wr_metric_family_entry *entry = calloc(1, sizeof(*entry));
	double *buckets = NULL;

	if (entry == NULL)
		return NULL;
	entry->family = *family;
	entry->family.name = strdup(family->name);
	entry->family.help = strdup(family->help);
	if (family->bucket_count > 0) {
		buckets = malloc(family->bucket_count * sizeof(*buckets));
		if (buckets != NULL)
			memcpy(buckets, family->buckets, family->bucket_count * sizeof(*buckets));
	}
	entry->family.buckets = buckets;
	if (entry->family.name != NULL && entry->family.help != NULL &&
	    (buckets != NULL || family->bucket_count == 0))
		return entry;
	free_family(entry);
	return NULL;
}

static bool is_same_family(const struct wr_metric_family *a, const struct wr_metric_family *b)
{
	return a->kind == b->kind && a->bucket_count == b->bucket_count &&
	       (a->bucket_count == 0 ||
		memcmp(a->buckets, b->buckets, a->bucket_count * sizeof(*a->buckets)) == 0);
}

static struct wr_metric_family_entry *family_locked(struct wr_metrics *metrics,
						    const struct wr_metric_family *family)
{
	struct wr_metric_family_entry **link_p = &metrics->families, *entry;
	int order = 1;

	wr_lock_assert_held(&metrics->lock);
	for (; *link_p != NULL; link_p = &(*link_p)->next) {
		order = strcmp((*link_p)->family.name, family->name);
		if (order >= 0)
			break;
	}
	if (*link_p != NULL && order == 0)
		return is_same_family(&(*link_p)->family, family) ? *link_p : NULL;
	entry = copy_family(family);
	if (entry == NULL)
		return NULL;
	entry->next = *link_p;
	*link_p = entry;
	return entry;
}

static int compare_labels(const void *a, const void *b)
{
	const struct wr_metric_label *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* The labels as they are printed: the identity of a series, so their order must not matter. */
static enum wr_code print_labels(const struct wr_metric_label *labels, size_t label_count,
				 struct wr_buf *out)
{
	struct wr_metric_label sorted[LABELS_MAX];
	enum wr_code rc;
	size_t i;

	if (label_count > LABELS_MAX)
		return WR_EINVAL;
	if (label_count > 0) {
		memcpy(sorted, labels, label_count * sizeof(*labels));
		qsort(sorted, label_count, sizeof(*sorted), compare_labels);
	}
	for (i = 0; i < label_count; i++) {
		if (!is_name(sorted[i].name) ||
		    (i > 0 && compare_labels(&sorted[i - 1], &sorted[i]) == 0))
			return WR_EINVAL;
		if ((i > 0 && (rc = wr_buf_append_text(out, ",")) != WR_OK) ||
		    (rc = wr_metrics_print_label(&sorted[i], out)) != WR_OK)
			return rc;
	}
	return wr_buf_text(out) != NULL ? WR_OK : WR_ENOMEM;
}

static struct wr_metric_series *
series_locked(struct wr_metrics *metrics, const struct wr_metric_family *family, const char *labels)
{
	struct wr_metric_family_entry *entry = family_locked(metrics, family);
	struct wr_metric_series **link_p, *series;

	if (entry == NULL)
		return NULL;
	for (link_p = &entry->series; *link_p != NULL; link_p = &(*link_p)->next) {
		if (strcmp((*link_p)->labels, labels) == 0)
			return *link_p;
	}
	series = calloc(1, sizeof(*series));
	if (series == NULL)
		return NULL;
	series->family = entry;
	series->labels = strdup(labels);
	if (family->kind == WR_METRIC_HISTOGRAM)
		series->retired_counts = calloc(family->bucket_count + 1, sizeof(uint64_t));
	if (series->labels == NULL ||
	    (family->kind == WR_METRIC_HISTOGRAM && series->retired_counts == NULL)) {
		free_series(series);
		return NULL;
	}
	*link_p = series;
	return series;
}

/* Finds or makes the series and runs `attach` on it under the lock. */
static bool attach_to_series(struct wr_metrics *metrics, const struct wr_metric_family *family,
			     const struct wr_metric_label *labels, size_t label_count,
			     void (*attach)(struct wr_metric_series *series, void *cell),
			     void *cell)
{
	struct wr_buf text = WR_BUF_INIT;
	struct wr_metric_series *series = NULL;

	WR_CHECK(metrics, METRICS_MAGIC);
	if (cell != NULL && is_name(family->name) &&
	    print_labels(labels, label_count, &text) == WR_OK) {
		wr_lock_take(&metrics->lock);
		series = series_locked(metrics, family, text.data);
		if (series != NULL)
			attach(series, cell);
		wr_lock_release(&metrics->lock);
	}
	wr_buf_fini(&text);
	return series != NULL;
}

static void attach_cell(struct wr_metric_series *series, void *arg)
{
	struct wr_metric_cell *cell = arg;

	cell->series = series;
	cell->next = series->cells;
	series->cells = cell;
}

static void attach_histogram(struct wr_metric_series *series, void *arg)
{
	struct wr_metric_histogram *histogram = arg;

	histogram->series = series;
	histogram->buckets = series->family->family.buckets;
	histogram->next = series->histograms;
	series->histograms = histogram;
}

static void *alloc_lines(size_t size)
{
	size_t rounded = (size + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, rounded);

	if (memory != NULL)
		memset(memory, 0, rounded);
	return memory;
}

struct wr_metric_cell *wr_metrics_cell(struct wr_metrics *metrics,
				       const struct wr_metric_family *family,
				       const struct wr_metric_label *labels, size_t label_count)
{
	struct wr_metric_cell *cell = alloc_lines(sizeof(*cell));

	WR_ASSERT(family->kind != WR_METRIC_HISTOGRAM);
	if (attach_to_series(metrics, family, labels, label_count, attach_cell, cell))
		return cell;
	free(cell);
	return NULL;
}

struct wr_metric_histogram *wr_metrics_histogram(struct wr_metrics *metrics,
						 const struct wr_metric_family *family,
						 const struct wr_metric_label *labels,
						 size_t label_count)
{
	struct wr_metric_histogram *histogram =
	    alloc_lines(sizeof(*histogram) + (family->bucket_count + 1) * sizeof(uint64_t));

	WR_ASSERT(family->kind == WR_METRIC_HISTOGRAM);
	if (histogram != NULL)
		histogram->bucket_count = family->bucket_count;
	if (attach_to_series(metrics, family, labels, label_count, attach_histogram, histogram))
		return histogram;
	free(histogram);
	return NULL;
}

/* A gauge without cells is not there any more; a counter goes on from where it was. */
static void drop_if_gone(struct wr_metric_series *series)
{
	struct wr_metric_series **link_p = &series->family->series;

	if (series->family->family.kind != WR_METRIC_GAUGE || series->cells != NULL)
		return;
	while (*link_p != series)
		link_p = &(*link_p)->next;
	*link_p = series->next;
	free_series(series);
}

void wr_metrics_retire_cell(struct wr_metrics *metrics, struct wr_metric_cell *cell)
{
	struct wr_metric_cell **link_p;

	if (cell == NULL)
		return;
	WR_CHECK(metrics, METRICS_MAGIC);
	wr_lock_take(&metrics->lock);
	for (link_p = &cell->series->cells; *link_p != cell; link_p = &(*link_p)->next)
		WR_ASSERT(*link_p != NULL);
	*link_p = cell->next;
	cell->series->retired_value += wr_metric_get(cell);
	drop_if_gone(cell->series);
	wr_lock_release(&metrics->lock);
	free(cell);
}

void wr_metrics_retire_histogram(struct wr_metrics *metrics, struct wr_metric_histogram *histogram)
{
	struct wr_metric_histogram **link_p;
	struct wr_metric_series *series;
	size_t i;

	if (histogram == NULL)
		return;
	WR_CHECK(metrics, METRICS_MAGIC);
	series = histogram->series;
	wr_lock_take(&metrics->lock);
	for (link_p = &series->histograms; *link_p != histogram; link_p = &(*link_p)->next)
		WR_ASSERT(*link_p != NULL);
	*link_p = histogram->next;
	series->retired_value += atomic_load(&histogram->sum);
	for (i = 0; i <= histogram->bucket_count; i++)
		series->retired_counts[i] += atomic_load(&histogram->counts[i]);
	wr_lock_release(&metrics->lock);
	free(histogram);
}

static void add_double(_Atomic double *target, double delta)
{
	double old = atomic_load_explicit(target, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(target, &old, old + delta,
						      memory_order_relaxed, memory_order_relaxed))
		;
}

void wr_metric_add(struct wr_metric_cell *cell, double delta)
{
	if (cell != NULL)
		add_double(&cell->value, delta);
}

void wr_metric_set(struct wr_metric_cell *cell, double value)
{
	if (cell != NULL)
		atomic_store_explicit(&cell->value, value, memory_order_relaxed);
}

double wr_metric_get(const struct wr_metric_cell *cell)
{
	return cell != NULL ? atomic_load_explicit(&cell->value, memory_order_relaxed) : 0;
}

void wr_metric_observe(struct wr_metric_histogram *histogram, double value, uint64_t times)
{
	size_t i = 0;

	if (histogram == NULL || times == 0)
		return;
	while (i < histogram->bucket_count && !(value <= histogram->buckets[i]))
		i++;
	atomic_fetch_add_explicit(&histogram->counts[i], times, memory_order_relaxed);
	add_double(&histogram->sum, value * (double)times);
}

double wr_metric_series_value(const struct wr_metric_series *series)
{
	const struct wr_metric_cell *cell;
	double value = series->family->family.kind == WR_METRIC_COUNTER ? series->retired_value : 0;

	for (cell = series->cells; cell != NULL; cell = cell->next)
		value += wr_metric_get(cell);
	return value;
}

void wr_metric_series_sum(const struct wr_metric_series *series, uint64_t *counts, double *sum_r)
{
	const struct wr_metric_histogram *histogram;
	size_t bucket_count = series->family->family.bucket_count, i;

	*sum_r = series->retired_value;
	memcpy(counts, series->retired_counts, (bucket_count + 1) * sizeof(*counts));
	for (histogram = series->histograms; histogram != NULL; histogram = histogram->next) {
		*sum_r += atomic_load_explicit(&histogram->sum, memory_order_relaxed);
		for (i = 0; i <= bucket_count; i++)
			counts[i] +=
			    atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
	}
}

enum wr_code wr_metrics_add_collector(struct wr_metrics *metrics, void (*collect)(void *arg),
				      void *arg)
{
	struct collector *collector = malloc(sizeof(*collector));

	WR_CHECK(metrics, METRICS_MAGIC);
	if (collector == NULL)
		return WR_ENOMEM;
	wr_lock_take(&metrics->lock);
	*collector = (struct collector){metrics->collectors, collect, arg};
	metrics->collectors = collector;
	wr_lock_release(&metrics->lock);
	return WR_OK;
}

void wr_metrics_remove_collector(struct wr_metrics *metrics, void (*collect)(void *arg), void *arg)
{
	struct collector **link_p, *found = NULL;

	WR_CHECK(metrics, METRICS_MAGIC);
	wr_lock_take(&metrics->lock);
	for (link_p = &metrics->collectors; *link_p != NULL; link_p = &(*link_p)->next) {
		if ((*link_p)->collect == collect && (*link_p)->arg == arg) {
			found = *link_p;
			*link_p = found->next;
			break;
		}
	}
	while (metrics->collecting > 0) /* one of them may be in it */
		wr_lock_wait(&metrics->lock, &metrics->collected);
	wr_lock_release(&metrics->lock);
	free(found);
}

/* Runs the collectors, without the lock, on a copy of their list. */
static enum wr_code run_collectors(struct wr_metrics *metrics)
{
	struct collector *copy = NULL, *collector;
	size_t count = 0, i;

	wr_lock_take(&metrics->lock);
	for (collector = metrics->collectors; collector != NULL; collector = collector->next)
		count++;
	if (count > 0) {
		copy = malloc(count * sizeof(*copy));
		if (copy == NULL) {
			wr_lock_release(&metrics->lock);
			return WR_ENOMEM;
		}
		for (collector = metrics->collectors, i = 0; i < count; collector = collector->next)
			copy[i++] = *collector;
	}
	metrics->collecting++;
	wr_lock_release(&metrics->lock);
	for (i = 0; i < count; i++)
		copy[i].collect(copy[i].arg);
	wr_lock_take(&metrics->lock);
	metrics->collecting--;
	pthread_cond_broadcast(&metrics->collected);
	wr_lock_release(&metrics->lock);
	free(copy);
	return WR_OK;
}

enum wr_code wr_metrics_render(struct wr_metrics *metrics, struct wr_buf *out)
{
	enum wr_code rc;

	WR_CHECK(metrics, METRICS_MAGIC);
	rc = run_collectors(metrics);
	if (rc != WR_OK)
		return rc;
	wr_lock_take(&metrics->lock);
	rc = wr_metrics_print(metrics->families, out);
	wr_lock_release(&metrics->lock);
	return rc;
}
