#include "config.h"

#include "core/retried.h"

#include "core/clause.h"

static bool is_replay(const struct wr_envelope *e)
{
	return wr_envelope_has(e, WR_FIELD_REPLAY) && WR_CLAUSE(REPLAY_CLAIMS_FOR_ITSELF);
}

bool wr_retried_claim(const struct wr_envelope *e, const struct wr_claim_prefix *prefix,
		      int64_t offset, struct wr_arena *arena, struct wr_claimant *claimant_r)
{
	*claimant_r = (struct wr_claimant){.claim = wr_bytes(NULL, 0)};
	if (wr_envelope_has(e, WR_FIELD_OWNER) && !is_replay(e) && WR_CLAUSE(OWNER_IS_INHERITED)) {
		claimant_r->claim = wr_claim_value_inherited(wr_bytes_from(e->owner), arena);
		return claimant_r->claim.data != NULL;
	}
	claimant_r->claim = wr_claim_value(prefix, offset, arena);
	if (wr_envelope_has(e, WR_FIELD_OWNER) && is_replay(e))
		claimant_r->replay_of = wr_bytes_from(e->owner);
	return claimant_r->claim.data != NULL;
}

uint32_t wr_retried_attempt(const struct wr_envelope *e)
{
	if (!wr_envelope_has(e, WR_FIELD_ATTEMPTS) || !WR_CLAUSE(ATTEMPTS_GO_ON))
		return 1;
	return e->attempts < UINT32_MAX ? e->attempts + 1 : e->attempts;
}
