/*
 * The configuration as the engine reads it: plain structs, immutable once loaded, made and freed by conf/ alone.
 * Every key, its type, range, default and documentation is a row in conf/schema.c; this header only gives the
 * values a place. Strings are terminated and never NULL unless the comment says so.
 */
#ifndef WR_CONF_CONF_H
#define WR_CONF_CONF_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wr_conf_format { WR_FORMAT_JSON, WR_FORMAT_RAW };
enum wr_conf_delivery { WR_AT_LEAST_ONCE, WR_EXACTLY_ONCE };
enum wr_conf_id_source { WR_ID_JSON, WR_ID_HEADER, WR_ID_KEY };
enum wr_conf_id_missing { WR_ID_MISSING_DLQ, WR_ID_MISSING_DROP };
enum wr_conf_store { WR_STORE_REDIS, WR_STORE_MEMORY, WR_STORE_NONE };
enum wr_conf_on_unavailable { WR_ON_UNAVAILABLE_BLOCK, WR_ON_UNAVAILABLE_PROCESS };
enum wr_conf_on_rewind { WR_ON_REWIND_SKIP, WR_ON_REWIND_PROCESS };
enum wr_conf_jitter { WR_JITTER_NONE, WR_JITTER_EQUAL, WR_JITTER_FULL };

enum wr_conf_retry_mode { WR_RETRY_INLINE, WR_RETRY_TOPIC, WR_RETRY_KEY };

#define WR_CONF_TIERS_MAX 16

enum wr_conf_on_circuit { WR_ON_CIRCUIT_HOLD, WR_ON_CIRCUIT_DEAD_LETTER };
enum wr_conf_ack { WR_ACK_ACCEPTED, WR_ACK_PERSISTED };

/* Where a value stands in the file, for errors that are found after loading. line, column from 1; 0: a default. */
struct wr_conf_mark {
	unsigned line;
	unsigned column;
};

struct wr_conf_property { /* one of kafka.properties */
	char *name;
	char *value;    /* may be a secret: never logged */
	bool is_hidden; /* by its name, or because it came from a variable */
	struct wr_conf_mark mark;
};

struct wr_conf_properties {
	struct wr_conf_property *items;
	size_t count;
};

struct wr_conf_strings {
	char **items;
	size_t count;
};

struct wr_conf_kafka {
	char *brokers; /* bootstrap list; "embedded" is the in-process mock */
	bool embedded;
	bool create_topics; /* create the topics that are missing at start */
	struct wr_conf_properties properties;
	struct wr_conf_properties consumer_properties;
	struct wr_conf_properties producer_properties;
};

struct wr_conf_redis {
	bool configured;
	bool is_unix;
	char *host; /* or the path of the socket */
	int port;
	int database;
	char *username; /* NULL: the default user */
	char *password; /* NULL: none; from the URL or password_file; a secret */
	char *display;  /* the URL without its secret, for logs */
	int64_t connect_timeout_ms;
	int64_t command_timeout_ms; /* no reply for so long: the connection is given up */
};

struct wr_conf_tls {
	char *cert_file; /* NULL: no TLS */
	char *key_file;
};

struct wr_conf_listener {
	bool configured;
	char *host;  /* literal address */
	int port;    /* 0: any free one */
	char *token; /* NULL: none; a secret */
	struct wr_conf_tls tls;
};

struct wr_conf_ingest {
	struct wr_conf_listener listener;
	char *topic;
	enum wr_conf_ack ack;
	int64_t ack_timeout_ms;
	int64_t linger_us; /* of the producer */
	size_t max_body_bytes;
	size_t max_event_bytes;
	int max_batch_events;
	int max_connections;
	int64_t request_timeout_ms; /* from the first byte of a request to the end of its body */
};

struct wr_conf_batch {
	int max_events;
	size_t max_bytes;
	int64_t linger_ms;
	int in_flight; /* the window, in batches */
};

struct wr_conf_retry {
	int attempts; /* the first call included */
	int64_t initial_ms;
	double factor;
	int64_t max_ms;
	enum wr_conf_jitter jitter;
	int64_t deadline_ms;              /* 0: none */
	struct wr_conf_strings permanent; /* codes; a stage may share the pipeline's */
	double budget_ratio;              /* retries for each success; 0: no bound */
	int budget_floor;                 /* retries a second that are always allowed */
	enum wr_conf_retry_mode mode;
	struct wr_conf_strings tier_names;   /* as they stand in the file; a stage may share them */
	int64_t tiers_ms[WR_CONF_TIERS_MAX]; /* found out from them: rising */
	size_t tier_count;
	int circuit_failures; /* events in a row; 0: never opens */
	int64_t probe_initial_ms, probe_max_ms;
};

