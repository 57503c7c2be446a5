/* docs/openapi.yaml and the table of routes say the same. */
#include "config.h"

#include "tests/unit.h"

#include "http/router.h"

#include <stdio.h>
#include <yaml.h>

struct document {
	yaml_document_t yaml;
	yaml_node_t *paths;
};

static yaml_node_t *member(struct document *doc, yaml_node_t *mapping, const char *name)
{
	yaml_node_pair_t *pair;
	yaml_node_t *key;

	assert_non_null(mapping);
	assert_int_equal(mapping->type, YAML_MAPPING_NODE);
	for (pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++) {
		key = yaml_document_get_node(&doc->yaml, pair->key);
		if (strcmp((const char *)key->data.scalar.value, name) == 0)
			return yaml_document_get_node(&doc->yaml, pair->value);
	}
	return NULL;
}

static size_t size_of(const yaml_node_t *mapping)
{
	return (size_t)(mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start);
}

static int load(void **state)
{
	static struct document doc;
	yaml_parser_t parser;
	FILE *file = fopen(WR_TEST_SOURCES "/docs/openapi.yaml", "r");

	if (file == NULL || yaml_parser_initialize(&parser) == 0)
		return -1;
	yaml_parser_set_input_file(&parser, file);
	if (yaml_parser_load(&parser, &doc.yaml) == 0)
		return -1;
	yaml_parser_delete(&parser);
	fclose(file);
	doc.paths = member(&doc, yaml_document_get_root_node(&doc.yaml), "paths");
	*state = &doc;
	return 0;
}

static int unload(void **state)
{
	yaml_document_delete(&((struct document *)*state)->yaml);
	return 0;
}

static yaml_node_t *operation_of(struct document *doc, const struct wr_http_route *route)
{
	yaml_node_t *path = member(doc, doc->paths, route->path);
	char method[16];
	size_t i;

	if (path == NULL)
		return NULL;
	for (i = 0; route->method[i] != '\0' && i + 1 < sizeof(method); i++)
		method[i] = (char)(route->method[i] | 0x20);
	method[i] = '\0';
	return member(doc, path, method);
}

static void every_route_is_described(void **state)
{
	size_t i;

	for (i = 0; i < wr_http_route_count; i++) {
		if (operation_of(*state, &wr_http_routes[i]) == NULL)
			fail_msg("%s %s", wr_http_routes[i].method, wr_http_routes[i].path);
	}
}

static void nothing_else_is_described(void **state)
{
	struct document *doc = *state;
	yaml_node_pair_t *pair;
	size_t operations = 0;

	for (pair = doc->paths->data.mapping.pairs.start; pair < doc->paths->data.mapping.pairs.top;
	     pair++)
		operations += size_of(yaml_document_get_node(&doc->yaml, pair->value));
	assert_int_equal(operations, wr_http_route_count);
}

static void every_status_is_described_and_no_other(void **state)
{
	struct document *doc = *state;
	const struct wr_http_route *route;
	yaml_node_t *responses;
	char status[8];
	size_t i, j;

	for (i = 0; i < wr_http_route_count; i++) {
		route = &wr_http_routes[i];
		responses = member(doc, operation_of(doc, route), "responses");
		for (j = 0; route->statuses[j] != 0; j++) {
			snprintf(status, sizeof(status), "%u", (unsigned)route->statuses[j]);
			if (member(doc, responses, status) == NULL)
				fail_msg("%s: %s is not described", route->path, status);
		}
		if (size_of(responses) != j)
			fail_msg("%s: more is described than is answered", route->path);
	}
}

static void listeners_and_tokens_are_described(void **state)
{
	struct document *doc = *state;
	const struct wr_http_route *route;
	yaml_node_t *sides, *security, *name;
	yaml_node_item_t *item;
	unsigned found;
	size_t i;

	for (i = 0; i < wr_http_route_count; i++) {
		route = &wr_http_routes[i];
		sides = member(doc, operation_of(doc, route), "x-weir-listeners");
		assert_non_null(sides);
		found = 0;
		for (item = sides->data.sequence.items.start; item < sides->data.sequence.items.top;
		     item++) {
			name = yaml_document_get_node(&doc->yaml, *item);
			found |= strcmp((const char *)name->data.scalar.value, "ingest") == 0
				     ? WR_ROUTE_ON_INGEST
				     : WR_ROUTE_ON_ADMIN;
		}
		assert_int_equal(found, route->sides);
		security = member(doc, operation_of(doc, route), "security");
		assert_int_equal(security->data.sequence.items.top >
				     security->data.sequence.items.start,
				 route->needs_token);
	}
}

static void every_status_of_a_route_is_counted(void **state)
{
	static const unsigned counted[] = {
#define X(status) (status),
	    WR_HTTP_STATUSES(X)
#undef X
	};
	size_t i, j, k;

	(void)state;
	for (i = 0; i < wr_http_route_count; i++) {
		for (j = 0; wr_http_routes[i].statuses[j] != 0; j++) {
			for (k = 0; k < UNIT_COUNT_OF(counted); k++) {
				if (counted[k] == wr_http_routes[i].statuses[j])
					break;
			}
			assert_true(k < UNIT_COUNT_OF(counted));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_route_is_described),
	    cmocka_unit_test(nothing_else_is_described),
	    cmocka_unit_test(every_status_is_described_and_no_other),
	    cmocka_unit_test(listeners_and_tokens_are_described),
	    cmocka_unit_test(every_status_of_a_route_is_counted),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
