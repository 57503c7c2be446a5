/*
 * One value of the tree into one field of struct wr_conf, by its row. Internal to conf/.
 */
#ifndef WR_CONF_VALUE_H
#define WR_CONF_VALUE_H

#include "conf/schema.h"
#include "conf/tree.h"

/* `base` is the struct that the row's member is in. Any type but MAP and LIST. WR_OK; WR_EINVAL: it was reported,
 * here or when its variables were expanded, and the field is as before; WR_ENOMEM. A list or map of scalars takes what is good of it and reports the rest. */
enum wr_code wr_value_set(const struct wr_key_row *row, const struct wr_tree_node *node, void *base,
			  struct wr_report *report);

/* Below: shared by value.c (scalars) and value_map.c. */

struct wr_setter {
	const struct wr_key_row *row;
	const struct wr_tree_node *node;
	void *base;
	struct wr_report *report;
};

void *wr_setter_field(const struct wr_setter *s);

/* Reports what was expected, what was found at `node` and, unless NULL, why that is not it. Returns WR_EINVAL. */
enum wr_code wr_setter_refuse(const struct wr_setter *s, const struct wr_tree_node *node,
			      const char *why);

/* Whether the node is text: a string, or any scalar that a variable gave (a password may be all digits). */
bool wr_setter_is_text(const struct wr_tree_node *node);

/* Reports a node that is no text of the row's form. WR_OK or WR_EINVAL. */
enum wr_code wr_setter_check_text(const struct wr_setter *s, const struct wr_tree_node *node);

enum wr_code wr_value_set_properties(const struct wr_setter *s);
enum wr_code wr_value_set_outputs(const struct wr_setter *s);
enum wr_code wr_value_set_tree(const struct wr_setter *s);

#endif
