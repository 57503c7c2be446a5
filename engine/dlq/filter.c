#include "config.h"

#include "dlq/filter.h"

#include "base/check.h"
#include "dlq/place.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIME_MAX_MS INT64_C(253402300799999) /* the end of the year 9999 */

const char *const wr_dlq_filter_names[] = {"pipeline",   "stage", "plugin", "class", "code",  "id",
					   "generation", "text",  "from",   "until", "state", NULL};

static const char *const state_names[WR_DLQ_STATES] = {
    [WR_DLQ_OPEN] = "open", [WR_DLQ_REPLAYED] = "replayed", [WR_DLQ_PURGED] = "purged"};

const char *wr_dlq_state_name(enum wr_dlq_state state)
{
	WR_ASSERT((unsigned)state < WR_DLQ_STATES);
	return state_names[state];
}

static char **string_of(struct wr_dlq_filter *filter, const char *name)
{
	const struct {
		const char *name;
		char **member;
	} strings[] = {{"pipeline", &filter->pipeline}, {"stage", &filter->stage},
		       {"plugin", &filter->plugin},     {"code", &filter->code},
		       {"id", &filter->event_id},       {"generation", &filter->generation},
		       {"text", &filter->text}};

	for (size_t i = 0; i < WR_COUNT_OF(strings); i++) {
		if (strcmp(name, strings[i].name) == 0)
			return strings[i].member;
	}
	return NULL;
}

static enum wr_code set_string(char **member, const char *name, struct wr_bytes value,
			       struct wr_err *err)
{
	char *copy;

	if (value.size == 0 || value.size > WR_DLQ_FILTER_VALUE_MAX ||
	    memchr(value.data, '\0', value.size) != NULL)
		return wr_err_set(err, WR_EINVAL, "%s: a text of 1 to %zu bytes is expected", name,
				  WR_DLQ_FILTER_VALUE_MAX);
	copy = strndup(value.data, value.size);
	if (copy == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a filter");
	free(*member);
	*member = copy;
	return WR_OK;
}

static enum wr_code set_class(struct wr_dlq_filter *filter, struct wr_bytes value,
			      struct wr_err *err)
{
	const char *s = value.data, *end = s + value.size, *comma;
	unsigned classes = 0;
	enum wr_class class;

	for (;; s = comma + 1) {
		comma = memchr(s, ',', (size_t)(end - s));
		if (comma == NULL)
			comma = end;
		if (!wr_class_parse(wr_bytes(s, (size_t)(comma - s)), &class))
			return wr_err_set(err, WR_EINVAL,
					  "class: one of"
#define X(name, text) " " text
					  WR_CLASSES(X)
#undef X
					      " is expected, or several with commas between them");
		classes |= 1u << class;
		if (comma == end)
			break;
	}
	filter->classes = classes;
	return WR_OK;
}

static enum wr_code set_state(struct wr_dlq_filter *filter, struct wr_bytes value,
			      struct wr_err *err)
{
	if (wr_bytes_equal(value, wr_bytes_of("all"))) {
		filter->states = (1u << WR_DLQ_STATES) - 1;
		return WR_OK;
	}
	for (unsigned i = 0; i < WR_DLQ_STATES; i++) {
		if (wr_bytes_equal(value, wr_bytes_of(state_names[i]))) {
			filter->states = 1u << i;
			return WR_OK;
		}
	}
	return wr_err_set(err, WR_EINVAL, "state: open, replayed, purged or all is expected");
}

/* Two digits. */
static bool take_two(struct wr_bytes *text_p, int least, int most, int *number_r)
{
	const char *s = text_p->data;

	if (text_p->size < 2 || !isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]))
		return false;
	*number_r = (s[0] - '0') * 10 + (s[1] - '0');
	*text_p = wr_bytes(s + 2, text_p->size - 2);
	return *number_r >= least && *number_r <= most;
}

static bool take_zone(struct wr_bytes *text_p, int64_t *minutes_r)
{
	int hours = 0, minutes = 0, sign;

	*minutes_r = 0;
	if (wr_dlq_take_char(text_p, 'Z') || wr_dlq_take_char(text_p, 'z'))
		return true;
	if (wr_dlq_take_char(text_p, '+'))
		sign = 1;
	else if (wr_dlq_take_char(text_p, '-'))
		sign = -1;
	else
		return false;
	if (!take_two(text_p, 0, 23, &hours) || !wr_dlq_take_char(text_p, ':') ||
	    !take_two(text_p, 0, 59, &minutes))
		return false;
	*minutes_r = sign * (hours * 60 + minutes);
	return true;
}

