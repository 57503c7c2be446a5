/*
 * Holds a tree to the table and fills struct wr_conf from it: types, ranges, unknown and missing keys, defaults.
 * What needs more than one key to judge is in check.h. Internal to conf/.
 */
#ifndef WR_CONF_FILL_H
#define WR_CONF_FILL_H

#include "conf/conf.h"
#include "conf/tree.h"

/* Problems are reported, and filling goes on; `conf` is zeroed before and may have holes after problems. WR_OK (also
 * with problems) or WR_ENOMEM. */
enum wr_code wr_fill(const struct wr_tree_node *root, struct wr_conf *conf,
		     struct wr_report *report);

#endif
