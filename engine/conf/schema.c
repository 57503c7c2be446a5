#include "config.h"

#include "conf/schema.h"
#include "base/check.h"
#include "conf/conf.h"
#include "conf/load.h"

#include <string.h>

#define COUNT_MAX INT64_C(1000000000)
#define HOUR_MS INT64_C(3600000)
#define KIB INT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

/* The place of a member, which must be of the C type: a row can't be filled into the wrong kind of field. */
#define AT(struct_, member_, ctype)                                                      \
	.has_member = true,                                                              \
	.member = offsetof(struct struct_, member_) +                                    \
		  0 * sizeof(char[__builtin_types_compatible_p(                          \
				      __typeof__(((struct struct_ *)0)->member_), ctype) \
				      ? 1                                                \
				      : -1])

#define ROOT(member_, ctype) AT(wr_conf, member_, ctype)
#define PIPE(member_, ctype) AT(wr_conf_pipeline, member_, ctype)
#define STAGE(member_, ctype) AT(wr_conf_stage, member_, ctype)
#define RANGE(least_, most_) .least = (least_), .most = (most_)
#define PLANNED .status = WR_KEY_PLANNED

static const struct wr_choice log_levels[] = {{"error", WR_LOG_ERROR, 0},
					      {"warn", WR_LOG_WARN, 0},
					      {"info", WR_LOG_INFO, 0},
					      {"debug", WR_LOG_DEBUG, 0},
					      {NULL, 0, 0}};
static const struct wr_choice log_formats[] = {
    {"auto", -1, 0}, {"json", WR_LOG_JSON, 0}, {"text", WR_LOG_TEXT, 0}, {NULL, 0, 0}};
static const struct wr_choice acks[] = {{"persisted", WR_ACK_PERSISTED, 0},
					{"accepted", WR_ACK_ACCEPTED, 0},
					{"processed", 0, WR_KEY_PLANNED},
					{NULL, 0, 0}};
static const struct wr_choice formats[] = {
    {"json", WR_FORMAT_JSON, 0}, {"raw", WR_FORMAT_RAW, 0}, {NULL, 0, 0}};
static const struct wr_choice id_missings[] = {
    {"dlq", WR_ID_MISSING_DLQ, 0}, {"drop", WR_ID_MISSING_DROP, 0}, {NULL, 0, 0}};
static const struct wr_choice deliveries[] = {
    {"at_least_once", WR_AT_LEAST_ONCE, 0}, {"exactly_once", WR_EXACTLY_ONCE, 0}, {NULL, 0, 0}};
static const struct wr_choice stores[] = {{"redis", WR_STORE_REDIS, 0},
					  {"memory", WR_STORE_MEMORY, 0},
					  {"none", WR_STORE_NONE, 0},
					  {NULL, 0, 0}};
static const struct wr_choice unavailables[] = {
    {"block", WR_ON_UNAVAILABLE_BLOCK, 0}, {"process", WR_ON_UNAVAILABLE_PROCESS, 0}, {NULL, 0, 0}};
static const struct wr_choice on_circuits[] = {
    {"hold", WR_ON_CIRCUIT_HOLD, WR_KEY_BUILT},
    {"dead_letter", WR_ON_CIRCUIT_DEAD_LETTER, WR_KEY_BUILT},
    {NULL, 0, WR_KEY_BUILT},
};
static const struct wr_choice rewinds[] = {
    {"skip", WR_ON_REWIND_SKIP, 0}, {"process", WR_ON_REWIND_PROCESS, 0}, {NULL, 0, 0}};
static const struct wr_choice jitters[] = {{"full", WR_JITTER_FULL, 0},
					   {"equal", WR_JITTER_EQUAL, 0},
					   {"none", WR_JITTER_NONE, 0},
					   {NULL, 0, 0}};
static const struct wr_choice retry_modes[] = {{"inline", WR_RETRY_INLINE, 0},
					       {"topic", WR_RETRY_TOPIC, 0},
					       {"key", WR_RETRY_KEY, 0},
					       {NULL, 0, 0}};
static const struct wr_choice isolations[] = {
    {"inline", 0, 0}, {"process", 0, WR_KEY_PLANNED}, {NULL, 0, 0}};

/* A stage's retry policy is its pipeline's, but for what it sets itself. */
static void inherit_retry(void *stage, const void *pipeline)
{
	((struct wr_conf_stage *)stage)->retry = ((const struct wr_conf_pipeline *)pipeline)->retry;
}

