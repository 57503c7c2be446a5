#include "config.h"

#include "conf/check.h"
#include "base/check.h"
#include "conf/address.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wr_conf_mark wr_check_mark(const struct wr_checker *c, const char *path)
{
	const struct wr_tree_node *node = c->root;
	const struct wr_tree_child *child;
	char key[128], *end;
	size_t size, i;

	while (*path != '\0') {
		child = NULL;
		if (*path == '[') {
			i = strtoul(path + 1, &end, 10);
			path = end + 1;
			if (node->kind == WR_TREE_LIST && i < node->count)
				child = &node->children[i];
		} else {
			path += *path == '.' ? 1 : 0;
			size = strcspn(path, ".[");
			snprintf(key, sizeof(key), "%.*s", (int)size, path);
			path += size;
			child = wr_tree_member(node, key);
		}
		if (child == NULL)
			break;
		node = child->node;
	}
	return node->mark;
}

void wr_check_report(struct wr_checker *c, const char *path, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	wr_problems_add(c->report->problems, c->report->file, wr_check_mark(c, path), path, "%s",
			text);
}

/* Then it is wrong, and has its own error. */
static bool says_token(const struct wr_tree_node *http)
{
	static const char *const names[] = {"token", "token_file"};
	const struct wr_tree_child *admin = wr_tree_member(http, "admin"), *said;

	for (size_t i = 0; admin != NULL && i < WR_COUNT_OF(names); i++) {
		said = wr_tree_member(admin->node, names[i]);
		if (said != NULL &&
		    (said->node->kind != WR_TREE_SCALAR || said->node->text.size > 0))
			return true;
	}
	return false;
}

static void check_listeners(struct wr_checker *c)
{
	const struct wr_conf_listener *ingest = &c->conf->ingest.listener, *admin = &c->conf->admin;
	const struct wr_tree_child *http = wr_tree_member(c->root, "http");

	if (admin->host != NULL && admin->token == NULL && http != NULL &&
	    !says_token(http->node) && !wr_address_is_loopback(admin->host))
		wr_check_report(c, "http.admin.listen",
				"an address outside of the loopback needs a token; expected "
				"`token_file` or `token` beside it, or 127.0.0.1 or [::1]");
	if (ingest->host != NULL && admin->host != NULL && wr_address_collide(ingest, admin))
		wr_check_report(c, "http.admin.listen",
				"`http.ingest` listens on port %d already; expected another port",
				admin->port);
}

static const char *find_property(const struct wr_conf_properties *properties, const char *name)
{
	size_t i;

	for (i = 0; i < properties->count; i++) {
		if (strcmp(properties->items[i].name, name) == 0)
			return properties->items[i].value;
	}
	return NULL;
}

/* Whether librdkafka's producer will take what the listener took. The key and the headers need room too. */
static void check_event_size(struct wr_checker *c)
{
	const struct wr_conf_ingest *ingest = &c->conf->ingest;
	const size_t overhead = 64 * 1024;
	const char *value;
	size_t most = 1000000; /* librdkafka's default of message.max.bytes */

	if (!ingest->listener.configured)
		return;
	value = find_property(&c->conf->kafka.producer_properties, "message.max.bytes");
	if (value == NULL)
		value = find_property(&c->conf->kafka.properties, "message.max.bytes");
	if (value != NULL)
		most = strtoul(value, NULL, 10);
	if (ingest->max_event_bytes + overhead > most)
		wr_check_report(c, "http.ingest.max_event",
				"an event of %zu bytes with its headers is more than the producer "
				"takes; expected %zu bytes less, or `kafka.properties` with "
				"message.max.bytes of %zu at least",
				ingest->max_event_bytes, ingest->max_event_bytes + overhead - most,
				ingest->max_event_bytes + overhead);
	if (ingest->max_event_bytes > ingest->max_body_bytes)
		wr_check_report(c, "http.ingest.max_event",
				"no event can be larger than a body; expected `max_body` or less");
}

/* Whether one of the brokers, with spaces before it allowed, is `embedded`. */
static bool names_embedded(const char *brokers)
{
	size_t size;

	while (*brokers != '\0') {
		brokers += strspn(brokers, ", ");
		size = strcspn(brokers, ",");
		if (size == strlen("embedded") && strncmp(brokers, "embedded", size) == 0)
			return true;
		brokers += size;
	}
	return false;
}

static void check_brokers(struct wr_checker *c)
{
	const struct wr_conf_kafka *kafka = &c->conf->kafka;

	if (kafka->brokers != NULL && !kafka->embedded && names_embedded(kafka->brokers))
		wr_check_report(c, "kafka.brokers",
				"`embedded` stands alone; expected it, or a list of brokers");
}

void wr_check(const struct wr_conf *conf, const struct wr_tree_node *root, struct wr_report *report)
{
	struct wr_checker c = {.conf = conf, .root = root, .report = report};

	if (root->kind != WR_TREE_MAP)
		return;
	if (conf->pipeline_count == 0 && !conf->ingest.listener.configured &&
	    (wr_tree_member(root, "pipelines") == NULL ||
	     wr_tree_member(root, "pipelines")->node->kind == WR_TREE_LIST))
		wr_check_report(&c, "pipelines",
				"there is nothing to do; expected a pipeline, or `http.ingest`");
	check_brokers(&c);
	check_listeners(&c);
	check_event_size(&c);
	wr_check_properties(&c);
	wr_check_pipelines(&c);
}
