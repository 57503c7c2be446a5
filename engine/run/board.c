#include "config.h"

#include "run/board.h"

#include "base/check.h"
#include "base/lock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOARD_MAGIC UINT32_C(0x424F5244)
#define LANE_MAGIC UINT32_C(0x424F4C4E)

/* Kept as long as the board, for its flag. */
struct board_pipeline {
	struct board_pipeline *next;
	char *name;
	size_t lanes; /* [board lock] */
	_Atomic bool is_paused;
};

struct wr_board_lane {
	uint32_t magic;
	struct wr_board *board;
	struct wr_board_lane *next; /* [board lock] by number within a pipeline */
	struct board_pipeline *pipeline;
	uint32_t number;
	int wake_fd;
	struct wr_lock lock;
	struct wr_board_snapshot snapshot; /* [lock] */
	size_t capacity;                   /* [lock] of its partitions */
};

struct wr_board {
	uint32_t magic;
	struct wr_lock lock;              /* taken before a lane's */
	struct board_pipeline *pipelines; /* [lock] */
	struct wr_board_lane *lanes;      /* [lock] */
};

const char *wr_board_state_name(enum wr_board_state state)
{
	static const char *const names[] = {
#define X(state, name) [state] = (name),
	    WR_BOARD_STATES(X)
#undef X
	};

	WR_ASSERT((size_t)state < WR_COUNT_OF(names));
	return names[state];
}

enum wr_code wr_board_create(struct wr_board **board_r)
{
	struct wr_board *board = calloc(1, sizeof(*board));

	*board_r = NULL;
	if (board == NULL)
		return WR_ENOMEM;
	board->magic = BOARD_MAGIC;
	wr_lock_init(&board->lock);
	*board_r = board;
	return WR_OK;
}

void wr_board_destroy(struct wr_board *board)
{
	struct board_pipeline *pipeline;

	if (board == NULL)
		return;
	WR_CHECK(board, BOARD_MAGIC);
	WR_ASSERT(board->lanes == NULL);
	while ((pipeline = board->pipelines) != NULL) {
		board->pipelines = pipeline->next;
		free(pipeline->name);
		free(pipeline);
	}
	wr_lock_fini(&board->lock);
	board->magic = 0;
	free(board);
}

static struct board_pipeline *find_locked(struct wr_board *board, const char *name)
{
	struct board_pipeline *pipeline;

	wr_lock_assert_held(&board->lock);
	for (pipeline = board->pipelines; pipeline != NULL; pipeline = pipeline->next) {
		if (strcmp(pipeline->name, name) == 0)
			return pipeline;
	}
	return NULL;
}

static struct board_pipeline *find_or_add_locked(struct wr_board *board, const char *name)
{
	struct board_pipeline *pipeline = find_locked(board, name);

	if (pipeline != NULL)
		return pipeline;
	pipeline = calloc(1, sizeof(*pipeline));
	if (pipeline == NULL)
		return NULL;
	pipeline->name = strdup(name);
	if (pipeline->name == NULL) {
		free(pipeline);
		return NULL;
	}
	pipeline->next = board->pipelines;
	board->pipelines = pipeline;
	return pipeline;
}

static void insert_locked(struct wr_board *board, struct wr_board_lane *lane)
{
	struct wr_board_lane **link_p = &board->lanes;

	wr_lock_assert_held(&board->lock);
	while (*link_p != NULL && (*link_p)->number <= lane->number)
		link_p = &(*link_p)->next;
	lane->next = *link_p;
	*link_p = lane;
	lane->pipeline->lanes++;
}

struct wr_board_lane *wr_board_join(struct wr_board *board, const char *pipeline, uint32_t number,
				    int wake_fd)
{
	struct wr_board_lane *lane = calloc(1, sizeof(*lane));

	WR_CHECK(board, BOARD_MAGIC);
	if (lane == NULL)
		return NULL;
	lane->magic = LANE_MAGIC;
	lane->board = board;
	lane->number = number;
	lane->wake_fd = wake_fd;
	wr_lock_init(&lane->lock);
	wr_lock_take(&board->lock);
	lane->pipeline = find_or_add_locked(board, pipeline);
	if (lane->pipeline != NULL)
		insert_locked(board, lane);
	wr_lock_release(&board->lock);
	if (lane->pipeline != NULL)
		return lane;
	wr_lock_fini(&lane->lock);
	free(lane);
	return NULL;
}

void wr_board_leave(struct wr_board_lane *lane)
{
	struct wr_board_lane **link_p;
	struct wr_board *board;

	if (lane == NULL)
		return;
	WR_CHECK(lane, LANE_MAGIC);
	board = lane->board;
	wr_lock_take(&board->lock);
	for (link_p = &board->lanes; *link_p != lane; link_p = &(*link_p)->next)
		;
	*link_p = lane->next;
	lane->pipeline->lanes--;
	wr_lock_release(&board->lock);
	wr_lock_fini(&lane->lock);
	free(lane->snapshot.partitions);
	lane->magic = 0;
	free(lane);
}

static bool has_room_locked(struct wr_board_lane *lane, size_t count)
{
	struct wr_board_partition *partitions;

	wr_lock_assert_held(&lane->lock);
	if (count <= lane->capacity)
		return true;
	partitions = realloc(lane->snapshot.partitions, count * sizeof(*partitions));
	if (partitions == NULL)
		return false;
	lane->snapshot.partitions = partitions;
	lane->capacity = count;
	return true;
}

