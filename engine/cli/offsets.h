/*
 * Where a pipeline stands in its topics: the group's offsets beside the done marks. What `weir offsets` has in common.
 */
#ifndef WR_CLI_OFFSETS_H
#define WR_CLI_OFFSETS_H

#include "base/json_out.h"
#include "cli/pipeline_args.h"
#include "core/mark.h"
#include "kafka/group.h"

/* A partition's mark. */
enum wr_mark_kept {
	WR_MARK_NONE,
	WR_MARK_READ,      /* from Redis */
	WR_MARK_UNREADABLE /* something is there, and it is no mark */
};

struct wr_offsets_row {
	struct wr_kafka_place *place; /* of the places */
	enum wr_mark_kept kept;
	struct wr_mark mark; /* with READ */
};

struct wr_offsets {
	const struct wr_command *command;
	struct wr_pipeline_args pipeline;
	const char *topic;   /* --topic; NULL: all */
	long long partition; /* --partition; -1: all */
	bool json;
	long long timeout_ms; /* of a call to Kafka */
	struct wr_kafka_group *group;
	struct wr_redis_access *access; /* NULL: the marks are not in Redis */
	size_t members;
	struct wr_kafka_places places;
	struct wr_offsets_row *rows; /* of each place that was asked for */
	size_t count;
};

#define WR_OFFSETS_OPTIONS                                                                 \
	WR_PIPELINE_OPTIONS, {"topic", 't', "TOPIC", "only this topic"},                   \
	    {"partition", 'P', "N", "only this partition; wants --topic"},                 \
	    {"json", 'j', NULL, "as one JSON object"},                                     \
	{                                                                                  \
		"timeout", 0, "D", "how long to wait for an answer of Kafka; default: 15s" \
	}

void wr_offsets_init(struct wr_offsets *offsets, const struct wr_command *command);
void wr_offsets_fini(struct wr_offsets *offsets);

/* Takes the option that the walk found when it is one of WR_OFFSETS_OPTIONS. False when it is not, or when its value is
 * wrong: then *exit_status_r is WR_EXIT_USAGE and it was said, else -1. */
bool wr_offsets_take(struct wr_offsets *offsets, const struct wr_args *walk, int *exit_status_r);

/* Reads it all. Of topics the pipeline's sources; with `retry` its retry topics too. What is wrong is said on stderr.
 * WR_EXIT_OK, WR_EXIT_WRONG, WR_EXIT_USAGE. */
int wr_offsets_read(struct wr_offsets *offsets, bool retry);

/* "<topic>/<partition>": where marks are kept. */
#define WR_OFFSETS_FIELD_BYTES 272
struct wr_bytes wr_offsets_field(const struct wr_kafka_place *place,
				 char field[WR_OFFSETS_FIELD_BYTES]);

/* Intervals of a mark for people; "" without any. Cut to fit. */
#define WR_OFFSETS_TEXT_BYTES 128
void wr_offsets_done_text(const struct wr_mark *mark, char text[WR_OFFSETS_TEXT_BYTES]);
void wr_offsets_abandoned_text(const struct wr_mark *mark, char text[WR_OFFSETS_TEXT_BYTES]);

/* A mark as a member of an object; NULL is null. */
void wr_offsets_mark_json(struct wr_json_out *out, const char *name, const struct wr_mark *mark);

/* Prints a document, or says that there is no memory for it. WR_EXIT_OK or WR_EXIT_WRONG. */
int wr_offsets_print_json(const struct wr_offsets *offsets, struct wr_json_out *out,
			  struct wr_buf *text);

#endif
