#include "config.h"

#include "conf/value.h"
#include "base/check.h"
#include "base/secret.h"
#include "conf/address.h"
#include "conf/conf.h"
#include "conf/describe.h"
#include "conf/nearest.h"
#include "conf/scalar.h"
#include "conf/secret_file.h"

#include <stdlib.h>
#include <string.h>

void *wr_setter_field(const struct wr_setter *s)
{
	WR_ASSERT(s->row->has_member);
	return (char *)s->base + s->row->member;
}

enum wr_code wr_setter_refuse(const struct wr_setter *s, const struct wr_tree_node *node,
			      const char *why)
{
	char expected[WR_DESCRIBED_BYTES], found[WR_DESCRIBED_BYTES];
	bool is_item = node != s->node;

	wr_report_add(s->report, node->mark, "expected %s; found %s%s%s",
		      is_item ? wr_describe_form(s->row) : wr_describe_expected(s->row, expected),
		      wr_describe_found(s->row, node, found), why != NULL ? ": " : "",
		      why != NULL ? why : "");
	return WR_EINVAL;
}

static enum wr_code refuse(const struct wr_setter *s)
{
	return wr_setter_refuse(s, s->node, NULL);
}

/* What an unquoted scalar is; a quoted one is a string, unless a variable gave it its text: those are often quoted
 * for YAML's sake. */
static enum wr_scalar_kind kind_of(const struct wr_tree_node *node)
{
	if (node->kind != WR_TREE_SCALAR)
		return WR_SCALAR_NULL;
	return node->plain || node->has_variables ? wr_scalar_kind(node->text) : WR_SCALAR_STRING;
}

bool wr_setter_is_text(const struct wr_tree_node *node)
{
	return node->kind == WR_TREE_SCALAR && (node->has_variables || !node->plain ||
						wr_scalar_kind(node->text) == WR_SCALAR_STRING);
}

static enum wr_code copy_text(struct wr_bytes text, char **member)
{
	char *copy = strdup(text.data);

	if (copy == NULL)
		return WR_ENOMEM;
	free(*member);
	*member = copy;
	return WR_OK;
}

static enum wr_code refuse_meant(const struct wr_setter *s, const struct wr_tree_node *node,
				 const char *meant)
{
	char found[WR_DESCRIBED_BYTES];

	wr_report_add(s->report, node->mark, "expected %s; found %s; did you mean `%s`?",
		      wr_describe_form(s->row), wr_describe_found(s->row, node, found), meant);
	return WR_EINVAL;
}

/* The word of the form that is like it. What a variable gave is not compared: it may be a secret. */
static const char *find_meant(enum wr_key_form form, const struct wr_tree_node *node)
{
	const char *const *words = wr_schema_form_words(form);
	struct wr_nearest nearest;

	wr_nearest_init(&nearest, node->text);
	for (size_t i = 0; words != NULL && words[i] != NULL && !node->has_variables; i++)
		wr_nearest_try(&nearest, words[i]);
	return nearest.best;
}

enum wr_code wr_setter_check_text(const struct wr_setter *s, const struct wr_tree_node *node)
{
	const char *why = NULL;

	if (node->broken)
		return WR_EINVAL;
	if (!wr_setter_is_text(node)) {
		if (node->kind == WR_TREE_SCALAR && wr_scalar_kind(node->text) != WR_SCALAR_NULL)
			why = "put it in quotes to make it a string";
	} else if (node->text.size == 0) {
		why = "it is empty";
	} else if (wr_schema_form_fits(s->row->form, node->text)) {
		return WR_OK;
	} else if (find_meant(s->row->form, node) != NULL) {
		return refuse_meant(s, node, find_meant(s->row->form, node));
	}
	return wr_setter_refuse(s, node, why);
}

static enum wr_code set_string(const struct wr_setter *s)
{
	enum wr_code rc = wr_setter_check_text(s, s->node);

	return rc == WR_OK ? copy_text(s->node->text, wr_setter_field(s)) : rc;
}

static enum wr_code set_strings(const struct wr_setter *s)
{
	struct wr_conf_strings *strings = wr_setter_field(s);
	enum wr_code rc = WR_OK;
	size_t i, outer;

	if (s->node->kind != WR_TREE_LIST || s->node->count < (size_t)s->row->least ||
	    s->node->count > (size_t)s->row->most)
		return refuse(s);
	/* What was there is inherited, so somebody else's. */
	*strings = (struct wr_conf_strings){NULL, 0};
	strings->items = calloc(s->node->count + 1, sizeof(*strings->items));
	if (strings->items == NULL)
		return WR_ENOMEM;
	for (i = 0; i < s->node->count && rc != WR_ENOMEM; i++) {
		outer = wr_report_push_index(s->report, i);
		rc = wr_setter_check_text(s, s->node->children[i].node);
		if (rc == WR_OK)
			rc = copy_text(s->node->children[i].node->text,
				       &strings->items[strings->count]);
		if (rc == WR_OK)
			strings->count++;
		wr_report_pop(s->report, outer);
	}
	return rc == WR_ENOMEM ? rc : WR_OK;
}

