/*
 * The engine behind the admin API: implements port/admin.h. It shows the generation that runs and what the lanes put on
 * the board, and pauses pipelines.
 *
 * Whoever makes a generation the one that runs tells it here, and lets the old one go only after that.
 */
#ifndef WR_RUN_ADMIN_H
#define WR_RUN_ADMIN_H

#include "base/clock.h"
#include "host/generation.h"
#include "port/admin.h"
#include "run/board.h"
#include "run/health.h"

struct wr_admin;
struct wr_reload; /* run/reload.h */

struct wr_admin_options { /* all borrowed for the object's life */
	const struct wr_clock *clock;
	const char *version;
	struct wr_board *board;
	struct wr_health *health;
};

/* WR_OK or WR_ENOMEM. [main] */
enum wr_code wr_admin_create(const struct wr_admin_options *options, struct wr_admin **admin_r);

/* Nobody asks any more. NULL does nothing. [main] */
void wr_admin_destroy(struct wr_admin *admin);

/* The generation that is shown from now on; borrowed until the next call. NULL: none. [any] */
void wr_admin_set_generation(struct wr_admin *admin, const struct wr_generation *generation);

/* From now on it may be asked for reloads; borrowed until close. [main] */
void wr_admin_open_reload(struct wr_admin *admin, struct wr_reload *reload);

/* The reload thread has ended: whoever waits for it is told that the engine stops. It must live on until nobody can ask
 * any more. [main] */
void wr_admin_close_reload(struct wr_admin *admin);

/* Borrowed from the admin. */
struct wr_admin_port *wr_admin_port(struct wr_admin *admin);

#endif