/* A pipeline's canary is the engine's, but for what it sets itself. */
static void inherit_canary(void *pipeline, const void *conf)
{
	((struct wr_conf_pipeline *)pipeline)->canary = ((const struct wr_conf *)conf)->canary;
}

#define DEFAULTED(text) .fallback = (text)
#define INHERITED(text) .otherwise = "the pipeline's"
#define ENGINES(text) .otherwise = "the engine's"

#define CANARY_ROWS(prefix, IN, DEFAULT, whose)                                                   \
	{.path = prefix "canary",                                                                 \
	 .type = WR_KEY_MAP,                                                                      \
	 IN(canary.configured, bool),                                                             \
	 .doc = "Reloads try new stages, policies and outputs on a share of the keys first, and " \
		"go on with all keys or go back by what comes of it." whose},                     \
	    {.path = prefix "canary.share",                                                       \
	     .type = WR_KEY_SHARE,                                                                \
	     IN(canary.share, int),                                                               \
	     RANGE(100, 990000),                                                                  \
	     DEFAULT("10%"),                                                                      \
	     .doc = "Of the keys, by their hash; the same keys each time."},                      \
	    {.path = prefix "canary.for",                                                         \
	     .type = WR_KEY_DURATION_MS,                                                          \
	     IN(canary.for_ms, int64_t),                                                          \
	     RANGE(100, 24 * HOUR_MS),                                                            \
	     DEFAULT("60s"),                                                                      \
	     .doc = "How long it is tried. With fewer than `min_events` it goes on, for ten "     \
		    "times as long at most."},                                                    \
	    {.path = prefix "canary.max_error_ratio_increase",                                    \
	     .type = WR_KEY_NUMBER,                                                               \
	     IN(canary.max_error_ratio_increase, double),                                         \
	     RANGE(0, 1),                                                                         \
	     DEFAULT("0.01"),                                                                     \
	     .doc = "How much higher its share of failed events may be than that of the other "   \
		    "keys in the same time."},                                                    \
	{                                                                                         \
		.path = prefix "canary.min_events", .type = WR_KEY_INT,                           \
		IN(canary.min_events, int), RANGE(1, 1000000000), DEFAULT("100"),                 \
		.doc = "So many events must have been run by it before it is judged."             \
	}

