/* The fake source: the group takes partitions away, commits fail, offsets go elsewhere. */
#include "config.h"

#include "tests/run/sim.h"

#include <stdio.h>
#include <stdlib.h>

bool sim_is_assigned(void)
{
	return sim_now->assigned_count > 0;
}

void sim_apply_offsets(void)
{
	const struct sim_commit *c = &sim_now->commit;

	for (int p = 0; p < SIM_PARTITIONS; p++) {
		struct sim_partition *part = &sim_now->partitions[p];

		if (c->offsets[p] < 0)
			continue;
		for (int64_t o = part->committed > 0 ? part->committed : 0; o < c->offsets[p]; o++)
			part->records[o].committed = true;
		part->committed = c->offsets[p];
		part->metadata_size = c->metadata_size[p];
		memcpy(part->metadata, c->metadata[p], c->metadata_size[p]);
	}
}

static void apply_commit(struct sim *s)
{
	if (s->commit.applied)
		sim_apply_offsets();
	s->commit.applied = false;
}

/* The group goes on: what is under way has reached it or never will, whenever the answer comes. */
static void end_commit(struct sim *s)
{
	if (s->commit.under_way && sim_once_in(2))
		apply_commit(s);
	s->commit.applied = false;
}

/* What the group and the broker say of a partition now. */
static void inform(struct sim_partition *part)
{
	part->pub->committed = part->committed;
	part->pub->metadata = part->committed >= 0 ? wr_bytes(part->metadata, part->metadata_size)
						   : wr_bytes(NULL, 0);
	part->pub->high = part->count;
	part->pub->position = part->position = -1;
}

static void assign(struct sim *s)
{
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		struct sim_partition *part = &s->partitions[p];

		if (!s->calm && sim_once_in(3))
			continue;
		part->pub = calloc(1, sizeof(*part->pub));
		assert_non_null(part->pub);
		*part->pub = (struct wr_partition){.topic = "in", .id = p, .epoch = s->era};
		inform(part);
		s->assigned[s->assigned_count++] = part->pub;
		sim_note("  assigned %d, committed %d", p, (int)part->committed);
	}
}

static enum wr_source_event inform_again(struct sim *s)
{
	if (s->commit.under_way || (sim_has_transactions() && sim_txn_is_undecided()))
		return WR_SOURCE_NONE;
	s->refreshing = false;
	for (size_t i = 0; i < s->assigned_count; i++)
		inform(&s->partitions[s->assigned[i]->id]);
	return WR_SOURCE_ASSIGNED;
}

static enum wr_source_event poll_source(struct wr_source *source)
{
	struct sim *s = sim_now;
	enum wr_source_event event = s->next_event;

	(void)source;
	if (s->commit.under_way && s->commit.due_ns <= sim_time()) {
		s->commit.under_way = false;
		apply_commit(s);
	}
	s->next_event = WR_SOURCE_NONE;
	if (event == WR_SOURCE_ASSIGNED)
		assign(s);
	if (event == WR_SOURCE_NONE && s->refreshing && (s->calm || sim_once_in(3)))
		event = inform_again(s);
	if (event == WR_SOURCE_REVOKING || event == WR_SOURCE_LOST) {
		s->awaits_release = true;
		s->refreshing = false;
		s->handover_commit_failed = false;
		s->is_lost = event == WR_SOURCE_LOST;
	}
	if (s->is_lost) {
		end_commit(s);
		sim_txn_decide();
	}
	return event;
}

/* Copies, so that a sanitizer sees who reads them after they were given back. */
static struct sim_take *take_record(struct sim *s, struct sim_record *r)
{
	struct sim_take *t = calloc(1, sizeof(*t));
	char key[8];

	assert_non_null(t);
	snprintf(key, sizeof(key), "k%d", r->key);
	*t = (struct sim_take){
	    .record = r, .era = s->era, .sequence = s->sequence++, .next = s->takes};
	t->key = r->key < SIM_KEYS ? strdup(key) : NULL;
	t->value = strdup(r->value);
	s->takes = t;
	r->take = t;
	r->taken++;
	return t;
}

