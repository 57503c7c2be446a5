#include "config.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum wr_code wr_err_set(struct wr_err *err, enum wr_code code, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return code;
}

void wr_err_prefix(struct wr_err *err, const char *format, ...)
{
	char prefix[WR_ERR_TEXT_BYTES / 2], rest[WR_ERR_TEXT_BYTES];
	va_list args;

	if (err == NULL)
		return;
	va_start(args, format);
	vsnprintf(prefix, sizeof(prefix), format, args);
	va_end(args);
	memcpy(rest, err->text, sizeof(rest));
	snprintf(err->text, sizeof(err->text), "%s: %.*s", prefix, (int)sizeof(err->text) / 2 - 3,
		 rest);
}
