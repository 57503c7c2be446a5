#include "config.h"

#include "cli/claim_text.h"
#include "base/json_out.h"
#include "core/claim.h"

#include <inttypes.h>

void wr_claim_view_init(struct wr_claim_view *view, const char *pipeline, const char *id)
{
	*view = (struct wr_claim_view){
	    .pipeline = pipeline, .id = wr_bytes_of(id), .key = WR_BUF_INIT, .value = WR_BUF_INIT};
}

void wr_claim_view_fini(struct wr_claim_view *view)
{
	wr_buf_fini(&view->key);
	wr_buf_fini(&view->value);
}

int wr_claim_view_read(struct wr_claim_view *view, struct wr_redis_access *access,
		       const struct wr_command *command)
{
	struct wr_err err;
	enum wr_code rc = wr_redis_claim_key(access, view->id, &view->key);

	if (rc != WR_OK)
		return wr_cli_fail(command, "out of memory");
	rc = wr_redis_claim_read(access, view->id, &view->value, &view->ttl_ms, &err);
	if (rc == WR_OK)
		return WR_EXIT_OK;
	if (rc == WR_ENOTFOUND)
		return wr_cli_fail(command, "%.*s in pipeline %s: %s", (int)view->id.size,
				   (const char *)view->id.data, view->pipeline, err.text);
	if (rc == WR_EINVAL)
		return wr_cli_fail(command, "%s: %s", wr_buf_text(&view->key), err.text);
	return wr_cli_fail(command, "%s", err.text);
}

/* The parts of a value. */
struct parts {
	const char *state;
	struct wr_owner owner;
	struct wr_bytes hash; /* absent: none */
};

static bool split(struct wr_bytes value, struct parts *parts_r)
{
	enum wr_claim_state state;

	*parts_r = (struct parts){.state = "unreadable"};
	if (!wr_claim_parse(value, &state, &parts_r->owner, &parts_r->hash))
		return false;
	parts_r->state = state == WR_CLAIM_CLAIMED ? "claimed" : "dead-lettered";
	return true;
}

static enum wr_code append_duration(int64_t ms, struct wr_buf *out)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		return wr_buf_append_text(out, "no end");
	if (s >= 3600)
		return wr_buf_printf(out, "%" PRId64 "h %" PRId64 "m", s / 3600, s / 60 % 60);
	if (s >= 60)
		return wr_buf_printf(out, "%" PRId64 "m %" PRId64 "s", s / 60, s % 60);
	return wr_buf_printf(out, "%" PRId64 ".%03" PRId64 "s", s, ms % 1000);
}

static enum wr_code append_line(struct wr_buf *out, const char *name, struct wr_bytes text)
{
	enum wr_code rc = wr_buf_printf(out, "%-9s ", name);

	if (rc == WR_OK)
		rc = wr_buf_append_printable(out, text);
	return rc == WR_OK ? wr_buf_append_text(out, "\n") : rc;
}

static enum wr_code append_owner(const struct wr_owner *owner, struct wr_buf *out)
{
	return wr_buf_printf(
	    out, "%-9s %.*s, partition %" PRId32 ", offset %" PRId64 " (incarnation %" PRIu32 ")\n",
	    "owner", (int)owner->topic.size, (const char *)owner->topic.data, owner->partition,
	    owner->offset, owner->incarnation);
}

enum wr_code wr_claim_view_text(const struct wr_claim_view *view, struct wr_buf *out)
{
	struct wr_bytes value = wr_bytes(view->value.data, view->value.size);
	struct parts parts;
	bool is_claim = split(value, &parts);
	enum wr_code rc;

	if ((rc = append_line(out, "id", view->id)) != WR_OK ||
	    (rc = append_line(out, "pipeline", wr_bytes_of(view->pipeline))) != WR_OK ||
	    (rc = append_line(out, "state", wr_bytes_of(parts.state))) != WR_OK)
		return rc;
	rc = is_claim ? append_owner(&parts.owner, out) : append_line(out, "value", value);
	if (rc == WR_OK && parts.hash.data != NULL)
		rc = append_line(out, "payload", parts.hash);
	if (rc == WR_OK)
		rc = wr_buf_printf(out, "%-9s ", "ttl left");
	if (rc == WR_OK)
		rc = append_duration(view->ttl_ms, out);
	if (rc == WR_OK)
		rc = wr_buf_append_text(out, "\n");
	return rc == WR_OK ? append_line(out, "key", wr_bytes(view->key.data, view->key.size)) : rc;
}

static void add_owner(struct wr_json_out *out, const struct wr_owner *owner)
{
	wr_json_out_begin_object(out, "owner");
	wr_json_out_bytes(out, "topic", owner->topic);
	wr_json_out_integer(out, "partition", owner->partition);
	wr_json_out_integer(out, "offset", owner->offset);
	wr_json_out_integer(out, "incarnation", owner->incarnation);
	wr_json_out_end(out);
}

enum wr_code wr_claim_view_json(const struct wr_claim_view *view, struct wr_buf *out)
{
	struct wr_bytes value = wr_bytes(view->value.data, view->value.size);
	struct wr_json_out json;
	struct parts parts;
	bool is_claim = split(value, &parts);
	enum wr_code rc;

	wr_json_out_init(&json, out);
	wr_json_out_begin_object(&json, NULL);
	wr_json_out_bytes(&json, "id", view->id);
	wr_json_out_text(&json, "pipeline", view->pipeline);
	wr_json_out_text(&json, "state", parts.state);
	if (is_claim)
		add_owner(&json, &parts.owner);
	if (parts.hash.data != NULL)
		wr_json_out_bytes(&json, "payloadHash", parts.hash);
	if (view->ttl_ms >= 0)
		wr_json_out_integer(&json, "ttlMs", view->ttl_ms);
	else
		wr_json_out_null(&json, "ttlMs");
	wr_json_out_bytes(&json, "value", value);
	wr_json_out_bytes(&json, "key", wr_bytes(view->key.data, view->key.size));
	wr_json_out_end(&json);
	rc = wr_json_out_finish(&json);
	return rc == WR_OK ? wr_buf_append_text(out, "\n") : rc;
}
