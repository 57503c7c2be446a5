#include "config.h"

#include "http/certificate.h"

#include "base/check.h"
#include "base/sha256.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_MAGIC UINT32_C(0x48434552)
#define CHAIN_MAX 16u
#define KEY_ID_BYTES 64

struct wr_http_certificate {
	uint32_t magic;
	_Atomic unsigned refs;
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned count;
	gnutls_privkey_t key;
	char cert_sha256[WR_SHA256_HEX_BYTES], key_sha256[WR_SHA256_HEX_BYTES];
};

/* gnutls wants a pointer to what it only reads. */
static gnutls_datum_t datum_of(const char *text)
{
	union {
		const char *constant;
		unsigned char *bytes;
	} borrowed = {.constant = text};

	return (gnutls_datum_t){borrowed.bytes, (unsigned)strlen(text)};
}

static enum wr_code read_chain(struct wr_http_certificate *certificate, const char *pem,
			       struct wr_err *err)
{
	const gnutls_datum_t data = datum_of(pem);
	unsigned count = CHAIN_MAX;
	int error = gnutls_pcert_list_import_x509_raw(certificate->chain, &count, &data,
						      GNUTLS_X509_FMT_PEM,
						      GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);

	if (error == GNUTLS_E_SHORT_MEMORY_BUFFER)
		return wr_err_set(err, WR_EINVAL, "holds more than %u certificates", CHAIN_MAX);
	if (error < 0)
		return wr_err_set(err, error == GNUTLS_E_MEMORY_ERROR ? WR_ENOMEM : WR_EINVAL,
				  "holds no certificate in PEM: %s", gnutls_strerror(error));
	certificate->count = count;
	return WR_OK;
}

static enum wr_code read_key(struct wr_http_certificate *certificate, const char *pem,
			     struct wr_err *err)
{
	const gnutls_datum_t data = datum_of(pem);
	int error = gnutls_privkey_init(&certificate->key);

	if (error == 0)
		error = gnutls_privkey_import_x509_raw(certificate->key, &data, GNUTLS_X509_FMT_PEM,
						       NULL, 0);
	if (error == 0)
		return WR_OK;
	return wr_err_set(err, error == GNUTLS_E_MEMORY_ERROR ? WR_ENOMEM : WR_EINVAL,
			  "holds no private key in PEM, or one with a passphrase: %s",
			  gnutls_strerror(error));
}

static bool identify(gnutls_pubkey_t key, unsigned char id[KEY_ID_BYTES])
{
	size_t size = KEY_ID_BYTES;

	memset(id, 0, KEY_ID_BYTES);
	return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id, &size) == 0;
}

static bool is_of(gnutls_pubkey_t certified, gnutls_privkey_t key)
{
	unsigned char certified_id[KEY_ID_BYTES], own_id[KEY_ID_BYTES];
	gnutls_pubkey_t own;
	bool same;

	if (gnutls_pubkey_init(&own) != 0)
		return false;
	same = gnutls_pubkey_import_privkey(own, key, 0, 0) == 0 && identify(own, own_id) &&
	       identify(certified, certified_id) && memcmp(own_id, certified_id, KEY_ID_BYTES) == 0;
	gnutls_pubkey_deinit(own);
	return same;
}

static enum wr_code load(struct wr_http_certificate *certificate, const char *cert_pem,
			 const char *key_pem, enum wr_http_pem *wrong_r, struct wr_err *err)
{
	enum wr_code rc = read_chain(certificate, cert_pem, err);

	if (rc != WR_OK)
		return rc;
	*wrong_r = WR_PEM_KEY;
	rc = read_key(certificate, key_pem, err);
	if (rc == WR_OK && !is_of(certificate->chain[0].pubkey, certificate->key))
		rc = wr_err_set(err, WR_EINVAL,
				"holds a key that does not belong to the certificate; the file of "
				"the certificate begins with the server's own");
	wr_sha256_hex(wr_bytes_of(cert_pem), certificate->cert_sha256);
	wr_sha256_hex(wr_bytes_of(key_pem), certificate->key_sha256);
	return rc;
}

enum wr_code wr_http_certificate_create(const char *cert_pem, const char *key_pem,
					struct wr_http_certificate **certificate_r,
					enum wr_http_pem *wrong_r, struct wr_err *err)
{
	struct wr_http_certificate *certificate = calloc(1, sizeof(*certificate));
	enum wr_code rc;

	*certificate_r = NULL;
	*wrong_r = WR_PEM_CERTIFICATE;
	if (certificate == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a certificate");
	certificate->magic = CERTIFICATE_MAGIC;
	atomic_init(&certificate->refs, 1);
	rc = load(certificate, cert_pem, key_pem, wrong_r, err);
	if (rc == WR_OK)
		*certificate_r = certificate;
	else
		wr_http_certificate_unref(certificate);
	return rc;
}

struct wr_http_certificate *wr_http_certificate_ref(struct wr_http_certificate *certificate)
{
	WR_CHECK(certificate, CERTIFICATE_MAGIC);
	atomic_fetch_add_explicit(&certificate->refs, 1, memory_order_relaxed);
	return certificate;
}

void wr_http_certificate_unref(struct wr_http_certificate *certificate)
{
	if (certificate == NULL)
		return;
	WR_CHECK(certificate, CERTIFICATE_MAGIC);
	if (atomic_fetch_sub_explicit(&certificate->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (unsigned i = 0; i < certificate->count; i++)
		gnutls_pcert_deinit(&certificate->chain[i]);
	if (certificate->key != NULL)
		gnutls_privkey_deinit(certificate->key);
	certificate->magic = 0;
	free(certificate);
}

bool wr_http_certificate_equal(const struct wr_http_certificate *a,
			       const struct wr_http_certificate *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a->cert_sha256, b->cert_sha256) == 0 &&
	       strcmp(a->key_sha256, b->key_sha256) == 0;
}

void wr_http_certificate_give(const struct wr_http_certificate *certificate,
			      gnutls_pcert_st **chain_r, unsigned *count_r, gnutls_privkey_t *key_r)
{
	union {
		const gnutls_pcert_st *constant;
		gnutls_pcert_st *chain;
	} borrowed = {.constant = certificate->chain};

	*chain_r = borrowed.chain;
	*count_r = certificate->count;
	*key_r = certificate->key;
}
