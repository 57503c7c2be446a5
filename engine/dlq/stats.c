#include "config.h"

#include "dlq/stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum wr_code wr_dlq_stats_init(struct wr_dlq_stats *stats)
{
	*stats = (struct wr_dlq_stats){.scanned = 0};
	return wr_map_create(&stats->groups);
}

void wr_dlq_stats_fini(struct wr_dlq_stats *stats)
{
	size_t cursor = 0;
	struct wr_bytes key;
	void *value;

	while (stats->groups != NULL && wr_map_next(stats->groups, &cursor, &key, &value))
		free(value);
	wr_map_destroy(stats->groups);
	wr_dlq_cursor_fini(&stats->next);
	*stats = (struct wr_dlq_stats){.scanned = 0};
}

struct counting {
	struct wr_dlq *dlq;
	const struct wr_dlq_filter *filter;
	struct wr_dlq_stats *stats;
	struct wr_buf key; /* pipeline, stage, class, code, each with a NUL */
	bool out_of_memory;
};

static bool append_key(struct wr_buf *key, struct weir_bytes value)
{
	if (value.size > 0 && wr_buf_append(key, value.data, value.size) != WR_OK)
		return false;
	return wr_buf_append(key, "", 1) == WR_OK;
}

static bool make_key(struct counting *c, const struct wr_envelope *e)
{
	struct weir_bytes class = {"", 0};

	if (wr_envelope_has(e, WR_FIELD_CLASS))
		class.data = wr_class_name(e->failure_class);
	class.size = strlen(class.data);
	wr_buf_clear(&c->key);
	return append_key(&c->key, e->pipeline) && append_key(&c->key, e->stage) &&
	       append_key(&c->key, class) && append_key(&c->key, e->code);
}

/* A group with its texts behind it. NULL without memory. */
static struct wr_dlq_group *new_group(const struct wr_buf *key)
{
	struct wr_dlq_group *group = malloc(sizeof(*group) + key->size);
	char *at;

	if (group == NULL)
		return NULL;
	*group = (struct wr_dlq_group){.oldest_ms = INT64_MAX, .newest_ms = INT64_MIN};
	at = memcpy(group + 1, key->data, key->size);
	group->pipeline = at;
	group->stage = group->pipeline + strlen(group->pipeline) + 1;
	group->class_name = group->stage + strlen(group->stage) + 1;
	group->code = group->class_name + strlen(group->class_name) + 1;
	return group;
}

static struct wr_dlq_group *group_of(struct counting *c, const struct wr_envelope *e)
{
	struct wr_dlq_group *group;

	if (!make_key(c, e))
		return NULL;
	group = wr_map_get(c->stats->groups, wr_bytes(c->key.data, c->key.size));
	if (group != NULL)
		return group;
	if (wr_map_size(c->stats->groups) >= WR_DLQ_GROUPS_MAX)
		return &c->stats->others;
	group = new_group(&c->key);
	if (group != NULL && wr_map_put(c->stats->groups, wr_bytes(c->key.data, c->key.size), group,
					NULL) != WR_OK) {
		free(group);
		return NULL;
	}
	return group;
}

static void note_time(struct wr_dlq_group *group, int64_t timestamp_ms)
{
	if (group->oldest_ms > timestamp_ms)
		group->oldest_ms = timestamp_ms;
	if (group->newest_ms < timestamp_ms)
		group->newest_ms = timestamp_ms;
}

static bool count(void *arg, const struct wr_dlq_record *record)
{
	struct counting *c = arg;
	struct wr_envelope envelope;
	struct wr_dlq_group *group;
	struct wr_dlq_mark mark;
	const char *broken;
	struct wr_err err;

	c->stats->scanned++;
	wr_dlq_describe(c->dlq, record, &envelope, &mark, &broken, &err);
	if (!wr_dlq_filter_matches(c->filter, &envelope, record->timestamp_ms, mark.state))
		return true;
	group = group_of(c, &envelope);
	c->out_of_memory = group == NULL;
	if (c->out_of_memory)
		return false;
	group->counts[mark.state]++;
	if (mark.state == WR_DLQ_OPEN)
		note_time(group, record->timestamp_ms);
	c->stats->counts[mark.state]++;
	if (broken != NULL)
		c->stats->broken++;
	return true;
}

