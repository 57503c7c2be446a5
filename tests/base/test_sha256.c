#include "config.h"

#include "base/sha256.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>

/* FIPS 180-4 examples */
static const char of_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char of_million_a[] =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void known_digests_come_out(void **state)
{
	char hex[WR_SHA256_HEX_BYTES];

	(void)state;
	assert_int_equal(wr_sha256_hex(wr_bytes_of("abc"), hex), WR_OK);
	assert_string_equal(hex, of_abc);
	assert_int_equal(wr_sha256_hex(wr_bytes(NULL, 0), hex), WR_OK);
	assert_string_equal(hex, of_nothing);
}

static void a_file_has_the_digest_of_its_bytes(void **state)
{
	char path[] = "sha256-test-XXXXXX", hex[WR_SHA256_HEX_BYTES];
	int fd = mkstemp(path), i;
	FILE *file;

	(void)state;
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	for (i = 0; i < 1000000; i++)
		fputc('a', file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(wr_sha256_file(path, hex, NULL), WR_OK);
	assert_string_equal(hex, of_million_a);
	assert_int_equal(unlink(path), 0);
}

static void a_file_that_can_not_be_read_is_an_error(void **state)
{
	char hex[WR_SHA256_HEX_BYTES] = "x";
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_sha256_file("no/such/file", hex, &err), WR_ENOTFOUND);
	assert_string_equal(err.text, "no/such/file: No such file or directory");
	assert_string_equal(hex, "");
	assert_int_equal(wr_sha256_file(".", hex, &err), WR_EIO);
	assert_string_equal(hex, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_digests_come_out),
	    cmocka_unit_test(a_file_has_the_digest_of_its_bytes),
	    cmocka_unit_test(a_file_that_can_not_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
