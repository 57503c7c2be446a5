/*
 * Rows and values in words: what a key expects, what was found instead, quantities with their units. Internal to
 * conf/. Pure. [any]
 */
#ifndef WR_CONF_DESCRIBE_H
#define WR_CONF_DESCRIBE_H

#include "conf/schema.h"
#include "conf/tree.h"

#define WR_DESCRIBED_BYTES 384

/* "an integer from 1 to 256". Returns `out`. */
const char *wr_describe_expected(const struct wr_key_row *row, char out[WR_DESCRIBED_BYTES]);

/* The same for an item of WR_KEY_STRINGS, or the value of any row that has a form. */
const char *wr_describe_form(const struct wr_key_row *row);

/* "the string "abc"", "a list", "nothing". A secret, and a value that came from a variable, is not shown. */
const char *wr_describe_found(const struct wr_key_row *row, const struct wr_tree_node *node,
			      char out[WR_DESCRIBED_BYTES]);

/* The type in one or two words, for tables: "duration". */
const char *wr_describe_type(const struct wr_key_row *row);

/* A number of the row's unit as one would write it: "5s", "4MiB". Returns `out`. */
const char *wr_describe_quantity(const struct wr_key_row *row, int64_t value, char *out,
				 size_t size);

/* "least to most" with units, or "" when the row has no range. */
const char *wr_describe_range(const struct wr_key_row *row, char out[WR_DESCRIBED_BYTES]);

/* "`a`, `b` or `c`": the values of an enumeration that this version can do. */
const char *wr_describe_choices(const struct wr_choice *choices, char out[WR_DESCRIBED_BYTES]);

#endif