/* Digits behind the point, of which three count. */
static int64_t take_fraction(struct wr_bytes *text_p)
{
	int64_t ms = 0, weight = 100;
	const char *s;

	if (!wr_dlq_take_char(text_p, '.'))
		return 0;
	for (s = text_p->data; text_p->size > 0 && isdigit((unsigned char)*s); s++) {
		ms += (*s - '0') * weight;
		weight /= 10;
		*text_p = wr_bytes(s + 1, text_p->size - 1);
	}
	return ms;
}

/* RFC 3339, section 5.6. */
static bool parse_date(struct wr_bytes text, int64_t *ms_r)
{
	struct tm tm = {.tm_isdst = 0};
	int64_t zone_minutes = 0, ms;
	int century = 0, year = 0;

	if (!take_two(&text, 19, 99, &century) || !take_two(&text, 0, 99, &year) ||
	    !wr_dlq_take_char(&text, '-') || !take_two(&text, 1, 12, &tm.tm_mon) ||
	    !wr_dlq_take_char(&text, '-') || !take_two(&text, 1, 31, &tm.tm_mday) ||
	    !(wr_dlq_take_char(&text, 'T') || wr_dlq_take_char(&text, 't') ||
	      wr_dlq_take_char(&text, ' ')) ||
	    !take_two(&text, 0, 23, &tm.tm_hour) || !wr_dlq_take_char(&text, ':') ||
	    !take_two(&text, 0, 59, &tm.tm_min) || !wr_dlq_take_char(&text, ':') ||
	    !take_two(&text, 0, 60, &tm.tm_sec))
		return false;
	ms = take_fraction(&text);
	if (!take_zone(&text, &zone_minutes) || text.size != 0)
		return false;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon--;
	*ms_r = ((int64_t)timegm(&tm) - zone_minutes * 60) * 1000 + ms;
	return *ms_r > 0;
}

static bool unit_ms(struct wr_bytes unit, int64_t *ms_r)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};

	for (size_t i = 0; i < WR_COUNT_OF(units); i++) {
		*ms_r = units[i].ms;
		if (wr_bytes_equal(unit, wr_bytes_of(units[i].name)))
			return true;
	}
	return false;
}

static bool parse_time(struct wr_bytes text, int64_t now_ms, int64_t *ms_r)
{
	struct wr_bytes rest = text;
	int64_t number, unit;

	if (wr_dlq_take_number(&rest, TIME_MAX_MS, &number)) {
		if (rest.size == 0) {
			*ms_r = number;
			return number > 0;
		}
		if (unit_ms(rest, &unit)) {
			*ms_r = number < now_ms / unit ? now_ms - number * unit : 1;
			return true;
		}
	}
	return parse_date(text, ms_r);
}

static enum wr_code set_time(int64_t *member, const char *name, struct wr_bytes value,
			     int64_t now_ms, struct wr_err *err)
{
	if (parse_time(value, now_ms, member))
		return WR_OK;
	*member = 0;
	return wr_err_set(err, WR_EINVAL,
			  "%s: a time such as 2026-11-23T06:00:00Z, Unix milliseconds, or how long "
			  "ago (90m, 24h, 7d) is expected",
			  name);
}

enum wr_code wr_dlq_filter_set(struct wr_dlq_filter *filter, const char *name,
			       struct wr_bytes value, int64_t now_ms, struct wr_err *err)
{
	char **string = string_of(filter, name);

	if (string != NULL)
		return set_string(string, name, value, err);
	if (strcmp(name, "class") == 0)
		return set_class(filter, value, err);
	if (strcmp(name, "state") == 0)
		return set_state(filter, value, err);
	if (strcmp(name, "from") == 0)
		return set_time(&filter->from_ms, name, value, now_ms, err);
	if (strcmp(name, "until") == 0)
		return set_time(&filter->until_ms, name, value, now_ms, err);
	return wr_err_set(err, WR_ENOTFOUND, "%s: no such filter", name);
}

void wr_dlq_filter_fini(struct wr_dlq_filter *filter)
{
	free(filter->pipeline);
	free(filter->stage);
	free(filter->plugin);
	free(filter->code);
	free(filter->generation);
	free(filter->event_id);
	free(filter->text);
	*filter = (struct wr_dlq_filter){.states = 0};
}

bool wr_dlq_filter_is_wide(const struct wr_dlq_filter *f)
{
	return f->pipeline == NULL && f->stage == NULL && f->plugin == NULL && f->code == NULL &&
	       f->generation == NULL && f->event_id == NULL && f->text == NULL && f->classes == 0;
}

