"""SIGTERM finishes and commits what is in flight; a second one does not wait."""

import pathlib
import signal

from harness.events import assert_accounted
from harness.load import Load
from harness.wait import wait_until


def test_sigterm_under_load_commits_what_was_processed(site):
    site.create_topics()
    engine = site.engine().run()
    with Load(site.topics, site.source, rate=10000) as load:
        for _ in range(3):
            engine.until(lambda: engine.finished() > 10000, 60, "work goes on")
            assert engine.stop(40) == 0
            committed = sum(site.topics.committed(site.group, site.source).values())
            # Exactly what was committed has been written: nothing more, nothing less.
            assert site.topics.count(site.output) == committed
            engine.run()
    site.finished(engine)
    assert engine.stop() == 0
    assert_accounted(load.ids(), set(), *site.read_ids())


def test_sigint_stops_too(site):
    site.create_topics()
    engine = site.engine().run()
    assert engine.signal(signal.SIGINT).exited(30) == 0


def test_a_second_signal_exits_at_once(site):
    site.create_topics()
    # An event that holds the lane, and a deadline far away.
    engine = site.engine(site.config(shutdown_timeout="10m")).run()
    site.topics.send(site.source, [("k", '{"eventId":"slow","do":"sleep","ms":600000}')])
    engine.until(lambda: engine.metric("weir_events_taken_total") == 1, 30, "the event is taken")
    engine.signal(signal.SIGTERM)
    # It still tells of itself while the lane finishes.
    wait_until(lambda: "stopping" in engine.readiness_text(), 60, "it says that it stops", engine.log_tail)
    assert engine.readiness() == 503
    assert engine.metric("weir_events_taken_total") == 1
    assert engine.alive()
    status = engine.stop(60)
    assert status != 0, "what was not finished must not look finished"


def test_every_thread_leaves_the_signals_to_main(site, threaded):
    """Those that a plugin's constructor makes too: it runs before the engine is there."""
    site.create_topics()
    pipeline = site.pipeline(stages=[{"plugin": str(threaded)}])
    engine = site.engine(site.config([pipeline])).run()
    tasks = list(pathlib.Path(f"/proc/{engine.process.pid}/task").iterdir())
    wanted = 1 << (signal.SIGTERM - 1) | 1 << (signal.SIGINT - 1)
    names = set()
    for task in tasks:
        status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        names.add(status["Name"])
        assert int(status["SigBlk"], 16) & wanted == wanted, status["Name"]
    assert "of-a-plugin" in names
    assert engine.stop() == 0


def test_the_deadline_ends_a_stop_that_can_not_finish(site):
    """A retry that waits for longer than the deadline: the engine leaves in time and the event is read again."""
    site.create_topics()
    pipeline = site.pipeline(retry={"attempts": 3, "backoff": {"initial": "10m", "max": "10m", "jitter": "none"}})
    engine = site.engine(site.config([pipeline], shutdown_timeout="2s")).run()
    site.topics.send(site.source, [("k", '{"eventId":"later","do":"retry","times":1}')])
    engine.until(lambda: engine.metric("weir_parked_events") == 1, 30, "the event waits")
    engine.stop(60)
    assert site.topics.lag(site.group, site.source) == 1
    assert site.topics.count(site.output) == 0


def test_a_stop_while_redis_is_away_ends_in_time(site, own_redis):
    redis = own_redis("redis-stop")
    site.create_topics()
    engine = site.engine(site.config(shutdown_timeout="3s", redis={"url": redis.url})).run()
    redis.kill()
    site.topics.send(site.source, [("k", '{"eventId":"e"}')])
    engine.not_ready()
    engine.stop(60)
    assert site.topics.lag(site.group, site.source) == 1
