/*
 * One JSON object a line on stderr (or text for a terminal). The message is constant, data are fields; payloads
 * and secrets never come here. A line that repeats at one call site is rate-limited: 10 a second, then a count
 * of what was held back in the next line's "suppressed" field.
 *
 *	WR_LOG(WR_LOG_WARN, "claim store unavailable", WR_STR("pipeline", name), WR_INT("retry_ms", ms));
 */
#ifndef WR_BASE_LOG_H
#define WR_BASE_LOG_H

#include "base/clock.h"
#include "base/code.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wr_log_level { WR_LOG_ERROR, WR_LOG_WARN, WR_LOG_INFO, WR_LOG_DEBUG };
enum wr_log_format { WR_LOG_JSON, WR_LOG_TEXT };

enum wr_log_field_kind {
	WR_LOG_FIELD_STR,
	WR_LOG_FIELD_INT,
	WR_LOG_FIELD_DOUBLE,
	WR_LOG_FIELD_BOOL
};

struct wr_log_field {
	const char *name;
	enum wr_log_field_kind kind;
	const char *str; /* NULL prints as null */
	int64_t integer;
	double number;
};

/* The state of one call site: static, zeroed. */
struct wr_log_site {
	_Atomic int64_t window_start_ms;
	_Atomic uint32_t lines_in_window;
	_Atomic uint32_t suppressed;
};

#define WR_STR(name_, value_) \
	((struct wr_log_field){.name = (name_), .kind = WR_LOG_FIELD_STR, .str = (value_)})
#define WR_INT(name_, value_)   \
	((struct wr_log_field){ \
	    .name = (name_), .kind = WR_LOG_FIELD_INT, .integer = (int64_t)(value_)})
#define WR_DOUBLE(name_, value_) \
	((struct wr_log_field){.name = (name_), .kind = WR_LOG_FIELD_DOUBLE, .number = (value_)})
#define WR_BOOL(name_, value_) \
	((struct wr_log_field){.name = (name_), .kind = WR_LOG_FIELD_BOOL, .integer = (value_)})

/* With at least one field; WR_LOG0 has none. */
#define WR_LOG(level_, message_, ...)                                                           \
	do {                                                                                    \
		static struct wr_log_site wr_site_;                                             \
		if (wr_log_enabled(level_)) {                                                   \
			const struct wr_log_field wr_fields_[] = {__VA_ARGS__, {.name = NULL}}; \
			wr_log_write(&wr_site_, (level_), (message_), wr_fields_);              \
		}                                                                               \
	} while (0)

#define WR_LOG0(level_, message_)                                                  \
	do {                                                                       \
		static struct wr_log_site wr_site_;                                \
		if (wr_log_enabled(level_)) {                                      \
			const struct wr_log_field wr_fields_[] = {{.name = NULL}}; \
			wr_log_write(&wr_site_, (level_), (message_), wr_fields_); \
		}                                                                  \
	} while (0)

/* Process-wide; defaults: info, JSON on a pipe, text on a terminal. [any] */
void wr_log_set_level(enum wr_log_level level);
void wr_log_set_format(enum wr_log_format format);
enum wr_log_level wr_log_get_level(void);
bool wr_log_enabled(enum wr_log_level level);

/* The level by its name in the configuration. WR_OK or WR_ENOTFOUND. [any] */
enum wr_code wr_log_level_parse(const char *name, enum wr_log_level *level_r);
const char *wr_log_level_name(enum wr_log_level level);

/* Sends whole lines (with their newline) elsewhere than stderr; NULL puts stderr back. The format is then JSON
 * unless one was set. Tests; set it while no other thread logs. */
void wr_log_set_sink(void (*sink)(void *arg, const char *line, size_t size), void *arg);

/* Time from elsewhere than the machine; NULL puts it back. Tests; set it while no other thread logs. */
void wr_log_set_clock(const struct wr_clock *clock);

/* `fields` ends at the first without a name. Use WR_LOG. [any] */
void wr_log_write(struct wr_log_site *site, enum wr_log_level level, const char *message,
		  const struct wr_log_field *fields);

#endif
