/*
 * A certificate with its chain and key, as TLS sessions are given it. Immutable; who holds a reference may use it. A
 * session that shakes hands keeps the one it was given, so that another can take its place at any time. [any]
 */
#ifndef WR_HTTP_CERTIFICATE_H
#define WR_HTTP_CERTIFICATE_H

#include "base/err.h"

#include <gnutls/abstract.h>
#include <stdbool.h>

struct wr_http_certificate;

enum wr_http_pem { WR_PEM_CERTIFICATE, WR_PEM_KEY };

/* From PEM texts. WR_OK, with one reference; WR_EINVAL: *wrong_r says which of the two, err why; WR_ENOMEM. */
enum wr_code wr_http_certificate_create(const char *cert_pem, const char *key_pem,
					struct wr_http_certificate **certificate_r,
					enum wr_http_pem *wrong_r, struct wr_err *err);

struct wr_http_certificate *wr_http_certificate_ref(struct wr_http_certificate *certificate);
void wr_http_certificate_unref(struct wr_http_certificate *certificate); /* NULL does nothing */

/* Whether they came from the same texts. NULL is only NULL. */
bool wr_http_certificate_equal(const struct wr_http_certificate *a,
			       const struct wr_http_certificate *b);

/* For a gnutls_certificate_retrieve_function2: borrowed, so the session needs a reference of its own. */
void wr_http_certificate_give(const struct wr_http_certificate *certificate,
			      gnutls_pcert_st **chain_r, unsigned *count_r,
			      gnutls_privkey_t *key_r);

#endif