void wr_board_publish(struct wr_board_lane *lane, const struct wr_board_snapshot *snapshot)
{
	struct wr_board_partition *partitions;

	WR_CHECK(lane, LANE_MAGIC);
	wr_lock_take(&lane->lock);
	if (has_room_locked(lane, snapshot->partition_count)) {
		partitions = lane->snapshot.partitions;
		lane->snapshot = *snapshot;
		lane->snapshot.partitions = partitions;
		if (snapshot->partition_count > 0)
			memcpy(partitions, snapshot->partitions,
			       snapshot->partition_count * sizeof(*partitions));
	}
	wr_lock_release(&lane->lock);
}

bool wr_board_is_paused(const struct wr_board_lane *lane)
{
	return atomic_load_explicit(&lane->pipeline->is_paused, memory_order_relaxed);
}

/* Of a pause that has ended: the lane has worked since, and will say when it has finished once more. */
static void forget_pause(struct wr_board_lane *lane)
{
	wr_lock_take(&lane->lock);
	if (lane->snapshot.state == WR_BOARD_PAUSED)
		lane->snapshot.state = WR_BOARD_PAUSING;
	wr_lock_release(&lane->lock);
}

enum wr_code wr_board_set_paused(struct wr_board *board, const char *pipeline, bool paused,
				 bool *changed_r)
{
	static const uint64_t one = 1;
	struct board_pipeline *found;
	struct wr_board_lane *lane;
	bool was = paused;

	WR_CHECK(board, BOARD_MAGIC);
	wr_lock_take(&board->lock);
	found = find_locked(board, pipeline);
	if (found != NULL && found->lanes == 0)
		found = NULL;
	if (found != NULL)
		was = atomic_exchange(&found->is_paused, paused);
	for (lane = board->lanes; was != paused && lane != NULL; lane = lane->next) {
		if (lane->pipeline != found)
			continue;
		forget_pause(lane);
		/* A full eventfd wakes as well. */
		(void)!write(lane->wake_fd, &one, sizeof(one));
	}
	wr_lock_release(&board->lock);
	if (changed_r != NULL)
		*changed_r = was != paused;
	return found != NULL ? WR_OK : WR_ENOTFOUND;
}

bool wr_board_pipeline_is_paused(struct wr_board *board, const char *pipeline)
{
	struct board_pipeline *found;
	bool is_paused;

	WR_CHECK(board, BOARD_MAGIC);
	wr_lock_take(&board->lock);
	found = find_locked(board, pipeline);
	is_paused = found != NULL && atomic_load(&found->is_paused);
	wr_lock_release(&board->lock);
	return is_paused;
}

static enum wr_code copy(struct wr_board_lane *lane, struct wr_board_snapshot *to)
{
	size_t size;

	wr_lock_take(&lane->lock);
	*to = lane->snapshot;
	to->partitions = NULL;
	size = to->partition_count * sizeof(*to->partitions);
	if (size > 0) {
		to->partitions = malloc(size);
		if (to->partitions != NULL)
			memcpy(to->partitions, lane->snapshot.partitions, size);
	}
	wr_lock_release(&lane->lock);
	return size == 0 || to->partitions != NULL ? WR_OK : WR_ENOMEM;
}

static enum wr_code look_locked(struct wr_board *board, const struct board_pipeline *pipeline,
				struct wr_board_view *view)
{
	struct wr_board_lane *lane;
	enum wr_code rc = WR_OK;

	wr_lock_assert_held(&board->lock);
	view->items = calloc(pipeline->lanes + 1, sizeof(*view->items));
	view->numbers = calloc(pipeline->lanes + 1, sizeof(*view->numbers));
	if (view->items == NULL || view->numbers == NULL)
		return WR_ENOMEM;
	for (lane = board->lanes; rc == WR_OK && lane != NULL; lane = lane->next) {
		if (lane->pipeline != pipeline)
			continue;
		view->numbers[view->count] = lane->number;
		rc = copy(lane, &view->items[view->count++]);
	}
	return rc;
}

enum wr_code wr_board_look(struct wr_board *board, const char *pipeline,
			   struct wr_board_view *view_r)
{
	const struct board_pipeline *found;
	enum wr_code rc = WR_OK;

	WR_CHECK(board, BOARD_MAGIC);
	*view_r = (struct wr_board_view){.count = 0};
	wr_lock_take(&board->lock);
	found = find_locked(board, pipeline);
	if (found != NULL)
		rc = look_locked(board, found, view_r);
	wr_lock_release(&board->lock);
	if (rc != WR_OK)
		wr_board_view_fini(view_r);
	return rc;
}

void wr_board_view_fini(struct wr_board_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		free(view->items[i].partitions);
	free(view->items);
	free(view->numbers);
	*view = (struct wr_board_view){.count = 0};
}

static bool holds_locked(struct wr_board_lane *lane, const char *topic, int32_t partition)
{
	const struct wr_board_snapshot *shown = &lane->snapshot;

	wr_lock_assert_held(&lane->lock);
	if (shown->state == WR_BOARD_STOPPING)
		return false;
	for (size_t i = 0; i < shown->partition_count; i++) {
		if (shown->partitions[i].id == partition &&
		    strcmp(shown->partitions[i].topic, topic) == 0)
			return true;
	}
	return false;
}

bool wr_board_holds(struct wr_board *board, const char *pipeline, const char *topic,
		    int32_t partition)
{
	const struct board_pipeline *found;
	struct wr_board_lane *lane;
	bool holds = false;

	WR_CHECK(board, BOARD_MAGIC);
	wr_lock_take(&board->lock);
	found = find_locked(board, pipeline);
	for (lane = board->lanes; found != NULL && lane != NULL && !holds; lane = lane->next) {
		if (lane->pipeline != found)
			continue;
		wr_lock_take(&lane->lock);
		holds = holds_locked(lane, topic, partition);
		wr_lock_release(&lane->lock);
	}
	wr_lock_release(&board->lock);
	return holds;
}