/* Whether what is retried leaves for a retry topic. */
static inline bool wr_conf_retry_leaves(const struct wr_conf_retry *retry)
{
	return retry->mode != WR_RETRY_INLINE;
}

/* Dead letters that are sent round again by themselves. */
struct wr_conf_redrive {
	bool configured;
	int64_t every_ms;
	int max;                        /* for one letter */
	struct wr_conf_strings classes; /* names of enum wr_class */
	int rate;                       /* letters a second */
};

struct wr_conf_output {
	char *name; /* "default" is the first */
	char *topic;
	struct wr_conf_mark mark;
};

struct wr_conf_stage {
	char *name;                 /* NULL: the plugin's id */
	char *was;                  /* the name that it had in an earlier file; NULL: the same */
	char *plugin;               /* file, searched in plugin_path unless it has a slash */
	char *config_json;          /* the `config` tree as JSON text; "{}" when absent */
	char *config_shown;         /* the same, but what may be secret is hidden */
	int64_t timeout_ms;         /* 0: none */
	struct wr_conf_retry retry; /* the pipeline's unless overridden */
	struct wr_conf_mark mark, plugin_mark, config_mark;
	struct wr_conf_places *config_places; /* conf's own: wr_conf_stage_config_mark() */
};

struct wr_conf_event_id {
	enum wr_conf_id_source source;
	char *pointer_or_name; /* JSON Pointer, or header name; NULL for the key */
	enum wr_conf_id_missing missing;
};

struct wr_conf_idempotency {
	enum wr_conf_store store;
	int64_t ttl_ms;
	enum wr_conf_on_unavailable on_unavailable;
	size_t max_ids; /* memory only: the oldest is forgotten beyond it */
	enum wr_conf_on_rewind on_rewind;
	bool check_payload;
};

struct wr_conf_transaction { /* exactly_once only */
	int64_t interval_ms;
};

struct wr_conf_canary {
	bool configured;
	int share; /* of the keys, in millionths */
	int64_t for_ms;
	double max_error_ratio_increase;
	int min_events;
};

struct wr_conf_pipeline {
	char *name;
	struct wr_conf_mark mark;
	struct wr_conf_strings topics;
	char *group;
	enum wr_conf_format format;
	struct wr_conf_event_id event_id;
	enum wr_conf_delivery delivery;
	struct wr_conf_transaction transaction;
	struct wr_conf_idempotency idempotency;
	int lanes;
	struct wr_conf_batch batch;
	struct wr_conf_retry retry;
	char *dlq_topic;
	bool dlq_stage_value; /* dead letters keep what entered the stage */
	enum wr_conf_on_circuit on_circuit;
	struct wr_conf_canary canary; /* the engine's unless overridden */
	struct wr_conf_redrive redrive;
	struct wr_conf_stage *stages;
	size_t stage_count;
	struct wr_conf_output *outputs; /* [0] is the default */
	size_t output_count;
};

struct wr_conf {
	char *file;                    /* as it was named */
	struct wr_conf_places *places; /* of all keys; conf's own: wr_conf_mark() */
	char *instance;
	char *state_dir;
	size_t memory_bytes;
	int64_t shutdown_timeout_ms; /* to finish and commit what is in flight */
	bool watch;                  /* reload when the file or a plugin changes */
	struct wr_conf_canary canary;
	enum wr_log_level log_level;
	int log_format; /* enum wr_log_format, or -1: by whether stderr is a terminal */
	struct wr_conf_kafka kafka;
	struct wr_conf_redis redis;
	struct wr_conf_ingest ingest;
	struct wr_conf_listener admin;
	struct wr_conf_strings plugin_path;
	struct wr_conf_pipeline *pipelines;
	size_t pipeline_count;
};

/* The pipeline of that name, borrowed; NULL: there is none, or no name. [any] */
const struct wr_conf_pipeline *wr_conf_find_pipeline(const struct wr_conf *conf, const char *name);

/* Whether one of the pipelines reads the topic of HTTP ingest, or there is no ingest. *meant_r is a source topic with a name
 * like it, or NULL; borrowed. Other engines may read it, so that none of these does is no error. [any] */
bool wr_conf_ingest_is_read(const struct wr_conf *conf, const char **meant_r);

#endif
