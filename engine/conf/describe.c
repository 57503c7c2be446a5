#include "config.h"

#include "conf/describe.h"
#include "conf/scalar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* In the largest unit that leaves it whole. */
static void format_quantity(int64_t value, const struct unit *units, char *out, size_t size)
{
	if (value == 0) {
		snprintf(out, size, "0");
		return;
	}
	while (units->factor > 1 && value % units->factor != 0)
		units++;
	snprintf(out, size, "%" PRId64 "%s", value / units->factor, units->name);
}

const char *wr_describe_quantity(const struct wr_key_row *row, int64_t value, char *out,
				 size_t size)
{
	static const struct unit us[] = {
	    {"h", INT64_C(3600000000)}, {"m", 60000000}, {"s", 1000000}, {"ms", 1000}, {"us", 1}};
	static const struct unit bytes[] = {{"TiB", INT64_C(1) << 40},
					    {"GiB", INT64_C(1) << 30},
					    {"MiB", INT64_C(1) << 20},
					    {"KiB", INT64_C(1) << 10},
					    {"B", 1}};

	if (row->type == WR_KEY_DURATION_MS)
		format_quantity(value * 1000, us, out, size);
	else if (row->type == WR_KEY_DURATION_US)
		format_quantity(value, us, out, size);
	else if (row->type == WR_KEY_SIZE)
		format_quantity(value, bytes, out, size);
	else if (row->type == WR_KEY_SHARE)
		snprintf(out, size, "%g%%", (double)value / 10000);
	else
		snprintf(out, size, "%" PRId64, value);
	return out;
}

const char *wr_describe_range(const struct wr_key_row *row, char out[WR_DESCRIBED_BYTES])
{
	char least[32], most[32];

	out[0] = '\0';
	if (row->most == 0)
		return out;
	wr_describe_quantity(row, row->least, least, sizeof(least));
	wr_describe_quantity(row, row->most, most, sizeof(most));
	snprintf(out, WR_DESCRIBED_BYTES, "%s to %s", least, most);
	return out;
}

const char *wr_describe_choices(const struct wr_choice *choices, char out[WR_DESCRIBED_BYTES])
{
	size_t used = 0, built = 0, seen = 0;
	const struct wr_choice *choice;

	for (choice = choices; choice->name != NULL; choice++)
		built += choice->status == WR_KEY_BUILT ? 1 : 0;
	out[0] = '\0';
	for (choice = choices; choice->name != NULL; choice++) {
		if (choice->status != WR_KEY_BUILT)
			continue;
		seen++;
		snprintf(out + used, WR_DESCRIBED_BYTES - used, "%s`%s`",
			 seen == 1 ? "" : (seen == built ? " or " : ", "), choice->name);
		used += strlen(out + used);
	}
	return out;
}

const char *wr_describe_form(const struct wr_key_row *row)
{
	return wr_schema_form(row->form)->expected;
}

/* What a type expects when it has no range, form or choices to tell. */
static const char *plain_expectation(enum wr_key_type type)
{
	switch (type) {
	case WR_KEY_MAP:
		return "a mapping (`key: value`)";
	case WR_KEY_LIST:
		return "a list of mappings (`- key: value`), one at least";
	case WR_KEY_BOOL:
		return "`true` or `false`";
	case WR_KEY_ONLY_TRUE:
		return "`true`, or leave the key out";
	case WR_KEY_LISTEN:
		return "an address and a port: 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080";
	case WR_KEY_REDIS_URL:
		return "redis://[user[:password]@]host[:port][/database] or "
		       "unix:///path[?db=database]";
	case WR_KEY_PROPERTIES:
		return "a mapping from librdkafka's property names to values";
	case WR_KEY_OUTPUTS:
		return "a mapping from names to topics, with `default` among them";
	case WR_KEY_TREE:
		return "a mapping, as the plugin's schema says";
	case WR_KEY_SECRET_FILE:
		return "the name of a file";
	case WR_KEY_STRING:
	case WR_KEY_STRINGS:
	case WR_KEY_INT:
	case WR_KEY_COUNT:
	case WR_KEY_NUMBER:
	case WR_KEY_DURATION_MS:
	case WR_KEY_DURATION_US:
	case WR_KEY_SIZE:
	case WR_KEY_SHARE:
	case WR_KEY_ENUM:
	case WR_KEY_SECRET:
		break;
	}
	return "a value";
}