static bool is(const char *wanted, struct weir_bytes found)
{
	return wanted == NULL ||
	       (found.data != NULL && wr_bytes_equal(wr_bytes_of(wanted), wr_bytes_from(found)));
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool begins_with(const char *s, const char *wanted, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (lower(s[i]) != lower(wanted[i]))
			return false;
	}
	return true;
}

static bool contains(struct weir_bytes text, const char *wanted)
{
	size_t size;

	if (wanted == NULL)
		return true;
	size = strlen(wanted);
	for (size_t i = 0; text.data != NULL && i + size <= text.size; i++) {
		if (begins_with((const char *)text.data + i, wanted, size))
			return true;
	}
	return false;
}

bool wr_dlq_filter_matches(const struct wr_dlq_filter *f, const struct wr_envelope *e,
			   int64_t timestamp_ms, enum wr_dlq_state state)
{
	unsigned states = f->states != 0 ? f->states : 1u << WR_DLQ_OPEN;

	if ((states >> state & 1) == 0)
		return false;
	if ((f->from_ms != 0 && timestamp_ms < f->from_ms) ||
	    (f->until_ms != 0 && timestamp_ms >= f->until_ms))
		return false;
	if (f->classes != 0 &&
	    (!wr_envelope_has(e, WR_FIELD_CLASS) || (f->classes >> e->failure_class & 1) == 0))
		return false;
	return is(f->pipeline, e->pipeline) && is(f->stage, e->stage) && is(f->plugin, e->plugin) &&
	       is(f->code, e->code) && is(f->generation, e->generation) &&
	       is(f->event_id, e->event_id) && contains(e->message, f->text);
}

static enum wr_code append_comma(struct wr_buf *out, size_t start)
{
	return out->size > start ? wr_buf_append_text(out, ",") : WR_OK;
}

static enum wr_code append_string(struct wr_buf *out, size_t start, const char *name,
				  const char *value)
{
	enum wr_code rc;

	if (value == NULL)
		return WR_OK;
	if ((rc = append_comma(out, start)) != WR_OK ||
	    (rc = wr_buf_printf(out, "\"%s\":", name)) != WR_OK)
		return rc;
	return wr_buf_append_json_string(out, wr_bytes_of(value));
}

static enum wr_code append_time(struct wr_buf *out, size_t start, const char *name, int64_t ms)
{
	enum wr_code rc;

	if (ms == 0)
		return WR_OK;
	rc = append_comma(out, start);
	return rc != WR_OK ? rc : wr_buf_printf(out, "\"%s\":\"%" PRId64 "\"", name, ms);
}

#define CLASSES_BYTES 256 /* all of them */

static const char *classes_text(const struct wr_dlq_filter *filter, char text[CLASSES_BYTES])
{
	size_t size = 0;

	for (unsigned i = 0; filter->classes >> i != 0; i++) {
		if ((filter->classes >> i & 1) != 0)
			size +=
			    (size_t)snprintf(text + size, CLASSES_BYTES - size, "%s%s",
					     size > 0 ? "," : "", wr_class_name((enum wr_class)i));
	}
	return size > 0 ? text : NULL;
}

static const char *states_text(const struct wr_dlq_filter *filter)
{
	if (filter->states == 0)
		return NULL;
	for (unsigned i = 0; i < WR_DLQ_STATES; i++) {
		if (filter->states == 1u << i)
			return state_names[i];
	}
	return "all";
}

enum wr_code wr_dlq_filter_json(const struct wr_dlq_filter *f, struct wr_buf *out)
{
	char classes[CLASSES_BYTES];
	size_t start = out->size;
	enum wr_code rc;

	if ((rc = append_string(out, start, "pipeline", f->pipeline)) != WR_OK ||
	    (rc = append_string(out, start, "stage", f->stage)) != WR_OK ||
	    (rc = append_string(out, start, "plugin", f->plugin)) != WR_OK ||
	    (rc = append_string(out, start, "class", classes_text(f, classes))) != WR_OK ||
	    (rc = append_string(out, start, "code", f->code)) != WR_OK ||
	    (rc = append_string(out, start, "id", f->event_id)) != WR_OK ||
	    (rc = append_string(out, start, "generation", f->generation)) != WR_OK ||
	    (rc = append_string(out, start, "text", f->text)) != WR_OK ||
	    (rc = append_time(out, start, "from", f->from_ms)) != WR_OK ||
	    (rc = append_time(out, start, "until", f->until_ms)) != WR_OK)
		return rc;
	return append_string(out, start, "state", states_text(f));
}
