/*
 * The inside of a reload, shared by run/reload*.c: reload.c is its life, its thread and its requests, reload_load.c
 * makes generations, reload_apply.c takes the engine from one to the next, reload_plan.c says what differs and what can't
 * change, reload_canary.c tries it on a share of the keys, reload_answer.c is the answer, reload_list.c what has run,
 * reload_keep.c what of that is kept for the next start.
 */
#ifndef WR_RUN_RELOAD_PRIVATE_H
#define WR_RUN_RELOAD_PRIVATE_H

#include "base/check.h"
#include "base/lock.h"
#include "host/plugin_store.h"
#include "run/history.h"
#include "run/last_applied.h"
#include "run/reload.h"
#include "run/state_dir.h"
#include "run/swap.h"
#include "run/watch.h"

#include <pthread.h>
#include <stdatomic.h>

#define WR_RELOAD_MAGIC 0x57524c44u

#define WR_RELOAD_SWAP_NS (10 * WR_NS_PER_S)  /* for all lanes to come to the end of a batch */
#define WR_RELOAD_DRAIN_NS (30 * WR_NS_PER_S) /* then the answer says that it goes on */

struct wr_reload_canary; /* reload_canary.c's own */

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
	uint64_t canary; /* that was tried when the job was taken; 0: none */
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
	struct wr_metric_cell *drift_cell, *generation_cell, *canary_cell;
	struct wr_drain *drains;
	struct wr_reload_canary *canary; /* NULL: none runs [reload] */
	uint64_t last_number;            /* that was given to a generation */
	uint64_t
	    ended_canary; /* that was rolled back and no generation applied since; 0: none [reload] */
	int64_t ended_mono_ns; /* when [reload] */
	bool ended_by_itself;  /* nobody had asked for it [reload] */

	/* Of what is kept in the folder. [main, then reload] */
	struct wr_last_applied last; /* until the first edition is made */
	bool has_last;
	struct wr_err last_err; /* why not, or why the folder can't be used */
	struct wr_plugin_set
	    *last_held;   /* of what the record of the last applied names; NULL: nothing */
	char *last_text;  /* likewise; NULL: nothing */
	char *started_as; /* what the start changed, in words; NULL: nothing */
	bool is_marked;   /* as running, for the next start [main] */
	bool
	    fell_back; /* the first edition is what was applied last, because the file is invalid */

	pthread_t thread;
	bool started;
	int wake_fd;
	struct wr_watch *watch; /* NULL: nothing is watched [reload] */
	int64_t
	    watch_rests_mono_ns; /* when the files have been at rest for long enough; 0: they are [reload] */
	bool
	    watch_owes; /* a change was seen, and the files were not read since: others had their turn [reload] */
	int64_t
	    read_wall_ms; /* when the file that runs, or is to run, was read [main, then reload] */
	_Atomic bool stopping;
	_Atomic int phase; /* enum wr_reload_phase of the job under way */

	struct wr_lock lock;
	struct wr_reload_job job; /* [lock] */
	bool busy;                /* [lock] there is a job, waiting or under way */
	struct wr_history
	    history;     /* [lock] for others than the reload thread, which alone changes it */
	uint64_t number; /* [lock] of the generation that runs */
	uint64_t canary_number; /* [lock] of the one that is tried; 0: none is */
	bool has_previous;      /* [lock] */
	bool drifted;           /* [lock] */
};

/* reload.c: the next job may come; what the present one says of who asked is gone. */
void wr_reload_finish_job(struct wr_reload *reload);

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

/* Whether the key of that path is one of the settings of canaries: they say how other changes are taken up. */
bool wr_reload_is_canary_key(const char *path);

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

/* Takes the copies of its plugins, once it is parsed. What is wrong goes to problems. */
enum wr_code wr_edition_take(struct wr_edition *edition, struct wr_plugin_store *store,
			     const struct wr_reload_options *o, struct wr_problems *problems);

/* The first edition, from the file or from what was applied last. */
enum wr_code wr_reload_load_first(struct wr_reload *reload, struct wr_problems *problems);

/* reload_keep.c */

/* Reads what was kept; what can't be read is said and does not count. Then copies of plugins that nothing names go. */
void wr_reload_recall(struct wr_reload *reload);

/* The number of a first edition: what was applied last, or was tried, keeps its own; no other one is given twice. */
uint64_t wr_reload_first_number(const struct wr_reload *reload, const struct wr_edition *edition);

/* The first edition is there: the one before is what a rollback leads to, if it is whole. */
void wr_reload_find_previous(struct wr_reload *reload);

