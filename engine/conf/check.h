/*
 * The rules that more than one key has to keep together. Internal to conf/.
 */
#ifndef WR_CONF_CHECK_H
#define WR_CONF_CHECK_H

#include "conf/conf.h"
#include "conf/tree.h"

/* Reports what breaks a rule. `conf` may have holes where values were refused: they break none. */
void wr_check(const struct wr_conf *conf, const struct wr_tree_node *root,
	      struct wr_report *report);

/* Below: shared by check.c (the engine) and check_pipeline.c. */

struct wr_checker {
	const struct wr_conf *conf;
	const struct wr_tree_node *root;
	struct wr_report *report;
};

/* Reports at a path such as "pipelines[1].source.topics[0]", which holds plain keys and indices only; the place is
 * that of the nearest node on the path that is there. */
void wr_check_report(struct wr_checker *c, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The mark that wr_check_report() would take. */
struct wr_conf_mark wr_check_mark(const struct wr_checker *c, const char *path);

void wr_check_pipelines(struct wr_checker *c);
void wr_check_properties(struct wr_checker *c);

#endif
