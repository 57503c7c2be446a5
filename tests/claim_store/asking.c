#include "config.h"

#include "tests/claim_store/asking.h"

#include "base/clock.h"
#include "tests/claim_store/claiming.h"
#include "tests/unit.h"

#include <stdlib.h>

#define PATIENCE_NS (INT64_C(10) * WR_NS_PER_S)

struct asking *asking_new(size_t count)
{
	struct asking *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	wr_mark_query_init(&a->query);
	a->fields = calloc(count + 1, sizeof(a->fields[0]));
	a->texts = calloc(count + 1, sizeof(a->texts[0]));
	assert_non_null(a->fields);
	assert_non_null(a->texts);
	a->query.fields = a->fields;
	a->query.texts = a->texts;
	a->query.count = count;
	return a;
}

void asking_free(struct asking *a)
{
	wr_mark_query_fini(&a->query);
	free(a->fields);
	free(a->texts);
	free(a);
}

struct asking *asking_one(const char *field)
{
	struct asking *a = asking_new(1);

	a->fields[0] = wr_bytes_of(field);
	return a;
}

bool asking_settle(struct wr_claim_store *store, struct asking *a, int64_t (*now_mono_ns)(void))
{
	int64_t give_up = claiming_real_now() + PATIENCE_NS;

	while (!a->query.done && claiming_real_now() < give_up)
		claiming_turn(store, now_mono_ns);
	return a->query.done && !a->query.submitted;
}

bool asking_found(const struct asking *a, size_t index, const char *text)
{
	return wr_bytes_equal(a->texts[index], wr_bytes_of(text));
}

void asking_put(struct wr_claim_store *store, const char *field, uint32_t incarnation, int64_t next,
		const char *text, bool anyway)
{
	const struct wr_mark_write mark = {wr_bytes_of(field), wr_bytes_of(text), incarnation, next,
					   anyway};

	assert_int_equal(store->ops->put_mark(store, &mark), WR_OK);
}
