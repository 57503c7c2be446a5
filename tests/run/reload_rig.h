/*
 * What the tests of reloads share: an engine with real plugins, threads and probes that runs a file of its own in a
 * folder of its own, and who asks it for reloads.
 */
#ifndef WR_TESTS_RUN_RELOAD_RIG_H
#define WR_TESTS_RUN_RELOAD_RIG_H

#include "run/reload.h"
#include "tests/run/flow.h"

/* A pipeline that reads from the flow, and a file with one such of two lanes. */
#define PIPE(name, lanes, stages)                                                 \
	"  - { name: " name ", source: { topics: [in] }, lanes: " lanes           \
	", format: raw, event_id: { key: true }, idempotency: { store: none },\n" \
	"      dlq: { topic: dead }, outputs: { default: out },\n"                \
	"      batch: { linger: 0 },\n"                                           \
	"      stages: [" stages "] }\n"
#define ONE(stages) "pipelines:\n" PIPE("p", "2", stages)

extern struct rig {
	char folder[64], file[128], hang_file[96], exclusive_file[96];
	struct wr_reload *reload; /* NULL: none */
	struct wr_engine_options engine;
	struct wr_problems problems;
	struct wr_err err;
	struct wr_reload_answer got; /* the last; its lists are gone, see texts */
	char texts[4096];            /* its changes, stages and problems, a line each */
	bool has_answer;
	uint64_t generation; /* a former one that is to run; 0: what the file says */
	const char *beside;  /* what differs beside the keys; NULL: nothing */
	bool has_parked;     /* the pipeline q has parked events */
	int looks;           /* how often that was asked */
	int parks_at_look;   /* at this one it has begun to; 0: never */
} rig;

/* For cmocka. */
int rig_set_up(void **state);
int rig_tear_down(void **state);

/* Replaces the file, as an editor does. */
void rig_write_file(const char *text);

/* The file's head, then `more`. */
void rig_configure(const char *more);

enum wr_code rig_open(bool strict);
void rig_start(void);
void rig_stop(void);

/* Asks for a reload; rig.got is its answer. Submitting clears rig.has_answer, awaiting waits for it. */
enum wr_reload_result rig_ask(void);
void rig_submit(bool dry_run, bool rollback);
void rig_await_answer(void);
void rig_note_answer(void *arg, const struct wr_reload_answer *answer);

/* Asks, and fails with what was said when it ends otherwise. */
void rig_assert_result(enum wr_reload_result wanted);

/* Of the last answer. */
void rig_assert_said(const char *text);

#endif