static size_t take_from(struct sim *s, struct sim_partition *part, struct wr_source_record *records,
			size_t max)
{
	size_t n = 0;

	for (; n < max && part->position >= 0 && part->position < part->count; n++) {
		struct sim_take *t = take_record(s, &part->records[part->position]);

		records[n] = (struct wr_source_record){
		    .partition = part->pub,
		    .offset = part->position,
		    .timestamp_ms = 5,
		    .key = wr_bytes_of(t->key),
		    .value = wr_bytes_of(t->value),
		    .ref = t,
		};
		part->position++;
		part->is_read =
		    ((const struct wr_lane_partition *)part->pub->user)->placed == WR_PLACED_READ;
		part->pub->position = part->position;
	}
	return n;
}

static size_t take(struct wr_source *source, struct wr_source_record *records, size_t max_records,
		   size_t max_bytes)
{
	struct sim *s = sim_now;

	(void)source;
	assert_true(max_records > 0 && max_bytes > 0);
	if (!s->broken)
		s->rewind_due = false; /* the lane takes nothing before it is done */
	for (size_t i = 0; !s->awaits_release && i < s->assigned_count; i++) {
		struct wr_partition *pub = s->assigned[s->turn++ % s->assigned_count];
		size_t n =
		    take_from(s, &s->partitions[pub->id], records, 1 + sim_upto(max_records - 1));

		if (n > 0)
			return n;
	}
	return 0;
}

static size_t headers(struct wr_source *source, const struct wr_source_record *record,
		      const struct weir_header **headers_r)
{
	(void)source;
	(void)record;
	*headers_r = NULL;
	return 0;
}

static void give_back(struct wr_source *source, struct wr_source_record *record)
{
	struct sim_take *t = record->ref, **link_p = &sim_now->takes;

	(void)source;
	while (*link_p != NULL && *link_p != t)
		link_p = &(*link_p)->next;
	if (t == NULL || *link_p == NULL)
		sim_fail("a record was given back twice");
	*link_p = t->next;
	if (t->record->take == t)
		t->record->take = NULL;
	free(t->key);
	free(t->value);
	free(t);
	record->ref = NULL;
}

void sim_check_commit(const struct wr_source_commit *c)
{
	const struct sim *s = sim_now;
	const struct sim_partition *part = &s->partitions[c->partition->id];

	if (s->is_lost)
		sim_fail("partitions that are lost were committed");
	if (c->partition != part->pub)
		sim_fail("a partition was committed that is not assigned");
	/* Where the group was set by hand, it is told so with the mark's metadata. */
	if (c->offset > part->position && c->offset != part->committed)
		sim_fail("%d was committed at %d, taken up to %d", c->partition->id, (int)c->offset,
			 (int)part->position);
	for (int64_t o = 0; !sim_has_transactions() && o < c->offset; o++) {
		if (!sim_is_settled(&part->records[o]))
			sim_fail("%d was committed at %d, %d/%d is not settled", c->partition->id,
				 (int)c->offset, c->partition->id, (int)o);
	}
}

void sim_note_offsets(const struct wr_source_commit *commits, size_t count)
{
	struct sim_commit *to = &sim_now->commit;

	for (int p = 0; p < SIM_PARTITIONS; p++)
		to->offsets[p] = -1;
	for (size_t i = 0; i < count; i++) {
		int p = commits[i].partition->id;

		sim_check_commit(&commits[i]);
		to->offsets[p] = commits[i].offset;
		to->metadata_size[p] = commits[i].metadata.size;
		assert_true(commits[i].metadata.size <= sizeof(to->metadata[p]));
		memcpy(to->metadata[p], commits[i].metadata.data, commits[i].metadata.size);
		sim_note("  commit %d at %d", p, (int)commits[i].offset);
	}
}

/* What becomes of it is decided now, and found out later. */
static void begin_commit(struct sim *s, const struct wr_source_commit *commits, size_t count)
{
	static const enum wr_code failures[] = {WR_ETIMEDOUT, WR_EREFUSED, WR_EUNAVAILABLE};

	sim_note_offsets(commits, count);
	s->commit.result = WR_OK;
	s->commit.applied = true;
	if (s->calm || s->commit_failures <= 0)
		return;
	s->commit_failures--;
	s->commit.result = failures[sim_upto(2)];
	s->commit.applied = s->commit.result != WR_EREFUSED && sim_once_in(2);
	sim_note("  it fails: %s", wr_code_text(s->commit.result));
}

