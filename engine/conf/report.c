#include "config.h"

#include "conf/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wr_report_init(struct wr_report *report, const char *file, struct wr_problems *problems)
{
	*report = (struct wr_report){.file = file, .problems = problems, .first = problems->count};
	wr_buf_init(&report->path);
}

void wr_report_fini(struct wr_report *report)
{
	wr_buf_fini(&report->path);
}

static bool is_bare(struct wr_bytes key)
{
	const unsigned char *s = key.data;
	size_t i;

	for (i = 0; i < key.size; i++) {
		if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= 'A' && s[i] <= 'Z') &&
		    !(s[i] >= '0' && s[i] <= '9') && s[i] != '_' && s[i] != '-')
			return false;
	}
	return key.size > 0;
}

size_t wr_report_push_key(struct wr_report *report, struct wr_bytes key)
{
	char quoted[WR_QUOTED_BYTES];
	size_t size = report->path.size;
	enum wr_code rc;

	wr_report_quote(key, quoted);
	if (is_bare(key))
		rc = wr_buf_printf(&report->path, "%s%s", size > 0 ? "." : "", quoted);
	else
		rc = wr_buf_printf(&report->path, "[\"%s\"]", quoted);
	if (rc != WR_OK)
		report->out_of_memory = true;
	return size;
}

size_t wr_report_push_index(struct wr_report *report, size_t index)
{
	size_t size = report->path.size;

	if (wr_buf_printf(&report->path, "[%zu]", index) != WR_OK)
		report->out_of_memory = true;
	return size;
}

void wr_report_pop(struct wr_report *report, size_t size)
{
	report->path.size = size;
}

void wr_report_add(struct wr_report *report, struct wr_conf_mark mark, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	wr_problems_add(report->problems, report->file, mark, wr_buf_text(&report->path), "%s",
			text);
}

bool wr_report_failed(const struct wr_report *report)
{
	return report->out_of_memory || report->problems->count > report->first;
}

/* The whole file before its parts, then by place; what is about no line at all and has no path (the note that
 * some were left out) comes last. */
static int compare(const void *a_, const void *b_)
{
	const struct wr_problem *a = a_, *b = b_;

	if (a->line != b->line) {
		if (a->line == 0 || b->line == 0)
			return a->line == 0 ? 1 : -1;
		return a->line < b->line ? -1 : 1;
	}
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return strcmp(a->path, b->path);
}

void wr_report_sort(struct wr_report *report)
{
	size_t count = report->problems->count;

	if (count > report->first + 1)
		qsort(report->problems->items + report->first, count - report->first,
		      sizeof(*report->problems->items), compare);
}

const char *wr_report_quote(struct wr_bytes text, char out[WR_QUOTED_BYTES])
{
	const unsigned char *s = text.data;
	size_t i, n = 0;

	for (i = 0; i < text.size; i++) {
		/* Room for "\xNN", "..." and the end. Bytes of UTF-8 pass: the reader has checked them. */
		if (n + 8 > WR_QUOTED_BYTES) {
			while (n > 0 && ((unsigned char)out[n - 1] & 0xC0) == 0x80)
				n--;
			if (n > 0 && (unsigned char)out[n - 1] >= 0xC0)
				n--;
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		if (s[i] < 0x20 || s[i] == 0x7F) {
			snprintf(out + n, 5, "\\x%02x", s[i]);
			n += 4;
		} else if (s[i] == 0xC2 && i + 1 < text.size && s[i + 1] < 0xA0) {
			snprintf(out + n, 7, "\\u00%02x", s[++i]); /* C1 controls */
			n += 6;
		} else {
			out[n++] = (char)s[i];
		}
	}
	out[n] = '\0';
	return out;
}
