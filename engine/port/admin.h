/*
 * What the admin API asks of the engine and tells it to do. The HTTP side knows nothing else of lanes, generations and
 * reloads. Answers are written as JSON: each function adds members to an object that was begun, and leaves it open.
 *
 * Called on the admin listener's thread, where nothing may block, but where it says [worker].
 */
#ifndef WR_PORT_ADMIN_H
#define WR_PORT_ADMIN_H

#include "base/code.h"
#include "base/err.h"
#include "base/json_out.h"

#include <stdbool.h>
#include <stdint.h>

struct wr_admin_port;

struct wr_admin_order {
	const char *who; /* for the log and the list of generations */
	bool dry_run;    /* all but the swap */
	bool rollback;   /* to the generation before, not to what the file says */
	bool force;      /* a pipeline may go although events of it are parked */
	bool drained;    /* answer when the old generation is gone */
	uint32_t
	    canary_share; /* of the keys to try it on first, in millionths; 0: as the file says */
	bool no_canary;   /* all keys at once, whatever the file says */
	uint64_t from;    /* with rollback: only if this generation runs, or is tried; 0: any */
};

enum wr_admin_result {
	WR_ADMIN_DONE,        /* applied or unchanged; or it would be */
	WR_ADMIN_REJECTED,    /* refused, and nothing was touched */
	WR_ADMIN_ROLLED_BACK, /* it failed, and what was before runs */
	WR_ADMIN_CANARY /* it is being tried: `detail` is the path at which that can be followed */
};

/* Begins an answer, once it is known how it went; `detail` is a sentence, or NULL. */
typedef struct wr_json_out *(*wr_admin_begin_fn)(void *arg, enum wr_admin_result result,
						 const char *detail);

struct wr_admin_ops {
	/* Version, instance, uptime, health, generation, pipelines and plugins. */
	void (*status)(struct wr_admin_port *port, struct wr_json_out *out);

	/* "pipelines": a list. */
	void (*pipelines)(struct wr_admin_port *port, struct wr_json_out *out);

	/* "plugins": a list. */
	void (*plugins)(struct wr_admin_port *port, struct wr_json_out *out);

	/* "file", "generation", and "config": every key with its value, secrets hidden. */
	void (*config)(struct wr_admin_port *port, struct wr_json_out *out);

	/* Its lanes take nothing more but finish what they have, or go on; asking twice is asking once. `who` is for
	 * the log. Adds the pipeline's "name" and "paused". WR_OK, or WR_ENOTFOUND with nothing added. */
	enum wr_code (*set_paused)(struct wr_admin_port *port, const char *pipeline, bool paused,
				   const char *who, struct wr_json_out *out);

	/* Reloads, or goes back, and waits for it. WR_OK: `begin` was called, and what became of it added to what it
	 * returned. WR_EFULL: a reload or a canary is under way; WR_ENOTFOUND: there is nothing to go back to; WR_EREFUSED:
	 * what was named does not run; WR_ECLOSED: the engine stops; WR_ENOMEM: then nothing was begun, and err says why. [worker] */
	enum wr_code (*reload)(struct wr_admin_port *port, const struct wr_admin_order *order,
			       wr_admin_begin_fn begin, void *arg, struct wr_err *err);

	/* "generation", "drifted" and "generations": the last ones, newest first. */
	void (*generations)(struct wr_admin_port *port, struct wr_json_out *out);

	/* The members of one of them. WR_OK, or WR_ENOTFOUND with nothing added. */
	enum wr_code (*one_generation)(struct wr_admin_port *port, uint64_t number,
				       struct wr_json_out *out);
};

struct wr_admin_port {
	const struct wr_admin_ops *ops;
};

#endif
