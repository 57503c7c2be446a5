/*
 * The file that this process is running.
 */
#ifndef WR_BASE_OWN_PROGRAM_H
#define WR_BASE_OWN_PROGRAM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WR_OWN_PROGRAM "/proc/self/exe"

/* The path of the running program, in the caller's `path` of `size` bytes, to be executed now. WR_OWN_PROGRAM, which
 * the kernel resolves to the very file, where that has no such path any more: an upgrade put another in its place. The
 * path is preferred since under a program that runs others (valgrind) the kernel's name is that program's. [any] */
const char *wr_own_program(char *path, size_t size);

#ifdef __cplusplus
}
#endif

#endif
