/* Reading certificates and keys. */
#include "config.h"

#include "tests/unit.h"

#include "http/certificate.h"
#include "tests/http/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[] = "/tmp/weir-certificate-XXXXXX";
static char files[4][64]; /* two certificates and their keys */
static char texts[4][8192];
static struct wr_http_certificate *certificate;
static enum wr_http_pem wrong;
static struct wr_err err;

static void read_text(const char *file, char text[8192])
{
	FILE *in = fopen(file, "re");
	size_t size;

	assert_non_null(in);
	size = fread(text, 1, 8191, in);
	text[size] = '\0';
	fclose(in);
}

static int make_files(void **state)
{
	static const char *const names[] = {"one.crt", "one.key", "two.crt", "two.key"};

	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	for (int i = 0; i < 4; i++)
		snprintf(files[i], sizeof(files[i]), "%s/%s", folder, names[i]);
	if (!certificate_write(files[0], files[1]) || !certificate_write(files[2], files[3]))
		return -1;
	for (int i = 0; i < 4; i++)
		read_text(files[i], texts[i]);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		unlink(files[i]);
	return rmdir(folder);
}

static void refused(const char *cert, const char *key, enum wr_http_pem part, const char *said)
{
	assert_int_equal(wr_http_certificate_create(cert, key, &certificate, &wrong, &err),
			 WR_EINVAL);
	assert_null(certificate);
	assert_int_equal(wrong, part);
	if (strstr(err.text, said) == NULL)
		fail_msg("%s", err.text);
}

static void a_pair_is_given_with_its_chain(void **state)
{
	static char chain[16384];
	gnutls_pcert_st *given;
	gnutls_privkey_t key;
	unsigned count;

	(void)state;
	snprintf(chain, sizeof(chain), "%s%s", texts[0], texts[2]);
	assert_int_equal(wr_http_certificate_create(chain, texts[1], &certificate, &wrong, &err),
			 WR_OK);
	wr_http_certificate_give(certificate, &given, &count, &key);
	assert_int_equal(count, 2);
	assert_non_null(given);
	assert_non_null(key);
	wr_http_certificate_unref(certificate);
}

static void what_is_broken_is_told_apart(void **state)
{
	(void)state;
	refused("", texts[1], WR_PEM_CERTIFICATE, "holds no certificate in PEM");
	refused("nonsense", texts[1], WR_PEM_CERTIFICATE, "holds no certificate in PEM");
	refused(texts[0], "", WR_PEM_KEY, "holds no private key in PEM");
	refused(texts[0], texts[0], WR_PEM_KEY, "holds no private key in PEM");
	refused(texts[0], texts[3], WR_PEM_KEY, "does not belong to the certificate");
}

static void half_a_file_is_refused(void **state)
{
	static char half[8192];

	(void)state;
	snprintf(half, sizeof(half), "%.*s", (int)strlen(texts[0]) / 2, texts[0]);
	refused(half, texts[1], WR_PEM_CERTIFICATE, "holds no certificate in PEM");
	snprintf(half, sizeof(half), "%.*s", (int)strlen(texts[1]) / 2, texts[1]);
	refused(texts[0], half, WR_PEM_KEY, "holds no private key in PEM");
}

static void too_long_a_chain_is_refused(void **state)
{
	char *chain = calloc(1, 17 * strlen(texts[0]) + 1);

	(void)state;
	assert_non_null(chain);
	for (int i = 0; i < 17; i++)
		strcat(chain, texts[0]);
	refused(chain, texts[1], WR_PEM_CERTIFICATE, "more than 16 certificates");
	free(chain);
}

static void they_are_equal_by_their_texts(void **state)
{
	struct wr_http_certificate *one, *same, *two;

	(void)state;
	assert_int_equal(wr_http_certificate_create(texts[0], texts[1], &one, &wrong, &err), WR_OK);
	assert_int_equal(wr_http_certificate_create(texts[0], texts[1], &same, &wrong, &err),
			 WR_OK);
	assert_int_equal(wr_http_certificate_create(texts[2], texts[3], &two, &wrong, &err), WR_OK);
	assert_true(wr_http_certificate_equal(one, same));
	assert_false(wr_http_certificate_equal(one, two));
	assert_false(wr_http_certificate_equal(one, NULL));
	assert_false(wr_http_certificate_equal(NULL, one));
	assert_true(wr_http_certificate_equal(NULL, NULL));
	wr_http_certificate_unref(wr_http_certificate_ref(one));
	assert_true(wr_http_certificate_equal(one, same));
	wr_http_certificate_unref(one);
	wr_http_certificate_unref(same);
	wr_http_certificate_unref(two);
	wr_http_certificate_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pair_is_given_with_its_chain),
	    cmocka_unit_test(what_is_broken_is_told_apart),
	    cmocka_unit_test(half_a_file_is_refused),
	    cmocka_unit_test(too_long_a_chain_is_refused),
	    cmocka_unit_test(they_are_equal_by_their_texts),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
