/*
 * The inside of a lane, shared by run/lane*.c: lane.c is its life and its loop, lane_take.c fills batches,
 * lane_claim.c decides who is responsible, lane_run.c runs the stages, lane_parked.c keeps the order of keys whose events
 * lie in retry topics, lane_write.c writes what the verdicts say, lane_gather.c what of it is in no hurry,
 * lane_retire.c retires batches, lane_commit.c and lane_txn.c commit them, lane_mark.c says so to the claim store,
 * lane_place.c begins and lane_handover.c ends with partitions. All of it belongs to the lane's thread, but where a
 * field says otherwise.
 */
#ifndef WR_RUN_LANE_PRIVATE_H
#define WR_RUN_LANE_PRIVATE_H

#include "base/check.h"
#include "base/rng.h"
#include "core/claim.h"
#include "core/mark.h"
#include "core/order.h"
#include "core/parked.h"
#include "core/txn_size.h"
#include "run/batch.h"
#include "run/board.h"
#include "run/key_waits.h"
#include "run/lane.h"
#include "run/lane_deaths.h"
#include "run/metric_table.h"
#include "run/program.h"
#include "run/retry_queue.h"

#include <pthread.h>
#include <stdatomic.h>

#define WR_LANE_MAGIC 0x57524c41u

enum wr_handover {
	WR_HANDOVER_NONE,
	WR_HANDOVER_PLACING, /* finish what can be finished, commit, then place the partitions anew */
	WR_HANDOVER_REVOKING, /* the same, then release them */
	WR_HANDOVER_STOPPING  /* the same, then leave */
};

enum wr_lane_side { WR_SIDE_STABLE, WR_SIDE_CANARY, WR_SIDES }; /* of a trial */

enum wr_lane_hold { WR_HOLD_NONE, WR_HOLD_ASKED, WR_HOLD_REACHED };

enum wr_placed {
	WR_PLACED_NOT,     /* where to read from is not decided */
	WR_PLACED_PROBE,   /* the record that tells whether this is the topic we know is fetched */
	WR_PLACED_SETTLED, /* it is decided */
	WR_PLACED_LOOKING, /* it is read for its keys, and will be read again */
	WR_PLACED_READ
};

enum wr_lane_readiness {
	WR_READY_NOW,
	WR_READY_TO_LOOK_BACK,
	WR_READY_LATER, /* when others have been looked at */
	WR_READY_NEVER  /* not with this assignment */
};

struct wr_lane_probe; /* lane_place.c's own */
struct wr_refusal;    /* lane_refusal.c's own */

/* lane_refusal.c: of each event its refusals, by offset. */
struct wr_refusals {
	struct wr_refusal **events;
	size_t count, capacity;
};

/* "<topic>/<partition>" */
#define WR_LANE_FIELD_BYTES 264

/* What the lane knows of a partition that it holds: wr_partition.user. */
struct wr_lane_partition {
	enum wr_placed placed;
	struct wr_lane_probe *probe; /* until it is placed; NULL: none */
	int64_t next;                /* behind what is done: retired, or not to be read at all */
	int64_t position;            /* behind the last offset that was taken */
	int64_t committed;           /* what Kafka was last told; -1: nothing */
	struct wr_mark_reach reach;  /* of its mark, when its offsets are asked for once more */

	struct wr_mark mark;             /* what is completed for good */
	int64_t last_offset;             /* that retired since it was placed; -1: none */
	struct wr_fingerprint last;      /* of that record */
	const struct wr_item *last_item; /* while a batch retires */
	bool mark_due;                   /* the claim store is to be told */

	bool is_retry;         /* of one of the pipeline's retry topics */
	int64_t delay_ms;      /* of its records */
	int64_t held_offset;   /* the first that was put back; -1: none */
	int64_t held_until_ns; /* until when */

	/* See lane_parked.c. */
	struct wr_lane_partition *home; /* the source's partition that it is of, maybe itself; NULL:
					   none that the lane holds, or that has an order */
	bool goes_along;                /* a retry topic's, which goes with the source's */
	bool looked_back;               /* what lies in it is known, or need not be */
	struct wr_parked *parked;       /* a source's: NULL while nothing is */
	bool was_parked;                /* a source's: since the last commit that could say so */
	bool looks_back;                /* a source's: its retry topics are looked at first */
	bool stands_alone;              /* a source's: not all of them are the lane's */
	uint32_t to_look_at;            /* a source's: so many of them */
	uint32_t followers_held;        /* a source's: so many are the lane's */

