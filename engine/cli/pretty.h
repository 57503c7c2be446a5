/*
 * Bytes for people: JSON laid out over lines, other text as it is, anything else as a hex dump. Nothing of it can
 * steer a terminal. Pure.
 */
#ifndef WR_CLI_PRETTY_H
#define WR_CLI_PRETTY_H

#include "base/buf.h"
#include "base/bytes.h"

/* Appends whole lines, each indented by two spaces. WR_OK or WR_ENOMEM. */
enum wr_code wr_pretty(struct wr_bytes bytes, struct wr_buf *out);

#endif
