/* The sink of the lane's fixture. */
#include "config.h"

#include "tests/run/lane_fixture_private.h"

#include <stdio.h>
#include <stdlib.h>

struct wr_sink_topic {
	const char *name;
};

static struct wr_sink_topic topics[] = {{"out"},        {"alerts"},     {"dlq"},
					{"p.retry.5s"}, {"p.retry.1m"}, {"p.retry.7m"}};

static enum wr_code sink_topic(struct wr_sink *sink, const char *name,
			       struct wr_sink_topic **topic_r, struct wr_err *err)
{
	(void)sink;
	if (fixture_now->unresolved_left > 0) {
		fixture_now->unresolved_left--;
		return wr_err_set(err, WR_ENOMEM, "no memory for topic %s", name);
	}
	for (size_t i = 0; i < UNIT_COUNT_OF(topics); i++) {
		if (strcmp(topics[i].name, name) == 0) {
			*topic_r = &topics[i];
			return WR_OK;
		}
	}
	return wr_err_set(err, WR_EINVAL, "no topic %s", name);
}

void fixture_copy_text(char *to, size_t capacity, struct wr_bytes from)
{
	if (from.data == NULL)
		snprintf(to, capacity, "(absent)");
	else
		snprintf(to, capacity, "%.*s", (int)from.size, (const char *)from.data);
}

static void copy_headers(struct fixture_write *write, const struct weir_header *headers,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(write->headers);

		snprintf(write->headers + used, sizeof(write->headers) - used, "%s=%.*s\n",
			 headers[i].name, (int)headers[i].value.size,
			 (const char *)headers[i].value.data);
	}
}

static enum wr_code sink_write(struct wr_sink *sink, const struct wr_sink_record *record,
			       void *token, struct wr_err *err)
{
	struct fixture *f = fixture_now;
	struct fixture_write *write;

	(void)sink;
	assert_true(f->conf.delivery == WR_AT_LEAST_ONCE || f->txn_open);
	if (f->refuses != NULL && strcmp(f->refuses, record->topic->name) == 0)
		return wr_err_set(err, WR_EREFUSED, "too large");
	if (f->unavailable != NULL && strcmp(f->unavailable, record->topic->name) == 0)
		return wr_err_set(err, WR_EUNAVAILABLE, "unknown topic");
	if (f->room == 0)
		return wr_err_set(err, WR_EFULL, "full");
	f->room--;
	if (f->write_count == f->write_capacity) {
		f->write_capacity = f->write_capacity > 0 ? f->write_capacity * 2 : 64;
		f->writes = realloc(f->writes, f->write_capacity * sizeof(*f->writes));
		assert_non_null(f->writes);
	}
	write = &f->writes[f->write_count++];
	*write = (struct fixture_write){
	    .token = token,
	    .partition = record->has_partition ? record->partition : -1,
	    .timestamp_ms = record->timestamp_ms,
	};
	snprintf(write->topic, sizeof(write->topic), "%s", record->topic->name);
	fixture_copy_text(write->key, sizeof(write->key), record->key);
	fixture_copy_text(write->value, sizeof(write->value), record->value);
	copy_headers(write, record->headers, record->header_count);
	copy_headers(write, record->more_headers, record->more_header_count);
	return WR_OK;
}

void fixture_answer(struct fixture *f, size_t i, enum wr_code code, const char *reason)
{
	assert_true(i < f->write_count && !f->writes[i].answered);
	f->writes[i].answered = true;
	f->writes[i].answer = code;
	f->room++;
	f->done(f->done_arg, f->writes[i].token, code, reason);
}

static int answer_all(struct fixture *f, enum wr_code code)
{
	int answered = 0;

	for (size_t i = 0; i < f->write_count; i++) {
		if (f->writes[i].answered)
			continue;
		fixture_answer(f, i, code, code == WR_OK ? NULL : "purged");
		answered++;
	}
	return answered;
}

static int sink_poll(struct wr_sink *sink, int timeout_ms)
{
	(void)sink;
	(void)timeout_ms;
	return fixture_now->holds_acks || fixture_now->broken ? 0 : answer_all(fixture_now, WR_OK);
}

static enum wr_sink_state sink_state(struct wr_sink *sink)
{
	(void)sink;
	return fixture_now->broken ? WR_SINK_BROKEN : WR_SINK_UP;
}