	struct wr_refusals refusals;
	struct wr_claim_prefix prefix;
	char field[WR_LANE_FIELD_BYTES];
	struct wr_metric_cell *lag;
};

/* Deciding where to read from, for all partitions of an assignment. */
struct wr_lane_placing {
	struct wr_mark_query query;
	struct wr_bytes *fields;
	struct wr_source_commit *commits;
	size_t capacity;
	bool looked_at;   /* records of a partition that is not read yet were taken in this turn */
	bool under_way;   /* not all partitions are placed */
	bool blind;       /* they were placed without their marks, which the store could not tell */
	int64_t retry_ns; /* not before: placing what failed */
};

struct wr_lane_txn {
	bool used; /* delivery: exactly_once */
	enum wr_txn_state state;
	bool moves; /* something of it has retired: its records are being acknowledged */
	int64_t begun_ns;
	uint32_t singles;  /* so many more transactions hold a single batch */
	uint32_t failures; /* since the last one that was committed */
	int64_t resume_ns; /* after an abort: not before */
	struct wr_txn_size size;
	size_t commit_count;
};

/* What has retired and is not counted yet, because its transaction may be aborted. */
struct wr_lane_tally {
	uint32_t outcomes[WR_OUTCOME_COUNT];
	uint32_t dead[WR_CLASS_COUNT];
	uint32_t batches;
};

/* lane_guard.c: events without an attempt left wait for what the stage makes of others. */
struct wr_lane_doubt {
	int64_t until_ns; /* they do, until then */
	int64_t listens_since_ns,
	    listened_ns; /* meanwhile: from when to when it could take what comes */
	bool answered;   /* a row has ended since they began to wait */
};

/* lane_gather.c: retry records and dead letters that wait for others. */
struct wr_lane_gather {
	struct wr_write *first, *last; /* in the order of their events; first NULL: none */
	int64_t due_ns;
	uint32_t turn;      /* which time they are written */
	bool has_partition; /* while they are: those without an order go there */
	int32_t partition;
	uint64_t written_to; /* behind the sequence of the last event whose record was */
};

struct wr_lane {
	uint32_t magic;
	struct wr_lane_options o;
	const struct wr_conf_pipeline *conf;
	char label[16];      /* the lane's number as text */
	char component[160]; /* "pipeline/<name>/lane/<n>": the prefix of its health conditions */

	struct wr_program *program; /* under which batches are opened */
	struct wr_program *canary;  /* that runs a share of the keys; NULL: none */
	uint32_t canary_share;
	struct wr_program *programs;               /* these, and those that are retiring */
	_Atomic(struct wr_program *) next_program; /* to be adopted; NULL: none [any] */
	_Atomic int hold;                          /* enum wr_lane_hold [any] */
	struct wr_source *source;
	struct wr_sink *sink;
	struct wr_claim_store *store; /* NULL: no claims */
	struct wr_json_cache json;
	struct wr_rng rng;
	int wake_fd;

	struct wr_batch *open;    /* being filled; NULL: none */
	struct wr_batch **window; /* a ring, oldest at `head` */
	uint32_t window_size;     /* of the ring; at least wr_lane_window_slots() */
	uint32_t head, in_flight;
	struct wr_batch *free_batches;
	uint32_t batch_count;     /* of all batches, wherever they are */
	struct wr_batch *orphans; /* dropped, but the sink still borrows their bytes */
	uint64_t next_sequence;
	uint32_t epoch;                   /* goes up whenever what was taken is dropped */
	struct wr_source_record *records; /* scratch of a take */
	struct wr_item **work;            /* scratch of a run */
	struct wr_item **asked;
	struct wr_event **group;
	uint32_t scratch_events; /* how many each of these four holds */

