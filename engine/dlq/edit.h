/*
 * Whether another value may go round in place of a dead letter's own. The event keeps the id under which it is claimed,
 * so a value that says another one, or none, would be an event that nobody finds again; and what is not of the
 * pipeline's format only comes back. Pure.
 */
#ifndef WR_DLQ_EDIT_H
#define WR_DLQ_EDIT_H

#include "base/err.h"
#include "conf/conf.h"
#include "core/envelope.h"

/* How a pipeline reads its events. */
struct wr_dlq_rule {
	bool
	    is_known; /* false: nobody has the configuration; the letter tells whether it is the default */
	enum wr_conf_format format;
	enum wr_conf_id_source id_source;
	const char *id_name; /* JSON Pointer, or header; NULL for the key */
};

/* That of a pipeline; borrows from it. */
struct wr_dlq_rule wr_dlq_rule_of(const struct wr_conf_pipeline *pipeline);

struct wr_dlq_edit {
	const struct wr_dlq_rule *rule;
	const struct wr_envelope *letter; /* whole, with values that are kept in it */
	struct wr_bytes value;            /* of the letter */
	struct wr_bytes edited;
	/* It goes on at its stage, for which others may have made it something else: it is then held to what the value
	 * that it replaces is. */
	bool to_stage;
};

/* WR_OK, WR_EINVAL (err says what is wrong and where), WR_ENOMEM. */
enum wr_code wr_dlq_edit_check(const struct wr_dlq_edit *edit, struct wr_err *err);

#endif