static enum wr_code set_bool(const struct wr_setter *s)
{
	bool value = wr_bytes_equal(s->node->text, wr_bytes_of("true"));

	if (kind_of(s->node) != WR_SCALAR_BOOL ||
	    (!value && !wr_bytes_equal(s->node->text, wr_bytes_of("false"))))
		return refuse(s);
	if (s->row->type == WR_KEY_ONLY_TRUE)
		return value ? WR_OK : refuse(s);
	memcpy(wr_setter_field(s), &value, sizeof(value));
	return WR_OK;
}

/* Stores an integer, a count, a duration or a size, once it is in the row's range. */
static enum wr_code store_integer(const struct wr_setter *s, int64_t value)
{
	int narrow = (int)value;
	size_t wide = (size_t)value;

	if (value < s->row->least || value > s->row->most)
		return refuse(s);
	switch (s->row->type) {
	case WR_KEY_INT:
	case WR_KEY_SHARE:
		memcpy(wr_setter_field(s), &narrow, sizeof(narrow));
		return WR_OK;
	case WR_KEY_COUNT:
	case WR_KEY_SIZE:
		memcpy(wr_setter_field(s), &wide, sizeof(wide));
		return WR_OK;
	case WR_KEY_DURATION_MS:
	case WR_KEY_DURATION_US:
		memcpy(wr_setter_field(s), &value, sizeof(value));
		return WR_OK;
	case WR_KEY_MAP:
	case WR_KEY_LIST:
	case WR_KEY_STRING:
	case WR_KEY_STRINGS:
	case WR_KEY_BOOL:
	case WR_KEY_NUMBER:
	case WR_KEY_ENUM:
	case WR_KEY_SECRET:
	case WR_KEY_SECRET_FILE:
	case WR_KEY_LISTEN:
	case WR_KEY_REDIS_URL:
	case WR_KEY_PROPERTIES:
	case WR_KEY_OUTPUTS:
	case WR_KEY_TREE:
	case WR_KEY_ONLY_TRUE:
		break;
	}
	WR_ASSERT(s->row->type == WR_KEY_INT);
	return WR_EINVAL;
}

static enum wr_code set_integer(const struct wr_setter *s)
{
	int64_t value;

	if (kind_of(s->node) != WR_SCALAR_INTEGER ||
	    wr_scalar_integer(s->node->text, &value) != WR_OK)
		return refuse(s);
	return store_integer(s, value);
}

static enum wr_code set_number(const struct wr_setter *s)
{
	enum wr_scalar_kind kind = kind_of(s->node);
	double value;

	if ((kind != WR_SCALAR_INTEGER && kind != WR_SCALAR_NUMBER) ||
	    wr_scalar_number(s->node->text, &value) != WR_OK || value < (double)s->row->least ||
	    value > (double)s->row->most)
		return refuse(s);
	memcpy(wr_setter_field(s), &value, sizeof(value));
	return WR_OK;
}

static const char *units_text(enum wr_key_type type)
{
	if (type == WR_KEY_SIZE)
		return "the unit is none of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB";
	return type == WR_KEY_SHARE ? "the unit is not %"
				    : "the unit is none of us, ms, s, m, h, d";
}

static const char *fault_text(enum wr_quantity_fault fault, enum wr_key_type type)
{
	switch (fault) {
	case WR_QUANTITY_NO_UNIT:
		return "the unit is missing";
	case WR_QUANTITY_UNIT:
		return units_text(type);
	case WR_QUANTITY_RANGE:
		return "it is too large";
	case WR_QUANTITY_PART:
		return type == WR_KEY_SIZE ? "it is not a whole number of bytes"
					   : "it is not a whole number of the least unit";
	case WR_QUANTITY_OK:
	case WR_QUANTITY_NOT:
		break;
	}
	return NULL;
}

static enum wr_quantity_fault read_quantity(const struct wr_setter *s, int64_t *value_r)
{
	if (s->row->type == WR_KEY_SIZE)
		return wr_scalar_size(s->node->text, value_r);
	if (s->row->type == WR_KEY_SHARE)
		return wr_scalar_share(s->node->text, value_r);
	return wr_scalar_duration(s->node->text, value_r);
}

static enum wr_code set_quantity(const struct wr_setter *s)
{
	enum wr_quantity_fault fault;
	int64_t value;

	if (s->node->kind != WR_TREE_SCALAR)
		return refuse(s);
	fault = read_quantity(s, &value);
	if (fault != WR_QUANTITY_OK)
		return wr_setter_refuse(s, s->node, fault_text(fault, s->row->type));
	if (s->row->type == WR_KEY_DURATION_MS) {
		if (value % 1000 != 0)
			return wr_setter_refuse(s, s->node,
						"it is not a whole number of milliseconds");
		value /= 1000;
	}
	return store_integer(s, value);
}

static enum wr_code refuse_choice(const struct wr_setter *s)
{
	char expected[WR_DESCRIBED_BYTES], found[WR_DESCRIBED_BYTES];
	const struct wr_choice *choice;
	struct wr_nearest nearest;

