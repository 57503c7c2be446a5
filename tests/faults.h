/*
 * Lack of memory on demand: programs linked with $(WR_FAULT_WRAPS) and tests/faults.c ask here for every malloc(),
 * calloc() and realloc() of the code under test. One thread.
 */
#ifndef WR_TESTS_FAULTS_H
#define WR_TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* The allocation after `count` more fails, and so do all that follow. */
void faults_begin(size_t count);

/* Memory is there again. True when an allocation failed meanwhile. */
bool faults_end(void);

#endif
