/*
 * Hot reload: one thread that takes the engine from one generation to the next, one request at a time:
 *
 *   read -> validate -> probe (in a child) -> load and create -> swap -> drain -> destroy
 *
 * Whatever fails before the swap leaves the old generation running untouched (rejected); a failure at the swap puts it
 * back (rolled back). The answer says what happened, and only what happened.
 *
 * A request comes from the admin API, a signal or a watched file; its `done` is called on the reload thread.
 */
#ifndef WR_RUN_RELOAD_H
#define WR_RUN_RELOAD_H

#include "base/err.h"
#include "base/sha256.h"
#include "conf/load.h"
#include "run/engine.h"

#include <stdbool.h>
#include <stdint.h>

struct wr_reload;

/* What main does for it. Each is called with `arg`, on the thread that reloads. */
struct wr_reload_hooks {
	void *arg;
	/* Adds what is wrong with a configuration and only main can see. May be NULL. */
	void (*check)(void *arg, const struct wr_conf *conf, struct wr_problems *problems);
	/* Tells, in words, what a configuration that passed the check changes beside what its keys say: the content of
	 * files that they name. May be NULL. */
	void (*compare)(void *arg, void (*tell)(void *tell_arg, const char *what), void *tell_arg);
	/* Whether events wait somewhere that only this pipeline, which is to go, would take. WR_OK: none does. Otherwise
	 * err says what, or why it can't be told. May be NULL. */
	enum wr_code (*parked)(void *arg, const struct wr_conf_pipeline *pipeline,
			       struct wr_err *err);
	/* Makes ready what the lanes of `conf` need beside their plugins: topics, what is shared by a pipeline's lanes.
	 * What runs must not notice. `rehearsal`: for a dry run, so nothing is made that would stay. WR_OK, or why not.
	 * May be NULL. */
	enum wr_code (*prepare)(void *arg, const struct wr_conf *conf, bool rehearsal,
				struct wr_err *err);
	/* This generation runs now; the one before may be freed when this returns. May be NULL. */
	void (*apply)(void *arg, const struct wr_generation *generation);
};

struct wr_reload_options {
	const char *file;
	bool strict; /* an invalid file is an error even where an earlier configuration could run */
	uint64_t generation; /* run this former one, whatever the file says; 0: the file */
	const char *
	    probe_program; /* the weir to run as the child that tries plugins; NULL: they are not tried */
	const struct wr_clock *clock;
	struct wr_reload_hooks hooks;
};

/* Reads the file and loads what it names: the first generation. With an invalid file the last applied configuration is
 * taken, if this file's was kept in its state_dir; *problems then says what is wrong with the file, and has_drifted() is
 * true. What ran before the last end of the engine is in the list, and a rollback leads back over it. Copies the options, borrows what they point to. WR_OK; WR_EINVAL (see problems); WR_EIO; WR_ENOMEM. [main] */
enum wr_code wr_reload_open(const struct wr_reload_options *options, struct wr_reload **reload_r,
			    struct wr_problems *problems);

/* The first generation; it and its configuration live as long as the object, whatever runs. [any] */
const struct wr_generation *wr_reload_first(const struct wr_reload *reload);

/* Makes and starts all lanes of the first generation, and the thread that reloads. `engine` is copied, but for its
 * generation, which is ours. The codes of wr_engine_create(). [main] */
enum wr_code wr_reload_start(struct wr_reload *reload, const struct wr_engine_options *engine,
			     struct wr_err *err);

/* Ends the thread: what is under way before its swap is given up. Then all lanes finish until the deadline. True when
 * nothing was left undone. Without a start it does nothing and returns true. [main] */
bool wr_reload_stop(struct wr_reload *reload, int64_t deadline_mono_ns);

/* After stop. Destroys lanes, generations and configurations. NULL does nothing. [main] */
void wr_reload_close(struct wr_reload *reload);

enum wr_reload_result {
	WR_RELOAD_APPLIED,   /* the new generation runs */
	WR_RELOAD_UNCHANGED, /* nothing differs: nothing was touched */
	WR_RELOAD_REJECTED,  /* refused before anything was touched; `problems` says why */
	WR_RELOAD_ROLLED_BACK, /* failed at the swap, and the old generation goes on; `problems` says why */
	WR_RELOAD_CANARY /* the new generation runs a share of the keys, and takes all or none later */
};

enum wr_reload_phase {
	WR_RELOAD_READ,
	WR_RELOAD_VALIDATE,
	WR_RELOAD_PROBE,
	WR_RELOAD_LOAD,
	WR_RELOAD_SWAP,
	WR_RELOAD_DRAIN,
	WR_RELOAD_PHASES
};

/* What became of a stage, told from its name in its pipeline. */
enum wr_reload_change {
	WR_RELOAD_KEPT,        /* same plugin, same config, same policies */
	WR_RELOAD_ADDED,       /* the stage is new */
	WR_RELOAD_REMOVED,     /* the stage is gone */
	WR_RELOAD_REPLACED,    /* other code */
	WR_RELOAD_RECONFIGURED /* same code, other config, policies or place */
};

/* The code of a stage. All empty where there is none (of a stage that is new or gone). */
struct wr_reload_code {
	char plugin[65]; /* the plugin's id */
	char version[65];
	char build_id[65];
	char sha256[WR_SHA256_HEX_BYTES];
};