	int64_t held_until_ns;   /* when a record that was put back is due; INT64_MAX: not known */
	size_t parked_records;   /* in the tables of all partitions */
	uint64_t parked_version; /* rises when something is added to them */
	uint64_t last_parked;    /* the sequence of the last that was handed to the sink */
	bool order_waits;        /* a health condition says so */
	int64_t next_parked_measure_ns;
	struct wr_retry_queue parked;
	struct wr_key_waits waits;
	int64_t writing_ms;        /* the time of records that are written now */
	struct wr_write *rewrites; /* waiting for another try, in the order of their events */
	struct wr_write *last_rewrite;
	int64_t rewrite_mono_ns; /* when they are tried again */
	struct wr_lane_gather gather;
	uint32_t outputs_waiting;         /* of them, those that are no dead letters */
	bool sink_full;                   /* the last write found no room */
	bool dlq_blocked, output_blocked; /* a health condition says so */
	bool astray;                      /* offsets went back while they were taken */
	bool refreshing; /* the source was asked for the partitions' offsets again */
	bool
	    rewind; /* the sink broke or the transaction failed: drop the window and read it again */
	int64_t rebuild_mono_ns; /* not before: making a new sink */

	enum wr_handover handover;
	int64_t handover_deadline_ns;
	bool lost;     /* the partitions of the handover are gone already */
	bool clean;    /* nothing was dropped while stopping */
	bool released; /* stopping: the partitions are given up, the last marks are on their way */
	bool left;     /* stopping is done */

	bool uncommitted; /* something has retired since the last commit */
	bool commit_under_way;
	int64_t next_commit_ns;
	struct wr_source_commit *commits; /* scratch */
	char *commit_metadata;
	size_t commit_capacity;
	struct wr_lane_budget budget;
	struct wr_lane_placing placing;
	struct wr_lane_txn txn;
	struct wr_lane_doubt doubt;
	struct wr_lane_tally tally;
	struct wr_deaths deaths;
	bool marks_due; /* of some partition */
	int64_t next_marks_ns;
	int64_t next_housekeeping_ns;
	bool store_was_up;

	struct wr_board_lane *board;      /* NULL: nobody looks */
	struct wr_board_partition *shown; /* scratch */
	size_t shown_capacity;

	struct wr_lane_metrics metrics;
	struct wr_metric_histogram *claim_seconds;
	struct wr_metric_cell *outcomes[WR_OUTCOME_COUNT];
	struct wr_metric_cell *dead_letters[WR_CLASS_COUNT];
	struct wr_metric_cell *rewinds[WR_REWIND_COUNT];
	struct wr_metric_cell *memory_used[WR_MEMORY_COUNT], *memory_budget[WR_MEMORY_COUNT];
	struct wr_metric_cell *transactions[WR_TXN_RESULT_COUNT];

	pthread_t thread;
	bool started;                     /* [main] */
	_Atomic int64_t stop_deadline_ns; /* 0: go on [any] */
	_Atomic bool done_clean;          /* [any] */
	_Atomic uint64_t tried[WR_SIDES]; /* events, of each side of a trial [any] */
	_Atomic uint64_t erred[WR_SIDES]; /* those of them that failed [any] */
	_Atomic bool broken[WR_SIDES];    /* a circuit is open [any] */
	_Atomic bool finished;            /* its thread is about to end [any] */
};

static inline int64_t wr_lane_now(const struct wr_lane *lane)
{
	return wr_clock_mono_ns(lane->o.clock);
}

/* Where the order of keys comes from; NULL: there is more than one. */
static inline const char *wr_lane_only_topic(const struct wr_conf_pipeline *conf)
{
	return conf->topics.count == 1 ? conf->topics.items[0] : NULL;
}

static inline struct wr_batch *wr_lane_batch(const struct wr_lane *lane, uint32_t i)
{
	return lane->window[(lane->head + i) % lane->window_size];
}

/* lane_adopt.c */
bool wr_lane_reserve(struct wr_lane *lane, const struct wr_conf_pipeline *conf);
struct wr_batch *wr_lane_new_batch(struct wr_lane *lane);
bool wr_lane_resolve_programs(struct wr_lane *lane, struct wr_err *err);
bool wr_lane_change_program(struct wr_lane *lane);
void wr_lane_destroy_programs(struct wr_lane *lane);

