/*
 * The rules for a plugin's entry, the struct that WEIR_PLUGIN writes.
 */
#ifndef WR_HOST_ENTRY_H
#define WR_HOST_ENTRY_H

#include "base/err.h"
#include "weir/plugin.h"

/* Whether this engine can run it. `symbol_size` is what the file says of the symbol's size; 0: unknown. WR_OK or
 * WR_EINVAL with a sentence that says what to do. [any] */
enum wr_code wr_entry_check(const struct weir_plugin *entry, size_t symbol_size,
			    struct wr_err *err);

#endif
