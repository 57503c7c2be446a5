/*
 * A lane on fakes: a source, a sink and a claim store that do what the test says, a clock that stands, and a plugin
 * with two stages whose verdicts the test decides. The lane is driven by hand, a step at a time.
 */
#ifndef WR_TESTS_RUN_LANE_FIXTURE_H
#define WR_TESTS_RUN_LANE_FIXTURE_H

#include "core/mark.h"
#include "tests/unit.h"

#include "base/clock.h"
#include "run/lane.h"
#include "run/program.h"
#include "tests/run/marks.h"

#define FIXTURE_RECORDS 4096
#define FIXTURE_PARTITIONS 4
#define FIXTURE_STAGES 2

/* A record of the fake topic. Texts are terminated; NULL is absent. */
struct fixture_record {
	char key[32];
	char value[160];
	bool keyless, tombstone;
	const char *header_name, *header_value; /* NULL: none */
	char *headers;        /* "name=value\n"; NULL: none; freed with the fixture */
	char *split;          /* the same in its parts, once they were asked for */
	int64_t timestamp_ms; /* 0: one of the fixture's */
};

struct fixture_partition {
	struct fixture_record records[FIXTURE_RECORDS];
	int64_t low, count;
	int64_t position;                      /* next to take */
	int64_t committed;                     /* -1: nothing yet */
	int64_t stale_high;                    /* what the broker says once more; 0: what is true */
	char metadata[WR_MARK_METADATA_BYTES]; /* committed with it */
	size_t metadata_size;
	int64_t held_until_ns;
	bool undecided; /* there is more behind its end */
	struct wr_partition pub;
};

/* A record that the lane wrote. */
struct fixture_write {
	char topic[32];
	char key[32];
	char value[160];
	char headers[1400]; /* "name=value\n" */
	int32_t partition;  /* -1: of its key */
	int64_t timestamp_ms;
	void *token;
	bool answered;
	enum wr_code answer;
};

struct fixture_claim {
	char id[64];
	char value[128];
};

/* What the plugin does: called for each event of each stage. */
typedef enum weir_verdict fixture_handler(struct weir_call *call, const struct weir_event *ev,
					  struct weir_result *res, int stage);

struct fixture {
	struct wr_lane *lane;
	struct wr_clock_fake clock;
	struct wr_metrics *metrics;
	struct wr_health *health;
	struct wr_board *board;
	int changes; /* so often the lane told that something changed */

	/* Set before fixture_start(). */
	struct wr_conf_pipeline conf;
	struct wr_conf_stage stages[FIXTURE_STAGES];
	struct wr_lane_budget budget;
	fixture_handler *handler;
	bool batch_plugin; /* it sets results without asking begin() */

	/* The source. */
	struct fixture_partition partitions[FIXTURE_PARTITIONS];
	struct wr_partition *assigned[FIXTURE_PARTITIONS];
	size_t assigned_count;
	struct wr_source_topic topics[8]; /* in the cluster */
	size_t topic_count;
	enum wr_source_event next_event;
	bool awaits_release;
	int released, out, commits, commit_failures_left;
	int commit_timeout_ms; /* of the last one that was waited for */
	bool commit_waits;     /* a commit stays under way */
	bool offsets_fall;     /* a commit may go back */
	/* Of commits that are waited for. */
	bool commit_times_out;
	unsigned commit_refused; /* with one of these partitions, a bit each */
	bool from_latest;
	int refreshes;
	const char *source_trouble;

	/* The sink. */
	struct fixture_write *writes;
	size_t write_count, write_capacity;
	size_t room;             /* writes it takes before it is full */
	const char *refuses;     /* writes to this topic are refused at once */
	const char *unavailable; /* writes to this topic fail for now */
	int unresolved_left;     /* so many topics are not resolved */
	bool holds_acks, broken, sink_exists;
	int sinks_made;
	bool txn_holds;           /* the last step of a transaction stays under way */
	enum wr_code txn_answer;  /* to the next commit; WR_OK: it is done */
	enum wr_code txn_status;  /* of the last step */
	bool txn_open, is_unsure; /* is_unsure: a commit whose outcome is not told is done */
	int txn_begun, txn_committed, txn_aborted;
	wr_sink_done_fn done;
	void *done_arg;

	/* The claim store. */
	struct fixture_claim *claims;
	size_t claim_count, claim_capacity;
	struct wr_claim_set *submitted[512];
	size_t submitted_count;
	struct marks marks;
	struct wr_mark_query *queries[16];
	size_t query_count;
	bool store_down;
	const char *unreadable_id;
};

/* Defaults: one partition assigned, two stages that say OK, batches of 4, a window of 3, 3 attempts, ids in /id. */
void fixture_init(struct fixture *f);
void fixture_start(struct fixture *f);
void fixture_fini(struct fixture *f);

/* Starts with this handler and settles. */
void fixture_begin(struct fixture *f, fixture_handler *handler);

/* A handler that knows what to do from the id: "fail...", "drop...", "retry<n>..." (n failing attempts of the first stage;
 * without a number one), "emit..." (two to the alerts), "emitfail...", "alert...", "set..."; anything else is OK. */
fixture_handler fixture_by_id;

/* Another program for the lane: of that generation, with the stages of f->conf and these batch limits (NULL: the same).
 * The conf must outlive it. At most 8 in a test. */
struct wr_program *fixture_program(struct fixture *f, uint64_t generation,
				   const struct wr_conf_pipeline *conf);

/* A value other than {"id":...}. */
int64_t fixture_send_value(struct fixture *f, int partition, const char *value);

/* What stands under an event id in the claim store; NULL: nothing. */
const char *fixture_claim_of(struct fixture *f, const char *id);

/* Puts {"id":"<id>"} with a key (NULL: none) into a partition; returns its offset. */
int64_t fixture_send(struct fixture *f, int partition, const char *id, const char *key);

/* Puts what was written into a partition, with its headers; returns its offset. */
int64_t fixture_redeliver(struct fixture *f, int partition, const struct fixture_write *write);

/* Steps until nothing moves any more. */
void fixture_settle(struct fixture *f);

/* Lets time pass, then settles. */
void fixture_pass_ms(struct fixture *f, int64_t ms);

/* Acknowledges everything that was written, then settles. */
void fixture_ack(struct fixture *f);

/* Answers one write. */
void fixture_answer(struct fixture *f, size_t write, enum wr_code code, const char *reason);

/* How many writes went to a topic; and the n-th of them, failing the test when there is none. */
size_t fixture_written(const struct fixture *f, const char *topic);
struct fixture_write *fixture_write_to(struct fixture *f, const char *topic, size_t n);

/* Whether a write has the header. */
bool fixture_has_header(const struct fixture_write *write, const char *name, const char *value);

/* The value behind the text, which is a metric's name with its labels and a space. */
double fixture_metric(struct fixture *f, const char *line);

/* The counter weir_events_total{outcome}. */
double fixture_outcome(struct fixture *f, const char *outcome);

/* The fixture of the running test, for handlers. */
extern struct fixture *fixture_now;

#endif
