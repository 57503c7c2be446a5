/*
 * What an enrich stage sets, read from its config once and only looked at afterwards.
 */
#ifndef ENRICH_ASSIGNMENTS_H
#define ENRICH_ASSIGNMENTS_H

#include "plugins/enrich/json_edit.h"
#include "weir/plugin.h"

enum source {
	SOURCE_VALUE,
	SOURCE_FIELD,
	SOURCE_HEADER,
	SOURCE_ID,
	SOURCE_KEY,
	SOURCE_TOPIC,
	SOURCE_PARTITION,
	SOURCE_OFFSET,
	SOURCE_ATTEMPT,
	SOURCE_TIMESTAMP,
	SOURCE_NOW
};

enum time_form { TIME_MS, TIME_S, TIME_ISO };

struct assignment {
	struct pointer to;
	enum source source;
	struct pointer from;  /* FIELD */
	char *header;         /* HEADER */
	struct text constant; /* VALUE: JSON */
	enum time_form form;  /* TIMESTAMP, NOW */
	struct text fallback; /* JSON; data NULL: none */
	bool overwrite;
};

struct assignments {
	struct assignment *items;
	size_t count;
	bool create_parents;
	bool fail_on_missing;
};

/* False on failure, with *err filled; the assignments are to be given to assignments_fini() all the same. */
bool assignments_init(struct assignments *all, const struct weir_host *host,
		      const char *config_json, struct weir_error *err);
void assignments_fini(struct assignments *all);

#endif
