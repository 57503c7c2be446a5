#include "config.h"

#include "conf/fill.h"
#include "base/check.h"
#include "conf/describe.h"
#include "conf/nearest.h"
#include "conf/schema.h"
#include "conf/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct filler {
	struct wr_report *report;
	enum wr_code rc; /* WR_OK or WR_ENOMEM */
};

static void fill_map(struct filler *f, const char *prefix, const struct wr_tree_node *map,
		     void *base);

static void *member_of(const struct wr_key_row *row, void *base)
{
	return (char *)base + row->member;
}

/* The path of a built row that has this name at another place, one below `prefix` before others; or NULL. */
static const char *find_elsewhere(const char *prefix, struct wr_bytes name)
{
	const struct wr_key_row *row;
	const char *found = NULL;
	size_t i, size = strlen(prefix);

	for (i = 0; i < wr_schema_size(); i++) {
		row = wr_schema_row(i);
		if (row->status != WR_KEY_BUILT ||
		    !wr_bytes_equal(name, wr_bytes_of(wr_schema_name(row))))
			continue;
		if (strncmp(row->path, prefix, size) == 0 && row->path[size] == '.')
			return row->path;
		if (found == NULL)
			found = row->path;
	}
	return found;
}

/* A key of the map that no row knows: says which one was meant. */
static void report_unknown(struct filler *f, const char *prefix, const struct wr_tree_child *child)
{
	const struct wr_key_row *row;
	struct wr_nearest nearest;
	char known[512] = "";
	size_t cursor = 0, used = 0;

	wr_nearest_init(&nearest, child->key);
	while ((row = wr_schema_child(prefix, &cursor)) != NULL) {
		wr_nearest_try(&nearest, wr_schema_name(row));
		if (row->status == WR_KEY_BUILT && used < sizeof(known)) {
			snprintf(known + used, sizeof(known) - used, "%s`%s`", used > 0 ? ", " : "",
				 wr_schema_name(row));
			used += strlen(known + used);
		}
	}
	if (nearest.best == NULL)
		nearest.best = find_elsewhere(prefix, child->key);
	if (nearest.best != NULL)
		wr_report_add(f->report, child->mark, "unknown key; did you mean `%s`?",
			      nearest.best);
	else
		wr_report_add(f->report, child->mark, "unknown key; expected one of %s", known);
}

static void report_planned(struct filler *f, const struct wr_tree_child *child,
			   const struct wr_key_row *row)
{
	const char *name = row->path, *stop = strrchr(row->path, ']');

	if (stop != NULL)
		name = stop + 2;
	wr_report_add(f->report, child->mark,
		      "`%s` is known but not built in this version of weir%s%s%s", name,
		      row->harmless != NULL ? "; expected `" : "",
		      row->harmless != NULL ? row->harmless : "",
		      row->harmless != NULL ? "`, or leave the key out" : "");
}

static void report_type(struct filler *f, const struct wr_key_row *row,
			const struct wr_tree_node *node)
{
	char expected[WR_DESCRIBED_BYTES], found[WR_DESCRIBED_BYTES];

	wr_report_add(f->report, node->mark, "expected %s; found %s",
		      wr_describe_expected(row, expected), wr_describe_found(row, node, found));
}

static void report_item(struct filler *f, const struct wr_key_row *row,
			const struct wr_tree_node *node)
{
	char found[WR_DESCRIBED_BYTES];

	if (node->broken)
		return;
	wr_report_add(f->report, node->mark, "expected a mapping (`key: value`); found %s",
		      wr_describe_found(row, node, found));
}

static void fill_list(struct filler *f, const struct wr_key_row *row,
		      const struct wr_tree_node *list, void *base)
{
	char prefix[128], *items;
	size_t i, outer;

	if (list->kind != WR_TREE_LIST || list->count < (size_t)row->least ||
	    list->count > (size_t)row->most) {
		if (!list->broken)
			report_type(f, row, list);
		return;
	}
	if (list->count == 0)
		return;
	items = calloc(list->count, row->item_size);
	if (items == NULL) {
		f->rc = WR_ENOMEM;
		return;
	}
	memcpy(member_of(row, base), &items, sizeof(items));
	memcpy((char *)base + row->item_count_member, &list->count, sizeof(list->count));
	snprintf(prefix, sizeof(prefix), "%s[]", row->path);
	for (i = 0; i < list->count && f->rc == WR_OK; i++) {
		outer = wr_report_push_index(f->report, i);
		if (row->item_init != NULL)
			row->item_init(items + i * row->item_size, base);
		if (list->children[i].node->kind == WR_TREE_MAP)
			fill_map(f, prefix, list->children[i].node, items + i * row->item_size);
		else
			report_item(f, row, list->children[i].node);
		wr_report_pop(f->report, outer);
	}
}