#define RETRY_ROWS(prefix, IN, DEFAULT, none, tiers, whose)                                       \
	{.path = prefix "retry",                                                                  \
	 .type = WR_KEY_MAP,                                                                      \
	 .doc = "What is done with an event whose handler asks for a retry" whose "."},           \
	    {.path = prefix "retry.attempts",                                                     \
	     .type = WR_KEY_INT,                                                                  \
	     IN(retry.attempts, int),                                                             \
	     RANGE(1, 1000),                                                                      \
	     DEFAULT("4"),                                                                        \
	     .doc = "How often a handler sees an event at most, the first call included: 4 is "   \
		    "one call and three retries. After the last one the event is dead-lettered "  \
		    "as `exhausted`. Calls while its stage fails wholesale are not counted."},    \
	    {.path = prefix "retry.mode",                                                         \
	     .type = WR_KEY_ENUM,                                                                 \
	     .choices = retry_modes,                                                              \
	     IN(retry.mode, enum wr_conf_retry_mode),                                             \
	     DEFAULT("inline"),                                                                   \
	     .doc = "Where an event waits: `inline` in its lane, where events of the same key "   \
		    "wait behind it; `topic` in a retry topic, where it survives restarts and "   \
		    "holds nobody up, and the order of its key is given up; `key` in a retry "    \
		    "topic too, where later events of its key follow it in their order, which "   \
		    "needs a pipeline with a single source topic."},                              \
	    {.path = prefix "retry.tiers",                                                        \
	     .type = WR_KEY_STRINGS,                                                              \
	     .form = WR_FORM_DURATION,                                                            \
	     IN(retry.tier_names, struct wr_conf_strings),                                        \
	     RANGE(1, WR_CONF_TIERS_MAX),                                                         \
	     .otherwise = (tiers),                                                                \
	     .doc = "With `mode: topic` and `mode: key`, the delays, rising, from 1ms to 24h: "   \
		    "the first retry "                                                            \
		    "waits for the first of them, the next for the next, and the last repeats. "  \
		    "Each is a topic, `<pipeline>.retry.<delay>`."},                              \
	    {.path = prefix "retry.backoff",                                                      \
	     .type = WR_KEY_MAP,                                                                  \
	     .doc = "How long it waits: `initial`, then `factor` times as long each time, up to " \
		    "`max`."},                                                                    \
	    {.path = prefix "retry.backoff.initial",                                              \
	     .type = WR_KEY_DURATION_MS,                                                          \
	     IN(retry.initial_ms, int64_t),                                                       \
	     RANGE(0, 24 * HOUR_MS),                                                              \
	     DEFAULT("200ms"),                                                                    \
	     .doc = "The wait before the first retry."},                                          \
	    {.path = prefix "retry.backoff.factor",                                               \
	     .type = WR_KEY_NUMBER,                                                               \
	     IN(retry.factor, double),                                                            \
	     RANGE(1, 100),                                                                       \
	     DEFAULT("2"),                                                                        \
	     .doc = "By what the wait grows with each retry; 1 keeps it constant."},              \
	    {.path = prefix "retry.backoff.max",                                                  \
	     .type = WR_KEY_DURATION_MS,                                                          \
	     IN(retry.max_ms, int64_t),                                                           \
	     RANGE(0, 24 * HOUR_MS),                                                              \
	     DEFAULT("10s"),                                                                      \
	     .doc = "The longest wait."},                                                         \
	    {.path = prefix "retry.deadline",                                                     \
	     .type = WR_KEY_DURATION_MS,                                                          \
	     IN(retry.deadline_ms, int64_t),                                                      \
	     RANGE(0, 366 * 24 * HOUR_MS),                                                        \
	     DEFAULT("0"),                                                                        \
	     .doc = "How long after its first failure an event may still be retried; a retry "    \
		    "that would come later is not made and the event is dead-lettered as "        \
		    "`exhausted`. 0 is without a limit."},                                        \
	    {.path = prefix "retry.permanent",                                                    \
	     .type = WR_KEY_STRINGS,                                                              \
	     IN(retry.permanent, struct wr_conf_strings),                                         \
	     RANGE(0, 100),                                                                       \
	     .otherwise = (none),                                                                 \
	     .doc = "Codes with which a retry is pointless: an event whose handler asks for a "   \
		    "retry with one of them is dead-lettered at once, as `permanent`."},          \
	    {.path = prefix "retry.budget",                                                       \
	     .type = WR_KEY_MAP,                                                                  \
	     .doc = "How many retries a lane makes: they wait longer where there would be more, " \
		    "so that they don't bury a dependency that is slow or has just come back."},  \
	    {.path = prefix "retry.budget.ratio",                                                 \
	     .type = WR_KEY_NUMBER,                                                               \
	     IN(retry.budget_ratio, double),                                                      \
	     RANGE(0, 100),                                                                       \
	     DEFAULT("0.2"),                                                                      \
	     .doc = "Retries for each success of the last ten seconds; 0 is without a limit."},   \
	    {.path = prefix "retry.budget.floor",                                                 \
	     .type = WR_KEY_INT,                                                                  \
	     IN(retry.budget_floor, int),                                                         \
	     RANGE(1, 1000000),                                                                   \
	     DEFAULT("500"),                                                                      \
	     .doc = "Retries a second that are made in any case."},                               \
	    {.path = prefix "retry.circuit",                                                      \
	     .type = WR_KEY_MAP,                                                                  \
	     .doc = "When a stage fails wholesale its circuit opens: the lane takes nothing "     \
		    "more and tries single events until one succeeds."},                          \
	    {.path = prefix "retry.circuit.failures",                                             \
	     .type = WR_KEY_INT,                                                                  \
	     IN(retry.circuit_failures, int),                                                     \
	     RANGE(0, 1000000),                                                                   \
	     DEFAULT("50"),                                                                       \
	     .doc = "After how many events in a row whose first attempt asked for a retry it "    \
		    "opens; 0 is never."},                                                        \
	    {.path = prefix "retry.circuit.probe",                                                \
	     .type = WR_KEY_MAP,                                                                  \
	     .doc = "The time between the events that are tried while it is open: `initial`, "    \
		    "then twice as long each time, up to `max`."},                                \
	    {.path = prefix "retry.circuit.probe.initial",                                        \
	     .type = WR_KEY_DURATION_MS,                                                          \
	     IN(retry.probe_initial_ms, int64_t),                                                 \
	     RANGE(1, HOUR_MS),                                                                   \
	     DEFAULT("1s"),                                                                       \
	     .doc = "The time to the first one."},                                                \
	    {.path = prefix "retry.circuit.probe.max",                                            \
	     .type = WR_KEY_DURATION_MS,                                                          \
	     IN(retry.probe_max_ms, int64_t),                                                     \
	     RANGE(1, 24 * HOUR_MS),                                                              \
	     DEFAULT("30s"),                                                                      \
	     .doc = "The longest time."},                                                         \
	{                                                                                         \
		.path = prefix "retry.backoff.jitter", .type = WR_KEY_ENUM, .choices = jitters,   \
		IN(retry.jitter, enum wr_conf_jitter), DEFAULT("full"),                           \
		.doc = "How the wait is spread: `full` takes a random time up to it, `equal` "    \
		       "half of it and a random time up to the other half, `none` exactly it."    \
	}