/* lane_canary.c */
void wr_lane_try(struct wr_lane *lane, struct wr_program *program); /* it is resolved, and ours */
void wr_lane_end_trial(struct wr_lane *lane); /* no canary any more: unless current, it goes */
void wr_lane_choose_program(struct wr_lane *lane, struct wr_item *item); /* by its key, or its id */
void wr_lane_count_tried(struct wr_lane *lane, struct wr_item *item, bool failed);
void wr_lane_note_circuits(struct wr_lane *lane);

/* An event was run. */
static inline void wr_lane_note_tried(struct wr_lane *lane, struct wr_item *item, bool failed)
{
	if (item->batch->canary != NULL)
		wr_lane_count_tried(lane, item, failed);
}

/* lane_move.c */

/* An item that waits for a retry goes on under the lane's program, if another one that goes has it. Where its stage, or
 * an output that it names, is no more, its stage_left is set instead. */
void wr_lane_move(struct wr_lane *lane, struct wr_item *item);
void wr_lane_move_all(struct wr_lane *lane);
void wr_lane_let_programs_go(struct wr_batch *batch); /* those that it was moved to; it is done */

/* lane_take.c: each returns whether anything happened. */
bool wr_lane_take(struct wr_lane *lane);
void wr_lane_discard_open(struct wr_lane *lane);

/* lane_memory.c */
uint32_t wr_lane_window_slots(const struct wr_conf_pipeline *conf); /* batches, at most */
bool wr_lane_has_window_room(const struct wr_lane *lane);           /* for one more batch */

/* There is none, and none will be before the oldest batch retires. */
bool wr_lane_is_window_full(const struct wr_lane *lane);
size_t
wr_lane_batch_bytes(const struct wr_lane *lane); /* a batch takes no more when it has so many */
void wr_lane_measure_memory(struct wr_lane *lane);

/* lane_claim.c */
void wr_lane_claim(struct wr_lane *lane, struct wr_batch *batch);
bool wr_lane_finish_claims(struct wr_lane *lane);
void wr_lane_cancel_claims(struct wr_lane *lane, struct wr_batch *batch);
bool wr_lane_lets_through(const struct wr_lane *lane); /* without claims: the store is down */

/* lane_run.c */
void wr_lane_run_batch(struct wr_lane *lane, struct wr_batch *batch);
bool wr_lane_run_due(struct wr_lane *lane);
void wr_lane_finish(struct wr_lane *lane, struct wr_item *item, enum wr_outcome outcome);
void wr_lane_kill(struct wr_lane *lane, struct wr_item *item, enum wr_class class, const char *code,
		  const char *message);

/* lane_retried.c: records of the pipeline's own retry topics. */

/* How many of these records, all of one partition and in order, are due; the others were put back. */
size_t wr_lane_keep_due(struct wr_lane *lane, struct wr_source_record *records, size_t count);

/* Reads the envelope of a record of a retry topic: WR_OK, or WR_EINVAL with a sentence. */
struct wr_envelope;
enum wr_code wr_lane_read_envelope(const struct wr_lane *lane, const struct weir_header *headers,
				   size_t count, struct wr_envelope *envelope_r,
				   struct wr_err *err);

/* Makes the event of what its record says. Its headers are there. */
void wr_lane_read_retried(struct wr_lane *lane, struct wr_item *item,
			  const struct weir_header *headers, size_t count);

/* Sets it back to what its record said, for a program to run it anew. False: the program has not the stage that its
 * record names, and nothing was done. */
bool wr_lane_restore(struct wr_item *item, struct wr_program *program);

/* lane_parked.c: the order of keys whose events lie in retry topics. */

/* Whether it is behind one of its key will be asked: its key is at hand now, and far away then. */
void wr_lane_know_key(struct wr_item *item);

/* A batch runs for the first time: those of its events that came from there lie there no more; those behind older ones
 * of their key go there. */
void wr_lane_let_come(struct wr_lane *lane, struct wr_batch *batch);

/* True when an older event of its key lies in a retry topic: it has its outcome, and goes there too. */
bool wr_lane_fall_behind(struct wr_lane *lane, struct wr_item *item);

/* It has failed and goes to the retry topic of this delay; and it is not written there after all. */
void wr_lane_park(struct wr_lane *lane, struct wr_item *item, int64_t delay_ms);
void wr_lane_unpark(struct wr_lane *lane, struct wr_item *item);

