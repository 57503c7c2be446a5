/* The fake sink: full, refusing, unavailable, late, broken. */
#include "config.h"

#include "tests/run/sim.h"

#include <stdio.h>
#include <stdlib.h>

struct wr_sink_topic {
	const char *name;
};

static struct wr_sink_topic topics[SIM_TOPICS] = {{"out"}, {"alerts"}, {"dlq"}};
static wr_sink_done_fn done_fn;
static void *done_fn_arg;

static enum wr_code resolve(struct wr_sink *sink, const char *name, struct wr_sink_topic **topic_r,
			    struct wr_err *err)
{
	(void)sink;
	if (!sim_now->calm && sim_now->era > 0 && sim_once_in(12))
		return wr_err_set(err, WR_ENOMEM, "no memory for topic %s", name);
	for (size_t i = 0; i < SIM_TOPICS; i++) {
		if (strcmp(topics[i].name, name) == 0) {
			*topic_r = &topics[i];
			return WR_OK;
		}
	}
	return wr_err_set(err, WR_EINVAL, "no topic %s", name);
}

static bool has_header(const struct wr_sink_record *record, const char *name, const char *value)
{
	for (size_t i = 0; i < record->more_header_count; i++) {
		const struct weir_header *h = &record->more_headers[i];

		if (strcmp(h->name, name) == 0)
			return wr_bytes_equal(wr_bytes_from(h->value), wr_bytes_of(value));
	}
	return false;
}

/* Finds out what is being written, by its value alone. */
static struct sim_write read_record(const struct wr_sink_record *record)
{
	struct sim_write w = {.topic = (enum sim_topic)(record->topic - topics),
			      .value = record->value,
			      .era = sim_now->era};
	const char *r;
	int partition, offset, stage, number;

	if (record->value.size >= sizeof(w.copy))
		sim_fail("a value of %zu bytes was written", record->value.size);
	memcpy(w.copy, record->value.data, record->value.size);
	r = strstr(w.copy, "\"r\":\"");
	if (r == NULL || sscanf(r, "\"r\":\"%d/%d\"", &partition, &offset) != 2)
		sim_fail("something else was written: %s", w.copy);
	w.record = sim_record_at(partition, offset);
	if (w.topic == SIM_DLQ) {
		w.kind = SIM_WRITE_DEAD;
	} else if (sscanf(w.copy, "{\"emit\":%d,\"n\":%d,", &stage, &number) == 2) {
		w.kind = SIM_WRITE_EMIT;
		w.stage = (unsigned)stage;
		w.number = (unsigned)number;
	}
	return w;
}

static void check_headers(const struct sim_write *w, const struct wr_sink_record *record)
{
	const char *class;
	char id[32], expected[64];
	unsigned stages;

	snprintf(id, sizeof(id), "e%d", w->record->id);
	snprintf(expected, sizeof(expected), "%s", id);
	if (w->kind == SIM_WRITE_EMIT)
		snprintf(expected, sizeof(expected), "%s/%s/%u", id,
			 w->stage == 0 ? "first" : "second", w->number);
	if (w->record->plan.kind == SIM_EVENT && !has_header(record, "weir-event-id", expected))
		sim_fail("the record of %s has not its id", w->copy);
	if (w->kind != SIM_WRITE_DEAD)
		return;
	sim_outcome(w->record, &class, &stages);
	if (!has_header(record, "weir-class", class))
		sim_fail("the dead letter of %s is not of class %s", w->copy, class);
	if (strcmp(w->copy, w->record->value) != 0)
		sim_fail("a dead letter is %s and came as %s", w->copy, w->record->value);
}

static enum sim_refusal refusal_of(const struct sim_write *w)
{
	switch (w->kind) {
	case SIM_WRITE_OUTPUT:
		return w->record->plan.output;
	case SIM_WRITE_EMIT:
		return w->stage == 0 && w->number == 0 ? w->record->plan.emitted : SIM_ACCEPTED;
	case SIM_WRITE_DEAD:
		break;
	}
	return sim_now->calm ? SIM_ACCEPTED : sim_now->dlq_refuses;
}

static void note_refused(struct sim_write *w)
{
	if (w->kind == SIM_WRITE_EMIT)
		w->record->emit_refused[w->stage][w->number]++;
}

static size_t open_writes(const struct sim *s)
{
	size_t count = 0;

	for (size_t i = s->first_open; i < s->write_count; i++)
		count += !s->writes[i].answered;
	return count;
}

static void remember(struct sim *s, const struct sim_write *w)
{
	if (s->write_count == s->write_capacity) {
		s->write_capacity = s->write_capacity > 0 ? 2 * s->write_capacity : 256;
		s->writes = realloc(s->writes, s->write_capacity * sizeof(*s->writes));
		assert_non_null(s->writes);
	}
	s->writes[s->write_count++] = *w;
}

static int64_t answer_time(const struct sim_write *w)
{
	int64_t due = sim_time() + (int64_t)sim_upto(30) * WR_NS_PER_MS, *last_p;

	if (w->record->key == SIM_KEYS)
		return due;
	last_p = &sim_now->last_due_ns[w->topic][w->record->key];
	return *last_p = due > *last_p ? due : *last_p;
}

