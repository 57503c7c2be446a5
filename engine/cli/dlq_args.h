/*
 * What the `weir dlq` commands have in common: which topic, which dead letters, and what they say of them.
 */
#ifndef WR_CLI_DLQ_ARGS_H
#define WR_CLI_DLQ_ARGS_H

#include "cli/kafka_args.h"
#include "cli/text_table.h"
#include "dlq/dlq.h"

/* Where the dead letters are. */
#define WR_DLQ_OPTIONS                                                                    \
	WR_KAFKA_OPTIONS,                                                                 \
	    {"pipeline", 'p', "NAME", "those of this pipeline; its topic is --config's"}, \
	{                                                                                 \
		"topic", 't', "TOPIC", "the dead-letter topic; default: the pipeline's"   \
	}

/* Which of them. */
#define WR_DLQ_FILTER_OPTIONS                                                                     \
	{"stage", 's', "NAME", "that failed at this stage"},                                      \
	    {"plugin", 0, "ID", "that failed in this plugin"},                                    \
	    {"class", 0, "CLASS", "of this class: permanent, exhausted, decode, ..."},            \
	    {"code", 0, "CODE", "with this code"},                                                \
	    {"generation", 0, "N", "that failed under this generation of the configuration"},     \
	    {"id", 0, "EVENT-ID", "of the event with this id"},                                   \
	    {"text", 0, "TEXT", "with this in the message, in any case"},                         \
	    {"from", 0, "TIME", "dead-lettered since then (2026-11-23T06:00:00Z, 90m, 24h, 7d)"}, \
	{                                                                                         \
		"until", 0, "TIME", "dead-lettered before then"                                   \
	}

struct wr_dlq_args {
	const struct wr_command *command;
	struct wr_kafka_args kafka;
	struct wr_conf_kafka conf;
	const char *topic;    /* as it was given; NULL: the pipeline's */
	const char *pipeline; /* likewise */
	struct wr_dlq_filter filter;
	struct wr_dlq *dlq;
};

void wr_dlq_args_init(struct wr_dlq_args *args, const struct wr_command *command);
void wr_dlq_args_fini(struct wr_dlq_args *args);

/* Takes the option that the walk found when it is one of the above, or "state". False when it is not, or when its
 * value is wrong: then *exit_status_r is WR_EXIT_USAGE and it was said, else -1. */
bool wr_dlq_args_take(struct wr_dlq_args *args, const struct wr_args *walk, int *exit_status_r);

/* Finds the topic and opens it. What fails is said on stderr. WR_EXIT_OK, WR_EXIT_WRONG, WR_EXIT_USAGE. */
int wr_dlq_args_open(struct wr_dlq_args *args);

/* Says what failed. Returns WR_EXIT_WRONG. */
int wr_dlq_args_fail(const struct wr_dlq_args *args, const struct wr_err *err);

/* A cell, cut where it is very long; nothing is "-". */
void wr_dlq_cell(struct wr_text_table *table, struct wr_bytes text);
void wr_dlq_cell_time(struct wr_text_table *table, int64_t timestamp_ms);

/* Appends a time for people. WR_OK or WR_ENOMEM. */
enum wr_code wr_dlq_time(struct wr_buf *out, int64_t timestamp_ms);

#endif