/* It was not written for now, and what was handed over after it may have been: it lies behind all of that. */
void wr_lane_repark(struct wr_lane *lane, struct wr_item *item);

/* Partitions were assigned: which of them belong together, and what must be looked at. */
void wr_lane_prepare_order(struct wr_lane *lane);
enum wr_lane_readiness wr_lane_readiness(const struct wr_lane *lane,
					 const struct wr_lane_partition *partition);

/* Whether a partition waits for another assignment, or for another policy. */
bool wr_lane_waits_for_order(const struct wr_lane *lane);
void wr_lane_look_back(struct wr_lane *lane, const struct wr_source_record *records, size_t count);
void wr_lane_has_looked_back(struct wr_lane_partition *partition);
void wr_lane_look_again(struct wr_lane *lane);
void wr_lane_forget_parked(struct wr_lane *lane, struct wr_lane_partition *home);

/* So much is parked that nothing more of a source is taken until it has become less. */
bool wr_lane_is_crowded(const struct wr_lane *lane);

/* Whether a commit of it says that keys are parked. */
bool wr_lane_says_parked(const struct wr_lane *lane, struct wr_lane_partition *partition);
void wr_lane_measure_parked(struct wr_lane *lane);

/* lane_guard.c: what stands between a stage and its retries. */

/* A call of this stage answered for an event: OK, DROP (a success), or FAIL. */
void wr_lane_close_circuit(struct wr_lane *lane, struct wr_program *program, uint32_t stage);

static inline void wr_lane_note_answer(struct wr_lane *lane, struct wr_program *program,
				       uint32_t stage, bool success)
{
	struct wr_stage_guard *guard = &program->guards[stage];

	guard->successes += success;
	if (guard->circuit.vain > 0 || guard->circuit.open)
		wr_lane_close_circuit(lane, program, stage);
}

/* Settles an event whose handler asked for a retry. */
void wr_lane_settle_retry(struct wr_lane *lane, struct wr_item *item);

void wr_lane_kill_exhausted(struct wr_lane *lane, struct wr_item *item);

/* Whether events without an attempt left wait for what others tell. The lane takes more for that, and listens. */
bool wr_lane_doubts(const struct wr_lane *lane);
void wr_lane_listen(struct wr_lane *lane);

/* Those that waited for an answer are due, if there was one. */
void wr_lane_hasten_doubts(struct wr_lane *lane);

/* Whether a parked item that is due may be called now, or is exhausted; otherwise it was parked again for later. */
bool wr_lane_may_retry(struct wr_lane *lane, struct wr_item *item);

/* True when an event that comes to a stage whose circuit is open waits for a probe: it is not called. */
bool wr_lane_holds_back(struct wr_lane *lane, struct wr_item *item);

/* Those that may were called, or wait behind their key. */
void wr_lane_end_probes(struct wr_lane *lane);

/* Whether a stage's circuit is open, so that the lane takes nothing. */
bool wr_lane_is_held(const struct wr_lane *lane);
void wr_lane_measure_guards(struct wr_lane *lane);

/* lane_letter.c: the headers of a dead letter, or of a retry record, made once for every try. False without memory. */
bool wr_lane_prepare_dead(struct wr_write *write);
bool wr_lane_prepare_retry(struct wr_write *write);

/* lane_gather.c: a write that is in no hurry; `pending` of its batch counts it. */
void wr_lane_gather(struct wr_lane *lane, struct wr_write *write);
bool wr_lane_write_gathered(struct wr_lane *lane);
int64_t wr_lane_gathered_due_ns(const struct wr_lane *lane);
bool wr_lane_awaits_gathered(const struct wr_lane *lane); /* until they are acknowledged */
void wr_lane_forget_gathered(struct wr_lane *lane, struct wr_batch *batch);

/* lane_write.c */

/* Hands one write to the sink. False when there is no room: it must be tried again. */
bool wr_lane_hand_over(struct wr_lane *lane, struct wr_write *write);
bool wr_lane_write_ready(struct wr_lane *lane);
bool wr_lane_rewrite_due(struct wr_lane *lane);
void wr_lane_forget_rewrites(struct wr_lane *lane, const struct wr_batch *batch);
void wr_lane_nothing_blocked(struct wr_lane *lane);
void wr_lane_write_done(void *lane, void *token, enum wr_code code, const char *reason);

