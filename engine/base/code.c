#include "config.h"

#include "base/code.h"

static const char *const texts[] = {
#define X(code, text) [code] = (text),
    WR_CODES(X)
#undef X
};

const char *wr_code_text(enum wr_code code)
{
	if ((unsigned)code >= sizeof(texts) / sizeof(texts[0]))
		return "unknown code";
	return texts[code];
}
