/*
 * Preloaded into an engine, fills the disk below FULL_DISK_FOLDER as the 64-bit number in the file FULL_DISK_FILE says
 * now: 0 there is room; 1 nothing can be written; 2 no file and no folder can be made either.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const volatile int64_t none;
static const volatile int64_t *full = &none;
static const char *folder;

/* Before any thread is there. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FULL_DISK_FILE");
	int fd = path != NULL ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	folder = getenv("FULL_DISK_FOLDER");
	if (map == MAP_FAILED || folder == NULL)
		abort();
	full = map;
	close(fd);
}

static int is_below(const char *path)
{
	return strncmp(path, folder, strlen(folder)) == 0;
}

static int is_below_fd(int fd)
{
	char name[64], path[PATH_MAX];
	ssize_t size;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	size = readlink(name, path, sizeof(path) - 1);
	if (size < 0)
		return 0;
	path[size] = '\0';
	return is_below(path);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if ((flags & (O_CREAT | __O_TMPFILE)) != 0)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (*full == 2 && (flags & O_CREAT) != 0 && is_below(path) && access(path, F_OK) != 0) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int mkdir(const char *path, mode_t mode)
{
	if (*full == 2 && is_below(path) && access(path, F_OK) != 0) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

ssize_t write(int fd, const void *data, size_t size)
{
	if (*full != 0 && size > 0 && is_below_fd(fd)) {
		errno = ENOSPC;
		return -1;
	}
	return (ssize_t)syscall(SYS_write, fd, data, size);
}
