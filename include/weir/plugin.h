/*
 * weir/plugin.h - the whole plugin ABI of weir, version 1.0.
 *
 * A plugin is a shared object that exports one data symbol, `weir_plugin`, written by WEIR_PLUGIN. The
 * engine creates one instance for each stage, lane and concurrency slot, and no instance is ever entered by
 * two threads at once. Nothing is linked from the engine: whatever it offers comes through `struct weir_host`.
 *
 * Thread tags: [create] inside create() only, [call] inside process() only, [any] in both.
 * Memory: what the engine passes in is borrowed until the function returns; what you pass to a host function
 * is copied before it returns. No allocator crosses the boundary, and no C++ exception may.
 * Promise: a plugin built for 1.x loads on every later 1.y.
 */
#ifndef WEIR_PLUGIN_H
#define WEIR_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_MAGIC UINT32_C(0x57454952) /* "WEIR" */
#define WEIR_ABI_MAJOR 1
#define WEIR_ABI_MINOR 0

/* The least minor version of the ABI that this plugin needs. Define it before the include to raise it. */
#ifndef WEIR_ABI_MINOR_NEEDED
#define WEIR_ABI_MINOR_NEEDED 0
#endif

/* What becomes of an event. A value outside this list counts as WEIR_FAIL. */
enum weir_verdict {
	WEIR_UNSET = 0, /* no result: the engine dead-letters the event with the code "no-result" */
	WEIR_OK = 1,    /* on to the next stage; after the last one, to the output */
	WEIR_DROP = 2,  /* finished, nothing is written (but what the handler emitted) */
	WEIR_RETRY = 3, /* later again, by retry_after_ms or the policy of the stage */
	WEIR_FAIL = 4,  /* never going to work: a dead letter */
};

/* Bytes with a length, not terminated. data NULL is "absent" (a tombstone, a keyless event);
 * data non-NULL with size 0 is "empty". */
struct weir_bytes {
	const void *data;
	size_t size;
};

/* One Kafka header. `name` is terminated; names may repeat. */
struct weir_header {
	const char *name;
	struct weir_bytes value;
};

/* One event, read-only, borrowed until process() returns. `size` is sizeof as the engine knows it: a field
 * that lies beyond it does not exist in this engine. */
struct weir_event {
	uint32_t size;
	uint32_t attempt;     /* of this stage; 1 is the first call */
	struct weir_bytes id; /* the event id; key your own side effects by it */
	struct weir_bytes key;
	struct weir_bytes value; /* as the stages before left it */
	const struct weir_header *headers;
	size_t header_count;
	int64_t timestamp_ms; /* of the record, Unix time; -1 when it has none */
	const char *topic;    /* where the event entered the pipeline */
	int64_t offset;
	int32_t partition;
};

/* A resolved output of the pipeline. WEIR_OUTPUT_DEFAULT is its `default`. */
typedef uint32_t weir_output;
#define WEIR_OUTPUT_DEFAULT UINT32_C(0)

/* What a handler says of one event. The engine zeroes it before the call. */
struct weir_result {
	uint32_t size;
	enum weir_verdict verdict;
	uint32_t retry_after_ms; /* with WEIR_RETRY; 0 leaves it to the policy */
	weir_output output;      /* with WEIR_OK at the last stage that sets one */
};

struct weir_host;

/* One call of process(). */
struct weir_call {
	uint32_t size;
	uint32_t reserved;
	const struct weir_host *host;
	int64_t deadline_mono_ns; /* CLOCK_MONOTONIC; 0 when the stage has no `timeout` */
};

/* A record to emit beside the event. key, value: data NULL is absent. */
struct weir_record {
	uint32_t size; /* sizeof(struct weir_record) */
	uint32_t reserved;
	struct weir_bytes key;
	struct weir_bytes value;
	const struct weir_header *headers;
	size_t header_count;
};

/* Text of a failed create(), written with weir_error_set(). */
struct weir_error {
	uint32_t size;
	char text[508];
};

enum weir_log_level {
	WEIR_LOG_ERROR = 0,
	WEIR_LOG_WARN = 1,
	WEIR_LOG_INFO = 2,
	WEIR_LOG_DEBUG = 3
};

