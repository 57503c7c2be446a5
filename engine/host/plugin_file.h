/*
 * The file of a plugin before any of its code runs: read whole, and refused for what can be seen from outside.
 */
#ifndef WR_HOST_PLUGIN_FILE_H
#define WR_HOST_PLUGIN_FILE_H

#include "base/bytes.h"
#include "base/err.h"
#include "conf/nearest.h"
#include "host/elf.h"

/* Reads it all, for wr_plugin_file_free(). WR_OK, WR_ENOTFOUND, WR_EINVAL (no regular file, too large), WR_EIO,
 * WR_ENOMEM. [any] */
enum wr_code wr_plugin_file_read(const char *path, struct wr_bytes *file_r, struct wr_err *err);
void wr_plugin_file_free(struct wr_bytes *file);

/* Whether it may be loaded: a whole shared object for this machine, with the symbol weir_plugin, without symbols of the
 * kind GNU unique. *elf_r (may be NULL) is what was learned. WR_OK or WR_EINVAL with a sentence. [any] */
enum wr_code wr_plugin_file_check(struct wr_bytes file, struct wr_elf *elf_r, struct wr_err *err);

/* Which plugin was meant by the name of a file that is not there: the nearest one in the folders that are looked into;
 * "": none is near. [any] */
struct wr_plugin_guess {
	struct wr_nearest nearest;
	char file[256];
};

void wr_plugin_guess_init(struct wr_plugin_guess *guess, const char *file);
void wr_plugin_guess_look(struct wr_plugin_guess *guess, const char *folder);

#endif