static enum wr_code begin(struct wr_dlq *dlq, struct wr_dlq_stats *stats, struct wr_err *err)
{
	int32_t partitions = wr_dlq_topic_partitions(dlq->topic);

	if (stats->next.positions != NULL) {
		if (stats->next.oldest_first && stats->next.count == (size_t)partitions)
			return WR_OK;
		return wr_err_set(err, WR_ENOTFOUND, "cursor: it is one of another topic");
	}
	stats->next.positions = calloc((size_t)partitions + 1, sizeof(*stats->next.positions));
	if (stats->next.positions == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to count dead letters");
	stats->next.oldest_first = true;
	stats->next.count = (size_t)partitions;
	for (int32_t i = 0; i < partitions; i++)
		stats->next.positions[i].partition = i;
	return WR_OK;
}

static enum wr_code count_partition(struct counting *c, struct wr_dlq_position *position,
				    int64_t deadline_ns, struct wr_err *err)
{
	struct wr_dlq_topic *topic = c->dlq->topic;
	int64_t low = 0, high = 0;
	enum wr_code rc = wr_dlq_topic_bounds(topic, position->partition, &low, &high, err);

	if (rc == WR_OK && c->filter->from_ms != 0)
		rc = wr_dlq_topic_offset_at(topic, position->partition, c->filter->from_ms, high,
					    &low, err);
	if (rc != WR_OK)
		return rc;
	if (position->offset < low)
		position->offset = low;
	rc = wr_dlq_topic_read(topic, position->partition, position->offset, high, deadline_ns,
			       count, c, &position->offset, err);
	if (c->out_of_memory)
		return wr_err_set(err, WR_ENOMEM, "no memory to count dead letters");
	if (position->offset < high)
		c->stats->is_complete = false;
	return rc;
}

enum wr_code wr_dlq_stats_read(struct wr_dlq *dlq, const struct wr_dlq_filter *filter,
			       int64_t timeout_ms, struct wr_dlq_stats *stats, struct wr_err *err)
{
	struct wr_dlq_filter wide = *filter;
	struct counting c = {.dlq = dlq, .filter = &wide, .stats = stats, .key = WR_BUF_INIT};
	int64_t deadline_ns = wr_clock_mono_ns(&wr_clock_real) + timeout_ms * WR_NS_PER_MS;
	enum wr_code rc = begin(dlq, stats, err);

	if (wide.states == 0)
		wide.states = (1u << WR_DLQ_STATES) - 1;
	stats->is_complete = true;
	for (size_t i = 0; i < stats->next.count && rc == WR_OK; i++)
		rc = count_partition(&c, &stats->next.positions[i], deadline_ns, err);
	wr_buf_fini(&c.key);
	return rc;
}

static uint64_t total(const struct wr_dlq_group *group)
{
	return group->counts[WR_DLQ_OPEN] + group->counts[WR_DLQ_REPLAYED] +
	       group->counts[WR_DLQ_PURGED];
}

static int by_size(const void *a, const void *b)
{
	const struct wr_dlq_group *const *x = a, *const *y = b;
	uint64_t m = total(*x), n = total(*y);
	int by_name;

	if (m != n)
		return m > n ? -1 : 1;
	by_name = strcmp((*x)->pipeline, (*y)->pipeline);
	if (by_name == 0)
		by_name = strcmp((*x)->stage, (*y)->stage);
	if (by_name == 0)
		by_name = strcmp((*x)->class_name, (*y)->class_name);
	return by_name != 0 ? by_name : strcmp((*x)->code, (*y)->code);
}

struct wr_dlq_group **wr_dlq_stats_sorted(const struct wr_dlq_stats *stats, size_t *count_r)
{
	struct wr_dlq_group **groups =
	    calloc(wr_map_size(stats->groups) + 1, sizeof(struct wr_dlq_group *));
	struct wr_bytes key;
	size_t cursor = 0;
	void *value;

