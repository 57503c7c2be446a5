/*
 * Reads a configuration file into struct wr_conf, collecting every error with its place instead of stopping at
 * the first. One thread at a time a call; no state is kept between calls.
 */
#ifndef WR_CONF_LOAD_H
#define WR_CONF_LOAD_H

#include "base/buf.h"
#include "base/code.h"
#include "base/err.h"
#include "conf/conf.h"

/* One thing that is wrong. */
struct wr_problem {
	char *file;
	unsigned line; /* from 1; 0 when the whole file is meant */
	unsigned column;
	char *path; /* of the key: "pipelines[0].batch.linger"; "" for the document */
	char *text; /* what was found and what was expected, one sentence */
};

struct wr_problems {
	struct wr_problem *items;
	size_t count;
};

#define WR_PROBLEMS_INIT \
	{                \
		NULL, 0  \
	}

void wr_problems_fini(struct wr_problems *problems);

/* Copies everything; `path` may be NULL. Out of memory, the last problem says so. */
void wr_problems_add(struct wr_problems *problems, const char *file, struct wr_conf_mark mark,
		     const char *path, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* "file:line:column: path: text" a line. */
enum wr_code wr_problems_render(const struct wr_problems *problems, struct wr_buf *out);

/* Loads and validates. On WR_OK the caller owns *conf_r; otherwise it is NULL and *problems says why.
 * WR_OK, WR_EINVAL, WR_ENOTFOUND or WR_EIO (the file), WR_ENOMEM. [any] */
enum wr_code wr_conf_load(const char *file, struct wr_conf **conf_r, struct wr_problems *problems);

/* Reads the whole file, for wr_conf_parse(); problems say why it can't. End with wr_conf_forget(), which wipes: there
 * may be secrets. WR_OK, WR_ENOTFOUND, WR_EIO, WR_ENOMEM. [any] */
enum wr_code wr_conf_read(const char *file, struct wr_buf *text_r, struct wr_problems *problems);
void wr_conf_forget(struct wr_buf *text);

/* The same from memory; `file` is only a name for messages. */
enum wr_code wr_conf_parse(const char *file, struct wr_bytes text, struct wr_conf **conf_r,
			   struct wr_problems *problems);

/* The same, but with WR_EINVAL there is a *conf_r too, unless the text is no YAML: what could be read of it, for finding
 * what else is wrong. It may lack what it needs, and nothing is run with it. */
enum wr_code wr_conf_parse_all(const char *file, struct wr_bytes text, struct wr_conf **conf_r,
			       struct wr_problems *problems);

/* Reads what the file says under some paths ("http.admin", "pipelines[].name"; the list ends at NULL), whatever is wrong
 * with the rest of it. With WR_OK that part of *conf_r is as wr_conf_load() makes it; the rest may have holes, and must not
 * be looked at. What is wrong with the part is a problem, and the code as of wr_conf_load(). [any] */
enum wr_code wr_conf_load_parts(const char *file, const char *const *parts, struct wr_conf **conf_r,
				struct wr_problems *problems);

/* What a key of that path is when the file does not name it, as one would write it; NULL: nothing. [any] */
const char *wr_conf_default(const char *path);

/* Where the key at `pointer` (RFC 6901) stands in the file, or the nearest above it. [any] */
struct wr_conf_mark wr_conf_mark(const struct wr_conf *conf, const char *pointer);

/* NULL does nothing. Secrets are wiped. */
void wr_conf_destroy(struct wr_conf *conf);

/* Where the member at `pointer` (RFC 6901) of a stage's `config` stands in the file; when the pointer leads nowhere,
 * the nearest above it that is there; without a `config`, the stage. */
struct wr_conf_mark wr_conf_stage_config_mark(const struct wr_conf *conf,
					      const struct wr_conf_stage *stage,
					      const char *pointer);

/* Appends the JSON Schema (draft 7) of configuration files, for editors. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_conf_json_schema(struct wr_buf *out);

/* Append the reference page (Markdown) and the manual page weir.yaml(5). WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_conf_reference_markdown(struct wr_buf *out);
enum wr_code wr_conf_reference_man(struct wr_buf *out);

#endif
