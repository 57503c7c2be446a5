#include "config.h"

#include "conf/load.h"
#include "conf/describe.h"
#include "conf/schema.h"

#include <stdio.h>
#include <string.h>

/* One of the two pages. Sections are the maps of the table, in its order. */
struct page {
	struct wr_buf *out;
	enum wr_code rc;
	bool man;
};

static const char markdown_head[] =
    "# Configuration\n"
    "\n"
    "<!-- Made from the table of keys by `make docs`; changes belong there. -->\n"
    "\n"
    "weir reads one YAML file. `weir check FILE` says everything that is wrong with it, each with line,\n"
    "column and the path of the key; `weir schema` prints a JSON Schema with which an editor completes and\n"
    "checks it while you write. `etc/` has examples, `etc/full.yaml` has every key.\n"
    "\n"
    "Unknown keys are errors, and so are keys that this version knows but can't do yet.\n"
    "\n"
    "- **Variables**: `${NAME}` and `${NAME:-default}` in a value stand for an environment variable; one that is\n"
    "  not set and has no default is an error. `$$` is a dollar sign.\n"
    "- **Durations** carry a unit: `500us`, `5ms`, `1.5s`, `10m`, `48h`, `7d`; only `0` needs none.\n"
    "- **Sizes** carry a unit: `512B`, `10MB` (10,000,000), `4MiB` (4,194,304), `2GiB`.\n"
    "- **Booleans** are `true` and `false`. A string that looks like a number or a boolean needs quotes.\n"
    "- **Secrets** are never logged or shown in an error. Files of secrets may end with a newline.\n"
    "- **Files** that are named by relative paths are looked for in the working directory.\n"
    "- One document a file, no key twice, aliases (`*name`) yes, merge keys (`<<`) no.\n"
    "\n"
    "A running engine takes up a changed file at a reload (SIGHUP, or `watch: true`), see\n"
    "[reload](../reload.md). The column *Change* says which keys can't change then, but need a `restart`.\n";

static const char man_head[] =
    ".\\\" Made from the table of keys by `make docs`; changes belong there.\n"
    ".TH WEIR.YAML 5 \"\" \"weir " PACKAGE_VERSION "\" \"File formats\"\n"
    ".SH NAME\n"
    "weir.yaml \\- configuration of the weir event-processing engine\n"
    ".SH DESCRIPTION\n"
    "weir reads one YAML file.\n"
    ".B weir check\n"
    "says everything that is wrong with it, each with line, column and the path of the key.\n"
    "Unknown keys are errors, and so are keys that this version knows but can\\(aqt do yet.\n"
    ".PP\n"
    "${NAME} and ${NAME:-default} in a value stand for an environment variable; $$ is a dollar sign.\n"
    "Durations carry a unit (us, ms, s, m, h, d), sizes too (B, KB, MB, GB, TB, KiB, MiB, GiB, TiB);\n"
    "only 0 needs none.\n"
    "Booleans are\n"
    ".B true\n"
    "and\n"
    ".BR false .\n"
    "Files that are named by relative paths are looked for in the working directory.\n";

static const char man_tail[] = ".SH EXAMPLE\n"
			       ".EX\n"
			       "kafka: { brokers: \"localhost:9092\" }\n"
			       "redis: { url: \"redis://localhost:6379/0\" }\n"
			       "pipelines:\n"
			       "  \\- name: payments\n"
			       "    source: { topics: [events] }\n"
			       "    dlq: { topic: events\\-dlq }\n"
			       "    stages:\n"
			       "      \\- plugin: validate.so\n"
			       "        config: { required: [/eventId] }\n"
			       "    outputs: { default: processed\\-events }\n"
			       ".EE\n"
			       ".SH SEE ALSO\n"
			       ".BR weir (1)\n";

static void put(struct page *p, const char *text)
{
	if (p->rc == WR_OK)
		p->rc = wr_buf_append_text(p->out, text);
}

static void put_char(struct page *p, char c)
{
	if (p->rc == WR_OK)
		p->rc = wr_buf_append(p->out, &c, 1);
}

/* Text for the page: backticks become bold in a manual, and what the format would take for itself is escaped. */
static void put_prose(struct page *p, const char *text)
{
	bool code = false;

	for (; *text != '\0'; text++) {
		if (!p->man && *text == '|') {
			put(p, "\\|");
		} else if (!p->man) {
			put_char(p, *text);
		} else if (*text == '`') {
			code = !code;
			put(p, code ? "\\fB" : "\\fR");
		} else if (*text == '\\') {
			put(p, "\\e");
		} else if (*text == '-') {
			put(p, "\\-");
		} else if (*text == '\'') {
			put(p, "\\(aq");
		} else if (strncmp(text, "\xC2\xB1", 2) == 0) {
			put(p, "\\(+-");
			text++;
		} else {
			put_char(p, *text);
		}
	}
}

static void put_value(struct page *p, const struct wr_key_row *row)
{
	char part[WR_DESCRIBED_BYTES];

	if (row->type == WR_KEY_ENUM) {
		put_prose(p, wr_describe_choices(row->choices, part));
		return;
	}
	put_prose(p, wr_describe_type(row));
	if (row->type == WR_KEY_STRINGS || row->type == WR_KEY_LIST)
		return;
	if (wr_describe_range(row, part)[0] != '\0') {
		put(p, ", ");
		put_prose(p, part);
	}
}

