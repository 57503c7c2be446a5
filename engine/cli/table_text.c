#include "config.h"

#include "cli/table_text.h"
#include "base/check.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <string.h>

void wr_table_init(struct wr_table *table, const char *const *heads)
{
	*table = (struct wr_table){.columns = 0};
	while (heads[table->columns] != NULL)
		table->columns++;
	WR_ASSERT(table->columns <= WR_TABLE_COLUMNS);
	for (size_t i = 0; i < table->columns; i++)
		wr_table_add(table, wr_bytes_of(heads[i]), SIZE_MAX);
}

void wr_table_fini(struct wr_table *table)
{
	wr_buf_fini(&table->cells);
}

/* What a terminal shows of it, roughly: a column a character. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}

void wr_table_add(struct wr_table *table, struct wr_bytes text, size_t max)
{
	size_t start = table->cells.size, width;
	bool is_cut = text.size > max;

	if (is_cut)
		text.size = wr_utf8_cut(text, max);
	if (text.size == 0)
		text = wr_bytes_of("-");
	if (wr_buf_append_printable(&table->cells, text) != WR_OK ||
	    (is_cut && wr_buf_append_text(&table->cells, "...") != WR_OK) ||
	    wr_buf_append(&table->cells, "", 1) != WR_OK) {
		table->cells.size = start;
		table->out_of_memory = true;
		return;
	}
	width = width_of(table->cells.data + start);
	if (width > table->widths[table->count % table->columns])
		table->widths[table->count % table->columns] = width;
	table->count++;
}

void wr_table_printf(struct wr_table *table, const char *format, ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	wr_table_add(table, wr_bytes_of(text), SIZE_MAX);
}

enum wr_code wr_table_print(const struct wr_table *table, FILE *out)
{
	const char *cell = table->cells.data;

	for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1) {
		size_t column = i % table->columns;

		fputs(cell, out);
		if (column + 1 == table->columns)
			fputc('\n', out);
		else
			fprintf(out, "%*s", (int)(table->widths[column] - width_of(cell) + 2), "");
	}
	return table->out_of_memory ? WR_ENOMEM : WR_OK;
}
