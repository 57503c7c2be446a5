#include "config.h"

#include "dlq/page.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_WINDOW 128
#define WINDOW_MAX 16384

/* Dead letters that are not quite in the order of their times still stand behind the one they are looked for by. */
#define TIME_MARGIN_MS 60000

/* A letter that may come into the page. `order_ms` falls (or rises) with the offset within a partition, whatever
 * clocks say, so that a page never skips a letter of it. */
struct candidate {
	struct wr_dlq_letter *letter;
	int64_t order_ms;
};

/* What is read of one partition. */
struct part {
	int64_t start, floor,
	    end;      /* newest first: [floor, start) is left; oldest first: [start, end) */
	int64_t at;   /* how far it was looked at */
	int64_t edge; /* the last offset that came into the page; -1: none */
	bool cut;     /* something that matched is left out */
};

struct listing {
	struct wr_dlq *dlq;
	const struct wr_dlq_page_request *request;
	struct wr_dlq_page *page;
	struct part *parts;
	int32_t part_count;
	bool oldest_first;
	struct candidate *best; /* in the order of the page */
	size_t best_count;
	struct candidate *found; /* of the window: the last `limit` that matched, in a ring */
	size_t found_count, found_at;
	bool overflowed;
	int64_t extreme_ms; /* of the window: the least time, or the greatest */
	uint64_t scanned;
	bool out_of_memory;
};

void wr_dlq_page_fini(struct wr_dlq_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		free(page->letters[i]);
	free(page->letters);
	wr_dlq_cursor_fini(&page->next);
	*page = (struct wr_dlq_page){.letters = NULL};
}

static bool visit(void *arg, const struct wr_dlq_record *record)
{
	struct listing *l = arg;
	size_t limit = l->request->limit, slot;
	struct wr_envelope envelope;
	struct wr_dlq_mark mark;
	const char *broken;
	struct wr_err err;

	l->scanned++;
	if (l->oldest_first ? record->timestamp_ms > l->extreme_ms
			    : record->timestamp_ms < l->extreme_ms)
		l->extreme_ms = record->timestamp_ms;
	wr_dlq_describe(l->dlq, record, &envelope, &mark, &broken, &err);
	if (!wr_dlq_filter_matches(l->request->filter, &envelope, record->timestamp_ms, mark.state))
		return true;
	if (l->found_count == limit && l->oldest_first)
		return false; /* cut: this one begins the next page */
	slot = (l->found_at + l->found_count) % limit;
	if (l->found_count == limit) {
		l->overflowed = true;
		free(l->found[slot].letter);
		l->found_at = (l->found_at + 1) % limit;
		l->found_count--;
	}
	l->found[slot].letter = wr_dlq_letter_copy(record, &envelope, broken, &mark);
	l->out_of_memory = l->found[slot].letter == NULL;
	if (l->out_of_memory)
		return false;
	l->found_count++;
	return true;
}

/* Whether a stands before b in the page. */
static bool is_before(const struct listing *l, const struct candidate *a, const struct candidate *b)
{
	int by_place = wr_dlq_place_compare(&a->letter->place, &b->letter->place);

	if (a->order_ms != b->order_ms)
		return l->oldest_first ? a->order_ms < b->order_ms : a->order_ms > b->order_ms;
	return l->oldest_first ? by_place < 0 : by_place > 0;
}

/* Puts it in its place; what falls out at the end is cut. Takes the letter. */
static void insert(struct listing *l, const struct candidate *candidate)
{
	size_t limit = l->request->limit, at = l->best_count;
	struct wr_dlq_letter *out;

	while (at > 0 && is_before(l, candidate, &l->best[at - 1]))
		at--;
	if (at == limit) {
		l->parts[candidate->letter->place.partition].cut = true;
		free(candidate->letter);
		return;
	}
	if (l->best_count == limit) {
		out = l->best[--l->best_count].letter;
		l->parts[out->place.partition].cut = true;
		free(out);
	}
	memmove(&l->best[at + 1], &l->best[at], (l->best_count - at) * sizeof(*l->best));
	l->best[at] = *candidate;
	l->best_count++;
}

/* Takes over what a window had, in the order of the page. */
static void merge(struct listing *l, struct part *part, int64_t *order_ms_p)
{
	size_t limit = l->request->limit, i, slot;

	for (i = 0; i < l->found_count; i++) {
		slot = (l->found_at + (l->oldest_first ? i : l->found_count - 1 - i)) % limit;
		struct candidate *c = &l->found[slot];
		int64_t ms = c->letter->timestamp_ms;

		if (l->oldest_first ? ms > *order_ms_p : ms < *order_ms_p)
			*order_ms_p = ms;
		c->order_ms = *order_ms_p;
		insert(l, c);
	}
	if (l->oldest_first ? l->extreme_ms > *order_ms_p : l->extreme_ms < *order_ms_p)
		*order_ms_p = l->extreme_ms;
	if (l->overflowed)
		part->cut = true;
	l->found_count = l->found_at = 0;
	l->overflowed = false;
}

