"""Events of a known size, and what must become of them."""

import json
import random

from .topics import id_of

SIZE = 210


def event(event_id, size=0, **fields):
    """The JSON of an event, padded to `size` bytes. The id comes first: see topics.id_of."""
    text = json.dumps({"eventId": event_id, **fields}, separators=(",", ":"))
    short = size - len(text) - len(',"pad":""')
    if short > 0:
        text = text[:-1] + ',"pad":"' + "x" * short + '"}'
    return text.encode()


class Mix:
    """`count` records: 5 % repeat an id that was sent before and passes, 1 % of the ids fail for good, 1 % fail twice
    and then pass. The same seed gives the same records."""

    def __init__(self, count, seed=1, keys=5000, prefix="e", duplicates=0.05, failing=0.01, flaky=0.01):
        self.count, self.prefix, self.keys = count, prefix, keys
        draw = random.Random(seed)
        self.unique = count - int(count * duplicates)
        self.duplicates = count - self.unique
        chosen = draw.sample(range(self.unique), int(self.unique * (failing + flaky)))
        self.failing = set(chosen[: int(self.unique * failing)])
        self.flaky = set(chosen) - self.failing
        # After which fresh event a repeat is sent: any that is there already.
        self.repeats = sorted(draw.randrange(self.unique) for _ in range(self.duplicates))
        self.draw = draw

    def id(self, i):
        return f"{self.prefix}{i:08d}"

    def record(self, i):
        fields = {"do": "fail"} if i in self.failing else {"do": "retry", "times": 2} if i in self.flaky else {}
        return f"k{i % self.keys}", event(self.id(i), SIZE, **fields)

    def records(self):
        repeat = 0
        for i in range(self.unique):
            yield self.record(i)
            while repeat < self.duplicates and self.repeats[repeat] == i:
                # A repeat comes from anywhere: another key, so often another partition. Not of a dead letter: that
                # would be a resubmission, which is processed.
                j = self.draw.randrange(i + 1)
                while j in self.failing:
                    j += 1
                yield f"r{j}", self.record(j)[1]
                repeat += 1

    def dead_ids(self):
        return {self.id(i) for i in self.failing}

    def live_ids(self):
        return {self.id(i) for i in range(self.unique) if i not in self.failing}


def assert_accounted(live, dead, processed, dead_lettered, repeats_allowed=0):
    """Every event is where it belongs, and nowhere else. `processed`, `dead_lettered`: Counters by id."""
    astray = sorted((live & dead_lettered.keys()) | (dead & processed.keys()))
    assert not astray, f"{len(astray)} events have the other fate, such as {astray[:5]}"
    lost = sorted((live - processed.keys()) | (dead - dead_lettered.keys()))
    assert not lost, f"{len(lost)} events lost, such as {lost[:5]}"
    strange = sorted((processed.keys() - live) | (dead_lettered.keys() - dead))
    assert not strange, f"{len(strange)} events where they do not belong, such as {strange[:5]}"
    repeats = (processed.total() - len(processed)) + (dead_lettered.total() - len(dead_lettered))
    assert repeats <= repeats_allowed, f"{repeats} records repeat, {repeats_allowed} may"
    return repeats


class KeyOrder:
    """Of each key that begins with k (repeats have others), events are seen for the first time in the order of their
    ids. Told of in the order of their partitions."""

    def __init__(self):
        self.last, self.seen = {}, set()

    def note(self, key, event_id):
        if key[:1] != b"k" or event_id in self.seen:
            return
        self.seen.add(event_id)
        before = self.last.get(key, "")
        assert event_id > before, f"{event_id} of key {key.decode()} comes after {before}"
        self.last[key] = event_id


def assert_in_order(records):
    order = KeyOrder()
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        order.note(record.key, record.id)
    assert order.last, "no event of any key"


def assert_topic_in_order(topics, name):
    """The same for many events, by the ids in their values."""
    order = KeyOrder()
    for batch in topics.batches(name):
        for message in batch:
            order.note(message.key(), id_of(message.value()))
    assert order.last, "no event of any key"
