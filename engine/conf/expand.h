/*
 * ${NAME} and ${NAME:-default} in the scalars of a tree, from the environment. "$$" is a dollar; a dollar before
 * anything else stays. One thread (the environment must not change meanwhile).
 */
#ifndef WR_CONF_EXPAND_H
#define WR_CONF_EXPAND_H

#include "conf/tree.h"

/* Expands all scalars; keys stay as they are. What can't be expanded is reported and left. WR_OK or WR_ENOMEM. */
enum wr_code wr_expand_tree(struct wr_tree *tree, struct wr_report *report);

#endif
