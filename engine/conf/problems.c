#include "config.h"

#include "conf/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this nobody reads on; a hostile file must not make a report that fills the memory. */
#define MAX_PROBLEMS 1000

/* What a problem says when there was no memory for its own text; never freed. */
static char no_text[] = "";
static char no_memory_text[] = "out of memory";

static void free_text(char *text)
{
	if (text != no_text && text != no_memory_text)
		free(text);
}

void wr_problems_fini(struct wr_problems *problems)
{
	size_t i;

	for (i = 0; i < problems->count; i++) {
		free_text(problems->items[i].file);
		free_text(problems->items[i].path);
		free_text(problems->items[i].text);
	}
	free(problems->items);
	*problems = (struct wr_problems)WR_PROBLEMS_INIT;
}

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list args)
{
	char *text;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

/* Room for one more, or NULL. The array grows at the powers of two, so that it needs no capacity. */
static struct wr_problem *grow(struct wr_problems *problems)
{
	struct wr_problem *items = problems->items;
	size_t count = problems->count;

	if ((count & (count - 1)) == 0) {
		items = realloc(items, (count == 0 ? 1 : count * 2) * sizeof(*items));
		if (items == NULL)
			return NULL;
		problems->items = items;
	}
	return &items[problems->count++];
}

static void fill(struct wr_problem *item, const char *file, struct wr_conf_mark mark,
		 const char *path, char *text)
{
	item->line = mark.line;
	item->column = mark.column;
	item->file = strdup(file);
	item->path = strdup(path != NULL ? path : "");
	item->text = text;
	if (item->file == NULL)
		item->file = no_text;
	if (item->path == NULL)
		item->path = no_text;
	if (item->text == NULL)
		item->text = no_memory_text;
}

void wr_problems_add(struct wr_problems *problems, const char *file, struct wr_conf_mark mark,
		     const char *path, const char *format, ...)
{
	static const char too_many[] = "too many errors; the rest is left out";
	struct wr_problem *item;
	va_list args;
	char *text;

	if (problems->count >= MAX_PROBLEMS)
		return;
	item = grow(problems);
	if (item == NULL) {
		if (problems->count > 0) {
			item = &problems->items[problems->count - 1];
			free_text(item->text);
			item->text = no_memory_text;
		}
		return;
	}
	if (problems->count == MAX_PROBLEMS) {
		fill(item, file, (struct wr_conf_mark){0, 0}, NULL, strdup(too_many));
		return;
	}
	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	fill(item, file, mark, path, text);
}

enum wr_code wr_problems_render(const struct wr_problems *problems, struct wr_buf *out)
{
	const struct wr_problem *item;
	enum wr_code rc = WR_OK;
	size_t i;

	for (i = 0; i < problems->count && rc == WR_OK; i++) {
		item = &problems->items[i];
		rc = wr_buf_append_text(out, item->file);
		if (rc == WR_OK && item->line > 0)
			rc = wr_buf_printf(out, ":%u:%u", item->line, item->column);
		if (rc == WR_OK && item->path[0] != '\0')
			rc = wr_buf_printf(out, ": %s", item->path);
		if (rc == WR_OK)
			rc = wr_buf_printf(out, ": %s\n", item->text);
	}
	return rc;
}
