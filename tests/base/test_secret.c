#include "config.h"

#include "base/secret.h"
#include "tests/unit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void only_the_secret_itself_is_equal(void **state)
{
	struct wr_bytes secret = wr_bytes_of("s3cret");

	(void)state;
	assert_true(wr_secret_equal(secret, wr_bytes_of("s3cret")));
	assert_false(wr_secret_equal(secret, wr_bytes_of("s3creT")));
	assert_false(wr_secret_equal(secret, wr_bytes_of("s3cre")));
	assert_false(wr_secret_equal(secret, wr_bytes_of("s3crets3cret")));
	assert_false(wr_secret_equal(secret, wr_bytes_of("")));
	assert_false(wr_secret_equal(wr_bytes_of(""), secret));
	assert_true(wr_secret_equal(wr_bytes("", 0), wr_bytes("", 0)));
}

static sigjmp_buf beyond_the_end;

static void leave(int signal_number)
{
	(void)signal_number;
	siglongjmp(beyond_the_end, 1);
}

/* Whether comparing reads the last of so many bytes: it lies where nothing may be read. */
static bool reads_the_last(struct wr_bytes secret, const char *text)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = strlen(text);
	const struct sigaction act = {.sa_handler = leave};
	struct sigaction segv_before, bus_before;
	char *pages =
	    mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile bool reads = true;

	assert_true(pages != MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	memcpy(pages + page - size, text, size);
	assert_int_equal(sigaction(SIGSEGV, &act, &segv_before), 0);
	assert_int_equal(sigaction(SIGBUS, &act, &bus_before), 0);
	if (sigsetjmp(beyond_the_end, 1) == 0) {
		(void)wr_secret_equal(secret, wr_bytes(pages + page - size, size + 1));
		reads = false;
	}
	sigaction(SIGSEGV, &segv_before, NULL);
	sigaction(SIGBUS, &bus_before, NULL);
	munmap(pages, 2 * page);
	return reads;
}

/* How long it takes tells neither where they begin to differ nor how long the secret is. */
static void every_byte_that_was_given_is_compared(void **state)
{
	static const char *const given[] = {
	    "",       "x",      "s",       "s3cre",        "s3creT",
	    "X3cret", "s3cret", "s3cretX", "XXXXXXXXXXXX", "s3crets3cret"};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(given); i++) {
		assert_true(reads_the_last(wr_bytes_of("s3cret"), given[i]));
		assert_true(reads_the_last(wr_bytes("", 0), given[i]));
	}
}

static void absent_equals_nothing(void **state)
{
	struct wr_bytes absent = {NULL, 0};

	(void)state;
	assert_false(wr_secret_equal(absent, absent));
	assert_false(wr_secret_equal(absent, wr_bytes_of("")));
	assert_false(wr_secret_equal(wr_bytes_of("a"), absent));
}

static void wiped_memory_is_zero(void **state)
{
	char memory[] = "s3cret", zero[sizeof(memory)] = {0};

	(void)state;
	wr_secret_wipe(memory, sizeof(memory));
	assert_memory_equal(memory, zero, sizeof(memory));
	wr_secret_wipe(NULL, 0);
}

static void freeing_clears_the_pointer(void **state)
{
	char *text = strdup("s3cret");

	(void)state;
	wr_secret_free(&text);
	assert_null(text);
	wr_secret_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_secret_itself_is_equal),
	    cmocka_unit_test(every_byte_that_was_given_is_compared),
	    cmocka_unit_test(absent_equals_nothing),
	    cmocka_unit_test(wiped_memory_is_zero),
	    cmocka_unit_test(freeing_clears_the_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
