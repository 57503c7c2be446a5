#include "config.h"

#include "cli/instant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MS_A_MINUTE INT64_C(60000)

/* Takes `digits` decimal digits; false when they are not there or below `least` or above `most`. */
static bool take(const char **at, int digits, int least, int most, int *number_r)
{
	int number = 0;

	for (; digits > 0; digits--, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		number = number * 10 + (**at - '0');
	}
	*number_r = number;
	return number >= least && number <= most;
}

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* From 1970-01-01 on. */
static int64_t days_since_epoch(int year, int month, int day)
{
	int64_t days = day - 1;
	int64_t before = year - 1;

	for (int m = 1; m < month; m++)
		days += days_in_month(year, m);
	return days + before * 365 + before / 4 - before / 100 + before / 400 - 719162;
}

static bool take_date(const char **at, int64_t *ms_r)
{
	int year, month, day;

	if (!take(at, 4, 1970, 9999, &year) || !take_char(at, '-') || !take(at, 2, 1, 12, &month) ||
	    !take_char(at, '-') || !take(at, 2, 1, days_in_month(year, month), &day))
		return false;
	*ms_r = days_since_epoch(year, month, day) * 1440 * MS_A_MINUTE;
	return true;
}

/* Milliseconds; further digits are cut off. */
static bool take_fraction(const char **at, int64_t *ms_p)
{
	int64_t unit = 100;

	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		*ms_p += (**at - '0') * unit;
		unit /= 10;
	}
	return true;
}

static bool take_time(const char **at, int64_t *ms_p)
{
	int hour, minute, second = 0;

	if (!take(at, 2, 0, 23, &hour) || !take_char(at, ':') || !take(at, 2, 0, 59, &minute))
		return false;
	if (take_char(at, ':') && !take(at, 2, 0, 59, &second))
		return false;
	*ms_p += (hour * 60 + minute) * MS_A_MINUTE + second * INT64_C(1000);
	return !take_char(at, '.') || take_fraction(at, ms_p);
}

static bool take_zone(const char **at, int64_t *ms_p)
{
	int hours, minutes, sign = **at == '-' ? -1 : 1;

	if (**at == '\0' || take_char(at, 'Z'))
		return true;
	if (!take_char(at, '+') && !take_char(at, '-'))
		return false;
	if (!take(at, 2, 0, 23, &hours))
		return false;
	(void)take_char(at, ':');
	if (!take(at, 2, 0, 59, &minutes))
		return false;
	*ms_p -= sign * (hours * 60 + minutes) * MS_A_MINUTE;
	return true;
}

static bool parse_unix_ms(const char *text, int64_t *unix_ms_r)
{
	char *end;

	errno = 0;
	*unix_ms_r = strtoll(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

bool wr_instant_parse(const char *text, int64_t *unix_ms_r)
{
	const char *at = text;

	*unix_ms_r = 0;
	if (text[0] == '@')
		return parse_unix_ms(text + 1, unix_ms_r);
	if (!take_date(&at, unix_ms_r))
		return false;
	if (*at == '\0')
		return true;
	if (!take_char(&at, 'T') && !take_char(&at, ' '))
		return false;
	return take_time(&at, unix_ms_r) && take_zone(&at, unix_ms_r) && *at == '\0' &&
	       *unix_ms_r >= 0;
}
