/*
 * A self-signed certificate for a test, as PEM files.
 */
#ifndef WR_TESTS_HTTP_CERTIFICATE_H
#define WR_TESTS_HTTP_CERTIFICATE_H

#include <stdbool.h>

/* Writes both files. */
bool certificate_write(const char *cert_file, const char *key_file);

#endif
