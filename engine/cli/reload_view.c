#include "config.h"

#include "cli/reload_view.h"

#include "cli/text_table.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const phases[] = {"read", "validate", "probe", "load", "swap", "drain"};

#define PHASES (sizeof(phases) / sizeof(phases[0]))

static void append(struct wr_buf *out, const char *prefix, struct wr_bytes text)
{
	if (text.data == NULL)
		return;
	(void)wr_buf_append_text(out, prefix);
	(void)wr_buf_append_printable(out, text);
}

static bool result_is(struct wr_admin_client *client, const char *result)
{
	return wr_bytes_equal(wr_admin_client_text(client, "/result"), wr_bytes_of(result));
}

bool wr_reload_view_succeeded(struct wr_admin_client *client)
{
	return !result_is(client, "rejected") && !result_is(client, "rolled_back");
}

static void view_result(struct wr_admin_client *client, struct wr_buf *out)
{
	int64_t before = wr_admin_client_integer(client, 0, "/generation_before");
	int64_t after = wr_admin_client_integer(client, 0, "/generation_after");

	if (result_is(client, "canary") && after != before) {
		(void)wr_buf_printf(out,
				    "canary: generation %" PRId64
				    " runs a share of the keys, %" PRId64
				    " the others; weir generations tells how it goes\n",
				    after, before);
		return;
	}
	if (wr_admin_client_is_true(client, "/dry_run"))
		append(out, "would be ", wr_admin_client_text(client, "/result"));
	else
		append(out, "", wr_admin_client_text(client, "/result"));
	if (after != before)
		(void)wr_buf_printf(out, ": generation %" PRId64 " runs, after %" PRId64 "\n",
				    after, before);
	else
		(void)wr_buf_printf(out, ": generation %" PRId64 " runs\n", before);
}

/* "fraud 1.2.0 (0123456789ab)": the checksum's beginning where there is no build id. */
static void add_code(struct wr_admin_client *client, struct wr_text_table *table, size_t i,
		     const char *which)
{
	struct wr_buf text = WR_BUF_INIT;
	struct wr_bytes id = wr_admin_client_text(client, "/plugins/%zu/%s/build_id", i, which);

	if (id.data == NULL)
		id = wr_admin_client_text(client, "/plugins/%zu/%s/sha256", i, which);
	append(&text, "", wr_admin_client_text(client, "/plugins/%zu/%s/plugin", i, which));
	append(&text, " ", wr_admin_client_text(client, "/plugins/%zu/%s/version", i, which));
	if (id.data != NULL)
		(void)wr_buf_printf(&text, " (%.*s)", id.size < 12 ? (int)id.size : 12,
				    (const char *)id.data);
	wr_text_table_add(table, wr_bytes(text.data, text.size));
	wr_buf_fini(&text);
}

static void view_plugins(struct wr_admin_client *client, struct wr_buf *out)
{
	size_t n = wr_admin_client_count(client, "/plugins");
	struct wr_text_table table;
	struct wr_buf name = WR_BUF_INIT;

	wr_text_table_init(&table, "llllll");
	for (size_t i = 0; i < n; i++) {
		wr_buf_clear(&name);
		append(&name, "  ", wr_admin_client_text(client, "/plugins/%zu/pipeline", i));
		append(&name, "/", wr_admin_client_text(client, "/plugins/%zu/stage", i));
		wr_text_table_add(&table, wr_bytes(name.data, name.size));
		wr_text_table_add(&table, wr_admin_client_text(client, "/plugins/%zu/change", i));
		add_code(client, &table, i, "before");
		wr_text_table_add(&table, wr_bytes_of("->"));
		add_code(client, &table, i, "after");
		wr_buf_clear(&name);
		append(&name, "state ", wr_admin_client_text(client, "/plugins/%zu/state", i));
		wr_text_table_add(&table, wr_bytes(name.size > 0 ? name.data : "", name.size));
	}
	(void)wr_text_table_render(&table, out);
	wr_text_table_fini(&table);
	wr_buf_fini(&name);
}

static void view_changes(struct wr_admin_client *client, struct wr_buf *out)
{
	size_t n = wr_admin_client_count(client, "/changes");

	for (size_t i = 0; i < n; i++) {
		append(out, "  ", wr_admin_client_text(client, "/changes/%zu", i));
		(void)wr_buf_append_text(out, "\n");
	}
}

/* As weir check prints them. */
static void view_errors(struct wr_admin_client *client, struct wr_buf *out)
{
	size_t n = wr_admin_client_count(client, "/errors");

	for (size_t i = 0; i < n; i++) {
		int64_t line = wr_admin_client_integer(client, 0, "/errors/%zu/line", i);
		int64_t column = wr_admin_client_integer(client, 0, "/errors/%zu/column", i);
		struct wr_bytes file = wr_admin_client_text(client, "/errors/%zu/file", i);
		struct wr_bytes path = wr_admin_client_text(client, "/errors/%zu/path", i);

		append(out, "", file);
		if (file.data != NULL && line > 0)
			(void)wr_buf_printf(out, ":%" PRId64 ":%" PRId64, line, column);
		append(out, file.data != NULL ? ": " : "", path);
		append(out, file.data != NULL || path.data != NULL ? ": " : "",
		       wr_admin_client_text(client, "/errors/%zu/detail", i));
		(void)wr_buf_append_text(out, "\n");
	}
}

