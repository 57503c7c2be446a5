/*
 * A fuzz target is LLVMFuzzerTestOneInput(). Built with libFuzzer (see local.mk) it searches for as long as one
 * likes; built with replay.c it takes a corpus and a bounded number of seeded mutations of it, as part of
 * `make check`.
 */
#ifndef WR_TESTS_FUZZ_FUZZ_H
#define WR_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Aborts when something is wrong; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What replay.c needs to know of a target; NULL ends each. */
extern const char *const fuzz_corpus[]; /* folders, from the top of the sources */
extern const char *const fuzz_words[];  /* pieces worth inserting */

#endif
