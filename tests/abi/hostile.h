/*
 * A plugin that would be fine, but for what the including file defines before it.
 */
#include "weir/plugin.h"

#ifndef ENTRY_MAGIC
#define ENTRY_MAGIC WEIR_MAGIC
#endif
#ifndef ENTRY_SIZE
#define ENTRY_SIZE ((uint32_t)sizeof(struct weir_plugin))
#endif
#ifndef ENTRY_MAJOR
#define ENTRY_MAJOR WEIR_ABI_MAJOR
#endif
#ifndef ENTRY_MINOR_NEEDED
#define ENTRY_MINOR_NEEDED 0
#endif
#ifndef ENTRY_FLAGS
#define ENTRY_FLAGS 0
#endif
#ifndef ENTRY_ID
#define ENTRY_ID "hostile"
#endif
#ifndef ENTRY_VERSION
#define ENTRY_VERSION "1.0.0"
#endif
#ifndef ENTRY_SCHEMA
#define ENTRY_SCHEMA NULL
#endif
#ifndef ENTRY_CREATE
#define ENTRY_CREATE create
#endif
#ifndef ENTRY_PROCESS
#define ENTRY_PROCESS process
#endif

static char instance;

static inline void *create(const struct weir_host *host, const char *config_json,
			   struct weir_error *err)
{
	(void)host;
	(void)config_json;
	(void)err;
	return &instance;
}

static inline int process(void *self, struct weir_call *call,
			  const struct weir_event *const *events,
			  struct weir_result *const *results, size_t n)
{
	(void)self;
	(void)call;
	(void)events;
	for (size_t i = 0; i < n; i++)
		results[i]->verdict = WEIR_OK;
	return 0;
}

#ifndef ENTRY_EXTENSION
#define ENTRY_EXTENSION NULL
#endif

extern WEIR_EXPORT const struct weir_plugin weir_plugin;
const struct weir_plugin weir_plugin = {.magic = ENTRY_MAGIC,
					.struct_size = ENTRY_SIZE,
					.abi_major = ENTRY_MAJOR,
					.abi_minor_needed = ENTRY_MINOR_NEEDED,
					.flags = ENTRY_FLAGS,
					.id = ENTRY_ID,
					.version = ENTRY_VERSION,
					.config_schema = ENTRY_SCHEMA,
					.create = ENTRY_CREATE,
					.process = ENTRY_PROCESS,
					.get_extension = ENTRY_EXTENSION};
