#include "config.h"

#include "cli/ingest_unread.h"

#include "base/log.h"
#include "conf/load.h"

#include <stdio.h>

void wr_ingest_unread_print(const struct wr_conf *conf)
{
	struct wr_conf_mark mark = wr_conf_mark(conf, "/http/ingest/topic");
	const char *meant;

	if (wr_conf_ingest_is_read(conf, &meant))
		return;
	fprintf(stderr, "%s:%u:%u: http.ingest.topic: warning: no pipeline of this file reads `%s`",
		conf->file, mark.line, mark.column, conf->ingest.topic);
	if (meant != NULL)
		fprintf(stderr, "; did you mean `%s`?", meant);
	fputc('\n', stderr);
}

void wr_ingest_unread_log(const struct wr_conf *conf)
{
	const char *meant;

	if (wr_conf_ingest_is_read(conf, &meant))
		return;
	WR_LOG(WR_LOG_WARN,
	       "no pipeline of this engine reads the topic of HTTP ingest: unless another does, "
	       "its events stay there",
	       WR_STR("topic", conf->ingest.topic), WR_STR("did_you_mean", meant));
}