	wr_nearest_init(&nearest,
			s->node->kind == WR_TREE_SCALAR ? s->node->text : wr_bytes_of(""));
	for (choice = s->row->choices; choice->name != NULL; choice++) {
		if (choice->status == WR_KEY_BUILT)
			wr_nearest_try(&nearest, choice->name);
	}
	if (nearest.best == NULL || s->node->has_variables)
		return refuse(s);
	wr_report_add(s->report, s->node->mark, "expected %s; found %s; did you mean `%s`?",
		      wr_describe_expected(s->row, expected),
		      wr_describe_found(s->row, s->node, found), nearest.best);
	return WR_EINVAL;
}

static enum wr_code set_enum(const struct wr_setter *s)
{
	const struct wr_choice *choice = s->row->choices;
	char expected[WR_DESCRIBED_BYTES];

	_Static_assert(sizeof(enum wr_conf_ack) == sizeof(int), "enums are stored as int");
	while (choice->name != NULL && (s->node->kind != WR_TREE_SCALAR ||
					!wr_bytes_equal(s->node->text, wr_bytes_of(choice->name))))
		choice++;
	if (choice->name == NULL)
		return refuse_choice(s);
	if (choice->status == WR_KEY_PLANNED) {
		wr_report_add(
		    s->report, s->node->mark,
		    "`%s: %s` is known but not built in this version of weir; expected %s",
		    wr_schema_name(s->row), choice->name, wr_describe_expected(s->row, expected));
		return WR_EINVAL;
	}
	if (s->row->has_member)
		memcpy(wr_setter_field(s), &choice->value, sizeof(choice->value));
	return WR_OK;
}

static enum wr_code set_secret_file(const struct wr_setter *s)
{
	char **member = wr_setter_field(s), *secret;
	struct wr_err err;
	enum wr_code rc;

	if (!wr_setter_is_text(s->node) || s->node->text.size == 0)
		return refuse(s);
	if (*member != NULL) {
		wr_report_add(
		    s->report, s->node->mark,
		    "the secret is given twice, here and beside it; expected one of them");
		return WR_EINVAL;
	}
	rc = wr_secret_file_read(s->node->text.data, &secret, &err);
	if (rc == WR_ENOMEM)
		return rc;
	if (rc != WR_OK) {
		wr_report_add(s->report, s->node->mark, "%s; expected a file with the secret",
			      err.text);
		return WR_EINVAL;
	}
	if (!wr_schema_form_fits(s->row->form, wr_bytes_of(secret))) {
		wr_report_add(s->report, s->node->mark, "expected the file to hold %s",
			      wr_describe_form(s->row));
		wr_secret_free(&secret);
		return WR_EINVAL;
	}
	*member = secret;
	return WR_OK;
}

static enum wr_code set_listen(const struct wr_setter *s)
{
	struct wr_err err;
	enum wr_code rc;

	if (!wr_setter_is_text(s->node))
		return refuse(s);
	rc = wr_address_listen(s->node->text, wr_setter_field(s), &err);
	return rc == WR_EINVAL ? wr_setter_refuse(s, s->node, err.text) : rc;
}

static enum wr_code set_redis_url(const struct wr_setter *s)
{
	struct wr_err err;
	enum wr_code rc;

	if (!wr_setter_is_text(s->node))
		return refuse(s);
	rc = wr_address_redis(s->node->text, wr_setter_field(s), &err);
	return rc == WR_EINVAL ? wr_setter_refuse(s, s->node, err.text) : rc;
}

enum wr_code wr_value_set(const struct wr_key_row *row, const struct wr_tree_node *node, void *base,
			  struct wr_report *report)
{
	const struct wr_setter s = {row, node, base, report};

	if (node->broken)
		return WR_EINVAL;
	switch (row->type) {
	case WR_KEY_STRING:
	case WR_KEY_SECRET:
		return set_string(&s);
	case WR_KEY_STRINGS:
		return set_strings(&s);
	case WR_KEY_BOOL:
	case WR_KEY_ONLY_TRUE:
		return set_bool(&s);
	case WR_KEY_INT:
	case WR_KEY_COUNT:
		return set_integer(&s);
	case WR_KEY_NUMBER:
		return set_number(&s);
	case WR_KEY_DURATION_MS:
	case WR_KEY_DURATION_US:
	case WR_KEY_SIZE:
	case WR_KEY_SHARE:
		return set_quantity(&s);
	case WR_KEY_ENUM:
		return set_enum(&s);
	case WR_KEY_SECRET_FILE:
		return set_secret_file(&s);
	case WR_KEY_LISTEN:
		return set_listen(&s);
	case WR_KEY_REDIS_URL:
		return set_redis_url(&s);
	case WR_KEY_PROPERTIES:
		return wr_value_set_properties(&s);
	case WR_KEY_OUTPUTS:
		return wr_value_set_outputs(&s);
	case WR_KEY_TREE:
		return wr_value_set_tree(&s);
	case WR_KEY_MAP:
	case WR_KEY_LIST:
		break;
	}
	WR_ASSERT(row->type != WR_KEY_MAP && row->type != WR_KEY_LIST);
	return WR_EINVAL;
}