static enum wr_code commit(struct wr_source *source, const struct wr_source_commit *commits,
			   size_t count, struct wr_err *err)
{
	struct sim *s = sim_now;

	(void)source;
	if (s->commit.under_way)
		return wr_err_set(err, WR_EFULL, "a commit is under way");
	if (sim_has_transactions())
		sim_fail("offsets are committed outside of a transaction");
	begin_commit(s, commits, count);
	if (s->commit.result != WR_OK && sim_once_in(2)) {
		s->commit.applied = false;
		return wr_err_set(err, s->commit.result, "at once");
	}
	s->commit.under_way = true;
	s->commit.due_ns = sim_time() + (int64_t)sim_upto(s->calm ? 1 : 300) * WR_NS_PER_MS;
	return WR_OK;
}

static enum wr_code commit_status(struct wr_source *source)
{
	(void)source;
	return sim_now->commit.under_way ? WR_EFULL : sim_now->commit.result;
}

static enum wr_code commit_sync(struct wr_source *source, const struct wr_source_commit *commits,
				size_t count, int timeout_ms, struct wr_err *err)
{
	struct sim *s = sim_now;

	(void)source;
	assert_true(timeout_ms > 0);
	for (size_t i = 0; sim_has_transactions() && i < count; i++) {
		const struct wr_lane_partition *ours = commits[i].partition->user;

		if (ours->placed == WR_PLACED_READ) /* else it is where reading jumps to */
			sim_fail("offsets are committed outside of a transaction");
	}
	apply_commit(s); /* what was under way comes first */
	s->commit.under_way = false;
	begin_commit(s, commits, count);
	apply_commit(s);
	if (s->commit.result == WR_OK)
		return WR_OK;
	s->handover_commit_failed = true;
	return wr_err_set(err, s->commit.result, "the test says so");
}

/* Nothing is left out that was not completed, and without marks nothing is known but the group's offset. */
static void check_place(const struct sim_partition *part, int p, int64_t offset)
{
	int64_t from = part->committed >= 0 ? part->committed : 0;

	if (offset < 0 || offset > part->count)
		sim_fail("%d was placed at %d of %d", p, (int)offset, (int)part->count);
	if (part->position < 0 && !sim_has_claims() && offset != from)
		sim_fail("%d was placed at %d, committed is %d", p, (int)offset, (int)from);
	for (int64_t o = from; o < offset; o++) {
		if (!sim_is_settled(&part->records[o]))
			sim_fail("%d was placed at %d, %d/%d is not settled", p, (int)offset, p,
				 (int)o);
	}
}

static enum wr_code place(struct wr_source *source, struct wr_partition *partition, int64_t offset,
			  struct wr_err *err)
{
	struct sim *s = sim_now;
	struct sim_partition *part = &s->partitions[partition->id];

	(void)source;
	(void)err;
	if (partition != part->pub)
		sim_fail("a partition was placed that is not assigned");
	sim_note("  place %d at %d", partition->id, (int)offset);
	check_place(part, partition->id, offset);
	if (((const struct wr_lane_partition *)partition->user)->placed == WR_PLACED_READ)
		s->era++; /* the window is read again */
	part->position = partition->position = offset;
	part->is_read = false;
	return WR_OK;
}

/* The offsets are asked for again, and nothing is read before they are there. */
static void refresh(struct wr_source *source)
{
	struct sim *s = sim_now;

	(void)source;
	sim_note("  refresh");
	if (s->awaits_release)
		return;
	for (size_t i = 0; i < s->assigned_count; i++) {
		struct sim_partition *part = &s->partitions[s->assigned[i]->id];

		part->pub->position = part->position = -1;
	}
	s->refreshing = true;
	s->era++;
}

static bool from_latest(struct wr_source *source)
{
	(void)source;
	return false;
}

static const char *trouble(struct wr_source *source)
{
	(void)source;
	return NULL;
}