/* lane_refusal.c: outputs that were refused in a transaction that was aborted for it. */
void wr_lane_remember_refusal(struct wr_lane *lane, const struct wr_write *write,
			      const char *reason);
const struct wr_refusal *wr_lane_refusal_of(const struct wr_lane_partition *partition,
					    int64_t offset);
const char *wr_refusal_reason(const struct wr_refusal *refusal);
bool wr_refusal_names(const struct wr_refusal *refusal, const struct wr_emit *emit);
void wr_lane_forget_refusals(struct wr_lane_partition *partition, int64_t before);

/* lane_retire.c */
bool wr_lane_retire_ready(struct wr_lane *lane);
void wr_lane_count_tally(struct wr_lane *lane);
void wr_lane_drop_window(struct wr_lane *lane);
void wr_lane_reap_orphans(struct wr_lane *lane);
void wr_lane_put_free(struct wr_lane *lane, struct wr_batch *batch);

/* lane_commit.c */
void wr_lane_commit_due(struct wr_lane *lane);
void wr_lane_commit_and_wait(struct wr_lane *lane);
bool wr_lane_collect_commits(struct wr_lane *lane, size_t *count_r); /* into lane->commits */
void wr_lane_note_committed(struct wr_lane *lane, size_t count);

/* lane_txn.c: all of it does nothing, and lets everything pass, under at_least_once. */
bool wr_lane_txn_admits(struct wr_lane *lane, const struct wr_batch *batch); /* to be written */
uint32_t wr_lane_txn_batch_events(const struct wr_lane *lane, uint32_t most);
bool wr_lane_txn_step(struct wr_lane *lane);
void wr_lane_txn_fail(struct wr_lane *lane); /* abort it, and read its events again */
bool wr_lane_txn_rewind(struct wr_lane *lane);

/* True when no transaction is open any more: partitions may be given up. */
bool wr_lane_txn_settle(struct wr_lane *lane);

/* lane_mark.c */
struct wr_mark wr_lane_mark_of(const struct wr_lane_partition *partition); /* with what retired */
void wr_lane_mark_retired(struct wr_lane *lane, struct wr_lane_partition *partition);
bool wr_lane_put_mark(struct wr_lane *lane, const struct wr_lane_partition *partition, bool anyway);
void wr_lane_put_marks(struct wr_lane *lane, bool now);
bool wr_lane_is_flushed(const struct wr_lane *lane); /* nothing of them is on its way */
struct wr_fingerprint wr_lane_fingerprint(const struct wr_source_record *record);

/* lane_place.c */
void wr_lane_on_assigned(struct wr_lane *lane);
bool wr_lane_place_due(struct wr_lane *lane);
bool wr_lane_looked_at(struct wr_lane *lane, struct wr_source_record *records, size_t count);
void wr_lane_refresh(struct wr_lane *lane);
void wr_lane_forget_partitions(struct wr_lane *lane);

/* lane_handover.c */
bool wr_lane_handover(struct wr_lane *lane);
void wr_lane_begin_handover(struct wr_lane *lane, enum wr_handover handover,
			    int64_t deadline_mono_ns);
bool wr_lane_rewind(struct wr_lane *lane);

/* lane_publish.c */
void wr_lane_publish(struct wr_lane *lane, double oldest_s);
void wr_lane_measure_stages(struct wr_lane *lane); /* the age of what is at each */

/* lane.c, lane_create.c */
void wr_lane_pause(struct wr_lane *lane); /* a moment, without spinning */
void wr_lane_wake(struct wr_lane *lane);  /* [any] */
void wr_lane_close_adapters(struct wr_lane *lane, int leave_ms);

/* Makes the producer anew. Says so, in the log and to readiness, when that fails. */
bool wr_lane_rebuild_sink(struct wr_lane *lane);

/* When there is something to do at the latest, if no adapter wakes the lane before. */
int64_t wr_lane_deadline_ns(const struct wr_lane *lane);

/* Sets a health condition of this lane: `what` completes the component's name. */
void wr_lane_condition(struct wr_lane *lane, const char *what, bool ready, const char *reason);

/* Forgets them all: a lane that is gone is neither ready nor not. */
void wr_lane_clear_conditions(struct wr_lane *lane);

#endif
