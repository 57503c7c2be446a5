#include "config.h"

#include "conf/value.h"
#include "base/secret.h"
#include "conf/conf.h"
#include "conf/config_json.h"
#include "conf/scalar.h"
#include "conf/show.h"

#include <stdlib.h>
#include <string.h>

/* A property's value may be a number or a boolean too: librdkafka takes text. */
static enum wr_code take_property(const struct wr_setter *s, const struct wr_tree_child *child,
				  struct wr_conf_properties *properties)
{
	struct wr_conf_property *property = &properties->items[properties->count];

	if (child->node->broken)
		return WR_EINVAL;
	if (strlen(child->key.data) != child->key.size || child->key.size == 0) {
		wr_report_add(s->report, child->mark, "expected the name of a property");
		return WR_EINVAL;
	}
	if (child->node->kind != WR_TREE_SCALAR ||
	    (!wr_setter_is_text(child->node) &&
	     wr_scalar_kind(child->node->text) == WR_SCALAR_NULL) ||
	    memchr(child->node->text.data, '\0', child->node->text.size) != NULL) {
		wr_report_add(s->report, child->node->mark,
			      "expected a string, a number or a boolean as the property's value");
		return WR_EINVAL;
	}
	property->mark = child->mark;
	property->is_hidden = child->node->has_variables || wr_conf_name_is_telling(child->key);
	property->name = strdup(child->key.data);
	property->value = strdup(child->node->text.data);
	properties->count++;
	return property->name != NULL && property->value != NULL ? WR_OK : WR_ENOMEM;
}

enum wr_code wr_value_set_properties(const struct wr_setter *s)
{
	struct wr_conf_properties *properties = wr_setter_field(s);
	enum wr_code rc = WR_OK;
	size_t i, outer;

	if (s->node->kind != WR_TREE_MAP)
		return wr_setter_refuse(s, s->node, NULL);
	if (s->node->count == 0)
		return WR_OK;
	properties->items = calloc(s->node->count, sizeof(*properties->items));
	if (properties->items == NULL)
		return WR_ENOMEM;
	for (i = 0; i < s->node->count && rc != WR_ENOMEM; i++) {
		outer = wr_report_push_key(s->report, s->node->children[i].key);
		rc = take_property(s, &s->node->children[i], properties);
		wr_report_pop(s->report, outer);
	}
	return rc == WR_ENOMEM ? rc : WR_OK;
}

static enum wr_code take_output(const struct wr_setter *s, const struct wr_tree_child *child,
				struct wr_conf_pipeline *pipeline)
{
	struct wr_conf_output *output = &pipeline->outputs[pipeline->output_count];
	enum wr_code rc;

	if (!wr_schema_form_fits(WR_FORM_OUTPUT, child->key)) {
		wr_report_add(s->report, child->mark, "expected as an output's name %s",
			      wr_schema_form(WR_FORM_OUTPUT)->expected);
		return WR_EINVAL;
	}
	rc = wr_setter_check_text(s, child->node);
	if (rc != WR_OK)
		return rc;
	output->mark = child->node->mark;
	output->name = strdup(child->key.data);
	output->topic = strdup(child->node->text.data);
	pipeline->output_count++;
	return output->name != NULL && output->topic != NULL ? WR_OK : WR_ENOMEM;
}

/* Plugins' handle 0 is the default output: it comes first, wherever it stands in the file. */
static void move_default_first(struct wr_conf_pipeline *pipeline)
{
	struct wr_conf_output spare;
	size_t i;

	for (i = pipeline->output_count; i-- > 1;) {
		if (strcmp(pipeline->outputs[i].name, "default") == 0) {
			spare = pipeline->outputs[i];
			memmove(pipeline->outputs + 1, pipeline->outputs,
				i * sizeof(*pipeline->outputs));
			pipeline->outputs[0] = spare;
			return;
		}
	}
}

enum wr_code wr_value_set_outputs(const struct wr_setter *s)
{
	struct wr_conf_pipeline *pipeline = s->base;
	enum wr_code rc = WR_OK;
	size_t i, outer;

	if (s->node->kind != WR_TREE_MAP)
		return wr_setter_refuse(s, s->node, NULL);
	if (wr_tree_member(s->node, "default") == NULL) {
		wr_report_add(s->report, s->node->mark,
			      "there is no `default`; expected `default: topic` among the outputs, "
			      "for the events whose handlers name no other");
		rc = WR_EINVAL;
	}
	if (s->node->count == 0)
		return rc;
	pipeline->outputs = calloc(s->node->count, sizeof(*pipeline->outputs));
	if (pipeline->outputs == NULL)
		return WR_ENOMEM;
	for (i = 0, rc = WR_OK; i < s->node->count && rc != WR_ENOMEM; i++) {
		outer = wr_report_push_key(s->report, s->node->children[i].key);
		rc = take_output(s, &s->node->children[i], pipeline);
		wr_report_pop(s->report, outer);
	}
	if (rc == WR_ENOMEM)
		return rc;
	move_default_first(pipeline);
	return WR_OK;
}

/* The JSON text of a tree; the caller owns it. Its buffer may have held secrets. */
static enum wr_code take_json(const struct wr_setter *s, bool hides, char **text_r)
{
	struct wr_buf json = WR_BUF_INIT;
	const char *text;
	enum wr_code rc = wr_config_json(s->node, hides, s->report, &json);

	*text_r = NULL;
	text = rc == WR_OK ? wr_buf_text(&json) : NULL;
	if (text != NULL)
		*text_r = strdup(text);
	if (json.data != NULL)
		wr_secret_wipe(json.data, json.capacity);
	wr_buf_fini(&json);
	return rc == WR_OK && *text_r == NULL ? WR_ENOMEM : rc;
}

enum wr_code wr_value_set_tree(const struct wr_setter *s)
{
	struct wr_conf_stage *stage = s->base;
	enum wr_code rc;

	if (s->node->kind != WR_TREE_MAP)
		return wr_setter_refuse(s, s->node, NULL);
	stage->config_mark = s->node->mark;
	stage->config_places = wr_conf_places_create(s->node);
	if (stage->config_places == NULL)
		return WR_ENOMEM;
	rc = take_json(s, false, &stage->config_json);
	return rc == WR_OK ? take_json(s, true, &stage->config_shown) : rc;
}