static void sink_depth(struct wr_sink *sink, size_t *records_r, size_t *bytes_r)
{
	(void)sink;
	*records_r = *bytes_r = 0;
}

static void sink_destroy(struct wr_sink *sink)
{
	answer_all(fixture_now, WR_EUNKNOWN);
	fixture_now->sink_exists = false;
	free(sink);
}

static enum wr_code sink_status(struct wr_sink *sink)
{
	(void)sink;
	return fixture_now->txn_holds ? WR_EFULL : fixture_now->txn_status;
}

static enum wr_code sink_begin(struct wr_sink *sink, struct wr_err *err)
{
	struct fixture *f = fixture_now;

	(void)sink;
	(void)err;
	assert_false(f->txn_open || f->txn_holds);
	assert_int_equal(f->txn_status, WR_OK);
	f->txn_open = true;
	f->txn_begun++;
	return WR_OK;
}

static void sink_commit(struct wr_sink *sink, struct wr_source *source,
			const struct wr_source_commit *commits, size_t count)
{
	struct fixture *f = fixture_now;

	(void)sink;
	(void)source;
	assert_true(f->txn_open);
	for (size_t i = 0; i < f->write_count; i++)
		assert_true(f->writes[i].answered);
	f->txn_status = f->txn_answer;
	f->txn_answer = WR_OK;
	f->txn_open = f->txn_status == WR_EREFUSED;
	if (f->txn_status == WR_EUNKNOWN)
		f->broken = true;
	if (f->txn_status == WR_OK || (f->txn_status == WR_EUNKNOWN && f->is_unsure)) {
		f->txn_committed++;
		fixture_note_commits(commits, count);
	}
}

static void sink_abort(struct wr_sink *sink)
{
	struct fixture *f = fixture_now;

	(void)sink;
	assert_true(f->txn_open);
	f->txn_open = false;
	f->txn_aborted++;
	f->txn_status = WR_OK;
	answer_all(f, WR_EUNKNOWN);
}

static const struct wr_sink_ops txn_sink_ops = {
    .topic = sink_topic,
    .write = sink_write,
    .poll = sink_poll,
    .state = sink_state,
    .transaction_status = sink_status,
    .begin = sink_begin,
    .commit = sink_commit,
    .abort = sink_abort,
    .depth = sink_depth,
    .destroy = sink_destroy,
};

static const struct wr_sink_ops sink_ops = {
    .topic = sink_topic,
    .write = sink_write,
    .poll = sink_poll,
    .state = sink_state,
    .depth = sink_depth,
    .destroy = sink_destroy,
};

enum wr_code fixture_make_sink(void *arg, const struct wr_lane *lane, int wake_fd,
			       wr_sink_done_fn done, void *done_arg, struct wr_sink **sink_r,
			       struct wr_err *err)
{
	struct fixture *f = arg;

	(void)lane;
	(void)wake_fd;
	(void)err;
	assert_false(f->sink_exists);
	f->sink_exists = true;
	f->broken = false;
	f->sinks_made++;
	f->done = done;
	f->done_arg = done_arg;
	*sink_r = calloc(1, sizeof(**sink_r));
	(*sink_r)->ops = f->conf.delivery == WR_EXACTLY_ONCE ? &txn_sink_ops : &sink_ops;
	f->txn_open = false;
	f->txn_status = WR_OK;
	return WR_OK;
}

/* ---- what the test asks ---- */

void fixture_ack(struct fixture *f)
{
	answer_all(f, WR_OK);
	fixture_settle(f);
}

size_t fixture_written(const struct fixture *f, const char *topic)
{
	size_t count = 0;

	for (size_t i = 0; i < f->write_count; i++)
		count += strcmp(f->writes[i].topic, topic) == 0;
	return count;
}

struct fixture_write *fixture_write_to(struct fixture *f, const char *topic, size_t n)
{
	for (size_t i = 0; i < f->write_count; i++) {
		if (strcmp(f->writes[i].topic, topic) == 0 && n-- == 0)
			return &f->writes[i];
	}
	fail_msg("no such write to %s", topic);
	return NULL;
}

bool fixture_has_header(const struct fixture_write *write, const char *name, const char *value)
{
	char line[256];
	const char *found;

	snprintf(line, sizeof(line), "%s=%s\n", name, value);
	found = strstr(write->headers, line);
	return found != NULL && (found == write->headers || found[-1] == '\n');
}
