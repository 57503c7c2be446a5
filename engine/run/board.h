/*
 * The board: where lanes publish how far they are, for whoever shows it, and read whether their pipeline is paused. A lane
 * publishes a few times a second, under a lock of its own that a reader holds for a copy, and reads one flag at each
 * turn; nothing of it is done per event.
 *
 * A pipeline stays paused by its name until it is resumed or the process ends, whatever becomes of its lanes.
 */
#ifndef WR_RUN_BOARD_H
#define WR_RUN_BOARD_H

#include "base/code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WR_BOARD_TOPIC_BYTES 256 /* Kafka's names have up to 249 */
#define WR_BOARD_STAGE_BYTES 128 /* the configuration's have up to 100 */
#define WR_BOARD_CIRCUITS 4	 /* that are shown of a lane; mostly one is open */

struct wr_board;
struct wr_board_lane;

#define WR_BOARD_STATES(X)               \
	X(WR_BOARD_STARTING, "starting") \
	X(WR_BOARD_RUNNING, "running")   \
	X(WR_BOARD_IDLE, "idle")         \
	X(WR_BOARD_PAUSING, "pausing")   \
	X(WR_BOARD_PAUSED, "paused")     \
	X(WR_BOARD_STOPPING, "stopping")

enum wr_board_state {
#define X(state, name) state,
	WR_BOARD_STATES(X)
#undef X
};

/* "starting": not a member of its group yet; "idle": without partitions; "pausing": still finishing what it has. */
const char *wr_board_state_name(enum wr_board_state state);

struct wr_board_partition {
	char topic[WR_BOARD_TOPIC_BYTES];
	int32_t id;
	int64_t committed; /* as Kafka was last told; -1: not known */
	int64_t position;  /* the next offset to take; -1: not known */
	int64_t lag;       /* records from the first unfinished one to the end; -1: not known */
};

struct wr_board_counts {
	uint64_t taken, processed, dropped, duplicate, dead_lettered, retries;
};

/* Of a stage that fails wholesale: its lane takes nothing and probes. */
struct wr_board_circuit {
	char stage[WR_BOARD_STAGE_BYTES];
	uint64_t generation;
	double open_s;  /* for so long */
	double probe_s; /* until the next probe; 0: it is due, or out */
};

struct wr_board_snapshot {
	enum wr_board_state state;
	uint64_t generation;
	uint32_t in_flight, window; /* batches */
	size_t parked;              /* events that wait for a retry */
	double oldest_s;            /* age of the oldest batch in flight */
	struct wr_board_counts counts;
	struct wr_board_circuit circuits[WR_BOARD_CIRCUITS]; /* that are open */
	size_t circuit_count;
	struct wr_board_partition *partitions;
	size_t partition_count;
};

/* WR_OK or WR_ENOMEM. */
enum wr_code wr_board_create(struct wr_board **board_r);

/* All lanes have left. NULL does nothing. */
void wr_board_destroy(struct wr_board *board);

/* A lane is there; `wake_fd` is an eventfd that it waits on. NULL without memory. [any] */
struct wr_board_lane *wr_board_join(struct wr_board *board, const char *pipeline, uint32_t number,
				    int wake_fd);

/* NULL does nothing. [any] */
void wr_board_leave(struct wr_board_lane *lane);

/* Copies the snapshot. Without memory the last one stays. [lane] */
void wr_board_publish(struct wr_board_lane *lane, const struct wr_board_snapshot *snapshot);

/* [any] */
bool wr_board_is_paused(const struct wr_board_lane *lane);

/* Pauses or resumes the lanes of a pipeline and wakes them. WR_OK; WR_ENOTFOUND: no such pipeline has lanes. *changed_r
 * (may be NULL): it was not so before. [any] */
enum wr_code wr_board_set_paused(struct wr_board *board, const char *pipeline, bool paused,
				 bool *changed_r);

/* Whether a pipeline is paused; one that is not there is not. [any] */
bool wr_board_pipeline_is_paused(struct wr_board *board, const char *pipeline);

/* Whether a lane of the pipeline held the partition when it published last, and did not stop. [any] */
bool wr_board_holds(struct wr_board *board, const char *pipeline, const char *topic,
		    int32_t partition);

/* What the lanes of a pipeline published last, by their numbers. */
struct wr_board_view {
	struct wr_board_snapshot *items;
	uint32_t *numbers;
	size_t count;
};

/* A copy; wr_board_view_fini(). WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_board_look(struct wr_board *board, const char *pipeline,
			   struct wr_board_view *view_r);
void wr_board_view_fini(struct wr_board_view *view);

#endif
