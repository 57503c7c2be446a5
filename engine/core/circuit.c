#include "config.h"

#include "core/circuit.h"

#include "base/clock.h"

void wr_circuit_init(struct wr_circuit *circuit, uint32_t threshold, const struct wr_backoff *probe)
{
	*circuit = (struct wr_circuit){.threshold = threshold, .row = 1, .probe = *probe};
}

enum wr_circuit_change wr_circuit_note_answer(struct wr_circuit *circuit)
{
	bool was_open = circuit->open;

	circuit->failures = circuit->vain = circuit->vain_events = circuit->probes = 0;
	circuit->open = circuit->probing = false;
	circuit->row = circuit->row == UINT32_MAX ? 1 : circuit->row + 1;
	return was_open ? WR_CIRCUIT_CLOSED : WR_CIRCUIT_SAME;
}

static void plan_probe(struct wr_circuit *circuit, int64_t now_mono_ns, struct wr_rng *rng)
{
	int64_t wait_ms = wr_backoff_ms(&circuit->probe, circuit->probes + 1, rng);

	circuit->probing = false;
	circuit->next_probe_mono_ns = now_mono_ns + wait_ms * WR_NS_PER_MS;
}

static void note_vain(struct wr_circuit *circuit, bool counts, int64_t now_mono_ns)
{
	if (now_mono_ns - circuit->vain_mono_ns > WR_CIRCUIT_STALE_NS)
		circuit->vain = circuit->vain_events = 0;
	circuit->vain_mono_ns = now_mono_ns;
	if (circuit->vain < UINT32_MAX)
		circuit->vain++;
	if (counts && circuit->vain_events < UINT32_MAX)
		circuit->vain_events++;
}

enum wr_circuit_change wr_circuit_note_retry(struct wr_circuit *circuit, bool counts,
					     int64_t now_mono_ns, struct wr_rng *rng)
{
	note_vain(circuit, counts, now_mono_ns);
	if (circuit->open) {
		/* Events that were called before it opened end as well: only a probe moves the next one. */
		if (circuit->probing) {
			circuit->probes++;
			plan_probe(circuit, now_mono_ns, rng);
		}
		return WR_CIRCUIT_SAME;
	}
	if (!counts)
		return WR_CIRCUIT_SAME;
	circuit->failed_mono_ns = now_mono_ns;
	if (circuit->threshold == 0 || ++circuit->failures < circuit->threshold)
		return WR_CIRCUIT_SAME;
	return wr_circuit_open(circuit, now_mono_ns, rng);
}

enum wr_circuit_change wr_circuit_open(struct wr_circuit *circuit, int64_t now_mono_ns,
				       struct wr_rng *rng)
{
	if (circuit->open)
		return WR_CIRCUIT_SAME;
	circuit->open = true;
	circuit->opened_mono_ns = now_mono_ns;
	plan_probe(circuit, now_mono_ns, rng);
	return WR_CIRCUIT_OPENED;
}

void wr_circuit_succeed(struct wr_circuit *circuit, int64_t now_mono_ns)
{
	if (circuit->threshold == 0 || circuit->open || circuit->vain > 0 || circuit->row != 1)
		return;
	circuit->open = true;
	circuit->opened_mono_ns = circuit->next_probe_mono_ns = now_mono_ns;
}

enum wr_blame wr_circuit_blame(const struct wr_circuit *circuit, uint32_t row, int64_t quiet_ns,
			       bool full)
{
	if (circuit->open)
		return WR_BLAME_STAGE;
	if (circuit->threshold == 0 || row != circuit->row || circuit->failures == 0)
		return WR_BLAME_EVENT;
	if (quiet_ns < WR_CIRCUIT_DOUBT_NS)
		return WR_BLAME_UNCLEAR;
	return full && circuit->failures >= WR_CIRCUIT_FEW ? WR_BLAME_STAGE : WR_BLAME_EVENT;
}

bool wr_circuit_is_doubtful(const struct wr_circuit *circuit)
{
	return circuit->open || (circuit->threshold > 0 && circuit->vain >= circuit->threshold &&
				 circuit->vain_events >= 2);
}

bool wr_circuit_admit(struct wr_circuit *circuit, int64_t now_mono_ns)
{
	if (!circuit->open)
		return true;
	if (circuit->probing || now_mono_ns < circuit->next_probe_mono_ns)
		return false;
	circuit->probing = true;
	return true;
}

void wr_circuit_forget_probe(struct wr_circuit *circuit)
{
	circuit->probing = false;
}
