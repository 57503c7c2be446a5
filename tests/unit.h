/*
 * What every unit test includes: cmocka with the headers it wants, and a way to expect an abort.
 */
#ifndef WR_TESTS_UNIT_H
#define WR_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNIT_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Whether `fn` aborts, found out in a child whose stderr is closed. */
static inline bool aborts(void (*fn)(void *arg), void *arg)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		close(STDERR_FILENO);
		fn(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
