#include "config.h"

#include "host/plugin_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((off_t)1 << 30)

static enum wr_code out_of_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "no memory to open a plugin");
}

void wr_plugin_guess_init(struct wr_plugin_guess *guess, const char *file)
{
	wr_nearest_init(&guess->nearest, wr_bytes_of(file));
	guess->file[0] = '\0';
}

void wr_plugin_guess_look(struct wr_plugin_guess *guess, const char *folder)
{
	DIR *listing = opendir(folder);
	const struct dirent *entry;
	size_t before, length;

	while (listing != NULL && (entry = readdir(listing)) != NULL) {
		before = guess->nearest.distance;
		length = strlen(entry->d_name);
		if (length < 4 || strcmp(entry->d_name + length - 3, ".so") != 0)
			continue;
		wr_nearest_try(&guess->nearest, entry->d_name);
		if (guess->nearest.distance < before)
			snprintf(guess->file, sizeof(guess->file), "%s", entry->d_name);
	}
	if (listing != NULL)
		closedir(listing);
}

static enum wr_code not_there(const char *path, struct wr_err *err)
{
	const char *slash = strrchr(path, '/');
	struct wr_plugin_guess guess;
	char *folder;

	wr_plugin_guess_init(&guess, slash != NULL ? slash + 1 : path);
	folder = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : NULL;
	if (folder != NULL)
		wr_plugin_guess_look(&guess, folder);
	free(folder);
	if (guess.file[0] == '\0')
		return wr_err_set(err, WR_ENOTFOUND, "there is no file \"%s\"", path);
	return wr_err_set(err, WR_ENOTFOUND,
			  "there is no file \"%s\"; did you mean \"%s\" beside it?", path,
			  guess.file);
}

static enum wr_code open_failed(const char *path, int error, struct wr_err *err)
{
	if (error == ENOENT || error == ENOTDIR)
		return not_there(path, err);
	return wr_err_set(err, WR_EIO, "the file \"%s\" can't be read: %s", path, strerror(error));
}

static enum wr_code read_all(int fd, char *data, size_t size, size_t *size_r)
{
	*size_r = 0;
	while (*size_r < size) {
		ssize_t n = read(fd, data + *size_r, size - *size_r);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return WR_EIO;
		if (n == 0)
			break;
		*size_r += (size_t)n;
	}
	return WR_OK;
}

/* Read, not mapped: a file cut short meanwhile must not fault. */
enum wr_code wr_plugin_file_read(const char *path, struct wr_bytes *file_r, struct wr_err *err)
{
	enum wr_code rc = WR_OK;
	struct stat st;
	char *data = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*file_r = wr_bytes(NULL, 0);
	if (fd < 0)
		return open_failed(path, errno, err);
	if (fstat(fd, &st) != 0) {
		rc = open_failed(path, errno, err);
	} else if (!S_ISREG(st.st_mode)) {
		rc = wr_err_set(err, WR_EINVAL, "\"%s\" is %s, not a regular file", path,
				S_ISDIR(st.st_mode) ? "a folder" : "a device, pipe or socket");
	} else if (st.st_size > FILE_BYTES_MAX) {
		rc = wr_err_set(err, WR_EINVAL, "\"%s\" is larger than 1 GiB; strip it", path);
	} else {
		data = malloc((size_t)st.st_size + 1);
		rc = data == NULL ? out_of_memory(err)
				  : read_all(fd, data, (size_t)st.st_size, &file_r->size);
		if (rc == WR_EIO)
			open_failed(path, errno, err);
	}
	close(fd);
	if (rc != WR_OK) {
		free(data);
		file_r->size = 0;
		return rc;
	}
	file_r->data = data;
	return WR_OK;
}

static enum wr_code check_symbols(const struct wr_elf *elf, struct wr_err *err)
{
	if (elf->has_symbols && !elf->has_entry)
		return wr_err_set(err, WR_EINVAL,
				  "it exports no symbol weir_plugin; export it with WEIR_PLUGIN of "
				  "weir/plugin.h (in C++ WEIR_PLUGIN_CXX)");
	if (elf->has_entry && !elf->entry_is_data)
		return wr_err_set(
		    err, WR_EINVAL,
		    "its symbol weir_plugin is a function and must be data; export it with "
		    "WEIR_PLUGIN of weir/plugin.h");
	if (elf->unique_count > 0)
		return wr_err_set(
		    err, WR_EINVAL,
		    "it defines %u symbol%s of the kind GNU unique (%s), which would go on "
		    "using the old code after the plugin is changed; build it with "
		    "-fno-gnu-unique (pkg-config --cflags weir has it)",
		    elf->unique_count, elf->unique_count == 1 ? "" : "s", elf->unique_name);
	return WR_OK;
}

void wr_plugin_file_free(struct wr_bytes *file)
{
	free((void *)(uintptr_t)file->data);
	*file = wr_bytes(NULL, 0);
}

enum wr_code wr_plugin_file_check(struct wr_bytes file, struct wr_elf *elf_r, struct wr_err *err)
{
	struct wr_elf elf;
	enum wr_code rc = wr_elf_inspect(file, &elf, err);

	if (rc == WR_OK)
		rc = check_symbols(&elf, err);
	if (elf_r != NULL)
		*elf_r = elf;
	return rc;
}