static void put_default(struct page *p, const struct wr_key_row *row)
{
	if (row->required)
		put_prose(p, "required");
	else if (row->fallback != NULL) {
		put_prose(p, "`");
		put_prose(p, row->fallback);
		put_prose(p, "`");
	} else
		put_prose(p, row->otherwise != NULL ? row->otherwise : "none");
}

static void put_row(struct page *p, const struct wr_key_row *row)
{
	if (p->man) {
		put(p, ".TP\n\\fB");
		put_prose(p, row->path);
		put(p, "\\fR (");
		put_value(p, row);
		put(p, row->required ? "; " : "; default: ");
		put_default(p, row);
		put(p, ")\n");
		put_prose(p, row->doc);
		put(p, "\n");
		return;
	}
	put(p, "| `");
	put(p, wr_schema_name(row));
	put(p, "` | ");
	put_value(p, row);
	put(p, " | ");
	put_default(p, row);
	put(p, row->restart ? " | restart | " : " | | ");
	put_prose(p, row->doc);
	put(p, " |\n");
}

static bool has_section(const struct wr_key_row *row)
{
	return row->type == WR_KEY_MAP || row->type == WR_KEY_LIST;
}

static void put_section_head(struct page *p, const struct wr_key_row *row)
{
	const char *list = row != NULL && row->type == WR_KEY_LIST ? "[]" : "";

	if (row == NULL) {
		put(p, p->man ? ".SH THE ENGINE\n" : "\n## The engine\n");
		return;
	}
	put(p, p->man ? ".SS " : "\n## `");
	put_prose(p, row->path);
	put(p, list);
	put(p, p->man ? "\n" : "`\n\n");
	put_prose(p, row->doc);
	if (row->required)
		put_prose(p, " Required.");
	put(p, "\n");
}

/* The keys directly below a map that are no maps themselves. */
static void put_section(struct page *p, const struct wr_key_row *map)
{
	const struct wr_key_row *row;
	size_t cursor = 0, rows = 0;
	char prefix[128] = "";

	if (map != NULL)
		snprintf(prefix, sizeof(prefix), "%s%s", map->path,
			 map->type == WR_KEY_LIST ? "[]" : "");
	put_section_head(p, map);
	while ((row = wr_schema_child(prefix, &cursor)) != NULL) {
		if (row->status != WR_KEY_BUILT || has_section(row))
			continue;
		if (rows++ == 0 && !p->man)
			put(p,
			    "\n| Key | Value | Default | Change | Meaning |\n|---|---|---|---|---|\n");
		put_row(p, row);
	}
}

static void put_planned(struct page *p)
{
	const struct wr_key_row *row;
	size_t i;

	put(p, p->man ? ".SH NOT BUILT YET\nKnown, and an error in this version:\n"
		      : "\n## Not built yet\n\nKnown, and an error in this version:\n\n");
	for (i = 0; i < wr_schema_size(); i++) {
		row = wr_schema_row(i);
		if (row->status != WR_KEY_PLANNED)
			continue;
		put(p, p->man ? ".TP\n\\fB" : "- `");
		put_prose(p, row->path);
		put(p, p->man ? "\\fR\n" : "`: ");
		put_prose(p, row->doc);
		if (row->harmless != NULL) {
			put_prose(p, " (`");
			put_prose(p, row->harmless);
			put_prose(p, "` is accepted.)");
		}
		put(p, "\n");
	}
}

/* Values of enumerations, which have no row of their own. */
static void put_planned_choices(struct page *p)
{
	const struct wr_choice *choice;
	const struct wr_key_row *row;
	size_t i;

	for (i = 0; i < wr_schema_size(); i++) {
		row = wr_schema_row(i);
		for (choice = row->choices; choice != NULL && choice->name != NULL; choice++) {
			if (choice->status != WR_KEY_PLANNED)
				continue;
			put(p, p->man ? ".TP\n\\fB" : "- `");
			put_prose(p, row->path);
			put(p, ": ");
			put_prose(p, choice->name);
			put(p, p->man ? "\\fR\n" : "`\n");
		}
	}
}

static enum wr_code write_page(struct page *p)
{
	const struct wr_key_row *row;
	size_t i;

	put(p, p->man ? man_head : markdown_head);
	put_section(p, NULL);
	for (i = 0; i < wr_schema_size(); i++) {
		row = wr_schema_row(i);
		if (has_section(row) && row->status == WR_KEY_BUILT)
			put_section(p, row);
	}
	put_planned(p);
	put_planned_choices(p);
	if (p->man)
		put(p, man_tail);
	return p->rc;
}

enum wr_code wr_conf_reference_markdown(struct wr_buf *out)
{
	struct page page = {.out = out, .rc = WR_OK, .man = false};

	return write_page(&page);
}

enum wr_code wr_conf_reference_man(struct wr_buf *out)
{
	struct page page = {.out = out, .rc = WR_OK, .man = true};

	return write_page(&page);
}