	*count_r = 0;
	if (groups == NULL)
		return NULL;
	while (wr_map_next(stats->groups, &cursor, &key, &value))
		groups[(*count_r)++] = value;
	qsort(groups, *count_r, sizeof(*groups), by_size);
	return groups;
}

static enum wr_code append_counts(struct wr_buf *out, const uint64_t counts[WR_DLQ_STATES])
{
	return wr_buf_printf(out,
			     "\"open\":%" PRIu64 ",\"replayed\":%" PRIu64 ",\"purged\":%" PRIu64,
			     counts[WR_DLQ_OPEN], counts[WR_DLQ_REPLAYED], counts[WR_DLQ_PURGED]);
}

static enum wr_code append_name(struct wr_buf *out, const char *name, const char *text)
{
	enum wr_code rc;

	if (text[0] == '\0')
		return wr_buf_printf(out, "\"%s\":null,", name);
	if ((rc = wr_buf_printf(out, "\"%s\":", name)) != WR_OK ||
	    (rc = wr_buf_append_json_string(out, wr_bytes_of(text))) != WR_OK)
		return rc;
	return wr_buf_append_text(out, ",");
}

static enum wr_code append_group(struct wr_buf *out, const struct wr_dlq_group *group)
{
	enum wr_code rc;

	if ((rc = append_name(out, "pipeline", group->pipeline)) != WR_OK ||
	    (rc = append_name(out, "stage", group->stage)) != WR_OK ||
	    (rc = append_name(out, "class", group->class_name)) != WR_OK ||
	    (rc = append_name(out, "code", group->code)) != WR_OK ||
	    (rc = append_counts(out, group->counts)) != WR_OK)
		return rc;
	if (group->counts[WR_DLQ_OPEN] == 0)
		return wr_buf_append_text(out, ",\"oldestOpen\":null,\"newestOpen\":null}");
	return wr_buf_printf(out, ",\"oldestOpen\":%" PRId64 ",\"newestOpen\":%" PRId64 "}",
			     group->oldest_ms, group->newest_ms);
}

static enum wr_code append_groups(const struct wr_dlq_stats *stats, struct wr_buf *out)
{
	size_t count_of, i;
	struct wr_dlq_group **groups = wr_dlq_stats_sorted(stats, &count_of);
	enum wr_code rc = groups != NULL ? WR_OK : WR_ENOMEM;

	for (i = 0; i < count_of && rc == WR_OK; i++) {
		rc = wr_buf_append_text(out, i > 0 ? ",{" : "{");
		if (rc == WR_OK)
			rc = append_group(out, groups[i]);
	}
	free(groups);
	return rc;
}

enum wr_code wr_dlq_stats_json(const struct wr_dlq_stats *stats, struct wr_buf *out)
{
	enum wr_code rc;

	if ((rc = wr_buf_append_text(out, "{")) != WR_OK ||
	    (rc = append_counts(out, stats->counts)) != WR_OK ||
	    (rc = wr_buf_printf(out,
				",\"broken\":%" PRIu64 ",\"ungrouped\":%" PRIu64 ",\"groups\":[",
				stats->broken, total(&stats->others))) != WR_OK ||
	    (rc = append_groups(stats, out)) != WR_OK ||
	    (rc = wr_buf_printf(out, "],\"complete\":%s,\"next\":",
				stats->is_complete ? "true" : "false")) != WR_OK)
		return rc;
	if (stats->is_complete)
		return wr_buf_append_text(out, "null}");
	if ((rc = wr_buf_append_text(out, "\"")) != WR_OK ||
	    (rc = wr_dlq_cursor_print(&stats->next, out)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "\"}");
}
