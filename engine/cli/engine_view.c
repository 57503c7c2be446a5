#include "config.h"

#include "cli/engine_view.h"

#include "cli/text_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPELINE "/pipelines/%zu"
#define LANE PIPELINE "/lanes/%zu"

struct wr_engine_count {
	char *name;
	int64_t finished, retries, dead;
};

static void render(struct wr_text_table *table, struct wr_buf *out)
{
	(void)wr_text_table_render(table, out);
	wr_text_table_fini(table);
}

static void append_printable(struct wr_buf *out, const char *prefix, struct wr_bytes text)
{
	if (text.data == NULL)
		return;
	(void)wr_buf_append_text(out, prefix);
	(void)wr_buf_append_printable(out, text);
}

/* "3d 4h", "5m 10s": two units are enough. */
static void append_duration(struct wr_buf *out, double seconds)
{
	int64_t s = (int64_t)seconds;

	if (s >= 86400)
		(void)wr_buf_printf(out, "%" PRId64 "d %" PRId64 "h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		(void)wr_buf_printf(out, "%" PRId64 "h %" PRId64 "m", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		(void)wr_buf_printf(out, "%" PRId64 "m %" PRId64 "s", s / 60, s % 60);
	else
		(void)wr_buf_printf(out, "%" PRId64 "s", s);
}

/* Why a lane takes nothing though the engine is ready. */
static void append_circuits(struct wr_admin_client *client, struct wr_buf *out, size_t i, size_t j)
{
#define CIRCUIT LANE "/open_circuits/%zu"
	size_t n = wr_admin_client_count(client, LANE "/open_circuits", i, j);

	for (size_t k = 0; k < n; k++) {
		double probe_s =
		    wr_admin_client_number(client, 0, CIRCUIT "/next_probe_seconds", i, j, k);

		append_printable(out, "  circuit open: pipeline ",
				 wr_admin_client_text(client, PIPELINE "/name", i));
		append_printable(out, ", stage ",
				 wr_admin_client_text(client, CIRCUIT "/stage", i, j, k));
		(void)wr_buf_printf(out, ", lane %" PRId64 ", for ",
				    wr_admin_client_integer(client, -1, LANE "/lane", i, j));
		append_duration(out, wr_admin_client_number(client, 0, CIRCUIT "/open_seconds", i, j, k));
		(void)wr_buf_printf(out, "; the next probe in %.1fs\n", probe_s);
	}
#undef CIRCUIT
}

static void append_all_circuits(struct wr_admin_client *client, struct wr_buf *out)
{
	size_t pipelines = wr_admin_client_count(client, "/pipelines");

	for (size_t i = 0; i < pipelines; i++) {
		size_t lanes = wr_admin_client_count(client, PIPELINE "/lanes", i);

		for (size_t j = 0; j < lanes; j++)
			append_circuits(client, out, i, j);
	}
}

void wr_engine_view_head(struct wr_admin_client *client, struct wr_buf *out)
{
	int64_t canary = wr_admin_client_integer(client, 0, "/canary/generation");
	size_t reasons = wr_admin_client_count(client, "/health/reasons");

	append_printable(out, "weir ", wr_admin_client_text(client, "/version"));
	append_printable(out, ", ", wr_admin_client_text(client, "/instance"));
	(void)wr_buf_append_text(out, ", up ");
	append_duration(out, wr_admin_client_number(client, 0, "/uptime_seconds"));
	(void)wr_buf_printf(out, ", generation %" PRId64 ", %s\n",
			    wr_admin_client_integer(client, 0, "/generation"),
			    wr_admin_client_is_true(client, "/health/ready") ? "ready"
									     : "not ready");
	if (wr_admin_client_is_true(client, "/drifted"))
		(void)wr_buf_append_text(
		    out,
		    "  something else runs than the configuration file says, since the start\n");
	if (canary > 0)
		(void)wr_buf_printf(
		    out, "  canary: generation %" PRId64 " runs a share of the keys\n", canary);
	for (size_t i = 0; i < reasons; i++) {
		append_printable(out, "  ",
				 wr_admin_client_text(client, "/health/reasons/%zu/component", i));
		append_printable(out, ": ",
				 wr_admin_client_text(client, "/health/reasons/%zu/reason", i));
		append_printable(out, ", since ",
				 wr_admin_client_text(client, "/health/reasons/%zu/since", i));
		(void)wr_buf_append_text(out, "\n");
	}
	append_all_circuits(client, out);
}

static int64_t window_of(struct wr_admin_client *client, size_t pipeline)
{
	size_t lanes = wr_admin_client_count(client, PIPELINE "/lanes", pipeline);
	int64_t sum = 0;

	for (size_t i = 0; i < lanes; i++)
		sum += wr_admin_client_integer(client, 0, LANE "/window", pipeline, i);
	return sum;
}

static void add_integer(struct wr_text_table *table, int64_t value)
{
	if (value >= 0)
		wr_text_table_addf(table, "%" PRId64, value);
	else
		wr_text_table_add(table, wr_bytes(NULL, 0));
}

void wr_engine_view_pipelines(struct wr_admin_client *client, struct wr_buf *out)
{
	static const char *const titles[] = {"PIPELINE",  "STATE", "DELIVERY",  "LANES",
					     "WINDOW",    "LAG",   "PROCESSED", "DROPPED",
					     "DUPLICATE", "DEAD"};
	static const char *const counts[] = {"processed", "dropped", "duplicate", "dead_lettered"};
	size_t n = wr_admin_client_count(client, "/pipelines");
	struct wr_text_table table;

	if (n == 0)
		return;
	wr_text_table_init(&table, "lllrrrrrrr");
	wr_text_table_head(&table, titles);
	for (size_t i = 0; i < n; i++) {
		wr_text_table_add(&table, wr_admin_client_text(client, PIPELINE "/name", i));
		wr_text_table_add(&table, wr_admin_client_text(client, PIPELINE "/state", i));
		wr_text_table_add(&table, wr_admin_client_text(client, PIPELINE "/delivery", i));
		wr_text_table_addf(&table, "%zu",
				   wr_admin_client_count(client, PIPELINE "/lanes", i));
		wr_text_table_addf(&table, "%" PRId64 "/%" PRId64,
				   wr_admin_client_integer(client, 0, PIPELINE "/in_flight", i),
				   window_of(client, i));
		add_integer(&table, wr_admin_client_integer(client, -1, PIPELINE "/lag", i));
		for (size_t c = 0; c < 4; c++)
			add_integer(&table, wr_admin_client_integer(
						client, -1, PIPELINE "/events/%s", i, counts[c]));
	}
	render(&table, out);
}

static void add_partition(struct wr_admin_client *client, struct wr_text_table *table,
			  size_t pipeline, size_t lane, size_t partition)
{
#define PARTITION LANE "/partitions/%zu"
	wr_text_table_add(table, wr_admin_client_text(client, PIPELINE "/name", pipeline));
	add_integer(table, wr_admin_client_integer(client, -1, LANE "/lane", pipeline, lane));
	wr_text_table_add(
	    table, wr_admin_client_text(client, PARTITION "/topic", pipeline, lane, partition));
	add_integer(table, wr_admin_client_integer(client, -1, PARTITION "/partition", pipeline,
						   lane, partition));
	add_integer(table, wr_admin_client_integer(client, -1, PARTITION "/committed", pipeline,
						   lane, partition));
	add_integer(table, wr_admin_client_integer(client, -1, PARTITION "/position", pipeline,
						   lane, partition));
	add_integer(table, wr_admin_client_integer(client, -1, PARTITION "/lag", pipeline, lane,
						   partition));
#undef PARTITION
}

void wr_engine_view_partitions(struct wr_admin_client *client, struct wr_buf *out)
{
	static const char *const titles[] = {"PIPELINE",  "LANE",     "TOPIC", "PARTITION",
					     "COMMITTED", "POSITION", "LAG"};
	size_t pipelines = wr_admin_client_count(client, "/pipelines");
	struct wr_text_table table;

	wr_text_table_init(&table, "lrlrrrr");
	wr_text_table_head(&table, titles);
	for (size_t i = 0; i < pipelines; i++) {
		size_t lanes = wr_admin_client_count(client, PIPELINE "/lanes", i);

		for (size_t j = 0; j < lanes; j++) {
			size_t n = wr_admin_client_count(client, LANE "/partitions", i, j);

			for (size_t k = 0; k < n; k++)
				add_partition(client, &table, i, j, k);
		}
	}
	render(&table, out);
}

static void add_stages(struct wr_admin_client *client, struct wr_text_table *table, size_t plugin)
{
	size_t n = wr_admin_client_count(client, "/plugins/%zu/stages", plugin);
	struct wr_buf stages = WR_BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		struct wr_bytes stage =
		    wr_admin_client_text(client, "/plugins/%zu/stages/%zu", plugin, i);

		if (stage.data != NULL && (i == 0 || wr_buf_append_text(&stages, ", ") == WR_OK))
			(void)wr_buf_append(&stages, stage.data, stage.size);
	}
	wr_text_table_add(table, wr_bytes(stages.data, stages.size));
	wr_buf_fini(&stages);
}

