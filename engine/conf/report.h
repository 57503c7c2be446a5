/*
 * Where the parts of conf/ report what is wrong: the problems of one load and the path of the key that is being
 * looked at. Internal to conf/. One thread.
 */
#ifndef WR_CONF_REPORT_H
#define WR_CONF_REPORT_H

#include "base/buf.h"
#include "base/bytes.h"
#include "conf/load.h"

struct wr_report {
	const char *file; /* borrowed */
	struct wr_problems *problems;
	size_t first;       /* problems that were there before this load */
	struct wr_buf path; /* "pipelines[0].batch" */
	bool out_of_memory;
};

void wr_report_init(struct wr_report *report, const char *file, struct wr_problems *problems);
void wr_report_fini(struct wr_report *report);

/* Goes down into a member or an item; the result is for wr_report_pop(). */
size_t wr_report_push_key(struct wr_report *report, struct wr_bytes key);
size_t wr_report_push_index(struct wr_report *report, size_t index);
void wr_report_pop(struct wr_report *report, size_t size);

/* One problem at the current path. */
void wr_report_add(struct wr_report *report, struct wr_conf_mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether something went wrong in this load. */
bool wr_report_failed(const struct wr_report *report);

/* Puts the problems of this load into the order of the file. */
void wr_report_sort(struct wr_report *report);

/* Text from the file for a message: printable, cut to fit. Returns `out`. */
#define WR_QUOTED_BYTES 96
const char *wr_report_quote(struct wr_bytes text, char out[WR_QUOTED_BYTES]);

#endif