static bool is_done_at_once(const struct sim_record *r)
{
	const char *class;
	unsigned stages;

	/* Of one whose emit was refused, the output may be on its way still. */
	return r->taken == 1 && !r->elsewhere && sim_is_settled(r) &&
	       (sim_outcome(r, &class, &stages) != WR_OUTCOME_DEAD ||
		strcmp(class, "output-rejected") != 0);
}

/* A revocation that dropped nothing repeats nothing: if all that was taken, for the first time, is settled, then it
 * is committed. */
static void check_release(const struct sim *s)
{
	for (size_t i = 0; i < s->assigned_count; i++) {
		const struct sim_partition *part = &s->partitions[s->assigned[i]->id];

		for (int64_t o = part->committed; o < part->position; o++) {
			if (!is_done_at_once(&part->records[o]))
				return;
		}
	}
	for (size_t i = 0; i < s->assigned_count; i++) {
		const struct sim_partition *part = &s->partitions[s->assigned[i]->id];

		if (part->is_read && part->position >= 0 && part->committed != part->position)
			sim_fail("%d was released at %d, everything up to %d is settled",
				 s->assigned[i]->id, (int)part->committed, (int)part->position);
	}
}

static void unassign(struct sim *s)
{
	end_commit(s);
	sim_txn_check_released();
	for (size_t i = 0; i < s->assigned_count; i++) {
		s->partitions[s->assigned[i]->id].pub = NULL;
		free(s->assigned[i]);
	}
	s->assigned_count = 0;
	s->awaits_release = s->is_lost = s->refreshing = false;
	s->era++;
}

static void release(struct wr_source *source)
{
	struct sim *s = sim_now;

	(void)source;
	if (!s->awaits_release)
		return;
	sim_note("  released");
	if (!s->is_lost && !s->handover_commit_failed && !sim_has_transactions() && !s->rewind_due)
		check_release(s);
	unassign(s);
}

static size_t partitions(struct wr_source *source, struct wr_partition *const **partitions_r)
{
	(void)source;
	*partitions_r = sim_now->assigned;
	return sim_now->assigned_count;
}

static bool is_at_end(struct wr_source *source, const struct wr_partition *partition)
{
	const struct sim_partition *part = &sim_now->partitions[partition->id];

	(void)source;
	return part->position == part->count;
}

static size_t topics(struct wr_source *source, const struct wr_source_topic **topics_r)
{
	(void)source;
	*topics_r = NULL;
	return 0;
}

static bool is_undecided(struct wr_source *source, const struct wr_partition *partition)
{
	(void)source;
	(void)partition;
	return false;
}

static size_t queued_bytes(struct wr_source *source)
{
	(void)source;
	return 0;
}

static int64_t lag(struct wr_source *source, struct wr_partition *partition, int64_t next_offset)
{
	(void)source;
	return sim_now->partitions[partition->id].count - next_offset;
}

static void destroy(struct wr_source *source, int timeout_ms)
{
	(void)timeout_ms;
	if (sim_now->takes != NULL)
		sim_fail("%d/%d was not given back", sim_now->takes->record->partition,
			 (int)sim_now->takes->record->offset);
	unassign(sim_now);
	sim_now->next_event = WR_SOURCE_NONE;
	sim_now->commit.under_way = false;
	sim_now->source_exists = false;
	free(source);
}

static const struct wr_source_ops ops = {
    .poll = poll_source,
    .take = take,
    .headers = headers,
    .give_back = give_back,
    .commit = commit,
    .commit_status = commit_status,
    .commit_sync = commit_sync,
    .place = place,
    .refresh = refresh,
    .from_latest = from_latest,
    .trouble = trouble,
    .release = release,
    .partitions = partitions,
    .topics = topics,
    .is_at_end = is_at_end,
    .is_undecided = is_undecided,
    .lag = lag,
    .queued_bytes = queued_bytes,
    .destroy = destroy,
};

enum wr_code sim_make_source(void *arg, const struct wr_lane *lane, int wake_fd,
			     struct wr_source **source_r, struct wr_err *err)
{
	(void)arg;
	(void)lane;
	(void)wake_fd;
	(void)err;
	assert_false(sim_now->source_exists);
	sim_now->source_exists = true;
	*source_r = calloc(1, sizeof(**source_r));
	assert_non_null(*source_r);
	(*source_r)->ops = &ops;
	return WR_OK;
}