/* Keeps the current edition as the last applied one, and the list. */
void wr_reload_keep(struct wr_reload *reload);

/* Leaves a mark while the engine runs. A start that finds one says that the last run was not stopped. [main] */
void wr_reload_mark_running(struct wr_reload *reload);
void wr_reload_unmark_running(struct wr_reload *reload);

/* Keeps the list, in which something else has changed. */
void wr_reload_keep_list(struct wr_reload *reload);

/* reload_probe.c: tries what differs in a child. What it finds wrong goes to problems. */
enum wr_code wr_reload_probe(struct wr_reload *reload, const struct wr_edition *edition,
			     struct wr_reload_answer *answer);

/* Whether the stage of another configuration is this one in everything. */
bool wr_reload_same_stage(const struct wr_conf_stage *a, const struct wr_conf_stage *b,
			  const struct wr_plugin_set *set_a, const struct wr_plugin_set *set_b);

bool wr_reload_same_stages(const struct wr_conf_pipeline *a, const struct wr_conf_pipeline *b,
			   const struct wr_plugin_set *set_a, const struct wr_plugin_set *set_b);

/* reload_canary.c */

/* What of the change is tried first: *canary_r NULL, nothing. What can't be is added to answer->problems. WR_OK or
 * WR_ENOMEM. */
enum wr_code wr_reload_plan_canary(const struct wr_edition *before, const struct wr_edition *after,
				   const struct wr_reload_request *request,
				   struct wr_reload_answer *answer,
				   struct wr_reload_canary **canary_r);

/* The same, where their plugins are loaded. WR_OK or WR_EINVAL. NULL is nothing to try. */
enum wr_code wr_reload_check_canary(const struct wr_reload_canary *canary,
				    const struct wr_edition *before, const struct wr_edition *after,
				    struct wr_reload_answer *answer);

/* Of one that never began, or has ended, or whose lanes stand. NULL does nothing. */
void wr_reload_canary_destroy(struct wr_reload_canary *canary, struct wr_metrics *metrics);

/* The swap of `drain` is tried. WR_OK: the canary is the reload's. Otherwise the codes of wr_swap_try(). */
enum wr_code wr_reload_begin_canary(struct wr_reload *reload, struct wr_reload_canary *canary,
				    struct wr_drain *drain, int64_t deadline_mono_ns,
				    struct wr_err *err);

/* Looks how it goes, and ends it when that is clear. Nothing without one. */
void wr_reload_tend_canary(struct wr_reload *reload);

/* All keys go back, because somebody wants it. */
void wr_reload_end_canary(struct wr_reload *reload, const char *who);

/* For the list: so many as it has. WR_OK or WR_ENOMEM. */
enum wr_code wr_reload_copy_trials(const struct wr_reload_canary *canary,
				   struct wr_reload_trial **trials_r);
size_t wr_reload_trial_count(const struct wr_reload_canary *canary);
void wr_reload_free_trials(struct wr_reload_trial *trials, size_t count);

/* reload_apply.c */
/* The one that ran is kept for a rollback; the one kept until now is not. */
void wr_reload_make_current(struct wr_reload *reload, struct wr_edition *edition);

void wr_reload_perform(struct wr_reload *reload, const struct wr_reload_job *job);

/* Frees what has drained; true when nothing is left. */
bool wr_reload_reap(struct wr_reload *reload);

/* reload_watch.c: what was followed before stays so, with the look that it had. */
void wr_reload_follow(struct wr_reload *reload);

/* How long nothing need be looked at, for poll(); -1: until something stirs. */
int wr_reload_watch_wait_ms(const struct wr_reload *reload);

/* The files are read now, by a reload, if it is one that does: what changes from here on counts anew. */
void wr_reload_forget_changes(struct wr_reload *reload, const struct wr_reload_request *request);

/* Looks, and asks for a reload when the files are at rest and others than before. */
void wr_reload_look(struct wr_reload *reload);

/* reload_list.c */
void wr_reload_note_start(struct wr_reload *reload);
void wr_reload_note_generation(struct wr_reload *reload, const char *who, char *what);
void wr_reload_note_canary(struct wr_reload *reload, const char *who, char *what);
void wr_reload_note_counts(struct wr_reload *reload, size_t i, const struct wr_lane_trial *counts);
void wr_reload_note_end(struct wr_reload *reload, bool promoted, const char *reason);
void wr_reload_note_agreement(
    struct wr_reload *reload); /* what runs is what was asked for last: no drift any more */

#endif
