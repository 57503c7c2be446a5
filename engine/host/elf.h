/*
 * Looks at a plugin's file before it is mapped: whether this machine can run it at all, and what its symbol table
 * says. Mapping runs the file's constructors, so what can be refused without it is refused here. The file is read
 * with every offset checked.
 */
#ifndef WR_HOST_ELF_H
#define WR_HOST_ELF_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct wr_elf {
	bool has_symbols;      /* false: the section headers are stripped, so the rest is unknown */
	bool has_entry;        /* it defines `weir_plugin` */
	bool entry_is_data;    /* and not as a function */
	size_t entry_size;     /* of the symbol; 0: not said */
	unsigned unique_count; /* symbols it defines as STB_GNU_UNIQUE */
	char unique_name[128]; /* the first of them, cut */
	char build_id[65];     /* hex, "" without one */
};

/* WR_OK; WR_EINVAL: the file is no shared object for this machine, or is cut short (err says which). [any] */
enum wr_code wr_elf_inspect(struct wr_bytes file, struct wr_elf *elf_r, struct wr_err *err);

#endif
