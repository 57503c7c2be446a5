#include "config.h"

#include "conf/expand.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

struct expander {
	struct wr_tree *tree;
	struct wr_report *report;
	struct wr_buf text;
	enum wr_code rc;
};

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static void append(struct expander *x, const char *data, size_t size)
{
	if (x->rc == WR_OK)
		x->rc = wr_buf_append(&x->text, data, size);
}

/* The value of `name`, or the default (data NULL: there is none). An empty variable counts as unset for the
 * default, as it does in a shell. */
static bool append_variable(struct expander *x, struct wr_bytes name, struct wr_bytes fallback)
{
	char buffer[256];
	const char *value;

	if (name.size >= sizeof(buffer))
		return false;
	memcpy(buffer, name.data, name.size);
	buffer[name.size] = '\0';
	value = getenv(buffer);
	if (fallback.data != NULL && (value == NULL || value[0] == '\0'))
		append(x, fallback.data, fallback.size);
	else if (value != NULL)
		append(x, value, strlen(value));
	return value != NULL || fallback.data != NULL;
}

/* Expands the "${...}" at `s`, of which `left` bytes are there. Returns its length, or 0 when it was reported. */
static size_t expand_one(struct expander *x, const struct wr_tree_node *node, const char *s,
			 size_t left)
{
	static const char expected[] = "expected ${NAME} or ${NAME:-default}, or $$ for a dollar";
	const char *end = memchr(s, '}', left);
	struct wr_bytes name, fallback = {NULL, 0};
	char quoted[WR_QUOTED_BYTES];
	size_t i = 2;

	if (end == NULL) {
		wr_report_add(x->report, node->mark, "a `${` without its `}`; %s", expected);
		return 0;
	}
	while (is_name_char(s[i], i == 2))
		i++;
	name = wr_bytes(s + 2, i - 2);
	if (s[i] == ':' && s[i + 1] == '-') {
		i += 2;
		fallback = wr_bytes(s + i, (size_t)(end - s) - i);
		i = (size_t)(end - s);
	}
	if (name.size == 0 || s + i != end ||
	    (fallback.data != NULL && memmem(fallback.data, fallback.size, "${", 2) != NULL)) {
		wr_report_add(x->report, node->mark, "a variable that can't be read; %s", expected);
		return 0;
	}
	if (!append_variable(x, name, fallback)) {
		wr_report_add(
		    x->report, node->mark,
		    "the environment variable `%s` is not set; set it, or give a default: "
		    "${%s:-default}",
		    wr_report_quote(name, quoted), quoted);
		return 0;
	}
	return (size_t)(end - s) + 1;
}

static void expand_scalar(struct expander *x, struct wr_tree_node *node)
{
	const char *s = node->text.data;
	size_t i = 0, n;

	if (memchr(s, '$', node->text.size) == NULL)
		return;
	wr_buf_clear(&x->text);
	while (i < node->text.size && x->rc == WR_OK) {
		if (s[i] == '$' && s[i + 1] == '{') {
			n = expand_one(x, node, s + i, node->text.size - i);
			node->has_variables = true;
			node->broken = node->broken || n == 0;
			i += n > 0 ? n : 2; /* on, for the others in it */
		} else {
			append(x, s + i, 1);
			i += s[i] == '$' && s[i + 1] == '$' ? 2 : 1;
		}
	}
	if (x->rc == WR_OK && !node->broken)
		x->rc = wr_tree_set_text(x->tree, node, wr_bytes(x->text.data, x->text.size));
}

/* A node that an alias shares is expanded, and reported, once. */
static void expand_node(struct expander *x, struct wr_tree_node *node)
{
	struct wr_tree_child *child;
	size_t i, outer;

	if (node->expanded)
		return;
	node->expanded = true;
	if (node->kind == WR_TREE_SCALAR) {
		expand_scalar(x, node);
		return;
	}
	for (i = 0; i < node->count && x->rc == WR_OK; i++) {
		child = &node->children[i];
		outer = node->kind == WR_TREE_MAP ? wr_report_push_key(x->report, child->key)
						  : wr_report_push_index(x->report, i);
		expand_node(x, child->node);
		wr_report_pop(x->report, outer);
	}
}

enum wr_code wr_expand_tree(struct wr_tree *tree, struct wr_report *report)
{
	struct expander x = {.tree = tree, .report = report, .rc = WR_OK};

	wr_buf_init(&x.text);
	x.rc = wr_buf_reserve(&x.text, 4096); /* so that no growth leaves a secret behind unwiped */
	expand_node(&x, wr_tree_root(tree));
	if (x.text.data != NULL)
		wr_secret_wipe(x.text.data, x.text.capacity);
	wr_buf_fini(&x.text);
	if (x.rc != WR_OK)
		report->out_of_memory = true;
	return x.rc;
}
