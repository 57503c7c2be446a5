#include "config.h"

#include "conf/secret_file.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BYTES 4096

/* As much as fits; more than MAX_BYTES is too much. */
static ssize_t read_whole(const char *file, char *buffer, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), saved;
	ssize_t n = 0;
	size_t used = 0;

	if (fd < 0)
		return -1;
	while (used < size && (n = read(fd, buffer + used, size - used)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return n < 0 ? -1 : (ssize_t)used;
}

enum wr_code wr_secret_file_read(const char *file, char **secret_r, struct wr_err *err)
{
	char buffer[MAX_BYTES + 1];
	enum wr_code rc = WR_OK;
	ssize_t n;
	size_t size;

	*secret_r = NULL;
	n = read_whole(file, buffer, sizeof(buffer));
	if (n < 0)
		return wr_err_set(err, WR_EIO, "the file can't be read: %s", strerror(errno));
	size = (size_t)n;
	if (size > MAX_BYTES)
		rc = wr_err_set(err, WR_EINVAL, "the file holds more than 4 KiB");
	while (size > 0 && (buffer[size - 1] == '\n' || buffer[size - 1] == '\r'))
		size--;
	if (rc == WR_OK && size == 0)
		rc = wr_err_set(err, WR_EINVAL, "the file is empty");
	if (rc == WR_OK && memchr(buffer, '\0', size) != NULL)
		rc = wr_err_set(err, WR_EINVAL, "the file holds a NUL byte");
	if (rc == WR_OK) {
		*secret_r = strndup(buffer, size);
		if (*secret_r == NULL)
			rc = wr_err_set(err, WR_ENOMEM, "out of memory");
	}
	wr_secret_wipe(buffer, sizeof(buffer));
	return rc;
}
