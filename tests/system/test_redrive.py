"""dlq.redrive: dead letters are sent round again by schedule, in one engine at a time, and given up in the end."""

import json
from collections import Counter

import pytest
from harness import http
from harness.dependency import Dependency
from harness.events import event

EVERY = {"every": "1s", "rate": 10000}


@pytest.fixture
def dependency(site):
    return Dependency(site)


def redrive_of(engine):
    (shown,) = http.Client(engine.admin_port).get("/admin/dlq/redrives").json()["redrives"]
    return shown


def jobs(engine):
    return http.Client(engine.admin_port).get("/admin/dlq/jobs").json()["jobs"]


def send(site, count, **fields):
    site.topics.send(site.source, [(f"k{i}", event(f"e{i:05d}", **fields)) for i in range(count)])
    return Counter(f"e{i:05d}" for i in range(count))


def processed(site):
    return site.topics.read_ids(site.output)


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_what_failed_in_an_outage_passes_by_itself(site, dependency, delivery):
    site.create_topics()
    dependency.go()
    redrive = {**EVERY, "max": 1000}
    engine = site.engine(site.config([dependency.pipeline(dlq={"redrive": redrive}, delivery=delivery)])).run()
    sent = send(site, 300)
    engine.until(lambda: site.topics.count(site.dlq) >= 600, 60, "all have failed, and failed again")
    dependency.come_back()
    engine.until(lambda: processed(site) == sent, 60, "all are processed, each once")
    shown = redrive_of(engine)
    assert shown["pipeline"] == site.name and shown["classes"] == ["exhausted", "timeout"]
    assert engine.metric("weir_dlq_redrives_total", pipeline=site.name) == shown["redriven"] >= 300
    assert {job["kind"] for job in jobs(engine)} == {"redrive"}
    begun = [line for line in engine.log_lines() if line["msg"] == "audit: dead letters" and line["step"] == "started"]
    assert begun and all(line["act"] == "redrive" and line["who"].startswith("redrive, by weir-1") for line in begun)
    letter = site.topics.read(site.dlq)[-1].headers
    assert letter["weir-redrives"] == letter["weir-replays"] != "0"


def test_what_always_fails_is_given_up(site, dependency):
    site.create_topics()
    redrive = {**EVERY, "max": 2, "classes": ["permanent"]}
    engine = site.engine(site.config([dependency.pipeline(dlq={"redrive": redrive})])).run()
    send(site, 10, do="fail")
    engine.until(lambda: engine.metric("weir_dlq_redrives_exhausted_total") == 10, 60, "all are given up")
    wait_for_a_round(engine)
    seen = Counter((r.headers["weir-class"], r.headers.get("weir-redrives")) for r in site.topics.read(site.dlq))
    assert seen == {("permanent", None): 10, ("permanent", "1"): 10, ("exhausted", "2"): 10}
    assert any("left to people" in line["msg"] for line in engine.log_lines())
    assert engine.metric("weir_dlq_redrives_total") == 20


def wait_for_a_round(engine):
    """Until the schedule has come round twice since now."""
    for _ in range(2):
        due = redrive_of(engine).get("nextAt", 0)
        engine.until(lambda due=due: redrive_of(engine).get("nextAt", 0) > due + 500, 30, "another round is over")


def test_only_the_classes_that_are_named_are_redriven(site, dependency):
    site.create_topics()
    engine = site.engine(site.config([dependency.pipeline(dlq={"redrive": {**EVERY, "classes": ["timeout"]}})])).run()
    send(site, 5, do="fail")
    engine.until(lambda: site.topics.count(site.dlq) == 5, 30, "all have failed")
    wait_for_a_round(engine)
    assert site.topics.count(site.dlq) == 5
    assert jobs(engine) == [], "nothing to do makes no job"


def test_two_engines_redrive_each_letter_once_and_one_takes_over_from_the_other(site, dependency):
    site.create_topics()
    dependency.go()
    config = site.config([dependency.pipeline(dlq={"redrive": {"every": "2s", "rate": 200, "max": 1000}})])
    engines = [site.engine(config).run(), site.engine(config).run()]
    sent = send(site, 2000)
    engines[0].until(lambda: site.topics.count(site.dlq) >= 2000, 60, "all have failed")

    def running():
        return [e for e in engines if e.alive() and redrive_of(e)["state"] == "running" and redrive_of(e).get("job")]

    engines[0].until(lambda: running(), 60, "a round runs")
    dependency.come_back()
    (owner,) = running()
    (other,) = [engine for engine in engines if engine is not owner]
    assert redrive_of(other)["state"] == "elsewhere"
    other.until(lambda: owner.metric("weir_dlq_redrives_total") >= 200, 30, "some are redriven")
    owner.kill()
    other.until(lambda: processed(site).keys() == sent.keys(), 90, "the other one goes on")
    assert any(line["msg"] == "going on with a redrive" for line in other.log_lines())
    retry = f"{site.name}.retry.0"
    # Of one letter there is one redrive, whoever made it.
    assert set(Counter(r.headers["weir-replayed-from"] for r in site.topics.read(retry)).values()) == {1}


def test_a_reload_changes_it(site, dependency):
    site.create_topics()
    engine = site.engine(site.config([dependency.pipeline(dlq={"redrive": {"every": "1h"}})])).run()
    send(site, 3, do="retry")
    engine.until(lambda: site.topics.count(site.dlq) == 3, 30, "all have failed")
    engine.until(lambda: redrive_of(engine)["state"] == "waiting", 30, "it waits")
    client = http.Client(engine.admin_port)
    redrive = engine.config["pipelines"][0]["dlq"]["redrive"]
    redrive.update({"every": "1s", "max": 1})
    engine.write()
    answer = client.request("POST", "/admin/reload").json()
    assert "dlq.redrive" in json.dumps(answer), answer
    engine.until(lambda: site.topics.count(site.dlq) == 6, 30, "all were redriven, and failed")
    del engine.config["pipelines"][0]["dlq"]["redrive"]
    engine.write()
    assert client.request("POST", "/admin/reload").status == 200
    engine.until(lambda: redrive_of(engine)["state"] == "off", 30, "it is off")


def test_a_person_may_still_replay_what_was_given_up(site, dependency):
    site.create_topics()
    engine = site.engine(site.config([dependency.pipeline(dlq={"redrive": {**EVERY, "max": 4}})])).run()
    send(site, 1, do="retry")
    engine.until(lambda: engine.metric("weir_dlq_redrives_exhausted_total") == 1, 60, "it is given up")
    order = {"filter": {"class": "exhausted"}}
    job = http.Client(engine.admin_port).request("POST", "/admin/dlq/jobs", json.dumps(order), {"Content-Type": "application/json"})
    assert job.status == 202, job.body
    engine.until(lambda: site.topics.count(f"{site.name}.retry.0") >= 5, 30, "it goes round once more")
    assert jobs(engine)[0]["counts"]["refusedLoop"] == 0
