/*
 * The inside of a reload, shared by run/reload*.c: reload.c is its life, its thread and its requests, reload_load.c
 * makes generations, reload_apply.c takes the engine from one to the next, reload_plan.c says what differs and what can't
 * change, reload_answer.c is the answer.
 */
#ifndef WR_RUN_RELOAD_PRIVATE_H
#define WR_RUN_RELOAD_PRIVATE_H

#include "base/check.h"
#include "base/lock.h"
#include "host/plugin_store.h"
#include "run/reload.h"
#include "run/state_dir.h"
#include "run/swap.h"
#include "run/watch.h"

#include <pthread.h>
#include <stdatomic.h>

#define WR_RELOAD_LIST_MAX 10

/* A configuration with its plugins. Those who run it need all of it; for going back to it its text and the copies of
 * its plugins are enough. */
struct wr_edition {
	uint64_t number;
	unsigned runners, keepers;
	struct wr_buf text;
	struct wr_plugin_set *set;

	struct wr_conf *conf;
	struct wr_generation *generation;
};

/* A generation that goes. */
struct wr_drain {
	struct wr_swap *swap;
	struct wr_edition *edition; /* that its lanes may still run; NULL: not known yet */
	struct wr_drain *next;
};

struct wr_reload_job {
	struct wr_reload_request request;
	char *who;
	wr_reload_done_fn done;
	void *done_arg;
};

struct wr_reload {
	uint32_t magic;
	struct wr_reload_options o;
	char *absolute_file;
	struct wr_state_dir dir;
	struct wr_plugin_store *store;
	struct wr_edition *first; /* run as long as the object lives: main borrows its conf */
	struct wr_edition *current;
	struct wr_edition *previous; /* for a rollback; NULL: none */
	struct wr_engine *engine;
	struct wr_metrics *metrics; /* the engine's */
	struct wr_metric_cell *drift_cell, *generation_cell;
	struct wr_drain *drains;
	uint64_t last_number; /* that was given to a generation */

	pthread_t thread;
	bool started;
	int wake_fd;
	struct wr_watch *watch; /* NULL: nothing is watched [reload] */
	int64_t
	    watch_rests_mono_ns; /* when the files have been at rest for long enough; 0: they are [reload] */
	_Atomic bool stopping;
	_Atomic int phase; /* enum wr_reload_phase of the job under way */

	struct wr_lock lock;
	struct wr_reload_job job;   /* [lock] */
	bool busy;                  /* [lock] there is a job, waiting or under way */
	struct wr_reload_list list; /* [lock] the newest first */
	uint64_t number;            /* [lock] of the generation that runs */
	bool has_previous;          /* [lock] */
	bool drifted;               /* [lock] */
};

/* reload_answer.c */
enum wr_code wr_reload_answer_init(struct wr_reload_answer *answer, const struct wr_reload_job *job,
				   const struct wr_clock *clock);
void wr_reload_answer_fini(struct wr_reload_answer *answer);
enum wr_code wr_reload_add_change(struct wr_reload_answer *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum wr_code wr_reload_add_stage(struct wr_reload_answer *answer,
				 const struct wr_pipeline *pipeline, const struct wr_stage *before,
				 const struct wr_stage *after, enum wr_reload_change change);

/* What changed, in a line, for the list and the log; for free(). NULL without memory. */
char *wr_reload_summary(const struct wr_reload_answer *answer);

/* reload_plan.c: what differs goes to answer->changes, what can't change to answer->problems. True when anything
 * differs. */
bool wr_reload_plan(const struct wr_edition *before, const struct wr_conf *after,
		    const struct wr_plugin_set *set, struct wr_reload_answer *answer);

/* Fills answer->stages. */
enum wr_code wr_reload_compare(const struct wr_generation *before,
			       const struct wr_generation *after, struct wr_reload_answer *answer);

/* reload_load.c */
struct wr_edition *wr_edition_new(void); /* with one runner */

/* So many runners and keepers fewer; what nobody needs any more is freed. NULL does nothing. */
void wr_edition_let_go(struct wr_edition *edition, unsigned runners, unsigned keepers);

/* Parses edition->text and checks it. What is wrong goes to problems. */
enum wr_code wr_edition_parse(struct wr_edition *edition, const struct wr_reload_options *o,
			      struct wr_problems *problems);

/* The first edition, from the file or from what was applied last. */
enum wr_code wr_reload_load_first(struct wr_reload *reload, struct wr_problems *problems);

/* Keeps the current edition as the last applied one. */
void wr_reload_keep(struct wr_reload *reload);

/* reload_probe.c: tries what differs in a child. What it finds wrong goes to problems. */
enum wr_code wr_reload_probe(struct wr_reload *reload, const struct wr_edition *edition,
			     struct wr_reload_answer *answer);

/* Whether the stage of another configuration is this one in everything. */
bool wr_reload_same_stage(const struct wr_conf_stage *a, const struct wr_conf_stage *b,
			  const struct wr_plugin_set *set_a, const struct wr_plugin_set *set_b);

/* reload_apply.c */
void wr_reload_perform(struct wr_reload *reload, const struct wr_reload_job *job);

/* Frees what has drained; true when nothing is left. */
bool wr_reload_reap(struct wr_reload *reload);

/* reload_watch.c: what was followed before stays so, with the look that it had. */
void wr_reload_follow(struct wr_reload *reload);

/* How long nothing need be looked at, for poll(); -1: until something stirs. */
int wr_reload_watch_wait_ms(const struct wr_reload *reload);

/* Looks, and asks for a reload when the files are at rest and others than before. */
void wr_reload_look(struct wr_reload *reload);

/* reload.c */
void wr_reload_note_generation(struct wr_reload *reload, const char *who, char *what);
void wr_reload_note_agreement(struct wr_reload *reload); /* the file says what runs */

#endif
