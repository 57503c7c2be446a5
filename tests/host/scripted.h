/*
 * A plugin whose process() is whatever the test says, opened through the harness.
 */
#ifndef WR_TESTS_HOST_SCRIPTED_H
#define WR_TESTS_HOST_SCRIPTED_H

#include "tests/unit.h"
#include "weir/test.h"

typedef int process_fn(void *self, struct weir_call *call, const struct weir_event *const *events,
		       struct weir_result *const *results, size_t n);

static process_fn *scripted_process;

static inline void *scripted_create(const struct weir_host *host, const char *config_json,
				    struct weir_error *err)
{
	(void)config_json;
	(void)err;
	return (void *)(uintptr_t)host;
}

static inline int scripted_call(void *self, struct weir_call *call,
				const struct weir_event *const *events,
				struct weir_result *const *results, size_t n)
{
	return scripted_process(self, call, events, results, n);
}

static inline struct weir_test *scripted_open(process_fn *process)
{
	static const struct weir_plugin entry = {.magic = WEIR_MAGIC,
						 .struct_size = (uint32_t)sizeof(entry),
						 .abi_major = WEIR_ABI_MAJOR,
						 .id = "scripted",
						 .version = "1",
						 .create = scripted_create,
						 .process = scripted_call};
	static const char *const outputs[] = {"alerts"};
	const struct weir_test_options options = {.outputs = outputs, .output_count = 1};
	char error[256] = "";
	struct weir_test *test;

	scripted_process = process;
	test = weir_test_open_entry(&entry, &options, error, sizeof(error));
	if (test == NULL)
		fail_msg("%s", error);
	return test;
}

#endif
