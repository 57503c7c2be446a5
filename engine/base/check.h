/*
 * Checked objects and assertions. A broken invariant is a bug and aborts, in release builds too; input never
 * reaches these. The condition must have no side effects.
 */
#ifndef WR_BASE_CHECK_H
#define WR_BASE_CHECK_H

#include <stddef.h>
#include <stdint.h>

/* Prints where and what, then aborts. */
_Noreturn void wr_check_failed(const char *what, const char *file, int line);

#define WR_ASSERT(cond)                                             \
	do {                                                        \
		if (__builtin_expect(!(cond), 0))                   \
			wr_check_failed(#cond, __FILE__, __LINE__); \
	} while (0)

/* The object is there and is what it says. */
#define WR_CHECK(obj, magic_value)                                                       \
	do {                                                                             \
		if (__builtin_expect((obj) == NULL || (obj)->magic != (magic_value), 0)) \
			wr_check_failed("not a live " #obj, __FILE__, __LINE__);         \
	} while (0)

#define WR_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define WR_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
