#include "config.h"

#include "base/check.h"
#include "base/metrics_impl.h"
#include "base/number.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *kind_name(enum wr_metric_kind kind)
{
	switch (kind) {
	case WR_METRIC_COUNTER:
		return "counter";
	case WR_METRIC_GAUGE:
		return "gauge";
	case WR_METRIC_HISTOGRAM:
		return "histogram";
	}
	return "untyped";
}

/* HELP wants backslash and newline escaped, a label's value the quote too. */
static enum wr_code append_escaped(struct wr_buf *out, const char *text, bool quote)
{
	struct wr_bytes all = wr_bytes_of(text);
	const unsigned char *s = all.data;
	size_t i = 0, length;
	enum wr_code rc = WR_OK;

	while (rc == WR_OK && i < all.size) {
		length = wr_utf8_length(s + i, all.size - i);
		if (length == 0)
			rc = wr_buf_append_text(out, "\xEF\xBF\xBD");
		else if (s[i] == '\n')
			rc = wr_buf_append_text(out, "\\n");
		else if (s[i] == '\\' || (quote && s[i] == '"'))
			rc = wr_buf_printf(out, "\\%c", s[i]);
		else
			rc = wr_buf_append(out, s + i, length);
		i += length > 0 ? length : 1;
	}
	return rc;
}

enum wr_code wr_metrics_print_label(const struct wr_metric_label *label, struct wr_buf *out)
{
	enum wr_code rc;

	if ((rc = wr_buf_printf(out, "%s=\"", label->name)) != WR_OK ||
	    (rc = append_escaped(out, label->value != NULL ? label->value : "", true)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "\"");
}

static enum wr_code append_value(struct wr_buf *out, double value)
{
	enum wr_code rc = wr_buf_append_double(out, value, "NaN", "+Inf", "-Inf");

	return rc == WR_OK ? wr_buf_append_text(out, "\n") : rc;
}

static enum wr_code print_simple(const struct wr_metric_series *series, struct wr_buf *out)
{
	bool labelled = series->labels[0] != '\0';
	enum wr_code rc = wr_buf_printf(out, "%s%s%s%s ", series->family->family.name,
					labelled ? "{" : "", series->labels, labelled ? "}" : "");

	return rc == WR_OK ? append_value(out, wr_metric_series_value(series)) : rc;
}

static enum wr_code print_bucket(const struct wr_metric_series *series, const double *bound,
				 uint64_t count, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_printf(out, "%s_bucket{%s%sle=\"", series->family->family.name,
					series->labels, series->labels[0] != '\0' ? "," : "");

	if (rc != WR_OK)
		return rc;
	if (bound != NULL)
		rc = wr_buf_append_double(out, *bound, "NaN", "+Inf", "-Inf");
	else
		rc = wr_buf_append_text(out, "+Inf");
	return rc == WR_OK ? wr_buf_printf(out, "\"} %" PRIu64 "\n", count) : rc;
}

static enum wr_code print_histogram(const struct wr_metric_series *series, struct wr_buf *out)
{
	const struct wr_metric_family *family = &series->family->family;
	const char *open = series->labels[0] != '\0' ? "{" : "", *close = *open != '\0' ? "}" : "";
	uint64_t *counts = calloc(family->bucket_count + 1, sizeof(*counts)), total = 0;
	enum wr_code rc = WR_OK;
	double sum;
	size_t i;

	if (counts == NULL)
		return WR_ENOMEM;
	wr_metric_series_sum(series, counts, &sum);
	for (i = 0; rc == WR_OK && i <= family->bucket_count; i++) {
		total += counts[i];
		rc = print_bucket(series, i < family->bucket_count ? &family->buckets[i] : NULL,
				  total, out);
	}
	if (rc == WR_OK)
		rc = wr_buf_printf(out, "%s_sum%s%s%s ", family->name, open, series->labels, close);
	if (rc == WR_OK)
		rc = append_value(out, sum);
	if (rc == WR_OK)
		rc = wr_buf_printf(out, "%s_count%s%s%s %" PRIu64 "\n", family->name, open,
				   series->labels, close, total);
	free(counts);
	return rc;
}

static enum wr_code print_family(const struct wr_metric_family_entry *entry, struct wr_buf *out)
{
	const struct wr_metric_series *series;
	enum wr_code rc;

	if (entry->series == NULL)
		return WR_OK;
	if ((rc = wr_buf_printf(out, "# HELP %s ", entry->family.name)) != WR_OK ||
	    (rc = append_escaped(out, entry->family.help, false)) != WR_OK ||
	    (rc = wr_buf_printf(out, "\n# TYPE %s %s\n", entry->family.name,
				kind_name(entry->family.kind))) != WR_OK)
		return rc;
	for (series = entry->series; rc == WR_OK && series != NULL; series = series->next) {
		if (entry->family.kind == WR_METRIC_HISTOGRAM)
			rc = print_histogram(series, out);
		else
			rc = print_simple(series, out);
	}
	return rc;
}

enum wr_code wr_metrics_print(const struct wr_metric_family_entry *families, struct wr_buf *out)
{
	enum wr_code rc = WR_OK;

	for (; rc == WR_OK && families != NULL; families = families->next)
		rc = print_family(families, out);
	return rc;
}
