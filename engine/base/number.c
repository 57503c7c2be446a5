#include "config.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum wr_code wr_buf_append_double(struct wr_buf *b, double value, const char *nan,
				  const char *plus_infinity, const char *minus_infinity)
{
	char text[40], *comma;
	int digits;

	if (isnan(value))
		return wr_buf_append_text(b, nan);
	if (isinf(value))
		return wr_buf_append_text(b, value > 0 ? plus_infinity : minus_infinity);
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value) /* exact on purpose */
			break;
	}
	comma = strchr(text, ',');
	if (comma != NULL)
		*comma = '.';
	return wr_buf_append_text(b, text);
}
