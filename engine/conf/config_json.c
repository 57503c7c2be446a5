#include "config.h"

#include "conf/config_json.h"
#include "conf/load.h"
#include "conf/scalar.h"
#include "conf/show.h"

#include <stdlib.h>
#include <string.h>

/* A member or an item; its own members follow it at depth + 1. */
struct place {
	char *key; /* NULL: an item of a list */
	size_t key_size;
	size_t index; /* among its siblings */
	unsigned depth;
	struct wr_conf_mark mark;
};

struct wr_conf_places {
	struct place *items;
	size_t count, capacity;
};

static enum wr_code append_scalar(const struct wr_tree_node *node, struct wr_report *report,
				  struct wr_buf *out)
{
	enum wr_code rc;

	switch (node->plain ? wr_scalar_kind(node->text) : WR_SCALAR_STRING) {
	case WR_SCALAR_NULL:
		return wr_buf_append_text(out, "null");
	case WR_SCALAR_BOOL:
		return wr_buf_append_text(
		    out, (*(const char *)node->text.data | 0x20) == 't' ? "true" : "false");
	case WR_SCALAR_INTEGER:
	case WR_SCALAR_NUMBER:
		rc = wr_scalar_append_json_number(out, node->text);
		if (rc == WR_EINVAL)
			wr_report_add(report, node->mark,
				      "JSON has no such number; expected a finite one, or a string "
				      "in quotes");
		return rc;
	case WR_SCALAR_STRING:
		break;
	}
	return wr_buf_append_json_string(out, node->text);
}

static enum wr_code append_node(const struct wr_tree_node *node, bool hides,
				struct wr_report *report, struct wr_buf *out);

/* A scalar that came from a variable, and all below a telling name. */
static bool is_hidden(const struct wr_tree_child *child)
{
	return child->node->has_variables ||
	       (child->key.data != NULL && wr_conf_name_is_telling(child->key));
}

static enum wr_code append_child(const struct wr_tree_node *node, size_t i, bool hides,
				 struct wr_report *report, struct wr_buf *out)
{
	const struct wr_tree_child *child = &node->children[i];
	enum wr_code rc = i > 0 ? wr_buf_append_text(out, ",") : WR_OK;
	size_t outer;

	if (rc == WR_OK && node->kind == WR_TREE_MAP)
		rc = wr_buf_append_json_string(out, child->key);
	if (rc == WR_OK && node->kind == WR_TREE_MAP)
		rc = wr_buf_append_text(out, ":");
	if (rc != WR_OK)
		return rc;
	if (hides && is_hidden(child))
		return wr_buf_append_json_string(out, wr_bytes_of(WR_CONF_HIDDEN));
	outer = node->kind == WR_TREE_MAP ? wr_report_push_key(report, child->key)
					  : wr_report_push_index(report, i);
	rc = append_node(child->node, hides, report, out);
	wr_report_pop(report, outer);
	return rc;
}

static enum wr_code append_node(const struct wr_tree_node *node, bool hides,
				struct wr_report *report, struct wr_buf *out)
{
	enum wr_code rc, first = WR_OK;
	size_t i;

	if (node->kind == WR_TREE_SCALAR)
		return append_scalar(node, report, out);
	rc = wr_buf_append_text(out, node->kind == WR_TREE_MAP ? "{" : "[");
	for (i = 0; i < node->count && rc == WR_OK; i++) {
		rc = append_child(node, i, hides, report, out);
		if (rc == WR_EINVAL) { /* go on, to report the others too */
			first = rc;
			rc = WR_OK;
		}
	}
	if (rc == WR_OK)
		rc = wr_buf_append_text(out, node->kind == WR_TREE_MAP ? "}" : "]");
	return rc != WR_OK ? rc : first;
}

enum wr_code wr_config_json(const struct wr_tree_node *node, bool hides, struct wr_report *report,
			    struct wr_buf *out)
{
	return append_node(node, hides, report, out);
}

static bool add_place(struct wr_conf_places *places, struct place place)
{
	size_t capacity = places->capacity == 0 ? 16 : places->capacity * 2;
	struct place *items;

	if (places->count == places->capacity) {
		items = realloc(places->items, capacity * sizeof(*items));
		if (items == NULL)
			return false;
		places->items = items;
		places->capacity = capacity;
	}
	places->items[places->count++] = place;
	return true;
}

static bool add_places(struct wr_conf_places *places, const struct wr_tree_node *node,
		       unsigned depth)
{
	const struct wr_tree_child *child;
	struct place place;
	size_t i;

	for (i = 0; i < node->count; i++) {
		child = &node->children[i];
		place = (struct place){.key_size = child->key.size,
				       .index = i,
				       .depth = depth,
				       .mark = child->node->mark};
		if (child->key.data != NULL) {
			place.key = malloc(child->key.size + 1);
			if (place.key == NULL)
				return false;
			memcpy(place.key, child->key.data, child->key.size + 1);
		}
		if (!add_place(places, place)) {
			free(place.key);
			return false;
		}
		if (!add_places(places, child->node, depth + 1))
			return false;
	}
	return true;
}

struct wr_conf_places *wr_conf_places_create(const struct wr_tree_node *node)
{
	struct wr_conf_places *places = calloc(1, sizeof(*places));

	if (places == NULL)
		return NULL;
	if (!add_place(places, (struct place){.mark = node->mark}) ||
	    !add_places(places, node, 1)) {
		wr_conf_places_destroy(places);
		return NULL;
	}
	return places;
}

void wr_conf_places_destroy(struct wr_conf_places *places)
{
	size_t i;

	if (places == NULL)
		return;
	for (i = 0; i < places->count; i++)
		free(places->items[i].key);
	free(places->items);
	free(places);
}

/* Whether the token of a pointer (from `s` to the next slash) names the place. */
static bool token_names(const char *s, size_t size, const struct place *place)
{
	size_t i, n = 0;
	char c;

	if (place->key == NULL) {
		size_t index = 0;

		for (i = 0; i < size && i < 9 && s[i] >= '0' && s[i] <= '9'; i++)
			index = index * 10 + (size_t)(s[i] - '0');
		return size > 0 && i == size && index == place->index;
	}
	for (i = 0; i < size; i++) {
		c = s[i];
		if (c == '~' && i + 1 < size)
			c = s[++i] == '1' ? '/' : '~';
		if (n >= place->key_size || place->key[n++] != c)
			return false;
	}
	return n == place->key_size;
}

static const struct place *find_child(const struct wr_conf_places *places,
				      const struct place *parent, const char *token, size_t size)
{
	const struct place *end = places->items + places->count, *p;

	for (p = parent + 1; p < end && p->depth > parent->depth; p++) {
		if (p->depth == parent->depth + 1 && token_names(token, size, p))
			return p;
	}
	return NULL;
}

struct wr_conf_mark wr_conf_places_find(const struct wr_conf_places *places, const char *pointer)
{
	const struct place *at = places->items, *child;
	size_t size;

	while (*pointer == '/') {
		pointer++;
		size = strcspn(pointer, "/");
		child = find_child(places, at, pointer, size);
		if (child == NULL)
			break;
		at = child;
		pointer += size;
	}
	return at->mark;
}