enum weir_json_type {
	WEIR_JSON_MISSING = 0, /* the pointer leads nowhere, or the value is not JSON */
	WEIR_JSON_NULL = 1,
	WEIR_JSON_BOOL = 2,
	WEIR_JSON_INTEGER = 3, /* fits int64_t exactly */
	WEIR_JSON_NUMBER = 4,  /* any other number */
	WEIR_JSON_STRING = 5,
	WEIR_JSON_ARRAY = 6,
	WEIR_JSON_OBJECT = 7,
};

/* A value inside an event's JSON. `string` is UTF-8, not terminated, may hold NUL bytes, and is borrowed until
 * process() returns or the next event is asked for, whichever is first: copy what you keep. */
struct weir_json {
	uint32_t size;
	enum weir_json_type type;
	bool boolean;
	int64_t integer;          /* INTEGER */
	double number;            /* INTEGER and NUMBER */
	struct weir_bytes string; /* STRING */
	size_t count;             /* members of an ARRAY or OBJECT */
};

/* A metric of this plugin; NULL is allowed everywhere and does nothing. */
struct weir_metric;

/* What the engine offers. Fields are only ever added at the end; check `size` before you use one that a later
 * minor version added. */
struct weir_host {
	uint32_t size;
	uint32_t abi_minor; /* of the engine */
	void *engine;       /* not yours */
	uint32_t slot;      /* which instance of this stage this is, 0 .. slot_count - 1 */
	uint32_t slot_count;
	const char *pipeline; /* names, terminated; live as long as the instance */
	const char *stage;

	/* Resolves the name of an output in the pipeline's `outputs`. Returns false, and leaves *output_r at
	 * WEIR_OUTPUT_DEFAULT, when there is none. [create] */
	bool (*output)(const struct weir_host *host, const char *name, weir_output *output_r);

	/* Looks up a JSON Pointer in config_json, as json() does in an event. Strings are borrowed until the
	 * next look-up. [create] */
	enum weir_json_type (*config)(const struct weir_host *host, const char *pointer,
				      size_t pointer_size, struct weir_json *out);

	/* Registers a counter or a gauge, exported as weir_plugin_<name> with the labels pipeline, stage and
	 * plugin. `name` is [a-z0-9_]+; NULL when it is not or when the plugin has too many. [create] */
	struct weir_metric *(*counter)(const struct weir_host *host, const char *name,
				       const char *help);
	struct weir_metric *(*gauge)(const struct weir_host *host, const char *name,
				     const char *help);
	void (*metric_add)(struct weir_metric *metric, double delta); /* [any] */
	void (*metric_set)(struct weir_metric *metric, double value); /* gauges only [any] */

	/* Logs one line. Never pass payloads or secrets. Repeats are rate-limited. [any] */
	void (*log)(const struct weir_host *host, enum weir_log_level level, const char *text);

	/* An extension by name ("weir.state/1"), or NULL when this engine has none of it. [any] */
	const void *(*get_extension)(const struct weir_host *host, const char *id);

	/* Say that event i is next. Returns false when it must wait, because an earlier event of its key asked for
	 * a retry in this call: leave its result alone. WEIR_EACH calls it for you. [call] */
	bool (*begin)(struct weir_call *call, size_t i);

	/* Memory aligned for any type that lives until the event has left the engine. NULL when `size` is over
	 * the engine's limit. [call] */
	void *(*alloc)(struct weir_call *call, size_t size);

	/* Changes the event for the stages after this one; taken only when the verdict is WEIR_OK.
	 * set_header replaces every header of that name; a NULL value removes them. Names that begin
	 * "weir-" are refused (false). [call] */
	bool (*set_value)(struct weir_call *call, struct weir_result *res, const void *data,
			  size_t size);
	bool (*set_key)(struct weir_call *call, struct weir_result *res, const void *data,
			size_t size);
	bool (*set_header)(struct weir_call *call, struct weir_result *res, const char *name,
			   const void *value, size_t size);

	/* Says why: a short stable code (bounded to 64 bytes) and a text for people (1 KiB). [call] */
	void (*set_error)(struct weir_call *call, struct weir_result *res, const char *code,
			  const char *message);