static void fill_section(struct filler *f, const struct wr_key_row *row,
			 const struct wr_tree_node *map, void *base)
{
	bool there = map != NULL && map->kind == WR_TREE_MAP;

	if (map != NULL && !there && !map->broken)
		report_type(f, row, map);
	if (there && row->has_member)
		memcpy(member_of(row, base), &there, sizeof(there));
	fill_map(f, row->path, there ? map : NULL, base);
}

static void set_default(struct filler *f, const struct wr_key_row *row, void *base)
{
	struct wr_tree_node node = {.kind = WR_TREE_SCALAR, .plain = true};
	size_t before = f->report->problems->count;

	if (row->fallback == NULL)
		return;
	node.text = node.source = wr_bytes_of(row->fallback);
	f->rc = wr_value_set(row, &node, base, f->report);
	WR_ASSERT(f->report->problems->count == before); /* a default obeys its own row */
}

/* The key is not there. `owner` is the map it should be in; NULL when that is not there either. */
static void fill_absent(struct filler *f, const struct wr_key_row *row,
			const struct wr_tree_node *owner, void *base)
{
	char expected[WR_DESCRIBED_BYTES];

	if (owner != NULL && row->required)
		wr_report_add(f->report, owner->mark, "missing; expected %s",
			      wr_describe_expected(row, expected));
	if (row->status == WR_KEY_PLANNED)
		return;
	if (row->type == WR_KEY_MAP)
		fill_map(f, row->path, NULL, base);
	else
		set_default(f, row, base);
}

static void fill_value(struct filler *f, const struct wr_key_row *row,
		       const struct wr_tree_child *child, void *base)
{
	if (row->status == WR_KEY_PLANNED) {
		if (row->harmless == NULL || child->node->kind != WR_TREE_SCALAR ||
		    !child->node->plain ||
		    !wr_bytes_equal(child->node->text, wr_bytes_of(row->harmless)))
			report_planned(f, child, row);
		return;
	}
	if (row->type == WR_KEY_MAP)
		fill_section(f, row, child->node, base);
	else if (row->type == WR_KEY_LIST)
		fill_list(f, row, child->node, base);
	else
		f->rc = wr_value_set(row, child->node, base, f->report);
	if (f->rc == WR_EINVAL) { /* reported; what follows may judge by the default */
		f->rc = WR_OK;
		set_default(f, row, base);
	}
}

static void fill_map(struct filler *f, const char *prefix, const struct wr_tree_node *map,
		     void *base)
{
	const struct wr_key_row *row;
	const struct wr_tree_child *child;
	size_t cursor = 0, i, outer;

	while (f->rc == WR_OK && (row = wr_schema_child(prefix, &cursor)) != NULL) {
		outer = wr_report_push_key(f->report, wr_bytes_of(wr_schema_name(row)));
		child = wr_tree_member(map, wr_schema_name(row));
		if (child != NULL)
			fill_value(f, row, child, base);
		else
			fill_absent(f, row, map, base);
		wr_report_pop(f->report, outer);
	}
	for (i = 0; map != NULL && i < map->count && f->rc == WR_OK; i++) {
		cursor = 0;
		do
			row = wr_schema_child(prefix, &cursor);
		while (row != NULL &&
		       !wr_bytes_equal(map->children[i].key, wr_bytes_of(wr_schema_name(row))));
		if (row != NULL)
			continue;
		outer = wr_report_push_key(f->report, map->children[i].key);
		report_unknown(f, prefix, &map->children[i]);
		wr_report_pop(f->report, outer);
	}
}

enum wr_code wr_fill(const struct wr_tree_node *root, struct wr_conf *conf,
		     struct wr_report *report)
{
	struct filler f = {.report = report, .rc = WR_OK};

	if (root->kind == WR_TREE_MAP)
		fill_map(&f, "", root, conf);
	else
		wr_report_add(report, root->mark,
			      "expected a mapping with the keys of a weir configuration");
	return f.rc;
}
