/*
 * weir/plugin.h - the whole plugin ABI of weir, version 1.0. For C11 and later and C++17 and later; C++ authors may
 * prefer weir/plugin.hpp, which wraps it.
 *
 * A plugin is a shared object that exports one data symbol, `weir_plugin`, written by WEIR_PLUGIN. The engine creates
 * one instance for each stage, lane and concurrency slot, and no instance is ever entered by two threads at once.
 * Nothing is linked from the engine: whatever it offers comes through `struct weir_host`.
 *
 * Thread tags: [create] inside create() only, [call] inside process() only, [any] in both, and in destroy().
 * Memory: what the engine passes in is borrowed until the function returns, unless said otherwise; what you pass to a
 * host function is copied before it returns. No allocator crosses the boundary, and no C++ exception may.
 * Errors: a host function that is given nonsense says no (false, NULL, MISSING) and does nothing.
 * Promise: a plugin built for 1.x loads on every later 1.y. Structs grow at their end only, and say their size first.
 */
#ifndef WEIR_PLUGIN_H
#define WEIR_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define WEIR_CAST_(type, value) (static_cast<type>(value))
#define WEIR_ABSENT_ \
	{            \
	} /* fields that an initialiser may leave out, without a warning */
extern "C" {
#else
#define WEIR_CAST_(type, value) ((type)(value))
#define WEIR_ABSENT_
#endif

#define WEIR_MAGIC UINT32_C(0x57454952) /* "WEIR" */
#define WEIR_ABI_MAJOR 1
#define WEIR_ABI_MINOR 0

/* The least minor version of the ABI that this plugin needs. Define it before the include to raise it. */
#ifndef WEIR_ABI_MINOR_NEEDED
#define WEIR_ABI_MINOR_NEEDED 0
#endif

/* Whether a struct that says its size has the field: true for every field of 1.0. */
#define WEIR_HAS(object, type, field) \
	((object)->size >= offsetof(type, field) + sizeof((object)->field))

/* What becomes of an event. A value outside this list counts as WEIR_FAIL, with the code "unknown-verdict". */
enum weir_verdict {
	WEIR_UNSET = 0, /* no result: the engine dead-letters the event with the code "no-result" */
	WEIR_OK = 1,    /* on to the next stage; after the last one, to the output */
	WEIR_DROP = 2,  /* finished, nothing is written but what handlers emitted */
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

/* One event, read-only, borrowed until process() returns. `size` is sizeof as the engine knows it: a field that lies
 * beyond it does not exist in this engine. */
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

/* An output of the pipeline, resolved by host->output(). WEIR_OUTPUT_DEFAULT is its `default`. */
typedef uint32_t weir_output;
#define WEIR_OUTPUT_DEFAULT UINT32_C(0)

/* What a handler says of one event. The engine zeroes it before the call and fills `size`. */
struct weir_result {
	uint32_t size;
	enum weir_verdict verdict;
	uint32_t retry_after_ms; /* with WEIR_RETRY; 0 leaves it to the policy */
	weir_output
	    output; /* with WEIR_OK: where the event goes after the last stage; the last stage that sets
				  * one counts. One that host->output() never gave: FAIL, "unknown-output" */
};

struct weir_host;

/* One call of process(); borrowed until it returns. */
struct weir_call {
	uint32_t size;
	uint32_t reserved;
	const struct weir_host *host;
	int64_t deadline_mono_ns; /* CLOCK_MONOTONIC; 0 when the stage has no `timeout` */
};

/* A record to emit beside the event. key, value: data NULL is absent. */
struct weir_record {
	uint32_t size; /* sizeof(struct weir_record); 0 counts as that of 1.0 */
	uint32_t reserved;
	struct weir_bytes key;
	struct weir_bytes value;
	const struct weir_header *headers;
	size_t header_count;
};

/* Text of a failed create(), written with weir_error_set(): one line that tells the operator what to change. */
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

/* A value inside JSON. `string` is UTF-8, not terminated, and may hold NUL bytes. It is borrowed until process() (or
 * create()) returns or another event is asked for, whichever is first: copy what you keep. */
struct weir_json {
	uint32_t
	    size; /* set it to sizeof(struct weir_json) before the look-up; 0 counts as that of 1.0 */
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

	/* Looks up a JSON Pointer in config_json, as json() does in an event. MISSING outside create(). [create] */
	enum weir_json_type (*config)(const struct weir_host *host, const char *pointer,
				      size_t pointer_size, struct weir_json *out);

	/* Registers a counter or a gauge, exported as weir_plugin_<name> (a counter with _total behind it) with the
	 * labels pipeline, stage and plugin. `name` is [a-z0-9_]+ of at most 100 bytes. All instances of a stage
	 * count into one sum. NULL when the name is wrong, when it is taken by another kind, or when the instance
	 * has 64 already. It lives as long as the instance. [create] */
	struct weir_metric *(*counter)(const struct weir_host *host, const char *name,
				       const char *help);
	struct weir_metric *(*gauge)(const struct weir_host *host, const char *name,
				     const char *help);
	void (*metric_add)(struct weir_metric *metric,
			   double delta); /* counters: delta >= 0 [any] */
	void (*metric_set)(struct weir_metric *metric, double value); /* gauges only [any] */

	/* Logs one line of at most 2 KiB. Never pass payloads or secrets. More than 10 lines a second of one
	 * instance and level are counted instead of written. [any] */
	void (*log)(const struct weir_host *host, enum weir_log_level level, const char *text);

	/* An extension by name ("weir.state/1"), or NULL when this engine has none of it. [any] */
	const void *(*get_extension)(const struct weir_host *host, const char *id);

	/* Say that event i is next. Returns false when it must wait, because an earlier event of its key (as it came to the
	 * pipeline) asked for a
	 * retry in this call: leave it alone, whatever you set for it is forgotten, and it comes again in its turn.
	 * Begin the events in order, each after the result of the one before is set. WEIR_EACH does. [call] */
	bool (*begin)(struct weir_call *call, size_t i);

	/* Memory aligned for any type that lives until the event has left the engine; nobody frees it. NULL when
	 * `size` is over 64 MiB, or without memory. [call] */
	void *(*alloc)(struct weir_call *call, size_t size);

	/* Change the event for the stages after this one and for the output; taken only when the verdict is WEIR_OK.
	 * data NULL makes the value or the key absent. set_header replaces every header of that name; a NULL value
	 * removes them. Names that begin "weir-" are refused. False also beyond 64 MiB, 1000 header changes or 1 KiB
	 * of name, without memory, and for a result that is none of this call's. [call] */
	bool (*set_value)(struct weir_call *call, struct weir_result *res, const void *data,
			  size_t size);
	bool (*set_key)(struct weir_call *call, struct weir_result *res, const void *data,
			size_t size);
	bool (*set_header)(struct weir_call *call, struct weir_result *res, const char *name,
			   const void *value, size_t size);

	/* Says why, with WEIR_FAIL or WEIR_RETRY: a short stable code such as "over-limit" (cut at 64 bytes) and a
	 * text for people (cut at 1 KiB), which go into the dead letter. Bytes that are not UTF-8 become '?'. Either
	 * may be NULL. Don't quote payloads. [call] */
	void (*set_error)(struct weir_call *call, struct weir_result *res, const char *code,
			  const char *message);

	/* Emits one more record to an output when the event ends OK or DROP. The engine names it `<id>/<stage>/<n>`,
	 * n from 0, so emit in the same order at every attempt. False for an output that host->output() never gave,
	 * a header named "weir-...", more than 1000 of an event, or beyond set_value's limits. [call] */
	bool (*emit)(struct weir_call *call, struct weir_result *res, weir_output output,
		     const struct weir_record *record);

	/* Looks up a JSON Pointer (RFC 6901; "" is the whole value) in the event's value, as it came to this stage.
	 * The value is parsed once for all look-ups on one event, so ask event by event. Returns out->type, MISSING
	 * when the pointer leads nowhere or the value is no JSON. Of members with one name the first counts. [call] */
	enum weir_json_type (*json)(struct weir_call *call, const struct weir_event *event,
				    const char *pointer, size_t pointer_size,
				    struct weir_json *out);
};

/* Flags of a plugin.
 * WEIR_UNLOADABLE: it may be unmapped once its last instance is destroyed. Only for code that leaves nothing behind: no
 * threads, no atexit(), no thread-local destructors, no pointers given to other libraries. */
#define WEIR_UNLOADABLE UINT32_C(1)

/* The entry. Keep your initialisers in this order (C++20 demands it). It and all it points to must stay as they are
 * while the plugin is loaded. */
struct weir_plugin {
	uint32_t magic;
	uint32_t struct_size;
	uint16_t abi_major;
	uint16_t abi_minor_needed;
	uint32_t flags WEIR_ABSENT_;
	const char *id;      /* [a-z0-9-]+, at most 64 bytes: the default name of its stage */
	const char *version; /* of the plugin, for people; at most 64 bytes */
	/* JSON Schema (draft 7) text, or NULL: any object. */
	const char *config_schema WEIR_ABSENT_;

	/* Makes an instance. `config_json` is an object, terminated, already held to the schema. `host` lives as long
	 * as the instance: keep it. Returns NULL and fills *err when it can't. A plugin without state returns any
	 * pointer but NULL. Required. [create] */
	void *(*create)(const struct weir_host *host, const char *config_json,
			struct weir_error *err);

	/* Handles n >= 1 events: sets results[i]->verdict for events[i]. A non-zero return turns every result that
	 * is still unset into WEIR_RETRY. Required; WEIR_EACH makes one. [call] */
	int (*process)(void *self, struct weir_call *call, const struct weir_event *const *events,
		       struct weir_result *const *results, size_t n);

	/* Frees the instance; may be NULL when create() allocated nothing. [any] */
	void (*destroy)(void *self) WEIR_ABSENT_;

	/* An optional capability of this plugin by name, or NULL; may be NULL itself. What it returns stays as it is
	 * while the plugin is loaded. [any] */
	const void *(*get_extension)(const char *id)WEIR_ABSENT_;
};

/* ---- Extensions of a plugin: what its get_extension() returns for these names. None is required. ---- */

/* "weir.state/1": what an instance knows is handed over when the stage is changed while the engine runs. All lanes of
 * the pipeline stand still meanwhile, between two batches: no other function of any instance of the stage runs. Of
 * every old instance save() is called, and then load() once of every new one, with what all of them saved: which lane
 * sees which key may have changed, and so may the number of lanes. A crash loses the state: what must survive one
 * belongs into a store of the plugin's own.
 * The bytes are the plugin's business; `version` tells load() how they were written, so keep reading those of older
 * versions, and refuse newer ones. A load() that returns false keeps the old code running. */
#define WEIR_STATE "weir.state/1"

/* Where save() writes to; borrowed until it returns. */
struct weir_state_out {
	uint32_t size;
	uint32_t reserved;
	/* Appends bytes. False beyond 256 MiB in all, or without memory: then return false too. */
	bool (*write)(struct weir_state_out *out, const void *data, size_t size);
};

/* What one old instance saved; borrowed until load() returns. */
struct weir_state_blob {
	uint32_t size;
	uint32_t version; /* of the weir_state that saved it */
	struct weir_bytes data;
	uint32_t slot; /* of the instance that saved it */
	uint32_t slot_count;
};

struct weir_state {
	uint32_t size;
	uint32_t version; /* of what save() writes */
	/* Returns false and fills *err when it can't. */
	bool (*save)(void *self, struct weir_state_out *out, struct weir_error *err);
	/* count >= 1. Of a new instance that has not handled an event. It is also tried in a process of its own first. */
	bool (*load)(void *self, const struct weir_state_blob *const *blobs, size_t count,
		     struct weir_error *err);
};

/* "weir.lifecycle/1": for what only one instance can hold at a time, such as a port or a lock on a file. create() must
 * not take it: while the stage is changed, old and new instances exist side by side. The old ones are deactivated
 * before the new ones are activated, and activated again if one of the new ones can't be. Called as load() is, and at
 * the start and the end of the engine; never in the process that tries a new plugin. */
#define WEIR_LIFECYCLE "weir.lifecycle/1"

struct weir_lifecycle {
	uint32_t size;
	uint32_t reserved;
	/* Returns false and fills *err when it can't. */
	bool (*activate)(void *self, struct weir_error *err);
	void (*deactivate)(void *self);
};

/* "weir.selftest/1": called once after create(), in a process that tries the plugin before the engine loads it, with the
 * config of the stage. It may take a few seconds, must not touch what is in use, and ends with the process. */
#define WEIR_SELFTEST "weir.selftest/1"

struct weir_selftest {
	uint32_t size;
	uint32_t reserved;
	/* Returns false and fills *err when the plugin must not be used. */
	bool (*run)(void *self, struct weir_error *err);
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

/* Says why and is the verdict: `return weir_fail(call, res, "over-limit", "the amount is over the limit");` */
static inline enum weir_verdict weir_fail(struct weir_call *call, struct weir_result *res,
					  const char *code, const char *message)
{
	call->host->set_error(call, res, code, message);
	return WEIR_FAIL;
}

/* The same for a retry; after_ms 0 leaves the time to the policy. */
static inline enum weir_verdict weir_retry(struct weir_call *call, struct weir_result *res,
					   uint32_t after_ms, const char *code, const char *message)
{
	call->host->set_error(call, res, code, message);
	res->retry_after_ms = after_ms;
	return WEIR_RETRY;
}

/* host->json() with a terminated pointer. */
static inline enum weir_json_type weir_json_get(struct weir_call *call,
						const struct weir_event *event, const char *pointer,
						struct weir_json *out)
{
	out->size = WEIR_CAST_(uint32_t, sizeof(*out));
	return call->host->json(call, event, pointer, strlen(pointer), out);
}

/* host->config() with a terminated pointer. */
static inline enum weir_json_type weir_config_get(const struct weir_host *host, const char *pointer,
						  struct weir_json *out)
{
	out->size = WEIR_CAST_(uint32_t, sizeof(*out));
	return host->config(host, pointer, strlen(pointer), out);
}

/* The value of the event's first header of that name; data NULL when it has none. */
static inline struct weir_bytes weir_header_get(const struct weir_event *event, const char *name)
{
	struct weir_bytes none = {NULL, 0};
	size_t i;

	for (i = 0; i < event->header_count; i++) {
		if (strcmp(event->headers[i].name, name) == 0)
			return event->headers[i].value;
	}
	return none;
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#if defined(__GNUC__)
#define WEIR_EXPORT __attribute__((visibility("default")))
#else
#define WEIR_EXPORT
#endif

/* Exports the plugin, at file scope, with a semicolon behind it; C and C++20:
 *   WEIR_PLUGIN(.id = "fraud-check", .version = "1.2.0", .create = fraud_create, .process = fraud_process); */
#ifndef __cplusplus
#define WEIR_PLUGIN(...)                                         \
	extern WEIR_EXPORT const struct weir_plugin weir_plugin; \
	const struct weir_plugin weir_plugin = {WEIR_PLUGIN_HEAD_, __VA_ARGS__}
#else
#define WEIR_PLUGIN(...)                                         \
	extern "C" {                                             \
	extern WEIR_EXPORT const struct weir_plugin weir_plugin; \
	}                                                        \
	const struct weir_plugin weir_plugin = {WEIR_PLUGIN_HEAD_, __VA_ARGS__}
#endif
#define WEIR_PLUGIN_HEAD_                                                                     \
	.magic = WEIR_MAGIC, .struct_size = WEIR_CAST_(uint32_t, sizeof(struct weir_plugin)), \
	.abi_major = WEIR_ABI_MAJOR, .abi_minor_needed = WEIR_ABI_MINOR_NEEDED

/* Makes, at file scope and without a semicolon behind it, the batch function `name` of a handler of one event:
 *   static enum weir_verdict handler(type *self, struct weir_call *call,
 *                                    const struct weir_event *event, struct weir_result *res); */
#define WEIR_EACH(name, type, handler)                                                            \
	static int name(void *self_, struct weir_call *call_,                                     \
			const struct weir_event *const *events_,                                  \
			struct weir_result *const *results_, size_t n_)                           \
	{                                                                                         \
		size_t i_;                                                                        \
		for (i_ = 0; i_ < n_; i_++) {                                                     \
			if (call_->host->begin(call_, i_))                                        \
				results_[i_]->verdict = handler(WEIR_CAST_(type *, self_), call_, \
								events_[i_], results_[i_]);       \
		}                                                                                 \
		return 0;                                                                         \
	}

#ifdef __cplusplus
/* Builds the entry where designated initialisers are not to be had (C++17):
 *   WEIR_PLUGIN_CXX(weir::entry("fraud-check", "1.2.0").create(fraud_create).process(fraud_process)); */
#define WEIR_PLUGIN_CXX(...)                                     \
	extern "C" {                                             \
	extern WEIR_EXPORT const struct weir_plugin weir_plugin; \
	}                                                        \
	constexpr struct weir_plugin weir_plugin = (__VA_ARGS__).get()

namespace weir
{
class entry
{
      public:
	using create_fn = void *(*)(const weir_host *host, const char *config_json,
				    weir_error *err);
	using process_fn = int (*)(void *self, weir_call *call, const weir_event *const *events,
				   weir_result *const *results, size_t n);

	constexpr entry(const char *id, const char *version)
	    : plugin_{WEIR_MAGIC,
		      WEIR_CAST_(uint32_t, sizeof(weir_plugin)),
		      WEIR_ABI_MAJOR,
		      WEIR_ABI_MINOR_NEEDED,
		      0,
		      id,
		      version,
		      nullptr,
		      nullptr,
		      nullptr,
		      nullptr,
		      nullptr}
	{
	}
	constexpr entry &flags(uint32_t flags)
	{
		plugin_.flags = flags;
		return *this;
	}
	constexpr entry &config_schema(const char *text)
	{
		plugin_.config_schema = text;
		return *this;
	}
	constexpr entry &create(create_fn function)
	{
		plugin_.create = function;
		return *this;
	}
	constexpr entry &process(process_fn function)
	{
		plugin_.process = function;
		return *this;
	}
	constexpr entry &destroy(void (*function)(void *self))
	{
		plugin_.destroy = function;
		return *this;
	}
	constexpr entry &get_extension(const void *(*function)(const char *id))
	{
		plugin_.get_extension = function;
		return *this;
	}
	constexpr weir_plugin get() const
	{
		return plugin_;
	}

      private:
	weir_plugin plugin_;
};
} /* namespace weir */
#endif

#endif /* WEIR_PLUGIN_H */
