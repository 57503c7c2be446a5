/*
 * What the admin API asks of the engine and tells it to do. The HTTP side knows nothing else of lanes, generations and
 * reloads. Answers are written as JSON: each function adds members to an object that was begun, and leaves it open.
 *
 * Called on the admin listener's thread, where nothing may block, but where it says [worker].
 */
#ifndef WR_PORT_ADMIN_H
#define WR_PORT_ADMIN_H

#include "base/code.h"
#include "base/json_out.h"

#include <stdbool.h>

struct wr_admin_port;

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
};

struct wr_admin_port {
	const struct wr_admin_ops *ops;
};

#endif
