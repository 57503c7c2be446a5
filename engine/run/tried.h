/*
 * The canary that was tried last and did not take all keys, kept in the state folder: so that its number is not given
 * again, and a start that runs its configuration for all keys says so. It is for people: that it can't be kept or read
 * stops nothing.
 */
#ifndef WR_RUN_TRIED_H
#define WR_RUN_TRIED_H

#include "base/buf.h"
#include "base/sha256.h"
#include "host/plugin_store.h"

#include <stdint.h>

struct wr_tried {
	uint64_t number; /* 0: none is known */
	char what[WR_SHA256_HEX_BYTES];
};

/* What a configuration and its plugins are, in short; "" without memory. */
struct wr_tried wr_tried_of(uint64_t number, struct wr_bytes text, const struct wr_plugin_set *set);

void wr_tried_write(const char *folder, const struct wr_tried *tried);
struct wr_tried wr_tried_read(const char *folder);

/* This generation was applied: an earlier one that was tried, or this, need not be known any more. */
void wr_tried_forget(const char *folder, uint64_t number);

#endif
