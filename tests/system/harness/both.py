"""One engine with a pipeline for each delivery mode over the same source, so that a fault is suffered by both at once."""

from . import report
from .events import assert_accounted, assert_in_order

MODES = ALO, EO = ("at_least_once", "exactly_once")


class Both:
    """The pipelines <site>-alo and <site>-eo, each with its group, outputs and dead letters."""

    def __init__(self, site, partitions=4, **topic):
        self.site = site
        self.short = {mode: f"{site.name}-{''.join(word[0] for word in mode.split('_'))}" for mode in MODES}
        site.topics.create(site.source, partitions=partitions, **topic)
        self.create_outputs(4, **topic)

    def create_outputs(self, partitions, **topic):
        for name in self.short.values():
            self.site.topics.create(f"{name}.out", f"{name}.dlq", partitions=partitions, **topic)

    def groups(self):
        return [f"{name}.group" for name in self.short.values()]

    def config(self, pipeline=None, **over):
        pipelines = [
            self.site.pipeline(
                name=name,
                delivery=mode,
                source={"group": f"{name}.group"},
                outputs={"default": f"{name}.out"},
                dlq={"topic": f"{name}.dlq"},
                **(pipeline or {}),
            )
            for mode, name in self.short.items()
        ]
        return self.site.config(pipelines, **over)

    def done(self, engine):
        """How many events each pipeline has brought to an end."""
        text = engine.metrics_text()
        return [engine.metric("weir_events_total", text, pipeline=name) for name in self.short.values()]

    def goes_on(self, engine, events=500, seconds=60):
        """Waits until each pipeline has done so many more."""
        before = self.done(engine)
        engine.until(
            lambda: all(now >= then + events for now, then in zip(self.done(engine), before, strict=True)),
            seconds,
            f"{events} more events in each pipeline",
        )

    def finished(self, engine, seconds=120):
        for group in self.groups():
            self.site.finished(engine, seconds, group=group)

    def check(self, what, load, repeats_allowed=0, duplicates_pass=False, in_order=False):
        """Counts and reports; repeats_allowed is at_least_once's. duplicates_pass: the claims were lost on the way.
        in_order: events of one key must be seen in the order of their ids."""
        failure = None
        for mode, name in self.short.items():
            processed = self.site.topics.read_ids(f"{name}.out")
            dead = self.site.topics.read_ids(f"{name}.dlq")
            sent = load.sent + load.repeated
            again = processed.total() - len(processed) + dead.total() - len(dead)
            skipped = sent - len(processed) - len(dead)
            head = ("fault", "mode", "sent", "processed", "dead-lettered", "duplicates skipped", "repeated")
            report.add("faults", head, (what, mode, sent, len(processed), len(dead), skipped, again))
            allowed = (repeats_allowed if mode == ALO else 0) + (load.repeated if duplicates_pass else 0)
            live, failing = load.live_ids(), load.dead_ids()
            if duplicates_pass:  # a duplicate of a dead letter is a good event
                processed = type(processed)({k: v for k, v in processed.items() if k not in failing})
            try:
                if in_order:
                    assert_in_order(self.site.topics.read(f"{name}.out"))
                assert_accounted(live, failing, processed, dead, repeats_allowed=allowed)
            except AssertionError as error:
                failure = failure or AssertionError(f"{what}, {mode}: {error}")
        if failure is not None:
            raise failure