void wr_engine_view_plugins(struct wr_admin_client *client, struct wr_buf *out)
{
	static const char *const titles[] = {"PLUGIN", "VERSION", "BUILD ID", "SHA256", "STAGES"};
	size_t n = wr_admin_client_count(client, "/plugins");
	struct wr_bytes text;
	struct wr_text_table table;

	if (n == 0)
		return;
	wr_text_table_init(&table, "lllll");
	wr_text_table_head(&table, titles);
	for (size_t i = 0; i < n; i++) {
		wr_text_table_add(&table, wr_admin_client_text(client, "/plugins/%zu/id", i));
		wr_text_table_add(&table, wr_admin_client_text(client, "/plugins/%zu/version", i));
		/* Enough to tell them apart; --json has the whole. */
		text = wr_admin_client_text(client, "/plugins/%zu/build_id", i);
		wr_text_table_add(&table, wr_bytes(text.data, text.size < 12 ? text.size : 12));
		text = wr_admin_client_text(client, "/plugins/%zu/sha256", i);
		wr_text_table_add(&table, wr_bytes(text.data, text.size < 12 ? text.size : 12));
		add_stages(client, &table, i);
	}
	render(&table, out);
}

/* ---- what is done a second ---- */

void wr_engine_rates_fini(struct wr_engine_rates *rates)
{
	for (size_t i = 0; i < rates->count; i++)
		free(rates->counts[i].name);
	free(rates->counts);
	*rates = (struct wr_engine_rates){.count = 0};
}

