"""Canaries of a real engine under load: a bad one goes, a good one takes all keys; nothing is lost or repeated, and each
key keeps its order over every change."""

import itertools
import signal
from collections import defaultdict

import pytest
from harness import http
from harness.events import assert_accounted, assert_in_order
from harness.load import Load

# Here nobody dies: a consumer whose heartbeat is late on a busy machine keeps its partitions.
CALM = {"consumer_properties": {"session.timeout.ms": 30000, "heartbeat.interval.ms": 3000}}

# Some events fail twice in either generation: their key waits behind them over a change.
FLAKY = {"do": "retry", "times": 2}


def ask(engine, method, path):
    answer = http.Client(engine.admin_port, timeout=60).request(method, path)
    return answer.status, answer.json(), answer.headers


def begin(engine, query=""):
    """A reload that must be a canary; returns the path to follow it."""
    engine.write()
    status, answer, headers = ask(engine, "POST", f"/admin/reload{query}")
    assert status == 200 and answer["result"] == "canary", f"{answer}\n{engine.log_tail()}"
    assert headers["Location"] == answer["url"] == f"/admin/generations/{answer['generation']}"
    return answer["url"]


def await_end(engine, url):
    """The generation, once its canary has ended."""
    engine.until(lambda: ask(engine, "GET", url)[1]["state"] != "canary", 60, "the canary ends")
    return ask(engine, "GET", url)[1]


def generations_by_key(records):
    """Of each key, the generations that had it, one after the other."""
    seen = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        seen[record.key].append(int(record.headers["weir-generation"]))
    return {key: [number for number, _ in itertools.groupby(numbers)] for key, numbers in seen.items()}


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_a_bad_canary_goes_and_a_good_one_stays(site, delivery):
    site.create_topics()
    canary = {"share": "25%", "for": "2s", "max_error_ratio_increase": 0.05, "min_events": 100}
    engine = site.engine(site.config([site.pipeline(lanes=2, delivery=delivery)], canary=canary, kafka=CALM)).run()
    stage = engine.config["pipelines"][0]["stages"][0]
    first = int(engine.metric("weir_generation"))
    fields = lambda i: FLAKY if i % 50 == 7 else {}  # noqa: E731
    with Load(site.topics, site.source, rate=1500, keys=300, fields=fields) as load:
        engine.until(lambda: engine.finished() > 1000, 60, "it works")

        stage["config"] = {"say": "fail"}
        url = begin(engine)
        bad = int(url.rsplit("/", 1)[1])
        end = await_end(engine, url)
        assert end["state"] == "rolled_back" and "higher than allowed" in end["canary"]["reason"], end
        (trial,) = end["canary"]["pipelines"]
        assert trial["canary"]["errors"] == trial["canary"]["events"] >= 100
        assert trial["stable"]["error_ratio"] < 0.1
        assert not end["runs"] and engine.metric("weir_generation") == first

        stage["config"] = {"mark": "seen-by"}
        url = begin(engine)
        good = int(url.rsplit("/", 1)[1])
        status, answer, _ = ask(engine, "POST", "/admin/reload")
        assert status == 409 and f"generation {good}" in answer["detail"], answer
        assert ask(engine, "GET", "/admin/status")[1]["canary"] == {"generation": good, "url": url}
        end = await_end(engine, url)
        assert end["state"] == "promoted" and end["runs"], end
        engine.until(lambda: engine.metric("weir_generation") == good, 10, "it runs")
        done = engine.finished()
        engine.until(lambda: engine.finished() > done + 1500, 60, "it goes on")
        load.stop()
    site.finished(engine, 60)
    assert engine.metric("weir_canaries_total", result="promoted") == 1
    assert engine.stop() == 0

    processed, dead = site.read()
    assert {int(record.headers["weir-generation"]) for record in dead} == {bad}
    failed = {record.id for record in dead}
    assert_accounted(load.ids() - failed, failed, *site.read_ids())
    assert_in_order(processed)
    assert_in_order(dead)
    ways = {tuple(numbers) for numbers in generations_by_key(processed).values()}
    # What was tried went over at the begin of the second canary, the others at its end; and none of them back.
    assert ways == {(first, good)}, ways
    tried = {record.key for record in dead}
    assert 30 <= len(tried) <= 130, "about a quarter of 300 keys"
    # The same keys both times: of the others nothing of the good one came before it was promoted.
    counts = defaultdict(int)
    for record in processed:
        counts[record.key in tried, int(record.headers["weir-generation"])] += 1
    assert counts[True, good] / len(tried) > counts[False, good] / (300 - len(tried))
    assert all((b"seen-by" in str(r.header_list).encode()) == (int(r.headers["weir-generation"]) == good) for r in processed)


def test_what_a_canary_has_not_finished_is_saved_by_the_old_code(site):
    """It asks for retries without end: its circuit opens, and no event of it comes to the DLQ."""
    site.create_topics()
    retry = {"attempts": 50, "backoff": {"initial": "500ms", "max": "5s"}, "circuit": {"failures": 20}}
    engine = site.engine(site.config([site.pipeline(retry=retry)], kafka=CALM)).run()
    with Load(site.topics, site.source, rate=500, keys=300) as load:
        engine.until(lambda: engine.finished() > 300, 60, "it works")
        engine.config["pipelines"][0]["stages"][0]["config"] = {"say": "retry"}
        end = await_end(engine, begin(engine, "?canary=30%25"))
        assert end["state"] == "rolled_back", end
        load.stop()
    site.finished(engine, 60)
    assert engine.stop() == 0
    processed, dead = site.read()
    assert not dead
    assert_accounted(load.ids(), set(), *site.read_ids())
    assert_in_order(processed)


def ask_unless_busy(engine, *request):
    status, answer, _ = ask(engine, *request)
    return None if status == 409 else (status, answer)


def test_a_kill_in_the_middle_of_a_canary_starts_what_the_file_says(site):
    site.create_topics()
    canary = {"share": "50%", "for": "1h"}
    engine = site.engine(site.config([site.pipeline(delivery="exactly_once")], canary=canary)).run()
    with Load(site.topics, site.source, rate=500, keys=100) as load:
        engine.until(lambda: engine.finished() > 300, 60, "it works")
        engine.config["pipelines"][0]["stages"][0]["config"] = {"mark": "seen-by"}
        number = int(begin(engine).rsplit("/", 1)[1])
        engine.until(lambda: engine.metric("weir_canary_events_total", generation="canary") > 50, 60, "it is tried")
        engine.kill()
        engine.run()
        assert engine.metric("weir_generation") == number and engine.metric("weir_canary") == 0
        assert any("was tried as a canary" in line["msg"] for line in engine.log_lines())
        load.stop()
    site.finished(engine, 60)
    # A canary that is asked to end leaves all keys with the old one; and by a signal it is begun.
    engine.config["pipelines"][0]["stages"][0]["config"] = {}
    engine.write()
    engine.signal(signal.SIGHUP).until(lambda: engine.metric("weir_canary") == 1, 30, "the signal is heard")
    # It is counted before the reload that began it has ended.
    status, answer = engine.until(lambda: ask_unless_busy(engine, "POST", "/admin/rollback"), 30, "the reload has ended")
    assert status == 200 and answer["generation"] == number, answer
    assert engine.metric("weir_canary") == 0 and engine.metric("weir_generation") == number
    assert engine.stop() == 0
    assert_accounted(load.ids(), set(), *site.read_ids())
