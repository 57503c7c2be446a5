"""kill -9 at random moments under load: nothing is lost; what repeats is bounded by the window, or nothing at all."""

import random
import time

import pytest
from harness.events import assert_accounted
from harness.load import Load

KILLS = 20


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_twenty_kills_lose_nothing(site, delivery):
    site.create_topics()
    draw = random.Random(20)
    lanes, in_flight, batch = 2, 8, 200
    batches = {"max_events": batch, "in_flight": in_flight}
    pipeline = site.pipeline(lanes=lanes, batch=batches, delivery=delivery)

    def fields(i):
        return {"do": "fail"} if i % 100 == 1 else {"do": "retry", "times": 1} if i % 100 == 2 else {}

    engine = site.engine(site.config([pipeline])).run()
    with Load(site.topics, site.source, rate=4000, fields=fields) as load:
        for _ in range(KILLS):
            # From "not even started" to "long at work".
            if draw.random() < 0.7:
                engine.until(lambda: engine.readiness() == 200 and engine.finished() > 0, 60, "it works")
            time.sleep(draw.uniform(0, 0.6))
            engine.kill()
            engine.start()
        engine.ready()
        load.stop()
    site.finished(engine, 120)
    assert engine.stop() == 0
    dead = {load.id(i) for i in range(load.sent) if i % 100 == 1}
    # A commit follows what retired by a moment; what was retired and not committed repeats as well.
    window = lanes * (in_flight + 1) * batch + 4000 * 2
    allowed = KILLS * window if delivery == "at_least_once" else 0
    assert_accounted(load.ids() - dead, dead, *site.read_ids(), repeats_allowed=allowed)
