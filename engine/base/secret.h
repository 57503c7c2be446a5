/*
 * Handling of secrets: comparing without telling by the time it takes, and leaving nothing behind.
 */
#ifndef WR_BASE_SECRET_H
#define WR_BASE_SECRET_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether what was given is the secret. The time depends on neither's content, and on the given one's length alone.
 * Absent equals nothing. [any] */
bool wr_secret_equal(struct wr_bytes secret, struct wr_bytes given);

/* Clears memory in a way that no optimiser removes. [any] */
void wr_secret_wipe(void *memory, size_t size);

/* Wipes and frees a terminated text, and sets the pointer to NULL; NULL does nothing. [any] */
void wr_secret_free(char **text_p);

#ifdef __cplusplus
}
#endif

#endif
