#include "config.h"

#include "conf/finish.h"
#include "conf/scalar.h"
#include "conf/schema.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct wr_tree_node *node_of(const struct wr_tree_child *child)
{
	return child != NULL ? child->node : NULL;
}

static const struct wr_tree_node *item_of(const struct wr_tree_node *list, size_t i)
{
	return list != NULL && list->kind == WR_TREE_LIST && i < list->count
		   ? list->children[i].node
		   : NULL;
}

static struct wr_conf_mark mark_of(const struct wr_tree_node *node)
{
	return node != NULL ? node->mark : (struct wr_conf_mark){0, 0};
}

/* Sets a string that the file left out. */
static enum wr_code provide(char **member, const char *text)
{
	if (*member == NULL)
		*member = strdup(text);
	return *member != NULL ? WR_OK : WR_ENOMEM;
}

/* The host name, with what an instance's name may not hold replaced. */
static enum wr_code provide_instance(struct wr_conf *conf)
{
	char name[HOST_NAME_MAX + 1] = "";
	size_t i;

	if (conf->instance != NULL)
		return WR_OK;
	if (gethostname(name, sizeof(name)) != 0 || name[0] == '\0')
		strcpy(name, "localhost");
	name[sizeof(name) - 1] = '\0';
	for (i = 0; name[i] != '\0'; i++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
			   name[i]) == NULL)
			name[i] = '-';
	}
	if (!wr_schema_form_fits(WR_FORM_INSTANCE, wr_bytes_of(name)))
		strcpy(name, "localhost");
	return provide(&conf->instance, name);
}

static enum wr_code provide_plugin_path(struct wr_conf *conf)
{
	if (conf->plugin_path.count > 0)
		return WR_OK;
	free(conf->plugin_path.items);
	conf->plugin_path.items = calloc(1, sizeof(char *));
	if (conf->plugin_path.items == NULL)
		return WR_ENOMEM;
	conf->plugin_path.items[0] = strdup(WR_PLUGINDIR);
	if (conf->plugin_path.items[0] == NULL)
		return WR_ENOMEM;
	conf->plugin_path.count = 1;
	return WR_OK;
}

/* Which of the keys names the id; that only one does is for the checks. */
static enum wr_code finish_event_id(struct wr_conf_pipeline *pipeline,
				    const struct wr_tree_node *event_id)
{
	struct wr_conf_event_id *id = &pipeline->event_id;

	if (wr_tree_member(event_id, "header") != NULL) {
		id->source = WR_ID_HEADER;
	} else if (wr_tree_member(event_id, "key") != NULL ||
		   (wr_tree_member(event_id, "json") == NULL &&
		    pipeline->format == WR_FORMAT_RAW)) {
		id->source = WR_ID_KEY;
	} else {
		id->source = WR_ID_JSON;
		return provide(&id->pointer_or_name, "/eventId");
	}
	return WR_OK;
}

/* A delay that is no whole millisecond, or too long to count, is 0: the checks tell. */
static void finish_retry(struct wr_conf_retry *retry)
{
	static const int64_t usual_ms[] = {5000, 60000, 600000};
	const struct wr_conf_strings *names = &retry->tier_names;
	int64_t us;

	retry->tier_count = 0;
	for (size_t i = 0; names->count == 0 && i < sizeof(usual_ms) / sizeof(usual_ms[0]); i++)
		retry->tiers_ms[retry->tier_count++] = usual_ms[i];
	for (size_t i = 0; i < names->count && i < WR_CONF_TIERS_MAX; i++) {
		if (wr_scalar_duration(wr_bytes_of(names->items[i]), &us) != WR_QUANTITY_OK ||
		    us % 1000 != 0)
			us = 0;
		retry->tiers_ms[retry->tier_count++] = us / 1000;
	}
}

/* What may pass by itself. */
static enum wr_code finish_redrive(struct wr_conf_redrive *redrive)
{
	static const char *const usual[] = {"exhausted", "timeout"};
	const size_t count = sizeof(usual) / sizeof(usual[0]);

	if (!redrive->configured || redrive->classes.count > 0)
		return WR_OK;
	free(redrive->classes.items);
	redrive->classes.items = calloc(count, sizeof(char *));
	if (redrive->classes.items == NULL)
		return WR_ENOMEM;
	while (redrive->classes.count < count) {
		char *name = strdup(usual[redrive->classes.count]);

		if (name == NULL)
			return WR_ENOMEM;
		redrive->classes.items[redrive->classes.count++] = name;
	}
	return WR_OK;
}

static enum wr_code finish_stage(struct wr_conf_stage *stage, const struct wr_tree_node *node)
{
	enum wr_code rc;

	stage->mark = mark_of(node);
	finish_retry(&stage->retry);
	stage->plugin_mark = mark_of(node_of(wr_tree_member(node, "plugin")));
	rc = provide(&stage->config_json, "{}");
	return rc == WR_OK ? provide(&stage->config_shown, "{}") : rc;
}

static enum wr_code finish_pipeline(struct wr_conf_pipeline *pipeline,
				    const struct wr_tree_node *node)
{
	const struct wr_tree_node *stages = node_of(wr_tree_member(node, "stages"));
	enum wr_code rc;
	size_t i;

	pipeline->mark = mark_of(node);
	finish_retry(&pipeline->retry);
	rc = finish_event_id(pipeline, node_of(wr_tree_member(node, "event_id")));
	if (rc == WR_OK)
		rc = finish_redrive(&pipeline->redrive);
	if (rc == WR_OK && pipeline->name != NULL)
		rc = provide(&pipeline->group, pipeline->name);
	for (i = 0; i < pipeline->stage_count && rc == WR_OK; i++)
		rc = finish_stage(&pipeline->stages[i], item_of(stages, i));
	return rc;
}

enum wr_code wr_finish(struct wr_conf *conf, const struct wr_tree_node *root)
{
	const struct wr_tree_node *pipelines = node_of(wr_tree_member(root, "pipelines"));
	enum wr_code rc = provide_instance(conf);
	size_t i;

	if (rc == WR_OK)
		rc = provide_plugin_path(conf);
	for (i = 0; i < conf->pipeline_count && rc == WR_OK; i++)
		rc = finish_pipeline(&conf->pipelines[i], item_of(pipelines, i));
	conf->kafka.embedded =
	    conf->kafka.brokers != NULL && strcmp(conf->kafka.brokers, "embedded") == 0;
	return rc;
}
