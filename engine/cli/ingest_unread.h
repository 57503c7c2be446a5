/*
 * Says that no pipeline reads the topic of HTTP ingest. It is well for an engine that only takes events in for others, and
 * a slip of the hand for all the rest: so it is a warning.
 */
#ifndef WR_CLI_INGEST_UNREAD_H
#define WR_CLI_INGEST_UNREAD_H

#include "conf/conf.h"

/* On stderr, as an error of the file would be. */
void wr_ingest_unread_print(const struct wr_conf *conf);

/* In the log. */
void wr_ingest_unread_log(const struct wr_conf *conf);

#endif
