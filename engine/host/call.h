/*
 * What the host table works on: an instance and the call under way. Inside host/ only.
 */
#ifndef WR_HOST_CALL_H
#define WR_HOST_CALL_H

#include "base/check.h"
#include "base/log.h"
#include "host/instance.h"
#include "host/plugin.h"

#define WR_CALL_ALLOC_MAX ((size_t)64 * 1024 * 1024) /* one allocation, value, key or header */
#define WR_CALL_EMITS_MAX 1000u                      /* of one event in one call */
#define WR_CALL_HEADERS_MAX 1000u                    /* headers of one event or record */
#define WR_CALL_HEADER_NAME_MAX 1024u
#define WR_CODE_BYTES 64
#define WR_MESSAGE_BYTES 1024
#define WR_LOG_TEXT_BYTES 2048
#define WR_PLUGIN_METRICS_MAX 64u /* of one instance */

struct weir_metric {
	struct wr_metric_cell *cell;
	enum wr_metric_kind kind;
};

/* One call of process(). It lies in its instance and is reused; between calls count is 0 and arena NULL, so that a
 * plugin that kept the pointer does nothing by it. */
struct wr_call {
	struct weir_call pub;
	struct wr_event *const *events;
	size_t count;
	struct wr_arena *arena;
	struct wr_json_cache *json;
	size_t current;      /* the event begun, or asked about, last */
	size_t looked_at;    /* events before this one are in `waiting` if their keys must wait */
	uint64_t *waiting;   /* hashes of the keys behind which others wait; room for every event */
	size_t *waiting_for; /* the index of an event of that key */
	size_t waiting_count;
	uint64_t waiting_bits[64]; /* one for each of them, by its hash: most keys are none */
};

/* A plugin at its place in a pipeline, for one lane. */
struct wr_instance {
	struct weir_host host; /* what the plugin sees; its `engine` points here */
	struct wr_call call;
	const struct wr_pipeline *pipeline;
	const struct wr_stage *stage;
	void *self;                    /* what create() returned; NULL: not made */
	bool active;                   /* by its weir.lifecycle/1 */
	struct wr_metrics *metrics;    /* NULL: counted nowhere */
	struct wr_json_reader *config; /* inside create() only, else NULL */
	struct wr_log_site
	    log_sites[4]; /* by level, so that one plugin's flood silences no other */
	struct weir_metric plugin_metrics[WR_PLUGIN_METRICS_MAX];
	unsigned plugin_metric_count;
};

#define WR_INSTANCES_MAGIC UINT32_C(0x77696e73) /* "wins" */

struct wr_instances {
	uint32_t magic;
	uint32_t count;
	struct wr_instance *items;
	size_t capacity; /* events in a call: the pipeline's batch.max_events */
	const struct weir_event *
	    *public_events; /* what process() gets; here, so that no call allocates */
	struct weir_result **results;
	uint64_t *waiting;
	size_t *waiting_for;
};

/* Fills the host of an instance whose other fields are set. */
void wr_host_table_fill(struct wr_instance *instance, uint32_t slot, uint32_t slot_count);

/* begin() of the host table; also settles which events wait. */
bool wr_call_begin(struct weir_call *pub, size_t i);

/* The event that a result or an event of the public side belongs to; NULL when it is none of this call's. */
struct wr_event *wr_call_event_of_result(struct wr_call *call, const struct weir_result *result);
struct wr_event *wr_call_event_of_public(struct wr_call *call, const struct weir_event *event);

static inline struct wr_call *wr_call_of(struct weir_call *pub)
{
	return WR_CONTAINER_OF(pub, struct wr_call, pub);
}

static inline struct wr_instance *wr_call_instance(struct wr_call *call)
{
	return WR_CONTAINER_OF(call, struct wr_instance, call);
}

/* The setters, emit and set_error of the host table; see weir/plugin.h. */
void *wr_effects_alloc(struct weir_call *call, size_t size);
bool wr_effects_set_value(struct weir_call *call, struct weir_result *res, const void *data,
			  size_t size);
bool wr_effects_set_key(struct weir_call *call, struct weir_result *res, const void *data,
			size_t size);
bool wr_effects_set_header(struct weir_call *call, struct weir_result *res, const char *name,
			   const void *value, size_t size);
void wr_effects_set_error(struct weir_call *call, struct weir_result *res, const char *code,
			  const char *message);
bool wr_effects_emit(struct weir_call *call, struct weir_result *res, weir_output output,
		     const struct weir_record *record);

/* Takes over what the call asked for: value, key and headers (`changes`), and the emits. WR_OK or WR_ENOMEM. */
enum wr_code wr_effects_apply(struct wr_event *event, struct wr_arena *arena, bool changes);

/* Forgets what the call asked for, but not the code and the message. Field by field: clearing the whole struct is
 * the dearest thing in a call of a handler that does little. */
static inline void wr_effects_forget(struct wr_effects *effects)
{
	effects->has_value = false;
	effects->has_key = false;
	effects->header_changes = NULL;
	effects->header_changes_tail_p = NULL;
	effects->header_change_count = 0;
	effects->emits.first = NULL;
	effects->emits.tail_p = NULL;
	effects->emits.count = 0;
}

/* The metrics of a plugin; NULL when it may have none of that name. */
struct weir_metric *wr_plugin_metric_add(struct wr_instance *instance, enum wr_metric_kind kind,
					 const char *name, const char *help);
void wr_plugin_metrics_retire(struct wr_instance *instance);

#endif