static void drop_found(struct listing *l)
{
	for (size_t i = 0; i < l->found_count; i++)
		free(l->found[(l->found_at + i) % l->request->limit].letter);
	l->found_count = 0;
}

/* One stretch of a partition into `found`. It is bounded, so that a request always gets on. */
static enum wr_code read_window(struct listing *l, int32_t partition, int64_t from, int64_t until,
				int64_t *next_r, struct wr_err *err)
{
	enum wr_code rc;

	l->extreme_ms = l->oldest_first ? INT64_MIN : INT64_MAX;
	rc = wr_dlq_topic_read(l->dlq->topic, partition, from, until, INT64_MAX, visit, l, next_r,
			       err);
	if (l->out_of_memory)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for a page of dead letters");
	if (rc != WR_OK)
		drop_found(l);
	return rc;
}

/* Whether the page is full of letters that all stand before anything this partition still has. */
static bool is_settled(const struct listing *l, int64_t order_ms)
{
	const struct candidate *last;

	if (l->best_count < l->request->limit)
		return false;
	last = &l->best[l->best_count - 1];
	return l->oldest_first ? last->order_ms < order_ms : last->order_ms > order_ms;
}

/* Whether a partition is to be read on. */
static bool goes_on(const struct listing *l, const struct part *part, int64_t order_ms,
		    uint64_t until_scanned, int64_t deadline_ns)
{
	return !part->cut && !is_settled(l, order_ms) && l->scanned < until_scanned &&
	       wr_clock_mono_ns(&wr_clock_real) < deadline_ns;
}

/* From the newest backwards, in windows that grow: each is read forwards, as Kafka reads. */
static enum wr_code read_backwards(struct listing *l, int32_t partition, uint64_t budget,
				   int64_t deadline_ns, struct wr_err *err)
{
	struct part *part = &l->parts[partition];
	int64_t window = FIRST_WINDOW, order_ms = INT64_MAX, from, next = 0;
	uint64_t until_scanned = l->scanned + budget;
	enum wr_code rc;

	if (window < (int64_t)l->request->limit * 2)
		window = (int64_t)l->request->limit * 2;
	while (part->at > part->floor) {
		from = part->at - window > part->floor ? part->at - window : part->floor;
		rc = read_window(l, partition, from, part->at, &next, err);
		if (rc != WR_OK)
			return rc;
		part->at = from;
		merge(l, part, &order_ms);
		if (!goes_on(l, part, order_ms, until_scanned, deadline_ns))
			break;
		window = window * 4 < WINDOW_MAX ? window * 4 : WINDOW_MAX;
	}
	return WR_OK;
}

static enum wr_code read_forwards(struct listing *l, int32_t partition, uint64_t budget,
				  int64_t deadline_ns, struct wr_err *err)
{
	struct part *part = &l->parts[partition];
	int64_t order_ms = INT64_MIN, until;
	uint64_t until_scanned = l->scanned + budget;
	enum wr_code rc;

	while (part->at < part->end) {
		until = part->at + WINDOW_MAX < part->end ? part->at + WINDOW_MAX : part->end;
		rc = read_window(l, partition, part->at, until, &part->at, err);
		if (rc != WR_OK)
			return rc;
		/* One more that matched may have been there already: the next page begins with it. */
		part->cut = l->found_count == l->request->limit;
		merge(l, part, &order_ms);
		if (!goes_on(l, part, order_ms, until_scanned, deadline_ns))
			break;
	}
	return WR_OK;
}

/* The offsets that the time and the cursor leave. */
static enum wr_code bound(struct listing *l, int32_t partition, struct wr_err *err)
{
	const struct wr_dlq_filter *filter = l->request->filter;
	struct wr_dlq_topic *topic = l->dlq->topic;
	struct part *part = &l->parts[partition];
	int64_t low = 0, high = 0;
	enum wr_code rc = wr_dlq_topic_bounds(topic, partition, &low, &high, err);

	part->floor = low;
	part->end = high;
	if (rc == WR_OK && filter->from_ms != 0)
		rc = wr_dlq_topic_offset_at(topic, partition, filter->from_ms, high, &part->floor,
					    err);
	if (rc == WR_OK && filter->until_ms != 0)
		rc = wr_dlq_topic_offset_at(topic, partition, filter->until_ms + TIME_MARGIN_MS,
					    high, &part->end, err);
	part->start = l->oldest_first ? part->floor : part->end;
	part->edge = -1;
	return rc;
}

/* A partition that the cursor does not name is new: newest first it has only letters that are younger than the first
 * page, oldest first all of them. */
static void apply_cursor(struct listing *l)
{
	const struct wr_dlq_cursor *cursor = l->request->cursor;
	size_t at = 0;

	for (int32_t i = 0; cursor != NULL && i < l->part_count; i++) {
		struct part *part = &l->parts[i];
		bool is_named;

		while (at < cursor->count && cursor->positions[at].partition < i)
			at++;
		is_named = at < cursor->count && cursor->positions[at].partition == i;
		if (is_named && l->oldest_first && cursor->positions[at].offset > part->start)
			part->start = cursor->positions[at].offset;
		else if (!l->oldest_first && !is_named)
			part->start = part->floor;
		else if (is_named && !l->oldest_first && cursor->positions[at].offset < part->start)
			part->start = cursor->positions[at].offset;
	}
	for (int32_t i = 0; i < l->part_count; i++)
		l->parts[i].at = l->parts[i].start;
}

