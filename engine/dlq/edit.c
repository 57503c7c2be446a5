#include "config.h"

#include "dlq/edit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"
#include "core/event_id.h"

#define SHOWN_BYTES 100 /* of an id, which may be as long as 16 KiB */

static const struct wr_dlq_rule usual = {
    .format = WR_FORMAT_JSON, .id_source = WR_ID_JSON, .id_name = "/eventId"};

struct wr_dlq_rule wr_dlq_rule_of(const struct wr_conf_pipeline *pipeline)
{
	return (struct wr_dlq_rule){.is_known = true,
				    .format = pipeline->format,
				    .id_source = pipeline->event_id.source,
				    .id_name = pipeline->event_id.pointer_or_name};
}

struct check {
	const struct wr_dlq_edit *edit;
	const struct wr_dlq_rule *rule;
	struct wr_json_reader *reader;
	struct wr_arena arena;
	struct wr_err *err;
};

/* An id for people: quoted, without bytes that a terminal obeys. */
static enum wr_code quote(struct wr_bytes id, struct wr_buf *out)
{
	bool is_cut = id.size > SHOWN_BYTES;
	enum wr_code rc;

	if (is_cut)
		id.size = wr_utf8_cut(id, SHOWN_BYTES);
	if ((rc = wr_buf_append_text(out, "\"")) != WR_OK ||
	    (rc = wr_buf_append_printable(out, id)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, is_cut ? "...\"" : "\"");
}

static struct wr_bytes id_of_letter(const struct check *c)
{
	return wr_bytes_from(c->edit->letter->event_id);
}

/* What the edited value stands in for. */
static struct wr_bytes replaced(const struct check *c)
{
	const struct wr_envelope *e = c->edit->letter;

	if (c->edit->to_stage && wr_envelope_has(e, WR_FIELD_STAGE_VALUE))
		return wr_bytes_from(e->stage_value);
	return c->edit->value;
}

static bool is_json(struct check *c, struct wr_bytes value)
{
	return wr_json_read(c->reader, value, NULL, NULL) == WR_OK;
}

/* Of a value that was just read. */
static enum wr_event_id_result find_id(struct check *c, struct wr_bytes *id_r)
{
	struct wr_json_value value;

	wr_json_get(c->reader, wr_bytes_of(c->rule->id_name), &value);
	return wr_event_id_from_json(&value, &c->arena, id_r);
}

/* Whether a value has the letter's id where the pipeline looks for it. */
static bool has_own_id(struct check *c, struct wr_bytes value)
{
	struct wr_bytes id;

	return is_json(c, value) && find_id(c, &id) == WR_EVENT_ID_OK &&
	       wr_bytes_equal(id, id_of_letter(c));
}

static enum wr_code refuse_format(struct check *c, const struct wr_err *why)
{
	return wr_err_set(c->err, WR_EINVAL,
			  "the edited value is not JSON, which the pipeline wants: %s", why->text);
}

static enum wr_code no_memory(struct check *c)
{
	return wr_err_set(c->err, WR_ENOMEM, "no memory for an edited value");
}

static enum wr_code refuse_other_id(struct check *c, struct wr_bytes id)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc = quote(id, &text);

	if (rc == WR_OK)
		rc = wr_buf_append_text(&text, ", and the dead letter's is ");
	if (rc == WR_OK)
		rc = quote(id_of_letter(c), &text);
	rc = rc != WR_OK
		 ? no_memory(c)
		 : wr_err_set(c->err, WR_EINVAL,
			      "the edited value has another event id: at %s it is %.*s; an event "
			      "under another id is sent anew",
			      c->rule->id_name, (int)text.size, (const char *)text.data);
	wr_buf_fini(&text);
	return rc;
}

static enum wr_code refuse_no_id(struct check *c, enum wr_event_id_result result)
{
	struct wr_buf text = WR_BUF_INIT;
	bool has_id = id_of_letter(c).data != NULL;
	enum wr_code rc = WR_OK;

	if (has_id && ((rc = wr_buf_append_text(&text, "; the dead letter's is ")) != WR_OK ||
		       (rc = quote(id_of_letter(c), &text)) != WR_OK))
		rc = WR_ENOMEM;
	rc = rc != WR_OK
		 ? no_memory(c)
		 : wr_err_set(c->err, WR_EINVAL, "the edited value has no event id at %s: %s%.*s",
			      c->rule->id_name,
			      result == WR_EVENT_ID_MISSING ? "there is none"
							    : wr_event_id_text(result),
			      (int)text.size, text.data != NULL ? (const char *)text.data : "");
	wr_buf_fini(&text);
	return rc;
}

/* The edited value was just read. */
static enum wr_code check_id(struct check *c)
{
	struct wr_bytes id;
	enum wr_event_id_result result = find_id(c, &id);

	if (result == WR_EVENT_ID_OK &&
	    (id_of_letter(c).data == NULL || wr_bytes_equal(id, id_of_letter(c))))
		return WR_OK;
	if (result == WR_EVENT_ID_OK)
		return refuse_other_id(c, id);
	if (!c->edit->to_stage || has_own_id(c, replaced(c)))
		return refuse_no_id(c, result);
	return WR_OK;
}

static enum wr_code check(struct check *c)
{
	struct wr_err why;
	enum wr_code rc;

	if (!c->edit->rule->is_known && !has_own_id(c, c->edit->value))
		return wr_err_set(c->err, WR_EINVAL,
				  "how the pipeline finds an event's id is not known, so an edited "
				  "value can't be checked: --config FILE tells");
	if (c->rule->format != WR_FORMAT_JSON && c->rule->id_source != WR_ID_JSON)
		return WR_OK;
	rc = wr_json_read(c->reader, c->edit->edited, NULL, &why);
	if (rc == WR_EINVAL)
		return c->edit->to_stage && !is_json(c, replaced(c)) ? WR_OK
								     : refuse_format(c, &why);
	if (rc != WR_OK)
		return no_memory(c);
	return c->rule->id_source == WR_ID_JSON ? check_id(c) : WR_OK;
}

enum wr_code wr_dlq_edit_check(const struct wr_dlq_edit *edit, struct wr_err *err)
{
	struct check c = {
	    .edit = edit, .rule = edit->rule->is_known ? edit->rule : &usual, .err = err};
	enum wr_code rc;

	if (wr_json_reader_create(&c.reader) != WR_OK)
		return no_memory(&c);
	wr_arena_init(&c.arena, 0);
	rc = check(&c);
	wr_arena_fini(&c.arena);
	wr_json_reader_destroy(c.reader);
	return rc;
}