static enum wr_code write_record(struct wr_sink *sink, const struct wr_sink_record *record,
				 void *token, struct wr_err *err)
{
	struct sim *s = sim_now;
	struct sim_write w = read_record(record);

	(void)sink;
	check_headers(&w, record);
	if (s->broken)
		return wr_err_set(err, WR_EUNKNOWN, "broken");
	if (open_writes(s) >= s->room)
		return wr_err_set(err, WR_EFULL, "full");
	if (refusal_of(&w) == SIM_REFUSED_AT_ONCE) {
		note_refused(&w);
		return wr_err_set(err, WR_EREFUSED, "too large");
	}
	if (s->down[w.topic] && sim_once_in(2))
		return wr_err_set(err, WR_EUNAVAILABLE, "unknown topic");
	w.token = token;
	sim_txn_note_write(&w);
	w.due_ns = answer_time(&w);
	sim_note("  write %s to %s", w.copy, topics[w.topic].name);
	remember(s, &w);
	return WR_OK;
}

void sim_count_written(struct sim_write *w)
{
	w->visible = true;
	switch (w->kind) {
	case SIM_WRITE_OUTPUT:
		w->record->written++;
		return;
	case SIM_WRITE_EMIT:
		w->record->emitted[w->stage][w->number]++;
		return;
	case SIM_WRITE_DEAD:
		w->record->dead++;
		return;
	}
}

static void answer(struct sim *s, size_t i, enum wr_code code, const char *reason)
{
	struct sim_write *w = &s->writes[i];

	if (w->value.size != strlen(w->copy) || memcmp(w->value.data, w->copy, w->value.size) != 0)
		sim_fail("the value of %s changed before it was acknowledged", w->copy);
	sim_note("  %s: %s", w->copy, wr_code_text(code));
	w->answered = true;
	w->ok = code == WR_OK;
	if (w->ok && w->transaction == 0)
		sim_count_written(w);
	if (code == WR_EREFUSED)
		note_refused(w);
	done_fn(done_fn_arg, w->token, code, reason);
}

void sim_topic_goes(enum sim_topic topic)
{
	sim_now->down[topic] = true;
}

/* What is in its queue by then fails still, in order. */
void sim_topic_comes_back(enum sim_topic topic)
{
	sim_now->returns[topic] = sim_now->down[topic];
}

static int answer_unavailable(struct sim *s)
{
	int answered = 0;

	for (size_t i = s->first_open; i < s->write_count; i++) {
		if (s->writes[i].answered || !s->down[s->writes[i].topic])
			continue;
		answer(s, i, WR_EUNAVAILABLE, "unknown topic");
		answered++;
	}
	for (int i = 0; i < SIM_TOPICS; i++) {
		s->down[i] = s->down[i] && !s->returns[i];
		s->returns[i] = false;
	}
	return answered;
}

static int poll_sink(struct wr_sink *sink, int timeout_ms)
{
	struct sim *s = sim_now;
	int answered = 0;

	(void)sink;
	(void)timeout_ms;
	if (s->holds)
		return 0;
	answered = s->broken ? 0 : answer_unavailable(s);
	for (size_t i = s->first_open; i < s->write_count; i++) {
		struct sim_write *w = &s->writes[i];

		if (w->answered)
			continue;
		/* What is aborted is purged. */
		if (w->transaction != 0 && !s->broken && s->txn.state == SIM_TXN_ENDING) {
			answer(s, i, WR_EUNKNOWN, "purged");
			answered++;
			continue;
		}
		if ((s->broken ? !sim_once_in(2) : w->due_ns > sim_time()))
			continue;
		if (s->broken)
			answer(s, i, WR_EUNKNOWN, "fatal");
		else if (refusal_of(w) == SIM_REFUSED_LATE)
			answer(s, i, WR_EREFUSED, "too large");
		else
			answer(s, i, WR_OK, NULL);
		answered++;
	}
	while (s->first_open < s->write_count && s->writes[s->first_open].answered)
		s->first_open++;
	return answered;
}

static enum wr_sink_state state(struct wr_sink *sink)
{
	(void)sink;
	return sim_now->broken ? WR_SINK_BROKEN : WR_SINK_UP;
}

static void depth(struct wr_sink *sink, size_t *records_r, size_t *bytes_r)
{
	(void)sink;
	*records_r = open_writes(sim_now);
	*bytes_r = *records_r;
}

static void destroy(struct wr_sink *sink)
{
	struct sim *s = sim_now;

	for (size_t i = s->first_open; i < s->write_count; i++) {
		if (!s->writes[i].answered)
			answer(s, i, WR_EUNKNOWN, "purged");
	}
	s->first_open = s->write_count;
	if (sim_has_transactions())
		sim_txn_end();
	s->sink_exists = false;
	free(sink);
}

static struct wr_sink_ops ops = {
    .topic = resolve,
    .write = write_record,
    .poll = poll_sink,
    .state = state,
    .depth = depth,
    .destroy = destroy,
};

static void choose_ops(void)
{
	bool has = sim_has_transactions();

	ops.transaction_status = has ? sim_txn_ops.transaction_status : NULL;
	ops.begin = has ? sim_txn_ops.begin : NULL;
	ops.commit = has ? sim_txn_ops.commit : NULL;
	ops.abort = has ? sim_txn_ops.abort : NULL;
	if (has)
		sim_txn_start();
}

enum wr_code sim_make_sink(void *arg, const struct wr_lane *lane, int wake_fd, wr_sink_done_fn done,
			   void *done_arg, struct wr_sink **sink_r, struct wr_err *err)
{
	(void)arg;
	(void)lane;
	(void)wake_fd;
	(void)err;
	assert_false(sim_now->sink_exists);
	sim_note("  new sink");
	sim_now->sink_exists = true;
	sim_now->broken = false;
	choose_ops();
	done_fn = done;
	done_fn_arg = done_arg;
	*sink_r = calloc(1, sizeof(**sink_r));
	assert_non_null(*sink_r);
	(*sink_r)->ops = &ops;
	return WR_OK;
}
