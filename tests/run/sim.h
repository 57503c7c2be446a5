/*
 * A small world around one lane: a topic of a few partitions, a group that takes them away and gives them back, a
 * sink and a claim store that fail in every way their ports allow, a plugin whose verdicts are planned ahead, and a
 * clock that stands. It keeps a ledger of every record and fails the test, printing seed and schedule, as soon as
 * the lane breaks a promise. Everything follows from the seed.
 */
#ifndef WR_TESTS_RUN_SIM_H
#define WR_TESTS_RUN_SIM_H

#include "tests/unit.h"

#include "base/buf.h"
#include "base/rng.h"
#include "run/lane_private.h"
#include "tests/run/marks.h"

#define SIM_PARTITIONS 3
#define SIM_RECORDS 48 /* of a partition, at most */
#define SIM_IDS (SIM_PARTITIONS * SIM_RECORDS)
#define SIM_KEYS 4
#define SIM_STAGES 2
#define SIM_EMITS 2 /* of a stage, at most */

enum sim_kind { SIM_EVENT, SIM_NOT_JSON, SIM_IDLESS };
enum sim_refusal { SIM_ACCEPTED, SIM_REFUSED_AT_ONCE, SIM_REFUSED_LATE };
enum sim_topic { SIM_OUT, SIM_ALERTS, SIM_DLQ, SIM_TOPICS };

/* What happens to a record, wherever it is processed. */
struct sim_plan {
	enum sim_kind kind;
	uint32_t retries[SIM_STAGES];          /* so many calls ask for a retry first */
	enum weir_verdict verdict[SIM_STAGES]; /* then */
	unsigned emits[SIM_STAGES];
	bool alerts;              /* goes to that output */
	bool changes;             /* its value, in the first stage */
	enum sim_refusal output;  /* what the sink does with its output */
	enum sim_refusal emitted; /* and with the first record that the first stage emits */
};

struct sim_take;
struct sim_change;

struct sim_record {
	int partition;
	int64_t offset;
	int id;
	int key; /* SIM_KEYS: none */
	struct sim_plan plan;
	char value[64];

	/* The ledger: what was acknowledged, or may have been written. */
	unsigned taken, called, written, dead, refused;
	unsigned emitted[SIM_STAGES][SIM_EMITS], emit_refused[SIM_STAGES][SIM_EMITS];
	bool rejected;         /* its dead letter says output-rejected */
	bool dropped;          /* a handler said so */
	bool duplicate;        /* the store named another owner, whose claim stands */
	bool elsewhere;        /* another member of the group has seen to it */
	bool committed;        /* as far as the group or another member knows */
	bool jumped;           /* somebody moved the group's offset over it */
	struct sim_take *take; /* the last */
};

/* One delivery of a record to the lane. Freed when it is given back. */
struct sim_take {
	struct sim_record *record;
	unsigned era;
	uint64_t sequence;
	uint32_t stage, attempts; /* calls at that stage */
	const void *program;      /* that ran it last */
	bool claimed, ended;
	char *key, *value; /* lent to the lane */
	struct sim_take *next;
};

enum sim_write_kind { SIM_WRITE_OUTPUT, SIM_WRITE_EMIT, SIM_WRITE_DEAD };

struct sim_write {
	enum sim_write_kind kind;
	enum sim_topic topic;
	struct sim_record *record;
	unsigned stage, number; /* of an emit */
	bool rejected;
	struct wr_bytes value; /* lent by the lane */
	char copy[64];
	void *token;
	int64_t due_ns;
	unsigned era;
	unsigned transaction; /* 0: none */
	bool answered, lost, ok, visible;
};

struct sim_partition {
	struct sim_record records[SIM_RECORDS];
	int64_t count, position, committed;
	char metadata[WR_MARK_METADATA_BYTES]; /* of the commit */
	size_t metadata_size;
	bool is_read;             /* since it was placed */
	struct wr_partition *pub; /* NULL: not assigned */
};

struct sim_commit {
	bool under_way;
	int64_t due_ns;
	enum wr_code result;
	bool applied; /* whatever the result says */
	int64_t offsets[SIM_PARTITIONS];
	char metadata[SIM_PARTITIONS][WR_MARK_METADATA_BYTES];
	size_t metadata_size[SIM_PARTITIONS];
};

enum sim_txn_state { SIM_TXN_NONE, SIM_TXN_OPEN, SIM_TXN_ENDING };

/* The transactions of the sink. */
struct sim_txn {
	enum sim_txn_state state;
	unsigned number; /* of the one that is open or was last */
	bool commits;    /* ENDING: not aborting, not starting */
	int64_t due_ns;
	enum wr_code result; /* of the last step, known from due_ns on */
	bool applied;        /* the commit takes effect, whatever the result says */
	unsigned commits_left_to_fail;
};

/* A mark that the store was given and has not written. */
struct sim_mark {
	char field[64], text[WR_CLAIM_STORE_MARK_BYTES];
	size_t text_size;
	uint32_t incarnation;
	int64_t next;
	bool anyway;
};

