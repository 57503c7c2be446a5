/*
 * Where records come from: the lane's share of some topics, in production a member of a Kafka consumer group. All
 * by the lane's thread. Records are borrowed from the source and given back one by one.
 *
 * A change of assignment is a conversation, so that the lane finishes its window by its own loop and no callback
 * blocks: poll() reports WR_SOURCE_REVOKING, the lane drains, commits and calls release(); only then do the
 * partitions go to another member.
 */
#ifndef WR_PORT_SOURCE_H
#define WR_PORT_SOURCE_H

#include "base/bytes.h"
#include "base/code.h"
#include "base/err.h"
#include "weir/plugin.h"

#include <stdbool.h>
#include <stdint.h>

struct wr_source;

/* A partition while it is assigned. `epoch` differs for every assignment of the same partition; `user` is the
 * lane's. Freed at release(). What the group and the broker say of it is as of the last WR_SOURCE_ASSIGNED. */
struct wr_partition {
	const char *topic;
	int32_t id;
	uint32_t epoch;
	int64_t committed;        /* the offset that the group committed; -1: none */
	struct wr_bytes metadata; /* what was committed with it; absent: nothing */
	int64_t low, high;        /* the offsets that can be read now: [low, high) */
	int64_t position;         /* the next offset to take; -1: not placed */
	void *user;
};

/* A record, borrowed until give_back(). */
struct wr_source_record {
	struct wr_partition *partition;
	int64_t offset;
	int64_t timestamp_ms; /* -1: none */
	struct wr_bytes key;
	struct wr_bytes value;
	void *ref; /* the adapter's */
};

/* A topic that the source reads, whether it holds partitions of it or not. */
struct wr_source_topic {
	const char *name;
	int32_t partitions;
};

enum wr_source_event {
	WR_SOURCE_NONE,
	WR_SOURCE_ASSIGNED, /* new partitions are there, or refresh() is done: place() each of them */
	WR_SOURCE_ASTRAY, /* a partition can't be read from its position: refresh() once the window is dropped */
	WR_SOURCE_REVOKING, /* all partitions must be released; see release() */
	WR_SOURCE_LOST      /* they are gone already: commit nothing, release at once */
};

struct wr_source_commit {
	struct wr_partition *partition;
	int64_t offset;           /* the next to read */
	struct wr_bytes metadata; /* kept with it; absent: none */
};

struct wr_source_ops {
	/* Serves the source; call at least every second. Never blocks. */
	enum wr_source_event (*poll)(struct wr_source *source);

	/* Takes up to max_records, and no more once max_bytes are passed, from one partition (they take turns).
	 * Returns how many; 0 when nothing is there now. */
	size_t (*take)(struct wr_source *source, struct wr_source_record *records,
		       size_t max_records, size_t max_bytes);

	/* The headers of a record: the list is borrowed until the next call, what it points to until give_back().
	 * Returns how many. */
	size_t (*headers)(struct wr_source *source, const struct wr_source_record *record,
			  const struct weir_header **headers_r);

	void (*give_back)(struct wr_source *source, struct wr_source_record *record);

	/* Takes back records that came last from their partition, all of one take(), in order: they come again, first,
	 * and nothing of the partition comes before `until_mono_ns`. Placing the partition anew forgets them. WR_OK,
	 * or WR_ENOMEM: nothing was taken back. */
	enum wr_code (*put_back)(struct wr_source *source, struct wr_source_record *records,
				 size_t count, int64_t until_mono_ns);

	/* Commits asynchronously; at most one is under way: WR_EFULL then. WR_OK, or a failure at once. */
	enum wr_code (*commit)(struct wr_source *source, const struct wr_source_commit *commits,
			       size_t count, struct wr_err *err);

	/* Of the last commit(): WR_EFULL while it is under way (poll() moves it on), then WR_OK or why not. */
	enum wr_code (*commit_status)(struct wr_source *source);

	/* Commits and waits. WR_OK, WR_ETIMEDOUT, WR_EREFUSED (fenced, rebalanced: the records will be read
	 * again), WR_EUNAVAILABLE. */
	enum wr_code (*commit_sync)(struct wr_source *source,
				    const struct wr_source_commit *commits, size_t count,
				    int timeout_ms, struct wr_err *err);

	/* Reads the partition from `offset`, for the first time since it was assigned or again. Records already taken
	 * stay valid. Never blocks: the source sees to it in take() and poll(). WR_OK, or WR_EINVAL. Partitions that
	 * are placed in the same turn of the lane's loop cost least. */
	enum wr_code (*place)(struct wr_source *source, struct wr_partition *partition,
			      int64_t offset, struct wr_err *err);

	/* Stops reading and asks the group and the broker again; poll() reports WR_SOURCE_ASSIGNED when the answers are
	 * there. Offsets of a transaction that is not decided yet are waited for. */
	void (*refresh)(struct wr_source *source);

	/* Where reading begins in a partition without a committed offset: auto.offset.reset. */
	bool (*from_latest)(struct wr_source *source);

	/* Why the source can't go on by itself: a sentence for people without a full stop, static; NULL: it does. */
	const char *(*trouble)(struct wr_source *source);

	/* Answers WR_SOURCE_REVOKING and _LOST: the partitions are gone, and their structs with them. Records that
	 * are still out can be given back later. */
	void (*release)(struct wr_source *source);

	/* The partitions assigned now, borrowed until the next poll() or release(). */
	size_t (*partitions)(struct wr_source *source, struct wr_partition *const **partitions_r);

	/* The topics that there are for it in the cluster, as of the last WR_SOURCE_ASSIGNED. Borrowed until the next
	 * poll(). */
	size_t (*topics)(struct wr_source *source, const struct wr_source_topic **topics_r);

	/* True when what could be read of a partition since it was placed has been taken, to the end as of then. The
	 * lane is woken when it changes. */
	bool (*is_at_end)(struct wr_source *source, const struct wr_partition *partition);

	/* Whether records of transactions that are not decided yet stand behind what can be read of a partition that
	 * is at its end. The lane is woken when they are. */
	bool (*is_undecided)(struct wr_source *source, const struct wr_partition *partition);

	/* Records between the position and the end of the partition as last heard; -1 unknown. */
	int64_t (*lag)(struct wr_source *source, struct wr_partition *partition,
		       int64_t next_offset);

	/* About how many bytes are fetched and not taken. */
	size_t (*queued_bytes)(struct wr_source *source);

	/* Leaves the group, waiting up to timeout_ms, and frees. Every record must have been given back. */
	void (*destroy)(struct wr_source *source, int timeout_ms);
};

struct wr_source {
	const struct wr_source_ops *ops;
};

#endif
