/*
 * A YAML document as a tree whose nodes know their line and column. libyaml stays behind it. It holds the file
 * to what configurations need: one document, string keys, no key twice, core tags only, bounded in size and depth.
 * An alias shares the node of its anchor, so a node may have several parents (never itself above it).
 *
 * Scalars are text here; what they mean is decided by scalar.h and by whoever reads them. One thread.
 */
#ifndef WR_CONF_TREE_H
#define WR_CONF_TREE_H

#include "base/bytes.h"
#include "base/code.h"
#include "conf/conf.h"
#include "conf/report.h"

#include <stdbool.h>
#include <stddef.h>

#define WR_TREE_MAX_FILE_BYTES (4U << 20)
#define WR_TREE_MAX_NODES 100000U     /* aliases counted as often as they are used */
#define WR_TREE_MAX_BYTES (16U << 20) /* of keys and scalars, counted likewise */
#define WR_TREE_MAX_DEPTH 64U

enum wr_tree_kind { WR_TREE_SCALAR, WR_TREE_LIST, WR_TREE_MAP };

struct wr_tree_node;

struct wr_tree_child {
	struct wr_bytes key;      /* terminated; of a map; absent in a list */
	struct wr_conf_mark mark; /* of the key */
	struct wr_tree_node *node;
};

struct wr_tree_node {
	enum wr_tree_kind kind;
	struct wr_conf_mark mark;
	struct wr_bytes text;   /* SCALAR: terminated, after expansion */
	struct wr_bytes source; /* SCALAR: as it stands in the file */
	bool plain;         /* SCALAR: without quotes, so it may be a number, a boolean or null */
	bool expanded;      /* SCALAR: its variables have been replaced */
	bool has_variables; /* SCALAR: there were some */
	bool broken;        /* SCALAR: they could not be replaced, which was reported */
	struct wr_tree_child *children;
	size_t count;
	size_t weight_nodes, weight_bytes; /* with all below */
};

struct wr_tree;

/* Reads a document. On WR_OK *tree_r is the caller's; problems may have been reported nevertheless (a key that
 * stands twice), for others to add to. WR_EINVAL: not YAML, or over a bound: it was reported. WR_ENOMEM. */
enum wr_code wr_tree_read(struct wr_bytes text, struct wr_report *report, struct wr_tree **tree_r);

/* Wipes all text, then frees. NULL does nothing. */
void wr_tree_destroy(struct wr_tree *tree);

/* The top node; never NULL. */
struct wr_tree_node *wr_tree_root(struct wr_tree *tree);

/* The member of a map, or NULL; `node` may be NULL or no map. */
struct wr_tree_child *wr_tree_member(const struct wr_tree_node *node, const char *key);

/* Replaces the text of a scalar; the bytes are copied into the tree. WR_OK or WR_ENOMEM. */
enum wr_code wr_tree_set_text(struct wr_tree *tree, struct wr_tree_node *node,
			      struct wr_bytes text);

#endif