static void view_timings(struct wr_admin_client *client, struct wr_buf *out)
{
	const char *separator = "  ";

	for (size_t i = 0; i < PHASES; i++) {
		double ms = wr_admin_client_number(client, -1, "/timings_ms/%s", phases[i]);

		if (ms < 0)
			continue;
		(void)wr_buf_printf(out, "%s%s %.1f ms", separator, phases[i], ms);
		separator = ", ";
	}
	if (separator[0] == ',')
		(void)wr_buf_append_text(out, "\n");
}

/* "0.5% of 200, 1% of 1800 before" */
static void add_trials(struct wr_admin_client *client, struct wr_buf *out, size_t i)
{
	size_t n = wr_admin_client_count(client, "/generations/%zu/canary/pipelines", i);

	for (size_t k = 0; k < n; k++) {
#define TRIAL "/generations/%zu/canary/pipelines/%zu"
		append(out, k > 0 ? "; " : " (",
		       wr_admin_client_text(client, TRIAL "/pipeline", i, k));
		(void)wr_buf_printf(
		    out,
		    ": %" PRId64 " of %" PRId64 " failed, of the others %" PRId64 " of %" PRId64,
		    wr_admin_client_integer(client, 0, TRIAL "/canary/errors", i, k),
		    wr_admin_client_integer(client, 0, TRIAL "/canary/events", i, k),
		    wr_admin_client_integer(client, 0, TRIAL "/stable/errors", i, k),
		    wr_admin_client_integer(client, 0, TRIAL "/stable/events", i, k));
#undef TRIAL
	}
	if (n > 0)
		(void)wr_buf_append_text(out, ")");
}

/* What changed; of a canary also how it goes or went. */
static void add_what(struct wr_admin_client *client, struct wr_text_table *table, size_t i)
{
	struct wr_buf text = WR_BUF_INIT;

	append(&text, "", wr_admin_client_text(client, "/generations/%zu/what", i));
	append(&text, "; ", wr_admin_client_text(client, "/generations/%zu/canary/reason", i));
	add_trials(client, &text, i);
	wr_text_table_add(table, text.size > 0
				     ? wr_bytes(text.data, text.size)
				     : wr_admin_client_text(client, "/generations/%zu/what", i));
	wr_buf_fini(&text);
}

static struct wr_bytes state_of(struct wr_admin_client *client, size_t i)
{
	struct wr_bytes state = wr_admin_client_text(client, "/generations/%zu/state", i);

	if (wr_admin_client_is_true(client, "/generations/%zu/runs", i))
		return wr_bytes_of("runs");
	if (wr_admin_client_is_true(client, "/generations/%zu/can_return", i))
		return wr_bytes_of("rollback leads here");
	if (wr_bytes_equal(state, wr_bytes_of("canary")))
		return wr_bytes_of("is tried");
	return wr_bytes_of(wr_bytes_equal(state, wr_bytes_of("rolled_back")) ? "rolled back" : "");
}

static void view_drain(struct wr_admin_client *client, struct wr_buf *out)
{
	struct wr_bytes waits = wr_admin_client_text(client, "/waits_for");

	if (!result_is(client, "applied") || wr_admin_client_is_true(client, "/dry_run"))
		return;
	if (wr_admin_client_is_true(client, "/drained"))
		(void)wr_buf_append_text(out, "  the generation before is gone\n");
	else if (waits.data == NULL)
		(void)wr_buf_append_text(out, "  the generation before is still draining\n");
	else {
		append(out, "  the generation before is still draining: ", waits);
		(void)wr_buf_append_text(out, "\n");
	}
}

void wr_reload_view(struct wr_admin_client *client, struct wr_buf *out)
{
	view_errors(client, out);
	view_result(client, out);
	if (wr_reload_view_succeeded(client)) {
		view_plugins(client, out);
		view_changes(client, out);
	}
	view_drain(client, out);
	view_timings(client, out);
}

void wr_reload_view_list(struct wr_admin_client *client, struct wr_buf *out)
{
	static const char *const titles[] = {"GENERATION", "SINCE", "WHO", "", "WHAT"};
	size_t n = wr_admin_client_count(client, "/generations");
	struct wr_text_table table;

	if (wr_admin_client_is_true(client, "/drifted"))
		(void)wr_buf_append_text(
		    out, "something else runs than the configuration file says, since the start\n");
	wr_text_table_init(&table, "rllll");
	wr_text_table_head(&table, titles);
	for (size_t i = 0; i < n; i++) {
		wr_text_table_addf(
		    &table, "%" PRId64,
		    wr_admin_client_integer(client, 0, "/generations/%zu/number", i));
		wr_text_table_add(&table,
				  wr_admin_client_text(client, "/generations/%zu/since", i));
		wr_text_table_add(&table, wr_admin_client_text(client, "/generations/%zu/who", i));
		wr_text_table_add(&table, state_of(client, i));
		add_what(client, &table, i);
	}
	(void)wr_text_table_render(&table, out);
	wr_text_table_fini(&table);
}
