#include "config.h"

#include "base/own_program.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void it_is_named_by_its_path(void **state)
{
	struct stat named, own;
	char path[4096];

	(void)state;
	assert_ptr_equal(wr_own_program(path, sizeof(path)), path);
	assert_int_equal(stat(path, &named), 0);
	assert_int_equal(stat(WR_OWN_PROGRAM, &own), 0);
	assert_int_equal(named.st_ino, own.st_ino);
}

static void a_path_without_room_is_not_cut(void **state)
{
	char path[4];

	(void)state;
	assert_string_equal(wr_own_program(path, sizeof(path)), WR_OWN_PROGRAM);
}

static void copy_own_program(const char *to)
{
	int from = open(WR_OWN_PROGRAM, O_RDONLY | O_CLOEXEC);
	int into = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	struct stat own;

	assert_true(from >= 0 && into >= 0);
	assert_int_equal(fstat(from, &own), 0);
	assert_int_equal(sendfile(into, from, NULL, (size_t)own.st_size), own.st_size);
	close(from);
	close(into);
}

/* In the copy: an upgrade takes the file away under it. */
static int run_as_replaced(void)
{
	char path[4096];

	if (wr_own_program(path, sizeof(path)) != path || unlink(path) != 0)
		return 2;
	return strcmp(wr_own_program(path, sizeof(path)), WR_OWN_PROGRAM) == 0 ? 0 : 1;
}

static void one_whose_file_was_replaced_is_named_by_the_kernel(void **state)
{
	char folder[] = "/tmp/own-program-XXXXXX", copy[sizeof(folder) + sizeof("/copy")];
	int status = -1;
	pid_t child;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(copy, sizeof(copy), "%s/copy", folder);
	copy_own_program(copy);
	child = fork();
	if (child == 0) {
		execl(copy, copy, "replaced", NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_named_by_its_path),
	    cmocka_unit_test(a_path_without_room_is_not_cut),
	    cmocka_unit_test(one_whose_file_was_replaced_is_named_by_the_kernel),
	};

	if (argc > 1 && strcmp(argv[1], "replaced") == 0)
		return run_as_replaced();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
