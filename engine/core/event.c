#include "config.h"

#include "core/event.h"

#include "base/check.h"

const char *wr_class_name(enum wr_class class)
{
	static const char *const names[] = {
#define X(name, text) [name] = (text),
	    WR_CLASSES(X)
#undef X
	};

	WR_ASSERT((unsigned)class < WR_COUNT_OF(names));
	return names[class];
}

const char *wr_outcome_name(enum wr_outcome outcome)
{
	static const char *const names[] = {
#define X(name, text) [name] = (text),
	    WR_OUTCOMES(X)
#undef X
	};

	WR_ASSERT((unsigned)outcome < WR_COUNT_OF(names));
	return names[outcome];
}
