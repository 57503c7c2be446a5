#include "config.h"

#include "host/text.h"

#include "base/utf8.h"

#include <string.h>

size_t wr_text_clean(char *out, size_t out_size, const char *text)
{
	size_t room = out_size - 1, size = strnlen(text, out_size + 3), n = 0;

	while (n < size) {
		const unsigned char *p = (const unsigned char *)text + n;
		size_t length = wr_utf8_length(p, size - n);

		if (n + (length > 0 ? length : 1) > room)
			break;
		if (length > 1) {
			memcpy(out + n, p, length);
			n += length;
			continue;
		}
		out[n] = length == 0 ? '?' : (char)*p;
		if (length == 1 && (*p < 0x20 || *p == 0x7f))
			out[n] = ' ';
		n++;
	}
	out[n] = '\0';
	return n;
}
