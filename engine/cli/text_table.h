/*
 * A table for people: columns as wide as their widest cell, each to the left or to the right. What the cells hold can't
 * steer a terminal. Without memory it prints less.
 */
#ifndef WR_CLI_TEXT_TABLE_H
#define WR_CLI_TEXT_TABLE_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

#define WR_TEXT_TABLE_COLUMNS_MAX 16u

struct wr_text_table {
	const char *align; /* a letter a column: 'l' or 'r' */
	size_t columns;
	char **cells; /* by row; NULL: no memory for it */
	size_t count, capacity;
};

/* `align` is borrowed. */
void wr_text_table_init(struct wr_text_table *table, const char *align);
void wr_text_table_fini(struct wr_text_table *table);

/* The next cell, row after row. Absent is "-". */
void wr_text_table_add(struct wr_text_table *table, struct wr_bytes text);
void wr_text_table_addf(struct wr_text_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void wr_text_table_add_number(struct wr_text_table *table, int64_t number); /* below 0: absent */

/* A row of headings. */
void wr_text_table_head(struct wr_text_table *table, const char *const *titles);

/* Appends the rows, without blanks at their ends. WR_OK or WR_ENOMEM. */
enum wr_code wr_text_table_render(const struct wr_text_table *table, struct wr_buf *out);

/* The same to the standard output. WR_OK or WR_ENOMEM. */
enum wr_code wr_text_table_print(const struct wr_text_table *table);

#endif