	/* Emits one more record to an output when the event ends OK or DROP. The engine names it
	 * `<id>/<stage>/<n>`. False when it is over the engine's limits. [call] */
	bool (*emit)(struct weir_call *call, struct weir_result *res, weir_output output,
		     const struct weir_record *record);

	/* Looks up a JSON Pointer (RFC 6901) in the event's value. The value is parsed at most once for all the
	 * look-ups on one event. Returns out->type. [call] */
	enum weir_json_type (*json)(struct weir_call *call, const struct weir_event *event,
				    const char *pointer, size_t pointer_size,
				    struct weir_json *out);
};

/* Flags of a plugin. */
#define WEIR_UNLOADABLE \
	UINT32_C(1) /* may be unmapped: no threads, no atexit, no thread-local destructors */

/* The entry. Keep your initialisers in this order (C++20 demands it). */
struct weir_plugin {
	uint32_t magic;
	uint32_t struct_size;
	uint16_t abi_major;
	uint16_t abi_minor_needed;
	uint32_t flags;
	const char *id;            /* [a-z0-9-]+, the default name of its stage */
	const char *version;       /* of the plugin, for people */
	const char *config_schema; /* JSON Schema (draft 7) text, or NULL: any object */

	/* Makes an instance. `config_json` is an object, terminated, already held to the schema. Returns NULL
	 * and fills *err when it can't. A plugin without state returns any non-NULL pointer. [create] */
	void *(*create)(const struct weir_host *host, const char *config_json,
			struct weir_error *err);

	/* Handles n >= 1 events: sets results[i]->verdict for events[i]. A non-zero return turns every result
	 * that is still unset into WEIR_RETRY. Required. [call] */
	int (*process)(void *self, struct weir_call *call, const struct weir_event *const *events,
		       struct weir_result *const *results, size_t n);

	/* Frees the instance; NULL when create() allocated nothing. */
	void (*destroy)(void *self);

	/* An optional capability of this plugin by name, or NULL; may be NULL itself. */
	const void *(*get_extension)(const char *id);
};

/* Writes a text into a create() error, cut to fit. */
static inline void weir_error_set(struct weir_error *err, const char *text)
{
	size_t i = 0;

	if (err == NULL || text == NULL)
		return;
	for (; text[i] != '\0' && i + 1 < sizeof(err->text); i++)
		err->text[i] = text[i];
	err->text[i] = '\0';
}

#if defined(__GNUC__)
#define WEIR_EXPORT __attribute__((visibility("default")))
#else
#define WEIR_EXPORT
#endif

#ifndef __cplusplus
/* Exports the plugin: WEIR_PLUGIN(.id = "fraud-check", .version = "1.2.0", .process = fraud_process); */
#define WEIR_PLUGIN(...)                                                                   \
	extern WEIR_EXPORT const struct weir_plugin weir_plugin;                           \
	const struct weir_plugin weir_plugin = {.magic = WEIR_MAGIC,                       \
						.struct_size =                             \
						    (uint32_t)sizeof(struct weir_plugin),  \
						.abi_major = WEIR_ABI_MAJOR,               \
						.abi_minor_needed = WEIR_ABI_MINOR_NEEDED, \
						__VA_ARGS__}

/* Makes, at file scope, the batch function `name` of a handler of one event:
 *   static enum weir_verdict handler(type *self, struct weir_call *call,
 *                                    const struct weir_event *ev, struct weir_result *res); */
#define WEIR_EACH(name, type, handler)                                                        \
	static int name(void *self_, struct weir_call *call_,                                 \
			const struct weir_event *const *events_,                              \
			struct weir_result *const *results_, size_t n_)                       \
	{                                                                                     \
		for (size_t i_ = 0; i_ < n_; i_++) {                                          \
			if (call_->host->begin(call_, i_))                                    \
				results_[i_]->verdict =                                       \
				    handler((type *)self_, call_, events_[i_], results_[i_]); \
		}                                                                             \
		return 0;                                                                     \
	}
#endif

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* WEIR_PLUGIN_H */