struct wr_reload_stage {
	char *pipeline;
	char *stage;
	char *file; /* as the configuration names it */
	enum wr_reload_change change;
	struct wr_reload_code before, after;
	char *
	    state; /* what became of its state in words ("carried over: 2 blobs, 118 bytes"); NULL: it has none */
};

/* Who asked, and for what. */
struct wr_reload_request {
	const char *
	    who; /* "admin", "signal", "watch"; and with it an address or a name, for the list and the log */
	bool dry_run; /* all but the swap */
	bool
	    rollback; /* to the previous generation instead of the file; while a canary runs: ends it;
		       * when one ended a moment ago, and `from` is 0: nothing, for that may be what was meant */
	uint64_t
	    from; /* with rollback: only if this generation runs, or is the canary; 0: whichever does */
	bool force; /* a pipeline may go although events of it are parked */
	uint32_t
	    canary_share; /* of the keys to try it on first, in millionths; 0: as the file says */
	bool no_canary;   /* all keys at once, whatever the file says */
	bool
	    wait_drained; /* answer only when the old generation has drained or its deadline has passed */
};

struct wr_reload_answer {
	enum wr_reload_result result;
	bool dry_run; /* then `result` is what it would have been: applied, unchanged or rejected */
	char *who;    /* the request's */
	int64_t started_at_ms; /* wall clock */
	uint64_t generation_before,
	    generation_after; /* which one runs, of a canary: which one is tried; equal
						       * unless it is applied or tried */
	int64_t phase_us
	    [WR_RELOAD_PHASES]; /* how long each took; -1: not reached, or still going on (drain) */
	struct wr_reload_stage
	    *stages; /* all stages of both generations, in the order of the new file */
	size_t stage_count;
	char **
	    changes; /* "pipelines[payments].batch.linger: changed", "pipeline audit: added", in words */
	size_t change_count;
	bool drained; /* the old generation is gone */
	char *
	    waits; /* what it waits for when it is not, in words ("payments lane 0: 1 batch in flight"), or NULL */
	struct wr_problems problems; /* with file, line and column where there is one */
};

/* Called once on the reload thread. The answer is borrowed for the call. */
typedef void (*wr_reload_done_fn)(void *arg, const struct wr_reload_answer *answer);

/* Asks for a reload and returns at once. WR_OK: `done` will be called (NULL: nobody waits). WR_EFULL: one is under way,
 * err names who asked for it and in which phase it is; or a canary is, which err names, and it is no rollback. WR_ECLOSED: the engine is stopping; then, and when it stops
 * before the request's turn, `done` is not called. WR_ENOTFOUND: a rollback, and there is nothing to go back to.
 * WR_EREFUSED: a rollback from another generation than runs; err says what does.
 * WR_ENOMEM. [any] */
enum wr_code wr_reload_submit(struct wr_reload *reload, const struct wr_reload_request *request,
			      wr_reload_done_fn done, void *arg, struct wr_err *err);

const char *wr_reload_result_name(enum wr_reload_result result); /* "applied", "rolled_back" */
const char *wr_reload_phase_name(enum wr_reload_phase phase);    /* "read", "probe" */
const char *wr_reload_change_name(enum wr_reload_change change); /* "kept", "replaced" */

enum wr_reload_state {
	WR_RELOAD_STATE_APPLIED,
	WR_RELOAD_STATE_CANARY,     /* it is being tried */
	WR_RELOAD_STATE_PROMOTED,   /* it was tried and then applied */
	WR_RELOAD_STATE_ROLLED_BACK /* it was tried and not applied */
};

const char *wr_reload_state_name(enum wr_reload_state state); /* "applied", "canary" */

/* How a canary goes in one pipeline. */
struct wr_reload_trial {
	char *pipeline;
	uint32_t share; /* of its keys, in millionths */
	struct wr_canary_rules rules;
	struct wr_canary_counts stable, canary; /* over the same time */
};

/* One line of the list of generations: an attempt that made one. */
struct wr_reload_entry {
	uint64_t number;
	int64_t since_ms; /* wall clock: when it began to run */
	char *who;        /* "start" for the first */
	char *what;       /* what changed, in words */
	bool runs;        /* it is the one that runs */
	bool can_return;  /* a rollback would lead to it */

	enum wr_reload_state state;
	struct wr_reload_trial *trials; /* of a canary, by pipeline; NULL: it was none */
	size_t trial_count;
	int64_t ended_ms; /* wall clock: when it was promoted or rolled back; 0: not yet */
	char *reason;     /* for that; NULL: not yet */
};

struct wr_reload_list {
	struct wr_reload_entry *items; /* the newest first, at most ten */
	size_t count;
};

/* What is, copied for the caller: wr_reload_list_fini(). WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_reload_generations(struct wr_reload *reload, struct wr_reload_list *list_r);
void wr_reload_list_fini(struct wr_reload_list *list);

/* Whether the engine runs something else than its file says: it was started with the last applied configuration because
 * the file was invalid, or with a former generation because that was asked for. False after the next reload that is applied or finds nothing to change. [any] */
bool wr_reload_has_drifted(struct wr_reload *reload);

/* The generation that runs. [any] */
uint64_t wr_reload_generation(struct wr_reload *reload);

/* The generation that is tried on a share of the keys; 0: none is. [any] */
uint64_t wr_reload_canary(struct wr_reload *reload);

#endif
