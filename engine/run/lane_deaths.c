#include "config.h"

#include "run/lane_deaths.h"

#include "base/check.h"
#include "base/failpoint.h"

#include <stdlib.h>

#define SET_CLAIMS ((size_t)1024)
#define BYTES_MAX ((size_t)1024 * 1024)
#define KEEP_BYTES ((size_t)64 * 1024)

struct wr_death_set {
	struct wr_claim_set set;
	struct wr_arena arena;
	struct wr_death_set *next;
	struct wr_claim claims[SET_CLAIMS];
};

static struct wr_death_set *create(void)
{
	struct wr_death_set *d = malloc(sizeof(*d));

	if (d == NULL)
		return NULL;
	wr_claim_set_init(&d->set);
	d->set.claims = d->claims;
	wr_arena_init(&d->arena, KEEP_BYTES);
	d->next = NULL;
	return d;
}

static void destroy(struct wr_deaths *deaths, struct wr_death_set *d)
{
	deaths->bytes -= sizeof(*d) + d->arena.used_bytes;
	wr_claim_set_fini(&d->set);
	wr_arena_fini(&d->arena);
	free(d);
}

static void destroy_all(struct wr_deaths *deaths, struct wr_death_set **list_p)
{
	struct wr_death_set *d;

	while ((d = *list_p) != NULL) {
		*list_p = d->next;
		destroy(deaths, d);
	}
}

/* The set with room, the newest first. */
static struct wr_death_set *with_room(struct wr_deaths *deaths)
{
	struct wr_death_set *d = deaths->collecting;

	if (d != NULL && d->set.count < SET_CLAIMS)
		return d;
	if (deaths->bytes + sizeof(*d) > BYTES_MAX)
		return NULL;
	d = create();
	if (d == NULL)
		return NULL;
	deaths->bytes += sizeof(*d);
	d->next = deaths->collecting;
	deaths->collecting = d;
	return d;
}

bool wr_deaths_add(struct wr_deaths *deaths, struct wr_bytes id, struct wr_bytes claim)
{
	struct wr_death_set *d = with_room(deaths);
	char *own, *dead;
	size_t before;

	if (d == NULL || deaths->bytes + id.size + 2 * claim.size > BYTES_MAX)
		return false;
	before = d->arena.used_bytes;
	id.data = wr_arena_copy(&d->arena, id.data, id.size);
	own = wr_arena_copy(&d->arena, claim.data, claim.size);
	dead = wr_arena_copy(&d->arena, claim.data, claim.size);
	deaths->bytes += d->arena.used_bytes - before;
	if (id.data == NULL || own == NULL || dead == NULL)
		return false;
	dead[0] = 'F';
	d->set.claims[d->set.count++] = (struct wr_claim){
	    .id = id,
	    .value = wr_bytes(dead, claim.size),
	    .expect = wr_bytes(own, claim.size),
	};
	return true;
}

static void move_all(struct wr_death_set **from_p, struct wr_death_set **to_p)
{
	while (*to_p != NULL)
		to_p = &(*to_p)->next;
	*to_p = *from_p;
	*from_p = NULL;
}

void wr_deaths_cover(struct wr_deaths *deaths)
{
	move_all(&deaths->collecting, &deaths->covered);
}

void wr_deaths_write(struct wr_deaths *deaths, struct wr_claim_store *store)
{
	if (store == NULL) {
		destroy_all(deaths, &deaths->covered);
		return;
	}
	for (struct wr_death_set *d = deaths->covered; d != NULL; d = d->next) {
		WR_FAILPOINT(before_f);
		store->ops->submit(store, &d->set);
	}
	move_all(&deaths->covered, &deaths->submitted);
}

void wr_deaths_forget(struct wr_deaths *deaths)
{
	destroy_all(deaths, &deaths->collecting);
	destroy_all(deaths, &deaths->covered);
}

bool wr_deaths_reap(struct wr_deaths *deaths)
{
	struct wr_death_set **link_p = &deaths->submitted, *d;

	while ((d = *link_p) != NULL) {
		if (!d->set.done) {
			link_p = &d->next;
			continue;
		}
		*link_p = d->next;
		destroy(deaths, d);
		WR_FAILPOINT(after_f);
	}
	return deaths->submitted == NULL;
}

void wr_deaths_fini(struct wr_deaths *deaths, struct wr_claim_store *store)
{
	for (struct wr_death_set *d = deaths->submitted; d != NULL; d = d->next) {
		if (d->set.submitted)
			store->ops->cancel(store, &d->set);
	}
	destroy_all(deaths, &deaths->submitted);
	wr_deaths_forget(deaths);
	WR_ASSERT(deaths->bytes == 0);
}