#define TLS_ROWS(prefix, member_)                                                            \
	{.path = prefix "tls", .type = WR_KEY_MAP, .restart = true, .doc = "Serves HTTPS."}, \
	    {.path = prefix "tls.cert_file",                                                 \
	     .type = WR_KEY_STRING,                                                          \
	     ROOT(member_.tls.cert_file, char *),                                            \
	     .required = true,                                                               \
	     .doc = "The server's certificate and then its chain, PEM. A reload takes what " \
		    "the file holds then."},                                                 \
	{                                                                                    \
		.path = prefix "tls.key_file", .type = WR_KEY_STRING,                        \
		ROOT(member_.tls.key_file, char *), .required = true,                        \
		.doc = "Its private key, PEM, without a passphrase."                         \
	}

#define LISTENER_ROWS(prefix, member_, token_doc)                                               \
	{.path = prefix "listen",                                                               \
	 .type = WR_KEY_LISTEN,                                                                 \
	 AT(wr_conf, member_, struct wr_conf_listener),                                         \
	 .required = true,                                                                      \
	 .restart = true,                                                                       \
	 .doc = "Address and port: `127.0.0.1:8080`, `[::1]:8080`, `0.0.0.0:8080` for every "   \
		"IPv4 address of the machine. Port 0 takes a free one and logs it."},           \
	    {.path = prefix "token",                                                            \
	     .type = WR_KEY_SECRET,                                                             \
	     .form = WR_FORM_TOKEN,                                                             \
	     ROOT(member_.token, char *),                                                       \
	     .doc = token_doc " Better from a variable or from `token_file` than written "      \
			      "here."},                                                         \
	{                                                                                       \
		.path = prefix "token_file", .type = WR_KEY_SECRET_FILE, .form = WR_FORM_TOKEN, \
		ROOT(member_.token, char *),                                                    \
		.doc = "A file that holds the token; a newline at its end is not part of it."   \
	}

static const struct wr_key_row rows[] = {
#include "conf/schema_engine.inc"
#include "conf/schema_pipeline.inc"
};

size_t wr_schema_size(void)
{
	return WR_COUNT_OF(rows);
}

const struct wr_key_row *wr_schema_row(size_t i)
{
	WR_ASSERT(i < WR_COUNT_OF(rows));
	return &rows[i];
}

const char *wr_schema_name(const struct wr_key_row *row)
{
	const char *dot = strrchr(row->path, '.');

	return dot != NULL ? dot + 1 : row->path;
}

const struct wr_key_row *wr_schema_child(const char *prefix, size_t *cursor_p)
{
	size_t size = strlen(prefix);
	const struct wr_key_row *row;
	const char *rest;

	while (*cursor_p < WR_COUNT_OF(rows)) {
		row = &rows[(*cursor_p)++];
		rest = row->path;
		if (size > 0) {
			if (strncmp(rest, prefix, size) != 0 || rest[size] != '.')
				continue;
			rest += size + 1;
		}
		if (strpbrk(rest, ".[") == NULL)
			return row;
	}
	return NULL;
}

const char *wr_conf_default(const char *path)
{
	for (size_t i = 0; i < WR_COUNT_OF(rows); i++) {
		if (strcmp(rows[i].path, path) == 0)
			return rows[i].fallback;
	}
	return NULL;
}
