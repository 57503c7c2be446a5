/* Reading a part of a file that may be wrong elsewhere: for whoever needs nothing but that part, and needs it now. */
#include "config.h"

#include "conf/load.h"

#include <string.h>

/* ---- what is about the parts ---- */

/* One step of both paths, which an index in one is any item in the other. */
static void skip_index(const char **part, const char **path)
{
	if (**part != '[' || **path != '[')
		return;
	*part += strcspn(*part, "]");
	*path += strcspn(*path, "]");
}

static bool ends_a_step(const char *path)
{
	return *path == '\0' || *path == '.' || *path == '[';
}

/* Whether `path` is the part, below it, or above it: there it is about what holds the part. */
static bool is_related(const char *part, const char *path)
{
	for (; *part != '\0' && *path != '\0'; part++, path++) {
		skip_index(&part, &path);
		if (*part != *path)
			return false;
	}
	return path[0] == '\0' ? ends_a_step(part) : ends_a_step(path);
}

static bool is_of_any(const char *const *parts, const char *path)
{
	if (path[0] == '\0')
		return true;
	for (; *parts != NULL; parts++) {
		if (is_related(*parts, path))
			return true;
	}
	return false;
}

/* Adds those that are; `parts` NULL: all. */
static void add_related(const struct wr_problems *found, const char *const *parts,
			struct wr_problems *problems)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct wr_problem *p = &found->items[i];

		if (parts == NULL || is_of_any(parts, p->path))
			wr_problems_add(problems, p->file,
					(struct wr_conf_mark){p->line, p->column}, p->path, "%s",
					p->text);
	}
}

/* ---- a file that is no YAML as a whole ---- */

/* Whether a key at the begin of the line, of the document's own map, is where one of the parts begins. */
static bool begins_a_part(struct wr_bytes line, const char *const *parts)
{
	for (; *parts != NULL; parts++) {
		size_t size = strcspn(*parts, ".[");

		if (line.size > size && memcmp(line.data, *parts, size) == 0 &&
		    ((const char *)line.data)[size] == ':')
			return true;
	}
	return false;
}

/* Lines of other keys become blank, so that places stay right. Only in the usual form: keys at the begin of lines. */
static void blank_others(struct wr_buf *text, const char *const *parts)
{
	bool keep = false;
	char *line = text->data, *end = line + text->size;

	while (line < end) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t size = (size_t)((newline != NULL ? newline : end) - line);
		bool is_marker = size >= 3 && memcmp(line, "---", 3) == 0;

		if (is_marker || (size > 0 && strchr(" \t-#\r", line[0]) == NULL))
			keep = begins_a_part(wr_bytes(line, size), parts);
		if (!keep || (size > 0 && line[0] == '#'))
			memset(line, ' ', size);
		line += size + 1;
	}
}

/* ---- both ---- */

static enum wr_code parse(const char *file, struct wr_buf *text, const char *const *parts,
			  struct wr_conf **conf_r, struct wr_problems *found)
{
	struct wr_problems ignored = WR_PROBLEMS_INIT;
	enum wr_code rc = wr_conf_parse_all(file, wr_bytes(text->data, text->size), conf_r, found);

	if (rc != WR_EINVAL || *conf_r != NULL)
		return rc;
	blank_others(text, parts);
	rc = wr_conf_parse_all(file, wr_bytes(text->data, text->size), conf_r, &ignored);
	if (*conf_r != NULL) {
		wr_problems_fini(found);
		*found = ignored;
	} else {
		wr_problems_fini(&ignored);
	}
	return rc;
}

enum wr_code wr_conf_load_parts(const char *file, const char *const *parts, struct wr_conf **conf_r,
				struct wr_problems *problems)
{
	struct wr_problems found = WR_PROBLEMS_INIT;
	size_t before = problems->count;
	struct wr_buf text;
	enum wr_code rc = wr_conf_read(file, &text, &found);

	*conf_r = NULL;
	if (rc == WR_OK)
		rc = parse(file, &text, parts, conf_r, &found);
	add_related(&found, *conf_r != NULL ? parts : NULL, problems);
	if (rc == WR_EINVAL && *conf_r != NULL && problems->count == before)
		rc = WR_OK;
	if (rc != WR_OK) {
		wr_conf_destroy(*conf_r);
		*conf_r = NULL;
	}
	wr_conf_forget(&text);
	wr_problems_fini(&found);
	return rc;
}