#define SIM_MARKS 256

struct sim {
	uint64_t seed;
	struct wr_rng rng;
	struct wr_buf trace;
	bool calm; /* nothing fails any more */

	struct wr_clock_fake clock;
	struct wr_conf_pipeline conf;
	struct wr_conf_stage stages[SIM_STAGES];
	struct wr_metrics *metrics;
	struct wr_health *health;
	struct wr_lane *lane;
	struct sim_change *changes;       /* of the lane's program; see sim_reload.c */
	struct wr_program *first_program; /* that the lane made itself */
	bool ignores_begin;               /* the plugin */
	unsigned era;                     /* goes up whenever records may repeat */
	uint64_t sequence;

	/* The source. */
	struct sim_partition partitions[SIM_PARTITIONS];
	struct wr_partition *assigned[SIM_PARTITIONS];
	size_t assigned_count, turn;
	enum wr_source_event next_event;
	bool awaits_release, is_lost, handover_commit_failed;
	bool refreshing;         /* the lane has asked for the offsets again */
	int64_t commit_failures; /* so many more */
	struct sim_commit commit;
	struct sim_take *takes; /* that are out */
	bool source_exists;

	/* The sink. */
	struct sim_write *writes;
	size_t write_count, write_capacity, first_open;
	size_t room;
	bool holds, broken, rewind_due, sink_exists;
	struct sim_txn txn;
	int64_t last_due_ns[SIM_TOPICS][SIM_KEYS]; /* answers of a key come in order */
	bool down[SIM_TOPICS];                     /* can't be written for now */
	bool returns[SIM_TOPICS];                  /* but when what is in its queue has failed */
	enum sim_refusal dlq_refuses;

	/* The claim store. */
	char claims[SIM_IDS][64]; /* empty: none */
	struct sim_mark *waiting_marks;
	size_t waiting_mark_count;
	struct wr_claim_set *sets[512];
	int64_t set_due_ns[512];
	size_t set_count;
	struct marks marks;
	struct wr_mark_query *queries[16];
	size_t query_count;
	bool store_down, store_exists;
};

extern struct sim *sim_now;

/* Notes a line of the schedule. */
void sim_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints seed and schedule and fails the test. */
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A random number in [0, bound], and true once in `n`. */
uint64_t sim_upto(uint64_t bound);
bool sim_once_in(uint64_t n);
int64_t sim_time(void);

/* sim_record.c: the ledger */
struct sim_record *sim_send(int partition);
struct sim_record *sim_record_at(int partition, int64_t offset);
bool sim_has_claims(void);

/* How a record ends by its plan. */
enum wr_outcome sim_outcome(const struct sim_record *record, const char **class_r,
			    unsigned *stages_done_r);
bool sim_is_settled(const struct sim_record *record);
void sim_check_ledger(void);
void sim_check_order(void);

/* sim_store.c */
bool sim_claim(struct sim_record *r, const char *value, struct wr_bytes expect);
void sim_put_mark(const struct wr_mark_write *mark);

/* sim_txn.c */
bool sim_has_transactions(void);
extern const struct wr_sink_ops sim_txn_ops; /* the part that has to do with transactions */
void sim_txn_start(void);
void sim_txn_decide(void);
void sim_txn_end(void); /* its sink is destroyed */
void sim_txn_check_released(void);
bool sim_txn_is_undecided(void);
void sim_txn_note_write(struct sim_write *w);
void sim_count_written(struct sim_write *w);

/* sim_member.c */
void sim_other_member_works(void);
void sim_group_is_reset(void);

/* sim_source.c */
void sim_check_commit(const struct wr_source_commit *c);
void sim_note_offsets(const struct wr_source_commit *commits, size_t count);
void sim_apply_offsets(void);
enum wr_code sim_make_source(void *arg, const struct wr_lane *lane, int wake_fd,
			     struct wr_source **source_r, struct wr_err *err);
bool sim_is_assigned(void);

/* sim_sink.c */
enum wr_code sim_make_sink(void *arg, const struct wr_lane *lane, int wake_fd, wr_sink_done_fn done,
			   void *done_arg, struct wr_sink **sink_r, struct wr_err *err);
void sim_topic_goes(enum sim_topic topic);
void sim_topic_comes_back(enum sim_topic topic);

/* sim_store.c */
enum wr_code sim_make_store(void *arg, const struct wr_lane *lane, struct wr_claim_store **store_r,
			    struct wr_err *err);
void sim_store_goes(void);

/* sim_reload.c: the lane gets another program, or one that it had, or is asked to hold */
void sim_change_program(void);
void sim_ask_hold(void);
void sim_reap_programs(void);
void sim_take_back_programs(void); /* all that are not the lane's: it ends */
void sim_forget_programs(void);    /* the lane has destroyed those that it still had */

/* sim.c: the world's life */
extern struct wr_pipeline sim_pipeline;
extern const struct weir_plugin sim_plugin;
void sim_begin(struct sim *sim, uint64_t seed);
void sim_start_lane(void);
void sim_end_lane(void);
void sim_end(void);

#endif
