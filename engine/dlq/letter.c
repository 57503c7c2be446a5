#include "config.h"

#include "dlq/letter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The members of an envelope that a listing keeps. */
#define KEPT(X)           \
	X(origin_topic)   \
	X(owner)          \
	X(event_id)       \
	X(pipeline)       \
	X(stage)          \
	X(plugin)         \
	X(plugin_version) \
	X(code)           \
	X(message)        \
	X(generation)     \
	X(replayed_from)

static struct weir_bytes put(char **at_p, struct weir_bytes value)
{
	struct weir_bytes copy = {*at_p, value.size};

	if (value.data == NULL)
		return value;
	memcpy(*at_p, value.data, value.size);
	*at_p += value.size;
	return copy;
}

static size_t size_of(const struct wr_envelope *e)
{
	size_t size = 0;

#define X(member) size += e->member.size;
	KEPT(X)
#undef X
	return size;
}

struct wr_dlq_letter *wr_dlq_letter_copy(const struct wr_dlq_record *record,
					 const struct wr_envelope *e, const char *broken,
					 const struct wr_dlq_mark *mark)
{
	struct weir_bytes key = record->key;
	struct wr_dlq_letter *letter;
	char *at;

	if (key.size > WR_DLQ_KEY_SHOWN)
		key.size = WR_DLQ_KEY_SHOWN;
	letter = malloc(sizeof(*letter) + size_of(e) + key.size +
			(broken != NULL ? strlen(broken) + 1 : 0));
	if (letter == NULL)
		return NULL;
	*letter = (struct wr_dlq_letter){
	    .place = {record->partition, record->offset},
	    .timestamp_ms = record->timestamp_ms,
	    .envelope = *e,
	    .key_size = record->key.size,
	    .value_size = record->value.size,
	    .has_stage_value = wr_envelope_has(e, WR_FIELD_STAGE_VALUE),
	    .has_original_value = wr_envelope_has(e, WR_FIELD_ORIGINAL_VALUE),
	    .state = mark->state,
	    .state_at_ms = mark->at_ms,
	};
	at = (char *)(letter + 1);
	if (mark->job != NULL)
		memcpy(letter->job, mark->job, strlen(mark->job) + 1);
#define X(member) letter->envelope.member = put(&at, e->member);
	KEPT(X)
#undef X
	letter->key = wr_bytes_from(put(&at, key));
	letter->envelope.stage_value = letter->envelope.original_value =
	    letter->envelope.source_value = letter->envelope.source_key = letter->envelope.replay =
		(struct weir_bytes){NULL, 0};
	if (broken != NULL)
		letter->broken = memcpy(at, broken, strlen(broken) + 1);
	return letter;
}

static enum wr_code member_text(struct wr_buf *out, const char *name, struct weir_bytes value)
{
	enum wr_code rc;

	if (value.data == NULL)
		return WR_OK;
	rc = wr_buf_printf(out, ",\"%s\":", name);
	return rc != WR_OK ? rc : wr_buf_append_json_string(out, wr_bytes_from(value));
}

static enum wr_code member_number(struct wr_buf *out, const struct wr_envelope *e,
				  enum wr_envelope_field field, const char *name, int64_t number)
{
	if (!wr_envelope_has(e, field))
		return WR_OK;
	return wr_buf_printf(out, ",\"%s\":%" PRId64, name, number);
}

static enum wr_code append_origin(const struct wr_envelope *e, struct wr_buf *out)
{
	enum wr_code rc;

	if (!wr_envelope_has(e, WR_FIELD_ORIGIN_TOPIC))
		return WR_OK;
	if ((rc = wr_buf_append_text(out, ",\"origin\":{\"topic\":")) != WR_OK ||
	    (rc = wr_buf_append_json_string(out, wr_bytes_from(e->origin_topic))) != WR_OK ||
	    (rc = member_number(out, e, WR_FIELD_ORIGIN_PARTITION, "partition",
				e->origin_partition)) != WR_OK ||
	    (rc = member_number(out, e, WR_FIELD_ORIGIN_OFFSET, "offset", e->origin_offset)) !=
		WR_OK ||
	    (rc = member_number(out, e, WR_FIELD_ORIGIN_TIMESTAMP, "timestamp",
				e->origin_timestamp_ms)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "}");
}

static enum wr_code append_failure(const struct wr_envelope *e, struct wr_buf *out)
{
	enum wr_code rc = WR_OK;

