/*
 * A table for people: columns as wide as their widest cell, the last one as long as it is. Every cell is one line that
 * can't steer a terminal.
 */
#ifndef WR_CLI_TABLE_TEXT_H
#define WR_CLI_TABLE_TEXT_H

#include "base/buf.h"

#include <stdio.h>

#define WR_TABLE_COLUMNS 12

struct wr_table {
	struct wr_buf cells; /* each with a NUL */
	size_t columns;
	size_t count;
	size_t widths[WR_TABLE_COLUMNS];
	bool out_of_memory;
};

/* The heads end at NULL. */
void wr_table_init(struct wr_table *table, const char *const *heads);
void wr_table_fini(struct wr_table *table);

/* The next cell, row by row; absent or empty is "-". No more than `max` bytes of it are shown. */
void wr_table_add(struct wr_table *table, struct wr_bytes text, size_t max);
void wr_table_printf(struct wr_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* WR_OK, or WR_ENOMEM: something is missing. */
enum wr_code wr_table_print(const struct wr_table *table, FILE *out);

#endif
