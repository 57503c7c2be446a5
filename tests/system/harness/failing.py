"""Events of which some fail: 10 % once, 1 % five times, 0.1 % for good."""

from .events import SIZE, event

TIMES = 5  # after so many failures all but the last kind pass


def fields(i):
    if i % 1000 == 7:
        return {"do": "fail"}
    if i % 100 == 3:
        return {"do": "retry", "times": TIMES}
    if i % 10 == 5:
        return {"do": "retry", "times": 1}
    return {}


class Failing:
    """`count` events of `keys` keys. Of each key some fail: the keys go round more slowly than the failures.
    `attempts` is what the stage gives an event."""

    def __init__(self, count, keys, attempts):
        self.count, self.keys, self.attempts = count, keys, attempts

    def record(self, i, fails=True):
        key = f"k{(i * 7 + i // 1000) % self.keys}"
        return key, event(self.id(i), SIZE, **(fields(i) if fails else {}))

    def records(self, first=0, end=None):
        return (self.record(i) for i in range(first, end or self.count))

    def id(self, i):
        return f"e{i:06d}"

    def is_dead(self, i):
        found = fields(i)
        return found.get("do") == "fail" or found.get("times", 0) >= self.attempts

    def dead_ids(self):
        return {self.id(i) for i in range(self.count) if self.is_dead(i)}

    def live_ids(self):
        return {self.id(i) for i in range(self.count) if not self.is_dead(i)}

    def never_failing_ids(self):
        return {self.id(i) for i in range(self.count) if not fields(i)}

    def all_done(self, site, engine, seconds=120):
        """Until every event is where it belongs. Lag would not do: behind a transaction stands a record that nobody
        reads. Reading all back is dear, so it is done when nothing has come since the last look."""
        live, dead, before = self.live_ids(), self.dead_ids(), None

        def is_done():
            nonlocal before
            now = site.topics.count(site.output) + site.topics.count(site.dlq)
            if now != before or now < self.count:
                before = now
                return False
            processed, letters = site.read_ids()
            return live <= processed.keys() and dead <= letters.keys()

        engine.until(is_done, seconds, "every event is processed or dead-lettered")
