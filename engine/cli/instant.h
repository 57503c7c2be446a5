/*
 * A point in time as people write it: ISO 8601 or Unix milliseconds.
 */
#ifndef WR_CLI_INSTANT_H
#define WR_CLI_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

/* "2026-11-23", "2026-11-23T06:00", "2026-11-23T06:00:00.250Z", "2026-11-23 06:00+01:00"; UTC where no zone is given; or
 * "@1795413600000". False when it is none of these, or there is no such day or time. */
bool wr_instant_parse(const char *text, int64_t *unix_ms_r);

#endif
