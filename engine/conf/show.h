/*
 * A loaded configuration as JSON with the keys of the file: every value that is in force, defaults too, without secrets.
 */
#ifndef WR_CONF_SHOW_H
#define WR_CONF_SHOW_H

#include "base/json_out.h"
#include "conf/conf.h"

/* What stands for a value that is not shown: tokens, passwords, properties with a telling name, and of `config` and
 * properties whatever came from a variable. */
#define WR_CONF_HIDDEN "<hidden>"

/* Whether what is called so may be a secret: "sasl.password", "apiKey", "token". [any] */
bool wr_conf_name_is_telling(struct wr_bytes name);

/* Writes the object as a member called `name`. [any] */
void wr_conf_show(const struct wr_conf *conf, struct wr_json_out *out, const char *name);

#endif