static const struct wr_engine_count *find(const struct wr_engine_rates *rates, const char *name)
{
	for (size_t i = 0; i < rates->count; i++) {
		if (strcmp(rates->counts[i].name, name) == 0)
			return &rates->counts[i];
	}
	return NULL;
}

static void remember(struct wr_engine_rates *rates, const struct wr_engine_count *now,
		     const char *name)
{
	struct wr_engine_count *counts =
	    realloc(rates->counts, (rates->count + 1) * sizeof(*counts));

	if (counts == NULL)
		return;
	rates->counts = counts;
	counts[rates->count] = *now;
	counts[rates->count].name = strdup(name);
	if (counts[rates->count].name != NULL)
		rates->count++;
}

static void add_rate(struct wr_text_table *table, int64_t now, const int64_t *before,
		     double seconds)
{
	/* Lanes that were made anew count from nothing. */
	if (before == NULL || seconds <= 0 || now < *before)
		wr_text_table_add(table, wr_bytes(NULL, 0));
	else
		wr_text_table_addf(table, "%.0f", (double)(now - *before) / seconds);
}

struct rate_row {
	struct wr_admin_client *client;
	struct wr_text_table *table;
	const struct wr_engine_rates *before;
	struct wr_engine_rates *now;
	double seconds;
};

