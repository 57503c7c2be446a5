/*
 * A stage's `config`: the tree as JSON text, and the places of its members. Internal to conf/. [any]
 */
#ifndef WR_CONF_CONFIG_JSON_H
#define WR_CONF_CONFIG_JSON_H

#include "conf/tree.h"

/* Appends the tree as JSON by the core schema, numbers with every digit. What JSON can't say is reported. `hides`: what
 * may be secret is replaced (see show.h). WR_OK, WR_EINVAL, WR_ENOMEM. */
enum wr_code wr_config_json(const struct wr_tree_node *node, bool hides, struct wr_report *report,
			    struct wr_buf *out);

/* Where each member stands, without the values. */
struct wr_conf_places;

/* NULL without memory. */
struct wr_conf_places *wr_conf_places_create(const struct wr_tree_node *node);
void wr_conf_places_destroy(struct wr_conf_places *places);

/* The mark at an RFC 6901 pointer, or of the nearest above it that is there. */
struct wr_conf_mark wr_conf_places_find(const struct wr_conf_places *places, const char *pointer);

#endif