const char *wr_describe_expected(const struct wr_key_row *row, char out[WR_DESCRIBED_BYTES])
{
	char part[WR_DESCRIBED_BYTES];

	switch (row->type) {
	case WR_KEY_STRING:
	case WR_KEY_SECRET:
		snprintf(out, WR_DESCRIBED_BYTES, "%s", wr_describe_form(row));
		break;
	case WR_KEY_STRINGS:
		snprintf(out, WR_DESCRIBED_BYTES, "a list (`[a, b]`) of one item at least, each %s",
			 wr_describe_form(row));
		break;
	case WR_KEY_INT:
	case WR_KEY_COUNT:
		snprintf(out, WR_DESCRIBED_BYTES, "an integer from %s",
			 wr_describe_range(row, part));
		break;
	case WR_KEY_NUMBER:
		snprintf(out, WR_DESCRIBED_BYTES, "a number from %s", wr_describe_range(row, part));
		break;
	case WR_KEY_DURATION_MS:
	case WR_KEY_DURATION_US:
		snprintf(out, WR_DESCRIBED_BYTES,
			 "a duration with its unit (5ms, 1.5s, 10m, 48h) from %s",
			 wr_describe_range(row, part));
		break;
	case WR_KEY_SIZE:
		snprintf(out, WR_DESCRIBED_BYTES,
			 "a size with its unit (512KiB, 4MiB, 10MB) from %s",
			 wr_describe_range(row, part));
		break;
	case WR_KEY_SHARE:
		snprintf(out, WR_DESCRIBED_BYTES, "a share in percent (10%%) from %s",
			 wr_describe_range(row, part));
		break;
	case WR_KEY_ENUM:
		snprintf(out, WR_DESCRIBED_BYTES, "%s", wr_describe_choices(row->choices, part));
		break;
	case WR_KEY_MAP:
	case WR_KEY_LIST:
	case WR_KEY_BOOL:
	case WR_KEY_SECRET_FILE:
	case WR_KEY_LISTEN:
	case WR_KEY_REDIS_URL:
	case WR_KEY_PROPERTIES:
	case WR_KEY_OUTPUTS:
	case WR_KEY_TREE:
	case WR_KEY_ONLY_TRUE:
		snprintf(out, WR_DESCRIBED_BYTES, "%s", plain_expectation(row->type));
		break;
	}
	return out;
}

static bool is_secret(const struct wr_key_row *row)
{
	return row->type == WR_KEY_SECRET || row->type == WR_KEY_REDIS_URL ||
	       row->type == WR_KEY_PROPERTIES;
}

static const char *scalar_noun(const struct wr_tree_node *node)
{
	switch (node->plain ? wr_scalar_kind(node->text) : WR_SCALAR_STRING) {
	case WR_SCALAR_NULL:
		return "nothing";
	case WR_SCALAR_BOOL:
		return "the boolean";
	case WR_SCALAR_INTEGER:
	case WR_SCALAR_NUMBER:
		return "the number";
	case WR_SCALAR_STRING:
		break;
	}
	return "the string";
}

const char *wr_describe_found(const struct wr_key_row *row, const struct wr_tree_node *node,
			      char out[WR_DESCRIBED_BYTES])
{
	char quoted[WR_QUOTED_BYTES];
	const char *noun;

	if (node->kind != WR_TREE_SCALAR) {
		snprintf(out, WR_DESCRIBED_BYTES, "%s%s", node->count == 0 ? "an empty " : "a ",
			 node->kind == WR_TREE_LIST ? "list" : "mapping");
		return out;
	}
	noun = scalar_noun(node);
	if (strcmp(noun, "nothing") == 0)
		snprintf(out, WR_DESCRIBED_BYTES, "nothing");
	else if (is_secret(row))
		snprintf(out, WR_DESCRIBED_BYTES, "something else, not shown here");
	else if (node->has_variables)
		snprintf(out, WR_DESCRIBED_BYTES, "what \"%s\" expands to",
			 wr_report_quote(node->source, quoted));
	else
		snprintf(out, WR_DESCRIBED_BYTES, "%s \"%s\"", noun,
			 wr_report_quote(node->text, quoted));
	return out;
}

const char *wr_describe_type(const struct wr_key_row *row)
{
	switch (row->type) {
	case WR_KEY_MAP:
	case WR_KEY_PROPERTIES:
	case WR_KEY_OUTPUTS:
	case WR_KEY_TREE:
		return "mapping";
	case WR_KEY_LIST:
		return "list";
	case WR_KEY_STRINGS:
		return "list of strings";
	case WR_KEY_STRING:
		return "string";
	case WR_KEY_BOOL:
	case WR_KEY_ONLY_TRUE:
		return "boolean";
	case WR_KEY_INT:
	case WR_KEY_COUNT:
		return "integer";
	case WR_KEY_NUMBER:
		return "number";
	case WR_KEY_DURATION_MS:
	case WR_KEY_DURATION_US:
		return "duration";
	case WR_KEY_SIZE:
		return "size";
	case WR_KEY_SHARE:
		return "share";
	case WR_KEY_ENUM:
		return "one of";
	case WR_KEY_SECRET:
		return "secret";
	case WR_KEY_SECRET_FILE:
		return "file";
	case WR_KEY_LISTEN:
		return "address:port";
	case WR_KEY_REDIS_URL:
		return "URL";
	}
	return "";
}
