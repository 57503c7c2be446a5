#include "config.h"

#include "conf/load.h"
#include "base/secret.h"
#include "conf/check.h"
#include "conf/config_json.h"
#include "conf/expand.h"
#include "conf/fill.h"
#include "conf/finish.h"
#include "conf/report.h"
#include "conf/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum wr_code make_conf(struct wr_tree *tree, struct wr_conf *conf, struct wr_report *report)
{
	const struct wr_tree_node *root = wr_tree_root(tree);
	enum wr_code rc = wr_expand_tree(tree, report);

	if (rc == WR_OK)
		rc = wr_fill(root, conf, report);
	if (rc == WR_OK)
		rc = wr_finish(conf, root);
	if (rc != WR_OK)
		return rc;
	wr_check(conf, root, report);
	conf->places = wr_conf_places_create(root);
	return conf->places != NULL ? WR_OK : WR_ENOMEM;
}

enum wr_code wr_conf_parse_all(const char *file, struct wr_bytes text, struct wr_conf **conf_r,
			       struct wr_problems *problems)
{
	struct wr_conf *conf = calloc(1, sizeof(*conf));
	struct wr_tree *tree = NULL;
	struct wr_report report;
	enum wr_code rc = WR_ENOMEM;
	bool is_made;

	*conf_r = NULL;
	wr_report_init(&report, file, problems);
	if (conf != NULL)
		conf->file = strdup(file);
	if (conf != NULL && conf->file != NULL)
		rc = wr_tree_read(text, &report, &tree);
	if (rc == WR_OK)
		rc = make_conf(tree, conf, &report);
	is_made = rc == WR_OK;
	if (report.out_of_memory)
		rc = WR_ENOMEM;
	if (rc == WR_ENOMEM)
		wr_problems_add(problems, file, (struct wr_conf_mark){0, 0}, NULL, "out of memory");
	else if (rc == WR_OK && wr_report_failed(&report))
		rc = WR_EINVAL;
	wr_report_sort(&report);
	wr_report_fini(&report);
	wr_tree_destroy(tree);
	if (is_made && rc != WR_ENOMEM)
		*conf_r = conf;
	else
		wr_conf_destroy(conf);
	return rc;
}

enum wr_code wr_conf_parse(const char *file, struct wr_bytes text, struct wr_conf **conf_r,
			   struct wr_problems *problems)
{
	enum wr_code rc = wr_conf_parse_all(file, text, conf_r, problems);

	if (rc != WR_OK) {
		wr_conf_destroy(*conf_r);
		*conf_r = NULL;
	}
	return rc;
}

/* The whole file, or a little more than the reader takes: it says so then. */
static enum wr_code read_stream(FILE *stream, struct wr_buf *text)
{
	size_t n;

	/* At once, so that no growth leaves a copy of a secret behind. */
	if (wr_buf_reserve(text, WR_TREE_MAX_FILE_BYTES + 1) != WR_OK)
		return WR_ENOMEM;
	n = fread(text->data, 1, WR_TREE_MAX_FILE_BYTES + 1, stream);
	text->size = n;
	return ferror(stream) ? WR_EIO : WR_OK;
}

enum wr_code wr_conf_read(const char *file, struct wr_buf *text_r, struct wr_problems *problems)
{
	const struct wr_conf_mark whole = {0, 0};
	FILE *stream = fopen(file, "re");
	enum wr_code rc;

	wr_buf_init(text_r);
	if (stream == NULL) {
		rc = errno == ENOENT ? WR_ENOTFOUND : WR_EIO;
		wr_problems_add(problems, file, whole, NULL, "the file can't be opened: %s",
				strerror(errno));
		return rc;
	}
	setvbuf(stream, NULL, _IONBF, 0);
	errno = 0;
	rc = read_stream(stream, text_r);
	if (rc != WR_OK)
		wr_problems_add(problems, file, whole, NULL, "the file can't be read: %s",
				rc == WR_ENOMEM ? "out of memory" : strerror(errno));
	fclose(stream);
	if (rc != WR_OK)
		wr_conf_forget(text_r);
	return rc;
}

void wr_conf_forget(struct wr_buf *text)
{
	if (text->data != NULL)
		wr_secret_wipe(text->data, text->size);
	wr_buf_fini(text);
	wr_buf_init(text);
}

enum wr_code wr_conf_load(const char *file, struct wr_conf **conf_r, struct wr_problems *problems)
{
	struct wr_buf text;
	enum wr_code rc = wr_conf_read(file, &text, problems);

	*conf_r = NULL;
	if (rc == WR_OK)
		rc = wr_conf_parse(file, wr_bytes(text.data, text.size), conf_r, problems);
	wr_conf_forget(&text);
	return rc;
}

struct wr_conf_mark wr_conf_mark(const struct wr_conf *conf, const char *pointer)
{
	if (conf->places == NULL)
		return (struct wr_conf_mark){0, 0};
	return wr_conf_places_find(conf->places, pointer);
}

struct wr_conf_mark wr_conf_stage_config_mark(const struct wr_conf *conf,
					      const struct wr_conf_stage *stage,
					      const char *pointer)
{
	(void)conf;
	if (stage->config_places == NULL)
		return stage->config_mark.line > 0 ? stage->config_mark : stage->mark;
	return wr_conf_places_find(stage->config_places, pointer);
}
