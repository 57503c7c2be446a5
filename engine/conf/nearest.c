#include "config.h"

#include "conf/nearest.h"

#include <stdint.h>

#define MAX_BYTES 64

void wr_nearest_init(struct wr_nearest *nearest, struct wr_bytes word)
{
	*nearest = (struct wr_nearest){.word = word, .best = NULL, .distance = SIZE_MAX};
}

static unsigned char fold(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t wr_edit_distance(struct wr_bytes a, struct wr_bytes b)
{
	const unsigned char *s = a.data, *t = b.data;
	size_t rows[3][MAX_BYTES + 1]; /* before the last, the last, this */
	size_t *older = rows[0], *old = rows[1], *now = rows[2], *spare, i, j;

	if (a.size > MAX_BYTES || b.size > MAX_BYTES)
		return SIZE_MAX;
	for (j = 0; j <= b.size; j++) {
		older[j] = 0;
		old[j] = j;
	}
	for (i = 1; i <= a.size; i++) {
		now[0] = i;
		for (j = 1; j <= b.size; j++) {
			now[j] = least(old[j], now[j - 1]) + 1;
			now[j] =
			    least(now[j], old[j - 1] + (fold(s[i - 1]) != fold(t[j - 1]) ? 1 : 0));
			if (i > 1 && j > 1 && fold(s[i - 1]) == fold(t[j - 2]) &&
			    fold(s[i - 2]) == fold(t[j - 1]))
				now[j] = least(now[j], older[j - 2] + 1);
		}
		spare = older;
		older = old;
		old = now;
		now = spare;
	}
	return old[b.size];
}

void wr_nearest_try(struct wr_nearest *nearest, const char *candidate)
{
	struct wr_bytes c = wr_bytes_of(candidate);
	size_t distance = wr_edit_distance(nearest->word, c);
	size_t longer = nearest->word.size > c.size ? nearest->word.size : c.size;

	/* A third of the word may be wrong; more is another word. */
	if (distance < nearest->distance && distance <= (longer + 2) / 3) {
		nearest->distance = distance;
		nearest->best = candidate;
	}
}
