/*
 * Where the state folder of a configuration is, for a start whose file can't be understood: by the file's own line, or
 * by a note beside the file. Folders that are the default need no note.
 */
#ifndef WR_RUN_STATE_PLACE_H
#define WR_RUN_STATE_PLACE_H

#include <stdbool.h>

/* The path of a file as it was named, from the root on; links in it stay links, since they may lead elsewhere tomorrow.
 * For free(); NULL without memory. [main] */
char *wr_state_place_absolute(const char *file);

/* Whether both paths name one file. [main] */
bool wr_state_place_is_same_file(const char *a, const char *b);

/* Leaves the note `.NAME.state_dir` beside the file, or removes one that is of no use. Where that can't be done there is
 * none. [main or reload] */
void wr_state_place_note(const char *file, const char *state_dir);

/* As the file says it, if it is valid; otherwise as wr_state_place_find(). [main] */
char *wr_state_place_of(const char *file);

/* What the file says in a line of its own; what the note says; or the default. For free(); NULL without memory. [main] */
char *wr_state_place_find(const char *file);

#endif
