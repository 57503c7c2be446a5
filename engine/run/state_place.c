#include "config.h"

#include "run/state_place.h"

#include "base/file.h"
#include "conf/load.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *wr_state_place_absolute(const char *file)
{
	char folder[PATH_MAX], *path;

	if (file[0] == '/' || getcwd(folder, sizeof(folder)) == NULL)
		return strdup(file);
	return asprintf(&path, "%s/%s", folder, file) < 0 ? NULL : path;
}

bool wr_state_place_is_same_file(const char *a, const char *b)
{
	struct stat one, other;

	return strcmp(a, b) == 0 || (stat(a, &one) == 0 && stat(b, &other) == 0 &&
				     one.st_dev == other.st_dev && one.st_ino == other.st_ino);
}

/* ---- the note ---- */

static char *path_of_note(const char *file)
{
	const char *slash = strrchr(file, '/');
	int folder = slash != NULL ? (int)(slash - file) + 1 : 0;
	char *path;

	return asprintf(&path, "%.*s.%s.state_dir", folder, file, file + folder) < 0 ? NULL : path;
}

static char *read_note(const char *file)
{
	char *path = path_of_note(file), text[PATH_MAX], *found = NULL;
	struct stat st;
	ssize_t n = 0;
	int fd;

	if (path == NULL)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	free(path);
	if (fd < 0)
		return NULL;
	/* Plugins are run from there, so it is nobody else's to say. */
	if (fstat(fd, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		n = read(fd, text, sizeof(text));
	if (n > 1 && text[0] == '/' && text[n - 1] == '\n') /* else it is not whole */
		found = strndup(text, (size_t)n - 1);
	close(fd);
	return found;
}

/* Where it can't be written there is none. */
static void replace_note(const char *path, const char *text)
{
	char *line;

	if (asprintf(&line, "%s\n", text) < 0)
		return;
	wr_file_replace(path, wr_bytes_of(line), 0644, NULL);
	free(line);
}

void wr_state_place_note(const char *file, const char *state_dir)
{
	char *path = path_of_note(file), *folder = realpath(state_dir, NULL),
	     *noted = read_note(file);

	if (path != NULL && strcmp(state_dir, wr_conf_default("state_dir")) == 0)
		unlink(path);
	else if (path != NULL && folder != NULL && (noted == NULL || strcmp(noted, folder) != 0))
		replace_note(path, folder);
	free(noted);
	free(folder);
	free(path);
}

/* ---- the file ---- */

/* The value of `line`, without its quotes and comment. NULL: it has none. */
static char *value_of(const char *line)
{
	size_t size;

	line += strspn(line, " \t\"'");
	size = strcspn(line, "\"'\r\n");
	for (size_t i = 0; i < size; i++) {
		if (line[i] == '#' && (line[i - 1] == ' ' || line[i - 1] == '\t'))
			size = i; /* before the first is the key's colon, at least */
	}
	while (size > 0 && (line[size - 1] == ' ' || line[size - 1] == '\t'))
		size--;
	return size > 0 ? strndup(line, size) : NULL;
}

/* It may be no YAML at all, so its line is looked for. Not one that is cut short, or has variables: NULL. */
static char *find_line(const char *file)
{
	static const char key[] = "\nstate_dir:";
	struct wr_problems ignored = WR_PROBLEMS_INIT;
	const char *text, *line = NULL, *end;
	char *found = NULL;
	struct wr_buf buf;

	if (wr_conf_read(file, &buf, &ignored) == WR_OK && (text = wr_buf_text(&buf)) != NULL)
		line = strncmp(text, key + 1, sizeof(key) - 2) == 0 ? text - 1 : strstr(text, key);
	if (line != NULL) {
		line += sizeof(key) - 1;
		end = strchr(line, '\n');
		if (end != NULL && memchr(line, '$', (size_t)(end - line)) == NULL)
			found = value_of(line);
	}
	wr_conf_forget(&buf);
	wr_problems_fini(&ignored);
	return found;
}

char *wr_state_place_find(const char *file)
{
	char *found = find_line(file);

	if (found == NULL)
		found = read_note(file);
	return found != NULL ? found : strdup(wr_conf_default("state_dir"));
}

char *wr_state_place_of(const char *file)
{
	struct wr_problems ignored = WR_PROBLEMS_INIT;
	struct wr_conf *conf;
	char *place;

	if (wr_conf_load(file, &conf, &ignored) == WR_OK)
		place = strdup(conf->state_dir);
	else
		place = wr_state_place_find(file);
	wr_conf_destroy(conf);
	wr_problems_fini(&ignored);
	return place;
}
