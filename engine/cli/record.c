#include "config.h"

#include "cli/record.h"

#include <inttypes.h>
#include <time.h>

enum wr_code wr_cli_append_time(struct wr_buf *out, int64_t timestamp_ms)
{
	time_t seconds = (time_t)(timestamp_ms / 1000);
	struct tm tm;
	char text[64];

	if (timestamp_ms < 0 || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return wr_buf_append_text(out, "(no time)");
	return wr_buf_printf(out, "%s.%03dZ", text, (int)(timestamp_ms % 1000));
}

static enum wr_code append_shown(struct wr_buf *out, struct wr_bytes bytes)
{
	if (bytes.data == NULL)
		return wr_buf_append_text(out, "(null)");
	if (bytes.size == 0)
		return wr_buf_append_text(out, "(empty)");
	return wr_buf_append_printable(out, bytes);
}

static enum wr_code append_header_line(struct wr_buf *out, const struct wr_cli_header *header)
{
	enum wr_code rc;

	if ((rc = wr_buf_append_text(out, "\n    ")) != WR_OK ||
	    (rc = wr_buf_append_printable(out, wr_bytes_of(header->name))) != WR_OK ||
	    (rc = wr_buf_append_text(out, ": ")) != WR_OK)
		return rc;
	return append_shown(out, header->value);
}

enum wr_code wr_cli_record_text(const struct wr_cli_record *record, struct wr_buf *out)
{
	enum wr_code rc;
	size_t i;

	if ((rc = wr_buf_printf(out, "%s/%" PRId32 "@%" PRId64 "  ", record->topic,
				record->partition, record->offset)) != WR_OK ||
	    (rc = wr_cli_append_time(out, record->timestamp_ms)) != WR_OK ||
	    (rc = wr_buf_append_text(out, "  key ")) != WR_OK ||
	    (rc = append_shown(out, record->key)) != WR_OK)
		return rc;
	for (i = 0; i < record->header_count; i++) {
		if ((rc = append_header_line(out, &record->headers[i])) != WR_OK)
			return rc;
	}
	if ((rc = wr_buf_append_text(out, "\n  ")) != WR_OK ||
	    (rc = append_shown(out, record->value)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "\n");
}

static enum wr_code append_headers(struct wr_buf *out, const struct wr_cli_record *record)
{
	enum wr_code rc = wr_buf_append_text(out, ",\"headers\":[");
	size_t i;

	for (i = 0; rc == WR_OK && i < record->header_count; i++) {
		if ((rc = wr_buf_append_text(out, i > 0 ? ",{\"name\":" : "{\"name\":")) == WR_OK &&
		    (rc = wr_buf_append_json_string(out, wr_bytes_of(record->headers[i].name))) ==
			WR_OK &&
		    (rc = wr_buf_append_json_member(out, "value", record->headers[i].value)) ==
			WR_OK)
			rc = wr_buf_append_text(out, "}");
	}
	return rc == WR_OK ? wr_buf_append_text(out, "]") : rc;
}

enum wr_code wr_cli_record_json(const struct wr_cli_record *record, struct wr_buf *out)
{
	enum wr_code rc;

	if ((rc = wr_buf_append_text(out, "{\"topic\":")) != WR_OK ||
	    (rc = wr_buf_append_json_string(out, wr_bytes_of(record->topic))) != WR_OK ||
	    (rc = wr_buf_printf(out,
				",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"timestamp\":",
				record->partition, record->offset)) != WR_OK)
		return rc;
	if (record->timestamp_ms >= 0)
		rc = wr_buf_printf(out, "%" PRId64, record->timestamp_ms);
	else
		rc = wr_buf_append_text(out, "null");
	if (rc != WR_OK || (rc = wr_buf_append_json_member(out, "key", record->key)) != WR_OK ||
	    (rc = append_headers(out, record)) != WR_OK ||
	    (rc = wr_buf_append_json_member(out, "value", record->value)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "}\n");
}
