#include "config.h"

#include "tests/faults.h"

#include <stdlib.h>

/* The names that ld's --wrap gives. */
void *__real_malloc(size_t size);               /* NOLINT(bugprone-reserved-identifier) */
void *__real_calloc(size_t count, size_t size); /* NOLINT(bugprone-reserved-identifier) */
void *__real_realloc(void *old, size_t size);   /* NOLINT(bugprone-reserved-identifier) */
void *__wrap_malloc(size_t size);               /* NOLINT(bugprone-reserved-identifier) */
void *__wrap_calloc(size_t count, size_t size); /* NOLINT(bugprone-reserved-identifier) */
void *__wrap_realloc(void *old, size_t size);   /* NOLINT(bugprone-reserved-identifier) */

static bool active, failed;
static size_t left;

void faults_begin(size_t count)
{
	active = true;
	failed = false;
	left = count;
}

bool faults_end(void)
{
	active = false;
	return failed;
}

static bool fails(void)
{
	if (!active)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}
