/*
 * Marks in tests: written and asked for by text.
 */
#ifndef WR_TESTS_CLAIM_STORE_ASKING_H
#define WR_TESTS_CLAIM_STORE_ASKING_H

#include "port/claim_store.h"

#include <stdbool.h>
#include <stdint.h>

/* A query that owns its arrays; fields are borrowed. */
struct asking {
	struct wr_mark_query query;
	struct wr_bytes *fields, *texts;
};

struct asking *asking_new(size_t count);
void asking_free(struct asking *a);

/* A query of one field. */
struct asking *asking_one(const char *field);

/* Polls and waits by the real clock until the query is done; false after 10 s. */
bool asking_settle(struct wr_claim_store *store, struct asking *a, int64_t (*now_mono_ns)(void));

/* Whether this text was found; NULL: nothing. */
bool asking_found(const struct asking *a, size_t index, const char *text);

/* Puts a mark, which must succeed. */
void asking_put(struct wr_claim_store *store, const char *field, uint32_t incarnation, int64_t next,
		const char *text, bool anyway);

#endif