static void add_rates(struct rate_row *row, const char *where, const char *name)
{
	struct wr_admin_client *client = row->client;
	const struct wr_engine_count *before = find(row->before, name);
	struct wr_engine_count now = {.finished = 0};
	static const char *const finished[] = {"processed", "dropped", "duplicate",
					       "dead_lettered"};

	for (size_t i = 0; i < 4; i++)
		now.finished +=
		    wr_admin_client_integer(client, 0, "%s/events/%s", where, finished[i]);
	now.retries = wr_admin_client_integer(client, 0, "%s/events/retries", where);
	now.dead = wr_admin_client_integer(client, 0, "%s/events/dead_lettered", where);
	add_rate(row->table, now.finished, before != NULL ? &before->finished : NULL, row->seconds);
	add_rate(row->table, now.retries, before != NULL ? &before->retries : NULL, row->seconds);
	add_rate(row->table, now.dead, before != NULL ? &before->dead : NULL, row->seconds);
	remember(row->now, &now, name);
}

static void add_lane(struct rate_row *row, const char *pipeline, size_t i, size_t j)
{
	struct wr_admin_client *client = row->client;
	int64_t lag = 0, number = wr_admin_client_integer(client, -1, LANE "/lane", i, j);
	size_t partitions = wr_admin_client_count(client, LANE "/partitions", i, j);
	char where[64], name[256];

	for (size_t k = 0; k < partitions; k++)
		lag += wr_admin_client_integer(client, 0, LANE "/partitions/%zu/lag", i, j, k);
	snprintf(where, sizeof(where), LANE, i, j);
	snprintf(name, sizeof(name), "%s/%" PRId64, pipeline, number);
	wr_text_table_addf(row->table, "  lane %" PRId64, number);
	wr_text_table_add(row->table, wr_admin_client_text(client, LANE "/state", i, j));
	add_integer(row->table, (int64_t)partitions);
	wr_text_table_addf(row->table, "%" PRId64 "/%" PRId64,
			   wr_admin_client_integer(client, 0, LANE "/in_flight", i, j),
			   wr_admin_client_integer(client, 0, LANE "/window", i, j));
	add_integer(row->table, lag);
	add_rates(row, where, name);
	wr_text_table_addf(row->table, "%.1fs",
			   wr_admin_client_number(client, 0, LANE "/oldest_seconds", i, j));
}

static void add_pipeline(struct rate_row *row, size_t i)
{
	struct wr_admin_client *client = row->client;
	size_t lanes = wr_admin_client_count(client, PIPELINE "/lanes", i), partitions = 0;
	struct wr_bytes text = wr_admin_client_text(client, PIPELINE "/name", i);
	char where[64], name[200];

	snprintf(name, sizeof(name), "%.*s", (int)text.size, (const char *)text.data);
	snprintf(where, sizeof(where), PIPELINE, i);
	for (size_t j = 0; j < lanes; j++)
		partitions += wr_admin_client_count(client, LANE "/partitions", i, j);
	wr_text_table_add(row->table, text);
	wr_text_table_add(row->table, wr_admin_client_text(client, PIPELINE "/state", i));
	add_integer(row->table, (int64_t)partitions);
	wr_text_table_addf(row->table, "%" PRId64 "/%" PRId64,
			   wr_admin_client_integer(client, 0, PIPELINE "/in_flight", i),
			   window_of(client, i));
	add_integer(row->table, wr_admin_client_integer(client, -1, PIPELINE "/lag", i));
	add_rates(row, where, name);
	wr_text_table_add(row->table, wr_bytes_of(""));
	for (size_t j = 0; j < lanes; j++)
		add_lane(row, name, i, j);
}

void wr_engine_view_rates(struct wr_admin_client *client, struct wr_engine_rates *rates,
			  struct wr_buf *out)
{
	static const char *const titles[] = {"PIPELINE", "STATE",     "PARTITIONS", "WINDOW", "LAG",
					     "EVENTS/S", "RETRIES/S", "DEAD/S",     "OLDEST"};
	double uptime_s = wr_admin_client_number(client, 0, "/uptime_seconds");
	size_t n = wr_admin_client_count(client, "/pipelines");
	struct wr_engine_rates now = {.uptime_s = uptime_s};
	struct wr_text_table table;
	struct rate_row row = {client, &table, rates, &now,
			       rates->uptime_s > 0 ? uptime_s - rates->uptime_s : 0};

	wr_text_table_init(&table, "llrrrrrrr");
	wr_text_table_head(&table, titles);
	for (size_t i = 0; i < n; i++)
		add_pipeline(&row, i);
	render(&table, out);
	wr_engine_rates_fini(rates);
	*rates = now;
}