	if (wr_envelope_has(e, WR_FIELD_CLASS))
		rc = wr_buf_printf(out, ",\"class\":\"%s\"", wr_class_name(e->failure_class));
	if (rc != WR_OK || (rc = member_text(out, "code", e->code)) != WR_OK ||
	    (rc = member_text(out, "message", e->message)) != WR_OK ||
	    (rc = member_number(out, e, WR_FIELD_ATTEMPTS, "attempts", e->attempts)) != WR_OK ||
	    (rc = member_number(out, e, WR_FIELD_FIRST_FAILED_AT, "firstFailedAt",
				e->first_failed_at_ms)) != WR_OK ||
	    (rc = member_number(out, e, WR_FIELD_LAST_FAILED_AT, "lastFailedAt",
				e->last_failed_at_ms)) != WR_OK)
		return rc;
	rc = member_number(out, e, WR_FIELD_REPLAYS, "replays", e->replays);
	return rc == WR_OK ? member_number(out, e, WR_FIELD_REDRIVES, "redrives", e->redrives) : rc;
}

static enum wr_code append_state(const struct wr_dlq_letter *l, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_printf(out, ",\"state\":\"%s\"", wr_dlq_state_name(l->state));

	if (rc == WR_OK && l->state != WR_DLQ_OPEN)
		rc = wr_buf_printf(out, ",\"stateAt\":%" PRId64 ",\"job\":\"%s\"", l->state_at_ms,
				   l->job);
	if (rc == WR_OK && l->broken != NULL)
		rc = member_text(out, "broken", (struct weir_bytes){l->broken, strlen(l->broken)});
	return rc;
}

static enum wr_code append_envelope(const struct wr_envelope *e, struct wr_buf *out)
{
	enum wr_code rc;

	if ((rc = member_text(out, "pipeline", e->pipeline)) != WR_OK ||
	    (rc = member_text(out, "stage", e->stage)) != WR_OK ||
	    (rc = member_text(out, "plugin", e->plugin)) != WR_OK ||
	    (rc = member_text(out, "pluginVersion", e->plugin_version)) != WR_OK ||
	    (rc = append_failure(e, out)) != WR_OK ||
	    (rc = member_text(out, "eventId", e->event_id)) != WR_OK ||
	    (rc = member_text(out, "generation", e->generation)) != WR_OK ||
	    (rc = member_text(out, "owner", e->owner)) != WR_OK ||
	    (rc = member_text(out, "replayedFrom", e->replayed_from)) != WR_OK)
		return rc;
	if (wr_envelope_has(e, WR_FIELD_RESUME))
		rc = wr_buf_printf(out, ",\"resume\":\"%s\"",
				   e->resume == WR_RESUME_STAGE ? "stage" : "start");
	return rc == WR_OK ? append_origin(e, out) : rc;
}

/* All but the closing brace. */
static enum wr_code append_open(const struct wr_dlq_letter *l, struct wr_buf *out)
{
	enum wr_code rc;

	if ((rc = wr_buf_printf(out,
				"{\"id\":\"%" PRId32 "/%" PRId64 "\",\"partition\":%" PRId32
				",\"offset\":%" PRId64 ",\"timestamp\":%" PRId64,
				l->place.partition, l->place.offset, l->place.partition,
				l->place.offset, l->timestamp_ms)) != WR_OK ||
	    (rc = append_state(l, out)) != WR_OK ||
	    (rc = append_envelope(&l->envelope, out)) != WR_OK)
		return rc;
	return wr_buf_printf(out, ",\"keyBytes\":%zu,\"valueBytes\":%zu", l->key_size,
			     l->value_size);
}

enum wr_code wr_dlq_letter_json(const struct wr_dlq_letter *l, struct wr_buf *out)
{
	enum wr_code rc = append_open(l, out);

	if (rc == WR_OK)
		rc = member_text(out, "key", wr_bytes_to_public(l->key));
	return rc == WR_OK ? wr_buf_append_text(out, "}") : rc;
}

static enum wr_code append_headers(struct wr_buf *out, const struct wr_dlq_record *record)
{
	enum wr_code rc = wr_buf_append_text(out, ",\"headers\":[");

	for (size_t i = 0; rc == WR_OK && i < record->header_count; i++) {
		const struct weir_header *header = &record->headers[i];

		if ((rc = wr_buf_append_text(out, i > 0 ? ",{\"name\":" : "{\"name\":")) == WR_OK &&
		    (rc = wr_buf_append_json_string(out, wr_bytes_of(header->name))) == WR_OK &&
		    (rc = wr_buf_append_json_member(out, "value", wr_bytes_from(header->value))) ==
			WR_OK)
			rc = wr_buf_append_text(out, "}");
	}
	return rc == WR_OK ? wr_buf_append_text(out, "]") : rc;
}

enum wr_code wr_dlq_letter_json_full(const struct wr_dlq_letter *l,
				     const struct wr_dlq_record *record, struct wr_buf *out)
{
	enum wr_code rc;

	if ((rc = append_open(l, out)) != WR_OK ||
	    (rc = wr_buf_append_json_member(out, "key", wr_bytes_from(record->key))) != WR_OK ||
	    (rc = append_headers(out, record)) != WR_OK ||
	    (rc = wr_buf_append_json_member(out, "value", wr_bytes_from(record->value))) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "}");
}
