#include "config.h"

#include "conf/tree.h"
#include "base/check.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* All memory of a tree: what the file says may be secret, so everything is wiped at the end. */
struct block {
	struct block *next;
	size_t size;
	_Alignas(max_align_t) char data[];
};

struct wr_tree {
	struct block *blocks;
	struct wr_tree_node *root;
};

struct anchor {
	struct anchor *next; /* the latest first: a name may be used again */
	const char *name;
	struct wr_tree_node *node;
	bool open; /* its end has not been read yet */
};

struct reader {
	yaml_parser_t yaml;
	struct wr_bytes text;
	struct wr_tree *tree;
	struct wr_report *report;
	struct anchor *anchors;
	enum wr_code rc; /* other than WR_OK: reading has ended */
};

static void *allocate(struct wr_tree *tree, size_t size)
{
	struct block *block = calloc(1, sizeof(*block) + size);

	if (block == NULL)
		return NULL;
	block->size = size;
	block->next = tree->blocks;
	tree->blocks = block;
	return block->data;
}

static bool copy_text(struct wr_tree *tree, const void *data, size_t size, struct wr_bytes *text_r)
{
	char *copy = allocate(tree, size + 1);

	if (copy == NULL)
		return false;
	if (size > 0)
		memcpy(copy, data, size);
	*text_r = wr_bytes(copy, size);
	return true;
}

void wr_tree_destroy(struct wr_tree *tree)
{
	struct block *block;

	if (tree == NULL)
		return;
	while ((block = tree->blocks) != NULL) {
		tree->blocks = block->next;
		wr_secret_wipe(block->data, block->size);
		free(block);
	}
	free(tree);
}

struct wr_tree_node *wr_tree_root(struct wr_tree *tree)
{
	return tree->root;
}

struct wr_tree_child *wr_tree_member(const struct wr_tree_node *node, const char *key)
{
	size_t i;

	if (node == NULL || node->kind != WR_TREE_MAP)
		return NULL;
	for (i = 0; i < node->count; i++) {
		if (wr_bytes_equal(node->children[i].key, wr_bytes_of(key)))
			return &node->children[i];
	}
	return NULL;
}

enum wr_code wr_tree_set_text(struct wr_tree *tree, struct wr_tree_node *node, struct wr_bytes text)
{
	WR_ASSERT(node->kind == WR_TREE_SCALAR);
	return copy_text(tree, text.data, text.size, &node->text) ? WR_OK : WR_ENOMEM;
}