static enum wr_code read_parts(struct listing *l, struct wr_err *err)
{
	int64_t now = wr_clock_mono_ns(&wr_clock_real), end;
	enum wr_code rc = WR_OK;
	uint64_t budget, left;
	int32_t others;

	end = now + l->request->timeout_ms * WR_NS_PER_MS;
	for (int32_t i = 0; i < l->part_count && rc == WR_OK; i++) {
		/* When the time is over the others wait for the next page, but something was read. */
		now = wr_clock_mono_ns(&wr_clock_real);
		if (now >= end && l->scanned > 0)
			break;
		/* What earlier partitions did not need of their share goes to the later ones. */
		others = l->part_count - i;
		left = l->request->scan_max > l->scanned ? l->request->scan_max - l->scanned : 0;
		budget = left / (uint64_t)others;
		if (now < end)
			now += (end - now) / others;
		rc = l->oldest_first ? read_forwards(l, i, budget > 0 ? budget : 1, now, err)
				     : read_backwards(l, i, budget > 0 ? budget : 1, now, err);
	}
	return rc;
}

/* Where the next page begins in each partition. */
static enum wr_code make_cursor(struct listing *l)
{
	struct wr_dlq_page *page = l->page;

	for (size_t i = 0; i < l->best_count; i++) {
		struct part *part = &l->parts[l->best[i].letter->place.partition];

		part->edge = l->best[i].letter->place.offset;
	}
	page->is_last = true;
	page->next.oldest_first = l->oldest_first;
	page->next.positions = calloc((size_t)l->part_count + 1, sizeof(*page->next.positions));
	if (page->next.positions == NULL)
		return WR_ENOMEM;
	for (int32_t i = 0; i < l->part_count; i++) {
		const struct part *part = &l->parts[i];
		int64_t next = part->at;

		if (part->cut && part->edge < 0)
			next = part->start;
		else if (part->cut)
			next = l->oldest_first ? part->edge + 1 : part->edge;
		page->next.positions[i] = (struct wr_dlq_position){i, next};
		if (l->oldest_first ? next < part->end : next > part->floor)
			page->is_last = false;
	}
	page->next.count = (size_t)l->part_count;
	return WR_OK;
}

static enum wr_code give_page(struct listing *l, struct wr_err *err)
{
	struct wr_dlq_page *page = l->page;

	page->scanned = l->scanned;
	page->letters = calloc(l->best_count + 1, sizeof(*page->letters));
	if (page->letters == NULL || make_cursor(l) != WR_OK)
		return wr_err_set(err, WR_ENOMEM, "no memory for a page of dead letters");
	for (size_t i = 0; i < l->best_count; i++)
		page->letters[i] = l->best[i].letter;
	page->count = l->best_count;
	l->best_count = 0;
	return WR_OK;
}

static enum wr_code check_cursor(const struct listing *l, struct wr_err *err)
{
	const struct wr_dlq_cursor *cursor = l->request->cursor;

	if (cursor != NULL && cursor->count > 0 &&
	    cursor->positions[cursor->count - 1].partition >= l->part_count)
		return wr_err_set(err, WR_EINVAL, "cursor: it is one of another topic");
	return WR_OK;
}

static void free_listing(struct listing *l)
{
	drop_found(l);
	for (size_t i = 0; i < l->best_count; i++)
		free(l->best[i].letter);
	free(l->best);
	free(l->found);
	free(l->parts);
}

enum wr_code wr_dlq_page_read(struct wr_dlq *dlq, const struct wr_dlq_page_request *request,
			      struct wr_dlq_page *page_r, struct wr_err *err)
{
	struct listing l = {.dlq = dlq, .request = request, .page = page_r};
	enum wr_code rc;

	WR_ASSERT(request->limit > 0 && request->limit <= WR_DLQ_PAGE_MAX);
	*page_r = (struct wr_dlq_page){.letters = NULL};
	l.part_count = wr_dlq_topic_partitions(dlq->topic);
	l.oldest_first =
	    request->cursor != NULL ? request->cursor->oldest_first : request->oldest_first;
	l.parts = calloc((size_t)l.part_count + 1, sizeof(*l.parts));
	l.best = calloc(request->limit + 1, sizeof(*l.best));
	l.found = calloc(request->limit, sizeof(*l.found));
	if (l.parts == NULL || l.best == NULL || l.found == NULL)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for a page of dead letters");
	else
		rc = check_cursor(&l, err);
	for (int32_t i = 0; i < l.part_count && rc == WR_OK; i++)
		rc = bound(&l, i, err);
	if (rc == WR_OK) {
		apply_cursor(&l);
		rc = read_parts(&l, err);
	}
	if (rc == WR_OK)
		rc = give_page(&l, err);
	free_listing(&l);
	return rc;
}
