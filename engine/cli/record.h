/*
 * How a record of a topic is shown: as text for people, or as one JSON object a line that loses nothing. Pure.
 */
#ifndef WR_CLI_RECORD_H
#define WR_CLI_RECORD_H

#include "base/buf.h"
#include "base/bytes.h"

#include <stdint.h>

struct wr_cli_header {
	const char *name;
	struct wr_bytes value; /* data NULL: null */
};

/* All borrowed. */
struct wr_cli_record {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms;  /* -1: none */
	struct wr_bytes key;   /* data NULL: none */
	struct wr_bytes value; /* data NULL: a tombstone */
	const struct wr_cli_header *headers;
	size_t header_count;
};

/* Appends "2026-11-23T06:00:00.250Z". WR_OK or WR_ENOMEM. */
enum wr_code wr_cli_append_time(struct wr_buf *out, int64_t timestamp_ms);

/* A line of where, when and key, an indented line a header, and an indented line with the value. WR_OK, WR_ENOMEM. */
enum wr_code wr_cli_record_text(const struct wr_cli_record *record, struct wr_buf *out);

/* {"topic":...,"partition":...,"offset":...,"timestamp":...,"key":...,"headers":[{"name":...,"value":...}],
 * "value":...} and a newline. Bytes that are not UTF-8 stand in base64, in "keyBase64" and "valueBase64" instead.
 * WR_OK or WR_ENOMEM. */
enum wr_code wr_cli_record_json(const struct wr_cli_record *record, struct wr_buf *out);

#endif
