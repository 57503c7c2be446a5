#include "config.h"

#include "cli/pretty.h"
#include "base/json_scan.h"
#include "base/json_slice.h"
#include "base/utf8.h"

#define INDENT 2
#define DUMP_BYTES 16
#define DEPTH_MAX 64

static enum wr_code indent(struct wr_buf *out, int depth)
{
	return wr_buf_printf(out, "%*s", (depth + 1) * INDENT, "");
}

static enum wr_code put_value(struct wr_bytes value, int depth, struct wr_buf *out);

/* The members of an object or the elements of an array, a line each. */
static enum wr_code put_members(struct wr_json_walk *walk, int depth, struct wr_buf *out)
{
	struct wr_bytes name, value;
	const char *separator = "\n";
	enum wr_code rc = WR_OK;

	while (rc == WR_OK && wr_json_walk_next(walk, &name, &value)) {
		if ((rc = wr_buf_append_text(out, separator)) != WR_OK ||
		    (rc = indent(out, depth + 1)) != WR_OK)
			return rc;
		separator = ",\n";
		if (name.data != NULL) {
			/* As it was written: escapes in it are visible ASCII. */
			if ((rc = wr_buf_append_text(out, "\"")) != WR_OK ||
			    (rc = wr_buf_append_printable(out, name)) != WR_OK ||
			    (rc = wr_buf_append_text(out, "\": ")) != WR_OK)
				return rc;
		}
		rc = put_value(value, depth + 1, out);
	}
	return rc;
}

static enum wr_code put_container(struct wr_bytes value, char open, char close, int depth,
				  struct wr_buf *out)
{
	struct wr_json_walk walk, peek;
	struct wr_bytes name, first;
	enum wr_code rc;

	if (!wr_json_walk_begin(&walk, value))
		return wr_buf_append_printable(out, value);
	peek = walk;
	if (!wr_json_walk_next(&peek, &name, &first))
		return wr_buf_printf(out, "%c%c", open, close);
	if ((rc = wr_buf_printf(out, "%c", open)) != WR_OK ||
	    (rc = put_members(&walk, depth, out)) != WR_OK ||
	    (rc = wr_buf_append_text(out, "\n")) != WR_OK || (rc = indent(out, depth)) != WR_OK)
		return rc;
	return wr_buf_printf(out, "%c", close);
}

static enum wr_code put_value(struct wr_bytes value, int depth, struct wr_buf *out)
{
	enum wr_json_type type = wr_json_slice_type(value);

	if (depth < DEPTH_MAX && type == WR_JSON_OBJECT)
		return put_container(value, '{', '}', depth, out);
	if (depth < DEPTH_MAX && type == WR_JSON_ARRAY)
		return put_container(value, '[', ']', depth, out);
	return wr_buf_append_printable(out, value);
}

static bool is_text(struct wr_bytes bytes)
{
	const unsigned char *s = bytes.data;

	for (size_t i = 0; i < bytes.size; i++) {
		if ((s[i] < 0x20 && s[i] != '\n' && s[i] != '\t' && s[i] != '\r') || s[i] == 0x7f)
			return false;
	}
	return wr_utf8_valid(bytes);
}

static enum wr_code put_lines(struct wr_bytes bytes, struct wr_buf *out)
{
	const char *at = bytes.data, *end = at + bytes.size, *line_end;
	enum wr_code rc = WR_OK;

	while (at < end && rc == WR_OK) {
		line_end = memchr(at, '\n', (size_t)(end - at));
		if (line_end == NULL)
			line_end = end;
		if ((rc = indent(out, 0)) == WR_OK &&
		    (rc = wr_buf_append_printable(out, wr_bytes(at, (size_t)(line_end - at)))) ==
			WR_OK)
			rc = wr_buf_append_text(out, "\n");
		at = line_end + 1;
	}
	return rc;
}

static enum wr_code dump_line(const unsigned char *s, size_t at, size_t size, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_printf(out, "  %08zx ", at);

	for (size_t i = 0; i < DUMP_BYTES && rc == WR_OK; i++)
		rc = i < size ? wr_buf_printf(out, " %02x", s[i]) : wr_buf_append_text(out, "   ");
	if (rc == WR_OK)
		rc = wr_buf_append_text(out, "  |");
	for (size_t i = 0; i < size && rc == WR_OK; i++)
		rc = wr_buf_printf(out, "%c", s[i] >= 0x20 && s[i] < 0x7f ? s[i] : '.');
	return rc == WR_OK ? wr_buf_append_text(out, "|\n") : rc;
}

static enum wr_code dump(struct wr_bytes bytes, struct wr_buf *out)
{
	enum wr_code rc = WR_OK;
	size_t left;

	for (size_t at = 0; at < bytes.size && rc == WR_OK; at += DUMP_BYTES) {
		left = bytes.size - at;
		rc = dump_line((const unsigned char *)bytes.data + at, at,
			       left < DUMP_BYTES ? left : DUMP_BYTES, out);
	}
	return rc;
}

enum wr_code wr_pretty(struct wr_bytes bytes, struct wr_buf *out)
{
	struct wr_json_position where;
	struct wr_bytes trimmed;
	const char *what;
	enum wr_code rc;

	if (bytes.data == NULL)
		return wr_buf_append_text(out, "  (null)\n");
	if (bytes.size == 0)
		return wr_buf_append_text(out, "  (empty)\n");
	trimmed = wr_json_trim(bytes);
	if (trimmed.size > 0 && wr_json_scan(trimmed, &where, &what)) {
		if ((rc = indent(out, 0)) != WR_OK || (rc = put_value(trimmed, 0, out)) != WR_OK)
			return rc;
		return wr_buf_append_text(out, "\n");
	}
	return is_text(bytes) ? put_lines(bytes, out) : dump(bytes, out);
}
