#include "config.h"

#include "tests/http/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <stdio.h>

static bool sign(X509 *cert, EVP_PKEY *key)
{
	static const unsigned char name[] = "localhost";
	X509_NAME *subject = X509_get_subject_name(cert);

	return ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), 3600) != NULL &&
	       X509_set_pubkey(cert, key) == 1 &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, subject) == 1 && X509_sign(cert, key, EVP_sha256()) > 0;
}

bool certificate_write(const char *cert_file, const char *key_file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	FILE *cert_out = fopen(cert_file, "we"), *key_out = fopen(key_file, "we");
	bool done;

	done = key != NULL && cert != NULL && cert_out != NULL && key_out != NULL &&
	       sign(cert, key) && PEM_write_X509(cert_out, cert) == 1 &&
	       PEM_write_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL) == 1;
	if (cert_out != NULL)
		fclose(cert_out);
	if (key_out != NULL)
		fclose(key_out);
	X509_free(cert);
	EVP_PKEY_free(key);
	return done;
}
