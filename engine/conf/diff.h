/*
 * What differs between two configurations, key by key, read from the table of keys: for a reload to say what it changes
 * and to refuse what it can't. Stages are not compared here but where their plugins are known.
 */
#ifndef WR_CONF_DIFF_H
#define WR_CONF_DIFF_H

#include "conf/conf.h"

#define WR_CONF_PATH_BYTES 256

enum wr_conf_difference_kind { WR_CONF_CHANGED, WR_CONF_ADDED, WR_CONF_REMOVED };

struct wr_conf_difference {
	enum wr_conf_difference_kind kind; /* ADDED and REMOVED: of a pipeline */
	char path[WR_CONF_PATH_BYTES];     /* in the newer file: "pipelines[0].batch.linger" */
	const char *pipeline;              /* its name, or NULL */
	struct wr_conf_mark
	    mark;     /* where the key stands in the newer file, or the nearest above it */
	bool restart; /* it can't change while the engine runs */
};

typedef void (*wr_conf_difference_fn)(void *arg, const struct wr_conf_difference *difference);

/* Reports every difference, in the order of the table; the struct is borrowed for the call. Values are never told: they
 * may be secrets. [any] */
void wr_conf_diff(const struct wr_conf *before, const struct wr_conf *after,
		  wr_conf_difference_fn fn, void *arg);

/* Whether two retry policies are the same. [any] */
bool wr_conf_retry_equal(const struct wr_conf_retry *a, const struct wr_conf_retry *b);

#endif
