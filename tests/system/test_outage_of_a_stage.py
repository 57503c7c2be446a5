"""What is behind a handler goes away for a while, under load: nothing is dead-lettered, few calls are made in vain, and
when it is back the events pass in their order."""

import subprocess
import time

import pytest
from harness import http, paths, report
from harness.dependency import Dependency
from harness.events import assert_accounted, assert_in_order
from harness.load import Load

PROBE_MAX_S = 2
WAIT = {
    "inline": {"mode": "inline", "backoff": {"initial": "100ms", "max": "500ms"}},
    "key": {"mode": "key", "tiers": ["100ms", "500ms"]},
}


def open_circuits(engine):
    (pipeline,) = http.get(engine.admin_port, "/admin/pipelines").json()["pipelines"]
    return [circuit for lane in pipeline["lanes"] for circuit in lane["open_circuits"]]


def status(engine):
    command = [paths.weir(), "status", "--url", f"http://127.0.0.1:{engine.admin_port}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.parametrize(("mode", "flow"), [("inline", "busy"), ("inline", "quiet"), ("key", "busy")])
def test_an_outage_puts_nothing_into_the_dlq_and_ends_without_a_stampede(site, full, mode, flow):
    seconds, rate = (120, 20000) if full else (10, 2000)
    if flow == "quiet":
        # Every event has used up its attempts before the next few come.
        seconds, rate = 5, 20
    site.create_topics()
    dependency = Dependency(site)
    retry = {
        **WAIT[mode],
        "attempts": 3,
        "circuit": {"failures": 20, "probe": {"initial": "200ms", "max": f"{PROBE_MAX_S}s"}},
    }
    if flow == "quiet":
        retry["circuit"]["failures"] = 50
    engine = site.engine(site.config([site.pipeline(retry=retry, stages=[dependency.stage()])])).run()
    with Load(site.topics, site.source, rate=rate) as load:
        engine.until(lambda: engine.finished() >= rate, 60, "work goes on")
        dependency.go()
        engine.until(lambda: engine.metric("weir_circuit_open") == 1, 30, "the circuit is open")
        vain = len(dependency.calls_ms())
        # The outage itself: a length, no wait for anything.
        time.sleep(seconds)
        assert engine.metric("weir_dead_letters_total") == 0
        assert engine.metric("weir_circuit_open") == 1
        assert engine.readiness() == 200
        (shown,) = open_circuits(engine)
        assert shown["stage"] == "scripted" and shown["open_seconds"] >= seconds / 2, shown
        assert "  circuit open: pipeline " in status(engine)
        probes = len(dependency.calls_ms()) - vain
        dependency.come_back()
        back = time.monotonic()
        engine.until(lambda: engine.metric("weir_circuit_open") == 0, 30, "the circuit is closed")
        closed = time.monotonic() - back
        engine.until(lambda: open_circuits(engine) == [], 30, "it is not shown as open any more")
        assert "circuit open" not in status(engine)
        load.stop()
    site.finished(engine, 300)
    assert engine.stop() == 0
    # Single events, at most as often as the shortest waits allow; half of each wait is certain.
    assert 1 <= probes <= seconds / (PROBE_MAX_S / 2) + 5, f"{probes} calls in {seconds} s"
    # Until it opened, at most the events that were asked in vain in one go for each of their attempts.
    assert vain <= 20 * 3 + 1000, f"{vain} calls before the circuit opened"
    assert_accounted(load.ids(), set(), *site.read_ids(), repeats_allowed=0)
    assert_in_order(site.topics.read(site.output))
    head = ("mode", "seconds", "events a second", "events in all", "calls before it opened", "probes", "seconds until it closed")
    report.add("outage of a stage", head, (mode, seconds, rate, load.sent, vain, probes, f"{closed:.1f}"))
