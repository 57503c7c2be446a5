#include "config.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

bool wr_secret_equal(struct wr_bytes secret, struct wr_bytes given)
{
	const volatile unsigned char *s = secret.data, *g = given.data;
	unsigned char differ = secret.size != given.size;
	size_t i;

	if (s == NULL || g == NULL)
		return false;
	for (i = 0; i < given.size; i++)
		differ |= (unsigned char)(g[i] ^ (secret.size > 0 ? s[i % secret.size] : 0));
	return differ == 0;
}

void wr_secret_wipe(void *memory, size_t size)
{
	if (memory != NULL)
		explicit_bzero(memory, size);
}

void wr_secret_free(char **text_p)
{
	if (*text_p == NULL)
		return;
	wr_secret_wipe(*text_p, strlen(*text_p));
	free(*text_p);
	*text_p = NULL;
}
