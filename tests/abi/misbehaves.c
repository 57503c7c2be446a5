/*
 * Does one wrong thing, named by its config: {"mode": "..."}. Whatever it is, the engine must stay up and account for
 * every event.
 */
#include "weir/plugin.h"

#include <stdlib.h>

struct misbehaves {
	const struct mode *mode;
	const struct weir_host *host;
};

struct mode {
	const char *name;
	int (*run)(struct misbehaves *self, struct weir_call *call,
		   const struct weir_event *const *events, struct weir_result *const *results,
		   size_t n);
};

#define ARGUMENTS                                                                                \
	struct misbehaves *self, struct weir_call *call, const struct weir_event *const *events, \
	    struct weir_result *const *results, size_t n
#define UNUSED ((void)self, (void)call, (void)events, (void)results, (void)n)

static int leaves_unset(ARGUMENTS)
{
	UNUSED;
	return 0;
}

static int returns_non_zero(ARGUMENTS)
{
	UNUSED;
	return -1;
}

static int unknown_verdict(ARGUMENTS)
{
	UNUSED;
	for (size_t i = 0; i < n; i++) {
		int number = 77;

		memcpy(&results[i]->verdict, &number, sizeof(number));
	}
	return 0;
}

static int unknown_output(ARGUMENTS)
{
	UNUSED;
	for (size_t i = 0; i < n; i++) {
		results[i]->verdict = WEIR_OK;
		results[i]->output = 1000000;
	}
	return 0;
}

static int emits_too_much(ARGUMENTS)
{
	const struct weir_record record = {.size = (uint32_t)sizeof(record), .value = {"x", 1}};

	UNUSED;
	for (size_t i = 0; i < n; i++) {
		while (call->host->emit(call, results[i], WEIR_OUTPUT_DEFAULT, &record))
			continue;
		results[i]->verdict = WEIR_OK;
	}
	return 0;
}

static int emits_nowhere(ARGUMENTS)
{
	const struct weir_record record = {.size = (uint32_t)sizeof(record), .value = {"x", 1}};

	UNUSED;
	for (size_t i = 0; i < n; i++) {
		bool emitted = call->host->emit(call, results[i], 1000000, &record);

		results[i]->verdict = emitted ? WEIR_FAIL : WEIR_OK;
	}
	return 0;
}

static int huge_message(ARGUMENTS)
{
	const size_t size = 1024 * 1024;
	char *text = malloc(size);

	UNUSED;
	if (text == NULL)
		return -1;
	memset(text, 'x', size);
	text[size - 1] = '\0';
	for (size_t i = 0; i < n; i++)
		results[i]->verdict = weir_fail(call, results[i], text, text);
	free(text);
	return 0;
}

static int binary_message(ARGUMENTS)
{
	UNUSED;
	for (size_t i = 0; i < n; i++)
		results[i]->verdict =
		    weir_fail(call, results[i], "\xff\n\x01", "\xf0\x9f\x92\xa9 \x80");
	return 0;
}

/* Hands the host functions what is not theirs. All must say no. */
static int foreign_pointers(ARGUMENTS)
{
	struct weir_result mine = {.size = (uint32_t)sizeof(mine)};
	struct weir_event event = {.size = (uint32_t)sizeof(event), .value = {"{}", 2}};
	const struct weir_record record = {.size = (uint32_t)sizeof(record)};
	const struct weir_record short_record = {.size = 3};
	const struct weir_host *host = call->host;
	struct weir_json json = {.size = (uint32_t)sizeof(json)};
	bool wrong = false;

	UNUSED;
	wrong |= host->set_value(call, &mine, "x", 1) || host->set_key(call, NULL, "x", 1);
	wrong |= host->set_header(call, &mine, "a", "x", 1) || host->emit(call, &mine, 0, &record);
	wrong |=
	    host->emit(call, results[0], 0, NULL) || host->emit(call, results[0], 0, &short_record);
	wrong |= host->set_header(call, results[0], NULL, "x", 1);
	wrong |= host->set_header(call, results[0], "", "x", 1);
	wrong |= host->set_header(call, results[0], "weir-owner", "x", 1);
	wrong |= host->set_value(call, results[0], NULL, 1) ||
		 host->set_value(call, results[0], "x", SIZE_MAX);
	wrong |= host->alloc(call, SIZE_MAX) != NULL;
	wrong |= host->json(call, &event, "", 0, &json) != WEIR_JSON_MISSING;
	wrong |= host->json(call, NULL, "", 0, &json) != WEIR_JSON_MISSING;
	wrong |= host->json(call, events[0], "", 0, NULL) != WEIR_JSON_MISSING;
	wrong |= host->begin(call, n) || host->begin(call, SIZE_MAX);
	wrong |= host->config(host, "", 0, &json) != WEIR_JSON_MISSING;
	wrong |= host->counter(host, "late", "registered in process()") != NULL;
	wrong |= host->output(host, NULL, NULL) || host->get_extension(host, NULL) != NULL;
	host->set_error(call, &mine, "code", "message");
	host->metric_add(NULL, 1);
	host->metric_set(NULL, 1);
	host->log(host, WEIR_LOG_INFO, NULL);
	for (size_t i = 0; i < n; i++)
		results[i]->verdict = wrong ? WEIR_FAIL : WEIR_OK;
	return 0;
}

static const struct mode modes[] = {
    {"leaves-unset", leaves_unset},         {"returns-non-zero", returns_non_zero},
    {"unknown-verdict", unknown_verdict},   {"unknown-output", unknown_output},
    {"emits-too-much", emits_too_much},     {"emits-nowhere", emits_nowhere},
    {"huge-message", huge_message},         {"binary-message", binary_message},
    {"foreign-pointers", foreign_pointers},
};

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	struct misbehaves *self = calloc(1, sizeof(*self));
	struct weir_json mode;

	(void)config_json;
	weir_config_get(host, "/mode", &mode);
	for (size_t i = 0; self != NULL && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (mode.type == WEIR_JSON_STRING && strlen(modes[i].name) == mode.string.size &&
		    memcmp(modes[i].name, mode.string.data, mode.string.size) == 0) {
			self->mode = &modes[i];
			self->host = host;
			return self;
		}
	}
	weir_error_set(err, "there is no such mode");
	free(self);
	return NULL;
}

static int process(void *self, struct weir_call *call, const struct weir_event *const *events,
		   struct weir_result *const *results, size_t n)
{
	struct misbehaves *misbehaves = self;

	return misbehaves->mode->run(misbehaves, call, events, results, n);
}

WEIR_PLUGIN(.id = "misbehaves", .version = "1.0.0", .create = create, .process = process,
	    .destroy = free);
