#include "config.h"

#include "cli/text_table.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wr_text_table_init(struct wr_text_table *table, const char *align)
{
	*table = (struct wr_text_table){.align = align, .columns = strlen(align)};
	WR_ASSERT(table->columns > 0 && table->columns <= WR_TEXT_TABLE_COLUMNS_MAX);
}

void wr_text_table_fini(struct wr_text_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct wr_text_table){.align = NULL};
}

void wr_text_table_add(struct wr_text_table *table, struct wr_bytes text)
{
	size_t capacity = table->capacity == 0 ? 64 : table->capacity * 2;
	struct wr_buf shown = WR_BUF_INIT;
	char **cells;

	if (table->count == table->capacity) {
		cells = realloc(table->cells, capacity * sizeof(*cells));
		if (cells == NULL)
			return;
		table->cells = cells;
		table->capacity = capacity;
	}
	table->cells[table->count] = NULL;
	if (wr_buf_append_printable(&shown, text.data != NULL ? text : wr_bytes_of("-")) == WR_OK &&
	    wr_buf_text(&shown) != NULL)
		table->cells[table->count] = strdup(shown.data);
	table->count++;
	wr_buf_fini(&shown);
}

void wr_text_table_addf(struct wr_text_table *table, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	wr_text_table_add(table, wr_bytes_of(text));
}

void wr_text_table_add_number(struct wr_text_table *table, int64_t number)
{
	if (number < 0)
		wr_text_table_add(table, wr_bytes(NULL, 0));
	else
		wr_text_table_addf(table, "%" PRId64, number);
}

void wr_text_table_head(struct wr_text_table *table, const char *const *titles)
{
	for (size_t i = 0; i < table->columns; i++)
		wr_text_table_add(table, wr_bytes_of(titles[i]));
}

static const char *cell_of(const struct wr_text_table *table, size_t i)
{
	return table->cells[i] != NULL ? table->cells[i] : "";
}

/* How many places a text takes: its characters, not its bytes. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}

static enum wr_code render_row(const struct wr_text_table *table, size_t first,
			       const size_t *widths, struct wr_buf *out)
{
	enum wr_code rc = WR_OK;

	for (size_t c = 0; c < table->columns && first + c < table->count && rc == WR_OK; c++) {
		const char *text = cell_of(table, first + c);
		int fill = (int)(widths[c] - width_of(text));

		if (c > 0)
			rc = wr_buf_append_text(out, "  ");
		if (rc == WR_OK && table->align[c] == 'r')
			rc = wr_buf_printf(out, "%*s", fill, "");
		if (rc == WR_OK)
			rc = wr_buf_append_text(out, text);
		if (rc == WR_OK && table->align[c] == 'l')
			rc = wr_buf_printf(out, "%*s", fill, "");
	}
	while (out->size > 0 && out->data[out->size - 1] == ' ')
		out->size--;
	return rc == WR_OK ? wr_buf_append_text(out, "\n") : rc;
}

enum wr_code wr_text_table_render(const struct wr_text_table *table, struct wr_buf *out)
{
	size_t widths[WR_TEXT_TABLE_COLUMNS_MAX] = {0}, width;
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < table->count; i++) {
		width = width_of(cell_of(table, i));
		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	for (size_t i = 0; i < table->count && rc == WR_OK; i += table->columns)
		rc = render_row(table, i, widths, out);
	return rc;
}

enum wr_code wr_text_table_print(const struct wr_text_table *table)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc = wr_text_table_render(table, &text);

	if (rc == WR_OK && text.size > 0)
		fwrite(text.data, 1, text.size, stdout);
	wr_buf_fini(&text);
	return rc;
}