static struct wr_conf_mark mark_of(yaml_mark_t mark)
{
	return (struct wr_conf_mark){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static void *no_memory(struct reader *r)
{
	r->report->out_of_memory = true;
	r->rc = WR_ENOMEM;
	return NULL;
}

/* An error after which reading can't go on. */
static void *fatal(struct reader *r, struct wr_conf_mark mark, const char *text)
{
	wr_report_add(r->report, mark, "%s", text);
	r->rc = WR_EINVAL;
	return NULL;
}

/* Bytes that are no UTF-8 come with an offset instead of a mark. */
static struct wr_conf_mark place_of_offset(const struct reader *r)
{
	struct wr_conf_mark mark = {1, 1};
	const unsigned char *s = r->text.data;
	size_t i;

	for (i = 0; i < r->yaml.problem_offset && i < r->text.size; i++) {
		if (s[i] == '\n') {
			mark.line++;
			mark.column = 1;
		} else if ((s[i] & 0xC0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static void report_syntax(struct reader *r)
{
	const char *problem = r->yaml.problem != NULL ? r->yaml.problem : "unreadable";

	switch (r->yaml.error) {
	case YAML_MEMORY_ERROR:
		no_memory(r);
		return;
	case YAML_READER_ERROR:
		wr_report_add(r->report, place_of_offset(r), "not YAML: %s; expected UTF-8 text",
			      problem);
		break;
	case YAML_SCANNER_ERROR:
	case YAML_PARSER_ERROR:
	case YAML_NO_ERROR:
	case YAML_COMPOSER_ERROR:
	case YAML_WRITER_ERROR:
	case YAML_EMITTER_ERROR:
		wr_report_add(r->report, mark_of(r->yaml.problem_mark), "not YAML: %s%s%s", problem,
			      r->yaml.context != NULL ? " " : "",
			      r->yaml.context != NULL ? r->yaml.context : "");
		break;
	}
	r->rc = WR_EINVAL;
}

static bool next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->yaml, event))
		return true;
	report_syntax(r);
	return false;
}

static void drop_event(yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		wr_secret_wipe(event->data.scalar.value, event->data.scalar.length);
	yaml_event_delete(event);
}

static struct wr_tree_node *make_node(struct reader *r, enum wr_tree_kind kind,
				      const yaml_event_t *event)
{
	struct wr_tree_node *node = allocate(r->tree, sizeof(*node));

	if (node == NULL)
		return no_memory(r);
	node->kind = kind;
	node->mark = mark_of(event->start_mark);
	node->weight_nodes = 1;
	return node;
}

static struct anchor *add_anchor(struct reader *r, const yaml_char_t *name,
				 struct wr_tree_node *node)
{
	struct anchor *anchor;
	struct wr_bytes copy;

	if (name == NULL)
		return NULL;
	anchor = allocate(r->tree, sizeof(*anchor));
	if (anchor == NULL || !copy_text(r->tree, name, strlen((const char *)name), &copy))
		return no_memory(r);
	*anchor = (struct anchor){r->anchors, copy.data, node, true};
	r->anchors = anchor;
	return anchor;
}

/* Only the core schema's own tags, each where it belongs, and "!" (a string). */
static void check_tag(struct reader *r, const struct wr_tree_node *node, const char *tag)
{
	static const struct {
		const char *tag;
		enum wr_tree_kind kind;
	} known[] = {
	    {"!", WR_TREE_SCALAR},           {YAML_STR_TAG, WR_TREE_SCALAR},
	    {YAML_INT_TAG, WR_TREE_SCALAR},  {YAML_FLOAT_TAG, WR_TREE_SCALAR},
	    {YAML_BOOL_TAG, WR_TREE_SCALAR}, {YAML_NULL_TAG, WR_TREE_SCALAR},
	    {YAML_SEQ_TAG, WR_TREE_LIST},    {YAML_MAP_TAG, WR_TREE_MAP},
	};
	char quoted[WR_QUOTED_BYTES];
	size_t i;

	if (tag == NULL)
		return;
	for (i = 0; i < WR_COUNT_OF(known); i++) {
		if (strcmp(known[i].tag, tag) == 0 && known[i].kind == node->kind)
			return;
	}
	wr_report_add(r->report, node->mark, "the tag `%s` can't stand here; expected no tag",
		      wr_report_quote(wr_bytes_of(tag), quoted));
}

static struct wr_tree_node *read_scalar(struct reader *r, const yaml_event_t *event)
{
	struct wr_tree_node *node = make_node(r, WR_TREE_SCALAR, event);
	const char *tag = (const char *)event->data.scalar.tag;
	struct anchor *anchor;

	if (node == NULL ||
	    !copy_text(r->tree, event->data.scalar.value, event->data.scalar.length, &node->text))
		return no_memory(r);
	node->source = node->text;
	node->weight_bytes = node->text.size;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (tag != NULL)
		node->plain = strcmp(tag, "!") != 0 && strcmp(tag, YAML_STR_TAG) != 0;
	check_tag(r, node, tag);
	anchor = add_anchor(r, event->data.scalar.anchor, node);
	if (anchor != NULL)
		anchor->open = false;
	return r->rc == WR_OK ? node : NULL;
}

static struct wr_tree_node *read_alias(struct reader *r, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct anchor *anchor = r->anchors;

	while (anchor != NULL && strcmp(anchor->name, name) != 0)
		anchor = anchor->next;
	if (anchor == NULL)
		return fatal(r, mark_of(event->start_mark),
			     "an alias without an anchor of that name before it");
	if (anchor->open)
		return fatal(r, mark_of(event->start_mark), "an alias inside its own anchor");
	return anchor->node;
}

/* Adds a child; its weight counts for the parent, so no chain of aliases outgrows the bounds. */
static bool add_child(struct reader *r, struct wr_tree_node *parent, struct wr_tree_child child)
{
	size_t count = parent->count;
	struct wr_tree_child *children;

	if ((count & (count - 1)) == 0) {
		children = allocate(r->tree, (count == 0 ? 1 : count * 2) * sizeof(*children));
		if (children == NULL)
			return no_memory(r) != NULL;
		if (count > 0)
			memcpy(children, parent->children, count * sizeof(*children));
		parent->children = children;
	}
	parent->children[parent->count++] = child;
	parent->weight_nodes += child.node->weight_nodes;
	parent->weight_bytes += child.node->weight_bytes + child.key.size;
	if (parent->weight_nodes > WR_TREE_MAX_NODES || parent->weight_bytes > WR_TREE_MAX_BYTES) {
		wr_report_add(
		    r->report, parent->mark,
		    "too much: over %u values or %u MiB of text, aliases counted as often "
		    "as they are used",
		    WR_TREE_MAX_NODES, WR_TREE_MAX_BYTES >> 20);
		r->rc = WR_EINVAL;
		return false;
	}
	return true;
}

static struct wr_tree_node *read_node(struct reader *r, yaml_event_t *event, unsigned depth);

static void read_items(struct reader *r, struct wr_tree_node *node, unsigned depth)
{
	struct wr_tree_child child = {.key = {NULL, 0}};
	yaml_event_t event;
	size_t outer;
	bool end = false;

	while (r->rc == WR_OK && !end && next_event(r, &event)) {
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			end = true;
		} else {
			outer = wr_report_push_index(r->report, node->count);
			child.mark = mark_of(event.start_mark);
			child.node = read_node(r, &event, depth + 1);
			if (child.node != NULL)
				add_child(r, node, child);
			wr_report_pop(r->report, outer);
		}
		drop_event(&event);
	}
}

/* The key of a member; its value is read in any case, so that reading can go on. */
static bool take_key(struct reader *r, const yaml_event_t *event, const struct wr_tree_node *key,
		     struct wr_tree_child *child)
{
	child->mark = mark_of(event->start_mark);
	if (event->type != YAML_SCALAR_EVENT) {
		wr_report_add(r->report, child->mark, "expected a name as the key");
		return false;
	}
	if (key->plain && wr_bytes_equal(key->text, wr_bytes_of("<<"))) {
		wr_report_add(
		    r->report, child->mark,
		    "merge keys (`<<`) are not taken; expected an alias for a whole value");
		return false;
	}
	child->key = key->text;
	return true;
}

static void read_member(struct reader *r, yaml_event_t *key_event, struct wr_tree_node *map,
			unsigned depth)
{
	struct wr_tree_child child = {.key = {NULL, 0}};
	const struct wr_tree_node *key = read_node(r, key_event, depth + 1);
	yaml_event_t event;
	size_t outer;
	bool named;

	if (key == NULL)
		return;
	named = take_key(r, key_event, key, &child);
	if (!next_event(r, &event))
		return;
	outer = wr_report_push_key(r->report, named ? child.key : wr_bytes_of("?"));
	child.node = read_node(r, &event, depth + 1);
	if (child.node != NULL && named)
		add_child(r, map, child);
	wr_report_pop(r->report, outer);
	drop_event(&event);
}

static int compare_keys(const void *a_, const void *b_)
{
	const struct wr_tree_child *a = *(struct wr_tree_child *const *)a_;
	const struct wr_tree_child *b = *(struct wr_tree_child *const *)b_;
	size_t least = a->key.size < b->key.size ? a->key.size : b->key.size;
	int order = memcmp(a->key.data, b->key.data, least);

	if (order != 0)
		return order;
	if (a->key.size != b->key.size)
		return a->key.size < b->key.size ? -1 : 1;
	return a < b ? -1 : 1; /* in the order of the file */
}

static void check_duplicates(struct reader *r, const struct wr_tree_node *map)
{
	struct wr_tree_child **sorted;
	size_t i, outer;

	if (map->count < 2)
		return;
	sorted = calloc(map->count, sizeof(*sorted));
	if (sorted == NULL) {
		no_memory(r);
		return;
	}
	for (i = 0; i < map->count; i++)
		sorted[i] = &map->children[i];
	qsort(sorted, map->count, sizeof(struct wr_tree_child *), compare_keys);
	for (i = 1; i < map->count; i++) {
		if (!wr_bytes_equal(sorted[i - 1]->key, sorted[i]->key))
			continue;
		outer = wr_report_push_key(r->report, sorted[i]->key);
		wr_report_add(r->report, sorted[i]->mark,
			      "this key stands here twice; the other is in line %u",
			      sorted[i - 1]->mark.line);
		wr_report_pop(r->report, outer);
	}
	free(sorted);
}

static void read_members(struct reader *r, struct wr_tree_node *map, unsigned depth)
{
	yaml_event_t event;
	bool end = false;

	while (r->rc == WR_OK && !end && next_event(r, &event)) {
		end = event.type == YAML_MAPPING_END_EVENT;
		if (!end)
			read_member(r, &event, map, depth);
		drop_event(&event);
	}
	if (r->rc == WR_OK)
		check_duplicates(r, map);
}

static struct wr_tree_node *read_collection(struct reader *r, const yaml_event_t *event,
					    unsigned depth)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	struct wr_tree_node *node = make_node(r, is_map ? WR_TREE_MAP : WR_TREE_LIST, event);
	struct anchor *anchor;

	if (node == NULL)
		return NULL;
	if (depth > WR_TREE_MAX_DEPTH)
		return fatal(r, node->mark, "nested too deeply (over 64 levels)");
	check_tag(r, node,
		  (const char *)(is_map ? event->data.mapping_start.tag
					: event->data.sequence_start.tag));
	anchor = add_anchor(
	    r, is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor, node);
	if (r->rc == WR_OK && is_map)
		read_members(r, node, depth);
	else if (r->rc == WR_OK)
		read_items(r, node, depth);
	if (anchor != NULL)
		anchor->open = false;
	return r->rc == WR_OK ? node : NULL;
}

/* Reads the node that `event` begins; NULL ends the reading (r->rc says why). */
static struct wr_tree_node *read_node(struct reader *r, yaml_event_t *event, unsigned depth)
{
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(r, event);
	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(r, event);
	return read_collection(r, event, depth);
}

/* The stream: exactly one document. */
static void read_stream(struct reader *r)
{
	unsigned documents = 0;
	yaml_event_t event;
	bool end = false;

	while (r->rc == WR_OK && !end && next_event(r, &event)) {
		if (event.type == YAML_STREAM_END_EVENT)
			end = true;
		else if (event.type == YAML_DOCUMENT_START_EVENT && documents++ > 0)
			fatal(r, mark_of(event.start_mark),
			      "a second document; expected one in a file");
		else if (event.type != YAML_STREAM_START_EVENT &&
			 event.type != YAML_DOCUMENT_START_EVENT &&
			 event.type != YAML_DOCUMENT_END_EVENT)
			r->tree->root = read_node(r, &event, 0);
		drop_event(&event);
	}
	if (r->rc == WR_OK && r->tree->root == NULL)
		fatal(r, (struct wr_conf_mark){1, 1}, "the file is empty");
}

/* libyaml frees its buffers without wiping them; what it read may be secret. */
static void delete_parser(yaml_parser_t *yaml)
{
	if (yaml->raw_buffer.start != NULL)
		wr_secret_wipe(yaml->raw_buffer.start,
			       (size_t)(yaml->raw_buffer.end - yaml->raw_buffer.start));
	if (yaml->buffer.start != NULL)
		wr_secret_wipe(yaml->buffer.start, (size_t)(yaml->buffer.end - yaml->buffer.start));
	yaml_parser_delete(yaml);
}

/* The text behind a byte order mark, which libyaml takes for a column. */
static struct wr_bytes without_mark(struct wr_bytes text)
{
	if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
		return wr_bytes((const char *)text.data + 3, text.size - 3);
	return text;
}

enum wr_code wr_tree_read(struct wr_bytes text, struct wr_report *report, struct wr_tree **tree_r)
{
	struct reader r = {.report = report, .rc = WR_OK};

	*tree_r = NULL;
	r.text = without_mark(text);
	r.tree = calloc(1, sizeof(*r.tree));
	if (r.tree == NULL || !yaml_parser_initialize(&r.yaml)) {
		free(r.tree);
		report->out_of_memory = true;
		return WR_ENOMEM;
	}
	yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.yaml, r.text.data != NULL ? r.text.data : (const void *)"",
				     r.text.size);
	if (text.size > WR_TREE_MAX_FILE_BYTES)
		fatal(&r, (struct wr_conf_mark){0, 0}, "the file is larger than 4 MiB");
	else
		read_stream(&r);
	delete_parser(&r.yaml);
	if (r.rc != WR_OK) {
		wr_tree_destroy(r.tree);
		return r.rc;
	}
	*tree_r = r.tree;
	return WR_OK;
}
