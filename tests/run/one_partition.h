/*
 * The part of a fake source that is the same wherever a lane reads one partition and nothing goes wrong: it is assigned
 * once, its records are all alike, and commits are done at once. Who embeds it adds where the records end and what
 * becomes of a commit.
 */
#ifndef WR_TESTS_RUN_ONE_PARTITION_H
#define WR_TESTS_RUN_ONE_PARTITION_H

#include "run/lane.h"

#include "base/check.h"

struct one_partition {
	struct wr_source pub;
	struct wr_partition partition;
	struct wr_partition *partitions[1];
	bool assigned;
	bool has_keys; /* sixteen, in turn; else all records have one */
	int64_t position;
};

static inline struct one_partition *one_of(struct wr_source *source)
{
	return WR_CONTAINER_OF(source, struct one_partition, pub);
}

static inline void one_init(struct one_partition *one, const struct wr_source_ops *ops,
			    struct wr_partition partition)
{
	*one = (struct one_partition){.pub.ops = ops, .partition = partition, .position = -1};
	one->partitions[0] = &one->partition;
}

static inline enum wr_source_event one_poll(struct wr_source *source)
{
	if (one_of(source)->assigned)
		return WR_SOURCE_NONE;
	one_of(source)->assigned = true;
	return WR_SOURCE_ASSIGNED;
}

/* Those before `end`. */
static inline size_t one_take(struct one_partition *one, struct wr_source_record *records,
			      size_t max_records, int64_t end)
{
	static const char keys[] = "k123456789abcdef";
	size_t n = 0;

	for (; one->assigned && one->position >= 0 && n < max_records && one->position < end; n++) {
		records[n] = (struct wr_source_record){
		    .partition = &one->partition,
		    .offset = one->position,
		    .value = {"{}", 2},
		    .key = {keys + (one->has_keys ? one->position % 16 : 0), 1},
		    .ref = one};
		one->position++;
	}
	return n;
}

static inline size_t one_headers(struct wr_source *source, const struct wr_source_record *record,
				 const struct weir_header **headers_r)
{
	(void)source;
	(void)record;
	*headers_r = NULL;
	return 0;
}

static inline enum wr_code one_commit_status(struct wr_source *source)
{
	(void)source;
	return WR_OK;
}

static inline enum wr_code one_commit_sync(struct wr_source *source,
					   const struct wr_source_commit *commits, size_t count,
					   int timeout_ms, struct wr_err *err)
{
	(void)timeout_ms;
	return source->ops->commit(source, commits, count, err);
}

static inline enum wr_code one_place(struct wr_source *source, struct wr_partition *partition,
				     int64_t offset, struct wr_err *err)
{
	(void)err;
	one_of(source)->position = partition->position = offset;
	return WR_OK;
}

static inline void one_refresh(struct wr_source *source)
{
	one_of(source)->assigned = false;
}

static inline bool one_from_latest(struct wr_source *source)
{
	(void)source;
	return false;
}

static inline const char *one_trouble(struct wr_source *source)
{
	(void)source;
	return NULL;
}

static inline void one_release(struct wr_source *source)
{
	(void)source;
}

static inline size_t one_partitions(struct wr_source *source,
				    struct wr_partition *const **partitions_r)
{
	*partitions_r = one_of(source)->partitions;
	return one_of(source)->assigned;
}

static inline size_t one_topics(struct wr_source *source, const struct wr_source_topic **topics_r)
{
	(void)source;
	*topics_r = NULL;
	return 0;
}

static inline bool one_is_undecided(struct wr_source *source, const struct wr_partition *partition)
{
	(void)source;
	(void)partition;
	return false;
}

static inline size_t one_queued_bytes(struct wr_source *source)
{
	(void)source;
	return 0;
}

/* All but .poll, .take, .give_back, .commit, .is_at_end, .lag and .destroy. */
#define ONE_PARTITION_OPS                                                                     \
	.headers = one_headers, .commit_status = one_commit_status,                           \
	.commit_sync = one_commit_sync, .place = one_place, .refresh = one_refresh,           \
	.from_latest = one_from_latest, .trouble = one_trouble, .release = one_release,       \
	.partitions = one_partitions, .queued_bytes = one_queued_bytes, .topics = one_topics, \
	.is_undecided = one_is_undecided

/* The sink and the store beside it. */

static inline enum wr_sink_state one_sink_state(struct wr_sink *sink)
{
	(void)sink;
	return WR_SINK_UP;
}

/* Without claims. */
static inline enum wr_code one_make_store(void *arg, const struct wr_lane *lane,
					  struct wr_claim_store **store_r, struct wr_err *err)
{
	(void)arg;
	(void)lane;
	(void)err;
	*store_r = NULL;
	return WR_OK;
}

#endif
