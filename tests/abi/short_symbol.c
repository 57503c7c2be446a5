#include "weir/plugin.h"

/* The magic number and nothing behind it. */
struct magic_only {
	uint32_t magic;
	uint32_t struct_size;
};
#define weir_plugin weir_plugin_of_the_header
extern const struct magic_only short_entry __asm__("weir_plugin") WEIR_EXPORT;
const struct magic_only short_entry = {WEIR_MAGIC, 88};
