/*
 * JSON Schema, draft 7: the schema a plugin exports for its config, compiled once, and JSON texts held to it. The
 * work is valijson's over RapidJSON; none of their types and exceptions leaves json_schema.cc. A compiled schema is
 * immutable. References ($ref) to other documents are refused, so nothing is ever fetched. RapidJSON does not survive a
 * failing malloc(): the process ends, as it would where the kernel promises more memory than there is.
 */
#ifndef WR_HOST_JSON_SCHEMA_H
#define WR_HOST_JSON_SCHEMA_H

#include "base/bytes.h"
#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct wr_json_schema;

/* Compiles. On WR_EINVAL err says why the text is not JSON or not a schema. WR_OK, WR_EINVAL, WR_ENOMEM. [any] */
enum wr_code wr_json_schema_create(struct wr_bytes text, struct wr_json_schema **schema_r,
				   struct wr_err *err);

/* NULL does nothing. */
void wr_json_schema_destroy(struct wr_json_schema *schema);

/* One thing wrong with an instance: where (JSON Pointer, "" for the whole) and a sentence without the value. Both
 * borrowed for the call. */
typedef void (*wr_json_schema_violation_fn)(void *arg, const char *pointer, const char *sentence);

/* Holds a JSON text to the schema and reports every violation, in the order of the text's
 * members as far as the validator goes. WR_OK: none. WR_EINVAL: at least one, or the text is not JSON (err).
 * WR_ENOMEM. [any] */
enum wr_code wr_json_schema_check(const struct wr_json_schema *schema, struct wr_bytes json,
				  wr_json_schema_violation_fn violation, void *arg,
				  struct wr_err *err);

#ifdef __cplusplus
}
#endif

#endif
