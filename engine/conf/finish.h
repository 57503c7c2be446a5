/*
 * What follows from the file without standing in it: the defaults that are found out, marks, names. Internal to
 * conf/.
 */
#ifndef WR_CONF_FINISH_H
#define WR_CONF_FINISH_H

#include "conf/conf.h"
#include "conf/tree.h"

/* Completes what wr_fill() made. WR_OK or WR_ENOMEM. */
enum wr_code wr_finish(struct wr_conf *conf, const struct wr_tree_node *root);

#endif
