#include "config.h"

#include "base/log.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/number.h"
#include "base/utf8.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINES_PER_WINDOW 10
#define WINDOW_MS 1000
#define STRING_BYTES_MAX ((size_t)2048) /* of one field; the rest is cut */
#define FORMAT_AUTO (-1)

static const char *const level_names[] = {[WR_LOG_ERROR] = "error",
					  [WR_LOG_WARN] = "warn",
					  [WR_LOG_INFO] = "info",
					  [WR_LOG_DEBUG] = "debug"};

static _Atomic int current_level = WR_LOG_INFO;
static _Atomic int current_format = FORMAT_AUTO;
static void (*current_sink)(void *arg, const char *line, size_t size);
static void *current_sink_arg;
static const struct wr_clock *current_clock = &wr_clock_real;

void wr_log_set_level(enum wr_log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

void wr_log_set_format(enum wr_log_format format)
{
	atomic_store_explicit(&current_format, (int)format, memory_order_relaxed);
}

enum wr_log_level wr_log_get_level(void)
{
	return (enum wr_log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

bool wr_log_enabled(enum wr_log_level level)
{
	return level <= wr_log_get_level();
}

enum wr_code wr_log_level_parse(const char *name, enum wr_log_level *level_r)
{
	size_t i;

	*level_r = WR_LOG_ERROR;
	for (i = 0; i < WR_COUNT_OF(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level_r = (enum wr_log_level)i;
			return WR_OK;
		}
	}
	return WR_ENOTFOUND;
}

const char *wr_log_level_name(enum wr_log_level level)
{
	WR_ASSERT((size_t)level < WR_COUNT_OF(level_names));
	return level_names[level];
}

void wr_log_set_sink(void (*sink)(void *arg, const char *line, size_t size), void *arg)
{
	current_sink = sink;
	current_sink_arg = arg;
}

void wr_log_set_clock(const struct wr_clock *clock)
{
	current_clock = clock != NULL ? clock : &wr_clock_real;
}

/* Whether this line may go out, and how many before it may not. */
static bool admit(struct wr_log_site *site, int64_t now_ms, uint32_t *suppressed_r)
{
	int64_t start_ms = atomic_load(&site->window_start_ms);

	*suppressed_r = 0;
	if (now_ms - start_ms >= WINDOW_MS &&
	    atomic_compare_exchange_strong(&site->window_start_ms, &start_ms, now_ms))
		atomic_store(&site->lines_in_window, 0);
	if (atomic_fetch_add(&site->lines_in_window, 1) >= LINES_PER_WINDOW) {
		atomic_fetch_add(&site->suppressed, 1);
		return false;
	}
	*suppressed_r = atomic_exchange(&site->suppressed, 0);
	return true;
}

static enum wr_code append_time(struct wr_buf *b, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	char text[32];

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return WR_EINVAL;
	return wr_buf_printf(b, "%s.%03dZ", text, (int)(wall_ms % 1000));
}

static struct wr_bytes bounded(const char *text)
{
	struct wr_bytes all = wr_bytes_of(text);

	return wr_bytes(text, wr_utf8_cut(all, STRING_BYTES_MAX));
}

static enum wr_code append_json_value(struct wr_buf *b, const struct wr_log_field *field)
{
	switch (field->kind) {
	case WR_LOG_FIELD_STR:
		if (field->str == NULL)
			return wr_buf_append_text(b, "null");
		return wr_buf_append_json_string(b, bounded(field->str));
	case WR_LOG_FIELD_INT:
		return wr_buf_printf(b, "%lld", (long long)field->integer);
	case WR_LOG_FIELD_DOUBLE:
		return wr_buf_append_double(b, field->number, "null", "null", "null");
	case WR_LOG_FIELD_BOOL:
		return wr_buf_append_text(b, field->integer != 0 ? "true" : "false");
	}
	return WR_EINVAL;
}

static enum wr_code append_json(struct wr_buf *b, enum wr_log_level level, const char *message,
				const struct wr_log_field *fields, uint32_t suppressed)
{
	enum wr_code rc;

	if ((rc = wr_buf_append_text(b, "{\"ts\":\"")) != WR_OK ||
	    (rc = append_time(b, wr_clock_wall_ms(current_clock))) != WR_OK ||
	    (rc = wr_buf_printf(b, "\",\"level\":\"%s\",\"msg\":", wr_log_level_name(level))) !=
		WR_OK ||
	    (rc = wr_buf_append_json_string(b, bounded(message))) != WR_OK)
		return rc;
	for (; fields->name != NULL; fields++) {
		if ((rc = wr_buf_append_text(b, ",")) != WR_OK ||
		    (rc = wr_buf_append_json_string(b, wr_bytes_of(fields->name))) != WR_OK ||
		    (rc = wr_buf_append_text(b, ":")) != WR_OK ||
		    (rc = append_json_value(b, fields)) != WR_OK)
			return rc;
	}
	if (suppressed > 0 && (rc = wr_buf_printf(b, ",\"suppressed\":%u", suppressed)) != WR_OK)
		return rc;
	return wr_buf_append_text(b, "}\n");
}

/* A text that stays one word: quoted when it must be. */
static enum wr_code append_word(struct wr_buf *b, const char *text)
{
	struct wr_bytes word = bounded(text);
	bool quoted = word.size == 0 || text[strcspn(text, " =\"\\")] != '\0';
	enum wr_code rc = WR_OK;
	size_t i, start = 0;

	if (!quoted)
		return wr_buf_append_printable(b, word);
	rc = wr_buf_append_text(b, "\"");
	for (i = 0; rc == WR_OK && i < word.size; i++) {
		if (text[i] != '"' && text[i] != '\\')
			continue;
		rc = wr_buf_append_printable(b, wr_bytes(text + start, i - start));
		if (rc == WR_OK)
			rc = wr_buf_printf(b, "\\%c", text[i]);
		start = i + 1;
	}
	if (rc == WR_OK)
		rc = wr_buf_append_printable(b, wr_bytes(text + start, word.size - start));
	return rc == WR_OK ? wr_buf_append_text(b, "\"") : rc;
}

static enum wr_code append_text_value(struct wr_buf *b, const struct wr_log_field *field)
{
	if (field->kind == WR_LOG_FIELD_STR && field->str != NULL)
		return append_word(b, field->str);
	return append_json_value(b, field);
}

static enum wr_code append_text(struct wr_buf *b, enum wr_log_level level, const char *message,
				const struct wr_log_field *fields, uint32_t suppressed)
{
	static const int message_columns = 36;
	size_t message_start, used;
	enum wr_code rc;

	if ((rc = append_time(b, wr_clock_wall_ms(current_clock))) != WR_OK ||
	    (rc = wr_buf_printf(b, "  %-5s  ", wr_log_level_name(level))) != WR_OK)
		return rc;
	message_start = b->size;
	if ((rc = wr_buf_append_printable(b, bounded(message))) != WR_OK)
		return rc;
	used = b->size - message_start;
	if ((fields->name != NULL || suppressed > 0) && used < (size_t)message_columns &&
	    (rc = wr_buf_printf(b, "%*s", message_columns - (int)used, "")) != WR_OK)
		return rc;
	for (; fields->name != NULL; fields++) {
		if ((rc = wr_buf_printf(b, " %s=", fields->name)) != WR_OK ||
		    (rc = append_text_value(b, fields)) != WR_OK)
			return rc;
	}
	if (suppressed > 0 && (rc = wr_buf_printf(b, " suppressed=%u", suppressed)) != WR_OK)
		return rc;
	return wr_buf_append_text(b, "\n");
}

static void write_line(const char *line, size_t size)
{
	ssize_t n;

	if (current_sink != NULL) {
		current_sink(current_sink_arg, line, size);
		return;
	}
	/* One write a line, so that lines of several threads do not mix. */
	while (size > 0) {
		n = write(STDERR_FILENO, line, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody reads the log: there is no better place to say so */
		line += n;
		size -= (size_t)n;
	}
}

static bool is_text_format(void)
{
	int format = atomic_load_explicit(&current_format, memory_order_relaxed);

	if (format == FORMAT_AUTO)
		return current_sink == NULL && isatty(STDERR_FILENO);
	return format == WR_LOG_TEXT;
}

void wr_log_write(struct wr_log_site *site, enum wr_log_level level, const char *message,
		  const struct wr_log_field *fields)
{
	int saved_errno = errno;
	struct wr_buf line = WR_BUF_INIT;
	uint32_t suppressed;
	enum wr_code rc;

	if (!admit(site, wr_clock_mono_ns(current_clock) / WR_NS_PER_MS, &suppressed))
		return;
	if (is_text_format())
		rc = append_text(&line, level, message, fields, suppressed);
	else
		rc = append_json(&line, level, message, fields, suppressed);
	if (rc == WR_OK)
		write_line(line.data, line.size);
	wr_buf_fini(&line);
	errno = saved_errno;
}
