#include "config.h"

#include "base/json_out.h"

#include "base/check.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

void wr_json_out_init(struct wr_json_out *out, struct wr_buf *buf)
{
	*out = (struct wr_json_out){.buf = buf, .start = buf->size, .rc = WR_OK};
}

static uint32_t bit_of(const struct wr_json_out *out)
{
	WR_ASSERT(out->depth > 0);
	return UINT32_C(1) << (out->depth - 1);
}

static void note(struct wr_json_out *out, enum wr_code rc)
{
	if (out->rc == WR_OK)
		out->rc = rc;
}

/* What stands before a value: a comma, and in an object its name. */
static bool lead_in(struct wr_json_out *out, const char *name)
{
	bool in_array = out->depth > 0 && (out->is_array & bit_of(out)) != 0;

	WR_ASSERT((name != NULL) == (out->depth > 0 && !in_array));
	if (out->depth > 0) {
		if ((out->has_items & bit_of(out)) != 0)
			note(out, wr_buf_append_text(out->buf, ","));
		out->has_items |= bit_of(out);
	}
	if (name != NULL) {
		note(out, wr_buf_append_json_string(out->buf, wr_bytes_of(name)));
		note(out, wr_buf_append_text(out->buf, ":"));
	}
	return out->rc == WR_OK;
}

static void begin(struct wr_json_out *out, const char *name, bool is_array)
{
	WR_ASSERT(out->depth < WR_JSON_OUT_DEPTH_MAX);
	if (lead_in(out, name))
		note(out, wr_buf_append_text(out->buf, is_array ? "[" : "{"));
	out->depth++;
	out->has_items &= ~bit_of(out);
	out->is_array &= ~bit_of(out);
	if (is_array)
		out->is_array |= bit_of(out);
}

void wr_json_out_begin_object(struct wr_json_out *out, const char *name)
{
	begin(out, name, false);
}

void wr_json_out_begin_array(struct wr_json_out *out, const char *name)
{
	begin(out, name, true);
}

void wr_json_out_end(struct wr_json_out *out)
{
	bool is_array = (out->is_array & bit_of(out)) != 0;

	note(out, wr_buf_append_text(out->buf, is_array ? "]" : "}"));
	out->depth--;
}

void wr_json_out_text(struct wr_json_out *out, const char *name, const char *text)
{
	wr_json_out_bytes(out, name, text != NULL ? wr_bytes_of(text) : wr_bytes(NULL, 0));
}

void wr_json_out_bytes(struct wr_json_out *out, const char *name, struct wr_bytes text)
{
	if (text.data == NULL)
		wr_json_out_null(out, name);
	else if (lead_in(out, name))
		note(out, wr_buf_append_json_string(out->buf, text));
}

void wr_json_out_integer(struct wr_json_out *out, const char *name, int64_t value)
{
	if (lead_in(out, name))
		note(out, wr_buf_printf(out->buf, "%" PRId64, value));
}

void wr_json_out_number(struct wr_json_out *out, const char *name, double value)
{
	if (!isfinite(value))
		wr_json_out_null(out, name);
	else if (lead_in(out, name))
		note(out, wr_buf_printf(out->buf, "%.15g", value));
}

void wr_json_out_bool(struct wr_json_out *out, const char *name, bool value)
{
	wr_json_out_raw(out, name, wr_bytes_of(value ? "true" : "false"));
}

void wr_json_out_null(struct wr_json_out *out, const char *name)
{
	wr_json_out_raw(out, name, wr_bytes_of("null"));
}

void wr_json_out_time(struct wr_json_out *out, const char *name, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	char text[32];

	if (wall_ms < 0 || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		wr_json_out_null(out, name);
	else if (lead_in(out, name))
		note(out, wr_buf_printf(out->buf, "\"%s.%03dZ\"", text, (int)(wall_ms % 1000)));
}

void wr_json_out_raw(struct wr_json_out *out, const char *name, struct wr_bytes json)
{
	if (lead_in(out, name))
		note(out, wr_buf_append(out->buf, json.data, json.size));
}

enum wr_code wr_json_out_finish(struct wr_json_out *out)
{
	WR_ASSERT(out->depth == 0);
	if (out->rc != WR_OK)
		out->buf->size = out->start;
	return out->rc;
}
