#include "config.h"

#include "base/utf8.h"

/* The length that the first byte promises, and the bounds of the second byte. */
static size_t promised_length(unsigned char first, unsigned char *low_r, unsigned char *high_r)
{
	*low_r = 0x80;
	*high_r = 0xBF;
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		return 2;
	if (first >= 0xE0 && first <= 0xEF) {
		if (first == 0xE0)
			*low_r = 0xA0;
		else if (first == 0xED)
			*high_r = 0x9F;
		return 3;
	}
	if (first >= 0xF0 && first <= 0xF4) {
		if (first == 0xF0)
			*low_r = 0x90;
		else if (first == 0xF4)
			*high_r = 0x8F;
		return 4;
	}
	return 0;
}

size_t wr_utf8_length(const unsigned char *s, size_t left)
{
	unsigned char low, high;
	size_t length = promised_length(s[0], &low, &high), i;

	if (length < 2)
		return length;
	if (length > left || s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < length; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	}
	return length;
}

bool wr_utf8_valid(struct wr_bytes text)
{
	const unsigned char *s = text.data;
	size_t i = 0, length;

	while (i < text.size) {
		length = wr_utf8_length(s + i, text.size - i);
		if (length == 0)
			return false;
		i += length;
	}
	return true;
}

size_t wr_utf8_cut(struct wr_bytes text, size_t max)
{
	const unsigned char *s = text.data;
	size_t end = max, i;

	if (text.size <= max)
		return text.size;
	for (i = 0; i < 3 && end > 0 && (s[end] & 0xC0) == 0x80; i++)
		end--;
	return (s[end] & 0xC0) == 0x80 ? max : end;
}
