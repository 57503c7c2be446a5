/*
 * The folder in which the engine keeps what must survive a restart. One engine at a time has it. When it can't be used,
 * a folder for this process alone stands in, so that plugins have somewhere to be copied to; nothing survives then.
 */
#ifndef WR_RUN_STATE_DIR_H
#define WR_RUN_STATE_DIR_H

#include "base/err.h"

#include <stdbool.h>

struct wr_state_dir {
	char *path;     /* of the folder in use */
	bool temporary; /* it goes with the process */
	int lock_fd;    /* -1: none */
};

/* Makes the folder when it is missing, and takes its lock. On WR_OK with `temporary` err says why the one that was
 * asked for is not used. WR_OK, WR_EIO (no temporary folder either), WR_ENOMEM. [main] */
enum wr_code wr_state_dir_open(const char *path, struct wr_state_dir *dir_r, struct wr_err *err);

/* Gives it up; a temporary one is removed with the files in it. A zeroed one is fine. [main] */
void wr_state_dir_close(struct wr_state_dir *dir);

#endif
