#include "config.h"

#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#define DIGEST_BYTES 32
#define READ_BYTES ((size_t)64 * 1024)

static void to_hex(const unsigned char *digest, char hex_r[WR_SHA256_HEX_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < DIGEST_BYTES; i++) {
		hex_r[2 * i] = digits[digest[i] >> 4];
		hex_r[2 * i + 1] = digits[digest[i] & 15];
	}
	hex_r[2 * DIGEST_BYTES] = '\0';
}

enum wr_code wr_sha256_hex(struct wr_bytes data, char hex_r[WR_SHA256_HEX_BYTES])
{
	unsigned char digest[DIGEST_BYTES];

	hex_r[0] = '\0';
	if (EVP_Digest(data.data, data.size, digest, NULL, EVP_sha256(), NULL) != 1)
		return WR_ENOMEM;
	to_hex(digest, hex_r);
	return WR_OK;
}

static enum wr_code digest_fd(int fd, const char *path, EVP_MD_CTX *context, struct wr_err *err)
{
	unsigned char bytes[READ_BYTES];
	ssize_t n;

	for (;;) {
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return wr_err_set(err, WR_EIO, "%s: %s", path, strerror(errno));
		if (n == 0)
			return WR_OK;
		if (EVP_DigestUpdate(context, bytes, (size_t)n) != 1)
			return wr_err_set(err, WR_ENOMEM, "out of memory");
	}
}

enum wr_code wr_sha256_file(const char *path, char hex_r[WR_SHA256_HEX_BYTES], struct wr_err *err)
{
	unsigned char digest[DIGEST_BYTES];
	EVP_MD_CTX *context = NULL;
	enum wr_code rc;
	int fd;

	hex_r[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return wr_err_set(err, errno == ENOENT ? WR_ENOTFOUND : WR_EIO, "%s: %s", path,
				  strerror(errno));
	context = EVP_MD_CTX_new();
	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
		rc = wr_err_set(err, WR_ENOMEM, "out of memory");
		goto out;
	}
	rc = digest_fd(fd, path, context, err);
	if (rc != WR_OK)
		goto out;
	if (EVP_DigestFinal_ex(context, digest, NULL) != 1) {
		rc = wr_err_set(err, WR_ENOMEM, "out of memory");
		goto out;
	}
	to_hex(digest, hex_r);
out:
	EVP_MD_CTX_free(context);
	close(fd);
	return rc;
}
